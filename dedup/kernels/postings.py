"""Loops over the keys of the index, in packed buckets: looking them up, adding to them, leaving some out."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, inlined, kernel, load64, out

__all__ = ["find_keys", "merge_keys", "thin_keys"]

_u1, _i8, _u8 = types.uint8, types.int64, types.uint64


@inlined
def _key(data, width, place, mask, like):
    """The key at a place; the bits that are not stored are those of another key of the bucket."""
    return load64(data, place * width) & mask | like & ~mask


@helper
def _first_not(data, width, mask, first, last, key, after):
    """The first place from which on keys are not below a key, or, if asked, above it."""
    while first < last:
        middle = (first + last) // 2
        there = _key(data, width, middle, mask, key)
        if there < key or (after and there == key):
            first = middle + 1
        else:
            last = middle
    return first


@kernel(_i8(const(_u1), _i8, const(_i8), const(_u8), _u8, const(_u8), const(_u8), _u8, _i8, _i8, out(_u8)))
def find_keys(data, width, bounds, buckets, shift, low, high, thinned, most, earliest, found):
    """Write the keys within ranges, each of which lies in one bucket.

    Args:
        data: uint8, keys of ``width`` bytes, little-endian, sorted within each bucket, and 8 bytes more.
        width: Bytes stored of a key, its lower ones.
        bounds: int64[b + 1]; bucket i holds keys bounds[i]:bounds[i + 1].
        buckets: uint64[b], ascending: the upper bits of its keys.
        shift: Bits of a key below those that name its bucket, at most 8 * width.
        low: uint64[q], sorted; the first key of each range.
        high: uint64[q], the last.
        thinned: Of a range that begins below it, with more than ``most`` keys, the middle is left out.
        most: How many of those are written.
        earliest: How many of them are the first ones; the others are the last ones.
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
        place = _first_not(data, width, mask, bounds[b], bounds[b + 1], low[q], False)
        crowded = low[q] < thinned and place + most < bounds[b + 1]
        crowded = crowded and _key(data, width, place + most, mask, low[q]) <= high[q]
        left = earliest if crowded else -1  # before the middle is passed over
        while place < bounds[b + 1]:
            if left == 0:
                last = _first_not(data, width, mask, place, bounds[b + 1], high[q], True)
                place = max(place, last - (most - earliest))
            left -= 1
            key = _key(data, width, place, mask, low[q])
            if key > high[q]:
                break
            if count < len(found):
                found[count] = key
            count += 1
            place += 1
    return count


@kernel(_i8(const(_u1), _i8, const(_i8), const(_u8), const(_u8), out(_u8)))
def merge_keys(data, width, bounds, heads, keys, merged):
    """Unpack buckets and add keys, each once.

    Args:
        data: uint8, keys of ``width`` bytes, little-endian, sorted and distinct, and 8 bytes more.
        width: Bytes stored of a key, its lower ones.
        bounds: int64[b + 1]; bucket i holds keys bounds[i]:bounds[i + 1].
        heads: uint64[b], ascending: the upper bits of its keys, in their places.
        keys: uint64[k], sorted and distinct.
        merged: uint64, room for all.

    Returns:
        How many there are, sorted.
    """
    mask = (np.uint64(1) << np.uint64(8 * width)) - np.uint64(1)
    count, new = 0, 0
    for b in range(len(heads)):
        for place in range(bounds[b], bounds[b + 1]):
            key = load64(data, place * width) & mask | heads[b]
            while new < len(keys) and keys[new] < key:
                merged[count] = keys[new]
                count += 1
                new += 1
            if new < len(keys) and keys[new] == key:
                new += 1
            merged[count] = key
            count += 1
    while new < len(keys):
        merged[count] = keys[new]
        count += 1
        new += 1
    return count


@kernel(_i8(out(_u8), _u8, _i8, _i8))
def thin_keys(keys, bits, most, earliest):
    """Leave out the middle of what is in too many, in place.

    Args:
        keys: uint64[k], sorted; a hash, and so many bits of a number below it.
        bits: Of the number.
        most: Keys kept of one hash.
        earliest: How many of them are the first ones; the others are the last ones.

    Returns:
        How many keys are left, at the front.
    """
    count, first = 0, 0
    while first < len(keys):
        last = first + 1
        while last < len(keys) and keys[last] >> bits == keys[first] >> bits:
            last += 1
        for place in range(first, last):
            if last - first <= most or place - first < earliest or last - place <= most - earliest:
                keys[count] = keys[place]
                count += 1
        first = last
    return count
