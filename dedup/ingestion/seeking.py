"""Seeking: what many documents are looked up by, in columns, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup.candidates import CROWD, LEADERS
from dedup.ingestion.keys import (
    BANDS,
    COUNTS,
    LIST_SHIFT,
    LONG,
    LOW_BITS,
    MARKS,
    NUMBER_BITS,
    own_number,
    salted,
)
from dedup.ragged import distinct, gather, is_in, owners, run_starts, running, steps, tally
from dedup.stock import UNDATED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.storage.rows import Entry

    Keys = NDArray[np.uint64]
    Numbers = NDArray[np.int64]

__all__ = ["Hits", "Plan", "Sought", "looked_at"]

_MASKS = (np.uint64(1) << np.array(LOW_BITS, np.uint64)) - np.uint64(1)
_LIST_BITS = np.uint64(64) - LIST_SHIFT
_COUNTED = np.uint64(COUNTS) << LIST_SHIFT


class Hits(NamedTuple):
    """What was found, sorted and distinct.

    Attributes:
        row: int64[h], of ``Sought``.
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


class Sought:
    """The heads of n documents, a row each.

    Attributes:
        first: int64[n + 1], the first row of each document.
        owner: int64[r], the document.
        head: uint64[r].
        list: int64[r].
        undated: bool[r], the head is one under which undated documents count their shingles.
    """

    def __init__(self, heads: Sequence[Keys], undated: bool) -> None:
        """Of documents in their order, and whether there may be undated ones anywhere."""
        if undated:
            counts = [part[np.searchsorted(part, _COUNTED) :] for part in heads]
            heads = [part for pair in zip(heads, map(salted, counts), strict=True) for part in pair]
        size = np.array([len(part) for part in heads])
        self.head = np.concatenate(heads)
        self.undated = (
            np.repeat(np.arange(len(heads)) % 2 == 1, size) if undated else np.zeros(len(self.head), bool)
        )
        self.first = running(size)[:: 1 + undated]
        self.owner = owners(self.first)
        self.list = (self.head >> LIST_SHIFT).astype(np.int64)

    def ranges(self) -> tuple[Keys, Keys]:
        """First and last key of all that may be found, sorted, each once."""
        low = distinct(self.head)
        return low, low | _MASKS[(low >> LIST_SHIFT).astype(np.int64)]

    def hits(self, keys: Keys, rows: Numbers | None = None, poster: Numbers | None = None) -> Hits:
        """Those of sorted keys that some rows look for, or all; where posters are told, of earlier ones."""
        if not len(keys):
            return Hits(np.empty(0, np.int64), np.empty(0, np.int64))
        rows = np.arange(len(self.head)) if rows is None else rows
        head, mask = self.head[rows], _MASKS[self.list[rows]]
        first = np.searchsorted(keys, head)
        # most find nothing, and the end of nothing need not be searched for
        held = np.flatnonzero(keys[np.minimum(first, len(keys) - 1)] | mask == head | mask)
        held = held[first[held] < len(keys)]
        places, of = gather(first[held], np.searchsorted(keys, head[held] | mask[held], "right"))
        row = held[of]
        if poster is not None:
            earlier = poster[places] < self.owner[rows[row]]
            places, row = places[earlier], row[earlier]
        return Hits(rows[row], (keys[places] & mask[row]).astype(np.int64))

    def together(self, ready: Numbers, known: Hits, posted: Keys, poster: Numbers) -> Hits:
        """What the documents of a round find.

        Args:
            ready: Their numbers, ascending.
            known: What all documents found among what is stored.
            posted: Sorted; what others of their batch have posted since.
            poster: Which of them; what comes later in the batch isn't found by what comes before it.
        """
        bounds = np.searchsorted(known.row, self.first)
        mine = gather(bounds[ready], bounds[ready + 1])[0]
        rows = gather(self.first[ready], self.first[ready + 1])[0]
        return _joined(Hits(known.row[mine], known.number[mine]), self.hits(posted, rows, poster))

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
        own, dated = _counted_as(entries, self.owner[rows])
        seen = np.add.reduceat(number == own[self.owner[row]], opens)
        count = steps(np.append(opens, len(row)))
        count += (seen == 0) & (self.undated[rows] != dated[self.owner[rows]])
        limit = self.limits(settings)[rows]
        crossing = (seen == 0) & (count == limit + 1)
        enough = count > limit
        rows, crossing = rows[enough], crossing[enough]
        hashes = np.where(self.undated[rows], salted(self.head[rows]), self.head[rows]) << _LIST_BITS
        return Frequent(self.owner[rows], hashes >> (_LIST_BITS + np.uint64(LOW_BITS[COUNTS])), crossing)

    def plan(
        self,
        known: Hits,
        leads: NDArray[np.bool_],
        entries: Sequence[Entry],
        settings: Settings,
        occur: Callable[[NDArray[np.bool_], Hits, Numbers], NDArray[np.bool_]],
        silent: Callable[[Hits, Numbers], NDArray[np.bool_]],
    ) -> Plan:
        """What documents of a batch have to do with each other.

        Args:
            known: What was found among what is stored.
            leads: bool[n], those that may be found by others.
            entries: The documents.
            settings: For the limits.
            occur: Given those that are no copies, all that is stored of what they find under LONG, and
                pairs of documents of the batch that share a long run, int64[p], ``before << 32 | after``,
                says of which it is known what they are counted with: bool[n]; their entries say so, too.
            silent: Given all that some documents find under COUNTS, and their numbers, says which rows,
                bool[r], are fingerprints in what is stock for them.
        """
        rows = np.argsort(self.head)
        same = np.zeros(len(rows) + 1, bool)
        same[1:-1] = self.head[rows[1:]] == self.head[rows[:-1]]
        rows = rows[same[1:] | same[:-1]]
        rows = rows[np.lexsort((rows, self.head[rows]))]
        opens = np.flatnonzero(run_starts(self.head[rows]))
        size = steps(np.append(opens, len(rows)))
        start = np.repeat(opens, size)
        # all pairs of rows with the same head, the earlier document first
        one, two = gather(start, np.arange(len(rows)))
        one, two = rows[one], rows[two]
        kept = leads[self.owner[one]]
        one, two = one[kept], two[kept]
        list_ = self.list[two]
        whole = (list_ == BANDS) | (list_ == LONG)

        # what is in no bucket is no copy, and will be counted whatever else is decided
        leads = leads.copy()
        leads[self.owner[known.row[self.list[known.row] == BANDS]]] = False
        leads[self.owner[two[list_ == BANDS]]] = False
        runs, found = list_ == LONG, self.list[known.row] == LONG
        certain = occur(
            leads,
            Hits(known.row[found], known.number[found]),
            distinct(self._pairs(one[runs], two[runs])),
        )
        own, dated = _counted_as(entries, self.owner)
        told = (list_ == COUNTS) & certain[self.owner[one]] & (self.undated[one] != dated[self.owner[one]])
        counted = Hits(two[told], own[self.owner[one[told]]])
        together = _joined(known, counted)

        count = np.bincount(together.row, minlength=len(self.head))
        unsure = (list_ == COUNTS) & ~certain[self.owner[one]]
        more = np.bincount(two[unsure], minlength=len(self.head)) + 1
        limit = self.limits(settings)
        undecided = unsure & ((count <= limit) & (count + more > limit))[two]

        # of most documents it is known by now which text is stock, and that makes no candidates
        decided = certain.copy()
        decided[self.owner[two[undecided]]] = False
        sure = decided[self.owner[together.row]] & (self.list[together.row] == COUNTS)
        quiet = silent(Hits(together.row[sure], together.number[sure]), np.flatnonzero(decided))

        marks = np.flatnonzero((list_ == MARKS) & ~quiet[two])
        least = settings.min_shared_fingerprints
        shared = self._pairs(one[marks], two[marks])
        pairs, times = tally(shared)
        pairs = pairs[times >= least]
        waits = one[(whole | undecided)], two[(whole | undecided)]
        # the place of each row among those of its head, and how many documents stored have it
        place = np.zeros(len(self.head), np.int64)
        place[rows] = np.arange(len(rows)) - start
        telling = (self.list[known.row] == MARKS) & ~quiet[known.row]
        stored = Hits(known.row[telling], known.number[telling])
        before = np.bincount(stored.row, minlength=len(self.head))
        doubtful = np.zeros(len(self.head), bool)
        doubtful[self._crowded(stored, before, place, least)] = True
        related = marks[is_in(shared, pairs)]
        doubtful[self._squeezed(one[related], two[related], before, place)] = True
        crowded = marks[doubtful[two[marks]]]
        return Plan(
            distinct(np.concatenate([pairs, self._pairs(*waits), self._pairs(one[crowded], two[crowded])])),
            certain,
            decided,
            together,
        )

    def _pairs(self, one: Numbers, two: Numbers) -> Numbers:
        """Documents of rows in one number."""
        return self.owner[one] << 32 | self.owner[two]

    def _crowded(self, known: Hits, before: Numbers, place: Numbers, least: int) -> Numbers:
        """Rows of fingerprints so common that not all documents are looked at, where the batch may tell.

        Of a crowd the first documents and the last ones are looked at. What the batch adds may push one
        that is stored out of the last ones, which matters if it shares as many fingerprints as a pair needs.

        Args:
            known: The fingerprints found among what is stored.
            before: int64[r], how many stored documents have the fingerprint of a row.
            place: int64[r], how many of the batch before a row's have it, too, at most.
            least: Fingerprints that a pair needs.
        """
        row = known.row
        first = np.cumsum(before) - before  # of each row, and so the rank within it
        rank = np.arange(len(row)) - first[row]
        doubtful = np.flatnonzero(_may_leave(rank, before[row], place[row]))
        if not len(doubtful):
            return doubtful
        pairs = self.owner[row] << NUMBER_BITS | known.number
        asked = pairs[doubtful]
        pairs.sort()
        times = np.searchsorted(pairs, asked, "right") - np.searchsorted(pairs, asked)
        found: Numbers = row[doubtful[times >= least]]
        return found

    def _squeezed(self, one: Numbers, two: Numbers, before: Numbers, place: Numbers) -> Numbers:
        """The same where the document that may be pushed out is of the batch: rows ``two``."""
        rank, between = before[two] + place[one], place[two] - place[one]
        return two[_may_leave(rank, rank + 1, between - 1)]


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
    return _seen(rank, crowd)


