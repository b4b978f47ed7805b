"""Accounts: made, checked, disabled; passwords are only known to their owners."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask import Flask

from store import accounts, tokens
from store.accounts import AccountError
from store.models import Account

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real hash is slow on purpose."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_HASHER", cheap)
    monkeypatch.setattr(accounts, "_DUMMY_HASH", cheap.hash("nobody's"))


@pytest.fixture
def anna(store_app: Flask) -> Account:
    return accounts.create("anna", PASSWORD)


def refusal_of(deed: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(AccountError) as refusal:
        deed()
    return refusal.value.code


def names() -> list[str]:
    return [account.username for account in accounts.everyone()]


def test_an_account_signs_in_with_its_own_password_only(anna: Account) -> None:
    assert accounts.authenticate("anna", PASSWORD) is anna
    assert accounts.authenticate("anna", PASSWORD + " ") is None
    assert accounts.authenticate("anna", "") is None
    assert accounts.authenticate("bert", PASSWORD) is None
    assert PASSWORD not in anna.password_hash


def test_letter_case_and_blanks_around_a_name_do_not_matter(anna: Account) -> None:
    assert accounts.authenticate(" Anna ", PASSWORD) is anna
    assert refusal_of(lambda: accounts.create("ANNA", PASSWORD)) == "name_taken"
    assert names() == ["anna"]


@pytest.mark.parametrize("text", ["\ud800", "\x00", "x" * 100_000, "' OR 1=1 --"])
def test_text_that_nobody_can_type_signs_nobody_in(anna: Account, text: str) -> None:
    assert accounts.authenticate(text, PASSWORD) is None
    assert accounts.authenticate("anna", text) is None


@pytest.mark.parametrize("name", ["", " ", "a b", ".anna", "änna", "a\x00", "x" * 81, "a/b"])
def test_a_name_that_cannot_be_used_is_refused_with_what_can(store_app: Flask, name: str) -> None:
    assert refusal_of(lambda: accounts.create(name, PASSWORD)) == "name_unusable"
    assert names() == []


@pytest.mark.parametrize(
    ("password", "code"),
    [("", "password_too_short"), ("1234567", "password_too_short"), ("x" * 257, "password_too_long")],
)
def test_a_password_of_another_length_is_refused(anna: Account, password: str, code: str) -> None:
    assert refusal_of(lambda: accounts.create("bert", password)) == code
    assert refusal_of(lambda: accounts.change_password(anna.id, PASSWORD, password)) == code
    assert names() == ["anna"]
    assert accounts.authenticate("anna", PASSWORD) is anna


@pytest.mark.parametrize("password", ["x" * 8, "x" * 256, "пароль дня 🎵"])
def test_passwords_of_the_right_length_work_in_any_script(store_app: Flask, password: str) -> None:
    account = accounts.create("bert", password)
    assert accounts.authenticate("bert", password) is account
    assert accounts.authenticate("bert", password + "x") is None


def test_a_disabled_account_cannot_sign_in_until_it_is_enabled_again(anna: Account) -> None:
    accounts.set_disabled(anna.id, True)
    assert accounts.authenticate("anna", PASSWORD) is None
    accounts.set_disabled(anna.id, False)
    assert accounts.authenticate("anna", PASSWORD) is anna


def test_the_last_administrator_who_can_sign_in_stays_enabled(anna: Account) -> None:
    chief = accounts.create("chief", PASSWORD, is_admin=True)
    assert refusal_of(lambda: accounts.set_disabled(chief.id, True)) == "only_administrator"
    deputy = accounts.create("deputy", PASSWORD, is_admin=True)
    accounts.set_disabled(chief.id, True)
    assert refusal_of(lambda: accounts.set_disabled(deputy.id, True)) == "only_administrator"
    assert accounts.authenticate("deputy", PASSWORD) is deputy


def test_an_account_that_is_not_there_cannot_be_disabled(store_app: Flask) -> None:
    assert refusal_of(lambda: accounts.set_disabled(7, True)) == "no_account"


def test_a_changed_password_counts_at_once_and_ends_its_own_tokens_only(anna: Account) -> None:
    bert = accounts.create("bert", PASSWORD)
    of_anna, of_bert = tokens.issue(anna.id, "refresh"), tokens.issue(bert.id, "refresh")
    script = tokens.make(anna.id, "nightly", "read", None).secret
    accounts.change_password(anna.id, PASSWORD, "another horse")
    assert accounts.authenticate("anna", PASSWORD) is None
    assert accounts.authenticate("anna", "another horse") is anna
    assert tokens.holder_of(of_anna, "refresh") is None
    assert tokens.holder_of(script, "personal") is None
    assert tokens.holder_of(of_bert, "refresh") is not None


def test_a_password_is_not_changed_without_the_present_one(anna: Account) -> None:
    assert refusal_of(lambda: accounts.change_password(anna.id, "a guess of mine", "another horse")) == "password_wrong"
    assert accounts.authenticate("anna", PASSWORD) is anna


def test_the_first_administrator_is_made_once_with_a_password_made_up_or_given(anna: Account) -> None:
    made_up = accounts.ensure_administrator("chief", None)
    assert made_up is not None
    chief = accounts.authenticate("chief", made_up)
    assert chief is not None
    assert chief.is_admin
    assert accounts.ensure_administrator("other", None) is None
    assert names() == ["anna", "chief"]


def test_an_administrators_password_that_is_given_is_not_told(store_app: Flask) -> None:
    assert accounts.ensure_administrator("chief", PASSWORD) is None
    assert accounts.authenticate("chief", PASSWORD) is not None


def test_each_refusal_has_its_sentence_with_the_name_in_it(anna: Account) -> None:
    for code, sentence in accounts.SENTENCES.items():
        assert str(AccountError(code, name="sam")) == sentence.format(name="sam")
