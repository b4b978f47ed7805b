"""Is the site well? ``/healthz`` for whoever keeps this process running, ``/readyz`` for whoever sends people to it.

Ready means: an upload that comes now is taken and kept. That needs the database and room on the disk. Without Redis
or the reconciler uploads are taken as ever and wait: the site is ready, but degraded, and no balancer takes it away.
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
LATE_TURNS = 3  # a reconciler that missed so many turns,
LATE_SECONDS = 60  # and had so long for one, is away

_KEY = "playtally.probes"
health = Blueprint("health", __name__)


class Probes:
    """The three that the site leans on, asked by :func:`ready` and by the metrics."""

    def __init__(self) -> None:
        engine, redis, files = db.engine, resources().redis, resources().files

        def last_turn() -> site_figures.Turn | None:
            with engine.connect() as connection:
                connection.execute(select(Job.id).limit(1))  # jobs that are locked are a database that is away
                return site_figures.last_turn(connection)

        self.database = Probe("the database", last_turn, DATABASE_SECONDS)
        self.redis = Probe("Redis", lambda: bool(redis.ping()), REDIS_SECONDS)
        self.disk = Probe("the disk", lambda: (disk_space.room(files), disk_space.free_bytes(files)), DISK_SECONDS)


def probes() -> Probes:
    """The probes of the application in whose context we are."""
    return cast(Probes, current_app.extensions[_KEY])


@health.get("/healthz")
def alive() -> Response:
    """200 and "ok" as long as this process answers; it asks neither database nor Redis."""
    return Response("ok", mimetype="text/plain")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 or 503 with ``{ready, degraded: [redis, reconciler], checks: {database, redis, disk, reconciler}}``.

    Each check has ``ok``; database and redis the ``milliseconds`` of their answer, disk ``free_bytes``, reconciler
    ``seconds_since_turn``, the last two null where nobody knows. It takes two seconds at most.
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
    """Add the addresses."""
    with app.app_context():
        app.extensions[_KEY] = Probes()
    app.register_blueprint(health)
