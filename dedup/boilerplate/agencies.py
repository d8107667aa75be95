"""Agencies a text names as its origin: which, and in what role. They are read before anything is stripped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from dedup.boilerplate.features import DATELINE_TOKENS
from dedup.boilerplate.lexicon import lexicon
from dedup.boilerplate.model import LABELS
from dedup.kernels import signs
from dedup.ragged import holders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.boilerplate.units import Measures, Surface, Units

__all__ = [
    "Agencies",
    "AgencyRole",
    "agency_names",
    "agency_of",
    "datelines",
    "find_agencies",
    "place_after",
]


class AgencyRole(IntEnum):
    """Where an agency was read; the values are stored."""

    DATELINE = 0
    BYLINE = 1
    CREDIT = 2
    MENTION = 3


PLACE_AND_DATE_TOKENS = 14
"""Tokens of a place and date, at most."""
PLACE_WORDS = 8
"""Tokens of a place and date that an agency in brackets, or behind a dash, follows."""
PLACE_ALONE = 4
"""Tokens of a place that nothing but an agency in brackets parts from the sentence, at most."""
LEAST = 8
"""Tokens that follow a bracket with an agency at the head of a text."""
_JOINS = signs.SLASH | signs.DASH | signs.OPEN


@dataclass(frozen=True, slots=True)
class Agencies:
    """The agencies of a batch, in order.

    Attributes:
        first: int64[A], first token.
        size: int32[A], tokens.
        name: int32[A], index into :func:`agency_names`.
        role: uint8[A], of :class:`AgencyRole`.
        unit: int64[A].
        closes: bool[A], a credit that ends a unit of body ("… he said. AFP").
    """

    first: NDArray[np.int64]
    size: NDArray[np.int32]
    name: NDArray[np.int32]
    role: NDArray[np.uint8]
    unit: NDArray[np.int64]
    closes: NDArray[np.bool_]


def agency_names() -> tuple[str, ...]:
    """Every agency's usual short name."""
    return lexicon().agencies


def agency_of(source: str) -> str | None:
    """The agency that a source is, by its name or its site: ``The Associated Press``, ``de.reuters.com``.

    Args:
        source: A name, a host or an address.
    """
    known = lexicon().sources
    name = source.strip().casefold()
    if name in known:
        return known[name]
    labels = name.rpartition("//")[2].partition("/")[0].partition(":")[0].split(".")
    sites = (".".join(labels[first:]) for first in range(len(labels) - 1))
    return next((known[site] for site in sites if site in known), None)


def datelines(surface: Surface, units: Units, measures: Measures) -> NDArray[np.bool_]:
    """bool[A]: the agency stands as in a dateline, if its unit is body.

    Near the beginning, in parentheses, before a dash or colon, in the bracket the unit opens with, before a
    place and date, or behind them.
    """
    first, size, unit = measures.agency_first, measures.agency_size, measures.agency_unit
    last = first + size - 1
    opened, closed = surface.before[first], surface.after[last]
    into = first - units.first[unit]
    left = units.last[unit] - 1 - last
    closing = closed & signs.CLOSE != 0
    in_parentheses = (opened & signs.OPEN != 0) & closing
    pointed = closed & (signs.DASH | signs.COLON) != 0
    early = into < DATELINE_TOKENS
    behind = (opened & (signs.SLASH | signs.DASH | signs.COMMA) != 0) & (into > 0)
    dateline = early & pointed & (in_parentheses | behind)
    slashed = (opened & signs.SLASH != 0) & (closed & signs.SLASH != 0) & (closed & signs.STOP != 0)
    dateline |= early & slashed & (into > 0) & (left >= LEAST)
    spaced = closed == signs.SPACE | signs.DASH
    dateline |= (into == 0) & (left >= LEAST) & spaced  # AGI - The …
    stopped, dashed = closed & signs.STOP != 0, opened & signs.DASH != 0
    short = (into > 0) & (into <= PLACE_WORDS) & (left >= LEAST) & (closed & signs.COMMA == 0)
    for i in np.flatnonzero(short & (in_parentheses | (dashed & stopped) | spaced) & ~dateline).tolist():
        before = surface.shape[units.first[unit[i]] : first[i]]
        dated = (before & signs.NUMBER != 0).any()
        named = (before & (signs.UPPER | signs.CAPITALS) != 0).all()
        # PLACE, 3 Mar (EFE) The …; PLACE, 3 мар - РИА. The …; Place (epd). The …; Place. (kna) The …
        around = (opened[i] | closed[i]) & signs.STOP
        dateline[i] = dated or (named and in_parentheses[i] and around)
    linked = _links(measures, closed)
    for i in np.flatnonzero(early & (left >= LEAST) & closing & ~dateline).tolist():
        dateline[i] = _placed(surface, units, measures, linked, i)
    # (AP) The mayor …, 【白川共同】…: the bracket the unit opens with
    begins = units.first[unit]
    bracket = early & (surface.before[begins] & signs.OPEN != 0) & closing & (left >= LEAST)
    for i in np.flatnonzero(bracket & ~dateline).tolist():
        dateline[i] = not (surface.after[begins[i] : last[i]] & signs.CLOSE).any()
    for i in np.flatnonzero((into == 0) & (left >= LEAST)).tolist():
        stop = int(last[i]) + 1
        dateline[i] |= place_after(surface, int(first[i]), stop, int(units.last[unit[i]])) > stop
    for i in np.flatnonzero(linked)[::-1].tolist():
        dateline[i] |= dateline[i + 1]
    return np.asarray(dateline)


