"""The pages: a module with a blueprint for each thing that people do."""

from __future__ import annotations

from flask import Flask

from webapp.pages import account, admin, download, help, jobs, tokens, upload, webhooks


def init_app(app: Flask) -> None:
    """Register the blueprints."""
    for module in (account, tokens, webhooks, upload, jobs, download, admin, help):
        app.register_blueprint(module.pages)
