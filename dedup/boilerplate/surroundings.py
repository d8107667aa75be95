"""Where on its page a unit lies: in the thick of the article or apart from it, in a run of its like or not.

Before a word is read a page shows its article: where the sentences stand close. The densest stretch of them
is found as the run of units with the largest sum, long sentences counted for it, other units against it (as
body text extraction does: Finn, Kushmerick and Smyth, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedup.boilerplate.units import Units

__all__ = ["Beside", "densest", "surroundings"]

Mask = NDArray[np.bool_]
MOST_WORDS = 60
"""Words of one unit that count for the density; a list glued together is no stretch of sentences."""
AGAINST = 8
"""Words of prose one other unit outweighs."""
NEAR = 4
"""Units next to the densest stretch are near it so far."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The units ``step`` places on within the same document: looked for once, read by many features."""

    at: NDArray[np.int64]
    inside: Mask

    @classmethod
    def of(cls, units: Units, step: int, document: NDArray[np.int64]) -> Beside:
        """Look for them; document is int64[U], the one each unit lies in."""
        at = np.arange(len(units)) + step
        inside = (at >= units.offsets[document]) & (at < units.offsets[document + 1])
        return cls(np.where(inside, at, 0), inside)

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        """Their values, zero beyond the ends of a document."""
        return values[self.at] * self.inside


def surroundings(
    units: Units,
    beside: dict[int, Beside],
    words: NDArray[np.float64],
    prose: Mask,
    bare: Mask,
    stop: Mask,
    cued: Mask,
) -> Iterator[tuple[str, Mask]]:
    """Name and column of each feature of the part of the page a unit lies in.

    Args:
        units: Where the units are.
        beside: Their neighbours, by distance.
        words: float64[U], their lengths.
        prose: bool[U], sentences of some length.
        bare: bool[U], no sign closes the unit.
        stop: bool[U], a full stop or its like closes it.
        cued: bool[U], cues of boilerplate lie in it.
    """
    size = len(words)
    document = np.repeat(np.arange(len(units.offsets) - 1), np.diff(units.offsets))
    low, high = units.offsets[document], units.offsets[document + 1]
    row = np.arange(size)
    running = np.append(0, np.cumsum(prose))
    for reach in (2, 5, 12):
        first, last = np.maximum(row - reach, low), np.minimum(row + reach + 1, high)
        others = running[last] - running[first] - prose
        share = others / np.maximum(last - first - 1, 1)
        yield f"prose within {reach}: none", others == 0
        yield f"prose within {reach}: few", (others > 0) & (share < 0.3)
        yield f"prose within {reach}: some", (share >= 0.3) & (share < 0.6)
        yield f"prose within {reach}: most", share >= 0.6

    gain = np.where(stop & (words >= 5) & ~(cued & ~prose), np.minimum(words, MOST_WORDS), -AGAINST).astype(
        np.int64
    )
    begin, end = densest(gain, units.offsets)
    first, last = begin[document], end[document]
    inside = (row >= first) & (row < last)
    before, after = (row < first) & (last > first), row >= last
    distance = np.where(before, first - row, np.where(after, row - last + 1, 0))
    near = (distance > 0) & (distance <= NEAR)
    places = {
        "in the thick": inside,
        "just above it": before & near,
        "above it": before & ~near,
        "just below it": after & near,
        "below it": after & ~near,
    }
    lengths = ((0, 3), (3, 8), (8, 13), (13, 25), (25, 1 << 30))
    for place, there in places.items():
        yield place, there
        for least, most in lengths:
            of_length = there & (words >= least) & (words < most)
            for ending, ends in (("stopped", stop), ("open", ~stop)):
                yield f"{place}: {least}.. words, {ending}", of_length & ends
        yield f"{place}: cued", there & cued

    headline = bare & (words >= 4) & (words < 20)
    for name, mask in (("unlike prose", ~prose), ("like a headline", headline), ("short", words < 5)):
        run = _run_lengths(mask, document)
        for least, most in ((1, 2), (2, 4), (4, 8), (8, 16), (16, 1 << 30)):
            yield f"run {name} {least}..", (run >= least) & (run < most)
    alike_before = np.abs(words - beside[-1](words)) <= 2
    alike_after = np.abs(words - beside[1](words)) <= 2
    yield "as long as both neighbours, bare", alike_before & alike_after & bare
    yield (
        "heading between prose",
        (words < 9) & ~stop & ~cued & beside[-1](prose) & beside[1](prose),
    )


def densest(gain: NDArray[np.int64], offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """The run of units with the largest sum in each document, the first of equals; empty without a gain.

    Bentley's maximum subarray (1984) for all documents at once: the running minimum of the sums starts
    afresh in each document because every document's sums lie below those of the one before.

    Returns:
        int64[n] and int64[n], its first unit and the one after its last.
    """
    begin = offsets[:-1].copy()
    end = begin.copy()
    held = np.flatnonzero(np.diff(offsets) > 0)
    if not len(held):
        return begin, end
    document = np.repeat(np.arange(len(begin)), np.diff(offsets))
    total = np.cumsum(gain) - (document << 32)
    before = total - gain
    lowest = np.minimum.accumulate(before)
    fresh = before == lowest
    origin = np.maximum.accumulate(np.where(fresh, np.arange(len(gain)), 0))
    rise = total - lowest
    best = np.maximum.reduceat(rise, offsets[held])
    at = np.flatnonzero(rise == np.repeat(best, np.diff(offsets)[held]))
    first = at[np.diff(document[at], prepend=-1) != 0]
    risen = best > 0
    begin[held[risen]] = origin[first[risen]]
    end[held[risen]] = first[risen] + 1
    return begin, end


def _run_lengths(mask: Mask, document: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[U]: how many neighbouring units of the document share a true value with this one; 0 if false."""
    if not len(mask):
        return np.zeros(0, np.int64)
    breaks = np.append(True, (mask[1:] != mask[:-1]) | (document[1:] != document[:-1]))
    sizes = np.diff(np.append(np.flatnonzero(breaks), len(mask)))
    return np.where(mask, np.repeat(sizes, sizes), 0)
