"""Units whose form alone says what they are, whatever the sequence around them says."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from string import ascii_lowercase
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.boilerplate.lexicon import CUES, lexicon
from dedup.kernels import signs
from dedup.kernels.traits import KINDS_OF_FURNITURE
from dedup.ragged import gather, holders, is_in, owners, run_starts, running, steps
from dedup.tokens import text_buffers, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.boilerplate.units import Measures, Units
    from dedup.boilerplate.view import View

__all__ = [
    "AgencyLine",
    "addresses",
    "agency_lines",
    "counting",
    "credited_captions",
    "dates",
    "faults",
    "initials",
    "led_by_cues",
    "open_captions",
    "placed",
    "posts",
    "sentences",
    "signed_captions",
    "slashed_captions",
    "threads",
    "ticker_entries",
]

ADDRESS_TOKENS = 5
"""Words of an address, at least: shorter ones are abbreviations, dates and results of games."""
MAIL_TOKENS = 3
"""Words of an address of mail, at least: of two, "@" stands between the names of an account."""
DATE_TOKENS = 6
"""Figures of a date and time, at most."""
SENTENCE_TOKENS = 6
"""Words of a sentence that is no byline; "By our correspondent in Paris." has fewer."""
CAPTION_TOKENS = (6, 40)
"""Words of a caption with its signature, at least and at most."""
SIGNATURE_TOKENS = (2, 4)
"""Words of the signature: one word in capitals is an abbreviation as well."""

STRONG_WEIGHT = 3
"""Weight of a phrase that hardly ever stands in an article."""
LEAST_COUNTED = 5
"""Figures or letters that follow each other, at least, where something is counted."""
LABEL_TOKENS = 5
"""Words before the colon of a caption, at most: "Empty quay: Two ships wait …"."""
CAPTIONS = 4
"""Captions in a row, at most; more are a list."""
POST_TOKENS = 8
"""Words of a post, at least."""
STAMP_TOKENS, DATE_BYTES = 14, 8
"""Words of a name and a day above a post, at most; bytes of a day in one word, at least: 4.3.2026."""
STAMPS, POST_UNITS = 3, 10
"""Stamps of a thread, and paragraphs above it, at least; units from one stamp to the next, at most."""

PLACE_TOKENS = 5
"""Words of a place before a dash, at most: "HARLOW BAY, Calif. —"."""

LINE_TOKENS, INITIAL_BYTES = 8, 4
"""Words of an agency's line with what its desk adds, and letters of an editor's initials, at most."""
DESK = signs.SPACE | signs.SLASH | signs.DASH
"""What stands between an agency and such initials."""
PLUS = 2
"""Signs of addition that frame an entry of a ticker, at least."""

FAULT_PLACE_BYTES = 24
"""Bytes in which the number of a line stands at the end of what PHP says, at most."""

_STAMPED = [CUES.index(kind) for kind in ("month", "weekday", "meta")]
_ENTRY = re.compile(rb"\+{%d,}\s*\d{1,2}[:.]\d{2}\b.*\+{%d,}" % (PLUS, PLUS), re.DOTALL)
_DATE = re.compile(
    rb"(\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}([-./])\d{1,2}\2\d{1,2})"
    rb"(([ ,|T/-]|\xe2\x80\x93){1,3}\d{1,2}[:.]\d{2}(:\d{2})?)?"
)
_FAULT = re.compile(rb"[A-Z][\w ]+: .+? in [^\s/\\]*[/\\]", re.DOTALL)
_FAULT_PLACE = re.compile(rb" on line \d+\Z")
_TIME = re.compile(rb"([01]?\d|2[0-3])[:.h][0-5]\d( Uhr| h)?")


def _said(view: View, rows: NDArray[np.int64], *, blocks: bool = False) -> Iterator[tuple[int, bytes]]:
    """Some units, each with its text from its first token to its last, or with all of its block."""
    tokens, units = view.tokens, view.units
    if blocks:
        start, end = tokens.block_start[units.block[rows]], tokens.block_end[units.block[rows]]
    else:
        start, end = tokens.start[units.first[rows]], tokens.end[units.last[rows] - 1]
    data, begins = text_buffers(view.texts)
    base = begins[units.documents(rows)]
    for row, low, high in zip(rows.tolist(), (base + start).tolist(), (base + end).tolist(), strict=True):
        yield row, data[low:high].tobytes()


def addresses(measures: Measures) -> NDArray[np.bool_]:
    """bool[U]: the unit is an address, of the web or of mail, or nothing but tags.

    Signs without white space in nearly every gap, "@" among those of a short one; or a "#" at every word.
    """
    tokens, glued, dashes, ats = (
        measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_GLUE, signs.N_DASH, signs.N_AT)
    )
    web = (tokens >= ADDRESS_TOKENS) & (glued >= 2) & (5 * (glued + dashes) >= 4 * (tokens - 1))
    mail = (tokens >= MAIL_TOKENS) & (ats == 1) & (glued + dashes >= tokens - 1)
    tags = (ats >= 2) & (ats >= tokens)
    return np.asarray(web | mail | tags)


def dates(view: View, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[U]: the unit, one of those asked about, is a date in figures: 03.03.2026, or 03.03.2026 14:05.

    Of one with its time of day all but a word may be cues: "am Freitag, 03.03.2026 - 14:05 Uhr". So is a time
    of day alone, 14:05, where three and more stand in an article, as above the entries of a live blog, no
    two of them in a row.
    """
    units, measures = view.units, view.measures
    size, figures = measures.counts[:, signs.N_TOKENS], measures.counts[:, signs.N_NUMBER]
    cues = measures.covered[:, _STAMPED].sum(axis=1)
    found: NDArray[np.bool_] = (figures > 0) & (figures <= DATE_TOKENS)
    found &= (figures + cues + 1 >= size) & (measures.gap_after & (signs.STOP | signs.COLON) == 0)
    if not found.any():
        return found
    times = []
    for u, said in _said(view, np.flatnonzero(found)):
        whole = _DATE.fullmatch(said) if figures[u] == size[u] else _DATE.search(said)
        found[u] = whole is not None and (figures[u] == size[u] or whole[3] is not None)
        if _TIME.fullmatch(said):
            times.append(u)
    if len(times) < STAMPS:
        return found & among
    rows = np.array(times, np.int64)
    document = units.documents(rows)
    apart = (steps(rows) > 1) | (steps(document) > 0)
    alone = np.append(True, apart) & np.append(apart, True)
    many = np.bincount(document, alone, len(units.offsets) - 1) >= STAMPS
    found[rows] |= many[document] & alone
    return found & among


