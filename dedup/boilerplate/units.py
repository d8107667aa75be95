"""Units of decision and what is measured of them: blocks or sentences, their tallies, cues, agencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.boilerplate import lexicon as lex
from dedup.kernels import signs as loops
from dedup.kernels.traits import KINDS_OF_FURNITURE
from dedup.ragged import slices, steps
from dedup.tokens import Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Measures",
    "Phrases",
    "Surface",
    "Units",
    "dated_openings",
    "find_phrases",
    "measure",
    "sentence_ends",
    "surface",
    "take",
    "text_bytes",
    "unbroken",
    "units_of",
]

UNBROKEN_TOKENS = 40
"""A block longer than this that is more than half of its document is no paragraph,"""
UNBROKEN_BLOCKS = 3
"""if the document has no more blocks than this; else it must be four times as long."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What the tokens of a batch look like in the raw text.

    Attributes:
        shape: uint8[T], bits of :mod:`dedup.kernels.blocks`.
        before: uint16[T], what stands between a token and the one before it in its block.
        after: uint16[T], what stands between a token and the next one in its block.
    """

    shape: NDArray[np.uint8]
    before: NDArray[np.uint16]
    after: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Units:
    """Runs of tokens that are decided on as one.

    Attributes:
        first: int64[U+1], units are tokens first[u]:first[u+1] of the batch.
        offsets: int64[n+1], units of each document.
        block: int64[U], the block a unit lies in.
        sentences: bool[U], the unit is a sentence of a block that was cut.
    """

    first: NDArray[np.int64]
    offsets: NDArray[np.int64]
    block: NDArray[np.int64]
    sentences: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.block)


@dataclass(frozen=True, slots=True)
class Phrases:
    """Where phrases of the lexicon stand, in order; each within a block.

    Attributes:
        first: int64[M], first token.
        size: int32[M], tokens.
        node: int32[M], the node of the lexicon it ends in.
    """

    first: NDArray[np.int64]
    size: NDArray[np.int32]
    node: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Measures:
    """What the model looks at, one row a unit.

    Attributes:
        counts: int32[U, COLUMNS], tallies of :func:`dedup.kernels.blocks.tally`.
        whole: uint64[U], hash of all tokens.
        head: uint64[U], hash of the first few.
        opening: uint8[U], shape of the first token.
        gap_before: uint16[U], what stands before the first token.
        gap_after: uint16[U], what stands after the last.
        cues: float32[U, kinds], sum of the weights of cues.
        covered: float32[U, kinds], tokens inside cues.
        strongest: float32[U], the greatest of the sums of kinds of boilerplate.
        agency_first: int64[A], first token of each agency's name, in order.
        agency_size: int32[A], tokens of it.
        agency_name: int32[A], index into the lexicon's agencies.
        agency_unit: int64[A].
        agency_before: uint16[A], what stands before it.
        agency_after: uint16[A], what stands after it.
    """

    counts: NDArray[np.int32]
    whole: NDArray[np.uint64]
    head: NDArray[np.uint64]
    opening: NDArray[np.uint8]
    gap_before: NDArray[np.uint16]
    gap_after: NDArray[np.uint16]
    cues: NDArray[np.float32]
    covered: NDArray[np.float32]
    strongest: NDArray[np.float32]
    agency_first: NDArray[np.int64]
    agency_size: NDArray[np.int32]
    agency_name: NDArray[np.int32]
    agency_unit: NDArray[np.int64]
    agency_before: NDArray[np.uint16]
    agency_after: NDArray[np.uint16]


def text_bytes(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 of an Arrow string array and where each text begins in it; int64[n+1]."""
    if pa.types.is_string(texts.type):
        offset_type: type[np.signedinteger] = np.int32
    elif pa.types.is_large_string(texts.type):
        offset_type = np.int64
    else:
        raise TypeError(f"texts are {texts.type}, not string or large_string")
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, offset_type)[texts.offset : texts.offset + len(texts) + 1].astype(
        np.int64
    )
    raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return raw, begins


