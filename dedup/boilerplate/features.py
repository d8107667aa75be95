"""What a unit and its surroundings say, as named yes-or-no features: the columns the model weighs.

Features hold for any language; what depends on one is in the cue lexicon. Lengths are words (a character of
a script without spaces counts half a word). Each feature is a condition on a unit's traits;
:func:`conditions` is the one list of them, and compiled loops observe the traits and weigh what holds.
"""

from __future__ import annotations

from functools import cache
from itertools import chain, pairwise
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.boilerplate.conditions import ALWAYS, Condition, Table, Trait
from dedup.boilerplate.lexicon import CUES
from dedup.boilerplate.model import MODELS
from dedup.boilerplate.recurring import OFTEN
from dedup.kernels import signs
from dedup.kernels import traits as rows
from dedup.kernels.traits import KINDS_OF_FURNITURE, SHARE, WORD
from dedup.ragged import steps, sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedup.boilerplate.units import Measures, Seen, Units
    from dedup.tokens import Tokens

    Features = Iterator[tuple[str, Condition]]

__all__ = ["DATELINE_TOKENS", "conditions", "model_of", "observe", "suspects", "table"]

Mask = NDArray[np.bool_]
DATELINE_TOKENS = 14
"""A dateline's agency stands among the first so many tokens of its block."""
PAGE_UNITS = 40
"""Fewer units are no page."""
MENU_WORDS = 5
"""Items of a menu are shorter."""
OWN_KEYWORDS = 4
"""Keywords of a block that, half of them echoed by the article, make it part of that article."""
SUSPECT = 3.0
"""Weights of cues that make a long block worth reading by sentences."""


def words_of(measures: Measures) -> NDArray[np.int64]:
    """int64[U], length of each unit in half words."""
    tokens, characters = (measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_CHARACTER))
    words: NDArray[np.int64] = WORD * tokens.astype(np.int64) - characters
    return words


def model_of(units: Units, measures: Measures) -> NDArray[np.uint8]:
    """uint8[n]: which of the model's sets of weights fits a document.

    A whole page has many units, and most of them as short as the items of a menu.
    """
    count = steps(units.offsets)
    is_page = count >= PAGE_UNITS
    if is_page.any():
        is_page &= 2 * sums(words_of(measures) < MENU_WORDS * WORD, units.offsets) >= count
    by_sentences = 2 * sums(units.sentences, units.offsets) > count
    model = np.where(is_page, MODELS.index("page"), MODELS.index("article"))
    return np.where(by_sentences, MODELS.index("sentence"), model).astype(np.uint8)


def suspects(tokens: Tokens, units: Units, measures: Measures) -> Mask:
    """bool[B]: blocks of several sentences and many cues, which may hold boilerplate beside body."""
    strong = (measures.strongest >= SUSPECT) & (measures.counts[:, signs.N_TOKENS] >= 20)
    found = np.zeros(len(tokens.block_start), np.bool_)
    found[units.block[strong & (measures.counts[:, signs.N_STOP] >= 2) & ~units.sentences]] = True
    return found


def _agency_places(units: Units, measures: Measures) -> tuple[Mask, Mask, Mask]:
    """Whether an agency closes a unit, does so after the end of a sentence, and stands in a dateline."""
    closes, after_stop, dateline = (np.zeros(len(units), np.bool_) for _ in range(3))
    first, unit = measures.agency_first, measures.agency_unit
    last = first + measures.agency_size == units.last[unit]
    closes[unit[last]] = True
    after_stop[unit[last & (measures.agency_before & signs.STOP != 0)]] = True
    early = first - units.first[unit] < DATELINE_TOKENS
    pointed = measures.agency_after & (signs.DASH | signs.COLON) != 0
    dateline[unit[early & pointed & (measures.agency_after & signs.CLOSE != 0) & ~last]] = True
    return closes, after_stop, dateline


def conditions() -> Features:
    """Name and condition of every feature; the weights know them by name.

    Votes are added in this order, and sums of float32 depend on it.
    """
    return chain(
        *(_form(), _shares(), _cues(), _agencies(), _way_down(), _neighbours(), _thick()),
        *(_repeats(), _echo(), _echo_beside()),
    )


def _flag(row: int) -> Condition:
    return Trait(row) > 0


