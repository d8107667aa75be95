"""Units (sentences, lines) of two texts in compiled code: which are equal or alike, which stay, which moved.

``work`` is scratch room: rows of int64, each as long as a table of the words of both texts.
"""

from __future__ import annotations

from dedup.kernels._jit import helper
from dedup.kernels.constants import MIN_MOVED, MIN_SHARED
from dedup.kernels.pieces import (
    FIRST,
    KEPT,
    KEY,
    LOAD,
    MATE,
    MOVED,
    NAME,
    STAYS,
    empty_table,
    find_slot,
    mixed,
    slot_of,
)

VALUE = (1 << 32) - 1


@helper
def pair_equal(a, units_a, b, units_b, work):
    """Pair equal units from both ends, then the k-th occurrence with the k-th."""
    low = 0
    while low < units_a and low < units_b and a.units[low, NAME] == b.units[low, NAME]:
        a.units[low, MATE] = b.units[low, MATE] = low
        low += 1
    high_a = units_a
    high_b = units_b
    while low < high_a and low < high_b and a.units[high_a - 1, NAME] == b.units[high_b - 1, NAME]:
        high_a -= 1
        high_b -= 1
        a.units[high_a, MATE] = high_b
        b.units[high_b, MATE] = high_a
    if low == high_a or low == high_b:
        return
    owner = work[0]  # a unit of each name
    waiting = work[1]  # the first that is not paired
    following = work[2]
    mask = empty_table(owner, high_a - low)
    for i in range(high_a - 1, low - 1, -1):
        slot = slot_of(a.units[i, NAME], mask)
        while owner[slot] >= 0 and a.units[owner[slot], NAME] != a.units[i, NAME]:
            slot = (slot + 1) & mask
        following[i] = waiting[slot] if owner[slot] >= 0 else -1
        owner[slot] = waiting[slot] = i
    for j in range(low, high_b):
        slot = slot_of(b.units[j, NAME], mask)
        while owner[slot] >= 0 and a.units[owner[slot], NAME] != b.units[j, NAME]:
            slot = (slot + 1) & mask
        if owner[slot] >= 0 and waiting[slot] >= 0:
            i = waiting[slot]
            waiting[slot] = following[i]
            a.units[i, MATE] = j
            b.units[j, MATE] = i


@helper
def _word_pair(side, unit, piece):
    """Hash of a word and the one before it in the unit."""
    before = side.pieces[piece - 1, KEY] if piece > side.units[unit, FIRST] else 0
    return mixed(before, side.pieces[piece, KEY])


@helper
def pair_similar(a, units_a, b, units_b, work):
    """Pair units left over that keep half of their pairs of words."""
    words = 0
    for i in range(units_a):
        if a.units[i, MATE] < 0:
            words += a.units[i + 1, FIRST] - a.units[i, FIRST]
    if words == 0:
        return
    owner = work[0]
    name = work[1]
    mask = empty_table(owner, words)
    for i in range(units_a):
        if a.units[i, MATE] < 0:
            for piece in range(a.units[i, FIRST], a.units[i + 1, FIRST]):
                pair = _word_pair(a, i, piece)
                slot = find_slot(owner, name, mask, pair)
                owner[slot] = i
                name[slot] = pair
    votes = work[2]
    voted = work[3]
    for i in range(units_a):
        votes[i] = 0
    for j in range(units_b):
        if b.units[j, MATE] >= 0:
            continue
        best = count = 0
        for piece in range(b.units[j, FIRST], b.units[j + 1, FIRST]):
            pair = _word_pair(b, j, piece)
            i = owner[find_slot(owner, name, mask, pair)]
            if i < 0:
                continue
            voted[count] = i
            count += 1
            votes[i] += 1
            if votes[i] > votes[best] or (votes[i] == votes[best] and i < best):
                best = i
        shared = votes[best]
        for vote in range(count):
            votes[voted[vote]] = 0
        size = a.units[best + 1, FIRST] - a.units[best, FIRST] + b.units[j + 1, FIRST] - b.units[j, FIRST]
        if shared >= MIN_SHARED and 4 * shared >= size and a.units[best, MATE] < 0:
            a.units[best, MATE] = j
            a.units[best, KEPT] = shared
            b.units[j, MATE] = best


