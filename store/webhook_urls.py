"""Webhook URLs: parsing them, and refusing hosts of private networks.

A site usually runs inside some network, and its users must not reach what only that network reaches (SSRF).
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
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all that is allocated as global unicast
# Versions of Python disagree on whether some of these are global.
_NOT_FOR_US = [
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "2001::/23", "2002::/16", "3fff::/20")
]


class TargetError(ValueError):
    """A URL to which nothing is sent; the message completes a sentence that begins with "webhook_url"."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL that a request needs."""

    scheme: str  # http or https
    host: str  # a name, or an IP address without brackets
    port: int
    host_header: str
    path: str  # including the query


def check(url: str, *, to_private: bool) -> Target:
    """Parse a URL and check its host, without resolving names.

    Names are resolved and checked at each delivery, since they change.

    Raises:
        TargetError: the URL is invalid, or its host is an address of this machine or a private network.
    """
    target = target_of(url)
    if not to_private and _is_near(target.host):
        raise TargetError("should name a public host; this site sends nothing into its own network.")
    return target


def target_of(url: str) -> Target:
    """Parse a URL; raise TargetError if it is invalid."""
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
    """Tell whether an IP address is on the public internet."""
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
        raise TargetError("should hold no name and password: messages are signed instead.")
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
    """Tell whether it is localhost or a private address, in any form that libraries accept."""
    plain = host.rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return True
    if _is_address(plain):
        return not is_public(plain)
    try:
        return not is_public(socket.inet_ntoa(socket.inet_aton(plain)))  # 127.1, 0x7f000001 and the like
    except OSError:
        return False  # a name, not an address
