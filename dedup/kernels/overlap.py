"""Loops of the overlap stage: alignment of pairs of token arrays.

The method is sparse local alignment: maximal exact matches of at least ``seed`` tokens are chained, as long
as the gaps between them stay small on both sides, by a score of matched tokens less gap costs (the sparse
dynamic programming of Eppstein et al., 1992, with a bounded look-back); chains are taken best first, each
token used once. Reordered passages are separate chains, light edits are gaps inside one.

Bounds that keep a pair linear, whatever the texts: ``MAX_HITS`` occurrences of one seed, ``LOOK_BACK``
matches before the current one, a match must reach further than the longest before it, and a budget of
``EFFORT`` comparisons a token.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, kernel, out
from dedup.kernels.rules import CHARACTER_FLAG as CHARACTER
from dedup.kernels.rules import EFFORT, GAP_COST, LONG, LOOK_BACK, MAX_HITS, OPEN_COST
from dedup.kernels.rules import NUMBER_FLAG as NUMBER
from dedup.kernels.rules import QUOTED_FLAG as QUOTED
from dedup.kernels.rules import STOCK_FLAG as STOCK

__all__ = ["align_pairs"]

BRIDGED = 2  # in the marks of used tokens: taken over, but not verbatim


@helper
def _push(heap, size, key):
    """Put a key into a heap, the least on top; give its new size.

    A heap, because numba's sort alone takes six seconds to compile.
    """
    place = size
    while place > 0 and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key
    return size + 1


@helper
def _pop(heap, size):
    """Take the least key out of a heap."""
    least = heap[0]
    key = heap[size - 1]
    place = 0
    child = 1
    while child < size - 1:
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    heap[place] = key
    return least


@kernel(
    types.int64(
        const(types.uint64), const(types.uint8), const(types.int64), const(types.int64), const(types.uint8),
        const(types.int64), const(types.int64),
        types.int64, types.int64, types.int64, types.int64, types.int64,
        types.Array(types.int32, 2, "C"), types.Array(types.int32, 2, "C"), out(types.int64),
    ),
    allocates=True,
)  # fmt: skip
def align_pairs(
    hashes,
    flags,
    starts,
    stops,
    spaceless,
    pair_a,
    pair_b,
    first,
    seed,
    gap,
    min_run,
    min_told,
    counts,
    runs,
    run_counts,
):
    """Align pairs from number ``first`` on; return the first pair that found no room in ``runs``.

    ``counts`` gets a row a pair, in half words: covered; those of them outside quotations; the longest
    verbatim run; equal figures; figures that differ in the gaps between runs; and of the words outside
    quotations those in passages that have ``min_told`` words of them.
    """
    pairs = len(pair_a)
    capacity = len(runs)
    longest_a = 1
    longest_b = 1
    for p in range(first, pairs):
        longest_a = max(longest_a, stops[pair_a[p]] - starts[pair_a[p]])
        longest_b = max(longest_b, stops[pair_b[p]] - starts[pair_b[p]])
    size = 16
    while size < 2 * longest_a:
        size *= 2
    head = np.empty(size, np.int32)
    following = np.empty(longest_a, np.int32)
    keys = np.empty(longest_a, np.uint64)
    used_a = np.zeros(longest_a, np.uint8)
    used_b = np.zeros(longest_b, np.uint8)
    most = 2 * (longest_a + longest_b) + 64
    at_a = np.empty(most, np.int32)
    at_b = np.empty(most, np.int32)
    length = np.empty(most, np.int32)
    score = np.empty(most, np.int64)
    before = np.empty(most, np.int32)
    taken = np.empty(most, np.uint8)
    heap = np.empty(most, np.int64)
    chain = np.empty((most, 3), np.int32)
    mix = np.uint64(0x9E3779B97F4A7C15)
    shift = np.uint64(29)
    mask = np.uint64(size - 1)
    current = np.int64(-1)
    current_k = np.int64(-1)
    written = 0

    for p in range(first, pairs):
        a0 = starts[pair_a[p]]
        b0 = starts[pair_b[p]]
        na = stops[pair_a[p]] - a0
        nb = stops[pair_b[p]] - b0
        unit = 2 if spaceless[pair_a[p]] and spaceless[pair_b[p]] else 1
        k = seed * unit
        widest = gap * unit
        least = min_run * unit
        if written + na + nb > capacity:
            return p
        begin = written
        run_counts[p] = 0
        for c in range(counts.shape[1]):
            counts[p, c] = 0
        if na < k or nb < k:
            continue

        # index the seeds of a, first occurrence first
        if current != pair_a[p] or current_k != k:
            current = pair_a[p]
            current_k = k
            head[:] = -1
            for i in range(na - k, -1, -1):
                key = np.uint64(0)
                for t in range(k):
                    key = (key ^ hashes[a0 + i + t]) * mix
                    key ^= key >> shift
                keys[i] = key
                following[i] = head[key & mask]
                head[key & mask] = i

        # maximal matches, in the order of b
        m = 0
        reach = 0
        budget = EFFORT * (na + nb)
        for j in range(nb - k + 1):
            if budget <= 0 or m >= most - MAX_HITS:
                break
            key = np.uint64(0)
            for t in range(k):
                key = (key ^ hashes[b0 + j + t]) * mix
                key ^= key >> shift
            i = head[key & mask]
            hits = 0
            further = reach
            while i >= 0 and hits < MAX_HITS:
                if keys[i] == key:
                    hits += 1
                    budget -= 1
                    whole = i == 0 or j == 0 or hashes[a0 + i - 1] != hashes[b0 + j - 1]
                    if whole and j < reach:
                        ahead = i + reach - j
                        whole = ahead < na and reach < nb and hashes[a0 + ahead] == hashes[b0 + reach]
                    if whole:
                        span = 0
                        limit = min(na - i, nb - j)
                        while span < limit and hashes[a0 + i + span] == hashes[b0 + j + span]:
                            span += 1
                        budget -= span
                        if span >= k and j + span > reach:
                            at_a[m] = i
                            at_b[m] = j
                            length[m] = span
                            m += 1
                            if span >= LONG * unit and j + span > further:
                                further = j + span
                i = following[i]
            reach = further

        # chain them
        for x in range(m):
            best = np.int64(0)
            origin = -1
            y = x - 1
            while y >= 0 and y >= x - LOOK_BACK:
                gap_a = at_a[x] - at_a[y] - length[y]
                gap_b = at_b[x] - at_b[y] - length[y]
                if gap_a <= widest and gap_b <= widest and at_a[y] < at_a[x] and at_b[y] < at_b[x]:
                    overlap = max(0, -min(gap_a, gap_b))
                    if overlap < length[x] and overlap < length[y]:
                        wide = max(0, gap_a, gap_b)
                        gain = score[y] - 10 * overlap - OPEN_COST * unit - GAP_COST * wide
                        if gain > best:
                            best = gain
                            origin = y
                y -= 1
            score[x] = 10 * length[x] + best
            before[x] = origin
            taken[x] = 0

        # take chains, best first, of equals the first found
        waiting = 0
        for x in range(m):
            if score[x] >= 10 * least:
                waiting = _push(heap, waiting, (-score[x] << 32) | x)
        covered = 0
        narrative = 0
        longest = 0
        figures = 0
        conflicts = 0
        told = 0
        while waiting > 0:
            x = _pop(heap, waiting) & 0xFFFFFFFF
            waiting -= 1
            links = 0
            y = x
            while y >= 0 and not taken[y]:
                taken[y] = 1
                i = at_a[y]
                j = at_b[y]
                span = length[y]
                if links > 0:
                    span = min(span, chain[links - 1, 0] - i, chain[links - 1, 1] - j)
                while span > 0 and (used_a[i] or used_b[j]):
                    i += 1
                    j += 1
                    span -= 1
                free = 0
                while free < span and not used_a[i + free] and not used_b[j + free]:
                    free += 1
                if free > 0:
                    chain[links, 0] = i
                    chain[links, 1] = j
                    chain[links, 2] = free
                    links += 1
                y = before[y]
            fresh = 0
            for c in range(links):
                for t in range(chain[c, 2]):
                    if not flags[a0 + chain[c, 0] + t] & STOCK and not flags[b0 + chain[c, 1] + t] & STOCK:
                        fresh += 1
            if fresh < least:
                continue
            narrative_before = narrative
            for c in range(links - 1, -1, -1):
                i = chain[c, 0]
                j = chain[c, 1]
                straight = 0
                for t in range(chain[c, 2]):
                    used_a[i + t] = 1
                    used_b[j + t] = 1
                    fa = flags[a0 + i + t]
                    fb = flags[b0 + j + t]
                    if fa & NUMBER:
                        figures += 1 if fa & CHARACTER else 2
                    if not (fa | fb) & STOCK:
                        weight = 1 if (fa | fb) & CHARACTER else 2
                        covered += weight
                        straight += weight
                        if not (fa | fb) & QUOTED:
                            narrative += weight
                longest = max(longest, straight)
                runs[written, 0] = i
                runs[written, 1] = j
                runs[written, 2] = chain[c, 2]
                written += 1
                if c > 0:
                    # words changed between two runs were taken over too, as many as stand on both sides
                    end_a = i + chain[c, 2]
                    end_b = j + chain[c, 2]
                    gap_a = chain[c - 1, 0] - end_a
                    gap_b = chain[c - 1, 1] - end_b
                    if gap_a <= widest and gap_b <= widest:
                        numbers_a = 0
                        numerals_a = 0
                        for t in range(gap_a):
                            flag = flags[a0 + end_a + t] & (NUMBER | CHARACTER)
                            numbers_a += flag == NUMBER
                            numerals_a += flag == NUMBER | CHARACTER
                        numbers_b = 0
                        numerals_b = 0
                        for t in range(gap_b):
                            flag = flags[b0 + end_b + t] & (NUMBER | CHARACTER)
                            numbers_b += flag == NUMBER
                            numerals_b += flag == NUMBER | CHARACTER
                        # 三万 and 30,000 may be the same: only figures of one kind are told apart
                        conflicts += 2 * min(numbers_a, numbers_b) + min(numerals_a, numerals_b)
                        for t in range(min(gap_a, gap_b)):
                            if not used_a[end_a + t] and not used_b[end_b + t]:
                                used_a[end_a + t] = BRIDGED
                                used_b[end_b + t] = BRIDGED
                                fa = flags[a0 + end_a + t]
                                fb = flags[b0 + end_b + t]
                                if not (fa | fb) & STOCK:
                                    weight = 1 if (fa | fb) & CHARACTER else 2
                                    covered += weight
                                    if not (fa | fb) & QUOTED:
                                        narrative += weight
            if narrative - narrative_before >= 2 * min_told:
                told += narrative - narrative_before
        counts[p, 0] = covered
        counts[p, 1] = narrative
        counts[p, 2] = longest
        counts[p, 3] = figures
        counts[p, 4] = conflicts
        counts[p, 5] = told
        run_counts[p] = written - begin
        used_a[:na] = 0
        used_b[:nb] = 0
    return np.int64(pairs)
