"""Alignment of blocks: paragraphs, and sentences where a paragraph is not found whole on the other side."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from dedup.edits.operations import Match, Move, Operation, write_operations
from dedup.edits.sequences import by_occurrence, heaviest_chain
from dedup.edits.text import PARAGRAPH, SENTENCE, WORD, common_prefix
from dedup.edits.words import MAX_ISLAND, Words, word_matches

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIN_CUT: Final = 40  # characters of a paragraph worth cutting into sentences
_MIN_DICE: Final = 0.3  # of word bigrams: about half of the words, in order
_MIN_MOVED_DICE: Final = 0.5  # an edited block that also moved needs more evidence
_MIN_MOVED_PAIRS: Final = 6
_MIN_CONTAINED: Final = 0.6  # a part of a split sentence in the whole of it
_MIN_REPEATED: Final = 20  # characters of a block that recurs in one text and may still be called moved
_MIN_SUSPECTED: Final = 3  # words that call for a closer look


def align(a: str, b: str) -> tuple[list[Match], list[Move]]:
    """What two texts share in place, ascending in both, and what moved, ascending in ``b``."""
    left, right = _cut(a, b)
    _pair_equal(left, right)
    candidates = _pair_similar(left, right)
    in_place, moved = _order(left, right)
    matches: list[Match] = []
    for group in _groups(left, right, in_place, candidates):
        matches += _group_matches(left, right, *group)
    return matches, _moves(left, right, moved)


class _Side:
    """The units (paragraphs or sentences) of one text, as parallel lists.

    The first unit is the white space at the start of the text, mostly empty; it has its own pair.

    Attributes:
        raw: The units with the white space after them; joined, they are the text.
        key: The same without that white space.
        start: Offset of each unit, and the length of the text.
        mate: Index of the unit of the other side it is paired with, or -1.
    """

    __slots__ = ("_pairs", "_words", "key", "mate", "raw", "start", "text")

    def __init__(self, text: str, raw: list[str], key: list[str]) -> None:
        self.text = text
        self.raw = raw
        self.key = key
        self.start = [0, *accumulate(map(len, raw))]
        self.mate = [-1] * len(raw)
        self._words: dict[int, list[str]] = {}
        self._pairs: dict[int, set[tuple[str, str]]] = {}

    def words(self, unit: int) -> list[str]:
        """The folded words of a unit, found once."""
        words = self._words.get(unit)
        if words is None:
            words = self._words[unit] = WORD.findall(self.key[unit].lower())
        return words

    def word_pairs(self, unit: int) -> set[tuple[str, str]]:
        """Pairs of neighbouring folded words; the first also pairs with nothing, so that none is lost."""
        pairs = self._pairs.get(unit)
        if pairs is None:
            words = self.words(unit)
            pairs = self._pairs[unit] = set(zip(["", *words], words, strict=False))
        return pairs


def _cut(a: str, b: str) -> tuple[_Side, _Side]:
    """Cut both texts into paragraphs, and those without an equal on the other side into sentences."""
    blocks_a, blocks_b = PARAGRAPH.findall(a), PARAGRAPH.findall(b)
    keys_a, keys_b = [*map(str.rstrip, blocks_a)], [*map(str.rstrip, blocks_b)]
    return _side(a, blocks_a, keys_a, set(keys_b)), _side(b, blocks_b, keys_b, set(keys_a))


def _side(text: str, blocks: list[str], keys: list[str], others: set[str]) -> _Side:
    lead = text[: len(text) - len(text.lstrip())]
    raw, units = [lead], [""]
    for block, key in zip(blocks, keys, strict=True):
        if key in others or len(key) < _MIN_CUT:
            raw.append(block)
            units.append(key)
        else:
            sentences = _sentences(block)
            raw += sentences
            units += map(str.rstrip, sentences)
    return _Side(text, raw, units)


def _sentences(block: str) -> list[str]:
    cuts = [0, *(found.end() for found in SENTENCE.finditer(block))]
    if cuts[-1] != len(block):
        cuts.append(len(block))
    return [block[start:end] for start, end in pairwise(cuts)]


def _pair_equal(left: _Side, right: _Side) -> None:
    """Pair equal units, the k-th occurrence with the k-th, so that repeats cost no more."""
    left.mate, right.mate = by_occurrence(left.key, right.key)


class _Candidate(NamedTuple):
    """Unit ``i`` of the left and ``j`` of the right share word pairs."""

    dice: float
    i: int
    j: int
    contained: float


def _pair_similar(left: _Side, right: _Side) -> list[_Candidate]:
    """Pair the units left over whose wording is close, best first; return all that share much."""
    free_a = [i for i, mate in enumerate(left.mate) if mate < 0]
    free_b = [j for j, mate in enumerate(right.mate) if mate < 0]
    if not free_a or not free_b:
        return []
    # A shared word points from the last block that has it on one side to the last on the other.
    owners_a, owners_b = _owners(left, free_a), _owners(right, free_b)
    suspects = Counter((owners_a[word], owners_b[word]) for word in owners_a.keys() & owners_b.keys())
    likely = {pair for pair, count in suspects.items() if count >= _MIN_SUSPECTED}
    likely.update(_facing(left, right))
    candidates = []
    for i, j in likely:
        one, two = left.word_pairs(i), right.word_pairs(j)
        if one and two:
            shared = len(one & two)
            dice, contained = 2 * shared / (len(one) + len(two)), shared / min(len(one), len(two))
            if dice >= _MIN_DICE or contained >= _MIN_CONTAINED:
                candidates.append(_Candidate(dice, i, j, contained))
    # Best first; then the one nearest to its place, then by position: a total order.
    candidates.sort(key=lambda c: (-c.dice, abs(c.i - c.j), c.i, c.j))
    for candidate in candidates:
        if candidate.dice >= _MIN_DICE and left.mate[candidate.i] < 0 and right.mate[candidate.j] < 0:
            left.mate[candidate.i], right.mate[candidate.j] = candidate.j, candidate.i
    return candidates


def _owners(side: _Side, units: list[int]) -> dict[str, int]:
    """For each word the last of these units that has it."""
    owners: dict[str, int] = {}
    for unit in units:
        owners.update(dict.fromkeys(side.words(unit), unit))
    return owners


def _facing(left: _Side, right: _Side) -> Iterator[tuple[int, int]]:
    """Free units at the same distance behind or before a pair, nothing but free units between."""
    for step in (1, -1):
        mate = -2 if step > 0 else len(right.mate)  # the ends of the texts face each other
        for i in range(len(left.mate))[::step]:
            if left.mate[i] >= 0:
                mate = left.mate[i]
            elif mate >= 0:
                mate += step
                if mate < 0 or mate == len(right.mate) or right.mate[mate] >= 0:
                    mate = -2
                else:
                    yield i, mate


def _order(left: _Side, right: _Side) -> tuple[list[int], list[int]]:
    """Split the paired left units into in place and moved; unpair what is too slight for a move."""
    paired = [i for i, mate in enumerate(left.mate) if mate >= 0]
    mates = [left.mate[i] for i in paired]
    if all(j < k for j, k in pairwise(mates)):
        chain = set(range(len(paired)))
    else:
        weights = [1 + min(len(left.key[i]), len(right.key[j])) for i, j in zip(paired, mates, strict=True)]
        chain = set(heaviest_chain(mates, weights))
    moved = [i for n, i in enumerate(paired) if n not in chain]
    if moved:
        counts = Counter(left.key) + Counter(right.key)
        kept = []
        for i in moved:
            j = left.mate[i]
            key = left.key[i]
            if key == right.key[j]:
                moves = len(key) >= _MIN_REPEATED or counts[key] == 2
            else:
                one, two = left.word_pairs(i), right.word_pairs(j)
                shared = len(one & two)
                moves = shared >= _MIN_MOVED_PAIRS and 2 * shared >= _MIN_MOVED_DICE * (len(one) + len(two))
            if moves:
                kept.append(i)
            else:
                left.mate[i] = right.mate[j] = -1
        moved = kept
    in_place = [i for n, i in enumerate(paired) if n in chain]
    return _extend(left, right, in_place), moved


def _extend(left: _Side, right: _Side, in_place: list[int]) -> list[int]:
    """Pair equal free units that stand right behind or before a pair in place."""
    added = []
    for step, start in ((1, in_place), (-1, reversed(in_place))):
        for i in start:
            j = left.mate[i]
            i, j = i + step, j + step
            while (
                0 < i < len(left.key)
                and 0 < j < len(right.key)
                and left.mate[i] < 0
                and right.mate[j] < 0
                and left.key[i] == right.key[j]
            ):
                left.mate[i], right.mate[j] = j, i
                added.append(i)
                i, j = i + step, j + step
    return sorted(in_place + added) if added else in_place


def _groups(
    left: _Side, right: _Side, in_place: list[int], candidates: list[_Candidate]
) -> Iterator[tuple[int, int, int, int]]:
    """Ranges of units that are compared with each other: a pair in place, with parts it was cut into."""
    spare_a: dict[int, set[int]] = {}
    spare_b: dict[int, set[int]] = {}
    for candidate in candidates:
        if candidate.contained >= _MIN_CONTAINED:
            if left.mate[candidate.i] < 0:
                spare_b.setdefault(candidate.j, set()).add(candidate.i)
            if right.mate[candidate.j] < 0:
                spare_a.setdefault(candidate.i, set()).add(candidate.j)
    next_i = next_j = 0  # a unit joins one group only
    for i in in_place:
        j = left.mate[i]
        low_i, high_i, low_j, high_j = i, i + 1, j, j + 1
        parts_i, parts_j = spare_b.get(j, ()), spare_a.get(i, ())
        while low_i > next_i and low_i - 1 in parts_i:
            low_i -= 1
        while high_i in parts_i:
            high_i += 1
        while low_j > next_j and low_j - 1 in parts_j:
            low_j -= 1
        while high_j in parts_j:
            high_j += 1
        next_i, next_j = high_i, high_j
        yield low_i, high_i, low_j, high_j


def _group_matches(
    left: _Side, right: _Side, low_i: int, high_i: int, low_j: int, high_j: int
) -> list[Match]:
    a, b = left.start[low_i], right.start[low_j]
    if high_i - low_i == 1 and high_j - low_j == 1 and left.key[low_i] == right.key[low_j]:
        size = common_prefix(left.raw[low_i], right.raw[low_j])
        return [Match(a, b, size, MAX_ISLAND + 1)]
    one, two = _stretch(left, low_i, high_i), _stretch(right, low_j, high_j)
    # Empty matches at both ends keep these changes apart from those of the neighbours.
    return [Match(a, b, 0, 0), *word_matches(one, two), Match(one.end, two.end, 0, 0)]


def _moves(left: _Side, right: _Side, moved: list[int]) -> list[Move]:
    """Join neighbouring units that moved together; in the order of the right text."""
    moves = []
    moved = sorted(moved, key=left.mate.__getitem__)
    n = 0
    while n < len(moved):
        first = n
        n += 1
        while (
            n < len(moved)
            and moved[n] == moved[n - 1] + 1
            and left.mate[moved[n]] == left.mate[moved[n - 1]] + 1
        ):
            n += 1
        i, j = moved[n - 1], left.mate[moved[n - 1]]
        a_start, b_start = left.start[moved[first]], right.start[left.mate[moved[first]]]
        a_end, b_end = left.start[i] + len(left.key[i]), right.start[j] + len(right.key[j])
        if left.text[a_end : left.start[i + 1]] == right.text[b_end : right.start[j + 1]]:
            a_end, b_end = left.start[i + 1], right.start[j + 1]
        edits: tuple[Operation, ...] = ()
        if left.text[a_start:a_end] != right.text[b_start:b_end]:
            matches: list[Match] = []
            for unit in moved[first:n]:
                mate = left.mate[unit]
                matches += _group_matches(left, right, unit, unit + 1, mate, mate + 1)
            # Only the last match may reach into the white space behind the move.
            matches = [
                match._replace(size=min(match.size, a_end - match.a, b_end - match.b))
                for match in matches
                if match.a < a_end and match.b < b_end
            ]
            edits = write_operations(left.text, right.text, a_start, a_end, b_start, b_end, matches, [])
        moves.append(Move(a_start, a_end, b_start, b_end, edits))
    return moves


def _stretch(side: _Side, low: int, high: int) -> Words:
    words = [word for unit in range(low, high) for word in side.words(unit)]
    return Words(side.text, side.start[low], side.start[high], words)
