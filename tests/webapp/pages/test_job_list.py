"""The list of one's jobs: which of them it shows, in pages, and when it asks again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from store.states import JobState
from tests.webapp.elements import text_of
from webapp.pages.jobs import FILTERS, SHOWN

JobIn = Callable[..., str]


def test_the_list_is_friendly_when_empty(signed_in: FlaskClient) -> None:
    assert text_of(signed_in.get("/files").text, "no-files")
    assert text_of(signed_in.get("/files?show=failed").text, "none-here")


@pytest.mark.parametrize("shown", SHOWN)
def test_the_list_shows_the_states_asked_for(signed_in: FlaskClient, job_in: JobIn, shown: str) -> None:
    for state in JobState:
        job_in(state, name=f"{state.value}.csv")
    page = signed_in.get(f"/files?show={shown}").text
    assert f'aria-current="true">{FILTERS[shown]}</a>' in page
    for state in JobState:
        assert (f"{state.value}.csv" in page) is (state in SHOWN[shown] or shown == "all")


def test_the_list_turns_pages_and_takes_odd_numbers(
    signed_in: FlaskClient, job_in: JobIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.pages.jobs.PAGE", 2)
    for number in range(3):
        job_in(JobState.CANCELLED, name=f"{number}.csv")
    first, second = signed_in.get("/files").text, signed_in.get("/files?page=2").text
    assert ("2.csv" in first, "0.csv" in first, "Older" in first) == (True, False, True)
    assert ("2.csv" in second, "0.csv" in second, "Newer" in second) == (False, True, True)
    for odd in ("page=-3", "page=x", "page=99999", "show=%00", "page=99999999999999999999"):
        assert signed_in.get(f"/files?{odd}").status_code == 200


def test_the_list_asks_again_only_while_something_goes_on(signed_in: FlaskClient, job_in: JobIn) -> None:
    job_in(JobState.DONE)
    assert "hx-trigger" not in signed_in.get("/files").text
    job_in(JobState.RUNNING)
    assert "hx-trigger" in signed_in.get("/files").text
    assert signed_in.get("/files", headers={"HX-Request": "true"}).text.lstrip().startswith("<div")
