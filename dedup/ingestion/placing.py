"""Placing a document among those that are stored: what it is a copy of, or what it shares with which.

The decisions are those of a run, made by the same functions (``verify``, ``equal``), on the few documents
that concern it. What this module adds is which ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedup.candidates import CROWD, LEADERS, Pairs
from dedup.ingestion.keys import (
    BANDS,
    COUNTS,
    LONG,
    LOW_BITS,
    MARKS,
    UNDATED_SALT,
    distinct,
    is_counted,
)
from dedup.overlap import NEAR, NONE, STOCK, Edges, Texts, equal, verify
from dedup.shingles import roll
from dedup.storage.codec import JOINED
from dedup.storage.rows import NO_EDGES, Body, Entry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Protocol

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.ingestion.drafts import Draft
    from dedup.storage.ledger import Ledger

    class Finder(Protocol):
        """Where postings are looked up."""

        def find(self, low: NDArray[np.uint64], high: NDArray[np.uint64]) -> NDArray[np.uint64]:
            """Distinct keys within the given ranges, sorted."""


__all__ = ["Placement", "place", "texts_of"]

DAY = 86_400 * 1_000_000
_NO_KEYS = np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a document belongs: before families are looked at.

    Attributes:
        entry: With its leader and occurrence.
        body: With stock marked.
        edges: Its verified pairs, numbers of documents for a and b; of a copy, the one with its leader.
        keys: Its postings.
    """

    entry: Entry
    body: Body
    edges: Edges
    keys: NDArray[np.uint64]


