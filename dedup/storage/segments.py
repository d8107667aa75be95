"""Postings: sets of 64-bit keys, hash bits above, a number below, kept for look-up by their upper bits.

A row for each posting is too slow (measured at a million documents: 250–630 documents a second). Keys are
written once, a row a transaction, to the table ``recent``, and held in memory by every process. When there
are enough of them they move into *buckets*, rows of sorted keys that share their first bits, a few buckets
with each further document, so that no call waits for a merge. A bucket that has grown past its limit is
emptied into 32 buckets of the next level: a tree of buffers, in which a key is rewritten some ten times in
all (O'Neil et al., The log-structured merge-tree, 1996; the tree is that of Arge, The buffer tree, 1995).
Everything happens inside the database's transactions, and keys are sets, so that a key found twice, while it
moves, is one key.

A hash with very many numbers (a disclaimer in every document) keeps the first ``STAR_CENTRES`` and the last
ones.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup import kernels
from dedup.candidates import STAR_CENTRES
from dedup.ragged import distinct, is_in, run_starts, running, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedup.storage.base import Store

    Keys = NDArray[np.uint64]

__all__ = ["Postings"]

LEVELS = (19, 24)
"""Bits of a key that name its bucket, by level, 16 at least."""

LIMITS = (2048,)
"""Keys of a bucket that is not of the last level."""

RECENT = 8 << 20
"""Keys of ``recent`` from which on they move to the buckets. With more a bucket is rewritten for more keys at
once; every process holds up to twice as many, and reads them when it first looks something up."""

STEP = 128
"""Buckets of the first level that are filled at once, at least: neighbours share pages of the database."""

TOGETHER = 1 << 10
"""Buckets that are read at once, 2 MB of them at a million documents: what is read stays in the cache."""

DENSE = 4
"""Where every fourth bucket is asked for, all between are read: rows of a scan cost less than look-ups."""

_WIDTH = 6
"""Bytes stored of a key."""

_ONE = np.uint64(1)
_BUCKET = (_ONE << np.uint64(32)) - _ONE
_EMPTY = np.empty(0, np.uint64)


class Thinned(NamedTuple):
    """What a search passes over: of a hash with very many numbers, those in the middle.

    Attributes:
        upto: Only keys below this one are passed over.
        most: Keys of one hash that are looked at: the first :data:`STAR_CENTRES`, and the last ones.
    """

    upto: np.uint64
    most: int


class _Run:
    """Sorted keys in memory, and where those with each first bits begin: a search meets a few cache lines."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        bits = max(2, min(16, len(keys).bit_length() - 6))
        self._shift = np.uint64(64 - bits)
        self._buckets = np.arange(1 << bits, dtype=np.uint64)
        self._bounds = np.append(np.searchsorted(keys, self._buckets << self._shift), len(keys))

    def between(self, first: np.uint64, last: np.uint64) -> Keys:
        """Keys from the first to the last."""
        return self.keys[np.searchsorted(self.keys, first) : np.searchsorted(self.keys, last, "right")]

    def find(self, low: Keys, high: Keys, thinned: Thinned) -> Keys:
        data = self.keys.view(np.uint8)
        return _within(data, 8, self._bounds, self._buckets, self._shift, low, high, thinned)


