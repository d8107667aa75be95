"""Answers: what the index says of documents and families, made of what is stored."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedup.edits import Diff, diff
from dedup.ingestion.drafts import moment
from dedup.model import Passage, RelationKind
from dedup.overlap import KINDS, NONE, Edges
from dedup.passages import split_runs
from dedup.storage.codec import JOINED, unpack_places
from dedup.storage.rows import Entry, Family, other_ends

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from dedup.ingestion.drafts import Draft
    from dedup.ingestion.placing import Placement
    from dedup.ingestion.settling import Settlement
    from dedup.storage.ledger import Ledger

__all__ = [
    "Change",
    "Match",
    "StoredDocument",
    "StoredFamily",
    "changes",
    "described",
    "document",
    "match",
    "planned",
    "stored_text",
]


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


# --- matches


def match(
    ledger: Ledger,
    entry: Entry,
    *,
    stored: bool,
    edges: Edges | None = None,
    draft: Draft | None = None,
    with_diff: bool = False,
) -> Match:
    """Where a stored document belongs.

    Args:
        ledger: What is stored.
        entry: The document.
        stored: Whether this call wrote it.
        edges: Its pairs with those that came before it, where they are known.
        draft: The document itself, where it is at hand.
        with_diff: Add the change from the canonical version.
    """
    family = family_of(ledger, entry)
    edges = _edges_before(ledger, entry) if edges is None else edges
    others = ledger.entries({family.canonical, *other_ends(edges, entry.num)})
    others[entry.num] = entry
    canonical = others[family.canonical]
    found = _answer(ledger, entry, edges, others, draft)
    found = replace(found, family=family.id, canonical=canonical.id, is_new=bool(entry.is_new), stored=stored)
    if with_diff and canonical.num != entry.num:
        one, two = stored_text(ledger, canonical.num), stored_text(ledger, entry.num)
        if one is not None and two is not None:
            return replace(found, diff=diff(one, two))
    return found


def planned(ledger: Ledger, draft: Draft, placement: Placement, settlement: Settlement) -> Match:
    """Where a document would belong."""
    entry = settlement.entries.get(draft.entry.num, placement.entry)
    leader = settlement.entries.get(entry.leader) or ledger.entries([entry.leader])[entry.leader]
    row = leader.family
    family = settlement.families.get(row) or ledger.families([row])[row]
    others = ledger.entries({family.canonical, *other_ends(placement.edges, entry.num)} - {entry.num})
    others[entry.num] = entry
    found = _answer(ledger, entry, placement.edges, others, draft)
    return replace(found, family=family.id, canonical=others[family.canonical].id, is_new=family.size == 1)


def _edges_before(ledger: Ledger, entry: Entry) -> Edges:
    """Its edges with documents that came before it."""
    if entry.leader != entry.num:
        return ledger.edges_within([entry.num, entry.leader], "copy")
    edges = ledger.edges_of([entry.num], NONE)
    return edges.take(np.maximum(edges.a, edges.b) == entry.num)


def _answer(
    ledger: Ledger, entry: Entry, edges: Edges, others: Mapping[int, Entry], draft: Draft | None
) -> Match:
    """The strongest relation, and nothing yet of the family."""
    ends = other_ends(edges, entry.num)
    kind, shared = edges.kind.tolist(), edges.shared_words.tolist()
    coverage = np.maximum(edges.coverage_a, edges.coverage_b).tolist()
    known = [i for i, end in enumerate(ends) if kind[i] != NONE and end in others]
    if not known:
        return Match(entry.id, RelationKind.NONE, None, 0.0, 0.0, 0, (), "", "", False, False)
    best = min(known, key=lambda i: (kind[i], -coverage[i], -shared[i], others[ends[i]].key))
    edge = edges.take(slice(best, best + 1))
    covered = [float(edge.coverage_a[0]), float(edge.coverage_b[0])]
    mine, theirs = covered if edge.a[0] == entry.num else covered[::-1]
    passages = _passages(ledger, edge, entry.num, draft)
    other = others[ends[best]].id
    return Match(
        *(entry.id, KINDS[kind[best]], other, mine, theirs, shared[best], passages), "", "", False, False
    )


def _passages(ledger: Ledger, edge: Edges, first: int, draft: Draft | None) -> tuple[Passage, ...]:
    """The passages of one edge, ``first`` being a."""
    sides = []
    for num in (int(edge.a[0]), int(edge.b[0])):
        if draft is not None and draft.entry.num == num:
            sides.append((draft.flags, unpack_places(draft.places)))
        else:
            sides.append((ledger.bodies([num])[num].flags, unpack_places(ledger.packed(num)[1])))
    spans = _spans(edge, sides)
    if edge.a[0] != first:
        spans = spans[:, [2, 3, 0, 1]]
    return tuple(Passage(*row) for row in spans[np.lexsort((spans[:, 2], spans[:, 0]))].tolist())


def _spans(edge: Edges, sides: list[tuple[NDArray[np.uint8], NDArray[np.int64]]]) -> NDArray[np.int64]:
    """Passages of one edge in characters: int64[p, 4], a and b as in the edge."""
    flags = np.concatenate([flags for flags, _ in sides])
    size = len(sides[0][0])
    # body tokens numbered as if one had been taken out wherever something was
    raw = np.cumsum(np.where(flags & JOINED, 1, 2))
    two = replace(edge, a=np.array([0]), b=np.array([1]))
    _, token_a, token_b, tokens = split_runs(two, np.array([0, size]), raw)
    at_a, at_b = np.searchsorted(raw, token_a), np.searchsorted(raw, token_b) - size
    a, b = sides[0][1], sides[1][1]
    return np.stack([a[at_a, 0], a[at_a + tokens - 1, 1], b[at_b, 0], b[at_b + tokens - 1, 1]], axis=1)


# --- documents, families, changes


def family_of(ledger: Ledger, entry: Entry) -> Family:
    """The family of a stored document."""
    leader = entry if entry.leader == entry.num else ledger.entries([entry.leader])[entry.leader]
    return ledger.families([leader.family])[leader.family]


def stored_text(ledger: Ledger, num: int) -> str | None:
    """The raw text, where it is stored."""
    data = ledger.text(num)
    return None if data is None else zlib.decompress(data).decode()


def document(ledger: Ledger, entry: Entry) -> StoredDocument:
    """All that is stored of a document."""
    family = family_of(ledger, entry)
    revisions = ledger.store.rows("SELECT stored FROM revision WHERE id = ? ORDER BY num", entry.id)
    settings = ledger.store.rows("SELECT fingerprint FROM judgement WHERE number = ?", entry.judgement)
    return StoredDocument(
        id=entry.id,
        title=entry.title,
        source=entry.source,
        url=entry.url,
        published=_moment(entry.published),
        updated=_moment(entry.updated),
        language=entry.language,
        text=stored_text(ledger, entry.num),
        family=family.id,
        canonical=ledger.entries([family.canonical])[family.canonical].id,
        is_new=bool(entry.is_new),
        words=entry.words,
        agencies=tuple(orjson.loads(entry.agencies)),
        stored=moment(entry.stored),
        revisions=tuple(moment(row[0]) for row in revisions),
        settings=settings[0][0] if settings else "",
    )


def described(ledger: Ledger, family: Family) -> StoredFamily:
    """A family with its members."""
    members = ledger.members(family.num)
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


def changes(ledger: Ledger, since: int, limit: int) -> list[Change]:
    """What happened to families after a cursor, in order."""
    return [
        Change(seq, kind, document, family, other, moment(at))
        for seq, kind, document, family, other, at in ledger.changes(since, limit)
    ]


def _moment(value: int | None) -> datetime | None:
    return None if value is None else moment(value)