def place(draft: Draft, ledger: Ledger, finder: Finder, settings: Settings, *, undated: bool) -> Placement:
    """Find what a document is a copy of, or which passages it shares with which documents.

    Args:
        draft: The document, numbered.
        ledger: What is stored.
        finder: The postings.
        settings: What to do.
        undated: There may be documents without a date.
    """
    entry = draft.entry
    # an exact copy of what isn't stock needs no look-up at all: one press release fifty thousand times
    same = [
        e
        for e in ledger.with_content(entry.content)
        if e.num != entry.num and e.leader >= 0 and e.bodiless == entry.bodiless
    ]
    if same and (entry.bodiless or not _stocky(entry, ledger.bodies([same[0].num])[same[0].num].flags)):
        return _copy(draft, draft.flags, same, ledger, settings)
    if entry.bodiless:
        return Placement(entry, Body(draft.hash, draft.flags), NO_EDGES, _NO_KEYS)

    found = _Found.of(draft, finder, undated)
    entry = found.occur(entry, ledger)
    draft = replace(draft, entry=entry)
    flags, stock = found.stock(draft, settings)
    if same and _stocky(entry, flags):
        same = [e for e in same if e.published is not None and e.published // DAY == entry.time // DAY]
    if same:
        return _copy(draft, flags, same, ledger, settings)

    near = found.near(entry, ledger)
    shared = found.sharing(draft, flags, stock, settings)
    entries = near | {num: e for num, e in ledger.entries(shared).items() if e.num == e.leader}
    entries.pop(entry.num, None)
    body = Body(draft.hash, flags)
    if not entries:
        return Placement(entry, body, NO_EDGES, draft.lookup.keys(entry))
    among = _Among(entry, body, entries, ledger, stock, settings)
    leader = among.leader(near)
    if leader is not None:
        entry = entry._replace(leader=leader)
        return Placement(entry, body, among.verified([leader]), draft.lookup.keys(entry))
    edges = among.verified(shared & entries.keys())
    return Placement(entry, body, edges.take(edges.kind != NONE), draft.lookup.keys(entry))


def _stocky(entry: Entry, flags: NDArray[np.uint8]) -> bool:
    """Dated, and mostly stock: a notice in the words of every week."""
    return entry.published is not None and bool(2 * np.count_nonzero(flags & STOCK == 0) < len(flags))


def _copy(
    draft: Draft, flags: NDArray[np.uint8], same: list[Entry], ledger: Ledger, settings: Settings
) -> Placement:
    """An exact copy, collapsed to the leader of the earliest document it equals."""
    first = min(same, key=lambda e: e.key)
    entry = draft.entry._replace(leader=first.leader, occurrence=first.occurrence, in_window=first.in_window)
    body = Body(draft.hash, flags)
    leader = ledger.entries([first.leader])
    among = _Among(entry, body, leader, ledger, _NO_KEYS, settings)
    return Placement(entry, body, among.verified(leader), _NO_KEYS)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the postings say of one document, by list: hashes, and the numbers that stand with them."""

    hashes: list[NDArray[np.uint64]]
    numbers: list[NDArray[np.int64]]

    @classmethod
    def of(cls, draft: Draft, finder: Finder, undated: bool) -> _Found:
        found = finder.find(*draft.lookup.ranges(undated or draft.entry.published is None))
        bounds = [*np.searchsorted(found, np.arange(4, dtype=np.uint64) << np.uint64(62)), len(found)]
        parts = [found[bounds[i] : bounds[i + 1]] & np.uint64((1 << 62) - 1) for i in range(4)]
        return cls(
            [part >> np.uint64(bits) for part, bits in zip(parts, LOW_BITS, strict=True)],
            [
                (part & np.uint64((1 << bits) - 1)).astype(np.int64)
                for part, bits in zip(parts, LOW_BITS, strict=True)
            ],
        )

    def occur(self, entry: Entry, ledger: Ledger) -> Entry:
        """The document, counted with the earliest one it shares a long run with."""
        others = ledger.entries(set(self.numbers[LONG].tolist()) - {entry.num})
        if others:
            first = min(others.values(), key=lambda e: e.key)
            entry = entry._replace(occurrence=first.occurrence, in_window=first.in_window)
        return entry

    def stock(self, draft: Draft, settings: Settings) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
        """The flags with stock marked, and the shingles that are stock, sorted."""
        seen = self.hashes[COUNTS] << np.uint64(16) | self.numbers[COUNTS].astype(np.uint64)
        hashes = distinct(np.concatenate([seen, draft.lookup.own_count(draft.entry)])) >> np.uint64(16)
        dated, undated = _often(hashes, settings.stock_windows), _often(hashes, settings.stock_documents)
        if not len(dated) and not len(undated):
            return draft.flags, _NO_KEYS
        size = settings.shingle_words * (1 + draft.entry.spaceless)
        offsets = np.array([0, len(draft.hash)])
        shingles = roll(draft.hash, offsets, np.array([size]))[1] >> np.uint64(16)
        counted = is_counted(shingles)
        stock = _members(shingles, np.sort(np.concatenate([dated, undated ^ UNDATED_SALT]))) & counted
        # a shingle that isn't counted is stock between two that are
        told = np.flatnonzero(counted)
        after = np.searchsorted(told, np.arange(len(stock)), "right")
        inside = (after > 0) & (after < len(told))
        stock[inside] |= stock[told[after[inside] - 1]] & stock[told[after[inside]]]
        width = np.full(len(stock), min(size, len(draft.hash)))
        marked = _covered(stock, np.arange(len(stock)), width, len(draft.hash))
        return draft.flags | marked * np.uint8(STOCK), distinct(shingles[stock])

    def near(self, entry: Entry, ledger: Ledger) -> dict[int, Entry]:
        """The first document of each bucket this one falls into."""
        others = ledger.entries(set(self.numbers[BANDS].tolist()) - {entry.num})
        first: dict[int, Entry] = {}
        for bucket, number in zip(self.hashes[BANDS].tolist(), self.numbers[BANDS].tolist(), strict=True):
            other = others.get(number)
            if other and other.leader >= 0 and (bucket not in first or other.key < first[bucket].key):
                first[bucket] = other
        return {e.num: e for e in first.values()}

    def sharing(
        self, draft: Draft, flags: NDArray[np.uint8], stock: NDArray[np.uint64], settings: Settings
    ) -> set[int]:
        """Documents that share enough fingerprints outside stock text; of a crowd the first and the last."""
        hashes, numbers = self.hashes[MARKS], self.numbers[MARKS]
        if len(stock):
            fresh = np.concatenate([[0], np.cumsum(flags & STOCK == 0)])
            size = settings.shingle_words * (1 + draft.entry.spaceless)
            stop = np.minimum(draft.mark_at.astype(np.int64) + size, len(draft.hash))
            told = draft.marks[fresh[stop] > fresh[draft.mark_at]] >> np.uint64(14)
            kept = _members(hashes, np.sort(told))
            hashes, numbers = hashes[kept], numbers[kept]
        kept = numbers != draft.entry.num
        hashes, numbers = hashes[kept], numbers[kept]
        if not len(hashes):
            return set()
        opens = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
        count = np.diff(np.append(opens, len(hashes)))
        if count.max() >= CROWD:
            rank = np.arange(len(hashes)) - np.repeat(opens, count)
            crowd = np.repeat(count, count)
            numbers = numbers[(crowd < CROWD) | (rank < LEADERS) | (crowd - rank <= LEADERS)]
        nums = np.sort(numbers)
        least = settings.min_shared_fingerprints
        return set(nums[least - 1 :][nums[least - 1 :] == nums[: max(0, len(nums) - least + 1)]].tolist())


def _often(hashes: NDArray[np.uint64], limit: int) -> NDArray[np.uint64]:
    """Those of sorted hashes that stand there more than ``limit`` times."""
    again = hashes[limit:][hashes[limit:] == hashes[: max(0, len(hashes) - limit)]]
    return distinct(again)


def _members(values: NDArray[np.uint64], of: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which values are among sorted ones; ``np.isin`` would sort these again."""
    if not len(of):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(of, values), len(of) - 1)
    return np.asarray(of[at] == values)