_WORDS, _PLACE = Trait(rows.WORDS, WORD), Trait(rows.PLACE)
_STOP, _BARE, _SMALL = _flag(rows.ENDS_STOP), _flag(rows.BARE), _flag(rows.SMALL)
_PROSE, _CUED = _flag(rows.PROSE), _flag(rows.KINDS)
_MOSTLY_FURNITURE = Trait(rows.PAGE_PROSE, SHARE) < 0.4
_IN_THE_THICK, _ABOVE, _BELOW = (
    _PLACE.within(rows.INSIDE, rows.JUST_ABOVE),
    _PLACE.within(rows.JUST_ABOVE, rows.JUST_BELOW),
    _PLACE >= rows.JUST_BELOW,
)
_PLACES = (
    ("in the thick", _IN_THE_THICK),
    ("just above it", _PLACE.within(rows.JUST_ABOVE, rows.ABOVE)),
    ("above it", _PLACE.within(rows.ABOVE, rows.JUST_BELOW)),
    ("just below it", _PLACE.within(rows.JUST_BELOW, rows.BELOW)),
    ("below it", _PLACE.within(rows.BELOW, rows.BELOW + 1)),
)
_SEVERAL_KEYWORDS, _ECHO = Trait(rows.KEYWORDS) >= 3, Trait(rows.ECHO, SHARE)


def _form() -> Features:
    """How long a unit is, what it begins and ends with."""
    yield "always", ALWAYS
    yield "sentence of a block", _flag(rows.SENTENCE)

    for low, high in pairwise((0, 1, 2, 3, 5, 8, 13, 21, 36, 61, inf)):
        yield f"words {low}..{high - 1 if high < inf else ''}", _WORDS.within(low, high)

    yield "ends with a stop", _STOP
    yield "ends with a stop, 8 words", _STOP & (_WORDS >= 8)
    yield "ends with a stop, 20 words", _STOP & (_WORDS >= 20)
    yield "ends with a question", _flag(rows.ENDS_QUESTION)
    yield "ends with a colon", _flag(rows.ENDS_COLON)
    yield "ends with a parenthesis", _flag(rows.ENDS_CLOSED) & ~_STOP
    yield "ends with an arrow", _flag(rows.ENDS_ARROW)
    yield "ends bare", _BARE
    yield "ends bare, 8 words", _BARE & (_WORDS >= 8)
    yield "ends bare, 20 words", _BARE & (_WORDS >= 20)
    yield "begins small", _SMALL
    yield "begins with a figure", _flag(rows.OPENS_FIGURE)
    yield "begins in capitals", _flag(rows.OPENS_CAPITALS)
    yield "begins with a parenthesis", _flag(rows.OPENS_PARENTHESIS)
    yield "begins with a quotation mark", _flag(rows.OPENS_QUOTE)
    yield "begins with a dash", _flag(rows.OPENS_DASH)
    yield "begins with a mark", _flag(rows.OPENS_MARK)
    yield "begins with a copyright sign", _flag(rows.OPENS_COPYRIGHT)


def _shares() -> Features:
    """How much of a unit is capitals, figures or quoted, and the signs in it."""
    upper, capitals = Trait(rows.UPPER, SHARE), Trait(rows.CAPITALS, SHARE)
    figures, quoted = Trait(rows.FIGURES, SHARE), Trait(rows.QUOTED, SHARE)
    several = Trait(rows.TOKENS) >= 3
    for least, most in ((0.0, 0.1), (0.1, 0.25), (0.25, 0.45), (0.45, 0.7), (0.7, 1.01)):
        yield f"capitalised {least:g}..{min(most, 1):g}", several & upper.within(least, most)
    yield "long and capitalised 0.25..", (_WORDS >= 13) & (upper >= 0.25)
    yield "long and capitalised 0.4..", (_WORDS >= 13) & (upper >= 0.4)
    yield "in capitals 0.3..", several & (capitals >= 0.3)
    yield "in capitals 0.8..", capitals >= 0.8
    yield "figures 0.1..", figures >= 0.1
    yield "figures 0.3..", figures >= 0.3
    yield "quoted 0.3..", quoted >= 0.3
    yield "quoted 0.9..", quoted >= 0.9
    yield "stops 2..", Trait(rows.STOPS) >= 2
    yield "stops 4..", Trait(rows.STOPS) >= 4
    yield "commas 3..", Trait(rows.COMMAS) >= 3
    yield "commas 1 in 6", several & (Trait(rows.COMMA_SHARE, SHARE) >= 1 / 6)
    yield "a slash", _flag(rows.SLASHES)
    yield "a mark", _flag(rows.MARKS)
    yield "an at or hash sign", _flag(rows.ATS)
    yield "a copyright sign", _flag(rows.COPYRIGHTS)
    yield "a parenthesis", _flag(rows.OPENED)
    yield "glued signs", _flag(rows.GLUE)
    yield "mostly glued signs", _flag(rows.MOSTLY_GLUE)


