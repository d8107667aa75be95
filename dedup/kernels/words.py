"""Words of two texts in compiled code: a longest common subsequence, without what reads like confetti.

``work`` is scratch room, see :mod:`dedup.kernels.units`; ``bits`` is uint64, two bits for each cell of the
largest table.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels._jit import helper
from dedup.kernels.constants import EDGE_SHARE, MAX_CELLS, MAX_ISLAND
from dedup.kernels.pieces import CUT, KEY, MATCH, WEIGHT, ZERO, empty_table, find_slot, mixed
from dedup.kernels.units import chain

ONE = np.uint64(1)


@helper
def _longest(a, of_a, low_a, high_a, b, of_b, low_b, high_b, partner, work, bits):
    """Pair a longest common subsequence; see the reference for the method."""
    n = high_a - low_a
    m = high_b - low_b
    if n == 0 or m == 0:
        return
    table = work[0]
    number = work[1]  # of each word of b, among its distinct ones
    name = work[2]
    mask = empty_table(table, m)
    distinct = 0
    for j in range(m):
        key = b.pieces[of_b[low_b + j], KEY]
        slot = find_slot(table, name, mask, key)
        if table[slot] < 0:
            table[slot] = distinct
            name[slot] = key
            distinct += 1
        number[j] = table[slot]
    width = (n + 63) >> 6
    hits = bits[: distinct * width]
    for x in range(distinct * width):
        hits[x] = ZERO
    for i in range(n):
        slot = find_slot(table, name, mask, a.pieces[of_a[low_a + i], KEY])
        if table[slot] >= 0:
            hits[table[slot] * width + (i >> 6)] |= ONE << np.uint64(i & 63)
    rows = bits[distinct * width :]
    for w in range(width):
        rows[w] = ~ZERO
    for j in range(m):
        hit = number[j] * width
        this = j * width
        carry = ZERO
        for w in range(width):
            row = rows[this + w]
            kept = row & hits[hit + w]
            added = row + carry
            carry = np.uint64(added < carry)
            added += kept
            carry |= np.uint64(added < kept)
            rows[this + width + w] = added | row - kept
    i = n
    j = m
    while i > 0 and j > 0:
        word = (i - 1) >> 6
        bit = ONE << np.uint64((i - 1) & 63)
        if rows[j * width + word] & bit:
            i -= 1
        elif j > 1 and not rows[(j - 1) * width + word] & bit:
            j -= 1
        else:
            i -= 1
            j -= 1
            partner[low_a + i] = low_b + j


@helper
def _between(a, of_a, low_a, high_a, b, of_b, low_b, high_b, partner, work, bits):
    """Pair equal words at both ends of two ranges, and a longest common subsequence of the rest."""
    while low_a < high_a and low_b < high_b and a.pieces[of_a[low_a], KEY] == b.pieces[of_b[low_b], KEY]:
        partner[low_a] = low_b
        low_a += 1
        low_b += 1
    while (
        low_a < high_a
        and low_b < high_b
        and a.pieces[of_a[high_a - 1], KEY] == b.pieces[of_b[high_b - 1], KEY]
    ):
        high_a -= 1
        high_b -= 1
        partner[high_a] = high_b
    if (high_a - low_a) * (high_b - low_b) <= MAX_CELLS:
        _longest(a, of_a, low_a, high_a, b, of_b, low_b, high_b, partner, work, bits)


@helper
def _triple(side, of, i):
    """Hash of three words in a row."""
    pieces = side.pieces
    return mixed(mixed(pieces[of[i], KEY], pieces[of[i + 1], KEY]), pieces[of[i + 2], KEY])


@helper
def _anchors(a, of_a, n, b, of_b, m, partner, work):
    """Pair triples of words found once in each text, in order."""
    times = work[0]  # in a, and 4 for each time in b
    name = work[1]
    place = work[2]  # in b
    mask = empty_table(times, n + m)
    for i in range(n - 2):
        triple = _triple(a, of_a, i)
        slot = find_slot(times, name, mask, triple)
        times[slot] = min(2, max(times[slot], 0) + 1)
        name[slot] = triple
    for j in range(m - 2):
        triple = _triple(b, of_b, j)
        slot = find_slot(times, name, mask, triple)
        if times[slot] >= 0:
            times[slot] += 4
            place[slot] = j
    found = work[3]
    values = work[4]
    weights = work[5]
    chosen = work[6]
    count = 0
    for i in range(n - 2):
        slot = find_slot(times, name, mask, _triple(a, of_a, i))
        if times[slot] == 5:  # once in each
            found[count] = i
            values[count] = place[slot]
            weights[count] = 1
            count += 1
    chain(values, weights, count, m, chosen, work)
    for x in range(count):
        if chosen[x]:
            partner[found[x]] = values[x]


@helper
def match_words(a, of_a, n, b, of_b, m, zero, work, bits):
    """Match pieces of both texts by their words, where that reads well."""
    if n == 0 or m == 0:
        return
    partner = work[7]
    for x in range(n):
        partner[x] = -1
    if n * m <= MAX_CELLS:
        _between(a, of_a, zero, n, b, of_b, zero, m, partner, work, bits)
    else:
        _anchors(a, of_a, n, b, of_b, m, partner, work)
        low_a = low_b = zero
        for i in range(n + 1):
            if i == n or partner[i] >= 0:
                j = partner[i] if i < n else m
                # what is written lies between the anchors, so that no later one is changed
                _between(a, of_a, low_a, i, b, of_b, low_b, j, partner, work, bits)
                low_a = i + 1
                low_b = j + 1
    _join_islands(a, of_a, n, b, of_b, m, partner, work)
    for x in range(n):
        if partner[x] >= 0:
            i = of_a[x]
            j = of_b[partner[x]]
            a.pieces[i, MATCH] = j
            b.pieces[j, MATCH] = i


@helper
def _join_islands(a, of_a, n, b, of_b, m, partner, work):
    """Take short matches out, until none is shorter than the changes around it."""
    bytes_a = work[0]
    bytes_b = work[1]
    starts_a = work[2]  # of the runs that are kept so far
    starts_b = work[3]
    sizes = work[4]
    _sum_bytes(a, of_a, n, bytes_a)
    _sum_bytes(b, of_b, m, bytes_b)
    kept = 0
    i = 0
    while i <= n:
        if i < n and partner[i] < 0:
            i += 1
            continue
        j = partner[i] if i < n else m
        size = 0
        while i + size < n and partner[i + size] == j + size:
            size += 1
        while kept > 0:
            at_a = starts_a[kept - 1]
            at_b = starts_b[kept - 1]
            length = sizes[kept - 1]
            last_a = starts_a[kept - 2] + sizes[kept - 2] if kept > 1 else 0
            last_b = starts_b[kept - 2] + sizes[kept - 2] if kept > 1 else 0
            words = 0
            for x in range(at_a, at_a + min(length, MAX_ISLAND + 1)):
                words += a.pieces[of_a[x], WEIGHT]
            island = bytes_a[at_a + length] - bytes_a[at_a]
            before_a = bytes_a[at_a] - bytes_a[last_a]
            before_b = bytes_b[at_b] - bytes_b[last_b]
            behind_a = bytes_a[i] - bytes_a[at_a + length]
            behind_b = bytes_b[j] - bytes_b[at_b + length]
            if max(before_a, before_b) and max(behind_a, behind_b):
                joins = island <= min(max(before_a, before_b), max(behind_a, behind_b))
            else:
                joins = island * EDGE_SHARE < max(min(before_a, before_b), min(behind_a, behind_b))
            if not joins or words > MAX_ISLAND:
                break
            for x in range(at_a, at_a + length):
                partner[x] = -1
            kept -= 1
        starts_a[kept] = i
        starts_b[kept] = j
        sizes[kept] = size
        kept += 1
        i += max(size, 1)


@helper
def _sum_bytes(side, of, n, sums):
    """Bytes of chosen pieces, summed up."""
    sums[0] = 0
    for x in range(n):
        sums[x + 1] = sums[x] + side.pieces[of[x] + 1, CUT] - side.pieces[of[x], CUT]
