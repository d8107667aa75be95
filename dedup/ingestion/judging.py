"""Judging families: what their members attest to each other, which stands for them, and what has changed.

By the functions of a run, on the members that it concerns.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from dedup import kernels
from dedup.canonical import Versions, choose, measure
from dedup.config import Policy
from dedup.edges import Edges
from dedup.families import id_of
from dedup.ragged import running
from dedup.storage.rows import Body, ChangeRow, Entry, FamilyRow
from dedup.texts import CHARACTER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.ingestion.placing import Placement
    from dedup.storage.ledger import Component, Ledger

__all__ = [
    "MANY",
    "Grouped",
    "Settlement",
    "agreed_words",
    "attested_by",
    "choose_canonical",
    "compare_families",
    "family_id",
    "versions_of",
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
    families: dict[int, FamilyRow] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    changes: list[ChangeRow] = field(default_factory=list)
    component: Component | None = None


def family_id(entry: Entry) -> str:
    """Id of the family whose earliest member this is; the one a run gives."""
    return id_of(entry.time, *struct.unpack(">QQ", entry.content))


# --- what members attest, and which stands for them


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
    bodies = {**ledger.bodies.of([num for num in order if num not in own]), **own}
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


def agreed_words(mask: NDArray[np.bool_], body: Body) -> int:
    """Words among tokens."""
    return int(2 * np.count_nonzero(mask) - np.count_nonzero(body.flags[mask] & CHARACTER)) // 2


class Chosen(NamedTuple):
    """The canonical version of a family, and the greatest measure among those it was chosen from."""

    canonical: Entry
    most: int


def choose_canonical(
    families: Sequence[Mapping[int, Entry]], settings: Settings, most: Sequence[int] = ()
) -> list[Chosen]:
    """Choose the canonical version of each of some families.

    Args:
        families: Members among which it is chosen.
        settings: For the policy.
        most: The greatest measure in each family, where not all of its members are here.
    """
    everyone = [e for members in families for e in sorted(members.values(), key=lambda e: e.key)]
    size = np.array([len(members) for members in families], np.int64)
    versions = versions_of(everyone, named=settings.policy in (Policy.SOURCE, Policy.AGENCY))
    first = running(size)[:-1]
    best = choose(versions, np.repeat(np.arange(len(size)), size), settings, most)[first].tolist()
    here = np.maximum.reduceat(measure(versions, settings), first).tolist()
    return [Chosen(everyone[place], greatest) for place, greatest in zip(best, here, strict=True)]


def versions_of(members: Collection[Entry], *, named: bool = True) -> Versions:
    """What the choice looks at; without the names of agencies and sources, which few policies ask for."""
    agencies, source = _NO_LISTS, _NO_NAMES
    if named:
        agencies = pa.array([orjson.loads(e.agencies) for e in members], agencies.type)
        source = pa.array([e.source for e in members], source.type)
    return Versions(
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
    """A family as it is to be: its leaders, in the order of their keys, and how many members it has.

    Its copies are given where they may have been led by others before.
    """

    def __init__(self, leaders: list[Entry], size: int, copies: list[Entry] | None = None) -> None:
        self.leaders, self.size, self.copies, self.most = leaders, size, copies, 0
        self.earliest = self.canonical = leaders[0]

    @property
    def members(self) -> list[Entry]:
        """Those whose former rows say where all come from."""
        return [*self.leaders, *(self.copies or ())]

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
        before = ledger.families_there({e.family for e in self.leaders if e.num in stored}).values()
        standing = {num for family in before for num in (family.canonical, family.earliest)}
        chosen = ledger.entries_there(standing)
        known = {c.num: c for c in [*ledger.copies(stored, MANY), *chosen.values()] if c.leader in stored}
        copies = [c for c in known.values() if c.num != c.leader]
        self.earliest = min([self.leaders[0], *copies], key=lambda e: e.key)
        edges = [
            ledger.pairs.within(nums),
            ledger.pairs.within([*nums, *(c.num for c in copies)], "copy"),
        ]
        bodies = {num: body.with_attested(None) for num, body in ledger.bodies.of(stored).items()}
        if mine is not None:
            bodies[mine.entry.num] = mine.body
            edges.append(mine.edges.take(np.isin(mine.edges.a, nums) & np.isin(mine.edges.b, nums)))
        for copy in copies:  # what they share with their leader has been said when they came
            bodies[copy.num] = Body(np.empty(0, np.uint64), np.empty(0, np.uint8))
        masks = attested_by(Edges.concat(edges), bodies, ledger)
        self.leaders = [e._replace(agreed=agreed_words(masks[e.num], bodies[e.num])) for e in self.leaders]
        found.attested.update({num: masks[num] for num in nums})
        (choice,) = choose_canonical([{e.num: e for e in [*self.leaders, *copies]}], settings)
        self.canonical, self.most = choice.canonical, choice.most


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
    rows_before = {e.family for f in families for e in f.leaders if e.family >= 0}
    before = ledger.families_there(rows_before | set(lost))
    held = [Counter([e.family for e in family.members if e.family in before]) for family in families]
    rows = _rows(families, held, before)
    heirs = _heirs(families, held, rows, before)
    new_ids = {row: heirs.get(row, family.id) for row, family in before.items()}
    fresh = -1
    canonical: list[ChangeRow] = []
    for number, family in enumerate(families):
        row = rows.get(number, fresh)
        fresh -= row == fresh
        old = before.get(row)
        after = FamilyRow(
            *(row, family.id, family.canonical.num, family.earliest.num, family.size, family.most)
        )
        found.entries.update({e.num: e._replace(family=row) for e in family.leaders})
        if old is None or after[:6] != old[:6]:
            found.families[row] = after
        if not held[number]:
            found.changes.append(ChangeRow("new", family.earliest.id, family.id))
            continue
        if old is None:
            found.changes += [ChangeRow("split", None, family.id, before[s].id) for s in sorted(held[number])]
        for e in _astray(family, new_ids, ledger):
            found.changes.append(ChangeRow("left", e.id, before[e.family].id, family.id))
            found.changes.append(ChangeRow("joined", e.id, family.id))
        found.changes += [ChangeRow("joined", e.id, family.id) for e in family.leaders if e.num in own]
        if old is None or (old.id, old.canonical) != (after.id, after.canonical):
            canonical.append(ChangeRow("canonical", family.canonical.id, family.id))
    for source, identity in sorted(heirs.items()):
        found.renamed.append((before[source].id, identity))
        found.changes.append(ChangeRow("merged", None, identity, before[source].id))
    found.changes += canonical  # of what is merged, too
    found.dropped |= before.keys() - rows.values()


def _rows(
    families: Sequence[Grouped], held: Sequence[Counter[int]], before: Mapping[int, FamilyRow]
) -> dict[int, int]:
    """The rows that families stay in, by their places: that of the same id first, or with most members."""
    votes = sorted(
        (before[row].id != family.id, -count, row, number)
        for number, family in enumerate(families)
        for row, count in held[number].items()
    )
    rows: dict[int, int] = {}
    taken: set[int] = set()
    for *_, row, number in votes:
        if number not in rows and row not in taken:
            rows[number] = row
            taken.add(row)
    return rows


def _heirs(
    families: Sequence[Grouped],
    held: Sequence[Counter[int]],
    rows: Mapping[int, int],
    before: Mapping[int, FamilyRow],
) -> dict[int, str]:
    """By row the id that answers for its former one from now on, where no family has that any more."""
    heirs = {row: families[number].id for number, row in rows.items()}
    for family, here in zip(families, held, strict=True):
        for row in here:
            heirs.setdefault(row, family.id)
    current = {family.id for family in families}
    return {row: identity for row, identity in heirs.items() if before[row].id not in current}


def _astray(family: Grouped, new_ids: Mapping[int, str], ledger: Ledger) -> list[Entry]:
    """Members whose former family goes on under another id; a copy with the row that its leader had.

    Args:
        family: As it is to be.
        new_ids: What each former family is called now, by row.
        ledger: What is stored.
    """
    astray = [e for e in family.members if new_ids.get(e.family, family.id) != family.id]
    if family.copies is not None:
        return astray
    origin = {e.num: e.family for e in astray}
    return astray + [e._replace(family=origin[e.leader]) for e in ledger.copies(origin)]
