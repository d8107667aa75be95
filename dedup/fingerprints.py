"""Fingerprints of documents, grouped: equal ones side by side, sorted part by part of their hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedup import kernels
from dedup.parallel import in_order
from dedup.ragged import run_starts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedup.config import Settings

__all__ = ["HASH_BITS", "Fingerprints", "grouped", "partition_bits"]

HASH_BITS = 48
"""Bits of a fingerprint, whatever the size of the corpus."""

_SMALL = 1 << 20  # keys not worth sharing among threads

Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Fingerprints of m documents.

    Attributes:
        hash: uint64[f], 48 bits each.
        used: uint8[f], 0 where a fingerprint is left out.
        start: int64[m], first fingerprint of each document.
        stop: int64[m], one past its last.
        number: int64[m], the document's number, below 2**31.
    """

    hash: NDArray[np.uint64]
    used: NDArray[np.uint8]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    number: NDArray[np.int64]


def grouped(
    fingerprints: Fingerprints,
    documents: int,
    settings: Settings,
    function: Callable[[NDArray[np.uint64], int], Out],
) -> list[Out]:
    """Sort the fingerprints in parts and give each part to a function, in threads.

    Args:
        fingerprints: Of any documents.
        documents: How many documents there are.
        settings: For memory and threads.
        function: Gets sorted, distinct keys, of which the upper bits tell fingerprints apart and the lower
            ones are document numbers; and how many bits these are.

    Returns:
        What the function gave for each part.
    """
    loops = kernels.get()
    start, stop = fingerprints.start, fingerprints.stop
    most = int((stop - start).sum())
    low = max(1, int(documents - 1).bit_length())
    # at least the hash bits that find no room above the document number
    bits = max(HASH_BITS + low - 64, partition_bits(most, settings))

    def part(number: int) -> Out:
        columns = fingerprints.hash, fingerprints.used, start, stop, fingerprints.number
        keys = np.empty((most >> bits) + (most >> bits + 3) + 1024, np.uint64)
        count = loops.fingerprint_keys(*columns, low, bits, number, keys)
        if count >= len(keys):  # one fingerprint fills the part
            keys = np.empty(count + 1, np.uint64)
            loops.fingerprint_keys(*columns, low, bits, number, keys)
        keys = keys[:count]
        keys.sort()
        return function(keys[run_starts(keys)], low)

    return list(in_order(part, range(1 << bits), min(settings.workers, 1 << bits)))


def partition_bits(keys: int, settings: Settings, *, at_once: int | None = None) -> int:
    """Bits of the prefix by which so many 64-bit keys are sorted in parts.

    Enough for every thread to have a part at work and all of these together to take a quarter of the memory.

    Args:
        keys: How many there are.
        settings: For memory and threads.
        at_once: Parts at work at the same time, where it is not one a thread.
    """
    if keys <= _SMALL:
        return 0
    least = 1 if at_once else 2 * settings.workers
    parts = max(least, -(-keys * 8 * 4 * (at_once or settings.workers) // settings.memory_limit))
    return int(parts - 1).bit_length()
