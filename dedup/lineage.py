"""How the versions of a family came about: which was most likely made from which.

A function of the documents of one family and of their relations, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.ragged import inverse
from dedup.texts import NEVER, times_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from dedup.model import Document, Relation

__all__ = ["Parents", "Step", "find_parents", "known_pairs", "trace"]


@dataclass(frozen=True, slots=True)
class Step:
    """A version in the history of its family. Words are those of articles, boilerplate and stock text aside.

    Attributes:
        id: The version.
        published: When, if that is known.
        parent: Id of the version it was most likely made from, a guess: of the earlier ones the one it shares
            most words with; among equals the earliest, then one with an agency's byline or credit. None where
            it shares nothing with an earlier one, or has no date.
        shared: Words it shares with the parent.
        added: Words the parent does not have; 0 without a parent.
        dropped: Words of the parent it does not have.
    """

    id: str
    published: datetime | None
    parent: str | None
    shared: int
    added: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Parents:
    """The most likely parent of each of n documents.

    Attributes:
        parent: int64[n], number of the parent, -1 where there is none.
        shared: int64[n], words shared with it.
        added: int64[n], words it does not have.
        dropped: int64[n], words of its own that are gone.
    """

    parent: NDArray[np.int64]
    shared: NDArray[np.int64]
    added: NDArray[np.int64]
    dropped: NDArray[np.int64]


def trace(
    documents: Sequence[Document], relations: Iterable[Relation], credited: Collection[str] = ()
) -> tuple[Step, ...]:
    """The versions of a family in order of time, undated last, each with its most likely parent: a forest.

    Times of publication are taken at their word. A version without one is no parent and has none.

    Args:
        documents: The family; among equals in time the order given counts.
        relations: Relations among them, in any order; each pair once.
        credited: Ids of those that name an agency in a dateline, byline or credit.
    """
    order = sorted(documents, key=lambda d: (d.published is None, d.published))
    known, a, b = known_pairs(order, relations)
    shared = np.array([r.shared_words for r in known], np.int64)
    coverages = (np.array([getattr(r, f"coverage_{side}") for r in known], np.float64) for side in "ab")
    published = times_of(pa.array([d.published for d in order], pa.timestamp("us", "UTC")))
    by_agency = np.array([document.id in credited for document in order], bool)
    found = find_parents(np.arange(len(order)), published, by_agency, a, b, shared, *coverages)
    parents = [None if number < 0 else order[number].id for number in found.parent.tolist()]
    words = (column.tolist() for column in (found.shared, found.added, found.dropped))
    steps = zip(order, parents, *words, strict=True)
    return tuple(Step(document.id, document.published, *step) for document, *step in steps)


def find_parents(
    place: NDArray[np.int64],
    published: NDArray[np.int64],
    credited: NDArray[np.bool_],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    shared: NDArray[np.int64],
    coverage_a: NDArray[np.float64],
    coverage_b: NDArray[np.float64],
) -> Parents:
    """The most likely parent of each document, of any number of families.

    A guess by what can be seen: of the earlier versions the one that shares most words; among equals the
    earliest, then one that names an agency, then the one with the fewest words between them: a later article
    that shares as much with a report and with a cut copy of it has that from the report. Of one time, such as
    a date alone, what names an agency comes before what doesn't. Nothing comes before or after what has no
    date.

    Args:
        place: int64[n], place of each document in its family's order of time.
        published: int64[n], when, :data:`NEVER` where that is unknown.
        credited: bool[n], a dateline, byline or credit names an agency.
        a: int64[p], number of the first document of each pair within a family; each pair once.
        b: int64[p], of the second.
        shared: int64[p], words both have.
        coverage_a: float64[p], share of a's words that these are.
        coverage_b: float64[p], of b's.
    """
    rank = inverse(np.lexsort((place, ~credited, published)))
    later = rank[a] > rank[b]
    child, parent = np.where(later, a, b), np.where(later, b, a)
    added = _outside(shared, np.where(later, coverage_a, coverage_b))
    dropped = _outside(shared, np.where(later, coverage_b, coverage_a))
    order = np.lexsort((place[parent], added + dropped, ~credited[parent], published[parent], -shared, child))
    dated = (published[a] != NEVER) & (published[b] != NEVER)
    order = order[dated[order] & (shared[order] > 0)]
    best = order[np.unique(child[order], return_index=True)[1]]
    found = Parents(np.full(len(place), -1), *(np.zeros(len(place), np.int64) for _ in range(3)))
    found.parent[child[best]], found.shared[child[best]] = parent[best], shared[best]
    found.added[child[best]], found.dropped[child[best]] = added[best], dropped[best]
    return found


def _outside(shared: NDArray[np.int64], coverage: NDArray[np.float64]) -> NDArray[np.int64]:
    """Words of a document that it does not share, where it shares any."""
    words = np.round(shared / np.where(coverage > 0, coverage, 1)).astype(np.int64)
    return np.where(coverage > 0, words - shared, 0)


def known_pairs(
    documents: Sequence[Document], relations: Iterable[Relation]
) -> tuple[list[Relation], NDArray[np.int64], NDArray[np.int64]]:
    """The relations among documents, and the numbers of both ends of each."""
    place = {document.id: number for number, document in enumerate(documents)}
    known = [relation for relation in relations if relation.a in place and relation.b in place]
    a, b = (np.array([place[getattr(r, side)] for r in known], np.int64) for side in "ab")
    return known, a, b
