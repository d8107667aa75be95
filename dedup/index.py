"""The ingestion index: one article at a time, for years.

    with dedup.Index.open("news.db") as index:  # or postgresql://…
        match = index.add(document)

Documents are prepared outside the database and placed inside one transaction: candidates by bands and
fingerprints, verified, families settled, changes told. :mod:`dedup.placing` decides, :mod:`dedup.storage`
keeps.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson

from dedup import kernels
from dedup._version import __version__
from dedup.config import SCHEME_FIELDS, Settings
from dedup.drafts import Draft, drafts_of, pack, restored
from dedup.edits import Diff, diff
from dedup.errors import InputError, SchemeError, StorageError, UsageError
from dedup.folding import folding
from dedup.io import OutputFolder, from_documents, write_table
from dedup.model import Document, Passage, RelationKind, parse_time
from dedup.output import FORMAT
from dedup.overlap import KINDS, NONE, PARTIAL
from dedup.passages import split_runs
from dedup.placing import (
    LOW_BITS,
    Placement,
    Settlement,
    place,
    posting_limits,
    settle,
    settle_in_crowd,
    to_edges,
)
from dedup.stock import windows
from dedup.storage import Store, open_store
from dedup.storage.codec import JOINED, unpack_places, unpack_words
from dedup.storage.ledger import Change as ChangeRow
from dedup.storage.ledger import Edge, Entry, Family, Ledger, microseconds
from dedup.storage.migrations import is_current, migrate
from dedup.storage.segments import Postings
from dedup.upkeep import check, exported, rebuild, recall_recurring, strip_again

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Change", "Index", "Match", "StoredDocument", "StoredFamily", "usable"]

_TOGETHER = 256
"""Documents that ``add_many`` prepares at once and stores in one transaction."""

_PRUNED = 1000
"""Documents that ``prune`` removes in one transaction."""

_NEVER_STORED: tuple[str, ...] = ("memory_limit", "threads")


@dataclass(frozen=True, slots=True)
class Match:
    """Where a document belongs.

    Attributes:
        id: The document's id.
        relation: To ``other``; ``none`` where nothing stored is related to it.
        other: The document it is most strongly related to, of those that came before it.
        coverage: Share of this document inside passages shared with ``other``.
        other_coverage: The same of ``other`` by this one.
        shared_words: Words inside those passages.
        passages: They themselves; a is this document.
        family: Id of its family; a document alone is a family, too.
        canonical: Id of the family's canonical version.
        is_new: It founded a family when it was first added.
        stored: This call wrote it.
        diff: The change from the canonical version to this one, where it was asked for.
    """

    id: str
    relation: RelationKind
    other: str | None
    coverage: float
    other_coverage: float
    shared_words: int
    passages: tuple[Passage, ...]
    family: str
    canonical: str
    is_new: bool
    stored: bool
    diff: Diff | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the index has it.

    Attributes:
        text: The raw text, where the index stores texts.
        family: Id of its family.
        canonical: Id of the family's canonical version.
        words: Of its body.
        agencies: Named in a byline, dateline or credit.
        stored: When it came.
        revisions: When each text came that it replaced, oldest first.
        settings: Fingerprint of the settings it was judged with.
    """

    id: str
    title: str | None
    source: str | None
    url: str | None
    published: datetime | None
    updated: datetime | None
    language: str | None
    text: str | None
    family: str
    canonical: str
    is_new: bool
    words: int
    agencies: tuple[str, ...]
    stored: datetime
    revisions: tuple[datetime, ...]
    settings: str