def _cues() -> Features:
    """What phrases of the lexicon say, alone and together."""
    cue = {name: Trait(rows.CUES + i) for i, name in enumerate(CUES)}
    covered = {name: Trait(rows.COVERED + i, SHARE) for i, name in enumerate(CUES)}
    month, weekday, year = cue["month"] > 0, cue["weekday"] > 0, _flag(rows.YEARS)
    yield "a month", month
    yield "a weekday", weekday
    yield "a year", year
    yield "month and year", month & year
    yield "month and year, short", month & year & (_WORDS < 12)
    yield "month and year, long", month & year & (_WORDS >= 12)
    yield "weekday, month and year, long", weekday & month & year & (_WORDS >= 12)
    speech, address = cue["speech"], cue["address"]
    yield "speech", speech > 0
    yield "speech 3..", speech >= 3
    yield "speech 6..", speech >= 6
    yield "address 1..", address >= 1
    yield "address 2..", address >= 2
    yield "address 4..", address >= 4
    yield "address 1 in 12", covered["address"] >= 1 / 12
    yield "address and appeal cues 4..", (address >= 1) & (cue["appeal"] >= 4)
    yield "long without speech", (_WORDS >= 10) & (speech <= 0)
    for name in CUES[:KINDS_OF_FURNITURE]:
        for least in (1, 2, 4, 7, 11):
            yield f"{name} cues {least}..", cue[name] >= least
        for share in (0.1, 0.25, 0.5, 0.9):
            yield f"{name} cues cover {share:g}..", covered[name] >= share
    caption, credit_follows = cue["caption"], _flag(rows.AFTER + rows.CREDIT)
    yield "caption cues 4.., no speech", (caption >= 4) & (speech <= 0)
    yield "caption cues 2.., month and year", (caption >= 2) & month & year
    yield "caption cues 2.., long, no speech", (caption >= 2) & (speech <= 0) & (_WORDS >= 8)
    yield "caption cues 2.., credit follows", (caption >= 2) & credit_follows
    yield "caption cues 4.., credit follows", (caption >= 4) & credit_follows
    yield "no cue", ~_CUED
    yield "cues of 3 kinds", Trait(rows.KINDS) >= 3


def _agencies() -> Features:
    """Whether an agency is named, and where."""
    agency = _flag(rows.AGENCY)
    yield "an agency", agency
    yield "an agency, 6 words at most", agency & (_WORDS <= 6)
    yield "all agency", _flag(rows.ALL_AGENCY)
    yield "closes with an agency", _flag(rows.AGENCY_CLOSES)
    yield "closes with an agency after a stop", _flag(rows.AGENCY_AFTER_STOP)
    yield "opens with a dateline", _flag(rows.DATELINE)


def _way_down() -> Features:
    """How far down the page a unit stands, and how much prose is above and below it."""
    above, below = Trait(rows.PROSE_ABOVE), Trait(rows.PROSE_BELOW)
    within_prose = (above > 0) & (below > 0)
    yield "prose", _PROSE
    yield "prose between prose", _PROSE & within_prose
    for low, high in pairwise((0, 1, 2, 4, 8, inf)):
        bounds = f"{low}..{high - 1 if high < inf else ''}"
        yield f"place from the top {bounds}", Trait(rows.FROM_TOP).within(low, high)
        yield f"place from the bottom {bounds}", Trait(rows.FROM_BOTTOM).within(low, high)
    yield "before all prose", above <= 0
    yield "before all prose, long", (above <= 0) & (_WORDS >= 8)
    yield "after all prose", below <= 0
    yield "after all prose, long", (below <= 0) & (_WORDS >= 8)
    yield "prose only once before", above.within(1, 2)
    yield "within prose, short", within_prose & (_WORDS < 8)
    yield "within prose, bare and long", within_prose & _BARE & (_WORDS >= 12)

    yield "page mostly furniture", _MOSTLY_FURNITURE
    yield "page half furniture", Trait(rows.PAGE_PROSE, SHARE).within(0.4, 0.75)
    yield "page mostly furniture, short", _MOSTLY_FURNITURE & (_WORDS < 8)


