"""What single rules know of a unit that the sequence of all does not, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.boilerplate.agencies import datelines
from dedup.boilerplate.forms import (
    AgencyLine,
    addresses,
    agency_lines,
    counting,
    credited_captions,
    dates,
    faults,
    initials,
    led_by_cues,
    open_captions,
    placed,
    sentences,
    signed_captions,
    slashed_captions,
    threads,
    ticker_entries,
)
from dedup.boilerplate.lexicon import CUES
from dedup.boilerplate.model import BODY, LABELS, MODELS, TITLE
from dedup.kernels import signs
from dedup.kernels.constants import CHARACTER_FLAG
from dedup.kernels.traits import (
    AGENCY,
    ALL_AGENCY,
    ATS,
    ENDS_QUESTION,
    ENDS_STOP,
    KINDS_OF_FURNITURE,
    OPENS_MARK,
    OPENS_QUOTE,
    PROSE_ABOVE,
    PROSE_BELOW,
    PROSE_WORDS,
    RECURS,
    WORD,
    WORDS,
)
from dedup.kernels.traits import CUES as CUES_OF
from dedup.kernels.traits import TITLE as IS_TITLE
from dedup.ragged import is_in, run_starts, running, steps, sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedup.boilerplate.units import Measures, Units
    from dedup.boilerplate.view import View

    Labels = NDArray[np.uint8]

__all__ = ["RULES", "none_of", "only_signed", "relabel"]

CREDIT, CAPTION, META, NAV, WIDGET, APPEAL = (
    LABELS.index(name) for name in ("credit", "caption", "meta", "nav", "widget", "appeal")
)
_ASTRAY = np.array([name in ("appeal", "nav", "widget") for name in LABELS])
"""What an agency's name by itself is never, by label."""
ADDRESSED = CUES_OF + CUES.index("address")
"""Trait: words that speak to the reader."""
LONE_PROSE_TOKENS = 80
LONE_PROSE_STOPS = 3
"""Words and sentence ends, at least, of a unit that may be the whole article."""
FAIR_CUES = 2.0
"""Weights of cues that say something of a unit by themselves."""
OUTWEIGHING_CUES = 5.0
"""Weight of cues that even prose does not outweigh."""
MANY_CUES, TITLE_CUES = 7.0, 4.0
"""Weight of cues that make a unit furniture by themselves; of what was taken for a headline, less."""
LINE_WORDS = 8
"""Fewer words without a stop are a line, no sentence."""
NAV_CUES, HEADING_CUES, HEADING_WORDS = CUES.index("nav"), 3.0, 5
"""Kind of the cues that head links, their weight, at least, and words of such a heading, at most."""
LISTED_BELOW = 20
"""Words of the article above them, at least."""
ISLAND_WORDS, CLOSING_WORDS = 8, 3
"""Words of a sentence near the article that is part of it, at least: anywhere, and where there is no page."""
PARAGRAPH_WORDS = 12
"""Words of a paragraph, at least."""
LABEL_CHARACTERS = 5
"""Characters of a label before its colon, in scripts without spaces, at most."""
SIGNED_TOKENS = 8
"""Words before a closing agency that are a sentence of the article, not the name of its author."""


def relabel(view: View, labels: Labels) -> None:
    """Change the labels of units, uint8[U], in place: by each rule, in the order of ``RULES``."""
    for rule in RULES:
        rule(view, labels)


def made_of_cues(view: View, labels: Labels) -> None:
    """A headline is not made of cues, and what is made of strong ones needs no neighbours to agree.

    Half of a sentence, or a quarter of a line without a stop: "Share or comment on this article: Two ships".
    """
    measures, units, traits = view.measures, view.units, view.traits
    some = np.flatnonzero((measures.strongest >= min(MANY_CUES, TITLE_CUES)) & (labels <= TITLE))
    # what covers most of it: one word of many languages, such as "Twitter", outweighs a whole appeal
    cued = measures.covered[some, :KINDS_OF_FURNITURE].argmax(axis=1)
    weight = measures.cues[some, cued]
    covered, size = measures.covered[some, cued], units.last[some] - units.first[some]
    open_ = traits[ENDS_STOP, some] == 0
    headline = (labels[some] == TITLE) & (2 * covered >= size)
    line = open_ & (traits[WORDS, some] < WORD * LINE_WORDS)
    # a stamp is often all that says when what follows was
    headline |= line & (4 * covered >= 3 * size) & (cued + 2 != META)
    furniture = (2 * covered >= size) | open_ & (4 * covered >= size)
    made = (weight >= MANY_CUES) & furniture | (weight >= TITLE_CUES) & headline
    labels[some[made]] = cued[made] + 2