def faults(view: View) -> NDArray[np.bool_]:
    """bool[U]: what PHP says of a fault: "Warning: Undefined variable $a in /www/page.php on line 12"."""
    surface, units, measures = view.surface, view.units, view.measures
    found: NDArray[np.bool_] = (surface.shape[units.last - 1] & signs.NUMBER != 0) & ~view.prose
    found &= (measures.opening & signs.UPPER != 0) & (measures.counts[:, signs.N_GLUE] > 1)
    if not found.any():  # mostly
        return found
    for u, said in _said(view, np.flatnonzero(found)):
        found[u] = bool(_FAULT_PLACE.search(said[-FAULT_PLACE_BYTES:]) and _FAULT.match(said))
    return found


def sentences(measures: Measures) -> NDArray[np.bool_]:
    """bool[U]: the unit is a sentence most of whose words are small and no cues of a byline.

    "Von den 51 Abgeordneten stimmten 21 dagegen." begins like a byline.
    """
    size, small, figures = (measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_LOWER, signs.N_NUMBER))
    whole = (size >= SENTENCE_TOKENS) & (measures.gap_after & signs.STOP != 0)
    found: NDArray[np.bool_] = (
        whole & (2 * small >= size - figures) & (4 * measures.covered[:, CUES.index("meta")] <= size)
    )
    return found


