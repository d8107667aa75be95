"""Writing: documents put in, taken out, and what follows from it, inside the caller's transaction."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from dedup.edges import NONE, VERSION, Edges
from dedup.ingestion.placing import place
from dedup.ingestion.prepared import PreparedDocument, from_stored
from dedup.ingestion.reverifying import reverify, stock_pairs
from dedup.ingestion.seeking import Queries
from dedup.ingestion.settling import settle, settle_again
from dedup.ingestion.verifying import verified
from dedup.ingestion.waves import waves
from dedup.storage.codec import stocked
from dedup.storage.rows import NO_EDGES, Body, ChangeRow, Entry, microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dedup.config import Settings
    from dedup.ingestion.judging import Settlement
    from dedup.ingestion.placing import Placement
    from dedup.storage.ledger import Ledger
    from dedup.storage.segments import Postings

__all__ = ["Writer", "Written"]


class Written(NamedTuple):
    """A document as it was stored.

    Attributes:
        entry: What is known of it.
        edges: Its verified pairs.
    """

    entry: Entry
    edges: Edges


class Writer:
    """Changes the tables of one index; each call leaves them consistent."""

    def __init__(
        self, ledger: Ledger, postings: Postings, settings: Settings, judgement: int, *, store_text: bool
    ) -> None:
        self._ledger, self._postings = ledger, postings
        self._settings, self._judgement, self._store_text = settings, judgement, store_text

    def numbered(self, document: PreparedDocument, num: int, stored: int = 0) -> PreparedDocument:
        """The document with a number of its own, and the time at which it is stored."""
        entry = document.entry._replace(num=num, leader=num, judgement=self._judgement, stored=stored)
        if entry.revises < 0:
            entry = entry._replace(occurrence=num)
        return document.with_entry(entry)

    def put(self, documents: Sequence[PreparedDocument], *, undated: bool) -> Iterator[tuple[int, Written]]:
        """Store new documents, with the outcome of doing so in their order; each with its place, in waves.

        Args:
            documents: Not yet numbered, no id twice, none that is stored.
            undated: There may be documents without a date.
        """
        if not documents:
            return
        first = self._ledger.take_numbers("next_document", len(documents))
        now = microseconds()
        documents = [self.numbered(document, first + i, now + i) for i, document in enumerate(documents)]
        done = 0
        while done < len(documents):
            rest = documents[done:]
            placements, keys = place(rest, self._ledger, self._postings, self._settings, undated=undated)
            self._postings.append(keys)
            for i, written in self._put_placed(rest[: len(placements)], placements):
                yield done + i, written
            done += len(placements)

    def _put_placed(
        self, documents: Sequence[PreparedDocument], placements: Sequence[Placement]
    ) -> Iterator[tuple[int, Written]]:
        """Store documents that are placed."""
        ledger, settings = self._ledger, self._settings
        stock = stock_pairs(documents, placements, ledger, self._postings, settings)
        touched = {i: {*pairs.a.tolist(), *pairs.b.tolist()} for i, pairs in stock.items()}
        changes: list[list[ChangeRow]] = [[] for _ in documents]
        for wave in waves(placements, touched, ledger):
            for i in wave:
                if i in stock:
                    entry = documents[i].entry
                    changes[i] += self._reverify(placements[i], stock[i], entry.num, at=entry.stored)
            settlements = settle([placements[i] for i in wave], ledger, settings)
            written = [
                self._write(documents[i], placements[i], s) for i, s in zip(wave, settlements, strict=True)
            ]
            for i, settlement in zip(wave, settlements, strict=True):
                changes[i] += settlement.changes
            for table, some in (("edge", True), ("copy", False)):
                edges = [w.edges for w in written if (w.entry.leader == w.entry.num) == some]
                ledger.pairs.add(Edges.concat([NO_EDGES, *edges]), table)
            yield from zip(wave, written, strict=True)
        ledger.log([change for some in changes for change in some])

    def replace(self, known: Entry, document: PreparedDocument) -> PreparedDocument:
        """Take out a document, and keep what is said of it; the new revision, to be put in its place.

        All revisions have one number in the postings of fingerprints, and count once: text of an article that
        is revised all day would be a crowd that hides others, and stock in the end.
        """
        self._ledger.keep_revision(known)
        self.remove([known], "left")
        entry = document.entry._replace(
            revises=known.posted, occurrence=known.occurrence, in_window=known.in_window
        )
        return document.with_entry(entry)

    def _write(self, document: PreparedDocument, placement: Placement, settlement: Settlement) -> Written:
        """Store a new document and what follows; its edges and the changes aside."""
        num = document.entry.num
        body = placement.body.with_attested(settlement.attested.pop(num, None))
        entry = self.apply(settlement, num, at=document.entry.stored, insert=True)[num]
        text = None
        if self._store_text and document.text is not None:  # an index that is merged may have none
            text = zlib.compress(document.text.encode(), 6)
        self._ledger.insert(entry, body, document.spans, text)
        return Written(entry, placement.edges)

    def _reverify(
        self, placement: Placement, pairs: Edges, by: int | None = None, *, at: int | None = None
    ) -> list[ChangeRow]:
        """Forget what stored documents share but for text that is stock by now; the changes."""
        ledger = self._ledger
        found = reverify(placement, pairs, ledger, self._settings)
        if found is None:
            return []
        for num, body in found.bodies.items():
            ledger.bodies.repack(num, body)
        if not len(found.before):
            return []
        ledger.drop_edges(found.before)
        ledger.pairs.add(found.after.take(found.after.kind != NONE))
        lost = found.before.take(found.before.for_roundups)
        joining = lost.take(lost.kind <= VERSION)
        rows = {e.family for e in ledger.entries({*joining.a.tolist(), *joining.b.tolist()}).values()}
        touched = {*lost.a.tolist(), *lost.b.tolist(), *(e.num for e in ledger.leaders(rows))}
        if not touched:
            return []
        settlement = settle_again(touched, ledger, self._settings, rows)
        self.apply(settlement, by, at=at)
        return settlement.changes

    def apply(
        self, found: Settlement, by: int | None = None, *, at: int | None = None, insert: bool = False
    ) -> Mapping[int, Entry]:
        """Write a settlement, its changes aside; the entries as written.

        Args:
            found: The settlement.
            by: The number of the new document it follows from; a fresh one by default.
            at: The time of the families that have changed; now by default.
            insert: That document is left to be inserted.
        """
        fresh = sorted([row for row in found.families if row < 0], reverse=True)
        entries, rows = dict(found.entries), dict[int, int]()
        if fresh:
            by = self._ledger.take_numbers("next_document") if by is None else by
            rows = dict(zip(fresh, self._ledger.family_rows(by, len(fresh)), strict=True))
            entries = {num: e._replace(family=rows.get(e.family, e.family)) for num, e in entries.items()}
        new = by if insert else None
        if new is not None and any(f.size == 1 and f.earliest == new for f in found.families.values()):
            entries[new] = entries[new]._replace(is_new=1)
        self._ledger.update([e for num, e in entries.items() if num != new])
        self._ledger.bodies.attest(found.attested)
        self._ledger.drop_families(found.dropped)
        at = microseconds() if at is None else at
        self._ledger.put_families(
            [f._replace(num=rows.get(f.num, f.num), changed=at) for f in found.families.values()]
        )
        for old, current in found.renamed:
            self._ledger.rename(old, current)
        if found.component is not None:
            self._ledger.remember(found.component)
        return entries

    def remove(self, entries: list[Entry], kind: str = "removed") -> None:
        """Remove documents; their near copies are placed again, the families they leave settled."""
        if not entries:
            return
        ledger = self._ledger
        gone = {e.num for e in entries}
        led = {e.num for e in entries if e.leader == e.num}
        entries = [self._succeeded(e, gone) if e.num in led else e for e in entries]
        leaders = ledger.entries({*led, *(e.leader for e in entries)})
        orphans = [c for c in ledger.copies(led) if c.num not in gone] if led else []
        away = gone | {c.num for c in orphans}
        rows = {leaders[e.leader].family for e in entries}
        families = ledger.families(rows)
        for what, some in ((kind, sorted(entries)), ("left", orphans)):
            ledger.log([ChangeRow(what, e.id, families[leaders[e.leader].family].id) for e in some])
        edges = ledger.pairs.of(away, for_roundups=True)
        touched = {*edges.a.tolist(), *edges.b.tolist(), *(e.leader for e in entries)}
        touched = (touched | {e.num for e in ledger.leaders(rows)}) - away
        ledger.delete(gone)
        # until it is placed again, an orphan belongs nowhere: no candidate, no member
        ledger.update([o._replace(leader=-1 - o.num, family=-1) for o in orphans])
        touched = {num for num, e in ledger.entries(touched).items() if e.leader == num}
        settlement = settle_again(touched, ledger, self._settings, rows)
        self.apply(settlement)
        ledger.log(settlement.changes)
        for orphan in sorted(orphans, key=lambda e: e.key):
            entry = orphan._replace(
                leader=orphan.num, family=-1, roundup=0, agreed=0, judgement=self._judgement
            )
            body, spans = ledger.bodies.of([orphan.num]), ledger.bodies.spans([orphan.num])
            document = from_stored(entry, body[orphan.num], spans[orphan.num], self._settings)
            self._place_again(document)

    def _succeeded(self, leader: Entry, gone: set[int]) -> Entry:
        """A leader that goes, as a copy of its first copy, if that is exact and leads in its place."""
        ledger = self._ledger
        copies = [c for c in ledger.copies([leader.num]) if c.num not in gone]
        first = min(copies, key=lambda e: e.key, default=leader)
        if first is leader or first.content != leader.content:  # a near copy before all exact ones leads
            return leader
        equal = [c for c in copies if c.content == leader.content]
        heir = first._replace(leader=first.num, family=leader.family, roundup=leader.roundup)
        edges = ledger.pairs.of([leader.num])
        others = ledger.entries({*edges.a.tolist(), *edges.b.tolist()} - {leader.num})
        bodies = {
            num: Body(body.hash, stocked(body.flags))
            for num, body in ledger.bodies.of({heir.num, *others}).items()
        }
        pairs = [(heir, bodies[heir.num], other) for other in others.values()]
        found = verified(pairs, bodies, {}, self._settings)
        ledger.pairs.add(found.take(found.kind != NONE))
        ledger.hand_over(leader.num, heir.num)
        ledger.update([heir, *(c._replace(leader=heir.num) for c in equal if c.num != heir.num)])
        spans = ledger.bodies.spans([heir.num])[heir.num]
        document = from_stored(heir, bodies[heir.num], spans, self._settings)
        self._postings.append(Queries([document.prefixes], undated=True).postings([heir]))
        return leader._replace(leader=heir.num)

    def _place_again(self, document: PreparedDocument) -> None:
        """Place a stored document anew; a family it founded before may still be there under its number."""
        ledger, postings, settings, num = self._ledger, self._postings, self._settings, document.entry.num
        (placement,), keys = place([document], ledger, postings, settings, undated=True)
        postings.append(keys)
        for pairs in stock_pairs([document], [placement], ledger, postings, settings).values():
            ledger.log(self._reverify(placement, pairs))
        (settlement,) = settle([placement], ledger, settings)
        ledger.bodies.repack(num, placement.body.with_attested(settlement.attested.pop(num, None)))
        entry = self.apply(settlement)[num]
        ledger.log(settlement.changes)
        ledger.pairs.add(placement.edges, "edge" if entry.leader == num else "copy")
