"""The loop that looks keys up in packed buckets of the index."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, inlined, kernel, load64, out

__all__ = ["find_keys"]

_u1, _i8, _u8 = types.uint8, types.int64, types.uint64


@inlined
def _key(data, width, place, mask, like):
    """The key at a place; the bits that are not stored are those of another key of the bucket."""
    return load64(data, place * width) & mask | like & ~mask


@kernel(_i8(const(_u1), _i8, const(_i8), const(_u8), _u8, const(_u8), const(_u8), out(_u8)))
def find_keys(data, width, bounds, buckets, shift, low, high, found):
    """Write the keys within ranges, each of which lies in one bucket.

    Args:
        data: uint8, keys of ``width`` bytes, little-endian, sorted within each bucket, and 8 bytes more.
        width: Bytes stored of a key, its lower ones.
        bounds: int64[b + 1]; bucket i holds keys bounds[i]:bounds[i + 1].
        buckets: uint64[b], ascending: the upper bits of its keys.
        shift: Bits of a key below those that name its bucket, at most 8 * width.
        low: uint64[q], sorted; the first key of each range.
        high: uint64[q], the last.
        found: uint64[f], filled in the order of the ranges.

    Returns:
        How many there are; where that exceeds the room, those beyond it were not written.
    """
    mask = ~np.uint64(0) if width == 8 else (np.uint64(1) << np.uint64(8 * width)) - np.uint64(1)
    count = 0
    b = 0
    for q in range(len(low)):
        bucket = low[q] >> shift
        if bucket < np.uint64(len(buckets)) and buckets[bucket] == bucket:
            b = np.int64(bucket)  # all up to it are there
        while b < len(buckets) and buckets[b] < bucket:
            b += 1
        if b == len(buckets):
            break
        if buckets[b] != bucket:
            continue
        first = bounds[b]
        last = bounds[b + 1]
        while first < last:
            middle = (first + last) // 2
            if _key(data, width, middle, mask, low[q]) < low[q]:
                first = middle + 1
            else:
                last = middle
        while first < bounds[b + 1]:
            key = _key(data, width, first, mask, low[q])
            if key > high[q]:
                break
            if count < len(found):
                found[count] = key
            count += 1
            first += 1
    return count
