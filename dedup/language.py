"""The language of a document, as given or guessed from its function words.

A guess by counting the most frequent words of about forty languages, which Grefenstette (1995) found as good
as trigrams from about ten words on. It only labels; nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup import kernels
from dedup.datafiles import read_lines
from dedup.ragged import steps
from dedup.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["detect"]

SAMPLE = 200
"""Tokens looked at, from the start of a document."""

SHARE = 0.1
"""Share of them that must be function words of the language."""

BUCKET_BITS = 12
"""Of a hash, by which function words are looked up: a bucket holds less than one on average."""


def detect(tokens: Tokens, given: pa.Array) -> pa.Array:
    """ISO 639-1 codes, null where there is too little to tell by: string[n].

    Args:
        tokens: The batch's token stream.
        given: string[n]; what is not null here stays.
    """
    if not given.null_count:
        return given
    words = _function_words()
    counts = np.empty((len(tokens), len(words.codes)), np.uint32)
    loops = kernels.get()
    loops.count_languages(
        tokens.hash, tokens.offsets, words.hash, words.buckets, words.languages, SAMPLE, counts
    )
    best = counts.argmax(axis=1)
    enough = counts.max(axis=1) > SHARE * np.minimum(steps(tokens.offsets), SAMPLE)
    guess = pa.array(words.codes, pa.string()).take(pa.array(best, mask=~enough))
    return guess if given.null_count == len(given) else pc.coalesce(given, guess)


@dataclass(frozen=True, slots=True)
class _FunctionWords:
    """Function words of m languages.

    Attributes:
        codes: Of the languages.
        hash: uint64[w], token hashes, sorted.
        languages: uint64[w], a bit for each language a word belongs to.
        buckets: int64[2**n + 1]; ``buckets[b]:buckets[b + 1]`` begin with the n bits b.
    """

    codes: tuple[str, ...]
    hash: NDArray[np.uint64]
    languages: NDArray[np.uint64]
    buckets: NDArray[np.int64]


@cache
def _function_words() -> _FunctionWords:
    lines = [line.split() for line in read_lines("data/function_words.txt")]
    made = tokenize(pa.array([" ".join(words) for _, *words in lines], pa.large_string()))
    languages: dict[int, int] = {}
    for number in range(len(lines)):
        for value in made.hash[made.offsets[number] : made.offsets[number + 1]].tolist():
            languages[value] = languages.get(value, 0) | 1 << number
    order = np.array(sorted(languages), np.uint64)
    bits = np.array([languages[value] for value in order.tolist()], np.uint64)
    edges = np.arange(1 << BUCKET_BITS, dtype=np.uint64) << np.uint64(64 - BUCKET_BITS)
    buckets = np.append(np.searchsorted(order, edges), len(order)).astype(np.int64)
    return _FunctionWords(tuple(code for code, *_ in lines), order, bits, buckets)
