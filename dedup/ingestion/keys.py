"""What a document is looked up by: 64-bit keys, a list above, a hash, and a number below.

Four lists: fingerprints, bands, fingerprints of long runs, and the windows in which a shingle was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup.candidates import CROWD, LEADERS, band_keys
from dedup.stock import LONG_RUN, UNDATED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.storage.rows import Entry

    Keys = NDArray[np.uint64]

__all__ = [
    "BANDS",
    "COUNTS",
    "LONG",
    "LOW_BITS",
    "MARKS",
    "UNDATED_SALT",
    "Lookup",
    "distinct",
    "is_counted",
    "posting_limits",
    "ranges",
]

MARKS, BANDS, LONG, COUNTS = range(4)

LOW_BITS = (28, 28, 28, 16)
"""Bits of a document's number, or of a window, below the hash."""

UNDATED_SALT = np.uint64(0x2545F4914F6C)
"""What the shingles of undated documents are counted under."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)


def posting_limits(settings: Settings) -> tuple[int, int, int, int]:
    """Numbers kept of one hash, by list; enough for every decision."""
    counts = max(CROWD, settings.stock_windows + LEADERS, min(settings.stock_documents, 4096) + LEADERS)
    return CROWD, CROWD, CROWD, counts


def is_counted(shingles: Keys) -> NDArray[np.bool_]:
    """One shingle in four, chosen by its value, wherever it stands; of 48 bits each."""
    return np.asarray((shingles >> np.uint64(46)) == 0)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The hashes of one document.

    Attributes:
        hashes: For each list, sorted and distinct.
    """

    hashes: tuple[Keys, Keys, Keys, Keys]

    @classmethod
    def of(cls, marks: Keys, signature: NDArray[np.uint32], long_hash: Keys, shingles: Keys) -> Lookup:
        """Of one document.

        Args:
            marks: uint64[f], fingerprints of 48 bits.
            signature: uint32[permutations].
            long_hash: uint64[g], fingerprints of long runs, 48 bits.
            shingles: uint64[s], 48 bits.
        """
        bands = band_keys(signature[None])[:, 0]
        bands += np.arange(len(bands), dtype=np.uint64) * _SPREAD
        return cls(
            (
                distinct(marks >> np.uint64(14)),
                distinct(bands >> np.uint64(30)),
                distinct(long_hash >> np.uint64(14)),
                distinct(shingles[is_counted(shingles)]),
            )
        )

    def own_count(self, entry: Entry) -> Keys:
        """What the document adds to the counts: hash above, window or occurrence below."""
        hashes = self.hashes[COUNTS]
        if entry.in_window == UNDATED:
            number = (entry.occurrence * int(_SPREAD) & 0xFFFFFFFFFFFFFFFF) >> 48
            return (hashes ^ UNDATED_SALT) << np.uint64(16) | np.uint64(number)
        return hashes << np.uint64(16) | np.uint64(entry.in_window & 0xFFFF)

    def keys(self, entry: Entry) -> Keys:
        """The postings of a placed document: of a copy, those by which it can be found and counted."""
        if entry.leader == entry.num:
            lists: tuple[int, ...] = (MARKS, BANDS, LONG, COUNTS)
        else:
            lists = (BANDS, LONG, COUNTS) if entry.tokens < LONG_RUN else (BANDS,)
        parts = []
        for list_ in lists:
            head = np.uint64(list_) << np.uint64(62)
            if list_ == COUNTS:
                parts.append(head | self.own_count(entry))
            else:
                parts.append(head | self.hashes[list_] << np.uint64(LOW_BITS[list_]) | np.uint64(entry.num))
        return np.concatenate(parts)

    def ranges(self, undated: bool) -> tuple[Keys, Keys]:
        """First and last key of all that may be found, sorted.

        Args:
            undated: There are documents without a date, so their counts are asked for, too.
        """
        lists = list(enumerate(self.hashes))
        if undated:
            lists.append((COUNTS, np.sort(self.hashes[COUNTS] ^ UNDATED_SALT)))
        low = [np.uint64(n) << np.uint64(62) | hashes << np.uint64(LOW_BITS[n]) for n, hashes in lists]
        high = [
            part | ((_ONE << np.uint64(LOW_BITS[n])) - _ONE) for part, (n, _) in zip(low, lists, strict=True)
        ]
        first, last = np.concatenate(low), np.concatenate(high)
        if undated:
            order = np.argsort(first)
            first, last = first[order], last[order]
        return first, last


def ranges(lookups: list[Lookup], undated: bool) -> tuple[Keys, Keys]:
    """Those of several documents, sorted, each once."""
    pairs = [lookup.ranges(undated) for lookup in lookups]
    low, first = np.unique(np.concatenate([low for low, _ in pairs]), return_index=True)
    return low, np.concatenate([high for _, high in pairs])[first]


def distinct(hashes: Keys) -> Keys:
    """Sorted, each once; ``np.unique`` takes three times as long on a hundred."""
    ordered = np.sort(hashes)
    kept = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]
