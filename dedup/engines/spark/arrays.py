"""Arrays as Spark carries them: the bytes of each document's in one binary cell, and back.

Spark's own array columns hold every element as an object of the row format: 8 bytes and a null bit for a flag
of one byte, and a loop over elements each time a row passes between Python and the JVM.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedup.columns import codes, string_buffers, whole
from dedup.edges import Edges, Links
from dedup.ragged import gather, running
from dedup.texts import Texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "EDGES",
    "booleans",
    "edges_of",
    "edges_table",
    "flat",
    "integers",
    "links_of",
    "packed",
    "places_of",
    "signed",
    "texts_of",
    "unsigned",
]

EDGES = (
    "a long, b long, kind int, coverage_a double, coverage_b double, shared_words long, narrative_words long,"
    " longest long, runs binary"
)
"""Columns of verified pairs in Spark."""

_TOP = np.uint64(1 << 63)


def packed(values: NDArray[Any], offsets: NDArray[np.int64]) -> pa.Array:
    """One binary cell for each slice ``offsets[i]:offsets[i + 1]`` of the values."""
    values = np.ascontiguousarray(values)
    bounds = offsets * values.itemsize
    if int(bounds[-1]) >= 1 << 31:
        raise pa.ArrowCapacityError(
            "a batch of 2 GB and more; lower spark.sql.execution.arrow.maxRecordsPerBatch"
        )
    buffers = [None, pa.py_buffer(bounds.astype(np.int32)), pa.py_buffer(values.view(np.uint8).reshape(-1))]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def flat(column: pa.Array | pa.ChunkedArray, dtype: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Values of all binary cells, one behind the other, and the int64 offsets of each cell's."""
    cells = whole(column.cast(pa.large_binary()))
    data, offsets = string_buffers(cells)
    # a copy: the place in the batch need not be aligned
    values = np.frombuffer(data[offsets[0] : offsets[-1]].tobytes(), dtype)
    return values, (offsets - offsets[0]) // values.itemsize


def integers(column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """A column of whole numbers without nulls."""
    return np.asarray(whole(column).to_numpy(zero_copy_only=False), np.int64)


def booleans(column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """A column of truth values, false where it is null."""
    return np.asarray(whole(column.fill_null(False)).to_numpy(zero_copy_only=False))


def signed(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Unsigned numbers as signed ones in the same order; Spark has no others."""
    return (values ^ _TOP).view(np.int64)


def unsigned(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Back from :func:`signed`."""
    return values.view(np.uint64) ^ _TOP


def places_of(numbers: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted number stands among ascending ones; it must be among them."""
    places = np.searchsorted(numbers, wanted)
    assert len(wanted) == 0 or (numbers[np.minimum(places, len(numbers) - 1)] == wanted).all()
    return places


def texts_of(table: pa.Table, numbers: NDArray[np.int64] | None = None) -> Texts:
    """Body tokens of the documents of a table, in its order, or as members of a larger set.

    Args:
        table: Columns number, flags, spaceless, published; unless nothing is compared, words, source, title.
        numbers: Ascending numbers, those of the table among them; the others have no tokens here.
    """
    flags, offsets = flat(table["flags"], np.uint8)
    known = "words" in table.column_names
    words = flat(table["words"], np.uint64)[0] if known else np.zeros(len(flags), np.uint64)
    own = integers(table["number"])
    if numbers is None:
        numbers, place = own, np.arange(len(own))
    else:
        place = places_of(numbers, own)
    start, stop, published = (np.zeros(len(numbers), np.int64) for _ in range(3))
    spaceless = np.zeros(len(numbers), np.uint8)
    start[place], stop[place], published[place] = offsets[:-1], offsets[1:], integers(table["published"])
    spaceless[place] = integers(table["spaceless"])
    texts = Texts(words, flags, start, stop, spaceless, published)
    if not known:
        return texts
    row = np.full(len(numbers), -1)
    row[place] = np.arange(len(own))
    rows = pa.array(row, mask=row < 0)
    source, title = (whole(table[name]).take(rows) for name in ("source", "title"))
    return replace(texts, source=codes(source), title=title)


def edges_table(edges: Edges, numbers: NDArray[np.int64]) -> pa.Table:
    """Verified pairs as columns of :data:`EDGES`; each document by its number."""
    rows, _ = gather(edges.run_start, edges.run_stop)
    offsets = running(3 * (edges.run_stop - edges.run_start))
    return pa.table(
        {
            "a": numbers[edges.a],
            "b": numbers[edges.b],
            "kind": edges.kind.astype(np.int32),
            "coverage_a": edges.coverage_a,
            "coverage_b": edges.coverage_b,
            "shared_words": edges.shared_words,
            "narrative_words": edges.narrative_words,
            "longest": edges.longest,
            "runs": packed(edges.runs[rows].reshape(-1), offsets),
        }
    )


def edges_of(table: pa.Table, numbers: NDArray[np.int64]) -> Edges:
    """Back from :func:`edges_table`, in the order of the pairs; each document by its place in ``numbers``."""
    table = table.sort_by([("a", "ascending"), ("b", "ascending")])
    links, (runs, offsets) = links_of(table, numbers), flat(table["runs"], np.int32)
    return Edges(
        *(links.a, links.b, links.kind, links.coverage_a, links.coverage_b),
        shared_words=integers(table["shared_words"]),
        narrative_words=integers(table["narrative_words"]),
        longest=integers(table["longest"]),
        run_start=offsets[:-1] // 3,
        run_stop=offsets[1:] // 3,
        runs=runs.reshape(-1, 3),
    )


def links_of(table: pa.Table, numbers: NDArray[np.int64]) -> Links:
    """What grouping looks at of pairs, in the order of the table."""
    return Links(
        a=places_of(numbers, integers(table["a"])),
        b=places_of(numbers, integers(table["b"])),
        kind=integers(table["kind"]).astype(np.uint8),
        coverage_a=np.asarray(whole(table["coverage_a"]).to_numpy(), np.float64),
        coverage_b=np.asarray(whole(table["coverage_b"]).to_numpy(), np.float64),
    )
