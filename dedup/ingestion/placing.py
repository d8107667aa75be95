"""Placing documents among those that are stored: what each is a copy of, or what it shares with which.

Which documents concern each is found for many at once, with the answers of placing one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup.candidates import find_flashes, is_flash
from dedup.edges import NEAR, NONE, Edges
from dedup.fingerprints import HASH_BITS
from dedup.ingestion.keys import (
    BANDS,
    COUNTED,
    FINGERPRINTS,
    HASH_SHIFT,
    KEY_BITS,
    LONG,
    is_counted,
)
from dedup.ingestion.seeking import Queries, joined, looked_at
from dedup.ingestion.verifying import texts_of, verified
from dedup.ragged import distinct, is_in, owners, run_starts, running, steps, tally
from dedup.shingles import roll, widths
from dedup.storage.rows import NO_EDGES, NUMBER_BITS, Body, Entry, places_in
from dedup.texts import DAY, STOCK, mostly_stock

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.ingestion.prepared import PreparedDocument
    from dedup.ingestion.seeking import Hits
    from dedup.storage.ledger import Ledger
    from dedup.storage.segments import Postings
    from dedup.texts import Texts

    Flags = NDArray[np.uint8]
    Keys = NDArray[np.uint64]

__all__ = ["PlacedEdges", "Placement", "TextShingles", "edges_of", "place", "read_ahead"]

_NO_KEYS = np.empty(0, np.uint64)
_NUMBERS = (1 << NUMBER_BITS) - 1

_SHINGLE_MASK = np.uint64((1 << HASH_BITS) - 1)

MOST_SAME = 16
"""Documents with the same body that are looked at."""

BATCH_HITS = 1 << 21
"""Prefixes that pairs of documents placed together may have in common; with more, half are placed first. 512
articles of the generator have 100,000, 512 copies of one press release with other names in it 40 million."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a document belongs: before families are looked at.

    Attributes:
        entry: With its leader and occurrence.
        body: With stock marked.
        edges: Its verified pairs, numbers of documents for a and b; of a copy, the one with its leader.
        newly_stock: Its stock shingles, 48 bits each, sorted, if some have become stock by it; else none.
    """

    entry: Entry
    body: Body
    edges: Edges = NO_EDGES
    newly_stock: NDArray[np.uint64] = field(default_factory=lambda: _NO_KEYS)


class PlacedEdges(NamedTuple):
    """The verified pairs of n placed documents, one document after the other.

    Attributes:
        nums: int64[n], numbers of the documents.
        edges: All their pairs.
        of: int64[e], place of the document a pair is of.
        others: int64[e], number of the other document of it.
    """

    nums: NDArray[np.int64]
    edges: Edges
    of: NDArray[np.int64]
    others: NDArray[np.int64]


def edges_of(placements: Sequence[Placement]) -> PlacedEdges:
    """The verified pairs of documents, in their order."""
    nums = np.array([placement.entry.num for placement in placements], np.int64)
    edges = Edges.concat([NO_EDGES, *(placement.edges for placement in placements)])
    of = owners(running([len(placement.edges) for placement in placements]))
    return PlacedEdges(nums, edges, of, np.where(edges.a == nums[of], edges.b, edges.a))


class Placed(NamedTuple):
    """Where documents belong.

    Attributes:
        placements: Of the first documents: of all, unless one hangs on what of an earlier one is stock, or
            they have very much in common.
        keys: Their postings.
    """

    placements: list[Placement]
    keys: NDArray[np.uint64]


def place(
    documents: Sequence[PreparedDocument],
    ledger: Ledger,
    postings: Postings,
    settings: Settings,
    *,
    undated: bool,
    stored: bool = True,
) -> Placed:
    """Find what documents are copies of, or which passages they share with which documents.

    Args:
        documents: The documents, numbered in the order in which they come, no id twice.
        ledger: What is stored, nothing of these.
        postings: What is stored, nothing of these.
        settings: What to do.
        undated: There may be documents without a date among those that are stored.
        stored: The documents will be. Of others that share nothing it isn't looked up what of them is stock.
    """
    equals = _equals(documents, ledger)
    batch = _Batch([documents[i] for i in equals.originals], ledger, settings)
    if equals.originals:
        if not batch.look_up(postings, undated, stored):
            return place(documents[: len(documents) // 2], ledger, postings, settings, undated=undated)
        for i, first in equals.doubtful:
            if batch.is_stocky(first):
                return place(documents[:i], ledger, postings, settings, undated=undated)
        batch.lead()
        batch.share()
    for i, document in enumerate(documents):
        if document.entry.bodiless and i not in equals.copies:
            batch.placed[document.entry.num] = Placement(document.entry, Body(document.hash, document.flags))
    batch.collapse([(documents[i], same) for i, same in equals.copies.items()])
    return Placed([batch.placed[document.entry.num] for document in documents], batch.keys())


def read_ahead(documents: Sequence[PreparedDocument], postings: Postings, *, undated: bool) -> None:
    """Read at once what many documents will be looked up by, a part after the other."""
    if documents:
        postings.read_ahead(*Queries([document.prefixes for document in documents], undated).ranges())


class _Equals(NamedTuple):
    """Which documents have bodies that are there already.

    Attributes:
        originals: Places of those that are to be looked up.
        copies: By the place of another one, the documents it equals.
        doubtful: Copies that aren't if an earlier one of the batch is mostly stock: their place, its number.
    """

    originals: list[int]
    copies: dict[int, list[Entry]]
    doubtful: list[tuple[int, int]]


def _equals(documents: Sequence[PreparedDocument], ledger: Ledger) -> _Equals:
    """Find exact copies; they need no look-up at all: one press release fifty thousand times.

    What is mostly stock, a notice in the words of every week, is a copy of those of its own day only.
    """
    known = ledger.with_content([document.entry.content for document in documents], MOST_SAME)
    many = {content for content, some in known.items() if len(some) == MOST_SAME}  # perhaps not all
    bodies = ledger.bodies.of({some[0].num for some in known.values()})
    here = {document.entry.num for document in documents}
    found = _Equals([], {}, [])
    for i, document in enumerate(documents):
        entry = document.entry
        there = known.setdefault(entry.content, [])
        same = [e for e in there if e.bodiless == entry.bodiless and e.num != entry.num]
        if same and not entry.bodiless and any(not _is_of_day(e, entry) for e in same):
            first = same[0]
            if first.num in here:
                found.doubtful.append((i, first.num))
            elif _stocky(first, bodies[first.num].flags):
                if entry.content in many:
                    more = ledger.with_content_of_day(entry, MOST_SAME)
                    same = sorted({e.num: e for e in (*same, *more)}.values(), key=lambda e: e.num)
                same = [e for e in same if _is_of_day(e, entry)]
        if same:
            found.copies[i] = same[:MOST_SAME]
        elif not entry.bodiless:
            found.originals.append(i)
        there.append(entry)
    return found


class _Batch:
    """Documents that are placed together, each by its place among them; all have bodies of their own.

    What text is stock for each is known first, as all that are no exact copies are counted; then what is a
    near copy of what. As nothing else hangs on what is decided of others, all pairs are verified at once.
    """

    def __init__(self, documents: Sequence[PreparedDocument], ledger: Ledger, settings: Settings) -> None:
        self._documents, self._ledger, self._settings = documents, ledger, settings
        self._entries = [document.entry for document in documents]
        self._place = {e.num: i for i, e in enumerate(self._entries)}
        self._posted = {e.posted: i for i, e in enumerate(self._entries)}
        self._flags = [document.flags for document in documents]
        self._crossing: set[int] = set()  # with text that has just become stock
        self._stock = _NO_KEYS
        self._verified = _Verified()
        self.placed: dict[int, Placement] = {}

    def look_up(self, postings: Postings, undated: bool, stored: bool) -> bool:
        """Find what is stored, and what of the batch comes before each, and what of it is stock.

        Returns:
            Whether it was done: not where they have too much in common to be placed together.
        """
        undated = undated or any(entry.published is None for entry in self._entries)
        queries = self._queries = Queries([document.prefixes for document in self._documents], undated)
        met = queries.batch_hits(BATCH_HITS)
        if met is None:
            return False
        low, high = queries.ranges()
        counts = len(low) if stored else np.searchsorted(low, COUNTED)
        hits = queries.hits(postings.find(low[:counts], high[:counts]))
        self._found = _Found(queries, joined(hits, met.hits(self._entries)), self._entries)
        self._occur()
        if not stored and self._is_related():
            hits = queries.hits(postings.find(low[counts:], high[counts:]))
        # of one that isn't stored and shares nothing no counts are found
        self._mark_stock(joined(hits, met.windows(self._entries)))
        return True

    def _is_related(self) -> bool:
        """Whether anything has to do with what is there, so that it matters what is stock."""
        return bool(len(self._found.of(BANDS)) or len(self._found.of(LONG)) or self._sharing())

    def is_stocky(self, num: int) -> bool:
        """Whether one of them is mostly stock."""
        i = self._place[num]
        return _stocky(self._entries[i], self._flags[i])

    def lead(self) -> None:
        """Find near copies: of the leader of the earliest document each nearly equals, if it equals that."""
        near = self._near()
        self._verify([(i, other) for i, others in near.items() for other in others])
        first: dict[int, int] = {}
        for i, others in near.items():
            alike = [e for e in others if self._verified.kind(i, e.num) <= NEAR]
            if alike:
                first[i] = min(alike, key=lambda e: e.key).num
        while first:
            known, unsure, waiting = self._known(set(first.values())), [], {}
            for i, num in first.items():
                other = self._place.get(num)
                if other in waiting:  # its leader isn't known yet
                    waiting[i] = num
                    continue
                leader = (known[num] if other is None else self._entries[other]).leader
                if (i, leader) not in self._verified.row:
                    unsure.append((i, leader))
                    waiting[i] = num
                elif self._verified.kind(i, leader) <= NEAR and not self._is_another_day_s(i, leader):
                    self._entries[i] = self._entries[i]._replace(leader=leader)
            leaders = self._leaders({leader for _, leader in unsure})
            self._verify([(i, leaders[leader]) for i, leader in unsure])
            first = waiting

    def _is_another_day_s(self, i: int, leader: int) -> bool:
        """Whether a document equals another one, but both are mostly stock and of two days: two notices."""
        (other,), entry = self._leaders([leader]).values(), self._entries[i]
        equal = entry.content == other.content
        return equal and not _is_of_day(entry, other) and _stocky(entry, self._flags[i])

    def share(self) -> None:
        """Verify what is no copy with what it shares enough with, and say where each belongs."""
        shared = self._sharing()
        known = {e.num: e for others in shared.values() for e in others}
        wanted: dict[int, list[int]] = {}
        for i, entry in enumerate(self._entries):
            others = [e.num for e in shared.get(i, ()) if e.leader == e.num]
            wanted[i] = others if entry.leader == entry.num else [entry.leader]
        self._verify(
            [
                (i, known[num])
                for i, nums in wanted.items()
                for num in nums
                if (i, num) not in self._verified.row
            ]
        )
        related = self._verified.related(wanted)
        for i, entry in enumerate(self._entries):
            newly = self._stock_of(i) & _SHINGLE_MASK if i in self._crossing else _NO_KEYS
            self.placed[entry.num] = Placement(entry, self._body(i), related.get(i, NO_EDGES), newly)

    def collapse(self, copies: Sequence[tuple[PreparedDocument, list[Entry]]]) -> None:
        """Exact copies go to the leader of the earliest document they equal."""
        if not copies:
            return
        after: dict[int, Entry] = {}
        for document, same in copies:
            known = (self.placed[e.num].entry if e.num in self.placed else after.get(e.num, e) for e in same)
            first = min(known, key=lambda e: e.key)
            after[document.entry.num] = document.entry._replace(
                leader=first.leader, occurrence=first.occurrence, in_window=first.in_window
            )
        leaders = {e.leader for e in after.values()}
        here = {num: self.placed[num] for num in leaders & self.placed.keys()}
        stored = self._ledger.entries(leaders - here.keys()) | {num: p.entry for num, p in here.items()}
        bodies = self._ledger.bodies.of(leaders - here.keys()) | {num: p.body for num, p in here.items()}
        pairs = [
            (entry, Body(document.hash, document.flags), stored[entry.leader])
            for entry, (document, _) in zip(after.values(), copies, strict=True)
        ]
        edges = verified(pairs, bodies, {}, self._settings)
        for (entry, body, _), own in zip(pairs, edges.split([1] * len(edges)), strict=True):
            self.placed[entry.num] = Placement(entry, body, own)

    def keys(self) -> Keys:
        """The postings of all that is no exact copy."""
        return self._queries.postings(self._entries) if self._entries else _NO_KEYS

    # --- what is there

    def _known(self, nums: Collection[int]) -> dict[int, Entry]:
        """Documents that are stored, or of the batch; those that are gone are missing."""
        here = {num: self._entries[self._place[num]] for num in nums if num in self._place}
        return here | self._ledger.entries_there([num for num in nums if num not in here])

    def _leaders(self, nums: Collection[int]) -> dict[int, Entry]:
        """The same of documents that others are copies of: none may be gone."""
        here = {num: self._entries[self._place[num]] for num in nums if num in self._place}
        return here | self._ledger.entries([num for num in nums if num not in here])

    def _holding(self, nums: Collection[int]) -> dict[int, Entry]:
        """The same by the numbers in the postings of their fingerprints."""
        here = {num: self._entries[self._posted[num]] for num in nums if num in self._posted}
        return here | self._ledger.posted([num for num in nums if num not in here])

    def _bodies(self, nums: Collection[int]) -> dict[int, Body]:
        """The bodies of documents that are stored, or of the batch."""
        here = {num: self._body(self._place[num]) for num in nums if num in self._place}
        return here | self._ledger.bodies.of([num for num in nums if num not in here])

    def _body(self, i: int) -> Body:
        return Body(self._documents[i].hash, self._flags[i])

    def _stock_of(self, i: int) -> Keys:
        """The stock shingles of a document, its place above their 48 bits."""
        ends = np.array([i, i + 1], np.uint64) << np.uint64(HASH_BITS)
        return self._stock[slice(*self._stock.searchsorted(ends).tolist())]

    def _verify(self, pairs: Sequence[tuple[int, Entry]]) -> None:
        """Verify some pairs of documents with others; those of one next to each other."""
        if not pairs:
            return
        bodies = self._bodies({other.num for _, other in pairs})
        own = [(self._entries[i], self._body(i), other) for i, other in pairs]
        stock = {self._entries[i].num: self._stock_of(i) & _SHINGLE_MASK for i in {i for i, _ in pairs}}
        self._verified.add(pairs, verified(own, bodies, stock, self._settings))

    # --- what text is stock

    def _occur(self) -> None:
        """Count documents with the earliest one each shares a long run with."""
        pairs = self._found.pairs(self._found.of(LONG))
        if not len(pairs):
            return
        known = self._known(distinct(pairs & _NUMBERS).tolist())
        order = sorted(known.values(), key=lambda e: e.key)
        pairs = pairs[is_in(pairs & _NUMBERS, np.array(sorted(known), np.int64))]
        (places,) = places_in(order, pairs & _NUMBERS)
        opens = np.flatnonzero(run_starts(pairs >> NUMBER_BITS))
        earliest = np.minimum.reduceat(places, opens).tolist()
        # in their order: each after those of the batch
        for i, place_ in zip((pairs[opens] >> NUMBER_BITS).tolist(), earliest, strict=True):
            first = known[order[place_].num]
            entry = self._entries[i]._replace(occurrence=first.occurrence, in_window=first.in_window)
            self._entries[i] = known[entry.num] = entry

    def _mark_stock(self, counts: Hits) -> None:
        """Mark what is stock for each document in its flags."""
        frequent = self._queries.often(counts, self._entries, self._settings)
        self._crossing = set(frequent.owner[frequent.crossing].tolist())
        often = _of(frequent.owner, frequent.shingle, HASH_BITS)
        if not len(often):
            return
        often.sort()
        own = distinct(frequent.owner).tolist()
        texts = texts_of([self._entries[i] for i in own], [self._body(i) for i in own])
        shingles = TextShingles(texts, np.array(own), self._settings)
        counted = is_counted(shingles.hash & _SHINGLE_MASK)
        stock = counted & is_in(shingles.hash, often)
        # a shingle that isn't counted is stock between two that are
        places = np.flatnonzero(counted)
        after = np.cumsum(counted)
        inside = np.flatnonzero((after > 0) & (after < len(places)))
        left, right = places[after[inside] - 1], places[after[inside]]
        between = stock[left] & stock[right]
        between &= (shingles.hash[left] ^ shingles.hash[right]) >> np.uint64(HASH_BITS) == 0
        stock[inside] |= between
        marked = shingles.covered(stock) * np.uint8(STOCK)
        for place_, i in enumerate(own):
            self._flags[i] = self._flags[i] | marked[texts.start[place_] : texts.stop[place_]]
        self._stock = distinct(shingles.hash[stock])

    # --- what is related

    def _near(self) -> dict[int, list[Entry]]:
        """The first document of each bucket a document falls into."""
        rows = self._found.of(BANDS)
        known = self._known(set(self._found.number[rows].tolist()))
        first: dict[int, Entry] = {}
        owner: dict[int, int] = {}
        for row, i, num in zip(
            self._found.row[rows].tolist(),
            self._found.owner[rows].tolist(),
            self._found.number[rows].tolist(),
            strict=True,
        ):
            entry = known.get(num)
            # one that is equal would be the leader, unless it is mostly stock
            if entry is None or entry.leader < 0 or entry.content == self._entries[i].content:
                continue
            if row not in first or entry.is_before(first[row]):
                first[row], owner[row] = entry, i
        near: dict[int, dict[int, Entry]] = {}
        for row, entry in first.items():
            near.setdefault(owner[row], {})[entry.num] = entry
        return {i: list(others.values()) for i, others in near.items()}

    def _sharing(self) -> dict[int, list[Entry]]:
        """Documents that share enough fingerprints outside stock text; of a crowd the first and the last."""
        found = self._found
        rows = found.of(FINGERPRINTS)
        copies = np.array([e.posted for e in self._entries if e.leader != e.num], np.int64)
        rows = rows[~is_in(found.number[rows], copies)]
        opens = run_starts(found.row[rows])  # a fingerprint finds some fifteen documents
        outside = self._outside_stock(found.row[rows[opens]])
        rows = rows[outside[np.cumsum(opens) - 1]]
        rows = rows[looked_at(found.row[rows])]
        pairs, times = tally(found.pairs(rows))
        own = self._flashes(self._entries)
        flash = np.array([e.num in own for e in self._entries], bool)
        enough = (times >= self._settings.min_shared_fingerprints) | flash[pairs >> NUMBER_BITS]
        short = np.sort(np.array([e.posted for e in self._entries if e.num in own], np.int64))
        kept = enough | self._ledger.may_be_short(pairs & _NUMBERS) | is_in(pairs & _NUMBERS, short)
        pairs, enough = pairs[kept], enough[kept]
        known = self._holding(distinct(pairs & _NUMBERS).tolist())
        others = self._flashes([known[num] for num in {*(pairs & _NUMBERS)[~enough].tolist()} & known.keys()])
        shared: dict[int, list[Entry]] = {}
        columns = (pairs >> NUMBER_BITS).tolist(), (pairs & _NUMBERS).tolist(), enough.tolist()
        for i, num, often in zip(*columns, strict=True):
            if num in known and (often or known[num].num in others):
                shared.setdefault(i, []).append(known[num])
        return shared

    def _flashes(self, entries: Sequence[Entry]) -> set[int]:
        """Numbers of those that are looked at with all that they share one fingerprint with."""
        tokens, spaceless = np.array([(e.tokens, e.spaceless) for e in entries], np.int64).reshape(-1, 2).T
        short = [entries[i] for i in np.flatnonzero(is_flash(tokens, spaceless, self._settings)).tolist()]
        if not short:  # mostly
            return set()
        bodies = self._bodies([e.num for e in short])
        flash = find_flashes(texts_of(short, [bodies[e.num] for e in short]), self._settings)
        return {e.num for e, is_one in zip(short, flash.tolist(), strict=True) if is_one}

    def _outside_stock(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which fingerprints, rows of what is sought, lie outside stock text."""
        own = distinct(self._stock >> np.uint64(HASH_BITS)).astype(np.int64)
        outside = np.ones(len(rows), bool)
        asked = np.flatnonzero(is_in(self._queries.owner[rows], own))
        if not len(asked):
            return outside
        kept = []
        for i in own.tolist():
            document = self._documents[i]
            fingerprints = document.fingerprints[document.outside_stock(self._flags[i], self._settings)]
            kept.append(_of(i, fingerprints >> HASH_SHIFT, KEY_BITS))
        rows = rows[asked]
        prefixes = self._queries.prefix[rows] >> np.uint64(NUMBER_BITS)
        sought = _of(self._queries.owner[rows], prefixes, KEY_BITS)
        outside[asked] = is_in(sought, np.sort(np.concatenate(kept)))
        return outside