def placed(view: View, units: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[R]: these units begin with a place, perhaps a day, and a dash.

    "Halbergen, 14. März – Die …".
    """
    surface, first = view.surface, view.units.first[units]
    found = np.zeros(len(first), np.bool_)
    rows = np.flatnonzero(surface.shape[first] & signs.UPPER != 0)
    dash, months = signs.SPACE | signs.DASH, lexicon().months
    for word in range(PLACE_TOKENS):
        at = first[rows] + word
        is_place = surface.shape[at] & signs.UPPER != 0
        is_date = is_in(view.tokens.hash[at], months) | (surface.shape[at] & signs.NUMBER != 0)
        rows, at = (x[is_place | is_date] for x in (rows, at))
        found[rows[surface.after[at] & dash == dash]] = True
    return found


def signed_captions(view: View) -> NDArray[np.bool_]:
    """bool[U]: the unit ends in a name in capitals behind the stop: "The mayor, on Monday. ANA RUIZ"."""
    surface, units, measures = view.surface, view.units, view.measures
    size, small = measures.counts[:, signs.N_TOKENS], measures.counts[:, signs.N_LOWER]
    found = _open_lines(view) & (3 * small >= size) & (measures.gap_after & signs.CLOSE == 0)
    signed = np.zeros(len(units), np.bool_)
    rows = np.flatnonzero(found)
    capitals = np.ones(len(rows), np.bool_)
    for word in range(1, SIGNATURE_TOKENS[1] + 1):
        at = np.maximum(units.last[rows] - word, units.first[rows])  # a line may be shorter
        capitals &= surface.shape[at] & (signs.CAPITALS | signs.SINGLE) == signs.CAPITALS
        if word >= SIGNATURE_TOKENS[0]:
            signed[rows[capitals & (surface.before[at] & signs.STOP != 0)]] = True
    return signed


def _open_lines(view: View) -> NDArray[np.bool_]:
    """bool[U]: the unit is as long as captions are, and no stop, colon or quotation mark ends it."""
    units, measures = view.units, view.measures
    size = measures.counts[:, signs.N_TOKENS]
    least, most = CAPTION_TOKENS
    found: NDArray[np.bool_] = (size >= least) & (size <= most) & ~units.sentences
    found &= measures.gap_after & (signs.STOP | signs.COLON | signs.QUOTE) == 0
    return found


def open_captions(view: View, beside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[U]: a line without a stop, labelled or signed as captions are, above a paragraph of prose.

    "Empty quay: Two ships wait outside", "The pier at dawn (Ana Ruiz)". A few in a row; more are
    a list.

    Args:
        view: What is looked at.
        beside: bool[U], what else may stand above: headlines and furniture.
    """
    surface, units, measures, prose = view.surface, view.units, view.measures, view.prose
    rows = np.flatnonzero(_open_lines(view))
    colon, name = signs.COLON | signs.SPACE, signs.UPPER | signs.NUMBER
    marked = np.zeros(len(rows), np.bool_)
    for word in range(LABEL_TOKENS):
        at = units.first[rows] + word
        marked |= (surface.after[at] & colon == colon) & (surface.shape[at + 1] & name != 0)
    names = measures.gap_after[rows] & signs.CLOSE != 0
    for word in range(1, SIGNATURE_TOKENS[1] + 1):
        at = np.maximum(units.last[rows] - word, units.first[rows])  # a line may be shorter
        names &= surface.shape[at] & signs.UPPER != 0
        marked |= names & (surface.before[at] & signs.OPEN != 0)
    rows, captions = rows[marked], np.zeros(len(units), np.bool_)
    if not len(rows):  # mostly
        return captions
    document = units.documents(rows)
    opens = run_starts(rows - np.arange(len(rows)), document)
    row = np.cumsum(opens) - 1
    first = rows[opens][row]
    last = first + np.bincount(row)[row] - 1
    begin, end = units.offsets[document], units.offsets[document + 1]
    framed = (first > begin) & (last + 1 < end) & (last - first < CAPTIONS)
    framed &= (prose[first - 1] | beside[first - 1]) & prose[np.minimum(last + 1, len(units) - 1)]
    captions[rows[framed]] = True
    return captions


@cache
def _strong_phrases() -> NDArray[np.uint8]:
    """uint8[nodes] of the lexicon: 1 + the kind of furniture a phrase says by itself that it is, else 0."""
    words = lexicon()
    rows = np.flatnonzero((words.weight >= STRONG_WEIGHT) & (words.kind < KINDS_OF_FURNITURE))
    found = np.zeros(len(words.entries) - 1, np.uint8)
    found[owners(words.entries)[rows]] = words.kind[rows] + 1
    return found


def credited_captions(view: View) -> NDArray[np.bool_]:
    """bool[U]: a line that a photographer's credit closes: "The square in March. Photo: Ana Ruiz".

    In brackets no colon is needed, "(foto Ruiz)", and the cue may be the end of a word: "(館提供)". A longer
    line may be a paragraph with a caption glued to it.
    """
    surface, units, phrases = view.surface, view.units, view.phrases
    kind = _strong_phrases()[phrases.node]
    caption, credit = (1 + CUES.index(name) for name in ("caption", "credit"))
    some = np.flatnonzero((kind == caption) | (kind == credit))
    found = np.zeros(len(units), np.bool_)
    if not len(some):
        return found
    name = phrases.first[some] + phrases.size[some]
    before, after = surface.before[phrases.first[some]], surface.after[name - 1]
    unit = holders(units.first, phrases.first[some])
    shut = (name == units.last[unit]) & (before == 0) & (after & (signs.CLOSE | signs.STOP) == signs.CLOSE)
    shut &= (kind[some] == caption) & (name - units.first[unit] <= CAPTION_TOKENS[1])
    found[unit[shut]] = True
    colon = after & ~np.uint16(signs.SPACE) == signs.COLON
    colon |= after == signs.SLASH | signs.SPACE
    colon |= (before & signs.OPEN != 0) & (after == signs.SPACE)
    some, name = some[colon], name[colon]
    unit = holders(units.first, phrases.first[some])
    end = units.last[unit]
    few = (end - name >= 1) & (end - name <= SIGNATURE_TOKENS[1] + 1)
    closes = few & (end - units.first[unit] <= CAPTION_TOKENS[1])
    name, unit = name[closes], unit[closes]
    named = (surface.shape[name] & signs.UPPER != 0) | (units.last[unit] == name + 1)
    named |= surface.after[name] == signs.SLASH  # Foto: dpa/Ana Ruiz
    found[unit[named]] = True
    return found & ~units.sentences


def slashed_captions(view: View) -> NDArray[np.bool_]:
    """bool[U]: a line that an agency and its photographer close, or a name behind the sign of copyright.

    "The port, September 12. REUTERS/Ana Ruiz", "The farmer on his field © A. Ruiz".
    """
    surface, units, measures = view.surface, view.units, view.measures
    size = measures.counts[:, signs.N_TOKENS]
    line = (size <= CAPTION_TOKENS[1]) & (measures.gap_after & signs.STOP == 0)
    rows = np.flatnonzero(line & (measures.counts[:, signs.N_COPYRIGHT] > 0))
    found = np.zeros(len(units), np.bool_)
    names = np.ones(len(rows), np.bool_)
    for word in range(1, SIGNATURE_TOKENS[1] + 1):
        at = np.maximum(units.last[rows] - word, units.first[rows])  # a line may be shorter
        names &= surface.shape[at] & signs.UPPER != 0
        found[rows[names & (surface.before[at] & signs.COPYRIGHT != 0)]] = True
    behind = measures.agency_first + measures.agency_size
    unit = measures.agency_unit
    few = (units.last[unit] - behind <= SIGNATURE_TOKENS[1]) & line[unit]
    few &= (measures.agency_before & signs.STOP != 0) & (measures.agency_after == signs.SLASH)
    for i in np.flatnonzero(few).tolist():
        found[unit[i]] |= bool((surface.shape[behind[i] : units.last[unit[i]]] & signs.UPPER != 0).all())
    return found


class AgencyLine(IntEnum):
    """What a line with an agency may be."""

    NONE = 0
    PLACE = 1
    DESK = 2
    CREDIT = 3


def agency_lines(view: View) -> NDArray[np.uint8]:
    """uint8[U], of :class:`AgencyLine`: the unit is an agency and what stands with it on a line of its own.

    A place and the agency in brackets, "Harlow (ots)"; all of it in brackets, "(APA, red, 9.3.2026)"; the
    agency with a name or the initials of its desk, "dpa/Ana Ruiz", "PTI RKS NSD", "epd Nord jor rks".

    A sentence in brackets is none: "(Reuters had reported on Monday.)".
    """
    tokens, surface, units, measures = view.tokens, view.surface, view.units, view.measures
    found = np.zeros(len(units), np.uint8)
    first, unit = measures.agency_first, measures.agency_unit
    behind = first + measures.agency_size
    begin, end = units.first[unit], units.last[unit]
    line = (end - begin <= LINE_TOKENS) & (end - begin > measures.agency_size)
    opened = measures.agency_before & signs.OPEN != 0
    name = signs.UPPER | signs.NUMBER
    for i in np.flatnonzero(line).tolist():
        b, e, at, past = begin[i], end[i], first[i], behind[i]
        stopped = surface.after[e - 1] & signs.STOP
        short = tokens.end[b:e] - tokens.start[b:e] <= INITIAL_BYTES
        brief = short | (surface.shape[b:e] & signs.UPPER != 0)
        if past == e and opened[i]:
            if not stopped and (surface.shape[b:at] & name != 0).all():
                found[unit[i]] = AgencyLine.PLACE
        elif surface.before[b] & signs.OPEN:
            one = not (surface.after[b : e - 1] & (signs.CLOSE | signs.OPEN)).any()
            if one and (not stopped or brief.all()):
                found[unit[i]] = AgencyLine.CREDIT
        elif at == b and not stopped:
            named = surface.shape[past:e] & signs.UPPER != 0
            apart = not (surface.after[b : e - 1] & ~np.uint16(DESK)).any()
            few = e - past <= SIGNATURE_TOKENS[1]
            if few and named.all() and surface.after[past - 1] == signs.SLASH:
                found[unit[i]] = AgencyLine.CREDIT
            elif apart and brief[past - b :].all():
                found[unit[i]] = AgencyLine.DESK
    return found


def ticker_entries(view: View) -> NDArray[np.bool_]:
    """bool[U]: the unit heads an entry of a ticker: "+++ 21:14 Ship sails +++"."""
    measures = view.measures
    found: NDArray[np.bool_] = (measures.opening & signs.NUMBER != 0) & (
        measures.gap_before & signs.OTHER != 0
    )
    if not found.any():  # mostly
        return found
    for u, said in _said(view, np.flatnonzero(found), blocks=True):
        found[u] = _ENTRY.fullmatch(said.strip()) is not None
    return found


def initials(measures: Measures) -> NDArray[np.bool_]:
    """bool[U]: a line of nothing but who wrote and edited, by their initials: "ar/lsa/mz", "dpa/fp"."""
    size, letters, figures, slashes = (
        measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_BYTES, signs.N_NUMBER, signs.N_SLASH)
    )
    found: NDArray[np.bool_] = (size >= 2) & (size <= LINE_TOKENS) & (slashes == size - 1)
    found &= (figures == 0) & (letters <= INITIAL_BYTES * size) & (measures.gap_after & signs.STOP == 0)
    return found


