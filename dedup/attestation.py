"""Attestation: which text of a family other versions carry too.

Nothing here reads words: it looks at the shared runs of verified pairs, per body token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.ragged import gather
from dedup.tokens import CHARACTER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.overlap import Edges, Texts

__all__ = ["agreement", "attested_words", "support"]


def support(texts: Texts, edges: Edges, family: NDArray[np.int64]) -> NDArray[np.int32]:
    """How many other members of its family share each body token, by a direct edge: int32[T].

    Args:
        texts: T body tokens of n documents.
        edges: Verified pairs; those between families are ignored.
        family: int64[n], number of the first document of the family.
    """
    inside = np.flatnonzero(family[edges.a] == family[edges.b])
    rows, edge = gather(edges.run_start[inside], edges.run_stop[inside])
    runs = edges.runs[rows].astype(np.int64)
    change = np.zeros(len(texts.hash) + 1, np.int32)
    for side, member in enumerate((edges.a, edges.b)):
        start = texts.start[member[inside][edge]] + runs[:, side]
        np.add.at(change, start, 1)
        np.add.at(change, start + runs[:, 2], -1)
    return np.cumsum(change[:-1], dtype=np.int32)


def attested_words(texts: Texts, edges: Edges, family: NDArray[np.int64]) -> NDArray[np.int64]:
    """Words of each document that at least one other version carries: int64[n]."""
    attested = support(texts, edges, family) > 0
    return _half_words(texts, attested.astype(np.float64)).astype(np.int64) // 2


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
    among_leaders = support(texts, edges, family)
    attested = (among_leaders > 0) | (support(texts, collapsed, family) > 0)
    has = _half_words(texts, attested.astype(np.float64))[canonical]
    lacking = attested & (support(texts, to_canonical, family) == 0)
    lacked = _half_words(texts, lacking / (among_leaders + 1.0))
    lacked[canonical == np.arange(n)] = 0
    lacked[collapsed.b] = 0  # what a copy has, its leader has been counted for
    missing = np.bincount(family, lacked, n)[family]
    total = has + missing
    return np.where(total > 0, has / np.maximum(total, 1), 1.0)


def _half_words(texts: Texts, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the weights of each document's tokens, in half words: float64[n]."""
    weight = weight * np.where(texts.flags & CHARACTER, 1, 2)
    total = np.concatenate([[0.0], np.cumsum(weight)])
    return np.asarray(total[texts.stop] - total[texts.start])
