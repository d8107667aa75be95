"""Boilerplate inside a block of body: the dateline it opens with, the credit it closes with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np

from dedup.boilerplate.agencies import AgencyRole, place_after
from dedup.model import Kind
from dedup.ragged import run_starts
from dedup.tokens import text_buffers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedup.boilerplate.agencies import Agencies
    from dedup.boilerplate.units import Seen, Units
    from dedup.tokens import Tokens

    Row = tuple[int, int, int, int, int, int]

__all__ = ["KINDS", "Spans", "inner_spans", "sentence_cuts"]

KINDS = tuple(Kind)
"""Kinds of boilerplate by code."""
REPORTER_TOKENS = 6
"""Tokens of a reporter's name, office and post behind the bracket of a dateline."""

_GAPS = 1 << 12  # what stands between two tokens, of which there are few kinds: answers are kept
_SPACES = b" \t\r\n\v\f"
_IS_SPACE = np.isin(np.arange(256), list(_SPACES))


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans to remove, one row each.

    Attributes:
        document: int64[R].
        start: uint32[R], byte in the text.
        end: uint32[R].
        kind: uint8[R], index into :data:`KINDS`.
        first_token: int64[R], tokens first_token:last_token lie inside.
        last_token: int64[R].
    """

    document: NDArray[np.int64]
    start: NDArray[np.uint32]
    end: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    first_token: NDArray[np.int64]
    last_token: NDArray[np.int64]

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> Self:
        """Spans of (document, start, end, kind, first token, last token)."""
        table = np.array(rows, np.int64).reshape(-1, 6).T
        return cls(
            table[0],
            table[1].astype(np.uint32),
            table[2].astype(np.uint32),
            table[3].astype(np.uint8),
            *table[4:],
        )

    @classmethod
    def joined(cls, parts: Sequence[Spans]) -> Self:
        """All spans in order of document and place, none begun before the end of another.

        Neighbours of one kind that touch are one.
        """
        parts = [part for part in parts if len(part.document)] or parts[:1]
        document = np.concatenate([p.document for p in parts])
        start = np.concatenate([p.start for p in parts])
        end = np.concatenate([p.end for p in parts])
        order = np.lexsort((start, document))
        # what stands between two sentences goes with either: "Sign up here! “AFP”"
        place = document[order] << 32
        reach = np.maximum.accumulate(place | end[order])
        start[order[1:]] = np.maximum(start[order[1:]], reach[:-1] - place[1:])
        order = order[start[order] < end[order]]  # one may lie in another
        document, start, end = document[order], start[order], end[order]
        kind = np.concatenate([p.kind for p in parts])[order]
        first = np.concatenate([p.first_token for p in parts])[order]
        last = np.concatenate([p.last_token for p in parts])[order]
        joins = np.zeros(len(order), np.bool_)
        joins[1:] = (document[1:] == document[:-1]) & (start[1:] == end[:-1]) & (kind[1:] == kind[:-1])
        opens = np.flatnonzero(~joins)
        closes = np.append(opens[1:], len(order)) - 1 if len(opens) else opens
        return cls(document[opens], start[opens], end[closes], kind[opens], first[opens], last[closes])


def inner_spans(seen: Seen, units: Units, removed: NDArray[np.bool_], agencies: Agencies) -> Spans:
    """Datelines and trailing credits in units that stay.

    Args:
        seen: The batch.
        units: Units of decision.
        removed: bool[U], units that go.
        agencies: Agencies with their roles.
    """
    if not len(agencies.first):
        return Spans.of_rows([])
    return Spans.of_rows(
        [*_datelines(seen, units, removed, agencies), *_credits(seen, units, removed, agencies)]
    )


def _datelines(seen: Seen, units: Units, removed: NDArray[np.bool_], agencies: Agencies) -> Iterator[Row]:
    """From the beginning of a unit to the text behind the place, date and reporter."""
    tokens, (data, begins) = seen.tokens, text_buffers(seen.texts)
    dated = np.flatnonzero(agencies.role == AgencyRole.DATELINE)
    unit = agencies.unit[dated]
    fits = ~removed[unit] & (units.last[unit] - agencies.first[dated] - agencies.size[dated] >= 4)
    dated, unit = dated[fits], unit[fits]
    closing = run_starts(unit[::-1])[::-1]  # of a chain, the last one
    dated, unit = dated[closing], unit[closing]
    block, begin = units.block[unit], units.first[unit]
    starts = np.where(begin == tokens.block_first[block], tokens.block_start[block], tokens.start[begin])
    datelines = zip(
        *(units.documents(unit).tolist(), begin.tolist(), units.last[unit].tolist(), starts.tolist()),
        *(tokens.block_first[block + 1].tolist(), tokens.block_end[block].tolist()),
        *(agencies.first[dated].tolist(), agencies.size[dated].tolist()),
        strict=True,
    )
    equals = bool((data == ord("=")).any())  # mostly there is none, and no need to look at each
    for document, first, last, start, next_block, end, named, size in datelines:
        stop = named + size
        if named == first:
            stop = place_after(seen.surface, first, stop, last)
        base = int(begins[document])
        if equals:
            stop = _after_equals(tokens, data, base, first, stop, last)
        if stop < next_block:  # else there is nothing but the dateline
            low, end = int(tokens.end[stop - 1]), int(tokens.start[stop])
            end -= _after_signs(data[base + low : base + end].tobytes())
        yield document, start, end, KINDS.index(Kind.META), first, stop


def _credits(seen: Seen, units: Units, removed: NDArray[np.bool_], agencies: Agencies) -> Iterator[Row]:
    """From the signs before the agency that closes a unit to the end of the unit."""
    tokens, (data, begins) = seen.tokens, text_buffers(seen.texts)
    signed = np.flatnonzero(agencies.closes & ~removed[agencies.unit])
    signed = signed[run_starts(agencies.unit[signed])]  # of a chain, the first one
    unit, begin = agencies.unit[signed], agencies.first[signed]
    block, stops = units.block[unit], units.last[unit]
    # a sentence of its own in its block begins behind the one before
    lows = np.where(begin == tokens.block_first[block], tokens.block_start[block], tokens.end[begin - 1])
    ends = np.where(stops == tokens.block_first[block + 1], tokens.block_end[block], tokens.end[stops - 1])
    closings = zip(
        *(units.documents(unit).tolist(), begin.tolist(), stops.tolist()),
        *(lows.tolist(), tokens.start[begin].tolist(), ends.tolist()),
        strict=True,
    )
    for document, first, last, low, high, end in closings:
        start = _before_signs(data, int(begins[document]), low, high)
        yield document, start, end, KINDS.index(Kind.CREDIT), first, last


def sentence_cuts(seen: Seen, document: NDArray[np.int64], token: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Bytes in the texts where the sentences that begin with tokens begin, opening signs included.

    Args:
        seen: The batch.
        document: int64[n], the text of each.
        token: int64[n], none the first of its text.
    """
    tokens, (data, begins) = seen.tokens, text_buffers(seen.texts)
    base = begins[document]
    low, cuts = tokens.end[token - 1], tokens.start[token]
    spaced = (cuts > low) & _IS_SPACE[data[base + cuts - 1]]  # mostly it begins right behind one
    for i in np.flatnonzero(~spaced).tolist():
        high = int(cuts[i])
        cuts[i] = high - _opening_signs(data[base[i] + low[i] : base[i] + high].tobytes())
    return cuts


