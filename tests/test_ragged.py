from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.config import Settings
from dedup.fingerprints import partition_bits
from dedup.ragged import (
    at_most,
    by_owner,
    distinct,
    first_of_each,
    first_of_run,
    gather,
    holders,
    inverse,
    is_in,
    owners,
    run_starts,
    running,
    search,
    slices,
    steps,
    sums,
    tally,
)


@given(st.integers(0, 9).flatmap(lambda n: st.permutations(range(n))))
def test_an_order_turned_round(order: list[int]) -> None:
    assert inverse(np.array(order, np.int64)).tolist() == [order.index(n) for n in range(len(order))]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6))
def test_slices_one_after_the_other(bounds: list[tuple[int, int]]) -> None:
    start = np.array([at for at, _ in bounds], np.int64)
    stop = start + np.array([size for _, size in bounds], np.int64)
    indices, number = gather(start, stop)
    expected = [(at + i, n) for n, (at, size) in enumerate(bounds) for i in range(size)]
    assert list(zip(indices.tolist(), number.tolist(), strict=True)) == expected
    values = np.arange(13, dtype=np.uint32)
    taken = slices(values, start, stop)
    assert taken.dtype == values.dtype
    assert taken.tolist() == [at for at, _ in expected]


@given(st.lists(st.integers(0, 2**32), min_size=1))
def test_steps_are_differences(values: list[int]) -> None:
    assert steps(np.array(values, np.int64)).tolist() == np.diff(values).tolist()


@given(st.lists(st.integers(0, 4), max_size=6))
def test_owners_of_what_is_so_long(sizes: list[int]) -> None:
    offsets = running(sizes)
    assert offsets.tolist() == [sum(sizes[:place]) for place in range(len(sizes) + 1)]
    assert running(np.array(sizes, np.uint8)).tolist() == offsets.tolist()
    assert owners(offsets).tolist() == [n for n, size in enumerate(sizes) for _ in range(size)]


@given(st.lists(st.integers(0, 2), max_size=9))
def test_first_of_run(values: list[int]) -> None:
    found = first_of_run(np.arange(len(values)), run_starts(np.array(values, np.int64)))
    for place, first in enumerate(found.tolist()):
        assert len(set(values[first : place + 1])) == 1
        assert first == 0 or values[first - 1] != values[first]


@given(st.lists(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_is_in(values: list[int], some: set[int]) -> None:
    found = is_in(np.array(values, np.int64), np.array(sorted(some), np.int64))
    assert found.tolist() == [value in some for value in values]


@given(st.lists(st.integers(0, 3), max_size=12).map(sorted), st.integers(1, 3))
def test_at_most_so_many_equal_ones_stay(values: list[int], times: int) -> None:
    kept = at_most(np.array(values, np.int64), times).tolist()
    assert kept == [values[:place].count(value) < times for place, value in enumerate(values)]


@given(st.lists(st.lists(st.booleans(), max_size=4), max_size=6))
def test_sums_of_slices(parts: list[list[bool]]) -> None:
    offsets = np.cumsum([0, *map(len, parts)])
    chosen = np.array([value for part in parts for value in part], bool)
    assert sums(chosen, offsets).tolist() == [sum(part) for part in parts]


@given(st.lists(st.tuples(st.integers(-1, 1), st.sampled_from([0, 2**64 - 1])), max_size=9))
def test_runs_start_where_a_row_differs(rows: list[tuple[int, int]]) -> None:
    one, two = np.array([a for a, _ in rows], np.int64), np.array([b for _, b in rows], np.uint64)
    before = [None, *rows]
    assert run_starts(one, two).tolist() == [row != last for row, last in zip(rows, before, strict=False)]
    assert run_starts(one).tolist() == [
        last is None or row[0] != last[0] for row, last in zip(rows, before, strict=False)
    ]


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_distinct_is_sorted_and_each_once(keys: list[int]) -> None:
    assert distinct(np.array(keys, np.uint64)).tolist() == sorted(set(keys))


@given(st.lists(st.integers(0, 9)))
def test_tally_counts_each(keys: list[int]) -> None:
    found, times = tally(np.array(keys, np.int64))
    assert list(zip(found.tolist(), times.tolist(), strict=True)) == sorted(Counter(keys).items())


@given(st.lists(st.integers(0, 4), max_size=12))
def test_things_by_owner(whose: list[int]) -> None:
    offsets, things = by_owner(np.array(whose, np.int64), 5)
    found = [part.tolist() for part in np.split(things, offsets[1:-1])]
    assert found == [[i for i, owner in enumerate(whose) if owner == who] for who in range(5)]


@given(st.lists(st.integers(0, 3), max_size=8))
def test_holders_are_owners(sizes: list[int]) -> None:
    offsets = running(sizes)
    assert holders(offsets, np.arange(sum(sizes))).tolist() == owners(offsets).tolist()
    assert holders(np.array([2, 5]), np.array([9, 1])).tolist() == [1, -1]


def test_parts_fit_the_memory() -> None:
    tight = Settings(memory_limit=64 << 20, threads=2)
    assert partition_bits(1000, tight) == 0
    for keys in (2 << 20, 100 << 20, 1 << 32):
        part = keys * 8 >> partition_bits(keys, tight)
        assert part * tight.workers <= tight.memory_limit // 4


@given(st.lists(st.integers(0, 4), max_size=12))
def test_first_of_each(keys: list[int]) -> None:
    found = first_of_each(np.array(keys, np.int64)).tolist()
    assert found == [place for place, key in enumerate(keys) if key not in keys[:place]]


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6).map(sorted), min_size=1, max_size=5), st.integers(-1, 10)
)
def test_search_is_searchsorted_in_each_slice(parts: list[list[int]], wanted: int) -> None:
    values = np.array([v for part in parts for v in part] + [0], np.uint32)
    bounds = np.cumsum([0, *map(len, parts)])
    found = search(values, bounds[:-1], bounds[1:], np.full(len(parts), wanted))
    expected = [bounds[i] + np.searchsorted(part, wanted) for i, part in enumerate(parts)]
    assert found.tolist() == expected