def stamps(view: View, labels: Labels) -> None:
    """A date is a stamp, a sentence none."""
    labels[sentences(view.measures) & (labels == META)] = BODY
    labels[dates(view, labels <= TITLE)] = META


def captions_by_form(view: View, labels: Labels) -> None:
    """What is labelled or signed as captions are; but an author may sign the last paragraph so."""
    found = signed_captions(view) & (view.traits[PROSE_BELOW] > 0)
    found |= open_captions(view, labels != BODY)
    labels[found & (labels <= TITLE)] = CAPTION


def announced(view: View, labels: Labels) -> None:
    """What cues say of all that follows their colon."""
    cued = led_by_cues(view)
    some = (cued > 0) & (labels <= TITLE)
    labels[some] = cued[some] + TITLE


def captions_by_credit(view: View, labels: Labels) -> None:
    """A line that a photographer's credit closes; at the article's end it may be that of another author."""
    found = credited_captions(view)
    labels[found & ~view.closing & (labels != CREDIT)] = CAPTION
    found = slashed_captions(view)
    labels[found & ~view.closing & (labels <= TITLE)] = CAPTION


def embedded_posts(view: View, labels: Labels) -> None:
    """A post that the article embeds is part of it, a date put before the text is not."""
    labels[view.posted] = BODY
    labels[np.searchsorted(view.units.first, view.dated) - 1] = META


def recurring(view: View, labels: Labels) -> None:
    """What recurs among articles that share nothing else is furniture.

    Of prose that is only one sign more: a paragraph that edited versions kept recurs, too, and large families
    fell apart (recall 0.82 for 0.98).
    """
    labels[(view.traits[RECURS] > 0) & ~view.prose & (labels <= TITLE)] = NAV


def credits_of_nobody(view: View, labels: Labels) -> None:
    """A credit names somebody: a closing paragraph looks like an author's life, but for the cues.

    A weak one of another kind says nothing of an author: "Photos of the roof are needed".
    """
    nobody = view.prose & (view.measures.cues[:, CUES.index("credit")] == 0) & (view.traits[AGENCY] == 0)
    nobody &= view.measures.strongest < FAIR_CUES
    labels[nobody & (labels == CREDIT)] = BODY


def islands(view: View, labels: Labels) -> None:
    """A sentence without a cue that one line alone parts from a sentence of the article is of it.

    In text that is no page also one right below the article, and a short one that speaks to nobody.
    """
    units, traits = view.units, view.traits
    eligible = (labels > TITLE) & (traits[ENDS_STOP] > 0) & view.uncued
    rows = np.flatnonzero(eligible & (traits[WORDS] >= WORD * CLOSING_WORDS))
    if not len(rows):
        return
    document = units.documents(rows)
    place = rows - units.offsets[document]

    def article(back: int) -> NDArray[np.bool_]:
        at = np.maximum(rows - back, 0)
        above: NDArray[np.bool_] = (place >= back) & (labels[at] == BODY) & (traits[ENDS_STOP, at] > 0)
        return above

    parted = article(2) & (labels[rows - 1] > TITLE)
    asks = (traits[[[OPENS_QUOTE], [OPENS_MARK], [ENDS_QUESTION], [ATS], [ADDRESSED]], rows] > 0).any(axis=0)
    closes = ~asks & (labels[rows] != CAPTION) & (parted | article(1))
    closes &= view.model[document] != MODELS.index("page")
    teaser = (traits[WORDS, rows] >= WORD * ISLAND_WORDS) & (labels[rows] == NAV) & parted
    labels[rows[closes | teaser]] = BODY


def paragraphs(view: View, labels: Labels) -> None:
    """Two sentences without a cue, the article above and below them, are of it, whatever stands beside."""
    several = (view.measures.counts[:, signs.N_STOP] > 1) & (view.traits[ENDS_STOP] > 0)
    inside = (view.traits[PROSE_ABOVE] > 0) & (view.traits[PROSE_BELOW] > 0)
    eligible = several & inside & view.uncued & (view.traits[WORDS] >= WORD * PARAGRAPH_WORDS)
    labels[eligible & (labels > TITLE)] = BODY


def standfirsts(view: View, labels: Labels) -> None:
    """A sentence without a cue right below the headline sums up the article, however far its text is."""
    traits = view.traits
    eligible = (labels == NAV) & (traits[ENDS_STOP] > 0) & (traits[PROSE_BELOW] > 1) & view.uncued
    rows = np.flatnonzero(eligible & (traits[WORDS] >= WORD * CLOSING_WORDS))
    if len(rows):
        document = view.units.documents(rows)
        above = rows - 1
        above -= labels[above] == META  # a stamp
        headline = (labels[above] == TITLE) | (traits[IS_TITLE, above] > 0)
        labels[rows[headline & (above >= view.units.offsets[document])]] = BODY


