"""How often something may be done: failed logins by account name and by address, uploads by account.

The counters are in Redis, so that all processes of the site count together. While Redis is away each process counts
for itself, in memory; flask-limiter notices both, and goes back once Redis answers.
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
LOGIN_MINUTES = 15
TRIES = 3
_KEY = "playtally.limits"
_NAME, _ADDRESS, _UPLOADS = "login-name", "login-address", "uploads"
_IPV6_NETWORK = 64  # bits: what one household or server gets, and may choose addresses from
_Gate = Callable[[], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Gates:
    """What raises RateLimitExceeded beyond a limit; each knows from ``g`` for whom it counts."""

    limiter: Limiter
    login: _Gate  # counts nothing, only looks
    failed_login: _Gate
    upload: _Gate | None  # None: no limit


def init_app(app: Flask) -> None:
    """Make the gates, and say on each answer of a limited call how much is left."""
    with app.app_context():
        settings, redis = resources().settings, resources().redis
    limiter = Limiter(
        get_remote_address,
        storage_uri="redis://",  # names the kind of storage only: the connections, unix sockets too, are those of
        storage_options={"connection_pool": redis.connection_pool},  # type: ignore[dict-item]  # the queue
        strategy="fixed-window",  # one number for each counter; the window begins with its first count
        in_memory_fallback_enabled=True,
        fail_on_first_breach=False,  # a failed login counts for the name and for the address
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
    """As :func:`store.accounts.authenticate`; raises TooManyRequests after too many failures, whoever asks."""
    g.limited_name = hashlib.sha256(accounts.written_alike(username).encode(errors="surrogatepass")).hexdigest()[:32]
    gates = _gates()
    _pass(gates.login, "attempts")  # before the password is looked at, which costs time and memory
    account = accounts.authenticate(username, password)
    if account is None:
        _pass(gates.failed_login, "attempts")
        return None
    # Once more: of many guesses at the same moment the right one must not count more than it would have later.
    _pass(gates.login, "attempts")
    return account


def count_upload(account_id: int) -> None:
    """Count one request with files; raises TooManyRequests beyond the limit."""
    gate = _gates().upload
    if gate is not None:
        g.limited_account = str(account_id)
        _pass(gate, "uploads")


def _login() -> None:
    """Decorated below, as the next two; the library tells limits apart by the names of functions."""


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
    """The client's address; of an IPv6 address the network, since its owner has all the others there."""
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "unknown"  # a server on a unix socket knows none
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
    """Where several threads find Redis away at once, the library counts in memory for the first, and fails the others.

    For them it does so the next time.
    """
    for _ in range(TRIES):
        try:
            return gate()
        except RedisError as error:
            problem = error
    _log.warning("nothing was counted: %s", problem)
    return None


def _seconds_left(limit: RequestLimit) -> int:
    """Until the window ends, at least 1."""
    try:
        return max(1, math.ceil(limit.window.reset_time - time.time()))
    except RedisError:  # it went away just now
        return int(limit.limit.get_expiry())


def _say_what_is_left(response: Response) -> Response:
    """RateLimit and RateLimit-Policy, as the draft of the IETF's HTTP API group has them."""
    limits = _gates().limiter.current_limits
    try:
        left = ", ".join(_left(limits))
    except RedisError:  # it went away just now
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
