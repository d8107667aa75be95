"""Stock text: what recurs across time and stories and is therefore no evidence of copying.

A shingle is stock when it is seen in more than ``Settings.stock_windows`` separate windows of
``Settings.stock_window_days`` days (UTC, aligned to the epoch); documents without a date count one by one,
against ``Settings.stock_documents``. Documents joined by long contiguous runs are one occurrence, that of the
earliest: an evergreen article carried for weeks stays evidence, a frame around changing facts does not.

All shingles are counted, not only the winnowed ones: which shingles winnowing picks out of a short frame
depends on the facts around it, so that one frame has other fingerprints every day.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.components import first_connected
from dedup.fingerprints import Fingerprints, grouped, partition_bits
from dedup.kernels.constants import MIX
from dedup.parallel import for_each
from dedup.ragged import distinct, first_of_run, run_starts, running
from dedup.shingles import roll, widths
from dedup.signatures import winnow
from dedup.texts import DAY, NEVER, STOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.texts import Texts

__all__ = [
    "LONG_RUN",
    "UNDATED",
    "can_recur",
    "counted_by",
    "find_notices",
    "find_stock",
    "flag",
    "flag_stock",
    "long_runs",
    "windows",
]

LONG_RUN = 64
"""Tokens of a run that makes two documents one occurrence: longer than a background paragraph."""

_LONG_WINDOW = 32

UNDATED = np.int64(-(2**62))
"""The window of a document without a date."""

_FEW = 64  # documents not worth sharing among threads

_BOX_BITS = 16  # of how many shingles are sifted at once, roughly, with a slot of 4 bytes for each


def long_runs(
    words: NDArray[np.uint64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Fingerprints of long runs: documents that share a run of 95 tokens share one, of fewer than 64 none.

    Args:
        words: uint64[W], hashes of body tokens.
        offsets: int64[n + 1], body tokens of each document.

    Returns:
        int64[n + 1] offsets and uint64 fingerprints of 48 bits. A document shorter than a long run has one,
        its whole.
    """
    n = len(offsets) - 1
    places, hashes = roll(words, offsets, np.full(n, LONG_RUN, np.int64))
    picked_offsets, picked, _ = winnow(hashes, places, np.full(n, _LONG_WINDOW, np.int64))
    return picked_offsets, picked


def flag_stock(
    texts: Texts,
    long: Fingerprints,
    leader: NDArray[np.int64],
    window: NDArray[np.int64],
    settings: Settings,
) -> tuple[Texts, int]:
    """Flag the stock tokens of a corpus.

    Args:
        texts: Body tokens of n documents.
        long: Their fingerprints of :func:`long_runs`.
        leader: int64[n], the document each is a copy of, or itself.
        window: int64[n], of :func:`windows`.
        settings: For the limits.

    Returns:
        The texts with ``STOCK`` flagged, and how many shingles are stock.
    """
    if not can_recur(window, settings):
        return texts, 0
    length = texts.stop - texts.start
    copies = np.where(length >= LONG_RUN, leader, np.arange(len(length)))
    occurrence = _occurrences(long, copies, settings)
    # in the order of the tokens, which is that of the input
    row = np.argsort(texts.start, kind="stable")
    size = widths(texts.spaceless[row], settings)
    bounds = texts.start[row], texts.stop[row], size
    counted = (leader == np.arange(len(length)))[row] | (length[row] < LONG_RUN)
    group = occurrence[row]
    stock = find_stock(texts.hash, *bounds, group, window[group], counted, settings)
    if not len(stock):
        return texts, 0
    flags = texts.flags.copy()
    flag(texts.hash, *bounds, stock, flags, settings)
    return replace(texts, flags=flags), len(stock)


