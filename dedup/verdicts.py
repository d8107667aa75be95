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
        coverage: float64[p], of the shorter document.
        coverage_by_sentence: float64[p], the same with the rest of sentences half of which were taken over,
            which readers count whole.
        min_coverage: float64[p], the smaller of both coverages.
        shared: float64[p], words shared.
        longest: float64[p], words of the longest verbatim run.
        partial_rule: uint8[p], the rule by which they share enough for ``partial``; 0: none.
        version_rule: uint8[p], the rule by which they share enough for ``version``, whatever the coverage;
            0: none.
        template_rule: uint8[p], the rule by which they are one frame around other facts; 0: none.
        mostly_own: bool[p], most of what the shorter document has outside quotations is its own: another
            story around the same statements.
        days_apart: bool[p], published days apart; what keeps half an old text is another one, a sequel or a
            column's frame.
        windows_apart: bool[p], published further apart than a window of stock text; what both share is
            background, unless it is much of one, or a paragraph in one run.
        scraps: bool[p], their verbatim runs are short, as those of a frame.
        empty: bool[p], one of them has no body.
        stock: float64[p], words of stock text that both have at least.
    """

    coverage: NDArray[np.float64]
    coverage_by_sentence: NDArray[np.float64]
    min_coverage: NDArray[np.float64]
    shared: NDArray[np.float64]
    longest: NDArray[np.float64]
    partial_rule: NDArray[np.uint8]
    version_rule: NDArray[np.uint8]
    template_rule: NDArray[np.uint8]
    mostly_own: NDArray[np.bool_]
    days_apart: NDArray[np.bool_]
    windows_apart: NDArray[np.bool_]
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
    version = np.where(e.days_apart, settings.version_coverage_apart, settings.version_coverage)
    paragraph = (e.longest >= PARAGRAPH[0]) & (e.coverage >= PARAGRAPH[1])
    background = e.windows_apart & (e.scraps | ((e.coverage < settings.partial_coverage_apart) & ~paragraph))
    covered = np.where(e.days_apart, e.coverage, e.coverage_by_sentence) >= version
    is_template, is_partial = e.template_rule > 0, e.partial_rule > 0
    quoted = (e.shared >= settings.quote_words) & (e.longest >= settings.min_run)
    part = is_partial & ~background & ~is_template
    much = covered & (e.version_rule > 0) & ~e.mostly_own
    whole = (e.coverage >= WHOLE[0]) & (e.min_coverage >= WHOLE[1]) & (e.shared >= settings.version_words)
    most = e.coverage_by_sentence >= settings.version_coverage
    kind, rule = np.full(len(e.coverage), NONE, np.uint8), np.full(len(e.coverage), Rule.FEW, np.uint8)
    # the strongest last, over what is weaker; np.select takes a tenth of the time of verifying a few pairs
    for relation, by, holds in (
        (NONE, Rule.RECURRING, (e.shared == 0) & (e.stock >= settings.quote_words)),
        (NONE, Rule.EMPTY, e.empty),
        (QUOTE, Rule.QUOTED, quoted),
        (QUOTE, np.where(e.scraps, Rule.SCRAPS, Rule.BACKGROUND), quoted & is_partial & background),
        (QUOTE, e.template_rule, quoted & is_partial & is_template),
        (PARTIAL, e.partial_rule, part),
        (PARTIAL, Rule.SEQUEL, part & most & ~covered),
        (PARTIAL, Rule.THIN, part & covered & (e.version_rule == 0)),
        (PARTIAL, Rule.RETOLD, part & covered & (e.version_rule > 0) & e.mostly_own),
        (VERSION, Rule.WHOLE, whole),
        (VERSION, e.version_rule, much),
        (VERSION, Rule.ROUNDED, much & (e.version_rule == Rule.COVERED) & (e.coverage < version)),
        (VERSION, Rule.LATER, much & (e.version_rule == Rule.COVERED) & e.days_apart),
        (NEAR, Rule.NEAR, (e.min_coverage >= settings.near_coverage) & (e.shared > 0)),
        (NONE, e.template_rule, is_template & most),
    ):
        np.copyto(kind, relation, where=holds)
        np.copyto(rule, by, where=holds, casting="unsafe")
    return Verdicts(kind, rule)
