"""How two documents are related, from what was measured of them: the rules, by name, and their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from dedup.edges import NEAR, NONE, PARTIAL, QUOTE, VERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.config import Settings

__all__ = ["PARAGRAPH", "Evidence", "Rule", "Verdicts", "classify"]

PARAGRAPH = 30, 1 / 6
"""Words of one verbatim run and coverage of the shorter text from which it lifted a paragraph, however long
after the other one it was published."""

WHOLE = 0.8, 2 / 3
"""Coverage of the shorter and of the longer text from which both are one piece, whoever speaks in it."""


class Rule(IntEnum):
    """What decided how two documents are related; a code of uint8 columns."""

    FEW = 0
    """``none``: they share too few words, or those in runs that are too short."""
    EMPTY = 1
    """``none``: one of them has no body."""
    RECURRING = 2
    """``none``: stock text aside, they share nothing."""
    NOTICES = 3
    """``none``: word for word the same, but mostly stock text of two days."""
    QUOTED = 4
    """``quote``: too few of the words stand outside quotations."""
    FIGURES = 5
    """``quote`` or ``none``, as the next four: one frame around other figures."""
    WEEKDAYS = 6
    """One frame around other days."""
    NAMES = 7
    """One frame, and other names in the headlines."""
    FURNITURE = 8
    """What an outlet has above and below its articles."""
    PHRASES = 9
    """Short phrases of one form, filled anew."""
    BACKGROUND = 10
    """``quote``: days apart they share too little of the shorter one."""
    SCRAPS = 11
    """``quote``: days apart they share short runs."""
    FACTS = 12
    """``partial``: a passage of stock text with the figures of the day."""
    SENTENCES = 13
    """``partial``: two sentences."""
    PASSAGES = 14
    """``partial``: enough words outside quotations."""
    SEQUEL = 15
    """``partial``: as much of the shorter one as makes a version, but not days apart."""
    THIN = 16
    """``partial``: the same, but too few words outside quotations."""
    RETOLD = 17
    """``partial``: the same, but what the shorter one has outside quotations is mostly its own."""
    COVERED = 18
    """``version``: enough of the shorter one."""
    ROUNDED = 19
    """``version``: enough of the shorter one with the rest of sentences."""
    LATER = 20
    """``version``: enough of the shorter one for texts days apart."""
    REPORT = 21
    """``version``: enough of the shorter one, and one day's figures in a frame."""
    BRIEF = 22
    """``version``: half of the shorter one, in another source, with few words outside quotations."""
    CUT = 23
    """``version``: the shorter one was cut from the longer one."""
    FLASH = 24
    """``version``: a flash and what it grew into."""
    WHOLE = 25
    """``version``: most of both."""
    NEAR = 26
    """``near``: almost all of both."""
    EXACT = 27
    """``exact``: all words are equal."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What p pairs are judged by.

    Attributes:
        shorter: float64[p], coverage of the shorter document.
        over: float64[p], the same with the rest of sentences half of which were taken over, which readers
            count whole.
        least: float64[p], the smaller of both coverages.
        shared: float64[p], words shared.
        longest: float64[p], words of the longest verbatim run.
        told: uint8[p], the rule by which enough of one is told in the other for a copy of a part; 0 if it is
            not.
        enough: uint8[p], the rule by which it is enough for a version, whatever its share; 0 if it is not.
        template: uint8[p], the rule by which they are one frame around other facts; 0 if they are not.
        retold: bool[p], most of what the shorter document has outside quotations is its own: another story
            around the same statements.
        apart: bool[p], published days apart; what keeps half an old text is another one, a sequel or a
            column's frame.
        later: bool[p], published further apart than a window of stock text; what both share is background,
            unless it is much of one, or a paragraph in one run.
        scraps: bool[p], their verbatim runs are short, as those of a frame.
        empty: bool[p], one of them has no body.
        stock: float64[p], words of stock text that both have at least.
    """

    shorter: NDArray[np.float64]
    over: NDArray[np.float64]
    least: NDArray[np.float64]
    shared: NDArray[np.float64]
    longest: NDArray[np.float64]
    told: NDArray[np.uint8]
    enough: NDArray[np.uint8]
    template: NDArray[np.uint8]
    retold: NDArray[np.bool_]
    apart: NDArray[np.bool_]
    later: NDArray[np.bool_]
    scraps: NDArray[np.bool_]
    empty: NDArray[np.bool_]
    stock: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How p pairs are related, and why.

    Attributes:
        kind: uint8[p], codes of :data:`dedup.edges.KINDS`.
        rule: uint8[p], of :class:`Rule`.
    """

    kind: NDArray[np.uint8]
    rule: NDArray[np.uint8]


def classify(evidence: Evidence, settings: Settings) -> Verdicts:
    """The relation of each pair, and the rule that it follows from.

    Args:
        evidence: Of p pairs.
        settings: For the thresholds.
    """
    e = evidence
    version = np.where(e.apart, settings.version_coverage_apart, settings.version_coverage)
    paragraph = (e.longest >= PARAGRAPH[0]) & (e.shorter >= PARAGRAPH[1])
    background = e.later & (e.scraps | ((e.shorter < settings.partial_coverage_apart) & ~paragraph))
    covered = np.where(e.apart, e.shorter, e.over) >= version
    framed, telling = e.template > 0, e.told > 0
    quoted = (e.shared >= settings.quote_words) & (e.longest >= settings.min_run)
    part = telling & ~background & ~framed
    much = covered & (e.enough > 0) & ~e.retold
    whole = (e.shorter >= WHOLE[0]) & (e.least >= WHOLE[1]) & (e.shared >= settings.version_words)
    most = e.over >= settings.version_coverage
    kind, rule = np.full(len(e.shorter), NONE, np.uint8), np.full(len(e.shorter), Rule.FEW, np.uint8)
    # the strongest last, over what is weaker; np.select takes a tenth of the time of verifying a few pairs
    for relation, by, holds in (
        (NONE, Rule.RECURRING, (e.shared == 0) & (e.stock >= settings.quote_words)),
        (NONE, Rule.EMPTY, e.empty),
        (QUOTE, Rule.QUOTED, quoted),
        (QUOTE, np.where(e.scraps, Rule.SCRAPS, Rule.BACKGROUND), quoted & telling & background),
        (QUOTE, e.template, quoted & telling & framed),
        (PARTIAL, e.told, part),
        (PARTIAL, Rule.SEQUEL, part & most & ~covered),
        (PARTIAL, Rule.THIN, part & covered & (e.enough == 0)),
        (PARTIAL, Rule.RETOLD, part & covered & (e.enough > 0) & e.retold),
        (VERSION, Rule.WHOLE, whole),
        (VERSION, e.enough, much),
        (VERSION, Rule.ROUNDED, much & (e.enough == Rule.COVERED) & (e.shorter < version)),
        (VERSION, Rule.LATER, much & (e.enough == Rule.COVERED) & e.apart),
        (NEAR, Rule.NEAR, (e.least >= settings.near_coverage) & (e.shared > 0)),
        (NONE, e.template, framed & most),
    ):
        np.copyto(kind, relation, where=holds)
        np.copyto(rule, by, where=holds, casting="unsafe")
    return Verdicts(kind, rule)
