"""The loops of edits.py and operations.py in plain Python: oracle of the tests, path before compiling.

How a text is cut and aligned is told in :mod:`dedup.edits`; places are bytes throughout.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from xxhash import xxh64_hexdigest

from dedup.kernels.constants import (
    DELETE,
    EDGE_SHARE,
    EQUAL,
    INSERT,
    MAX_CELLS,
    MAX_ISLAND,
    MIN_MOVED,
    MIN_SHARED,
    MOVE,
    NESTED,
    OPERATIONS,
    REPLACE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["edit_pairs", "write_edits", "write_numbers"]


def edit_pairs(
    data_a: Any,
    offsets_a: Any,
    data_b: Any,
    offsets_b: Any,
    first: int,
    kinds: Any,
    fold: Any,
    rows: Any,
    stops: Any,
) -> int:
    """See :func:`dedup.kernels.edits.edit_pairs`."""
    written = 0
    for n in range(len(stops)):
        a, b = _slice(data_a, offsets_a, first + n), _slice(data_b, offsets_b, first + n)
        if written + len(a) + 2 * len(b) > len(rows):
            return first + n
        found = _edits(_read(a, kinds, fold), _read(b, kinds, fold))
        rows[written : written + len(found)] = np.array(found, np.int64).reshape(-1, 5)
        written += len(found)
        stops[n] = written
    return first + len(stops)


def write_edits(
    data_a: Any,
    offsets_a: Any,
    data_b: Any,
    offsets_b: Any,
    first: int,
    rows: Any,
    starts: Any,
    out: Any,
    ends: Any,
) -> int:
    """See :func:`dedup.kernels.operations.write_edits`."""
    written = 0
    for n in range(len(ends)):
        a, b = _slice(data_a, offsets_a, first + n), _slice(data_b, offsets_b, first + n)
        places = np.concatenate([[0], np.cumsum(np.frombuffer(a, np.uint8) & 0xC0 != 0x80)])
        operations: list[dict[str, Any]] = [
            {"op": "base", "length": int(places[-1]), "hash": xxh64_hexdigest(a)}
        ]
        for kind, start, end, b_start, b_end in rows[starts[n] : starts[n + 1]].tolist():
            operation = {"op": OPERATIONS[kind & ~NESTED], "a": _characters(places, start, end)}
            if kind & ~NESTED in (REPLACE, INSERT):
                operation["text"] = b[b_start:b_end].decode()
            if kind & NESTED:
                operations[-1].setdefault("edits", []).append(operation)
            else:
                operations.append(operation)
        line = orjson.dumps(operations)
        out[written : written + len(line)] = np.frombuffer(line, np.uint8)
        written += len(line)
        ends[n] = written
    return written


def write_numbers(values: Any, names: Any, sizes: Any, offsets: Any, out: Any, ends: Any) -> int:
    """See :func:`dedup.kernels.operations.write_numbers`."""
    parts = [name[:size].tobytes().decode() for name, size in zip(names, sizes, strict=True)]
    objects = ["".join(f"{part}{n}" for part, n in zip(parts, row, strict=True)) for row in values.tolist()]
    written = 0
    for n in range(len(ends)):
        line = f"[{','.join(o + '}' for o in objects[offsets[n] : offsets[n + 1]])}]".encode()
        out[written : written + len(line)] = np.frombuffer(line, np.uint8)
        written += len(line)
        ends[n] = written
    return written


def _characters(places: Any, start: int, end: int) -> list[int]:
    """Characters that begin before each byte."""
    return [int(places[start]), int(places[end])]


def _slice(data: Any, offsets: Any, p: int) -> bytes:
    return data[offsets[p] : offsets[p + 1]].tobytes()  # type: ignore[no-any-return]


# Patterns over the classes of a text's characters, a letter each; what has none (astral) is part of a word.
_WORD = re.compile(r"d|(?:[^dj.!eosgl](?:(?<=n)[j.](?=n))?)+")
_SPACE = re.compile(r".*[sl]")
_STOP = re.compile(r"[^sl]*[.!].*[sl]")
_OPENING = re.compile(r"o*$")


@dataclass(slots=True)
class _Side:
    """A text in pieces: an opening sign, a word, closing signs and white space. Piece 0 has no word.

    Attributes:
        data: Its UTF-8.
        cut: Where each piece begins, and the end of the text.
        start: Where the word of each begins.
        end: Where it ends.
        key: The folded words.
        weight: In half words: 0 for piece 0, 1 for a character of a script without spaces, else 2.
        first: First piece of each unit (sentence or line), and the number of pieces; unit 0 is piece 0.
        name: The folded words of each unit.
        mate: The unit of the other text each unit is paired with, or -1.
        match: The piece of the other text each piece is matched with, or -1.
    """

    data: bytes
    cut: list[int]
    start: list[int]
    end: list[int]
    key: list[str]
    weight: list[int]
    first: list[int]
    name: list[tuple[str, ...]]
    mate: list[int]
    match: list[int]

    def pieces(self, unit: int) -> range:
        return range(self.first[unit], self.first[unit + 1])

    def load(self, unit: int) -> int:
        return sum(self.weight[piece] for piece in self.pieces(unit))


def _read(data: bytes, kinds: Any, fold: Any) -> _Side:
    text = data.decode("utf-8", "surrogatepass")
    classes = text.translate(kinds.tobytes().decode("latin-1"))
    places: Sequence[int] = (
        range(len(text) + 1)
        if text.isascii()
        else [*accumulate((len(c.encode("utf-8", "surrogatepass")) for c in text), initial=0)]
    )
    cut, start, end, key, weight, first = [0], [0], [0], [""], [0], [0]
    begun = ended = 0  # the word before
    for word in _WORD.finditer(classes):
        low, high = word.span()
        gap = classes[ended:low]
        space = _SPACE.match(gap)
        opening = ended + space.end() if space else low - len(_OPENING.findall(gap)[0])
        stops = _STOP.match(gap) and ended - begun >= 3 and not "a" <= text[low] <= "z"
        if stops or "l" in gap or "e" in gap or len(key) == 1:
            first.append(len(key))
        cut.append(places[opening])
        start.append(places[low])
        end.append(places[high])
        key.append("".join(chr(fold[ord(c)]) if ord(c) < len(fold) else c for c in text[low:high]))
        weight.append(1 if word.group() == "d" else 2)
        begun, ended = low, high
    cut.append(len(data))
    first.append(len(key))
    name = [tuple(key[i:j]) for i, j in pairwise(first)]
    return _Side(data, cut, start, end, key, weight, first, name, [-1] * len(name), [-1] * len(key))


# --- units


def _pair_equal(a: _Side, b: _Side) -> None:
    """From both ends, then the k-th occurrence with the k-th."""
    low, size = 0, min(len(a.name), len(b.name))
    while low < size and a.name[low] == b.name[low]:
        a.mate[low] = b.mate[low] = low
        low += 1
    high_a, high_b = len(a.name), len(b.name)
    while low < min(high_a, high_b) and a.name[high_a - 1] == b.name[high_b - 1]:
        high_a, high_b = high_a - 1, high_b - 1
        a.mate[high_a], b.mate[high_b] = high_b, high_a
    waiting: dict[tuple[str, ...], deque[int]] = defaultdict(deque)
    for i in range(low, high_a):
        waiting[a.name[i]].append(i)
    for j in range(low, high_b):
        if waiting[b.name[j]]:
            i = waiting[b.name[j]].popleft()
            a.mate[i], b.mate[j] = j, i


def _pair_similar(a: _Side, b: _Side) -> list[int]:
    """Pair units left over that keep half of their pairs of words; words kept, for each unit of ``a``."""
    kept = [0] * len(a.name)
    owner = {}
    for i, mate in enumerate(a.mate):
        if mate < 0:
            for pair in _word_pairs(a, i):
                owner[pair] = i
    for j, mate in enumerate(b.mate):
        if mate < 0:
            votes = Counter(owner[pair] for pair in _word_pairs(b, j) if pair in owner)
            shared, i = max(((count, -i) for i, count in votes.items()), default=(0, 0))
            words = len(a.pieces(-i)) + len(b.pieces(j))
            if shared >= MIN_SHARED and 4 * shared >= words and a.mate[-i] < 0:
                a.mate[-i], b.mate[j], kept[-i] = j, -i, shared
    return kept


def _word_pairs(side: _Side, unit: int) -> Iterator[tuple[str, str]]:
    return pairwise(["", *side.name[unit]])


def heaviest_chain(values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Indices of the increasing subsequence of distinct values with the greatest weight.

    Of equally heavy chains the one whose last value is the smallest, and so on before it. A staircase of ends
    (value, best weight of a chain ending there), both increasing; each value enters and leaves it once.
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
        ends[place:stop], best[place:stop], last[place:stop] = [value], [total], [n]
    chain = []
    n = last[-1] if last else -1
    while n >= 0:
        chain.append(n)
        n = before[n]
    return chain[::-1]


def _settle(a: _Side, b: _Side, kept: list[int]) -> tuple[set[int], list[tuple[int, int, int]]]:
    """Units of ``a`` that stay, and runs of units that moved (in a, in b, units) in the order of ``b``."""
    paired = [i for i, mate in enumerate(a.mate) if mate >= 0]
    chain = heaviest_chain([a.mate[i] for i in paired], [2 * kept[i] or a.load(i) + 1 for i in paired])
    stay = {paired[n] for n in chain}
    for i in [*stay]:
        if a.name[i] != b.name[a.mate[i]]:  # its words are compared with all that stands around it
            _part(a, b, i)
            stay.remove(i)
    for step in (1, -1):  # an equal neighbour of what stays is taken, wherever it was paired before
        for i in sorted(stay)[::step]:
            j = a.mate[i]
            while (
                0 < (i := i + step) < len(a.name)
                and 0 < (j := j + step) < len(b.name)
                and i not in stay
                and b.mate[j] not in stay
                and a.name[i] == b.name[j]
            ):
                if a.mate[i] >= 0:
                    _part(a, b, i)
                if b.mate[j] >= 0:
                    _part(a, b, b.mate[j])
                a.mate[i], b.mate[j] = j, i
                stay.add(i)
    moved: list[tuple[int, int, int]] = []
    j = 0
    while j < len(b.name):
        i, size = b.mate[j], 1
        if i >= 0 and i not in stay:
            while j + size < len(b.name) and b.mate[j + size] == i + size and i + size not in stay:
                size += 1
            if sum(2 * kept[u] or a.load(u) for u in range(i, i + size)) >= MIN_MOVED:
                moved.append((i, j, size))
            else:
                for unit in range(i, i + size):
                    _part(a, b, unit)
        j += size
    return stay, moved


def _part(a: _Side, b: _Side, unit: int) -> None:
    b.mate[a.mate[unit]] = -1
    a.mate[unit] = -1


# --- words


def _match_words(a: _Side, b: _Side, of_a: Sequence[int], of_b: Sequence[int]) -> None:
    """Match pieces of both texts by their words, where that reads well."""
    p, q = [a.key[i] for i in of_a], [b.key[j] for j in of_b]
    found: list[tuple[int, int]] = []
    bounds = [(-1, -1), (len(p), len(q))]
    if len(p) * len(q) > MAX_CELLS:
        bounds[1:1] = anchors = _anchors(p, q)
        found += anchors
    for (low_a, low_b), (high_a, high_b) in pairwise(bounds):
        found += _between(p, q, low_a + 1, high_a, low_b + 1, high_b)
    found.sort()
    loads = [
        [*accumulate((s.cut[n + 1] - s.cut[n] for n in of), initial=0)] for s, of in ((a, of_a), (b, of_b))
    ]
    words = [*accumulate((a.weight[i] for i in of_a), initial=0)]
    for i, j, size in _without_islands(_runs(found), loads[0], loads[1], words):
        for n in range(size):
            a.match[of_a[i + n]], b.match[of_b[j + n]] = of_b[j + n], of_a[i + n]


def _anchors(p: list[str], q: list[str]) -> list[tuple[int, int]]:
    """Places that surely belong together: triples of words found once in each, in order."""
    once_p, once_q = _once(p), _once(q)
    pairs = [(i, once_q[triple]) for triple, i in once_p.items() if triple in once_q]
    return [pairs[n] for n in heaviest_chain([j for _, j in pairs], [1] * len(pairs))]


def _once(words: list[str]) -> dict[tuple[str, str, str], int]:
    triples = [*zip(words, words[1:], words[2:], strict=False)]
    counts = Counter(triples)
    return {triple: i for i, triple in enumerate(triples) if counts[triple] == 1}


def _between(
    p: list[str], q: list[str], low_a: int, high_a: int, low_b: int, high_b: int
) -> Iterator[tuple[int, int]]:
    """What two ranges share: equal words at both ends, and the longest common subsequence of the rest."""
    while low_a < high_a and low_b < high_b and p[low_a] == q[low_b]:
        yield low_a, low_b
        low_a, low_b = low_a + 1, low_b + 1
    while low_a < high_a and low_b < high_b and p[high_a - 1] == q[high_b - 1]:
        high_a, high_b = high_a - 1, high_b - 1
        yield high_a, high_b
    if (high_a - low_a) * (high_b - low_b) <= MAX_CELLS:
        for i, j in longest_common(p[low_a:high_a], q[low_b:high_b]):
            yield low_a + i, low_b + j


def longest_common(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of a longest common subsequence, last first.

    Bit-parallel (H. Hyyrö, *Bit-parallel LCS-length computation revisited*, 2004): bit i of row j is clear
    where the length grows at ``a[i]``. Going back, a word of ``a`` is dropped before one of ``b``.
    """
    places: dict[str, int] = defaultdict(int)
    for i, word in enumerate(a):
        places[word] |= 1 << i
    row = (1 << len(a)) - 1
    rows = [row]
    for word in b:
        hits = row & places.get(word, 0)
        row = row + hits | row - hits
        rows.append(row)
    i, j = len(a), len(b)
    while i and j:
        if rows[j] >> i - 1 & 1:
            i -= 1
        elif j > 1 and not rows[j - 1] >> i - 1 & 1:
            j -= 1
        else:
            i, j = i - 1, j - 1
            yield i, j


