from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import candidates, kernels
from dedup.candidates import (
    CROWD,
    ROWS,
    STAR_CENTRES,
    Pairs,
    exact_leaders,
    near_pairs,
    passage_pairs,
    unique_pairs,
)
from dedup.config import Settings
from dedup.fingerprints import Fingerprints
from dedup.kernels import reference_overlap as reference
from dedup.ragged import by_owner

Pair = tuple[int, int]


def fingerprints_of(fingerprints: list[Pair]) -> Fingerprints:
    """Fingerprints with their documents, those of one document anywhere; one is left out."""
    at = np.arange(len(fingerprints))
    hashes = np.array([hash_ for hash_, _ in fingerprints] + [3], np.uint64)
    used = np.ones(len(hashes), np.uint8)
    used[-1] = 0
    numbers = np.array([number for _, number in fingerprints] + [0], np.int64)
    return Fingerprints(hashes, used, np.append(at, len(at)), np.append(at, len(at)) + 1, numbers)


def pairs_of(pairs: Pairs) -> list[Pair]:
    return list(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)), max_size=30))
def test_exact_leaders(content: list[tuple[int, int, int]]) -> None:
    leaders = exact_leaders(np.array(content, np.uint64).reshape(-1, 3))
    assert leaders.tolist() == [content.index(value) for value in content]


@given(st.lists(st.lists(st.integers(0, 1), min_size=2, max_size=2), max_size=12), st.integers(1, 50))
def test_near_pairs_are_stars_in_each_band(bands: list[list[int]], step: int) -> None:
    # a signature of two bands and a rest that makes none; equal numbers are equal bands
    rows = [[*([one] * ROWS), *([two] * ROWS), number] for number, (one, two) in enumerate(bands)]
    signatures = np.array(rows, np.uint32).reshape(-1, 2 * ROWS + 1)
    numbers = np.arange(len(rows)) * step
    expected = set()
    for band in (0, 1):
        first: dict[int, int] = {}
        for number, values in enumerate(bands):
            leader = first.setdefault(values[band], number)
            if leader != number:
                expected.add((leader * step, number * step))
    assert pairs_of(near_pairs(signatures, np.arange(len(rows)), numbers, 1)) == sorted(expected)


def test_buckets_whose_keys_are_nearly_equal_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.array([[8, 9, 9, 8, 9], [8, 16, 32, 64, 128]], np.uint64)
    monkeypatch.setattr(candidates, "band_keys", lambda signatures: keys[:, : len(signatures)])
    found = near_pairs(np.zeros((5, 2 * ROWS), np.uint32), np.arange(5), np.arange(5), 1)
    assert pairs_of(found) == [(0, 3), (1, 2), (1, 4)]


def test_a_band_is_equal_in_every_row() -> None:
    signatures = np.tile(np.arange(ROWS, dtype=np.uint32), (ROWS + 1, 1))
    signatures[np.arange(ROWS), np.arange(ROWS)] += 1
    assert pairs_of(near_pairs(signatures, np.arange(ROWS + 1), np.arange(ROWS + 1), 1)) == []


@pytest.mark.parametrize("documents", [1, 2, 40, 1 << 16, (1 << 16) + 1, 1 << 19])
@given(st.data())
@settings(max_examples=40)
def test_passage_pairs_against_all_pairs(documents: int, data: st.DataObject) -> None:
    number = st.sampled_from([0, documents // 3, documents // 2, documents - 2, documents - 1]).map(
        lambda x: max(x, 0)
    )
    fingerprint = st.sampled_from([0, 1, 2, 3, 1 << 47, (1 << 48) - 1, (1 << 48) - 2])
    fingerprints = data.draw(st.lists(st.tuples(fingerprint, number), max_size=40))
    least = data.draw(st.integers(1, 4))
    has = defaultdict(set)
    for hash_, of in fingerprints:
        has[of].add(hash_)
    shared = Counter({(a, b): len(has[a] & has[b]) for a, b in combinations(sorted(has), 2)})
    flash = np.zeros(documents, bool)
    flash[data.draw(st.lists(number, max_size=2))] = True
    found = passage_pairs(fingerprints_of(fingerprints), flash, Settings(min_shared_fingerprints=least))
    enough = [pair for pair, count in shared.items() if count >= least or (count and flash[list(pair)].any())]
    assert pairs_of(found) == sorted(enough)
    assert found.crowded == 0


@pytest.mark.parametrize("documents", [3, 40, 1 << 19])
def test_passage_pairs_by_ranges_of_documents(documents: int) -> None:
    rng = np.random.default_rng(documents)
    fingerprints = [(int(hash_), int(number)) for hash_, number in rng.integers(0, [8, documents], (150, 2))]
    none = np.zeros(documents, bool)
    whole = passage_pairs(fingerprints_of(fingerprints), none, Settings(threads=1))
    shared = passage_pairs(fingerprints_of(fingerprints), none, Settings(threads=5))
    assert pairs_of(shared) == pairs_of(whole)
    assert len(whole) or documents > 40


def test_a_crowd_keeps_its_first_and_its_neighbours() -> None:
    size = CROWD + 30
    found = passage_pairs(
        fingerprints_of([(7, number) for number in range(size)]),
        np.zeros(size, bool),
        Settings(min_shared_fingerprints=1),
    )
    assert found.crowded == 1
    expected = {(a, b) for b in range(size) for a in range(b) if a < STAR_CENTRES or b - a <= STAR_CENTRES}
    assert set(pairs_of(found)) == expected
    assert len(found) == len(expected) <= 2 * STAR_CENTRES * size


def test_no_crowd_yet() -> None:
    fingerprints = fingerprints_of([(7, number) for number in range(CROWD)])
    found = passage_pairs(fingerprints, np.zeros(CROWD, bool), Settings(min_shared_fingerprints=1))
    assert (len(found), found.crowded) == (CROWD * (CROWD - 1) // 2, 0)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1023)), max_size=80),
    st.integers(2, 20),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_compiled_pairs_equal_reference(rows: list[Pair], crowd: int, leaders: int, least: int) -> None:
    low, documents = 10, 1024
    keys = np.unique(np.array([group << low | number for group, number in rows], np.uint64))
    columns = []
    for loops in (kernels.warm(), reference):
        mine, partners = keys.copy(), np.zeros(len(keys), np.int32)
        kept, crowded = loops.find_partners(mine, low, crowd, leaders, partners)
        columns.append((mine[:kept].tolist(), partners[:kept].tolist(), crowded))
    assert columns[0] == columns[1]
    number, partners = np.array(columns[0][0], np.int64) % documents, np.array(columns[0][1], np.int32)
    found = []
    flash = np.arange(documents) % 5 == 0
    for loops in (kernels.warm(), reference):
        pairs, shared = np.zeros(2 * documents, np.int64), np.zeros(documents, np.int64)
        arguments = number, partners, *by_owner(number, documents), 3, documents - 3, least, flash, shared
        n, stop = loops.often_paired(*arguments, pairs)
        found.append((sorted(pairs[:n].tolist()), stop))
        assert loops.often_paired(*arguments, pairs[: documents - 1]) == (0, 3)
    assert found[0] == found[1]


def test_unique_pairs() -> None:
    pairs = unique_pairs(np.array([3, 1, 2, 3]), np.array([1, 3, 5, 4]))
    assert pairs_of(pairs) == [(1, 3), (2, 5), (3, 4)]
