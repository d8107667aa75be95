"""Families around what has changed, settled by the functions of a run on what it concerns.

A family is a pure function of the joining edges of one connected component, so that is grouped anew.
A family that comes out as it was is left alone; one that only gains the new document, most of them, needs
nothing but the new document's own edges: what they attest is added to what was attested, and the canonical
version is chosen among the old one and those that have changed. Every other family is judged as a whole.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa

from dedup import kernels
from dedup.canonical import Candidates, choose, measure
from dedup.edges import VERSION, Edges, join_links
from dedup.families import PIECE, find_roundups, group, id_of
from dedup.ragged import distinct, running
from dedup.storage.ledger import Component
from dedup.storage.rows import NO_EDGES, NO_LINKS, Body, Change, Entry, Family, microseconds, other_ends
from dedup.texts import CHARACTER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.ingestion.placing import Placement
    from dedup.storage.ledger import Ledger

__all__ = [
    "Grouped",
    "Settlement",
    "attested_by",
    "candidates_of",
    "compare_families",
    "family_id",
    "numbered",
    "settle",
    "settle_again",
]

_NO_NAMES, _NO_LISTS = pa.array([], pa.string()), pa.array([], pa.list_(pa.string()))

MANY = 384
"""Copies of a family that are looked at when its canonical version is chosen: those with a credit, and the
earliest ones, first."""


@dataclass(slots=True)
class Settlement:
    """What is to be written.

    Attributes:
        entries: Documents that have changed, the new one among them.
        attested: Which of their tokens other members carry, where that has changed.
        families: Families that are new or have changed; rows below zero are new ones.
        dropped: Rows of families that are no more.
        renamed: Old id and new id.
        changes: What to tell.
        component: What the new document is connected with now.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    attested: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    families: dict[int, Family] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    component: Component | None = None


def family_id(entry: Entry) -> str:
    """Id of the family whose earliest member this is; the one a run gives."""
    key = struct.pack("<qQQ", entry.time, *struct.unpack(">QQ", entry.content))
    return id_of(key)


def settle(placement: Placement, ledger: Ledger, settings: Settings) -> Settlement:
    """What follows from a new document."""
    entry, edges = placement.entry, placement.edges
    if entry.leader != entry.num:  # the leaders' edges are as they were, and so are the families
        row = ledger.entries([entry.leader])[entry.leader].family
        found = Settlement()
        _join(found, placement, ledger.families([row])[row], ledger, settings)
        return found
    if not edges.telling.any():
        return _alone(entry)
    touched = _may_turn(entry, edges, ledger)
    changed: dict[int, Entry] = {}
    if touched or _pieces(entry, edges) > 1:
        changed = _roundups({entry.num, *touched}, ledger, entry, edges)
        entry = changed.pop(entry.num, entry)
    if not changed and not (edges.kind <= VERSION).any():
        return _alone(entry)
    if entry is not placement.entry:
        placement = replace(placement, entry=entry)
    return _regroup(changed, ledger, settings, new=placement)


def settle_again(
    touched: Collection[int], ledger: Ledger, settings: Settings, lost: Collection[int]
) -> Settlement:
    """What follows from documents having gone.

    Args:
        touched: Leaders whose edges have changed, or of the same family.
        ledger: What is stored.
        settings: What to do.
        lost: Rows of families that have lost members.
    """
    changed = _roundups(set(touched), ledger)
    return _regroup(changed, ledger, settings, seeds=touched, lost=lost)