def _seen(rank: Numbers, total: Numbers) -> NDArray[np.bool_]:
    """Whether the one behind so many others of so many in all is looked at."""
    return (total < CROWD) | (rank < LEADERS) | (total - rank <= LEADERS)


def _may_leave(rank: Numbers, count: Numbers, more: Numbers) -> NDArray[np.bool_]:
    """Whether a document of a crowd is looked at or not as more come after it.

    Args:
        rank: Documents before it, at most.
        count: Documents there are for certain, itself included.
        more: Documents that may come after those.
    """
    return _seen(rank, count) & ~_seen(rank, count + more)


class Plan(NamedTuple):
    """In which order the documents of a batch can be placed.

    Attributes:
        pairs: int64[p], ``before << 32 | after``: documents of which the first may decide on the second.
        certain: bool[n], what they add to the counts is known before they are placed.
        decided: bool[n], those of these of which it is known what is stock, too, and so all that others need.
        known: What each finds: what is stored, and what those before it add to the counts for certain.
    """

    pairs: Numbers
    certain: NDArray[np.bool_]
    decided: NDArray[np.bool_]
    known: Hits


def _joined(one: Hits, two: Hits) -> Hits:
    """All hits of both, each once."""
    if not len(two.row):
        return one
    added = np.sort(two.row << NUMBER_BITS | two.number)
    both = np.concatenate([one.row << NUMBER_BITS | one.number, added])
    both.sort(kind="stable")  # merges two sorted runs, in a twentieth of the time of sorting them
    both = both[run_starts(both)]
    return Hits(both >> NUMBER_BITS, both & ((1 << NUMBER_BITS) - 1))


def _counted_as(entries: Sequence[Entry], of: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """What documents are counted with, and whether by windows; of some, 0 and false for the others."""
    own, dated = np.zeros(len(entries), np.int64), np.zeros(len(entries), bool)
    for i in distinct(of).tolist():
        own[i], dated[i] = own_number(entries[i]), entries[i].in_window != UNDATED
    return own, dated
