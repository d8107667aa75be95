"""The statements: documents, bodies, edges, families and changes, read and written by name.

Nothing here decides anything. What was read or written is kept, as one document after the other meets the
same families; a number that every write transaction raises tells whether somebody else has written since.
Rows are written late, many in a statement and each as it is in the end: before documents are looked for other
than by their numbers, at the latest at the end of the transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dedup.candidates import FLASH_TOKENS
from dedup.components import first_connected
from dedup.edges import EXACT, Edges, Links, join_links
from dedup.errors import StorageError
from dedup.ragged import by_owner, is_in, steps
from dedup.storage.base import Row
from dedup.storage.bodies import BodyTable
from dedup.storage.pairs import PairTable, links_of
from dedup.storage.rows import (
    NO_LINKS,
    NUMBER_BITS,
    Body,
    ChangeRow,
    Entry,
    FamilyRow,
    RevisionRow,
    microseconds,
)
from dedup.texts import DAY
from dedup.values import has_surrogate, id_argument

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from dedup.storage.base import Store

__all__ = ["Component", "Ledger"]

Found = TypeVar("Found")

FAMILIES = 20
"""Bits of a family's row below the number of the document by which it came about."""

LEARNED_FROM = 512
"""Documents from which the vocabulary is learned."""

MOST_ENTRIES = 1 << 15
"""Documents kept from one transaction to the next; some 50 MB."""

_ALL = 2**62  # rows

_ENTRY = ", ".join(Entry._fields)
_FAMILY = ", ".join(FamilyRow._fields)
_STRIPPED = (
    "content", "tokens", "words", "raw_tokens", "removed_chars", "credited", "bodiless", "spaceless",
    "agencies",
)  # fmt: skip
"""What stripping decides of a document."""

_PLACEHOLDERS = {kind: ", ".join("?" * len(kind._fields)) for kind in (Entry, FamilyRow)}


@dataclass(frozen=True, slots=True)
class Component:
    """Leaders, whole families of them, that no joining edge connects with others.

    Attributes:
        nums: int64[m].
        edges: All joining edges among them.
    """

    nums: NDArray[np.int64]
    edges: Links

    @property
    def first(self) -> int:
        """One of them, to tell it from others."""
        return int(self.nums[0])


