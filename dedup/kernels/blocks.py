"""Loops over the token stream for :mod:`dedup.boilerplate`: shapes, cues, tallies of units, best paths.

A *unit* is a run of tokens that is decided on as one: a block, or a sentence of a long one. Each loop has
its obvious counterpart in :mod:`dedup.kernels.reference_blocks`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import LABELS, best_step, const, helper, inlined, kernel, out
from dedup.kernels.constants import CHARACTER_FLAG, MIX
from dedup.kernels.signs import (
    AS_CAPITALS,
    AS_NAME,
    ASCII,
    AT,
    CAPITALS,
    CLOSE,
    CLOSES,
    COLON,
    COLON_FOLLOWS,
    COMMA,
    COPYRIGHT,
    DASH,
    ELLIPSIS,
    HEAD,
    IN_PARENTHESES,
    LOWER,
    MARK,
    N_AT,
    N_BYTES,
    N_CAPITALS,
    N_CHARACTER,
    N_COLON,
    N_COMMA,
    N_COPYRIGHT,
    N_DASH,
    N_GLUE,
    N_LOWER,
    N_MARK,
    N_NUMBER,
    N_OPEN,
    N_QUESTION,
    N_QUOTED,
    N_SLASH,
    N_STOP,
    N_TOKENS,
    N_UPPER,
    N_YEAR,
    NUMBER,
    OPEN,
    OPENS,
    OTHER,
    PAIR_SHIFT,
    QUESTION,
    QUOTE,
    SINGLE,
    SLASH,
    SPACE,
    STOP,
    UPPER,
    WIDE,
    YEAR,
)
from dedup.kernels.traits import KEYWORD_BYTES, KEYWORD_NAME, KINDS_OF_FURNITURE

__all__ = ["best_paths", "cut_units", "hash_units", "match", "read_cues", "shapes", "tally"]

i1, u1, i4, u4, i8, u8, f4 = (
    types.int8,
    types.uint8,
    types.int32,
    types.uint32,
    types.int64,
    types.uint64,
    types.float32,
)
u2 = types.uint16

_M = np.uint64(MIX)


@inlined
def _decode(data, at, end):
    """Code point at byte ``at`` and its length in bytes; data is valid UTF-8."""
    b = data[at]
    if b < 0x80:
        return np.int64(b), np.int64(1)
    if b < 0xE0 and at + 1 < end:
        return np.int64((b & 0x1F) << 6 | data[at + 1] & 0x3F), np.int64(2)
    if b < 0xF0 and at + 2 < end:
        return np.int64((b & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F), np.int64(3)
    return np.int64(0x10000), np.int64(4)


@inlined
def _case(cp):
    """1 for a capital, 2 for a small letter, 0 without case; Latin, Greek, Cyrillic and full width."""
    if cp < 0x80:
        return np.int64(1) if 65 <= cp <= 90 else (np.int64(2) if 97 <= cp <= 122 else np.int64(0))
    if 0xC0 <= cp <= 0xFF:
        return np.int64(0) if cp == 0xD7 or cp == 0xF7 else (np.int64(1) if cp < 0xDF else np.int64(2))
    if 0x100 <= cp <= 0x17F:
        odd_is_capital = 0x139 <= cp <= 0x148 or 0x179 <= cp <= 0x17E
        return np.int64(1) if (cp & 1 == 1) == odd_is_capital else np.int64(2)
    if 0x386 <= cp <= 0x3AB:
        return np.int64(1)
    if 0x3AC <= cp <= 0x3CE:
        return np.int64(2)
    if 0x400 <= cp <= 0x42F:
        return np.int64(1)
    if 0x430 <= cp <= 0x45F:
        return np.int64(2)
    if 0x460 <= cp <= 0x52F or 0x1E00 <= cp <= 0x1EFF:
        return np.int64(1) if cp & 1 == 0 else np.int64(2)
    if 0xFF21 <= cp <= 0xFF3A:
        return np.int64(1)
    if 0xFF41 <= cp <= 0xFF5A:
        return np.int64(2)
    return np.int64(0)


@helper
def _sign(cp):
    """Bits of one character beyond ASCII that stands between tokens."""
    if cp == 0xA0 or cp == 0x3000 or 0x2000 <= cp <= 0x200B or cp == 0x202F:
        return np.int64(SPACE)
    if cp == 0xA9:
        return np.int64(COPYRIGHT)
    if cp == 0xAB or cp == 0xBB or 0x2018 <= cp <= 0x201F or cp == 0x2039 or cp == 0x300C or cp == 0x300D:
        return np.int64(QUOTE)
    if cp == 0x2026:
        return np.int64(STOP | ELLIPSIS)
    if cp == 0x06D4 or cp == 0x0964 or cp == 0x0589 or cp == 0x1362:  # Urdu, Hindi, Armenian, Amharic
        return np.int64(STOP)
    if cp == 0x061F:
        return np.int64(STOP | QUESTION)
    if cp == 0x3002 or cp == 0xFF01 or cp == 0xFF0E or cp == 0x104B or cp == 0x17D4:  # Burmese, Khmer
        return np.int64(STOP | WIDE)
    if cp == 0xFF1F:
        return np.int64(STOP | QUESTION | WIDE)
    if cp == 0x060C or cp == 0x3001 or cp == 0xFF0C:
        return np.int64(COMMA)
    if cp == 0xFF1A:
        return np.int64(COLON)
    if 0x2010 <= cp <= 0x2015 or cp == 0x2212:
        return np.int64(DASH)
    if cp == 0xFF08 or cp == 0x3010 or cp == 0x3014:
        return np.int64(OPEN)
    if cp == 0xFF09 or cp == 0x3011 or cp == 0x3015:
        return np.int64(CLOSE)
    if cp == 0xFF0F:
        return np.int64(SLASH)
    if cp == 0xB7 or cp == 0x2022 or cp == 0x203A or 0x2190 <= cp <= 0x21FF or 0x25A0 <= cp <= 0x27BF:
        return np.int64(MARK)
    return np.int64(OTHER)


_ASCII = np.array([ASCII.get(chr(byte), OTHER) for byte in range(0x80)], np.int64)


@inlined
def _gap(data, at, end):
    """Bits of everything in data[at:end]."""
    bits = np.int64(0)
    dots = 0
    while at < end:
        if data[at] < 0x80:
            bits |= _ASCII[data[at]]
            dots = dots + 1 if data[at] == 46 else 0
            at += 1
        else:
            cp, size = _decode(data, at, end)
            bits |= _sign(cp)
            dots = 0
            at += size
        if dots == 3:
            bits |= ELLIPSIS
    return bits


@helper
def _capitals(data, at, end):
    """``CAPITALS`` if there is no small letter in data[at:end]."""
    while at < end:
        cp, size = _decode(data, at, end)
        if _case(cp) == 2:
            return np.int64(0)
        at += size
    return np.int64(CAPITALS)


_1900, _2000 = (int.from_bytes(century, "big") for century in (b"19", b"20"))


@inlined
def _keyword(tokens, flags, look, size, t, last):
    """Token t as a word of the subject: half its hash, in scripts without spaces a pair's; 0 if it is none.

    Without a branch, as nothing predicts which words are long.
    """
    if flags[t] & CHARACTER_FLAG != 0:
        if t + 1 < last and flags[t + 1] & CHARACTER_FLAG != 0:
            return u4((tokens[t] ^ (tokens[t + 1] << np.uint64(1))) >> np.uint64(32)) | u4(1)
        return u4(0)
    least = KEYWORD_BYTES if look & UPPER == 0 else KEYWORD_NAME
    tells = u4(look & NUMBER == 0) & u4(size >= least)
    return (u4(tokens[t] >> np.uint64(32)) | u4(1)) * tells


@kernel(
    types.void(
        *(const(t) for t in (u1, i8, i8, i8, u4, u4, u8, u1, u4, u4)),
        *(out(u1), out(u2), out(u2), out(u4)),
    )
)
def shapes(
    data,
    text_at,
    block_offsets,
    block_first,
    block_start,
    block_end,
    tokens,
    flags,
    start,
    end,
    shape,
    before,
    after,
    keyword,
):
    """Fill what each token looks like, what stands before and after it within its block, and keywords.

    Args:
        data: uint8, UTF-8 of all texts.
        text_at: int64[n], where each text begins in data.
        block_offsets: int64[n+1], blocks of a document.
        block_first: int64[B+1], tokens of a block.
        block_start: uint32[B], byte in the text.
        block_end: uint32[B], byte in the text.
        tokens: uint64[T], hashes.
        flags: uint8[T].
        start: uint32[T], byte in the text.
        end: uint32[T], byte in the text.
        shape: uint8[T], filled.
        before: uint16[T], filled.
        after: uint16[T], filled.
        keyword: uint32[T], filled: half the hash of a long word or a name, of a pair of characters; 0 for
            any other token.
    """
    for doc in range(block_offsets.shape[0] - 1):
        base = text_at[doc]
        for block in range(block_offsets[doc], block_offsets[doc + 1]):
            at = base + np.int64(block_start[block])
            last = block_first[block + 1]
            for t in range(block_first[block], last):
                token = base + np.int64(start[t])
                stop = base + np.int64(end[t])
                space = token == at + 1 and data[at] == 32  # mostly it is one
                bits = np.uint16(SPACE) if space else np.uint16(_gap(data, at, token))
                before[t] = bits
                if t > block_first[block]:
                    after[t - 1] = bits
                at = stop
                first = np.int64(data[token])
                if first < 0x80:  # without a branch: nothing predicts which words are names
                    size = np.int64(1)
                    look = np.int64(first >= 65) * np.int64(first <= 90) * UPPER
                    look |= np.int64(first >= 97) * np.int64(first <= 122) * LOWER
                    look |= np.int64(first >= 48) * np.int64(first <= 57) * NUMBER
                else:
                    cp, size = _decode(data, token, stop)
                    case = _case(cp)
                    look = UPPER if case == 1 else (LOWER if case == 2 else 0)
                if token + size == stop:
                    look |= SINGLE
                elif (
                    look & UPPER != 0 and not 97 <= data[token + size] <= 122
                ):  # mostly a small letter follows
                    look |= _capitals(data, token + size, stop)
                elif look & NUMBER != 0 and stop - token == 4:
                    century = np.int64(data[token]) << 8 | np.int64(data[token + 1])
                    if century == _1900 or century == _2000:
                        look |= YEAR
                shape[t] = look
                keyword[t] = _keyword(tokens, flags, look, stop - token, t, last)
            if last > block_first[block]:
                after[last - 1] = np.uint16(_gap(data, at, base + np.int64(block_end[block])))


@inlined
def _among(known, value):
    """Whether an ascending array holds a value."""
    low = 0
    high = known.shape[0]
    while low < high:
        middle = (low + high) // 2
        if known[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low < known.shape[0] and known[low] == value


@inlined
def _has_capital(shape):
    """Whether one of some tokens begins with a capital."""
    for look in shape:  # noqa: SIM110, numba compiles no generator
        if look & UPPER != 0:
            return True
    return False


@inlined
def _ends_sentence(tokens, shape, after, abbreviations, months, cased, t, last):
    """Whether a sentence ends after token t in a block that ends at ``last``, and has capitals or not."""
    if after[t] & WIDE != 0 or t + 1 == last:
        return True
    if after[t] & STOP == 0 or after[t] & SPACE == 0 or (cased and shape[t + 1] & LOWER != 0):
        return False
    if after[t] & CLOSE != 0 and after[t] & DASH != 0:
        return False
    if shape[t] & SINGLE != 0 and shape[t] & (UPPER if cased else LOWER) != 0:
        return False
    if shape[t] & NUMBER != 0 and _among(months, tokens[t + 1]):
        return False
    return not _among(abbreviations, tokens[t])


@kernel(
    i8(
        *(const(t) for t in (u8, u1, u2, i8, i8, types.boolean, i8, u8, u8)),
        *(out(i8), out(i8), out(i8), out(i8)),
    )
)
def cut_units(
    tokens,
    shape,
    after,
    block_offsets,
    block_first,
    cut,
    dated,
    abbreviations,
    months,
    offsets,
    opens,
    closes,
    block,
):
    """Make a unit of every block that holds a token, or of each of its sentences.

    A full stop, mark of question or exclamation, or an ellipsis ends a sentence where white space and then
    a capital, a figure or a script without case follow, and what stands before it is no initial, no
    abbreviation and no day before its month ("2. März"), and no bracket and dash are with it, as where a
    dateline ends ("Madrid, 2 mar (EFE).-"). In a block without any capital, of a corpus in small
    letters, a small one follows as well.

    Args:
        tokens: uint64[T], token hashes.
        shape: uint8[T], of :func:`shapes`.
        after: uint16[T], likewise.
        block_offsets: int64[n+1], blocks of a document.
        block_first: int64[B+1], tokens of a block.
        cut: bool[B], blocks to cut into sentences.
        dated: int64[D], ascending, tokens a unit begins with in any block.
        abbreviations: uint64[A], ascending, hashes of words a full stop does not end a sentence after.
        months: uint64[M], ascending, hashes of their names.
        offsets: int64[n+1], filled with units of a document.
        opens: int64[U], filled with the first token of each unit; U is at least what is returned.
        closes: int64[U], filled with one past its last.
        block: int64[U], filled with its block.

    Returns:
        How many units there are.
    """
    found = 0
    date = 0
    offsets[0] = 0
    for doc in range(block_offsets.shape[0] - 1):
        for b in range(block_offsets[doc], block_offsets[doc + 1]):
            last = block_first[b + 1]
            begin = block_first[b]
            cased = cut[b] and _has_capital(shape[begin:last])
            while begin < last:
                while date < dated.shape[0] and dated[date] <= begin:
                    date += 1
                end = min(last, dated[date]) if date < dated.shape[0] else last
                if cut[b]:
                    t = begin
                    while t + 1 < end and not _ends_sentence(
                        tokens, shape, after, abbreviations, months, cased, t, last
                    ):
                        t += 1
                    end = t + 1
                opens[found] = begin
                closes[found] = end
                block[found] = b
                found += 1
                begin = end
        offsets[doc + 1] = found
    return found


@inlined
def _has_bit(bits, value):
    """Whether the bit of the low bits of a value is set in a filter; its size is a power of two."""
    place = value & np.uint64(8 * bits.shape[0] - 1)
    return bits[place >> np.uint64(3)] >> (place & np.uint64(7)) & 1 != 0


@kernel(i8(*(const(t) for t in (u8, u1, i8, u8, i4, u1, u1, u1)), u8, out(i8), out(i4), out(i4)))
def match(
    tokens,
    shape,
    blocks,
    keys,
    targets,
    terminal,
    word_bits,
    pair_bits,
    number,
    out_first,
    out_size,
    out_node,
):
    """Find every phrase of a trie that lies within one block.

    The trie is a hash table with linear probing from (node, token hash) to node; its size is a power of two
    and key 0 is an empty slot. A token that begins with a digit may also take the edge of ``number``. Two
    filters, which fit into the nearest cache, keep nearly all tokens from it.

    Args:
        tokens: uint64[T], token hashes.
        shape: uint8[T], of :func:`shapes`.
        blocks: int64[B+1], first token of each block.
        keys: uint64[H], node and token mixed.
        targets: int32[H], node reached.
        terminal: uint8[nodes], 1 where a phrase ends.
        word_bits: uint8[W], a bit for every phrase of one token.
        pair_bits: uint8[P], a bit for the first two tokens of every longer one.
        number: hash that stands for any number.
        out_first: int64[capacity], first token of each match.
        out_size: int32[capacity], tokens of it.
        out_node: int32[capacity], the node it ends in.

    Returns:
        Matches found; where that exceeds the capacity, those beyond it were not stored.
    """
    found = 0
    mask = np.uint64(keys.shape[0] - 1)
    for block in range(blocks.shape[0] - 1):
        last = blocks[block + 1]
        for t in range(blocks[block], last):
            pair = False
            digits = shape[t] & NUMBER
            if t + 1 < last:
                pair = _has_bit(pair_bits, tokens[t] ^ tokens[t + 1] >> np.uint64(PAIR_SHIFT))
                digits |= shape[t + 1] & NUMBER
            if not (pair or _has_bit(word_bits, tokens[t]) or digits != 0):
                continue
            node = 0
            i = t
            while i < last:
                reached = -1
                for attempt in range(2):
                    if attempt == 1 and shape[i] & NUMBER == 0:
                        break
                    word = tokens[i] if attempt == 0 else number
                    key = (word ^ (np.uint64(node) * _M)) * _M | np.uint64(1)
                    slot = (key >> np.uint64(20)) & mask
                    while keys[slot] != 0:
                        if keys[slot] == key:
                            reached = targets[slot]
                            break
                        slot = (slot + np.uint64(1)) & mask
                    if reached >= 0:
                        break
                if reached < 0:
                    break
                node = reached
                i += 1
                if terminal[node] == 1:
                    if found < out_first.shape[0]:
                        out_first[found] = t
                        out_size[found] = i - t
                        out_node[found] = node
                    found += 1
    return found


@kernel(
    i8(
        *(const(t) for t in (i8, i8, u1, u1, u2, u2, i8, i4, i4, i8, u1, f4, u1)),
        *(f4[:, ::1], f4[:, ::1], out(f4), out(i8), out(i4), out(i8)),
    )
)
def read_cues(
    opens,
    closes,
    flags,
    shape,
    before,
    after,
    first,
    size,
    node,
    entries,
    kind,
    weight,
    need,
    cues,
    covered,
    strongest,
    agency_first,
    agency_size,
    agency_entry,
):
    """Add up the cues of each unit and list the agencies named in it; matches that leave it are passed over.

    Of names that overlap the longest at the earliest token is taken. What a person is quoted with is no cue.

    Args:
        opens: int64[U], first token of each unit, ascending.
        closes: int64[U], one past its last.
        flags: uint8[T], QUOTED 1.
        shape: uint8[T], of :func:`shapes`.
        before: uint16[T], likewise.
        after: uint16[T], likewise.
        first: int64[M], of :func:`match`, as size and node are.
        size: int32[M].
        node: int32[M].
        entries: int64[nodes+1], entries of the lexicon that end at a node.
        kind: uint8[E], kind of cue; the last one are agencies.
        weight: float32[E], of a cue.
        need: uint8[E], what an entry asks of its place; only agencies ask for capitals.
        cues: float32[U, kinds], zeros, filled with sums of weights; each agency counts 1.
        covered: float32[U, kinds], zeros, filled with tokens.
        strongest: float32[U], filled with the greatest sum of a kind of boilerplate.
        agency_first: int64[M], filled.
        agency_size: int32[M], filled.
        agency_entry: int64[M], filled.

    Returns:
        How many agencies were listed.
    """
    agency = cues.shape[1] - 1
    found = 0
    unit = 0
    name_at = -1  # the token at which agencies begin now
    longest = 0  # the end of the longest of them
    reach = 0  # the end of those that began before
    for i in range(first.shape[0]):
        begin = first[i]
        end = begin + size[i]
        while unit < opens.shape[0] and closes[unit] <= begin:
            unit += 1
        if unit == opens.shape[0]:
            break
        if begin < opens[unit] or end > closes[unit]:
            continue
        place = 0
        if begin == opens[unit]:
            place |= OPENS
        if end == closes[unit]:
            place |= CLOSES
        if after[end - 1] & COLON:
            place |= COLON_FOLLOWS
        if before[begin] & OPEN:
            place |= IN_PARENTHESES
        case = AS_NAME | AS_CAPITALS
        for t in range(begin, end):
            if shape[t] & UPPER == 0:
                case = 0
            elif shape[t] & CAPITALS == 0:
                case &= AS_NAME
        for e in range(entries[node[i]], entries[node[i] + 1]):
            if kind[e] != agency:
                if need[e] & ~place == 0 and flags[begin] & 1 == 0:
                    cues[unit, kind[e]] += weight[e]
                    covered[unit, kind[e]] += size[i]
            elif need[e] & ~(place | case) == 0:
                cues[unit, agency] += 1
                covered[unit, agency] += size[i]
                if begin != name_at:
                    name_at = begin
                    reach = max(reach, longest)
                    longest = 0
                if end > longest and begin >= reach:
                    if longest == 0:
                        found += 1
                    agency_first[found - 1] = begin
                    agency_size[found - 1] = size[i]
                    agency_entry[found - 1] = e
                longest = max(longest, end)
    for u in range(opens.shape[0]):
        most = f4(0)
        for k in range(KINDS_OF_FURNITURE):
            most = max(most, cues[u, k])
        strongest[u] = most
    return found


_COUNTED = STOP | COMMA | COLON | DASH | OPEN | SLASH | MARK | AT | COPYRIGHT | QUESTION


@inlined
def _count(row, gap):
    """Add the signs of a gap to the tally of a unit."""
    row[N_STOP] += gap >> 1 & 1
    row[N_COMMA] += gap >> 2 & 1
    row[N_COLON] += gap >> 3 & 1
    row[N_DASH] += gap >> 4 & 1
    row[N_OPEN] += gap >> 5 & 1
    row[N_SLASH] += gap >> 7 & 1
    row[N_MARK] += gap >> 8 & 1
    row[N_AT] += gap >> 9 & 1
    row[N_COPYRIGHT] += gap >> 10 & 1
    row[N_QUESTION] += gap >> 11 & 1


@inlined
def _mixed(value, token):
    """Hash of some tokens and one more."""
    value = (value ^ token) * _M
    return value ^ value >> np.uint64(29)


@kernel(types.void(const(u8), const(i8), const(i8), out(u8)))
def hash_units(tokens, opens, closes, whole):
    """The hash of each unit's tokens in order, as :func:`tally` has it.

    Args:
        tokens: uint64[T], token hashes.
        opens: int64[U], first token of each unit.
        closes: int64[U], one past its last.
        whole: uint64[U], filled.
    """
    for unit in range(opens.shape[0]):
        value = np.uint64(0)
        for t in range(opens[unit], closes[unit]):
            value = _mixed(value, tokens[t])
        whole[unit] = value


@kernel(types.void(*(const(t) for t in (u8, u1, u4, u4, u1, u2, u2, i8, i8)), i4[:, ::1], out(u8), out(u8)))
def tally(tokens, flags, start, end, shape, before, after, opens, closes, counts, whole, head):
    """Count what each unit holds.

    Args:
        tokens: uint64[T], token hashes.
        flags: uint8[T], QUOTED 1, CHARACTER 2.
        start: uint32[T].
        end: uint32[T].
        shape: uint8[T].
        before: uint16[T].
        after: uint16[T].
        opens: int64[U], first token of each unit.
        closes: int64[U], one past its last.
        counts: int32[U, COLUMNS], zeros, filled.
        whole: uint64[U], hash of the unit's tokens in order, filled.
        head: uint64[U], hash of its first HEAD tokens, filled.
    """
    for unit in range(opens.shape[0]):
        first = opens[unit]
        last = closes[unit]
        row = counts[unit]
        value = np.uint64(0)
        # sums of their own: the loop keeps them in registers, and columns of the row it may not
        size = upper = capitals = number = year = lower = quoted = character = np.int64(0)
        for t in range(first, last):
            value = _mixed(value, tokens[t])
            if t - first < HEAD:
                head[unit] = value
            look = np.int64(shape[t])
            flag = np.int64(flags[t])
            size += np.int64(end[t]) - np.int64(start[t])
            upper += look & 1
            capitals += look >> 1 & 1
            number += look >> 2 & 1
            year += look >> 3 & 1
            lower += look >> 4 & 1
            quoted += flag & 1
            character += flag >> 1 & 1
            gap = np.int64(before[t])
            if gap & _COUNTED:  # mostly it is a space
                _count(row, gap)
                row[N_GLUE] += t > first and gap & (STOP | SLASH | AT) != 0 and gap & (SPACE | WIDE) == 0
        if last > first:
            _count(row, np.int64(after[last - 1]))
        row[N_BYTES] = size
        row[N_UPPER] = upper
        row[N_CAPITALS] = capitals
        row[N_NUMBER] = number
        row[N_YEAR] = year
        row[N_LOWER] = lower
        row[N_QUOTED] = quoted
        row[N_CHARACTER] = character
        row[N_TOKENS] = last - first
        whole[unit] = value


@kernel(
    types.void(
        f4[:, ::1],
        const(i8),
        const(u1),
        types.Array(f4, 3, "C", readonly=True),
        types.Array(f4, 2, "C", readonly=True),
        types.Array(f4, 2, "C", readonly=True),
        i1[:, ::1],
        out(u1),
    )
)
def best_paths(scores, offsets, model, transition, opening, closing, back, label):
    """The best sequence of labels for each document (Viterbi 1967); among equals the lower label.

    Args:
        scores: float32[U, K], of each unit for each label; overwritten. K is ``LABELS``.
        offsets: int64[n+1], units of a document.
        model: uint8[n], the set of weights of a document.
        transition: float32[M, K, K], from label to label.
        opening: float32[M, K], of the first unit.
        closing: float32[M, K], of the last.
        back: int8[U, K], room for the way back.
        label: uint8[U], filled.
    """
    for doc in range(offsets.shape[0] - 1):
        m = model[doc]
        first = offsets[doc]
        last = offsets[doc + 1]
        if first == last:
            continue
        for k in range(LABELS):
            scores[first, k] += opening[m, k]
        for u in range(first + 1, last):
            best_step(scores, u, transition, i8(m), back)
        chosen = 0
        for k in range(1, LABELS):
            if scores[last - 1, k] + closing[m, k] > scores[last - 1, chosen] + closing[m, chosen]:
                chosen = k
        for u in range(last - 1, first - 1, -1):
            label[u] = chosen
            chosen = back[u, chosen]