@cache
def _counted() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of the tokens that are counted with, ascending, and the place of each: 1 to 99, a to z."""
    names = [*map(str, range(1, 100)), *ascii_lowercase]
    hashes = tokenize(pa.array(names)).hash
    places = np.array([*range(1, 100), *range(101, 127)])
    order = np.argsort(hashes)
    return hashes[order], places[order]


def counting(view: View) -> NDArray[np.bool_]:
    """bool[U]: a unit that counts up, but for a word in ten: the days of a calendar, pages of a list, A to Z.

    Each in a line of its own, or all in one. Two sites that share nothing else have 30 words in common so.
    Figures other than 0 to 9 are not looked at.
    """
    units, counts = view.units, view.measures.counts
    size, letters, figures = (counts[:, c] for c in (signs.N_TOKENS, signs.N_BYTES, signs.N_NUMBER))
    some = np.flatnonzero((letters <= size) | (2 * figures >= size))
    at, of = gather(units.first[some], units.last[some])
    hashes, places = _counted()
    found = np.minimum(hashes.searchsorted(view.tokens.hash[at]), len(hashes) - 1)
    place = np.where(hashes[found] == view.tokens.hash[at], places[found], 0)
    document = units.documents(some)[of]
    follows = (place[1:] == place[:-1] + 1) & (place[:-1] > 0)
    follows &= (at[1:] == at[:-1] + 1) & (document[1:] == document[:-1])
    opens = np.flatnonzero(np.append(True, ~follows)) if len(at) else at
    count = steps(np.append(opens, len(at)))
    counted = np.bincount(of, np.repeat(count >= LEAST_COUNTED, count), len(some))
    chosen = np.zeros(len(units), bool)
    chosen[some] = (counted > 0) & (10 * counted >= 9 * size[some])
    return chosen


def led_by_cues(view: View) -> NDArray[np.uint8]:
    """uint8[U]: 1 + the kind of the cue that opens the unit before a colon or bar: "Read next: Two ships".

    Cues of several words: "Weather:" may open a paragraph of the article. Bars part what stands in
    one line, too.
    """
    surface, units, phrases = view.surface, view.units, view.phrases
    kind = _strong_phrases()[phrases.node]
    some = np.flatnonzero((phrases.size >= 2) & (kind > 0))
    found = np.zeros(len(units), np.uint8)
    if not len(some):
        return found
    first, behind = phrases.first[some], phrases.first[some] + phrases.size[some]
    unit = holders(units.first, first)
    opens = (units.first[unit] == first) & (behind < units.last[unit])
    after = surface.after[behind - 1]
    opens &= (after & signs.COLON != 0) | (after & signs.MARK != 0) & ~units.sentences[unit]
    found[unit[opens]] = kind[some[opens]]
    return found


def threads(view: View) -> NDArray[np.bool_]:
    """bool[U]: what readers wrote below the article, or other articles begin with, each under a stamp.

    "Ana Ruiz / 14 March 2026", then what she wrote; three times and more, below paragraphs of prose. A stamp
    has two capitals, or a time and a word that is in no other one: not "15:20, 14 March", as in an account of
    the day.
    """
    tokens, surface, units, prose = view.tokens, view.surface, view.units, view.prose
    stamps, named = _stamps(view)
    found = np.zeros(len(units), np.bool_)
    if len(stamps) < STAMPS:
        return found
    document = units.documents(stamps)
    opens = np.append(True, (steps(document) > 0) | (steps(stamps) > POST_UNITS))
    first = np.flatnonzero(opens)
    last = np.append(first[1:], len(stamps)) - 1
    at, stamp = gather(units.first[stamps], units.last[stamps])
    word = (surface.shape[at] & signs.NUMBER == 0) & ~is_in(tokens.hash[at], lexicon().months)
    at, stamp = at[word], stamp[word]
    thread = (np.cumsum(opens) - 1)[stamp]
    order = np.lexsort((tokens.hash[at], thread))
    fresh = run_starts(thread[order], tokens.hash[at[order]])
    alone = fresh & np.append(fresh[1:], True)
    named |= np.bincount(stamp[order[alone]], minlength=len(stamps)) > 0
    begin, document = stamps[first], document[first]
    end = np.minimum(stamps[last] + 2, units.offsets[document + 1])
    above = running(prose)  # prose above each unit
    named_stamps = np.add.reduceat(named, first, dtype=np.int64)
    chosen = (named_stamps >= STAMPS) & (2 * named_stamps > last - first)
    chosen &= above[begin] - above[units.offsets[document]] >= STAMPS
    chosen &= above[end] - above[begin] >= STAMPS - 1
    found[gather(begin[chosen], end[chosen])[0]] = True
    return found


def _stamps(view: View) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Lines of a few words with a day and a time or capitals, and of each whether it has capitals."""
    tokens, surface, units, measures = view.tokens, view.surface, view.units, view.measures
    size, names, figures, years, handles = (
        measures.counts[:, c]
        for c in (signs.N_TOKENS, signs.N_UPPER, signs.N_NUMBER, signs.N_YEAR, signs.N_AT)
    )
    line = (size <= STAMP_TOKENS) & (figures > 0) & (handles == 0) & ~view.prose & ~units.sentences
    rows = np.flatnonzero(line & (measures.gap_after & signs.STOP == 0))
    if not len(rows):  # mostly
        return rows, np.zeros(0, np.bool_)
    at, row = gather(units.first[rows], units.last[rows])
    figure, month = surface.shape[at] & signs.NUMBER != 0, is_in(tokens.hash[at], lexicon().months)
    day = figure & (tokens.end[at] - tokens.start[at] >= DATE_BYTES)
    clock = figure & (surface.after[at] == signs.COLON)
    dated, in_month, at_a_time = (np.bincount(row, found, len(rows)) > 0 for found in (day, month, clock))
    closed = day[np.cumsum(units.last[rows] - units.first[rows]) - 1]
    named = (names[rows] >= 2) & (measures.opening[rows] & signs.UPPER != 0)
    named &= closed | ((years[rows] == 1) & (figures[rows] >= 2))
    timed = at_a_time & (figures[rows] >= 3) & (dated | in_month | (years[rows] > 0))
    stamped = named | timed
    return rows[stamped], named[stamped]


def posts(units: Units, measures: Measures) -> NDArray[np.bool_]:
    """bool[U]: a post that a handle and a date sign, at its end or in one of the next two units.

    "The pier is closed. pic.example/1 — Ana Ruiz (@anaruiz) March 10, 2026".
    """
    tokens, ats, opened, years = (
        measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_AT, signs.N_OPEN, signs.N_YEAR)
    )
    signed = (ats > 0) & (opened > 0) & (years > 0) & (measures.cues[:, CUES.index("month")] > 0)
    long, signature = tokens >= POST_TOKENS, signed & (tokens < 2 * POST_TOKENS)
    document, follows = owners(units.offsets), np.zeros(len(units), np.bool_)
    for step in (1, 2):
        follows[:-step] |= signature[step:] & (document[step:] == document[:-step])
    return long & (signed | ((ats > 0) & follows))
