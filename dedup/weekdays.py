"""Days of the week that texts name: briefs of two days that name different ones tell of two days.

A copy keeps the day its original names, or says "yesterday"; it names no other one. The next list of speed
traps does, in the frame of the last.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.datafiles import read_lines
from dedup.ragged import gather, owners
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.texts import Texts

__all__ = ["other_weekdays"]


@cache
def _names() -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Token hashes of the names, sorted, and the bit of the day of each."""
    made = tokenize(pa.array(read_lines("data/weekdays.txt"), pa.large_string()))
    order = np.argsort(made.hash)
    return made.hash[order], (1 << owners(made.offsets)).astype(np.uint8)[order]


def other_weekdays(
    texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64], asked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Pairs that both name days of the week, and none in common: bool[p].

    Args:
        texts: Body tokens of n documents.
        a: int64[p] document number.
        b: int64[p].
        asked: bool[p], the pairs that are looked at.
    """
    found = np.zeros(len(a), bool)
    rows = np.flatnonzero(asked)
    if not len(rows):  # mostly
        return found
    days = _days(texts, np.concatenate([a[rows], b[rows]])).reshape(2, -1)
    found[rows] = (days > 0).all(axis=0) & (days[0] & days[1] == 0)
    return found


def _days(texts: Texts, documents: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The days of the week each document names, a bit a day, the lowest for Monday: uint8[len(documents)]."""
    names, bits = _names()
    at, row = gather(texts.start[documents], texts.stop[documents])
    place = np.minimum(np.searchsorted(names, texts.hash[at]), len(names) - 1)
    named = names[place] == texts.hash[at]
    days = np.zeros(len(documents), np.uint8)
    np.bitwise_or.at(days, row[named], bits[place[named]])
    return days
