"""Accounts: creating, authenticating and disabling them."""

from __future__ import annotations

import re
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from store import tokens
from store.database import db, now
from store.models import Account

_HASHER = PasswordHasher()  # argon2id with the library's current defaults
_DUMMY_HASH = _HASHER.hash(secrets.token_hex(16))
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")
_HASHING_SLOTS = threading.BoundedSemaphore(4)  # per process: verifying a password takes 64 MiB and a core
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256


# Why an account cannot be created or changed, for people.
SENTENCES = {
    "name_taken": '"{name}" is already taken.',
    "name_unusable": "Use letters, digits and . _ @ + - only, and begin with a letter or digit.",
    "password_too_short": f"Use at least {SHORTEST_PASSWORD} characters.",
    "password_too_long": f"Use at most {LONGEST_PASSWORD} characters.",
    "password_wrong": "That isn't your current password.",
    "no_account": "There is no such account.",
    "no_account_of_name": "There is no account named {name}.",
    "only_administrator": "You can't turn off the only administrator.",
}


class AccountError(ValueError):
    """An account that cannot be created or changed; ``code`` is one of SENTENCES, and ``str(error)`` its sentence."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(SENTENCES[code].format_map(params))
        self.code = code


def create(username: str, password: str, *, is_admin: bool = False) -> Account:
    """Create an account; raise AccountError if the name is taken or invalid, or the password too short or too long."""
    name = written_alike(username)
    if not _USERNAME.fullmatch(name):
        raise AccountError("name_unusable")
    _check_length(password)
    account = Account(username=name, password_hash=_HASHER.hash(password), is_admin=is_admin)
    db.session.add(account)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise AccountError("name_taken", name=name) from None
    return account


def authenticate(username: str, password: str) -> Account | None:
    """Return the account if the password is right and it is not disabled; unknown names take as long."""
    name = written_alike(username)
    # No account has another kind of name, and some of them no database accepts.
    known = _USERNAME.fullmatch(name) is not None
    with _HASHING_SLOTS:  # before the query: those that wait here should hold no connection
        account = db.session.scalar(select(Account).where(Account.username == name)) if known else None
        try:
            _HASHER.verify(account.password_hash if account else _DUMMY_HASH, password[: LONGEST_PASSWORD + 1])
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return None
    return account if account and account.disabled_at is None else None


def written_alike(username: str) -> str:
    """Return a username in the normal form in which it is stored."""
    return username.strip().lower()


def find(account_id: int) -> Account | None:
    """Return the account with this id, disabled or not."""
    return db.session.get(Account, account_id)


def everyone() -> list[Account]:
    """Return all accounts, ordered by name."""
    return list(db.session.scalars(select(Account).order_by(Account.username)))


def set_disabled(account_id: int, disabled: bool) -> None:
    """Disable an account, revoking its tokens for good, or enable it again.

    Raises AccountError if no enabled administrator would be left.
    """
    account = db.session.get(Account, account_id)
    if account is None:
        raise AccountError("no_account")
    if disabled and account.is_admin and not _other_administrators(account_id):
        raise AccountError("only_administrator")
    account.disabled_at = now() if disabled else None
    if disabled:
        tokens.end_all(account_id)
    db.session.commit()


def change_password(account_id: int, present: str, wanted: str) -> Account:
    """Change a password and revoke the account's tokens; raise AccountError if ``present`` is not the old password."""
    account = db.session.get(Account, account_id)
    if account is None or authenticate(account.username, present) is None:
        raise AccountError("password_wrong")
    return _set_password(account, wanted)


def set_password(username: str, wanted: str) -> Account:
    """Set a password without knowing the old one; end the account's sessions and revoke its tokens.

    Raises AccountError if there is no such account, or the password is too short or too long.
    """
    account = db.session.scalar(select(Account).where(Account.username == written_alike(username)))
    if account is None:
        raise AccountError("no_account_of_name", name=username)
    return _set_password(account, wanted)


def ensure_administrator(username: str, password: str | None) -> str | None:
    """Create an administrator if there is none; return the password if one was generated."""
    if db.session.scalar(select(Account.id).where(Account.is_admin)) is not None:
        return None
    made_up = None if password else secrets.token_urlsafe(12)
    create(username, password or made_up or "", is_admin=True)
    return made_up


def _set_password(account: Account, wanted: str) -> Account:
    _check_length(wanted)
    account.password_hash = _HASHER.hash(wanted)
    tokens.end_all(account.id)
    db.session.commit()
    return account


def _check_length(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise AccountError("password_too_short")
    if len(password) > LONGEST_PASSWORD:
        raise AccountError("password_too_long")


def _other_administrators(account_id: int) -> bool:
    enabled = select(Account.id).where(Account.is_admin, Account.disabled_at.is_(None), Account.id != account_id)
    return db.session.scalar(enabled.limit(1)) is not None