class _Runs:
    """Sorted arrays, merged as they grow: what one generation of ``recent`` holds."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self.size = 0

    def add(self, keys: Keys) -> None:
        if not len(keys):
            return
        self.size += len(keys)
        keys = np.sort(keys)
        while self._runs and len(self._runs[-1].keys) <= min(3 * len(keys), RECENT // 2 - len(keys)):
            keys = np.sort(np.concatenate([self._runs.pop().keys, keys]), kind="stable")
        self._runs.append(_Run(keys))

    def find(self, low: Keys, high: Keys, thinned: Thinned) -> list[Keys]:
        return [run.find(low, high, thinned) for run in self._runs]

    def all(self) -> Keys:
        """All keys, sorted."""
        return distinct(np.concatenate([_EMPTY, *(run.keys for run in self._runs)]))

    def between(self, first: np.uint64, last: np.uint64) -> Keys:
        """Keys from the first to the last, sorted."""
        return distinct(np.concatenate([_EMPTY, *(run.between(first, last) for run in self._runs)]))


class Postings:
    """The postings of one index.

    Args:
        store: Where they are.
        most: Numbers kept of one hash, for each list (the two upper bits of a key).
        low_bits: Bits of the number, for each list.
    """

    def __init__(self, store: Store, most: Sequence[int], low_bits: Sequence[int]) -> None:
        self._store = store
        self._most = most
        self._low_bits = low_bits
        # of a fingerprint in many documents the middle is never looked at
        self._thinned = Thinned(_ONE << np.uint64(62), most[0])
        self.forget()

    def forget(self) -> None:
        """Read everything anew next time: after a rollback."""
        self._seen = self._upto = self.next_bucket = 0
        self._epoch = -1
        self._levels = 0
        self._old, self._new, self._fresh = _Runs(), _Runs(), _Runs()
        self._ahead: tuple[Keys, _Run] | None = None
        self._since = _Runs()

    def refresh(self) -> None:
        """See what other processes have added; at the start of each transaction."""
        state = {
            name: int(value)
            for name, value in self._store.rows("SELECT name, value FROM meta WHERE name LIKE 'postings.%'")
        }
        last, upto = state["postings.last"], state["postings.upto"]
        if state["postings.epoch"] != self._epoch or last < self._seen:
            self.forget()
            self._epoch = state["postings.epoch"]
        self.next_bucket = state["postings.next"]
        self._levels = state["postings.levels"]
        if upto != self._upto:
            # what is there begins to move, or has moved
            self._old, self._new = (self._new, _Runs()) if upto else (_Runs(), self._new)
            self._upto, self._ahead = upto, None
        if last > self._seen:
            rows = self._store.rows("SELECT seq, keys FROM recent WHERE seq > ? ORDER BY seq", self._seen)
            if not rows or rows[0][0] > self._seen + 1:  # what came between has moved already
                self._ahead = None
            for part, into in (
                ([keys for seq, keys in rows if seq <= upto], self._old),
                ([keys for seq, keys in rows if seq > upto], self._new),
            ):
                if part:
                    self._add(np.frombuffer(b"".join(part), np.uint64), into)
            self._seen = last

    def append(self, keys: Keys) -> None:
        """Add keys, in a write transaction; :meth:`flush` writes them."""
        self._fresh.add(keys)

    def flush(self) -> None:
        """Write what was added in this transaction."""
        keys = self._fresh.all()
        if not len(keys):
            return
        self._seen += 1
        self._store.run("INSERT INTO recent VALUES (?, ?)", self._seen, keys.tobytes())
        self._set("last", self._seen)
        self._add(keys, self._new)
        self._fresh = _Runs()

    def _add(self, keys: Keys, into: _Runs) -> None:
        """Hold keys that are stored."""
        into.add(keys)
        if self._ahead is not None:
            self._since.add(keys)

    def find(self, low: Keys, high: Keys) -> Keys:
        """Distinct keys within the given ranges, sorted; of a fingerprint in very many documents not all.

        Args:
            low: uint64[q], sorted; the first key of each range.
            high: uint64[q], the last. A range lies in one bucket of the last level.
        """
        found = self._fresh.find(low, high, self._thinned)
        if self._ahead is not None and is_in(low, self._ahead[0]).all():
            found += [self._ahead[1].find(low, high, self._thinned)]
            found += self._since.find(low, high, self._thinned)
        else:
            found += self._stored(low, high)
        keys = distinct(np.concatenate(found)) if found else _EMPTY
        listed = np.searchsorted(keys, self._thinned.upto)
        fingerprints = _thinned(keys[:listed], np.uint64(self._low_bits[0]), self._most[0])
        return keys if len(fingerprints) == listed else np.concatenate([fingerprints, keys[listed:]])

    def read_ahead(self, low: Keys, high: Keys) -> None:
        """Read now what is stored within ranges, and only what comes later when some of them are asked for.

        Of a thousand documents most buckets are read, once, one after the other. What is read lasts until
        keys that came after it may have moved to the buckets.
        """
        self._ahead = low, _Run(distinct(np.concatenate([_EMPTY, *self._stored(low, high)])))
        self._since = _Runs()

    def _stored(self, low: Keys, high: Keys) -> Iterator[Keys]:
        """Keys that are stored, parts of them one after the other."""
        yield from self._old.find(low, high, self._thinned)
        yield from self._new.find(low, high, self._thinned)
        for level in range(self._levels):
            buckets = low >> np.uint64(64 - LEVELS[level])
            distinct_ = distinct(buckets)
            for chunk in range(0, len(distinct_), TOGETHER):
                some = distinct_[chunk : chunk + TOGETHER]
                if rows := self._rows(some, level):
                    part = slice(*np.searchsorted(buckets, [some[0], some[-1] + _ONE]).tolist())
                    yield _found(rows, level, low[part], high[part], self._thinned)

    def _rows(self, buckets: Keys, level: int) -> list[tuple[int, bytes]]:
        """Some buckets of one level, in their order."""
        first, last = _numbers(buckets[[0, -1]], level)
        if len(buckets) * DENSE > last - first:
            return self._store.rows(
                "SELECT number, keys FROM bucket WHERE number BETWEEN ? AND ? ORDER BY number", first, last
            )
        return self._store.rows_in(
            "SELECT number, keys FROM bucket WHERE number IN {keys} ORDER BY number", _numbers(buckets, level)
        )

    def maintain(self, dead_below: int) -> None:
        """Move some keys to the buckets; call at the end of each write transaction.

        So many buckets are filled that all are when four fifths of the next generation are there.

        Args:
            dead_below: Numbers of documents that are gone for certain are below this.
        """
        self.flush()
        if not self._upto:
            if self._new.size < RECENT:
                return
            self._begin()
        due = (5 * self._new.size << LEVELS[0]) // (4 * RECENT)
        if due >= self.next_bucket + STEP:
            self._fill(due, dead_below)

    def settle(self, dead_below: int) -> None:
        """Move everything; for rebuilding."""
        self.flush()
        if not self._upto:
            self._begin()
        while self._upto:
            self._fill(self.next_bucket + TOGETHER, dead_below)

    def clear(self) -> None:
        """Drop all keys, in a write transaction."""
        self._store.run("DELETE FROM recent")
        self._store.run("DELETE FROM bucket")
        epoch = self._epoch + 1
        self.forget()
        self._epoch = epoch
        for name, value in (("epoch", epoch), ("last", 0), ("upto", 0), ("next", 0), ("levels", 0)):
            self._set(name, value)

    def _begin(self) -> None:
        """What is there now moves; what comes from now on waits."""
        self._upto, self.next_bucket = self._seen, 0
        self._old, self._new = self._new, _Runs()
        self._set("upto", self._upto)

    def _set(self, name: str, value: int) -> None:
        self._store.run("UPDATE meta SET value = ? WHERE name = ?", str(value), f"postings.{name}")

    def _fill(self, stop: int, dead_below: int) -> None:
        """Move what belongs into the next buckets."""
        end = 1 << LEVELS[0]
        stop = min(stop, end)
        shift = 64 - LEVELS[0]
        first, last = np.uint64(self.next_bucket << shift), np.uint64((stop << shift) - 1)
        self._insert(0, self._old.between(first, last), dead_below)
        self.next_bucket = stop
        if stop == end:
            self._store.run("DELETE FROM recent WHERE seq <= ?", self._upto)
            self._upto = self.next_bucket = 0
            self._old, self._ahead = _Runs(), None
            self._set("upto", 0)
        self._set("next", self.next_bucket)

    def _insert(self, level: int, keys: Keys, dead_below: int) -> None:
        """Merge sorted keys into the buckets of a level, and what overflows into the next."""
        if not len(keys):
            return
        if level >= self._levels:
            self._levels = level + 1
            self._set("levels", self._levels)
        numbers = _numbers(distinct(keys >> np.uint64(64 - LEVELS[level])), level)
        there = self._store.rows_in(
            "SELECT number, keys FROM bucket WHERE number IN {keys} ORDER BY number", numbers
        )
        if there:
            keys = _merged(there, level, keys)
        keys = self._trimmed(keys, dead_below)
        of = keys >> np.uint64(64 - LEVELS[level])
        bounds = np.append(np.flatnonzero(run_starts(of)), len(keys))
        size = steps(bounds)
        over = size > LIMITS[level] if level < len(LIMITS) else np.zeros(len(size), bool)
        stays = np.flatnonzero(~over)
        kept = _numbers(of[bounds[stays]], level)
        self._store.run_many(
            "INSERT INTO bucket VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET keys = excluded.keys",
            zip(kept, _packed(keys, bounds[stays], bounds[stays + 1]), strict=True),
        )
        if empty := {number for number, _ in there}.difference(kept):
            self._store.run_in("DELETE FROM bucket WHERE number IN {keys}", sorted(empty))
        self._insert(level + 1, keys[over.repeat(size)], dead_below)

    def _trimmed(self, keys: Keys, dead_below: int) -> Keys:
        """Without documents that are gone, and without the middle of what is in too many."""
        found = []
        bounds = np.searchsorted(keys, np.arange(4, dtype=np.uint64) << np.uint64(62)).tolist()
        for list_, (first, last) in enumerate(pairwise([*bounds, len(keys)])):
            part, bits = keys[first:last], np.uint64(self._low_bits[list_])
            if list_ < 3 and dead_below > 0:
                part = part[(part & ((_ONE << bits) - _ONE)) >= dead_below]
            found.append(_thinned(part, bits, self._most[list_]))
        return np.concatenate(found)


def _numbers(buckets: Keys, level: int) -> list[int]:
    """What buckets of a level are called in the table."""
    numbers: list[int] = (buckets | np.uint64(level << 32)).tolist()
    return numbers


def _packed(keys: Keys, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Iterator[bytes]:
    """Slices of keys as bytes, without the 16 bits that a bucket's number says."""
    data = keys.view(np.uint8).reshape(-1, 8)[:, :_WIDTH].tobytes()
    for first, last in zip((start * _WIDTH).tolist(), (stop * _WIDTH).tolist(), strict=True):
        yield data[first:last]


