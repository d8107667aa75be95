"""Loops that say what each unit and its surroundings are like, and what the rules of the model make of it.

As columns of NumPy, a few calls for each feature, this took 1.6 of the 2.6 ms that stripping one article
took; here it takes 0.1.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels import traits as rows
from dedup.kernels._jit import add_row, bytes_between, const, inlined, kernel, out, trailing_zeros
from dedup.kernels.constants import CHARACTER_FLAG
from dedup.kernels.signs import (
    CAPITALS,
    CLOSE,
    COLON,
    LOWER,
    MARK,
    N_CHARACTER,
    N_DASH,
    N_GLUE,
    N_QUOTED,
    N_TOKENS,
    NUMBER,
    QUESTION,
    QUOTE,
    SPACE,
    STOP,
)
from dedup.kernels.traits import COUNTED, MOST, OPENING, REACHES, SHARE, SHARED, WORD

__all__ = ["echoes", "observe", "twins", "weigh"]

i2, i4, i8, f4 = types.int16, types.int32, types.int64, types.float32
u1, u2, u8 = types.uint8, types.uint16, types.uint64
_TRAITS = types.Array(i2, 2, "C")


@inlined
def _holds(traits, trait, low, high, first, last, begin, held):
    """Fill for which units from ``begin`` on a rule of ranges first:last holds."""
    held[:] = 1
    for r in range(first, last):
        column = traits[trait[r], begin : begin + held.shape[0]]
        least = low[r]
        most = high[r]
        for u in range(held.shape[0]):
            held[u] &= (column[u] >= least) & (column[u] < most)


@kernel(
    types.void(
        types.Array(i2, 2, "C", readonly=True),
        *(const(t) for t in (i8, i8, i2, i2, u1)),
        types.Array(f4, 3, "C", readonly=True),
        out(u1),
        f4[:, ::1],
    )
)
def weigh(traits, first, trait, low, high, model, votes, held, scores):
    """Add up the votes of the rules that hold for each unit, in their order: the same sum on every machine.

    A block of units is asked about every rule before the next block. Of 64 answers the processor makes one
    word, and only its bits that are set cost anything.

    Args:
        traits: int16[ROWS, U], of :func:`observe`.
        first: int64[F+1], ranges first[f]:first[f+1] are what rule f asks for.
        trait: int64[R], a row of the traits.
        low: int16[R], the least value in the range.
        high: int16[R], the value after the greatest.
        model: uint8[U], the set of weights a unit is judged by.
        votes: float32[M, F, LABELS].
        held: uint8[B], room for a block of units; B is a multiple of 64.
        scores: float32[U, LABELS], zeros, filled.
    """
    rules = first.shape[0] - 1
    for begin in range(0, scores.shape[0], held.shape[0]):
        size = min(held.shape[0], scores.shape[0] - begin)
        held[size:] = 0
        for rule in range(rules):
            _holds(traits, trait, low, high, first[rule], first[rule + 1], begin, held[:size])
            for word in range(0, size, 64):
                bits = bytes_between(held, word, 1, 1)
                while bits != 0:
                    u = begin + word + trailing_zeros(bits)
                    bits &= bits - u8(1)
                    add_row(scores, u, votes, i8(model[u]) * rules + rule)


@inlined
def _alone(sentences, counts, opening, before, after, cues, covered, recurs, traits, u):
    """Fill what unit u says of itself; its half words, and the gain it is to the density of prose."""
    tokens = max(i8(counts[u, N_TOKENS]), i8(1))
    words = WORD * i8(counts[u, N_TOKENS]) - i8(counts[u, N_CHARACTER])
    kinds = 0
    strongest = 0
    for kind in range(rows.KINDS_OF_CUES):
        weight = i8(cues[u, kind])
        traits[rows.CUES + kind, u] = min(weight, MOST)
        traits[rows.COVERED + kind, u] = min(SHARE * i8(covered[u, kind]) // tokens, MOST)
        if kind < rows.KINDS_OF_FURNITURE:
            kinds += weight > 0
            strongest = max(strongest, weight)
    stop = after[u] & STOP != 0
    bare = after[u] & (STOP | CLOSE | COLON | QUOTE) == 0
    prose = words >= rows.PROSE_WORDS * WORD and stop and strongest < rows.STRONG_CUES
    agency = cues[u, rows.KINDS_OF_CUES] > 0
    dense = traits[rows.COVERED + rows.CAPTION, u] >= 2 * SHARE // 5 or (agency and words <= 6 * WORD)
    traits[rows.WORDS, u] = min(words, MOST)
    traits[rows.PROSE, u] = prose
    traits[rows.BARE, u] = bare
    traits[rows.SMALL, u] = opening[u] & LOWER != 0
    traits[rows.CREDIT, u] = dense and words < 12 * WORD
    traits[rows.RECURS, u] = recurs[u]
    traits[rows.SENTENCE, u] = sentences[u]
    traits[rows.TOKENS, u] = min(tokens, MOST)
    traits[rows.ENDS_STOP, u] = stop
    traits[rows.ENDS_QUESTION, u] = after[u] & QUESTION != 0
    traits[rows.ENDS_COLON, u] = after[u] & COLON != 0
    traits[rows.ENDS_CLOSED, u] = after[u] & CLOSE != 0
    arrow = after[u] & (SPACE | QUOTE | STOP) == SPACE | QUOTE and counts[u, N_QUOTED] == 0
    traits[rows.ENDS_ARROW, u] = arrow or after[u] & MARK != 0
    traits[rows.OPENS_FIGURE, u] = opening[u] & NUMBER != 0
    traits[rows.OPENS_CAPITALS, u] = opening[u] & CAPITALS != 0
    for i in range(len(OPENING)):
        traits[rows.OPENS_PARENTHESIS + i, u] = before[u] & OPENING[i] != 0
    for i in range(len(SHARED)):
        traits[rows.UPPER + i, u] = min(SHARE * i8(counts[u, SHARED[i]]) // tokens, MOST)
    for i in range(len(COUNTED)):
        traits[rows.STOPS + i, u] = min(i8(counts[u, COUNTED[i]]), MOST)
    glue = i8(counts[u, N_GLUE])
    traits[rows.MOSTLY_GLUE, u] = glue > 0 and 2 * (glue + i8(counts[u, N_DASH])) > tokens
    traits[rows.KINDS, u] = kinds
    traits[rows.AGENCY, u] = agency
    traits[rows.ALL_AGENCY, u] = covered[u, rows.KINDS_OF_CUES] >= tokens
    traits[rows.RUN_UNLIKE_PROSE, u] = not prose
    traits[rows.RUN_HEADLINES, u] = bare and 4 * WORD <= words < 20 * WORD
    traits[rows.RUN_SHORT, u] = words < 5 * WORD
    whole = words // WORD
    if stop and whole >= 5 and (kinds == 0 or prose):
        return words, min(whole, rows.MOST_WORDS)
    return words, -rows.AGAINST


@inlined
def _runs(traits, row, first, last):
    """Replace each 1 by the length of the run of them it stands in."""
    start = first
    for u in range(first, last + 1):
        if u == last or traits[row, u] == 0:
            traits[row, start:u] = min(u - start, MOST)
            start = u + 1


@inlined
def _prose_within(traits, i, first, last):
    """Fill the units of prose, and their share, among the others within a reach."""
    reach = REACHES[i]
    prose = traits[rows.PROSE]
    within = 0
    for u in range(first, min(first + reach, last)):
        within += prose[u]
    for u in range(first, last):
        if u + reach < last:
            within += prose[u + reach]
        if u - reach > first:
            within -= prose[u - reach - 1]
        others = within - prose[u]
        width = min(u + reach + 1, last) - max(u - reach, first) - 1
        traits[rows.PROSE_NEAR + i, u] = others
        traits[rows.PROSE_SHARE + i, u] = SHARE * others // max(width, 1)


@kernel(
    types.void(
        const(i8),
        const(types.boolean),
        types.Array(i4, 2, "C", readonly=True),
        *(const(t) for t in (u1, u2, u2)),
        types.Array(f4, 2, "C", readonly=True),
        types.Array(f4, 2, "C", readonly=True),
        const(u1),
        _TRAITS,
    )
)
def observe(offsets, sentences, counts, opening, before, after, cues, covered, recurs, traits):
    """Fill the traits of every unit, document by document.

    The densest stretch of prose is the run of units with the largest sum of gains, of equals the first to
    end, the shortest of those (Bentley's maximum subarray, 1984).

    Args:
        offsets: int64[n+1], units of a document.
        sentences: bool[U], the unit is a sentence of a block.
        counts: int32[U, COLUMNS], of :func:`dedup.kernels.blocks.tally`.
        opening: uint8[U], shape of the first token.
        before: uint16[U], what stands before it.
        after: uint16[U], what stands after the last.
        cues: float32[U, kinds], sums of the weights of cues, whole numbers.
        covered: float32[U, kinds], tokens inside cues.
        recurs: uint8[U], witnesses of the unit as a recurring block.
        traits: int16[ROWS, U], filled, but for what the caller knows: twins, title, places of agencies.
    """
    for doc in range(offsets.shape[0] - 1):
        first = offsets[doc]
        last = offsets[doc + 1]
        above = 0  # units of prose so far
        page = 0  # half words
        page_prose = 0
        page_recurs = False
        begin = end = first
        best = total = 0
        start = first
        words_before = 0
        alike = False
        for u in range(first, last):
            words, gain = _alone(sentences, counts, opening, before, after, cues, covered, recurs, traits, u)
            prose = traits[rows.PROSE, u]
            traits[rows.FROM_TOP, u] = min(u - first, MOST)
            traits[rows.FROM_BOTTOM, u] = min(last - 1 - u, MOST)
            traits[rows.PROSE_ABOVE, u] = min(above, MOST)
            above += prose
            page += words
            page_prose += prose * words
            page_recurs |= recurs[u] > 0
            if total <= 0:
                total = 0
                start = u
            total += gain
            if total > best:
                best = total
                begin = start
                end = u + 1
            near = abs(words - words_before) <= 2 * WORD
            if u > first:
                traits[rows.ALIKE, u - 1] = alike and near
            alike = near
            words_before = words
        if last > first:
            traits[rows.ALIKE, last - 1] = alike and words_before <= 2 * WORD
        share = SHARE * page_prose // max(page, WORD)
        below = above
        for u in range(first, last):
            below -= traits[rows.PROSE, u]
            traits[rows.PROSE_BELOW, u] = min(below, MOST)
            traits[rows.PAGE_PROSE, u] = share
            traits[rows.PAGE_RECURS, u] = page_recurs
            if u < begin:
                place = rows.JUST_ABOVE if begin - u <= rows.NEAR else rows.ABOVE
            elif u < end:
                place = rows.INSIDE
            else:
                place = rows.JUST_BELOW if u - end < rows.NEAR else rows.BELOW
            traits[rows.PLACE, u] = place
            traits[rows.WORDS_2_BEFORE, u] = traits[rows.WORDS, u - 2] if u - 2 >= first else 0
            traits[rows.WORDS_2_AFTER, u] = traits[rows.WORDS, u + 2] if u + 2 < last else 0
            for row in range(rows.BESIDE):
                traits[rows.BEFORE + row, u] = traits[row, u - 1] if u > first else 0
                traits[rows.AFTER + row, u] = traits[row, u + 1] if u + 1 < last else 0
            beside = traits[rows.BEFORE + rows.RECURS, u] + traits[rows.AFTER + rows.RECURS, u]
            traits[rows.RECURS_BESIDE, u] = beside > 0
        for i in range(len(REACHES)):
            _prose_within(traits, i, first, last)
        for row in range(rows.RUN_UNLIKE_PROSE, rows.RUN_SHORT + 1):
            _runs(traits, row, first, last)


@kernel(types.void(const(i8), const(u8), const(types.boolean), out(i8), out(i2), out(i2)))
def twins(offsets, hashes, eligible, slots, above, below):
    """Mark units whose hash occurs above, and below, in the same document.

    Args:
        offsets: int64[n+1], units of a document.
        hashes: uint64[U].
        eligible: bool[U], others are passed over.
        slots: int64[S], room for a hash table: four times the units of the longest document, and one.
        above: int16[U], zeros, filled.
        below: int16[U], zeros, filled.
    """
    for doc in range(offsets.shape[0] - 1):
        size = 1
        while size < 2 * (offsets[doc + 1] - offsets[doc]):
            size *= 2
        slots[:size] = -1
        for u in range(offsets[doc], offsets[doc + 1]):
            if eligible[u]:
                slot = i8(hashes[u] & np.uint64(size - 1))
                while slots[slot] >= 0 and hashes[slots[slot]] != hashes[u]:
                    slot = (slot + 1) & (size - 1)
                if slots[slot] >= 0:
                    above[u] = 1
                    below[slots[slot]] = 1
                slots[slot] = u


@inlined
def _slot(table, size, key):
    """Where a key stands in a hash table, or would; its slots hold a key above and an owner below."""
    slot = i8((key >> u8(1)) & u8(size - 1))
    while table[slot] != 0 and table[slot] >> u8(32) != key:
        slot = (slot + 1) & (size - 1)
    return slot


_SEVERAL = np.uint64((1 << 32) - 1)


@kernel(
    types.void(
        *(const(t) for t in (types.uint32, u1, i8, i8, i8)),
        *(out(u8), out(i8), out(u8), _TRAITS),
    )
)
def echoes(keyword, flags, opens, closes, offsets, keywords, ends, table, traits):
    """Tell how many of the keywords of each unit stand elsewhere in the thick of its document.

    A teaser has the form of a sentence of the article, but not its subject; a headline or standfirst has.

    Args:
        keyword: uint32[T], of each token, 0 if it is none.
        flags: uint8[T].
        opens: int64[U], first token of a unit; U is below 2**32 - 1.
        closes: int64[U], one past its last.
        offsets: int64[n+1], units of a document.
        keywords: uint64[L], room for the keywords of the longest document, and one more.
        ends: int64[U], room for where those of a unit end.
        table: uint64[S], room for a hash table: four times the tokens of the longest document, and 16.
        traits: int16[ROWS, U], with places; rows KEYWORDS to ECHO_NEAR are filled.
    """
    for doc in range(offsets.shape[0] - 1):
        thick = 0  # tokens
        inside = 0  # keywords
        count = 0
        for u in range(offsets[doc], offsets[doc + 1]):
            before = count
            for t in range(opens[u], closes[u]):  # without a branch: nothing predicts which are
                keywords[count] = keyword[t]
                count += keyword[t] != 0
            if count > before and keyword[closes[u] - 1] != 0 and flags[closes[u] - 1] & CHARACTER_FLAG != 0:
                count -= 1  # a pair with the next unit's first character
            ends[u] = count
            if traits[rows.PLACE, u] == rows.INSIDE:
                thick += closes[u] - opens[u]
                inside += count - before
        size = 16
        while size < 2 * inside:
            size *= 2
        table[:size] = 0
        begin = 0
        for u in range(offsets[doc], offsets[doc + 1]):
            if traits[rows.PLACE, u] == rows.INSIDE:
                for i in range(begin, ends[u]):
                    slot = _slot(table, size, keywords[i])
                    only = table[slot] == 0 or table[slot] & _SEVERAL == u8(u)
                    table[slot] = keywords[i] << u8(32) | (u8(u) if only else _SEVERAL)
                    keywords[i] = slot  # not looked up again below
            begin = ends[u]
        begin = 0
        for u in range(offsets[doc], offsets[doc + 1]):
            echo = 0
            own = 0
            if traits[rows.PLACE, u] == rows.INSIDE:
                own = closes[u] - opens[u]
                for i in range(begin, ends[u]):
                    echo += table[keywords[i]] & _SEVERAL != u8(u)
            else:
                for i in range(begin, ends[u]):
                    echo += table[_slot(table, size, keywords[i])] != 0
            words = ends[u] - begin
            begin = ends[u]
            traits[rows.KEYWORDS, u] = min(words, MOST) if thick - own >= rows.VOCABULARY else 0
            traits[rows.ECHO, u] = SHARE * echo // max(words, 1)
            ends[u] = echo
        for u in range(offsets[doc], offsets[doc + 1]):
            words = 0
            echo = 0
            for v in range(
                max(u - rows.ECHO_REACH, offsets[doc]), min(u + rows.ECHO_REACH + 1, offsets[doc + 1])
            ):
                if v != u and traits[rows.KEYWORDS, v] > 0:
                    words += traits[rows.KEYWORDS, v]
                    echo += ends[v]
            traits[rows.KEYWORDS_NEAR, u] = min(words, MOST)
            traits[rows.ECHO_NEAR, u] = SHARE * echo // max(words, 1)