def surface(tokens: Tokens, texts: pa.Array) -> Surface:
    """Look at the raw text of a batch once more: capitals, figures, and the signs between tokens."""
    data, begins = text_bytes(texts)
    size = len(tokens.hash)
    shape, before, after = np.zeros(size, np.uint8), np.zeros(size, np.uint16), np.zeros(size, np.uint16)
    kernels.get(len(data)).shapes(
        data,
        begins[:-1],
        tokens.block_offsets,
        tokens.block_first,
        tokens.block_start,
        tokens.block_end,
        tokens.start,
        tokens.end,
        shape,
        before,
        after,
    )
    return Surface(shape, before, after)


def sentence_ends(tokens: Tokens, look: Surface) -> NDArray[np.bool_]:
    """bool[T]: a sentence or a block ends after the token.

    A full stop, mark of question or exclamation, or an ellipsis ends a sentence where white space and then
    a capital, a figure or a script without case follow, and what stands before it is no initial and no
    abbreviation.
    """
    size = len(tokens.hash)
    ends = np.zeros(size, np.bool_)
    if size == 0:
        return ends
    maybe = np.flatnonzero(look.after & loops.STOP)
    shape = look.shape[maybe]
    initial = shape & (loops.SINGLE | loops.UPPER) == loops.SINGLE | loops.UPPER
    small = look.shape[np.minimum(maybe + 1, size - 1)] & loops.LOWER != 0
    small &= maybe + 1 < size
    maybe = maybe[(look.after[maybe] & loops.SPACE != 0) & ~initial & ~small]
    known = lex.lexicon().abbreviations  # sorted; isin would sort it again for each batch
    at = np.minimum(np.searchsorted(known, tokens.hash[maybe]), max(len(known) - 1, 0))
    ends[maybe] = known[at] != tokens.hash[maybe] if len(known) else True
    ends |= look.after & loops.WIDE != 0
    ends[_last_tokens(tokens)] = True
    return ends


def _last_tokens(tokens: Tokens) -> NDArray[np.int64]:
    """The last token of each block that has any: int64."""
    stop = tokens.block_first[1:]
    last: NDArray[np.int64] = stop[stop > tokens.block_first[:-1]] - 1
    return last


def units_of(
    tokens: Tokens, ends: NDArray[np.bool_], cut: NDArray[np.bool_], dated: NDArray[np.int64]
) -> Units:
    """Blocks, or the sentences of some.

    Args:
        tokens: The token stream.
        ends: bool[T], of :func:`sentence_ends`.
        cut: bool[B], blocks to cut into sentences.
        dated: int64[D], tokens that begin a text after a date put before it; another cut.
    """
    closes = ends & cut.repeat(steps(tokens.block_first))
    closes[_last_tokens(tokens)] = True
    closes[dated - 1] = True
    last = closes.nonzero()[0]
    first = np.zeros(len(last) + 1, np.int64)
    first[1:] = last + 1
    block = tokens.block_first.searchsorted(first[:-1], side="right") - 1
    return Units(first, first[:-1].searchsorted(tokens.offsets), block, cut[block])


def dated_openings(tokens: Tokens, look: Surface) -> NDArray[np.int64]:
    """int64[D]: where the text goes on in documents that open with an ISO date, after one word at most.

    Crawlers put "date 2024-01-31" in front of the first sentence.
    """
    size = len(tokens.hash)
    found = np.zeros(0, np.int64)
    block = tokens.block_offsets[:-1][steps(tokens.block_offsets) > 0]
    for lead in (0, 1):
        year = tokens.block_first[block] + lead
        fits = year + 6 < tokens.block_first[block + 1]
        block, year = block[fits], year[fits]
        fits = look.shape[year] & loops.YEAR != 0
        if not fits.any():
            continue
        for step in (1, 2):
            at = np.minimum(year + step, size - 1)
            gap = look.before[at]
            fits &= (look.shape[at] & loops.NUMBER != 0) & (gap & (loops.DASH | loops.SLASH) != 0)
            fits &= gap & loops.SPACE == 0
        found = np.append(found, year[fits] + 3)
    return np.sort(found)


def unbroken(tokens: Tokens) -> NDArray[np.bool_]:
    """bool[B]: blocks of documents more than half of which is one long block; sentences decide there."""
    sizes, blocks = steps(tokens.block_first), steps(tokens.block_offsets)
    longest = np.zeros(len(blocks), np.int64)
    some = blocks > 0
    longest[some] = np.maximum.reduceat(sizes, tokens.block_offsets[:-1][some]) if some.any() else 0
    least = np.where(blocks <= UNBROKEN_BLOCKS, UNBROKEN_TOKENS, 4 * UNBROKEN_TOKENS)
    whole: NDArray[np.bool_] = (longest > least) & (2 * longest > steps(tokens.offsets))
    return whole.repeat(blocks)