def _unpacked(rows: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.uint8], NDArray[np.int64], Keys]:
    """The keys of several buckets one after the other, where each begins, and the buckets."""
    numbers, parts = zip(*rows, strict=True)
    bounds = running(np.fromiter(map(len, parts), np.int64, len(rows)) // _WIDTH)
    data = np.frombuffer(b"".join((*parts, bytes(8))), np.uint8)
    return data, bounds, np.array(numbers, np.uint64) & _BUCKET


def _merged(rows: Sequence[tuple[int, bytes]], level: int, keys: Keys) -> Keys:
    """The keys of several buckets, in their order, and others, sorted and distinct."""
    data, bounds, buckets = _unpacked(rows)
    heads = buckets >> np.uint64(LEVELS[level] - 16) << np.uint64(48)
    merged = np.empty(int(bounds[-1]) + len(keys), np.uint64)
    return merged[: kernels.get().merge_keys(data, _WIDTH, bounds, heads, keys, merged)]


def _found(rows: Sequence[tuple[int, bytes]], level: int, low: Keys, high: Keys, thinned: Thinned) -> Keys:
    """Keys within ranges, of several buckets in their order."""
    data, bounds, buckets = _unpacked(rows)
    return _within(data, _WIDTH, bounds, buckets, np.uint64(64 - LEVELS[level]), low, high, thinned)


def _within(
    data: NDArray[np.uint8],
    width: int,
    bounds: NDArray[np.int64],
    buckets: Keys,
    shift: np.uint64,
    low: Keys,
    high: Keys,
    thinned: Thinned,
) -> Keys:
    """Keys within ranges; what the arguments are, the kernel says."""
    find_keys = kernels.get().find_keys
    keys = np.empty(4 * len(low), np.uint64)
    count = find_keys(data, width, bounds, buckets, shift, low, high, *thinned, STAR_CENTRES, keys)
    if count > len(keys):
        keys = np.empty(count, np.uint64)
        find_keys(data, width, bounds, buckets, shift, low, high, *thinned, STAR_CENTRES, keys)
    return keys[:count]


def _thinned(keys: Keys, bits: np.uint64, most: int) -> Keys:
    """Of each hash at most so many keys: the first ones and the last ones. Nobody else may hold the keys."""
    return keys[: kernels.get().thin_keys(keys, bits, most, STAR_CENTRES)]
