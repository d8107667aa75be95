"""Arrays of one document as bytes.

Token hashes keep all 64 bits: verification in the index is verification in the batch. A hash is written
where it stands first; where it comes again, the place of the first in one byte or two, and a bit for each
token says which. A hash of the index's vocabulary is written as its number there, in two bytes. Articles of
450 words take 1.5 KB so, without a vocabulary 2.9 KB, where the bare array takes 3.6 KB; zlib, 20 times
slower, makes 3.1 KB of that.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.ragged import run_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "JOINED",
    "LATE",
    "bare",
    "pack_mask",
    "pack_places",
    "pack_runs",
    "pack_words",
    "unpack_mask",
    "unpack_places",
    "unpack_runs",
    "unpack_words",
]

JOINED = 128
"""Flag of a body token whose predecessor in the raw text is its predecessor in the body."""

LATE = 64
"""Flag of a body token that became stock once its document was placed. What comes later is placed without it,
so that documents of a batch need not wait for what an earlier one makes stock."""


def bare(flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flags of tokens without those that only the index has."""
    return flags & np.uint8(~(JOINED | LATE) & 0xFF)


def pack_words(hashes: NDArray[np.uint64], flags: NDArray[np.uint8], vocabulary: NDArray[np.uint64]) -> bytes:
    """Hashes and flags of body tokens.

    Args:
        hashes: uint64[t].
        flags: uint8[t].
        vocabulary: uint64[v], hashes of common tokens, sorted, at most 65,536; may be empty.
    """
    order = hashes.argsort(kind="stable")
    opens = run_starts(hashes[order])
    again = np.ones(len(hashes), bool)
    again[order[opens]] = False
    rank = (~again).cumsum() - 1  # of those that stand first
    number = np.empty(len(hashes), np.int64)
    number[order] = rank[order[opens]][opens.cumsum() - 1]
    distinct = hashes[~again]
    common = np.zeros(len(distinct), bool)
    if len(vocabulary):
        place = np.minimum(vocabulary.searchsorted(distinct), len(vocabulary) - 1)
        common = vocabulary[place] == distinct
    width = 1 if len(distinct) <= 1 << 8 else 2 if len(distinct) <= 1 << 16 else 4
    head = np.array([len(hashes), len(distinct), np.count_nonzero(common), width], "<u4")
    return b"".join(
        (
            head.tobytes(),
            distinct[~common].astype("<u8").tobytes(),
            place[common].astype("<u2").tobytes() if common.any() else b"",
            number[again].astype(f"<u{width}").tobytes(),
            np.packbits(common).tobytes() if common.any() else b"",
            np.packbits(again).tobytes(),
            zlib.compress(flags.tobytes(), 1),
        )
    )


def unpack_words(data: bytes, vocabulary: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """What :func:`pack_words` packed, with the same vocabulary or, then, none."""
    count, size, known, width = np.frombuffer(data, "<u4", 4).tolist()
    at = 16

    def part(dtype: str, length: int) -> NDArray[Any]:
        nonlocal at
        values = np.frombuffer(data, dtype, length, at)
        at += values.nbytes
        return values

    distinct = rare = part("<u8", size - known)
    places = part("<u2", known)
    repeated = part(f"<u{width}", count - size)
    if known:
        common = np.unpackbits(part("u1", -(-size // 8)), count=size).view(bool)
        distinct = np.empty(size, np.uint64)
        distinct[common], distinct[~common] = vocabulary[places], rare
    again = np.unpackbits(part("u1", -(-count // 8)), count=count).view(bool)
    number = np.cumsum(~again) - 1
    number[again] = repeated
    flags = np.frombuffer(zlib.decompress(memoryview(data)[at:]), np.uint8)
    return distinct[number].astype(np.uint64), flags


def pack_places(spans: NDArray[np.int64]) -> bytes:
    """Character spans of body tokens, int64[n, 2], ascending and disjoint."""
    moves = spans.ravel().copy()
    moves[1:] -= spans.ravel()[:-1]
    width = 1 if moves.max(initial=0) < 1 << 8 else 4
    planes = moves.reshape(-1, 2).T.astype(f"<u{width}")
    return bytes([width]) + zlib.compress(planes.tobytes(), 1)


def unpack_places(data: bytes) -> NDArray[np.int64]:
    """What :func:`pack_places` packed."""
    planes = np.frombuffer(zlib.decompress(memoryview(data)[1:]), f"<u{data[0]}").reshape(2, -1)
    return np.cumsum(planes.T.ravel(), dtype=np.int64).reshape(-1, 2)


def pack_mask(mask: NDArray[np.bool_] | None) -> bytes | None:
    """A flag for each token; nothing where none is set."""
    return None if mask is None or not mask.any() else np.packbits(mask).tobytes()


def unpack_mask(data: bytes | None, count: int) -> NDArray[np.bool_] | None:
    """What :func:`pack_mask` packed, of so many tokens."""
    return None if data is None else np.unpackbits(np.frombuffer(data, np.uint8), count=count).view(bool)


def pack_runs(runs: NDArray[np.int32]) -> bytes:
    """Shared runs, int32[r, 3]: two bytes a number, or four and an odd length where two don't suffice."""
    if runs.max(initial=0) < 1 << 16:
        return runs.astype("<u2").tobytes()
    return runs.astype("<i4").tobytes() + b"\0"


def unpack_runs(data: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The runs of several pairs, one after the other, and how many each has: int32[r, 3], int64[n]."""
    size = np.fromiter(map(len, data), np.int64, len(data))
    if (size % 2 == 0).all():
        return np.frombuffer(b"".join(data), "<u2").astype(np.int32).reshape(-1, 3), size // 6
    parts = [
        np.frombuffer(some, "<i4", len(some) // 4) if len(some) % 2 else np.frombuffer(some, "<u2")
        for some in data
    ]
    return np.concatenate(parts).astype(np.int32).reshape(-1, 3), np.array([len(p) // 3 for p in parts])
