"""Seeking: what many documents are looked up by, in columns, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup.candidates import CROWD, STAR_CENTRES
from dedup.ingestion.keys import (
    COUNTED,
    COUNTS,
    FINGERPRINTS,
    LIST_SHIFT,
    LOW_BITS,
    undated_prefix,
)
from dedup.ragged import distinct, gather, owners, run_starts, running, steps
from dedup.stock import UNDATED, counted_by
from dedup.storage.rows import NUMBER_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.storage.rows import Entry

    Keys = NDArray[np.uint64]
    Numbers = NDArray[np.int64]

__all__ = ["BatchHits", "Hits", "Queries", "joined", "looked_at"]

_MASKS = (np.uint64(1) << np.array(LOW_BITS, np.uint64)) - np.uint64(1)
_LIST_BITS = np.uint64(64) - LIST_SHIFT


class Hits(NamedTuple):
    """What was found, sorted and distinct.

    Attributes:
        row: int64[h], of ``Queries``.
        number: int64[h], of a document, or of a window.
    """

    row: Numbers
    number: Numbers


class Frequent(NamedTuple):
    """Shingles counted often enough to be stock.

    Attributes:
        owner: int64[f], the document each is of.
        shingle: uint64[f], 46 bits.
        crossing: bool[f], it is the document's own window that makes it one too many.
    """

    owner: Numbers
    shingle: Keys
    crossing: NDArray[np.bool_]


class Queries:
    """The prefixes of n documents, a row each.

    Attributes:
        first: int64[n + 1], the first row of each document.
        owner: int64[r], the document.
        prefix: uint64[r].
        list: int64[r].
        undated: bool[r], the prefix is one under which undated documents count their shingles.
    """

    def __init__(self, prefixes: Sequence[Keys], undated: bool) -> None:
        """Of documents in their order, and whether there may be undated ones anywhere."""
        if undated:
            counts = [part[np.searchsorted(part, COUNTED) :] for part in prefixes]
            both = zip(prefixes, map(undated_prefix, counts), strict=True)
            prefixes = [part for pair in both for part in pair]
        size = np.array([len(part) for part in prefixes])
        self.prefix = np.concatenate(prefixes)
        self.undated = np.zeros(len(self.prefix), bool)
        if undated:
            self.undated = np.repeat(np.arange(len(prefixes)) % 2 == 1, size)
        self.first = running(size)[:: 1 + undated]
        self.owner = owners(self.first)
        self.list = (self.prefix >> LIST_SHIFT).astype(np.int64)

    def ranges(self) -> tuple[Keys, Keys]:
        """First and last key of all that may be found, sorted, each once."""
        low = distinct(self.prefix)
        return low, low | _MASKS[(low >> LIST_SHIFT).astype(np.int64)]

    def hits(self, keys: Keys) -> Hits:
        """Those of sorted keys that are looked for."""
        if not len(keys):
            return Hits(*np.empty((2, 0), np.int64))
        mask = _MASKS[self.list]
        first = np.searchsorted(keys, self.prefix)
        # most find nothing, and the end of nothing need not be searched for
        held = np.flatnonzero(keys[np.minimum(first, len(keys) - 1)] | mask == self.prefix | mask)
        held = held[first[held] < len(keys)]
        places, of = gather(first[held], np.searchsorted(keys, self.prefix[held] | mask[held], "right"))
        row = held[of]
        return Hits(row, (keys[places] & mask[row]).astype(np.int64))

    def batch_hits(self, most: int) -> BatchHits | None:
        """All pairs of documents with the same prefix; None where there are more of them than ``most``."""
        if len(self.first) == 2:
            return BatchHits(self, *np.empty((2, 0), np.int64))
        rows = np.argsort(self.prefix)
        same = np.zeros(len(rows) + 1, bool)
        same[1:-1] = self.prefix[rows[1:]] == self.prefix[rows[:-1]]
        rows = rows[same[1:] | same[:-1]]
        rows = rows[np.lexsort((rows, self.prefix[rows]))]
        opens = np.flatnonzero(run_starts(self.prefix[rows]))
        count = steps(np.append(opens, len(rows)))
        if np.dot(count, count - 1) > 2 * most:
            return None
        one, two = gather(np.repeat(opens, count), np.arange(len(rows)))
        return BatchHits(self, rows[one], rows[two])

    def numbers(self, entries: Sequence[Entry]) -> Numbers:
        """The numbers of documents in what is not counted: int64[r].

        Fingerprints have that of the first text of an id: what is found by one is verified, and a text that
        is revised all day would be a crowd. What is found by the others is believed.
        """
        nums, posted = (np.array([getattr(e, name) for e in entries], np.int64) for name in ("num", "posted"))
        return np.where(self.list == FINGERPRINTS, posted[self.owner], nums[self.owner])

    def postings(self, entries: Sequence[Entry]) -> Keys:
        """The postings of placed documents; a copy has no fingerprints of its own."""
        own, dated = _counted_as(entries)
        leads = np.array([e.leader == e.num for e in entries], bool)
        counts = self.list == COUNTS
        posted = np.where(
            counts, self.undated != dated[self.owner], leads[self.owner] | (self.list != FINGERPRINTS)
        )
        number = np.where(counts, own[self.owner], self.numbers(entries))
        return np.asarray((self.prefix | number.astype(np.uint64))[posted])

    def limits(self, settings: Settings) -> Numbers:
        """How often the shingle of a row may be counted before it is stock: int64[r]."""
        return np.where(self.undated, settings.stock_documents, settings.stock_windows)

    def often(self, found: Hits, entries: Sequence[Entry], settings: Settings) -> Frequent:
        """Shingles of documents that are counted often enough, with these, to be stock."""
        mine = np.flatnonzero(self.list[found.row] == COUNTS)
        row, number = found.row[mine], found.number[mine]
        if not len(mine):
            return Frequent(mine, np.empty(0, np.uint64), np.zeros(0, bool))
        opens = np.flatnonzero(run_starts(row))
        rows = row[opens]
        own, dated = _counted_as(entries)
        seen = np.add.reduceat(number == own[self.owner[row]], opens)
        count = steps(np.append(opens, len(row)))
        count += (seen == 0) & (self.undated[rows] != dated[self.owner[rows]])
        limit = self.limits(settings)[rows]
        crossing = (seen == 0) & (count == limit + 1)
        enough = count > limit
        rows, crossing = rows[enough], crossing[enough]
        prefixes = self.prefix[rows]
        hashes = np.where(self.undated[rows], undated_prefix(prefixes), prefixes) << _LIST_BITS
        return Frequent(self.owner[rows], hashes >> (_LIST_BITS + np.uint64(LOW_BITS[COUNTS])), crossing)


class BatchHits(NamedTuple):
    """Documents of a batch with a prefix in common.

    Attributes:
        queries: Whose rows they are.
        one: int64[p], rows, each of an earlier document than the one beside it.
        two: int64[p].
    """

    queries: Queries
    one: Numbers
    two: Numbers

    def hits(self, entries: Sequence[Entry]) -> Hits:
        """What they find of each other."""
        found = np.flatnonzero(self.queries.list[self.two] != COUNTS)
        return Hits(self.two[found], self.queries.numbers(entries)[self.one[found]])

    def windows(self, entries: Sequence[Entry]) -> Hits:
        """What they count for each other."""
        own, dated = _counted_as(entries)
        of = self.queries.owner[self.one]
        counted = self.queries.list[self.two] == COUNTS
        counted &= self.queries.undated[self.one] != dated[of]
        return Hits(self.two[counted], own[of[counted]])


def looked_at(of: Numbers) -> NDArray[np.bool_]:
    """Which documents are looked at: of a crowd the first and the last ones.

    Args:
        of: int64[h], what each has in common with others, equal ones next to each other, documents in the
            order of their numbers.
    """
    opens = np.flatnonzero(run_starts(of))
    count = steps(np.append(opens, len(of)))
    if count.max(initial=0) < CROWD:
        return np.ones(len(of), bool)
    rank = np.arange(len(of)) - np.repeat(opens, count)
    crowd = np.repeat(count, count)
    return (crowd < CROWD) | (rank < STAR_CENTRES) | (crowd - rank <= STAR_CENTRES)


def joined(one: Hits, two: Hits) -> Hits:
    """All hits of both, each once."""
    if not len(two.row):
        return one
    added = np.sort(two.row << NUMBER_BITS | two.number)
    both = np.concatenate([one.row << NUMBER_BITS | one.number, added])
    both.sort(kind="stable")  # merges two sorted runs, in a twentieth of the time of sorting them
    both = both[run_starts(both)]
    return Hits(both >> NUMBER_BITS, both & ((1 << NUMBER_BITS) - 1))


def _counted_as(entries: Sequence[Entry]) -> tuple[Numbers, NDArray[np.bool_]]:
    """The number in the counts of each document, of its window or its occurrence, and whether it is dated."""
    occurrence = np.array([entry.occurrence for entry in entries], np.int64)
    window = np.array([entry.in_window for entry in entries], np.int64)
    return counted_by(occurrence, window).astype(np.int64), window != UNDATED
