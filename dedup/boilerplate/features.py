"""What a unit and its surroundings say, as named yes-or-no features: the columns the model weighs.

Features hold for any language; what depends on one is in the cue lexicon. Lengths are words (a character of
a script without spaces counts half a word).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.boilerplate.lexicon import AGENCY, CUES
from dedup.boilerplate.model import MODELS
from dedup.boilerplate.recurring import OFTEN
from dedup.boilerplate.surroundings import Beside, surroundings
from dedup.kernels import signs as loops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedup.boilerplate.units import Measures, Units
    from dedup.tokens import Tokens

__all__ = ["feature_columns", "feature_matrix", "is_prose", "model_of", "suspects"]

Mask = NDArray[np.bool_]
PROSE_WORDS = 12
"""A block of at least so many words that ends like a sentence is prose."""
DATELINE_TOKENS = 14
"""A dateline's agency stands among the first so many tokens of its block."""
PAGE_UNITS = 40
"""Fewer units are no page."""
MENU_WORDS = 5
"""Items of a menu are shorter."""
SUSPECT = 3.0
"""Weights of cues that make a long block worth reading by sentences."""
_STRONG = 4.0
"""Cue weights that together make a block suspect."""


def words_of(measures: Measures) -> NDArray[np.float64]:
    """float64[U], length of each unit in words."""
    counts = measures.counts.astype(np.float64)
    return counts[:, loops.N_TOKENS] - counts[:, loops.N_CHARACTER] / 2


def is_prose(measures: Measures) -> Mask:
    """bool[U]: long enough and ends like a sentence, without many cues of boilerplate."""
    plain: Mask = measures.cues[:, :6].max(axis=1, initial=0) < _STRONG
    prose: Mask = (words_of(measures) >= PROSE_WORDS) & (measures.gap_after & loops.STOP != 0) & plain
    return prose


def model_of(units: Units, measures: Measures) -> NDArray[np.uint8]:
    """uint8[n]: which of the model's sets of weights fits a document.

    A whole page has many units, and most of them as short as the items of a menu.
    """
    count = np.diff(units.offsets)
    short = np.append(0, np.cumsum(words_of(measures) < MENU_WORDS))
    is_page = (count >= PAGE_UNITS) & (2 * (short[units.offsets[1:]] - short[units.offsets[:-1]]) >= count)
    cut = np.append(0, np.cumsum(units.sentences))
    by_sentences = 2 * (cut[units.offsets[1:]] - cut[units.offsets[:-1]]) > count
    model = np.where(is_page, MODELS.index("page"), MODELS.index("article"))
    return np.where(by_sentences, MODELS.index("sentence"), model).astype(np.uint8)


def suspects(tokens: Tokens, units: Units, measures: Measures) -> Mask:
    """bool[B]: blocks of several sentences and many cues, which may hold boilerplate beside body."""
    strong = (measures.cues[:, :6].max(axis=1, initial=0) >= SUSPECT) & (
        measures.counts[:, loops.N_TOKENS] >= 20
    )
    found = np.zeros(len(tokens.block_start), np.bool_)
    found[units.block[strong & (measures.counts[:, loops.N_STOP] >= 2) & ~units.sentences]] = True
    return found


def _twins(hashes: NDArray[np.uint64], eligible: Mask, units: Units) -> tuple[Mask, Mask]:
    """Whether a unit's hash occurs earlier, and later, in the same document."""
    document = np.repeat(np.arange(len(units.offsets) - 1), np.diff(units.offsets))
    index = np.flatnonzero(eligible)
    order = index[np.lexsort((index, hashes[index], document[index]))]
    same = (hashes[order[1:]] == hashes[order[:-1]]) & (document[order[1:]] == document[order[:-1]])
    earlier, later = np.zeros(len(hashes), np.bool_), np.zeros(len(hashes), np.bool_)
    earlier[order[1:][same]] = True
    later[order[:-1][same]] = True
    return earlier, later


def _agency_places(units: Units, measures: Measures) -> tuple[Mask, Mask, Mask]:
    """Whether an agency closes a unit, does so after the end of a sentence, and stands in a dateline."""
    closes, after_stop, dateline = (np.zeros(len(units), np.bool_) for _ in range(3))
    first, unit = measures.agency_first, measures.agency_unit
    last = first + measures.agency_size == units.first[unit + 1]
    closes[unit[last]] = True
    after_stop[unit[last & (measures.agency_before & loops.STOP != 0)]] = True
    early = first - units.first[unit] < DATELINE_TOKENS
    pointed = measures.agency_after & (loops.DASH | loops.COLON) != 0
    dateline[unit[early & pointed & (measures.agency_after & loops.CLOSE != 0) & ~last]] = True
    return closes, after_stop, dateline


