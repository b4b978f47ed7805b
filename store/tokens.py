"""Bearer tokens of the JSON API: shown once, stored as a hash.

A login returns an access token and a refresh token, which yields further access tokens. A personal token is created by
hand for one script, with a name and a scope.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from store.database import db, now, short_lock_timeout
from store.models import Account, Token

READ, WRITE = "read", "write"
READ_AND_WRITE = f"{READ} {WRITE}"
SCOPES = (READ, READ_AND_WRITE)  # that a personal token may have
LIFETIMES = {"access": timedelta(hours=1), "refresh": timedelta(days=30)}
PERSONAL = "personal"
DAYS = (7, 30, 90, 365)  # lifetimes of a personal token, besides never expiring
PREFIX = "ptly_"  # by which secret scanners recognize a leaked token
LONGEST_NAME = 80
MOST_TOKENS = 100  # live personal tokens of an account
USE_NOTED_EVERY = timedelta(minutes=1)
_log = logging.getLogger(__name__)


class TokenError(ValueError):
    """A token that cannot be created; the message is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The account of a token, and what the token may do."""

    account_id: int
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A personal token with its secret, which is never shown again."""

    name: str
    secret: str
    scopes: str
    expires_at: datetime | None


def issue(account_id: int, kind: str) -> str:
    """Create a token of a login ("access" or "refresh"); return its secret, which is never shown again."""
    secret = secrets.token_urlsafe(32)
    _add(Token(account_id=account_id, kind=kind, scopes=READ_AND_WRITE, expires_at=now() + LIFETIMES[kind]), secret)
    return secret


def make(account_id: int, name: str, scopes: str, days: int | None) -> MadeToken:
    """Create a personal token; with ``days`` None it never expires. Raises TokenError."""
    shown = " ".join("".join(character for character in name if character.isprintable() or character == "\n").split())
    if not shown or len(shown) > LONGEST_NAME:
        raise TokenError(f"Give the token a name of at most {LONGEST_NAME} characters.")
    if scopes not in SCOPES:
        raise TokenError("Choose what the token may do: read, or read and write.")
    if days is not None and days not in DAYS:
        raise TokenError("Choose how many days the token is to live, or never.")
    taken = {token.name for token in live(account_id)}
    if shown in taken:
        raise TokenError(f"You have a token named {shown} already. Revoke that one first, or choose another name.")
    if len(taken) >= MOST_TOKENS:
        raise TokenError(f"You have {MOST_TOKENS} tokens. Revoke one that is no longer needed.")
    secret = PREFIX + secrets.token_hex(20)
    expires_at = None if days is None else now() + timedelta(days=days)
    _add(Token(account_id=account_id, kind=PERSONAL, name=shown, scopes=scopes, expires_at=expires_at), secret)
    return MadeToken(shown, secret, scopes, expires_at)


def holder_of(secret: str, *kinds: str) -> Holder | None:
    """Return the holder of a token of these kinds; None if unknown, expired, revoked or of a disabled account."""
    wanted = select(Token, Account.disabled_at).join(Token.account)
    row = db.session.execute(wanted.where(Token.secret_sha256 == _digest(secret), Token.kind.in_(kinds))).first()
    if row is None or row.disabled_at is not None or not _is_alive(row.Token):
        return None
    holder = Holder(row.Token.account_id, frozenset(row.Token.scopes.split()))
    _note_use(row.Token)
    return holder


def live(account_id: int) -> list[Token]:
    """Return the valid personal tokens of an account, newest first."""
    wanted = select(Token).where(Token.account_id == account_id, Token.kind == PERSONAL, _is_live())
    return list(db.session.scalars(wanted.order_by(Token.id.desc())))


def revoke(account_id: int, token_id: int) -> bool:
    """Revoke a valid personal token of the account; False if it has no such token."""
    its_own = update(Token).where(Token.id == token_id, Token.account_id == account_id, Token.kind == PERSONAL)
    found = db.session.execute(its_own.where(_is_live()).values(revoked_at=now()).returning(Token.id)).first()
    db.session.commit()
    return found is not None


def revoke_all(account_id: int) -> None:
    """Revoke all tokens of an account, including those of its logins."""
    end_all(account_id)
    db.session.commit()


def end_all(account_id: int) -> None:
    """Revoke all tokens of an account within the transaction of the caller, who commits."""
    alive = update(Token).where(Token.account_id == account_id, Token.revoked_at.is_(None))
    db.session.execute(alive.values(revoked_at=now()))


def _is_live() -> ColumnElement[bool]:
    """Return the condition for a valid token, for a statement."""
    return Token.revoked_at.is_(None) & or_(Token.expires_at.is_(None), Token.expires_at > now())


def _is_alive(token: Token) -> bool:
    """Tell whether a loaded token is valid."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now())


def _add(token: Token, secret: str) -> None:
    token.secret_sha256 = _digest(secret)
    db.session.execute(delete(Token).where(Token.expires_at < now()))
    db.session.add(token)
    db.session.commit()


def _note_use(token: Token) -> None:
    """Record the last use, for the account page; no request may fail or wait for it."""
    moment = now()
    if token.kind != PERSONAL or (token.last_used_at and moment - token.last_used_at < USE_NOTED_EVERY):
        return
    try:
        with short_lock_timeout():
            db.session.execute(update(Token).where(Token.id == token.id).values(last_used_at=moment))
        db.session.commit()
    except SQLAlchemyError as error:
        db.session.rollback()
        _log.info("last use of token not recorded: %s", getattr(error, "orig", None) or error)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
