"""Numbers that the compiled kernels and their reference share."""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "ANNOUNCED_FLAG",
    "CHARACTER_FLAG",
    "CONTENT_A",
    "CONTENT_B",
    "CUT_FLAG",
    "DELETE",
    "EDGE_SHARE",
    "EFFORT",
    "ENTITY_SIZE",
    "EQUAL",
    "EXCERPT",
    "FILL_SHARE",
    "FILL_SLACK",
    "FINGERPRINT_SHIFT",
    "GAP_COST",
    "GROUPS",
    "HANGUL",
    "INDENT",
    "INSERT",
    "LATE_FLAG",
    "LONG",
    "LONG_SPAN",
    "LOOK_BACK",
    "MAX_CELLS",
    "MAX_HITS",
    "MAX_ISLAND",
    "MAX_WIDTH",
    "MIN_LINES",
    "MIN_MOVED",
    "MIN_SHARED",
    "MIN_WIDTH",
    "MIX",
    "MOVE",
    "MULTIPLIER",
    "NESTED",
    "NUMBER_FLAG",
    "NUMBER_GROUPS",
    "NUMERALS",
    "OPEN_COST",
    "OPERATIONS",
    "QUOTED_FLAG",
    "RARE",
    "REPLACE",
    "SENTENCE_FLAG",
    "SENTENCE_MOST",
    "SENTENCE_SHARE",
    "SENTENCE_WORDS",
    "SHORT_SHARE",
    "STOCK_FLAG",
    "TAB",
    "WIDE",
    "WINDOWS_1252",
]

# Flags of a token.
QUOTED_FLAG: Final = 1
CHARACTER_FLAG: Final = 2
STOCK_FLAG: Final = 4  # set once the corpus is known
NUMBER_FLAG: Final = 8
CUT_FLAG: Final = 16  # something was stripped before it
ANNOUNCED_FLAG: Final = 32  # in a block that the one before announces
LATE_FLAG: Final = 64  # set by the index: stock once its document was placed
SENTENCE_FLAG: Final = 128  # a sentence begins

# What numbers are written with in Chinese and Japanese; two or more in a row are one.
NUMERALS: Final = "〇一二三四五六七八九十百千万亿億兆萬零"
GROUPS: Final = 4  # of digits with spaces between that are one number at most; more are a list of numbers

# Character references: the longest name, and the most digits; what 128 to 159 stand for.
ENTITY_SIZE: Final = 8
WINDOWS_1252: Final = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"

# Packing.
RARE: Final = 0xFFFF  # the number of a word that the vocabulary lacks
LONG_SPAN: Final = 0xFF  # what stands before a gap and a length of more than four bits
NUMBER_GROUPS: Final = 6  # of seven bits, at most; a longer number is damaged

# Alignment.
MAX_HITS: Final = 64  # occurrences of one seed that are looked at
LOOK_BACK: Final = 96  # matches before the current one that may come before it in its chain
EFFORT: Final = 64  # comparisons a token
LONG: Final = 8  # tokens: a match this long hides the shorter ones inside it
OPEN_COST: Final = 5  # tenths of a token
GAP_COST: Final = 2  # tenths of a token, for each token of the wider gap
EXCERPT: Final = 250  # words: a longer passage is no excerpt
SENTENCE_WORDS: Final = 5  # a sentence is taken over if so many outside quotations are,
SENTENCE_SHARE: Final = 0.5  # and they are this share of its words;
SENTENCE_MOST: Final = 64  # words: in a longer one no stop was found, and what isn't shared of it stays out

# Lines wrapped by hand.
TAB: Final = 8  # columns
INDENT: Final = 2  # columns a line is indented more than the one before: it begins a paragraph
MIN_LINES: Final = 3
MIN_WIDTH: Final = 40  # columns: lists of words and names are narrower
MAX_WIDTH: Final = 120  # columns: longer lines are paragraphs
FILL_SLACK: Final = 6  # columns a full line may leave free beyond the next line's first word
FILL_SHARE: Final = 0.6  # of the lines that do not begin a paragraph: the line before is full
SHORT_SHARE: Final = 0.7  # of the width: a line that leaves more free ends its paragraph
# Code points, first and last: of two columns, and without case but written with spaces (lines break there).
WIDE: Final = ((0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFF01, 0xFF60), (0x20000, 0x3FFFD))
HANGUL: Final = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3))

# Odd multipliers of polynomials mod 2**64: of shingles, and the two of content hashes. They are part of the
# scheme. Spectrally good ones of Steele and Vigna, "Computationally easy, spectrally good multipliers"
# (2021), table 6.
MULTIPLIER: Final = 0xF1357AEA2E62A9C5
CONTENT_A: Final = 0xD1342543DE82EF95
CONTENT_B: Final = 0xAF251AF3B0F025B5
MIX: Final = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio: spreads hashes and numbers over slots and parts
FINGERPRINT_SHIFT: Final = 16  # a fingerprint is the upper 48 bits of a shingle

# Differences of two texts: the operations, their numbers, and the flag of one inside a move.
OPERATIONS: Final[tuple[Literal["equal", "replace", "insert", "delete", "move"], ...]] = (
    "equal",
    "replace",
    "insert",
    "delete",
    "move",
)
EQUAL: Final = 0
REPLACE: Final = 1
INSERT: Final = 2
DELETE: Final = 3
MOVE: Final = 4
NESTED: Final = 8

MAX_CELLS: Final = 40_000_000  # of one table of words by words: 5 MB as bits, 2 ms
MAX_ISLAND: Final = 6  # half words of a match that may be joined with the changes around it
EDGE_SHARE: Final = 8  # such a match beside one change only is joined with one so many times as long
MIN_MOVED: Final = 8  # half words of what may be called moved
MIN_SHARED: Final = 6  # pairs of neighbouring words that a moved and edited unit keeps
