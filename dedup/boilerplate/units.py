"""Units of decision and what is measured of them: blocks or sentences, their tallies, cues, agencies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from dedup import kernels
from dedup.boilerplate import lexicon as lex
from dedup.kernels import signs
from dedup.ragged import holders, running, steps
from dedup.tokens import decoded, text_buffers

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from dedup.tokens import Tokens

__all__ = [
    "Measures",
    "Phrases",
    "Seen",
    "Surface",
    "Tallies",
    "Units",
    "dated_openings",
    "find_phrases",
    "measure",
    "sentence_starts",
    "tally",
    "unbroken",
    "units_of",
]

UNBROKEN_TOKENS = 40
"""A longer block that is more than half of its document is no paragraph: its sentences are the units."""
UNBROKEN_BLOCKS = 3
"""In a document of more blocks than these it must be four times as long."""
ROW = 2
"""Most units from one block ending in an ellipsis to the next, for both to be teasers of one list."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What the tokens of a batch look like in the raw text.

    Attributes:
        shape: uint8[T], bits of :mod:`dedup.kernels.blocks`.
        before: uint16[T], what stands between a token and the one before it in its block.
        after: uint16[T], what stands between a token and the next one in its block.
        keyword: uint32[T], half the hash of words that tell of the subject, 0 elsewhere.
    """

    shape: NDArray[np.uint8]
    before: NDArray[np.uint16]
    after: NDArray[np.uint16]
    keyword: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch decoded, with the characters that references of HTML stand for, and looked at.

    Attributes:
        tokens: The token stream, its places in these texts.
        texts: The texts.
        surface: What the tokens look like in them.
    """

    tokens: Tokens
    texts: pa.Array
    surface: Surface

    @classmethod
    def of(cls, tokens: Tokens, texts: pa.Array) -> Self:
        """Of raw texts and their token stream."""
        tokens, texts = decoded(tokens, texts)
        return cls(tokens, texts, _surface_of(tokens, texts))


@dataclass(frozen=True, slots=True)
class Units:
    """Runs of tokens that are decided on as one.

    Attributes:
        first: int64[U], units are tokens first[u]:last[u] of the batch, ascending.
        last: int64[U].
        offsets: int64[n+1], units of each document.
        block: int64[U], the block a unit lies in.
        sentences: bool[U], the unit is a sentence of a block that was cut.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    offsets: NDArray[np.int64]
    block: NDArray[np.int64]
    sentences: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.block)

    def documents(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The document each of some units stands in: int64[len(rows)]."""
        return holders(self.offsets, rows)

    def of(self, chosen: NDArray[np.bool_]) -> Units:
        """The units of the chosen documents, bool[n], which are all the documents there are then."""
        count = steps(self.offsets)
        rows = chosen.repeat(count)
        offsets = running(count[chosen])
        return Units(self.first[rows], self.last[rows], offsets, self.block[rows], self.sentences[rows])


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
class Tallies:
    """What the tokens of units are, one row a unit.

    Attributes:
        counts: int32[U, COLUMNS], of :func:`dedup.kernels.blocks.tally`.
        whole: uint64[U], hash of all tokens.
        head: uint64[U], hash of the first few.
    """

    counts: NDArray[np.int32]
    whole: NDArray[np.uint64]
    head: NDArray[np.uint64]

    def of(self, origin: NDArray[np.int64], changed: NDArray[np.bool_], tallies: Tallies) -> Tallies:
        """Of finer units: those of their origins, int64[V], and for what changed, bool[V], other tallies."""
        counts, whole, head = self.counts[origin], self.whole[origin], self.head[origin]
        counts[changed], whole[changed], head[changed] = tallies.counts, tallies.whole, tallies.head
        return Tallies(counts, whole, head)


