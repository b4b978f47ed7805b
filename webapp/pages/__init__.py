"""The pages: a module for each thing that people come to do."""

from __future__ import annotations

from flask import Flask

from webapp.pages import account, admin, download, help, jobs, tokens, upload, webhooks


def init_app(app: Flask) -> None:
    """Add the pages, in the order in which a file flows."""
    for module in (account, tokens, webhooks, upload, jobs, download, admin, help):
        app.register_blueprint(module.pages)
