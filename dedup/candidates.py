"""Candidate pairs in three tiers, each on what the one before left: exact, near, passages.

Documents are numbered 0..n-1 in the order of their keys (published, nulls last; content; id), so that the
*first* member of a group means the same whatever the input order. Grouping is sorting 64-bit keys: hash bits
above, document number below. Groups give star edges to their first member, never all pairs, except small
fingerprint groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.fingerprints import grouped
from dedup.kernels.constants import MIX
from dedup.parallel import for_each, in_order
from dedup.ragged import by_owner, distinct, first_of_run, run_starts
from dedup.shingles import widths
from dedup.texts import mostly_stock

if TYPE_CHECKING:
    import numpy.typing as npt
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.fingerprints import Fingerprints
    from dedup.texts import Texts

__all__ = [
    "CROWD",
    "FLASH_TOKENS",
    "STAR_CENTRES",
    "Pairs",
    "band_keys",
    "exact_leaders",
    "find_flashes",
    "is_flash",
    "near_pairs",
    "passage_pairs",
    "unique_pairs",
]

ROWS = 8
"""Signature rows a band: with 128 permutations 16 bands, which pair documents from a Jaccard similarity of
about 0.7 on (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4)."""

CROWD = 64
"""A fingerprint that more documents share pairs each of them with the first ``STAR_CENTRES`` and as many just
before it."""

STAR_CENTRES = 8
"""Documents looked at on either end of a crowd; the index keeps as many of the first in its postings."""

FLASH_TOKENS = 64
"""Tokens; a longer text is no flash, however wide windows are set: the index has a list of shorter ones."""

_TOGETHER = 1 << 12  # signatures looked at at once: what is made of them stays in the cache


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of document numbers, a < b, sorted and distinct.

    Attributes:
        a: int64[p].
        b: int64[p].
        crowded: Fingerprints shared by more than :data:`CROWD` documents, whose pairs are not all here.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    crowded: int = 0

    def __len__(self) -> int:
        return len(self.a)


def exact_leaders(content: NDArray[np.uint64]) -> NDArray[np.int64]:
    """First document with the same content, int64[n]; a document's own number where it is the first.

    Args:
        content: uint64[n, k], 128-bit hashes of the folded, stripped tokens, and what else has to be equal.
    """
    order = np.lexsort(content.T)  # stable: equal ones stay in their order
    opens = run_starts(*content[order].T)
    leaders = np.empty(len(content), np.int64)
    leaders[order] = first_of_run(order, opens)
    return leaders


def band_keys(signatures: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """One key for each band of each signature: uint64[bands, m], for uint32[m, permutations]."""
    bands = signatures.shape[1] // ROWS
    rows = signatures[:, : bands * ROWS].reshape(len(signatures), bands, ROWS).astype(np.uint64)
    keys = np.zeros((len(signatures), bands), np.uint64)
    for column in range(ROWS):
        keys = (keys ^ rows[:, :, column]) * np.uint64(MIX)
        keys ^= keys >> np.uint64(29)
    keys += np.arange(bands, dtype=np.uint64) * np.uint64(MIX)  # equal rows of two bands are no bucket
    return np.ascontiguousarray(keys.T)


def near_pairs(
    signatures: NDArray[np.uint32], rows: NDArray[np.int64], numbers: NDArray[np.int64], threads: int
) -> Pairs:
    """Pairs of a document and the first one in a bucket with it, by locality-sensitive hashing of signatures.

    Args:
        signatures: uint32[n, permutations], of more documents, perhaps.
        rows: int64[m], those meant.
        numbers: int64[m], their document numbers, ascending.
        threads: How many share the work.
    """
    low = np.uint64(max(1, len(rows).bit_length()))
    keys = np.empty((signatures.shape[1] // ROWS, len(rows)), np.uint64)

    def write(start: int) -> None:
        keys[:, start : start + _TOGETHER] = band_keys(signatures[rows[start : start + _TOGETHER]])

    def pair(key: NDArray[np.uint64]) -> NDArray[np.int64]:
        # the upper bits of a key above the place: sorting these takes a tenth of the time of an argsort
        mixed = key >> low << low
        mixed |= np.arange(len(key), dtype=np.uint64)
        mixed.sort()
        opens = run_starts(mixed >> low)
        place = (mixed & ((np.uint64(1) << low) - np.uint64(1))).astype(np.int64)
        again = np.flatnonzero(~opens)
        if (key[place[again]] != key[place[again - 1]]).any():  # keys that differ in lower bits only
            place = np.argsort(key, kind="stable")
            opens = run_starts(key[place])
        first = first_of_run(place, opens)
        return np.asarray((first << 32 | place)[~opens])

    for_each(write, range(0, len(rows), _TOGETHER), threads)
    found = [np.empty(0, np.int64), *in_order(pair, keys, threads)]
    pairs = distinct(np.concatenate(found))
    return Pairs(numbers[pairs >> 32], numbers[pairs & 0xFFFFFFFF])


def is_flash(tokens: npt.ArrayLike, spaceless: npt.ArrayLike, settings: Settings) -> NDArray[np.bool_]:
    """Whether a whole text is sure to share no more than one fingerprint with a copy of it: bool[n].

    It is looked at with everything that it shares one with: a sentence of urgent news and the report that
    begins with it.

    Args:
        tokens: [n], of the body.
        spaceless: [n], most of them are single characters.
        settings: For the width of a window, which is sure to hold one; where a shingle doubles, it does.
    """
    width = widths(spaceless, settings)
    sure = 2 * (width // settings.shingle_words * settings.window + width - 1)
    return np.asarray(np.asarray(tokens) < np.minimum(sure, FLASH_TOKENS))


def find_flashes(texts: Texts, settings: Settings) -> NDArray[np.bool_]:
    """Texts that one fingerprint in common is enough for: bool[n].

    Not those that are mostly stock, a notice and next week's.

    Args:
        texts: Body tokens of n documents, stock marked.
        settings: For the width of a window.
    """
    flash = is_flash(texts.stop - texts.start, texts.spaceless, settings)
    return flash & ~mostly_stock(texts.flags, texts.start, texts.stop)


def passage_pairs(fingerprints: Fingerprints, flash: NDArray[np.bool_], settings: Settings) -> Pairs:
    """Pairs that share at least ``Settings.min_shared_fingerprints``, or one with a flash.

    Args:
        fingerprints: Of documents, those in stock text not used.
        flash: bool[n], of all documents, at most 2**31: one is enough.
        settings: Also for memory and threads.
    """
    documents = len(flash)
    parts = grouped(fingerprints, documents, settings, _partners)
    number, partners = (np.concatenate(column) for column in list(zip(*parts, strict=True))[:2])
    offsets, places = by_owner(number, documents)
    loops = kernels.get()

    def often(bounds: tuple[int, int]) -> NDArray[np.int64]:
        """Pairs whose first document is of a range."""
        first, stop = bounds
        found = [np.empty(0, np.int64)]
        shared = np.zeros(documents, np.int64)
        while first < stop:
            pairs = np.empty(2 * documents, np.int64)
            n, first = loops.often_paired(
                *(number, partners, offsets, places, first, stop),
                *(settings.min_shared_fingerprints, flash, shared, pairs),
            )
            found.append(pairs[:n].copy())
        return np.sort(np.concatenate(found))

    ranges = pairwise(np.linspace(0, documents, 4 * settings.workers + 1).astype(int).tolist())
    found = np.concatenate(list(in_order(often, ranges, settings.workers)))
    return Pairs(found >> 32, found & 0xFFFFFFFF, sum(crowded for _, _, crowded in parts))


def _partners(keys: NDArray[np.uint64], low: int) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
    """Documents that share a fingerprint, those of each side by side, and how many behind each it pairs with.

    Also how many fingerprints are of crowds.
    """
    partners = np.empty(len(keys), np.int32)
    kept, crowded = kernels.get().find_partners(keys, low, CROWD, STAR_CENTRES, partners)
    number = keys[:kept] & np.uint64((1 << low) - 1)
    return number.astype(np.int64), partners[:kept].copy(), crowded


def unique_pairs(a: NDArray[np.int64], b: NDArray[np.int64]) -> Pairs:
    """Pairs with the smaller number first, each once, sorted."""
    keys = distinct(np.minimum(a, b) << 32 | np.maximum(a, b))
    return Pairs(keys >> 32, keys & 0xFFFFFFFF)