@dataclass(frozen=True, slots=True)
class StoredFamily:
    """A family as the index has it.

    Attributes:
        id: Its present id, whichever of its ids was asked for.
        canonical: Id of the version that stands for it.
        earliest: Id of the earliest one.
        members: Ids, earliest first.
        sources: Of the members, each once.
        agencies: Named by members, each once.
        first_published: Of the earliest dated member.
        last_published: Of the latest.
    """

    id: str
    canonical: str
    earliest: str
    members: tuple[str, ...]
    sources: tuple[str, ...]
    agencies: tuple[str, ...]
    first_published: datetime | None
    last_published: datetime | None

    def __len__(self) -> int:
        """Members."""
        return len(self.members)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a family.

    Attributes:
        cursor: Its place in the order of changes; pass the last one seen to :meth:`Index.changes`.
        kind: ``new`` (family), ``joined``, ``left``, ``merged`` (``other`` is now ``family``), ``split``
            (``family`` came out
            of ``other``), ``canonical`` (``document`` stands for the family now), ``removed``.
        document: Id of the document, or None.
        family: Id of the family at that time.
        other: Id of another family, or None.
        at: When.
    """

    cursor: int
    kind: str
    document: str | None
    family: str | None
    other: str | None
    at: datetime


class Index:
    """A set of documents with their families, in a database. Threads may share it; they take turns.

    Use :meth:`open`.
    """

    def __init__(self, store: Store, settings: Settings, *, store_text: bool, judgement: int) -> None:
        self.settings = settings
        self.store_text = store_text
        self._store = store
        self._ledger = Ledger(store)
        self._postings = Postings(store, posting_limits(settings), LOW_BITS)
        self._judgement = judgement
        self._lock = threading.RLock()
        self._recurring = recall_recurring(self._ledger)

    @classmethod
    def open(
        cls,
        url: str | os.PathLike[str],
        settings: Settings | None = None,
        *,
        store_text: bool | None = None,
        read_only: bool = False,
        timeout: float = 60.0,
    ) -> Self:
        """Open an index, or make one.

        Args:
            url: A path, ``sqlite:///path`` or ``postgresql://…`` (extra ``postgres``).
            settings: What to judge with from now on; by default what was used last. The scheme must be the
                stored one.
            store_text: Keep raw texts, which diffs need; by default as it was. An index is made without.
            read_only: Store nothing, and make nothing.
            timeout: Seconds to wait for another writer.

        Raises:
            SchemeError: It was made by another scheme or by a later version.
            StorageError: It cannot be opened.
        """
        kernels.get(
            force=True
        )  # a worker runs for long; compiling at its first thousand articles would stall it
        store = open_store(str(url), timeout=timeout, read_only=read_only)
        try:
            return cls._opened(store, settings, store_text, read_only)
        except BaseException:
            store.close()
            raise

    @classmethod
    def _opened(
        cls, store: Store, settings: Settings | None, store_text: bool | None, read_only: bool
    ) -> Self:
        with store.reading():
            current = is_current(store)
            meta = Ledger(store).meta() if current else {}
        if "scheme" not in meta:
            if read_only:
                raise StorageError(f"{store.name}: no index, and nothing may be written")
            with store.writing():
                if not is_current(store):
                    migrate(store)
                meta = Ledger(store).meta()
                if "scheme" not in meta:
                    meta = _begin(Ledger(store), settings or Settings(), bool(store_text))
        stored = Settings.from_dict(orjson.loads(meta["settings"]))
        chosen = stored if settings is None else settings
        _check_scheme(store.name, orjson.loads(meta["scheme"]), _scheme(chosen))
        keep = meta["store_text"] == "1" if store_text is None else store_text
        judgement = -1
        if not read_only:
            judgement = _judgement(store, chosen)
            if chosen.fingerprint() != stored.fingerprint() or keep != (meta["store_text"] == "1"):
                with store.writing():
                    Ledger(store).set_meta("settings", _settings_json(chosen))
                    Ledger(store).set_meta("store_text", int(keep))
        return cls(store, chosen, store_text=keep, judgement=judgement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the database back. What was added is stored already."""
        with self._lock:
            self._store.close()

    # --- transactions

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, self._store.reading():
            yield

    @contextlib.contextmanager
    def _looking(self) -> Iterator[None]:
        """Reading, with the postings in step."""
        with self._lock, self._restoring(), self._store.reading():
            self._postings.refresh()
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._restoring(), self._store.writing():
            self._postings.refresh()
            yield

    @contextlib.contextmanager
    def _restoring(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._postings.forget()  # it may hold what was rolled back
            raise

    # --- adding

    def add(self, document: Document | Mapping[str, Any], *, with_diff: bool = False) -> Match:
        """Store a document, in one transaction, and say where it belongs.

        The same id and text again stores nothing and gives the same answer. The same id with another text is
        a new revision of that document.

        Args:
            document: A ``Document``, or a mapping with its fields.
            with_diff: Add the change from the canonical version; needs an index that stores texts.

        Raises:
            InputError: The document cannot be used.
            StorageError: It could not be stored; nothing of it was.
        """
        return next(self.add_many([document], with_diff=with_diff))

    def add_many(
        self, documents: Iterable[Document | Mapping[str, Any]], *, with_diff: bool = False
    ) -> Iterator[Match]:
        """Store documents in their order, many in a transaction, with the same results as :meth:`add`.

        Args:
            documents: Read as they are needed. A match is given out once its transaction is through.
            with_diff: As for :meth:`add`.

        Raises:
            InputError: A document cannot be used; those of earlier transactions are stored.
            StorageError: They could not be stored.
        """
        if with_diff and not self.store_text:
            raise UsageError("with_diff needs an index that stores texts: open it with store_text=True")
        remaining = iter(documents)
        while some := list(islice(remaining, _TOGETHER)):
            drafts = self._drafts(some)
            with self._writing():
                matches = [self._add(draft, with_diff) for draft in drafts]
                self._postings.maintain(len(drafts), self._dead_below())
            yield from matches

    def query(self, document: Document | Mapping[str, Any]) -> Match:
        """Where a document would belong, without storing it.

        Raises:
            InputError: The document cannot be used.
        """
        draft = self._drafts([document])[0]
        with self._looking():
            known = self._ledger.by_id(draft.entry.id)
            if known is not None and known.raw == draft.entry.raw:
                return self._match(known, self._edges_before(known), stored=False)
            draft = self._numbered(draft, self._ledger.number("next_document"))
            placement = place(draft, self._ledger, self._postings, self.settings)
            settlement = self._settle(draft, placement)
            return self._planned(draft, placement, settlement)

    def _drafts(self, documents: list[Any]) -> list[Draft]:
        checked = [usable(document) for document in documents]
        return [
            draft
            for batch in from_documents(checked, strict=True)
            for draft in drafts_of(batch, self.settings, self._recurring)
        ]

    def _numbered(self, draft: Draft, num: int) -> Draft:
        entry = draft.entry._replace(
            num=num, leader=num, occurrence=num, judgement=self._judgement, stored=microseconds()
        )
        return replace(draft, entry=entry)

    def _add(self, draft: Draft, with_diff: bool) -> Match:
        known = self._ledger.by_id(draft.entry.id)
        if known is not None and known.raw == draft.entry.raw:
            return self._match(known, self._edges_before(known), stored=False, with_diff=with_diff)
        if known is not None:
            self._keep_revision(known)
            self._remove([known], "left")
        draft = self._numbered(draft, self._ledger.take_numbers("next_document"))
        entry, edges = self._put(draft, insert=True)
        return self._match(entry, edges, stored=True, draft=draft, with_diff=with_diff)

    def _settle(self, draft: Draft, placement: Placement) -> Settlement:
        entry = placement.entry
        found = settle_in_crowd(entry, placement.edges, self._ledger, self.settings)
        if found is not None:
            return found
        return settle(
            (),
            self._ledger,
            self.settings,
            new=entry,
            body=(draft.hash, placement.flags),
            edges=placement.edges,
        )

    def _put(self, draft: Draft, *, insert: bool) -> tuple[Entry, list[Edge]]:
        """Place a draft and write everything that follows."""
        placement = place(draft, self._ledger, self._postings, self.settings)
        settlement = self._settle(draft, placement)
        num = draft.entry.num
        settlement.entries.setdefault(num, placement.entry)
        entries = self._apply(settlement, num if insert else None)
        entry = entries[num]
        if insert:
            text = zlib.compress((draft.text or "").encode(), 6) if self.store_text else None
            self._ledger.insert(entry, *pack(draft, placement.flags), text)
        else:
            self._store.run("UPDATE body SET words = ? WHERE num = ?", pack(draft, placement.flags)[0], num)
        self._ledger.add_edges(placement.edges, "edge" if entry.leader == num else "copy")
        self._postings.append(placement.keys)
        return entry, placement.edges

    def _apply(self, found: Settlement, new: int | None = None) -> dict[int, Entry]:
        """Write a settlement; the entries as written, ``new`` left to be inserted."""
        fresh = sorted((row for row in found.families if row < 0), reverse=True)
        rows = {}
        if fresh:
            first = self._ledger.take_numbers("next_family", len(fresh))
            rows = {row: first + i for i, row in enumerate(fresh)}
        entries = {num: e._replace(family=rows.get(e.family, e.family)) for num, e in found.entries.items()}
        if new is not None:
            mine = entries[new]
            alone = any(f.size == 1 and f.earliest == new for f in found.families.values())
            entries[new] = mine._replace(is_new=int(alone))
        self._ledger.update(e for num, e in entries.items() if num != new)
        self._ledger.drop_families(found.dropped)
        self._ledger.put_families([f._replace(num=rows.get(f.num, f.num)) for f in found.families.values()])
        for old, current in found.renamed:
            self._ledger.rename(old, current)
        self._ledger.log(found.changes)
        return entries

    def _keep_revision(self, entry: Entry) -> None:
        self._store.run(
            "INSERT INTO revision (num, id, raw, content, title, published, updated, stored, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(
                entry.num,
                entry.id,
                entry.raw,
                entry.content,
                entry.title,
                entry.published,
                entry.updated,
                entry.stored,
            ),
            self._ledger.text(entry.num),
        )

    # --- answers

    def _edges_before(self, entry: Entry) -> list[Edge]:
        """Its edges with documents that came before it."""
        if entry.leader != entry.num:
            return self._ledger.edges_within([entry.num, entry.leader], "copy")
        return [e for e in self._ledger.edges_of([entry.num], NONE) if e.other(entry.num) < entry.num]

    def _match(
        self,
        entry: Entry,
        edges: Collection[Edge],
        *,
        stored: bool,
        draft: Draft | None = None,
        with_diff: bool = False,
    ) -> Match:
        family = self._family_of(entry)
        others = self._ledger.entries({family.canonical, *(e.other(entry.num) for e in edges)} - {entry.num})
        others[entry.num] = entry
        canonical = others[family.canonical]
        match = self._answer(entry, edges, others, draft, family.id, canonical.id, bool(entry.is_new), stored)
        if with_diff and canonical.num != entry.num:
            one, two = self._text(canonical.num), self._text(entry.num)
            if one is not None and two is not None:
                return replace(match, diff=diff(one, two))
        return match

    def _planned(self, draft: Draft, placement: Placement, settlement: Settlement) -> Match:
        entry = settlement.entries.get(draft.entry.num, placement.entry)
        leader = settlement.entries.get(entry.leader) or self._ledger.entries([entry.leader])[entry.leader]
        family = (
            settlement.families.get(leader.family) or self._ledger.families([leader.family])[leader.family]
        )
        others = self._ledger.entries({family.canonical, *(e.other(entry.num) for e in placement.edges)})
        others[entry.num] = entry
        is_new = family.size == 1
        return self._answer(
            entry,
            placement.edges,
            others,
            draft,
            family.id,
            others[family.canonical].id,
            is_new,
            stored=False,
        )

    def _answer(
        self,
        entry: Entry,
        edges: Collection[Edge],
        others: dict[int, Entry],
        draft: Draft | None,
        family: str,
        canonical: str,
        is_new: bool,
        stored: bool,
    ) -> Match:
        known = [e for e in edges if e.kind != NONE and e.other(entry.num) in others]
        if not known:
            return Match(
                entry.id, RelationKind.NONE, None, 0.0, 0.0, 0, (), family, canonical, is_new, stored
            )
        best = min(
            known,
            key=lambda e: (
                e.kind,
                -max(e.coverage_a, e.coverage_b),
                -e.shared,
                others[e.other(entry.num)].key,
            ),
        )
        mine, theirs = (
            (best.coverage_a, best.coverage_b) if best.a == entry.num else (best.coverage_b, best.coverage_a)
        )
        return Match(
            entry.id,
            KINDS[best.kind],
            others[best.other(entry.num)].id,
            mine,
            theirs,
            best.shared,
            self._passages(best, entry.num, draft),
            family,
            canonical,
            is_new,
            stored,
        )

    def _passages(self, edge: Edge, first: int, draft: Draft | None) -> tuple[Passage, ...]:
        """The passages of an edge, ``first`` being a."""
        sides = []
        for num in edge[:2]:
            if draft is not None and draft.entry.num == num:
                sides.append((draft.flags, draft.places))
            else:
                words, places = self._ledger.places(num)
                sides.append((unpack_words(words)[1], unpack_places(places)))
        spans = _spans(edge, sides)
        if edge.a != first:
            spans = spans[:, [2, 3, 0, 1]]
        return tuple(Passage(*row) for row in spans[np.lexsort((spans[:, 2], spans[:, 0]))].tolist())

    def _family_of(self, entry: Entry) -> Family:
        leader = entry if entry.leader == entry.num else self._ledger.entries([entry.leader])[entry.leader]
        return self._ledger.families([leader.family])[leader.family]

    def _text(self, num: int) -> str | None:
        data = self._ledger.text(num)
        return None if data is None else zlib.decompress(data).decode()

    # --- looking

    def document(self, identity: str) -> StoredDocument | None:
        """A document by its id, None where there is none."""
        with self._reading():
            entry = self._ledger.by_id(identity)
            if entry is None:
                return None
            family = self._family_of(entry)
            canonical = self._ledger.entries([family.canonical])[family.canonical]
            revisions = self._store.rows("SELECT stored FROM revision WHERE id = ? ORDER BY num", identity)
            settings = self._store.rows("SELECT fingerprint FROM judgement WHERE number = ?", entry.judgement)
            return StoredDocument(
                id=entry.id,
                title=entry.title,
                source=entry.source,
                url=entry.url,
                published=_moment(entry.published),
                updated=_moment(entry.updated),
                language=entry.language,
                text=self._text(entry.num),
                family=family.id,
                canonical=canonical.id,
                is_new=bool(entry.is_new),
                words=entry.words,
                agencies=tuple(orjson.loads(entry.agencies)),
                stored=_known_moment(entry.stored),
                revisions=tuple(_known_moment(row[0]) for row in revisions),
                settings=settings[0][0] if settings else "",
            )

    def diff(self, identity: str) -> Diff:
        """The change from the canonical version of a document's family to the document.

        Raises:
            UsageError: There is no such document, or texts aren't stored.
        """
        with self._reading():
            entry = self._ledger.by_id(identity)
            if entry is None:
                raise UsageError(f"no document with id {identity!r}")
            before, after = self._text(self._family_of(entry).canonical), self._text(entry.num)
        if before is None or after is None:
            raise UsageError("diffs need an index that stores texts: open it with store_text=True")
        return diff(before, after)

    def family(self, identity: str) -> StoredFamily | None:
        """A family by its id, or by an id it had before it was merged; None where there is none."""
        with self._reading():
            family = self._ledger.family(identity)
            return None if family is None else self._described(family)

    def families(self, *, since: datetime | str | None = None, min_size: int = 2) -> Iterator[StoredFamily]:
        """Families in the order in which they last changed.

        Args:
            since: Only what changed at that time or later.
            min_size: Only with so many members.
        """
        moment = parse_time(since)
        after = (-(2**62), -1) if moment is None else (_micros(moment), -1)
        while True:
            with self._reading():
                rows = self._store.rows(
                    "SELECT changed, num FROM family WHERE size >= ? "
                    "AND (changed > ? OR changed = ? AND num > ?) ORDER BY changed, num LIMIT 200",
                    min_size, after[0], after[0], after[1],
                )  # fmt: skip
                known = self._ledger.families([num for _, num in rows])
                some = [self._described(known[num]) for _, num in rows]
            if not rows:
                return
            after = rows[-1][0], rows[-1][1]
            yield from some

    def _described(self, family: Family) -> StoredFamily:
        members = self._ledger.members(family.num)
        ids = {e.num: e.id for e in members}
        times = [e.published for e in members if e.published is not None]
        return StoredFamily(
            id=family.id,
            canonical=ids[family.canonical],
            earliest=ids[family.earliest],
            members=tuple(e.id for e in members),
            sources=tuple(dict.fromkeys(e.source for e in members if e.source is not None)),
            agencies=tuple(dict.fromkeys(name for e in members for name in orjson.loads(e.agencies))),
            first_published=_moment(min(times, default=None)),
            last_published=_moment(max(times, default=None)),
        )

    def changes(self, since: int = 0, limit: int = 1000) -> list[Change]:
        """What happened to families after a cursor, in order.

        Args:
            since: The cursor of the last change already seen; 0 for all.
            limit: The most to give.
        """
        with self._reading():
            rows = self._ledger.changes(since, limit)
        return [
            Change(seq, kind, document, family, other, _known_moment(at))
            for seq, kind, document, family, other, at in rows
        ]

    def stats(self) -> dict[str, Any]:
        """Counts and sizes."""
        with self._reading():
            one = self._store.rows
            documents, copies, roundups, first, last = one(
                "SELECT count(*), sum(CASE WHEN leader <> num THEN 1 ELSE 0 END), sum(roundup), "
                "min(published), max(published) FROM document"
            )[0]
            families, variants = one("SELECT count(*), sum(size) FROM family WHERE size > 1")[0]
            kinds: dict[int, int] = dict(
                one(
                    "SELECT kind, sum(n) FROM (SELECT kind, count(*) AS n FROM edge GROUP BY kind UNION ALL "
                    "SELECT kind, count(*) FROM copy GROUP BY kind) AS counts GROUP BY kind"
                )
            )
            moments = [_moment(value) for value in (first, last)]
            return {
                "documents": documents,
                "copies": int(copies or 0),
                "families": families,
                "members": int(variants or 0),
                "roundups": int(roundups or 0),
                "relations": {KINDS[kind].value: int(count) for kind, count in sorted(kinds.items())},
                "revisions": one("SELECT count(*) FROM revision")[0][0],
                "changes": one("SELECT count(*) FROM change")[0][0],
                "first_published": moments[0].isoformat() if moments[0] else None,
                "last_published": moments[1].isoformat() if moments[1] else None,
                "bytes": self._store.size(),
                "store_text": self.store_text,
                "settings": self.settings.fingerprint(),
                "version": __version__,
            }

    # --- removing

    def remove(self, identity: str) -> bool:
        """Forget a document; whether there was one. What families lose is in the changes."""
        with self._writing():
            entry = self._ledger.by_id(identity)
            if entry is None:
                return False
            self._remove([entry])
            self._store.run("DELETE FROM revision WHERE id = ?", identity)
        return True

    def prune(self, before: datetime | str) -> int:
        """Forget documents published before a time, some at a time; undated ones stay.

        Returns:
            How many.
        """
        moment = parse_time(before)
        if moment is None:
            raise UsageError("prune needs a time")
        total = 0
        while True:
            with self._writing():
                rows = self._store.rows(
                    "SELECT num FROM document WHERE published < ? ORDER BY published, num LIMIT ?",
                    _micros(moment),
                    _PRUNED,
                )
                entries = list(self._ledger.entries([num for (num,) in rows]).values())
                self._remove(entries)
                self._store.run("DELETE FROM revision WHERE published < ?", _micros(moment))
                self._postings.maintain(len(entries), self._dead_below())
            total += len(entries)
            if len(rows) < _PRUNED:
                return total

    def _remove(self, entries: list[Entry], kind: str = "removed") -> None:
        """Remove documents; their copies are placed again, the families they leave settled."""
        if not entries:
            return
        gone = {e.num for e in entries}
        leaders = self._ledger.entries({e.leader for e in entries})
        led = {e.num for e in entries if e.leader == e.num}
        orphans = [c for c in self._all_copies(led) if c.num not in gone] if led else []
        away = gone | {c.num for c in orphans}
        rows = {leaders[e.leader].family for e in entries}
        families = self._ledger.families(rows)
        for what, some in ((kind, sorted(entries)), ("left", orphans)):
            self._ledger.log([ChangeRow(what, e.id, families[leaders[e.leader].family].id) for e in some])
        touched = {num for e in self._ledger.edges_of(away, PARTIAL) for num in e[:2]} - away
        touched |= {e.leader for e in entries} - away
        for row in rows:
            touched |= {
                num
                for (num,) in self._store.rows(
                    "SELECT num FROM document WHERE family = ? AND num = leader", row
                )
                if num not in away
            }
        self._ledger.delete(gone)
        # until it is placed again, an orphan belongs nowhere: no candidate, no member
        self._ledger.update(o._replace(leader=-1 - o.num, family=-1) for o in orphans)
        touched = {num for num, e in self._ledger.entries(touched).items() if e.leader == num}
        self._apply(settle(touched, self._ledger, self.settings, lost=rows))
        for orphan in sorted(orphans, key=lambda e: e.key):
            words, places = self._ledger.places(orphan.num)
            entry = orphan._replace(leader=orphan.num, family=-1, roundup=0, judgement=self._judgement)
            self._put(restored(entry, words, places, self.settings), insert=False)

    # --- the whole

    def rebuild(self) -> None:
        """Judge everything anew with the present settings, as ``dedup run`` would, in one transaction.

        What stock text was learned late is then left out everywhere. Where the index stores texts,
        boilerplate is taken out anew, too, with the blocks that recur in each source; they are used for what
        is added from then on. Without texts, bodies stay as they came. Reads the whole index into memory.
        """
        with self._writing():
            if self._store.rows("SELECT count(*) FROM body WHERE text IS NULL")[0][0] == 0:
                strip_again(self._ledger, self.settings)
            rebuild(self._ledger, self._postings, self.settings, self._judgement, self._apply)
        self._recurring = recall_recurring(self._ledger)

    def export(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        format: str = "jsonl",  # noqa: A002
        force: bool = False,
    ) -> dict[str, pa.Table]:
        """What is stored as tables ``documents``, ``relations`` and ``families``, as a run writes them.

        Args:
            out: Write them to this folder, too.
            format: ``jsonl`` or ``parquet``.
            force: Replace an earlier result.

        Raises:
            UsageError: Another format.
            OutputError: The folder exists, or cannot be written.
        """
        if format not in ("jsonl", "parquet"):
            raise UsageError(f"format {format!r}: must be jsonl or parquet")
        with self._reading():
            result = exported(self._ledger, self.settings)
        tables = {
            "documents": result.documents_table(),
            "relations": result.relations_table(),
            "families": result.families_table(),
        }
        if out is not None:
            with OutputFolder(out, force=force) as folder:
                for name, table in tables.items():
                    write_table(folder / f"{name}.{format}", table)
                run = {
                    "format": FORMAT,
                    "version": __version__,
                    "settings": self.settings.as_dict(),
                    "counts": self.stats(),
                }
                (folder / "run.json").write_bytes(orjson.dumps(run, option=orjson.OPT_INDENT_2) + b"\n")
        return tables

    def merge(self, other: Index) -> int:
        """Add the documents of another index of the same scheme, in the order in which they came there.

        Of two texts of one id the newer stays (``updated``, else ``published``, else the one that is here).

        Returns:
            How many were stored.
        """
        _check_scheme(other._store.name, _scheme(other.settings), _scheme(self.settings))
        last, stored = -1, 0
        while True:
            with other._reading():
                rows = other._store.rows(
                    "SELECT num FROM document WHERE num > ? ORDER BY num LIMIT ?", last, _TOGETHER
                )
                nums = [num for (num,) in rows]
                entries = other._ledger.entries(nums)
                some = []
                for num in nums:
                    draft = restored(entries[num], *other._ledger.places(num), self.settings)
                    some.append(replace(draft, text=other._text(num)))
            if not some:
                return stored
            with self._writing():
                stored += sum(self._merge_one(draft) for draft in some)
                self._postings.maintain(len(some), self._dead_below())
            last = nums[-1]

    def _merge_one(self, draft: Draft) -> bool:
        known = self._ledger.by_id(draft.entry.id)
        if known is not None:
            if known.raw == draft.entry.raw or _newness(draft.entry) <= _newness(known):
                return False
            self._keep_revision(known)
            self._remove([known], "left")
        window = windows(
            np.array([draft.entry.time]), np.array([draft.entry.published is not None]), self.settings
        )
        draft = self._numbered(draft, self._ledger.take_numbers("next_document"))
        entry = draft.entry._replace(family=-1, roundup=0, agreed=0, in_window=int(window[0]))
        self._put(replace(draft, entry=entry), insert=True)
        return True

    def check(self) -> list[str]:
        """What contradicts itself in the database, one line each; empty is good."""
        with self._reading():
            return check(self._ledger)

    def _all_copies(self, leaders: Collection[int]) -> list[Entry]:
        return self._ledger.copies(leaders, 2**62)

    def _dead_below(self) -> int:
        """No document that is still here has a lower number."""
        rows = self._store.rows("SELECT min(num) FROM document")
        return int(rows[0][0] or 0)


