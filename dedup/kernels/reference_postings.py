"""What :mod:`dedup.kernels.postings` does, slowly and obviously, with the same signatures."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["find_keys", "merge_keys", "thin_keys"]


def find_keys(
    data: NDArray[np.uint8],
    width: int,
    bounds: NDArray[np.int64],
    buckets: NDArray[np.uint64],
    shift: Any,
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    thinned: Any,
    most: int,
    earliest: int,
    found: NDArray[np.uint64],
) -> int:
    """Write the keys within ranges, each of which lies in one bucket; of some, not all."""
    raw, stored = data.tobytes(), 8 * width
    keys: dict[int, list[int]] = {}
    for i, bucket in enumerate(buckets.tolist()):
        head = bucket << int(shift) >> stored << stored
        keys[bucket] = [
            head | int.from_bytes(raw[place * width : (place + 1) * width], "little")
            for place in range(bounds[i], bounds[i + 1])
        ]
    within: list[int] = []
    for first, last in zip(low.tolist(), high.tolist(), strict=True):
        some = [key for key in keys.get(first >> int(shift), ()) if first <= key <= last]
        within += _thinned(some, most, earliest) if first < int(thinned) else some
    found[: len(within)] = within[: len(found)]
    return len(within)


def merge_keys(
    data: NDArray[np.uint8],
    width: int,
    bounds: NDArray[np.int64],
    heads: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    merged: NDArray[np.uint64],
) -> int:
    """Unpack buckets and add keys, each once; how many there are."""
    raw, found = data.tobytes(), set(keys.tolist())
    for i, head in enumerate(heads.tolist()):
        for place in range(bounds[i], bounds[i + 1]):
            found.add(head | int.from_bytes(raw[place * width : (place + 1) * width], "little"))
    merged[: len(found)] = sorted(found)
    return len(found)


def thin_keys(keys: NDArray[np.uint64], bits: Any, most: int, earliest: int) -> int:
    """Leave out the middle of what is in too many, in place; how many are left."""
    left: list[int] = []
    for _, some in groupby(keys.tolist(), lambda key: key >> int(bits)):
        left += _thinned(list(some), most, earliest)
    keys[: len(left)] = left
    return len(left)


def _thinned(keys: list[int], most: int, earliest: int) -> list[int]:
    return keys if len(keys) <= most else keys[:earliest] + keys[len(keys) - most + earliest :]
