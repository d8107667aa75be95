"""The folding table: class and folded form of every code point of one Unicode version.

Versioned package data, not the interpreter's ``unicodedata``: the same text has the same hashes on every
Python. ``.ci/make_folding.py`` writes it. Two stages, as in The Unicode Standard, section 5.1: ``page[code >>
8]`` picks 256 entries; an entry holds the class (5 bits), the length of the folded form in bytes (7 bits) and
its place in the pool.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DATA", "HEADER", "IDENTITY", "MAGIC", "Class", "Folding", "folding"]

DATA = "folding-18.0.0-3.bin"
MAGIC = b"dedupfold1"
HEADER = "<16s16sIII20x"  # 64 bytes, so that the arrays behind it are aligned
IDENTITY = 127
"""Length of an entry whose character folds to itself: its own bytes are copied."""


class Class(IntEnum):
    """What a code point is to the tokenizer."""

    SEPARATOR = 0  # punctuation, symbols, unassigned
    SPACE = 1  # white space and control characters within a line
    LINE = 2  # ends a line
    IGNORABLE = 3  # as if it were not there: soft hyphen, zero width, bidi marks, tatweel
    DROPPED = 4  # an accent or point that is left out
    WORD = 5  # letters and numbers other than decimal digits
    DIGIT = 6  # folds to 0-9
    CHARACTER = 7  # a base character of a script written without spaces, a syllable of Hangul
    MARK = 8  # a combining mark that is kept
    APOSTROPHE = 9
    SINGLE_LEFT = 10  # ‘, else an apostrophe
    SINGLE_RIGHT = 11  # ’, else an apostrophe
    DOT = 12
    COMMA = 13
    OPENING = 14  # opening brackets
    STRAIGHT = 15  # "
    LEFT = 16  # “
    RIGHT = 17  # ”
    LOW = 18  # „
    GUILLEMET_LEFT = 19  # «
    GUILLEMET_RIGHT = 20  # »
    CORNER_OPEN = 21  # 「
    CORNER_CLOSE = 22  # 」
    WHITE_CORNER_OPEN = 23  # 『
    WHITE_CORNER_CLOSE = 24  # 』


@dataclass(frozen=True, slots=True)
class Folding:
    """The table as arrays.

    Attributes:
        version: Unicode version, and our revision for it, such as ``18.0.0-3``.
        page: uint16[0x1100], index of the page of a block of 256 code points.
        entry: uint32[pages * 256], class | length << 5 | place << 12.
        pool: uint8[…], the folded forms, UTF-8.
        growth: Greatest length of a folded form per byte of its character, rounded up.
    """

    version: str
    page: npt.NDArray[np.uint16]
    entry: npt.NDArray[np.uint32]
    pool: npt.NDArray[np.uint8]
    growth: int

    def lookup(self, code: int) -> tuple[Class, bytes]:
        """Class and folded form of a code point."""
        entry = int(self.entry[int(self.page[code >> 8]) << 8 | code & 255])
        length, place = entry >> 5 & 127, entry >> 12
        data = chr(code).encode() if length == IDENTITY else self.pool[place : place + length].tobytes()
        return Class(entry & 31), data


@cache
def folding() -> Folding:
    """The table of this version of the package, read once."""
    raw = resources.files("dedup").joinpath("data", DATA).read_bytes()
    _, version, growth, pages, pool = struct.unpack_from(HEADER, raw)
    head = struct.calcsize(HEADER)
    page = np.frombuffer(raw, "<u2", 0x1100, head)
    entry = np.frombuffer(raw, "<u4", pages * 256, head + page.nbytes)
    forms = np.frombuffer(raw, np.uint8, pool, head + page.nbytes + entry.nbytes)
    return Folding(version.rstrip(b"\0").decode(), page, entry, forms, growth)