@dataclass(frozen=True, slots=True)
class Measures:
    """What the model looks at, one row a unit.

    Attributes:
        counts: int32[U, COLUMNS], as in :class:`Tallies`, like the next two.
        whole: uint64[U].
        head: uint64[U].
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

    def naming(self, chosen: NDArray[np.bool_]) -> Measures:
        """The same, but of the agencies only those chosen, bool[A]."""
        names = ("first", "size", "name", "unit", "before", "after")
        return replace(self, **{f"agency_{name}": getattr(self, f"agency_{name}")[chosen] for name in names})


def _surface_of(tokens: Tokens, texts: pa.Array) -> Surface:
    """Look at the raw text of a batch once more: capitals, figures, and the signs between tokens."""
    data, begins = text_buffers(texts)
    size = len(tokens.hash)
    before, after = (np.empty(size, np.uint16) for _ in range(2))
    surface = Surface(np.empty(size, np.uint8), before, after, np.empty(size, np.uint32))
    kernels.get(len(data)).shapes(
        *(data, begins[:-1], tokens.block_offsets, tokens.block_first, tokens.block_start, tokens.block_end),
        *(tokens.hash, tokens.flags, tokens.start, tokens.end),
        *(surface.shape, surface.before, surface.after, surface.keyword),
    )
    return surface


def units_of(seen: Seen, cut: NDArray[np.bool_], dated: NDArray[np.int64]) -> Units:
    """Blocks, or the sentences of some; see :func:`dedup.kernels.blocks.cut_units`.

    Args:
        seen: The batch.
        cut: bool[B], blocks to cut into sentences.
        dated: int64[D], tokens that begin a text after a date put before it; another cut.
    """
    tokens, surface = seen.tokens, seen.surface
    sizes = steps(tokens.block_first)
    room = len(sizes) + len(dated) + int(sizes[cut].sum())
    offsets = np.empty(len(tokens) + 1, np.int64)
    first, last, block = (np.empty(room, np.int64) for _ in range(3))
    words = lex.lexicon()
    found = kernels.get().cut_units(
        *(tokens.hash, surface.shape, surface.after, tokens.block_offsets, tokens.block_first),
        *(cut, dated, words.abbreviations, words.months, offsets, first, last, block),
    )
    block = block[:found]
    return Units(first[:found], last[:found], offsets, block, cut[block])


def sentence_starts(seen: Seen) -> NDArray[np.int64]:
    """The first token of each sentence or line: int64[s]."""
    every = np.ones(len(seen.tokens.block_start), bool)
    return units_of(seen, every, np.empty(0, np.int64)).first


def dated_openings(seen: Seen) -> NDArray[np.int64]:
    """int64[D]: where the text goes on in documents that open with an ISO date, after one word at most.

    Crawlers put "date 2024-01-31" in front of the first sentence.
    """
    tokens, surface = seen.tokens, seen.surface
    size = len(tokens.hash)
    found = np.zeros(0, np.int64)
    block = tokens.block_offsets[:-1][steps(tokens.block_offsets) > 0]
    for lead in (0, 1):
        year = tokens.block_first[block] + lead
        fits = year + 6 < tokens.block_first[block + 1]
        block, year = block[fits], year[fits]
        fits = surface.shape[year] & signs.YEAR != 0
        if not fits.any():
            continue
        for step in (1, 2):
            at = np.minimum(year + step, size - 1)
            gap = surface.before[at]
            fits &= (surface.shape[at] & signs.NUMBER != 0) & (gap & (signs.DASH | signs.SLASH) != 0)
            fits &= gap & signs.SPACE == 0
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


def tally(seen: Seen, first: NDArray[np.int64], last: NDArray[np.int64]) -> Tallies:
    """Count what the runs of tokens first[i]:last[i] hold."""
    tokens, surface = seen.tokens, seen.surface
    size = len(first)
    counts = np.zeros((size, signs.COLUMNS), np.int32)
    whole, head = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    kernels.get().tally(
        *(tokens.hash, tokens.flags, tokens.start, tokens.end, surface.shape, surface.before, surface.after),
        *(first, last, counts, whole, head),
    )
    return Tallies(counts, whole, head)


def measure(seen: Seen, units: Units, phrases: Phrases, tallies: Tallies | None = None) -> Measures:
    """Tally each unit and what the phrases in it say; those that reach beyond it say nothing."""
    surface, size = seen.surface, len(units)
    tallies = tallies or tally(seen, units.first, units.last)
    words = lex.lexicon()
    cues, covered = (np.zeros((size, lex.AGENCY + 1), np.float32) for _ in range(2))
    strongest = np.empty(size, np.float32)
    agency, tokens_of = np.empty(len(phrases.first), np.int64), np.empty(len(phrases.first), np.int32)
    entry = np.empty(len(phrases.first), np.int64)
    found = kernels.get().read_cues(
        *(units.first, units.last, seen.tokens.flags, surface.shape, surface.before, surface.after),
        *(phrases.first, phrases.size, phrases.node, words.entries, words.kind, words.weight, words.need),
        *(cues, covered, strongest, agency, tokens_of, entry),
    )
    agency, tokens_of, entry = agency[:found], tokens_of[:found], entry[:found]
    gap_after = surface.after[units.last - 1]
    gap_after[_cut_off(units, gap_after)] &= ~np.uint16(signs.STOP)
    return Measures(
        counts=tallies.counts,
        whole=tallies.whole,
        head=tallies.head,
        opening=surface.shape[units.first],
        gap_before=surface.before[units.first],
        gap_after=gap_after,
        cues=cues,
        covered=covered,
        strongest=strongest,
        agency_first=agency,
        agency_size=tokens_of,
        agency_name=words.weight[entry].astype(np.int32),
        agency_unit=holders(units.first, agency),
        agency_before=surface.before[agency],
        agency_after=surface.after[agency + tokens_of - 1],
    )


def _cut_off(units: Units, gap_after: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Blocks that end in an ellipsis near another one that does: teasers in a row, no ends of sentences."""
    rows = np.flatnonzero((gap_after & signs.ELLIPSIS != 0) & ~units.sentences)
    beside = (steps(rows) <= ROW) & (steps(units.documents(rows)) == 0)
    return np.union1d(rows[:-1][beside], rows[1:][beside])


def find_phrases(seen: Seen) -> Phrases:
    """Every phrase of the lexicon within a block."""
    tokens, words = seen.tokens, lex.lexicon()
    capacity = 64 + len(tokens.hash) // 2
    while True:
        first = np.empty(capacity, np.int64)
        size, node = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        found = kernels.get().match(
            *(tokens.hash, seen.surface.shape, tokens.block_first),
            *(words.keys, words.targets, words.terminal, words.word_bits, words.pair_bits, words.number),
            *(first, size, node),
        )
        if found <= capacity:
            return Phrases(first[:found], size[:found], node[:found])
        capacity = found
