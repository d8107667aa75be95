"""Placing documents among those that are stored: what each is a copy of, or what it shares with which.

The decisions are those of a run, made by the same functions (``verify``, ``equal``), on the few documents
that concern each. What this module adds is which ones, for many documents at once: those of a batch that
have nothing to do with each other are placed together, one that another of the batch may decide on waits for
it. So the answers are those of placing one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.candidates import Pairs
from dedup.edges import NEAR, NONE, Edges
from dedup.ingestion.keys import (
    BANDS,
    COUNTS,
    HASH_SHIFT,
    LIST_SHIFT,
    LONG,
    MARKS,
    NUMBER_BITS,
    is_counted,
    postings_of,
)
from dedup.ingestion.seeking import Hits, Plan, Sought, looked_at
from dedup.overlap import equal, verify
from dedup.ragged import distinct, is_in, running, steps
from dedup.shingles import roll
from dedup.stock import flag
from dedup.storage.codec import bare
from dedup.storage.rows import NO_EDGES, Body, Entry
from dedup.templates import NOTICE
from dedup.texts import DAY, STOCK, Texts, codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.ingestion.drafts import Draft
    from dedup.storage.ledger import Ledger
    from dedup.storage.segments import Postings

    Flags = NDArray[np.uint8]
    Keys = NDArray[np.uint64]

__all__ = ["Placement", "place", "read_ahead", "texts_of"]

_COUNTED = np.uint64(COUNTS) << LIST_SHIFT
_NO_KEYS = np.empty(0, np.uint64)

_SHINGLE, _MARK = 48, 34
"""Bits of a shingle, and of a fingerprint as it is looked up."""

_SHINGLE_MASK = np.uint64((1 << _SHINGLE) - 1)

MOST_SAME = 16
"""Documents with the same body that are looked at."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a document belongs: before families are looked at.

    Attributes:
        entry: With its leader and occurrence.
        body: With stock marked.
        edges: Its verified pairs, numbers of documents for a and b; of a copy, the one with its leader.
        keys: Its postings.
        newly_stock: Its stock shingles, 48 bits each, sorted, if some have become stock by it; else none.
    """

    entry: Entry
    body: Body
    edges: Edges
    keys: NDArray[np.uint64]
    newly_stock: NDArray[np.uint64]


def place(
    drafts: Sequence[Draft],
    ledger: Ledger,
    postings: Postings,
    settings: Settings,
    *,
    undated: bool,
    stored: bool = True,
) -> list[Placement]:
    """Find what documents are copies of, or which passages they share with which documents.

    Args:
        drafts: The documents, numbered in the order in which they come, no id twice.
        ledger: What is stored, nothing of these.
        postings: What is stored, nothing of these.
        settings: What to do.
        undated: There may be documents without a date among those that are stored.
        stored: The documents will be. Of others that share nothing it isn't looked up what of them is stock.
    """
    batch = _Batch(drafts, ledger, postings, settings, undated, stored)
    while batch.waiting.any():
        batch.next_round()
    return [batch.placed[i] for i in range(len(drafts))]


def read_ahead(drafts: Sequence[Draft], postings: Postings, *, undated: bool) -> None:
    """Read at once what many documents will be looked up by, a part after the other."""
    if drafts:
        postings.read_ahead(*Sought([draft.heads for draft in drafts], undated).ranges())


class _Batch:
    """Documents that are placed together, by their number in the batch."""

    def __init__(
        self,
        drafts: Sequence[Draft],
        ledger: Ledger,
        postings: Postings,
        settings: Settings,
        undated: bool,
        stored: bool,
    ) -> None:
        self._drafts, self._ledger, self._settings = drafts, ledger, settings
        self._entries = [draft.entry for draft in drafts]
        self._number = {e.num: i for i, e in enumerate(self._entries)}
        self._nums = np.array(list(self._number), np.int64)
        self.waiting = np.ones(len(drafts), bool)
        self.placed: dict[int, Placement] = {}
        self._posted, self._poster = _NO_KEYS, np.empty(0, np.int64)
        self._by_content: dict[bytes, dict[int, Entry]] = {}
        self._flags: dict[int, Flags] = {}  # of those whose stock is known before any is placed
        self._stock = _NO_KEYS
        self._crossing: set[int] = set()  # with text that has just become stock
        equal = ledger.with_content([entry.content for entry in self._entries], MOST_SAME)
        self._equal = [
            [e for e in equal.get(entry.content, ()) if e.num != entry.num] for entry in self._entries
        ]
        # an exact copy of what isn't stock needs no look-up at all: one press release fifty thousand times
        idle = [bool(entry.bodiless) or self._is_copy(i) for i, entry in enumerate(self._entries)]
        heads = [_NO_KEYS if idle[i] else draft.heads for i, draft in enumerate(drafts)]
        undated = undated or any(entry.published is None for entry in self._entries)
        self._sought = Sought(heads, undated)
        self._quiet = np.zeros(len(self._sought.head), bool)  # their fingerprints inside it
        self._known = self._sought.hits(self._look_up(postings, stored))
        self._plan = self._planned()
        before, after = self._plan.pairs >> 32, self._plan.pairs & 0xFFFFFFFF
        # nobody waits for documents of which all that others need is known
        open_ = ~self._plan.decided[before]
        self._before, self._after = before[open_], after[open_]
        self._awaited = set(self._before.tolist())
        settled = distinct(before[~open_]).tolist()
        self._post({i: self._untold(i, postings_of(drafts[i].heads, self._entries[i])) for i in settled})
        for i in np.flatnonzero(self._plan.decided).tolist():
            self._by_content.setdefault(self._entries[i].content, {})[i] = self._entries[i]

    def _look_up(self, postings: Postings, stored: bool) -> Keys:
        """What is stored of what is sought."""
        low, high = self._sought.ranges()
        if stored:
            return postings.find(low, high)
        counts = np.searchsorted(low, _COUNTED)
        keys = postings.find(low[:counts], high[:counts])
        found = _Found(self._sought, self._sought.hits(keys))
        if not (len(found.of(BANDS)) or len(found.of(LONG)) or self._sharing(found, {}, _NO_KEYS)):
            return keys
        return np.concatenate([keys, postings.find(low[counts:], high[counts:])])

    # --- what waits for what

    def _planned(self) -> Plan:
        if len(self._drafts) == 1:
            return Plan(np.empty(0, np.int64), np.zeros(1, bool), np.zeros(1, bool), self._known)
        # a copy of another one posts nothing that others look for, so only it waits
        follows: dict[int, int] = {}
        first: dict[tuple[bytes, int, int], int] = {}
        for i, entry in enumerate(self._entries):
            day = -1 if entry.published is None else entry.published // DAY
            if len(self._equal[i]) < MOST_SAME:
                leader = first.setdefault((entry.content, entry.bodiless, day), i)
                if leader != i:
                    follows[i] = leader
        leads = steps(self._sought.first) > 0
        leads[list(follows)] = False
        plan = self._sought.plan(
            self._known, leads, self._entries, self._settings, self._counted, self._silent
        )
        own = np.array([leader << 32 | i for i, leader in follows.items()], np.int64)
        return plan._replace(pairs=np.concatenate([plan.pairs, own]))

    def _counted(self, leads: NDArray[np.bool_], known: Hits, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Count those that are no copies, each after those it shares a long run with; which could be."""
        others = self._joined(_Found(self._sought, known))
        before: dict[int, list[int]] = {}
        for pair in pairs.tolist():
            before.setdefault(pair & 0xFFFFFFFF, []).append(pair >> 32)
        certain = leads.copy()
        for i in np.flatnonzero(leads).tolist():
            here = before.get(i, ())
            certain[i] = all(certain[other] for other in here)
            if certain[i]:
                self._count_with(i, [*others.get(i, ()), *(self._entries[other] for other in here)])
        return certain

    def _count_with(self, i: int, others: Iterable[Entry]) -> None:
        """Count a document with the earliest one it shares a long run with."""
        entry = self._entries[i]
        first = min((e for e in others if e.num != entry.num), key=lambda e: e.key, default=None)
        if first is not None:
            self._entries[i] = entry._replace(occurrence=first.occurrence, in_window=first.in_window)

    def _silent(self, counts: Hits, decided: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mark what is stock for some documents; their fingerprints in it: bool[r], by row."""
        self._flags, self._stock = self._mark_stock(counts, decided.tolist())
        own = distinct(self._stock >> np.uint64(_SHINGLE)).astype(np.int64)
        stocky = np.zeros(len(self._drafts), bool)
        stocky[own] = True
        rows = np.flatnonzero((self._sought.list == MARKS) & stocky[self._sought.owner])
        self._quiet[rows] = ~self._told(rows, own.tolist(), self._flags)
        return self._quiet

    def next_round(self) -> None:
        """Place those that wait for nothing any more."""
        ready = self.waiting.copy()
        ready[self._after[self.waiting[self._before]]] = False
        copies, seeking = {}, []
        for i in np.flatnonzero(ready).tolist():
            if self._is_copy(i):
                copies[i] = self._same(i)
            elif self._entries[i].bodiless:
                self._put(i, self._entries[i], self._drafts[i].flags, NO_EDGES, _NO_KEYS)
            else:
                seeking.append(i)
        if copies:
            self._collapse(copies, {i: self._drafts[i].flags for i in copies})
        if seeking:
            self._seek(seeking)

    # --- what is there

    def _put(
        self, i: int, entry: Entry, flags: Flags, edges: Edges, keys: Keys, newly: Keys = _NO_KEYS
    ) -> None:
        self.placed[i] = Placement(entry, Body(self._drafts[i].hash, flags), edges, keys, newly)
        self._entries[i] = entry
        self._by_content.setdefault(entry.content, {})[i] = entry
        self.waiting[i] = False

    def _stored(self, nums: Iterable[int]) -> dict[int, Entry]:
        """Documents that are stored, or placed."""
        here, there = {}, []
        for num in nums:
            i = self._number.get(num)
            if i is None:
                there.append(num)
            elif i in self.placed or self._plan.decided[i]:
                here[num] = self._entries[i]
        return here | self._ledger.entries(there)

    def _bodies(self, nums: Iterable[int]) -> dict[int, Body]:
        """The bodies of documents that are stored, or placed."""
        wanted = set(nums)
        here = {num: self._body(i) for num in wanted if (i := self._number.get(num)) is not None}
        return here | self._ledger.bodies(wanted - here.keys())

    def _body(self, i: int) -> Body:
        return self.placed[i].body if i in self.placed else Body(self._drafts[i].hash, self._flags[i])

    # --- exact copies

    def _same(self, i: int) -> list[Entry]:
        """The first documents with the same body."""
        entry = self._entries[i]
        here = self._by_content.get(entry.content, {})
        same = [*self._equal[i], *(here[other] for other in sorted(here) if other < i)][:MOST_SAME]
        return [e for e in same if e.leader >= 0 and e.bodiless == entry.bodiless]

    def _is_copy(self, i: int) -> bool:
        """Whether it equals a document that isn't stock, or has no body but its whole."""
        entry, same = self._entries[i], self._same(i)
        if not same:
            return False
        first = same[0].num
        return bool(entry.bodiless) or not _stocky(entry, self._bodies([first])[first].flags)

    def _collapse(self, copies: Mapping[int, list[Entry]], flags: Mapping[int, Flags]) -> None:
        """Exact copies go to the leader of the earliest document they equal."""
        leaders = {}
        for i, same in copies.items():
            first = min(same, key=lambda e: e.key)
            self._entries[i] = self._entries[i]._replace(
                leader=first.leader, occurrence=first.occurrence, in_window=first.in_window
            )
            leaders[i] = first.leader
        stored = self._stored(leaders.values())
        pairs = [(i, stored[leader]) for i, leader in leaders.items()]
        edges = self._verified(pairs, flags, _NO_KEYS, copies=True)
        for i, own in zip(leaders, edges.split([1] * len(edges)), strict=True):
            self._put(i, self._entries[i], flags[i], own, _NO_KEYS)

    # --- those that are looked up

    def _seek(self, seeking: list[int]) -> None:
        hits = self._plan.known
        if len(self._drafts) > 1:
            hits = self._sought.together(np.array(seeking), hits, self._posted, self._poster)
        found = _Found(self._sought, hits)
        self._occur(found)
        flags, stock = self._stock_of(found, seeking)
        copies = {}
        for i in seeking:
            entry, same = self._entries[i], self._same(i)
            same = [e for e in same if _alike(entry, flags[i], e)]
            if same:
                copies[i] = same
        if copies:
            self._collapse(copies, flags)
        rest = [i for i in seeking if i not in copies]
        near = self._near(found)
        near = {i: near[i] for i in rest if i in near}
        shared = self._sharing(found, flags, stock)
        entries = self._stored({num for i in rest for num in shared.get(i, ())})
        wanted = {
            i: [num for num in sorted(shared.get(i, ())) if num in entries and entries[num].leader == num]
            for i in rest
        }
        # what is in no bucket is no near copy, so that its other pairs can be verified in the same call
        pairs = [(i, near[i][num]) for i in near for num in sorted(near[i])]
        pairs += [(i, entries[num]) for i in rest if i not in near for num in wanted[i]]
        verified = _Verified()
        verified.add(pairs, self._verified(pairs, flags, stock))
        leaders = self._leaders(near, flags, stock, verified)
        wanted |= {i: [leader] for i, leader in leaders.items()}
        missing = [
            (i, entries[num]) for i in near for num in wanted.get(i, ()) if (i, num) not in verified.row
        ]
        verified.add(missing, self._verified(missing, flags, stock))
        posted: dict[int, Keys] = {}
        related = verified.related(wanted)
        for i in rest:
            entry = self._entries[i]
            if i in leaders:
                entry = entry._replace(leader=leaders[i])
            newly = _slice_of(stock, i) & _SHINGLE_MASK if i in self._crossing else _NO_KEYS
            keys = postings_of(self._drafts[i].heads, entry)
            self._put(i, entry, flags[i], related.get(i, NO_EDGES), keys, newly)
            if i in self._awaited:
                posted[i] = self._untold(i, keys)
        if self.waiting.any():
            self._post(posted)

    def _untold(self, i: int, keys: Keys) -> Keys:
        """Of what a document posts, what others don't know of yet."""
        return keys[keys < _COUNTED] if self._plan.certain[i] else keys

    def _post(self, posted: Mapping[int, Keys]) -> None:
        """Have later ones find what some documents post."""
        if posted:
            of = np.repeat(list(posted), [len(keys) for keys in posted.values()])
            keys, of = np.concatenate([self._posted, *posted.values()]), np.concatenate([self._poster, of])
            order = np.argsort(keys, kind="stable")
            self._posted, self._poster = keys[order], of[order]

    def _occur(self, found: _Found) -> None:
        """Count documents with the earliest one each shares a long run with."""
        for i, others in self._joined(found).items():
            self._count_with(i, others)

    def _joined(self, found: _Found) -> dict[int, list[Entry]]:
        """Documents that some share a long run with."""
        rows = found.of(LONG)
        pairs = distinct(found.owner[rows] << NUMBER_BITS | found.number[rows])
        numbers = (pairs & ((1 << NUMBER_BITS) - 1)).tolist()
        stored = self._stored(set(numbers))
        others: dict[int, list[Entry]] = {}
        for i, num in zip((pairs >> NUMBER_BITS).tolist(), numbers, strict=True):
            if num in stored:
                others.setdefault(i, []).append(stored[num])
        return others

    def _stock_of(self, found: _Found, seeking: list[int]) -> tuple[dict[int, Flags], Keys]:
        """The flags of documents with stock marked, and the shingles that are stock for each of them."""
        open_ = [i for i in seeking if i not in self._flags]
        asked = np.zeros(len(self._drafts), bool)
        asked[open_] = True
        rows = found.of(COUNTS)
        rows = rows[asked[found.owner[rows]]]
        flags, stock = self._mark_stock(Hits(found.hits.row[rows], found.number[rows]), open_)
        if len(open_) == len(seeking):
            return flags, stock
        known = [i for i in seeking if i in self._flags]
        parts = [stock, *(_slice_of(self._stock, i) for i in known)]
        return flags | {i: self._flags[i] for i in known}, np.sort(np.concatenate(parts))

    def _mark_stock(self, counts: Hits, seeking: list[int]) -> tuple[dict[int, Flags], Keys]:
        """The same for documents of which all that counts was found."""
        flags = {i: self._drafts[i].flags for i in seeking}
        frequent = self._sought.often(counts, self._entries, self._settings)
        self._crossing.update(frequent.owner[frequent.crossing].tolist())
        often = _of(frequent.owner, frequent.shingle, _SHINGLE)
        if not len(often):
            return flags, often
        often.sort()
        own = distinct(often >> np.uint64(_SHINGLE)).tolist()
        bodies = [Body(self._drafts[i].hash, flags[i]) for i in own]
        texts = texts_of([self._entries[i] for i in own], bodies)
        shingles = _Shingles(texts, np.array(own), self._settings)
        counted = is_counted(shingles.hash & _SHINGLE_MASK)
        stock = counted & is_in(shingles.hash, often)
        # a shingle that isn't counted is stock between two that are
        told = np.flatnonzero(counted)
        after = np.cumsum(counted)
        inside = np.flatnonzero((after > 0) & (after < len(told)))
        left, right = told[after[inside] - 1], told[after[inside]]
        between = stock[left] & stock[right]
        between &= (shingles.hash[left] ^ shingles.hash[right]) >> np.uint64(_SHINGLE) == 0
        stock[inside] |= between
        marked = shingles.covered(stock) * np.uint8(STOCK)
        for place, i in enumerate(own):
            flags[i] = flags[i] | marked[texts.start[place] : texts.stop[place]]
        return flags, distinct(shingles.hash[stock])

    def _near(self, found: _Found) -> dict[int, dict[int, Entry]]:
        """The first document of each bucket a document falls into."""
        rows = found.of(BANDS)
        others = _by_key(self._stored(set(found.number[rows].tolist())))
        rank = {other.num: place for place, other in enumerate(others) if other.leader >= 0}
        first: dict[int, int] = {}
        owner = {}
        for row, i, num in zip(
            found.hits.row[rows].tolist(),
            found.owner[rows].tolist(),
            found.number[rows].tolist(),
            strict=True,
        ):
            place, entry = rank.get(num), self._entries[i]
            if place is None or num == entry.num:
                continue
            if others[place].content == entry.content:  # a copy, unless it is mostly stock
                continue
            first[row], owner[row] = min(place, first.get(row, place)), i
        near: dict[int, dict[int, Entry]] = {}
        for row, place in first.items():
            near.setdefault(owner[row], {})[others[place].num] = others[place]
        return near

    def _leaders(
        self,
        near: Mapping[int, Mapping[int, Entry]],
        flags: Mapping[int, Flags],
        stock: Keys,
        verified: _Verified,
    ) -> dict[int, int]:
        """The leader of the earliest document each nearly equals, if it nearly equals that, too.

        Args:
            near: Documents in the buckets of some, those pairs verified.
            flags: With stock marked.
            stock: Shingles.
            verified: Pairs; those with leaders are added.
        """
        first: dict[int, Entry] = {}
        for i, others in near.items():
            for other in others.values():
                if verified.kind(i, other.num) <= NEAR and (i not in first or other.key < first[i].key):
                    first[i] = other
        chosen = {i: other.leader for i, other in first.items()}
        stored = self._stored(chosen.values())
        pairs = [(i, stored[num]) for i, num in chosen.items() if (i, num) not in verified.row]
        verified.add(pairs, self._verified(pairs, flags, stock))
        return {i: num for i, num in chosen.items() if verified.kind(i, num) <= NEAR}

    def _sharing(
        self,
        found: _Found,
        flags: Mapping[int, Flags],
        stock: Keys,
    ) -> dict[int, list[int]]:
        """Documents that share enough fingerprints outside stock text; of a crowd the first and the last."""
        rows = found.of(MARKS)
        rows = rows[~self._quiet[found.hits.row[rows]]]
        own = [i for i in distinct(stock >> np.uint64(_SHINGLE)).tolist() if i not in self._flags]
        if own:
            rows = rows[~np.isin(found.owner[rows], own) | self._told(found.hits.row[rows], own, flags)]
        rows = rows[found.number[rows] != self._nums[found.owner[rows]]]
        if not len(rows):
            return {}
        rows = rows[looked_at(found.hits.row[rows])]
        pairs = np.sort(found.owner[rows] << NUMBER_BITS | found.number[rows])
        least = self._settings.min_shared_fingerprints
        enough = distinct(pairs[least - 1 :][pairs[least - 1 :] == pairs[: max(0, len(pairs) - least + 1)]])
        shared: dict[int, list[int]] = {}
        for i, num in zip(
            (enough >> NUMBER_BITS).tolist(), (enough & ((1 << NUMBER_BITS) - 1)).tolist(), strict=True
        ):
            shared.setdefault(i, []).append(num)
        return shared

    def _told(self, rows: NDArray[np.int64], own: list[int], flags: Mapping[int, Flags]) -> NDArray[np.bool_]:
        """Rows of fingerprints, of some documents, that lie outside stock text."""
        if not own:
            return np.zeros(len(rows), bool)
        drafts = [self._drafts[i] for i in own]
        bounds = running([len(draft.hash) for draft in drafts])
        count = [len(draft.marks) for draft in drafts]
        size = [self._settings.shingle_words * (1 + draft.entry.spaceless) for draft in drafts]
        fresh = running(np.concatenate([flags[i] for i in own]) & STOCK == 0)
        start = np.concatenate([draft.mark_at for draft in drafts]) + np.repeat(bounds[:-1], count)
        stop = np.minimum(start + np.repeat(size, count), np.repeat(bounds[1:], count))
        marks = np.concatenate([draft.marks for draft in drafts]) >> HASH_SHIFT
        told = _of(np.repeat(own, count), marks, _MARK)[fresh[stop] > fresh[start]]
        told.sort()
        return is_in(
            _of(self._sought.owner[rows], self._sought.head[rows] >> np.uint64(NUMBER_BITS), _MARK), told
        )

    def _verified(
        self,
        pairs: Sequence[tuple[int, Entry]],
        flags: Mapping[int, Flags],
        stock: Keys,
        *,
        copies: bool = False,
    ) -> Edges:
        """Verified pairs of documents of the batch and others, a row each; of copies equal ones are that."""
        if not pairs:
            return NO_EDGES
        bodies = self._bodies(other.num for _, other in pairs)
        everyone: list[Entry] = []
        parts: list[Body] = []
        own: dict[int, int] = {}
        there = []
        for i, other in pairs:  # what is stock is so for one document, so that each has texts of its own
            if i not in own:
                own[i] = len(everyone)
                everyone.append(self._entries[i])
                parts.append(Body(self._drafts[i].hash, flags[i]))
            there.append(len(everyone))
            everyone.append(other)
            parts.append(bodies[other.num])
        texts = texts_of(everyone, parts)
        if len(stock):
            # what is stock now may have become so after the others came
            size = self._settings.shingle_words * (1 + texts.spaceless.astype(np.int64))
            begins = [*own.values(), len(everyone)]
            for i, first, last in zip(own, begins, begins[1:], strict=False):
                mine = _slice_of(stock, i)
                if len(mine):
                    part = slice(first, last)
                    bounds = texts.start[part], texts.stop[part], size[part]
                    flag(texts.hash, *bounds, mine & _SHINGLE_MASK, texts.flags, self._settings)
        here, others = np.array([own[i] for i, _ in pairs]), np.array(there)
        later = np.array([_is_before(other, self._entries[i]) for i, other in pairs])
        ends = Pairs(np.where(later, others, here), np.where(later, here, others))
        equals = (lambda entry, _, other: entry.content == other.content) if copies else _alike
        same = np.array([equals(self._entries[i], flags[i], other) for i, other in pairs])
        if same.any():
            alike, apart = np.flatnonzero(same), np.flatnonzero(~same)
            found = equal(texts, ends.a[alike], ends.b[alike])
            if len(apart):
                other_ = verify(texts, Pairs(ends.a[apart], ends.b[apart]), self._settings)
                found = Edges.concat([found, other_]).take(np.argsort(np.concatenate([alike, apart])))
        else:
            found = verify(texts, ends, self._settings)
        nums = np.array([e.num for e in everyone])
        return found.between(nums[found.a], nums[found.b])


class _Found:
    """Hits, with the document each is of."""

    def __init__(self, sought: Sought, hits: Hits) -> None:
        self.hits, self.number = hits, hits.number
        self.owner, self._list = sought.owner[hits.row], sought.list[hits.row]

    def of(self, list_: int) -> NDArray[np.int64]:
        """Those of one list."""
        return np.flatnonzero(self._list == list_)


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


def _by_key(entries: Mapping[int, Entry]) -> list[Entry]:
    """Documents in the order of their keys."""
    return sorted(entries.values(), key=lambda e: e.key)


def _is_before(one: Entry, two: Entry) -> bool:
    """Whether the key of one is the smaller; making keys takes longer than comparing them."""
    before, after = one.time, two.time
    return before < after if before != after else one.key < two.key


def _stocky(entry: Entry, flags: NDArray[np.uint8]) -> bool:
    """Dated, and mostly stock: a notice in the words of every week."""
    return entry.published is not None and bool(2 * np.count_nonzero(flags & STOCK == 0) < len(flags))


def _alike(entry: Entry, flags: NDArray[np.uint8], other: Entry) -> bool:
    """Whether it equals another document; what is mostly stock, only one of its day."""
    if entry.content != other.content:
        return False
    return entry.time // DAY == other.time // DAY or not _stocky(entry, flags)


def _slice_of(shingles: Keys, i: int) -> Keys:
    """Those of one document among sorted shingles."""
    ends = np.array([i, i + 1], np.uint64) << np.uint64(_SHINGLE)
    return shingles[slice(*shingles.searchsorted(ends).tolist())]


def texts_of(entries: Sequence[Entry], bodies: Sequence[Body]) -> Texts:
    """Body tokens of documents, numbered in their order."""
    bounds = running([len(body.hash) for body in bodies])
    titles = [e.title if e.words < NOTICE else None for e in entries]
    notices = any(titles)  # making the arrays takes half a millisecond, and often there are none
    return Texts(
        np.concatenate([np.empty(0, np.uint64), *(body.hash for body in bodies)]),
        bare(np.concatenate([np.empty(0, np.uint8), *(body.flags for body in bodies)])),
        bounds[:-1],
        bounds[1:],
        np.array([e.spaceless for e in entries], np.uint8),
        np.array([e.time for e in entries], np.int64),
        codes(pa.array([e.source for e in entries], pa.string())) if notices else None,
        pa.array(titles, pa.string()) if notices else None,
    )


class _Shingles:
    """The shingles of texts, each with the number of the document it is looked at for above its 48 bits."""

    def __init__(self, texts: Texts, holder: NDArray[np.int64], settings: Settings) -> None:
        offsets = np.append(texts.start, texts.stop[-1])
        size = settings.shingle_words * (1 + texts.spaceless.astype(np.int64))
        places, hashes = roll(texts.hash, offsets, size)
        count = steps(places)
        self.hash = _of(np.repeat(holder, count), hashes >> np.uint64(16), _SHINGLE)
        self._at = np.arange(len(hashes)) + np.repeat(offsets[:-1] - places[:-1], count)
        self._width = np.repeat(np.minimum(size, steps(offsets)), count)
        self._tokens = len(texts.hash)

    def covered(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tokens that lie in one of the chosen shingles: bool[tokens]."""
        start = self._at[chosen]
        edge = np.bincount(start, minlength=self._tokens + 1)
        edge -= np.bincount(start + self._width[chosen], minlength=self._tokens + 1)
        return np.asarray(np.cumsum(edge)[: self._tokens] > 0)


def _of(owner: NDArray[np.int64] | int, hashes: Keys, bits: int) -> Keys:
    """Hashes of so many bits, below the number of the document they are of."""
    return np.asarray(owner, np.uint64) << np.uint64(bits) | hashes
