"""Templates: pairs that are one frame around other facts, and so no copies.

What a reader looks at are the figures. Each rule takes the figures of two documents that were aligned; words
are those of :mod:`dedup.texts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.naming import compare_headlines, names_swapped
from dedup.ragged import gather, run_starts, running
from dedup.texts import CHARACTER, NUMBER, QUOTED, SENTENCE, STOCK
from dedup.verdicts import Rule
from dedup.weekdays import other_weekdays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.alignment import Aligned
    from dedup.config import Settings
    from dedup.texts import Lengths, Texts

__all__ = [
    "ANOTHER_DAY",
    "FORM",
    "NOTICE",
    "SAME_DAY",
    "differ_throughout",
    "find_templates",
    "new_figures",
    "same_facts",
    "same_report",
]

CHANGED = 3
"""Figures that differ before two texts of one day can be two reports."""

FIGURES = 0.04
"""Figures a shared word that a report has at least."""

BULLETIN = 0.25
"""Share of new figures among the words that differ from which a text is the next bulletin of a series."""

TABLE = 0.3
"""Share of figures among its words that makes a text a table."""

TABLE_CHANGED = 0.1
"""Share of new figures that makes a table, or days apart a text that is no brief, another one."""

RICH = 0.08
"""Share of figures among its words that makes a text rich in them."""

ANOTHER_DAY = 36 * 3_600_000_000
"""Microseconds; later than this, a text with other figures is not an update of the one before."""

NEXT_DAY = 20 * 3_600_000_000
"""The same for texts rich in figures; in a story, the count of victims is still rising then."""

IN_ONE_GO = 5 * 60_000_000
"""Microseconds within which a source sends its notices of several things, and seldom an update of one."""

SAME_DAY = 12 * 3_600_000_000
"""Within it one day's figures are carried; the next day's may be some of them."""

UPDATE = 1.5
"""Lengths of a text from which another one of its half day, with new figures, is an update of it."""

NOTICE = 64
"""Words: a shorter text is a notice, of which the next one is another, however few figures it has."""

BRIEF = 128
"""Words: a shorter text tells one incident, and so may another text in its words."""

FORM = 256
"""Words: a shorter text may be a form that was filled for somebody, as obituaries and wedding notices are."""

SENTENCE_WORDS = 32
"""Words: of a shorter text two figures are enough to tell another bulletin, if it has no more."""

REWORDED = 0.15
"""Share of other words between the runs of two briefs that makes one of them edited, or a frame refilled."""

REFILLED = 1 / 3
"""Share of new figures that tells a frame refilled from an edited brief, which keeps its figures."""

MARGIN = 12
"""Words besides what is shared that may stand above a head, or below a foot, that texts have in common."""

PHRASE = 8
"""Words of verbatim runs, on average: with fewer, two texts of short entries are one form filled anew."""

ENTRY = 12
"""Words of sentences, on average: with fewer, a text is made of short entries."""

FURNITURE = 96
"""Words: a head and a foot that share as many are background that an outlet repeats, no furniture."""

SERIES = 0.45
"""Coverage of the shorter text from which a passage with other figures may be the next report of a series."""

FRAME = 2 / 3
"""Coverage of the shorter text from which what two have in common is more than a frame."""


def find_templates(texts: Texts, lengths: Lengths, aligned: Aligned, settings: Settings) -> NDArray[np.uint8]:
    """Pairs that are templates, by which rule: uint8[p] of :class:`dedup.verdicts.Rule`, 0 for no template.

    Of two notices days apart, figures in the one are nothing in the other: "33 millimetres", "none". Two that
    a source sends in one go under names of their own are two: an update comes later, or keeps the headline;
    so are two of one source, whenever they come, in whose headlines and texts nothing differs but two names.
    Prose with a figure here and there is no report, unless it is brief: an article that is run again next
    week, or next year, says when the courses are this time. What an outlet puts above or below its articles
    is the frame of a series, or furniture of its pages, and phrases all through them are a form.

    Args:
        texts: Body tokens of n documents.
        lengths: Of each.
        aligned: The pairs.
        settings: For the share of figures that may differ.
    """
    a, b = aligned.a, aligned.b
    short = lengths.whole < 2 * NOTICE
    notice = short[a] & short[b]
    rich = lengths.figures >= RICH * lengths.whole
    longer = np.maximum(lengths.whole[a], lengths.whole[b])
    brief = longer < 2 * BRIEF
    figures, whole = (column[a] + column[b] for column in (lengths.figures, lengths.whole))
    report = brief | (figures >= FIGURES * whole)
    apart = texts.apart(a, b, np.where(notice | (rich[a] & rich[b]), NEXT_DAY, ANOTHER_DAY)) & report
    most = np.maximum(lengths.figures[a], lengths.figures[b]) / 2
    in_words = (aligned.left >= 2) & (most - aligned.figures >= np.maximum(BULLETIN * aligned.left, 1))
    other = differ_throughout(aligned, apart, settings) & ~_lifted(lengths, aligned)
    other |= notice & apart & in_words
    other |= _refilled(texts, lengths, aligned, brief)
    days = other_weekdays(texts, aligned, brief & texts.apart(a, b, NEXT_DAY))
    # headlines are seldom asked: between notices, half of the shorter one alike
    alike = 4 * aligned.left <= np.minimum(lengths.whole[a], lengths.whole[b])
    headlines = compare_headlines(texts, a, b, notice & alike)
    names = headlines.only | (headlines.name & rich[a] & rich[b] & _in_one_go(texts, a, b))
    names |= names_swapped(texts, aligned, alike & (longer < 2 * FORM))
    other |= report & _differ_only(texts, lengths, aligned, apart, brief, headlines.figure)
    rule = np.zeros(len(a), np.uint8)
    series = texts.sources_known(a, b, same=True) & ~texts.together(a, b, NEXT_DAY)
    rule[_framed(texts, lengths, aligned, series)] = Rule.FURNITURE
    rule[_filled(texts, lengths, aligned, series)] = Rule.PHRASES
    rule[names] = Rule.NAMES
    rule[days] = Rule.WEEKDAYS
    rule[other] = Rule.FIGURES
    return rule


def same_report(texts: Texts, lengths: Lengths, aligned: Aligned, settings: Settings) -> NDArray[np.bool_]:
    """Pairs of reports that are mostly stock text, a frame, with the same figures in it: bool[p].

    One day's report in two outlets; what is not stock in it may be a dozen words.

    Args:
        texts: Body tokens of n documents, stock marked.
        lengths: Of each.
        aligned: The pairs.
        settings: For the words a version shares at least, or the share of a short text.
    """
    a, b = aligned.a, aligned.b
    frame = lengths.mostly_stock
    told = lengths.figures >= 2 * CHANGED
    shorter = np.minimum(lengths.whole[a], lengths.whole[b]) / 2
    much = aligned.verbatim >= np.minimum(settings.version_words, settings.short_share * shorter)
    rows = np.flatnonzero(frame[a] & frame[b] & told[a] & told[b] & much)
    found = np.zeros(len(a), bool)
    found[rows] = new_figures(texts, a[rows], b[rows]) == 0
    return found


def same_facts(texts: Texts, aligned: Aligned, settings: Settings) -> NDArray[np.bool_]:
    """Pairs that share a passage of stock text with the figures of the day in it: bool[p].

    A frame says nothing, but what it is filled with does. That few words are left when stock is left out is
    not for the reader, who sees a paragraph taken over, with three figures or more that no other day had.

    Args:
        texts: Body tokens of n documents, stock marked.
        aligned: The pairs.
        settings: For the words a copied passage has at least.
    """
    a, b = aligned.a, aligned.b
    found = (aligned.conflicts == 0) & (aligned.figures >= CHANGED) & (aligned.words < settings.partial_words)
    found &= ~texts.apart(a, b, SAME_DAY)
    rows = np.flatnonzero(found)
    if not len(rows):  # mostly
        return np.asarray(found)
    run, pair = gather(aligned.start[rows], aligned.stop[rows])
    sides = zip((a, b), aligned.runs[run].T.astype(np.int64), strict=False)
    begins = [texts.start[side[rows]][pair] + first for side, first in sides]
    (at_a, of), (at_b, _) = (gather(begin, begin + aligned.runs[run, 2]) for begin in begins)
    flags = texts.flags[at_a] | texts.flags[at_b]
    half_words = 2 - (flags & CHARACTER != 0)
    fact = flags & (NUMBER | STOCK) == NUMBER
    facts, told = (
        np.bincount(pair[of], half_words * chosen, len(rows)) for chosen in (fact, flags & QUOTED == 0)
    )
    found[rows] = (facts >= 2 * CHANGED) & (told >= 2 * settings.partial_words)
    return np.asarray(found)


def differ_throughout(aligned: Aligned, apart: NDArray[np.bool_], settings: Settings) -> NDArray[np.bool_]:
    """Pairs in whose passages many figures differ: bool[p].

    An update corrects a figure or two within hours; next week's report has others throughout. Prose with a
    figure here and there, such as the numbers of sections, is no report. Nor is what has a quotation in
    common a report of another day: nobody says the same again, and figures are spelled "4:37" and "04.37".

    Args:
        aligned: The pairs.
        apart: bool[p], published on days apart.
        settings: For the share of figures that may differ, and the words of a quotation.
    """
    figures = aligned.figures + aligned.conflicts
    share = aligned.conflicts / np.maximum(figures, 1)
    said = aligned.words - aligned.narrative >= settings.quote_words
    throughout = apart & ~said & (share >= settings.template_share_apart)
    many = (aligned.conflicts >= CHANGED) & (figures >= FIGURES * aligned.words)
    return np.asarray(throughout | (many & (share > settings.template_share)))


def _lifted(lengths: Lengths, aligned: Aligned) -> NDArray[np.bool_]:
    """Pairs that share a passage and no frame: long runs, in a small part of the shorter text: bool[p].

    What a follow-up keeps of the first report, where the count of victims is another one.
    """
    least = np.minimum(lengths.base[aligned.a], lengths.base[aligned.b])
    return np.asarray(~aligned.scraps & (2 * aligned.words < SERIES * least))


def _refilled(
    texts: Texts, lengths: Lengths, aligned: Aligned, brief: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Pairs of briefs in which other words and other figures stand all through the same phrases: bool[p].

    Two accidents, as one police press office words them. A brief that a desk edited has other words, too, but
    its figures; one that is brought up to date has other figures in the words it had.
    """
    a, b = aligned.a, aligned.b
    verbatim = np.minimum(lengths.whole[a], lengths.whole[b]) / 2 - aligned.left
    found = brief & (aligned.words - verbatim >= REWORDED * aligned.words)
    rows = np.flatnonzero(found)
    fewer = np.minimum(lengths.figures[a[rows]], lengths.figures[b[rows]]) / 2
    found[rows] = new_figures(texts, a[rows], b[rows]) >= np.maximum(REFILLED * fewer, CHANGED)
    return np.asarray(found)


