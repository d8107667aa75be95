"""Arrays: ragged columns (lists of different lengths, flat), sorted keys, and columns of Arrow as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from dedup import kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings

__all__ = [
    "at_most",
    "by_owner",
    "distinct",
    "first_of_each",
    "first_of_run",
    "gather",
    "holders",
    "inverse",
    "is_in",
    "owners",
    "partition_bits",
    "run_starts",
    "running",
    "search",
    "slices",
    "steps",
    "string_buffers",
    "sums",
    "take_long",
    "take_rows",
    "tally",
    "trim",
    "whole",
    "whole_strings",
]

Number = TypeVar("Number", bound=np.generic)

_SMALL = 1 << 20  # keys not worth sharing among threads


def gather(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the chosen slices, one after the other, and the number of the slice each belongs to.

    Args:
        start: int64[n], first index of each slice.
        stop: int64[n], one past the last.

    Returns:
        Two int64 arrays of the slices' total length.
    """
    size = stop - start
    number = np.repeat(np.arange(len(size)), size)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    return np.repeat(start, size) + within, number


def slices(values: NDArray[Number], start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[Number]:
    """The values of the chosen slices, one after the other; for few and long ones, as no index is made.

    Args:
        values: Any array of one dimension.
        start: int64[n], first index of each slice.
        stop: int64[n], one past the last.
    """
    parts = (values[a:b] for a, b in zip(start.tolist(), stop.tolist(), strict=True))
    return np.concatenate([values[:0], *parts])


def steps(values: NDArray[Number]) -> NDArray[Number]:
    """How far each value is from the one before: ``np.diff`` does a tenth of its work on short arrays.

    Args:
        values: [n] or [n + 1] offsets, say.
    """
    step: NDArray[Number] = np.subtract(values[1:], values[:-1])
    return step


def running(values: NDArray[Any] | Sequence[int]) -> NDArray[np.int64]:
    """The sum of what stands before each place, and of all: int64[n + 1].

    Args:
        values: [n] sizes, whose offsets these are; or a mask, of which it is how many are true.
    """
    total = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=total[1:])
    return total


def owners(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which slice each value stands in: int64[offsets[-1]], for int64[n + 1] offsets from 0."""
    return np.arange(len(offsets) - 1).repeat(steps(offsets))


def holders(starts: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which slice each place lies in, -1 before the first one: int64[m].

    Args:
        starts: int64[n], where the slices begin, ascending; offsets, say. Of equal ones the last one counts.
        places: int64[m], in any order.
    """
    return np.asarray(np.searchsorted(starts, places, "right") - 1)


def sums(values: NDArray[np.bool_] | NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of each slice: int64[n].

    Args:
        values: bool[m], to count what is chosen, or int32[m].
        offsets: int64[n + 1], where the slices begin, and the last one ends.
    """
    return steps(running(values)[offsets])


def run_starts(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a run of equal rows begins: bool[n].

    Args:
        columns: One or more, [n] each; rows are equal where all of them are.
    """
    found = np.ones(len(columns[0]), bool)
    inner = found[1:]
    np.not_equal(columns[0][1:], columns[0][:-1], out=inner)
    for column in columns[1:]:
        inner |= column[1:] != column[:-1]
    return found


def first_of_run(values: NDArray[Number], opens: NDArray[np.bool_]) -> NDArray[Number]:
    """The value that each row's run begins with: [n].

    Args:
        values: [n].
        opens: bool[n], of :func:`run_starts`.
    """
    first: NDArray[Number] = values[opens][np.cumsum(opens) - 1]
    return first


def by_owner(owner: NDArray[np.int64], owners: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Things by whom they belong to, in their order.

    Args:
        owner: int64[m], of each thing.
        owners: How many owners there are.

    Returns:
        int64[owners + 1] offsets and int64[m] numbers of things.
    """
    offsets, things = np.empty(owners + 1, np.int64), np.empty(len(owner), np.int64)
    kernels.get().group_things(owner, offsets, things)
    return offsets, things


def search(
    values: NDArray[np.uint32], start: NDArray[np.int64], stop: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Place of the first value not below the wanted one, in a slice each.

    Args:
        values: Ascending within each slice.
        start: int64[n], first place of each slice.
        stop: int64[n], one past its last; given back where all are below.
        wanted: int64[n].
    """
    low, high = start.astype(np.int64), stop.astype(np.int64)
    while (open_ := low < high).any():
        middle = (low + high) // 2
        below = open_ & (values[np.where(open_, middle, 0)] < wanted)
        low = np.where(below, middle + 1, low)
        high = np.where(open_ & ~below, middle, high)
    return low


def distinct(keys: NDArray[Number]) -> NDArray[Number]:
    """Sorted, each once: ``np.unique`` hashes integers before it sorts them, and takes five times as long."""
    ordered = np.sort(keys)
    return ordered[run_starts(ordered)]


def tally(keys: NDArray[Number]) -> tuple[NDArray[Number], NDArray[np.int64]]:
    """Sorted, each once, and how often each is there."""
    ordered = np.sort(keys)
    opens = np.flatnonzero(run_starts(ordered))
    return ordered[opens], steps(np.append(opens, len(ordered)))


def at_most(ordered: NDArray[Number], times: int) -> NDArray[np.bool_]:
    """Which of sorted values stay where no more than so many equal ones may: bool[n]."""
    kept = np.ones(len(ordered), bool)
    kept[times:] = ordered[times:] != ordered[:-times]
    return kept


def is_in(values: NDArray[Number], ordered: NDArray[Number]) -> NDArray[np.bool_]:
    """Which values are among sorted ones: bool[n]; ``np.isin`` would sort these again."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[at] == values)


def inverse(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each number stands in an order of all of them: int64[n]."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place


def first_of_each(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the first of equal keys, ascending: int64."""
    return np.sort(np.unique(keys, return_index=True)[1])


def partition_bits(keys: int, settings: Settings, *, at_once: int | None = None) -> int:
    """Bits of the prefix by which so many 64-bit keys are sorted in parts.

    Enough for every thread to have a part at work and all of these together to take a quarter of the memory.

    Args:
        keys: How many there are.
        settings: For memory and threads.
        at_once: Parts at work at the same time, where it is not one a thread.
    """
    if keys <= _SMALL:
        return 0
    least = 1 if at_once else 2 * settings.workers
    parts = max(least, -(-keys * 8 * 4 * (at_once or settings.workers) // settings.memory_limit))
    return int(parts - 1).bit_length()


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column


def whole_strings(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The same for strings, as large_string: those of a corpus may pass the 2 GB that 32 bits address."""
    return whole(column.cast(pa.large_string()))


def trim(array: NDArray[Number], size: int) -> NDArray[Number]:
    """Give the memory behind the first so many entries back, in place; nobody else may hold the array."""
    array.resize(size, refcheck=False)
    return array


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
