"""What :mod:`dedup.kernels.blocks` does, slowly and obviously, with the same signatures."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.kernels import signs
from dedup.kernels.constants import CHARACTER_FLAG, MIX
from dedup.kernels.traits import KEYWORD_BYTES, KEYWORD_NAME, KINDS_OF_FURNITURE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["best_paths", "cut_units", "hash_units", "match", "read_cues", "shapes", "tally"]

_WORD = (1 << 64) - 1

_SIGNS = {
    " \t\n\v\f\r\xa0\u3000\u202f" + "".join(map(chr, range(0x2000, 0x200C))): signs.SPACE,
    ".!\u06d4\u0964\u0589\u1362": signs.STOP,
    "…": signs.STOP | signs.ELLIPSIS,
    "?\u061f": signs.STOP | signs.QUESTION,
    "。！．\u104b\u17d4": signs.STOP | signs.WIDE,
    "？": signs.STOP | signs.QUESTION | signs.WIDE,
    ",;\u060c、，": signs.COMMA,
    ":：": signs.COLON,
    "-\u2010\u2011‒–—―\u2212": signs.DASH,
    "([（【〔": signs.OPEN,
    ")]）】〕": signs.CLOSE,
    "/\\／": signs.SLASH,
    "|·•›" + "".join(map(chr, [*range(0x2190, 0x2200), *range(0x25A0, 0x27C0)])): signs.MARK,
    "@#": signs.AT,
    "©": signs.COPYRIGHT,
    "\"'«»‹「」‘’‚‛“”„‟": signs.QUOTE,
}
_SIGN = {character: bits for characters, bits in _SIGNS.items() for character in characters}


def _case(character: str) -> int:
    """1 for a capital, 2 for a small letter, 0 without case; Latin, Greek, Cyrillic and full width."""
    cp = ord(character)
    if cp < 0x80:
        return 1 if character.isupper() else 2 if character.islower() else 0
    if 0xC0 <= cp <= 0xFF:
        return 0 if character in "×÷" else 1 if cp < 0xDF else 2
    if 0x100 <= cp <= 0x17F:
        odd_is_capital = 0x139 <= cp <= 0x148 or 0x179 <= cp <= 0x17E
        return 1 if (cp % 2 == 1) == odd_is_capital else 2
    if 0x460 <= cp <= 0x52F or 0x1E00 <= cp <= 0x1EFF:
        return 1 + cp % 2
    if 0x386 <= cp <= 0x3AB or 0x400 <= cp <= 0x42F or 0xFF21 <= cp <= 0xFF3A:
        return 1
    if 0x3AC <= cp <= 0x3CE or 0x430 <= cp <= 0x45F or 0xFF41 <= cp <= 0xFF5A:
        return 2
    return 0


@cache
def _gap(raw: bytes) -> int:
    text = raw.decode(errors="replace")
    bits = signs.ELLIPSIS if "..." in text else 0
    for character in text:
        bits |= _SIGN.get(character, signs.OTHER)
    return bits


def _look(raw: bytes) -> int:
    text = raw.decode(errors="replace")
    cases = [_case(character) for character in text]
    bits = signs.SINGLE if len(text) == 1 else 0
    if cases[0] == 2:
        bits |= signs.LOWER
    elif cases[0] == 1:
        bits |= signs.UPPER
        if len(text) > 1 and 2 not in cases:
            bits |= signs.CAPITALS
    elif "0" <= text[0] <= "9":
        bits |= signs.NUMBER
        if len(raw) == 4 and text[:2] in ("19", "20"):
            bits |= signs.YEAR
    return bits


def shapes(
    data: NDArray[np.uint8],
    text_at: NDArray[np.int64],
    block_offsets: NDArray[np.int64],
    block_first: NDArray[np.int64],
    block_start: NDArray[np.uint32],
    block_end: NDArray[np.uint32],
    tokens: NDArray[np.uint64],
    flags: NDArray[np.uint8],
    start: NDArray[np.uint32],
    end: NDArray[np.uint32],
    shape: NDArray[np.uint8],
    before: NDArray[np.uint16],
    after: NDArray[np.uint16],
    keyword: NDArray[np.uint32],
) -> None:
    """Fill what each token looks like, what stands around it in its block, and keywords."""
    raw = data.tobytes()
    for doc in range(len(block_offsets) - 1):
        base = int(text_at[doc])
        for block in range(block_offsets[doc], block_offsets[doc + 1]):
            own = range(block_first[block], block_first[block + 1])
            cuts = [int(block_start[block])]
            cuts += [int(cut) for t in own for cut in (start[t], end[t])]
            cuts.append(int(block_end[block]))
            gaps = [_gap(raw[base + a : base + b]) for a, b in zip(cuts[0::2], cuts[1::2], strict=True)]
            for i, t in enumerate(own):
                before[t], after[t] = gaps[i], gaps[i + 1]
                shape[t] = _look(raw[base + cuts[2 * i + 1] : base + cuts[2 * i + 2]])
                keyword[t] = _keyword(tokens, flags, int(shape[t]), int(end[t] - start[t]), t, own.stop)


def _keyword(
    tokens: NDArray[np.uint64], flags: NDArray[np.uint8], look: int, size: int, t: int, last: int
) -> int:
    if flags[t] & CHARACTER_FLAG:
        if t + 1 == last or not flags[t + 1] & CHARACTER_FLAG:
            return 0
        return (int(tokens[t]) ^ int(tokens[t + 1]) << 1 & _WORD) >> 32 | 1
    if look & signs.NUMBER or size < (KEYWORD_NAME if look & signs.UPPER else KEYWORD_BYTES):
        return 0
    return int(tokens[t]) >> 32 | 1


def match(
    tokens: NDArray[np.uint64],
    shape: NDArray[np.uint8],
    blocks: NDArray[np.int64],
    keys: NDArray[np.uint64],
    targets: NDArray[np.int32],
    terminal: NDArray[np.uint8],
    word_bits: NDArray[np.uint8],
    pair_bits: NDArray[np.uint8],
    number: Any,
    out_first: NDArray[np.int64],
    out_size: NDArray[np.int32],
    out_node: NDArray[np.int32],
) -> int:
    """Find every phrase of a trie that lies within one block."""
    used = np.flatnonzero(keys)
    edges = dict(zip(keys[used].tolist(), targets[used].tolist(), strict=True))
    words, numeric = tokens.tolist(), (shape & signs.NUMBER != 0).tolist()

    def follow(node: int, word: int) -> int | None:
        return edges.get(((word ^ (node * MIX & _WORD)) * MIX & _WORD) | 1)

    found = 0
    for first, last in zip(blocks[:-1].tolist(), blocks[1:].tolist(), strict=True):
        for t in range(first, last):
            node: int | None = 0
            for i in range(t, last):
                assert node is not None
                step = follow(node, words[i])
                if step is None and numeric[i]:
                    step = follow(node, int(number))
                node = step
                if node is None:
                    break
                if terminal[node]:
                    if found < len(out_first):
                        out_first[found], out_size[found], out_node[found] = t, i + 1 - t, node
                    found += 1
    return found


def read_cues(
    opens: NDArray[np.int64],
    closes: NDArray[np.int64],
    flags: NDArray[np.uint8],
    shape: NDArray[np.uint8],
    before: NDArray[np.uint16],
    after: NDArray[np.uint16],
    first: NDArray[np.int64],
    size: NDArray[np.int32],
    node: NDArray[np.int32],
    entries: NDArray[np.int64],
    kind: NDArray[np.uint8],
    weight: NDArray[np.float32],
    need: NDArray[np.uint8],
    cues: NDArray[np.float32],
    covered: NDArray[np.float32],
    strongest: NDArray[np.float32],
    agency_first: NDArray[np.int64],
    agency_size: NDArray[np.int32],
    agency_entry: NDArray[np.int64],
) -> int:
    """Add up the cues of each unit and list the agencies named in it."""
    agency = cues.shape[1] - 1
    names = []
    for begin, length, end_node in zip(first.tolist(), size.tolist(), node.tolist(), strict=True):
        unit = int(np.searchsorted(opens, begin, side="right")) - 1
        last = begin + length - 1
        if unit < 0 or last >= closes[unit]:
            continue
        place = signs.OPENS * (begin == opens[unit]) | signs.CLOSES * (last + 1 == closes[unit])
        place |= signs.COLON_FOLLOWS * bool(after[last] & signs.COLON)
        place |= signs.IN_PARENTHESES * bool(before[begin] & signs.OPEN)
        word = shape[begin : last + 1]
        case = signs.AS_NAME * bool((word & signs.UPPER != 0).all())
        case |= signs.AS_CAPITALS * bool((word & signs.CAPITALS != 0).all())
        for entry in range(entries[end_node], entries[end_node + 1]):
            named = kind[entry] == agency
            asked = int(need[entry])
            if asked & ~(place | case if named else place) or (flags[begin] & 1 and not named):
                continue
            cues[unit, kind[entry]] += 1 if named else weight[entry]
            covered[unit, kind[entry]] += length
            if named:
                names.append((begin, -length, entry))
    found = reach = 0
    for begin, negative, entry in sorted(names, key=lambda name: name[:2]):
        if begin >= reach:
            agency_first[found], agency_size[found], agency_entry[found] = begin, -negative, entry
            found += 1
        reach = max(reach, begin - negative)
    strongest[:] = cues[:, :KINDS_OF_FURNITURE].max(axis=1, initial=0)
    return found


def hash_units(
    tokens: NDArray[np.uint64],
    opens: NDArray[np.int64],
    closes: NDArray[np.int64],
    whole: NDArray[np.uint64],
) -> None:
    """The hash of each unit's tokens in order."""
    for unit in range(len(opens)):
        value = 0
        for word in tokens[opens[unit] : closes[unit]].tolist():
            value = (value ^ word) * MIX & _WORD
            value ^= value >> 29
        whole[unit] = value


