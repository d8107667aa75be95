from __future__ import annotations

import tracemalloc
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.config import Settings
from dedup.fingerprints import Fingerprints
from dedup.stock import (
    LONG_RUN,
    UNDATED,
    can_recur,
    counted_by,
    find_notices,
    find_stock,
    flag_stock,
    long_runs,
    windows,
)
from dedup.texts import DAY as MICROSECONDS
from dedup.texts import NEVER, STOCK, Texts

DAY = timedelta(days=1)


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def nothing_long(n: int) -> Fingerprints:
    """No document has a long run."""
    none = np.zeros(n, np.int64)
    return Fingerprints(np.empty(0, np.uint64), np.empty(0, np.uint8), none, none, np.arange(n))


def test_windows_are_aligned_to_the_epoch() -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    moments = [start, start + 3 * DAY - timedelta(microseconds=1), start + 3 * DAY, start - DAY]
    times = np.array([*map(microseconds, moments), NEVER])
    assert windows(times, Settings()).tolist() == [0, 0, 1, -1, UNDATED]
    assert windows(times, Settings(stock_window_days=1)).tolist() == [0, 2, 3, -1, UNDATED]


def test_whether_anything_can_recur() -> None:
    few = Settings(stock_windows=2, stock_documents=3)
    assert not can_recur(np.array([1, 1, 1, 2, UNDATED, UNDATED, UNDATED]), few)
    assert can_recur(np.array([1, 2, 3]), few)
    assert can_recur(np.array([UNDATED] * 4), few)
    assert not can_recur(np.empty(0, np.int64), few)


@pytest.mark.parametrize(
    ("size", "source", "days", "notices"),
    [
        (20, [0, 0], [1, 4], [False, True]),  # said again
        (20, [0, 0], [2, 3], [False, False]),  # carried again the next day, whatever windows these lie in
        (20, [0, 0, 0], [5, 2, 3], [True, False, False]),
        (20, [0, 1], [1, 9], [False, False]),  # carried by somebody else
        (20, [0, 0, 1, 1], [1, 5, 5, 2], [False, True, True, False]),
        (20, [0, 0, 1, 1], [4, 9, 3, 6], [False, True, False, True]),  # from the first who says it again on
        (20, [0, 0, 1, 1], [3, 6, 4, 9], [False, True, False, True]),
        (20, [0, 0, 1], [1, 5, 9], [False, True, True]),  # also where it is new
        (20, [0, 0, 1], [1, 5, 4], [False, True, True]),
        (20, [0, 0, 1], [1, 5, 3], [False, True, False]),
        (20, [-1, -1], [1, 9], [False, False]),
        (20, [0, 0], [1, None], [False, False]),
        (0, [0, 0], [1, 4], [False, True]),  # nothing but furniture
        (LONG_RUN, [0, 0], [1, 9], [False, False]),  # an evergreen
    ],
)
def test_notices(size: int, source: list[int], days: list[int | None], notices: list[bool]) -> None:
    n = len(source)
    words = np.tile(np.arange(size, dtype=np.uint64), n)
    start, none = np.arange(n) * size, np.zeros(n, np.uint8)
    published = np.array([NEVER if day is None else day * MICROSECONDS for day in days])
    flags = np.zeros(len(words), np.uint8)
    texts = Texts(words, flags, start, start + size, none, published=published, source=np.array(source))
    content = np.ones((n, 2), np.uint64)
    assert find_notices(texts, content, Settings()).tolist() == notices
    content[:, 0] = np.arange(n)
    assert not find_notices(texts, content, Settings()).any()
    content[:] = 1
    assert not find_notices(replace(texts, source=None), content, Settings()).any()


