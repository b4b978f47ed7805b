"""HTTP POST to a webhook receiver: to a public address only, within a deadline, following no redirects.

http.client runs over a connection that is opened here. So the address that was checked is the one connected to, no
proxy of the environment is used, and every wait counts against one deadline.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, RemoteDisconnected
from typing import Any, cast

from store.webhook_urls import Target, TargetError, check, is_public

SECONDS_TO_CONNECT = 5.0  # per address
SECONDS_IN_ALL = 15.0
MOST_ANSWER_BYTES = 4096  # including the headers; more is not needed
USER_AGENT = "Playtally"

Resolve = Callable[[str, int], list[str]]
_SECONDS = re.compile(r"[0-9]{1,9}")


class PostingError(Exception):
    """The request failed; the message says why, for the person who entered the URL."""


@dataclass(frozen=True, slots=True)
class PostResult:
    """The response of a receiver."""

    status: int
    retry_after: int  # seconds from the header Retry-After; 0 if there is none


def addresses_of(host: str, port: int) -> list[str]:
    """Return all IP addresses of a host name; raise OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Poster:
    """A sender of requests, which threads may share."""

    def __init__(self, *, to_private: bool, tls: ssl.SSLContext | None = None, resolve: Resolve = addresses_of) -> None:
        """Send to addresses of this machine and private networks too if ``to_private``."""
        self._to_private = to_private
        self._tls = tls or ssl.create_default_context()
        self._resolve = resolve

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> PostResult:
        """Send one request; raise PostingError if there is no valid response."""
        deadline = _Deadline(SECONDS_IN_ALL)
        try:
            target = check(url, to_private=self._to_private)
        except TargetError as error:
            raise PostingError(f"The address {error}") from None
        where = f"{target.host}:{target.port}"
        try:
            with self._connected(target, self._addresses(target), deadline) as connection:
                return _exchange(connection, target, headers, body, deadline)
        except TimeoutError:
            raise PostingError(f"{where} took longer than {SECONDS_IN_ALL:g} seconds.") from None
        except (RemoteDisconnected, ConnectionError, ssl.SSLError):
            raise PostingError(f"{where} closed the connection without an answer.") from None
        except HTTPException:
            raise PostingError(f"What {where} answered is not HTTP.") from None
        except OSError as error:
            raise PostingError(f"{where} could not be reached ({error.strerror}).") from None

    def _addresses(self, target: Target) -> list[str]:
        """Resolve the host once; refuse it if any of its addresses is private."""
        try:
            found = list(dict.fromkeys(self._resolve(target.host, target.port)))
        except (OSError, UnicodeError):
            raise PostingError(_nowhere(target)) from None
        if not self._to_private and not all(map(is_public, found)):
            # The same message as above, so that it does not reveal which names exist in this network.
            raise PostingError(_nowhere(target))
        return found

    def _connected(self, target: Target, addresses: Iterable[str], deadline: _Deadline) -> socket.socket:
        connection = _first_connection(target, addresses, deadline)
        if target.scheme == "http":
            return connection
        try:
            connection.settimeout(deadline.left())
            return self._tls.wrap_socket(connection, server_hostname=target.host.rstrip("."))
        except ssl.SSLCertVerificationError as error:
            words = f"The certificate of {target.host} is not accepted: {error.verify_message}."
            raise PostingError(words) from None
        except ssl.SSLError:
            raise PostingError(f"No secure connection with {target.host} came about.") from None
        finally:
            connection.close()  # once wrapped, the TLS socket owns the connection


def _nowhere(target: Target) -> str:
    return f"The name {target.host} leads to no public address."


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; raise TimeoutError if there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _Incoming(io.RawIOBase):
    """The first MOST_ANSWER_BYTES received over a connection, as a file."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = MOST_ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            return 0
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a buffered reader, as HTTPResponse expects of a socket."""
        return io.BufferedReader(self, MOST_ANSWER_BYTES)


def _first_connection(target: Target, addresses: Iterable[str], deadline: _Deadline) -> socket.socket:
    """Connect to the first address that accepts; raise PostingError if none does."""
    problem = f"Nobody listens at {target.host}:{target.port}."
    for address in addresses:
        seconds = min(SECONDS_TO_CONNECT, deadline.left())
        try:
            connection = socket.create_connection((address, target.port), seconds)
        except ConnectionRefusedError:
            continue
        except TimeoutError:
            problem = f"{target.host}:{target.port} did not take the call within {SECONDS_TO_CONNECT:g} seconds."
        except OSError as error:
            problem = f"{target.host}:{target.port} could not be reached ({error.strerror})."
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise PostingError(problem)


def _exchange(
    connection: socket.socket, target: Target, headers: Mapping[str, str], body: bytes, deadline: _Deadline
) -> PostResult:
    request = HTTPConnection(target.host, target.port)
    request.sock = connection
    connection.settimeout(deadline.left())
    ours = {"Host": target.host_header, "User-Agent": USER_AGENT, "Content-Type": "application/json"}
    request.request("POST", target.path, body, {**ours, "Connection": "close", **headers})
    response = HTTPResponse(cast(socket.socket, _Incoming(connection, deadline)), method="POST")
    with response:
        response.begin()
        answer = PostResult(response.status, _retry_after(response))
        _read_a_little(response)
    return answer


def _retry_after(response: HTTPResponse) -> int:
    said = response.getheader("Retry-After", "")
    return int(said) if _SECONDS.fullmatch(said) else 0


def _read_a_little(response: HTTPResponse) -> None:
    """Read a little of the body, so that the receiver does not see a reset connection; errors are ignored."""
    try:
        response.read(MOST_ANSWER_BYTES)
    except (OSError, HTTPException):
        pass