def _regroup(
    changed: dict[int, Entry],
    ledger: Ledger,
    settings: Settings,
    *,
    new: Placement | None = None,
    seeds: Collection[int] = (),
    lost: Collection[int] = (),
) -> Settlement:
    """Group the components of some documents.

    Args:
        changed: Stored documents that have become roundups, or ceased to be.
        ledger: What is stored.
        settings: What to do.
        new: A document that isn't stored yet.
        seeds: Further documents.
        lost: Rows of families that have lost members, and must be judged whatever comes out.
    """
    joining = NO_EDGES if new is None else new.edges.take(new.edges.kind <= VERSION)
    ends = [] if new is None else other_ends(joining, new.entry.num)
    component = ledger.component({*seeds, *changed, *ends})
    own = {} if new is None else {new.entry.num: new.entry}
    if own:
        nums = np.concatenate([component.nums, list(own)])
        component = Component(nums, join_links([component.edges, joining]))
    leaders = {**ledger.entries(component.nums.tolist()), **changed, **own}
    everyone = sorted(leaders.values(), key=lambda e: e.key)
    roundup = np.array([e.roundup for e in everyone], bool)
    sides = places_in(everyone, component.edges.a, component.edges.b)
    label = group(component.edges.between(*sides), len(everyone), roundup).family.tolist()
    groups: dict[int, list[Entry]] = {}
    for entry, first in zip(everyone, label, strict=True):
        groups.setdefault(first, []).append(entry)

    found = Settlement(entries=dict(changed), component=component)
    held = Counter([e.family for e in everyone if e.num not in own])
    judged = []
    for members in groups.values():
        here = Counter([e.family for e in members if e.num not in own]) if len(groups) > 1 else held
        joins = len(members) - here.total()
        complete = all(held[row] == count and row not in lost for row, count in here.items())
        if complete and len(here) == 1:
            if joins and new is not None:
                _join(found, new, ledger.families(here)[min(here)], ledger, settings)
            continue
        if complete:
            size = sum(family.size for family in ledger.families(here).values()) + joins
        else:
            size = len(members) + ledger.copy_count([e.num for e in members if e.num not in own])
        judged.append(Grouped(members, size))
    for family in judged:
        family.judge(ledger, settings, found, new)
    if judged or lost:
        compare_families(judged, ledger, found, own, lost)
    stored = ledger.entries(found.entries.keys() - own.keys())
    found.entries = {num: e for num, e in found.entries.items() if stored.get(num) != e}
    return found


def _alone(entry: Entry) -> Settlement:
    """A document that joins nothing: most of them."""
    identity = family_id(entry)
    return Settlement(
        entries={entry.num: entry._replace(family=-1, agreed=0)},
        families={-1: Family(-1, identity, entry.num, entry.num, 1, 0, microseconds())},
        changes=[Change("new", entry.id, identity)],
        component=Component(np.array([entry.num]), NO_LINKS),
    )


# --- a further member


def _join(
    found: Settlement, placement: Placement, family: Family, ledger: Ledger, settings: Settings
) -> None:
    """A new document becomes a member of a family that is otherwise as it was."""
    new, edges = placement.entry, placement.edges
    ends = other_ends(edges, new.num)
    known = ledger.entries(ends)
    leads = new.leader == new.num
    inside = [known[num].family == family.num for num in ends]
    masks = attested_by(edges.take(np.array(inside, bool)), {new.num: placement.body}, ledger)
    new = new._replace(family=family.num if leads else -1, agreed=_agreed(masks[new.num], placement.body))
    bodies = ledger.bodies(masks.keys() - {new.num})
    fresh = {
        num: found.entries.get(num, known[num])._replace(agreed=_agreed(masks[num], bodies[num]))
        for num in bodies
    }
    fresh[new.num] = new
    stored = ledger.entries({family.canonical, family.earliest})
    rivals = {family.canonical: found.entries.get(family.canonical, stored[family.canonical]), **fresh}
    choice = _Choice(rivals.values(), settings)
    most = max(family.most, choice.most)
    if most > family.most and len(rivals) <= family.size:  # all are compared with the greatest
        choice = _Choice({**{e.num: e for e in _members(family, ledger)}, **rivals}.values(), settings)
        most = choice.most
    canonical = choice.canonical(most)
    earliest = min(stored[family.earliest], new, key=lambda e: e.key)
    after = Family(
        *(family.num, family_id(earliest), canonical.num, earliest.num),
        *(family.size + 1, most, microseconds()),
    )
    found.entries.update(fresh)
    found.attested.update(masks)
    found.families[family.num] = after
    if after.id != family.id:
        found.renamed.append((family.id, after.id))
        found.changes.append(Change("merged", None, after.id, family.id))
    found.changes.append(Change("joined", new.id, after.id))
    if after.canonical != family.canonical:
        found.changes.append(Change("canonical", canonical.id, after.id))


