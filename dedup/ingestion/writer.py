"""Writing: documents put in, taken out, and what follows from it, inside the caller's transaction."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from dedup.edges import NONE, VERSION
from dedup.ingestion.drafts import Draft, restored
from dedup.ingestion.placing import place
from dedup.ingestion.settling import settle, settle_again
from dedup.ingestion.weighing import weigh_again
from dedup.storage.rows import Change, Entry, microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dedup.config import Settings
    from dedup.edges import Edges
    from dedup.ingestion.placing import Placement
    from dedup.ingestion.settling import Settlement
    from dedup.storage.ledger import Ledger
    from dedup.storage.segments import Postings

__all__ = ["Writer", "Written"]


class Written(NamedTuple):
    """A document as it was stored.

    Attributes:
        draft: With its number.
        entry: As it is stored.
        edges: Its verified pairs.
    """

    draft: Draft
    entry: Entry
    edges: Edges


class Writer:
    """Changes the tables of one index; each call leaves them consistent."""

    def __init__(
        self, ledger: Ledger, postings: Postings, settings: Settings, judgement: int, *, store_text: bool
    ) -> None:
        self._ledger, self._postings = ledger, postings
        self._settings, self._judgement, self._store_text = settings, judgement, store_text

    def numbered(self, draft: Draft, num: int) -> Draft:
        """The draft with a number of its own."""
        entry = draft.entry._replace(
            num=num, leader=num, occurrence=num, judgement=self._judgement, stored=microseconds()
        )
        return draft.with_entry(entry)

    def put(self, drafts: Sequence[Draft], *, undated: bool) -> Iterator[Written]:
        """Store new documents in their order, each as it is asked for.

        Args:
            drafts: Not yet numbered, no id twice, none that is stored.
            undated: There may be documents without a date.
        """
        if not drafts:
            return
        first = self._ledger.take_numbers("next_document", len(drafts))
        drafts = [self.numbered(draft, first + i) for i, draft in enumerate(drafts)]
        placements = place(drafts, self._ledger, self._postings, self._settings, undated=undated)
        self._postings.append([placement.keys for placement in placements])
        for draft, placement in zip(drafts, placements, strict=True):
            yield self._write(draft, placement, insert=True)

    def replace(self, known: Entry) -> None:
        """Take out a document of which a new revision follows, and keep what is said of it."""
        self._keep_revision(known)
        self.remove([known], "left")

    def _write(self, draft: Draft, placement: Placement, *, insert: bool) -> Written:
        self._weigh_again(draft, placement)
        settlement = settle(placement, self._ledger, self._settings)
        num = draft.entry.num
        body = placement.body.told(settlement.attested.pop(num, None))
        entry = self.apply(settlement, num if insert else None)[num]
        if insert:
            text = None
            if self._store_text and draft.text is not None:  # an index that is merged may have none
                text = zlib.compress(draft.text.encode(), 6)
            self._ledger.insert(entry, body, draft.spans, text)
        else:
            self._ledger.repack(num, body)
        self._ledger.add_edges(placement.edges, "edge" if entry.leader == num else "copy")
        return Written(draft, entry, placement.edges)

    def _weigh_again(self, draft: Draft, placement: Placement) -> None:
        """Forget what stored documents share but for text that is stock by now."""
        ledger = self._ledger
        found = weigh_again(draft, placement, ledger, self._postings, self._settings)
        if found is None:
            return
        for num, body in found.bodies.items():
            ledger.repack(num, body)
        ledger.drop_edges(found.before)
        ledger.add_edges(found.after.take(found.after.kind != NONE))
        telling = found.before.take(found.before.telling)
        joining = telling.take(telling.kind <= VERSION)
        rows = {e.family for e in ledger.entries({*joining.a.tolist(), *joining.b.tolist()}).values()}
        touched = {*telling.a.tolist(), *telling.b.tolist(), *(e.num for e in ledger.leaders(rows))}
        if touched:
            self.apply(settle_again(touched, ledger, self._settings, rows))

    def apply(self, found: Settlement, new: int | None = None) -> Mapping[int, Entry]:
        """Write a settlement; the entries as written, ``new`` left to be inserted."""
        fresh = sorted([row for row in found.families if row < 0], reverse=True)
        entries, rows = dict(found.entries), dict[int, int]()
        if fresh:
            first = self._ledger.take_numbers("next_family", len(fresh))
            rows = {row: first + i for i, row in enumerate(fresh)}
            entries = {num: e._replace(family=rows.get(e.family, e.family)) for num, e in entries.items()}
        if new is not None and any(f.size == 1 and f.earliest == new for f in found.families.values()):
            entries[new] = entries[new]._replace(is_new=1)
        self._ledger.update([e for num, e in entries.items() if num != new])
        self._ledger.attest(found.attested)
        self._ledger.drop_families(found.dropped)
        self._ledger.put_families([f._replace(num=rows.get(f.num, f.num)) for f in found.families.values()])
        for old, current in found.renamed:
            self._ledger.rename(old, current)
        self._ledger.log(found.changes)
        if found.component is not None:
            self._ledger.remember(found.component)
        return entries

    def _keep_revision(self, entry: Entry) -> None:
        self._ledger.store.run(
            "INSERT INTO revision (num, id, raw, content, title, published, updated, stored, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(entry.num, entry.id, entry.raw, entry.content, entry.title),
            *(entry.published, entry.updated, entry.stored, self._ledger.text(entry.num)),
        )

    def remove(self, entries: list[Entry], kind: str = "removed") -> None:
        """Remove documents; their copies are placed again, the families they leave settled."""
        if not entries:
            return
        ledger = self._ledger
        gone = {e.num for e in entries}
        leaders = ledger.entries({e.leader for e in entries})
        led = {e.num for e in entries if e.leader == e.num}
        orphans = [c for c in ledger.copies(led) if c.num not in gone] if led else []
        away = gone | {c.num for c in orphans}
        rows = {leaders[e.leader].family for e in entries}
        families = ledger.families(rows)
        for what, some in ((kind, sorted(entries)), ("left", orphans)):
            ledger.log([Change(what, e.id, families[leaders[e.leader].family].id) for e in some])
        edges = ledger.edges_of(away, telling=True)
        touched = {*edges.a.tolist(), *edges.b.tolist(), *(e.leader for e in entries)}
        touched = (touched | {e.num for e in ledger.leaders(rows)}) - away
        ledger.delete(gone)
        # until it is placed again, an orphan belongs nowhere: no candidate, no member
        ledger.update([o._replace(leader=-1 - o.num, family=-1) for o in orphans])
        touched = {num for num, e in ledger.entries(touched).items() if e.leader == num}
        self.apply(settle_again(touched, ledger, self._settings, rows))
        for orphan in sorted(orphans, key=lambda e: e.key):
            entry = orphan._replace(
                leader=orphan.num, family=-1, roundup=0, agreed=0, judgement=self._judgement
            )
            body, spans = ledger.bodies([orphan.num]), ledger.spans([orphan.num])
            draft = restored(entry, body[orphan.num], spans[orphan.num], self._settings)
            (placement,) = place([draft], ledger, self._postings, self._settings, undated=True)
            self._postings.append([placement.keys])
            self._write(draft, placement, insert=False)
