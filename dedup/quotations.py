"""Words that somebody said, though no double quotation mark stands around them.

A post is a block that a signature such as "— Name (@handle) March 10, 2026" ends or follows; of a long block
only so many words before the signature are one. A transcript is a document in which speakers' names in
capitals, followed by a colon, open many blocks, again and again. In many languages, Swedish and Russian
among them, a dash opens the paragraph in which somebody speaks: "– We waited, says Anna Berg." A line that
ends with a colon announces an excerpt: "The letter reads:".
Typewriters have one sign for the apostrophe and both single quotation marks: 'We waited', she said. And a few
pairs of marks are so rare that the tokenizer does not ask for them: ‚…‘, ›…‹, ‹…›, Hebrew ״…״, Urdu ’…‘.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from dedup.datafiles import read_lines
from dedup.ragged import gather, holders, is_in, owners, run_starts
from dedup.texts import ANNOUNCED, CHARACTER, QUOTED
from dedup.tokens import Tokens, decoded, text_buffers, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["mark_quotations"]

SIGNATURE_WORDS = 8
"""The most words of a name before its handle."""

POST_WORDS = 64
"""The most words of a post: 280 characters, and some. A longer block is a page run together, of which only
what stands before the signature can be the post."""

DATE_WORDS = 6
"""The most words behind a handle that date the post."""

SPEAKER_WORDS = 5
"""The most words of a speaker's name."""

SPEAKERS = 4
"""Blocks that a speaker's name opens before a document is a transcript."""

TURNS = 2
"""How often each of them speaks on average: headings and labels ("WATCH:") seldom come again."""

SPEAKER_SHARE = 0.15
"""Share of all blocks that they are, too."""

SPOKEN_SHARE = 1 / 3
"""Share of a document's blocks behind a dash that name their speaker; a reply need not."""

ANNOUNCING = 2
"""The fewest words of a line that announces an excerpt: "It reads:"."""

RARE_WORDS = 3
"""The fewest words between ‚…‘ or ›…‹: fewer are a title, or words the author keeps at a distance."""

_EDGE = 6  # spaces between texts: as many bytes as are looked at from a sign's first one on

_BYTES = np.arange(256)
_BEFORE = np.isin(_BYTES, list(b" \t\n\r\f\v([-/"))
_LETTER = np.isin(_BYTES & ~0x20, np.arange(ord("A"), ord("Z") + 1)) & (_BYTES < 0x80)
_DIGIT = np.isin(_BYTES, np.arange(ord("0"), ord("9") + 1))
_LETTER |= _DIGIT | (_BYTES >= 0xC3) & (_BYTES != 0xE2)
_SMALL = np.isin(_BYTES, np.arange(ord("a"), ord("z") + 1)) | (_BYTES >= 0x80)
_HANGUL = (_BYTES >= 0xEA) & (_BYTES <= 0xED)
"""What bytes of UTF-8 begin: what may stand before an opening mark, figures, letters, Hangul; nearly."""
_ARABIC = _BYTES & 0xFC == 0xD8
"""What letters of Arabic script begin with."""
_SINGLE = np.isin(_BYTES, [0x98, 0x99, 0x9A, 0xB9, 0xBA])
"""Last bytes of ‘, ’, ‚, ‹ and ›."""
_CLITIC = np.isin(_BYTES, list(b"stnkmrSTNKMR"))

_DASHES = ("—".encode(), "–".encode(), b"--", b"- ")


class _Places(NamedTuple):
    """Places of marks, bytes, ascending.

    Attributes:
        opens: int64[m], those that may open a quotation.
        closes: int64[n], those that may close one.
    """

    opens: NDArray[np.int64]
    closes: NDArray[np.int64]


