"""Ragged columns: lists of different lengths, flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["gather"]


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
