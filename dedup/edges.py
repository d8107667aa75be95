"""Verified pairs and the kinds of relation they can have."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.model import RelationKind
from dedup.ragged import gather, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "EXACT",
    "FOR_ROUNDUPS_SQL",
    "KINDS",
    "NEAR",
    "NONE",
    "PARTIAL",
    "QUOTE",
    "ROUNDUP_WORDS",
    "VERSION",
    "Edges",
    "Links",
    "for_roundups",
    "join_links",
]

KINDS = tuple(RelationKind)
"""Kinds by code, strongest first."""

EXACT, NEAR, VERSION, PARTIAL, QUOTE, NONE = range(6)

ROUNDUP_WORDS = 32
"""Narrative words from which a partial or quote pair still counts as evidence of a roundup: what a weekly
review takes from an article of last week is only a quotation."""


def for_roundups(kind: Any, narrative: Any) -> Any:
    """Pairs that :func:`dedup.families.find_roundups` looks at, of columns of numpy or Spark."""
    return (kind <= VERSION) | ((kind <= QUOTE) & (narrative >= ROUNDUP_WORDS))


FOR_ROUNDUPS_SQL = f"(kind <= {VERSION} OR (kind <= {QUOTE} AND narrative >= {ROUNDUP_WORDS}))"
"""The same of rows in a database."""


@dataclass(frozen=True, slots=True)
class Links:
    """What grouping looks at of verified pairs, a < b.

    Attributes:
        a: int64[e] document number.
        b: int64[e].
        kind: uint8[e], index into :data:`KINDS`.
        coverage_a: float64[e], share of a's body inside shared passages.
        coverage_b: float64[e].
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    kind: NDArray[np.uint8]
    coverage_a: NDArray[np.float64]
    coverage_b: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.a)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Links:
        """The chosen rows."""
        return Links(
            self.a[rows], self.b[rows], self.kind[rows], self.coverage_a[rows], self.coverage_b[rows]
        )

    def between(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> Links:
        """The same pairs under other numbers."""
        return Links(a, b, self.kind, self.coverage_a, self.coverage_b)


def join_links(parts: Sequence[Links]) -> Links:
    """All rows of several, one at least, in order."""
    if len(parts) == 1:
        return parts[0]
    return Links(*(np.concatenate([getattr(part, name) for part in parts]) for name in _OF_LINKS))


@dataclass(frozen=True, slots=True)
class Edges(Links):
    """Verified pairs, a < b, with all that was found; one row a pair.

    Attributes:
        shared_words: int64[e], equal on both sides.
        narrative_words: int64[e], those outside quotations.
        longest: int64[e], words of the longest verbatim run.
        run_start: int64[e], first row in ``runs``.
        run_stop: int64[e].
        runs: int32[r, 3], body token of a, body token of b, tokens; in the order found.
    """

    shared_words: NDArray[np.int64]
    narrative_words: NDArray[np.int64]
    longest: NDArray[np.int64]
    run_start: NDArray[np.int64]
    run_stop: NDArray[np.int64]
    runs: NDArray[np.int32]

    @property
    def for_roundups(self) -> NDArray[np.bool_]:
        """Pairs that say whether a document is a roundup: bool[e]."""
        return np.asarray(for_roundups(self.kind, self.narrative_words))

    def beyond(self, size: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pairs with a run that ends beyond one of its documents, which have so many tokens: their rows."""
        rows, of = gather(self.run_start, self.run_stop)
        runs = self.runs[rows].astype(np.int64)
        over = [runs[:, i] + runs[:, 2] > size[end[of]] for i, end in enumerate((self.a, self.b))]
        return of[over[0] | over[1]]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Edges:
        """The chosen rows; the runs are shared, not copied."""
        # by name, not by a loop over the fields: the index takes some twenty times for a document
        return Edges(
            self.a[rows],
            self.b[rows],
            self.kind[rows],
            self.coverage_a[rows],
            self.coverage_b[rows],
            self.shared_words[rows],
            self.narrative_words[rows],
            self.longest[rows],
            self.run_start[rows],
            self.run_stop[rows],
            self.runs,
        )

    @staticmethod
    def concat(parts: list[Edges]) -> Edges:
        """All rows of several, in order."""
        parts = [part for part in parts if len(part)] or parts[:1]
        if len(parts) == 1:
            return parts[0]
        shift = running([len(part.runs) for part in parts])
        columns: dict[str, Any] = {}
        for name in _COLUMNS:
            values = [getattr(part, name) for part in parts]
            if name in ("run_start", "run_stop"):
                values = [value + by for value, by in zip(values, shift, strict=False)]
            columns[name] = np.concatenate(values)
        return Edges(**columns)

    def between(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> Edges:
        """The same pairs under other numbers."""
        # by name: dataclasses.replace takes ten times as long
        return Edges(
            *(a, b, self.kind, self.coverage_a, self.coverage_b),
            *(self.shared_words, self.narrative_words, self.longest),
            *(self.run_start, self.run_stop, self.runs),
        )

    def split(self, sizes: Sequence[int]) -> Iterator[Edges]:
        """Parts of so many rows, each with its own runs only."""
        whole = self.alone()
        for start, stop in pairwise(running(sizes).tolist()):
            part = whole.take(slice(start, stop))
            first, last = int(part.run_start[0]), int(part.run_stop[-1])
            yield replace(
                part,
                run_start=part.run_start - first,
                run_stop=part.run_stop - first,
                runs=whole.runs[first:last],
            )

    def alone(self) -> Edges:
        """The same pairs with their own runs only."""
        rows, _ = gather(self.run_start, self.run_stop)
        bounds = running(self.run_stop - self.run_start)
        return Edges(
            *(self.a, self.b, self.kind, self.coverage_a, self.coverage_b),
            *(self.shared_words, self.narrative_words, self.longest),
            *(bounds[:-1], bounds[1:], self.runs[rows]),
        )


_OF_LINKS, _COLUMNS = (tuple(f.name for f in fields(columns)) for columns in (Links, Edges))
