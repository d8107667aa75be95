"""The text a family agrees on, and who carries it.

A function of the documents of one family and of their relations, nothing else. A passage is a run of equal
words, so that a word of one side leads to the same word of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.lineage import known_pairs
from dedup.model import RelationKind
from dedup.ragged import owners, running
from dedup.tokens import to_characters, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedup.model import Document, Relation
    from dedup.tokens import Tokens

__all__ = [
    "COPIES",
    "AgreedPassage",
    "AgreedText",
    "Shared",
    "Words",
    "agree",
    "agree_on",
    "find_runs",
    "read_words",
]

COPIES = (RelationKind.EXACT, RelationKind.NEAR)
"""Relations of documents that attest nothing to each other where no source is known."""

MIN_NEW = 8
"""Words of a passage that the fullest version lacks and that is worth adding to the agreed text."""

MOST_DOCUMENTS = 32
"""Versions looked through for such passages, those with most attested text first."""

GAP = " […] "
"""What stands for words between two attested passages of one paragraph."""


@dataclass(frozen=True, slots=True)
class AgreedPassage:
    """A passage that two or more outlets carry, within one paragraph.

    Attributes:
        start: First character in the agreed text.
        end: One past its last.
        document: Id of the version its wording is taken from.
        document_start: First character there.
        document_end: One past its last.
        witnesses: Ids of the versions that carry at least half of its words, earliest first, undated last.
        sources: How many outlets these are, each counted once.
        earliest: Id of the earliest of them that has a date; None where none has.
    """

    start: int
    end: int
    document: str
    document_start: int
    document_end: int
    witnesses: tuple[str, ...]
    sources: int
    earliest: str | None


@dataclass(frozen=True, slots=True)
class AgreedText:
    """What two or more outlets of a family carry, in the order of the fullest version.

    It most likely comes from one original, such as an agency's report; that several carry it does not mean
    that several found it out.

    Attributes:
        text: The passages; paragraphs apart, ``[…]`` where words between two are not agreed on.
        passages: Where they stand, in order.
    """

    text: str
    passages: tuple[AgreedPassage, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Where the words of n texts stand, in characters.

    Attributes:
        offsets: int64[n + 1], words of each text.
        start: int64[t].
        end: int64[t].
        opens: bool[t], the first of a paragraph.
    """

    offsets: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    opens: NDArray[np.bool_]

    def of(self, first: int, last: int) -> Words:
        """The words of some texts in a row."""
        own = slice(self.offsets[first], self.offsets[last])
        offsets = self.offsets[first : last + 1] - self.offsets[first]
        return Words(offsets, self.start[own], self.end[own], self.opens[own])


