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
from dedup.ragged import gather, owners, running, steps
from dedup.shingles import roll
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.alignment import Aligned
    from dedup.texts import Texts

__all__ = ["other_weekdays"]

MOST = 3
"""Tokens of a name."""


@cache
def _names() -> dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]]:
    """By their number of tokens: hashes of the names, sorted, and the bit of the day of each."""
    named = [line.split() for line in read_lines("data/weekdays.txt")]
    made = tokenize(pa.array([name for names in named for name in names], pa.large_string()))
    bits = np.repeat(1 << np.arange(7), [len(names) for names in named]).astype(np.uint8)
    sizes = steps(made.offsets)
    _, hashes = roll(made.hash, made.offsets, sizes)
    order = np.argsort(hashes)
    hashes, bits, sizes = hashes[order], bits[order], sizes[order]
    return {size: (hashes[sizes == size], bits[sizes == size]) for size in np.unique(sizes).tolist()}


def other_weekdays(texts: Texts, aligned: Aligned, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs that name days of the week, none in common runs, and one in the place of another: bool[p].

    Tomorrow of one forecast is today in the next: "Monday, in the night to Tuesday", "Tuesday, in the night
    to Wednesday". In the place of another is between the same two common runs, or before the first or behind
    the last of both texts: the day of a sentence that was added says nothing of what was copied.

    Args:
        texts: Body tokens of n documents.
        aligned: The pairs.
        where: bool[p], the pairs that are looked at.
    """
    a, b = aligned.a, aligned.b
    found = np.zeros(len(a), bool)
    rows = np.flatnonzero(where)
    if not len(rows):  # mostly
        return found
    run, of = gather(aligned.start[rows], aligned.stop[rows])
    begin = texts.start[a[rows]][of] + aligned.runs[run, 0]
    common = _days(texts, begin, begin + aligned.runs[run, 2]) > 0
    rows = rows[np.bincount(of, common, len(rows)) == 0]
    run, of = gather(aligned.start[rows], aligned.stop[rows])
    head = np.stack([texts.start[a[rows]], texts.start[b[rows]], np.zeros(len(rows), np.int64)], axis=1)
    tail = np.stack([texts.stop[a[rows]], texts.stop[b[rows]], head[:, 2]], axis=1)
    runs = np.concatenate([head, aligned.runs[run] + head[of], tail])
    pair = np.concatenate([np.arange(len(rows)), of, np.arange(len(rows))])
    order = np.lexsort((runs[:, 0], pair))  # it is stable
    runs, pair = runs[order], pair[order]
    starts, stops = runs[:-1, :2] + runs[:-1, 2:], runs[1:, :2]
    gap = np.flatnonzero((pair[1:] == pair[:-1]) & (starts <= stops).all(axis=1))
    pair = pair[gap]
    # of 목요일 and 월요일 one sign differs; a name that is common to both isn't there
    starts = np.maximum(starts[gap] - MOST + 1, head[pair, :2])
    stops = np.minimum(stops[gap] + MOST - 1, tail[pair, :2])
    of_a, of_b = (_days(texts, starts[:, side], stops[:, side]) for side in (0, 1))
    found[rows[pair[(of_a > 0) & (of_b > 0) & (of_a & of_b == 0)]]] = True
    return found


def _days(texts: Texts, start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The days of the week m stretches of tokens name, a bit a day, the lowest for Monday: uint8[m]."""
    days = np.zeros(len(start), np.uint8)
    words = texts.hash[gather(start, stop)[0]]
    for size, (names, bits) in _names().items():
        offsets, hashes = roll(words, running(stop - start), np.full(len(start), size))
        place = np.minimum(np.searchsorted(names, hashes), len(names) - 1)
        named = names[place] == hashes
        np.bitwise_or.at(days, owners(offsets)[named], bits[place[named]])
    return days
