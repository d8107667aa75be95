"""The compiled diff against its reference, and the reference's parts against definitions."""

from __future__ import annotations

import json
import random
from itertools import combinations, pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_edits import paragraphs, prose, texts

from dedup import kernels
from dedup.edits import diff
from dedup.edits.batch import TextPairs, diffs_as_json, find_edits
from dedup.edits.text import character_classes, lower_case
from dedup.errors import DiffError
from dedup.kernels import reference_edits as reference
from dedup.tokens import text_buffers


def pairs_of(pairs: list[tuple[str, str]]) -> TextPairs:
    sides = (pa.array([pair[side] for pair in pairs], pa.large_string()) for side in (0, 1))
    return TextPairs(*(buffer for side in sides for buffer in text_buffers(side)))


def rows_and_json(functions: object, pairs: TextPairs) -> tuple[list[list[int]], list[int], bytes]:
    rows = np.zeros((int(pairs.rows.sum()), 5), np.int64)
    starts = np.zeros(len(pairs) + 1, np.int64)
    tables = character_classes(), lower_case()
    assert functions.edit_pairs(*pairs.buffers, 0, *tables, rows, starts[1:]) == len(pairs)  # type: ignore[attr-defined]
    rows = rows[: starts[-1]]
    out = np.zeros(200 * (len(pairs) + len(rows)) + 6 * len(pairs.data_b), np.uint8)
    ends = np.zeros(len(pairs), np.int64)
    written = functions.write_edits(*pairs.buffers, 0, rows, starts, out, ends)  # type: ignore[attr-defined]
    return rows.tolist(), starts.tolist(), out[:written].tobytes()


def assert_equal(pairs: list[tuple[str, str]]) -> None:
    buffers = pairs_of(pairs)
    assert rows_and_json(kernels.warm(), buffers) == rows_and_json(reference, buffers)


@given(st.lists(st.tuples(texts, texts), max_size=4))
@example([("", ""), ("a", ""), ("", "a"), ("\x00", "\n"), ("\ufeffa", "a")])
@settings(deadline=None)
def test_kernels_equal_their_reference(pairs):
    assert_equal(pairs)


