"""Bearer tokens: their secrets are given out once and stand for their account as long as they should."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import NullPool

from store import accounts, tokens
from store.database import db, now
from store.models import Account, Token
from store.tokens import READ, READ_AND_WRITE, WRITE, TokenError
from tests.accounts import make_account


def owner(secret: str, *kinds: str) -> int | None:
    holder = tokens.holder_of(secret, *(kinds or ("access", "personal")))
    return holder and holder.account_id


def only_token() -> Token:
    db.session.expire_all()
    return db.session.scalars(select(Token)).one()


def make(account_id: int, name: str = "nightly", scopes: str = READ, days: int | None = 30) -> str:
    return tokens.make(account_id, name, scopes, days).secret


def names(account_id: int) -> list[str]:
    return [token.name for token in tokens.live(account_id)]


@pytest.fixture
def token_row_is_locked(anna: int) -> Iterator[str]:
    """A personal token of anna's whose row somebody else is writing; SQLite knows locks of all rows only."""
    secret = make(anna)
    engine = create_engine(db.engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as other:
        other.execute(text("BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN"))
        other.execute(text("UPDATE token SET name = 'other'"))
        yield secret
        other.execute(text("ROLLBACK"))


def test_a_secret_stands_for_its_account_and_is_not_kept(anna: int) -> None:
    bert = make_account("bert")
    secrets = [tokens.issue(anna, "access"), tokens.issue(bert, "access"), make(anna), tokens.issue(anna, "access")]
    assert [owner(secret) for secret in secrets] == [anna, bert, anna, anna]
    assert len(set(secrets)) == 4
    kept = db.session.execute(select(Token.secret_sha256, Token.name, Token.scopes)).all()
    assert not {value for row in kept for value in row} & set(secrets)


def test_a_token_of_one_kind_is_none_of_the_other(anna: int) -> None:
    access, refresh, personal = tokens.issue(anna, "access"), tokens.issue(anna, "refresh"), make(anna)
    assert [owner(secret, "refresh") for secret in (access, refresh, personal)] == [None, anna, None]
    assert [owner(secret, "access") for secret in (access, refresh, personal)] == [anna, None, None]
    assert [owner(secret) for secret in (access, refresh, personal)] == [anna, None, anna]


def test_a_login_may_do_all_and_a_personal_token_what_it_was_made_for(anna: int) -> None:
    secrets = (tokens.issue(anna, "access"), make(anna, "1", READ_AND_WRITE), make(anna, "2", READ))
    held = [tokens.holder_of(secret, "access", "personal") for secret in secrets]
    assert [holder and holder.scopes for holder in held] == [{READ, WRITE}, {READ, WRITE}, {READ}]


def test_a_personal_token_has_a_form_that_scanners_of_secrets_know(anna: int) -> None:
    assert re.fullmatch(r"ptly_[0-9a-f]{40}", make(anna))
    assert not tokens.issue(anna, "access").startswith("ptly_")


@pytest.mark.parametrize("secret", ["", "x", "\x00", "\ud800", "x" * 100_000, "ptly_"])
def test_an_unknown_secret_stands_for_nobody(anna: int, secret: str) -> None:
    tokens.issue(anna, "access")
    assert owner(secret) is None


@pytest.mark.parametrize("kind", tokens.LIFETIMES)
def test_a_token_lives_as_long_as_its_kind(anna: int, kind: str) -> None:
    before = now()
    secret = tokens.issue(anna, kind)
    expires_at = only_token().expires_at
    assert expires_at is not None
    assert before <= expires_at - tokens.LIFETIMES[kind] <= now()
    only_token().expires_at = now()
    db.session.commit()
    assert owner(secret, kind) is None


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_a_personal_token_lives_as_many_days_as_was_said(anna: int, days: int) -> None:
    before = now()
    secret = make(anna, days=days)
    expires_at = only_token().expires_at
    assert expires_at is not None
    assert before <= expires_at - timedelta(days=days) <= now()
    only_token().expires_at = now()
    db.session.commit()
    assert owner(secret) is None
    assert names(anna) == []


def test_a_personal_token_may_live_for_ever(anna: int) -> None:
    secret = make(anna, days=None)
    tokens.issue(anna, "access")  # which clears away what has expired
    assert owner(secret) == anna
    assert [token.expires_at for token in tokens.live(anna)] == [None]


@pytest.mark.parametrize(
    ("name", "scopes", "days", "sentence"),
    [
        ("", READ, 30, "name"),
        (" \x00\n", READ, 30, "name"),
        ("x" * 81, READ, 30, "80 characters"),
        ("nightly", "admin", 30, "read"),
        ("nightly", "", 30, "read"),
        ("nightly", READ, 8, "days"),
    ],
)
def test_a_personal_token_that_makes_no_sense_is_not_made(
    anna: int, name: str, scopes: str, days: int, sentence: str
) -> None:
    with pytest.raises(TokenError, match=sentence):
        make(anna, name, scopes, days)
    assert names(anna) == []


def test_a_name_is_kept_without_what_no_page_shows(anna: int) -> None:
    make(anna, "  the\x00 nightly\n run 🎵 ")
    assert names(anna) == ["the nightly run 🎵"]


def test_two_live_tokens_of_an_account_never_have_the_same_name(anna: int) -> None:
    make(anna)
    with pytest.raises(TokenError, match="nightly"):
        make(anna)
    make(make_account("bert"))
    assert tokens.revoke(anna, tokens.live(anna)[0].id)
    make(anna)
    assert names(anna) == ["nightly"]


def test_an_account_has_a_hundred_live_tokens_at_most(anna: int) -> None:
    for number in range(100):
        db.session.add(Token(account_id=anna, kind="personal", secret_sha256=str(number), name=str(number)))
    db.session.commit()
    with pytest.raises(TokenError, match="100 tokens"):
        make(anna)


def test_a_list_has_the_live_personal_tokens_of_one_account_newest_first(anna: int) -> None:
    make(anna, "first")
    make(anna, "second")
    make(make_account("bert"), "of bert")
    tokens.issue(anna, "access")
    assert names(anna) == ["second", "first"]


def test_a_revoked_token_stands_for_nobody(anna: int) -> None:
    secret = make(anna)
    (token,) = tokens.live(anna)
    assert tokens.revoke(anna, token.id)
    assert owner(secret) is None
    assert names(anna) == []


def test_nobody_revokes_what_is_not_theirs_or_not_there_or_no_personal_token(anna: int) -> None:
    bert = make_account("bert")
    secret, access = make(anna), tokens.issue(anna, "access")
    numbers = {token.kind: token.id for token in db.session.scalars(select(Token))}
    assert not tokens.revoke(bert, numbers["personal"])
    assert not tokens.revoke(anna, numbers["access"])
    assert not tokens.revoke(anna, 2**31 - 1)
    assert [owner(secret), owner(access)] == [anna, anna]
    assert tokens.revoke(anna, numbers["personal"])
    assert not tokens.revoke(anna, numbers["personal"])


def test_all_tokens_of_an_account_can_be_revoked_at_once(anna: int) -> None:
    bert = make_account("bert")
    secrets = [make(anna), make(anna, "another"), tokens.issue(anna, "access"), make(bert)]
    refresh = tokens.issue(anna, "refresh")
    tokens.revoke_all(anna)
    assert [owner(secret) for secret in secrets] == [None, None, None, bert]
    assert owner(refresh, "refresh") is None


def test_the_tokens_of_a_disabled_account_are_over_for_good(anna: int) -> None:
    secrets = [tokens.issue(anna, "access"), make(anna)]
    accounts.set_disabled(anna, True)
    assert [owner(secret) for secret in secrets] == [None, None]
    accounts.set_disabled(anna, False)
    assert [owner(secret) for secret in secrets] == [None, None]
    assert owner(tokens.issue(anna, "access")) == anna


def test_a_token_that_was_made_for_a_disabled_account_stands_for_nobody(anna: int) -> None:
    accounts.set_disabled(anna, True)
    assert owner(tokens.issue(anna, "access")) is None


def test_the_last_use_of_a_personal_token_is_noted_once_a_minute(anna: int) -> None:
    secret = make(anna)
    assert only_token().last_used_at is None
    before = now()
    owner(secret)
    first = only_token().last_used_at
    assert first is not None
    assert before <= first <= now()
    owner(secret)
    assert only_token().last_used_at == first
    only_token().last_used_at = first - timedelta(seconds=61)
    db.session.commit()
    owner(secret)
    last = only_token().last_used_at
    assert last is not None
    assert last >= first


def test_the_last_use_of_a_login_is_not_noted(anna: int) -> None:
    owner(tokens.issue(anna, "access"))
    assert only_token().last_used_at is None


def test_a_last_use_that_cannot_be_written_soon_is_left_away(anna: int, token_row_is_locked: str) -> None:
    began = time.monotonic()
    assert owner(token_row_is_locked) == anna
    assert time.monotonic() - began < 1
    assert only_token().last_used_at is None


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
