"""A lease is held by one process at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask

from store import leader_lease
from store.leader_lease import NOBODY, RECONCILER


def test_a_lease_nobody_has_is_taken_and_shows_its_turns(store_app: Flask) -> None:
    assert leader_lease.read(RECONCILER).holder == NOBODY
    for turn in (1, 2):
        assert leader_lease.acquire(RECONCILER, "one", leader_lease.read(RECONCILER))
        found = leader_lease.read(RECONCILER)
        assert (found.holder, found.turns) == ("one", turn)
    assert found.turned_at is not None


def test_a_lease_is_not_taken_once_another_turn_was_taken_at_it(store_app: Flask) -> None:
    assert leader_lease.acquire(RECONCILER, "one", leader_lease.read(RECONCILER))
    seen = leader_lease.read(RECONCILER)
    assert leader_lease.acquire(RECONCILER, "one", seen)
    assert not leader_lease.acquire(RECONCILER, "two", seen)
    assert leader_lease.acquire(RECONCILER, "two", leader_lease.read(RECONCILER))
    assert leader_lease.read(RECONCILER).holder == "two"


def test_only_its_holder_can_give_a_lease_back(store_app: Flask) -> None:
    assert leader_lease.acquire(RECONCILER, "one", leader_lease.read(RECONCILER))
    leader_lease.release(RECONCILER, "two")
    assert leader_lease.read(RECONCILER).holder == "one"
    leader_lease.release(RECONCILER, "one")
    assert leader_lease.read(RECONCILER).holder == NOBODY


def test_of_many_who_want_a_lease_at_once_one_gets_it(store_app: Flask) -> None:
    start = Barrier(10)

    def take(holder: str) -> bool:
        with store_app.app_context():
            seen = leader_lease.read(RECONCILER)
            start.wait()
            return leader_lease.acquire(RECONCILER, holder, seen)

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(take, map(str, range(10)))) == 1
