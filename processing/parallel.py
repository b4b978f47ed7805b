"""Units of work through an executor: results in order, and never more under way than memory allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(items: Iterator[Item], is_over: Callable[[], bool]) -> Iterator[Iterator[Item]]:
    """The items in batches, of which each ends after an item behind which ``is_over`` says so; none is empty.

    Each is to be used up before the next one is asked for.
    """

    def batch(first: Item) -> Iterator[Item]:
        yield first
        while not is_over():
            following = next(items, None)
            if following is None:
                return
            yield following

    for first in items:
        yield batch(first)


def in_order(
    executor: Executor, work: Callable[[Item], Result], items: Iterable[Item], *, under_way: int
) -> Iterator[Result]:
    """Like map(), but takes an item only when fewer than ``under_way`` units run or wait to be fetched.

    When a unit fails, or the caller stops fetching, units that have not begun are dropped and those that have
    are waited for, so that nothing works on afterwards.
    """
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(executor.submit(work, item))
            if len(pending) >= under_way:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        for future in pending:
            if not future.cancelled():
                future.exception()
