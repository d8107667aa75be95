"""Work shared among threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import TYPE_CHECKING

import pytest

from dedup.parallel import in_order, once

if TYPE_CHECKING:
    from collections.abc import Iterator


class Items:
    """Numbers from 0 on; how many were taken."""

    taken = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(20):
            self.taken += 1
            yield number


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    later = Event()

    def double(number: int) -> int:
        if threads > 1 and number == 0:
            assert later.wait(60)  # for one that is begun after it
        if number == 2:
            later.set()
        return 2 * number

    assert list(in_order(double, Items(), threads)) == list(range(0, 40, 2))
    assert list(in_order(double, [], threads)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_where_its_result_would(threads: int) -> None:
    results = in_order(lambda number: 12 // (3 - number), Items(), threads)
    assert [next(results) for _ in range(3)] == [4, 6, 12]
    with pytest.raises(ZeroDivisionError):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


@pytest.mark.parametrize(("threads", "ahead"), [(1, 2), (2, 1), (2, 3), (3, 2)])
def test_items_are_taken_so_far_ahead_and_no_further(threads: int, ahead: int) -> None:
    items = Items()
    results = in_order(str, items, threads, ahead)
    assert items.taken == 0
    bound = 1 if threads == 1 else ahead * threads
    for number in range(20):
        assert next(results) == str(number)
        assert items.taken == min(number + bound, 20)


def test_closed_early_it_takes_no_more_and_leaves_no_thread() -> None:
    items, before = Items(), threading.active_count()
    done: list[int] = []
    results = in_order(done.append, items, 2, 3)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert items.taken == 6
    assert sorted(done) == list(range(6))  # what is under way ends
    assert threading.active_count() == before


def test_what_is_made_once_is_waited_for() -> None:
    made: list[object] = []
    begun, go_on = Semaphore(0), Event()

    @once
    def thing() -> object:
        begun.release()
        go_on.wait()
        made.append(object())
        return made[-1]

    with ThreadPoolExecutor(4) as pool:
        given = [pool.submit(thing) for _ in range(4)]
        begun.acquire()
        others = begun.acquire(timeout=0.05)  # would begin, too, if they did not wait
        go_on.set()
    assert not others
    assert len(made) == 1
    assert all(it.result() is made[0] for it in given)