@given(
    st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=40),
    st.lists(
        st.sampled_from([None, -719_162, -5, 0, 1, 2, 9, 256, 20_000, 2_932_896]), min_size=40, max_size=40
    ),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 3),
)
@settings(max_examples=200)
def test_stock_against_a_dictionary(
    documents: list[list[int]], day: list[int | None], most: int, many: int, size: int
) -> None:
    in_windows, in_groups = defaultdict(set), defaultdict(set)
    for number, words in enumerate(documents):
        for shingle in shingles_of(words, size):
            if day[number] is None:
                in_groups[shingle].add(number)
            else:
                in_windows[shingle].add(day[number])
    expected = {s for s, found in in_windows.items() if len(found) > most}
    expected |= {s for s, found in in_groups.items() if len(found) > many}

    chosen = Settings(stock_windows=most, stock_documents=many, shingle_words=size, stock_window_days=1)
    n = len(documents)
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    words = np.array([spread(word) for document in documents for word in document], np.uint64)
    own = np.arange(n)
    window = np.array([UNDATED if d is None else d for d in day[:n]], np.int64)
    texts = Texts(
        words, np.zeros(len(words), np.uint8), offsets[:-1], offsets[1:], np.zeros(n, np.uint8), own
    )
    flagged, count = flag_stock(texts, nothing_long(n), own, window, chosen)
    assert not texts.flags.any()
    if can_recur(window, chosen):
        assert count == len(expected)
        in_stock = [token for words in documents for token in stock_tokens(words, size, expected)]
        assert (flagged.flags & STOCK != 0).tolist() == in_stock
    else:
        assert count == 0


def test_places_are_told_apart_by_16_bits() -> None:
    occurrence = np.array([0, 1, 2, 1 << 40, 0, 0])
    window = np.array([UNDATED, UNDATED, UNDATED, UNDATED, -1, 1 << 15])
    found = counted_by(occurrence, window).tolist()
    assert len(set(found)) == len(found)
    assert max(found) < 1 << 16


def test_one_shingle_may_be_nearly_all_there_are() -> None:
    # so that the box it falls into is written once more, with room for all of it
    n, size = 6, 40_000
    start, own = np.arange(n) * size, np.arange(n)
    words = np.full(n * size, 7, np.uint64)
    words[-size:] = np.arange(size)  # in one window
    texts = Texts(words, np.zeros(n * size, np.uint8), start, start + size, np.zeros(n, np.uint8), own)
    flagged, count = flag_stock(texts, nothing_long(n), own, own, Settings(threads=2))
    assert count == 1
    assert (flagged.flags & STOCK != 0).tolist() == [True] * (n - 1) * size + [False] * size


def spread(word: int) -> int:
    return (word + 1) * 0x9E3779B97F4A7C15 % (1 << 64)


def shingles_of(words: list[int], size: int) -> list[tuple[int, ...]]:
    width = min(size, len(words))
    return [tuple(words[i : i + width]) for i in range(len(words) - width + 1) if width]


def stock_tokens(words: list[int], size: int, stock: set[tuple[int, ...]]) -> list[bool]:
    width = min(size, len(words))
    found = [False] * len(words)
    for at, shingle in enumerate(shingles_of(words, size)):
        if shingle in stock:
            found[at : at + width] = [True] * width
    return found


def long_fingerprints(documents: list[list[int]]) -> list[set[int]]:
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    words = np.array([word for document in documents for word in document], np.uint64)
    at, found = long_runs(words, offsets)
    return [set(found[low:high].tolist()) for low, high in pairwise(at)]


LONG = LONG_RUN + 31  # a run of this length is never missed


@given(st.integers(LONG, LONG + 40), st.integers(0, 70), st.integers(0, 70), st.integers(0, 70))
@settings(max_examples=60)
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


# What becomes of it

FRAME = " ".join(f"frame{place}" for place in range(60))


def story(number: int, size: int) -> str:
    return " ".join(f"s{number}x{place}" for place in range(size))


def corpus(texts: list[str], days: int | None) -> list[dict[str, str]]:
    """One text every few days, or none of them dated."""
    records = [{"id": f"d{number:02}", "text": text} for number, text in enumerate(texts)]
    if days is not None:
        first = datetime(2026, 1, 1, tzinfo=UTC)
        for number, record in enumerate(records):
            record["published"] = (first + number * days * DAY).isoformat()
    return records


