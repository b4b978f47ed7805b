"""Rate limits: failed logins by account name and by client address, uploads by account.

The counters are in Redis, which all processes of the site share. While Redis is unreachable, flask-limiter counts in
the memory of each process; it returns to Redis once that answers again.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit
from flask_limiter.util import get_remote_address
from redis.exceptions import RedisError
from werkzeug.exceptions import TooManyRequests

from store import accounts
from store.models import Account
from webapp.app_context import resources
from webapp.formatting import counted

LOGINS_BY_NAME = 10  # failed ones in LOGIN_MINUTES
LOGINS_BY_ADDRESS = 60
WRONG_SIGN_IN = "Wrong username or password."
LOGIN_MINUTES = 15
TRIES = 3
_KEY = "playtally.limits"
_NAME, _ADDRESS, _UPLOADS = "login-name", "login-address", "uploads"
_IPV6_NETWORK = 64  # bits: one household or server gets such a network, and can use any address in it
_Gate = Callable[[], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Gates:
    """Functions that raise RateLimitExceeded beyond a limit; each finds in ``g`` what it counts by."""

    limiter: Limiter
    login: _Gate  # checks the limit without counting
    failed_login: _Gate
    upload: _Gate | None  # None: no limit


def init_app(app: Flask) -> None:
    """Set up the limits, and the RateLimit headers on the responses of limited calls."""
    with app.app_context():
        settings, redis = resources().settings, resources().redis
    limiter = Limiter(
        get_remote_address,
        storage_uri="redis://",  # the kind of storage only; the connections, perhaps over a Unix socket,
        storage_options={"connection_pool": redis.connection_pool},  # type: ignore[dict-item]  # are the queue's
        strategy="fixed-window",  # one number per counter; a window starts with its first count
        in_memory_fallback_enabled=True,
        fail_on_first_breach=False,  # a failed login counts for both the name and the address
        key_prefix="playtally",
    )
    limiter.init_app(app)
    app.extensions[_KEY] = _Gates(
        limiter,
        login=_login_gate(limiter, _login, counts=False),
        failed_login=_login_gate(limiter, _failed_login, counts=True),
        upload=_upload_gate(limiter, settings.uploads_per_minute) if settings.uploads_per_minute else None,
    )
    app.after_request(_say_what_is_left)


def authenticate(username: str, password: str) -> Account | None:
    """Authenticate an account; raise TooManyRequests after too many failures, even if the password is right."""
    g.limited_name = hashlib.sha256(accounts.written_alike(username).encode(errors="surrogatepass")).hexdigest()[:32]
    gates = _gates()
    _pass(gates.login, "attempts")  # before the password is hashed, which costs time and memory
    account = accounts.authenticate(username, password)
    if account is None:
        _pass(gates.failed_login, "attempts")
        return None
    # Check again: among many simultaneous guesses, the right one must not succeed once the others exceed the limit.
    _pass(gates.login, "attempts")
    return account


def count_upload(account_id: int) -> None:
    """Count one request with files; raise TooManyRequests beyond the limit."""
    gate = _gates().upload
    if gate is not None:
        g.limited_account = str(account_id)
        _pass(gate, "uploads")


def _login() -> None:
    """Do nothing: decorated below, like the next two, since the library tells limits apart by function names."""


def _failed_login() -> None:
    """See above."""


def _upload() -> None:
    """See above."""


def _login_gate(limiter: Limiter, function: _Gate, *, counts: bool) -> _Gate:
    window = f"per {LOGIN_MINUTES} minutes"
    deduct_when = None if counts else (lambda _answer: False)
    by_name = limiter.shared_limit(
        f"{LOGINS_BY_NAME} {window}", _NAME, key_func=lambda: str(g.limited_name), deduct_when=deduct_when
    )
    by_address = limiter.shared_limit(
        f"{LOGINS_BY_ADDRESS} {window}", _ADDRESS, key_func=_network, deduct_when=deduct_when
    )
    return by_address(by_name(function))  # the inner one is named first


def _upload_gate(limiter: Limiter, a_minute: int) -> _Gate:
    by_account = limiter.shared_limit(f"{a_minute} per minute", _UPLOADS, key_func=lambda: str(g.limited_account))
    return by_account(_upload)


def _network() -> str:
    """Return the client's address; for IPv6 its network, since one client owns all addresses in it."""
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "unknown"  # on a Unix socket there is no address
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))


def _pass(gate: _Gate, what: str) -> None:
    try:
        _tried(gate)
    except RateLimitExceeded:
        wait = max((_seconds_left(limit) for limit in _gates().limiter.current_limits if limit.breached), default=1)
        words = counted(wait, "second") if wait < 90 else counted(math.ceil(wait / 60), "minute")
        raise TooManyRequests(f"Too many {what}. Please wait {words}.", retry_after=wait) from None


def _tried(gate: _Gate) -> None:
    """Call the gate, and retry if Redis is unreachable.

    When several threads find Redis unreachable at once, the library falls back to memory for the first and fails in
    the others; their next try succeeds.
    """
    for _ in range(TRIES):
        try:
            return gate()
        except RedisError as error:
            problem = error
    _log.warning("rate limit not enforced, Redis unreachable: %s", problem)
    return None


def _seconds_left(limit: RequestLimit) -> int:
    """Return the seconds until the window ends, at least 1."""
    try:
        return max(1, math.ceil(limit.window.reset_time - time.time()))
    except RedisError:  # it has just become unreachable
        return int(limit.limit.get_expiry())


def _say_what_is_left(response: Response) -> Response:
    """Add RateLimit and RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers defines them."""
    limits = _gates().limiter.current_limits
    try:
        left = ", ".join(_left(limits))
    except RedisError:  # it has just become unreachable
        return response
    if left:
        policies = (f'"{_name(one)}";q={one.limit.amount};w={one.limit.get_expiry()}' for one in limits)
        response.headers["RateLimit-Policy"] = ", ".join(policies)
        response.headers["RateLimit"] = left
    return response


def _left(limits: list[RequestLimit]) -> Iterator[str]:
    for one in limits:
        has_begun = one.remaining < one.limit.amount
        yield f'"{_name(one)}";r={one.remaining}' + (f";t={_seconds_left(one)}" if has_begun else "")


def _name(limit: RequestLimit) -> str:
    return limit.request_args[-1]


def _gates() -> _Gates:
    return cast(_Gates, current_app.extensions[_KEY])