def attested_by(edges: Edges, own: Mapping[int, Body], ledger: Ledger) -> dict[int, NDArray[np.bool_]]:
    """Tokens that the documents of ``own``, or others for the first time, share by some edges.

    Args:
        edges: Pairs within one family.
        own: Bodies of documents of which nothing is known yet, each with its number.
        ledger: The others.

    Returns:
        bool[t] for each document of ``own``, and for each other one where something is added.
    """
    order = sorted({*edges.a.tolist(), *edges.b.tolist(), *own})
    bodies = {**ledger.bodies([num for num in order if num not in own]), **own}
    known = [None if num in own else bodies[num].attested for num in order]
    size = [len(bodies[num].hash) for num in order]
    offsets = running(size)
    shared = np.concatenate([np.zeros(n, bool) if k is None else k for n, k in zip(size, known, strict=True)])
    added = np.array([k is None for k in known], bool)
    nums = np.array(order, np.int64)
    ends = np.searchsorted(nums, edges.a), np.searchsorted(nums, edges.b)
    kernels.get().mark_shared(*ends, edges.run_start, edges.run_stop, edges.runs, offsets, shared, added)
    # they are kept for long, and the others are not to be with them
    return {order[i]: shared[offsets[i] : offsets[i + 1]].copy() for i in np.flatnonzero(added).tolist()}


def _agreed(mask: NDArray[np.bool_], body: Body) -> int:
    """Words among tokens."""
    return int(2 * np.count_nonzero(mask) - np.count_nonzero(body.flags[mask] & CHARACTER)) // 2


def _members(family: Family, ledger: Ledger) -> list[Entry]:
    """The members that may stand for a family."""
    leading = ledger.leaders([family.num])
    copies = ledger.copies([e.num for e in leading], MANY) if family.size > len(leading) else []
    return [*leading, *copies]


class _Choice:
    """Members of a family among which the canonical one is chosen."""

    def __init__(self, members: Collection[Entry], settings: Settings) -> None:
        self._members = sorted(members, key=lambda e: e.key)
        self._settings = settings
        named = settings.policy in ("source", "agency")
        self._candidates = candidates_of(self._members, named=named)
        self.most = int(measure(self._candidates, settings).max())

    def canonical(self, most: int = 0) -> Entry:
        """The chosen one, given the greatest measure in the family, where not all members are here."""
        family = np.zeros(len(self._members), np.int64)
        return self._members[int(choose(self._candidates, family, self._settings, most)[0])]


def candidates_of(members: Collection[Entry], *, named: bool = True) -> Candidates:
    """What the choice looks at; without the names of agencies and sources, which few policies ask for."""
    agencies, source = _NO_LISTS, _NO_NAMES
    if named:
        agencies = pa.array([orjson.loads(e.agencies) for e in members], agencies.type)
        source = pa.array([e.source for e in members], source.type)
    return Candidates(
        words=np.array([e.words for e in members], np.int64),
        agreed=np.array([e.agreed for e in members], np.int64),
        credited=np.array([e.credited for e in members], bool),
        agencies=agencies,
        published=np.array([e.time for e in members], np.int64),
        removed=np.array([1 - e.tokens / max(e.raw_tokens, 1) for e in members]),
        source=source,
    )


# --- families as a whole


