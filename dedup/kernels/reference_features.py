"""What :mod:`dedup.kernels.features` does, a trait at a time, with the same signatures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import signs
from dedup.kernels import traits as rows
from dedup.kernels.constants import CHARACTER_FLAG
from dedup.kernels.traits import SHARE, WORD

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["echoes", "observe", "twins", "weigh"]

Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]


def weigh(
    traits: NDArray[np.int16],
    first: NDArray[np.int64],
    trait: NDArray[np.int64],
    low: NDArray[np.int16],
    high: NDArray[np.int16],
    model: NDArray[np.uint8],
    votes: NDArray[np.float32],
    held: NDArray[np.uint8],
    scores: NDArray[np.float32],
) -> None:
    """Add up the votes of the rules that hold for each unit, in their order."""
    for rule in range(len(first) - 1):
        holds = np.ones(len(scores), np.bool_)
        for r in range(first[rule], first[rule + 1]):
            holds &= (low[r] <= traits[trait[r]]) & (traits[trait[r]] < high[r])
        scores[holds] += votes[model[holds], rule]


def observe(
    offsets: NDArray[np.int64],
    sentences: Mask,
    counts: NDArray[np.int32],
    opening: NDArray[np.uint8],
    before: NDArray[np.uint16],
    after: NDArray[np.uint16],
    cues: NDArray[np.float32],
    covered: NDArray[np.float32],
    recurs: NDArray[np.uint8],
    traits: NDArray[np.int16],
) -> None:
    """Fill the traits of every unit, document by document."""
    count = counts.astype(np.int64).T
    for first, last in pairwise(offsets.tolist()):
        part = slice(first, last)
        found = _document(
            sentences[part],
            count[:, part],
            opening[part].astype(np.int64),
            before[part].astype(np.int64),
            after[part].astype(np.int64),
            cues[part].T.astype(np.int64),
            covered[part].T.astype(np.int64),
            recurs[part].astype(np.int64),
        )
        for row, column in found:
            traits[row, part] = np.minimum(column, rows.MOST)


def twins(
    offsets: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    eligible: Mask,
    slots: NDArray[np.int64],
    above: NDArray[np.int16],
    below: NDArray[np.int16],
) -> None:
    """Mark units whose hash occurs above, and below, in the same document."""
    for first, last in pairwise(offsets.tolist()):
        seen: dict[int, int] = {}
        for u in range(first, last):
            if eligible[u]:
                value = int(hashes[u])
                if value in seen:
                    above[u] = below[seen[value]] = 1
                seen[value] = u


def echoes(
    keyword: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    opens: NDArray[np.int64],
    closes: NDArray[np.int64],
    offsets: NDArray[np.int64],
    keywords: NDArray[np.uint64],
    ends: NDArray[np.int64],
    table: NDArray[np.uint64],
    traits: NDArray[np.int16],
) -> None:
    """Tell how many of the keywords of each unit stand elsewhere in the thick of its document."""

    def words(u: int) -> Iterator[int]:
        for t in range(opens[u], closes[u]):
            pair = flags[t] & CHARACTER_FLAG != 0
            if keyword[t] and not (pair and t + 1 == closes[u]):
                yield int(keyword[t])

    for begin, stop in pairwise(offsets.tolist()):
        thick = {u for u in range(begin, stop) if traits[rows.PLACE, u] == rows.INSIDE}
        own = {u: set(words(u)) for u in thick}
        length = {u: int(closes[u] - opens[u]) for u in thick}
        echoed: dict[int, int] = {}
        for u in range(begin, stop):
            others = set().union(*(own[v] for v in thick if v != u))
            mine = list(words(u))
            enough = sum(length.values()) - length.get(u, 0) >= rows.VOCABULARY
            traits[rows.KEYWORDS, u] = min(len(mine), rows.MOST) if enough else 0
            echoed[u] = sum(word in others for word in mine)
            traits[rows.ECHO, u] = SHARE * echoed[u] // max(len(mine), 1)
        for u in range(begin, stop):
            near = range(max(u - rows.ECHO_REACH, begin), min(u + rows.ECHO_REACH + 1, stop))
            beside = [v for v in near if v != u and traits[rows.KEYWORDS, v] > 0]
            around = sum(int(traits[rows.KEYWORDS, v]) for v in beside)
            traits[rows.KEYWORDS_NEAR, u] = min(around, rows.MOST)
            traits[rows.ECHO_NEAR, u] = SHARE * sum(echoed[v] for v in beside) // max(around, 1)


def _document(
    sentences: Mask,
    count: Counts,
    opening: Counts,
    before: Counts,
    after: Counts,
    cues: Counts,
    covered: Counts,
    recurs: Counts,
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Row and column of each trait of the units of one document."""
    size = len(sentences)
    tokens = np.maximum(count[signs.N_TOKENS], 1)
    words = WORD * count[signs.N_TOKENS] - count[signs.N_CHARACTER]
    stop = after & signs.STOP != 0
    bare = after & (signs.STOP | signs.CLOSE | signs.COLON | signs.QUOTE) == 0
    small = opening & signs.LOWER != 0
    strongest = cues[: rows.KINDS_OF_FURNITURE].max(axis=0, initial=0)
    prose = (words >= rows.PROSE_WORDS * WORD) & stop & (strongest < rows.STRONG_CUES)
    agency = cues[rows.KINDS_OF_CUES] > 0
    dense = (SHARE * covered[rows.CAPTION] // tokens >= 2 * SHARE // 5) | (agency & (words <= 6 * WORD))
    credit = dense & (words < 12 * WORD)

    told = {rows.WORDS: words, rows.PROSE: prose, rows.BARE: bare, rows.SMALL: small, rows.CREDIT: credit}
    told |= {rows.RECURS: recurs} | {rows.CUES + kind: cues[kind] for kind in range(rows.KINDS_OF_CUES)}
    yield from told.items()
    for row in range(rows.BESIDE):
        yield rows.BEFORE + row, _beside(told[row], -1)
        yield rows.AFTER + row, _beside(told[row], 1)
    for kind in range(rows.KINDS_OF_CUES):
        yield rows.COVERED + kind, SHARE * covered[kind] // tokens

    yield rows.SENTENCE, sentences
    yield rows.TOKENS, tokens
    yield rows.ENDS_STOP, stop
    yield rows.ENDS_QUESTION, after & signs.QUESTION != 0
    yield rows.ENDS_COLON, after & signs.COLON != 0
    yield rows.ENDS_CLOSED, after & signs.CLOSE != 0
    # » behind a space that closes no quotation, → or •
    arrow = (after & signs.SPACE != 0) & (after & signs.QUOTE != 0) & (after & signs.STOP == 0)
    yield rows.ENDS_ARROW, (arrow & (count[signs.N_QUOTED] == 0)) | (after & signs.MARK != 0)
    yield rows.OPENS_FIGURE, opening & signs.NUMBER != 0
    yield rows.OPENS_CAPITALS, opening & signs.CAPITALS != 0
    for i, sign in enumerate(rows.OPENING):
        yield rows.OPENS_PARENTHESIS + i, before & sign != 0
    for i, column in enumerate(rows.SHARED):
        yield rows.UPPER + i, SHARE * count[column] // tokens
    glue, dashes = count[signs.N_GLUE], count[signs.N_DASH]  # an address of the web is words and both
    yield rows.MOSTLY_GLUE, (glue > 0) & (2 * (glue + dashes) > tokens)
    for i, column in enumerate(rows.COUNTED):
        yield rows.STOPS + i, count[column]
    kinds = (cues[: rows.KINDS_OF_FURNITURE] > 0).sum(axis=0)
    yield rows.KINDS, kinds
    yield rows.AGENCY, agency
    yield rows.ALL_AGENCY, covered[rows.KINDS_OF_CUES] >= tokens

    index = np.arange(size)
    running = np.append(0, np.cumsum(prose))
    yield rows.FROM_TOP, index
    yield rows.FROM_BOTTOM, size - 1 - index
    yield rows.PROSE_ABOVE, running[:-1]
    yield rows.PROSE_BELOW, running[-1] - running[1:]
    yield rows.PAGE_PROSE, np.full(size, SHARE * (words * prose).sum() // max(words.sum(), WORD))
    yield rows.WORDS_2_BEFORE, _beside(words, -2)
    yield rows.WORDS_2_AFTER, _beside(words, 2)
    for i, reach in enumerate(rows.REACHES):
        low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, size)
        others = running[high] - running[low] - prose
        yield rows.PROSE_NEAR + i, others
        yield rows.PROSE_SHARE + i, SHARE * others // np.maximum(high - low - 1, 1)

    whole = words // WORD
    counts_for = stop & (whole >= 5) & ((kinds == 0) | prose)
    begin, end = _densest(np.where(counts_for, np.minimum(whole, rows.MOST_WORDS), -rows.AGAINST).tolist())
    place = np.full(size, rows.BELOW)
    place[: end + rows.NEAR] = rows.JUST_BELOW
    place[:end] = rows.INSIDE
    place[:begin] = rows.JUST_ABOVE
    place[: max(begin - rows.NEAR, 0)] = rows.ABOVE
    yield rows.PLACE, place

    headline = bare & (words >= 4 * WORD) & (words < 20 * WORD)
    yield rows.RUN_UNLIKE_PROSE, _run_lengths(~prose)
    yield rows.RUN_HEADLINES, _run_lengths(headline)
    yield rows.RUN_SHORT, _run_lengths(words < 5 * WORD)
    alike = [np.abs(words - _beside(words, step)) <= 2 * WORD for step in (-1, 1)]
    yield rows.ALIKE, alike[0] & alike[1]
    yield rows.PAGE_RECURS, np.full(size, recurs.any())
    yield rows.RECURS_BESIDE, (_beside(recurs, -1) > 0) | (_beside(recurs, 1) > 0)


def _beside(column: NDArray[Any], step: int) -> NDArray[Any]:
    """The values of the units ``step`` places on, zero beyond the ends."""
    found = np.zeros_like(column)
    if step < 0:
        found[-step:] = column[:step]
    else:
        found[:-step] = column[step:]
    return found


def _densest(gain: list[int]) -> tuple[int, int]:
    """The run with the largest sum, of equals the first to end, the shortest of those; or (0, 0)."""
    begin = end = best = total = 0
    start = 0
    for i, value in enumerate(gain):
        if total <= 0:
            total, start = 0, i
        total += value
        if total > best:
            begin, end, best = start, i + 1, total
    return begin, end


def _run_lengths(mask: Mask) -> Counts:
    """How many neighbouring units share a true value with this one; 0 if false."""
    found = np.zeros(len(mask), np.int64)
    start = 0
    for i in range(len(mask)):
        if not mask[i]:
            start = i + 1
        else:
            found[start : i + 1] = i + 1 - start
    return found