@given(st.lists(prose, max_size=12), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_kernels_equal_their_reference_after_shuffling(parts, rng):
    shuffled = [part.replace("on", "at") if rng.random() < 0.3 else part for part in parts]
    rng.shuffle(shuffled)
    assert_equal([("\n".join(parts), "\n".join(shuffled))])


@pytest.mark.parametrize("seed", range(8))
def test_kernels_equal_their_reference_on_edited_articles(seed):
    rng = random.Random(seed)
    pairs = []
    for _ in range(10):
        parts = paragraphs(rng, rng.randint(2, 25))
        other = rng.sample(parts, rng.randint(1, len(parts))) if rng.random() < 0.5 else parts[:]
        for _ in range(rng.randint(0, 8)):
            k = rng.randrange(len(other))
            words = other[k].split(" ")
            words[rng.randrange(len(words))] = rng.choice(["other", "ça", "10,5", "。", ""])
            other[k] = " ".join(words)
        pairs.append(("\n".join(parts), "\n".join(other)))
    assert_equal(pairs)


@pytest.mark.parametrize("seed", range(6))
def test_kernels_equal_their_reference_on_long_equal_stretches(seed):
    # words are compared in runs: here they end at other letters, marks and spaces, and at words that moved
    rng = random.Random(seed)
    words = [
        rng.choice(["the", "bridge", "Marrow", "12.5", "ö", "said", "re-open", "“no”"]) for _ in range(400)
    ]
    signs = [rng.choice([" "] * 20 + [". ", ", ", "\n", " – "]) for _ in words]
    other = [rng.choice([word.upper(), word + "x", word]) if rng.random() < 0.03 else word for word in words]
    gaps = [rng.choice(["\u00a0", "  ", ";\n"]) if rng.random() < 0.03 else sign for sign in signs]
    one = "".join(map("".join, zip(words, signs, strict=True)))
    two = "".join(map("".join, zip(other, gaps, strict=True)))
    cut = len(two) // 3
    assert_equal([(one, two), (one, two[cut:] + two[:cut]), (one, one), (one.upper(), two)])


def test_kernels_equal_their_reference_above_the_largest_table():
    rng = random.Random(2)
    words = [f"w{rng.randrange(2000)}" for _ in range(7000)]
    other = [rng.choice(words) if rng.random() < 0.1 else word for word in words]
    assert_equal([(" ".join(words), " ".join(other))])


@given(st.lists(st.tuples(texts, texts), max_size=5), st.integers(1, 40))
@settings(deadline=None)
def test_many_pairs_give_what_one_gives(pairs, rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dedup.edits.batch._ROWS", rows)  # so that not all are found at once
        made = diffs_as_json(
            pa.array([a for a, _ in pairs], pa.string()), pa.array([b for _, b in pairs], pa.string())
        )
    assert [json.loads(text) for text in made.to_pylist()] == [diff(a, b).as_json() for a, b in pairs]


@given(
    st.lists(st.lists(st.lists(st.integers(0, 20_000), min_size=2, max_size=2), max_size=3), max_size=4),
    st.integers(0, 2**63 - 1),
)
@settings(deadline=None)
def test_numbers_are_written_like_by_the_reference(lists, large):
    offsets = np.cumsum([0, *map(len, lists)])
    values = np.array([row for rows in lists for row in rows], np.int64).reshape(-1, 2)
    values[:1, :1] = large
    names = np.frombuffer(b"".join(name.ljust(32) for name in (b'{"a":', b',"bc":')), np.uint8).reshape(2, 32)
    written = []
    for functions in (kernels.warm(), reference):
        out, ends = np.zeros(64 * len(values) + 4 * len(lists) + 40, np.uint8), np.zeros(len(lists), np.int64)
        size = functions.write_numbers(values, names, np.array([5, 6]), offsets, out, ends)
        written.append((out[:size].tobytes(), ends.tolist()))
    assert written[0] == written[1]
    begins = [0, *written[0][1]]
    read = [json.loads(written[0][0][low:high]) for low, high in pairwise(begins)]
    expected = [[{"a": a, "bc": b} for a, b in values[low:high].tolist()] for low, high in pairwise(offsets)]
    assert read == expected


def test_json_has_room_for_all_it_says():
    """For control characters, six bytes each, also where a text has moved; and for many operations."""
    first, *others = paragraphs(random.Random(3), 6)
    words = first.split()
    moved = "\n".join([*others, " ".join([*words[:5], "\x01" * 2000, *words[5:]])])
    many = [f"w{n}" for n in range(2000)]
    pairs = [
        ("a", "\x01" * 2000),
        ("\n".join([first, *others]), moved),
        (" ".join(many), " ".join(word for n, word in enumerate(many) if n % 9)),
    ]
    for a, b in pairs:
        (made,) = diffs_as_json(pa.array([a]), pa.array([b])).to_pylist()
        assert json.loads(made) == diff(a, b).as_json()


def test_slices_of_arrays_will_do():
    texts_a = pa.array(["x", "One two three.", "Four."], pa.large_string())
    texts_b = pa.array(["One two four.", "Five.", "y"], pa.string())
    made = diffs_as_json(texts_a.slice(1), texts_b.slice(0, 2)).to_pylist()
    expected = [diff("One two three.", "One two four."), diff("Four.", "Five.")]
    assert [json.loads(text) for text in made] == [change.as_json() for change in expected]


@given(st.permutations(range(7)), st.lists(st.integers(1, 9), min_size=7, max_size=7))
def test_the_heaviest_chain_is_the_heaviest(values, weights):
    chain = reference.heaviest_chain(values, weights)
    assert all(m < n and values[m] < values[n] for m, n in pairwise(chain))
    best = max(
        sum(weights[n] for n in chosen)
        for size in range(8)
        for chosen in combinations(range(7), size)
        if all(values[m] < values[n] for m, n in pairwise(chosen))
    )
    assert sum(weights[n] for n in chain) == best


@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_a_longest_common_subsequence_is_the_longest(a, b):
    pairs = [*reference.longest_common(a, b)][::-1]
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    lengths = [0] * (len(b) + 1)
    for letter in a:
        before = lengths[:]
        for j, other in enumerate(b):
            lengths[j + 1] = before[j] + 1 if letter == other else max(before[j + 1], lengths[j])
    assert len(pairs) == lengths[-1]


def test_texts_too_long_are_refused_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.edits.batch._LONGEST", 13)
    find_edits(pairs_of([("", "the heron né"), ("the heron né", "")]))
    with pytest.raises(DiffError, match=r"of 14 bytes are too long .* 13 would do"):
        find_edits(pairs_of([("a", "the heron né")]))
