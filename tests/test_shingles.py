from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dedup.config import Settings
from dedup.shingles import shingle, shingle_hash, shingles
from dedup.texts import CHARACTER, QUOTED, half_words, is_spaceless
from dedup.tokens import tokenize

WORDS = st.lists(
    st.sampled_from(["a1", "bb", "cc", "d", "China’s", "U.S.", "中", "かが", "3.5"]), max_size=30
)


def test_consecutive_words() -> None:
    assert shingles("One two, three four: five six.") == [
        b"one two three four five",
        b"two three four five six",
    ]


def test_short_and_empty() -> None:
    assert shingles("One two") == [b"one two"]
    assert shingles("") == []
    assert shingles("— … !") == []


def test_size_doubles_without_spaces() -> None:
    made = shingle(
        tokenize(pa.array(["一二三四五六七八九十百千", "one two three four 五"])), None, Settings()
    )
    assert made.size.tolist() == [10, 5]
    assert np.diff(made.offsets).tolist() == [3, 1]


@given(st.lists(st.lists(st.booleans(), max_size=7), max_size=5))
def test_most_tokens_are_single_characters(documents: list[list[bool]]) -> None:
    flags = np.array([CHARACTER * one for document in documents for one in document], np.uint8)
    size = np.array([len(document) for document in documents], np.int64)
    stop = np.cumsum(size)
    (length,) = half_words(flags | np.uint8(QUOTED), stop - size, stop)
    expected = [2 * sum(document) > len(document) for document in documents]
    assert is_spaceless(length, size).tolist() == expected


def test_only_body_tokens_count() -> None:
    tokens = tokenize(pa.array(["one two three", "four five six seven"]))
    body = np.array([True, False, True, True, True, False, True])
    made = shingle(tokens, body, Settings(shingle_words=2))
    expected = [b"one three", b"four five", b"five seven"]
    assert (made.hash >> np.uint64(32)).tolist() == [shingle_hash(s) for s in expected]
    assert made.offsets.tolist() == [0, 1, 3]
    assert made.words.tolist() == tokens.hash[body].tolist()


@given(st.lists(WORDS.map(" ".join), max_size=4), st.integers(1, 7))
def test_hash_is_the_public_hash(texts: list[str], size: int) -> None:
    settings = Settings(shingle_words=size)
    made = shingle(tokenize(pa.array(texts, pa.large_string())), None, settings)
    expected = [shingle_hash(s) for text in texts for s in shingles(text, settings)]
    assert (made.hash >> np.uint64(32)).tolist() == expected


def test_hash_does_not_change() -> None:
    # stored signatures depend on it
    assert shingle_hash(b"the quick brown fox jumps") == 2350127239
    assert shingle_hash(b"a b") != shingle_hash(b"b a")
