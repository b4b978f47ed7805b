"""Health checks: ``/healthz`` for the supervisor of this process, ``/readyz`` for a load balancer.

Ready means that an upload would be accepted and kept, which takes the database and free disk space. Without Redis or
the reconciler uploads are still accepted, and wait: the site is degraded, but a load balancer must keep it.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy import select

from store import disk_space, site_figures
from store.database import db
from store.models import Job
from webapp.app_context import resources
from webapp.monitoring.probe import Probe, ProbeResult

DATABASE_SECONDS = 2.0
REDIS_SECONDS = 0.5
DISK_SECONDS = 1.0
LATE_TURNS = 3  # a reconciler is down once this many turns are overdue,
LATE_SECONDS = 60  # and this many seconds more

_KEY = "playtally.probes"
health = Blueprint("health", __name__)


class Probes:
    """The probes of database, Redis and disk, shared by :func:`ready` and the metrics."""

    def __init__(self) -> None:
        engine, redis, files = db.engine, resources().redis, resources().files

        def last_turn() -> site_figures.Turn | None:
            with engine.connect() as connection:
                connection.execute(select(Job.id).limit(1))  # a locked table of jobs counts as unreachable
                return site_figures.last_turn(connection)

        self.database = Probe("database", last_turn, DATABASE_SECONDS)
        self.redis = Probe("Redis", lambda: bool(redis.ping()), REDIS_SECONDS)
        self.disk = Probe("disk", lambda: (disk_space.room(files), disk_space.free_bytes(files)), DISK_SECONDS)


def probes() -> Probes:
    """Return the probes of the current application."""
    return cast(Probes, current_app.extensions[_KEY])


@health.get("/healthz")
def alive() -> Response:
    """Return 200 and "ok" as long as this process can answer; neither database nor Redis is asked."""
    return Response("ok", mimetype="text/plain")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """Return 200 or 503 with ``{ready, degraded: [redis, reconciler], checks: {database, redis, disk, reconciler}}``.

    Each check has ``ok``. Database and Redis add their latency in ``milliseconds``, the disk adds ``free_bytes`` and
    the reconciler ``seconds_since_turn``, either of them null if unknown. The response takes two seconds at most.
    """
    under_way = probes().database.begin(), probes().redis.begin(), probes().disk.begin()
    database, redis, disk = under_way[0](), under_way[1](), under_way[2]()
    checks: dict[str, dict[str, Any]] = {
        "database": {"ok": database.ok, "milliseconds": database.milliseconds},
        "redis": {"ok": redis.ok, "milliseconds": redis.milliseconds},
        "disk": {"ok": disk.value is not None and disk.value[0] > 0, "free_bytes": disk.value and disk.value[1]},
        "reconciler": _reconciler(database),
    }
    is_ready = bool(checks["database"]["ok"] and checks["disk"]["ok"])
    degraded = [name for name in ("redis", "reconciler") if not checks[name]["ok"]]
    return jsonify(ready=is_ready, degraded=degraded, checks=checks), 200 if is_ready else 503


def _reconciler(database: ProbeResult[site_figures.Turn | None]) -> dict[str, Any]:
    if database.value is None:
        return {"ok": False, "seconds_since_turn": None}
    patience = LATE_TURNS * resources().settings.reconcile_seconds + LATE_SECONDS
    seconds = database.value.seconds_ago
    return {"ok": seconds <= patience, "seconds_since_turn": round(seconds)}


def init_app(app: Flask) -> None:
    """Register the routes."""
    with app.app_context():
        app.extensions[_KEY] = Probes()
    app.register_blueprint(health)