def cut_units(
    tokens: NDArray[np.uint64],
    shape: NDArray[np.uint8],
    after: NDArray[np.uint16],
    block_offsets: NDArray[np.int64],
    block_first: NDArray[np.int64],
    cut: NDArray[np.bool_],
    dated: NDArray[np.int64],
    abbreviations: NDArray[np.uint64],
    months: NDArray[np.uint64],
    offsets: NDArray[np.int64],
    opens: NDArray[np.int64],
    closes: NDArray[np.int64],
    block: NDArray[np.int64],
) -> int:
    """Make a unit of every block that holds a token, or of each of its sentences."""
    size, blocks = len(tokens), np.repeat(np.arange(len(cut)), np.diff(block_first))
    cased = (np.bincount(blocks, shape & signs.UPPER != 0, len(cut)) > 0)[blocks]
    goes_on = cased & np.append(shape[1:] & signs.LOWER != 0, False)[:size]
    initial = (shape & signs.SINGLE != 0) & (shape & np.where(cased, signs.UPPER, signs.LOWER) != 0)
    ends = (after & signs.STOP != 0) & (after & signs.SPACE != 0) & ~initial & ~goes_on
    ends &= (after & signs.CLOSE == 0) | (after & signs.DASH == 0)
    ends &= ~np.isin(tokens, abbreviations)
    ends &= ~((shape & signs.NUMBER != 0) & np.append(np.isin(tokens[1:], months), False)[:size])
    ends |= after & signs.WIDE != 0
    ends &= cut[blocks]
    ends[block_first[1:][np.diff(block_first) > 0] - 1] = True
    ends[dated - 1] = True
    last = np.flatnonzero(ends) + 1
    first = np.append(0, last[:-1]) if size else last
    opens[: len(last)], closes[: len(last)] = first, last
    block[: len(last)] = np.searchsorted(block_first, first, side="right") - 1
    offsets[:] = np.searchsorted(first, block_first[block_offsets])
    return len(last)


