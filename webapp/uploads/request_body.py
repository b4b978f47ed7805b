"""Request bodies with errors of their own: a body that breaks off is a 400 for the client, not a fault of ours."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, Any

from flask import Flask
from werkzeug.exceptions import BadRequest

from webapp.server.client_socket import BODY_SECONDS, Connection

_Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
BROKEN = "The body of the request broke off or is not as HTTP wants it. Please try again."
SLOW = f"The body of the request did not come: {BODY_SECONDS:g} seconds are what it gets, a file as long as it moves."


class _Body:
    """The server's input stream with ``read()``, which is all that Flask needs.

    Servers raise errors of their own for malformed chunks, and some are not even an OSError.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except TimeoutError as error:
            raise BadRequest(SLOW) from error
        except Exception as error:
            raise BadRequest(BROKEN) from error


def init_app(app: Flask) -> None:
    """Answer 400 to requests whose body cannot be read."""
    app.wsgi_app = _guarded(app.wsgi_app)  # type: ignore[assignment,method-assign]


def await_file(environ: dict[str, Any], silence: float | None = None) -> None:
    """Treat the body as a file from now on: it may take hours, with no pause longer than ``silence`` seconds."""
    connection = environ.get("gunicorn.socket")
    if isinstance(connection, Connection):
        connection.await_file(silence)


def hang_up(environ: dict[str, Any]) -> None:
    """Shut down the receiving side of a request's connection, so that reading from it ends."""
    connection: socket.socket | None = environ.get("gunicorn.socket")
    if connection is not None:
        with suppress(OSError):  # the client has closed it already
            connection.shutdown(socket.SHUT_RD)


def _guarded(wsgi_app: _Wsgi) -> _Wsgi:
    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return wsgi_app(environ, start_response)

    return guarded
