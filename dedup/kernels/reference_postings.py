"""What :mod:`dedup.kernels.postings` does, slowly and obviously, with the same signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["find_keys"]


def find_keys(
    data: NDArray[np.uint8],
    width: int,
    bounds: NDArray[np.int64],
    buckets: NDArray[np.uint64],
    shift: Any,
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    found: NDArray[np.uint64],
) -> int:
    """Write the keys within ranges, each of which lies in one bucket."""
    raw, stored = data.tobytes(), 8 * width
    keys: dict[int, list[int]] = {}
    for i, bucket in enumerate(buckets.tolist()):
        head = bucket << int(shift) >> stored << stored
        keys[bucket] = [
            head | int.from_bytes(raw[place * width : (place + 1) * width], "little")
            for place in range(bounds[i], bounds[i + 1])
        ]
    within = [
        key
        for first, last in zip(low.tolist(), high.tolist(), strict=True)
        for key in keys.get(first >> int(shift), ())
        if first <= key <= last
    ]
    found[: len(within)] = within[: len(found)]
    return len(within)
