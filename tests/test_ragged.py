from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.ragged import gather


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=20))
def test_gather(slices: list[tuple[int, int]]) -> None:
    start = np.array([low for low, _ in slices], np.int64)
    stop = np.array([low + size for low, size in slices], np.int64)
    places, number = gather(start, stop)
    expected = [(low + x, n) for n, (low, size) in enumerate(slices) for x in range(size)]
    assert list(zip(places.tolist(), number.tolist(), strict=True)) == expected
