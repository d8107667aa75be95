"""Attestation: which text of a family other versions carry too.

Nothing here reads words: it looks at the shared runs of verified pairs, per body token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup.ragged import gather
from dedup.tokens import CHARACTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.overlap import Edges, Texts

__all__ = ["agreement", "attested_words"]


_TOKENS = 1 << 20  # looked at together: what is made of them stays in the cache


@dataclass(frozen=True, slots=True)
class _Window:
    """Documents whose tokens stand together, ``first`` to ``stop``, in that order."""

    documents: NDArray[np.int64]
    first: int
    stop: int


def _windows(texts: Texts) -> Iterator[_Window]:
    """All documents that have tokens."""
    order = np.argsort(texts.start, kind="stable")
    order = order[(texts.stop > texts.start)[order]]
    stop = texts.stop[order]
    low = first = 0
    while low < len(order):
        high = max(low + 1, int(np.searchsorted(stop, first + _TOKENS, "right")))
        yield _Window(order[low:high], first, int(stop[high - 1]))
        low, first = high, int(stop[high - 1])


@dataclass(frozen=True, slots=True)
class _Spans:
    """Body tokens that a document shares, directly, with another of its family; sorted by start."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    def count(self, window: _Window) -> NDArray[np.int64]:
        """How many other members of its family share each token of a window: int64[tokens]."""
        low, high = np.searchsorted(self.start, [window.first, window.stop])
        size = window.stop - window.first + 1
        opens = np.bincount(self.start[low:high] - window.first, minlength=size)
        closes = np.bincount(self.stop[low:high] - window.first, minlength=size)
        return np.asarray(np.cumsum(opens - closes)[:-1])


def _spans(texts: Texts, edges: Edges, family: NDArray[np.int64]) -> _Spans:
    """Shared runs of verified pairs; those between families are ignored."""
    inside = np.flatnonzero(family[edges.a] == family[edges.b])
    rows, edge = gather(edges.run_start[inside], edges.run_stop[inside])
    runs = edges.runs[rows]
    sides = enumerate((edges.a, edges.b))
    start = np.concatenate([texts.start[member[inside][edge]] + runs[:, side] for side, member in sides])
    stop = start + np.concatenate([runs[:, 2], runs[:, 2]])
    order = np.argsort(start)
    return _Spans(start[order], stop[order])


def attested_words(texts: Texts, edges: Edges, family: NDArray[np.int64]) -> NDArray[np.int64]:
    """Words of each document that at least one other version carries: int64[n]."""
    spans = _spans(texts, edges, family)
    half_words = np.zeros(len(family))
    for window in _windows(texts):
        attested = spans.count(window) > 0
        half_words[window.documents] = _half_words(texts, window, attested.astype(np.float64))
    return half_words.astype(np.int64) // 2


def agreement(
    texts: Texts,
    edges: Edges,
    collapsed: Edges,
    to_canonical: Edges,
    family: NDArray[np.int64],
    canonical: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Share of what two or more versions of its family carry that the canonical version has: float64[n].

    What the canonical version lacks is counted once for all the versions that carry it: by each of s + 1
    versions with one part in s + 1. Equal within a family; 1 where versions share nothing.

    Args:
        texts: The body tokens of n documents.
        edges: Related pairs of leaders.
        collapsed: Each copy with its leader.
        to_canonical: Each other member with its canonical version.
        family: int64[n].
        canonical: int64[n].
    """
    n = len(family)
    leaders, copies, taken = (_spans(texts, some, family) for some in (edges, collapsed, to_canonical))
    has, lacked = np.zeros(n), np.zeros(n)
    for window in _windows(texts):
        among_leaders = leaders.count(window)
        attested = (among_leaders > 0) | (copies.count(window) > 0)
        has[window.documents] = _half_words(texts, window, attested.astype(np.float64))
        lacking = attested & (taken.count(window) == 0)
        lacked[window.documents] = _half_words(texts, window, lacking / (among_leaders + 1.0))
    has = has[canonical]
    lacked[canonical == np.arange(n)] = 0
    lacked[collapsed.b] = 0  # what a copy has, its leader has been counted for
    missing = np.bincount(family, lacked, n)[family]
    total = has + missing
    return np.where(total > 0, has / np.maximum(total, 1), 1.0)


def _half_words(texts: Texts, window: _Window, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the weights of each document's tokens, in half words: float64[documents]."""
    weight = weight * np.where(texts.flags[window.first : window.stop] & CHARACTER, 1, 2)
    # summed by itself, so that no other document can change the last digit
    start, stop = (bound[window.documents] - window.first for bound in (texts.start, texts.stop))
    bounds = np.stack([start, stop], axis=1).ravel()
    return np.asarray(np.add.reduceat(np.append(weight, 0.0), bounds)[::2])
