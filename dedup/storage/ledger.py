"""The statements: documents, bodies, edges, families and changes as rows, read and written by name.

Nothing here decides anything.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from dedup.overlap import NEVER, VERSION
from dedup.storage.codec import unpack_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from dedup.storage.base import Store

__all__ = ["Change", "Edge", "Entry", "Family", "Ledger"]

MOST_EDGES = 512
"""Edges of one document looked at when it is asked whether it is a roundup."""


class Entry(NamedTuple):
    """A stored document without its body."""

    num: int  # order of arrival; a revision has a new one
    id: str
    raw: bytes  # hash of the raw text
    content: bytes  # hash of the body, big-endian so that bytes compare as the numbers do
    title: str | None
    source: str | None
    url: str | None
    published: int | None  # microseconds since the epoch
    updated: int | None
    language: str | None
    stored: int  # microseconds, when it came
    tokens: int  # of the body
    words: int
    raw_tokens: int
    removed_chars: int
    credited: int
    bodiless: int
    spaceless: int
    agencies: str  # JSON list
    judgement: int  # row of the settings it was judged with
    leader: int  # the document it is a copy of, or itself
    occurrence: int  # the document whose window its text counts for
    in_window: int
    family: int  # row of the family; of a leader only, copies go with theirs
    roundup: int
    agreed: int  # words that another version carries too
    is_new: int  # it founded a family when it was first added

    @property
    def key(self) -> tuple[int, bytes, bytes]:
        """The order of documents everywhere: published, nulls last; content; id."""
        return self.time, self.content, self.id.encode()

    @property
    def time(self) -> int:
        """Microseconds, NEVER where unknown."""
        return int(NEVER) if self.published is None else self.published


class Edge(NamedTuple):
    """A verified pair of document numbers; a comes first in the order of keys."""

    a: int
    b: int
    kind: int
    coverage_a: float
    coverage_b: float
    shared: int
    narrative: int
    longest: int
    jaccard: float
    runs: bytes  # int32[r, 3]

    def other(self, num: int) -> int:
        """The other end."""
        return self.b if num == self.a else self.a


class Family(NamedTuple):
    """A family; one document alone is one, too."""

    num: int
    id: str
    canonical: int
    earliest: int
    size: int
    changed: int  # microseconds


class Change(NamedTuple):
    """Something that happened to a family, in the order of ``seq``."""

    kind: str
    document: str | None = None
    family: str | None = None
    other: str | None = None


_ENTRY = ", ".join(Entry._fields)
_EDGE = ", ".join(Edge._fields)
_FAMILY = ", ".join(Family._fields)
_MARKS = {kind: ", ".join("?" * len(kind._fields)) for kind in (Entry, Edge, Family)}


class Ledger:
    """Typed access to the tables of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # --- meta

    def meta(self) -> dict[str, str]:
        """All named values."""
        return dict(self.store.rows("SELECT name, value FROM meta"))

    def number(self, name: str) -> int:
        """A named number."""
        return int(self.store.rows("SELECT value FROM meta WHERE name = ?", name)[0][0])

    def set_meta(self, name: str, value: object) -> None:
        """Set a named value."""
        self.store.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            str(value),
        )

    def take_numbers(self, name: str, count: int = 1) -> int:
        """The first of so many fresh numbers."""
        first = self.number(name)
        self.store.run("UPDATE meta SET value = ? WHERE name = ?", str(first + count), name)
        return first

    # --- documents

    def entries(self, nums: Collection[int]) -> dict[int, Entry]:
        """Documents by number; those that are gone are missing."""
        if not nums:
            return {}
        rows = self.store.rows_in(f"SELECT {_ENTRY} FROM document WHERE num IN {{keys}}", sorted(nums))  # noqa: S608
        return {row[0]: Entry(*row) for row in rows}

    def by_id(self, identity: str) -> Entry | None:
        """The current document of an id."""
        rows = self.store.rows(f"SELECT {_ENTRY} FROM document WHERE id = ?", identity)  # noqa: S608
        return Entry(*rows[0]) if rows else None

    def with_content(self, content: bytes) -> list[Entry]:
        """The first documents with the same body."""
        rows = self.store.rows(
            f"SELECT {_ENTRY} FROM document WHERE content = ? ORDER BY num LIMIT 16",  # noqa: S608
            content,
        )
        return [Entry(*row) for row in rows]

    def copies(self, leaders: Collection[int], limit: int) -> list[Entry]:
        """Copies of documents, those that may stand for a family first, at most ``limit``."""
        rows = self.store.rows_in(
            f"SELECT {_ENTRY} FROM document WHERE leader IN {{keys}} AND num <> leader "  # noqa: S608
            "ORDER BY credited DESC, published, num LIMIT ?",
            sorted(leaders),
            limit,
        )
        return [Entry(*row) for row in rows]

    def copy_count(self, leaders: Collection[int]) -> dict[int, int]:
        """How many copies each has."""
        return dict(
            self.store.rows_in(
                "SELECT leader, count(*) FROM document WHERE leader IN {keys} AND num <> leader "
                "GROUP BY leader",
                sorted(leaders),
            )
        )

    def members(self, family: int) -> list[Entry]:
        """All members of a family, earliest first."""
        columns = ", ".join(f"d.{name}" for name in Entry._fields)
        rows = self.store.rows(
            f"SELECT {columns} FROM document l JOIN document d ON d.leader = l.num "  # noqa: S608
            "WHERE l.family = ? AND l.num = l.leader",
            family,
        )
        return sorted((Entry(*row) for row in rows), key=lambda entry: entry.key)

    def insert(self, entry: Entry, words: bytes, places: bytes, text: bytes | None) -> None:
        """Store a document."""
        self.store.run(f"INSERT INTO document ({_ENTRY}) VALUES ({_MARKS[Entry]})", *entry)  # noqa: S608
        self.store.run(
            "INSERT INTO body (num, words, places, text) VALUES (?, ?, ?, ?)", entry.num, words, places, text
        )

    def update(self, entries: Iterable[Entry]) -> None:
        """Write what judging decides."""
        self.store.run_many(
            "UPDATE document SET judgement = ?, leader = ?, occurrence = ?, in_window = ?, family = ?, "
            "roundup = ?, agreed = ? WHERE num = ?",
            [
                (e.judgement, e.leader, e.occurrence, e.in_window, e.family, e.roundup, e.agreed, e.num)
                for e in entries
            ],
        )

    def delete(self, nums: Collection[int]) -> None:
        """Remove documents, their bodies and edges."""
        ordered = sorted(nums)
        for sql in (
            "DELETE FROM document WHERE num IN {keys}",
            "DELETE FROM body WHERE num IN {keys}",
            "DELETE FROM edge WHERE a IN {keys}",
            "DELETE FROM edge WHERE b IN {keys}",
            "DELETE FROM copy WHERE a IN {keys}",
            "DELETE FROM copy WHERE b IN {keys}",
        ):
            self.store.run_in(sql, ordered)

    # --- bodies

    def words(self, nums: Collection[int]) -> dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]]:
        """Token hashes and flags of bodies."""
        if not nums:
            return {}
        rows = self.store.rows_in("SELECT num, words FROM body WHERE num IN {keys}", sorted(nums))
        return {num: unpack_words(data) for num, data in rows}

    def places(self, num: int) -> tuple[bytes, bytes]:
        """Packed words and places of a body."""
        rows = self.store.rows("SELECT words, places FROM body WHERE num = ?", num)
        return rows[0]

    def text(self, num: int) -> bytes | None:
        """The compressed raw text, where it is stored."""
        rows = self.store.rows("SELECT text FROM body WHERE num = ?", num)
        return rows[0][0] if rows else None

    # --- edges

    def edges_of(self, nums: Collection[int], kind: int) -> list[Edge]:
        """Edges of at least a kind at any of some documents; a limited number of each end."""
        if not nums:
            return []
        ordered = sorted(nums)
        limit = MOST_EDGES * len(ordered)
        found = {}
        for end in "ab":
            for row in self.store.rows_in(
                f"SELECT {_EDGE} FROM edge WHERE {end} IN {{keys}} AND kind <= ? ORDER BY kind LIMIT ?",  # noqa: S608
                ordered,
                kind,
                limit,
            ):
                found[row[:2]] = Edge(*row)
        return [found[pair] for pair in sorted(found)]

    def edges_within(self, nums: Collection[int], table: str = "edge") -> list[Edge]:
        """Edges of any kind between some documents; ``copy`` for those of copies with their leaders."""
        if len(nums) < 2:
            return []
        rows = self.store.rows_in(
            f"SELECT {_EDGE} FROM {table} WHERE a IN {{keys}} AND b IN {{keys}}",  # noqa: S608
            sorted(nums),
        )
        return [Edge(*row) for row in rows]

    def component(self, nums: Collection[int], extra: Collection[Edge] = ()) -> set[int]:
        """Documents that joining edges connect with some documents, these included."""
        found, frontier = set(nums), set(nums)
        while frontier:
            reached: set[int] = set()
            for here, there in (("a", "b"), ("b", "a")):
                reached.update(
                    num
                    for (num,) in self.store.rows_in(
                        f"SELECT {there} FROM edge WHERE {here} IN {{keys}} AND kind <= ?",  # noqa: S608
                        sorted(frontier),
                        VERSION,
                    )
                )
            for edge in extra:
                if edge.kind <= VERSION:
                    reached.update(edge.other(end) for end in edge[:2] if end in frontier)
            frontier = reached - found
            found |= frontier
        return found

    def add_edges(self, edges: Collection[Edge], table: str = "edge") -> None:
        """Store verified pairs."""
        if edges:
            self.store.run_many(f"INSERT INTO {table} ({_EDGE}) VALUES ({_MARKS[Edge]})", edges)  # noqa: S608

    # --- families

    def families(self, nums: Collection[int]) -> dict[int, Family]:
        """Families by row."""
        if not nums:
            return {}
        rows = self.store.rows_in(f"SELECT {_FAMILY} FROM family WHERE num IN {{keys}}", sorted(nums))  # noqa: S608
        return {row[0]: Family(*row) for row in rows}

    def family(self, identity: str) -> Family | None:
        """A family by its id, or by an id it had."""
        for _ in range(2):
            rows = self.store.rows(f"SELECT {_FAMILY} FROM family WHERE id = ?", identity)  # noqa: S608
            if rows:
                return Family(*rows[0])
            new = self.store.rows("SELECT new FROM alias WHERE old = ?", identity)
            if not new:
                return None
            identity = new[0][0]
        return None

    def put_families(self, families: Collection[Family]) -> None:
        """Store families, over those of the same row."""
        nums = [family.num for family in families]
        if nums:
            self.store.run_in("DELETE FROM family WHERE num IN {keys}", nums)
            self.store.run_many(f"INSERT INTO family ({_FAMILY}) VALUES ({_MARKS[Family]})", families)  # noqa: S608

    def drop_families(self, nums: Collection[int]) -> None:
        """Remove families."""
        if nums:
            self.store.run_in("DELETE FROM family WHERE num IN {keys}", sorted(nums))

    def rename(self, old: str, new: str) -> None:
        """From now on the old id answers with the new one."""
        self.store.run("UPDATE alias SET new = ? WHERE new = ?", new, old)
        self.store.run("DELETE FROM alias WHERE old = ?", new)
        self.store.run(
            "INSERT INTO alias VALUES (?, ?) ON CONFLICT (old) DO UPDATE SET new = excluded.new", old, new
        )

    # --- changes

    def log(self, changes: Collection[Change]) -> None:
        """Append to the changes."""
        if not changes:
            return
        first = self.take_numbers("next_change", len(changes))
        now = microseconds()
        self.store.run_many(
            "INSERT INTO change (seq, kind, document, family, other, at) VALUES (?, ?, ?, ?, ?, ?)",
            [(first + i, *change, now) for i, change in enumerate(changes)],
        )

    def changes(self, since: int, limit: int) -> list[tuple[Any, ...]]:
        """Changes after a place, in order."""
        return self.store.rows(
            "SELECT seq, kind, document, family, other, at FROM change WHERE seq > ? ORDER BY seq LIMIT ?",
            since,
            limit,
        )


def microseconds() -> int:
    """Now."""
    return time.time_ns() // 1000
