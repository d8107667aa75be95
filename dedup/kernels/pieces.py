"""Texts of a diff in compiled code: how they are cut into pieces (words) and units (sentences, lines)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dedup.kernels._jit import bytes_between, helper, inlined, load64, trailing_zeros
from dedup.kernels.characters import decode

# classes of characters; dedup.edits.text has them
WORD, DIGIT, DENSE, STOP, EXCLAMATION, JOIN, FULL_STOP, OPENING, SPACE, LINE = (ord(c) for c in "wnd.!jeosl")

# columns of pieces, and of units
CUT, START, END, WEIGHT, OPENS, KEY, MATCH, MOVED = range(8)
FIRST, LOAD, NAME, MATE, KEPT, STAYS = range(6)

P1, P2, P3 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
ZERO, ONE, U3, U7, U29, U32 = (np.uint64(n) for n in (0, 1, 3, 7, 29, 32))
SEVEN, FOREIGN = np.uint64(0x7F), np.uint64(0x80)
SMALL = np.uint64(0x2020202020202020)  # makes capitals small letters and leaves digits as they are


class Side(NamedTuple):
    """A text in pieces (an opening sign, a word, closing signs and white space) and units (sentences, lines).

    Piece 0, the one piece of unit 0, is what stands before the first word. A row behind the last piece and
    the last unit holds where the text ends.

    Attributes:
        data: uint8, its UTF-8.
        pieces: int64[., 8]: where it begins, where its word does and ends, its weight in half words, whether
            it begins a unit, hash of the folded word, the piece it is matched with, whether its unit moved.
        units: int64[., 6]: first piece, half words, hash of the folded words, the unit it is paired with,
            pairs of words these two share if they are not equal, whether it stays in place.
    """

    data: Any
    pieces: Any
    units: Any


@inlined
def class_at(data, i, end, kinds):
    """Code point at i, its length in bytes and its class."""
    code, size = decode(data, i, end)
    if code < 0:
        code = np.int64(data[i])
        return code, size, np.int64(WORD)
    return code, size, np.int64(kinds[code]) if code < 0x10000 else np.int64(WORD)


@inlined
def _letters(data, i):
    """Bits of the places data[i:i + 64] that hold ASCII letters and digits."""
    digits = bytes_between(data, i, 48, 57)
    return digits | bytes_between(data, i, 65, 90) | bytes_between(data, i, 97, 122)


@inlined
def _plain(data, i, rest, room):
    """Bytes of the word that begins at i if it is plain, of ASCII letters and digits, and below ``room``.

    Else 0. ``rest`` has a bit for each letter and digit from i on.
    """
    size = trailing_zeros(~rest)
    if size >= room or data[i + size] >= 0x80:
        return 0
    sign = data[i + size]
    if (sign == 44 or sign == 46 or sign == 58) and 48 <= data[i + size + 1] <= 57:
        return 0  # more of a number, perhaps
    return size


@inlined
def _mix(h, eight):
    """Hash of what comes before and eight bytes more."""
    h = (h ^ eight) * P1
    return h ^ h >> U32


@inlined
def _plain_hash(data, i, size):
    """What :func:`_other` gives of a plain word."""
    h = ZERO
    while size >= 8:
        h = _mix(h, load64(data, i) | SMALL)
        i += 8
        size -= 8
    if size > 0:
        h = _mix(h, (load64(data, i) | SMALL) & (ONE << (np.uint64(size) << U3)) - ONE)
    return h


@inlined
def _other(data, i, n, kinds, fold):
    """The word that begins at i: its end, its characters and their hash.

    A character's small letter is a byte if it is of ASCII, else three with the upper bit set, and eight of
    these are hashed at once.
    """
    code, size, kind = class_at(data, i, n, kinds)
    h, eight, filled = ZERO, ZERO, ZERO
    letters = 0
    while True:
        small = np.uint64(fold[code] if code < len(fold) else code)
        for part in range(1 if small < FOREIGN else 3):
            byte = small if small < FOREIGN else small >> np.uint64(part) * U7 & SEVEN | FOREIGN
            eight |= byte << (filled << U3)
            filled = filled + ONE & U7
            if filled == ZERO:
                h, eight = _mix(h, eight), ZERO
        letters += 1
        i += size
        if kind == DENSE or i == n:
            break
        before = kind
        code, size, kind = class_at(data, i, n, kinds)
        if kind == WORD or kind == DIGIT:
            continue
        joins = before == DIGIT and (kind == JOIN or kind == STOP) and i + 1 < n
        if not (joins and 48 <= data[i + 1] <= 57):
            break
    return i, letters, _mix(h, eight) if filled else h


@helper
def cut(side, kinds, fold):
    """Cut a text; give the number of its pieces and of its units."""
    data, pieces, units = side
    n = len(data)
    for column in range(pieces.shape[1]):
        pieces[0, column] = 0
    pieces[0, OPENS] = 1
    pieces[0, MATCH] = -1
    for column in range(units.shape[1]):
        units[0, column] = 0
    count = 1
    found = 1
    letters = 0  # of the word before
    space = bracket = -1  # in the gap behind it
    stop = False
    ends = True
    i = 0
    while i < n:
        code, size, kind = class_at(data, i, n, kinds)
        if kind != WORD and kind != DIGIT and kind != DENSE:
            if kind == LINE or kind == FULL_STOP:
                ends = True
            if kind == SPACE or kind == LINE:
                space = i + size
            elif (kind == STOP or kind == EXCLAMATION) and space < 0:
                stop = True
            if kind != OPENING:
                bracket = -1
            elif bracket < 0:
                bracket = i
            i += size
            continue
        pieces[count, CUT] = space if space >= 0 else bracket if bracket >= 0 else i
        pieces[count, START] = i
        pieces[count, WEIGHT] = 1 if kind == DENSE else 2
        pieces[count, MATCH] = -1
        pieces[count, MOVED] = 0
        ends = ends or (stop and space >= 0 and letters >= 3 and not 97 <= code <= 122)
        pieces[count, OPENS] = ends
        if ends:
            units[found, FIRST] = count
            units[found, LOAD] = 0
            units[found, NAME] = 0
            found += 1
        begin = i
        rest = _letters(data, i) if code < 0x80 and i + 66 <= n else ZERO
        letters = _plain(data, i, rest, 64)
        while True:
            if letters > 0:
                h = _plain_hash(data, i, letters)
                i += letters
            else:
                i, letters, h = _other(data, i, n, kinds, fold)
            h *= P2
            h ^= h >> U29
            pieces[count, END] = i
            pieces[count, KEY] = np.int64(h)
            units[found - 1, LOAD] += pieces[count, WEIGHT]
            count += 1
            units[found - 1, NAME] = np.int64((np.uint64(units[found - 1, NAME]) ^ h) * P3)
            room = 63 - (i - begin)  # mostly a space follows, and another plain word
            if room < 1 or rest == ZERO or data[i] != 32:
                break
            following = _plain(data, i + 1, rest >> np.uint64(i + 1 - begin), room)
            if following == 0:
                break
            letters = following
            i += 1
            pieces[count, CUT] = i
            pieces[count, START] = i
            pieces[count, WEIGHT] = 2
            pieces[count, MATCH] = -1
            pieces[count, MOVED] = 0
            pieces[count, OPENS] = 0
        space = bracket = -1
        stop = ends = False
    pieces[count, CUT] = n
    pieces[count, OPENS] = 1
    for unit in range(found):
        units[unit, MATE] = -1
        units[unit, KEPT] = 0
        units[unit, STAYS] = 0
    units[found, FIRST] = count
    return count, found


@helper
def mixed(one, two):
    """Hash of two hashes."""
    return np.int64((np.uint64(one) * P1 ^ np.uint64(two)) * P3)


@helper
def slot_of(h, mask):
    """Where a hash is looked for in a table."""
    bits = np.uint64(h)
    return np.int64((bits ^ bits >> U32) & np.uint64(mask))


@helper
def find_slot(table, name, mask, key):
    """The slot of a key, or the one where it belongs."""
    slot = slot_of(key, mask)
    while table[slot] >= 0 and name[slot] != key:
        slot = (slot + 1) & mask
    return slot


@helper
def empty_table(table, entries):
    """Make a table ready for so many entries; give the mask of its slots."""
    size = 16
    while size < 2 * entries:
        size *= 2
    for slot in range(size):
        table[slot] = -1
    return size - 1
