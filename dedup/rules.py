"""The rules that decide how two documents are related, by name."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Rule"]


class Rule(IntEnum):
    """What decided how two documents are related; a code of uint8 columns."""

    FEW = 0
    """``none``: they share too few words, or those in runs that are too short."""
    QUOTED = 1
    """``quote``: too few of the words stand outside quotations."""
    FIGURES = 2
    """``quote`` or ``none``, as the next three: one frame around other figures."""
    WEEKDAYS = 3
    """One frame around other days."""
    NAMES = 4
    """One frame, and other names in the headlines."""
    FURNITURE = 5
    """What an outlet has above and below its articles."""
    BACKGROUND = 6
    """``quote``: days apart they share too little of the shorter one."""
    SCRAPS = 7
    """``quote``: days apart they share short runs."""
    FACTS = 8
    """``partial``: a passage of stock text with the figures of the day."""
    SENTENCES = 9
    """``partial``: two sentences."""
    PASSAGES = 10
    """``partial``: enough words outside quotations."""
    SEQUEL = 11
    """``partial``: as much of the shorter one as makes a version, but not days apart."""
    THIN = 12
    """``partial``: the same, but too few words outside quotations."""
    RETOLD = 13
    """``partial``: the same, but what the shorter one has outside quotations is mostly its own."""
    COVERED = 14
    """``version``: enough of the shorter one."""
    ROUNDED = 15
    """``version``: enough of the shorter one with the rest of sentences."""
    LATER = 16
    """``version``: enough of the shorter one for texts days apart."""
    REPORT = 17
    """``version``: enough of the shorter one, and one day's figures in a frame."""
    BRIEF = 18
    """``version``: half of a short one, which another source has."""
    CUT = 19
    """``version``: the shorter one was cut from the longer one."""
    FLASH = 20
    """``version``: a flash and what it grew into."""
    WHOLE = 21
    """``version``: most of both."""
    NEAR = 22
    """``near``: almost all of both."""
    EXACT = 23
    """``exact``: all words are equal."""
