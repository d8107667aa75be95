"""Bits and columns that the loops of :mod:`dedup.kernels.blocks`, their reference and their callers share."""

from __future__ import annotations

# What a token looks like (uint8 bits).
UPPER, CAPITALS, NUMBER, YEAR, LOWER, SINGLE = 1, 2, 4, 8, 16, 32
# What stands between two tokens (uint16 bits).
SPACE, STOP, COMMA, COLON, DASH, OPEN, CLOSE = 1, 2, 4, 8, 16, 32, 64
SLASH, MARK, AT, COPYRIGHT, QUESTION, QUOTE, WIDE, OTHER = 128, 256, 512, 1024, 2048, 4096, 8192, 16384
ELLIPSIS = 32768  # of one sign or three; it is a stop, too

ASCII = {
    **dict.fromkeys(" \t\n\v\f\r", SPACE),
    **dict.fromkeys(".!", STOP),
    "?": STOP | QUESTION,
    **dict.fromkeys(",;", COMMA),
    ":": COLON,
    "-": DASH,
    **dict.fromkeys("([", OPEN),
    **dict.fromkeys(")]", CLOSE),
    **dict.fromkeys("/\\", SLASH),
    "|": MARK,
    **dict.fromkeys("@#", AT),
    **dict.fromkeys("\"'", QUOTE),
}
"""Signs of one byte, and what they are; all others are ``OTHER``."""

# What a phrase asks of its place (uint8 bits).
OPENS, CLOSES, COLON_FOLLOWS, IN_PARENTHESES, AS_NAME, AS_CAPITALS = 1, 2, 4, 8, 16, 32

# Columns of a tally.
(
    N_TOKENS,
    N_BYTES,
    N_UPPER,
    N_CAPITALS,
    N_NUMBER,
    N_YEAR,
    N_LOWER,
    N_QUOTED,
    N_CHARACTER,
    N_STOP,
    N_COMMA,
    N_COLON,
    N_DASH,
    N_OPEN,
    N_SLASH,
    N_MARK,
    N_AT,
    N_COPYRIGHT,
    N_QUESTION,
    N_GLUE,
) = range(20)
COLUMNS = 20
HEAD = 6
"""Tokens that the head hash of a unit covers."""
PAIR_SHIFT = 20
"""Bits by which the second of two tokens is shifted where a filter knows pairs of them."""
