"""What paragraphs, sentences and words are, for a diff."""

from __future__ import annotations

import re
from typing import Final

# Line ends as str.splitlines knows them.
LINE_ENDS: Final = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
ENDS_CLASS: Final = r"\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
# A paragraph, the white space after it, and the indent of the next: nothing is lost between two.
PARAGRAPH = re.compile(rf"\S[^{ENDS_CLASS}]*\s*")
# The end of a sentence. It looks at its own surroundings only, so that equal sentences are cut alike wherever
# they stand; three letters before the full stop spare most abbreviations.
SENTENCE = re.compile(r"[.!?。！？](?:(?<=\w\w\w.)[\"”’»)\]]*\s+(?=[^a-z\s])|(?<=[。！？])[」』”]*\s*(?=\S))")
# What is no word: controls, white space, punctuation. Listed rather than \W, which would take combining marks
# too; a class without categories and astral characters compiles to one table look-up, three times as fast.
_GAP = (
    r"\x00-/:-@\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\u1680\u2000-\u206f\u3000-\u3004\u3007-\u3020\u3030"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
# Scripts written without spaces: a character is a word. Thai, Lao, Myanmar, Khmer, kana, Han.
_DENSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD_PATTERN = rf"(?:\d+(?:[.,:]\d+)+|[{_DENSE}]|[^{_GAP}{_DENSE}]+)"
WORD = re.compile(_WORD_PATTERN)
TOKEN = re.compile(rf"{_WORD_PATTERN}[{_GAP}]*")
LEAD = re.compile(rf"[{_GAP}]*")


def common_prefix(one: str, two: str) -> int:
    """Length of the common prefix, by bisection on slices: compared in C."""
    low, high = 0, min(len(one), len(two))
    if one[:high] == two[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def count_words(text: str) -> int:
    """Words of a text."""
    return len(WORD.findall(text)) if text else 0
