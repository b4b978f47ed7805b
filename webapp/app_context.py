"""What views need beside the database: the settings, the files, the way to the queue."""

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
    """Make the resources once, for the life of the application; Redis is not asked for anything yet."""
    app.extensions[_KEY] = Resources(settings, Files(settings.data_dir), queues.connect(settings.redis_url))


def resources() -> Resources:
    """The resources of the application in whose context we are."""
    return cast(Resources, current_app.extensions[_KEY])
