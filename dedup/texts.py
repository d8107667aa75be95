"""The body tokens of numbered documents: what is compared, counted and marked.

Lengths are in words: a token is a word, or half a word in scripts written without spaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.kernels.constants import ANNOUNCED_FLAG, CUT_FLAG, SENTENCE_FLAG, STOCK_FLAG
from dedup.tokens import CHARACTER, NUMBER, QUOTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "ANNOUNCED",
    "CHARACTER",
    "CUT",
    "DAY",
    "NEVER",
    "NO_DAY",
    "NUMBER",
    "QUOTED",
    "SENTENCE",
    "STOCK",
    "Lengths",
    "Texts",
    "half_words",
    "is_spaceless",
    "mostly_stock",
    "times_of",
]

STOCK, CUT, ANNOUNCED, SENTENCE = STOCK_FLAG, CUT_FLAG, ANNOUNCED_FLAG, SENTENCE_FLAG
"""Flags of a body token, beside those of any token; ``CUT``: something was stripped before it; ``ANNOUNCED``:
the block before ends with a colon, and this is the excerpt it announces, or the beginning of it;
``SENTENCE``: it opens a sentence or a line."""

DAY = 86_400_000_000
"""Microseconds."""

NEVER = np.iinfo(np.int64).max
"""Publication time of an undated document; it comes last in the order."""

NO_DAY = NEVER // DAY
"""Its day since the epoch."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The body tokens of numbered documents.

    Attributes:
        hash: uint64[T], in any order of documents.
        flags: uint8[T], QUOTED | CHARACTER | STOCK | NUMBER | CUT | ANNOUNCED | SENTENCE.
        start: int64[n], first token of each document.
        stop: int64[n], one past its last.
        spaceless: uint8[n], most of its tokens are single characters.
        published: int64[n] microseconds since the epoch, :data:`NEVER` where unknown.
        source: int64[n], a number for each source, -1 where unknown; None where all are.
        title: string[n], null where unknown, and of long texts; None where all are.
    """

    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    spaceless: NDArray[np.uint8]
    published: NDArray[np.int64]
    source: NDArray[np.int64] | None = None
    title: pa.Array | None = None

    def half_words(self, without: int = 0, of: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Length of each document in half words, tokens with a flag of ``without`` left out.

        Args:
            without: Flags.
            of: int64[m], the documents that are asked for; by default all.

        Returns:
            int64[m].
        """
        start, stop = (self.start, self.stop) if of is None else (self.start[of], self.stop[of])
        total: NDArray[np.int64] = half_words(self.flags, start, stop, [without])[0]
        return total

    def sources_known(self, a: NDArray[np.int64], b: NDArray[np.int64], *, same: bool) -> NDArray[np.bool_]:
        """Pairs of documents known to come from one source, or from two: bool[p].

        Args:
            a: int64[p] document number.
            b: int64[p].
            same: One or two.
        """
        if self.source is None:
            return np.zeros(len(a), bool)
        one, two = self.source[a], self.source[b]
        return np.asarray((np.minimum(one, two) >= 0) & ((one == two) == same))

    def together(self, a: NDArray[np.int64], b: NDArray[np.int64], limit: int) -> NDArray[np.bool_]:
        """Pairs of documents known to be published so close to each other: bool[p].

        Args:
            a: int64[p] document number.
            b: int64[p].
            limit: Microseconds.
        """
        dated, between = self._between(a, b)
        return np.asarray(dated & (between <= limit))

    def apart(
        self, a: NDArray[np.int64], b: NDArray[np.int64], limit: NDArray[np.int64] | int
    ) -> NDArray[np.bool_]:
        """Pairs of documents known to be published further apart: bool[p].

        Args:
            a: int64[p] document number.
            b: int64[p].
            limit: Microseconds, of each pair or of all.
        """
        dated, between = self._between(a, b)
        return np.asarray(dated & (between > limit))

    def _between(
        self, a: NDArray[np.int64], b: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Whether both are dated, and microseconds from one to the other."""
        one, two = self.published[a], self.published[b]
        return np.maximum(one, two) != NEVER, np.abs(one - two)


def half_words(
    flags: NDArray[np.uint8],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    without: Sequence[int] = (0,),
) -> NDArray[np.int64]:
    """Lengths in half words, the tokens with some flags left out, of each by itself.

    Args:
        flags: uint8[T], of body tokens.
        start: int64[n], first token of each document.
        stop: int64[n], one past its last.
        without: k flags, or several in one.

    Returns:
        int64[k, n].
    """
    total = np.empty((len(without), len(start)), np.int64)
    kernels.get().half_words(flags, start, stop, np.array(without, np.uint8), total)
    return total


def mostly_stock(
    flags: NDArray[np.uint8], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether more than half of each is stock text, arguments as for :func:`half_words`: bool[n]."""
    unstocked, whole = half_words(flags, start, stop, (STOCK, 0))
    return np.asarray(2 * unstocked < whole)


def is_spaceless(half_words: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Documents most of whose tokens are single characters: bool[n].

    Args:
        half_words: int64[n], length of each.
        tokens: int64[n], how many it has.
    """
    return np.asarray(2 * half_words < 3 * tokens)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of n documents in half words.

    Attributes:
        whole: int64[n].
        base: int64[n], without stock text.
        plain: int64[n], without stock text and quotations.
        figures: int64[n], of the figures.
    """

    whole: NDArray[np.int64]
    base: NDArray[np.int64]
    plain: NDArray[np.int64]
    figures: NDArray[np.int64]

    @property
    def mostly_stock(self) -> NDArray[np.bool_]:
        """Documents more than half of which is stock text, a frame around a few facts: bool[n]."""
        return np.asarray(2 * self.base < self.whole)

    @staticmethod
    def of(texts: Texts, documents: NDArray[np.int64]) -> Lengths:
        """Those of some documents; of the others they are 0."""
        without = (0, STOCK, STOCK | QUOTED, NUMBER)
        lengths = np.zeros((len(without), len(texts.start)), np.int64)
        bounds = texts.start[documents], texts.stop[documents]
        lengths[:, documents] = half_words(texts.flags, *bounds, without)
        whole, base, plain, others = lengths
        return Lengths(whole, base, plain, whole - others)


def times_of(published: pa.Array) -> NDArray[np.int64]:
    """Times of publication in microseconds since the epoch, ``NEVER`` where there is none: int64[n]."""
    micros = published.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return np.asarray(micros.fill_null(int(NEVER)).to_numpy(zero_copy_only=False))