def flag(
    words: NDArray[np.uint64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    size: NDArray[np.int64],
    stock: NDArray[np.uint64],
    flags: NDArray[np.uint8],
    settings: Settings,
) -> None:
    """Set ``STOCK`` where a token lies in a stock shingle; documents in the order of their tokens."""
    loops = kernels.get()
    table = np.zeros(1 << int(2 * len(stock)).bit_length(), np.uint64)
    bits = np.zeros(len(table), np.uint8)  # of which one in thirty is set: most tokens need no second look
    loops.fill_table(stock, table, bits)
    if len(start) <= _FEW:  # starting a thread takes longer
        loops.flag_members(words, start, stop, size, table, bits, STOCK, flags)
        return

    def part(d: NDArray[np.int64]) -> None:
        loops.flag_members(words, start[d], stop[d], size[d], table, bits, STOCK, flags)

    for_each(part, np.array_split(np.arange(len(start)), 4 * settings.workers), settings.workers)


def find_notices(texts: Texts, content: NDArray[np.uint64], settings: Settings) -> NDArray[np.bool_]:
    """Short texts that a source says again a window later or more, word for word, from then on: bool[n].

    "The bank left its rate unchanged" is news each time it is said, the first time as any other; after that
    it is stock in all sources. A long text, or one that only another source carries later, is a copy, and so
    is what the same source carries again the next day. What nobody wrote an article into is a notice whatever
    its length.

    Args:
        texts: Body tokens of n documents, with their sources and dates.
        content: uint64[n, 2], 128-bit hashes of the bodies.
        settings: For the length of a window.
    """
    length, source, published = texts.stop - texts.start, texts.source, texts.published
    notice = np.zeros(len(length), bool)
    if source is None:
        return notice
    row = np.flatnonzero((length < LONG_RUN) & (source >= 0) & (published != NEVER))
    row = row[np.lexsort((published[row], source[row], content[row, 1], content[row, 0]))]
    bodies = run_starts(*content[row].T)
    body = np.cumsum(bodies) - 1
    begun = first_of_run(published[row], bodies | run_starts(source[row]))
    before = published[row] - settings.stock_window_days * DAY
    again = before >= begun
    said = np.full(bodies.sum(), NEVER)
    np.minimum.at(said, body[again], begun[again])
    notice[row] = before >= said[body]
    return notice


def _occurrences(long: Fingerprints, leader: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """First document of the group that counts as one occurrence: long copies, or long runs shared."""
    n = len(leader)
    joined = np.concatenate(grouped(long, n, settings, _neighbours)).view(np.int64)
    return first_connected(
        np.concatenate([joined >> 32, leader]), np.concatenate([joined & 0xFFFFFFFF, np.arange(n)]), n
    )


def _neighbours(keys: NDArray[np.uint64], low: int) -> NDArray[np.uint64]:
    """Documents that stand next to each other with one fingerprint, a << 32 | b, each pair once."""
    same = np.flatnonzero(keys[1:] >> np.uint64(low) == keys[:-1] >> np.uint64(low))
    numbers = keys & np.uint64((1 << low) - 1)
    return distinct(numbers[same] << np.uint64(32) | numbers[same + 1])


def windows(published: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """Window number of each document, :data:`UNDATED` where it has no date.

    Args:
        published: int64[n], microseconds since the epoch, UTC; ``NEVER`` where unknown.
        settings: For the length of a window.
    """
    return np.where(published != NEVER, published // (settings.stock_window_days * DAY), UNDATED)


def can_recur(window: NDArray[np.int64], settings: Settings) -> bool:
    """Whether these documents are spread widely enough for anything to be stock."""
    dated = window[window != UNDATED]
    spread = len(np.unique(dated)) > settings.stock_windows
    return spread or len(window) - len(dated) > settings.stock_documents


def find_stock(
    words: NDArray[np.uint64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    size: NDArray[np.int64],
    occurrence: NDArray[np.int64],
    window: NDArray[np.int64],
    counted: NDArray[np.bool_],
    settings: Settings,
) -> NDArray[np.uint64]:
    """Upper 48 bits of the shingles that are stock, sorted.

    Args:
        words: uint64[T], hashes of body tokens.
        start: int64[n], first token of each document.
        stop: int64[n], one past its last.
        size: int64[n], tokens of its shingles.
        occurrence: int64[n], the group of documents it counts for.
        window: int64[n], the window of that group.
        counted: bool[n], the document counts.
        settings: For the limits, memory and threads.
    """
    dated = counted & (window != UNDATED)
    every = _Counted(words, start, stop, size, counted_by(occurrence, window))
    found = []
    for chosen, limit in (
        (dated, settings.stock_windows),
        (counted & (window == UNDATED), settings.stock_documents),
    ):
        d = np.flatnonzero(chosen)
        d = d[np.argsort(every.low[d], kind="stable")]  # the better shingles are sifted
        if len(d) > limit:
            found += _frequent(every.of(d), limit, settings)
    return distinct(np.concatenate(found)) if found else np.empty(0, np.uint64)


def counted_by(occurrence: NDArray[np.int64], window: NDArray[np.int64]) -> NDArray[np.uint64]:
    """What the places of a shingle are told apart by, 16 bits: the window, or without one the group.

    65,536 windows of 3 days are 538 years, and two so far apart are one; 16 bits of a spread group number can
    only undercount, by one in about eighty at the limit of 40. No date moves the windows of others.

    Args:
        occurrence: int64[n], of :func:`find_stock`.
        window: int64[n].
    """
    number = (occurrence.astype(np.uint64) * np.uint64(MIX)) >> np.uint64(48)
    return np.where(window == UNDATED, number, (window & 0xFFFF).astype(np.uint64))


@dataclass(frozen=True, slots=True)
class _Counted:
    """Some of the documents, in the arrays of :func:`find_stock`; of each 16 bits by :func:`counted_by`."""

    words: NDArray[np.uint64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    size: NDArray[np.int64]
    low: NDArray[np.uint64]

    def of(self, d: NDArray[np.int64]) -> _Counted:
        """The chosen documents."""
        return _Counted(self.words, self.start[d], self.stop[d], self.size[d], self.low[d])

    @property
    def tokens(self) -> int:
        """How many they have."""
        return int((self.stop - self.start).sum())


def _frequent(documents: _Counted, limit: int, settings: Settings) -> list[NDArray[np.uint64]]:
    """Shingles that stand with more than ``limit`` different lower 16 bits, part by part of their hashes.

    Most shingles stand once. They are sifted out before the others are sorted, by a table of a slot for one
    or two: of 19 million of generated news 14 % are left. They are put into boxes before, so many that the
    table of one stays near the processor: 0.2 s for these, and 0.7 s when parts had tables of 16 MB.
    """
    bits = partition_bits(documents.tokens, settings, at_once=1)
    mask = np.uint64(((1 << bits) - 1) << (64 - bits))
    rows = np.array_split(np.arange(len(documents.start)), settings.workers)
    slices = [documents.of(own) for own in rows]
    share = np.array([own.tokens for own in slices]) >> bits
    boxes = 1 << min(8, int(share.sum() >> _BOX_BITS).bit_length())
    found: list[NDArray[np.uint64]] = []
    with ThreadPoolExecutor(settings.workers) as pool:
        for number in range(1 << bits):
            chosen = mask, np.uint64(number << (64 - bits))
            boxed = _boxed(slices, *chosen, np.tile(share // boxes * 9 // 8 + 1024, (boxes, 1)), pool)
            if (boxed.end > boxed.last).any():  # one shingle fills a part of a box
                boxed = _boxed(slices, *chosen, (boxed.end - boxed.begin).astype(np.int64) + 1, pool)
            rows = np.array_split(np.arange(boxes), min(boxes, 4 * settings.workers))
            found += pool.map(partial(_sifted, boxed, limit), rows)
            del boxed  # as large as the part that is made next
    return found


@dataclass(frozen=True, slots=True)
class _Boxed:
    """Keys of shingles in b boxes by some bits of their hashes; each of s slices has a part of every box.

    Attributes:
        keys: uint64.
        begin: uint64[b, s], where each part begins.
        end: uint64[b, s], one past its last key; beyond ``last`` if it has no room for all.
        last: uint64[b, s], the end of its room.
    """

    keys: NDArray[np.uint64]
    begin: NDArray[np.uint64]
    end: NDArray[np.uint64]
    last: NDArray[np.uint64]


def _boxed(
    slices: list[_Counted],
    mask: np.uint64,
    prefix: np.uint64,
    room: NDArray[np.int64],
    pool: ThreadPoolExecutor,
) -> _Boxed:
    """Keys of the shingles whose bits under ``mask`` are ``prefix``.

    Args:
        slices: Documents.
        mask: Of which bits.
        prefix: What they are.
        room: int64[b, s], one more than the keys each part of a box has room for.
        pool: The threads.
    """
    bounds = running(room.ravel()).astype(np.uint64)
    begin, last = (edge.reshape(room.shape) for edge in (bounds[:-1], bounds[1:] - np.uint64(1)))
    keys = np.empty(bounds[-1], np.uint64)

    def write(own: _Counted, at: NDArray[np.uint64], last: NDArray[np.uint64]) -> NDArray[np.uint64]:
        columns = own.words, own.start, own.stop, own.size, own.low
        kernels.get().shingle_keys(*columns, mask, prefix, last, at, keys)
        return at

    ends = pool.map(write, slices, begin.T.copy(), last.T.copy())
    return _Boxed(keys, begin, np.column_stack(list(ends)), last)


def _sifted(boxed: _Boxed, limit: int, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Upper 48 bits of the keys in some boxes, one beside the other, that stand often enough."""
    loops = kernels.get()
    begin, end = boxed.begin[rows], boxed.end[rows]
    keys = boxed.keys[begin[0, 0] :]  # what stays moves to the front, into no other box
    most = int((end - begin).sum(axis=1).max())
    slots = np.empty(1 << max(most.bit_length() - 1, 0), np.uint32)
    begin, end = (edge - begin[0, 0] for edge in (begin, end))
    keys = keys[: loops.sift(keys, begin.ravel(), end.ravel(), begin.shape[1], limit, slots)]
    keys.sort()
    found = np.empty(len(keys) // (limit + 1), np.uint64)
    return found[: loops.frequent(keys, limit, found)].copy()
