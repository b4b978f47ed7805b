"""Bearer tokens: their secrets are given out once and stand for their account as long as they should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from store import accounts, tokens
from store.database import db, now
from store.models import Account, Token
from tests.store.conftest import account_named


def owner(secret: str, kind: str = "access") -> int | None:
    account = tokens.owner_of(secret, kind)
    return account and account.id


def only_token() -> Token:
    return db.session.scalars(select(Token)).one()


def test_a_secret_stands_for_its_account_and_is_not_kept(anna: int) -> None:
    bert = account_named("bert")
    secrets = [tokens.issue(anna, "access"), tokens.issue(bert, "access"), tokens.issue(anna, "access")]
    assert [owner(secret) for secret in secrets] == [anna, bert, anna]
    assert len(set(secrets)) == 3
    kept = db.session.scalars(select(Token.secret_sha256)).all()
    assert not set(kept) & set(secrets)


def test_a_token_of_one_kind_is_none_of_the_other(anna: int) -> None:
    access, refresh = tokens.issue(anna, "access"), tokens.issue(anna, "refresh")
    assert (owner(access, "refresh"), owner(refresh, "access")) == (None, None)


@pytest.mark.parametrize("secret", ["", "x", "\x00", "\ud800", "x" * 100_000])
def test_an_unknown_secret_stands_for_nobody(anna: int, secret: str) -> None:
    tokens.issue(anna, "access")
    assert owner(secret) is None


@pytest.mark.parametrize("kind", tokens.LIFETIMES)
def test_a_token_lives_as_long_as_its_kind(anna: int, kind: str) -> None:
    before = now()
    secret = tokens.issue(anna, kind)
    assert before <= only_token().expires_at - tokens.LIFETIMES[kind] <= now()
    only_token().expires_at = now()
    db.session.commit()
    assert owner(secret, kind) is None


def test_a_revoked_token_stands_for_nobody(anna: int) -> None:
    secret = tokens.issue(anna, "access")
    only_token().revoked_at = now()
    db.session.commit()
    assert owner(secret) is None


def test_the_tokens_of_a_disabled_account_sleep(anna: int) -> None:
    secret = tokens.issue(anna, "access")
    accounts.set_disabled(anna, True)
    assert owner(secret) is None
    accounts.set_disabled(anna, False)
    assert owner(secret) == anna


def test_expired_tokens_are_cleared_away_with_the_next_one(anna: int) -> None:
    tokens.issue(anna, "access")
    only_token().expires_at = now() - timedelta(seconds=1)
    db.session.commit()
    secret = tokens.issue(anna, "access")
    assert only_token().account_id == owner(secret) == anna


def test_the_tokens_of_an_account_go_with_it(anna: int) -> None:
    tokens.issue(anna, "access")
    db.session.delete(db.session.get_one(Account, anna))
    db.session.commit()
    assert db.session.scalars(select(Token)).all() == []
