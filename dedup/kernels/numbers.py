"""Numbers in the compiled tokenizer: one token and one form each, however their digits are grouped."""

from __future__ import annotations

import numpy as np
from xxhash import xxh64_intdigest

from dedup.kernels._jit import helper, inlined, load64
from dedup.kernels.characters import (
    APOSTROPHE,
    COMMA,
    DIGIT,
    DOT,
    DROPPED,
    IGNORABLE,
    SINGLE_LEFT,
    SINGLE_RIGHT,
    SPACE,
    look_up,
)
from dedup.kernels.constants import CHARACTER_FLAG, GROUPS, NUMBER_FLAG, NUMERALS
from dedup.kernels.hashing import hash_bytes

POINT, ZERO, LAST = ord("."), ord("0"), ord("z")
EITHER = np.uint64(0x0101010101010101 * (NUMBER_FLAG | CHARACTER_FLAG))  # of eight tokens
U0, U1, U63 = np.uint64(0), np.uint64(1), np.uint64(63)
FORMS = np.array([xxh64_intdigest(numeral.encode()) for numeral in NUMERALS], np.uint64)
SIEVE = np.bitwise_or.reduce(np.uint64(1) << (FORMS & np.uint64(63)))


@inlined
def _numeral(flag, form):
    """Whether a token is one numeral of Chinese or Japanese."""
    if not flag & CHARACTER_FLAG or SIEVE >> (form & U63) & U1 == U0:
        return False
    found = False
    for numeral in FORMS:
        found |= form == numeral
    return found


@inlined
def _is_parted(data, i, end):
    """Whether a token has anything but ASCII letters and digits."""
    parted = False
    while i < end:
        parted |= data[i] < ZERO or data[i] > LAST
        i += 1
    return parted


@helper
def _digits(data, i, end, page, entry, pool, scratch, at):
    """Write a token's digits and separators to scratch[at:]; where they end, -1 if there is anything else."""
    while i < end:
        e, n = look_up(data, i, end, page, entry)
        kind = e & 31
        if kind == DIGIT:
            scratch[at] = data[i] if data[i] < 0x80 else pool[e >> 12]
            at += 1
        elif kind == DOT or kind == COMMA:
            scratch[at] = POINT if kind == DOT else ord(",")
            at += 1
        elif kind != IGNORABLE and kind != DROPPED:
            return np.int64(-1)
        i += n
    return at


@helper
def _canonical(scratch, start, end, grouped):
    """Take the separators of thousands out of scratch[start:end] and make the others dots; its new end.

    ``grouped``: scratch[:start] holds thousands already.
    """
    at = i = start
    while i < end and scratch[i] >= ZERO:
        i += 1
        at += 1
    groups = not grouped and at - start <= 3 and scratch[start] != ZERO
    sign = scratch[i] if i < end else POINT
    while i < end:
        stop = i + 1
        while stop < end and scratch[stop] >= ZERO:
            stop += 1
        groups = groups and stop - i == 4 and scratch[i] == sign
        if not groups:
            scratch[at] = POINT
            at += 1
        for j in range(i + 1, stop):
            scratch[at] = scratch[j]
            at += 1
        i = stop
    return at


@helper
def _gap(data, i, end, page, entry):
    """What stands between two tokens: 0 nothing, 1 a space or apostrophe, 2 anything else."""
    gap = 0
    while i < end:
        e, n = look_up(data, i, end, page, entry)
        kind = e & 31
        if kind != IGNORABLE and kind != DROPPED:
            parts = kind == SPACE or kind == APOSTROPHE or kind == SINGLE_LEFT or kind == SINGLE_RIGHT
            gap = 1 if gap == 0 and parts else 2
        i += n
    return gap


@inlined
def has_numbers(flags, first, t):
    """Whether there may be a number among tokens first to t - 1."""
    x = first
    while x + 8 <= t:
        if load64(flags, x) & EITHER != U0:
            return True
        x += 8
    found = False
    while x < t:
        found |= flags[x] & (NUMBER_FLAG | CHARACTER_FLAG) != 0
        x += 1
    return found


@helper
def join_numbers(data, base, first, t, page, entry, pool, scratch, hashes, starts, ends, flags):
    """Give the numbers among tokens first to t - 1 one form, and move those behind them up; where they end.

    See ``reference.number_form`` for the form.
    """
    x = put = apart = first  # before ``apart`` lie the rest of a list, which are joined with nothing
    while x < t:
        flag = flags[x]
        if flag & (NUMBER_FLAG | CHARACTER_FLAG) == 0:
            if put != x:
                hashes[put], starts[put], ends[put], flags[put] = hashes[x], starts[x], ends[x], flag
            put += 1
            x += 1
            continue
        if _numeral(flag, hashes[x]):
            stop = x + 1
            while stop < t and _numeral(flags[stop], hashes[stop]):
                if _gap(data, base + ends[stop - 1], base + starts[stop], page, entry) > 0:
                    break
                stop += 1
            for y in range(x, stop):
                hashes[put], starts[put], ends[put] = hashes[y], starts[y], ends[y]
                flags[put] = flags[y] | (NUMBER_FLAG if stop - x > 1 else 0)
                put += 1
            x = stop
            continue
        last = x
        form = hashes[x]
        if flag & NUMBER_FLAG:
            begin, end = base + starts[x], base + ends[x]
            size = end - begin
            follows = x + 1 < t and flags[x + 1] & NUMBER_FLAG and starts[x + 1] - ends[x] <= 8
            parted = size > 2 and _is_parted(data, begin, end)
            if parted or follows:
                at = _digits(data, begin, end, page, entry, pool, scratch, np.int64(0))
                if at > 0:
                    plain = x >= apart and at <= 3 and scratch[0] != ZERO
                    for j in range(at):
                        plain = plain and scratch[j] >= ZERO
                    before = at
                    at = _canonical(scratch, np.int64(0), at, False)
                    changed = at != before or parted
                    while plain and last + 1 < t and flags[last + 1] & NUMBER_FLAG:
                        if _gap(data, base + ends[last], base + starts[last + 1], page, entry) != 1:
                            break
                        begin, end = base + starts[last + 1], base + ends[last + 1]
                        more = _digits(data, begin, end, page, entry, pool, scratch, at)
                        whole = at
                        while whole < more and scratch[whole] >= ZERO:
                            whole += 1
                        if whole - at != 3:
                            break
                        plain = whole == more
                        at = _canonical(scratch, at, more, True)
                        last += 1
                        changed = True
                    if last - x >= GROUPS:
                        apart = last + 1
                        last = x
                    elif changed:
                        form = hash_bytes(scratch, np.int64(0), at)
        if put != x or last != x or form != hashes[x]:
            hashes[put], starts[put], ends[put], flags[put] = form, starts[x], ends[last], flag
        put += 1
        x = last + 1
    return put