class Ledger:
    """Typed access to the tables of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pairs = PairTable(store)
        self.bodies = BodyTable(store, self.damaged)
        self._writes = 0
        self._meta: dict[str, str] = {}
        # numbers of short texts, and how far, and after how many rebuildings, they have been read
        self._short, self._short_until, self._short_epoch = np.empty(0, np.int64), 0, ""
        self.forget()

    def forget(self) -> None:
        """Read everything anew."""
        self._known_at = -1  # the number of writes at which what is kept was so
        self._entries: dict[int, Entry] = {}
        self._families: dict[int, FamilyRow] = {}
        self._components: dict[int, Component] = {}
        self._next: dict[str, int] = {}
        self._founded: dict[int, int] = {}  # how many families have come about by a document
        self.bodies.forget()
        # what is to be written: new documents, and those of which something has changed
        self._inserted: list[int] = []
        self._updated: set[int] = set()
        self._put: dict[int, FamilyRow] = {}
        self._logged: list[Row] = []

    def begin(self) -> None:
        """Keep what is known at the start of a transaction, unless others have written, or it is too much."""
        self._meta = self.meta()
        writes = int(self._meta.get("writes", 0))
        if writes != self._known_at or len(self._entries) > MOST_ENTRIES:
            self.forget()
        self.bodies.begin()
        self._writes = self._known_at = writes

    def flush(self) -> None:
        """Write what was put off, at the end of a write transaction, and that there was one."""
        self._write_documents()
        self._write_families()
        if self._logged:
            self.store.run_many(
                "INSERT INTO change (seq, kind, document, family, other, at) VALUES (?, ?, ?, ?, ?, ?)",
                self._logged,
            )
            self._logged = []
        for name, number in self._next.items():
            self.set_meta(name, number)
        self._next, self._founded = {}, {}
        self._writes += 1
        self.set_meta("writes", self._writes)
        if self._known_at >= 0:
            self._known_at = self._writes

    # --- meta

    def meta(self) -> dict[str, str]:
        """All named values."""
        return dict(self.store.rows("SELECT name, value FROM meta"))

    def number(self, name: str) -> int:
        """A named number, as it was at the start of the transaction, or has been taken since."""
        return self._next.get(name, int(self._meta[name]))

    def set_meta(self, name: str, value: object) -> None:
        """Set a named value."""
        self._meta[name] = str(value)
        self.store.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            str(value),
        )

    def take_numbers(self, name: str, count: int = 1) -> int:
        """The first of so many fresh numbers.

        Raises:
            StorageError: Documents have had all numbers that there are.
        """
        first = self.number(name)
        if name == "next_document" and first + count > 1 << NUMBER_BITS:
            raise StorageError(
                f"{self.store.name}: has given out all {1 << NUMBER_BITS:,} numbers of documents that an "
                "index has; merge it into a new one (dedup index merge NEW OLD), which numbers them anew"
            )
        self._next[name] = first + count
        return first

    def family_rows(self, by: int, count: int) -> range:
        """Rows for so many new families that a document founds.

        They follow from its number, so that documents may be settled in another order than they came in.
        """
        first = (by << FAMILIES) + self._founded.get(by, 0)
        self._founded[by] = first + count - (by << FAMILIES)
        return range(first, first + count)

    # --- documents

    def entries(self, nums: Collection[int]) -> dict[int, Entry]:
        """Documents by number.

        Raises:
            StorageError: One is gone.
        """
        return self._complete(self.entries_there(nums), nums, "document")

    def entries_there(self, nums: Collection[int]) -> dict[int, Entry]:
        """Documents by number; those that are gone are missing."""
        known = self._entries
        missing = [num for num in nums if num not in known]
        if missing:
            self._keep(self.store.rows_in(f"SELECT {_ENTRY} FROM document WHERE num IN {{keys}}", missing))  # noqa: S608
            return {num: known[num] for num in nums if num in known}
        return {num: known[num] for num in nums}

    def posted(self, nums: Collection[int]) -> dict[int, Entry]:
        """Documents by the number their fingerprints are found by; those that are gone are missing."""
        found = {num: e for num, e in self.entries_there(nums).items() if e.posted == num}
        others = self._entries_in("revises IN {keys} AND revises >= 0", [n for n in nums if n not in found])
        return found | {e.posted: e for e in others}

    def may_be_short(self, nums: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which numbers that fingerprints are found by may be of a text of few tokens: bool[n].

        Those of documents that are of this transaction, or gone, may be, too.
        """
        stored = int(self._meta["next_document"])  # when the transaction began
        if self._short_epoch != self._meta["postings.epoch"]:  # rebuilding may have stripped texts anew
            self._short, self._short_until = np.empty(0, np.int64), 0
            self._short_epoch = self._meta["postings.epoch"]
        if stored > self._short_until:
            condition = f"tokens < {FLASH_TOKENS} AND num >= ? AND num < ?"
            sql = f"SELECT num, revises FROM document WHERE {condition}"  # noqa: S608
            rows = self.store.rows(sql, self._short_until, stored)
            self._add_short([revises if revises >= 0 else num for num, revises in rows])
            self._short_until = stored
        return is_in(nums, self._short) | (nums >= stored)

    def _add_short(self, nums: Sequence[int]) -> None:
        new = np.sort(np.array(nums, np.int64))
        self._short = np.insert(self._short, self._short.searchsorted(new), new)

    def first_posted(self) -> int:
        """The lowest number in the postings of the documents that are here; 0 where there are none."""
        self._write_documents()
        sql = "SELECT min(num) FROM document UNION ALL SELECT min(revises) FROM document WHERE revises >= 0"
        return min((num for (num,) in self.store.rows(sql) if num is not None), default=0)

    def _keep(self, rows: list[Row]) -> list[Entry]:
        """Rows as entries; what was read before is newer."""
        return [self._entries.setdefault(row[0], Entry._make(row)) for row in rows]

    def _entries_where(self, condition: str, *values: Any) -> list[Entry]:
        """Documents that a condition holds for."""
        self._write_documents()
        return self._keep(self.store.rows(f"SELECT {_ENTRY} FROM document WHERE {condition}", *values))  # noqa: S608

    def _entries_in(self, condition: str, keys: Sequence[int], *values: Any) -> list[Entry]:
        """The same of a condition on a list of keys."""
        if not keys:
            return []
        self._write_documents()
        sql = f"SELECT {_ENTRY} FROM document WHERE {condition}"  # noqa: S608
        return self._keep(self.store.rows_in(sql, keys, *values))

    def all_entries(self) -> list[Entry]:
        """All documents, by number; they are not kept."""
        self._write_documents()
        return [Entry._make(row) for row in self.store.rows(f"SELECT {_ENTRY} FROM document ORDER BY num")]  # noqa: S608

    def by_id(self, identity: str | int) -> Entry | None:
        """The current document of an id."""
        asked = _possible(identity)
        found = [] if asked is None else self._entries_where("id = ?", asked)
        return found[0] if found else None

    def with_ids(self, identities: Sequence[str]) -> dict[str, Entry]:
        """The current documents of some ids."""
        self._write_documents()
        sql = f"SELECT {_ENTRY} FROM document WHERE id IN {{names}}"  # noqa: S608
        return {e.id: e for e in self._keep(self.store.rows_in(sql, list(identities)))}

    def with_content(self, contents: Collection[bytes], limit: int) -> dict[bytes, list[Entry]]:
        """The first documents with the same body as some have, by it; of those that belong somewhere."""
        asked = set(contents)
        if not asked:
            return {}
        # the last of each first: with a limit of their own they are not looked up again for every document
        values = ", ".join(["(?)"] * len(asked))
        there = "document WHERE content = column1 AND leader >= 0"
        last = f"(SELECT num FROM {there} ORDER BY num LIMIT 1 OFFSET ?)"  # noqa: S608
        bounds = f"SELECT column1 AS body, {last} AS last FROM (VALUES {values}) AS asked LIMIT ?"  # noqa: S608
        condition = (
            f"num IN (SELECT num FROM ({bounds}) AS bounds CROSS JOIN document "  # noqa: S608
            "WHERE content = body AND leader >= 0 AND num <= coalesce(last, ?)) ORDER BY num"
        )
        found: dict[bytes, list[Entry]] = {}
        for entry in self._entries_where(condition, limit - 1, *asked, len(asked), _ALL):
            found.setdefault(entry.content, []).append(entry)
        return found

    def with_content_of_day(self, entry: Entry, limit: int) -> list[Entry]:
        """The same with the body and the day of another one; undated ones are of one day."""
        day, values = "published IS NULL", tuple[int, ...]()
        if entry.published is not None:
            first = entry.published // DAY * DAY
            day, values = "published >= ? AND published < ?", (first, first + DAY)
        where = f"content = ? AND leader >= 0 AND {day} ORDER BY num LIMIT ?"
        return self._entries_where(where, entry.content, *values, limit)

    def any_undated(self) -> bool:
        """Whether a document without a date is stored."""
        self._write_documents()
        return bool(self.store.rows("SELECT 1 FROM document WHERE published IS NULL LIMIT 1"))

    def published_before(self, time: int, limit: int) -> list[Entry]:
        """The first documents of before a time."""
        return self._entries_where("published < ? ORDER BY published, num LIMIT ?", time, limit)

    def numbers_after(self, num: int, limit: int) -> list[int]:
        """The next numbers of documents, in order."""
        self._write_documents()
        sql = "SELECT num FROM document WHERE num > ? ORDER BY num LIMIT ?"
        return [found for (found,) in self.store.rows(sql, num, limit)]

    def judgement(self, fingerprint: str) -> int | None:
        """The row of the settings with a fingerprint, where there is one."""
        rows = self.store.rows("SELECT number FROM judgement WHERE fingerprint = ?", fingerprint)
        return int(rows[0][0]) if rows else None

    def add_judgement(self, fingerprint: str, value: str) -> int:
        """Store settings; their row."""
        number = int(self.store.rows("SELECT count(*) FROM judgement")[0][0])
        self.store.run("INSERT INTO judgement VALUES (?, ?, ?)", number, fingerprint, value)
        return number

    def fingerprint(self, judgement: int) -> str:
        """Of the settings in a row; empty where there is none."""
        rows = self.store.rows("SELECT fingerprint FROM judgement WHERE number = ?", judgement)
        return str(rows[0][0]) if rows else ""

    def counts(self) -> dict[str, Any]:
        """Counts of all that is stored, by name; times in microseconds, relations by code."""
        self._write_documents()
        ((documents, copies, roundups, first, last),) = self.store.rows(
            "SELECT count(*), sum(CASE WHEN leader <> num THEN 1 ELSE 0 END), sum(roundup), "
            "min(published), max(published) FROM document"
        )
        ((families, members),) = self.store.rows("SELECT count(*), sum(size) FROM family WHERE size > 1")
        kinds = self.store.rows(
            "SELECT kind, sum(n) FROM (SELECT kind, count(*) AS n FROM edge GROUP BY kind UNION ALL "
            "SELECT kind, count(*) FROM copy GROUP BY kind) AS counts GROUP BY kind ORDER BY kind"
        )
        ((revisions,),) = self.store.rows("SELECT count(*) FROM revision")
        ((changes,),) = self.store.rows("SELECT count(*) FROM change")
        return {
            "documents": documents,
            "copies": int(copies or 0),
            "families": families,
            "members": int(members or 0),
            "roundups": int(roundups or 0),
            "relations": {kind: int(count) for kind, count in kinds},
            "revisions": revisions,
            "changes": changes,
            "first_published": first,
            "last_published": last,
        }

    def copies(self, leaders: Collection[int], limit: int = _ALL) -> list[Entry]:
        """Copies of documents, those that may stand for a family first, at most ``limit``."""
        condition = "leader IN {keys} AND num <> leader ORDER BY credited DESC, published, num LIMIT ?"
        return self._entries_in(condition, sorted(leaders), limit)

    def copy_count(self, leaders: Collection[int]) -> int:
        """How many copies they have."""
        self._write_documents()
        sql = "SELECT count(*) FROM document WHERE leader IN {keys} AND num <> leader"
        return int(self.store.rows_in(sql, sorted(leaders))[0][0])

    def leaders(self, families: Collection[int]) -> list[Entry]:
        """The leaders among the members of families."""
        return self._entries_in("family IN {keys} AND num = leader", sorted(families))

    def members(self, family: int) -> list[Entry]:
        """All members of a family, earliest first."""
        leading = self.leaders([family])
        return sorted([*leading, *self.copies([e.num for e in leading])], key=lambda e: e.key)

    def insert(self, entry: Entry, body: Body, spans: NDArray[np.int64], text: bytes | None) -> None:
        """Store a document."""
        self._inserted.append(entry.num)
        self._entries[entry.num] = entry
        if entry.tokens < FLASH_TOKENS and entry.revises >= 0:  # found by a number of before the transaction
            self._add_short([entry.revises])
        self.bodies.insert(entry.num, body, spans, text)

    def update(self, entries: Collection[Entry]) -> None:
        """Write what judging decides."""
        self._entries.update((e.num, e) for e in entries)
        self._updated.update(e.num for e in entries)

    def _write_documents(self) -> None:
        """Write documents and bodies that are new or have changed."""
        new, known = self._inserted, self._entries
        if new:
            self.store.run_many(
                f"INSERT INTO document ({_ENTRY}) VALUES ({_PLACEHOLDERS[Entry]})",  # noqa: S608
                [known[num] for num in new],
            )
        if changed := [known[num] for num in sorted(self._updated.difference(new))]:
            self.store.run_many(
                "UPDATE document SET judgement = ?, leader = ?, occurrence = ?, in_window = ?, family = ?, "
                "roundup = ?, agreed = ? WHERE num = ?",
                [
                    (e.judgement, e.leader, e.occurrence, e.in_window, e.family, e.roundup, e.agreed, e.num)
                    for e in changed
                ],
            )
        self._inserted, self._updated = [], set()
        self.bodies.write()

    def rewrite(self, entries: Collection[Entry]) -> None:
        """Write what stripping decides of documents anew."""
        self._write_documents()
        changes = ", ".join(f"{name} = ?" for name in _STRIPPED)
        self.store.run_many(
            f"UPDATE document SET {changes} WHERE num = ?",  # noqa: S608
            [(*(getattr(e, name) for name in _STRIPPED), e.num) for e in entries],
        )
        for e in entries:
            self._entries.pop(e.num, None)

    def delete(self, nums: Collection[int]) -> None:
        """Remove documents, their bodies and edges."""
        self._write_documents()
        ordered = sorted(nums)
        for sql in (
            "DELETE FROM document WHERE num IN {keys}",
            "DELETE FROM edge WHERE a IN {keys}",
            "DELETE FROM edge WHERE b IN {keys}",
            "DELETE FROM copy WHERE a IN {keys}",
            "DELETE FROM copy WHERE b IN {keys}",
        ):
            self.store.run_in(sql, ordered)
        self.bodies.delete(nums)
        for num in nums:
            self._entries.pop(num, None)
        self._components = {}

    # --- former texts

    def keep_revision(self, entry: Entry) -> None:
        """Keep what is said of a document that another text of the same id replaces."""
        self.store.run(
            "INSERT INTO revision (num, id, raw, content, title, published, updated, stored, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(entry.num, entry.id, entry.raw, entry.content, entry.title),
            *(entry.published, entry.updated, entry.stored, self.bodies.text(entry.num)),
        )

    def revised(self, identity: str) -> list[int]:
        """When the former texts of an id were stored, oldest first, in microseconds."""
        rows = self.store.rows("SELECT stored FROM revision WHERE id = ? ORDER BY num", identity)
        return [stored for (stored,) in rows]

    def revisions(self, identity: str) -> list[RevisionRow]:
        """What is kept of the former texts of an id, oldest first."""
        names = ", ".join(RevisionRow._fields)
        rows = self.store.rows(f"SELECT {names} FROM revision WHERE id = ? ORDER BY num", identity)  # noqa: S608
        return [RevisionRow._make(row) for row in rows]

    def drop_revisions(self, identities: Collection[str], before: int | None = None) -> None:
        """Remove the former texts of some ids, and those published before a time."""
        self.store.run_many("DELETE FROM revision WHERE id = ?", [(identity,) for identity in identities])
        if before is not None:
            self.store.run("DELETE FROM revision WHERE published < ?", before)

    # --- bodies

    def learn_vocabulary(self) -> None:
        """Learn the vocabulary of bodies from the first documents, once there are enough of them."""
        if self.number("next_document") >= LEARNED_FROM and self.bodies.lacks_vocabulary():
            self.bodies.learn_vocabulary(self.numbers_after(-1, LEARNED_FROM))

    def damaged(self, num: int) -> StorageError:
        """What to raise where something of a document is not what was stored."""
        entry = self.entries_there([num]).get(num)
        if entry is None:
            return self.gone(f"document number {num}")
        return StorageError(
            f"{self.store.name}: what is stored of document {entry.id!r} is damaged; "
            "remove it and add it again"
        )

    def _complete(self, found: dict[int, Found], nums: Collection[int], what: str) -> dict[int, Found]:
        """What was found by number, if nothing is missing."""
        for num in nums if len(found) < len(nums) else ():
            if num not in found:
                raise self.gone(f"{what} number {num}")
        return found

    def gone(self, what: str) -> StorageError:
        """What to raise where a document or a family is not there."""
        return StorageError(
            f"{self.store.name}: {what} is gone, but documents refer to it; rebuild the index"
        )

    def check_runs(self, edges: Edges, nums: Sequence[int], size: NDArray[np.int64]) -> None:
        """See that the runs of pairs lie inside their documents.

        Args:
            edges: Pairs by the places of documents.
            nums: Their numbers.
            size: int64[n], their body tokens.

        Raises:
            StorageError: Some don't; the kernels that read them don't look.
        """
        beyond = edges.beyond(size)
        if len(beyond):
            raise self.damaged(nums[int(edges.b[beyond[0]])])

    # --- components

    def component(self, leaders: Collection[int]) -> Component:
        """The components of some leaders, put together."""
        self.load_components(leaders)
        known = self._components
        parts = list({(c := known[num]).first: c for num in sorted(leaders)}.values())
        if len(parts) == 1:
            return parts[0]
        nums = np.concatenate([np.empty(0, np.int64), *(part.nums for part in parts)])
        found = Component(nums, join_links([NO_LINKS, *(part.edges for part in parts)]))
        self.remember(found)
        return found

    def load_components(self, leaders: Collection[int]) -> None:
        """Read the components of some leaders at once, where they are not at hand."""
        frontier = {num for num in leaders if num not in self._components}
        if not frontier:
            return
        nums, links, together = set[int](), dict[Row, Row](), list[Row]()
        while frontier:
            rows = {e.family for e in self.entries_there(frontier).values() if e.family >= 0}
            first: dict[int, int] = {}
            for e in self.leaders(rows):
                together.append((first.setdefault(e.family, e.num), e.num))
            frontier |= {num for pair in together for num in pair} - nums
            nums |= frontier
            links |= self.pairs.joining(sorted(frontier))
            frontier = {num for pair in links for num in pair} - nums
        order = np.array(sorted(nums), np.int64)
        edges = links_of([links[pair] for pair in sorted(links)])
        firsts, others = np.array(together, np.int64).reshape(-1, 2).T
        one = order.searchsorted(np.concatenate([edges.a, firsts]))
        two = order.searchsorted(np.concatenate([edges.b, others]))
        label = first_connected(one, two, len(order))
        bounds, members = by_owner(label, len(order))
        first_row, rows_of = by_owner(label[one[: len(edges)]], len(order))
        for i in np.flatnonzero(steps(bounds)).tolist():
            mine = rows_of[first_row[i] : first_row[i + 1]]
            self.remember(Component(order[members[bounds[i] : bounds[i + 1]]], edges.take(mine)))

    def remember(self, component: Component) -> None:
        """Have a component at hand."""
        self._components.update(dict.fromkeys(component.nums.tolist(), component))

    def clear_edges(self, table: str) -> None:
        """Remove all rows of ``edge`` or ``copy``."""
        self.store.run(f"DELETE FROM {table}")  # noqa: S608
        self._components = {}

    def hand_over(self, leader: int, heir: int) -> None:
        """An exact copy, of all of them the first by key, has from now on the leader's others."""
        run = self.store.run
        run("UPDATE copy SET a = ? WHERE a = ? AND kind = ? AND b <> ?", heir, leader, EXACT, heir)
        run("UPDATE copy SET a = ?, b = a WHERE b = ? AND kind = ? AND a <> ?", heir, leader, EXACT, heir)
        self._components = {}

    def drop_edges(self, edges: Edges) -> None:
        """Remove pairs."""
        self.store.run_many(
            "DELETE FROM edge WHERE a = ? AND b = ?", zip(edges.a.tolist(), edges.b.tolist(), strict=True)
        )
        for num in edges.a.tolist():
            component = self._components.get(num)
            for member in [] if component is None else component.nums.tolist():
                self._components.pop(member, None)

    # --- families

    def families(self, nums: Collection[int]) -> dict[int, FamilyRow]:
        """Families by row.

        Raises:
            StorageError: One is gone.
        """
        return self._complete(self.families_there(nums), nums, "family")

    def families_there(self, nums: Collection[int]) -> dict[int, FamilyRow]:
        """Families by row; those that are gone are missing."""
        missing = [num for num in nums if num not in self._families]
        if missing:
            for row in self.store.rows_in(f"SELECT {_FAMILY} FROM family WHERE num IN {{keys}}", missing):  # noqa: S608
                self._families[row[0]] = FamilyRow._make(row)
        return {num: self._families[num] for num in nums if num in self._families}

    def canonicals(self) -> dict[int, int]:
        """The canonical version of every family, by row."""
        return dict(self.store.rows("SELECT num, canonical FROM family"))

    def changed_families(self, least: int, changed: int, num: int, limit: int) -> list[FamilyRow]:
        """Families of so many members, in the order of their last change, after one of that time and row."""
        rows = self.store.rows(
            "SELECT num FROM family WHERE size >= ? AND (changed > ? OR changed = ? AND num > ?) "
            "ORDER BY changed, num LIMIT ?",
            *(least, changed, changed, num, limit),
        )
        return list(self.families([row for (row,) in rows]).values())

    def family(self, identity: str | int) -> FamilyRow | None:
        """A family by its id, or by an id it had."""
        asked = _possible(identity)
        if asked is None:
            return None
        for _ in range(2):
            rows = self.store.rows(f"SELECT {_FAMILY} FROM family WHERE id = ?", asked)  # noqa: S608
            if rows:
                return FamilyRow(*rows[0])
            new = self.store.rows("SELECT new FROM alias WHERE old = ?", asked)
            if not new:
                return None
            asked = new[0][0]
        return None

    def put_families(self, families: Collection[FamilyRow]) -> None:
        """Store families, over those of the same row."""
        self._families.update((family.num, family) for family in families)
        self._put.update((family.num, family) for family in families)

    def forget_weights(self) -> None:
        """Say of no family any more what the greatest weight of a member is: another policy may weigh."""
        self.store.run("UPDATE family SET most = -1 WHERE size > 1")

    def drop_families(self, nums: Collection[int]) -> None:
        """Remove families."""
        if nums:
            self.store.run_in("DELETE FROM family WHERE num IN {keys}", sorted(nums))
            for num in nums:
                self._families.pop(num, None)
                self._put.pop(num, None)

    def _write_families(self) -> None:
        """Write families that are new or have changed."""
        if self._put:
            # an id may pass from one row to another, so all are taken out first
            self.store.run_in("DELETE FROM family WHERE num IN {keys}", sorted(self._put))
            self.store.run_many(
                f"INSERT INTO family ({_FAMILY}) VALUES ({_PLACEHOLDERS[FamilyRow]})",  # noqa: S608
                list(self._put.values()),
            )
            self._put = {}

    def rename(self, old: str, new: str) -> None:
        """From now on the old id answers with the new one."""
        self.store.run("UPDATE alias SET new = ? WHERE new = ?", new, old)
        self.store.run("DELETE FROM alias WHERE old = ?", new)
        self.store.run(
            "INSERT INTO alias VALUES (?, ?) ON CONFLICT (old) DO UPDATE SET new = excluded.new", old, new
        )

    # --- changes

    def log(self, changes: Collection[ChangeRow]) -> None:
        """Append to the changes."""
        if not changes:
            return
        first = self.take_numbers("next_change", len(changes))
        now = microseconds()
        self._logged += [(first + i, *change, now) for i, change in enumerate(changes)]

    def forget_changes(self, until: int, limit: int) -> int:
        """Remove the first changes up to a place; how many."""
        rows = self.store.rows("SELECT seq FROM change WHERE seq <= ? ORDER BY seq LIMIT ?", until, limit)
        if rows:
            last = rows[-1][0]
            self.store.run("DELETE FROM change WHERE seq <= ?", last)
            self.set_meta("forgotten_changes", last)
        return len(rows)

    def forgotten_changes(self) -> int:
        """The place of the last change that was removed."""
        return int(self._meta.get("forgotten_changes", 0))

    def changes(self, since: int, limit: int) -> list[tuple[Any, ...]]:
        """Changes after a place, in order."""
        return self.store.rows(
            "SELECT seq, kind, document, family, other, at FROM change WHERE seq > ? ORDER BY seq LIMIT ?",
            since,
            limit,
        )


def _possible(identity: object) -> str | None:
    """An id as it is stored, None where it cannot be: PostgreSQL and drivers do not even look for others."""
    asked = id_argument(identity)
    return None if asked is None or "\0" in asked or has_surrogate(asked) else asked