def mark_quotations(
    tokens: Tokens,
    texts: pa.Array,
    agencies: NDArray[np.int64] | None = None,
    body: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Flags with ``QUOTED`` set for all that is said by others, not only between double marks: uint8[T].

    Args:
        tokens: The batch's token stream.
        texts: The raw texts.
        agencies: int64[A], tokens that the names of agencies begin with, ascending. What "AFP reports:"
            announces is copy that agencies are paid for, and no quotation.
        body: bool[T], what was not stripped. "Share this:" announces nothing.
    """
    tokens, texts = decoded(tokens, texts)
    data, offsets = text_buffers(texts)
    flags = tokens.flags.copy()
    # bytes are looked for first: there are few handles and speakers, and many tokens
    block_start = np.repeat(offsets[:-1], np.diff(tokens.block_offsets)) + tokens.block_start
    at = _found(data, offsets, b"(@")
    for block, place in zip(holders(block_start, at).tolist(), at.tolist(), strict=True):
        first, last = _post(tokens, data, int(block_start[block]), block, place + 2)
        flags[first:last] |= QUOTED
    for first, last in _transcripts(tokens, data, offsets, block_start):
        flags[first:last] |= QUOTED
    raw = _spaced(data, offsets)
    begins = block_start - offsets[0] + _EDGE * (owners(tokens.block_offsets) + 1)
    flags[_behind_dashes(tokens, raw, begins)] |= QUOTED
    flags[_announced(tokens, raw, begins, agencies, body)] |= QUOTED | ANNOUNCED
    typed, single = _typewritten(raw), _single_marks(raw)
    curved = _curved(raw, single)
    if len(typed.opens) or len(curved.opens):
        flags[_between(tokens, begins, *typed)] |= QUOTED
        flags[_carried_on(tokens, begins, typed, curved)] |= QUOTED
    for between in _between_rare(tokens, raw, begins, single):
        flags[between] |= QUOTED
    return flags


def _spaced(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The texts between spaces: every sign has neighbours that are of its own text.

    Spaces that do not break and thin ones are plain ones here, for what stands behind one is no other sign.
    """
    raw = np.full(int(offsets[-1] - offsets[0]) + _EDGE * len(offsets), ord(" "), np.uint8)
    at = _EDGE
    for start, stop in pairwise(offsets.tolist()):  # np.insert takes four times as long
        raw[at : at + stop - start] = data[start:stop]
        at += stop - start + _EDGE
    two, three = np.flatnonzero(raw == 0xC2), np.flatnonzero(raw == 0xE2)
    two = two[raw[two + 1] == 0xA0]  # U+00A0
    last = raw[three + 2]
    three = three[(raw[three + 1] == 0x80) & ((last <= 0x8A) | (last == 0xAF))]  # U+2000 to U+200A, U+202F
    for at in (two, two + 1, three, three + 1, three + 2):
        raw[at] = ord(" ")
    return raw


def _carried_on(
    tokens: Tokens, block_start: NDArray[np.int64], typed: _Places, curved: _Places
) -> NDArray[np.int64]:
    """Tokens behind a single mark that is open at the end of its block, if one opens the next block, too.

    So a quotation goes on for several paragraphs; only its last one closes it.
    """
    opens, closes = (np.sort(np.concatenate(both)) for both in zip(typed, curved, strict=True))
    block = np.flatnonzero(is_in(block_start[1:], opens))
    if not len(block):  # mostly
        return block
    block = block[~is_in(block + 1, tokens.block_offsets)]  # the next one is of the same document
    mark = opens[np.searchsorted(opens, block_start[block + 1]) - 1]  # the last one before, of any block
    inside = mark >= block_start[block]
    inside &= np.searchsorted(closes, mark) == np.searchsorted(closes, block_start[block + 1])
    block, mark = block[inside], mark[inside]
    token, row = gather(tokens.block_first[block], tokens.block_first[block + 1])
    begins = (block_start - tokens.block_start)[block][row] + tokens.start[token]
    return np.asarray(token[begins > mark[row]])


def _typewritten(raw: NDArray[np.uint8]) -> _Places:
    """Places of ' that may open a quotation, and of those that may close one.

    A mark opens behind a space or bracket and before a letter, and closes at the next one that stands behind
    a word or its stop and before no letter, or in Korean before a particle; a plural's apostrophe ends a
    quotation early, as ’ does.
    """
    at = np.flatnonzero(raw == ord("'"))
    at = at[(raw[at - 1] != ord("'")) & (raw[at + 1] != ord("'"))]
    clitic = _CLITIC[raw[at + 1]] & ~_LETTER[raw[at + 2]]  # 's avonds, 't is; a figure is a year, '90s
    opens = at[_BEFORE[raw[at - 1]] & _LETTER[raw[at + 1]] & ~_DIGIT[raw[at + 1]] & ~clitic]
    closes = at[~_BEFORE[raw[at - 1]] & (~_LETTER[raw[at + 1]] | _HANGUL[raw[at + 1]])]
    return _Places(opens, closes)


def _single_marks(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Places of ‘, ’, ‚, ‹ and ›."""
    at = np.flatnonzero(raw == 0xE2)
    return np.asarray(at[(raw[at + 1] == 0x80) & _SINGLE[raw[at + 2]]], np.int64)


def _curved(raw: NDArray[np.uint8], at: NDArray[np.int64]) -> _Places:
    """Places of ‘ that open a quotation, and of ’ that may close one, in Korean also before a particle."""
    third, after = raw[at + 2], raw[at + 3]
    opens, closes = third == 0x98, (third == 0x99) & (~_LETTER[after] | _HANGUL[after])
    return _Places(at[opens & _BEFORE[raw[at - 1]]], at[closes])


def _between_rare(
    tokens: Tokens, raw: NDArray[np.uint8], block_start: NDArray[np.int64], at: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """Tokens between the marks of each rare pair; a mark opens behind a space, and closes behind a word.

    Urdu turns the single marks round, also doubled: ’’…‘‘. Hebrew gershayim stand in abbreviations, too.
    """
    if len(at):
        third, opening = raw[at + 2], _BEFORE[raw[at - 1]]
        left, right = third == 0x98, third == 0x99
        arabic = _ARABIC[raw[at + 3]] | _ARABIC[raw[at + 6]]
        for opens, closes, least in (
            (third == 0x9A, left | right, RARE_WORDS),  # ‚…‘
            (third == 0xBA, third == 0xB9, RARE_WORDS),  # ›…‹
            (third == 0xB9, third == 0xBA, RARE_WORDS),  # ‹…›
            (right & arabic, left, 1),  # ’…‘, ’’…‘‘
        ):
            first, last = at[opens & opening], at[closes & ~opening]
            yield _between(tokens, block_start, first, last, least)
    at = np.flatnonzero((raw[:-2] == 0xD7) & (raw[1:-1] == 0xB4))
    if not len(at):
        return
    first, last = at[_BEFORE[raw[at - 1]]], at[~_BEFORE[raw[at - 1]] & ~_LETTER[raw[at + 2]]]  # ״…״
    yield _between(tokens, block_start, first, last)


def _between(
    tokens: Tokens,
    block_start: NDArray[np.int64],
    opens: NDArray[np.int64],
    closes: NDArray[np.int64],
    least: int = 1,
) -> NDArray[np.int64]:
    """Tokens between each opening mark and a closing one that is the next mark, both in one block.

    Args:
        tokens: The batch's token stream.
        block_start: Where each block begins.
        opens: Places of opening marks, ascending.
        closes: Closing marks.
        least: The fewest tokens between two marks.
    """
    if not (len(opens) and len(closes)):
        return np.zeros(0, np.int64)
    mark = np.append(opens, closes)
    order = np.argsort(mark, kind="stable")
    closing = (np.arange(len(mark)) >= len(opens))[order]
    mark = mark[order]
    block = holders(block_start, mark)
    pair = np.flatnonzero(~closing[:-1] & closing[1:] & (block[:-1] == block[1:]))
    # only the tokens of their blocks are looked through
    held = np.unique(block[pair])
    token, row = gather(tokens.block_first[held], tokens.block_first[held + 1])
    begins = (block_start - tokens.block_start)[held][row] + tokens.start[token]
    first, last = (np.searchsorted(begins, mark[pair + side]) for side in (0, 1))
    enough = last - first >= least
    return token[gather(first[enough], last[enough])[0]]


def _behind_dashes(
    tokens: Tokens, raw: NDArray[np.uint8], block_start: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Tokens of the blocks that a dash opens, in documents where that means that somebody speaks."""
    head = raw[block_start[:, None] + np.arange(3)]
    hyphen = (head[:, 0] == ord("-")) & (head[:, 1] == ord(" "))
    long = (head[:, 0] == 0xE2) & (head[:, 1] == 0x80) & (head[:, 2] >= 0x93) & (head[:, 2] <= 0x95)
    block = np.flatnonzero(hyphen | long)
    if not len(block):  # mostly
        return block
    token, row = gather(tokens.block_first[block], tokens.block_first[block + 1])
    named = np.bincount(row, is_in(tokens.hash[token], _speech_verbs()), len(block)) > 0
    document = holders(tokens.block_offsets, block)
    _, number, count = np.unique(document, return_inverse=True, return_counts=True)
    spoken = np.bincount(number, named) >= SPOKEN_SHARE * count
    spoken_tokens: NDArray[np.int64] = token[spoken[number][row]]
    return spoken_tokens


def _announced(
    tokens: Tokens,
    raw: NDArray[np.uint8],
    block_start: NDArray[np.int64],
    agencies: NDArray[np.int64] | None,
    body: NDArray[np.bool_] | None,
) -> NDArray[np.int64]:
    """Tokens of the blocks that the one before announces by ending with a colon: "The statement reads:".

    Extracted text has lost the indent that sets an excerpt, a letter or a post apart. How many blocks it has
    one text cannot tell, so the first one is taken; where two texts are compared what follows is, too.
    Capitals throughout are a dateline or a label, and a list goes on with signs or figures. A line that was
    stripped, such as a widget's, has no more to do with the text behind it.
    """
    first, last = tokens.block_first[:-1], tokens.block_first[1:]
    words = last - first
    if agencies is not None:
        block = np.searchsorted(last, agencies, "right")
        words[block] = 0
    block = np.flatnonzero(words >= ANNOUNCING)
    if body is not None:
        block = block[body[last[block] - 1]]
    begin, end = block_start[block], (block_start - tokens.block_start)[block] + tokens.end[last[block] - 1]
    colon = (raw[end] == ord(":")) | ((raw[end] == 0xEF) & (raw[end + 1] == 0xBC) & (raw[end + 2] == 0x9A))
    block, begin, end = block[colon], begin[colon], end[colon]
    if not len(block):  # mostly
        return np.empty(0, np.int64)
    at, row = gather(begin, end)
    small = np.bincount(row, _SMALL[raw[at]], len(block)) > 0
    following = block[small] + 1
    following = following[~is_in(following, tokens.block_offsets)]  # it is of the same document
    head = raw[block_start[following]]
    following = following[_LETTER[head] & ~_DIGIT[head]]
    return gather(first[following], last[following])[0]


@cache
def _speech_verbs() -> NDArray[np.uint64]:
    """Token hashes of the verbs that name who speaks, sorted."""
    lines = [line.partition(" ")[2] for line in read_lines("data/dash_speech.txt")]
    return np.unique(tokenize(pa.array(lines, pa.large_string())).hash)


def _found(data: NDArray[np.uint8], offsets: NDArray[np.int64], pair: bytes) -> NDArray[np.int64]:
    """Where two bytes stand side by side."""
    raw = data[: offsets[-1]]
    second = offsets[0] + 1 + np.flatnonzero(raw[offsets[0] + 1 :] == pair[1])
    return np.asarray(second[raw[second - 1] == pair[0]] - 1, np.int64)


def _post(
    tokens: Tokens, data: NDArray[np.uint8], block_start: int, block: int, handle_start: int
) -> tuple[int, int]:
    """Tokens of the post that a handle signs, signature included; none if it signs nothing."""
    first, last = int(tokens.block_first[block]), int(tokens.block_first[block + 1])
    base = block_start - int(tokens.block_start[block])
    # of its own type, else all the starts are cast
    handle = first + int(np.searchsorted(tokens.start[first:last], np.uint32(handle_start - base)))
    if handle == last or base + int(tokens.start[handle]) != handle_start:
        return first, first
    document = int(np.searchsorted(tokens.block_offsets, block, "right")) - 1
    for word in range(handle, max(first, handle - SIGNATURE_WORDS) - 1, -1):
        before = base + int(tokens.end[word - 1]) if word > first else block_start
        gap = data[before : base + int(tokens.start[word])].tobytes()
        if any(dash in gap for dash in _DASHES):
            if word == first and block > tokens.block_offsets[document]:
                first = int(tokens.block_first[block - 1])
            most = 2 * (POST_WORDS + SIGNATURE_WORDS + DATE_WORDS)
            first, last = max(first, word - most - 1), min(last, word + most + 1)  # a page may be one block
            # a character is half a word
            weight = 2 - (tokens.flags[first:last] & CHARACTER != 0).astype(np.int64)
            if weight.sum() > most:
                long = np.cumsum(weight[: word - first][::-1]) > 2 * POST_WORDS
                first = word - int(long.argmax()) if long.any() else first
                last = min(last, handle + 1 + DATE_WORDS)
            return first, last
    return handle, handle


def _transcripts(
    tokens: Tokens, data: NDArray[np.uint8], offsets: NDArray[np.int64], block_start: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """What is spoken in each transcript: tokens from the first speaker to the end of the document."""
    raw = data[: offsets[-1]]
    colon = offsets[0] + 1 + np.flatnonzero(raw[offsets[0] + 1 :] == ord(":"))
    colon = colon[_is_capital(raw[colon - 1])]
    if len(colon) < SPEAKERS:  # mostly
        return []
    block = np.unique(holders(block_start, colon))
    first, stop = tokens.block_first[block], tokens.block_first[block + 1]
    base = block_start[block] - tokens.block_start[block]
    opens, capitals = np.zeros(len(block), bool), np.ones(len(block), bool)
    following = np.append(raw, 0)
    for word in range(SPEAKER_WORDS):
        capitals &= first + word < stop
        at = np.where(capitals, first + word, 0)
        start, end = np.where(capitals, [base + tokens.start[at], base + tokens.end[at]], 1)
        capitals &= _is_capital(raw[start]) & _is_capital(raw[end - 1])
        opens |= capitals & (following[end] == ord(":"))
    speaker = block[opens]
    number = np.searchsorted(speaker, tokens.block_offsets)  # of the first one in each document
    count, blocks = np.diff(number), np.diff(tokens.block_offsets)
    own = owners(number)
    order = np.lexsort((tokens.hash[tokens.block_first[speaker]], own))
    name = tokens.hash[tokens.block_first[speaker[order]]]
    fresh = run_starts(own, name)
    names = np.bincount(own[fresh], minlength=len(count))
    talk = (count >= SPEAKERS) & (count >= SPEAKER_SHARE * blocks)
    spoken = np.flatnonzero(talk & (TURNS * names <= count))
    opening = tokens.block_first[speaker[number[spoken]]]
    return list(zip(opening.tolist(), tokens.offsets[spoken + 1].tolist(), strict=True))


def _is_capital(byte: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (byte >= ord("A")) & (byte <= ord("Z"))
