"""Compiled tokenizer: one pass over raw UTF-8 gives blocks, tokens, hashes and quotation flags.

The rules are told in :mod:`dedup.tokens`, their obvious form is :mod:`dedup.kernels.reference`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.folding import IDENTITY
from dedup.kernels._jit import (
    bytes_between,
    const,
    inlined,
    kernel,
    load64,
    ones,
    out,
    trailing_zeros,
)
from dedup.kernels.characters import (
    APOSTROPHE,
    CHARACTER,
    COMMA,
    DIGIT,
    DOT,
    DROPPED,
    IGNORABLE,
    LINE,
    MARK,
    OPENING,
    SINGLE_LEFT,
    SINGLE_RIGHT,
    SPACE,
    STRAIGHT,
    WORD,
    look_up,
    peek,
)
from dedup.kernels.constants import (
    CHARACTER_FLAG,
    INDENT,
    MAX_WIDTH,
    NUMBER_FLAG,
    QUOTED_FLAG,
    SHORT_SHARE,
)
from dedup.kernels.entities import AMPERSAND, find_entity, next_ampersand
from dedup.kernels.hashing import hash_bytes, hash_short
from dedup.kernels.lines import line_end, line_ends, measure, trim, wrap_width
from dedup.kernels.numbers import has_numbers, join_numbers
from dedup.kernels.quotes import doubled, last_single, turn

__all__ = ["count_characters", "places_in_characters", "room", "tokenize"]

U0, U1, U2, U4, U8, U63 = (np.uint64(n) for n in (0, 1, 2, 4, 8, 63))
FIRST, NINE = np.uint64(0xFF), np.uint64(ord("9"))
SMALL = np.uint64(0x2020202020202020)  # makes capitals small letters and leaves digits as they are
UNHASHED = 128  # flag of a plain word whose first eight bytes stand where its hash will


@inlined
def _may_be_plain(byte):
    """Whether plain words may follow from this byte on: ASCII, or the first of a quotation mark or dash."""
    return byte <= 0xC2 or byte == 0xE2


@inlined
def _letters(data, i):
    return bytes_between(data, i, 65, 90) | bytes_between(data, i, 97, 122)


@inlined
def _plain_words(data, i, room):
    """Words of up to 15 ASCII letters and digits among the next 64 bytes: nearly all of most languages.

    Five uint64; bit j speaks of data[i + j]: where words begin; where they end; straight quotation marks;
    other characters than ASCII; and where to halt. That is: at both of these, at the end of the text
    (``room``), at the last bit, behind a word that may go on after a dot, comma or apostrophe, before a
    longer word, and at two signs that stand for a quotation mark.
    """
    inside = (U1 << np.uint64(room) if room < 64 else U0) - U1
    letters = _letters(data, i) & inside
    digits = bytes_between(data, i, 48, 57) & inside
    foreign = bytes_between(data, i, 0x80, 0xFF) & inside
    marks = bytes_between(data, i, 34, 34)
    dots = bytes_between(data, i, 46, 46)
    words = letters | digits
    first, behind = words & ~(words << U1), ~words & words << U1
    commas = bytes_between(data, i, 44, 44)
    quotes, graves = bytes_between(data, i, 39, 39), bytes_between(data, i, 96, 96)
    joins = (quotes | graves) & (letters | foreign) >> U1
    joins |= (dots | commas) & digits << U1 & (digits | foreign) >> U1
    joins |= dots & (first & letters & ~(words >> U1)) << U1
    long = words & words >> U1
    long &= long >> U2
    long &= long >> U4
    long &= long >> U8
    doubles = (commas & commas >> U1 | quotes & quotes >> U1 | graves & graves >> U1) & inside
    halts = behind & joins | first & long | foreign | marks | doubles | U1 << np.uint64(min(room, 63))
    return first, behind, marks, foreign, halts


@inlined
def _write(data, i, base, first, ready, flag, t, hashed, hashes, more, starts, ends, flags):
    """Write the plain words that end at the bits ``ready``, unhashed; give what is left of ``first``, t."""
    u = np.uint64(t)  # unsigned, so that no index is looked at for being negative
    place = np.uint64(t - hashed)
    while ready != U0:
        begin = trailing_zeros(first)
        size = trailing_zeros(ready) - begin
        first &= first - U1
        ready &= ready - U1
        at = i + begin
        word = load64(data, at) | SMALL
        hashes[u] = word
        more[place] = load64(data, at + 8) | SMALL
        starts[u] = at - base
        ends[u] = at - base + size
        flags[u] = flag | (NUMBER_FLAG if word & FIRST <= NINE else 0) | UNHASHED
        u += U1
        place += U1
    return first, np.int64(u)


@inlined
def _hash(hashed, t, hashes, more, starts, ends, flags):
    """Hash the plain words among the tokens hashed:t; ``more`` holds what follows their first eight bytes.

    No branch, and no index that might be negative: the compiler makes vector instructions of it, which hash
    a word in half the time.
    """
    for k in range(np.uint64(min(t - hashed, len(more)))):
        u = np.uint64(hashed) + k
        h = hash_short(hashes[u], more[k], np.uint64(ends[u] - starts[u]))
        hashes[u] = h if flags[u] & UNHASHED else hashes[u]
        flags[u] &= UNHASHED - 1


@inlined
def _tokenize_block(
    data, start, stop, base, page, entry, pool, scratch, t, hashed, hashes, more, starts, ends, flags
):
    """Write the tokens of data[start:stop] from number t on; gives the number after the last.

    Those before ``hashed`` are hashed; gives the number of those that are, too.
    """
    token = 0  # 0 none is open, 1 a word, 2 a character
    at = token_at = chain_at = np.int64(0)  # scratch: where to write, where the token and the chain begin
    token_start = token_end = start
    token_flags = code_points = 0
    head = last = np.int64(0)  # classes of the token's first and last character
    pending = np.int64(0)  # class of a mark that joins if its other side fits
    gap = 0  # since the last token: 0 nothing, 1 one dot, 2 anything else
    chain = linked = (
        False  # the last token is single letters with dots between; this one follows a chain and a dot
    )
    before = np.int64(SPACE)
    quote = np.int64(0)
    single = False
    single_end = np.int64(-2)  # not looked for yet
    i = start
    whole = len(data) - 80
    while True:
        if token == 0 and i < stop and i <= whole and (gap == 2 or not chain) and _may_be_plain(data[i]):
            if t - hashed > len(more) - 64:
                _hash(hashed, t, hashes, more, starts, ends, flags)
                hashed = t
            room = stop - i
            first, behind, marks, foreign, halts = _plain_words(data, i, room)
            done = np.int64(0)
            while True:
                place = trailing_zeros(halts)
                halt = U1 << np.uint64(place)
                here, beyond, kind = i + place, i + place + 1, np.int64(STRAIGHT)
                closes = place == room or marks & halt != U0
                if place < room and foreign & halt != U0:
                    e, n = look_up(data, here, stop, page, entry)
                    beyond, kind = here + n, e & 31
                    closes = kind <= LINE or kind >= OPENING
                    if kind == SINGLE_RIGHT and not single:
                        closes = beyond == stop or (data[beyond] < 128 and entry[data[beyond]] & 31 != WORD)
                ready = behind & (halt - U1 | (halt if closes else U0))
                behind &= ~ready
                flag = QUOTED_FLAG if quote != 0 or single else 0
                first, t = _write(
                    data, i, base, first, ready, flag, t, hashed, hashes, more, starts, ends, flags
                )
                if not closes or place == room:
                    break
                if kind >= STRAIGHT:
                    if place > done:
                        before = np.int64(entry[data[here - 1] & 127]) & 31
                    quote = turn(quote, kind, before, peek(data, beyond, stop, page, entry))
                before = kind
                done = beyond - i
                if done > 62:
                    break
                halts &= U0 - (U1 << np.uint64(done))
            reached = max(done, min(place, trailing_zeros(first)))
            if reached > done:
                before = np.int64(entry[data[i + reached - 1] & 127]) & 31
            if reached > 0:
                i += reached
                chain = False
                gap = 2
                if place == 63 or done > place:
                    continue
        n = 1
        e = np.int64(SPACE)
        if i < stop:
            if data[i] < 0x80:
                e = np.int64(entry[data[i]])
            else:
                e, n = look_up(data, i, stop, page, entry)
        kind = e & 31
        if kind == APOSTROPHE or kind == COMMA:
            mark = doubled(data, i, stop)
            if mark != 0:
                kind, n = np.int64(mark), 2
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
            hashes[t] = hash_bytes(scratch, chain_at, at)
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
            return t, hashed
        if waits:
            pending = kind if kind > SINGLE_RIGHT else np.int64(APOSTROPHE)
        else:
            gap = 1 if gap == 0 and kind == DOT else 2
        if kind >= STRAIGHT:
            quote = turn(quote, kind, before, peek(data, i + n, stop, page, entry))
        elif kind == SINGLE_LEFT and not WORD <= before <= MARK:
            after = peek(data, i + n, stop, page, entry)
            if after == WORD or after == CHARACTER:
                if single_end == -2:
                    single_end = last_single(data, start, stop, page, entry)
                single = single or single_end > i
        elif kind == SINGLE_RIGHT and single:
            single = peek(data, i + n, stop, page, entry) == WORD
        before = kind
        i += n


@kernel(
    types.UniTuple(types.int64, 3)(
        const(types.uint8), const(types.int64), const(types.uint64), const(types.uint32)
    )
)
def room(data, offsets, names, codes):
    """How many tokens, blocks and character references data[offsets[0]:offsets[-1]] has at most.

    For most text that is close, and a page of memory too many costs more than counting: 1.8 ns a token. Of
    references it is their number, but for those that the end of a document cuts: texts without one are read
    where they are.
    """
    tokens = blocks = len(offsets) - 1
    entities = 0
    i, stop = offsets[0], offsets[-1]
    carry = ampersands = U0
    while i + 66 <= stop:
        words = (
            bytes_between(data, i, 48, 57) | bytes_between(data, i, 65, 90) | bytes_between(data, i, 97, 122)
        )
        tokens += ones(words & ~(words << U1 | carry)) + ones(bytes_between(data, i, 0xC0, 0xFF))
        blocks += ones(line_ends(data, i))
        carry = words >> U63
        ampersands |= bytes_between(data, i, AMPERSAND, AMPERSAND)
        i += 64
    at = offsets[0] if ampersands != U0 else i
    while at < stop:
        at = next_ampersand(data, at, stop)
        entities += at < stop and find_entity(data, at, stop, names, codes)[0] != 0
        at += 1
    return tokens + stop - i, blocks + stop - i, entities


@kernel(types.void(const(types.uint8), const(types.int64), const(types.int64), out(types.int64)))
def count_characters(data, start, stop, counts):
    """Count the characters that begin in data[start[s]:stop[s]]."""
    for s in range(len(start)):
        counts[s] = 0
        for byte in data[start[s] : stop[s]]:
            counts[s] += byte & 0xC0 != 0x80


@kernel(
    types.void(
        *(const(types.uint8), const(types.int64), const(types.int64)),
        *(types.Array(types.uint32, 2, "C", readonly=True), out(types.uint32)),
        types.Array(types.int64, 2, "C"),
    )
)
def places_in_characters(data, offsets, document, places, scratch, characters):
    """Places in the UTF-8 of documents as places in their characters.

    Args:
        data: uint8, UTF-8 of all documents.
        offsets: int64[n+1], where each begins in data.
        document: int64[p]; quickest where those of one document stand together.
        places: uint32[p, k], bytes from its beginning, each the first of a character, or its end.
        scratch: uint32, as long as the longest document: where bytes are that begin no character.
        characters: int64[p, k], filled.
    """
    its, found = np.int64(-1), 0
    for p in range(len(document)):
        if document[p] != its:
            its, found = document[p], 0
            begin, end = offsets[its], offsets[its + 1]
            i = begin
            while i < end:
                if i + 64 <= len(data) and bytes_between(data, i, 0x80, 0xBF) == U0:
                    i += 64
                    continue
                for at in range(i, min(i + 64, end)):
                    scratch[found] = at - begin
                    found += data[at] & 0xC0 == 0x80
                i += 64
        for k in range(places.shape[1]):
            low, high = 0, found
            while low < high:
                middle = (low + high) >> 1
                if scratch[middle] < places[p, k]:
                    low = middle + 1
                else:
                    high = middle
            characters[p, k] = np.int64(places[p, k]) - low


_BYTES, _COUNTS, _PLACES = out(types.uint8), out(types.int64), out(types.uint32)


@kernel(
    types.void(
        *(const(types.uint8), const(types.int64)),
        *(const(types.uint16), const(types.uint32), const(types.uint8), _BYTES, out(types.uint64)),
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
    more,
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

    ``scratch`` holds the folded form of the longest block and eight bytes more, the outputs what :func:`room`
    says. ``more`` has room for some of the words that are hashed together, and 64 more.
    """
    t = hashed = blocks = np.int64(0)  # a plain 0 has a type of its own: helpers would be compiled twice
    token_offsets[0] = block_offsets[0] = block_first[0] = 0
    for d in range(len(offsets) - 1):
        base, end = offsets[d], offsets[d + 1]
        wrapped = wrap_width(data, base, end, page, entry)
        i = base
        open_at = close_at = np.int64(-1)  # the block that is being gathered
        before = before_indent = tail = np.int64(0)
        lines = 0
        while True:
            stop, following = line_end(data, i, end)
            first, last = trim(data, i, stop, page, entry)
            width = indent = line_tail = np.int64(0)
            ends_block = True
            if wrapped > 0 and last > first:
                width, indent, word, line_tail = measure(data, i, first, last, page, entry, MAX_WIDTH)
                if before > 0 and indent < before_indent + INDENT:
                    short = before + 1 + word < SHORT_SHARE * wrapped
                    ends_block = short and (lines > 1 or not (WORD <= tail <= MARK or tail == COMMA))
            if open_at >= 0 and (ends_block or i >= end):
                block_start[blocks], block_end[blocks] = open_at - base, close_at - base
                # fmt: off
                t, hashed = _tokenize_block(
                    data, open_at, close_at, base, page, entry, pool, scratch,
                    t, hashed, hashes, more, starts, ends, flags,
                )
                # fmt: on
                if has_numbers(flags, block_first[blocks], t):
                    _hash(hashed, t, hashes, more, starts, ends, flags)
                    # fmt: off
                    t = hashed = join_numbers(
                        data, base, block_first[blocks], t, page, entry, pool, scratch,
                        hashes, starts, ends, flags,
                    )
                    # fmt: on
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
    _hash(hashed, t, hashes, more, starts, ends, flags)
