"""Loops over the body tokens of a whole corpus: lengths, shingles that recur, fingerprints that tell.

None of them makes an array as long as the tokens: what they keep of a token is one number or nothing.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, inlined, kernel, load64, out
from dedup.kernels.constants import CHARACTER_FLAG, MULTIPLIER

__all__ = [
    "fill_table",
    "fingerprint_keys",
    "flag_members",
    "frequent",
    "group_things",
    "half_words",
    "open_runs",
    "outside_stock",
    "shingle_keys",
    "sift",
    "split_runs",
    "weigh_shared",
]

M = np.uint64(MULTIPLIER)
USED = np.uint64(1) << np.uint64(63)
LOWER = np.uint64(0xFFFF)
UPPER = ~LOWER
S16, S20, S40 = np.uint64(16), np.uint64(20), np.uint64(40)
EACH_BYTE = np.uint64(0x0101010101010101)

_u1, _i8, _u8 = types.uint8, types.int64, types.uint64


@kernel(types.void(const(_u1), const(_i8), const(_i8), const(_u1), types.Array(_i8, 2, "C")))
def half_words(flags, start, stop, without, total):
    """Length of each document in half words: total[k, d] leaves out tokens with a flag of without[k].

    All are counted while the flags of a document are in the nearest cache. Without a branch, and in numbers
    no wider than needed, the compiler makes vectors of it: thrice as fast.
    """
    character = np.uint8(CHARACTER_FLAG)
    for d in range(len(start)):
        own = flags[start[d] : stop[d]]
        for k in range(len(without)):
            left_out = without[k]
            n = np.int32(0)
            for i in range(len(own)):
                n += np.int32(own[i] & left_out == 0) * np.int32(2 - np.int32(own[i] & character != 0))
            total[k, d] = n


@kernel(
    types.void(
        *(const(_u8), const(_i8), const(_i8), const(_i8), const(_u8), _u8, _u8),
        *(const(_u8), out(_u8), out(_u8)),
    )
)
def shingle_keys(words, start, stop, size, low, mask, prefix, last, at, keys):
    """Write the upper 48 bits of each shingle whose bits under ``mask`` are ``prefix``, above ``low[d]``.

    They are put into boxes, a power of two, 256 at most, by bits in the middle: the next one of box b to
    ``keys[at[b]]``, which goes up, beyond the box if there is no room. ``keys[last[b]]`` is no part of it:
    each shingle is written, and stays if it is wanted, as a processor guesses "one in four" wrong too often.
    """
    boxes = np.uint64(len(at) - 1)
    for d in range(len(start)):
        first, end = start[d], stop[d]
        width = min(size[d], end - first)
        if width == 0:
            continue
        h, leaving = np.uint64(0), np.uint64(1)
        for i in range(first, first + width):
            h = h * M + words[i]
            leaving *= M
        i = first + width
        while True:
            box = h >> S40 & boxes
            place = at[box]
            keys[min(place, last[box])] = h & UPPER | low[d]
            at[box] = place + np.uint64(h & mask == prefix)
            if i == end:
                break
            h = h * M + words[i] - words[i - width] * leaving
            i += 1


@kernel(_i8(out(_u8), const(_u8), const(_u8), _i8, _i8, out(types.uint32)))
def sift(keys, begin, end, parts, limit, seen):
    """Keep, in front and in order, the keys that may stand with more than ``limit`` different lower 16 bits.

    Box by box, each of so many parts ``keys[begin[p]:end[p]]``: a slot of ``seen``, a power of two, counts
    how often the lower bits change from one key to the next of those whose upper bits fall on it. So nothing
    is lost, and the more is left out the better keys are ordered by their lower bits. Gives how many stay.
    """
    mask = np.uint64(len(seen) - 1)
    least = min(limit, np.int64(LOWER) - 1)
    n = 0
    for box in range(0, len(begin), parts):
        seen[:] = 0
        for part in range(box, box + parts):
            for i in range(np.int64(begin[part]), np.int64(end[part])):
                slot = keys[i] >> S16 & mask
                before, here = np.uint64(seen[slot]), (keys[i] & LOWER) << S16
                times = before & LOWER
                changed = times == 0 or before ^ times != here
                seen[slot] = here | times + np.uint64(changed and times < LOWER)
        for part in range(box, box + parts):
            for i in range(np.int64(begin[part]), np.int64(end[part])):
                key = keys[i]
                keys[n] = key
                n += np.int64(seen[key >> S16 & mask] & LOWER) > least
    return np.int64(n)


@kernel(_i8(const(_u8), _i8, out(_u8)))
def frequent(keys, limit, found):
    """Write the upper 48 bits of sorted keys that stand with more than ``limit`` different lower 16."""
    n = 0
    i = 0
    while i < len(keys):
        upper = keys[i] >> S16
        different = 1
        i += 1
        while i < len(keys) and keys[i] >> S16 == upper:
            different += keys[i] != keys[i - 1]
            i += 1
        if different > limit:
            found[n] = upper
            n += 1
    return np.int64(n)


@inlined
def _bit_of(value, bits):
    """Byte and bit of a value of 48 bits in a filter; the lowest bits are not looked at."""
    place = value >> S20 & np.uint64(8 * len(bits) - 1)
    return place >> np.uint64(3), np.uint8(1) << np.uint8(place & np.uint64(7))


@kernel(types.void(const(_u8), out(_u8), out(_u1)))
def fill_table(values, table, bits):
    """Put values of 48 bits into an empty table with linear probing and a filter, powers of two long."""
    mask = np.int64(len(table) - 1)
    for i in range(len(values)):
        byte, bit = _bit_of(values[i], bits)
        bits[byte] |= bit
        slot = np.int64(values[i]) & mask
        while table[slot] != 0:
            slot = (slot + 1) & mask
        table[slot] = values[i] | USED


@kernel(types.void(const(_u8), const(_i8), const(_i8), const(_i8), const(_u8), const(_u1), _u1, out(_u1)))
def flag_members(words, start, stop, size, table, bits, flag, flags):
    """Set a flag of every token that lies in a shingle whose upper 48 bits are in a table and its filter."""
    mask = np.int64(len(table) - 1)
    for d in range(len(start)):
        first, last = start[d], stop[d]
        width = min(size[d], last - first)
        if width == 0:
            continue
        h, leaving = np.uint64(0), np.uint64(1)
        for i in range(first, first + width):
            h = h * M + words[i]
            leaving *= M
        i = first + width
        flagged = first  # tokens before this one are done
        while True:
            upper = h >> S16
            byte, bit = _bit_of(upper, bits)
            slot = np.int64(upper) & mask
            while bits[byte] & bit and table[slot] != 0:
                if table[slot] == upper | USED:
                    for t in range(max(flagged, i - width), i):
                        flags[t] |= flag
                    flagged = i
                    break
                slot = (slot + 1) & mask
            if i == last:
                break
            h = h * M + words[i] - words[i - width] * leaving
            i += 1


@kernel(types.void(const(_u1), *(const(_i8) for _ in range(5)), const(types.uint32), _u1, out(_u1)))
def outside_stock(flags, start, stop, size, fingerprint_start, fingerprint_stop, fingerprint_at, stock, used):
    """Whether the shingle at each fingerprint of a document has a token outside stock text."""
    for d in range(len(start)):
        for f in range(fingerprint_start[d], fingerprint_stop[d]):
            at = start[d] + np.int64(fingerprint_at[f])
            used[f] = 0
            for t in range(at, min(at + size[d], stop[d])):
                if flags[t] & stock == 0:
                    used[f] = 1
                    break


@kernel(_i8(const(_u8), const(_u1), const(_i8), const(_i8), const(_i8), _i8, _i8, _i8, out(_u8)))
def fingerprint_keys(hashes, used, fingerprint_start, fingerprint_stop, number, low, bits, part, keys):
    """Write hash bits above, document number in the ``low`` bits below, of fingerprints that are used.

    Only of those whose hash has ``part`` in its lower ``bits``; the others are kept. The upper ones would not
    do: a fingerprint is the least of several hashes, and two of three are in the lowest quarter. Gives their
    number, which may be more than ``keys`` has room for; its last place is none, as every key is written.
    """
    n = 0
    room = len(keys) - 1
    shift, gone = np.uint64(low), np.uint64(bits)
    mask, wanted = (np.uint64(1) << gone) - np.uint64(1), np.uint64(part)
    for d in range(len(number)):
        for f in range(fingerprint_start[d], fingerprint_stop[d]):
            keys[min(n, room)] = hashes[f] >> gone << shift | np.uint64(number[d])
            n += (used[f] != 0) & (hashes[f] & mask == wanted)
    return np.int64(n)


@kernel(
    _i8(
        *(const(_u1), *(const(_i8) for _ in range(5))),
        *(types.Array(types.int32, 2, "C", readonly=True), _i8, out(_i8), types.Array(types.int32, 2, "C")),
    )
)
def split_runs(flags, start, edge_a, edge_b, run_start, run_stop, runs, cut, offsets, pieces):
    """Cut runs before each token that has the flag on either side; offsets of each edge's pieces.

    Gives their number, which may be more than ``pieces`` has room for.
    """
    n = 0
    eight = np.uint64(cut) * EACH_BYTE  # the flag of eight tokens
    offsets[0] = 0
    for e in range(len(edge_a)):
        for r in range(run_start[e], run_stop[e]):
            at_a, at_b = start[edge_a[e]] + runs[r, 0], start[edge_b[e]] + runs[r, 1]
            first, t, size = 0, 0, np.int64(runs[r, 2])
            while t < size:
                t += 1
                while t + 8 <= size and (load64(flags, at_a + t) | load64(flags, at_b + t)) & eight == 0:
                    t += 8
                if t == size or (flags[at_a + t] | flags[at_b + t]) & cut:
                    if n < len(pieces):
                        pieces[n, 0] = runs[r, 0] + first
                        pieces[n, 1] = runs[r, 1] + first
                        pieces[n, 2] = t - first
                    first = t
                    n += 1
        offsets[e + 1] = n
    return np.int64(n)


@kernel(
    types.void(
        *(const(_i8) for _ in range(6)),
        *(types.Array(types.int32, 2, "C", readonly=True), out(types.int32)),
    )
)
def open_runs(begin, start, stop, ends, run_start, run_stop, runs, change):
    """Add one where a run of a document begins and take one where it has ended.

    Tokens of document d stand from ``begin[d]``; ``ends[start[d]:stop[d]]`` are its pairs, twice the row of
    the pair, and one more where it is the second of it.
    """
    for d in range(len(begin)):
        for i in range(start[d], stop[d]):
            pair, side = ends[i] >> 1, ends[i] & 1
            for r in range(run_start[pair], run_stop[pair]):
                first = begin[d] + runs[r, side]
                change[first] += 1
                change[first + runs[r, 2]] -= 1


@kernel(
    types.void(
        *(const(_u1), const(_i8), const(_i8)),
        *(const(types.int32) for _ in range(3)),
        *(out(types.float64) for _ in range(2)),
    )
)
def weigh_shared(flags, start, stop, leaders, copies, taken, has, lacks):
    """Half words of each document that others share, and its part of those of them that nobody has taken.

    Documents stand one behind the other. As many leaders, copies and takers share a token as the sum of the
    changes up to and with it is; what lacks is parted among the document and its leaders.
    """
    at = among = other = takers = 0
    for d in range(len(start)):
        own, lacking = 0, 0.0
        for i in range(at, stop[d]):
            among += leaders[i]
            other += copies[i]
            takers += taken[i]
            if (among > 0 or other > 0) and i >= start[d]:
                weight = 1 if flags[i] & CHARACTER_FLAG else 2
                own += weight
                if takers == 0:
                    lacking += weight / (among + 1.0)
        has[d] = own
        lacks[d] = lacking
        at = stop[d]


@kernel(types.void(const(_i8), out(_i8), out(_i8)))
def group_things(owner, offsets, things):
    """Write the numbers of the things each owner has, in their order, and where those of each owner begin."""
    offsets[:] = 0
    last = len(offsets) - 1
    for thing in range(len(owner)):
        offsets[owner[thing]] += 1
    total = 0
    for x in range(last + 1):
        total += offsets[x]
        offsets[x] = total
    for thing in range(len(owner) - 1, -1, -1):
        offsets[owner[thing]] -= 1
        things[offsets[owner[thing]]] = thing
