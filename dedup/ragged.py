"""Arrays: ragged columns (lists of different lengths, flat) and sorted keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dedup import kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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
    "run_starts",
    "running",
    "search",
    "slices",
    "steps",
    "sums",
    "tally",
    "trim",
]

Number = TypeVar("Number", bound=np.generic)


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


def trim(array: NDArray[Number], size: int) -> NDArray[Number]:
    """Give the memory behind the first so many entries back, in place; nobody else may hold the array."""
    array.resize(size, refcheck=False)
    return array
