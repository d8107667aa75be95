"""Attestation: which text of a family other versions carry too.

Nothing here reads words: it looks at the shared runs of verified pairs, per body token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.parallel import for_each
from dedup.ragged import by_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.edges import Edges
    from dedup.texts import Texts

__all__ = ["agreed_share", "attested_words", "lacking_words"]


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


class _Shared:
    """Body tokens that a document shares, directly, with others of its family."""

    def __init__(self, texts: Texts, edges: Edges, family: NDArray[np.int64]) -> None:
        self._texts = texts
        self._edges = edges
        inside = np.flatnonzero(family[edges.a] == family[edges.b])
        ends = np.concatenate([edges.a[inside], edges.b[inside]])
        self._offsets, end = by_owner(ends, len(family))
        second = end >= len(inside)
        self._end = inside[end - second * len(inside)] << 1 | second

    def change(self, window: _Window) -> NDArray[np.int32]:
        """Difference array: its running sum is how many other members share each token of a window."""
        edges, documents = self._edges, window.documents
        begin = self._texts.start[documents] - window.first
        change = np.zeros(window.stop - window.first + 1, np.int32)
        start, stop = self._offsets[documents], self._offsets[documents + 1]
        kernels.get().open_runs(
            begin, start, stop, self._end, edges.run_start, edges.run_stop, edges.runs, change
        )
        return change[:-1]


def attested_words(
    texts: Texts, edges: Edges, family: NDArray[np.int64], threads: int = 1
) -> NDArray[np.int64]:
    """Words of each document that at least one other version carries: int64[n].

    Args:
        texts: The body tokens of n documents.
        edges: Verified pairs; those between families are ignored.
        family: int64[n].
        threads: How many share the work.
    """
    nothing = edges.take(slice(0))
    has, _ = lacking_words(texts, edges, nothing, nothing, family, threads=threads)
    return (has // 2).astype(np.int64)


def agreed_share(
    has: NDArray[np.float64],
    lacked: NDArray[np.float64],
    family: NDArray[np.int64],
    canonical: NDArray[np.int64],
    copy: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Share of what is attested in its family that the canonical version has: float64[n]; 1 where nothing is.

    What the canonical version lacks is counted once for all the versions that carry it: by each of s + 1
    versions with one part in s + 1. Equal within a family.

    Args:
        has: float64[n], of :func:`lacking_words`.
        lacked: float64[n].
        family: int64[n], below n.
        canonical: int64[n].
        copy: bool[n], of another document, which has been counted for what this one has.
    """
    n = len(family)
    counted = (canonical != np.arange(n)) & ~copy
    has = has[canonical]
    total = has + np.bincount(family, lacked * counted, n)[family]
    return np.where(total > 0, has / np.maximum(total, 1), 1.0)


def lacking_words(
    texts: Texts,
    edges: Edges,
    collapsed: Edges,
    to_canonical: Edges,
    family: NDArray[np.int64],
    *,
    threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Words of each document that other members carry, and its part of those its canonical version lacks.

    Of a word that it shares with s leaders, this is one part in s + 1. A function of each document's own
    edges: of the others nothing but the family is looked at.

    Returns:
        float64[n] each, in half words.
    """
    n = len(family)
    leaders, copies, taken = (_Shared(texts, some, family) for some in (edges, collapsed, to_canonical))
    has, lacked = np.zeros(n), np.zeros(n)

    def look(window: _Window) -> None:
        flags = texts.flags[window.first : window.stop]
        start, stop = (bound[window.documents] - window.first for bound in (texts.start, texts.stop))
        changes = (some.change(window) for some in (leaders, copies, taken))
        own = np.empty((2, len(start)))
        kernels.get().weigh_shared(flags, start, stop, *changes, *own)
        has[window.documents], lacked[window.documents] = own

    for_each(look, _windows(texts), threads)
    return has, lacked
