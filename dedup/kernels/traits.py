"""Rows of the traits of units: what the model's features ask about, small whole numbers.

Lengths are counted in half words and shares in 300ths, so that every limit a feature has is a whole number.
"""

from __future__ import annotations

from dedup.kernels import signs

WORD, SHARE = 2, 300
"""One word, and the whole of something."""
MOST = 32_766
"""Greater numbers are cut down to it; the limits of features lie far below."""
BLOCK = 256
"""Units whose traits stay in the nearest caches while every rule looks at them."""
KINDS_OF_CUES, KINDS_OF_FURNITURE = 10, 6
"""Kinds of cue, and how many of them, the first, are boilerplate; agencies come after them all."""
CAPTION = 1
"""A kind of cue that credits are made of, too."""

PROSE_WORDS = 12
"""A unit of at least so many words that ends like a sentence is prose."""
STRONG_CUES = 4
"""Cue weights of one kind that make a unit suspect."""
MOST_WORDS = 60
"""Words of one unit that count for the density; a list glued together is no stretch of sentences."""
AGAINST = 8
"""Words of prose one other unit outweighs."""
NEAR = 4
"""Units next to the densest stretch are near it so far."""
REACHES = (2, 5, 12)
"""Distances within which prose is counted."""
KEYWORD_BYTES, KEYWORD_NAME = 7, 4
"""A word at least so long, or with a capital so long, tells what a text is about."""
VOCABULARY = 60
"""Tokens of other units in the densest stretch, at least, that a unit is compared with."""
ECHO_REACH = 2
"""Neighbours on either side whose keywords are counted together: teasers stand in rows."""
INSIDE, JUST_ABOVE, ABOVE, JUST_BELOW, BELOW = range(5)
"""Places beside the densest stretch."""

WORDS, PROSE, BARE, SMALL, CREDIT, RECURS = range(6)
CUES = 6  # the row of the first kind of cue
BESIDE = CUES + KINDS_OF_FURNITURE
"""So many of the first rows are told of a unit's neighbours, too: up to the last kind of boilerplate."""
BEFORE = CUES + KINDS_OF_CUES
AFTER = BEFORE + BESIDE
COVERED = AFTER + BESIDE
(
    SENTENCE,
    TOKENS,
    ENDS_STOP,
    ENDS_QUESTION,
    ENDS_COLON,
    ENDS_CLOSED,
    ENDS_ARROW,
    OPENS_FIGURE,
    OPENS_CAPITALS,
    OPENS_PARENTHESIS,
    OPENS_QUOTE,
    OPENS_DASH,
    OPENS_MARK,
    OPENS_COPYRIGHT,
    UPPER,
    CAPITALS,
    FIGURES,
    QUOTED,
    COMMA_SHARE,
    MOSTLY_GLUE,
    STOPS,
    COMMAS,
    SLASHES,
    MARKS,
    ATS,
    COPYRIGHTS,
    OPENED,
    GLUE,
    YEARS,
    KINDS,
    AGENCY,
    ALL_AGENCY,
    AGENCY_CLOSES,
    AGENCY_AFTER_STOP,
    DATELINE,
    FROM_TOP,
    FROM_BOTTOM,
    PROSE_ABOVE,
    PROSE_BELOW,
    PAGE_PROSE,
    WORDS_2_BEFORE,
    WORDS_2_AFTER,
    PROSE_NEAR,
    PROSE_NEAR_5,
    PROSE_NEAR_12,
    PROSE_SHARE,
    PROSE_SHARE_5,
    PROSE_SHARE_12,
    PLACE,
    RUN_UNLIKE_PROSE,
    RUN_HEADLINES,
    RUN_SHORT,
    ALIKE,
    SAME_ABOVE,
    SAME_BELOW,
    LIKE_ABOVE,
    LIKE_BELOW,
    TITLE,
    PAGE_RECURS,
    RECURS_BESIDE,
    KEYWORDS,
    ECHO,
    KEYWORDS_NEAR,
    ECHO_NEAR,
) = range(COVERED + KINDS_OF_CUES, COVERED + KINDS_OF_CUES + 64)
ROWS = COVERED + KINDS_OF_CUES + 64

COUNTED = (
    *(signs.N_STOP, signs.N_COMMA, signs.N_SLASH, signs.N_MARK, signs.N_AT),
    *(signs.N_COPYRIGHT, signs.N_OPEN, signs.N_GLUE, signs.N_YEAR),
)
"""Columns of a tally that rows from STOPS on repeat,"""
SHARED = (signs.N_UPPER, signs.N_CAPITALS, signs.N_NUMBER, signs.N_QUOTED, signs.N_COMMA)
"""columns whose shares stand from UPPER on,"""
OPENING = (signs.OPEN, signs.QUOTE, signs.DASH, signs.MARK, signs.COPYRIGHT)
"""and signs before a unit that are looked for from OPENS_PARENTHESIS on."""
