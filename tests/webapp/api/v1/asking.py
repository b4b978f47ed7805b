"""What the tests of the newer API ask the site for."""

from __future__ import annotations

from typing import Any

from flask import Flask
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from store.database import db
from store.models import Job

SITE = "http://localhost"
JOBS = "/api/v1/jobs"


def in_queue(redis: Redis) -> list[Any]:
    return [call.args for call in Queue("small", connection=redis, serializer=JSONSerializer).jobs]


def options_of(app: Flask, job_id: str) -> dict[str, str]:
    with app.app_context():
        return dict(db.session.get_one(Job, job_id).options)


def jobs_in(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Job).count()


def kind_of(answer: Any) -> str:
    assert answer.content_type == "application/problem+json"
    return str(answer.json["type"]).partition("#")[2]
