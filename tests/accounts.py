"""Accounts whose passwords are checked fast: a real hash is slow on purpose."""

from __future__ import annotations

from argon2 import PasswordHasher

from store.database import db
from store.models import Account

PASSWORD = "correct horse"
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def make_account(username: str, *, is_admin: bool = False) -> int:
    """The id of a new account, whose password is that of everyone."""
    account = Account(username=username, password_hash=PASSWORD_HASH, is_admin=is_admin)
    db.session.add(account)
    db.session.commit()
    return account.id