class Grouped:
    """A family as it is to be: its leaders, in the order of their keys, and how many members it has."""

    def __init__(self, leaders: list[Entry], size: int) -> None:
        self.leaders, self.size, self.most = leaders, size, 0
        self.earliest = self.canonical = leaders[0]

    @property
    def id(self) -> str:
        """What a run calls it."""
        return family_id(self.earliest)

    def judge(self, ledger: Ledger, settings: Settings, found: Settlement, new: Placement | None) -> None:
        """See what its members attest to each other, and choose the canonical version."""
        if self.size == 1:
            self.leaders = [self.leaders[0]._replace(agreed=0)]
            self.canonical = self.earliest = self.leaders[0]
            found.attested[self.canonical.num] = np.zeros(self.canonical.tokens, bool)
            return
        nums = [e.num for e in self.leaders]
        mine = None if new is None or new.entry.num not in nums else new
        stored = [num for num in nums if mine is None or num != mine.entry.num]
        before = ledger.families({e.family for e in self.leaders if e.num in stored}).values()
        chosen = ledger.entries({num for family in before for num in (family.canonical, family.earliest)})
        known = {c.num: c for c in [*ledger.copies(stored, MANY), *chosen.values()] if c.leader in stored}
        copies = [c for c in known.values() if c.num != c.leader]
        self.earliest = min([self.leaders[0], *copies], key=lambda e: e.key)
        edges = [
            ledger.edges_within(nums),
            ledger.edges_within([*nums, *(c.num for c in copies)], "copy"),
        ]
        bodies = {num: body.told(None) for num, body in ledger.bodies(stored).items()}
        if mine is not None:
            bodies[mine.entry.num] = mine.body
            edges.append(mine.edges.take(np.isin(mine.edges.a, nums) & np.isin(mine.edges.b, nums)))
        for copy in copies:  # what they share with their leader has been said when they came
            bodies[copy.num] = Body(np.empty(0, np.uint64), np.empty(0, np.uint8))
        masks = attested_by(Edges.concat(edges), bodies, ledger)
        self.leaders = [e._replace(agreed=_agreed(masks[e.num], bodies[e.num])) for e in self.leaders]
        found.attested.update({num: masks[num] for num in nums})
        choice = _Choice([*self.leaders, *copies], settings)
        self.canonical, self.most = choice.canonical(), choice.most


def compare_families(
    families: list[Grouped],
    ledger: Ledger,
    found: Settlement,
    own: Mapping[int, Entry],
    lost: Collection[int] = (),
) -> None:
    """Match families as they are to be with those that are, and tell the difference.

    Args:
        families: All that have leaders of the rows concerned.
        ledger: What is stored.
        found: What is to be written; more is added.
        own: Documents that aren't stored yet.
        lost: Rows of families that have lost members.
    """
    before = ledger.families({e.family for f in families for e in f.leaders if e.family >= 0} | set(lost))
    rows: dict[int, int] = {}  # of the family as it is to be
    votes = sorted(
        (
            (before[row].id != family.id, -sum(e.family == row for e in family.leaders), row, number)
            for number, family in enumerate(families)
            for row in {e.family for e in family.leaders if e.family in before}
        ),
    )
    taken: set[int] = set()
    for *_, row, number in votes:
        if number not in rows and row not in taken:
            rows[number] = row
            taken.add(row)
    fresh = -1
    now = microseconds()
    gone = set(before) - taken
    heir: dict[int, str] = {}
    for number, family in enumerate(families):
        row = rows.get(number, fresh)
        fresh -= row == fresh
        old = before.get(row)
        if old is not None and old.id != family.id:
            heir[old.num] = family.id
        joining = [e for e in family.leaders if e.num in own and family.size != 1]
        moved = [e for e in family.leaders if e.family != row and e.num not in own]
        sources = {e.family for e in moved}
        for source in sources & gone:
            heir.setdefault(source, family.id)
        after = Family(
            *(row, family.id, family.canonical.num, family.earliest.num, family.size, family.most, now)
        )
        found.entries.update({e.num: e._replace(family=row) for e in family.leaders})
        if old is None or after[:6] != old[:6]:
            found.families[row] = after
        if old is None and not moved:
            found.changes.append(Change("new", family.earliest.id, family.id))
            joining = [e for e in joining if e.num != family.earliest.num]
        elif old is None:
            found.changes += [
                Change("split", None, family.id, before[s].id) for s in sorted(sources & before.keys())
            ]
        copies = ledger.copies([e.num for e in moved if e.family in before]) if moved else []
        origin = {e.num: e.family for e in moved}
        for e in [*moved, *(e for e in copies if e.num not in own and e.num not in origin)]:
            source = origin[e.leader]
            if source in before:
                if source not in gone:
                    found.changes.append(Change("left", e.id, before[source].id, family.id))
                if source not in gone or old is None:
                    found.changes.append(Change("joined", e.id, family.id))
        found.changes += [Change("joined", e.id, family.id) for e in joining]
        if (old is not None and old.canonical != after.canonical) or (old is None and family.size > 1):
            found.changes.append(Change("canonical", family.canonical.id, family.id))
    current = {family.id for family in families} | {family.id for family in found.families.values()}
    for source, identity in sorted(heir.items()):
        if before[source].id not in current:
            found.renamed.append((before[source].id, identity))
            found.changes.append(Change("merged", None, identity, before[source].id))
    found.dropped |= gone


