"""What :mod:`dedup.kernels.entities` does, slowly and obviously, with the same signatures."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from dedup.kernels.constants import WINDOWS_1252

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Counts = npt.NDArray[np.int64]
    Places = npt.NDArray[np.uint32]

__all__ = ["entities_of", "move_places", "read_entities"]

ENTITY = re.compile(rb"&(?:#[xX]([0-9A-Fa-f]{1,8})|#([0-9]{1,8})|([0-9A-Za-z]{1,8}));")


def entities_of(
    raw: bytes, names: npt.NDArray[np.uint64], codes: npt.NDArray[np.uint32]
) -> Iterator[tuple[int, int, str]]:
    """First byte of each reference in a document, one past its last, and the character it stands for."""
    known = dict(zip(names.tolist(), codes.tolist(), strict=True))
    for found in ENTITY.finditer(raw):
        hexadecimal, decimal, name = found.groups()
        if name:
            code = known.get(int.from_bytes(name, "little"), 0)
        else:
            code = int(hexadecimal, 16) if hexadecimal else int(decimal)
            if 0x80 <= code < 0xA0:
                code = ord(WINDOWS_1252[code - 0x80])
        if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000:
            yield found.start(), found.end(), chr(code)


def read_entities(
    data: Bytes,
    offsets: Counts,
    names: npt.NDArray[np.uint64],
    codes: npt.NDArray[np.uint32],
    read: Bytes,
    read_offsets: Counts,
    entity_offsets: Counts,
    start: Places,
    gone: Places,
) -> None:
    """Copy documents, with the characters that references stand for; see the compiled kernel."""
    total = found = 0
    read_offsets[0] = entity_offsets[0] = 0
    for d in range(len(offsets) - 1):
        raw = data[offsets[d] : offsets[d + 1]].tobytes()
        parts, done = bytearray(), 0
        for first, last, character in entities_of(raw, names, codes):
            parts += raw[done:first] + character.encode()
            done = last
            start[found], gone[found] = first, last - len(parts)
            found += 1
        parts += raw[done:]
        read[total : total + len(parts)] = np.frombuffer(parts, np.uint8)
        total += len(parts)
        read_offsets[d + 1], entity_offsets[d + 1] = total, found


def move_places(
    offsets: Counts, entity_offsets: Counts, start: Places, gone: Places, back: bool, places: Places
) -> None:
    """Move places between what is written and what is read; see the compiled kernel."""
    for d in range(len(offsets) - 1):
        own = slice(entity_offsets[d], entity_offsets[d + 1])
        shorter = [0, *gone[own].tolist()]
        begins = [
            place - less if back else place for place, less in zip(start[own].tolist(), shorter, strict=False)
        ]
        for p in range(offsets[d], offsets[d + 1]):
            place = int(places[p])
            less = shorter[bisect_left(begins, place)]
            places[p] = place + less if back else place - less
