"""``python -m launcher.administrator``: creates the first administrator when the launcher itself is not used."""

from __future__ import annotations

import sys

from flask import Flask

from common.settings import Settings, SettingsError, read_settings
from launcher.preflight import CannotStartError
from store.accounts import AccountError, ensure_administrator
from store.database import bind, db


def make_administrator(settings: Settings) -> str | None:
    """Create the first administrator; return the password if one was generated. Raises CannotStartError."""
    app = Flask("launcher")
    bind(app, settings)
    with app.app_context():
        try:
            return ensure_administrator(settings.admin_username, settings.admin_password)
        except AccountError as error:
            raise CannotStartError(f"The first administrator cannot be made. {error}") from error
        finally:
            db.session.remove()
            db.engine.dispose()


def main() -> int:
    """Print name and password if one was generated; return the exit code."""
    try:
        settings = read_settings()
        password = make_administrator(settings)
    except (SettingsError, CannotStartError) as error:
        print(error, file=sys.stderr)
        return 2
    if password is not None:
        print(f"Sign in as {settings.admin_username} with password {password} (shown only once)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
