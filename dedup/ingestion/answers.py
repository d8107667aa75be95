"""Answers: what the index says of documents and families, made of what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson

from dedup.edges import KINDS, NONE, Edges
from dedup.edits import Diff, diff
from dedup.ingestion.judging import MANY
from dedup.model import Passage, RelationKind
from dedup.passages import place_runs
from dedup.ragged import owners, running, steps
from dedup.storage.rows import NO_EDGES, Entry, FamilyRow, other_ends
from dedup.values import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dedup.ingestion.judging import Settlement
    from dedup.ingestion.placing import Placement
    from dedup.ingestion.prepared import PreparedDocument
    from dedup.storage.ledger import Ledger

__all__ = [
    "Answer",
    "Change",
    "Match",
    "StoredDocument",
    "StoredFamily",
    "StoredRevision",
    "answer",
    "changes",
    "described",
    "document",
    "family_of",
    "matches",
    "planned",
    "revisions",
]


@dataclass(frozen=True, slots=True)
class Match:
    """Where a document belongs.

    Attributes:
        id: The document's id.
        relation: To ``other``; ``none`` where nothing stored is related to it; :meth:`Index.explain` says
            why.
        other: The document it is most strongly related to, of those that came before it; among equal
            relations the one it shares most words with.
        coverage: Share of this document's words that ``other`` has, stock text left out.
        other_coverage: Share of the words of ``other`` that this document has.
        shared_words: Words taken over, light edits among them.
        passages: What is equal word for word; a is this document, b ``other``.
        family: Id of its family; a document alone is a family, too.
        canonical: Id of the family's canonical version.
        is_new: Whether it founded a family when this text of it was first added.
        stored: Whether this call stored it: not if the same id and text was there, and never by a query.
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
        is_new: Whether it founded a family when it was first added.
        words: How many its body has, boilerplate left out.
        agencies: Those that a byline, dateline or credit names.
        stored: When it was stored.
        revisions: When each of its former texts was stored, oldest first.
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
class StoredRevision:
    """A former text of a document, which another one of the same id has replaced.

    Attributes:
        title: The title it had.
        published: As it was said then.
        updated: As it was said then.
        stored: When it was stored.
        hash: Of the raw text, xxh3 of 128 bits in hexadecimal digits: two texts with the same one are equal.
        text: The raw text, where the index stored texts when it came.
    """

    title: str | None
    published: datetime | None
    updated: datetime | None
    stored: datetime
    hash: str
    text: str | None


@dataclass(frozen=True, slots=True)
class StoredFamily:
    """A family as the index has it.

    Attributes:
        id: Its present id, whichever of its ids was asked for.
        canonical: Id of the version that stands for it.
        earliest: Id of the earliest one that has a date; None where none has.
        members: Ids, earliest first, undated last.
        sources: Of the members, each once.
        agencies: Named by members, each once.
        first_published: Of the earliest dated member.
        last_published: Of the latest.
    """

    id: str
    canonical: str
    earliest: str | None
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
        kind: ``new`` (family, for which ``document`` stands), ``joined``, ``left``, ``merged`` (``other`` is
            now ``family``), ``split`` (``family`` came out of ``other``), ``canonical`` (``document`` stands
            for the family now), ``removed``.
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


class Answer(NamedTuple):
    """A match, its passages aside.

    Attributes:
        match: All but the passages.
        num: The document's number.
        edge: The pair its passages are of, if there is one.
    """

    match: Match
    num: int
    edge: Edges | None


def answer(
    ledger: Ledger, entry: Entry, *, stored: bool, edges: Edges | None = None, with_diff: bool = False
) -> Answer:
    """Where a stored document belongs.

    Args:
        ledger: What is stored.
        entry: The document.
        stored: Whether this call wrote it.
        edges: Its pairs with those that came before it, where they are known.
        with_diff: Add the change from the canonical version.
    """
    family = family_of(ledger, entry)
    edges = _edges_before(ledger, entry) if edges is None else edges
    others = ledger.entries({family.canonical, *other_ends(edges, entry.num)})
    others[entry.num] = entry
    canonical = others[family.canonical]
    change = None
    if with_diff and canonical.num != entry.num:
        one, two = ledger.bodies.raw_text(canonical.num), ledger.bodies.raw_text(entry.num)
        change = None if one is None or two is None else diff(one, two)
    return _strongest(
        *(entry, edges, others, family.id, canonical.id),
        is_new=bool(entry.is_new),
        stored=stored,
        change=change,
    )


def planned(
    ledger: Ledger, prepared: PreparedDocument, placement: Placement, settlement: Settlement
) -> Match:
    """Where a document would belong."""
    entry = settlement.entries.get(prepared.entry.num, placement.entry)
    leader = settlement.entries.get(entry.leader) or ledger.entries([entry.leader])[entry.leader]
    row = leader.family
    family = settlement.families.get(row) or ledger.families([row])[row]
    others = ledger.entries({family.canonical, *other_ends(placement.edges, entry.num)} - {entry.num})
    others[entry.num] = entry
    canonical = others[family.canonical].id
    found = _strongest(
        *(entry, placement.edges, others, family.id, canonical), is_new=family.size == 1, stored=False
    )
    return matches(ledger, [found], prepared)[0]


