"""Leadership: one process holds the lease, and another takes it over when that one is gone."""

from __future__ import annotations

import subprocess

import pytest
from flask import Flask

from store import leader_lease
from store.database import db
from store.models import LeaderLease as LeaseRow
from tests.worker.test_liveness import Clock
from worker.leadership import Leadership


def test_one_holds_the_lease_and_the_other_waits(store_app: Flask) -> None:
    one, other = Leadership("reconciler", 30), Leadership("reconciler", 30)
    assert [one.renew(), other.renew(), one.renew(), other.renew()] == [True, False, True, False]


def test_the_other_takes_over_when_the_lease_was_not_renewed_for_its_patience(store_app: Flask) -> None:
    clock = Clock()
    one, other = Leadership("reconciler", 30, clock), Leadership("reconciler", 30, clock)
    assert one.renew()
    for _ in range(10):  # however long it waits, the lease is renewed
        assert not other.renew()
        clock.seconds += 29
        assert one.renew()
    assert not other.renew()
    clock.seconds += 30
    assert other.renew()
    assert not one.renew()


def test_a_released_lease_is_acquired_at_once(store_app: Flask) -> None:
    one, other = Leadership("reconciler", 30), Leadership("reconciler", 30)
    assert one.renew()
    assert not other.renew()
    one.release()
    assert other.renew()


@pytest.mark.usefixtures("processes")
def test_the_lease_of_a_process_that_is_no_more_is_taken_at_once(store_app: Flask) -> None:
    one, other = Leadership("reconciler", 30), Leadership("reconciler", 30)
    assert one.renew()
    assert not other.is_available()
    ended = subprocess.Popen(["true"])
    ended.wait()
    host, _, token = one.holder.split(":")
    db.session.query(LeaseRow).update({"holder": f"{host}:{ended.pid}:{token}"})
    db.session.commit()
    assert other.is_available()
    assert other.renew()


def test_the_lease_of_another_machine_is_waited_for_whatever_runs_here(store_app: Flask) -> None:
    other = Leadership("reconciler", 30)
    leader_lease.acquire("reconciler", "elsewhere:999999999:x", leader_lease.read("reconciler"))
    assert not other.renew()