# --- roundups


def _may_turn(new: Entry, edges: Edges, ledger: Ledger) -> set[int]:
    """Documents that may become a roundup by new edges, or cease to be one.

    Only a piece can make a roundup of the document that holds it; what is no piece can only end one.
    """
    near = edges.telling
    share = np.where(edges.a == new.num, edges.coverage_b, edges.coverage_a)[near]
    ends = np.where(edges.a == new.num, edges.b, edges.a)[near]
    covered = ledger.entries(ends[share > PIECE].tolist())
    return set(ends[share <= PIECE].tolist()) | {num for num, e in covered.items() if e.roundup}


def _pieces(new: Entry, edges: Edges) -> int:
    """How many documents share only a small part of a new one; with fewer than two it is no roundup."""
    share = np.where(edges.a == new.num, edges.coverage_a, edges.coverage_b)
    return int(np.count_nonzero(edges.telling & (share <= PIECE)))


def _roundups(
    touched: set[int], ledger: Ledger, new: Entry | None = None, edges: Edges = NO_EDGES
) -> dict[int, Entry]:
    """Documents whose being a roundup has changed."""
    stored = touched if new is None else touched - {new.num}
    rows = Edges.concat([ledger.edges_of(stored, telling=True), edges.take(edges.telling)])
    entries = ledger.entries(stored)
    if new is not None:
        entries[new.num] = new
    ends = distinct(np.concatenate([rows.a, rows.b]))
    known = {**ledger.entries([num for num in ends.tolist() if num not in entries]), **entries}
    # of documents that aren't touched only some edges are here, so nothing is said of them
    asked = np.array([num in entries for num in ends.tolist()], bool)
    length = np.array([known[num].tokens for num in ends.tolist()], np.int64)
    places = rows.between(ends.searchsorted(rows.a), ends.searchsorted(rows.b))
    flags = dict(zip(ends.tolist(), find_roundups(places, length, asked).tolist(), strict=True))
    return {
        num: e._replace(roundup=int(flags.get(num, False)))
        for num, e in entries.items()
        if e.leader == num and e.roundup != flags.get(num, False)
    }


# --- columns


def numbered(edges: Edges, order: Sequence[Entry]) -> Edges:
    """Edges with places in an order of documents for their numbers."""
    return edges.between(*places_in(order, edges.a, edges.b))


def places_in(order: Sequence[Entry], *ends: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The places in an order of documents of their numbers."""
    nums = np.array([e.num for e in order], np.int64)
    by_num = np.argsort(nums)
    return [by_num[nums[by_num].searchsorted(end)] for end in ends]
