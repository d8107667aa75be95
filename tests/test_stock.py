from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.config import Settings
from dedup.stock import (
    LONG_RUN,
    UNDATED,
    can_recur,
    find_stock,
    long_runs,
    mark_stock,
    windows,
)

DAY = timedelta(days=1)


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_windows_are_aligned_to_the_epoch() -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    moments = [start, start + 3 * DAY - timedelta(microseconds=1), start + 3 * DAY, start - DAY]
    times = np.array([*map(microseconds, moments), 0])
    dated = np.array([True] * 4 + [False])
    assert windows(times, dated, Settings()).tolist() == [0, 0, 1, -1, UNDATED]
    assert windows(times, dated, Settings(stock_window_days=1)).tolist() == [0, 2, 3, -1, UNDATED]


def test_whether_anything_can_recur() -> None:
    few = Settings(stock_windows=2, stock_documents=3)
    assert not can_recur(np.array([1, 1, 1, 2, UNDATED, UNDATED, UNDATED]), few)
    assert can_recur(np.array([1, 2, 3]), few)
    assert can_recur(np.array([UNDATED] * 4), few)
    assert not can_recur(np.empty(0, np.int64), few)


@given(
    st.lists(
        st.tuples(st.integers(0, 3) | st.just((1 << 48) - 1), st.integers(0, 30)),
        max_size=80,
    ),
    st.dictionaries(st.integers(0, 30), st.sampled_from([-5, 0, 1, 2, 9, 20_000]), max_size=30),
    st.integers(1, 3),
    st.integers(1, 6),
)
@settings(max_examples=200, deadline=None)
def test_stock_against_a_dictionary(
    seen: list[tuple[int, int]], window_of: dict[int, int], most: int, many: int
) -> None:
    in_windows, in_groups = defaultdict(set), defaultdict(set)
    for shingle, group in seen:
        if group in window_of:
            in_windows[shingle].add(window_of[group])
        else:
            in_groups[shingle].add(group)
    expected = {s for s, found in in_windows.items() if len(found) > most}
    expected |= {s for s, found in in_groups.items() if len(found) > many}
    stock = find_stock(
        np.array([shingle for shingle, _ in seen], np.uint64),
        np.array([group for _, group in seen], np.int64),
        np.array([window_of.get(group, UNDATED) for _, group in seen], np.int64),
        Settings(stock_windows=most, stock_documents=many),
    )
    assert stock.tolist() == sorted(expected)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.booleans()), max_size=12))
def test_marks_against_a_loop(shingles: list[tuple[int, int, bool]]) -> None:
    tokens = 42
    expected = [any(s and at <= t < at + width for at, width, s in shingles) for t in range(tokens)]
    at, width, stock = (np.array(column) for column in zip(*shingles, strict=True)) if shingles else (
        np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool),
    )  # fmt: skip
    assert mark_stock(stock, at, width, tokens).tolist() == expected


def long_fingerprints(documents: list[list[int]]) -> list[set[int]]:
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    words = np.array([word for document in documents for word in document], np.uint64)
    at, found = long_runs(words, offsets)
    return [set(found[low:high].tolist()) for low, high in pairwise(at)]


LONG = LONG_RUN + 31  # a run of this length is never missed


@given(st.integers(LONG, LONG + 40), st.integers(0, 70), st.integers(0, 70), st.integers(0, 70))
@settings(max_examples=60, deadline=None)
def test_documents_that_share_a_long_run_share_a_fingerprint(
    size: int, before: int, other_before: int, after: int
) -> None:
    noise = iter(np.random.default_rng(size * before + after).integers(0, 1 << 63, 400).tolist())
    run = [next(noise) for _ in range(size)]
    one = [next(noise) for _ in range(before)] + run
    two = [next(noise) for _ in range(other_before)] + run + [next(noise) for _ in range(after)]
    a, b = long_fingerprints([one, two])
    assert a & b


@pytest.mark.parametrize("size", [20, LONG_RUN - 1])
def test_documents_that_share_a_short_run_share_none(size: int) -> None:
    run = list(range(size))
    a, b = long_fingerprints([[*run, *range(1000, 1100)], [*range(2000, 2100), *run]])
    assert a
    assert b
    assert not a & b


def test_a_short_document_is_a_run_of_its_own() -> None:
    a, b, c, d = long_fingerprints([[1, 2, 3], [1, 2, 3], [1, 2], []])
    assert a == b
    assert a.isdisjoint(c)
    assert d == set()