@lru_cache(_GAPS)
def _opening_signs(gap: bytes) -> int:
    """Bytes between two tokens that belong to the sentence the second one begins."""
    spaces = [i for i, byte in enumerate(gap) if byte in _SPACES]
    if spaces:
        return len(gap) - spaces[-1] - 1
    text = gap.decode(errors="replace")
    ends = [i for i, character in enumerate(text) if character in "。！？．」』”）)"]
    return len(gap) - len(text[: ends[-1] + 1].encode()) if ends else 0


def _after_equals(
    tokens: Tokens, data: NDArray[np.uint8], base: int, first: int, stop: int, last: int
) -> int:
    """Token after the reporter of a Korean dateline, which has two equals signs: (서울=연합뉴스) 기자 = ."""
    end = min(stop + REPORTER_TOKENS, last - 1)
    if (
        end <= first
        or b"=" not in data[base + int(tokens.end[first]) : base + int(tokens.start[end])].tobytes()
    ):
        return stop
    equals = [
        t + 1
        for t in range(first, end)
        if b"=" in data[base + int(tokens.end[t]) : base + int(tokens.start[t + 1])].tobytes()
    ]
    return equals[-1] if equals and first < equals[0] < stop < equals[-1] else stop


@lru_cache(_GAPS)
def _after_signs(gap: bytes) -> int:
    """Bytes between two tokens that are text again: after the last dash or colon and its white space."""
    signs = gap.decode(errors="replace")
    cut = max(map(signs.rfind, "-–—―−:：)）]】〕/.=।")) + 1
    return len(signs[cut:].lstrip().encode())


def _before_signs(data: NDArray[np.uint8], base: int, low: int, high: int) -> int:
    """Where a trailing credit begins between two tokens: after the signs that close the sentence before."""
    gap = data[base + low : base + high].tobytes().decode(errors="replace")
    return high - len(gap.lstrip(".!?…。！？؟۔।॥\"'”’»“)]）」").encode())
