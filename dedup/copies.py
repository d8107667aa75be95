"""Copies: groups of equal and nearly equal documents, each led by its first member.

They are collapsed before passages are compared, so that one press release fifty thousand times is one
document to everything after. A copy is always verified against its leader, never taken from a bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.candidates import exact_leaders, near_pairs, unique_pairs
from dedup.edges import NEAR
from dedup.overlap import verify
from dedup.texts import DAY, NO_DAY, Texts, mostly_stock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings

__all__ = ["collapse", "days_of_stock", "loosen"]


def collapse(
    texts: Texts,
    content: NDArray[np.uint64],
    signatures: NDArray[np.uint32],
    row: NDArray[np.int64],
    comparable: NDArray[np.bool_],
    settings: Settings,
) -> NDArray[np.int64]:
    """First document each one is a copy of, its own number where it is none: int64[n].

    Args:
        texts: Body tokens.
        content: uint64[n, 2].
        signatures: uint32[n, permutations], by row.
        row: int64[n], row of each document.
        comparable: bool[n], may be compared other than as a whole.
        settings: What near means.
    """
    leader = exact_leaders(content)
    alone = np.flatnonzero((leader == np.arange(len(leader))) & comparable)
    edges = verify(texts, near_pairs(signatures, row[alone], alone, settings.workers), settings)
    edges = edges.take(edges.kind == NEAR)
    _, first = np.unique(edges.b, return_index=True)  # sorted by a: the first edge of b leads to its earliest
    leader[edges.b[first]] = edges.a[first]
    root = leader
    while (root != root[root]).any():
        root = root[root]
    return _verified(texts, content, root, settings)


def loosen(
    leader: NDArray[np.int64],
    texts: Texts,
    content: NDArray[np.uint64],
    notice: NDArray[np.bool_],
    settings: Settings,
) -> NDArray[np.int64]:
    """Leaders of :func:`collapse`, verified again with stock left out: what is equal only in that is no copy.

    Args:
        leader: int64[n], of :func:`collapse`.
        texts: Body tokens, stock marked.
        content: uint64[n, 2].
        notice: bool[n], of :func:`dedup.stock.find_notices`.
        settings: What near means.
    """
    day = days_of_stock(texts, notice).astype(np.uint64)
    exact = exact_leaders(np.column_stack([content, day]))
    near = np.flatnonzero((content[leader] != content[exact]).any(axis=1))
    found = exact.copy()
    found[near] = leader[near]
    return _verified(texts, content, found[found], settings, otherwise=exact)


def days_of_stock(texts: Texts, notice: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Day of each document that is mostly stock, ``NO_DAY`` of the others: int64[n].

    Equal ones, short notices in the words of every week, stay together for a day.

    Args:
        texts: Body tokens, stock marked.
        notice: bool[n], of :func:`dedup.stock.find_notices`; they may have no body at all.
    """
    stocky = notice | mostly_stock(texts.flags, texts.start, texts.stop)
    return np.where(stocky, texts.published // DAY, NO_DAY)


def _verified(
    texts: Texts,
    content: NDArray[np.uint64],
    leader: NDArray[np.int64],
    settings: Settings,
    otherwise: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Leaders that hold: equal, or near when compared directly; else the first equal document."""
    otherwise = exact_leaders(content) if otherwise is None else otherwise
    doubtful = np.flatnonzero(
        (content[leader] != content).any(axis=1) & (otherwise == np.arange(len(leader)))
    )
    edges = verify(texts, unique_pairs(leader[doubtful], doubtful), settings)
    failed = edges.b[edges.kind != NEAR]
    held = leader.copy()
    held[failed] = failed
    # copies of a document that failed follow it
    return np.where((content[leader] == content).all(axis=1), leader, held[otherwise])