@pytest.mark.parametrize(("days", "count"), [(3, 6), (1, 20), (None, 45)])
def test_a_frame_around_other_facts_is_no_evidence(days: int | None, count: int) -> None:
    texts = [f"{FRAME} {story(number, 50)}" for number in range(count)]
    result = dedup.find_families(corpus(texts, days))
    assert result.stock >= 56
    assert not result.families
    assert len(result.relations) == 0
    assert result.relation("d00", "d05").shared_words == 0


@pytest.mark.parametrize(("days", "count"), [(3, 3), (0, 20), (None, 30)])
def test_a_frame_seen_seldom_is_evidence(days: int | None, count: int) -> None:
    texts = [f"{FRAME} {story(number, 50)}" for number in range(count)]
    result = dedup.find_families(corpus(texts, days))
    assert result.stock == 0
    assert len(result.relations) == count * (count - 1) // 2


@given(st.datetimes(timezones=st.just(UTC)) | st.none())
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, tzinfo=UTC))
@settings(max_examples=20)
def test_an_unrelated_text_of_any_date_changes_nothing(moment: datetime | None) -> None:
    documents = corpus([f"{FRAME} {story(number, 50)}" for number in range(5)], 3)
    documents += corpus([f"{story(9, 90)} {story(number + 10, 50)}" for number in range(7)], 1)[5:]
    expected = dedup.find_families(documents)
    assert expected.stock >= 56
    assert len(expected.relations) == 1
    other = {"id": "other", "text": story(99, 30), "published": moment and moment.isoformat()}
    result = dedup.find_families([*documents, other])
    assert result.stock == expected.stock
    assert list(result.relations) == list(expected.relations)
    assert list(result.families) == list(expected.families)


def test_articles_carried_twice_are_as_many_occurrences_as_articles() -> None:
    texts = [f"{FRAME} {story(number // 2, 100)}" for number in range(10)]
    assert dedup.find_families(corpus(texts[:6], 3)).stock == 0
    assert dedup.find_families(corpus(texts, 3)).stock >= 56


@pytest.mark.parametrize("n", [4, 70])  # flagged by one thread, and by several
@pytest.mark.parametrize(("size", "stock"), [(LONG_RUN - 1, True), (LONG_RUN, False)])
def test_short_texts_that_are_equal_are_occurrences_each(size: int, stock: bool, n: int) -> None:
    start, own, first = np.arange(n) * size, np.arange(n), np.zeros(n, np.int64)
    words = np.tile(np.arange(size, dtype=np.uint64), n)
    texts = Texts(words, np.zeros(n * size, np.uint8), start, start + size, np.zeros(n, np.uint8), own)
    flagged, _ = flag_stock(texts, nothing_long(n), first, own, Settings())
    assert (flagged.flags & STOCK != 0).tolist() == [stock] * n * size


@pytest.mark.parametrize("days", [3, None])
def test_an_article_carried_for_weeks_is_evidence(days: int | None) -> None:
    whole = story(0, 300)
    texts = [f"{story(number + 1, 20)} {whole}" for number in range(50)]
    texts[7], texts[9] = story(0, 150), whole
    result = dedup.find_families(corpus(texts, days))
    assert result.stock == 0
    (family,) = result.families
    assert len(family) == 50


def test_one_part_of_the_shingles_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    documents, length = 500, 200
    words = np.random.default_rng(0).integers(0, 1 << 63, documents * length, np.uint64)
    number = np.arange(documents)
    start = number * length
    columns = start, start + length, np.full(documents, 5), number, number, np.ones(documents, bool)
    peaks = []
    for bits in (0, 0, 2):  # the first call fills caches
        monkeypatch.setattr("dedup.stock.partition_bits", lambda *_, bits=bits, **__: bits)
        tracemalloc.start()
        find_stock(words, *columns, Settings(threads=1))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 0.4 * peaks[1]


@pytest.mark.parametrize(("days", "count"), [(3, 6), (None, 45)])
@pytest.mark.parametrize(("size", "stock"), [(LONG_RUN - 1, True), (LONG, False)])
def test_a_long_run_in_articles_of_weeks_is_evidence(
    size: int, stock: bool, days: int | None, count: int
) -> None:
    texts = [f"{story(number + 1, 200)} {story(0, size)}" for number in range(count)]
    assert (dedup.find_families(corpus(texts, days)).stock > 0) == stock