def take(
    tokens: Tokens, look: Surface, phrases: Phrases, chosen: NDArray[np.bool_]
) -> tuple[Tokens, Surface, Phrases]:
    """The documents chosen, bool[n], as a batch of their own."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    from_, to = tokens.offsets[edges[::2]], tokens.offsets[edges[1::2]]  # runs of documents
    blocks = tokens.block_offsets[edges[::2]], tokens.block_offsets[edges[1::2]]

    def running(
        offsets: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        return np.append(0, np.cumsum(slices(np.diff(offsets), start, stop)))

    part = Tokens(
        offsets=running(tokens.offsets, edges[::2], edges[1::2]),
        **{name: slices(getattr(tokens, name), from_, to) for name in ("hash", "start", "end", "flags")},
        block_offsets=running(tokens.block_offsets, edges[::2], edges[1::2]),
        block_first=running(tokens.block_first, *blocks),
        block_start=slices(tokens.block_start, *blocks),
        block_end=slices(tokens.block_end, *blocks),
    )
    run = np.searchsorted(from_, phrases.first, side="right") - 1
    kept = (run >= 0) & (phrases.first < to[run])
    shift = from_ - np.append(0, np.cumsum(to - from_))[:-1]
    first = phrases.first[kept] - shift[run[kept]]
    part_look = Surface(**{name: slices(getattr(look, name), from_, to) for name in Surface.__slots__})
    return part, part_look, Phrases(first, phrases.size[kept], phrases.node[kept])


def measure(tokens: Tokens, look: Surface, units: Units, phrases: Phrases) -> Measures:
    """Tally each unit and what the phrases in it say; those that reach beyond it say nothing."""
    size = len(units)
    counts = np.zeros((size, loops.COLUMNS), np.int32)
    whole, head = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    kernels.get().tally(
        tokens.hash,
        tokens.flags,
        tokens.start,
        tokens.end,
        look.shape,
        look.before,
        look.after,
        units.first,
        counts,
        whole,
        head,
    )
    words = lex.lexicon()
    cues, covered = (np.zeros((size, lex.AGENCY + 1), np.float32) for _ in range(2))
    agency, tokens_of = np.empty(len(phrases.first), np.int64), np.empty(len(phrases.first), np.int32)
    entry = np.empty(len(phrases.first), np.int64)
    found = kernels.get().read_cues(
        *(units.first, tokens.flags, look.shape, look.before, look.after),
        *(phrases.first, phrases.size, phrases.node, words.entries, words.kind, words.weight, words.need),
        *(cues, covered, agency, tokens_of, entry),
    )
    agency, tokens_of, entry = agency[:found], tokens_of[:found], entry[:found]
    return Measures(
        counts=counts,
        whole=whole,
        head=head,
        opening=look.shape[units.first[:-1]] if size else np.zeros(0, np.uint8),
        gap_before=look.before[units.first[:-1]] if size else np.zeros(0, np.uint16),
        gap_after=look.after[units.first[1:] - 1] if size else np.zeros(0, np.uint16),
        cues=cues,
        covered=covered,
        strongest=cues[:, :KINDS_OF_FURNITURE].max(axis=1, initial=0),
        agency_first=agency,
        agency_size=tokens_of,
        agency_name=words.weight[entry].astype(np.int32),
        agency_unit=np.searchsorted(units.first, agency, side="right") - 1,
        agency_before=look.before[agency],
        agency_after=look.after[agency + tokens_of - 1],
    )


def find_phrases(tokens: Tokens, look: Surface) -> Phrases:
    """Every phrase of the lexicon within a block."""
    words = lex.lexicon()
    capacity = 64 + len(tokens.hash) // 2
    while True:
        first = np.empty(capacity, np.int64)
        size, node = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        found = kernels.get().match(
            *(tokens.hash, look.shape, tokens.block_first),
            *(words.keys, words.targets, words.terminal, words.first_bits, words.number),
            *(first, size, node),
        )
        if found <= capacity:
            return Phrases(first[:found], size[:found], node[:found])
        capacity = found
