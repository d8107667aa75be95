"""Compiled tokenizer: one pass over raw UTF-8 gives blocks, tokens, hashes and quotation flags.

The rules are told in :mod:`dedup.tokens`, their obvious form is :mod:`dedup.kernels.reference`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.folding import IDENTITY, Class
from dedup.kernels._jit import const, helper, inlined, kernel, out
from dedup.kernels.rules import (
    CHARACTER_FLAG,
    FILL_SHARE,
    FILL_SLACK,
    INDENT,
    MAX_WIDTH,
    MIN_LINES,
    MIN_WIDTH,
    NUMBER_FLAG,
    QUOTED_FLAG,
    SHORT_SHARE,
    TAB,
)

__all__ = ["tokenize"]

# numba freezes module globals, so the classes are plain integers here
SPACE, LINE, IGNORABLE, DROPPED = int(Class.SPACE), int(Class.LINE), int(Class.IGNORABLE), int(Class.DROPPED)
WORD, DIGIT, CHARACTER, MARK = int(Class.WORD), int(Class.DIGIT), int(Class.CHARACTER), int(Class.MARK)
APOSTROPHE, SINGLE_LEFT, SINGLE_RIGHT = int(Class.APOSTROPHE), int(Class.SINGLE_LEFT), int(Class.SINGLE_RIGHT)
DOT, COMMA, OPENING, STRAIGHT = int(Class.DOT), int(Class.COMMA), int(Class.OPENING), int(Class.STRAIGHT)
LEFT, RIGHT, LOW = int(Class.LEFT), int(Class.RIGHT), int(Class.LOW)
GUILLEMET_LEFT, GUILLEMET_RIGHT = int(Class.GUILLEMET_LEFT), int(Class.GUILLEMET_RIGHT)
CORNER_OPEN, CORNER_CLOSE = int(Class.CORNER_OPEN), int(Class.CORNER_CLOSE)
WHITE_OPEN, WHITE_CLOSE = int(Class.WHITE_CORNER_OPEN), int(Class.WHITE_CORNER_CLOSE)

P1, P2, P3 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
P4, P5 = np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5)
U1, U2, U7, U8, U11, U12, U18 = (np.uint64(n) for n in (1, 2, 7, 8, 11, 12, 18))
U16, U23, U24, U27, U29 = (np.uint64(n) for n in (16, 23, 24, 27, 29))
HIGH, ONES = np.uint64(0x8080808080808080), np.uint64(0x0101010101010101)
U31, U32, U33, U37, U41, U53, U56 = (np.uint64(n) for n in (31, 32, 33, 37, 41, 53, 56))


@helper
def _word32(data, i):
    return (
        np.uint64(data[i])
        | np.uint64(data[i + 1]) << U8
        | np.uint64(data[i + 2]) << U16
        | np.uint64(data[i + 3]) << U24
    )


@helper
def _word64(data, i):
    return _word32(data, i) | _word32(data, i + 4) << U32


@helper
def _round(accumulator, lane):
    accumulator += lane * P2
    return (accumulator << U31 | accumulator >> U33) * P1


@helper
def _merge(accumulator, lane):
    return (accumulator ^ _round(np.uint64(0), lane)) * P1 + P4


@inlined
def xxh64(data, start, end):
    """XxHash 64 of data[start:end], seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    i = start
    if end - start >= 32:
        v1, v2, v3, v4 = P1 + P2, P2, np.uint64(0), np.uint64(0) - P1
        while i + 32 <= end:
            v1 = _round(v1, _word64(data, i))
            v2 = _round(v2, _word64(data, i + 8))
            v3 = _round(v3, _word64(data, i + 16))
            v4 = _round(v4, _word64(data, i + 24))
            i += 32
        h = (v1 << U1 | v1 >> np.uint64(63)) + (v2 << U7 | v2 >> np.uint64(57))
        h += (v3 << U12 | v3 >> np.uint64(52)) + (v4 << U18 | v4 >> np.uint64(46))
        h = _merge(_merge(_merge(_merge(h, v1), v2), v3), v4)
    else:
        h = P5
    h += np.uint64(end - start)
    while i + 8 <= end:
        h ^= _round(np.uint64(0), _word64(data, i))
        h = (h << U27 | h >> U37) * P1 + P4
        i += 8
    if i + 4 <= end:
        h ^= _word32(data, i) * P1
        h = (h << U23 | h >> U41) * P2 + P3
        i += 4
    while i < end:
        h ^= np.uint64(data[i]) * P5
        h = (h << U11 | h >> U53) * P1
        i += 1
    h = (h ^ h >> U33) * P2
    h = (h ^ h >> U29) * P3
    return h ^ h >> U32


