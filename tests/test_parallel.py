"""Work shared among threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

from dedup.parallel import once


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
