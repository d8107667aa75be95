"""Loops of the candidate stage: pairs out of sorted keys."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, kernel, out

__all__ = ["count_pairs", "emit_pairs"]


@kernel(types.UniTuple(types.int64, 2)(const(types.uint64), types.int64, types.int64, types.int64))
def count_pairs(keys, low, crowd, leaders):
    """Pairs that :func:`emit_pairs` will write, and groups larger than ``crowd``."""
    total = 0
    crowded = 0
    shift = np.uint64(low)
    start = 0
    n = len(keys)
    while start < n:
        stop = start + 1
        while stop < n and keys[stop] >> shift == keys[start] >> shift:
            stop += 1
        size = stop - start
        if size <= crowd:
            total += size * (size - 1) // 2
        else:
            crowded += 1
            for x in range(1, size):
                total += min(x, leaders) + max(0, min(x - leaders, leaders))
        start = stop
    return total, crowded


@kernel(types.int64(const(types.uint64), types.int64, types.int64, types.int64, out(types.uint64)))
def emit_pairs(keys, low, crowd, leaders, pairs):
    """Write (a << 32 | b): all pairs of a group, in a crowd each with the first and the last before it."""
    written = 0
    shift = np.uint64(low)
    mask = (np.uint64(1) << shift) - np.uint64(1)
    start = 0
    n = len(keys)
    while start < n:
        stop = start + 1
        while stop < n and keys[stop] >> shift == keys[start] >> shift:
            stop += 1
        size = stop - start
        for x in range(1, size):
            b = keys[start + x] & mask
            near = 0 if size <= crowd else max(leaders, x - leaders)
            for y in range(x if size <= crowd else min(x, leaders)):
                pairs[written] = (keys[start + y] & mask) << np.uint64(32) | b
                written += 1
            if size > crowd:
                for y in range(near, x):
                    pairs[written] = (keys[start + y] & mask) << np.uint64(32) | b
                    written += 1
        start = stop
    return np.int64(written)
