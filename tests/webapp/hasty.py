"""The site for a real gunicorn, with less patience, so that a test need not wait a minute."""

from __future__ import annotations

from flask import Flask

import webapp
from webapp import connections, serving

HEAD, BODY, SILENT, LINGER = 6.0, 6.0, 6.0, 6.0


def create_app() -> Flask:
    """Called in each worker of gunicorn."""
    serving.HEAD_SECONDS, serving.LINGER_SECONDS = HEAD, LINGER
    connections.BODY_SECONDS, connections.SILENT_SECONDS = BODY, SILENT
    return webapp.create_app()
