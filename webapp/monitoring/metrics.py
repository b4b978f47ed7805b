"""``/metrics`` for Prometheus: all values are read from database, disk and Redis at the moment of the scrape.

So it does not matter which of gunicorn's processes answers, and no value is lost with a process.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from store import disk_space, site_figures
from store.database import db
from webapp.app_context import resources
from webapp.monitoring.health import probes
from webapp.monitoring.probe import Probe
from webapp.monitoring.prometheus import Seen, SiteCollector

DATABASE_SECONDS = 5.0  # Prometheus itself waits for ten
DISK_SECONDS = 2.0
_KEY = "playtally.metrics"
# A request through a proxy on this machine also comes from a loopback address.
_SIGNS_OF_A_PROXY = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

metrics = Blueprint("metrics", __name__)


class _Sources:
    """The probes of a scrape, apart from the one for Redis."""

    def __init__(self) -> None:
        engine, files = db.engine, resources().files

        def all_figures() -> site_figures.Figures:
            with engine.connect() as connection:
                return site_figures.read(connection)

        def disk() -> dict[str, int]:
            return {
                "free": disk_space.free_bytes(files),
                "size": disk_space.size_of_disk(files),
                **disk_space.working_bytes(files),
            }

        self.figures = Probe("database (for metrics)", all_figures, DATABASE_SECONDS)
        self.disk = Probe("disk (for metrics)", disk, DISK_SECONDS)


@metrics.get("/metrics")
def scrape() -> Response:
    """Return 200 with the metrics, even if database or Redis is down: see playtally_database_up, playtally_redis_up.

    With METRICS_TOKEN set, requests without ``Authorization: Bearer METRICS_TOKEN`` get 401. Without it, requests
    from other machines or through a proxy get 404.
    """
    _check_asker(resources().settings.metrics_token)
    sources = cast(_Sources, current_app.extensions[_KEY])
    under_way = sources.figures.begin(), probes().redis.begin(), sources.disk.begin()
    seen = Seen(under_way[0]().value, under_way[1]().ok, under_way[2]().value)
    registry = CollectorRegistry()
    registry.register(SiteCollector(seen))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _check_asker(token: str | None) -> None:
    if token is None:
        if not _is_this_machine():
            abort(404)
        return
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    fits = hmac.compare_digest(secret.strip().encode(errors="replace"), token.encode(errors="replace"))
    if scheme.lower() != "bearer" or not fits:
        abort(Response("Send Authorization: Bearer METRICS_TOKEN.\n", 401, {"WWW-Authenticate": "Bearer"}))


def _is_this_machine() -> bool:
    """Return whether the request comes directly from a program on this machine."""
    if resources().settings.public_https or any(name in request.headers for name in _SIGNS_OF_A_PROXY):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:  # a Unix socket, which a proxy connects to
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def init_app(app: Flask) -> None:
    """Register the route."""
    with app.app_context():
        app.extensions[_KEY] = _Sources()
    app.register_blueprint(metrics)