@inlined
def _tail(h, word, n):
    """Take in the last n < 8 bytes, the lowest of ``word``, and finish the hash.

    Without branches on n, which nothing predicts; the bytes of ``word`` from n on may be anything.
    """
    four = h ^ (word & np.uint64(0xFFFFFFFF)) * P1
    four = (four << U23 | four >> U41) * P2 + P3
    h = four if n & 4 else h
    word = word >> U32 if n & 4 else word
    for step in range(3):
        one = h ^ (word & np.uint64(0xFF)) * P5
        one = (one << U11 | one >> U53) * P1
        h = one if n & 3 > step else h
        word >>= U8
    h = (h ^ h >> U33) * P2
    h = (h ^ h >> U29) * P3
    return h ^ h >> U32


@helper
def _letters(word):
    """The high bit of each byte of a word without high bits that is an ASCII letter."""
    lower = word | np.uint64(0x2020202020202020)
    at_least_a = lower + np.uint64(0x1F1F1F1F1F1F1F1F)
    above_z = lower + np.uint64(0x0505050505050505)
    return at_least_a & ~above_z & HIGH


@helper
def _digits(word):
    """The same for digits."""
    return (word + np.uint64(0x5050505050505050)) & ~(word + np.uint64(0x4646464646464646)) & HIGH


@helper
def _leading(word, letters):
    """How many of the lowest bytes of a word are ASCII letters and digits: 0..8."""
    others = ~(letters | _digits(word & ~HIGH)) & HIGH | word & HIGH
    if others == 0:
        return 8
    below = (others & (~others + U1)) - U1
    return np.int64((below & ONES) * ONES >> U56) - 1


@inlined
def _decode(data, i, end):
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


@inlined
def _entry(data, i, end, page, entry):
    """Table entry of the code point at i and its length in bytes."""
    code, n = _decode(data, i, end)
    if code < 0:
        return np.int64(0), n
    return np.int64(entry[np.int64(page[code >> 8]) << 8 | code & 255]), n


@inlined
def _line_end(data, i, end):
    """Where the line that begins at i ends, and where the next one begins."""
    looked = i
    while i < end:
        if i >= looked and i + 8 <= end:  # eight bytes of nothing but printing ASCII
            word = _word64(data, i)
            if (word - np.uint64(0x0E0E0E0E0E0E0E0E) | word) & HIGH == 0:
                i += 8
                continue
            looked = i + 8
        b = data[i]
        if b > 13 and b != 0xC2 and b != 0xE2:
            i += 1
        elif 10 <= b <= 13:
            return i, i + 2 if b == 13 and i + 1 < end and data[i + 1] == 10 else i + 1
        elif b == 0xC2 and i + 1 < end and data[i + 1] == 0x85:
            return i, i + 2
        elif b == 0xE2 and i + 2 < end and data[i + 1] == 0x80 and data[i + 2] | 1 == 0xA9:
            return i, i + 3
        else:
            i += 1
    return end, end


@helper
def _trim(data, i, end, page, entry):
    """First and one past the last byte that shows of data[i:end]; equal if nothing does."""
    first = i
    while first < end:
        e, n = _entry(data, first, end, page, entry)
        if e & 31 not in (SPACE, IGNORABLE, DROPPED):
            break
        first += n
    last = end
    cut = np.int64(-1)  # end of the accents behind the character that may be the last
    while last > first:
        at = last - 1
        while at > first and data[at] & 0xC0 == 0x80 and last - at < 4:
            at -= 1
        e, n = _entry(data, at, last, page, entry)
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
def _measure(data, start, first, last, page, entry, most):
    """Width, indentation, length of the first word (columns) and last class of a line, data[first:last].

    Beyond ``most`` columns it looks no further.
    """
    column = indent = word = tail = np.int64(0)
    i = start
    while i < last and column <= most:
        tab = data[i] == 9
        shows = i >= first
        e, n = _entry(data, i, last, page, entry)
        i += n
        kind = e & 31
        if kind == IGNORABLE or kind == DROPPED:
            continue
        column += TAB if tab else 1
        if not shows:
            indent = column
        elif kind != SPACE:
            word += column - indent == word + 1  # no space since the first character
            tail = kind
    return column, indent, word, tail


