"""The difference of two texts, as operations a person can read and a program can apply.

``diff(a, b)`` aligns blocks first (paragraphs; sentences where a paragraph is not found whole on the other
side, so that split and merged paragraphs align too), then words inside the blocks that were edited. It is
lossless for every text: ``diff(a, b).apply(a) == b``, white space and line ends included.

How blocks are aligned: equal ones are paired by occurrence, the rest by shared word pairs (Dice coefficient
of word bigrams). The heaviest increasing chain of pairs stays in place (patience diff, with characters as
weights); a pair outside it has moved. Words are aligned folded and without their punctuation, by the
bit-parallel LCS of rapidfuzz (Hyyrö 2004); short matches between two longer changes are joined with them
("semantic cleanup", N. Fraser, *Diff Strategies*, 2006). Time is near n log n in the length of the texts;
where words would need a table above a fixed size, unique word triples serve as anchors and what lies between
them is replaced.

JSON schema of ``Diff.as_json()``, the ``operations`` of ``diffs.jsonl``: a list of objects. Offsets count
characters (Unicode code points) of ``a``, half-open.

- ``{"op": "base", "length": n, "hash": "…"}``, always first: length in characters of ``a`` and xxh64 (seed 0)
  of its UTF-8 as 16 hexadecimal digits. It produces no text.
- ``{"op": "equal", "a": [s, e]}``: ``a[s:e]``, in place.
- ``{"op": "replace", "a": [s, e], "text": t}``: ``t`` instead of ``a[s:e]``.
- ``{"op": "insert", "a": [s, s], "text": t}``: ``t``, standing where ``a[s:s]`` was.
- ``{"op": "delete", "a": [s, e]}``: nothing instead of ``a[s:e]``.
- ``{"op": "move", "a": [s, e]}``: ``a[s:e]``, which stood elsewhere. If it was edited too, ``"edits"`` holds
  the equal, replace, insert and delete operations that make the new text from ``a[s:e]``.

The operations stand in the order of ``b``: what they produce, concatenated, is ``b``. Their ranges cover each
character of ``a`` exactly once; moves aside, they ascend.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self, cast

from dedup.errors import DiffError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

__all__ = ["Diff", "Operation", "diff"]

Op = Literal["equal", "replace", "insert", "delete", "move"]

# Line ends as str.splitlines knows them.
_LINE_ENDS: Final = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_ENDS = r"\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
# A paragraph, the white space after it, and the indent of the next: nothing is lost between two.
_PARAGRAPH = re.compile(rf"\S[^{_ENDS}]*\s*")
# The end of a sentence. It looks at its own surroundings only, so that equal sentences are cut alike wherever
# they stand; three letters before the full stop spare most abbreviations.
_SENTENCE = re.compile(
    r"[.!?。！？](?:(?<=\w\w\w.)[\"”’»)\]]*\s+(?=[^a-z\s])|(?<=[。！？])[」』”]*\s*(?=\S))"
)
# What is no word: controls, white space, punctuation. Listed rather than \W, which would take combining marks
# too; a class without categories and astral characters compiles to one table look-up, three times as fast.
_GAP = (
    r"\x00-/:-@\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\u1680\u2000-\u206f\u3000-\u3004\u3007-\u3020\u3030"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
# Scripts written without spaces: a character is a word. Thai, Lao, Myanmar, Khmer, kana, Han.
_DENSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD_PATTERN = rf"(?:\d+(?:[.,:]\d+)+|[{_DENSE}]|[^{_GAP}{_DENSE}]+)"
_WORD = re.compile(_WORD_PATTERN)
_TOKEN = re.compile(rf"{_WORD_PATTERN}[{_GAP}]*")
_LEAD = re.compile(rf"[{_GAP}]*")
_TRAIL = re.compile(rf"[{_GAP}]+\Z")

_MIN_CUT: Final = 40  # characters of a paragraph worth cutting into sentences
_MIN_DICE: Final = 0.3  # of word bigrams: about half of the words, in order
_MIN_MOVED_DICE: Final = 0.5  # an edited block that also moved needs more evidence
_MIN_MOVED_PAIRS: Final = 6
_MIN_CONTAINED: Final = 0.6  # a part of a split sentence in the whole of it
_MIN_REPEATED: Final = 20  # characters of a block that recurs in one text and may still be called moved
_MIN_SUSPECTED: Final = 3  # words that call for a closer look
_MAX_CELLS: Final = 40_000_000  # of one LCS table; 5 MB as bits, 20 ms
_MAX_ISLAND: Final = 3  # words of a match that may be joined with the changes around it


@dataclass(frozen=True, slots=True)
class Operation:
    """One step from ``a`` to ``b``; the module's docstring has the schema.

    Attributes:
        op: equal, replace, insert, delete or move.
        start: First character of ``a`` it is about.
        end: Behind the last one; equal to start for an insert.
        text: What a replace or an insert puts there.
        edits: For a move that was edited too: the operations inside it, else empty.
    """

    op: Op
    start: int
    end: int
    text: str = ""
    edits: tuple[Operation, ...] = ()


class _Match(NamedTuple):
    """``a[a:a + size] == b[b:b + size]``, holding this many whole words."""

    a: int
    b: int
    size: int
    words: int


class _Move(NamedTuple):
    """``b[b_start:b_end]`` comes from ``a[a_start:a_end]``, where it stood in another place."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    edits: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the rendered diff.

    Attributes:
        kind: same, edited, dropped, added, moved_away or moved_here.
        pieces: (equal, delete or insert; text), in order, without the line's end unless that changed.
        move: Number of the move, from 1, or 0.
        paragraph: For a moved row: 1-based paragraph where the other end of the move starts.
    """

    kind: Literal["same", "edited", "dropped", "added", "moved_away", "moved_here"]
    pieces: tuple[tuple[str, str], ...]
    move: int = 0
    paragraph: int = 0


@dataclass(frozen=True, slots=True)
class Diff:
    """How to make another text from ``base``. Made by ``diff`` or ``Diff.from_json``.

    Attributes:
        operations: In the order of the text they make; see the module's docstring.
        base: The text they start from.
    """

    operations: tuple[Operation, ...]
    base: str = field(repr=False)

    def apply(self, text: str) -> str:
        """Make the other text.

        Raises:
            DiffError: ``text`` is not the one this diff was made from.
        """
        if text != self.base:
            raise DiffError(
                f"diff was made from another text: {len(self.base)} characters, hash {_digest(self.base)}; "
                f"this one has {len(text)}, hash {_digest(text)}"
            )
        return "".join(_produced(self.operations, text))

    def as_json(self) -> list[dict[str, Any]]:
        """The operations as JSON-able objects, the header first; the module's docstring has the schema."""
        header = {"op": "base", "length": len(self.base), "hash": _digest(self.base)}
        return [header, *map(_operation_json, self.operations)]

    @classmethod
    def from_json(cls, operations: Sequence[dict[str, Any]], base: str) -> Self:
        """Read what ``as_json`` gave, with the text it was made from.

        Raises:
            DiffError: ``base`` is another text, or the operations don't follow the schema.
        """
        header = operations[0] if operations else {}
        if not isinstance(header, dict) or header.get("op") != "base":
            raise DiffError(
                "operations of a diff start with its base: {'op': 'base', 'length': …, 'hash': …}"
            )
        if header.get("length") != len(base) or header.get("hash") != _digest(base):
            raise DiffError(
                f"diff was made from another text: {header.get('length')} characters, "
                f"hash {header.get('hash')}; this one has {len(base)}, hash {_digest(base)}"
            )
        return cls(tuple(_operation(item, 0, len(base)) for item in operations[1:]), base)

    @property
    def changed(self) -> bool:
        """Whether the two texts differ."""
        return any(operation.op != "equal" for operation in self.operations)

    @property
    def words_added(self) -> int:
        """Words of the other text that the base lacks."""
        return sum(_count(operation.text) for operation in _flat(self.operations))

    @property
    def words_dropped(self) -> int:
        """Words of the base that the other text lacks."""
        return self._words(_flat(self.operations), ("replace", "delete"))

    @property
    def words_moved(self) -> int:
        """Words of the base that stand elsewhere in the other text."""
        moves = (edit for move in self.operations if move.op == "move" for edit in move.edits or (move,))
        return self._words(moves, ("equal", "move"))

    @property
    def words_kept(self) -> int:
        """Words of the base that are in the other text, moved or not."""
        return self._words(_flat(self.operations), ("equal", "move"))

    @property
    def kept_share(self) -> float:
        """Share of the base's words that are in the other text, 0..1; 1 for a base without words."""
        kept = self.words_kept
        total = kept + self.words_dropped
        return kept / total if total else 1.0

    def _words(self, operations: Iterable[Operation], ops: tuple[str, ...]) -> int:
        return sum(_count(self.base[item.start : item.end]) for item in operations if item.op in ops)

    def rows(self) -> list[Row]:
        """The diff as lines to show: those of the other text, with dropped ones where they stood."""
        return _rows(self.operations, self.base)

    def unified(self, from_name: str, to_name: str, *, context: int = 1, color: bool = False) -> str:
        """The diff as text, like ``diff -u`` on paragraphs, with the words marked inside edited ones.

        A line starts with a blank (same), ``-`` (dropped), ``+`` (added), ``~`` (edited: ``[-old-]{+new+}``),
        ``<`` (moved away) or ``>`` (moved here). Control characters are shown escaped, so that a text cannot
        drive the terminal.

        Args:
            from_name: Name of the base, for the header.
            to_name: Name of the other text.
            context: Unchanged paragraphs shown around a change.
            color: Colour by ANSI codes.

        Returns:
            Lines, each with its newline; empty if the texts are equal.
        """
        rows = self.rows()
        shown = _near_changes(rows, context)
        if not shown:
            return ""
        style = _ANSI if color else dict.fromkeys(_ANSI, "")
        reset = style["reset"]
        lines = [f"--- {_visible(from_name)}", f"+++ {_visible(to_name)}"]
        previous = -1
        for number in shown:
            row = rows[number]
            if number != previous + 1:
                lines.append(f"{style['note']}@@ {number - previous - 1} unchanged @@{reset}")
            previous = number
            if row.move and (
                number == 0 or (rows[number - 1].kind, rows[number - 1].move) != (row.kind, row.move)
            ):
                way = "from" if row.kind == "moved_here" else "to"
                lines.append(f"{style['note']}@@ moved {way} paragraph {row.paragraph} @@{reset}")
            marked = row.kind in ("edited", "moved_here")
            body = "".join(_marked(op, text, style) if marked else _visible(text) for op, text in row.pieces)
            colour = style[row.kind]
            sign = _SIGNS[row.kind]
            if marked:  # the pieces have colours of their own
                lines.append(f"{colour}{sign}{reset}{body}")
            else:
                lines.append(f"{colour}{sign}{body}{reset if colour else ''}")
        if previous + 1 < len(rows):
            lines.append(f"{style['note']}@@ {len(rows) - previous - 1} unchanged @@{reset}")
        return "\n".join(lines) + "\n"

    def html(self, *, side_by_side: bool = False) -> str:
        """The diff as an HTML fragment: every text escaped, ``<ins>`` and ``<del>``, classes and no styles.

        Rows have the class ``diff-`` and their kind (same, edited, dropped, added, moved_away, moved_here);
        both ends of a move carry the same ``data-move`` number.

        Args:
            side_by_side: A table of two columns, base and other text, instead of paragraphs.
        """
        rows = self.rows()
        if not side_by_side:
            ops = ("equal", "delete", "insert")
            body = "\n".join(
                f'<p class="diff-{row.kind}"{_move_data(row)}>{_note(row)}{_pieces_html(row, ops)}</p>'
                for row in rows
            )
            return f'<div class="diff">\n{body}\n</div>'
        lines: list[str] = []
        number = 0
        while number < len(rows):
            dropped = _run(rows, number, "dropped")
            added = _run(rows, number + dropped, "added")
            if dropped and added:  # what replaces each other stands side by side
                for k in range(max(dropped, added)):
                    left = rows[number + k] if k < dropped else None
                    right = rows[number + dropped + k] if k < added else None
                    lines.append(_table_row(left, right))
                number += dropped + added
                continue
            row = rows[number]
            left = None if row.kind in ("added", "moved_here") else row
            right = None if row.kind in ("dropped", "moved_away") else row
            lines.append(_table_row(left, right))
            number += 1
        return '<table class="diff">\n<tbody>\n' + "\n".join(lines) + "\n</tbody>\n</table>"


