"""Arrays of one document as bytes.

Token hashes keep all 64 bits: verification in the index is verification in the batch. A hash is written
where it stands first; where it comes again, the place of the first in one byte or two, and a bit for each
token says which. A hash of the index's vocabulary is written as its number there, in two bytes. Articles of
450 words take 1.5 KB so, without a vocabulary 2.9 KB, where the bare array takes 3.6 KB; zlib makes 3.1 KB
of that. Loops do it (:mod:`dedup.kernels.packing`): beginning a stream of zlib alone takes longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.kernels.constants import LATE_FLAG
from dedup.texts import STOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "LATE",
    "bare",
    "pack_mask",
    "pack_places",
    "pack_runs",
    "pack_words",
    "stocked",
    "unpack_mask",
    "unpack_places",
    "unpack_runs",
    "unpack_words",
    "unstocked",
]

LATE = LATE_FLAG
"""Flag of a body token that became stock once its document was placed. What comes later is placed without it,
so that documents of a batch need not wait for what an earlier one makes stock."""


def bare(flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flags of tokens without the one that only the index has."""
    return flags & np.uint8(~LATE & 0xFF)


def stocked(flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flags of tokens of which those that became stock late are stock."""
    return np.where(flags & LATE, flags | np.uint8(STOCK), flags)


def unstocked(flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flags of tokens as they came, before any was known to be stock."""
    return flags & np.uint8(~(STOCK | LATE) & 0xFF)


def pack_words(hashes: NDArray[np.uint64], flags: NDArray[np.uint8], vocabulary: NDArray[np.uint64]) -> bytes:
    """Hashes and flags of body tokens.

    Args:
        hashes: uint64[t].
        flags: uint8[t].
        vocabulary: uint64[v], hashes of common tokens, sorted, at most 65,535; may be empty.
    """
    count = len(hashes)
    table = np.full(1 << (2 * count).bit_length(), -1, np.int64)
    data = np.zeros(16 + 17 * count, np.uint8)
    size = kernels.get().pack_body(hashes, flags, vocabulary, table, np.empty(count, np.int64), data)
    return data[:size].tobytes()


def unpack_words(data: bytes, vocabulary: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """What :func:`pack_words` packed, with the same vocabulary or, where that was empty, any.

    Raises:
        ValueError: It is damaged.
    """
    count = int.from_bytes(data[:4], "little")
    if count > len(data) or len(data) < 8:  # every token takes a byte
        raise ValueError("a body is damaged")
    own, hashes = np.empty((2, count), np.uint64)
    flags = np.empty(count, np.uint8)
    if not kernels.get().unpack_body(np.frombuffer(data, np.uint8), vocabulary, own, hashes, flags):
        raise ValueError("a body is damaged")
    return hashes, flags


def pack_places(spans: NDArray[np.int64]) -> bytes:
    """Character spans of body tokens, int64[n, 2], ascending and disjoint."""
    data = np.empty(21 * len(spans), np.uint8)
    return data[: kernels.get().pack_spans(np.ascontiguousarray(spans).ravel(), data)].tobytes()


def unpack_places(data: bytes, count: int) -> NDArray[np.int64]:
    """What :func:`pack_places` packed, of so many tokens.

    Raises:
        ValueError: It is damaged.
    """
    places = np.empty(2 * count, np.int64)
    if not kernels.get().unpack_spans(np.frombuffer(data, np.uint8), places):
        raise ValueError("the places of a body are damaged")
    return places.reshape(-1, 2)


def pack_mask(mask: NDArray[np.bool_] | None) -> bytes | None:
    """A flag for each token; nothing where none is set."""
    return None if mask is None or not mask.any() else np.packbits(mask).tobytes()


def unpack_mask(data: bytes | None, count: int) -> NDArray[np.bool_] | None:
    """What :func:`pack_mask` packed, of so many tokens.

    Raises:
        ValueError: It is damaged.
    """
    if data is not None and len(data) != (count + 7) // 8:
        raise ValueError("a mask is damaged")
    return None if data is None else np.unpackbits(np.frombuffer(data, np.uint8), count=count).view(bool)


_BEYOND = np.full(3, 0x7FFFFFFF, "<i4").tobytes() + b"\0"
"""What stands for runs that can't be read."""


def pack_runs(runs: NDArray[np.int32], start: NDArray[np.int64], stop: NDArray[np.int64]) -> Iterator[bytes]:
    """Slices of shared runs, int32[r, 3]: two bytes a number, or four and an odd length if need be."""
    bounds = zip(start.tolist(), stop.tolist(), strict=True)
    if runs.max(initial=0) < 1 << 16:
        data = runs.astype("<u2").tobytes()
        return (data[6 * first : 6 * last] for first, last in bounds)
    return (runs[first:last].astype("<i4").tobytes() + b"\0" for first, last in bounds)


def unpack_runs(data: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The runs of several pairs, one after the other, and how many each has: int32[r, 3], int64[n].

    Where they are damaged, numbers are others, none below zero; what has not the form of runs is one that
    lies beyond any document.
    """
    parts = [some if _are_runs(some) else _BEYOND for some in data]
    size = np.fromiter(map(len, parts), np.int64, len(parts))
    if (size % 2 == 0).all():
        return np.frombuffer(b"".join(parts), "<u2").astype(np.int32).reshape(-1, 3), size // 6
    numbers = [
        np.frombuffer(some, "<i4", len(some) // 4) if len(some) % 2 else np.frombuffer(some, "<u2")
        for some in parts
    ]
    runs = np.concatenate(numbers).astype(np.int32) & 0x7FFFFFFF
    return runs.reshape(-1, 3), np.array([len(part) // 3 for part in numbers])


def _are_runs(data: object) -> bool:
    """Whether something stored has the form of runs."""
    return isinstance(data, bytes) and (len(data) % 12 == 1 if len(data) % 2 else len(data) % 6 == 0)
