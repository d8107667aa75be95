"""Families: which documents are versions of one article.

Two pure functions: :func:`find_roundups` of the edges of one document at a time, :func:`group` of the edges
of one connected component at a time. Coverage is not transitive, so a component is not a family: edges are
taken strongest first and two groups merge only if enough of the pairs between them hold (Kruskal's order with
average-link evidence), so that neither a digest nor a chain of small overlaps joins what no reader would.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from xxhash import xxh3_64_hexdigest

from dedup import kernels
from dedup.candidates import CROWD
from dedup.components import by_first, first_connected
from dedup.edges import NEAR, VERSION, Edges, Links
from dedup.ragged import first_of_run, gather, run_starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PIECE", "Grouping", "find_roundups", "group", "id_of"]

SUPPORT = 0.25
"""Share of the pairs between two groups that must be edges before the groups merge.

A group counts at most as many members as there may be in a crowd: of more, not all pairs were looked at.
"""

EMBEDDED = 0.5
"""Coverage from which a document counts as embedded in another."""

HELD = 1 / 3
"""A member must have edges to more than this share of the others, unless it has one to the centre."""

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
    edges: Edges, length: NDArray[np.int64], where: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Documents that put together several others: bool[n].

    A roundup is made of pieces: documents that share a small part of it, in disjoint places. It has three
    pieces that are each mostly inside it, or two if it has no versions of its own; or its pieces, three at
    least, are most of it. An article that grew through the day holds its early takes too; what tells it apart
    is that its versions cover more than a piece of it. Nothing but the document's own edges decides.

    Args:
        edges: Verified pairs.
        length: int64[n], body tokens of each document.
        where: bool[n], which of them are looked at; all by default.
    """
    documents = len(length)
    roundup = np.zeros(documents, bool)
    chosen = np.flatnonzero(edges.for_roundups)
    host = np.concatenate([edges.a[chosen], edges.b[chosen]])
    own = np.concatenate([edges.coverage_a[chosen], edges.coverage_b[chosen]])
    other = np.concatenate([edges.coverage_b[chosen], edges.coverage_a[chosen]])
    row, side = np.concatenate([chosen, chosen]), np.repeat([0, 1], len(chosen))
    version = (edges.kind[row] <= VERSION) & (own > PIECE) & (own < COPY)
    versions = np.bincount(host[version], minlength=documents)
    order = np.flatnonzero(own <= PIECE)
    if where is not None:
        order = order[where[host[order]]]
    order = order[np.bincount(host[order], minlength=documents)[host[order]] > 1]
    # of pieces that overlap one counts: the largest, of these the one that is mostly inside, then the first
    at, of = gather(edges.run_start[row[order]], edges.run_stop[row[order]])
    begins = np.full(len(order), np.iinfo(np.int64).max)
    np.minimum.at(begins, of, edges.runs[at, side[order][of]])
    order = order[np.lexsort((row[order], begins, -other[order], -own[order], host[order]))]
    row, side, host = row[order], side[order], host[order]
    opens = np.flatnonzero(run_starts(host))
    hosts = host[opens]
    longest = int(length[hosts].max(initial=0))
    apart, covered = np.zeros(len(order), bool), np.empty(len(hosts), np.int64)
    kernels.get().weigh_pieces(
        *(np.append(opens, len(order)), row, side, DISJOINT),
        *(edges.runs, edges.run_start, edges.run_stop),
        *(np.zeros(longest, np.int64), np.zeros(longest, np.int64), apart, covered),
    )
    pieces = np.bincount(host[apart], minlength=documents)[hosts]
    embedded = np.bincount(host[apart & (other[order] >= EMBEDDED)], minlength=documents)[hosts]
    alone = (embedded >= 2) | ((pieces >= 3) & (covered >= MOST * length[hosts]))
    roundup[hosts] = np.where(versions[hosts] > 0, embedded >= 3, alone)
    return roundup


def group(edges: Links, documents: int, roundup: NDArray[np.bool_]) -> Grouping:
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
    roots = np.empty(documents, np.int64)
    kernels.get().merge_groups(edges.a[rows], edges.b[rows], SUPPORT, CROWD, roots)
    family = _held(by_first(roots), edges.a[rows], edges.b[rows])
    cut = rows[family[edges.a[rows]] != family[edges.b[rows]]]
    return Grouping(family, np.stack([edges.a[cut], edges.b[cut]], axis=1))


def id_of(time: int, high: int, low: int) -> str:
    """Id of a family by its first member's key: time in microseconds, both halves of the content's hash."""
    return f"f{xxh3_64_hexdigest(struct.pack('<qQQ', time, high, low))}"


def _held(family: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Families, in place, without the members that hold to neither their centre nor a third of the others.

    The centre is the member with the most edges, of equals the first. What is cut stays together where it
    has edges of its own, and is held to the same rule.
    """
    rows, own = np.arange(len(family)), family
    while True:
        inside = own[a] == own[b]
        a, b = a[inside], b[inside]
        one, two = np.concatenate([a, b]), np.concatenate([b, a])
        number, degree = np.arange(len(own)), np.bincount(one, minlength=len(own))
        order = np.lexsort((-degree, own))
        opens = run_starts(own[order])
        centre = np.empty(len(own), np.int64)
        centre[order] = first_of_run(order, opens)
        others = np.bincount(own)[own] - 1
        held = (centre == number) | (degree > HELD * others)
        held[one[two == centre[one]]] = True
        if held.all():
            return family
        loose = ~held[one] & ~held[two]
        apart = first_connected(one[loose], two[loose], len(own))
        # two label spaces side by side: what is held keeps its family, what is cut its component
        label = np.where(held, own, len(own) + apart)
        again = np.bincount(own, ~held)[own] > 0  # of families that lost none no member can be cut
        place, kept = np.cumsum(again) - 1, again[a]
        a, b = place[a[kept]], place[b[kept]]
        rows, own = rows[again], by_first(np.unique(label[again], return_inverse=True)[1])
        family[rows] = rows[own]
