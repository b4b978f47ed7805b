"""``/metrics`` for Prometheus. All figures come from database, disk and Redis at the moment of the scrape.

So it does not matter which of gunicorn's processes answers, and no figure is lost with a process.
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
# Whoever comes through a proxy on this machine comes from this machine's address, too.
_SIGNS_OF_A_PROXY = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

metrics = Blueprint("metrics", __name__)


class _Sources:
    """What a scrape asks beside Redis."""

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

        self.figures = Probe("the database (for metrics)", all_figures, DATABASE_SECONDS)
        self.disk = Probe("the disk (for metrics)", disk, DISK_SECONDS)


@metrics.get("/metrics")
def scrape() -> Response:
    """200 with the metrics, also where database or Redis are away: playtally_database_up and playtally_redis_up say so.

    With METRICS_TOKEN set: 401 without ``Authorization: Bearer METRICS_TOKEN``. Without it: 404 for all but this
    machine itself, and for all that come through a proxy.
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
    """Whether a program on this machine asks for itself."""
    if resources().settings.public_https or any(name in request.headers for name in _SIGNS_OF_A_PROXY):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:  # a Unix socket: behind it stands a proxy
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def init_app(app: Flask) -> None:
    """Add the address."""
    with app.app_context():
        app.extensions[_KEY] = _Sources()
    app.register_blueprint(metrics)
