"""Lines in the compiled tokenizer, and whether they were wrapped by hand."""

from __future__ import annotations

import numpy as np

from dedup.kernels._jit import bytes_between, helper, inlined, trailing_zeros
from dedup.kernels.characters import CHARACTER, DROPPED, IGNORABLE, SPACE, decode, look_up
from dedup.kernels.constants import (
    FILL_SHARE,
    FILL_SLACK,
    HANGUL,
    INDENT,
    MAX_WIDTH,
    MIN_LINES,
    MIN_WIDTH,
    TAB,
    WIDE,
)

ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
BEYOND = np.uint64(MAX_WIDTH - 64)


@inlined
def line_ends(data, i):
    """Bits of the places data[i:i + 64] where a line ends; data[i + 64:i + 66] are looked at, too."""
    next_lines = bytes_between(data, i, 0xC2, 0xC2) & bytes_between(data, i + 1, 0x85, 0x85)
    separators = bytes_between(data, i + 1, 0x80, 0x80) & bytes_between(data, i + 2, 0xA8, 0xA9)
    return bytes_between(data, i, 10, 13) | next_lines | separators & bytes_between(data, i, 0xE2, 0xE2)


@inlined
def line_end(data, i, end):
    """Where the line that begins at i ends, and where the next one begins."""
    while i < end:
        if i + 66 <= len(data):  # 64 places at once
            found = line_ends(data, i)
            if found == 0:
                i += 64
                continue
            i += trailing_zeros(found)
            if i >= end:
                break
        b = data[i]
        if 10 <= b <= 13:
            return i, i + 2 if b == 13 and i + 1 < end and data[i + 1] == 10 else i + 1
        if b == 0xC2 and i + 1 < end and data[i + 1] == 0x85:
            return i, i + 2
        if b == 0xE2 and i + 2 < end and data[i + 1] == 0x80 and data[i + 2] | 1 == 0xA9:
            return i, i + 3
        i += 1
    return end, end


@helper
def _plain(data, i, end):
    """Whether data[i:end] is certainly nothing but printing ASCII and spaces."""
    while i < end and i + 64 <= len(data):
        if i + trailing_zeros(~bytes_between(data, i, 32, 126)) < min(i + 64, end):
            return False
        i += 64
    return i >= end


@inlined
def trim(data, i, end, page, entry):
    """First and one past the last byte that shows of data[i:end]; equal if nothing does."""
    first = i
    while first < end:
        e, n = look_up(data, first, end, page, entry)
        if e & 31 not in (SPACE, IGNORABLE, DROPPED):
            break
        first += n
    last = end
    cut = np.int64(-1)  # end of the accents behind the character that may be the last
    while last > first:
        at = last - 1
        while at > first and data[at] & 0xC0 == 0x80 and last - at < 4:
            at -= 1
        e, n = look_up(data, at, last, page, entry)
        if at + n != last:  # no UTF-8: byte by byte
            at, e = last - 1, np.int64(0)
        kind = e & 31
        if kind == SPACE:
            cut = np.int64(-1)
        elif kind != IGNORABLE:
            cut = last if cut < 0 else cut
            if kind != DROPPED:
                break
        last = at
    return first, cut if last > first else first


@helper
def _among(code, ranges):
    """Whether a code point lies in one of some ranges."""
    for first, last in ranges:  # noqa: SIM110, numba compiles no generator
        if first <= code <= last:
            return True
    return False


@inlined
def measure(data, start, first, last, page, entry, most):
    """Width, indentation, length of the first word (columns) and last class of a line, data[first:last].

    Beyond ``most`` columns it looks no further.
    """
    if _plain(data, start, min(last, start + most + 1)):
        word = np.int64(1)
        while first + word < last and word <= most and data[first + word] != 32:
            word += 1
        return min(last - start, most + 1), first - start, word, np.int64(entry[data[last - 1] & 127]) & 31
    column = indent = word = tail = np.int64(0)
    in_word = True  # no space, and no character before which a line may break, since the first one
    i = start
    while i < last and column <= most:
        tab = data[i] == 9
        shows = i >= first
        code, _ = decode(data, i, last)
        e, n = look_up(data, i, last, page, entry)
        i += n
        kind = e & 31
        if kind == IGNORABLE or kind == DROPPED:
            continue
        columns = TAB if tab else (2 if _among(code, WIDE) else 1)
        column += columns
        if not shows:
            indent = column
        else:
            in_word = in_word and kind != SPACE and (kind != CHARACTER or _among(code, HANGUL))
            word += columns if in_word else 0
            tail = tail if kind == SPACE else kind
    return column, indent, word, tail


@inlined
def _has_long_line(data, start, end):
    """Whether there are 128 bytes of printing ASCII that are certainly more than ``MAX_WIDTH`` columns."""
    before = False
    for i in range(start, min(end, len(data)) - 63, 64):
        plain = bytes_between(data, i, 32, 126) == ALL
        if before and plain and bytes_between(data, i, 33, 126) >> BEYOND != 0:
            return True
        before = plain
    return False


@helper
def wrap_width(data, start, end, page, entry):
    """Width a document was wrapped to by hand, or 0: see ``reference.wrap_width``."""
    if _has_long_line(data, start, end):  # nearly every text has; without this, lines cost twice the time
        return np.int64(0)
    i, widest, lines = start, np.int64(0), 0
    while i < end:
        stop, following = line_end(data, i, end)
        first, last = trim(data, i, stop, page, entry)
        if last > first:
            width, _, _, _ = measure(data, i, first, last, page, entry, MAX_WIDTH)
            if width > MAX_WIDTH:
                return np.int64(0)
            lines += 1
            widest = max(widest, width)
        i = following
    if lines < MIN_LINES or widest < MIN_WIDTH:
        return np.int64(0)
    pairs = full = lines = 0
    before = before_indent = np.int64(0)
    i = start
    while i < end:
        stop, following = line_end(data, i, end)
        first, last = trim(data, i, stop, page, entry)
        width = indent = np.int64(0)
        if last > first:
            width, indent, word, _ = measure(data, i, first, last, page, entry, MAX_WIDTH)
            if before > 0 and indent < before_indent + INDENT:
                is_full = before + 1 + word > widest - FILL_SLACK
                pairs += is_full or lines > 1  # the first line's dateline may have been cut
                full += is_full
            lines += 1
        before, before_indent = width, indent
        i = following
    return widest if pairs > 0 and full >= FILL_SHARE * pairs else np.int64(0)