def questions(view: View, labels: Labels) -> None:
    """A question without a cue between paragraphs of the article is an interviewer's, or a heading."""
    units, traits = view.units, view.traits
    eligible = (labels > TITLE) & (traits[ENDS_QUESTION] > 0) & view.uncued
    rows = np.flatnonzero(eligible & ~units.sentences)
    document = units.documents(rows)
    inside = (rows > units.offsets[document]) & (rows + 1 < units.offsets[document + 1])
    rows = rows[inside]
    between = (labels[rows - 1] == BODY) & (labels[rows + 1] == BODY)
    stopped = (traits[ENDS_STOP, rows - 1] > 0) & (traits[ENDS_STOP, rows + 1] > 0)
    labels[rows[between & stopped]] = BODY


def turns(view: View, labels: Labels) -> None:
    """What a label opens that opens two paragraphs of the article, such as "Q:", is part of the talk.

    In scripts without spaces a label is a few characters, known by the first and how many they are, and one
    paragraph beside it will do: "岑静文：".
    """
    tokens, units = view.tokens, view.units
    size, after = np.zeros(len(units), np.int64), view.surface.after
    for length in range(LABEL_CHARACTERS, 0, -1):
        at = np.minimum(units.first + length, units.last) - 1
        size[after[at] & ~np.uint16(signs.SPACE) == signs.COLON] = length
    glued = (size == 1) | (tokens.flags[units.first] & CHARACTER_FLAG != 0)
    opens = (size > 0) & glued & (units.last - units.first > size)
    rows = np.flatnonzero(opens & (labels != TITLE))
    if not (labels[rows] != BODY).any():  # mostly
        return
    document = units.documents(rows)
    word = tokens.hash[units.first[rows]] + size[rows].astype(np.uint64)
    order = np.argsort(word, kind="stable")  # and so by document
    label = np.cumsum(run_starts(document[order], word[order]))
    in_body = np.bincount(label, labels[rows[order]] == BODY)[label]
    rows = rows[order[in_body + (size[rows[order]] > 1) > 1]]
    labels[rows[view.measures.strongest[rows] < OUTWEIGHING_CUES]] = BODY


def comments(view: View, labels: Labels) -> None:
    """What readers wrote below the article."""
    labels[threads(view)] = WIDGET


def links(view: View, labels: Labels) -> None:
    """An address is no sentence, and what a program says of its faults is nobody's."""
    labels[addresses(view.measures) & (labels <= TITLE)] = NAV
    labels[faults(view) & (labels <= TITLE)] = WIDGET


def listed(view: View, labels: Labels) -> None:
    """Below the article lines without a stop, or cut off, belong to the links whose heading is above them.

    Of such a heading, "Most read", half are cues. A sentence that stays ends the list. In text that is no
    page one may stand inside the article, too; its last line may head what follows.
    """
    units, measures, traits = view.units, view.measures, view.traits
    cut = measures.gap_after & signs.ELLIPSIS != 0
    line = (cut | (traits[ENDS_STOP] == 0) & ~view.prose) & ~units.sentences
    size, covered = units.last - units.first, measures.covered[:, NAV_CUES]
    heading = line & ~cut & (labels == NAV) & (size <= HEADING_WORDS) & (2 * covered >= size)
    heading &= measures.cues[:, NAV_CUES] >= HEADING_CUES
    if not heading.any():
        return
    ends = ~line & (labels == BODY)
    count = steps(units.offsets)
    ends[units.offsets[:-1][count > 0]] = True
    led = heading[np.maximum.accumulate(np.where(heading | ends, np.arange(len(units)), 0))]
    so_far = running(size * (view.prose & (labels == BODY) & ~cut))  # words of the article
    above = so_far[:-1] - so_far[units.offsets[:-1]].repeat(count)
    below = so_far[units.offsets[1:]].repeat(count) - so_far[1:]
    page = (view.model == MODELS.index("page")).repeat(count)
    inside = ~page & np.append(line[1:], False)
    labels[led & line & (above >= LISTED_BELOW) & ((below == 0) | inside) & (labels == BODY)] = NAV


def signed_by_agencies(view: View, labels: Labels) -> None:
    """Of a sentence with an agency behind it only the agency goes: "… are missing. (dpa)".

    So it is with a caption of two sentences and more where the article ends.
    """
    labels[only_signed(view.units, view.measures, labels, CREDIT)] = BODY
    labels[view.closing & only_signed(view.units, view.measures, labels, CAPTION)] = BODY


