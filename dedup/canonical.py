"""The canonical version of each family: a total order, explained.

Policies, each a total order that ends with the document's number (published, nulls last; content; id):

- ``fullest``: share of the text of all members that the document contains, in steps of a hundredth; agency
  byline or credit; earliest; least boilerplate.
- ``earliest``: earliest; then as ``fullest``.
- ``source``: place of its source in ``Settings.source_priority``; then as ``fullest``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from dedup.overlap import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.overlap import Edges

__all__ = ["Candidates", "choose", "fullness", "reason"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the choice looks at; one row a document.

    Attributes:
        words: int64[n], body words.
        fullness: float64[n], share of the family's text it contains.
        credited: bool[n], an agency byline, dateline or credit was read.
        agencies: list<string>[n], agencies named by the document.
        published: int64[n] microseconds, :data:`NEVER` where unknown.
        removed: float64[n], share of the text that is boilerplate.
        source: string[n].
    """

    words: NDArray[np.int64]
    fullness: NDArray[np.float64]
    credited: NDArray[np.bool_]
    agencies: pa.Array
    published: NDArray[np.int64]
    removed: NDArray[np.float64]
    source: pa.Array


def fullness(edges: Edges, family: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the text of all members of its family that each document contains: float64[n].

    Args:
        edges: Verified pairs; those between families are ignored.
        family: int64[n], number of the first document of the family.
        words: int64[n], body words.
    """
    n = len(family)
    contains = words.astype(np.float64)
    inside = family[edges.a] == family[edges.b]
    a, b = edges.a[inside], edges.b[inside]
    contains += np.bincount(a, edges.coverage_b[inside] * words[b], n)
    contains += np.bincount(b, edges.coverage_a[inside] * words[a], n)
    total = np.bincount(family, words, n)[family]
    return np.minimum(contains / np.maximum(total, 1), 1.0)


def choose(candidates: Candidates, family: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """Number of the canonical document of each document's family: int64[n]."""
    n = len(family)
    full = -np.round(candidates.fullness, 2)
    keys = [full, ~candidates.credited, candidates.published, np.round(candidates.removed, 3), np.arange(n)]
    if settings.policy == "earliest":
        keys.insert(0, candidates.published)
    elif settings.policy == "source":
        rank = {source: place for place, source in reversed(list(enumerate(settings.source_priority)))}
        places = [rank.get(source or "", len(rank)) for source in candidates.source.to_pylist()]
        keys.insert(0, np.array(places))
    order = np.lexsort((*reversed(keys), family))
    opens = np.ones(n, bool)
    opens[1:] = family[order][1:] != family[order][:-1]
    best = np.empty(n, np.int64)
    best[order] = order[opens][np.cumsum(opens) - 1]
    return best


def reason(number: int, members: Sequence[int], candidates: Candidates, settings: Settings) -> str:
    """Why a document stands for its family, in one sentence with its numbers."""
    versions = "both" if len(members) == 2 else f"all {len(members)}"
    parts = [f"contains {candidates.fullness[number]:.0%} of the text of {versions} versions"]
    source = candidates.source[number].as_py()
    if settings.policy == "source" and source in settings.source_priority:
        place = settings.source_priority.index(source) + 1
        parts.insert(0, f"source {source} is number {place} of the priority list")
    if candidates.credited[number]:
        parts.append(f"credited to {candidates.agencies[number][0].as_py()}")
    earliest = min(int(candidates.published[m]) for m in members)
    if earliest != NEVER and candidates.published[number] != NEVER:
        delay = timedelta(microseconds=int(candidates.published[number]) - earliest)
        late = "the earliest" if not delay else f"{_span(delay)} after the earliest"
        parts.insert(0, late) if settings.policy == "earliest" else parts.append(late)
    parts.append(f"{candidates.words[number]} words")
    return "; ".join(parts)


def _span(delay: timedelta) -> str:
    minutes = round(delay.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{delay.days} days"


def moment(microseconds: int) -> datetime | None:
    """The time of a column value, or None for :data:`NEVER`."""
    if microseconds == NEVER:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