def _edges_before(ledger: Ledger, entry: Entry) -> Edges:
    """Its edges with documents that came before it; who leads may have changed since."""
    if entry.leader != entry.num:
        return NO_EDGES if entry.is_new else ledger.pairs.within([entry.num, entry.leader], "copy")
    copies = [] if entry.is_new else [e.num for e in ledger.copies([entry.num], MANY)]
    edges = [ledger.pairs.of([entry.num]), ledger.pairs.within([entry.num, *copies], "copy")]
    found = Edges.concat(edges)
    return found.take(np.maximum(found.a, found.b) == entry.num)


def _strongest(
    entry: Entry,
    edges: Edges,
    others: Mapping[int, Entry],
    family: str,
    canonical: str,
    *,
    is_new: bool,
    stored: bool,
    change: Diff | None = None,
) -> Answer:
    """The strongest relation of a document."""
    ends = other_ends(edges, entry.num)
    kind, shared = edges.kind.tolist(), edges.shared_words.tolist()
    one, two = edges.coverage_a.tolist(), edges.coverage_b.tolist()
    known = [i for i, end in enumerate(ends) if kind[i] != NONE and end in others]
    if not known:
        none = Match(
            *(entry.id, RelationKind.NONE, None, 0.0, 0.0, 0, (), family, canonical, is_new, stored, change)
        )
        return Answer(none, entry.num, None)
    rank = {i: (kind[i], -shared[i], -max(one[i], two[i])) for i in known}
    strongest = min(rank.values())
    best = min((i for i in known if rank[i] == strongest), key=lambda i: others[ends[i]].key)
    mine, theirs = (one[best], two[best]) if edges.a[best] == entry.num else (two[best], one[best])
    found = Match(
        *(entry.id, KINDS[kind[best]], others[ends[best]].id, mine, theirs, shared[best], ()),
        *(family, canonical, is_new, stored, change),
    )
    return Answer(found, entry.num, edges.take(slice(best, best + 1)))


def matches(
    ledger: Ledger, answers: Sequence[Answer], prepared: PreparedDocument | None = None
) -> list[Match]:
    """Answers with their passages, found all at once.

    Args:
        ledger: What is stored.
        answers: In any order.
        prepared: A document that isn't stored.
    """
    related = [(i, found.num, found.edge) for i, found in enumerate(answers) if found.edge is not None]
    found = [each.match for each in answers]
    if not related:
        return found
    edges = Edges.concat([edge for _, _, edge in related])
    sides = np.stack([edges.a, edges.b], axis=1).ravel().tolist()
    own = set() if prepared is None else {prepared.entry.num}
    bodies, spans = ledger.bodies.of(set(sides) - own), ledger.bodies.spans(set(sides) - own)
    flags = {num: body.flags for num, body in bodies.items()}
    if prepared is not None:
        flags[prepared.entry.num], spans[prepared.entry.num] = prepared.flags, prepared.spans
    first = running([len(flags[num]) for num in sides])
    numbered = edges.between(2 * np.arange(len(edges)), 2 * np.arange(len(edges)) + 1)
    ledger.check_runs(numbered, sides, steps(first))
    placed = place_runs(
        numbered,
        first[:-1],
        np.concatenate([flags[num] for num in sides]),
        np.concatenate([spans[num] for num in sides]),
    )
    of, passages = owners(placed.offsets), placed.spans
    turned = edges.a[of] != np.array([num for _, num, _ in related])[of]
    passages[turned] = passages[turned][:, [2, 3, 0, 1]]
    order = np.lexsort((passages[:, 2], passages[:, 0], of))
    bounds = np.searchsorted(of, np.arange(len(related) + 1)).tolist()
    rows = [Passage(*row) for row in passages[order].tolist()]
    for (i, _, _), start, stop in zip(related, bounds[:-1], bounds[1:], strict=True):
        found[i] = replace(found[i], passages=tuple(rows[start:stop]))
    return found


# --- documents, families, changes


def family_of(ledger: Ledger, entry: Entry) -> FamilyRow:
    """The family of a stored document."""
    leader = entry if entry.leader == entry.num else ledger.entries([entry.leader])[entry.leader]
    return ledger.families([leader.family])[leader.family]


def document(ledger: Ledger, entry: Entry) -> StoredDocument:
    """All that is stored of a document."""
    family = family_of(ledger, entry)
    return StoredDocument(
        id=entry.id,
        title=entry.title,
        source=entry.source,
        url=entry.url,
        published=_moment(entry.published),
        updated=_moment(entry.updated),
        language=entry.language,
        text=ledger.bodies.raw_text(entry.num),
        family=family.id,
        canonical=ledger.entries([family.canonical])[family.canonical].id,
        is_new=bool(entry.is_new),
        words=entry.words,
        agencies=tuple(orjson.loads(entry.agencies)),
        stored=moment(entry.stored),
        revisions=tuple(map(moment, ledger.revised(entry.id))),
        settings=ledger.fingerprint(entry.judgement),
    )


def revisions(ledger: Ledger, entry: Entry) -> list[StoredRevision]:
    """The former texts of a document, oldest first."""
    return [
        StoredRevision(
            title=row.title,
            published=_moment(row.published),
            updated=_moment(row.updated),
            stored=moment(row.stored),
            hash=row.raw.hex(),
            text=None if row.text is None else ledger.bodies.inflated(entry.num, row.text),
        )
        for row in ledger.revisions(entry.id)
    ]


def described(ledger: Ledger, family: FamilyRow) -> StoredFamily:
    """A family with its members."""
    members = ledger.members(family.num)
    stands = ledger.entries({family.canonical, family.earliest})
    times = [e.published for e in members if e.published is not None]
    return StoredFamily(
        id=family.id,
        canonical=stands[family.canonical].id,
        earliest=stands[family.earliest].id if times else None,
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
