"""Character references of HTML, compiled: see :mod:`dedup.entities`."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import bytes_between, const, helper, kernel, out, trailing_zeros
from dedup.kernels.constants import ENTITY_SIZE, WINDOWS_1252

__all__ = ["move_places", "read_entities"]

AMPERSAND, NUMBER, SEMICOLON = ord("&"), ord("#"), ord(";")
BEYOND = np.int64(1) << 32
C1 = tuple(ord(character) for character in WINDOWS_1252)  # numba freezes a tuple


@helper
def _value(byte):
    """Value of a hexadecimal digit; 16 for anything else."""
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    byte |= 32
    return np.int64(byte) - 87 if 97 <= byte <= 102 else np.int64(16)


@helper
def find_entity(data, i, end, names, codes):
    """Code point and bytes of the reference that the ampersand at i begins; 0 and 1 if it begins none."""
    at = i + 1
    code = np.int64(0)
    if at < end and data[at] == NUMBER:
        at += 1
        base = 10
        if at < end and data[at] | 32 == 120:
            base = 16
            at += 1
        stop = min(end, at + ENTITY_SIZE)
        while at < stop and _value(data[at]) < base:
            code = code * base + _value(data[at])
            at += 1
        if 0x80 <= code < 0xA0:
            code = np.int64(C1[code - 0x80])
        elif code >= 0x110000 or 0xD800 <= code < 0xE000:
            code = np.int64(0)
    else:
        key = np.uint64(0)
        stop = min(end, at + ENTITY_SIZE)
        while at < stop and (48 <= data[at] <= 57 or 65 <= data[at] <= 90 or 97 <= data[at] <= 122):
            key |= np.uint64(data[at]) << np.uint64(8 * (at - i - 1))
            at += 1
        place = np.searchsorted(names, key)
        if place < len(names) and names[place] == key:
            code = np.int64(codes[place])
    if code == 0 or at >= end or data[at] != SEMICOLON:
        return np.int64(0), np.int64(1)
    return code, at + 1 - i


@helper
def _encode(code, read, at):
    """Write a code point as UTF-8; gives the place after it."""
    if code < 0x80:
        read[at] = code
        return at + 1
    if code < 0x800:
        read[at] = 0xC0 | code >> 6
    else:
        if code < 0x10000:
            read[at] = 0xE0 | code >> 12
        else:
            read[at] = 0xF0 | code >> 18
            at += 1
            read[at] = 0x80 | code >> 12 & 0x3F
        at += 1
        read[at] = 0x80 | code >> 6 & 0x3F
    read[at + 1] = 0x80 | code & 0x3F
    return at + 2


@helper
def next_ampersand(data, i, end):
    """Where the next ampersand stands, or ``end``."""
    while i + 64 <= len(data) and i < end:
        found = bytes_between(data, i, AMPERSAND, AMPERSAND)
        if found != 0:
            return min(i + trailing_zeros(found), end)
        i += 64
    while i < end and data[i] != AMPERSAND:
        i += 1
    return min(i, end)


_PLACES = types.uint32


@kernel(
    types.void(
        *(const(types.uint8), const(types.int64), const(types.uint64), const(types.uint32)),
        *(out(types.uint8), out(types.int64), out(types.int64), out(_PLACES), out(_PLACES)),
    )
)
def read_entities(data, offsets, names, codes, read, read_offsets, entity_offsets, start, gone):
    """Copy documents data[offsets[d]:offsets[d + 1]], with the characters that references stand for.

    Args:
        data: uint8, UTF-8.
        offsets: int64[n + 1].
        names: uint64[N], names, ascending.
        codes: uint32[N], what each stands for.
        read: uint8, filled; as long as the documents, for no reference is shorter than its character.
        read_offsets: int64[n + 1], filled.
        entity_offsets: int64[n + 1], filled with the references of each document.
        start: uint32[R], filled with the first byte of each in the document.
        gone: uint32[R], filled with the bytes that the document is shorter up to and with it.
    """
    at = found = np.int64(0)
    read_offsets[0] = entity_offsets[0] = 0
    for d in range(len(offsets) - 1):
        base, end = offsets[d], offsets[d + 1]
        begin = at - base
        i = base
        while i < end:
            stop = next_ampersand(data, i, end)
            for j in range(np.uint64(stop - i)):
                read[np.uint64(at) + j] = data[np.uint64(i) + j]
            at += stop - i
            i = stop
            if i < end:
                code, size = find_entity(data, i, end, names, codes)
                if code == 0:
                    read[at] = AMPERSAND
                    at += 1
                else:
                    start[found] = i - base
                    at = _encode(code, read, at)
                    gone[found] = i + size - at + begin
                    found += 1
                i += size
        read_offsets[d + 1] = at
        entity_offsets[d + 1] = found


@helper
def _place(start, gone, low, high, k, read):
    """Where reference k of low:high begins in its document, as it is read or as it is written."""
    if k < low:
        return np.int64(-1)
    if k >= high:
        return BEYOND
    return np.int64(start[k]) - (np.int64(gone[k - 1]) if read and k > low else 0)


@kernel(
    types.void(
        *(const(types.int64), const(types.int64), const(_PLACES), const(_PLACES), types.boolean),
        out(_PLACES),
    )
)
def move_places(offsets, entity_offsets, start, gone, back, places):
    """Make places in documents as they are written places in them as they are read, or the other way.

    Args:
        offsets: int64[n + 1], places of each document.
        entity_offsets: int64[n + 1], references of each document.
        start: uint32[R], as :func:`read_entities` fills it.
        gone: uint32[R], likewise.
        back: From what is read to what is written.
        places: uint32[P], changed in place; in any order, quick where they ascend. None lies inside a
            reference or character.
    """
    for d in range(len(offsets) - 1):
        low, high = entity_offsets[d], entity_offsets[d + 1]
        if low == high:
            continue
        k = low  # references before the place
        shift, before = np.int64(0), np.int64(-1)  # by what places move that stand behind this one
        after = _place(start, gone, low, high, k, back)  # and up to this one
        for p in range(offsets[d], offsets[d + 1]):
            place = np.int64(places[p])
            if place > after or place <= before:
                while k < high and _place(start, gone, low, high, k, back) < place:
                    k += 1
                while k > low and _place(start, gone, low, high, k - 1, back) >= place:
                    k -= 1
                before = _place(start, gone, low, high, k - 1, back)
                after = _place(start, gone, low, high, k, back)
                shift = np.int64(gone[k - 1]) if k > low else np.int64(0)
                shift = shift if back else -shift
            places[p] = place + shift
