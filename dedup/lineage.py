"""Who had what first: the text a family agrees on, and how its versions came about.

Both are functions of the documents of one family and of their relations, nothing else. A passage is a run of
equal words, so that a word of one side leads to the same word of the other.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.model import RelationKind
from dedup.tokens import byte_to_char, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from dedup.model import Document, Relation

__all__ = ["AgreedPassage", "AgreedText", "Step", "Words", "agree", "read_words", "trace"]

MIN_NEW = 8
"""Words of a passage that the fullest version lacks and that is worth adding to the agreed text."""

MOST_DOCUMENTS = 32
"""Versions looked through for such passages, those with most attested text first."""

GAP = " […] "
"""What stands for words between two attested passages of one paragraph."""


@dataclass(frozen=True, slots=True)
class AgreedPassage:
    """A passage that independent sources attest, within one paragraph.

    Attributes:
        start: First character in the agreed text.
        end: One past its last.
        document: Id of the version its wording is taken from.
        document_start: First character there.
        document_end: One past its last.
        witnesses: Ids of the versions that carry at least half of its words, earliest first.
        sources: How many independent sources these are.
    """

    start: int
    end: int
    document: str
    document_start: int
    document_end: int
    witnesses: tuple[str, ...]
    sources: int

    @property
    def earliest(self) -> str:
        """Id of the earliest version that carries it."""
        return self.witnesses[0]


@dataclass(frozen=True, slots=True)
class AgreedText:
    """What two or more independent sources of a family carry, in the order of the fullest version.

    Attributes:
        text: The passages; paragraphs apart, ``[…]`` where words between two are not agreed on.
        passages: Where they stand, in order.
    """

    text: str
    passages: tuple[AgreedPassage, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A version in the history of its family. Words are those of articles, boilerplate and stock text aside.

    Attributes:
        id: The version.
        published: When, if that is known.
        parent: Id of the version it was most likely made from, a guess: of the earlier ones the one it shares
            most words with. None where it shares nothing with an earlier one.
        shared: Words it shares with the parent.
        added: Words the parent does not have; 0 without a parent.
        dropped: Words of the parent it does not have.
    """

    id: str
    published: datetime | None
    parent: str | None
    shared: int
    added: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Words:
    """Where the words of a text stand, in characters.

    Attributes:
        start: int64[t].
        end: int64[t].
        block: int64[t], number of the paragraph.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    block: NDArray[np.int64]


def read_words(texts: Sequence[str]) -> list[Words]:
    """Find the words of texts, many at once."""
    batch = pa.array(texts, pa.large_string())
    tokens = tokenize(batch)
    blocks = np.repeat(np.arange(len(tokens.block_first) - 1), np.diff(tokens.block_first))
    found = []
    for number, text in enumerate(texts):
        span = slice(int(tokens.offsets[number]), int(tokens.offsets[number + 1]))
        start, end = tokens.start[span].astype(np.int64), tokens.end[span].astype(np.int64)
        if not text.isascii():
            data = text.encode()
            start, end = byte_to_char(data, start), byte_to_char(data, end)
        found.append(Words(start, end, blocks[span]))
    return found


def trace(documents: Sequence[Document], relations: Iterable[Relation]) -> tuple[Step, ...]:
    """The versions of a family in order of time, undated last, each with its most likely parent: a forest.

    A guess by what can be seen: of the earlier versions the one that shares most words; among equals the one
    with the fewest words between them, then the latest. Times of publication are taken at their word.

    Args:
        documents: The family; among equals in time the order given counts.
        relations: Relations among them, in any order; each pair once.
    """
    order = _in_time(documents)
    place = {document.id: number for number, document in enumerate(order)}
    best: dict[str, tuple[tuple[int, int, int], Relation]] = {}
    for relation in relations:
        if relation.a not in place or relation.b not in place or not relation.shared_words:
            continue
        child = max(relation.a, relation.b, key=place.__getitem__)
        parent = relation.a if child == relation.b else relation.b
        added, dropped = _outside(relation, child)
        rank = (relation.shared_words, -(added + dropped), place[parent])
        if child not in best or rank > best[child][0]:
            best[child] = rank, relation
    steps = []
    for document in order:
        if document.id not in best:
            steps.append(Step(document.id, document.published, None, 0, 0, 0))
            continue
        relation = best[document.id][1]
        parent = relation.a if relation.b == document.id else relation.b
        added, dropped = _outside(relation, document.id)
        steps.append(Step(document.id, document.published, parent, relation.shared_words, added, dropped))
    return tuple(steps)


def _in_time(documents: Sequence[Document]) -> list[Document]:
    dated = sorted((d for d in documents if d.published), key=lambda d: d.published)  # type: ignore[arg-type, return-value]
    return [*dated, *(d for d in documents if not d.published)]


def _outside(relation: Relation, child: str) -> tuple[int, int]:
    """Words of the child, and of the other one, outside what they share."""
    coverages = relation.coverage_a, relation.coverage_b
    own, other = coverages if relation.a == child else coverages[::-1]
    words = relation.shared_words
    return (
        round(words / own) - words if own > 0 else 0,
        round(words / other) - words if other > 0 else 0,
    )


def agree(
    documents: Sequence[Document], relations: Iterable[Relation], words: Sequence[Words] | None = None
) -> AgreedText:
    """The text two or more independent sources of a family carry: as near to the original as it allows.

    All documents of one source count as one; of those without a source, each group of exact and near copies.
    The version with the most attested words gives wording and order; passages it lacks, attested by two
    sources among the others, stand behind what precedes them there.

    Args:
        documents: The family.
        relations: Relations among them, with passages; each pair once.
        words: The words of the documents, if they have been read already.
    """
    order = {document.id: number for number, document in enumerate(_in_time(documents))}
    if words is None:
        words = read_words([document.text for document in documents])
    rows = sorted(range(len(documents)), key=lambda row: order[documents[row].id])
    return _Family([documents[row] for row in rows], [words[row] for row in rows], relations).agreed()


Run = tuple[int, int, int]
"""First word here, first word there, words."""


class _Family:
    """Documents by number, in order of time, and which words they share.

    Attributes:
        runs: For each document, by the number of another: the runs they share.
        copies: For each document those that are exactly or nearly equal to it.
        unit: Number of the independent source each document belongs to.
    """

    def __init__(self, documents: list[Document], words: list[Words], relations: Iterable[Relation]) -> None:
        self.documents = documents
        self.words = words
        self.runs: list[dict[int, list[Run]]] = [{} for _ in documents]
        self.copies: list[list[int]] = [[] for _ in documents]
        place = {document.id: number for number, document in enumerate(documents)}
        for relation in relations:
            a, b = place.get(relation.a, -1), place.get(relation.b, -1)
            if a < 0 or b < 0:
                continue
            found = list(self._find(relation, a, b))
            self.runs[a][b] = found
            self.runs[b][a] = [(j, i, size) for i, j, size in found]
            if relation.relation in (RelationKind.EXACT, RelationKind.NEAR):
                self.copies[a].append(b)
                self.copies[b].append(a)
        self.unit = self._units()

    def _find(self, relation: Relation, a: int, b: int) -> Iterator[Run]:
        one, two = self.words[a], self.words[b]
        a_start, a_end, b_start, b_end = (
            np.array([(p.a_start, p.a_end, p.b_start, p.b_end) for p in relation.passages], np.int64)
            .reshape(-1, 4)
            .T
        )
        i, j = np.searchsorted(one.start, a_start), np.searchsorted(two.start, b_start)
        of_a = np.searchsorted(one.end, a_end, "right") - i
        of_b = np.searchsorted(two.end, b_end, "right") - j
        for run in zip(i.tolist(), j.tolist(), np.minimum(of_a, of_b).tolist(), strict=True):
            if run[2] > 0:
                yield run

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
        weight = [
            int(self._attested(number, self.runs[number]).sum()) for number in range(len(self.documents))
        ]
        ranking = sorted(range(len(weight)), key=lambda number: (-weight[number], number))
        included: dict[int, NDArray[np.bool_]] = {}
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
            found = [*self._pieces(number, attested & ~covered, least)]
            for piece in self._witnessed(number, found, carriers):
                at = piece.first if base < 0 else self._place(number, piece.first, base)
                pieces.append((at, base < 0, len(pieces), piece))
            included[number] = attested | covered
            base = number if base < 0 else base
        return self._joined([piece for *_, piece in sorted(pieces, key=lambda item: item[:3])])

    def _carriers(self, number: int) -> dict[int, list[Run]]:
        """Documents that share runs with one, those that do so by a copy of theirs among them."""
        found = dict(self.runs[number])
        for other, runs in self.runs[number].items():
            for copy in self.copies[other]:
                if copy != number and copy not in self.runs[number]:
                    found.setdefault(copy, []).extend(_composed(runs, self.runs[other][copy]))
        return found

    def _attested(self, number: int, carriers: dict[int, list[Run]]) -> NDArray[np.bool_]:
        """Words that another source carries: bool[t]."""
        attested = np.zeros(len(self.words[number].start), bool)
        for other, runs in carriers.items():
            if self.unit[other] != self.unit[number]:
                for i, _, size in runs:
                    attested[i : i + size] = True
        return attested

    def _covered(self, number: int, included: dict[int, NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Words that stand in the agreed text already: bool[t]."""
        covered = np.zeros(len(self.words[number].start), bool)
        for other, mask in included.items():
            for i, j, size in self.runs[number].get(other, ()):
                covered[i : i + size] |= mask[j : j + size]
        return covered

    def _pieces(self, number: int, mask: NDArray[np.bool_], least: int) -> Iterator[_Piece]:
        """Runs of marked words, each within one paragraph."""
        rows = np.flatnonzero(mask)
        block = self.words[number].block[rows]
        opens = np.flatnonzero((np.diff(rows, prepend=-2) != 1) | (np.diff(block, prepend=-1) != 0))
        for first, last in zip(opens.tolist(), [*opens[1:].tolist(), len(rows)], strict=False):
            if last - first >= least:
                yield _Piece(number, int(rows[first]), int(rows[last - 1]) + 1)

    def _witnessed(
        self, number: int, pieces: Sequence[_Piece], carriers: dict[int, list[Run]]
    ) -> Iterator[_Piece]:
        """Pieces of a document with those that carry at least half of each, or most of it."""
        others = [other for other in carriers if self.unit[other] != self.unit[number]]
        first = np.array([piece.first for piece in pieces])
        last = np.array([piece.last for piece in pieces])
        carried = np.zeros((len(others), len(pieces)), np.int64)
        for row, other in enumerate(others):
            start, _, size = np.array(carriers[other], np.int64).reshape(-1, 3).T[:, :, None]
            shared = np.minimum(start + size, last) - np.maximum(start, first)
            carried[row] = np.maximum(shared, 0).sum(axis=0)
        enough = np.minimum(carried.max(axis=0, initial=0), (last - first) / 2)
        for piece, witnesses in zip(pieces, (carried >= enough).T, strict=True):
            carriers_of_it = [others[row] for row in np.flatnonzero(witnesses)]
            yield _Piece(number, piece.first, piece.last, tuple(sorted([number, *carriers_of_it])))

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
            passages.append(
                AgreedPassage(length, length + end - start, document.id, start, end, witnesses, sources)
            )
            length += end - start
            previous = piece
        return AgreedText("".join(parts), tuple(passages))

    def _same_paragraph(self, one: _Piece, two: _Piece) -> bool:
        if one.document != two.document:
            return False
        block = self.words[one.document].block
        return bool(block[one.first] == block[two.first])

    def _span(self, piece: _Piece) -> tuple[int, int]:
        """Characters of a piece, with the signs that touch it."""
        text, words = self.documents[piece.document].text, self.words[piece.document]
        start, end = int(words.start[piece.first]), int(words.end[piece.last - 1])
        lowest = int(words.end[piece.first - 1]) if piece.first else 0
        highest = int(words.start[piece.last]) if piece.last < len(words.start) else len(text)
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
    witnesses: tuple[int, ...] = ()


def _composed(one: list[Run], two: list[Run]) -> Iterator[Run]:
    """Runs from here to there, by way of a third: ``one`` leads to it, ``two`` starts from it."""
    two = sorted(two)
    starts = [run[0] for run in two]
    for i, j, size in one:
        for k in range(max(0, bisect_left(starts, j) - 1), len(two)):
            middle, there, length = two[k]
            if middle >= j + size:
                break
            low, high = max(j, middle), min(j + size, middle + length)
            if low < high:
                yield i + low - j, there + low - middle, high - low