def only_signed(units: Units, measures: Measures, labels: Labels, label: int) -> NDArray[np.bool_]:
    """bool[U]: has this label only for an agency behind its full stop, which is cut out by itself."""
    unit, first, size = measures.agency_unit, measures.agency_first, measures.agency_size
    found = np.zeros(len(units), np.bool_)
    if not len(unit):
        return found
    closes = (first + size == units.last[unit]) & (measures.agency_before & signs.STOP != 0)
    closes &= first - units.first[unit] >= SIGNED_TOKENS
    in_cues = measures.covered[unit, CUES.index(LABELS[label])]
    found[unit[closes & (labels[unit] == label) & (in_cues <= size)]] = True
    return found


def led_by_places(view: View, labels: Labels) -> None:
    """What a dateline opens is the article, though it has a month and a year as captions have."""
    units, traits = view.units, view.traits
    eligible = (labels == CAPTION) & (traits[ENDS_STOP] > 0)
    rows = np.flatnonzero(eligible & (traits[WORDS] >= WORD * PROSE_WORDS))
    if len(rows):
        named = view.measures.naming(is_in(view.measures.agency_unit, rows))
        led = is_in(rows, named.agency_unit[datelines(view.surface, units, named)])
        led |= placed(view, rows) & view.prose[rows]
        labels[rows[led]] = BODY


def agencies_by_themselves(view: View, labels: Labels) -> None:
    """A line of nothing but an agency is a credit; "By" and an agency is a byline and no caption."""
    named = np.flatnonzero(view.traits[ALL_AGENCY])
    labels[named[_ASTRAY[labels[named]]]] = CREDIT
    covered, size = view.measures.covered, view.measures.counts[:, signs.N_TOKENS]
    agency, cue = covered[:, len(CUES)], covered[:, CUES.index("meta")]
    labels[(labels == CAPTION) & (agency > 0) & (cue > 0) & (agency + cue >= size)] = META


def lines_of_agencies(view: View, labels: Labels) -> None:
    """A place and an agency above the text, below it an agency and its desk, or the initials of one."""
    signed = initials(view.measures) & (view.traits[PROSE_ABOVE] > 0)
    labels[signed & (labels <= TITLE)] = CREDIT
    found = agency_lines(view)
    if not found.any():  # mostly
        return
    found[labels > TITLE] = AgencyLine.NONE
    labels[(found == AgencyLine.PLACE) & (view.traits[PROSE_ABOVE] == 0)] = META
    labels[found == AgencyLine.CREDIT] = CREDIT
    labels[(found == AgencyLine.DESK) & (view.traits[PROSE_BELOW] == 0)] = CREDIT


def tickers(view: View, labels: Labels) -> None:
    """What heads an entry of a ticker is part of it."""
    labels[ticker_entries(view)] = BODY


def counted(view: View, labels: Labels) -> None:
    """The days of a calendar, the pages of a list."""
    labels[counting(view) & (labels <= TITLE)] = NAV


def all_there_is(view: View, labels: Labels) -> None:
    """Where nothing would be left there is too little to be sure without cues."""
    labels[none_of(view.units, labels <= TITLE) & (view.measures.strongest == 0)] = BODY


def lone_prose(view: View, labels: Labels) -> None:
    """The longest unit of a document is body, if it is prose and more than all that is called so.

    An article of one paragraph looks like a long caption. What has strong cues is one; appeals may be long.
    Speech that was written down, or text without its signs for a corpus, is one long unit whatever its cues;
    of a menu that long more than two thirds are capitalised, of German prose up to three in five words.
    """
    units, measures = view.units, view.measures
    tokens, stops, upper = (measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_STOP, signs.N_UPPER))
    prose = (stops >= LONE_PROSE_STOPS) & (measures.strongest < OUTWEIGHING_CUES) & (labels != APPEAL)
    prose |= (stops == 0) & (3 * upper < 2 * tokens)
    prose &= (labels > TITLE) & (tokens >= LONE_PROSE_TOKENS)
    if not prose.any():
        return
    body = sums(tokens * (labels == BODY), units.offsets)
    found = np.flatnonzero(prose & (tokens > body.repeat(steps(units.offsets))))
    document = units.documents(found)
    longest_first = found[np.lexsort((-tokens[found], document))]
    labels[longest_first[run_starts(document)]] = BODY


def none_of(units: Units, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[U]: the unit stands in a document of which no unit is chosen."""
    none: NDArray[np.bool_] = sums(chosen, units.offsets) == 0
    return none.repeat(steps(units.offsets))


RULES: tuple[Callable[[View, Labels], None], ...] = (
    made_of_cues,
    stamps,
    captions_by_form,
    announced,
    captions_by_credit,
    embedded_posts,
    recurring,
    credits_of_nobody,
    islands,
    paragraphs,
    standfirsts,
    questions,
    turns,
    comments,
    links,
    listed,
    signed_by_agencies,
    led_by_places,
    agencies_by_themselves,
    lines_of_agencies,
    tickers,
    counted,
    all_there_is,
    lone_prose,
)
"""In the order they are asked; a later one may change what an earlier one said."""
