"""What :mod:`dedup.kernels.packing` does, slowly and obviously, with the same signatures."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.kernels.constants import LONG_SPAN, NUMBER_GROUPS, RARE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["pack_body", "pack_spans", "unpack_body", "unpack_spans"]


def pack_body(
    hashes: NDArray[np.uint64],
    flags: NDArray[np.uint8],
    vocabulary: NDArray[np.uint64],
    table: NDArray[np.int64],
    first: NDArray[np.int64],
    data: NDArray[np.uint8],
) -> int:
    """Write a packed body; how many bytes that are."""
    words: list[int] = hashes.tolist()
    distinct = list(dict.fromkeys(words))
    number = {word: i for i, word in enumerate(distinct)}
    known = {word: i for i, word in enumerate(vocabulary.tolist())}
    again = [word in words[:t] for t, word in enumerate(words)]
    bits = sum(is_again << t for t, is_again in enumerate(again))
    runs = [(flag, len(list(run))) for flag, run in groupby(flags.tolist())]
    packed = b"".join(
        [
            len(words).to_bytes(4, "little"),
            len(distinct).to_bytes(4, "little"),
            *(known.get(word, RARE).to_bytes(2, "little") for word in distinct),
            *(word.to_bytes(8, "little") for word in distinct if word not in known),
            *(number[w].to_bytes(_width(distinct), "little") for w, a in zip(words, again, strict=True) if a),
            bits.to_bytes(-(-len(words) // 8), "little"),
            *(bytes([flag]) + _number(size) for flag, size in runs),
        ]
    )
    return _fill(data, packed)


def unpack_body(
    data: NDArray[np.uint8],
    vocabulary: NDArray[np.uint64],
    own: NDArray[np.uint64],
    hashes: NDArray[np.uint64],
    flags: NDArray[np.uint8],
) -> bool:
    """Read a packed body; whether that is all of it."""
    try:
        hashes[:], flags[:] = _unpacked(iter(data.tobytes()), vocabulary.tolist())
    except (IndexError, RuntimeError, StopIteration, ValueError):  # that of an iterator inside another
        return False
    return True


def _unpacked(rest: Iterator[int], vocabulary: list[int]) -> tuple[list[int], list[int]]:
    """The hashes and flags of a body that is as it should be."""
    count, distinct = _read(rest, 4), _read(rest, 4)
    places = [_read(rest, 2) for _ in range(distinct)]
    words = [_read(rest, 8) if place == RARE else vocabulary[place] for place in places]
    width = _width(words)
    repeats = [_read(rest, width) for _ in range(count - distinct)]
    bits = _read(rest, -(-count // 8))
    hashes: list[int] = []
    new = 0
    for t in range(count):
        hashes.append(words[:new][repeats.pop(0)] if bits >> t & 1 else words[new])
        new += not bits >> t & 1
    flags: list[int] = []
    while len(flags) < count:
        flag, size = next(rest), _read_number(rest)
        flags += [flag] * min(size, count + 1 - len(flags))
        if size == 0:
            raise ValueError
    if repeats or new < len(words) or any(True for _ in rest):
        raise ValueError
    return hashes, flags


def pack_spans(places: NDArray[np.int64], data: NDArray[np.uint8]) -> int:
    """Write where tokens stand; how many bytes that are."""
    moves: list[int] = np.diff(places, prepend=0).tolist()
    packed = b""
    for gap, length in zip(moves[::2], moves[1::2], strict=True):
        short = gap < 16 and length < 16 and (gap, length) != (15, 15)
        packed += bytes([gap << 4 | length]) if short else bytes([LONG_SPAN]) + _number(gap) + _number(length)
    return _fill(data, packed)


def unpack_spans(data: NDArray[np.uint8], places: NDArray[np.int64]) -> bool:
    """Read where tokens stand; whether that is all of them."""
    rest = iter(data.tobytes())
    moves: list[int] = []
    try:
        for byte in rest:
            moves += (_read_number(rest), _read_number(rest)) if byte == LONG_SPAN else (byte >> 4, byte & 15)
        places[:] = np.cumsum(moves, dtype=np.int64)
    except (StopIteration, ValueError):
        return False
    return True


def _width(distinct: list[Any]) -> int:
    return 1 if len(distinct) <= 1 << 8 else 2 if len(distinct) <= 1 << 16 else 4


def _number(value: int) -> bytes:
    """Groups of seven bits, the lowest first; all but the last have the upper bit."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _number(value >> 7)


def _read_number(rest: Iterator[int], groups: int = NUMBER_GROUPS) -> int:
    byte = next(rest)
    if not groups:
        raise ValueError
    return byte if byte < 128 else byte & 127 | _read_number(rest, groups - 1) << 7


def _read(rest: Iterator[int], width: int) -> int:
    return int.from_bytes(bytes(next(rest) for _ in range(width)), "little")


def _fill(data: NDArray[np.uint8], packed: bytes) -> int:
    data[: len(packed)] = np.frombuffer(packed, np.uint8)
    return len(packed)