# --- the scheme


def _scheme(settings: Settings) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in SCHEME_FIELDS}
    return {**values, "unicode": folding().version, "hash": "xxh64, polynomial", "signature": "affine32"}


def _check_scheme(name: str, stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    different = [
        f"{key} is {stored.get(key)!r} there and {wanted.get(key)!r} here"
        for key in sorted(stored.keys() | wanted.keys())
        if stored.get(key) != wanted.get(key)
    ]
    if different:
        raise SchemeError(f"{name}: made by another scheme: {'; '.join(different)}")


def _settings_json(settings: Settings) -> str:
    values = {k: v for k, v in settings.as_dict().items() if k not in _NEVER_STORED}
    return orjson.dumps(values).decode()


def _begin(ledger: Ledger, settings: Settings, store_text: bool) -> dict[str, str]:
    values = {
        "scheme": orjson.dumps(_scheme(settings)).decode(),
        "settings": _settings_json(settings),
        "store_text": str(int(store_text)),
        "version": __version__,
        "made": str(microseconds()),
        "next_document": "1",
        "next_family": "1",
        "next_change": "1",
        **{f"postings.{name}": "0" for name in ("epoch", "last", "upto", "next", "buckets")},
    }
    for name, value in values.items():
        ledger.set_meta(name, value)
    return values


@cache
def _lexicon() -> str:
    """Hash of the data that stripping goes by."""
    state = hashlib.sha256()
    folder = resources.files("dedup.boilerplate") / "data"
    names = ["agencies.txt", "weights.json"]
    for name in names:
        state.update((folder / name).read_bytes())
    for cues in sorted((folder / "cues").iterdir(), key=lambda path: path.name):
        state.update(cues.read_bytes())
    return state.hexdigest()[:16]


def _judgement(store: Store, settings: Settings) -> int:
    """The row of what documents are judged with from now on."""
    fingerprint = f"{settings.fingerprint()}-{_lexicon()}"
    sql = "SELECT number FROM judgement WHERE fingerprint = ?"
    with store.reading():
        rows = store.rows(sql, fingerprint)
    if rows:
        return int(rows[0][0])
    with store.writing():
        rows = store.rows(sql, fingerprint)
        if rows:
            return int(rows[0][0])
        number = int(store.rows("SELECT count(*) FROM judgement")[0][0])
        value = orjson.dumps(
            {"version": __version__, "lexicon": _lexicon(), **orjson.loads(_settings_json(settings))}
        )
        store.run("INSERT INTO judgement VALUES (?, ?, ?)", number, fingerprint, value.decode())
        return number


# --- values


def usable(document: Any) -> Document:
    """A document of a mapping; one without an id cannot be told from the others.

    Raises:
        InputError: It cannot be used.
    """
    made = document if isinstance(document, Document) else Document.from_record(document)
    if not made.id:
        raise InputError("id is missing; an index needs one")
    return made


def _newness(entry: Entry) -> int:
    return next((time for time in (entry.updated, entry.published) if time is not None), -(2**63))


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else _known_moment(value)


def _known_moment(value: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)


def _spans(edge: Edge, sides: list[tuple[NDArray[np.uint8], NDArray[np.int64]]]) -> NDArray[np.int64]:
    """Passages in characters: int64[p, 4], a and b as in the edge."""
    flags = np.concatenate([flags for flags, _ in sides])
    size = len(sides[0][0])
    # body tokens numbered as if one had been taken out wherever something was
    raw = np.cumsum(np.where(flags & JOINED, 1, 2))
    found = to_edges([edge], {edge.a: 0, edge.b: 1})
    _, token_a, token_b, tokens = split_runs(found, np.array([0, size]), raw)
    at_a, at_b = np.searchsorted(raw, token_a), np.searchsorted(raw, token_b) - size
    a, b = sides[0][1], sides[1][1]
    return np.stack([a[at_a, 0], a[at_a + tokens - 1, 1], b[at_b, 0], b[at_b + tokens - 1, 1]], axis=1)
