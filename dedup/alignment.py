"""Alignment: the runs of words that two documents have in common, and what is in and between them.

Lengths are in words, as in :mod:`dedup.texts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.texts import Texts

__all__ = ["LIFTED", "Aligned", "align"]

SEED = 3
"""Tokens a match must have to enter an alignment; chance matches of three are many, chains of them rare."""

LIFTED = 12
"""Words of verbatim runs, on average, where a paragraph was lifted; of a frame scraps are alike."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """What p pairs of documents share, in words; a figure is one, one numeral in 三万八千 half of one.

    Attributes:
        a: int64[p] document number.
        b: int64[p].
        words: float64[p], shared.
        narrative: float64[p], those of them outside quotations.
        longest: float64[p], words of the longest verbatim run.
        figures: float64[p], those inside the verbatim runs.
        conflicts: float64[p], those that differ in the gaps between runs.
        sentences: int32[p], how many were taken over.
        over_a: int32[p], half words of a that were: those shared, and the rest of sentences half of which is.
        over_b: int32[p], of b.
        verbatim: float64[p], words of the runs, stock or not.
        left: float64[p], words of the shorter document outside the runs.
        runs: int32[r, 3], the verbatim runs: first token in a, first in b, tokens; those of a pair next to
            each other.
        start: int64[p], the first run of each pair.
        stop: int64[p], one past its last.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    words: NDArray[np.float64]
    narrative: NDArray[np.float64]
    longest: NDArray[np.float64]
    figures: NDArray[np.float64]
    conflicts: NDArray[np.float64]
    sentences: NDArray[np.int32]
    over_a: NDArray[np.int32]
    over_b: NDArray[np.int32]
    verbatim: NDArray[np.float64]
    left: NDArray[np.float64]
    runs: NDArray[np.int32]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    @property
    def scraps(self) -> NDArray[np.bool_]:
        """bool[p], their verbatim runs are short, as those of a frame."""
        return np.asarray(self.verbatim < LIFTED * (self.stop - self.start))


def align(texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64], settings: Settings) -> Aligned:
    """Align pairs on their body tokens; :mod:`dedup.kernels.overlap` says how.

    Args:
        texts: Body tokens of n documents.
        a: int64[p] document number.
        b: int64[p].
        settings: For the shortest run that counts, and the widest gap in a passage.
    """
    size_a, size_b = texts.stop[a] - texts.start[a], texts.stop[b] - texts.start[b]
    both = size_a + size_b
    counts, run_counts = np.zeros((len(a), 8), np.int32), np.zeros(len(a), np.int64)
    room = int(both.max(initial=0)) + int(both.sum()) // 4
    kept = [np.empty((0, 3), np.int32)]
    loops, done = kernels.get(), 0
    while done < len(a):
        runs = np.empty((room, 3), np.int32)
        upto = loops.align_pairs(
            texts.hash, texts.flags, texts.start, texts.stop, texts.spaceless, a, b,
            done, SEED, settings.bridge, settings.min_run, counts, runs, run_counts,
        )  # fmt: skip
        kept.append(runs[: run_counts[done:upto].sum()].copy())
        done = upto
    runs, stop = np.concatenate(kept), np.cumsum(run_counts)
    start = stop - run_counts
    tokens = np.add.reduceat(np.append(runs[:, 2], 0), start) * (stop > start)
    unit = 1 + (texts.spaceless[a] & texts.spaceless[b])
    left = (np.minimum(size_a, size_b) - tokens) / unit
    words, narrative, longest, figures, conflicts = counts[:, :5].T / 2
    sentences, over_a, over_b = counts[:, 5:].T
    return Aligned(
        *(a, b, words, narrative, longest, figures, conflicts, sentences, over_a, over_b),
        *(tokens / unit, left, runs, start, stop),
    )
