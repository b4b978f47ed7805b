"""Bearer tokens of the JSON API: given out once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select

from store.database import db, now
from store.models import Account, Token

LIFETIMES = {"access": timedelta(hours=1), "refresh": timedelta(days=30)}


def issue(account_id: int, kind: str) -> str:
    """Make a token of a kind ("access" or "refresh") and give its secret back, which is never seen again."""
    secret = secrets.token_urlsafe(32)
    db.session.execute(delete(Token).where(Token.expires_at < now()))
    db.session.add(
        Token(account_id=account_id, kind=kind, secret_sha256=_digest(secret), expires_at=now() + LIFETIMES[kind])
    )
    db.session.commit()
    return secret


def owner_of(secret: str, kind: str) -> Account | None:
    """The account that a secret stands for, unless it is unknown, expired, revoked or the account is disabled."""
    token = db.session.scalar(select(Token).where(Token.secret_sha256 == _digest(secret), Token.kind == kind))
    if token is None or token.revoked_at is not None or token.expires_at <= now():
        return None
    return None if token.account.disabled_at else token.account


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
