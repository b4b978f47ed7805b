"""Units of work through an executor: results in order, and never more units in flight than memory allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(items: Iterator[Item], is_over: Callable[[], bool]) -> Iterator[Iterator[Item]]:
    """Yield the items in batches, none of them empty; a batch ends after an item once ``is_over`` returns true.

    Exhaust each batch before asking for the next one.
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
    """Yield results in order as map() does, but take an item only while fewer than ``under_way`` units are in flight.

    When a unit fails or the caller stops iterating, cancel the units that have not begun and wait for the others, so
    that no work continues afterwards.
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
