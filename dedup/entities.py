"""Character references of HTML that a scraper left in a text: ``&quot;``, ``&#8217;``, ``&nbsp;``.

Each is read as the character it stands for, as a browser would show it: of two copies of an article one may
be decoded and the other not. Texts stay as they are written, and the token stream's places are places in
them. What looks at the bytes of a text asks :func:`dedup.tokens.decoded` for the text without references.

- Names are those of HTML that stand for one character, up to eight letters; numbers are decimal or
  hexadecimal, up to eight digits. The semicolon is asked for: ``R&D``, ``?a=1&copy=2`` are no references.
- 128 to 159 are what Windows-1252 has there (``&#146;`` is ’), as in HTML.
- 0, surrogates and what lies beyond Unicode are no references. Nor is what a reference makes: ``&amp;quot;``
  is ``&quot;`` letter by letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.datafiles import read_lines
from dedup.ragged import trim

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DATA", "Decoded", "entity_names", "read_entities"]

DATA = "entities.txt"


@dataclass(frozen=True, slots=True)
class Decoded:
    """n documents without references, and where those were.

    Attributes:
        data: uint8, their UTF-8.
        offsets: int64[n + 1], document i is ``data[offsets[i]:offsets[i + 1]]``.
        entity_offsets: int64[n + 1], references of each document.
        start: uint32[R], first byte of each reference in the document as it is written.
        gone: uint32[R], by how many bytes the document is shorter, up to and with each reference.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    entity_offsets: npt.NDArray[np.int64]
    start: npt.NDArray[np.uint32]
    gone: npt.NDArray[np.uint32]


@cache
def entity_names() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Names, ascending, each the little-endian number that its bytes are, and what each stands for."""
    lines = [line.split() for line in read_lines(f"data/{DATA}")]
    known = sorted((int.from_bytes(name.encode(), "little"), int(code, 16)) for name, code in lines)
    keys, codes = zip(*known, strict=True)
    return np.array(keys, np.uint64), np.array(codes, np.uint32)


def read_entities(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], most: int) -> Decoded:
    """Read the references of documents data[offsets[d]:offsets[d + 1]].

    Args:
        data: uint8, UTF-8.
        offsets: int64[n + 1].
        most: How many references there are at most: ``room`` of the kernels says it.
    """
    n = len(offsets) - 1
    read, read_offsets = np.empty(int(offsets[-1] - offsets[0]), np.uint8), np.empty(n + 1, np.int64)
    entity_offsets = np.empty(n + 1, np.int64)
    start, gone = np.empty(most, np.uint32), np.empty(most, np.uint32)
    kernels.get().read_entities(
        data, offsets, *entity_names(), read, read_offsets, entity_offsets, start, gone
    )
    found = int(entity_offsets[-1])
    read = read[: read_offsets[-1]]
    return Decoded(read, read_offsets, entity_offsets, trim(start, found), trim(gone, found))