def diff(a: str, b: str) -> Diff:
    """Find how ``b`` differs from ``a``; lossless for every text, in time near n log n.

    Args:
        a: The base, for a family its canonical version.
        b: The other text.

    Returns:
        The operations; ``diff(a, b).apply(a) == b``.
    """
    if a == b:
        return Diff((Operation("equal", 0, len(a)),) if a else (), a)
    left, right = _cut(a, b)
    _pair_equal(left, right)
    candidates = _pair_similar(left, right)
    in_place, moved = _order(left, right)
    matches: list[_Match] = []
    for group in _groups(left, right, in_place, candidates):
        matches += _group_matches(left, right, *group)
    return Diff(_operations(a, b, 0, len(a), 0, len(b), matches, _moves(left, right, moved)), a)


# Blocks


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
            words = self._words[unit] = _WORD.findall(self.key[unit].lower())
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
    blocks_a, blocks_b = _PARAGRAPH.findall(a), _PARAGRAPH.findall(b)
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
    cuts = [0, *(found.end() for found in _SENTENCE.finditer(block))]
    if cuts[-1] != len(block):
        cuts.append(len(block))
    return [block[start:end] for start, end in pairwise(cuts)]


def _pair_equal(left: _Side, right: _Side) -> None:
    """Pair equal units, the k-th occurrence with the k-th, so that repeats cost no more."""
    left.mate, right.mate = _by_occurrence(left.key, right.key)


