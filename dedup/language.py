"""The language of a document, as given or guessed from its function words.

A guess by counting the most frequent words of about forty languages, which Grefenstette (1995) found as good
as trigrams from about ten words on. It only labels; nothing is decided by it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.ragged import gather
from dedup.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["detect"]

SAMPLE = 200
"""Tokens looked at, from the start of a document."""

SHARE = 0.1
"""Share of them that must be function words of the language."""


def detect(tokens: Tokens, given: pa.Array) -> pa.Array:
    """ISO 639-1 codes, null where there is too little to tell by: string[n].

    Args:
        tokens: The batch's token stream.
        given: string[n]; what is not null here stays.
    """
    codes, words, languages = _function_words()
    n = len(tokens)
    start = tokens.offsets[:-1]
    sample, document = gather(start, np.minimum(tokens.offsets[1:], start + SAMPLE))
    hashes = tokens.hash[sample]
    place = np.searchsorted(words, hashes)
    known = np.flatnonzero(words[np.minimum(place, len(words) - 1)] == hashes)
    held = (languages[place[known], None] >> np.arange(len(codes), dtype=np.uint64)) & np.uint64(1)
    row, language = np.nonzero(held)
    cell = document[known[row]] * len(codes) + language
    counts = np.bincount(cell, minlength=n * len(codes)).reshape(n, len(codes))
    best = counts.argmax(axis=1)
    enough = counts.max(axis=1, initial=0) > SHARE * np.bincount(document, minlength=n)
    guess = pa.array(np.where(enough, np.array(codes, object)[best], None), pa.string())
    return pc.coalesce(given, guess)


@cache
def _function_words() -> tuple[tuple[str, ...], NDArray[np.uint64], NDArray[np.uint64]]:
    """Codes; sorted token hashes; for each the languages it belongs to, a bit each."""
    text = resources.files("dedup").joinpath("data/function_words.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    made = tokenize(pa.array([" ".join(words) for _, *words in lines], pa.large_string()))
    languages: dict[int, int] = {}
    for number in range(len(lines)):
        for value in made.hash[made.offsets[number] : made.offsets[number + 1]].tolist():
            languages[value] = languages.get(value, 0) | 1 << number
    order = sorted(languages)
    bits = np.array([languages[value] for value in order], np.uint64)
    return tuple(code for code, *_ in lines), np.array(order, np.uint64), bits