def _framed(texts: Texts, lengths: Lengths, aligned: Aligned, series: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs of one source, not of one day, that have a foot in common, or a head and a foot: bool[p].

    The introduction of a police log, whom to call, what an outlet has below whatever it writes. Background
    that is repeated stands between what is new, more often than not, and an update keeps the head.
    """
    a, b = aligned.a, aligned.b
    found = np.zeros(len(a), bool)
    few = 2 * aligned.words < FRAME * np.minimum(lengths.base[a], lengths.base[b])
    rows = np.flatnonzero(series & few & (aligned.words < FURNITURE))
    if not len(rows):  # mostly
        return found
    run, pair = gather(aligned.start[rows], aligned.stop[rows])
    bounds = np.searchsorted(pair, np.arange(len(rows) + 1))
    head, foot = np.ones((2, len(run)), bool)
    for side, column in ((a, 0), (b, 1)):
        order = np.lexsort((aligned.runs[run, column], pair))
        start, size = aligned.runs[run[order]][:, [column, 2]].T.astype(np.int64)
        before = running(size)
        above, below = before[:-1] - before[bounds[pair]], before[bounds[pair + 1]] - before[1:]
        left = (texts.stop - texts.start)[side[rows]][pair] - start - size
        margin = MARGIN * (1 + texts.spaceless[side[rows]].astype(np.int64))[pair]
        head[order] &= start - above <= margin
        foot[order] &= left - below <= margin
    loose, low = (np.bincount(pair, chosen, len(rows)) for chosen in (~(head | foot), foot))
    found[rows] = (loose == 0) & (low > 0)
    return found


def _filled(texts: Texts, lengths: Lengths, aligned: Aligned, series: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs of one source, not of one day, in short entries, that share no more than short phrases: bool[p].

    Horoscopes, programmes, lists of what is on. An article that was edited keeps longer runs, one that was
    written anew has longer sentences, and what an outlet rewrites within the day is its update.
    """
    a, b = aligned.a, aligned.b
    found = series & (aligned.verbatim < PHRASE * (aligned.stop - aligned.start))
    rows = np.flatnonzero(found)
    for side in (a[rows], b[rows]):
        at, row = gather(texts.start[side], texts.stop[side])
        sentences = np.bincount(row, texts.flags[at] & SENTENCE != 0, len(rows))
        found[rows] &= lengths.whole[side] < 2 * ENTRY * sentences
    return np.asarray(found)


def _differ_only(
    texts: Texts,
    lengths: Lengths,
    aligned: Aligned,
    apart: NDArray[np.bool_],
    brief: NDArray[np.bool_],
    headlined: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Pairs that little but figures tells apart: bool[p].

    Such a text is the next bulletin of a series, for an update has something to tell, too: within half a day
    one that is half as long again is an update, however many figures it brings up to date. A table is another
    one unless nearly all its figures are the same. A figure that stands anywhere in the other text, as in a
    date respelled, is not new. Days apart, one new figure is enough in a brief, and one in ten in longer
    texts, and in a sentence two, if it has no more. Between a copy that was cut and its original little
    differs but the figures of a line that stands behind it, such as a telephone number, and those of what was
    cut off; so they count within passages only, but in tables, in notices days apart, and in notices of one
    source that have a quarter of their figures in common at most. One figure makes a table another one where
    their headlines (``headlined``) have other figures as well.
    """
    a, b = aligned.a, aligned.b
    fewer = np.minimum(lengths.figures[a], lengths.figures[b]) / 2
    table = lengths.figures >= TABLE * lengths.whole
    share = TABLE_CHANGED * fewer
    all_of_two = np.maximum(lengths.whole[a], lengths.whole[b]) < 2 * SENTENCE_WORDS
    changed = np.where(all_of_two, np.clip(fewer, 2, CHANGED), CHANGED)
    enough = np.where(apart, np.where(brief, 1, np.maximum(share, 1)), changed)
    least = np.maximum(BULLETIN * aligned.left, enough)
    few = np.where(headlined, 1, np.maximum(share, 2))
    least = np.where(table[a] & table[b], np.minimum(least, few), least)
    short = lengths.whole < 2 * NOTICE
    another = texts.sources_known(a, b, same=True) & (aligned.figures <= fewer / 4)
    within = (aligned.conflicts >= least) | (table[a] & table[b])
    within |= (apart | another) & short[a] & short[b]
    found = (fewer - aligned.figures >= least) & within
    shorter, longer = (side(lengths.whole[a], lengths.whole[b]) for side in (np.minimum, np.maximum))
    found &= (table[a] & table[b]) | (longer < UPDATE * shorter) | texts.apart(a, b, SAME_DAY)
    rows = np.flatnonzero(found)
    found[rows] = new_figures(texts, a[rows], b[rows]) >= least[rows]
    return np.asarray(found)


def new_figures(texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Figures of each document that the other lacks, the smaller number of both, in words: float64[p].

    Args:
        texts: Body tokens of n documents.
        a: int64[p] document number.
        b: int64[p].
    """
    if not len(a):
        return np.zeros(0)
    side = np.concatenate([a, b])
    at, row = gather(texts.start[side], texts.stop[side])
    figure = texts.flags[at] & NUMBER != 0
    at, row = at[figure], row[figure]
    of_b, pair = np.divmod(row, max(len(a), 1))
    numeral = texts.flags[at] & CHARACTER != 0  # 三万 may be 30,000: each is counted among its own kind
    kind = 2 * pair + numeral
    order = np.lexsort((texts.hash[at], kind))
    key, of_b, kind = texts.hash[at[order]], of_b[order], kind[order]
    opens = run_starts(kind, key)
    group = np.cumsum(opens) - 1
    alike = np.minimum(*(np.bincount(group, of_b == side, opens.sum()) for side in (0, 1)))
    fewer = np.minimum(*(np.bincount(kind, of_b == side, 2 * len(a)) for side in (0, 1)))
    new = (fewer - np.bincount(kind[opens], alike, 2 * len(a))).reshape(-1, 2)
    return np.asarray(new[:, 0] + new[:, 1] / 2)


def _in_one_go(texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Pairs published one minute or another after each other: bool[p].

    The same time says nothing: it may be a date alone, or that of what both were made from.
    """
    return np.asarray((texts.published[a] != texts.published[b]) & texts.together(a, b, IN_ONE_GO))
