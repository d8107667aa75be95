"""Shared runs as places in the raw text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.ragged import gather
from dedup.tokens import byte_to_char, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.overlap import Edges

__all__ = ["Places", "locate", "split_runs"]

_CHUNK = 64  # documents tokenized again at once


@dataclass(frozen=True, slots=True)
class Places:
    """Passages of edges, in characters of the raw text.

    Attributes:
        offsets: int64[e + 1]; passages of edge i are ``offsets[i]:offsets[i + 1]``, in the order of a.
        spans: int64[p, 4], a_start, a_end, b_start, b_end.
    """

    offsets: NDArray[np.int64]
    spans: NDArray[np.int64]


def split_runs(
    edges: Edges, start: NDArray[np.int64], raw: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Runs cut where something was stripped from between their tokens on either side.

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
    texts: pa.ChunkedArray,
    order: NDArray[np.int64],
    edges: Edges,
    start: NDArray[np.int64],
    raw: NDArray[np.int64],
) -> Places:
    """Where the passages of edges stand; the documents concerned are tokenized once more.

    Args:
        texts: large_string, the raw texts by row.
        order: int64[n], row of each document number.
        edges: Verified pairs.
        start: int64[n], first body token of each document number.
        raw: int64[T], number of each body token among all tokens of its document.
    """
    edge, token_a, token_b, size = split_runs(edges, start, raw)
    document = np.concatenate([edges.a[edge], edges.b[edge]])
    first = np.concatenate([token_a, token_b])
    last = first + np.concatenate([size, size]) - 1
    by = np.argsort(document, kind="stable")
    spans = np.empty((len(document), 2), np.int64)
    for numbers, places in _runs(document[by]):
        rows = by[places]
        chosen = texts.take(pa.array(order[numbers]))
        spans[rows] = _characters(chosen, numbers, document[rows], first[rows], last[rows])
    half = len(edge)
    return Places(
        np.concatenate([[0], np.cumsum(np.bincount(edge, minlength=len(edges)))]),
        np.concatenate([spans[:half], spans[half:]], axis=1),
    )


def _runs(documents: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], slice]]:
    """Distinct numbers, some at a time, and where they stand in the sorted column."""
    numbers, first = np.unique(documents, return_index=True)
    first = np.append(first, len(documents))
    for low in range(0, len(numbers), _CHUNK):
        high = min(low + _CHUNK, len(numbers))
        yield numbers[low:high], slice(first[low], first[high])


def _characters(
    texts: pa.ChunkedArray,
    numbers: NDArray[np.int64],
    document: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> NDArray[np.int64]:
    chunk = texts.combine_chunks()
    chunk = pa.concat_arrays(chunk.chunks) if isinstance(chunk, pa.ChunkedArray) else chunk
    tokens = tokenize(chunk)
    base = tokens.offsets[np.searchsorted(numbers, document)]
    spans = np.stack([tokens.start[base + first], tokens.end[base + last]], axis=1).astype(np.int64)
    for place, number in enumerate(numbers):
        low, high = np.searchsorted(document, [number, number + 1])
        spans[low:high] = byte_to_char(chunk[place].as_buffer().to_pybytes(), spans[low:high])
    return spans
