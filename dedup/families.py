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

HELD = 0.5
"""Share of the other members a member must have edges to, unless it has one to the centre."""

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


def find_roundups(
    edges: Edges, length: NDArray[np.int64], asked: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Documents that put together several others: bool[n].

    A roundup is made of pieces: documents that share a small part of it, in disjoint places. It has three
    pieces that are each mostly inside it, or two if it has no versions of its own; or its pieces, three at
    least, are most of it. An article that grew through the day holds its early takes too; what tells it apart
    is that its versions cover more than a piece of it. Nothing but the document's own edges decides.

    Args:
        edges: Verified pairs.
        length: int64[n], body tokens of each document.
        asked: bool[n], which of them are looked at; all by default.
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
    order = np.flatnonzero(own <= PIECE)
    if asked is not None:
        order = order[asked[host[order]]]
    order = order[np.bincount(host[order], minlength=documents)[host[order]] > 1]
    order = order[np.lexsort((row[order], -own[order], host[order]))]
    hosts, first = np.unique(host[order], return_index=True)
    for number, mine in zip(hosts.tolist(), np.split(order, first)[1:], strict=True):
        taken = np.zeros(length[number], bool)
        pieces = embedded = 0
        for x in mine.tolist():
            marks = np.zeros(length[number], bool)
            for start, stop in _spans(edges, int(row[x]), int(side[x])).tolist():
                marks[start:stop] = True
            if np.count_nonzero(marks & taken) <= DISJOINT * np.count_nonzero(marks):
                pieces += 1
                embedded += other[x] >= EMBEDDED
            taken |= marks
        if versions[number]:
            roundup[number] = embedded >= 3
        else:
            most = MOST * length[number]
            roundup[number] = embedded >= 2 or (pieces >= 3 and np.count_nonzero(taken) >= most)
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
    # lists: reading one number of an array takes as long as five of these
    parent, size = list(range(documents)), [1] * documents
    ends = list(zip(edges.a[rows].tolist(), edges.b[rows].tolist(), strict=True))
    between: dict[int, dict[int, int]] = {}
    for a, b in ends:
        between.setdefault(a, {})[b] = 1
        between.setdefault(b, {})[a] = 1

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for one, two in ends:
        a, b = find(one), find(two)
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
    family = _held(_by_first(roots), edges.a[rows], edges.b[rows])
    cut = rows[family[edges.a[rows]] != family[edges.b[rows]]]
    return Grouping(family, np.stack([edges.a[cut], edges.b[cut]], axis=1))


def _by_first(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same groups, each named by its first member."""
    first = np.full(len(label), len(label), np.int64)
    np.minimum.at(first, label, np.arange(len(label)))
    return first[label]


def _held(family: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Families without the members that hold to neither their centre nor half of the others.

    The centre is the member with the most edges, of equals the first. What is cut stays together where it
    has edges of its own, and is held to the same rule.
    """
    documents = len(family)
    number = np.arange(documents)
    while True:
        inside = family[a] == family[b]
        one, two = np.concatenate([a[inside], b[inside]]), np.concatenate([b[inside], a[inside]])
        degree = np.bincount(one, minlength=documents)
        order = np.lexsort((number, -degree, family))
        opens = np.diff(family[order], prepend=-1) != 0
        centre = np.empty(documents, np.int64)
        centre[order] = order[opens][np.cumsum(opens) - 1]
        others = np.bincount(family, minlength=documents)[family] - 1
        held = (centre == number) | (degree >= HELD * others)
        held[one[two == centre[one]]] = True
        if held.all():
            return family
        from scipy.sparse import coo_matrix  # slow to import, and seldom needed
        from scipy.sparse.csgraph import connected_components

        loose = ~held[one] & ~held[two]
        ones = np.ones(int(loose.sum()), np.int8)
        links = coo_matrix((ones, (one[loose], two[loose])), shape=(documents, documents))
        apart = _by_first(connected_components(links, directed=False)[1].astype(np.int64))
        # two label spaces side by side: what is held keeps its family, what is cut its component
        label = np.where(held, family, documents + apart)
        family = _by_first(np.unique(label, return_inverse=True)[1])