def tally(
    tokens: NDArray[np.uint64],
    flags: NDArray[np.uint8],
    start: NDArray[np.uint32],
    end: NDArray[np.uint32],
    shape: NDArray[np.uint8],
    before: NDArray[np.uint16],
    after: NDArray[np.uint16],
    opens: NDArray[np.int64],
    closes: NDArray[np.int64],
    counts: NDArray[np.int32],
    whole: NDArray[np.uint64],
    head: NDArray[np.uint64],
) -> None:
    """Count what each unit holds."""
    gap_columns = (
        (signs.N_STOP, signs.STOP),
        (signs.N_COMMA, signs.COMMA),
        (signs.N_COLON, signs.COLON),
        (signs.N_DASH, signs.DASH),
        (signs.N_OPEN, signs.OPEN),
        (signs.N_SLASH, signs.SLASH),
        (signs.N_MARK, signs.MARK),
        (signs.N_AT, signs.AT),
        (signs.N_COPYRIGHT, signs.COPYRIGHT),
        (signs.N_QUESTION, signs.QUESTION),
    )
    shape_columns = (
        (signs.N_UPPER, signs.UPPER),
        (signs.N_CAPITALS, signs.CAPITALS),
        (signs.N_NUMBER, signs.NUMBER),
        (signs.N_YEAR, signs.YEAR),
        (signs.N_LOWER, signs.LOWER),
    )
    hash_units(tokens, opens, closes, whole)
    hash_units(tokens, opens, np.minimum(closes, opens + signs.HEAD), head)
    for unit in range(len(opens)):
        part = slice(opens[unit], closes[unit])
        gaps = np.append(before[part], after[part][-1:])
        row = counts[unit]
        row[signs.N_TOKENS] = part.stop - part.start
        row[signs.N_BYTES] = (end[part] - start[part]).sum()
        row[signs.N_QUOTED] = (flags[part] & 1 != 0).sum()
        row[signs.N_CHARACTER] = (flags[part] & 2 != 0).sum()
        for column, bit in shape_columns:
            row[column] = (shape[part] & bit != 0).sum()
        for column, bit in gap_columns:
            row[column] = (gaps & bit != 0).sum()
        inner = gaps[1:-1]
        row[signs.N_GLUE] = (
            (inner & (signs.STOP | signs.SLASH | signs.AT) != 0) & (inner & (signs.SPACE | signs.WIDE) == 0)
        ).sum()


def best_paths(
    scores: NDArray[np.float32],
    offsets: NDArray[np.int64],
    model: NDArray[np.uint8],
    transition: NDArray[np.float32],
    opening: NDArray[np.float32],
    closing: NDArray[np.float32],
    back: NDArray[np.int8],
    label: NDArray[np.uint8],
) -> None:
    """The best sequence of labels for each document (Viterbi 1967); among equals the lower label."""
    for m, first, last in zip(model.tolist(), offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        if first == last:
            continue
        scores[first] += opening[m]
        for u in range(first + 1, last):
            through = scores[u - 1][:, None] + transition[m]
            back[u] = through.argmax(axis=0)
            scores[u] += through.max(axis=0)
        chosen = int((scores[last - 1] + closing[m]).argmax())
        for u in range(last - 1, first - 1, -1):
            label[u] = chosen
            chosen = int(back[u, chosen])
