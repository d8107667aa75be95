"""Families: which documents are versions of one article.

Two pure functions: :func:`find_roundups` of the edges of one document at a time, :func:`group` of the edges
of one connected component at a time. Coverage is not transitive, so a component is not a family: edges are
taken strongest first and two groups merge only if enough of the pairs between them hold (Kruskal's order with
average-link evidence), so that neither a digest nor a chain of small overlaps joins what no reader would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup.overlap import NEAR, PARTIAL, VERSION, Edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grouping", "find_roundups", "group"]

SUPPORT = 0.25
"""Share of the pairs between two groups that must be edges before the groups merge."""

EMBEDDED = 0.5
"""Coverage from which a document counts as embedded in another."""

PIECE = 0.35
"""The most of a roundup that one embedded document may cover; what covers more is a version of it."""

COPY = 0.9
"""Coverage from which another document is a copy of the whole, roundup or not."""

MOST = 0.6
"""Share of a roundup that its pieces make up."""

DISJOINT = 0.25
"""Share of a piece that may lie in pieces already counted."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Families by document.

    Attributes:
        family: int64[n], number of the first document of its family; its own where it is alone.
        cut: int64[c, 2], pairs with an edge that ended in different families.
    """

    family: NDArray[np.int64]
    cut: NDArray[np.int64]


def find_roundups(edges: Edges, length: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Documents that put together several others: bool[n].

    A roundup is made of pieces: documents that share a small part of it, in disjoint places. It has three
    pieces that are each mostly inside it, or two if it has no versions of its own; or its pieces, three at
    least, are most of it. An article that grew through the day holds its early takes too; what tells it apart
    is that its versions cover more than a piece of it. Nothing but the document's own edges decides.

    Args:
        edges: Verified pairs.
        length: int64[n], body tokens of each document.
    """
    documents = len(length)
    roundup = np.zeros(documents, bool)
    telling = np.flatnonzero(edges.kind <= PARTIAL)
    host = np.concatenate([edges.a[telling], edges.b[telling]])
    own = np.concatenate([edges.coverage_a[telling], edges.coverage_b[telling]])
    other = np.concatenate([edges.coverage_b[telling], edges.coverage_a[telling]])
    row, side = np.concatenate([telling, telling]), np.repeat([0, 1], len(telling))
    version = (edges.kind[row] <= VERSION) & (own > PIECE) & (own < COPY)
    versions = np.bincount(host[version], minlength=documents)
    order = np.lexsort((row, -own, host))
    order = order[(own <= PIECE)[order]]
    hosts, first = np.unique(host[order], return_index=True)
    for number, mine in zip(hosts, np.split(order, first)[1:], strict=True):
        if len(mine) < 2:
            continue
        taken = np.zeros(length[number], bool)
        pieces = embedded = 0
        for x in mine:
            marks = np.zeros(length[number], bool)
            for start, stop in _spans(edges, int(row[x]), int(side[x])):
                marks[start:stop] = True
            if (marks & taken).sum() <= DISJOINT * marks.sum():
                pieces += 1
                embedded += other[x] >= EMBEDDED
            taken |= marks
        if versions[number]:
            roundup[number] = embedded >= 3
        else:
            roundup[number] = embedded >= 2 or (pieces >= 3 and taken.sum() >= MOST * length[number])
    return roundup


def _spans(edges: Edges, row: int, side: int) -> NDArray[np.int32]:
    runs = edges.runs[edges.run_start[row] : edges.run_stop[row]]
    return np.stack([runs[:, side], runs[:, side] + runs[:, 2]], axis=1)


def group(edges: Edges, documents: int, roundup: NDArray[np.bool_]) -> Grouping:
    """Families from the joining edges; a roundup is joined only by its own near copies.

    Edges are taken by kind, then by coverage of the shorter document, ties by number: n log n in the edges.

    Args:
        edges: Verified pairs.
        documents: How many documents there are.
        roundup: bool[documents].
    """
    apart = roundup[edges.a] | roundup[edges.b]
    rows = np.flatnonzero((edges.kind <= NEAR) | ((edges.kind == VERSION) & ~apart))
    strength = np.maximum(edges.coverage_a[rows], edges.coverage_b[rows])
    rows = rows[np.lexsort((edges.b[rows], edges.a[rows], -strength, edges.kind[rows] > NEAR))]
    parent = np.arange(documents)
    size = np.ones(documents, np.int64)
    between: dict[int, dict[int, int]] = {}
    for row in rows:
        a, b = int(edges.a[row]), int(edges.b[row])
        between.setdefault(a, {})[b] = 1
        between.setdefault(b, {})[a] = 1

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = int(parent[x])
        return x

    for row in rows:
        a, b = find(int(edges.a[row])), find(int(edges.b[row]))
        if a == b or between[a].get(b, 0) < SUPPORT * size[a] * size[b]:
            continue
        if len(between[a]) < len(between[b]) or (len(between[a]) == len(between[b]) and b < a):
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
        del between[a][b]
        for c, links in between.pop(b).items():
            if c == a:
                continue
            total = between[a].get(c, 0) + links
            between[a][c] = between[c][a] = total
            del between[c][b]
    roots = np.array([find(x) for x in range(documents)], np.int64)
    first = np.full(documents, documents, np.int64)
    np.minimum.at(first, roots, np.arange(documents))
    family = first[roots]
    cut = rows[family[edges.a[rows]] != family[edges.b[rows]]]
    return Grouping(family, np.stack([edges.a[cut], edges.b[cut]], axis=1))
