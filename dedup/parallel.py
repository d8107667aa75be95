"""Work shared among threads."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, wraps
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["for_each", "in_order", "once"]

In = TypeVar("In")
Out = TypeVar("Out")


def in_order(
    function: Callable[[In], Out], items: Iterable[In], threads: int, ahead: int = 2
) -> Iterator[Out]:
    """Results in the order of the items; at most ``ahead`` items a thread are under way or waiting."""
    if threads == 1:
        yield from map(function, items)
        return
    pending: deque[Future[Out]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= ahead * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def for_each(function: Callable[[In], None], items: Iterable[In], threads: int) -> None:
    """Do something with each item, for what it does and not for what it gives."""
    for _ in in_order(function, items, threads):
        pass


def once(function: Callable[[], Out]) -> Callable[[], Out]:
    """What a function gives, made once: unlike with ``functools.cache``, other threads wait for it."""
    made, lock = cache(function), Lock()

    @wraps(function)
    def give() -> Out:
        with lock:
            return made()

    return give