def _runs(found: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    start = 0
    for n in range(1, len(found) + 1):
        if n == len(found) or found[n] != (found[n - 1][0] + 1, found[n - 1][1] + 1):
            yield *found[start], n - start
            start = n


def _without_islands(
    runs: Iterator[tuple[int, int, int]], bytes_a: list[int], bytes_b: list[int], words: list[int]
) -> list[tuple[int, int, int]]:
    """Join short matches with the changes around them, until none is shorter than both."""
    kept: list[tuple[int, int, int]] = []
    for run in [*runs, (len(bytes_a) - 1, len(bytes_b) - 1, 0)]:
        while kept:
            i, j, size = kept[-1]
            last_i, last_j, last_size = kept[-2] if len(kept) > 1 else (0, 0, 0)
            before = (
                bytes_a[i] - bytes_a[last_i + last_size],
                bytes_b[j] - bytes_b[last_j + last_size],
            )
            behind = bytes_a[run[0]] - bytes_a[i + size], bytes_b[run[1]] - bytes_b[j + size]
            island = bytes_a[i + size] - bytes_a[i]
            if max(before) and max(behind):
                joins = island <= min(max(before), max(behind))
            else:
                joins = island * EDGE_SHARE < max(min(before), min(behind))
            if not joins or words[i + size] - words[i] > MAX_ISLAND:
                break
            kept.pop()
        kept.append(run)
    return kept[:-1]


# --- operations


class _Matches:
    """Equal stretches (in a, in b, bytes), ascending in both; those that touch are joined."""

    def __init__(self, a: _Side, b: _Side) -> None:
        self.a, self.b = a, b
        self.found: list[list[int]] = []

    def end(self, i: int, j: int) -> tuple[int, int]:
        """Where the last one ends; what is given where there is none."""
        if not self.found:
            return i, j
        i, j, size = self.found[-1]
        return i + size, j + size

    def add(self, i: int, j: int, size: int) -> None:
        if self.found and self.end(0, 0) == (i, j):
            self.found[-1][2] += size
        elif size:
            self.found.append([i, j, size])

    def add_ends(self, i: int, i_end: int, j: int, j_end: int) -> None:
        """What two stretches have in common at their start and at their end."""
        size = _common_start(self.a.data[i:i_end], self.b.data[j:j_end])
        self.add(i, j, size)
        self.add_end(i + size, i_end, j + size, j_end)

    def add_end(self, i: int, i_end: int, j: int, j_end: int) -> None:
        """What two stretches have in common at their end."""
        size = _common_end(self.a.data[i:i_end], self.b.data[j:j_end])
        self.add(i_end - size, j_end - size, size)

    def add_pieces(self, i: int, j: int) -> None:
        """What two pieces with the same folded word have in common."""
        a, b = self.a, self.b
        if a.data[a.cut[i] : a.cut[i + 1]] == b.data[b.cut[j] : b.cut[j + 1]]:
            self.add(a.cut[i], b.cut[j], a.cut[i + 1] - a.cut[i])
            return
        self.add_ends(a.cut[i], a.start[i], b.cut[j], b.start[j])
        if a.data[a.start[i] : a.end[i]] == b.data[b.start[j] : b.end[j]]:
            self.add(a.start[i], b.start[j], a.end[i] - a.start[i])
        self.add_ends(a.end[i], a.cut[i + 1], b.end[j], b.cut[j + 1])


def _common_start(one: bytes, two: bytes) -> int:
    """Bytes of the common start, whole characters."""
    size = 0
    while size < min(len(one), len(two)) and one[size] == two[size]:
        size += 1
    while size and (_inside(one, size) or _inside(two, size)):
        size -= 1
    return size


def _common_end(one: bytes, two: bytes) -> int:
    size = 0
    while size < min(len(one), len(two)) and one[-1 - size] == two[-1 - size]:
        size += 1
    while size and _inside(one, len(one) - size):
        size -= 1
    return size


def _inside(data: bytes, place: int) -> bool:
    """Whether a place is inside a character."""
    return place < len(data) and data[place] & 0xC0 == 0x80


def _spell(
    a: _Side, b: _Side, of_a: range, of_b: range, moved_a: set[int], moved_b: set[int]
) -> list[list[int]]:
    """What two ranges of pieces have in common in place, by bytes."""
    matches = _Matches(a, b)
    x, y = a.cut[of_a.start], b.cut[of_b.start]
    last_i, last_j = of_a.start - 1, of_b.start - 1
    firsts_a, firsts_b = set(a.first), set(b.first)
    pairs = [(i, a.match[i]) for i in of_a if a.match[i] >= 0 and i not in moved_a]
    for i, j in [*pairs, (of_a.stop, of_b.stop)]:
        if x < a.cut[i] and y < b.cut[j]:  # a change; unless of whole units, it keeps the signs at its ends
            next_i, next_j = last_i + 1, last_j + 1
            opens = (
                (x, y) == (a.cut[next_i], b.cut[next_j]) and next_i not in moved_a and next_j not in moved_b
            )
            whole = opens and {next_i, i} <= firsts_a and {next_j, j} <= firsts_b
            if opens and not whole:
                end_a, end_b = min(a.cut[i], a.start[next_i]), min(b.cut[j], b.start[next_j])
                size = _common_start(a.data[x:end_a], b.data[y:end_b])
                matches.add(x, y, size)
                x, y = x + size, y + size
            if i - 1 not in moved_a and j - 1 not in moved_b and not whole:
                tail_a, tail_b = max(x, _tail(a, i)), max(y, _tail(b, j))
                # a full stop stays though the space behind it changes
                matches.add_end(max(x, a.end[i - 1]), tail_a, max(y, b.end[j - 1]), tail_b)
                matches.add_end(tail_a, a.cut[i], tail_b, b.cut[j])
        if i < of_a.stop:
            matches.add_pieces(i, j)
            x, y = matches.end(x, y)
            last_i, last_j = i, j
    return matches.found


Row = tuple[int, int, int, int, int]


def _operations(
    matches: list[list[int]],
    sources: list[Row],
    moves: list[list[Row]],
    a_end: int,
    b_end: int,
    i: int,
    j: int,
) -> Iterator[Row]:
    """What lies between matches as changes and moves, from ``i`` and ``j`` on."""
    equal_a, equal_b = i, j
    source = target = 0
    for match_a, match_b, size in [*matches, [a_end, b_end, 0]]:
        if i < match_a or j < match_b:
            if equal_a < i:
                yield EQUAL, equal_a, i, equal_b, j
            equal_a, equal_b = match_a, match_b
            dropped = []
            while source < len(sources) and sources[source][1] < match_a:
                start, end = sources[source][1:3]
                if i < start:
                    dropped.append((i, start))
                i = end
                source += 1
            if i < match_a:
                dropped.append((i, match_a))
            at = dropped[0][0] if dropped else i
            # the k-th dropped stretch gives its place to the k-th new one
            while True:
                arrives = target < len(moves) and moves[target][0][3] < match_b
                new_end = moves[target][0][3] if arrives else match_b
                if j < new_end:
                    start, end = dropped.pop(0) if dropped else (at, at)
                    yield REPLACE if start < end else INSERT, start, end, j, new_end
                    at = end
                if not arrives:
                    break
                yield from moves[target]
                j = moves[target][0][4]
                target += 1
            for start, end in dropped:
                yield DELETE, start, end, match_b, match_b
        i, j = match_a + size, match_b + size
    if equal_a < i:
        yield EQUAL, equal_a, i, equal_b, j


def _edits(a: _Side, b: _Side) -> list[Row]:
    """The operations of one pair: kind, bytes of a (from, to), bytes of b (from, to)."""
    _pair_equal(a, b)
    stay, moved = _settle(a, b, _pair_similar(a, b))
    moved_a = {piece for i, _, size in moved for unit in range(i, i + size) for piece in a.pieces(unit)}
    moved_b = {piece for _, j, size in moved for unit in range(j, j + size) for piece in b.pieces(unit)}
    for i, j in enumerate(a.mate):
        if j >= 0:
            if a.name[i] == b.name[j]:
                for piece, other in zip(a.pieces(i), b.pieces(j), strict=True):
                    a.match[piece], b.match[other] = other, piece
            else:
                _match_words(a, b, a.pieces(i), b.pieces(j))
    bounds = [(i, a.mate[i]) for i in sorted(stay)]
    for (i, j), (next_i, next_j) in pairwise([*bounds, (len(a.name), len(b.name))]):
        of_a = [p for p in range(a.first[i + 1], a.first[next_i]) if p not in moved_a]
        of_b = [p for p in range(b.first[j + 1], b.first[next_j]) if p not in moved_b]
        _match_words(a, b, of_a, of_b)
    moves = [_move(a, b, *run) for run in moved]
    sources = sorted((rows[0] for rows in moves), key=lambda row: row[1])
    matches = _spell(a, b, range(len(a.key)), range(len(b.key)), moved_a, moved_b)
    return [*_operations(matches, sources, moves, len(a.data), len(b.data), 0, 0)]


def _move(a: _Side, b: _Side, i: int, j: int, size: int) -> list[Row]:
    """A run of units that moved, and what was edited in it."""
    of_a, of_b = range(a.first[i], a.first[i + size]), range(b.first[j], b.first[j + size])
    a_start, a_end, b_start, b_end = a.cut[of_a.start], a.cut[of_a.stop], b.cut[of_b.start], b.cut[of_b.stop]
    tail_a, tail_b = _tail(a, of_a.stop), _tail(b, of_b.stop)
    if a.data[tail_a:a_end] != b.data[tail_b:b_end]:  # the white space behind it stays where it is
        a_end, b_end = tail_a, tail_b
    row = (MOVE, a_start, a_end, b_start, b_end)
    if a.data[a_start:a_end] == b.data[b_start:b_end]:
        return [row]
    matches = []
    for x, y, length in _spell(a, b, of_a, of_b, set(), set()):
        length = min(length, a_end - x, b_end - y)
        if length > 0:
            matches.append([x, y, length])
    inner = _operations(matches, [], [], a_end, b_end, a_start, b_start)
    return [row, *((kind | NESTED, i, i_end, j, j_end) for kind, i, i_end, j, j_end in inner)]


def _tail(side: _Side, piece: int) -> int:
    """Where the white space before a piece begins."""
    low = side.end[piece - 1]
    return low + len(
        side.data[low : side.cut[piece]]
        .decode("utf-8", "surrogatepass")
        .rstrip()
        .encode("utf-8", "surrogatepass")
    )
