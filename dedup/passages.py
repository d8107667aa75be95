"""Shared runs as places in the raw text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup import kernels
from dedup.overlap import CUT
from dedup.ragged import gather
from dedup.tokens import text_buffers, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.overlap import Edges, Texts

__all__ = ["Places", "cut_runs", "locate", "split_runs"]

_CHUNK_BYTES = 4 << 20  # of documents tokenized again at once


@dataclass(frozen=True, slots=True)
class Places:
    """Passages of edges, in characters of the raw text.

    Attributes:
        offsets: int64[e + 1]; passages of edge i are ``offsets[i]:offsets[i + 1]``, in the order of a.
        spans: uint32[p, 4], a_start, a_end, b_start, b_end.
    """

    offsets: NDArray[np.int64]
    spans: NDArray[np.uint32]

    def take(self, rows: NDArray[np.int64]) -> Places:
        """Those of the chosen edges."""
        start, stop = self.offsets[:-1][rows], self.offsets[1:][rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(stop - start, out=offsets[1:])
        return Places(offsets, self.spans[gather(start, stop)[0]])


def cut_runs(edges: Edges, texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Runs cut where something was stripped from between their tokens on either side.

    Args:
        edges: Verified pairs.
        texts: Body tokens, with ``CUT`` where something was stripped before one.

    Returns:
        int64[e + 1] offsets of the pieces of each edge, and int32[p, 3] body token of a, of b, tokens; in
        the order of a.
    """
    loops = kernels.get()
    columns = texts.flags, texts.start, edges.a, edges.b, edges.run_start, edges.run_stop, edges.runs, CUT
    offsets = np.empty(len(edges) + 1, np.int64)
    pieces = np.empty((0, 3), np.int32)
    count = loops.split_runs(*columns, offsets, pieces)
    if count:
        pieces = np.empty((count, 3), np.int32)
        loops.split_runs(*columns, offsets, pieces)
    order = np.lexsort((pieces[:, 0], np.repeat(np.arange(len(edges)), np.diff(offsets))))
    return offsets, pieces[order]


def split_runs(
    edges: Edges, start: NDArray[np.int64], raw: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The same by the numbers of body tokens among all tokens, for the few documents of a query.

    Args:
        edges: Verified pairs.
        start: int64[n], first body token of each document.
        raw: int64[T], number of each body token among all tokens of its document.

    Returns:
        Edge, token of a, token of b (both among all tokens of the document), tokens: int64 arrays, in the
        order of edge and a.
    """
    rows, edge = gather(edges.run_start, edges.run_stop)
    runs = edges.runs[rows].astype(np.int64)
    at_a, at_b = start[edges.a[edge]] + runs[:, 0], start[edges.b[edge]] + runs[:, 1]
    size = runs[:, 2]
    tokens_a, run = gather(at_a, at_a + size)
    tokens_b, _ = gather(at_b, at_b + size)
    opens = np.ones(len(run), bool)
    opens[1:] = (np.diff(run) != 0) | (np.diff(raw[tokens_a]) != 1) | (np.diff(raw[tokens_b]) != 1)
    first = np.flatnonzero(opens)
    size = np.diff(np.append(first, len(run)))
    found = edge[run[first]], raw[tokens_a[first]], raw[tokens_b[first]], size
    order = np.lexsort((found[1], found[0]))
    return found[0][order], found[1][order], found[2][order], found[3][order]


def locate(
    documents: pa.ChunkedArray,
    order: NDArray[np.int64],
    edges: Edges,
    texts: Texts,
    raw_offsets: NDArray[np.int64],
    body: NDArray[np.bool_],
    settings: Settings,
) -> Places:
    """Where the passages of edges stand; the documents concerned are tokenized once more, in threads.

    Args:
        documents: large_string, the raw texts by row.
        order: int64[n], row of each document number.
        edges: Verified pairs.
        texts: Body tokens of the numbered documents.
        raw_offsets: int64[n + 1], tokens of the raw text of each row.
        body: bool[R], which of them are body.
        settings: For the threads.
    """
    offsets, pieces = cut_runs(edges, texts)
    count = np.diff(offsets)
    row = np.concatenate([np.repeat(order[edges.a], count), np.repeat(order[edges.b], count)])
    first = np.concatenate([pieces[:, 0], pieces[:, 1]])
    last = first + np.concatenate([pieces[:, 2], pieces[:, 2]]) - 1
    by = np.argsort(row, kind="stable")
    row = row[by]
    spans = np.empty((len(row), 2), np.uint32)

    def part(task: tuple[pa.Array, NDArray[np.int64], NDArray[np.int64], slice]) -> None:
        chunk, rows, within, places = task
        at = by[places]
        number = np.searchsorted(rows, row[places])
        tokens, _ = gather(raw_offsets[rows], raw_offsets[rows + 1])
        spans[at] = _characters(chunk.take(pa.array(within)), body[tokens], number, first[at], last[at])

    with ThreadPoolExecutor(settings.workers) as pool:
        list(pool.map(part, _tasks(documents, row)))
    half = len(pieces)
    return Places(offsets, np.concatenate([spans[:half], spans[half:]], axis=1))


def _tasks(
    documents: pa.ChunkedArray, row: NDArray[np.int64]
) -> Iterator[tuple[pa.Array, NDArray[np.int64], NDArray[np.int64], slice]]:
    """A chunk of texts, the rows to look at, their numbers in it, and where they stand in sorted ``row``."""
    base = 0
    for chunk in documents.chunks:
        low, high = np.searchsorted(row, [base, base + len(chunk)])
        rows, begin = np.unique(row[low:high], return_index=True)
        if len(rows):
            size = np.asarray(pc.binary_length(chunk).take(pa.array(rows - base)))
            cut = np.flatnonzero(np.diff(np.cumsum(size) // _CHUNK_BYTES)) + 1
            begin = np.append(begin, high - low)
            for start, stop in zip([0, *cut], [*cut, len(rows)], strict=True):
                some = rows[start:stop]
                yield chunk, some, some - base, slice(low + begin[start], low + begin[stop])
        base += len(chunk)


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
    data, offsets = text_buffers(texts)
    data = data[offsets[0] : offsets[-1]]
    begin = (offsets[:-1] - offsets[0])[number]
    following = np.zeros(len(data) + 1, np.int32)  # bytes before each place that begin no character
    np.cumsum(data & 0xC0 == 0x80, out=following[1:])
    before = following[begin[:, None] + spans] - following[begin][:, None]
    return np.asarray(spans.astype(np.int64) - before)
