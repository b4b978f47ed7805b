"""What views need besides the database: the settings, the files and the Redis connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from redis import Redis

from common.settings import Settings
from store import queues
from store.files import Files

_KEY = "playtally"


@dataclass(frozen=True, slots=True)
class Resources:
    """One application's settings, files and Redis connection."""

    settings: Settings
    files: Files
    redis: Redis


def attach(app: Flask, settings: Settings) -> None:
    """Create the resources once for the application; this does not connect to Redis yet."""
    app.extensions[_KEY] = Resources(settings, Files(settings.data_dir), queues.connect(settings.redis_url))


def resources() -> Resources:
    """Return the resources of the current application."""
    return cast(Resources, current_app.extensions[_KEY])
