"""Loops of the candidate stage: pairs out of sorted keys."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, kernel, out

__all__ = ["find_partners", "often_paired"]


@kernel(
    types.UniTuple(types.int64, 2)(out(types.uint64), types.int64, types.int64, types.int64, out(types.int32))
)
def find_partners(keys, low, crowd, leaders, partners):
    """How many of the keys right behind it each key is paired with: all in its group with equal upper bits.

    In a group of more than ``crowd`` only the first ``leaders`` are paired with all, others with as many.
    Keys alone in their group are left out: the others move to the front of ``keys``. Gives their number, and
    how many groups are crowds.
    """
    kept = 0
    crowded = 0
    shift = np.uint64(low)
    start = 0
    n = len(keys)
    while start < n:
        group = keys[start] >> shift
        stop = start + 1
        while stop < n and keys[stop] >> shift == group:
            stop += 1
        size = stop - start
        if size > 1:
            crowded += size > crowd
            for x in range(size):
                behind = size - 1 - x
                keys[kept] = keys[start + x]
                partners[kept] = behind if size <= crowd or x < leaders else min(behind, leaders)
                kept += 1
        start = stop
    return kept, crowded


@kernel(
    types.UniTuple(types.int64, 2)(
        const(types.int64), const(types.int32), const(types.int64), const(types.int64),
        types.int64, types.int64, types.int64, const(types.bool_), out(types.int64), out(types.int64),
    )
)  # fmt: skip
def often_paired(number, partners, offsets, places, first, stop, least, flash, shared, pairs):
    """Write a << 32 | b of documents paired ``least`` times, a from ``first`` up to ``stop``.

    ``places[offsets[a]:offsets[a + 1]]`` are the places of document a in ``number`` and ``partners``;
    once is enough for one in ``flash``; ``shared`` is zeros, one a document. Gives how many pairs are
    written, and the first a that found no room for as many as there are documents.
    """
    n = 0
    for a in range(first, stop):
        if n + len(shared) > len(pairs):
            return n, a
        none = (a + 1) << 32  # what others have left in ``shared`` is less
        for x in range(offsets[a], offsets[a + 1]):
            own = places[x]
            for y in range(own + 1, own + 1 + partners[own]):
                b = number[y]
                count = max(shared[b], none) + 1
                shared[b] = count
                if count == none + (1 if flash[a] or flash[b] else least):
                    pairs[n] = a << 32 | b
                    n += 1
    return n, stop
