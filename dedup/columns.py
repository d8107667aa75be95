"""Columns of Arrow: their values as arrays, and some of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.ragged import holders, inverse, running

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "codes",
    "string_buffers",
    "take_long",
    "take_rows",
    "whole",
    "whole_strings",
]


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column


def whole_strings(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The same for strings, as large_string: those of a corpus may pass the 2 GB that 32 bits address."""
    return whole(column.cast(pa.large_string()))


def string_buffers(column: pa.Array) -> tuple[memoryview, NDArray[np.int64]]:
    """The bytes of a column of strings or binaries, not copied, and where its values begin and end in them.

    Args:
        column: [n] of any of the four types; its nulls are not looked at.

    Returns:
        Bytes, and int64[n + 1].
    """
    if not len(column):
        return memoryview(b""), np.zeros(1, np.int64)
    _, offsets, values = column.buffers()
    wide = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    dtype = np.dtype(np.int64 if wide else np.int32)
    bounds = np.frombuffer(offsets, dtype, len(column) + 1, dtype.itemsize * column.offset)
    return memoryview(values or b""), bounds.astype(np.int64, copy=False)


def take_rows(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.Array:
    """The chosen rows; Arrow's ``take`` copies all chunks of a string column together at every call."""
    bounds = running([len(chunk) for chunk in column.chunks])
    chunk = holders(bounds, rows)
    order = np.argsort(chunk, kind="stable")
    numbers, first = np.unique(chunk[order], return_index=True)
    parts = [
        column.chunk(number).take(pa.array(rows[mine] - bounds[number]))
        for number, mine in zip(numbers.tolist(), np.split(order, first[1:]), strict=False)
    ]
    return pa.concat_arrays(parts).take(pa.array(inverse(order))) if parts else pa.array([], column.type)


def take_long(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.Array:
    """As :func:`take_rows`, for texts of kilobytes, large_string without nulls: each is copied once."""
    bounds = running([len(chunk) for chunk in column.chunks])
    number = holders(bounds, rows)
    size = np.empty(len(rows), np.int64)
    parts = [memoryview(b"")] * len(rows)
    for chunk in np.unique(number).tolist():
        mine = np.flatnonzero(number == chunk)
        data, offsets = string_buffers(column.chunk(chunk))
        start, stop = (offsets[rows[mine] - bounds[chunk] + end] for end in (0, 1))
        size[mine] = stop - start
        for place, low, high in zip(mine.tolist(), start.tolist(), stop.tolist(), strict=True):
            parts[place] = data[low:high]
    buffers = [None, pa.py_buffer(running(size)), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(column.type, len(rows), buffers)


def codes(names: pa.Array) -> NDArray[np.int64]:
    """A number for each name, -1 for none: int64[n]."""
    numbers = names.dictionary_encode().indices.cast(pa.int64()).fill_null(-1)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.int64)
