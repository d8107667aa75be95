"""What a document is looked up by: 64-bit keys, a list above, a hash, and a number below.

Four lists: fingerprints, bands, fingerprints of long runs, and the windows in which a shingle was seen. The
*prefixes* of a document are its keys without numbers. With its own number in them they are its postings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup.candidates import CROWD, STAR_CENTRES, band_keys
from dedup.fingerprints import HASH_BITS
from dedup.ragged import distinct, running
from dedup.storage.rows import NUMBER_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.shingles import Shingles

    Keys = NDArray[np.uint64]

__all__ = [
    "BANDS",
    "COUNTED",
    "COUNTS",
    "FINGERPRINTS",
    "HASH_SHIFT",
    "KEY_BITS",
    "LIST_SHIFT",
    "LONG",
    "LOW_BITS",
    "Ragged",
    "is_counted",
    "posting_limits",
    "prefix",
    "prefixes_of",
    "undated_prefix",
]

FINGERPRINTS, BANDS, LONG, COUNTS = range(4)

LIST_SHIFT = np.uint64(62)
"""Bits below the list."""

LOW_BITS = (NUMBER_BITS, NUMBER_BITS, NUMBER_BITS, 16)
"""Bits of a document's number, or of a window, below the hash."""

COUNTED = np.uint64(COUNTS) << LIST_SHIFT
"""The first key of the last list."""

KEY_BITS, COUNT_BITS = (int(LIST_SHIFT) - LOW_BITS[list_] for list_ in (FINGERPRINTS, COUNTS))
"""Bits of a hash in a key: 34 of a fingerprint, a band or a long run, 46 of a counted shingle."""

HASH_SHIFT = np.uint64(HASH_BITS - KEY_BITS)
"""Of the bits of a fingerprint a key holds the upper ones."""

_STARTS = np.arange(4, dtype=np.uint64) << LIST_SHIFT
_SHIFTS = np.array(LOW_BITS, np.uint64)
_SALT = np.uint64(0x2545F4914F6C) << np.uint64(LOW_BITS[COUNTS])


class Ragged(NamedTuple):
    """Hashes of n documents.

    Attributes:
        offsets: int64[n + 1].
        hashes: uint64[h].
    """

    offsets: NDArray[np.int64]
    hashes: Keys


def posting_limits(settings: Settings) -> tuple[int, int, int, int]:
    """Numbers kept of one hash, by list; enough for every decision."""
    counts = max(CROWD, settings.stock_windows + STAR_CENTRES, settings.stock_documents + STAR_CENTRES)
    return CROWD, CROWD, CROWD, counts


def is_counted(shingles: Keys) -> NDArray[np.bool_]:
    """One shingle in four, chosen by its value, wherever it stands; of 48 bits each."""
    return np.asarray((shingles >> np.uint64(COUNT_BITS)) == 0)


def prefix(list_: int, hashes: Keys) -> Keys:
    """What hashes are looked up by in a list: keys with nothing in the place of a number."""
    return np.asarray(hashes << _SHIFTS[list_] | _STARTS[list_])


def prefixes_of(
    fingerprints: Ragged, signatures: NDArray[np.uint32], long_runs: Ragged, shingles: Shingles
) -> list[Keys]:
    """The prefixes of n documents, each document's sorted and distinct.

    Args:
        fingerprints: Of 48 bits.
        signatures: uint32[n, permutations].
        long_runs: Fingerprints of long runs, 48 bits.
        shingles: All of them.
    """
    n = len(signatures)
    bands = band_keys(signatures)
    short = shingles.hash >> np.uint64(64 - HASH_BITS)
    counted = is_counted(short)
    hashes = (
        fingerprints.hashes >> HASH_SHIFT,
        bands.T.ravel() >> np.uint64(64 - KEY_BITS),
        long_runs.hashes >> HASH_SHIFT,
        short[counted],
    )
    offsets = (
        fingerprints.offsets,
        np.arange(n + 1) * len(bands),
        long_runs.offsets,
        running(counted)[shingles.offsets],
    )
    lists = [(prefix(i, part), offsets[i].tolist()) for i, part in enumerate(hashes)]
    return [
        distinct(np.concatenate([part[bounds[d] : bounds[d + 1]] for part, bounds in lists]))
        for d in range(n)
    ]


def undated_prefix(prefixes: Keys) -> Keys:
    """The prefixes under which undated documents count their shingles, for those of dated ones; and back."""
    return prefixes ^ _SALT
