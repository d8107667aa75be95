"""Words that somebody said, though no quotation mark stands around them: posts, transcripts, dashes.

A post is a block that a signature such as "— Name (@handle) March 10, 2026" ends or follows; of a long block
only so many words before the signature are one. A transcript is a document in which speakers' names in
capitals, followed by a colon, open many blocks, again and again. In many languages, Swedish and Russian
among them, a dash opens the paragraph in which somebody speaks: "– We waited, says Anna Berg."
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.kernels.rules import CHARACTER_FLAG as CHARACTER
from dedup.ragged import gather, run_starts
from dedup.tokens import QUOTED, Tokens, text_buffers, tokenize

if TYPE_CHECKING:
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

_DASHES = ("—".encode(), "–".encode(), b"--", b"- ")
_LONG_DASHES = ("–".encode(), "—".encode(), "―".encode())


def mark_quotations(tokens: Tokens, texts: pa.Array) -> NDArray[np.uint8]:
    """Flags with ``QUOTED`` set for posts, transcripts and paragraphs behind a dash, too: uint8[T].

    Args:
        tokens: The batch's token stream.
        texts: The raw texts.
    """
    data, offsets = text_buffers(texts)
    flags = tokens.flags.copy()
    if not len(tokens.block_start):
        return flags
    # bytes are looked for first: there are few handles and speakers, and many tokens
    block_start = np.repeat(offsets[:-1], np.diff(tokens.block_offsets)) + tokens.block_start
    at = _found(data, offsets, b"(@")
    for block, place in zip(_holders(block_start, at).tolist(), at.tolist(), strict=True):
        first, last = _post(tokens, data, int(block_start[block]), block, place + 2)
        flags[first:last] |= QUOTED
    for first, last in _transcripts(tokens, data, offsets, block_start):
        flags[first:last] |= QUOTED
    flags[_behind_dashes(tokens, data, block_start)] |= QUOTED
    return flags


def _behind_dashes(
    tokens: Tokens, data: NDArray[np.uint8], block_start: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Tokens of the blocks that a dash opens, in documents where that means that somebody speaks."""
    first = data[np.minimum(block_start, len(data) - 1)]
    block = np.flatnonzero((first == ord("-")) | (first == _DASHES[0][0]))
    block = block[[_opens_with_dash(data[at : at + 3].tobytes()) for at in block_start[block].tolist()]]
    token, row = gather(tokens.block_first[block], tokens.block_first[block + 1])
    if not len(token):
        return token
    named = np.bincount(row, np.isin(tokens.hash[token], _speech_verbs()), len(block)) > 0
    document = np.searchsorted(tokens.block_offsets, block, "right") - 1
    _, number, count = np.unique(document, return_inverse=True, return_counts=True)
    spoken = np.bincount(number, named) >= np.maximum(SPOKEN_SHARE * count, 1)
    spoken_tokens: NDArray[np.int64] = token[spoken[number][row]]
    return spoken_tokens


def _opens_with_dash(head: bytes) -> bool:
    """Whether three bytes are a dash, or a hyphen and a space."""
    return head.startswith(b"- ") or head in _LONG_DASHES


@cache
def _speech_verbs() -> NDArray[np.uint64]:
    """Token hashes of the verbs that name who speaks, sorted."""
    text = resources.files("dedup").joinpath("data/dash_speech.txt").read_text(encoding="utf-8")
    lines = [line.partition(" ")[2] for line in text.splitlines() if line and not line.startswith("#")]
    return np.unique(tokenize(pa.array(lines, pa.large_string())).hash)


def _found(data: NDArray[np.uint8], offsets: NDArray[np.int64], pair: bytes) -> NDArray[np.int64]:
    """Where two bytes stand side by side."""
    raw = data[: offsets[-1]]
    second = offsets[0] + 1 + np.flatnonzero(raw[offsets[0] + 1 :] == pair[1])
    return np.asarray(second[raw[second - 1] == pair[0]] - 1, np.int64)


def _holders(block_start: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The block in or behind which each place is; the first for what stands before all."""
    return np.maximum(np.searchsorted(block_start, at, "right") - 1, 0)


def _post(
    tokens: Tokens, data: NDArray[np.uint8], block_start: int, block: int, handle_start: int
) -> tuple[int, int]:
    """Tokens of the post that a handle signs, signature included; none if it signs nothing."""
    first, last = int(tokens.block_first[block]), int(tokens.block_first[block + 1])
    base = block_start - int(tokens.block_start[block])
    handle = first + int(np.searchsorted(tokens.start[first:last], handle_start - base))
    if handle == last or base + int(tokens.start[handle]) != handle_start:
        return first, first
    document = int(np.searchsorted(tokens.block_offsets, block, "right")) - 1
    for word in range(handle, max(first, handle - SIGNATURE_WORDS) - 1, -1):
        before = base + int(tokens.end[word - 1]) if word > first else block_start
        gap = data[before : base + int(tokens.start[word])].tobytes()
        if any(dash in gap for dash in _DASHES):
            if word == first and block > tokens.block_offsets[document]:
                first = int(tokens.block_first[block - 1])
            # a character is half a word
            weight = 2 - (tokens.flags[first:last] & CHARACTER != 0).astype(np.int64)
            if weight.sum() > 2 * (POST_WORDS + SIGNATURE_WORDS + DATE_WORDS):
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
    block = np.unique(_holders(block_start, colon))
    if len(block) < SPEAKERS:
        return []
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
    own = np.repeat(np.arange(len(count)), count)
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