class _Among:
    """A document and others, numbered in the order of their keys, ready to be verified."""

    def __init__(
        self,
        entry: Entry,
        body: Body,
        entries: Mapping[int, Entry],
        ledger: Ledger,
        stock: NDArray[np.uint64],
        settings: Settings,
    ) -> None:
        self._entry, self._body, self._entries = entry, body, dict(entries)
        self._ledger, self._stock, self._settings = ledger, stock, settings
        self._edges, self._row = NO_EDGES, dict[int, int]()
        self._arrange()

    def _arrange(self) -> None:
        everyone = sorted([*self._entries.values(), self._entry], key=lambda e: e.key)
        bodies = self._ledger.bodies(self._entries) | {self._entry.num: self._body}
        self._nums = np.array([e.num for e in everyone])
        self._place = {e.num: i for i, e in enumerate(everyone)}
        self._texts = texts_of(everyone, bodies)
        if len(self._stock):
            self._texts = _mark_known(self._texts, self._stock, self._settings)

    def verified(self, nums: Collection[int]) -> Edges:
        """Verified pairs with some of the others, by their numbers."""
        ordered = sorted(nums)
        wanted = [num for num in ordered if num not in self._row]
        if wanted:
            here = self._place[self._entry.num]
            there = np.array([self._place[num] for num in wanted])
            pairs = Pairs(np.minimum(there, here), np.maximum(there, here))
            same = np.array([self._entries[num].content == self._entry.content for num in wanted])
            found = verify(self._texts, Pairs(pairs.a[~same], pairs.b[~same]), self._settings)
            if same.any():
                found = Edges.concat([equal(self._texts, pairs.a[same], pairs.b[same]), found])
            found = replace(found, a=self._nums[found.a], b=self._nums[found.b])
            ends = np.where(found.a == self._entry.num, found.b, found.a).tolist()
            self._row.update({num: len(self._edges) + i for i, num in enumerate(ends)})
            self._edges = Edges.concat([self._edges, found]) if len(self._edges) else found
        return self._edges.take(np.array([self._row[num] for num in ordered], np.int64))

    def leader(self, near: Mapping[int, Entry]) -> int | None:
        """The leader of the earliest document this one nearly equals, if it nearly equals the leader, too."""
        edges = self.verified(near)
        close = [
            near[num] for num, kind in zip(sorted(near), edges.kind.tolist(), strict=True) if kind <= NEAR
        ]
        if not close:
            return None
        first = min(close, key=lambda e: e.key)
        if first.leader not in self._entries:
            self._entries |= self._ledger.entries([first.leader])
            self._arrange()
        return first.leader if self.verified([first.leader]).kind[0] <= NEAR else None


def texts_of(entries: Sequence[Entry], bodies: Mapping[int, Body]) -> Texts:
    """Body tokens of documents, numbered in their order."""
    parts = [bodies[e.num] for e in entries]
    bounds = np.cumsum([0] + [len(part.hash) for part in parts])
    return Texts(
        np.concatenate([np.empty(0, np.uint64), *(part.hash for part in parts)]),
        np.concatenate([np.empty(0, np.uint8), *(part.flags for part in parts)]) & np.uint8(~JOINED & 0xFF),
        bounds[:-1],
        bounds[1:],
        np.array([e.spaceless for e in entries], np.uint8),
        np.array([e.time for e in entries], np.int64),
    )


def _mark_known(texts: Texts, stock: NDArray[np.uint64], settings: Settings) -> Texts:
    """Flag in all texts what is stock in one of them; it may have become stock after they came."""
    offsets = np.append(texts.start, texts.stop[-1])
    size = settings.shingle_words * (1 + texts.spaceless.astype(np.int64))
    places, hashes = roll(texts.hash, offsets, size)
    known = _members(hashes >> np.uint64(16), stock)
    count = np.diff(places)
    at = np.arange(len(hashes)) + np.repeat(offsets[:-1] - places[:-1], count)
    width = np.repeat(np.minimum(size, np.diff(offsets)), count)
    return replace(texts, flags=texts.flags | _covered(known, at, width, len(texts.hash)) * np.uint8(STOCK))


def _covered(
    stock: NDArray[np.bool_], at: NDArray[np.int64], width: NDArray[np.int64], tokens: int
) -> NDArray[np.bool_]:
    """Tokens that lie in one of the shingles that are stock: bool[tokens]."""
    start = at[stock]
    edge = np.bincount(start, minlength=tokens + 1) - np.bincount(start + width[stock], minlength=tokens + 1)
    return np.asarray(np.cumsum(edge)[:tokens] > 0)