def _neighbours() -> Features:
    """What stands right above and below a unit, and how much prose near it."""
    for side, row in (("before", rows.BEFORE), ("after", rows.AFTER)):
        words, credit = Trait(row + rows.WORDS, WORD), _flag(row + rows.CREDIT)
        yield f"{side}: nothing", words <= 0
        yield f"{side}: short", (words > 0) & (words < 5)
        yield f"{side}: prose", _flag(row + rows.PROSE)
        yield f"{side}: bare", _flag(row + rows.BARE)
        for i, name in enumerate(CUES[:KINDS_OF_FURNITURE]):
            yield f"{side}: {name} cues 2..", Trait(row + rows.CUES + i) >= 2
        yield f"{side}: short credit", credit
        yield f"{side}: short credit, long", credit & (_WORDS >= 8)
    yield "runs on", _BARE & _flag(rows.AFTER + rows.SMALL)
    yield "runs on from before", _SMALL & _flag(rows.BEFORE + rows.BARE)
    yield "2 before: short", Trait(rows.WORDS_2_BEFORE, WORD) < 5
    yield "2 after: short", Trait(rows.WORDS_2_AFTER, WORD) < 5

    for i, reach in enumerate(rows.REACHES):
        prose, density = Trait(rows.PROSE_NEAR + i), Trait(rows.PROSE_SHARE + i, SHARE)
        yield f"prose within {reach}: none", prose <= 0
        yield f"prose within {reach}: few", (prose > 0) & (density < 0.3)
        yield f"prose within {reach}: some", density.within(0.3, 0.6)
        yield f"prose within {reach}: most", density >= 0.6


def _thick() -> Features:
    """Where a unit stands to the thick of the article, its densest prose, and in what runs of lines."""
    for name, there in _PLACES:
        yield name, there
        for least, most in pairwise((0, 3, 8, 13, 25, inf)):
            of_length = there & _WORDS.within(least, most)
            yield f"{name}: {least}.. words, stopped", of_length & _STOP
            yield f"{name}: {least}.. words, open", of_length & ~_STOP
        yield f"{name}: cued", there & _CUED
    for name, row in (
        ("unlike prose", rows.RUN_UNLIKE_PROSE),
        ("like a headline", rows.RUN_HEADLINES),
        ("short", rows.RUN_SHORT),
    ):
        for least, most in pairwise((1, 2, 4, 8, 16, inf)):
            yield f"run {name} {least}..", Trait(row).within(least, most)
    yield "as long as both neighbours, bare", _flag(rows.ALIKE) & _BARE
    prose_beside = _flag(rows.BEFORE + rows.PROSE) & _flag(rows.AFTER + rows.PROSE)
    yield "heading between prose", (_WORDS < 9) & ~_STOP & ~_CUED & prose_beside


def _repeats() -> Features:
    """What the page says twice, and what the source says again and again."""
    earlier, recurs = _flag(rows.SAME_ABOVE), Trait(rows.RECURS)
    yield "the same earlier", earlier
    yield "the same later", _flag(rows.SAME_BELOW)
    yield "the same earlier, long", earlier & (_WORDS >= 8)
    yield "begins like an earlier one", _flag(rows.LIKE_ABOVE)
    yield "begins like a later one", _flag(rows.LIKE_BELOW)
    yield "the title", _flag(rows.TITLE)
    yield "recurs", recurs > 0
    yield "recurs, 5 words", (recurs > 0) & (_WORDS >= 5)
    yield "recurs, prose", (recurs > 0) & _PROSE
    yield "recurs often", recurs >= OFTEN
    yield "recurs often, prose", (recurs >= OFTEN) & _PROSE
    yield "recurs beside it", _flag(rows.RECURS_BESIDE)
    alone = (recurs <= 0) & _flag(rows.PAGE_RECURS)
    yield "stands alone in a page that recurs", alone & (_WORDS < 8)


