"""Words that somebody said, though no quotation mark stands around them: posts and transcripts.

A post is a block that a signature such as "— Name (@handle) March 10, 2026" ends or follows. A transcript is
a document in which speakers' names in capitals, followed by a colon, open many blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.tokens import QUOTED, Tokens, text_buffers

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["mark_quotations"]

SIGNATURE_WORDS = 8
"""The most words of a name before its handle."""

SPEAKER_WORDS = 5
"""The most words of a speaker's name."""

SPEAKERS = 4
"""Blocks that a speaker's name opens before a document is a transcript."""

SPEAKER_SHARE = 0.15
"""Share of all blocks that they are, too."""

_DASHES = ("—".encode(), "–".encode(), b"--", b"- ")


def mark_quotations(tokens: Tokens, texts: pa.Array) -> NDArray[np.uint8]:
    """Flags with ``QUOTED`` set for posts and transcripts, too: uint8[T].

    Args:
        tokens: The batch's token stream.
        texts: The raw texts.
    """
    data, offsets = text_buffers(texts)
    flags = tokens.flags.copy()
    if not len(flags):
        return flags
    base = np.repeat(offsets[:-1], np.diff(tokens.offsets))
    start, end = base + tokens.start, base + tokens.end
    for token in _handles(data, start).tolist():
        first, last = _post(tokens, data, start, end, token)
        flags[first:last] |= QUOTED
    for first, last in _transcripts(tokens, data, start, end):
        flags[first:last] |= QUOTED
    return flags


def _handles(data: NDArray[np.uint8], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tokens after "(@"."""
    at = np.flatnonzero((start > 1) & (data[start - 1] == ord("@")))
    return np.asarray(at[data[start[at] - 2] == ord("(")], np.int64)


def _post(
    tokens: Tokens, data: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64], handle: int
) -> tuple[int, int]:
    """Tokens of the post that a handle signs, signature included; none if it signs nothing."""
    block = int(np.searchsorted(tokens.block_first, handle, "right")) - 1
    first, last = int(tokens.block_first[block]), int(tokens.block_first[block + 1])
    document = int(np.searchsorted(tokens.offsets, handle, "right")) - 1
    block_start = int(start[first]) - int(tokens.start[first]) + int(tokens.block_start[block])
    for word in range(handle, max(first, handle - SIGNATURE_WORDS) - 1, -1):
        before = int(end[word - 1]) if word > first else block_start
        gap = data[before : int(start[word])].tobytes()
        if any(dash in gap for dash in _DASHES):
            if word > first:
                return first, last
            opens = block > tokens.block_offsets[document]
            return int(tokens.block_first[block - 1]) if opens else first, last
    return handle, handle


def _transcripts(
    tokens: Tokens, data: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """What is spoken in each transcript: tokens from the first speaker to the end of the document."""
    following = np.append(data, 0)
    first, stop = tokens.block_first[:-1], tokens.block_first[1:]
    speaker = np.zeros(len(first), bool)
    capitals = np.ones(len(first), bool)
    for word in range(SPEAKER_WORDS):
        at = np.minimum(first + word, len(start) - 1)
        initial, final = data[start[at]], data[end[at] - 1]
        capitals &= (first + word < stop) & (initial >= 65) & (initial <= 90) & (final >= 65) & (final <= 90)
        speaker |= capitals & (following[end[at]] == ord(":"))
    found = np.concatenate([[0], np.cumsum(speaker)])[tokens.block_offsets]
    count, blocks = np.diff(found), np.diff(tokens.block_offsets)
    spans = []
    for document in np.flatnonzero((count >= SPEAKERS) & (count >= SPEAKER_SHARE * blocks)).tolist():
        low, high = tokens.block_offsets[document], tokens.block_offsets[document + 1]
        opening = low + int(np.argmax(speaker[low:high]))
        spans.append((int(tokens.block_first[opening]), int(tokens.offsets[document + 1])))
    return spans
