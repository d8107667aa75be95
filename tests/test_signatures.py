from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.config import Settings
from dedup.shingles import shingle, shingle_hash, shingles
from dedup.signatures import Sketches, as_minhash, permutations, sketch
from dedup.tokens import tokenize

DEFAULTS = Settings()
words = st.lists(st.integers(0, 30).map(lambda i: f"w{i}"), max_size=60)


def sketches(texts: list[str], chosen: Settings = DEFAULTS) -> Sketches:
    return sketch(shingle(tokenize(pa.array(texts, pa.large_string())), None, chosen), chosen)


def of(all_: Sketches, d: int) -> tuple[list[int], list[int], list[int], list[int]]:
    own = slice(all_.offsets[d], all_.offsets[d + 1])
    return (
        all_.signatures[d].tolist(),
        all_.fingerprints[own].tolist(),
        all_.positions[own].tolist(),
        all_.content[d].tolist(),
    )


@pytest.mark.parametrize(("count", "seed"), [(128, 1), (16, 7), (2, 0)])
def test_permutations_are_datasketch_s(count: int, seed: int) -> None:
    theirs = MinHash(num_perm=count, seed=seed, scheme="affine32").permutations
    assert np.array_equal(np.array(permutations(count, seed)), theirs)


@given(words.map(" ".join), st.sampled_from([1, 2, 5]), st.sampled_from([2, 64, 128, 130]))
@settings(deadline=None)
def test_signature_equals_datasketch(text: str, size: int, count: int) -> None:
    chosen = Settings(shingle_words=size, permutations=count)
    theirs = MinHash(num_perm=count, seed=1, scheme="affine32", hashfunc=shingle_hash)
    theirs.update_batch(shingles(text, chosen))
    ours = as_minhash(sketches([text], chosen).signatures[0], chosen)
    assert ours == theirs
    assert ours.jaccard(theirs) == 1.0
    ours.update(b"one more")
    theirs.update(b"one more")
    assert ours == theirs


@given(st.lists(words.map(" ".join), max_size=5))
@settings(deadline=None)
def test_batch_equals_one_by_one(texts: list[str]) -> None:
    together = sketches(texts)
    assert len(together.signatures) == len(texts)
    for d, text in enumerate(texts):
        assert of(together, d) == of(sketches([text]), 0)


@given(words, words, words, words, words, st.sampled_from([(5, 8), (2, 4), (1, 1), (3, 16)]))
@settings(deadline=None)
def test_winnowing_finds_every_long_run(
    a: list[str], b: list[str], c: list[str], d: list[str], extra: list[str], scheme: tuple[int, int]
) -> None:
    size, window = scheme
    shared = (extra + [f"s{i}" for i in range(size + window)])[: max(size + window - 1, len(extra))]
    chosen = Settings(shingle_words=size, window=window)
    both = sketches([" ".join(a + shared + b), " ".join(c + shared + d)], chosen)
    assert set(of(both, 0)[1]) & set(of(both, 1)[1])


@given(words.map(" ".join))
@settings(deadline=None)
def test_positions_point_at_the_shingle(text: str) -> None:
    made = shingle(tokenize(pa.array([text], pa.large_string())), None, DEFAULTS)
    sketched = sketch(made, DEFAULTS)
    assert (made.hash[sketched.positions] >> np.uint64(16)).tolist() == sketched.fingerprints.tolist()
    assert (len(sketched.fingerprints) > 0) == (len(made.hash) > 0)
    assert (np.diff(sketched.positions.astype(int)) > 0).all()


def test_rightmost_of_equals() -> None:
    # a repeated word gives equal shingles: each window picks its last
    made = sketches(["x " * 14], Settings(shingle_words=1, window=4))
    assert made.positions.tolist() == list(range(3, 14))


def test_content_tells_order_and_length() -> None:
    texts = ["", "a", "a a", "a b", "b a", "A, b!", "a b c", "中 a"]
    content = [tuple(row) for row in sketches(texts).content.tolist()]
    assert content[3] == content[5]
    assert len(set(content)) == len(texts) - 1


def test_empty_batch_and_empty_documents() -> None:
    assert len(sketches([]).signatures) == 0
    made = sketches(["", "word"])
    assert (made.signatures[0] == 0xFFFFFFFF).all()
    assert made.offsets.tolist() == [0, 0, 1]
