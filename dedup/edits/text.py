"""What lines, words and the signs around them are, for a diff: a class for each character."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Line ends as str.splitlines knows them.
LINE_ENDS: Final = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
ENDS_CLASS: Final = r"\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
# A paragraph without its indent and its line's end.
PARAGRAPH = re.compile(rf"\S[^{ENDS_CLASS}]*")

# Of signs, what is not listed below; controls among them.
_SIGNS: Final = (
    *("\x00/", ":@", "[`", "{\xa9", "\xab\xb1", "\xb4\xb4", "\xb6\xb8", "\xbb\xbb", "\xbf\xbf"),
    *("\u1680\u1680", "\u2000\u206f", "\u3000\u3004", "\u3007\u3020", "\u3030\u3030"),
    *("\uff01\uff0f", "\uff1a\uff20", "\uff3b\uff40", "\uff5b\uff65"),
)
# Scripts written without spaces, where a character is a word: Thai, Lao, Myanmar, Khmer, kana, Han.
_DENSE: Final = (
    *("\u0e00\u0eff", "\u1000\u109f", "\u1780\u17ff", "\u3040\u30ff", "\u3400\u9fff", "\uf900\ufaff"),
)
_CLASSES: Final = {
    "n": "0123456789",
    "j": ",:",  # joins digits, as a full stop does
    ".": ".",
    "!": "!?…",
    "e": "。！？",  # ends a sentence even without a space
    "o": "([{「『（【《〈",
    "s": "\t\x1f \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000",
    "l": LINE_ENDS,
}
_CASED: Final = 0x600  # Latin, Greek, Cyrillic, Armenian: what lies above has no case or few readers


@cache
def character_classes() -> NDArray[np.uint8]:
    """Class of each character below U+10000, a letter; those above are letters of words.

    ``w`` part of a word, ``d`` a word by itself, ``g`` any sign, and the more special ones of the table.
    """
    classes = np.full(1 << 16, ord("w"), np.uint8)
    for name, ranges in (("g", _SIGNS), ("d", _DENSE)):
        for bounds in ranges:
            classes[ord(bounds[0]) : ord(bounds[1]) + 1] = ord(name)
    for name, characters in _CLASSES.items():
        classes[[ord(character) for character in characters]] = ord(name)
    return classes


@cache
def lower_case() -> NDArray[np.uint16]:
    """The small letter of each character that has case, below U+0600; the others are their own."""
    lower = [chr(code).lower() for code in range(_CASED)]
    return np.array([ord(c) if len(c) == 1 else code for code, c in enumerate(lower)], np.uint16)


_WORD = re.compile(
    rf"(?:\d+(?:[.,:]\d+)+|[{''.join(f'{x}-{y}' for x, y in _DENSE)}]|"
    rf"[^{''.join(f'{re.escape(x)}-{re.escape(y)}' for x, y in (*_SIGNS, *_DENSE))}]+)"
)


def count_words(text: str) -> int:
    """Words of a text."""
    return len(_WORD.findall(text)) if text else 0