@helper
def _wrap_width(data, start, end, page, entry):
    """Width a document was wrapped to by hand, or 0: see ``reference.wrap_width``."""
    i, widest, lines = start, np.int64(0), 0
    while i < end:
        stop, following = _line_end(data, i, end)
        first, last = _trim(data, i, stop, page, entry)
        if last > first:
            width, _, _, _ = _measure(data, i, first, last, page, entry, MAX_WIDTH)
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
        stop, following = _line_end(data, i, end)
        first, last = _trim(data, i, stop, page, entry)
        width = indent = np.int64(0)
        if last > first:
            width, indent, word, _ = _measure(data, i, first, last, page, entry, MAX_WIDTH)
            if before > 0 and indent < before_indent + INDENT:
                is_full = before + 1 + word > widest - FILL_SLACK
                pairs += is_full or lines > 1  # the first line's dateline may have been cut
                full += is_full
            lines += 1
        before, before_indent = width, indent
        i = following
    return widest if pairs > 0 and full >= FILL_SHARE * pairs else np.int64(0)


@helper
def _peek(data, i, end, page, entry):
    """Class of the next character at i that counts; SPACE at the end."""
    while i < end:
        e, n = _entry(data, i, end, page, entry)
        kind = e & 31
        if kind != IGNORABLE and kind != DROPPED:
            return kind
        i += n
    return np.int64(SPACE)


@helper
def _turn(quote, kind, before, after):
    """The quotation open after a mark, as the class that opened it, or 0: see ``reference.turn``."""
    if quote >= GUILLEMET_LEFT:
        closes = (
            (quote == GUILLEMET_LEFT and kind == GUILLEMET_RIGHT)
            or (quote == GUILLEMET_RIGHT and (kind == GUILLEMET_LEFT or kind == GUILLEMET_RIGHT))
            or (quote == CORNER_OPEN and kind == CORNER_CLOSE)
            or (quote == WHITE_OPEN and kind == WHITE_CLOSE)
        )
        return 0 if closes else quote
    word_before = WORD <= before <= MARK
    space_before = before == SPACE or before == LINE
    space_after = after == SPACE or after == LINE
    may_open = (space_before or before == OPENING) and not space_after
    orphan = quote == 0 and space_after and not space_before
    if kind == STRAIGHT:
        if word_before and WORD <= after <= MARK:
            return quote
        return STRAIGHT if quote == 0 and not orphan else 0
    if kind == LEFT:
        if quote == LOW or orphan or (quote == STRAIGHT and not may_open):
            return 0
        return LEFT
    if kind == RIGHT:
        return RIGHT if quote == 0 and may_open else 0
    if kind == LOW:
        return LOW
    if quote != 0:
        return quote
    if kind == GUILLEMET_LEFT:
        return 0 if word_before else GUILLEMET_LEFT
    if kind == GUILLEMET_RIGHT:
        return GUILLEMET_RIGHT if may_open else 0
    return kind if kind == CORNER_OPEN or kind == WHITE_OPEN else 0


@helper
def _last_single(data, start, end, page, entry):
    """Where the block's last closing ’ stands, one no letter follows; -1 without one."""
    last, i = np.int64(-1), start
    while i + 2 < end:
        if data[i] == 0xE2 and data[i + 1] == 0x80 and data[i + 2] == 0x99:
            if _peek(data, i + 3, end, page, entry) != WORD:
                last = i
            i += 3
        else:
            i += 1
    return last


