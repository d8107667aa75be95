"""Compiled loops that pack the body of a document for the index, and unpack it: a microsecond each.

A packed body begins with its tokens and its distinct hashes, four bytes each. For every distinct hash, where
it stands first, follow its number in the vocabulary, two bytes, ``RARE`` where it has none; then the rare
hashes, eight bytes each; for every token that repeats an earlier one which distinct hash it is, one byte or
two or four; a bit for each token says which repeat. Flags are runs: a byte, and how many tokens have it.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, inlined, kernel, out
from dedup.kernels.constants import LONG_SPAN, MIX, NUMBER_GROUPS, RARE

__all__ = ["pack_body", "pack_spans", "unpack_body", "unpack_spans"]

M, SHIFT = np.uint64(MIX), np.uint64(32)

_u1, _i8, _u8 = types.uint8, types.int64, types.uint64


@inlined
def _write(data, at, value, width):
    """Write the lowest bytes of a number; the place behind them."""
    rest = np.uint64(value)
    for i in range(width):
        data[at + i] = np.uint8(rest & np.uint64(0xFF))
        rest >>= np.uint64(8)
    return at + width


@inlined
def _read(data, at, width):
    value = np.uint64(0)
    for i in range(width):
        value |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return value


@inlined
def _write_number(data, at, value):
    """Write a number in as many groups of seven bits as it needs; the place behind it."""
    while value >= 128:
        data[at] = np.uint8(value & 127 | 128)
        value >>= 7
        at += 1
    data[at] = np.uint8(value)
    return at + 1


@inlined
def _read_number(data, at):
    """A number, and the place behind it; beyond the data where it has no end or too many groups."""
    value, shift = np.int64(0), 0
    while at < len(data) and data[at] >= 128 and shift < 7 * NUMBER_GROUPS:
        value |= np.int64(data[at] & 127) << shift
        shift += 7
        at += 1
    if at >= len(data) or shift == 7 * NUMBER_GROUPS:
        return value, len(data) + 1
    return value | np.int64(data[at]) << shift, at + 1


@inlined
def _place_in(vocabulary, value):
    """The place of a hash in the vocabulary; ``RARE`` where it is not there."""
    first, last = 0, len(vocabulary)
    while first < last:
        middle = (first + last) // 2
        if vocabulary[middle] < value:
            first = middle + 1
        else:
            last = middle
    return first if first < len(vocabulary) and vocabulary[first] == value else RARE


@inlined
def _width(distinct):
    return 1 if distinct <= 1 << 8 else 2 if distinct <= 1 << 16 else 4


@kernel(_i8(const(_u8), const(_u1), const(_u8), out(_i8), out(_i8), out(_u1)))
def pack_body(hashes, flags, vocabulary, table, first, data):
    """Write a packed body.

    Args:
        hashes: uint64[t] of the tokens.
        flags: uint8[t].
        vocabulary: uint64[v], sorted, at most 65,535; may be empty.
        table: int64, a power of two and more than t, all -1.
        first: int64[t], room: the tokens that stand first.
        data: uint8, zeros, room for 8 + 16 * t + t / 8 + 1 bytes.

    Returns:
        How many bytes were written.
    """
    mask = len(table) - 1
    distinct = 0
    for t in range(len(hashes)):
        slot = np.int64(hashes[t] * M >> SHIFT) & mask
        while table[slot] >= 0 and hashes[first[table[slot]]] != hashes[t]:
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot], first[distinct] = distinct, t
            distinct += 1
    at = _write(data, _write(data, 0, len(hashes), 4), distinct, 4)
    rare = at + 2 * distinct
    for i in range(distinct):
        place = _place_in(vocabulary, hashes[first[i]])
        at = _write(data, at, place, 2)
        if place == RARE:
            rare = _write(data, rare, hashes[first[i]], 8)
    at, width, new = rare, _width(distinct), 0
    bits = at + width * (len(hashes) - distinct)
    for t in range(len(hashes)):
        if new < distinct and first[new] == t:
            new += 1
            continue
        slot = np.int64(hashes[t] * M >> SHIFT) & mask
        while hashes[first[table[slot]]] != hashes[t]:
            slot = (slot + 1) & mask
        at = _write(data, at, table[slot], width)
        data[bits + (t >> 3)] |= np.uint8(1 << (t & 7))
    at = bits + (len(hashes) + 7 >> 3)
    t = 0
    while t < len(flags):
        begin = t
        while t < len(flags) and flags[t] == flags[begin]:
            t += 1
        data[at] = flags[begin]
        at = _write_number(data, at + 1, t - begin)
    return at


@kernel(types.boolean(const(_u1), const(_u8), out(_u8), out(_u8), out(_u1)))
def unpack_body(data, vocabulary, own, hashes, flags):
    """Read a packed body; the arrays have as many places as its first four bytes say.

    Args:
        data: What :func:`pack_body` wrote, or what a damaged file has made of it; eight bytes at least.
        vocabulary: The same, or, where that was empty, any.
        own: uint64[t], room: the distinct hashes.
        hashes: uint64[t], filled.
        flags: uint8[t], filled.

    Returns:
        Whether that is all of it, and nothing is left; if not, it is damaged.
    """
    count, distinct = len(hashes), np.int64(_read(data, 4, 4))
    rare = 8 + 2 * distinct
    if distinct > count or rare > len(data):
        return False
    for i in range(distinct):
        place = np.int64(_read(data, 8 + 2 * i, 2))
        if place < len(vocabulary):
            own[i] = vocabulary[place]
        elif place == RARE and rare + 8 <= len(data):
            own[i] = _read(data, rare, 8)
            rare += 8
        else:
            return False
    at, width, new = rare, _width(distinct), 0
    bits = at + width * (count - distinct)
    if bits + (count + 7 >> 3) > len(data):
        return False
    sound = True  # asked at the end: a way out of the loop slows it
    for t in range(count):
        if data[bits + (t >> 3)] >> (t & 7) & 1:
            first = np.int64(_read(data, min(at, len(data) - width), width))
            sound &= first < new
            hashes[t] = own[min(first, count - 1)]
            at += width
        else:
            hashes[t] = own[new]
            new += 1
    if not sound or new != distinct:
        return False
    at, t = bits + (count + 7 >> 3), 0
    while t < count and at < len(data):
        flag = data[at]
        size, at = _read_number(data, at + 1)
        if size == 0 or size > count - t:
            return False
        for i in range(t, t + size):
            flags[i] = flag
        t += size
    return t == count and at == len(data)


@kernel(_i8(const(_i8), out(_u1)))
def pack_spans(places, data):
    """Write where tokens stand: gap and length, four bits each, or ``LONG_SPAN`` and both as numbers.

    Args:
        places: int64[2 * t], first character of a token, and the one behind it; ascending.
        data: uint8, room for 21 bytes a token.

    Returns:
        How many bytes were written.
    """
    at, before = 0, 0
    for t in range(len(places) // 2):
        gap, length = places[2 * t] - before, places[2 * t + 1] - places[2 * t]
        before = places[2 * t + 1]
        if gap < 16 and length < 16 and gap + length < 30:
            data[at] = np.uint8(gap << 4 | length)
            at += 1
        else:
            data[at] = LONG_SPAN
            at = _write_number(data, _write_number(data, at + 1, gap), length)
    return at


@kernel(types.boolean(const(_u1), out(_i8)))
def unpack_spans(data, places):
    """Read where tokens stand.

    Args:
        data: What :func:`pack_spans` wrote, or what a damaged file has made of it.
        places: int64[2 * t], filled.

    Returns:
        Whether that is all of it, and nothing is left; if not, it is damaged.
    """
    at, here = 0, 0
    for t in range(len(places) // 2):
        if at >= len(data):
            return False
        if data[at] == LONG_SPAN:
            gap, at = _read_number(data, at + 1)
            length, at = _read_number(data, at)
        else:
            gap, length = np.int64(data[at] >> 4), np.int64(data[at] & 15)
            at += 1
        places[2 * t], places[2 * t + 1] = here + gap, here + gap + length
        here += gap + length
    return at == len(data)
