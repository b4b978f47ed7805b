"""The site for a real gunicorn, with less patience, so that a test need not wait a minute."""

from __future__ import annotations

from flask import Flask

import webapp
from webapp.server import client_socket, gunicorn_worker

HEAD, BODY, SILENT, LINGER = 6.0, 6.0, 6.0, 6.0


def create_app() -> Flask:
    """Called in each worker of gunicorn."""
    gunicorn_worker.HEAD_SECONDS, gunicorn_worker.LINGER_SECONDS = HEAD, LINGER
    client_socket.BODY_SECONDS, client_socket.SILENT_SECONDS = BODY, SILENT
    return webapp.create_app()