@inlined
def _tokenize_block(data, start, stop, base, page, entry, pool, scratch, t, hashes, starts, ends, flags):
    """Write the tokens of data[start:stop] from number t on; gives the number after the last."""
    token = 0  # 0 none is open, 1 a word, 2 a character
    at = token_at = chain_at = 0  # scratch: where to write, where the token and the chain begin
    token_start = token_end = start
    token_flags = code_points = 0
    head = last = np.int64(0)  # classes of the token's first and last character
    pending = np.int64(0)  # class of a mark that joins if its other side fits
    gap = 0  # since the last token: 0 nothing, 1 one dot, 2 anything else
    chain = linked = (
        False  # the last token is single letters with dots between; this one follows a chain and a dot
    )
    before = np.int64(SPACE)
    quote = 0
    single = False
    last_single = np.int64(-2)  # not looked for yet
    i = start
    whole = len(data) - 16
    while True:
        if token == 0 and i < stop and i <= whole:  # a word of ASCII, up to 15 bytes: nearly all of them
            word = _word64(data, i)
            letters = _letters(word & ~HIGH)
            size = _leading(word, letters)
            folded = word | (letters >> U2)
            more = np.uint64(0)
            if size == 8:
                more = _word64(data, i + 8)
                letters = _letters(more & ~HIGH)
                size += _leading(more, letters)
                more |= letters >> U2
            size = min(size, stop - i)
            behind = i + size
            kind = np.int64(SPACE) if behind == stop else np.int64(entry[data[behind] & 127]) & 31
            closes = kind <= LINE or kind == OPENING or kind == STRAIGHT
            if not closes and (kind == DOT or kind == COMMA):
                closes = data[behind - 1] > 57  # behind a figure they may belong to it
            if 1 < size < 16 and closes and (behind == stop or data[behind] < 128):
                h = P5 + np.uint64(size)
                if size >= 8:
                    h ^= _round(np.uint64(0), folded)
                    h = (h << U27 | h >> U37) * P1 + P4
                    folded = more
                hashes[t] = _tail(h, folded, size & 7)
                starts[t] = i - base
                ends[t] = behind - base
                flags[t] = (QUOTED_FLAG if quote != 0 or single else 0) | (
                    NUMBER_FLAG if data[i] <= 57 else 0
                )
                t += 1
                chain = False
                gap = 0
                before = np.int64(WORD)  # or a digit: both the same to what follows
                i = behind
                if i < stop and data[i] == 32:
                    gap = 2
                    before = np.int64(SPACE)
                    i += 1
                continue
        n = 1
        e = np.int64(SPACE)
        if i < stop:
            if data[i] < 0x80:
                e = np.int64(entry[data[i]])
            else:
                e, n = _entry(data, i, stop, page, entry)
        kind = e & 31
        if kind == IGNORABLE:
            i += n
            continue
        if kind == DROPPED:
            i += n
            if token != 0 and pending == 0:
                token_end = i
            continue

        joins = waits = False
        if kind == WORD:
            joins = token == 1 and (pending == 0 or pending == APOSTROPHE)
        elif kind == DIGIT:
            joins = token == 1 and pending != APOSTROPHE
        elif kind == MARK:
            joins = token != 0 and pending == 0
        elif APOSTROPHE <= kind <= COMMA:
            waits = token == 1 and pending == 0 and (kind <= SINGLE_RIGHT or last == DIGIT)

        if token != 0 and not joins and not waits:
            letter = token == 1 and code_points == 1 and head == WORD
            if linked and letter:  # the chain grows: its token is written again
                t -= 1
            else:
                starts[t] = token_start - base
                flags[t] = token_flags
                chain, chain_at = letter, token_at
            hashes[t] = xxh64(scratch, chain_at, at)
            ends[t] = token_end - base
            t += 1
            token = 0
            gap = 2 if pending != 0 else 0
            pending = np.int64(0)

        if WORD <= kind <= MARK:
            if not joins:
                token = 2 if kind == CHARACTER else 1
                linked = chain and gap == 1
                at = at if linked else 0
                token_at, token_start, head, code_points = at, i, kind, 0
                token_flags = QUOTED_FLAG if quote != 0 or single else 0
                token_flags |= CHARACTER_FLAG if token == 2 else 0
                token_flags |= NUMBER_FLAG if kind == DIGIT else 0
            elif pending == DOT or pending == COMMA:
                scratch[at] = 46 if pending == DOT else 44
                at += 1
                code_points += 1
            pending = np.int64(0)
            if data[i] < 0x80:
                while True:  # a run of ASCII letters and digits
                    b = data[i]
                    scratch[at] = b | 0x20 if 65 <= b <= 90 else b
                    at += 1
                    i += 1
                    code_points += 1
                    if i >= stop or data[i] >= 0x80:
                        break
                    next_kind = np.int64(entry[data[i]]) & 31
                    if next_kind != WORD and next_kind != DIGIT:
                        break
                    kind = next_kind
            else:
                length = e >> 5 & 127
                if length == IDENTITY:
                    for j in range(n):
                        scratch[at + j] = data[i + j]
                    at += n
                    code_points += 1
                else:
                    place = e >> 12
                    for j in range(length):
                        b = pool[place + j]
                        scratch[at + j] = b
                        code_points += b & 0xC0 != 0x80
                    at += length
                i += n
            token_end = i
            last = before = kind
            continue

        if i >= stop:
            return t
        if waits:
            pending = kind if kind > SINGLE_RIGHT else np.int64(APOSTROPHE)
        else:
            gap = 1 if gap == 0 and kind == DOT else 2
        if kind >= STRAIGHT:
            quote = _turn(quote, kind, before, _peek(data, i + n, stop, page, entry))
        elif kind == SINGLE_LEFT and not WORD <= before <= MARK:
            after = _peek(data, i + n, stop, page, entry)
            if after == WORD or after == CHARACTER:
                if last_single == -2:
                    last_single = _last_single(data, start, stop, page, entry)
                single = single or last_single > i
        elif kind == SINGLE_RIGHT and single:
            single = _peek(data, i + n, stop, page, entry) == WORD
        before = kind
        i += n


