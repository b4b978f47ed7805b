"""Where a webhook may go: its address taken apart, and which hosts are out of bounds.

A site stands inside some network, and whoever may name an address must not reach what only that network reaches.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LONGEST = 2000  # characters
PORTS = {"http": 80, "https": 443}

_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all that was ever given out for use across networks
# Of these some are called global by the library of one Python and not by that of another.
_NOT_FOR_US = [
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "2001::/23", "2002::/16", "3fff::/20")
]


class TargetError(ValueError):
    """An address to which nothing is sent; the message goes on from "webhook_url"."""


@dataclass(frozen=True, slots=True)
class Target:
    """The pieces of an address that a request needs."""

    scheme: str  # http or https
    host: str  # a name, or an IP address without brackets
    port: int
    host_header: str
    path: str  # with the query


def check(url: str, *, to_private: bool) -> Target:
    """The pieces, if something may be sent there as far as can be told without asking anyone.

    Where its name leads is asked at each delivery, since names change.

    Raises:
        TargetError: it is no address of a receiver, or its host is one of this machine or network by its looks.
    """
    target = target_of(url)
    if not to_private and _is_near(target.host):
        raise TargetError("should name a public host; this site sends nothing into its own network.")
    return target


def target_of(url: str) -> Target:
    """The pieces of an address; raises TargetError where it is none."""
    if len(url) > LONGEST:
        raise TargetError(f"should have at most {LONGEST} characters, but has {len(url)}.")
    parts = _split(url)
    host = parts.hostname or ""
    if not (_is_address(host) if ":" in host else _HOST.fullmatch(host)):
        raise TargetError("should name a host that can be, such as https://example.com/plays.")
    port = _port(parts)
    shown = f"[{host}]" if ":" in host else host
    return Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        host_header=shown if port == PORTS[parts.scheme] else f"{shown}:{port}",
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet at large."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found not in _GLOBAL_V6:
            return False
    if any(found.version == network.version and found in network for network in _NOT_FOR_US):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _split(url: str) -> SplitResult:
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise TargetError("should be an address of visible ASCII characters, others written as %XX.")
    try:
        parts = urlsplit(url)
        has_user = "@" in parts.netloc
    except ValueError:
        raise TargetError("should be an address such as https://example.com/plays.") from None
    if parts.scheme not in PORTS:
        raise TargetError("should begin with https:// or http://.")
    if has_user:
        raise TargetError("should hold no name and password: what we send is signed instead.")
    return parts


def _port(parts: SplitResult) -> int:
    try:
        port = PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise TargetError("should have a port from 1 to 65535, or none.")
    return port


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_near(host: str) -> bool:
    """Whether it is this machine, or an address of its network in any of the forms that libraries read."""
    plain = host.rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return True
    if _is_address(plain):
        return not is_public(plain)
    try:
        return not is_public(socket.inet_ntoa(socket.inet_aton(plain)))  # 127.1, 0x7f000001 and the like
    except OSError:
        return False  # a name