@helper
def chain(values, weights, count, limit, chosen, work):
    """Mark the increasing subsequence of distinct values below ``limit`` with the greatest weight.

    A tree of maxima over the values (P. Fenwick, 1994): weight above, what is left to the greatest value
    below, so that of equal chains the one with the smaller last value is found.
    """
    ascending = True
    for n in range(1, count):
        ascending = ascending and values[n - 1] < values[n]
    for n in range(count):
        chosen[n] = ascending
    if ascending:
        return
    tree = work[0]
    place = work[1]
    before = work[2]
    for k in range(limit + 1):
        tree[k] = 0
    for n in range(count):
        best = 0
        k = values[n]
        while k > 0:
            best = max(best, tree[k])
            k -= k & -k
        before[n] = place[VALUE - (best & VALUE)] if best else -1
        place[values[n]] = n
        best = ((best >> 32) + weights[n]) << 32 | (VALUE - values[n])
        k = values[n] + 1
        while k <= limit:
            tree[k] = max(tree[k], best)
            k += k & -k
    best = 0
    k = limit
    while k > 0:
        best = max(best, tree[k])
        k -= k & -k
    n = place[VALUE - (best & VALUE)]
    while n >= 0:
        chosen[n] = 1
        n = before[n]


@helper
def _part(a, b, i):
    b.units[a.units[i, MATE], MATE] = -1
    a.units[i, MATE] = -1


@helper
def settle(a, units_a, b, units_b, moves, work):
    """Decide which pairs of units stay; list runs that moved (in a, in b, units) by their place in b."""
    paired = work[3]
    mates = work[4]
    weights = work[5]
    chosen = work[6]
    count = 0
    for i in range(units_a):
        if a.units[i, MATE] >= 0:
            paired[count] = i
            mates[count] = a.units[i, MATE]
            weights[count] = 2 * a.units[i, KEPT] if a.units[i, KEPT] else a.units[i, LOAD] + 1
            count += 1
    chain(mates, weights, count, units_b, chosen, work)
    for n in range(count):
        if chosen[n]:
            if a.units[paired[n], KEPT]:  # its words are compared with all that stands around it
                _part(a, b, paired[n])
            else:
                a.units[paired[n], STAYS] = 1
    for backward in range(2):  # an equal neighbour of what stays is taken, wherever it was paired before
        step = -1 if backward else 1
        start = units_a - 1 if backward else 0
        for x in range(units_a):
            i = start + step * x
            if not a.units[i, STAYS]:
                continue
            j = a.units[i, MATE]
            i += step
            j += step
            while (
                0 < i < units_a
                and 0 < j < units_b
                and not a.units[i, STAYS]
                and not (b.units[j, MATE] >= 0 and a.units[b.units[j, MATE], STAYS])
                and a.units[i, NAME] == b.units[j, NAME]
            ):
                if a.units[i, MATE] >= 0:
                    _part(a, b, i)
                if b.units[j, MATE] >= 0:
                    _part(a, b, b.units[j, MATE])
                a.units[i, MATE] = j
                a.units[i, KEPT] = 0
                a.units[i, STAYS] = 1
                b.units[j, MATE] = i
                i += step
                j += step
    moved = 0
    j = 0
    while j < units_b:
        i = b.units[j, MATE]
        size = 1
        if i >= 0 and not a.units[i, STAYS]:
            load = 0
            while True:
                unit = i + size - 1
                load += 2 * a.units[unit, KEPT] if a.units[unit, KEPT] else a.units[unit, LOAD]
                if j + size == units_b or b.units[j + size, MATE] != i + size or a.units[i + size, STAYS]:
                    break
                size += 1
            if load >= MIN_MOVED:
                moves[moved, 0] = i
                moves[moved, 1] = j
                moves[moved, 2] = size
                moved += 1
                for piece in range(a.units[i, FIRST], a.units[i + size, FIRST]):
                    a.pieces[piece, MOVED] = 1
                for piece in range(b.units[j, FIRST], b.units[j + size, FIRST]):
                    b.pieces[piece, MOVED] = 1
            else:
                for unit in range(i, i + size):
                    _part(a, b, unit)
        j += size
    return moved
