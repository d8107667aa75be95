"""Characters of UTF-8 as the compiled tokenizer sees them: their class and folded form."""

from __future__ import annotations

import numpy as np

from dedup.folding import Class
from dedup.kernels._jit import helper, inlined

# numba freezes module globals, so the classes are plain integers here
SPACE, LINE, IGNORABLE, DROPPED = int(Class.SPACE), int(Class.LINE), int(Class.IGNORABLE), int(Class.DROPPED)
WORD, DIGIT, CHARACTER, MARK = int(Class.WORD), int(Class.DIGIT), int(Class.CHARACTER), int(Class.MARK)
APOSTROPHE, SINGLE_LEFT, SINGLE_RIGHT = int(Class.APOSTROPHE), int(Class.SINGLE_LEFT), int(Class.SINGLE_RIGHT)
DOT, COMMA, OPENING, STRAIGHT = int(Class.DOT), int(Class.COMMA), int(Class.OPENING), int(Class.STRAIGHT)
LEFT, RIGHT, LOW = int(Class.LEFT), int(Class.RIGHT), int(Class.LOW)
GUILLEMET_LEFT, GUILLEMET_RIGHT = int(Class.GUILLEMET_LEFT), int(Class.GUILLEMET_RIGHT)
CORNER_OPEN, CORNER_CLOSE = int(Class.CORNER_OPEN), int(Class.CORNER_CLOSE)
WHITE_OPEN, WHITE_CLOSE = int(Class.WHITE_CORNER_OPEN), int(Class.WHITE_CORNER_CLOSE)


@inlined
def decode(data, i, end):
    """Code point at i and its length in bytes; (-1, 1) where the bytes are no UTF-8."""
    b = np.int64(data[i])
    if b < 0x80:
        return b, 1
    if 0xC2 <= b < 0xE0 and i + 1 < end and data[i + 1] & 0xC0 == 0x80:
        return (b & 0x1F) << 6 | np.int64(data[i + 1]) & 0x3F, 2
    if 0xE0 <= b < 0xF0 and i + 2 < end and data[i + 1] & 0xC0 == 0x80 and data[i + 2] & 0xC0 == 0x80:
        code = (b & 0xF) << 12 | (np.int64(data[i + 1]) & 0x3F) << 6 | np.int64(data[i + 2]) & 0x3F
        if code >= 0x800 and not 0xD800 <= code < 0xE000:
            return code, 3
    if 0xF0 <= b < 0xF5 and i + 3 < end and data[i + 1] & 0xC0 == 0x80 and data[i + 2] & 0xC0 == 0x80:
        code = (b & 7) << 18 | (np.int64(data[i + 1]) & 0x3F) << 12 | (np.int64(data[i + 2]) & 0x3F) << 6
        code |= np.int64(data[i + 3]) & 0x3F
        if data[i + 3] & 0xC0 == 0x80 and 0x10000 <= code < 0x110000:
            return code, 4
    return -1, 1


@helper
def look_up(data, i, end, page, entry):
    """Table entry of the code point at i and its length in bytes."""
    code, n = decode(data, i, end)
    if code < 0:
        return np.int64(0), n
    return np.int64(entry[np.int64(page[code >> 8]) << 8 | code & 255]), n


@helper
def peek(data, i, end, page, entry):
    """Class of the next character at i that counts; SPACE at the end."""
    while i < end:
        e, n = look_up(data, i, end, page, entry)
        kind = e & 31
        if kind != IGNORABLE and kind != DROPPED:
            return kind
        i += n
    return np.int64(SPACE)
