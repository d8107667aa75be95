"""Loops of the diff: what two texts share, as operations.

The method is told in :mod:`dedup.edits`, its obvious form is :mod:`dedup.kernels.reference_edits`. Places are
bytes within a text. Everything but the table of words by words, which has a bound, is near n log n.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, kernel, load64, out, trailing_zeros
from dedup.kernels.constants import DELETE, EQUAL, INSERT, MAX_CELLS, MOVE, NESTED, REPLACE
from dedup.kernels.pieces import (
    CUT,
    END,
    FIRST,
    KEPT,
    LINE,
    MATCH,
    MATE,
    MOVED,
    OPENS,
    SPACE,
    START,
    STAYS,
    ZERO,
    Side,
    class_at,
    cut,
)
from dedup.kernels.units import pair_equal, pair_similar, settle
from dedup.kernels.words import match_words

__all__ = ["edit_pairs"]

TOGETHER = 32
"""Pieces compared at once, at most; texts that differ in every piece are looked at as often as that."""


@helper
def _inside(data, place, end):
    """Whether a place is inside a character."""
    return place < end and data[place] & 0xC0 == 0x80


@helper
def _common_start(one, i, i_end, two, j, j_end):
    """Bytes of the common start, whole characters."""
    size = 0
    while i + size < i_end and j + size < j_end and one[i + size] == two[j + size]:
        size += 1
    while size > 0 and (_inside(one, i + size, i_end) or _inside(two, j + size, j_end)):
        size -= 1
    return size


@helper
def _common_end(one, i, i_end, two, j, j_end):
    size = 0
    while i + size < i_end and j + size < j_end and one[i_end - 1 - size] == two[j_end - 1 - size]:
        size += 1
    while size > 0 and _inside(one, i_end - size, i_end):
        size -= 1
    return size


@helper
def _same(one, i, i_end, two, j, j_end):
    if i_end - i != j_end - j:
        return False
    while i < i_end and one[i] == two[j]:
        i += 1
        j += 1
    return i == i_end


@helper
def _add(matches, count, i, j, size):
    """Add an equal stretch, joined with the last one where they touch; give the number of stretches."""
    last = count - 1
    if count > 0 and matches[last, 0] + matches[last, 2] == i and matches[last, 1] + matches[last, 2] == j:
        matches[last, 2] += size
        return count
    if size > 0:
        matches[count, 0] = i
        matches[count, 1] = j
        matches[count, 2] = size
        count += 1
    return count


@helper
def _add_ends(matches, count, one, i, i_end, two, j, j_end):
    """Add what two stretches have in common at their start and at their end."""
    size = _common_start(one, i, i_end, two, j, j_end)
    count = _add(matches, count, i, j, size)
    size = _common_end(one, i + size, i_end, two, j + size, j_end)
    return _add(matches, count, i_end - size, j_end - size, size)


@helper
def _add_pieces(matches, count, a, i, b, j):
    """Add what two pieces with the same folded word have in common."""
    one = a.pieces[i]
    two = b.pieces[j]
    end_a = a.pieces[i + 1, CUT]
    end_b = b.pieces[j + 1, CUT]
    if _same(a.data, one[CUT], end_a, b.data, two[CUT], end_b):
        return _add(matches, count, one[CUT], two[CUT], end_a - one[CUT])
    count = _add_ends(matches, count, a.data, one[CUT], one[START], b.data, two[CUT], two[START])
    if _same(a.data, one[START], one[END], b.data, two[START], two[END]):
        count = _add(matches, count, one[START], two[START], one[END] - one[START])
    return _add_ends(matches, count, a.data, one[END], end_a, b.data, two[END], end_b)


@helper
def _equal_bytes(one, i, two, j, size):
    """Bytes before the first that differs of two stretches: eight at a time."""
    at = 0
    last = min(len(one) - i, len(two) - j) - 8
    while at < size and at <= last:
        differ = load64(one, i + at) ^ load64(two, j + at)
        if differ != ZERO:
            return min(size, at + (trailing_zeros(differ) >> 3))
        at += 8
    while at < size and one[i + at] == two[j + at]:
        at += 1
    return min(size, at)


@helper
def _add_run(matches, count, a, i, b, j, high, inside):
    """Add pieces that follow each other in both texts and are the same, byte for byte; give how many."""
    start_a = a.pieces[i, CUT]
    start_b = b.pieces[j, CUT]
    high = min(high, i + TOGETHER)
    end = i + 1
    while end < high and a.pieces[end, MATCH] == j + end - i and (inside or not a.pieces[end, MOVED]):
        if a.pieces[end, CUT] - start_a != b.pieces[j + end - i, CUT] - start_b:
            break
        end += 1
    size = min(a.pieces[end, CUT] - start_a, b.pieces[j + end - i, CUT] - start_b)
    same = _equal_bytes(a.data, start_a, b.data, start_b, size)
    while end > i and max(a.pieces[end, CUT] - start_a, b.pieces[j + end - i, CUT] - start_b) > same:
        end -= 1
    if end > i:
        count = _add(matches, count, start_a, start_b, a.pieces[end, CUT] - start_a)
    return count, end - i


@helper
def _tail(side, piece, kinds):
    """Where the white space before a piece begins."""
    low = side.pieces[piece - 1, END]
    end = side.pieces[piece, CUT]
    place = low
    tail = low
    while place < end:
        _, size, kind = class_at(side.data, place, end, kinds)
        place += size
        if kind != SPACE and kind != LINE:
            tail = place
    return tail


@helper
def _spell(a, first_a, high_a, b, first_b, high_b, inside, kinds, matches):
    """Equal stretches of two ranges of pieces, by bytes: in place, or inside a move. Gives their number."""
    count = np.int64(0)
    x = a.pieces[first_a, CUT]
    y = b.pieces[first_b, CUT]
    last_i = first_a - 1
    last_j = first_b - 1
    i = first_a
    while i <= high_a:
        if i < high_a and (a.pieces[i, MATCH] < 0 or (a.pieces[i, MOVED] and not inside)):
            i += 1
            continue
        j = a.pieces[i, MATCH] if i < high_a else high_b
        end_a = a.pieces[i, CUT]
        end_b = b.pieces[j, CUT]
        if x < end_a and y < end_b:  # a change; unless of whole units, it keeps the signs at its ends
            next_i = last_i + 1
            next_j = last_j + 1
            opens = x == a.pieces[next_i, CUT] and y == b.pieces[next_j, CUT]
            if not inside:
                opens = opens and not a.pieces[next_i, MOVED] and not b.pieces[next_j, MOVED]
            whole = opens and a.pieces[next_i, OPENS] and b.pieces[next_j, OPENS]
            whole = whole and a.pieces[i, OPENS] and b.pieces[j, OPENS]
            if opens and not whole:
                size = _common_start(
                    a.data,
                    x,
                    min(end_a, a.pieces[next_i, START]),
                    b.data,
                    y,
                    min(end_b, b.pieces[next_j, START]),
                )
                count = _add(matches, count, x, y, size)
                x += size
                y += size
            if not whole and (inside or not (a.pieces[i - 1, MOVED] or b.pieces[j - 1, MOVED])):
                low_a = max(x, a.pieces[i - 1, END])
                low_b = max(y, b.pieces[j - 1, END])
                tail_a = max(x, _tail(a, i, kinds))  # a full stop stays though the space behind it changes
                tail_b = max(y, _tail(b, j, kinds))
                size = _common_end(a.data, low_a, tail_a, b.data, low_b, tail_b)
                count = _add(matches, count, tail_a - size, tail_b - size, size)
                size = _common_end(a.data, tail_a, end_a, b.data, tail_b, end_b)
                count = _add(matches, count, end_a - size, end_b - size, size)
        if i < high_a:
            count, size = _add_run(matches, count, a, i, b, j, high_a, inside)
            if size == 0:
                count = _add_pieces(matches, count, a, i, b, j)
                size = 1
            if count > 0:
                x = matches[count - 1, 0] + matches[count - 1, 2]
                y = matches[count - 1, 1] + matches[count - 1, 2]
            i += size
            last_i = i - 1
            last_j = j + size - 1
        else:
            i += 1
    return count


@helper
def _write(rows, written, kind, a_start, a_end, b_start, b_end):
    rows[written, 0] = kind
    rows[written, 1] = a_start
    rows[written, 2] = a_end
    rows[written, 3] = b_start
    rows[written, 4] = b_end
    return written + 1


@helper
def _operations(rows, written, flag, matches, count, start, end, sources, moves, moved, held, dropped):
    """Write what lies between matches as changes and moves; give the number of rows.

    ``start`` and ``end`` are places in both texts, ``sources`` the stretches of a that move, ascending,
    ``moves`` their rows in ``held`` (from, to), in the order of b.
    """
    i, j = start
    equal_a, equal_b = i, j
    source = target = 0
    for x in range(count + 1):
        match_a = matches[x, 0] if x < count else end[0]
        match_b = matches[x, 1] if x < count else end[1]
        if i < match_a or j < match_b:
            if equal_a < i:
                written = _write(rows, written, EQUAL | flag, equal_a, i, equal_b, j)
            equal_a = match_a
            equal_b = match_b
            drops = 0
            while source < moved and sources[source, 0] < match_a:
                if i < sources[source, 0]:
                    dropped[drops, 0] = i
                    dropped[drops, 1] = sources[source, 0]
                    drops += 1
                i = sources[source, 1]
                source += 1
            if i < match_a:
                dropped[drops, 0] = i
                dropped[drops, 1] = match_a
                drops += 1
            at = dropped[0, 0] if drops > 0 else i
            taken = 0  # the k-th dropped stretch gives its place to the k-th new one
            while True:
                arrives = target < moved and held[moves[target, 0], 3] < match_b
                new_end = held[moves[target, 0], 3] if arrives else match_b
                if j < new_end:
                    if taken < drops:
                        at = dropped[taken, 1]
                        written = _write(rows, written, REPLACE | flag, dropped[taken, 0], at, j, new_end)
                        taken += 1
                    else:
                        written = _write(rows, written, INSERT | flag, at, at, j, new_end)
                if not arrives:
                    break
                for y in range(moves[target, 0], moves[target, 1]):
                    written = _write(
                        rows, written, held[y, 0], held[y, 1], held[y, 2], held[y, 3], held[y, 4]
                    )
                j = held[moves[target, 0], 4]
                target += 1
            for y in range(taken, drops):
                written = _write(rows, written, DELETE | flag, dropped[y, 0], dropped[y, 1], match_b, match_b)
        if x < count:
            i = match_a + matches[x, 2]
            j = match_b + matches[x, 2]
    if equal_a < i:
        written = _write(rows, written, EQUAL | flag, equal_a, i, equal_b, j)
    return written


@helper
def _hold(a, b, kinds, runs, x, zero, held, written, matches, dropped):
    """Write a run of units that moved, and what was edited in it; give the number of rows."""
    low_a = a.units[runs[x, 0], FIRST]
    high_a = a.units[runs[x, 0] + runs[x, 2], FIRST]
    low_b = b.units[runs[x, 1], FIRST]
    high_b = b.units[runs[x, 1] + runs[x, 2], FIRST]
    a_start = a.pieces[low_a, CUT]
    a_end = a.pieces[high_a, CUT]
    b_start = b.pieces[low_b, CUT]
    b_end = b.pieces[high_b, CUT]
    tail_a = _tail(a, high_a, kinds)
    tail_b = _tail(b, high_b, kinds)
    if not _same(a.data, tail_a, a_end, b.data, tail_b, b_end):  # the white space behind stays where it is
        a_end = tail_a
        b_end = tail_b
    written = _write(held, written, zero + MOVE, a_start, a_end, b_start, b_end)
    if _same(a.data, a_start, a_end, b.data, b_start, b_end):
        return written
    found = _spell(a, low_a, high_a, b, low_b, high_b, zero + 1, kinds, matches)
    count = zero
    for y in range(found):
        size = min(matches[y, 2], a_end - matches[y, 0], b_end - matches[y, 1])
        if size > 0:
            matches[count, 0] = matches[y, 0]
            matches[count, 1] = matches[y, 1]
            matches[count, 2] = size
            count += 1
    start, end = (a_start, b_start), (a_end, b_end)
    return _operations(
        held, written, zero + NESTED, matches, count, start, end, held, held, zero, held, dropped
    )


@helper
def _take(side, low, high, moved, of):
    """List the pieces of units that moved, or of those that did not; give their number."""
    n = 0
    for piece in range(side.units[low, FIRST], side.units[high, FIRST]):
        if side.pieces[piece, MOVED] == moved:
            of[n] = piece
            n += 1
    return n


@helper
def _match(a, units_a, b, units_b, zero, work, bits):
    """Match the pieces of paired units, and those of everything between two that stay."""
    of_a = work[8]
    of_b = work[9]
    last_i = last_j = zero - 1
    for i in range(units_a + 1):
        j = a.units[i, MATE] if i < units_a else units_b
        stays = i == units_a or a.units[i, STAYS]
        if i < units_a and j >= 0 and not a.units[i, KEPT]:
            x = a.units[i, FIRST]
            y = b.units[j, FIRST]
            while x < a.units[i + 1, FIRST] and y < b.units[j + 1, FIRST]:
                a.pieces[x, MATCH] = y
                b.pieces[y, MATCH] = x
                x += 1
                y += 1
        edited = i < units_a and j >= 0 and a.units[i, KEPT] > 0
        if edited or stays:
            n = _take(a, i if edited else last_i + 1, i + edited, zero + edited, of_a)
            m = _take(b, j if edited else last_j + 1, j + edited, zero + edited, of_b)
            match_words(a, of_a, n, b, of_b, m, zero, work, bits)
        if stays:
            last_i = i
            last_j = j


@helper
def _sources(units_a, runs, moves, moved, held, number, sources):
    """Where moved stretches stood, ascending."""
    for i in range(units_a):
        number[i] = -1
    for x in range(moved):
        number[runs[x, 0]] = x
    count = 0
    for i in range(units_a):
        if number[i] >= 0:
            sources[count, 0] = held[moves[number[i], 0], 1]
            sources[count, 1] = held[moves[number[i], 0], 2]
            count += 1


@kernel(
    types.int64(
        const(types.uint8), const(types.int64), const(types.uint8), const(types.int64), types.int64,
        const(types.uint8), const(types.uint16), types.Array(types.int64, 2, "C"), out(types.int64),
    ),
    allocates=True,
)  # fmt: skip
def edit_pairs(data_a, offsets_a, data_b, offsets_b, first, kinds, fold, rows, stops):
    """Find the operations of pairs from number ``first`` on; return the first that found no room in ``rows``.

    A pair is given room for as many rows as it has bytes in its first text and twice in its second. A row is
    a kind, first and last byte in a, first and last byte in b; ``stops`` gets the number of rows written up
    to and with each pair.
    """
    longest_a = longest_b = 0
    for n in range(len(stops)):
        longest_a = max(longest_a, offsets_a[first + n + 1] - offsets_a[first + n])
        longest_b = max(longest_b, offsets_b[first + n + 1] - offsets_b[first + n])
    # two words have a byte between them, or are characters of three
    room_a = longest_a // 2 + 3
    room_b = longest_b // 2 + 3
    pieces_a = np.empty((room_a, 8), np.int64)
    pieces_b = np.empty((room_b, 8), np.int64)
    units_a = np.empty((room_a, 6), np.int64)
    units_b = np.empty((room_b, 6), np.int64)
    table = 16
    while table < 2 * (room_a + room_b):
        table *= 2
    work = np.empty((10, table), np.int64)
    bits = np.empty(2 * min(MAX_CELLS, room_a * room_b) // 64 + 2 * room_b + 2 * room_a + 2, np.uint64)
    matches = np.empty((min(longest_a, longest_b) + 1, 3), np.int64)
    held = np.empty((longest_a + 2 * longest_b, 5), np.int64)
    runs = np.empty((room_b, 3), np.int64)
    moves = np.empty((room_b, 2), np.int64)
    sources = np.empty((room_b, 2), np.int64)
    dropped = np.empty((room_b + 1, 2), np.int64)
    zero = np.int64(0)  # a literal would have each helper compiled once more
    written = zero
    for n in range(len(stops)):
        p = first + n
        text_a = data_a[offsets_a[p] : offsets_a[p + 1]]
        text_b = data_b[offsets_b[p] : offsets_b[p + 1]]
        if written + len(text_a) + 2 * len(text_b) > len(rows):
            return p
        a = Side(text_a, pieces_a, units_a)
        b = Side(text_b, pieces_b, units_b)
        count_a, size_a = cut(a, kinds, fold)
        count_b, size_b = cut(b, kinds, fold)
        pair_equal(a, size_a, b, size_b, work)
        pair_similar(a, size_a, b, size_b, work)
        moved = settle(a, size_a, b, size_b, runs, work)
        _match(a, size_a, b, size_b, zero, work, bits)
        rest = zero
        for x in range(moved):
            moves[x, 0] = rest
            rest = _hold(a, b, kinds, runs, x, zero, held, rest, matches, dropped)
            moves[x, 1] = rest
        _sources(size_a, runs, moves, moved, held, work[0], sources)
        count = _spell(a, zero, count_a, b, zero, count_b, zero, kinds, matches)
        start, end = (zero, zero), (np.int64(len(text_a)), np.int64(len(text_b)))
        written = _operations(
            rows, written, zero, matches, count, start, end, sources, moves, moved, held, dropped
        )
        stops[n] = written
    return first + len(stops)