_BYTES, _COUNTS, _PLACES = out(types.uint8), out(types.int64), out(types.uint32)


@kernel(
    types.void(
        *(const(types.uint8), const(types.int64)),
        *(const(types.uint16), const(types.uint32), const(types.uint8), _BYTES),
        *(_COUNTS, out(types.uint64), _PLACES, _PLACES, _BYTES),
        *(_COUNTS, _COUNTS, _PLACES, _PLACES),
    )
)
def tokenize(
    data,
    offsets,
    page,
    entry,
    pool,
    scratch,
    token_offsets,
    hashes,
    starts,
    ends,
    flags,
    block_offsets,
    block_first,
    block_start,
    block_end,
):
    """Tokenize documents data[offsets[d]:offsets[d + 1]]; fills what stands from ``token_offsets`` on.

    ``scratch`` holds the folded form of the longest block, the outputs a token and a block for every other
    byte.
    """
    t = blocks = 0
    token_offsets[0] = block_offsets[0] = block_first[0] = 0
    for d in range(len(offsets) - 1):
        base, end = offsets[d], offsets[d + 1]
        wrapped = _wrap_width(data, base, end, page, entry)
        i = base
        open_at = close_at = np.int64(-1)  # the block that is being gathered
        before = before_indent = tail = np.int64(0)
        lines = 0
        while True:
            stop, following = _line_end(data, i, end)
            first, last = _trim(data, i, stop, page, entry)
            width = indent = line_tail = np.int64(0)
            ends_block = True
            if wrapped > 0 and last > first:
                width, indent, word, line_tail = _measure(data, i, first, last, page, entry, MAX_WIDTH)
                if before > 0 and indent < before_indent + INDENT:
                    short = before + 1 + word < SHORT_SHARE * wrapped
                    ends_block = short and (lines > 1 or not (WORD <= tail <= MARK or tail == COMMA))
            if open_at >= 0 and (ends_block or i >= end):
                block_start[blocks], block_end[blocks] = open_at - base, close_at - base
                t = _tokenize_block(
                    data, open_at, close_at, base, page, entry, pool, scratch, t, hashes, starts, ends, flags
                )
                blocks += 1
                block_first[blocks] = t
                open_at = np.int64(-1)
            if i >= end:
                break
            if last > first:
                open_at = first if open_at < 0 else open_at
                close_at = last
                lines += 1
            before, before_indent, tail = width, indent, line_tail
            i = following
        token_offsets[d + 1] = t
        block_offsets[d + 1] = blocks