class _Found:
    """Documents found, others than oneself, sorted."""

    def __init__(self, queries: Queries, hits: Hits, entries: Sequence[Entry]) -> None:
        owner = queries.owner[hits.row]
        other = np.flatnonzero(hits.number != queries.numbers(entries)[hits.row])
        self.row, self.number, self.owner = hits.row[other], hits.number[other], owner[other]
        self._list = queries.list[self.row]

    def of(self, list_: int) -> NDArray[np.int64]:
        """Those of one list."""
        return np.flatnonzero(self._list == list_)

    def pairs(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of a document, above the number of the one that it has found."""
        return self.owner[rows] << NUMBER_BITS | self.number[rows]


class _Verified:
    """Verified pairs by document and number of the other one."""

    def __init__(self) -> None:
        self._edges, self.row = NO_EDGES, dict[tuple[int, int], int]()

    def add(self, pairs: Sequence[tuple[int, Entry]], edges: Edges) -> None:
        """Some pairs, a row each."""
        if pairs:
            first = len(self._edges)
            self.row.update({(i, other.num): first + row for row, (i, other) in enumerate(pairs)})
            self._edges = Edges.concat([self._edges, edges]) if first else edges

    def kind(self, i: int, num: int) -> int:
        """The relation of a pair."""
        return int(self._edges.kind[self.row[i, num]])

    def related(self, wanted: Mapping[int, Sequence[int]]) -> dict[int, Edges]:
        """The related ones among some pairs of documents, by document."""
        kind = self._edges.kind.tolist()
        rows = {
            i: [row for num in nums if kind[row := self.row[i, num]] != NONE] for i, nums in wanted.items()
        }
        rows = {i: some for i, some in rows.items() if some}
        edges = self._edges.take(np.array([row for some in rows.values() for row in some], np.int64))
        return dict(zip(rows, edges.split([len(some) for some in rows.values()]), strict=True))


def _stocky(entry: Entry, flags: NDArray[np.uint8]) -> bool:
    """Dated, and mostly stock: a notice in the words of every week."""
    if entry.published is None:
        return False
    return bool(mostly_stock(flags, np.array([0]), np.array([len(flags)]))[0])


def _is_of_day(entry: Entry, other: Entry) -> bool:
    return entry.time // DAY == other.time // DAY


class TextShingles:
    """The shingles of texts, each with the number of the document it is looked at for above its 48 bits."""

    def __init__(self, texts: Texts, holder: NDArray[np.int64], settings: Settings) -> None:
        offsets = np.append(texts.start, texts.stop[-1])
        size = widths(texts.spaceless, settings)
        places, hashes = roll(texts.hash, offsets, size)
        count = steps(places)
        self.hash = _of(np.repeat(holder, count), hashes >> np.uint64(64 - HASH_BITS), HASH_BITS)
        self._at = np.arange(len(hashes)) + np.repeat(offsets[:-1] - places[:-1], count)
        self._width = np.repeat(np.minimum(size, steps(offsets)), count)
        self._tokens = len(texts.hash)

    def within(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Shingles that lie wholly in the chosen tokens, bool[tokens]: bool[shingles]."""
        before = running(chosen)
        return np.asarray(before[self._at + self._width] - before[self._at] == self._width)

    def covered(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tokens that lie in one of the chosen shingles: bool[tokens]."""
        start = self._at[chosen]
        edge = np.bincount(start, minlength=self._tokens + 1)
        edge -= np.bincount(start + self._width[chosen], minlength=self._tokens + 1)
        return np.asarray(np.cumsum(edge)[: self._tokens] > 0)


def _of(owner: NDArray[np.int64] | int, hashes: Keys, bits: int) -> Keys:
    """Hashes of so many bits, below the number of the document they are of."""
    return np.asarray(owner, np.uint64) << np.uint64(bits) | hashes