def _by_occurrence(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """For each item of ``a`` and of ``b`` the index of its like, k-th occurrence with k-th, or -1."""
    places: dict[Hashable, list[int]] = {}
    for i, item in enumerate(a):
        places.setdefault(item, []).append(i)
    queues = {item: iter(found) for item, found in places.items()}
    mates_a, mates_b = [-1] * len(a), [-1] * len(b)
    for j, item in enumerate(b):
        queue = queues.get(item)
        if queue is not None and (i := next(queue, -1)) >= 0:
            mates_a[i], mates_b[j] = j, i
    return mates_a, mates_b


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
        chain = set(_heaviest_chain(mates, weights))
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


def _heaviest_chain(values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Indices of the increasing subsequence of ``values`` with the greatest weight; weights are positive.

    A staircase of ends (value, best weight of a chain ending there), both increasing; each value enters and
    leaves it once.
    """
    ends: list[int] = []
    best: list[int] = []
    last: list[int] = []
    before = [-1] * len(values)
    for n, (value, weight) in enumerate(zip(values, weights, strict=True)):
        place = bisect_left(ends, value)
        total = weight
        if place:
            before[n] = last[place - 1]
            total += best[place - 1]
        stop = place
        while stop < len(best) and best[stop] <= total:
            stop += 1
        ends[place:stop] = [value]
        best[place:stop] = [total]
        last[place:stop] = [n]
    chain = []
    n = last[-1] if last else -1
    while n >= 0:
        chain.append(n)
        n = before[n]
    return chain[::-1]


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
) -> list[_Match]:
    a, b = left.start[low_i], right.start[low_j]
    if high_i - low_i == 1 and high_j - low_j == 1 and left.key[low_i] == right.key[low_j]:
        size = _common_prefix(left.raw[low_i], right.raw[low_j])
        return [_Match(a, b, size, _MAX_ISLAND + 1)]
    one, two = _words(left, low_i, high_i), _words(right, low_j, high_j)
    # Empty matches at both ends keep these changes apart from those of the neighbours.
    return [_Match(a, b, 0, 0), *_word_matches(one, two), _Match(one.end, two.end, 0, 0)]


def _moves(left: _Side, right: _Side, moved: list[int]) -> list[_Move]:
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
            matches: list[_Match] = []
            for unit in moved[first:n]:
                mate = left.mate[unit]
                matches += _group_matches(left, right, unit, unit + 1, mate, mate + 1)
            # Only the last match may reach into the white space behind the move.
            matches = [
                match._replace(size=min(match.size, a_end - match.a, b_end - match.b))
                for match in matches
                if match.a < a_end and match.b < b_end
            ]
            edits = _operations(left.text, right.text, a_start, a_end, b_start, b_end, matches, [])
        moves.append(_Move(a_start, a_end, b_start, b_end, edits))
    return moves


# Words


class _Words:
    """The tokens of a stretch of text: a word and what follows it up to the next.

    Attributes:
        text: The whole text.
        start: Where the stretch starts.
        end: Where it ends.
        words: The folded words, the first one empty.
        tokens: The raw tokens, the first one what precedes the first word; joined, they are the stretch.
        starts: Offset of each token, and the end.
    """

    __slots__ = ("end", "start", "starts", "text", "tokens", "words")

    def __init__(self, text: str, start: int, end: int, words: list[str]) -> None:
        self.text, self.start, self.end = text, start, end
        stretch = text[start:end]
        lead = _LEAD.match(stretch).group()  # type: ignore[union-attr]
        self.tokens = [lead, *_TOKEN.findall(stretch, len(lead))]
        if len(words) != len(self.tokens) - 1:  # lower() has made a word's edge of a letter: none known does
            words = [_word(token).lower() for token in self.tokens[1:]]
        self.words = ["", *words]
        self.starts = [*accumulate(map(len, self.tokens), initial=start)]


def _words(side: _Side, low: int, high: int) -> _Words:
    words = [word for unit in range(low, high) for word in side.words(unit)]
    return _Words(side.text, side.start[low], side.start[high], words)


def _word_matches(one: _Words, two: _Words) -> Iterator[_Match]:
    """Matches of two stretches by words, ascending in both.

    Words are aligned folded, so that punctuation and case decide nothing and show as small changes.
    """
    # A number for each word; which one is of no matter.
    ids = dict(zip([*one.words, *two.words], range(len(one.words) + len(two.words)), strict=True))
    ids_a, ids_b = [*map(ids.__getitem__, one.words)], [*map(ids.__getitem__, two.words)]
    matches: list[_Match] = []
    for i, j, size in _align(ids_a, ids_b):
        first = 0
        if one.tokens[i : i + size] != two.tokens[j : j + size]:
            for k in range(size):
                old, new = one.tokens[i + k], two.tokens[j + k]
                if old != new:
                    if first < k:
                        matches.append(_token_run(one, two, i + first, j + first, k - first))
                    matches += _token_matches(old, one.starts[i + k], new, two.starts[j + k])
                    first = k + 1
        if first < size:
            matches.append(_token_run(one, two, i + first, j + first, size - first))
    return _trim(one, two, _without_islands(one, two, matches))


def _token_run(one: _Words, two: _Words, i: int, j: int, size: int) -> _Match:
    start = one.starts[i]
    return _Match(start, two.starts[j], one.starts[i + size] - start, size - (i == 0))


def _word(token: str) -> str:
    found = _WORD.match(token)
    return found.group() if found else ""


def _token_matches(one: str, a: int, two: str, b: int) -> Iterator[_Match]:
    """What two tokens of the same folded word share: the word unless its case differs, the rest's ends."""
    word, other = _word(one), _word(two)
    rest_a, rest_b = one[len(word) :], two[len(other) :]
    prefix = _common_prefix(rest_a, rest_b)
    suffix = _common_prefix(rest_a[prefix:][::-1], rest_b[prefix:][::-1])
    if word == other:
        if word or prefix:
            yield _Match(a, b, len(word) + prefix, int(bool(word)))
    elif prefix:
        yield _Match(a + len(word), b + len(other), prefix, 0)
    if suffix:
        yield _Match(a + len(one) - suffix, b + len(two) - suffix, suffix, 0)


def _align(a: list[int], b: list[int]) -> list[tuple[int, int, int]]:
    """Runs (i, j, size) with ``a[i:i + size] == b[j:j + size]``, ascending; the longest if affordable."""
    if len(a) * len(b) <= _MAX_CELLS:
        return _longest(a, b, 0, len(a), 0, len(b))
    runs: list[tuple[int, int, int]] = []
    i = j = 0
    for next_i, next_j in [*_anchors(a, b), (len(a), len(b))]:
        if next_i < i or next_j < j:
            continue  # inside the run of the anchor before
        size = 0
        while i + size < len(a) and j + size < len(b) and a[i + size] == b[j + size]:
            size += 1
        if size:
            runs.append((i, j, size))
            i, j = i + size, j + size
        if next_i < i or next_j < j:
            continue
        size = 0
        while next_i - size > i and next_j - size > j and a[next_i - size - 1] == b[next_j - size - 1]:
            size += 1
        if (next_i - size - i) * (next_j - size - j) <= _MAX_CELLS:
            runs += _longest(a, b, i, next_i - size, j, next_j - size)
        if size:
            runs.append((next_i - size, next_j - size, size))
        i, j = next_i, next_j
    return runs


def _longest(
    a: list[int], b: list[int], a_start: int, a_end: int, b_start: int, b_end: int
) -> list[tuple[int, int, int]]:
    if a_start == a_end or b_start == b_end:
        return []
    from rapidfuzz.distance import Indel

    blocks = Indel.opcodes(a[a_start:a_end], b[b_start:b_end]).as_matching_blocks()
    return [(a_start + block.a, b_start + block.b, block.size) for block in blocks if block.size]


def _anchors(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """Places that surely belong together: triples found once in each, in order; else equal items."""
    once_a = _once([*zip(a, a[1:], a[2:], strict=False)])
    once_b = _once([*zip(b, b[1:], b[2:], strict=False)]) if once_a else {}
    pairs = [(i, once_b[triple]) for triple, i in once_a.items() if triple in once_b]
    if not pairs:
        pairs = [(i, j) for i, j in enumerate(_by_occurrence(a, b)[0]) if j >= 0]
    chain = _heaviest_chain([j for _, j in pairs], [1] * len(pairs))
    return [pairs[n] for n in chain]


def _once(items: Sequence[Hashable]) -> dict[Hashable, int]:
    """Where the items stand that stand once."""
    last = {item: i for i, item in enumerate(items)}
    if len(last) == len(items):
        return last
    counts = Counter(items)
    return {item: i for item, i in last.items() if counts[item] == 1}


def _without_islands(one: _Words, two: _Words, matches: list[_Match]) -> list[_Match]:
    """Join short matches with the changes around them, until none is shorter than both."""
    kept: list[_Match] = []
    for match in [
        *_joined(matches),
        _Match(one.end, two.end, 0, _MAX_ISLAND + 1),
    ]:
        while kept and kept[-1].words <= _MAX_ISLAND:
            island = kept[-1]
            previous = kept[-2] if len(kept) > 1 else _Match(one.start, two.start, 0, 0)
            before = max(island.a - previous.a - previous.size, island.b - previous.b - previous.size)
            behind = max(match.a - island.a - island.size, match.b - island.b - island.size)
            if not before or not behind or (island.words and island.size > min(before, behind)):
                break
            kept.pop()
        kept.append(match)
    return kept[:-1]


def _joined(matches: Iterable[_Match]) -> Iterator[_Match]:
    """Join matches that touch in both texts."""
    last: _Match | None = None
    for match in matches:
        if last and last.a + last.size == match.a and last.b + last.size == match.b:
            last = _Match(last.a, last.b, last.size + match.size, last.words + match.words)
            continue
        if last:
            yield last
        last = match
    if last:
        yield last


def _trim(one: _Words, two: _Words, matches: list[_Match]) -> Iterator[_Match]:
    """Take from both ends of each change what it keeps: punctuation, white space, much of a long word."""
    i, j = one.start, two.start
    for match in [*matches, _Match(one.end, two.end, 0, 0)]:
        old, new = one.text[i : match.a], two.text[j : match.b]
        if old and new:
            suffix = _kept(old[::-1], new[::-1])
            prefix = _kept(old[: len(old) - suffix], new[: len(new) - suffix])
            if prefix:
                yield _Match(i, j, prefix, 0)
            if suffix:
                yield _Match(match.a - suffix, match.b - suffix, suffix, 0)
        if match.size:
            yield match
        i, j = match.a + match.size, match.b + match.size


def _kept(one: str, two: str) -> int:
    """Length of the common start that reads well as kept."""
    common = _common_prefix(one, two)
    return common if common > 100 else len(_LEAD.match(one, 0, common).group())  # type: ignore[union-attr]


def _common_prefix(one: str, two: str) -> int:
    """Length of the common prefix, by bisection on slices: compared in C."""
    low, high = 0, min(len(one), len(two))
    if one[:high] == two[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


# Operations


def _operations(
    a: str,
    b: str,
    a_start: int,
    a_end: int,
    b_start: int,
    b_end: int,
    matches: Iterable[_Match],
    moves: list[_Move],
) -> tuple[Operation, ...]:
    """Write matches (ascending) and moves (ascending in b, each between two matches) as operations."""
    operations: list[Operation] = []
    sources = sorted(move[:2] for move in moves)
    source = target = 0
    kept, i, j = a_start, a_start, b_start  # base[kept:i] is equal and not yet written
    for match in [*matches, _Match(a_end, b_end, 0, 0)]:
        if i < match.a or j < match.b:
            if kept < i:
                operations.append(Operation("equal", kept, i))
            kept = match.a
            first_source, first_target = source, target
            while source < len(sources) and sources[source][0] < match.a:
                source += 1
            while target < len(moves) and moves[target].b_start < match.b:
                target += 1
            if source == first_source and target == first_target:
                _change(operations, i, match.a, b[j : match.b])
            else:
                left, here = sources[first_source:source], moves[first_target:target]
                _change_around(operations, b, i, match.a, j, match.b, left, here)
        i, j = match.a + match.size, match.b + match.size
    if kept < i:
        operations.append(Operation("equal", kept, i))
    return tuple(operations)


def _change(operations: list[Operation], start: int, end: int, text: str) -> None:
    if start < end and text:
        operations.append(Operation("replace", start, end, text))
    elif start < end:
        operations.append(Operation("delete", start, end))
    elif text:
        operations.append(Operation("insert", start, start, text))


def _change_around(
    operations: list[Operation],
    b: str,
    a_start: int,
    a_end: int,
    b_start: int,
    b_end: int,
    sources: list[tuple[int, int]],
    moves: list[_Move],
) -> None:
    """A change between two matches that has parts which moved away (``sources``) or here (``moves``)."""
    old = []
    for start, end in [*sources, (a_end, a_end)]:
        if a_start < start:
            old.append((a_start, start))
        a_start = end
    at = old[0][0] if old else a_start
    # The k-th dropped stretch gives its place to the k-th new one.
    queue = iter(old)
    for move in [*moves, None]:
        text = b[b_start : move.b_start if move else b_end]
        if text:
            start, end = next(queue, (at, at))
            _change(operations, start, end, text)
            at = end
        if move:
            operations.append(Operation("move", move.a_start, move.a_end, "", move.edits))
            b_start = move.b_end
    operations += [Operation("delete", *rest) for rest in queue]


def _flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    """The operations, an edited move as its edits."""
    for operation in operations:
        if operation.edits:
            yield from operation.edits
        else:
            yield operation


def _produced(operations: Iterable[Operation], base: str) -> Iterator[str]:
    for item in _flat(operations):
        yield base[item.start : item.end] if item.op in ("equal", "move") else item.text


def _count(text: str) -> int:
    return len(_WORD.findall(text)) if text else 0


def _digest(text: str) -> str:
    from xxhash import xxh64_hexdigest

    return xxh64_hexdigest(text.encode("utf-8", "surrogatepass"))


def _operation_json(operation: Operation) -> dict[str, Any]:
    item: dict[str, Any] = {"op": operation.op, "a": [operation.start, operation.end]}
    if operation.text:
        item["text"] = operation.text
    if operation.edits:
        item["edits"] = [*map(_operation_json, operation.edits)]
    return item


def _operation(item: dict[str, Any], low: int, high: int, *, nested: bool = False) -> Operation:
    """Read one operation whose range must lie in ``low..high``."""
    try:
        op, (start, end), text, edits = item["op"], item["a"], item.get("text", ""), item.get("edits", ())
        ranged = low <= start <= end <= high and (start == end) == (op == "insert")
        written = isinstance(text, str) and bool(text) == (op in ("replace", "insert"))
        known = op in ("equal", "replace", "insert", "delete") or (op == "move" and not nested)
        if not (ranged and written and known) or (edits and op != "move"):
            raise ValueError
        inner = tuple(_operation(edit, start, end, nested=True) for edit in edits)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DiffError(
            f"not an operation within characters {low} to {high} of its text: {item!r:.200}"
        ) from error
    return Operation(cast("Op", op), int(start), int(end), text, inner)


# Rendering

_SIGNS: Final = {
    "same": " ",
    "edited": "~",
    "dropped": "-",
    "added": "+",
    "moved_away": "<",
    "moved_here": ">",
}
_ANSI: Final = {
    "same": "",
    "edited": "\x1b[33m",
    "dropped": "\x1b[31m",
    "added": "\x1b[32m",
    "moved_away": "\x1b[35m",
    "moved_here": "\x1b[35m",
    "delete": "\x1b[31m",
    "insert": "\x1b[32m",
    "note": "\x1b[36m",
    "reset": "\x1b[0m",
}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _rows(operations: tuple[Operation, ...], base: str) -> list[Row]:
    paragraphs_a = _line_starts(base)
    other = "".join(_produced(operations, base))
    paragraphs_b = _line_starts(other)
    targets: dict[int, tuple[int, int, int]] = {}  # start in a → number, end in a, start in b
    at = number = 0
    for item in operations:
        size = sum(map(len, _produced((item,), base)))
        if item.op == "move":
            number += 1
            targets[item.start] = (number, item.end, at)
        at += size
    rows: list[Row] = []
    line = _Line(rows)
    cursor = 0
    for step in (*operations, Operation("insert", len(base), len(base))):
        if step.op == "move":
            pieces = [piece for edit in _flat((step,)) for piece in _pieces(edit, base)]
            line.block("moved_here", pieces, targets[step.start][0], _paragraph(paragraphs_a, step.start))
            continue
        while cursor < step.start and cursor in targets:  # what moved away from here
            number, end, at = targets[cursor]
            line.block("moved_away", [("delete", base[cursor:end])], number, _paragraph(paragraphs_b, at))
            cursor = end
        for op, text in _pieces(step, base):
            line.add(op, text)
        cursor = max(cursor, step.end)
    line.close()
    return rows


def _pieces(item: Operation, base: str) -> Iterator[tuple[str, str]]:
    if item.op in ("equal", "move"):
        yield "equal", base[item.start : item.end]
        return
    if item.start < item.end:
        yield "delete", base[item.start : item.end]
    if item.text:
        yield "insert", item.text


class _Line:
    """Collects pieces of text and closes a row at each line end."""

    __slots__ = ("pieces", "rows")

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.pieces: list[tuple[str, str]] = []

    def add(self, op: str, text: str) -> None:
        for part in text.splitlines(keepends=True):
            self.pieces.append((op, part))
            if part[-1] in _LINE_ENDS:
                self.close()

    def block(
        self, kind: Literal["moved_away", "moved_here"], pieces: list[tuple[str, str]], move: int, to: int
    ) -> None:
        """Rows of their own for an end of a move."""
        self.close()
        inner: list[Row] = []
        line = _Line(inner)
        for op, text in pieces:
            line.add(op, text)
        line.close()
        self.rows += [Row(kind, row.pieces, move, to) for row in inner]

    def close(self) -> None:
        if not self.pieces:
            return
        last_op, last = self.pieces[-1]
        body = last.rstrip(_LINE_ENDS)
        whole = all(op == last_op for op, _ in self.pieces)
        # The line's end is shown only where it is itself the change.
        shown = [*self.pieces[:-1]]
        if body:
            shown.append((last_op, body))
        if not whole and last_op != "equal" and body != last:
            shown.append((last_op, "¶"))
        kind: Literal["same", "edited", "dropped", "added"] = "edited"
        if whole:
            kind = "same" if last_op == "equal" else "dropped" if last_op == "delete" else "added"
        self.rows.append(Row(kind, tuple(shown)))
        self.pieces = []


def _line_starts(text: str) -> list[int]:
    """Offsets of the paragraphs, blank lines not counted."""
    return [found.start() for found in _PARAGRAPH.finditer(text)]


def _paragraph(starts: list[int], offset: int) -> int:
    """1-based number of the paragraph an offset lies in."""
    return max(1, bisect_left(starts, offset + 1))


def _near_changes(rows: list[Row], context: int) -> list[int]:
    shown: set[int] = set()
    for number, row in enumerate(rows):
        if row.kind != "same":
            shown.update(range(max(0, number - context), min(len(rows), number + context + 1)))
    return sorted(shown)


def _visible(text: str) -> str:
    """The text with control characters, line ends and direction overrides escaped."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def _marked(op: str, text: str, style: dict[str, str]) -> str:
    if op == "equal":
        return _visible(text)
    opening, closing = ("[-", "-]") if op == "delete" else ("{+", "+}")
    return f"{style[op]}{opening}{_visible(text)}{closing}{style['reset']}"


def _run(rows: list[Row], start: int, kind: str) -> int:
    end = start
    while end < len(rows) and rows[end].kind == kind:
        end += 1
    return end - start


def _table_row(left: Row | None, right: Row | None) -> str:
    cells = []
    for row, ops in ((left, ("equal", "delete")), (right, ("equal", "insert"))):
        if row is None:
            cells.append("<td></td>")
        else:
            cells.append(
                f'<td class="diff-{row.kind}"{_move_data(row)}>{_note(row)}{_pieces_html(row, ops)}</td>'
            )
    return f"<tr>{''.join(cells)}</tr>"


def _move_data(row: Row) -> str:
    return f' data-move="{row.move}"' if row.move else ""


def _note(row: Row) -> str:
    if not row.move:
        return ""
    way = "from" if row.kind == "moved_here" else "to"
    return f'<span class="diff-note">moved {way} paragraph {row.paragraph}</span> '


def _pieces_html(row: Row, ops: tuple[str, ...]) -> str:
    tags = {"delete": "del", "insert": "ins"}
    parts = []
    for op, text in row.pieces:
        if op in ops:
            tag, escaped = tags.get(op), html.escape(text)
            parts.append(f"<{tag}>{escaped}</{tag}>" if tag else escaped)
    return "".join(parts)
