"""What a unit and its surroundings say, as named yes-or-no features: the columns the model weighs.

Features hold for any language; what depends on one is in the cue lexicon. Lengths are words (a character of
a script without spaces counts half a word). Each feature is a condition on a unit's traits;
:func:`conditions` is the one list of them, and compiled loops observe the traits and weigh what holds.
"""

from __future__ import annotations

from functools import cache
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

    from dedup.boilerplate.units import Measures, Surface, Units
    from dedup.tokens import Tokens

__all__ = ["DATELINE_TOKENS", "conditions", "feature_matrix", "model_of", "observe", "suspects", "table"]

Mask = NDArray[np.bool_]
DATELINE_TOKENS = 14
"""A dateline's agency stands among the first so many tokens of its block."""
PAGE_UNITS = 40
"""Fewer units are no page."""
MENU_WORDS = 5
"""Items of a menu are shorter."""
OWN_TELLING = 4
"""Telling words of a block that, half of them echoed by the article, make it part of that article."""
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


def conditions() -> Iterator[tuple[str, Condition]]:
    """Name and condition of every feature, in a fixed order; the weights know them by name."""

    def flag(row: int) -> Condition:
        return Trait(row) > 0

    words, tokens = Trait(rows.WORDS, WORD), Trait(rows.TOKENS)

    yield "always", ALWAYS
    yield "sentence of a block", flag(rows.SENTENCE)

    for low, high in (
        *((0, 1), (1, 2), (2, 3), (3, 5), (5, 8), (8, 13), (13, 21), (21, 36), (36, 61)),
        (61, inf),
    ):
        yield f"words {low}..{high - 1 if high < inf else ''}", words.within(low, high)

    stop, bare, small = flag(rows.ENDS_STOP), flag(rows.BARE), flag(rows.SMALL)
    yield "ends with a stop", stop
    yield "ends with a stop, 8 words", stop & (words >= 8)
    yield "ends with a stop, 20 words", stop & (words >= 20)
    yield "ends with a question", flag(rows.ENDS_QUESTION)
    yield "ends with a colon", flag(rows.ENDS_COLON)
    yield "ends with a parenthesis", flag(rows.ENDS_CLOSED) & ~stop
    yield "ends with an arrow", flag(rows.ENDS_ARROW)
    yield "ends bare", bare
    yield "ends bare, 8 words", bare & (words >= 8)
    yield "ends bare, 20 words", bare & (words >= 20)
    yield "begins small", small
    yield "begins with a figure", flag(rows.OPENS_FIGURE)
    yield "begins in capitals", flag(rows.OPENS_CAPITALS)
    yield "begins with a parenthesis", flag(rows.OPENS_PARENTHESIS)
    yield "begins with a quotation mark", flag(rows.OPENS_QUOTE)
    yield "begins with a dash", flag(rows.OPENS_DASH)
    yield "begins with a mark", flag(rows.OPENS_MARK)
    yield "begins with a copyright sign", flag(rows.OPENS_COPYRIGHT)

    upper, capitals = Trait(rows.UPPER, SHARE), Trait(rows.CAPITALS, SHARE)
    figures, quoted = Trait(rows.FIGURES, SHARE), Trait(rows.QUOTED, SHARE)
    several = tokens >= 3
    for least, most in ((0.0, 0.1), (0.1, 0.25), (0.25, 0.45), (0.45, 0.7), (0.7, 1.01)):
        yield f"capitalised {least:g}..{min(most, 1):g}", several & upper.within(least, most)
    yield "long and capitalised 0.25..", (words >= 13) & (upper >= 0.25)
    yield "long and capitalised 0.4..", (words >= 13) & (upper >= 0.4)
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
    yield "a slash", flag(rows.SLASHES)
    yield "a mark", flag(rows.MARKS)
    yield "an at or hash sign", flag(rows.ATS)
    yield "a copyright sign", flag(rows.COPYRIGHTS)
    yield "a parenthesis", flag(rows.OPENED)
    yield "glued signs", flag(rows.GLUE)
    yield "mostly glued signs", flag(rows.MOSTLY_GLUE)

    cue = {name: Trait(rows.CUES + i) for i, name in enumerate(CUES)}
    covered = {name: Trait(rows.COVERED + i, SHARE) for i, name in enumerate(CUES)}
    month, weekday, year = cue["month"] > 0, cue["weekday"] > 0, flag(rows.YEARS)
    yield "a month", month
    yield "a weekday", weekday
    yield "a year", year
    yield "month and year", month & year
    yield "month and year, short", month & year & (words < 12)
    yield "month and year, long", month & year & (words >= 12)
    yield "weekday, month and year, long", weekday & month & year & (words >= 12)
    speech = cue["speech"]
    yield "speech", speech > 0
    yield "speech 3..", speech >= 3
    yield "speech 6..", speech >= 6
    address = cue["address"]
    yield "address 1..", address >= 1
    yield "address 2..", address >= 2
    yield "address 4..", address >= 4
    yield "address 1 in 12", covered["address"] >= 1 / 12
    yield "address and appeal cues 4..", (address >= 1) & (cue["appeal"] >= 4)
    yield "long without speech", (words >= 10) & (speech <= 0)
    for name in CUES[:KINDS_OF_FURNITURE]:
        score = cue[name]
        for least in (1, 2, 4, 7, 11):
            yield f"{name} cues {least}..", score >= least
        for share in (0.1, 0.25, 0.5, 0.9):
            yield f"{name} cues cover {share:g}..", covered[name] >= share
    yield "caption cues 4.., no speech", (cue["caption"] >= 4) & (speech <= 0)
    yield "caption cues 2.., month and year", (cue["caption"] >= 2) & month & year
    yield "caption cues 2.., long, no speech", (cue["caption"] >= 2) & (speech <= 0) & (words >= 8)
    yield "caption cues 2.., credit follows", (cue["caption"] >= 2) & flag(rows.AFTER + rows.CREDIT)
    yield "caption cues 4.., credit follows", (cue["caption"] >= 4) & flag(rows.AFTER + rows.CREDIT)
    cued = flag(rows.KINDS)
    yield "no cue", ~cued
    yield "cues of 3 kinds", Trait(rows.KINDS) >= 3
    agency = flag(rows.AGENCY)
    yield "an agency", agency
    yield "an agency, 6 words at most", agency & (words <= 6)
    yield "all agency", flag(rows.ALL_AGENCY)
    yield "closes with an agency", flag(rows.AGENCY_CLOSES)
    yield "closes with an agency after a stop", flag(rows.AGENCY_AFTER_STOP)
    yield "opens with a dateline", flag(rows.DATELINE)

    prose, earlier_prose, later_prose = flag(rows.PROSE), Trait(rows.PROSE_ABOVE), Trait(rows.PROSE_BELOW)
    within_prose = (earlier_prose > 0) & (later_prose > 0)
    yield "prose", prose
    yield "prose between prose", prose & within_prose
    for low, high in ((0, 1), (1, 2), (2, 4), (4, 8), (8, inf)):
        bounds = f"{low}..{high - 1 if high < inf else ''}"
        yield f"place from the top {bounds}", Trait(rows.FROM_TOP).within(low, high)
        yield f"place from the bottom {bounds}", Trait(rows.FROM_BOTTOM).within(low, high)
    yield "before all prose", earlier_prose <= 0
    yield "before all prose, long", (earlier_prose <= 0) & (words >= 8)
    yield "after all prose", later_prose <= 0
    yield "after all prose, long", (later_prose <= 0) & (words >= 8)
    yield "prose only once before", earlier_prose.within(1, 2)
    yield "within prose, short", within_prose & (words < 8)
    yield "within prose, bare and long", within_prose & bare & (words >= 12)

    prose_share = Trait(rows.PAGE_PROSE, SHARE)
    yield "page mostly furniture", prose_share < 0.4
    yield "page half furniture", prose_share.within(0.4, 0.75)
    yield "page mostly furniture, short", (prose_share < 0.4) & (words < 8)

    for side, row in (("before", rows.BEFORE), ("after", rows.AFTER)):
        near_words, near_credit = Trait(row + rows.WORDS, WORD), flag(row + rows.CREDIT)
        yield f"{side}: nothing", near_words <= 0
        yield f"{side}: short", (near_words > 0) & (near_words < 5)
        yield f"{side}: prose", flag(row + rows.PROSE)
        yield f"{side}: bare", flag(row + rows.BARE)
        for i, name in enumerate(CUES[:KINDS_OF_FURNITURE]):
            yield f"{side}: {name} cues 2..", Trait(row + rows.CUES + i) >= 2
        yield f"{side}: short credit", near_credit
        yield f"{side}: short credit, long", near_credit & (words >= 8)
    yield "runs on", bare & flag(rows.AFTER + rows.SMALL)
    yield "runs on from before", small & flag(rows.BEFORE + rows.BARE)
    yield "2 before: short", Trait(rows.WORDS_2_BEFORE, WORD) < 5
    yield "2 after: short", Trait(rows.WORDS_2_AFTER, WORD) < 5

    for i, reach in enumerate(rows.REACHES):
        others, density = Trait(rows.PROSE_NEAR + i), Trait(rows.PROSE_SHARE + i, SHARE)
        yield f"prose within {reach}: none", others <= 0
        yield f"prose within {reach}: few", (others > 0) & (density < 0.3)
        yield f"prose within {reach}: some", density.within(0.3, 0.6)
        yield f"prose within {reach}: most", density >= 0.6
    places = (
        ("in the thick", rows.INSIDE),
        ("just above it", rows.JUST_ABOVE),
        ("above it", rows.ABOVE),
        ("just below it", rows.JUST_BELOW),
        ("below it", rows.BELOW),
    )
    for name, place in places:
        there = Trait(rows.PLACE).within(place, place + 1)
        yield name, there
        for least, most in ((0, 3), (3, 8), (8, 13), (13, 25), (25, inf)):
            of_length = f"{name}: {least}.. words"
            yield f"{of_length}, stopped", there & words.within(least, most) & stop
            yield f"{of_length}, open", there & words.within(least, most) & ~stop
        yield f"{name}: cued", there & cued
    for name, row in (
        ("unlike prose", rows.RUN_UNLIKE_PROSE),
        ("like a headline", rows.RUN_HEADLINES),
        ("short", rows.RUN_SHORT),
    ):
        for least, most in ((1, 2), (2, 4), (4, 8), (8, 16), (16, inf)):
            yield f"run {name} {least}..", Trait(row).within(least, most)
    yield "as long as both neighbours, bare", flag(rows.ALIKE) & bare
    prose_beside = flag(rows.BEFORE + rows.PROSE) & flag(rows.AFTER + rows.PROSE)
    yield "heading between prose", (words < 9) & ~stop & ~cued & prose_beside

    earlier, recurs = flag(rows.SAME_ABOVE), Trait(rows.RECURS)
    yield "the same earlier", earlier
    yield "the same later", flag(rows.SAME_BELOW)
    yield "the same earlier, long", earlier & (words >= 8)
    yield "begins like an earlier one", flag(rows.LIKE_ABOVE)
    yield "begins like a later one", flag(rows.LIKE_BELOW)
    yield "the title", flag(rows.TITLE)
    yield "recurs", recurs > 0
    yield "recurs, 5 words", (recurs > 0) & (words >= 5)
    yield "recurs, prose", (recurs > 0) & prose
    yield "recurs often", recurs >= OFTEN
    yield "recurs often, prose", (recurs >= OFTEN) & prose
    yield "recurs beside it", flag(rows.RECURS_BESIDE)
    yield (
        "stands alone in a page that recurs",
        (recurs <= 0) & flag(rows.PAGE_RECURS) & (words < 8),
    )

    told, echo = Trait(rows.TELLING) >= 3, Trait(rows.ECHO, SHARE)
    spot = Trait(rows.PLACE)
    for least, most in ((0, 0.1), (0.1, 0.2), (0.2, 0.35), (0.35, 0.5), (0.5, 0.7), (0.7, inf)):
        name, echoed = f"echoes {least:g}..{most if most < inf else ''}", told & echo.within(least, most)
        yield name, echoed
        yield f"{name}, prose", echoed & prose
        yield f"{name}, in the thick", echoed & spot.within(rows.INSIDE, rows.JUST_ABOVE)
        yield f"{name}, above, 8 words", echoed & spot.within(rows.JUST_ABOVE, rows.JUST_BELOW) & (words >= 8)
        yield f"{name}, below, 8 words", echoed & (spot >= rows.JUST_BELOW) & (words >= 8)

    little = Trait(rows.TELLING).within(1, 3)
    for name, echoed in (("none", echo < 0.1), ("some", echo >= 0.5)):
        yield f"little told, {name} echoed", little & echoed
        for where, place in places:
            yield f"little told, {name} echoed, {where}", little & echoed & spot.within(place, place + 1)
    near, echo_near = Trait(rows.TELLING_NEAR) >= 3, Trait(rows.ECHO_NEAR, SHARE)
    for least, most in ((0, 0.1), (0.1, 0.2), (0.2, 0.35), (0.35, 0.5), (0.5, inf)):
        name, echoed = (
            f"beside it echoes {least:g}..{most if most < inf else ''}",
            near & echo_near.within(least, most),
        )
        yield name, echoed
        yield f"{name}, prose", echoed & prose
        yield f"{name}, short", echoed & (words < 8)
        yield f"{name}, long and open", echoed & (words >= 8) & ~stop
        yield f"{name}, above", echoed & spot.within(rows.JUST_ABOVE, rows.JUST_BELOW)
        yield f"{name}, below", echoed & (spot >= rows.JUST_BELOW)
    for where, place in places:
        there = spot.within(place, place + 1)
        yield f"{where}: page mostly furniture", there & (prose_share < 0.4)
        yield (
            f"beside it echoes nothing, nor it, {where}",
            there & told & (echo < 0.2) & near & (echo_near < 0.2),
        )
        yield (
            f"beside it echoes much, and it, {where}",
            there & told & (echo >= 0.35) & near & (echo_near >= 0.35),
        )