def _echo() -> Features:
    """How many of a unit's keywords the article has, too."""
    for least, most in pairwise((0, 0.1, 0.2, 0.35, 0.5, 0.7, inf)):
        name = f"echoes {least:g}..{most if most < inf else ''}"
        echoes = _SEVERAL_KEYWORDS & _ECHO.within(least, most)
        yield name, echoes
        yield f"{name}, prose", echoes & _PROSE
        yield f"{name}, in the thick", echoes & _IN_THE_THICK
        yield f"{name}, above, 8 words", echoes & _ABOVE & (_WORDS >= 8)
        yield f"{name}, below, 8 words", echoes & _BELOW & (_WORDS >= 8)

    few = Trait(rows.KEYWORDS).within(1, 3)
    for share, echoes in (("none", few & (_ECHO < 0.1)), ("some", few & (_ECHO >= 0.5))):
        yield f"little told, {share} echoed", echoes
        for where, there in _PLACES:
            yield f"little told, {share} echoed, {where}", echoes & there


def _echo_beside() -> Features:
    """How many of the keywords of a unit's neighbours it has."""
    beside, echo = Trait(rows.KEYWORDS_NEAR) >= 3, Trait(rows.ECHO_NEAR, SHARE)
    for least, most in pairwise((0, 0.1, 0.2, 0.35, 0.5, inf)):
        name = f"beside it echoes {least:g}..{most if most < inf else ''}"
        echoes = beside & echo.within(least, most)
        yield name, echoes
        yield f"{name}, prose", echoes & _PROSE
        yield f"{name}, short", echoes & (_WORDS < 8)
        yield f"{name}, long and open", echoes & (_WORDS >= 8) & ~_STOP
        yield f"{name}, above", echoes & _ABOVE
        yield f"{name}, below", echoes & _BELOW
    for where, there in _PLACES:
        both = there & _SEVERAL_KEYWORDS
        yield f"{where}: page mostly furniture", there & _MOSTLY_FURNITURE
        yield f"beside it echoes nothing, nor it, {where}", both & (_ECHO < 0.2) & beside & (echo < 0.2)
        yield f"beside it echoes much, and it, {where}", both & (_ECHO >= 0.35) & beside & (echo >= 0.35)


@cache
def table() -> Table:
    """The features as the loops read them."""
    return Table.of(conditions())


def observe(
    seen: Seen, units: Units, measures: Measures, is_title: Mask, recurs: NDArray[np.uint8]
) -> NDArray[np.int16]:
    """int16[ROWS, U]: the traits of every unit, rows of :mod:`dedup.kernels.traits`."""
    traits = np.zeros((rows.ROWS, len(units)), np.int16)
    loops = kernels.get()
    loops.observe(
        *(units.offsets, units.sentences, measures.counts),
        *(measures.opening, measures.gap_before, measures.gap_after),
        *(measures.cues, measures.covered, recurs, traits),
    )
    traits[rows.TITLE] = is_title
    _mark_twins(units, measures, traits)
    longest = int(steps(seen.tokens.offsets).max(initial=0))
    loops.echoes(
        *(seen.surface.keyword, seen.tokens.flags, units.first, units.last, units.offsets),
        *(np.empty(longest + 1, np.uint64), np.empty(len(units), np.int64)),
        *(np.empty(4 * longest + 16, np.uint64), traits),
    )
    # what tells of this article's subject is its own headline or standfirst, which other pages tease
    own = (traits[rows.KEYWORDS] >= OWN_KEYWORDS) & (2 * traits[rows.ECHO] >= SHARE)
    traits[rows.RECURS, own] = 0
    if len(measures.agency_first):
        traits[rows.AGENCY_CLOSES : rows.DATELINE + 1] = _agency_places(units, measures)
    return traits


def _mark_twins(units: Units, measures: Measures, traits: NDArray[np.int16]) -> None:
    """Set the traits of units that their document has twice, or that open alike."""
    slots = np.empty(4 * int(steps(units.offsets).max(initial=0)) + 1, np.int64)
    for hashes, least, above, below in (
        (measures.whole, 0, rows.SAME_ABOVE, rows.SAME_BELOW),
        (measures.head, signs.HEAD, rows.LIKE_ABOVE, rows.LIKE_BELOW),
    ):
        eligible = measures.counts[:, signs.N_TOKENS] >= least
        kernels.get().twins(units.offsets, hashes, eligible, slots, traits[above], traits[below])
