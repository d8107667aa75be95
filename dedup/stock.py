"""Stock text: what recurs across time and stories and is therefore no evidence of copying.

A shingle is stock when it is seen in more than ``Settings.stock_windows`` separate windows of
``Settings.stock_window_days`` days (UTC, aligned to the epoch); documents without a date count one by one,
against ``Settings.stock_documents``. Documents joined by long contiguous runs are one occurrence, that of the
earliest: an evergreen article carried for weeks stays evidence, a frame around changing facts does not.

All shingles are counted, not only the winnowed ones: which shingles winnowing picks out of a short frame
depends on the facts around it, so that one frame has other fingerprints every day.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.overlap import STOCK, Texts
from dedup.ragged import gather
from dedup.shingles import roll

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings

__all__ = ["LONG_RUN", "UNDATED", "can_recur", "find_stock", "long_runs", "mark", "mark_stock", "windows"]

LONG_RUN = 64
"""Tokens of a run that makes two documents one occurrence: longer than a background paragraph."""

_LONG_WINDOW = 32

UNDATED = np.int64(-(2**62))
"""The window of a document without a date."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


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
    hashes >>= np.uint64(16)
    picked, at = np.empty(len(hashes), np.uint64), np.empty(len(hashes), np.uint32)
    picked_offsets = np.empty(n + 1, np.int64)
    kernels.get().winnow(hashes, places, np.full(n, _LONG_WINDOW, np.int64), picked_offsets, picked, at)
    return picked_offsets, picked[: picked_offsets[-1]].copy()


def mark(
    texts: Texts,
    long_start: NDArray[np.int64],
    long_stop: NDArray[np.int64],
    long_hash: NDArray[np.uint64],
    leader: NDArray[np.int64],
    window: NDArray[np.int64],
    settings: Settings,
) -> tuple[Texts, int]:
    """Flag the stock tokens of a corpus.

    Args:
        texts: Body tokens of n documents.
        long_start: int64[n], first fingerprint of long runs of each document.
        long_stop: int64[n], one past its last.
        long_hash: uint64[g], of :func:`long_runs`.
        leader: int64[n], the document each is a copy of, or itself.
        window: int64[n], of :func:`windows`.
        settings: For the limits.

    Returns:
        The texts with ``STOCK`` flagged, and how many shingles are stock.
    """
    if not can_recur(window, settings):
        return texts, 0
    length = texts.stop - texts.start
    occurrence = _occurrences(
        long_start, long_stop, long_hash, np.where(length >= LONG_RUN, leader, np.arange(len(length)))
    )
    row = np.argsort(
        texts.start, kind="stable"
    )  # tokens lie in the order of the input, documents in that of their keys
    offsets = np.append(texts.start[row], len(texts.hash))
    size = settings.shingle_words * (1 + texts.spaceless[row].astype(np.int64))
    places, hashes = roll(texts.hash, offsets, size)
    hashes >>= np.uint64(16)
    telling = np.flatnonzero((leader == np.arange(len(length)))[row] | (length[row] < LONG_RUN))
    chosen, of = gather(places[telling], places[telling + 1])
    group = occurrence[row[telling]][of]
    stock = find_stock(hashes[chosen], group, window[group], settings)
    count = np.diff(places)
    at = np.arange(len(hashes)) + np.repeat(offsets[:-1] - places[:-1], count)
    width = np.repeat(np.minimum(size, np.diff(offsets)), count)
    marked = mark_stock(np.isin(hashes, stock), at, width, len(texts.hash))
    return replace(texts, flags=texts.flags | marked * np.uint8(STOCK)), len(stock)


def _occurrences(
    long_start: NDArray[np.int64],
    long_stop: NDArray[np.int64],
    long_hash: NDArray[np.uint64],
    leader: NDArray[np.int64],
) -> NDArray[np.int64]:
    """First document of the group that counts as one occurrence: long copies, or long runs shared."""
    from scipy.sparse import coo_matrix  # slow to import, and most small corpora have no stock text
    from scipy.sparse.csgraph import connected_components

    n = len(leader)
    runs, number = gather(long_start, long_stop)
    hashes = long_hash[runs]
    by = np.lexsort((number, hashes))
    joined = np.flatnonzero(hashes[by][1:] == hashes[by][:-1])
    a = np.concatenate([number[by][joined], leader])
    b = np.concatenate([number[by][joined + 1], np.arange(n)])
    links = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    _, label = connected_components(links, directed=False)
    first = np.full(n, n, np.int64)
    np.minimum.at(first, label, np.arange(n))
    return np.asarray(first[label])


def windows(published: NDArray[np.int64], dated: NDArray[np.bool_], settings: Settings) -> NDArray[np.int64]:
    """Window number of each document, :data:`UNDATED` where ``dated`` is false.

    Args:
        published: int64[n], microseconds since the epoch, UTC.
        dated: bool[n].
        settings: For the length of a window.
    """
    length = settings.stock_window_days * 86_400 * 1_000_000
    return np.where(dated, published // length, UNDATED)


def can_recur(window: NDArray[np.int64], settings: Settings) -> bool:
    """Whether these documents are spread widely enough for anything to be stock."""
    dated = window[window != UNDATED]
    spread = len(np.unique(dated)) > settings.stock_windows
    return spread or len(window) - len(dated) > settings.stock_documents


def find_stock(
    shingles: NDArray[np.uint64],
    occurrence: NDArray[np.int64],
    window: NDArray[np.int64],
    settings: Settings,
) -> NDArray[np.uint64]:
    """Shingles that are stock, sorted.

    Args:
        shingles: uint64[f], 48 bits each; one entry a document and shingle.
        occurrence: int64[f], the group of documents the entry counts for.
        window: int64[f], the window of that group, equal for all entries of one group.
        settings: For the limits.
    """
    dated = window != UNDATED
    if not len(shingles):
        return shingles
    first = window[dated].min() if dated.any() else np.int64(0)
    # 48 bits of shingle above, 16 below: 65,536 windows of 3 days are 538 years, and 16 bits of a spread
    # group number can only undercount, by one in about eighty at the limit of 40.
    number = (occurrence.astype(np.uint64) * _SPREAD) >> np.uint64(48)
    low = np.where(dated, np.minimum(window - first, 0xFFFF).astype(np.uint64), number)
    stock = [
        _frequent(shingles[part] << np.uint64(16) | low[part], limit)
        for part, limit in ((dated, settings.stock_windows), (~dated, settings.stock_documents))
    ]
    return np.union1d(stock[0], stock[1])


def _frequent(keys: NDArray[np.uint64], limit: int) -> NDArray[np.uint64]:
    """Upper 48 bits that stand with more than ``limit`` different lower 16 bits."""
    keys = np.sort(keys)
    keys = keys[np.flatnonzero(np.diff(keys, prepend=~keys[:1]))] >> np.uint64(16)
    # in sorted order, more than limit equal values means that the one limit places on is the same
    return np.unique(keys[limit:][keys[limit:] == keys[: max(0, len(keys) - limit)]])


def mark_stock(
    stock: NDArray[np.bool_], at: NDArray[np.int64], width: NDArray[np.int64], tokens: int
) -> NDArray[np.bool_]:
    """Tokens that lie in a stock shingle: bool[tokens].

    Args:
        stock: bool[s], which shingles are stock.
        at: int64[s], first token of each.
        width: int64[s], tokens of each.
        tokens: How many tokens there are.
    """
    start = at[stock]
    edge = np.bincount(start, minlength=tokens + 1) - np.bincount(start + width[stock], minlength=tokens + 1)
    return np.cumsum(edge)[:tokens] > 0