def feature_columns(
    units: Units, measures: Measures, is_title: Mask, recurs: NDArray[np.uint8]
) -> Iterator[tuple[str, Mask]]:
    """Name and column of every feature, in a fixed order.

    Args:
        units: Where the units are.
        measures: What was measured of them.
        is_title: bool[U], the unit equals the document's given title.
        recurs: uint8[U], witnesses of the unit as a recurring block, 0 if it is none.
    """
    counts = measures.counts.T
    n = np.maximum(counts[loops.N_TOKENS], 1)
    words = words_of(measures)
    after, before, opening = measures.gap_after, measures.gap_before, measures.opening
    everywhere = np.ones(len(units), np.bool_)
    document = np.repeat(np.arange(len(units.offsets) - 1), np.diff(units.offsets))

    yield "always", everywhere
    yield "sentence of a block", units.sentences

    for low, high in (
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 5),
        (5, 8),
        (8, 13),
        (13, 21),
        (21, 36),
        (36, 61),
        (61, 1 << 30),
    ):
        yield (
            f"words {low}..{high - 1}" if high < 1 << 30 else f"words {low}..",
            (words >= low) & (words < high),
        )

    stop = after & loops.STOP != 0
    closed = after & loops.CLOSE != 0
    bare = after & (loops.STOP | loops.CLOSE | loops.COLON | loops.QUOTE) == 0
    yield "ends with a stop", stop
    yield "ends with a stop, 8 words", stop & (words >= 8)
    yield "ends with a stop, 20 words", stop & (words >= 20)
    yield "ends with a question", after & loops.QUESTION != 0
    yield "ends with a colon", after & loops.COLON != 0
    yield "ends with a parenthesis", closed & ~stop
    yield "ends bare", bare
    yield "ends bare, 8 words", bare & (words >= 8)
    yield "ends bare, 20 words", bare & (words >= 20)
    yield "begins small", opening & loops.LOWER != 0
    yield "begins with a figure", opening & loops.NUMBER != 0
    yield "begins in capitals", opening & loops.CAPITALS != 0
    yield "begins with a parenthesis", before & loops.OPEN != 0
    yield "begins with a quotation mark", before & loops.QUOTE != 0
    yield "begins with a dash", before & loops.DASH != 0
    yield "begins with a mark", before & loops.MARK != 0
    yield "begins with a copyright sign", before & loops.COPYRIGHT != 0

    upper = counts[loops.N_UPPER] / n
    capitals = counts[loops.N_CAPITALS] / n
    several = n >= 3
    for least, most in ((0.0, 0.1), (0.1, 0.25), (0.25, 0.45), (0.45, 0.7), (0.7, 1.01)):
        yield f"capitalised {least:g}..{min(most, 1):g}", several & (upper >= least) & (upper < most)
    yield "long and capitalised 0.25..", (words >= 13) & (upper >= 0.25)
    yield "long and capitalised 0.4..", (words >= 13) & (upper >= 0.4)
    yield "in capitals 0.3..", several & (capitals >= 0.3)
    yield "in capitals 0.8..", capitals >= 0.8
    figures = counts[loops.N_NUMBER] / n
    yield "figures 0.1..", figures >= 0.1
    yield "figures 0.3..", figures >= 0.3
    yield "quoted 0.3..", counts[loops.N_QUOTED] / n >= 0.3
    yield "quoted 0.9..", counts[loops.N_QUOTED] / n >= 0.9
    yield "stops 2..", counts[loops.N_STOP] >= 2
    yield "stops 4..", counts[loops.N_STOP] >= 4
    yield "commas 3..", counts[loops.N_COMMA] >= 3
    yield "commas 1 in 6", several & (counts[loops.N_COMMA] / n >= 1 / 6)
    yield "a slash", counts[loops.N_SLASH] > 0
    yield "a mark", counts[loops.N_MARK] > 0
    yield "an at or hash sign", counts[loops.N_AT] > 0
    yield "a copyright sign", counts[loops.N_COPYRIGHT] > 0
    yield "a parenthesis", counts[loops.N_OPEN] > 0
    yield "glued signs", counts[loops.N_GLUE] > 0
    yield "mostly glued signs", counts[loops.N_GLUE] / n > 0.5

    cue = dict(zip(CUES, measures.cues.T, strict=False))
    covered = dict(zip(CUES, measures.covered.T / n, strict=False))
    month, weekday, year = cue["month"] > 0, cue["weekday"] > 0, counts[loops.N_YEAR] > 0
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
    yield "long without speech", (words >= 10) & (speech == 0)
    for name in CUES[:6]:
        score = cue[name]
        for least in (1, 2, 4, 7, 11):
            yield f"{name} cues {least}..", score >= least
        for share in (0.1, 0.25, 0.5, 0.9):
            yield f"{name} cues cover {share:g}..", covered[name] >= share
    yield "caption cues 4.., no speech", (cue["caption"] >= 4) & (speech == 0)
    yield "caption cues 2.., month and year", (cue["caption"] >= 2) & month & year
    yield "caption cues 2.., long, no speech", (cue["caption"] >= 2) & (speech == 0) & (words >= 8)
    kinds = (measures.cues[:, :6] > 0).sum(axis=1)
    yield "no cue", kinds == 0
    yield "cues of 3 kinds", kinds >= 3
    agency = measures.cues[:, AGENCY] > 0
    closes, closes_after_stop, dateline = _agency_places(units, measures)
    yield "an agency", agency
    yield "an agency, 6 words at most", agency & (words <= 6)
    yield "all agency", measures.covered[:, AGENCY] >= n
    yield "closes with an agency", closes
    yield "closes with an agency after a stop", closes_after_stop
    yield "opens with a dateline", dateline

    prose = is_prose(measures)
    index = np.arange(len(units)) - units.offsets[document]
    rest = units.offsets[document + 1] - 1 - np.arange(len(units))
    running = np.cumsum(prose)
    earlier_prose = running - prose - np.append(0, running)[units.offsets[document]]
    later_prose = np.append(0, running)[units.offsets[document + 1]] - running
    yield "prose", prose
    yield "prose between prose", prose & (earlier_prose > 0) & (later_prose > 0)
    for low, high in ((0, 1), (1, 2), (2, 4), (4, 8), (8, 1 << 30)):
        bounds = f"{low}..{high - 1}" if high < 1 << 30 else f"{low}.."
        yield f"place from the top {bounds}", (index >= low) & (index < high)
        yield f"place from the bottom {bounds}", (rest >= low) & (rest < high)
    yield "before all prose", earlier_prose == 0
    yield "before all prose, long", (earlier_prose == 0) & (words >= 8)
    yield "after all prose", later_prose == 0
    yield "after all prose, long", (later_prose == 0) & (words >= 8)
    yield "prose only once before", earlier_prose == 1
    yield "within prose, short", (earlier_prose > 0) & (later_prose > 0) & (words < 8)
    yield "within prose, bare and long", (earlier_prose > 0) & (later_prose > 0) & bare & (words >= 12)

    totals = np.append(0, np.cumsum(words))[units.offsets]
    in_prose = np.append(0, np.cumsum(words * prose))[units.offsets]
    prose_share = (np.diff(in_prose) / np.maximum(np.diff(totals), 1))[document]
    yield "page mostly furniture", prose_share < 0.4
    yield "page half furniture", (prose_share >= 0.4) & (prose_share < 0.75)
    yield "page mostly furniture, short", (prose_share < 0.4) & (words < 8)

    beside = {step: Beside.of(units, step, document) for step in (-2, -1, 1, 2)}
    for step, side in ((-1, "before"), (1, "after")):
        near = beside[step]
        near_words = near(words)
        yield f"{side}: nothing", near_words == 0
        yield f"{side}: short", (near_words > 0) & (near_words < 5)
        yield f"{side}: prose", near(prose)
        yield f"{side}: bare", near(bare)
        for name in CUES[:6]:
            yield f"{side}: {name} cues 2..", near(cue[name]) >= 2
        dense = (covered["caption"] >= 0.4) | (agency & (words <= 6))
        yield f"{side}: short credit", near(dense & (words < 12))
        yield (
            f"{side}: short credit, long",
            near(dense & (words < 12)) & (words >= 8),
        )
    small = opening & loops.LOWER != 0
    yield "runs on", bare & beside[1](small)
    yield "runs on from before", small & beside[-1](bare)
    far = beside[-2](words) < 5
    yield "2 before: short", far
    yield "2 after: short", beside[2](words) < 5
    yield from surroundings(units, beside, words, prose, bare, stop, kinds > 0)

    any_recurs = np.append(0, np.cumsum(recurs > 0))
    known_page = (any_recurs[units.offsets[1:]] > any_recurs[units.offsets[:-1]])[document]
    earlier, later = _twins(measures.whole, everywhere, units)
    yield "the same earlier", earlier
    yield "the same later", later
    yield "the same earlier, long", earlier & (words >= 8)
    like_earlier, like_later = _twins(measures.head, n >= loops.HEAD, units)
    yield "begins like an earlier one", like_earlier
    yield "begins like a later one", like_later
    yield "the title", is_title
    yield "recurs", recurs > 0
    yield "recurs, 5 words", (recurs > 0) & (words >= 5)
    yield "recurs, prose", (recurs > 0) & prose
    yield "recurs often", recurs >= OFTEN
    yield "recurs often, prose", (recurs >= OFTEN) & prose
    close = beside[-1](recurs).astype(np.int64) + beside[1](recurs)
    yield "recurs beside it", close > 0
    yield "stands alone in a page that recurs", (recurs == 0) & known_page & (words < 8)


def feature_matrix(
    units: Units, measures: Measures, is_title: Mask, recurs: NDArray[np.uint8]
) -> tuple[list[str], Mask]:
    """Names of the features and whether each unit has them, bool[F, U]."""
    names, columns = [], []
    for name, column in feature_columns(units, measures, is_title, recurs):
        names.append(name)
        columns.append(column)
    return names, np.stack(columns)