@dataclass(frozen=True, slots=True)
class Shared:
    """What pairs of documents share.

    Attributes:
        a: int64[p], number of the first document of each pair.
        b: int64[p], of the second.
        copies: bool[p], exact or near copies.
        offsets: int64[p + 1], runs of each pair.
        runs: int64[r, 4], passages: start and end in a, start and end in b, in characters, half-open. Or
            int64[r, 3], what :func:`find_runs` makes of them: first word in a, first word in b, words.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    copies: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    runs: NDArray[np.int64]

    def of(self, first: int, last: int, documents: Sequence[int]) -> Shared:
        """Some pairs in a row, with these documents, ascending, numbered from 0."""
        own, offsets = slice(first, last), self.offsets[first : last + 1]
        a, b = (np.searchsorted(documents, side[own]) for side in (self.a, self.b))
        runs = self.runs[offsets[0] : offsets[-1]]
        return Shared(a, b, self.copies[own], offsets - offsets[0], runs)


def read_words(tokens: Tokens, texts: pa.Array) -> Words:
    """The words of texts.

    Args:
        tokens: Of :func:`dedup.tokens.tokenize`.
        texts: What they are the tokens of.
    """
    document = owners(tokens.offsets)
    opens = np.zeros(len(tokens.start) + 1, bool)
    opens[tokens.block_first] = True
    places = to_characters(texts, document, np.stack([tokens.start, tokens.end], axis=1))
    return Words(tokens.offsets, places[:, 0], places[:, 1], opens[:-1])


def find_runs(words: Words, passages: Shared) -> Shared:
    """The runs of equal words that passages are.

    Args:
        words: Of the documents.
        passages: Of pairs of them, in characters.
    """
    document = owners(words.offsets) << 32
    starts, ends = document | words.start, document | words.end
    pair = owners(passages.offsets)
    runs, sizes = [], []
    for side, numbers in enumerate((passages.a, passages.b)):
        own = numbers[pair]
        low, high = (own << 32) + passages.runs[:, 2 * side : 2 * side + 2].T
        first = np.searchsorted(starts, low)
        sizes.append(np.searchsorted(ends, high, "right") - first)
        runs.append(first - words.offsets[own])
    size = np.minimum(*sizes)
    kept = running(size > 0)
    found = np.column_stack([*runs, size])[size > 0]
    return replace(passages, offsets=kept[passages.offsets], runs=found)


def agree(documents: Sequence[Document], relations: Iterable[Relation]) -> AgreedText:
    """The text two or more outlets of a family carry, most likely from one original: as near to it as can be.

    All documents of one source count as one; of those without a source, each group of exact and near copies.
    The version with the most attested words gives wording and order; passages it lacks, attested by two
    sources among the others, stand behind what precedes them there.

    Args:
        documents: The family, in order of time.
        relations: Relations among them, with passages; each pair once.
    """
    texts = pa.array([document.text for document in documents], pa.large_string())
    words = read_words(tokenize(texts), texts)
    known, a, b = known_pairs(documents, relations)
    copies = np.array([r.relation in COPIES for r in known], bool)
    offsets = running([len(r.passages) for r in known])
    passages = [(p.a_start, p.a_end, p.b_start, p.b_end) for r in known for p in r.passages]
    shared = Shared(a, b, copies, offsets, np.array(passages, np.int64).reshape(-1, 4))
    return agree_on(documents, words, find_runs(words, shared))


def agree_on(documents: Sequence[Document], words: Words, shared: Shared) -> AgreedText:
    """As :func:`agree`, where the words of the documents and what they share are known.

    Args:
        documents: The family, in order of time.
        words: Of the documents.
        shared: Pairs of documents, by their numbers.
    """
    return _Agreement(documents, words, shared).agreed()


Run = tuple[int, int, int]
"""First word here, first word there, words."""


class _Agreement:
    """Documents by number, and which words they share. A set of words is a whole number, a bit a word.

    Attributes:
        runs: For each document, by the number of another: the runs they share.
        carried: The same: the set of words in these runs.
        copies: For each document those that are exactly or nearly equal to it.
        unit: Number of the outlet each document belongs to.
    """

    def __init__(self, documents: Sequence[Document], words: Words, shared: Shared) -> None:
        self.documents = documents
        self.words = words
        self.runs: list[dict[int, list[Run]]] = [{} for _ in documents]
        self.carried: list[dict[int, int]] = [{} for _ in documents]
        self.copies: list[list[int]] = [[] for _ in documents]
        bounds = shared.offsets.tolist()
        for pair, (a, b) in enumerate(zip(shared.a.tolist(), shared.b.tolist(), strict=True)):
            there = shared.runs[bounds[pair] : bounds[pair + 1]].tolist()
            self._link(a, b, there)
            self._link(b, a, [(j, i, size) for i, j, size in there])
            if shared.copies[pair]:
                self.copies[a].append(b)
                self.copies[b].append(a)
        self.unit = self._units()

    def _link(self, here: int, there: int, runs: list[Run]) -> None:
        self.runs[here][there] = runs
        self.carried[here][there] = _mapped_words(runs, -1)

    def _units(self) -> list[int]:
        units: list[int] = []
        known: dict[str, int] = {}
        for number, document in enumerate(self.documents):
            if document.source is not None:
                units.append(known.setdefault(document.source, number))
            else:
                alike = [
                    units[m] for m in self.copies[number] if m < number and self.documents[m].source is None
                ]
                units.append(min(alike, default=number))
        return units

    def agreed(self) -> AgreedText:
        weight = [self._attested(number, carried).bit_count() for number, carried in enumerate(self.carried)]
        ranking = sorted(range(len(weight)), key=lambda number: (-weight[number], number))
        included: dict[int, int] = {}  # words that stand in the agreed text
        pieces: list[tuple[int, bool, int, _Piece]] = []  # place in the base, of the base, as found
        base = -1
        for number in ranking:
            if not weight[number] or len(included) == MOST_DOCUMENTS:
                break
            if any(copy in included for copy in self.copies[number]):
                continue
            carriers = self._carriers(number)
            attested = self._attested(number, carriers)
            covered = self._covered(number, included)
            least = MIN_NEW if included else 3
            for first, last in self._pieces(number, attested & ~covered, least):
                at = first if base < 0 else self._place(number, first, base)
                piece = _Piece(number, first, last, self._witnesses(number, first, last, carriers))
                pieces.append((at, base < 0, len(pieces), piece))
            included[number] = attested | covered
            base = number if base < 0 else base
        return self._joined([piece for *_, piece in sorted(pieces, key=lambda item: item[:3])])

    def _carriers(self, number: int) -> dict[int, int]:
        """Documents that share words with one, those that do so by a copy of theirs among them; the words."""
        direct = self.carried[number]
        found = dict(direct)
        for other, runs in self.runs[number].items():
            for copy in self.copies[other]:
                if copy != number and copy not in direct:
                    found[copy] = found.get(copy, 0) | _mapped_words(runs, self.carried[other][copy])
        return found

    def _attested(self, number: int, carriers: dict[int, int]) -> int:
        """Words that another source carries."""
        attested = 0
        for other, words in carriers.items():
            if self.unit[other] != self.unit[number]:
                attested |= words
        return attested

    def _covered(self, number: int, included: dict[int, int]) -> int:
        """Words that stand in the agreed text already."""
        covered = 0
        for other, words in included.items():
            covered |= _mapped_words(self.runs[number].get(other, ()), words)
        return covered

    def _pieces(self, number: int, words: int, least: int) -> Iterator[tuple[int, int]]:
        """Runs of words of a set, each within one paragraph."""
        if not words:
            return
        low, high = self.words.offsets[number : number + 2]
        chosen = np.flatnonzero(_bits(words, int(high - low)))
        opens = np.flatnonzero((np.diff(chosen, prepend=-2) != 1) | self.words.opens[low + chosen])
        bounds = [*opens.tolist(), len(chosen)]
        for first, last in pairwise(bounds):
            if last - first >= least:
                yield int(chosen[first]), int(chosen[last - 1]) + 1

    def _witnesses(self, number: int, first: int, last: int, carriers: dict[int, int]) -> tuple[int, ...]:
        """A document, and those of other sources that carry at least half of a piece of it, or most."""
        words = (1 << last - first) - 1
        shares = {
            other: (carried >> first & words).bit_count()
            for other, carried in carriers.items()
            if self.unit[other] != self.unit[number]
        }
        enough = min(max(shares.values()), (last - first) / 2)
        return tuple(sorted([number, *(other for other, share in shares.items() if share >= enough)]))

    def _place(self, number: int, word: int, base: int) -> int:
        """The word of the base behind which a word of another version belongs."""
        before = [(i, j + min(size, word - i)) for i, j, size in self.runs[number].get(base, ()) if i < word]
        return max(before)[1] if before else -1

    def _joined(self, pieces: list[_Piece]) -> AgreedText:
        parts: list[str] = []
        passages: list[AgreedPassage] = []
        length = 0
        previous: _Piece | None = None
        for piece in pieces:
            if previous:
                parts.append(GAP if self._same_paragraph(previous, piece) else "\n\n")
                length += len(parts[-1])
            start, end = self._span(piece)
            document = self.documents[piece.document]
            parts.append(document.text[start:end])
            witnesses = tuple(self.documents[number].id for number in piece.witnesses)
            sources = len({self.unit[number] for number in piece.witnesses})
            first = self.documents[piece.witnesses[0]]
            earliest = None if first.published is None else first.id
            place = length, length + end - start, document.id, start, end
            passages.append(AgreedPassage(*place, witnesses, sources, earliest))
            length += end - start
            previous = piece
        return AgreedText("".join(parts), tuple(passages))

    def _same_paragraph(self, one: _Piece, two: _Piece) -> bool:
        if one.document != two.document:
            return False
        low, high = sorted([one.first, two.first])
        begin = int(self.words.offsets[one.document])
        return not self.words.opens[begin + low + 1 : begin + high + 1].any()

    def _span(self, piece: _Piece) -> tuple[int, int]:
        """Characters of a piece, with the signs that touch it."""
        text, words = self.documents[piece.document].text, self.words
        begin, stop = words.offsets[piece.document : piece.document + 2]
        first, last = begin + piece.first, begin + piece.last
        start, end = int(words.start[first]), int(words.end[last - 1])
        lowest = int(words.end[first - 1]) if first > begin else 0
        highest = int(words.start[last]) if last < stop else len(text)
        while start > lowest and not text[start - 1].isspace():
            start -= 1
        while end < highest and not text[end].isspace():
            end += 1
        return start, end


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words ``first:last`` of a document, and the numbers of those that carry them."""

    document: int
    first: int
    last: int
    witnesses: tuple[int, ...]


def _mapped_words(runs: Iterable[Run], words: int) -> int:
    """Map a bit set of the other document's words onto this one's, through their shared runs."""
    found = 0
    for i, j, size in runs:
        found |= (words >> j & (1 << size) - 1) << i
    return found


def _bits(words: int, count: int) -> NDArray[np.uint8]:
    """A set of words, one by one: uint8[count], 0 or 1."""
    packed = np.frombuffer(words.to_bytes(count // 8 + 1, "little"), np.uint8)
    return np.unpackbits(packed, count=count, bitorder="little")
