"""Work shared among threads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from dedup.parallel import once


def test_what_is_made_once_is_waited_for() -> None:
    made = []

    @once
    def thing() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _: thing(), range(4)))
    assert len(made) == 1
    assert all(it is made[0] for it in given)
