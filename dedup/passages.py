"""Shared runs as places in the raw text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.columns import string_buffers
from dedup.parallel import for_each
from dedup.ragged import gather, owners, run_starts, running, slices
from dedup.texts import CUT
from dedup.tokens import byte_to_char, to_characters, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.edges import Edges
    from dedup.texts import Texts

__all__ = ["Originals", "Places", "locate", "place_runs", "spans_of_tokens"]

_CHUNK_BYTES = 4 << 20  # of documents tokenized again at once
_NONE = np.empty((0, 3), np.int32)  # no room: pieces are only counted


@dataclass(frozen=True, slots=True)
class Places:
    """Passages of edges, in characters of the raw text.

    Attributes:
        offsets: int64[e + 1]; passages of edge i are ``offsets[i]:offsets[i + 1]``, in the order found.
        spans: uint32[p, 4], a_start, a_end, b_start, b_end.
    """

    offsets: NDArray[np.int64]
    spans: NDArray[np.uint32]

    def take(self, rows: NDArray[np.int64]) -> Places:
        """Those of the chosen edges."""
        start, stop = self.offsets[:-1][rows], self.offsets[1:][rows]
        return Places(running(stop - start), self.spans[gather(start, stop)[0]])


@dataclass(frozen=True, slots=True)
class Originals:
    """Raw texts, and which of their tokens are the body tokens of n numbered documents.

    Attributes:
        texts: large_string, by row.
        order: int64[n], row of each document number.
        offsets: int64[n + 1], tokens of each raw text, by row.
        body: bool[R], which of them are body.
    """

    texts: pa.ChunkedArray
    order: NDArray[np.int64]
    offsets: NDArray[np.int64]
    body: NDArray[np.bool_]


def place_runs(
    edges: Edges, start: NDArray[np.int64], flags: NDArray[np.uint8], spans: NDArray[np.int64]
) -> Places:
    """As :func:`locate`, where the places of the body tokens are known: the index may have no texts.

    Args:
        edges: Verified pairs.
        start: int64[n], first body token of each document.
        flags: uint8[T] of the body tokens, ``CUT`` where something was stripped before one.
        spans: int64[T, 2], where each begins and ends.
    """
    rows, offsets = np.arange(len(edges)), np.empty(len(edges) + 1, np.int64)
    count = _cut(edges, start, flags, rows, offsets, _NONE)
    pieces = np.empty((count, 3), np.int32)
    _cut(edges, start, flags, rows, offsets, pieces)
    edge, size = owners(offsets), pieces[:, 2]
    a, b = start[edges.a[edge]] + pieces[:, 0], start[edges.b[edge]] + pieces[:, 1]
    found = [spans[a, 0], spans[a + size - 1, 1], spans[b, 0], spans[b + size - 1, 1]]
    return Places(offsets, np.stack(found, axis=1).astype(np.uint32))


def locate(
    originals: Originals,
    edges: Edges,
    texts: Texts,
    settings: Settings,
    room: Callable[[int], NDArray[np.uint32]] | None = None,
) -> Places:
    """Where the passages of edges stand: runs, cut where something was stripped from between their tokens.

    The documents concerned are tokenized once more, some at a time, in threads. What stays in memory is two
    numbers a pair, and the places themselves if ``room`` makes them there.

    Args:
        originals: Of n documents.
        edges: Verified pairs.
        texts: Body tokens of the same, with ``CUT`` where something was stripped before one.
        settings: For the threads.
        room: Makes uint32[p, 4] for the places.
    """
    offsets = np.empty(len(edges) + 1, np.int64)
    count = _cut(edges, texts.start, texts.flags, np.arange(len(edges)), offsets, _NONE)
    spans = room(count) if room else np.empty((count, 4), np.uint32)
    # both ends of each edge by the row of the text; no more than these rows are looked at
    ends = np.concatenate([edges.a, edges.b])
    ends = np.sort(originals.order[ends] << 32 | np.arange(len(ends)))

    def part(task: tuple[pa.Array, int, slice]) -> None:
        chunk, first, mine = task
        end = ends[mine] & 0xFFFFFFFF
        side = (end >= len(edges)).astype(np.int64)
        row = end - side * len(edges)
        own = np.empty(len(row) + 1, np.int64)
        pieces = np.empty((int((offsets[row + 1] - offsets[row]).sum()), 3), np.int32)
        _cut(edges, texts.start, texts.flags, row, own, pieces)
        size = np.diff(own)
        each = np.repeat(side, size)
        start = pieces[np.arange(len(pieces)), each]
        holder = np.repeat(ends[mine] >> 32, size)
        opens = run_starts(holder)
        rows, number = holder[opens], np.cumsum(opens) - 1
        own_body = slices(originals.body, originals.offsets[rows], originals.offsets[rows + 1])
        found = _characters(
            chunk.take(pa.array(rows - first)), own_body, number, start, start + pieces[:, 2] - 1
        )
        at = gather(offsets[row], offsets[row + 1])[0]
        spans[at, 2 * each] = found[:, 0]
        spans[at, 2 * each + 1] = found[:, 1]

    for_each(part, _tasks(originals.texts, ends), settings.workers)
    return Places(offsets, spans)


def _cut(
    edges: Edges,
    start: NDArray[np.int64],
    flags: NDArray[np.uint8],
    rows: NDArray[np.int64],
    offsets: NDArray[np.int64],
    pieces: NDArray[np.int32],
) -> int:
    """Pieces of the runs of some edges, in the order found; gives their number, which may exceed the room."""
    own = edges.a[rows], edges.b[rows], edges.run_start[rows], edges.run_stop[rows]
    return int(kernels.get().split_runs(flags, start, *own, edges.runs, CUT, offsets, pieces))


def _tasks(documents: pa.ChunkedArray, ends: NDArray[np.int64]) -> Iterator[tuple[pa.Array, int, slice]]:
    """Chunks of texts, the row each begins with, and which ends to look at: rows << 32, sorted."""
    chunks = documents.chunks
    starts = running([len(chunk) for chunk in chunks])
    bounds = np.searchsorted(ends, starts << 32)
    for i in np.flatnonzero(np.diff(bounds)).tolist():
        own = (ends[bounds[i] : bounds[i + 1]] >> 32) - starts[i]
        _, offsets = string_buffers(chunks[i])
        size = np.cumsum((offsets[own + 1] - offsets[own]) * run_starts(own))
        cuts = np.flatnonzero(np.diff(size // _CHUNK_BYTES)) + 1
        for low, high in pairwise([bounds[i], *(bounds[i] + cuts).tolist(), bounds[i + 1]]):
            yield chunks[i], int(starts[i]), slice(low, high)


def _characters(
    texts: pa.Array,
    body: NDArray[np.bool_],
    number: NDArray[np.int64],
    first: NDArray[np.int32],
    last: NDArray[np.int32],
) -> NDArray[np.int64]:
    """First character of a body token and the one behind another, of document ``number``: int64[p, 2]."""
    tokens = tokenize(texts)
    place = np.flatnonzero(body)  # of each body token among all
    base = np.searchsorted(place, tokens.offsets)[number]
    spans = np.stack([tokens.start[place[base + first]], tokens.end[place[base + last]]], axis=1)
    return to_characters(texts, number, spans)


def spans_of_tokens(text: str, chosen: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Characters of a text that runs of its tokens take up.

    Args:
        text: The raw text.
        chosen: int64, numbers of tokens, ascending.
    """
    if not len(chosen):
        return []
    tokens = tokenize(pa.array([text], pa.large_string()))
    first = np.flatnonzero(np.diff(chosen, prepend=-2) != 1)
    last = np.append(first[1:], len(chosen)) - 1
    start, end = tokens.start[chosen[first]], tokens.end[chosen[last]]
    data = text.encode(errors="surrogatepass")
    return list(zip(byte_to_char(data, start).tolist(), byte_to_char(data, end).tolist(), strict=True))
