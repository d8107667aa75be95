"""Quotation marks in the compiled tokenizer: which quotation is open after each."""

from __future__ import annotations

import numpy as np

from dedup.kernels._jit import helper, inlined
from dedup.kernels.characters import (
    CHARACTER,
    CORNER_CLOSE,
    CORNER_OPEN,
    GUILLEMET_LEFT,
    GUILLEMET_RIGHT,
    LEFT,
    LINE,
    LOW,
    MARK,
    OPENING,
    RIGHT,
    SPACE,
    STRAIGHT,
    WHITE_CLOSE,
    WHITE_OPEN,
    WORD,
    peek,
)


@helper
def turn(quote, kind, before, after):
    """The quotation open after a mark, as the class that opened it, or 0: see ``reference.turn``."""
    if quote >= GUILLEMET_LEFT:
        closes = (
            (quote == GUILLEMET_LEFT and kind == GUILLEMET_RIGHT)
            or (quote == GUILLEMET_RIGHT and (kind == GUILLEMET_LEFT or kind == GUILLEMET_RIGHT))
            or (quote == CORNER_OPEN and kind == CORNER_CLOSE)
            or (quote == WHITE_OPEN and kind == WHITE_CLOSE)
        )
        return 0 if closes else quote
    word_before = WORD <= before <= MARK
    space_before = before == SPACE or before == LINE
    space_after = after == SPACE or after == LINE
    may_open = (space_before or before == OPENING) and not space_after
    orphan = quote == 0 and space_after and not space_before
    if kind == STRAIGHT:
        if word_before and WORD <= after <= MARK and before != CHARACTER and after != CHARACTER:
            return quote
        return STRAIGHT if quote == 0 and not orphan else 0
    if kind == LEFT:
        if quote == LOW or orphan or (quote != 0 and not may_open):
            return 0
        return LEFT
    if kind == RIGHT:
        return RIGHT if quote == 0 and may_open else 0
    if kind == LOW:
        return LOW
    if quote != 0:
        return quote
    if kind == GUILLEMET_LEFT:
        return 0 if word_before else GUILLEMET_LEFT
    if kind == GUILLEMET_RIGHT:
        return GUILLEMET_RIGHT if may_open else 0
    return kind if kind == CORNER_OPEN or kind == WHITE_OPEN else 0


@inlined
def doubled(data, i, end):
    """Class of the quotation mark that two ASCII signs at i stand for, or 0."""
    b = data[i]
    if i + 1 >= end or data[i + 1] != b:
        return 0
    return LOW if b == 44 else RIGHT if b == 39 else LEFT if b == 96 else 0


@helper
def last_single(data, start, end, page, entry):
    """Where the block's last closing ’ stands, one no letter follows; -1 without one."""
    last, i = np.int64(-1), start
    while i + 2 < end:
        if data[i] == 0xE2 and data[i + 1] == 0x80 and data[i + 2] == 0x99:
            if peek(data, i + 3, end, page, entry) != WORD:
                last = i
            i += 3
        else:
            i += 1
    return last
