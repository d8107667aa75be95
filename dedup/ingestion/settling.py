"""Families around what has changed, settled by the functions of a run on what it concerns.

A family is a pure function of the joining edges of one connected component, so that is grouped anew.
A family that comes out as it was is left alone; one that only gains the new document, most of them, needs
nothing but the new document's own edges: what they attest is added to what was attested, and the canonical
version is chosen among the old one and those that have changed. Every other family is judged as a whole.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup.edges import VERSION, Edges, join_links
from dedup.families import PIECE, find_roundups, group
from dedup.ingestion.judging import (
    MANY,
    Grouped,
    Settlement,
    agreed_words,
    attested_by,
    choose_canonical,
    compare_families,
    family_id,
)
from dedup.ingestion.placing import edges_of
from dedup.ragged import distinct
from dedup.storage.ledger import Component
from dedup.storage.rows import NO_EDGES, NO_LINKS, ChangeRow, Entry, FamilyRow, other_ends, places_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dedup.config import Settings
    from dedup.edges import Links
    from dedup.ingestion.placing import Placement
    from dedup.storage.ledger import Ledger

__all__ = ["settle", "settle_again"]


def settle(placements: Sequence[Placement], ledger: Ledger, settings: Settings) -> list[Settlement]:
    """What follows from new documents, none of which touches a component that another one touches.

    Args:
        placements: Where they belong.
        ledger: What is stored, nothing of these.
        settings: What to do.
    """
    cases = [_Case(placement) for placement in placements]
    turned = _turned([p for p in placements if p.entry.leader == p.entry.num], ledger)
    joins, connected = [], []
    for case, placement in zip(cases, placements, strict=True):
        entry = placement.entry
        if entry.leader != entry.num:  # the leaders' edges are as they were, and so are the families
            joins.append(_Join(case, ledger.entries([entry.leader])[entry.leader].family))
            continue
        case.changed = turned.get(entry.num, {})
        if entry.num in case.changed:
            entry = case.changed.pop(entry.num)
            case.new = replace(placement, entry=entry)
        if len(placement.edges):
            case.joining = placement.edges.take(placement.edges.kind <= VERSION)
        if case.changed or len(case.joining):
            connected.append(case)
        else:
            case.found = _alone(entry)
    joins += _regroup(connected, ledger, settings)
    _join(joins, ledger, settings)
    return [case.result(ledger) for case in cases]


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
    case = _Case(None, changed=_roundups(set(touched), ledger), seeds=touched, lost=lost)
    _regroup([case], ledger, settings)
    return case.result(ledger)


@dataclass(slots=True)
class _Case:
    """A new document, or what others have left, and what follows.

    Attributes:
        new: A document that isn't stored yet.
        joining: Its edges that may make it a member of a family.
        changed: Stored documents that have become roundups, or ceased to be.
        seeds: Further documents that are grouped anew.
        lost: Rows of families that have lost members, and must be judged whatever comes out.
        found: What is to be written.
    """

    new: Placement | None
    joining: Edges = NO_EDGES
    changed: dict[int, Entry] = field(default_factory=dict)
    seeds: Collection[int] = ()
    lost: Collection[int] = ()
    found: Settlement = field(default_factory=Settlement)

    @property
    def own(self) -> dict[int, Entry]:
        """The new document, if there is one."""
        return {} if self.new is None else {self.new.entry.num: self.new.entry}

    def result(self, ledger: Ledger) -> Settlement:
        """What is to be written, and nothing that is so already."""
        entries = self.found.entries
        stored = ledger.entries(entries.keys() - self.own.keys())
        self.found.entries = {num: e for num, e in entries.items() if stored.get(num) != e}
        return self.found


class _Join(NamedTuple):
    """A new document becomes a member of a family that is otherwise as it was."""

    case: _Case
    family: int


def _regroup(cases: Sequence[_Case], ledger: Ledger, settings: Settings) -> list[_Join]:
    """Group components of their own, and judge the families that come out otherwise; who joins the others."""
    if not cases:
        return []
    everyone: list[Entry] = []
    links: list[Links] = []
    bounds = [0]
    for case in cases:
        own = case.own
        ends = other_ends(case.joining, min(own)) if own else []
        component = ledger.component({*case.seeds, *case.changed, *ends})
        stored = ledger.entries(component.nums.tolist())
        if own:
            nums = np.concatenate([component.nums, list(own)])
            component = Component(nums, join_links([component.edges, case.joining]))
        leaders = {**stored, **case.changed, **own}
        everyone += sorted(leaders.values(), key=lambda e: e.key)
        links.append(component.edges)
        bounds.append(len(everyone))
        case.found = Settlement(entries=dict(case.changed), component=component)
    edges = join_links(links)
    edges = edges.between(*places_in(everyone, edges.a, edges.b))
    roundup = np.array([e.roundup for e in everyone], bool)
    label = group(edges, len(everyone), roundup).family.tolist()
    joins: list[_Join] = []
    for case, start, stop in zip(cases, bounds[:-1], bounds[1:], strict=True):
        groups: dict[int, list[Entry]] = {}
        for entry, first in zip(everyone[start:stop], label[start:stop], strict=True):
            groups.setdefault(first, []).append(entry)
        joins += _judge(case, list(groups.values()), ledger, settings)
    return joins


def _judge(case: _Case, groups: Sequence[list[Entry]], ledger: Ledger, settings: Settings) -> Iterator[_Join]:
    """Judge the families of a component that are others than before; where the new document joins one."""
    own = case.own
    held = Counter([e.family for members in groups for e in members if e.num not in own])
    judged = []
    for members in groups:
        here = Counter([e.family for e in members if e.num not in own]) if len(groups) > 1 else held
        joins = len(members) - here.total()
        complete = all(held[row] == count and row not in case.lost for row, count in here.items())
        if complete and len(here) == 1:
            if joins:
                yield _Join(case, min(here))
            continue
        if complete:
            size = sum(family.size for family in ledger.families(here).values()) + joins
        else:
            size = len(members) + ledger.copy_count([e.num for e in members if e.num not in own])
        judged.append(Grouped(members, size))
    for family in judged:
        family.judge(ledger, settings, case.found, case.new)
    if judged or case.lost:
        compare_families(judged, ledger, case.found, own, case.lost)


def _alone(entry: Entry) -> Settlement:
    """A document that joins nothing: most of them."""
    identity = family_id(entry)
    return Settlement(
        entries={entry.num: entry._replace(family=-1, agreed=0)},
        families={-1: FamilyRow(-1, identity, entry.num, entry.num, 1, 0)},
        changes=[ChangeRow("new", entry.id, identity)],
        component=Component(np.array([entry.num]), NO_LINKS),
    )


# --- a further member


def _join(joins: Sequence[_Join], ledger: Ledger, settings: Settings) -> None:
    """New documents become members of families that are otherwise as they were, each of another one."""
    if not joins:
        return
    placements = [case.new for case, _ in joins if case.new is not None]
    families = ledger.families({row for _, row in joins})
    _, edges, of, others = edges_of(placements)
    ends = others.tolist()
    known = ledger.entries(set(ends))
    inside = np.array([known[num].family for num in ends]) == np.array([row for _, row in joins])[of]
    edges = edges.take(inside)
    own = {placement.entry.num: placement.body for placement in placements}
    masks = attested_by(edges, own, ledger)
    bodies = {**ledger.bodies.of(masks.keys() - own.keys()), **own}
    of_join = dict(zip(compress(ends, inside.tolist()), of[inside].tolist(), strict=True))
    of_join |= dict(zip(own, range(len(joins)), strict=True))
    stored = ledger.entries({num for f in families.values() for num in (f.canonical, f.earliest)})
    rivals: list[dict[int, Entry]] = []
    for case, row in joins:
        num = families[row].canonical
        rivals.append({num: case.found.entries.get(num, stored[num])})
    for num, mask in masks.items():
        case, row = joins[of_join[num]]
        entry = case.own.get(num) or case.found.entries.get(num, known.get(num))
        assert entry is not None
        if num in own:
            entry = entry._replace(family=row if entry.leader == num else -1)
        rivals[of_join[num]][num] = entry._replace(agreed=agreed_words(mask, bodies[num]))
        case.found.attested[num] = mask
    chosen = choose_canonical(rivals, settings, [families[row].most for _, row in joins])
    grown = [
        i
        for i, (_, row) in enumerate(joins)
        if chosen[i].most > families[row].most and len(rivals[i]) <= families[row].size
    ]
    if grown:  # all are compared with the greatest
        everyone = [_members(families[joins[i].family], ledger) | rivals[i] for i in grown]
        for i, choice in zip(grown, choose_canonical(everyone, settings), strict=True):
            chosen[i] = choice
    for (case, row), fresh, choice in zip(joins, rivals, chosen, strict=True):
        case.found.entries.update(fresh)
        family, new = families[row], fresh[min(case.own)]
        earliest = min(stored[family.earliest], new, key=lambda e: e.key)
        after = FamilyRow(
            *(row, family_id(earliest), choice.canonical.num, earliest.num),
            *(family.size + 1, max(family.most, choice.most)),
        )
        case.found.families[row] = after
        changes = [ChangeRow("joined", new.id, after.id)]
        if after.id != family.id:
            case.found.renamed.insert(0, (family.id, after.id))
            changes.insert(0, ChangeRow("merged", None, after.id, family.id))
        if (after.id, after.canonical) != (family.id, family.canonical):
            changes.append(ChangeRow("canonical", choice.canonical.id, after.id))
        case.found.changes[:0] = changes


def _members(family: FamilyRow, ledger: Ledger) -> dict[int, Entry]:
    """The members that may stand for a family."""
    leader = ledger.entries([family.earliest])[family.earliest].leader
    nums = ledger.component([leader]).nums.tolist()
    leading = {num: e for num, e in ledger.entries(nums).items() if e.family == family.num}
    copies = ledger.copies(leading, MANY) if family.size > len(leading) else []
    return leading | {e.num: e for e in copies}


# --- roundups


def _turned(placements: Sequence[Placement], ledger: Ledger) -> dict[int, dict[int, Entry]]:
    """By new document: itself as a roundup, and the documents that have become one by it, or ceased to be.

    Only a piece can make a roundup of the document that holds it; what is no piece can only end one. A new
    document that holds fewer than two pieces is none.
    """
    nums, edges, of, ends = edges_of(placements)
    rows = np.flatnonzero(edges.for_roundups)
    if not len(rows):
        return {}
    edges, of, ends = edges.take(rows), of[rows], ends[rows]
    is_a = ends == edges.b
    stored = ledger.entries(set(ends.tolist()))
    turning = np.where(is_a, edges.coverage_b, edges.coverage_a) <= PIECE
    turning |= np.array([stored[num].roundup for num in ends.tolist()], bool)
    pieces = of[np.where(is_a, edges.coverage_a, edges.coverage_b) <= PIECE]
    where = np.bincount(pieces, minlength=len(nums)) > 1
    where[of[turning]] = True
    if not where.any():
        return {}
    new = {placements[i].entry.num: placements[i].entry for i in np.flatnonzero(where).tolist()}
    by = dict(zip(ends[turning].tolist(), nums[of[turning]].tolist(), strict=True))
    changed: dict[int, dict[int, Entry]] = {}
    for num, entry in _roundups(set(by), ledger, new, edges.take(where[of])).items():
        changed.setdefault(by.get(num, num), {})[num] = entry
    return changed


def _roundups(
    touched: set[int],
    ledger: Ledger,
    new: dict[int, Entry] | None = None,
    edges: Edges = NO_EDGES,
) -> dict[int, Entry]:
    """Documents whose being a roundup has changed.

    Args:
        touched: Stored documents.
        ledger: What is stored.
        new: Documents that aren't.
        edges: Those of these for roundups.
    """
    rows = Edges.concat([ledger.pairs.of(touched, for_roundups=True), edges])
    entries = ledger.entries(touched) | (new or {})
    ends = distinct(np.concatenate([rows.a, rows.b]))
    known = {**ledger.entries([num for num in ends.tolist() if num not in entries]), **entries}
    # of documents that aren't touched only some edges are here, so nothing is said of them
    where = np.array([num in entries for num in ends.tolist()], bool)
    length = np.array([known[num].tokens for num in ends.tolist()], np.int64)
    places = rows.between(ends.searchsorted(rows.a), ends.searchsorted(rows.b))
    ledger.check_runs(places, ends.tolist(), length)
    flags = dict(zip(ends.tolist(), find_roundups(places, length, where).tolist(), strict=True))
    return {
        num: e._replace(roundup=int(flags.get(num, False)))
        for num, e in entries.items()
        if e.leader == num and e.roundup != flags.get(num, False)
    }
