"""The table of features, and the loops that observe units and weigh what holds for them."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.boilerplate.conditions import ALWAYS, Table, Trait
from dedup.boilerplate.features import conditions, table
from dedup.boilerplate.lexicon import AGENCY, CUES
from dedup.boilerplate.model import MODELS
from dedup.kernels import features, reference_features, signs, traits
from dedup.kernels.constants import CHARACTER_FLAG

sizes = st.lists(st.integers(0, 40), max_size=4)
seeds = st.integers(0, 1 << 30)


def test_every_weight_has_its_feature() -> None:
    names = [name for name, _ in conditions()]
    assert len(set(names)) == len(names)
    known = json.loads((resources.files("dedup.boilerplate") / "data" / "weights.json").read_text("utf-8"))
    for model in MODELS:
        assert set(known[model]["features"]) <= set(names)


def test_the_rows_are_laid_out_as_the_lexicon_is() -> None:
    assert len(CUES) == AGENCY == traits.KINDS_OF_CUES
    assert CUES[traits.CAPTION] == "caption"
    assert len({row for _, asked in conditions() for row, _, _ in asked.ranges}) <= traits.ROWS
    assert max(row for _, asked in conditions() for row, _, _ in asked.ranges) < traits.ROWS


def test_a_condition_is_made_of_comparisons() -> None:
    words, share = Trait(0, 2), Trait(1, 300)
    asked = {
        "always": ALWAYS,
        "half a word at least": words >= 0.5,
        "more than a word": words > 1,
        "a word at most": words <= 1,
        "a third to a half": share.within(1 / 3, 0.5),
        "not a word, all": ~(words >= 1) & (share >= 1),
    }
    held = Table.of(asked.items()).holds(np.array([[0, 1, 2, 3], [300, 100, 150, 99]], np.int16))
    assert dict(zip(asked, held.astype(int).tolist(), strict=True)) == {
        "always": [1, 1, 1, 1],
        "half a word at least": [0, 1, 1, 1],
        "more than a word": [0, 0, 0, 1],
        "a word at most": [1, 1, 1, 0],
        "a third to a half": [0, 1, 0, 0],
        "not a word, all": [1, 0, 0, 0],
    }
    with pytest.raises(AssertionError, match="no whole number"):
        _ = share >= 1 / 7


@given(sizes, seeds, st.sampled_from([3, 40, 1 << 30]))
@settings(max_examples=100, deadline=None)
def test_units_are_observed_alike(documents: list[int], seed: int, most: int) -> None:
    chance = np.random.default_rng(seed)
    offsets = np.cumsum([0, *documents]).astype(np.int64)
    size, kinds = int(offsets[-1]), AGENCY + 1
    counts = chance.integers(0, most, (size, signs.COLUMNS)).astype(np.int32)
    counts[:, signs.N_CHARACTER] = np.minimum(counts[:, signs.N_CHARACTER], counts[:, signs.N_TOKENS])
    given_ = (
        offsets,
        chance.random(size) < 0.5,
        counts,
        chance.integers(0, 64, size).astype(np.uint8),
        chance.integers(0, 1 << 15, size).astype(np.uint16),
        (1 << chance.integers(0, 15, size) | 1 << chance.integers(0, 15, size)).astype(np.uint16),
        np.where(chance.random((size, kinds)) < 0.8, 0, chance.integers(0, most, (size, kinds))).astype(
            np.float32
        ),
        chance.integers(0, most, (size, kinds)).astype(np.float32),
        (chance.integers(0, 256, size) * (chance.random(size) < 0.2)).astype(np.uint8),
    )
    found = [np.full((traits.ROWS, size), -7, np.int16) for _ in range(2)]
    features.observe(*given_, found[0])
    reference_features.observe(*given_, found[1])
    assert found[0].tolist() == found[1].tolist()


@given(st.integers(0, 600), seeds)
@settings(max_examples=30, deadline=None)
def test_votes_add_up_alike(units: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.choice([0, 1, 2, 5, 30, 150, traits.MOST], (traits.ROWS, units)).astype(np.int16)
    model = chance.integers(0, 2, units).astype(np.uint8)
    asked = table()
    votes = chance.normal(size=(2, len(asked.names), 8)).astype(np.float32)
    scores = [np.zeros((units, 8), np.float32) for _ in range(2)]
    for loops, score in zip((features, reference_features), scores, strict=True):
        loops.weigh(
            *(rows, asked.first, asked.trait, asked.low, asked.high, model, votes),
            *(np.empty(traits.BLOCK, np.uint8), score),
        )
    assert scores[0].tobytes() == scores[1].tobytes()
    exact = np.einsum("fu,ufk->uk", asked.holds(rows), votes[model].astype(float))
    assert np.allclose(scores[0], exact, atol=1e-4)


@given(st.lists(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=20), max_size=4))
@settings(max_examples=100, deadline=None)
def test_twins_are_found_alike(documents: list[list[tuple[int, bool]]]) -> None:
    offsets = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    units = [unit for document in documents for unit in document]
    hashes = np.array([value << 40 for value, _ in units], np.uint64)
    eligible = np.array([able for _, able in units], np.bool_)
    found = [np.zeros((2, len(units)), np.int16) for _ in range(2)]
    slots = np.empty(4 * max(map(len, documents), default=0) + 1, np.int64)
    features.twins(offsets, hashes, eligible, slots, *found[0])
    reference_features.twins(offsets, hashes, eligible, slots, *found[1])
    assert found[0].tolist() == found[1].tolist()


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(0, 4), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=1)
            ),
            max_size=5,
        ),
        max_size=3,
    )
)
@settings(max_examples=150, deadline=None)
def test_echoes_are_found_alike(documents: list[list[tuple[int, list[tuple[int, int]]]]]) -> None:
    units = [(place, words * 9) for document in documents for place, words in document]
    offsets = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    first = np.cumsum([0, *(len(words) for _, words in units)]).astype(np.int64)
    words = [word for _, part in units for word in part]
    flags = np.array([CHARACTER_FLAG if kind == 1 else 0 for _, kind in words], np.uint8)
    keyword = np.array([word * (kind != 3) for word, kind in words], np.uint32)
    room = 4 * len(words) + 16
    found = [np.zeros((traits.ROWS, len(units)), np.int16) for _ in range(2)]
    for loops, rows in zip((features, reference_features), found, strict=True):
        rows[traits.PLACE] = [place for place, _ in units]
        loops.echoes(
            *(keyword, flags, first[:-1], first[1:], offsets),
            *(np.zeros(len(words) + 1, np.uint64), np.zeros(len(units), np.int64)),
            *(np.zeros(room, np.uint64), rows),
        )
    assert found[0].tolist() == found[1].tolist()