@cache
def table() -> Table:
    """The features as the loops read them."""
    return Table.of(conditions())


def observe(
    tokens: Tokens,
    look: Surface,
    units: Units,
    measures: Measures,
    is_title: Mask,
    recurs: NDArray[np.uint8],
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
    longest = int(steps(tokens.offsets).max(initial=0))
    loops.echoes(
        *(look.telling, tokens.flags, units.first, units.last, units.offsets),
        *(np.empty(longest + 1, np.uint64), np.empty(len(units), np.int64)),
        *(np.empty(4 * longest + 16, np.uint64), traits),
    )
    # what tells of this article's subject is its own headline or standfirst, which other pages tease
    own = (traits[rows.TELLING] >= OWN_TELLING) & (2 * traits[rows.ECHO] >= SHARE)
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


def feature_matrix(
    tokens: Tokens,
    look: Surface,
    units: Units,
    measures: Measures,
    is_title: Mask,
    recurs: NDArray[np.uint8],
) -> tuple[tuple[str, ...], Mask]:
    """Names of the features and whether each unit has them, bool[F, U].

    Args:
        tokens: The token stream.
        look: What it looks like.
        units: Where the units are.
        measures: What was measured of them.
        is_title: bool[U], the unit equals the document's given title.
        recurs: uint8[U], witnesses of the unit as a recurring block, 0 if it is none.
    """
    asked = table()
    return asked.names, asked.holds(observe(tokens, look, units, measures, is_title, recurs))
