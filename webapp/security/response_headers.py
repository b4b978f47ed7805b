"""Security headers on every response, and the settings of the session cookie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from common.settings import Settings

HTMX = "https://cdn.jsdelivr.net/npm/htmx.org@2.0.11/dist/htmx.min.js"
HTMX_INTEGRITY = "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"


def policy(*, style: str = "'self'", worker: str = "'none'") -> str:
    """Return the Content-Security-Policy, with the exceptions that a page needs."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {HTMX}",
            f"style-src {style}",
            "img-src 'self' data:",
            "connect-src 'self'",
            f"worker-src {worker}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


_ALWAYS = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # not no-referrer: over HTTPS Flask-WTF checks the Referer of a form
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def cookie_settings(settings: Settings) -> dict[str, Any]:
    """Return Flask's configuration of sessions, and the size limit of an ordinary form."""
    return {
        "SECRET_KEY": settings.secret_key,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.public_https,
        # A session ends after a working day without a visit; there is no "remember me" cookie.
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "MAX_CONTENT_LENGTH": 256 * 1024,  # ordinary forms; the upload views set their own
    }


def init_app(app: Flask, settings: Settings) -> None:
    """Add the headers to every response, and trust proxies for the scheme and client address as configured."""
    app.after_request(_add)
    app.jinja_env.globals.update(htmx_address=HTMX, htmx_integrity=HTMX_INTEGRITY)
    if settings.public_https:
        app.wsgi_app = _as_https(app.wsgi_app)  # type: ignore[assignment,method-assign]
    if settings.trusted_proxies:
        # The address only: PUBLIC_HTTPS decides the scheme.
        trusted = {"x_for": settings.trusted_proxies, "x_proto": 0, "x_host": 0, "x_port": 0, "x_prefix": 0}
        app.wsgi_app = ProxyFix(app.wsgi_app, **trusted)  # type: ignore[method-assign]


def _add(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        # Pages of an account must not reappear from the cache after it has signed out.
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _as_https(wsgi_app: _Wsgi) -> _Wsgi:
    """Set the scheme to https for links and checks, since PUBLIC_HTTPS says that a proxy terminates TLS."""

    def https(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = "https"
        return wsgi_app(environ, start_response)

    return https
