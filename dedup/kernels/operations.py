"""Loops that write JSON: the operations of a diff, lists of numbers."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import bytes_between, const, helper, inlined, kernel, out, trailing_zeros
from dedup.kernels.constants import DELETE, EQUAL, INSERT, MOVE, NESTED, REPLACE
from dedup.kernels.hashing import hash_bytes

__all__ = ["write_edits", "write_numbers"]

QUOTE, BACKSLASH = ord('"'), ord("\\")
PAIRS = np.frombuffer("".join(f"{n:02}" for n in range(100)).encode(), "<u2")
HEXADECIMAL = np.frombuffer(b"0123456789abcdef", np.uint8)
U15 = np.uint64(15)

BASE = np.frombuffer(b'[{"op":"base","length":', np.uint8)
HASH = np.frombuffer(b',"hash":"', np.uint8)
OP = np.frombuffer(b'{"op":"', np.uint8)
PLACES = np.frombuffer(b'","a":[', np.uint8)
TEXT = np.frombuffer(b',"text":"', np.uint8)
EDITS = np.frombuffer(b',"edits":[', np.uint8)
EQUAL_NAME = np.frombuffer(b"equal", np.uint8)
REPLACE_NAME = np.frombuffer(b"replace", np.uint8)
INSERT_NAME = np.frombuffer(b"insert", np.uint8)
DELETE_NAME = np.frombuffer(b"delete", np.uint8)
MOVE_NAME = np.frombuffer(b"move", np.uint8)
SHORT = np.zeros(32, np.uint8)  # letters of the control characters that have one
SHORT[[8, 9, 10, 12, 13]] = np.frombuffer(b"btnfr", np.uint8)


@helper
def _put(out, at, text):
    room = out[at : at + len(text)]
    for x in range(len(text)):
        room[x] = text[x]
    return at + len(text)


@inlined
def _put_byte(out, at, byte):
    out[at] = byte
    return at + 1


@helper
def _put_number(out, at, number):
    """Write a number; up to 9999, as most are, four bytes at once, though fewer may count."""
    if number < 10_000:
        digits = 1 + (number > 9) + (number > 99) + (number > 999)
        hundreds = number // 100
        word = np.uint32(PAIRS[hundreds]) | np.uint32(PAIRS[number - 100 * hundreds]) << np.uint32(16)
        word >>= np.uint32(8 * (4 - digits))
        room = out[at : at + 4]
        for x in range(4):
            room[x] = word >> np.uint32(8 * x) & np.uint32(0xFF)
        return at + digits
    digits = 1
    rest = number
    while rest >= 10:
        rest //= 10
        digits += 1
    for x in range(at + digits - 1, at - 1, -1):
        out[x] = 48 + number % 10
        number //= 10
    return at + digits


@helper
def _plain(data, i, end):
    """How many of the next 64 bytes stand before the first that is escaped; 0 near the end."""
    if i + 64 > min(end, len(data)):
        return np.int64(0)
    signs = bytes_between(data, i, QUOTE, QUOTE) | bytes_between(data, i, BACKSLASH, BACKSLASH)
    return trailing_zeros(signs | bytes_between(data, i, 0, 31))


@helper
def _put_text(out, at, data, i, end):
    """Write a text escaped, without its quotation marks."""
    while i < end:
        size = _plain(data, i, end)
        plain, room = data[i : i + size], out[at : at + size]
        for x in range(size):
            room[x] = plain[x]
        at += size
        i += size
        if size == 64:
            continue
        byte = data[i]
        i += 1
        if byte >= 32 and byte != QUOTE and byte != BACKSLASH:
            out[at] = byte
            at += 1
            continue
        out[at] = BACKSLASH
        if byte >= 32:
            out[at + 1] = byte
        elif SHORT[byte]:
            out[at + 1] = SHORT[byte]
        else:
            out[at + 1] = ord("u")
            out[at + 2] = out[at + 3] = 48
            out[at + 4] = HEXADECIMAL[byte >> 4]
            out[at + 5] = HEXADECIMAL[byte & 15]
            at += 4
        at += 2
    return at


@helper
def _characters(data, i, end):
    """Characters that begin in data[i:end]; below zero if ``end`` comes first."""
    count = 0
    for byte in data[min(i, end) : max(i, end)]:  # a slice, of which the compiler makes vectors
        count += byte & 0xC0 != 0x80
    return count if i <= end else -count


@helper
def _put_operation(out, at, kind, start, end, data, b_start, b_end):
    """Write an operation, its end left open."""
    at = _put(out, at, OP)
    if kind == EQUAL:
        at = _put(out, at, EQUAL_NAME)
    elif kind == REPLACE:
        at = _put(out, at, REPLACE_NAME)
    elif kind == INSERT:
        at = _put(out, at, INSERT_NAME)
    elif kind == DELETE:
        at = _put(out, at, DELETE_NAME)
    else:
        at = _put(out, at, MOVE_NAME)
    at = _put(out, at, PLACES)
    at = _put_number(out, at, start)
    at = _put_byte(out, at, ord(","))
    at = _put_number(out, at, end)
    at = _put_byte(out, at, ord("]"))
    if kind == REPLACE or kind == INSERT:
        at = _put(out, at, TEXT)
        at = _put_text(out, at, data, b_start, b_end)
        at = _put_byte(out, at, QUOTE)
    return at


@kernel(
    types.int64(
        const(types.uint8), const(types.int64), const(types.uint8), const(types.int64), types.int64,
        types.Array(types.int64, 2, "C"), const(types.int64), out(types.uint8), out(types.int64),
    ),
    allocates=True,
)  # fmt: skip
def write_edits(data_a, offsets_a, data_b, offsets_b, first, rows, starts, out, ends):
    """Write the operations of pairs from number ``first`` on as JSON, as orjson does; return the bytes.

    ``rows[starts[n]:starts[n + 1]]`` are those of pair first + n; ``ends`` gets where the JSON of each ends.
    """
    longest = 0
    for n in range(len(ends)):
        longest = max(longest, offsets_a[first + n + 1] - offsets_a[first + n])
    padded = np.zeros(longest + 8, np.uint8)  # the hash reads some bytes behind the end
    at = 0
    for n in range(len(ends)):
        p = first + n
        a = data_a[offsets_a[p] : offsets_a[p + 1]]
        b = data_b[offsets_b[p] : offsets_b[p + 1]]
        length = _characters(a, 0, len(a))
        ascii = length == len(a)  # noqa: A001
        _put(padded, 0, a)
        digest = hash_bytes(padded, 0, len(a))
        at = _put(out, at, BASE)
        at = _put_number(out, at, length)
        at = _put(out, at, HASH)
        for shift in range(60, -1, -4):
            at = _put_byte(out, at, HEXADECIMAL[digest >> np.uint64(shift) & U15])
        at = _put_byte(out, at, QUOTE)
        at = _put_byte(out, at, ord("}"))
        place = places = 0  # a byte of a, and the characters before it
        stop = starts[n + 1]
        for x in range(starts[n], stop):
            kind, start, end, b_start, b_end = rows[x]
            if ascii:
                from_character, to_character = start, end
            else:
                from_character = places + _characters(a, place, start)
                to_character = from_character + _characters(a, start, end)
                place, places = end, to_character
            nested = kind & NESTED
            if nested and not rows[x - 1, 0] & NESTED:
                at = _put(out, at, EDITS)
            else:
                at = _put_byte(out, at, ord(","))
            kind &= ~NESTED
            at = _put_operation(out, at, kind, from_character, to_character, b, b_start, b_end)
            edited = kind == MOVE and x + 1 < stop and rows[x + 1, 0] & NESTED
            if not edited:
                at = _put_byte(out, at, ord("}"))
            if nested and (x + 1 == stop or not rows[x + 1, 0] & NESTED):
                at = _put_byte(out, at, ord("]"))
                at = _put_byte(out, at, ord("}"))
        at = _put_byte(out, at, ord("]"))
        ends[n] = at
    return np.int64(at)


@kernel(
    types.int64(
        types.Array(types.int64, 2, "C", readonly=True), types.Array(types.uint8, 2, "C", readonly=True),
        const(types.int64), const(types.int64), out(types.uint8), out(types.int64),
    )
)  # fmt: skip
def write_numbers(values, names, sizes, offsets, out, ends):
    """Write lists of objects of numbers as JSON; return the bytes.

    ``values`` has the numbers of each object, none below zero; ``names[k, : sizes[k]]`` is what stands before
    number k, of 32 bytes, all of which are written at first. ``offsets`` says where the objects of each list
    begin, ``ends`` gets where its JSON ends.
    """
    at = np.int64(0)
    for n in range(len(ends)):
        at = _put_byte(out, at, ord("["))
        for row in range(offsets[n], offsets[n + 1]):
            if row > offsets[n]:
                at = _put_byte(out, at, ord(","))
            for k in range(values.shape[1]):
                name, room = names[k], out[at : at + 32]
                for x in range(32):
                    room[x] = name[x]
                at = _put_number(out, at + sizes[k], values[row, k])
            at = _put_byte(out, at, ord("}"))
        at = _put_byte(out, at, ord("]"))
        ends[n] = at
    return at
