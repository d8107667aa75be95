"""The statements on verified pairs: those of documents that lead, and those of copies with their leaders."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.edges import FOR_ROUNDUPS_SQL, NONE, VERSION, Edges, Links
from dedup.storage.codec import pack_runs, unpack_runs
from dedup.storage.rows import NO_EDGES, NO_LINKS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from dedup.storage.base import Row, Store

__all__ = ["PairTable", "links_of"]

MOST_EDGES = 512
"""Edges of one document looked at, on either side, when it is asked whether it is a roundup."""

_SEVERAL = 16 * MOST_EDGES
"""Edges read before they are ranked, which takes three times as long, as seldom one document has too many."""

_LINK = ("a", "b", "kind", "coverage_a", "coverage_b")
_COLUMNS = (*_LINK, "shared", "narrative", "longest")
_DTYPE = np.dtype([(name, np.float64 if name.startswith("coverage") else np.int64) for name in _COLUMNS])
_EDGE = ", ".join((*_COLUMNS, "runs"))


class PairTable:
    """The tables ``edge``, and ``copy`` for copies with their leaders; nothing of them is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, nums: Collection[int], *, for_roundups: bool = False) -> Edges:
        """Edges at any of some documents, of each the strongest; or only of those for roundups."""
        if not nums:
            return NO_EDGES
        found: dict[Row, Row] = {}
        chosen = f" AND {FOR_ROUNDUPS_SQL}" if for_roundups else ""
        for column, (end, other) in enumerate([("a", "b"), ("b", "a")]):
            condition = f"{end} IN {{keys}}{chosen}"
            sql = f"SELECT {_EDGE} FROM edge WHERE {condition} LIMIT {_SEVERAL}"  # noqa: S608
            rows = self._store.rows_in(sql, sorted(nums))
            counts = Counter([row[column] for row in rows])
            if len(rows) == _SEVERAL or max(counts.values(), default=0) > MOST_EDGES:
                ranked = f"row_number() OVER (PARTITION BY {end} ORDER BY kind, {other}) AS place"
                rows = self._store.rows_in(
                    f"SELECT {_EDGE} FROM (SELECT {_EDGE}, {ranked} FROM edge WHERE {condition}) AS ranked "  # noqa: S608
                    f"WHERE place <= {MOST_EDGES}",
                    sorted(nums),
                )
            found.update((row[:2], row) for row in rows)
        return _edges([found[pair] for pair in sorted(found)])

    def within(self, nums: Collection[int], table: str = "edge", *, weakest: int = NONE) -> Edges:
        """Edges between some documents, of a kind or stronger; ``copy`` for those of copies with leaders."""
        if len(nums) < 2:
            return NO_EDGES
        # the sign keeps SQLite from looking up every pair by the primary key
        return _edges(
            self._store.rows_in(
                f"SELECT {_EDGE} FROM {table} WHERE a IN {{keys}} AND +b IN {{keys}} AND kind <= ?",  # noqa: S608
                sorted(nums),
                weakest,
            )
        )

    def to(self, nums: Sequence[int], table: str) -> Edges:
        """Rows of ``edge`` or ``copy`` of which some documents are the later one."""
        return _edges(self._store.rows_in(f"SELECT {_EDGE} FROM {table} WHERE b IN {{keys}}", nums))  # noqa: S608

    def all(self, table: str) -> Edges:
        """All rows of ``edge`` or ``copy``."""
        return _edges(self._store.rows(f"SELECT {_EDGE} FROM {table} ORDER BY a, b"))  # noqa: S608

    def joining(self, nums: Sequence[int]) -> dict[Row, Row]:
        """Joining edges at any of some documents, by their ends; for :func:`links_of`."""
        found: dict[Row, Row] = {}
        for end in "ab":
            sql = f"SELECT {', '.join(_LINK)} FROM edge WHERE {end} IN {{keys}} AND kind <= {VERSION}"  # noqa: S608
            found.update((row[:2], row) for row in self._store.rows_in(sql, nums))
        return found

    def add(self, edges: Edges, table: str = "edge") -> None:
        """Store verified pairs."""
        if not len(edges):
            return
        columns: list[NDArray[Any]] = [
            *(edges.a, edges.b, edges.kind, edges.coverage_a, edges.coverage_b),
            *(edges.shared_words, edges.narrative_words, edges.longest),
        ]
        packed = pack_runs(edges.runs, edges.run_start, edges.run_stop)
        self._store.run_many(
            f"INSERT INTO {table} ({_EDGE}) VALUES ({', '.join('?' * 9)})",  # noqa: S608
            zip(*(column.tolist() for column in columns), packed, strict=True),
        )


def links_of(rows: Sequence[Row]) -> Links:
    """Rows of joining edges as columns."""
    if not rows:
        return NO_LINKS
    table = np.array(rows, _DTYPE[list(_LINK)])
    a, b, kind, coverage_a, coverage_b = (np.ascontiguousarray(table[name]) for name in _LINK)
    return Links(a, b, kind.astype(np.uint8), coverage_a, coverage_b)


def _edges(rows: Sequence[Row]) -> Edges:
    """Rows of an edge table as columns."""
    if not rows:
        return NO_EDGES
    table = np.array([row[:8] for row in rows], _DTYPE)
    runs, count = unpack_runs([row[8] for row in rows])
    stop = np.cumsum(count)
    columns = {name: np.ascontiguousarray(table[name]) for name in _COLUMNS}
    return Edges(
        a=columns["a"],
        b=columns["b"],
        kind=columns["kind"].astype(np.uint8),
        coverage_a=columns["coverage_a"],
        coverage_b=columns["coverage_b"],
        shared_words=columns["shared"],
        narrative_words=columns["narrative"],
        longest=columns["longest"],
        run_start=stop - count,
        run_stop=stop,
        runs=runs,
    )