def _placed(surface: Surface, units: Units, measures: Measures, linked: NDArray[np.bool_], i: int) -> bool:
    """Whether a place opens the unit, the agency follows in brackets, and then a sentence begins.

    "Bern (sda) Der Rat …", "Genf (sda/afp) Die …", as Swiss and church agencies write. An agency's own name
    before its letters is no place, "Deutsche Presse-Agentur (dpa)", and as many words as it has letters may
    spell out another: "American Psychological Association (APA) President …".
    """
    first, size, unit = measures.agency_first, measures.agency_size, measures.agency_unit
    behind = int(first[i] + size[i])
    while i and linked[i - 1]:
        i -= 1
    begin, opens = int(units.first[unit[i]]), int(first[i])
    after = surface.after[behind - 1] & ~np.uint16(signs.SPACE | signs.CLOSE)
    if after or not 0 < opens - begin <= PLACE_ALONE:
        return False
    named = i > 0 and unit[i - 1] == unit[i] and first[i - 1] + size[i - 1] == opens
    place = surface.shape[begin:opens] & (signs.UPPER | signs.CAPITALS) != 0
    apart = surface.before[opens] == signs.SPACE | signs.OPEN
    goes_on = surface.shape[behind] & (signs.UPPER | signs.NUMBER) != 0
    spelled = 1 < opens - begin == len(agency_names()[measures.agency_name[i]])
    return bool(place.all() and apart and goes_on and not named and not spelled)


def _links(measures: Measures, closed: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """bool[A]: the agency is followed by the next one of a chain such as RND/dpa, and is what that is."""
    first, size, unit = measures.agency_first, measures.agency_size, measures.agency_unit
    linked = np.zeros(len(first), np.bool_)
    linked[:-1] = (unit[:-1] == unit[1:]) & (first[1:] == (first + size)[:-1])
    return np.asarray(linked & (closed & (signs.SLASH | signs.COMMA) != 0))


def find_agencies(surface: Surface, units: Units, measures: Measures, labels: NDArray[np.uint8]) -> Agencies:
    """Give every agency that was matched its role.

    In a unit of the body, ``dateline`` is one of :func:`datelines`; ``credit`` one that closes the unit after
    the end of a sentence, an opening parenthesis, a dash or a slash. In a unit that is not body, a byline or
    update stamp (meta) makes a ``byline``, a caption or credit a ``credit``. All others are mentions.
    """
    first, size = measures.agency_first, measures.agency_size
    if not len(first):
        none = np.zeros(0, np.bool_)
        return Agencies(first, size, measures.agency_name, none.view(np.uint8), first, none)
    unit = holders(units.first, first)
    measures = replace(measures, agency_unit=unit)  # the units may be finer than those measured
    last = first + size - 1
    label = labels[unit]
    body = (label == LABELS.index("body")) | (label == LABELS.index("title"))
    dateline = np.zeros(len(first), np.bool_)
    dateline[body] = datelines(surface, units, measures.naming(body))
    opened, closed = surface.before[first], surface.after[last]
    into = first - units.first[unit]
    left = units.last[unit] - 1 - last
    apart = opened & (signs.STOP | _JOINS | signs.MARK | signs.COPYRIGHT) != 0
    closes = (left == 0) & ((into == 0) | apart)
    for i in np.flatnonzero(_links(measures, closed))[::-1].tolist():
        closes[i] |= closes[i + 1] & (apart[i] | (into[i] == 0))
    role = np.full(len(first), AgencyRole.MENTION, np.uint8)
    role[body & closes] = AgencyRole.CREDIT
    role[dateline] = AgencyRole.DATELINE
    role[label == LABELS.index("meta")] = AgencyRole.BYLINE
    role[(label == LABELS.index("caption")) | (label == LABELS.index("credit"))] = AgencyRole.CREDIT
    return Agencies(first, size, measures.agency_name, role, unit, body & closes & ~dateline)


def place_after(surface: Surface, first: int, stop: int, last: int) -> int:
    """Token after the place and date that follow an agency, or ``stop``.

    They are in capitals, up to a dash, run on without a gap, and the reporter's name behind them in brackets,
    or in brackets together with the agency: ``(ANSA) - PORTO, 03 MAR -``, ``新华社北京3月3日电（记者…）``,
    ``（中央社記者…台北3日電）``.

    Args:
        surface: What the batch looks like.
        first: First token of the agency.
        stop: Token after the agency.
        last: Token after the unit.
    """
    capitals, numbers = True, 0
    within = bool(surface.before[first] & signs.OPEN and not surface.before[stop] & signs.CLOSE)
    dashed = surface.before[stop] & signs.DASH != 0
    for t in range(stop, min(stop + (2 if within else 1) * PLACE_AND_DATE_TOKENS, last)):
        numbers += surface.shape[t] & signs.NUMBER != 0
        capitals &= surface.shape[t] & (signs.CAPITALS | signs.NUMBER) != 0
        if within and numbers and surface.after[t] & signs.CLOSE:
            return t + 1
        dated = capitals or (numbers > 0 and t - stop < PLACE_WORDS)
        if dashed and dated and surface.after[t] & signs.DASH:
            return t + 1
        if surface.after[t] and not (capitals or dashed):
            if numbers >= 2 and surface.after[t] & signs.OPEN:
                return _closing_bracket(surface, t + 1, last) or stop
            if numbers >= 2 and surface.after[t] in (signs.SPACE, signs.SPACE | signs.DASH):
                return t + 1
            if not within:
                return stop
    return stop


def _closing_bracket(surface: Surface, begin: int, last: int) -> int:
    """Token after the bracket that opens before ``begin``; 0 if it is too long for a name."""
    closes = np.flatnonzero(surface.after[begin : min(begin + 2 * PLACE_AND_DATE_TOKENS, last)] & signs.CLOSE)
    return begin + int(closes[0]) + 1 if len(closes) else 0
