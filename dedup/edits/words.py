"""Alignment of words within what was edited."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from dedup.edits.operations import Match
from dedup.edits.sequences import by_occurrence, heaviest_chain, once
from dedup.edits.text import LEAD, TOKEN, WORD, common_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_CELLS: Final = 40_000_000  # of one LCS table; 5 MB as bits, 20 ms
MAX_ISLAND: Final = 3  # words of a match that may be joined with the changes around it


class Words:
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
        lead = LEAD.match(stretch).group()  # type: ignore[union-attr]
        self.tokens = [lead, *TOKEN.findall(stretch, len(lead))]
        if len(words) != len(self.tokens) - 1:  # lower() has made a word's edge of a letter: none known does
            words = [_word(token).lower() for token in self.tokens[1:]]
        self.words = ["", *words]
        self.starts = [*accumulate(map(len, self.tokens), initial=start)]


def word_matches(one: Words, two: Words) -> Iterator[Match]:
    """Matches of two stretches by words, ascending in both.

    Words are aligned folded, so that punctuation and case decide nothing and show as small changes.
    """
    # A number for each word; which one is of no matter.
    ids = dict(zip([*one.words, *two.words], range(len(one.words) + len(two.words)), strict=True))
    ids_a, ids_b = [*map(ids.__getitem__, one.words)], [*map(ids.__getitem__, two.words)]
    matches: list[Match] = []
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


def _token_run(one: Words, two: Words, i: int, j: int, size: int) -> Match:
    start = one.starts[i]
    return Match(start, two.starts[j], one.starts[i + size] - start, size - (i == 0))


def _word(token: str) -> str:
    found = WORD.match(token)
    return found.group() if found else ""


def _token_matches(one: str, a: int, two: str, b: int) -> Iterator[Match]:
    """What two tokens of the same folded word share: the word unless its case differs, the rest's ends."""
    word, other = _word(one), _word(two)
    rest_a, rest_b = one[len(word) :], two[len(other) :]
    prefix = common_prefix(rest_a, rest_b)
    suffix = common_prefix(rest_a[prefix:][::-1], rest_b[prefix:][::-1])
    if word == other:
        if word or prefix:
            yield Match(a, b, len(word) + prefix, int(bool(word)))
    elif prefix:
        yield Match(a + len(word), b + len(other), prefix, 0)
    if suffix:
        yield Match(a + len(one) - suffix, b + len(two) - suffix, suffix, 0)


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
    once_a = once([*zip(a, a[1:], a[2:], strict=False)])
    once_b = once([*zip(b, b[1:], b[2:], strict=False)]) if once_a else {}
    pairs = [(i, once_b[triple]) for triple, i in once_a.items() if triple in once_b]
    if not pairs:
        pairs = [(i, j) for i, j in enumerate(by_occurrence(a, b)[0]) if j >= 0]
    chain = heaviest_chain([j for _, j in pairs], [1] * len(pairs))
    return [pairs[n] for n in chain]


def _without_islands(one: Words, two: Words, matches: list[Match]) -> list[Match]:
    """Join short matches with the changes around them, until none is shorter than both."""
    kept: list[Match] = []
    for match in [
        *_joined(matches),
        Match(one.end, two.end, 0, MAX_ISLAND + 1),
    ]:
        while kept and kept[-1].words <= MAX_ISLAND:
            island = kept[-1]
            previous = kept[-2] if len(kept) > 1 else Match(one.start, two.start, 0, 0)
            before = max(island.a - previous.a - previous.size, island.b - previous.b - previous.size)
            behind = max(match.a - island.a - island.size, match.b - island.b - island.size)
            if not before or not behind or (island.words and island.size > min(before, behind)):
                break
            kept.pop()
        kept.append(match)
    return kept[:-1]


def _joined(matches: Iterable[Match]) -> Iterator[Match]:
    """Join matches that touch in both texts."""
    last: Match | None = None
    for match in matches:
        if last and last.a + last.size == match.a and last.b + last.size == match.b:
            last = Match(last.a, last.b, last.size + match.size, last.words + match.words)
            continue
        if last:
            yield last
        last = match
    if last:
        yield last


def _trim(one: Words, two: Words, matches: list[Match]) -> Iterator[Match]:
    """Take from both ends of each change what it keeps: punctuation, white space, much of a long word."""
    i, j = one.start, two.start
    for match in [*matches, Match(one.end, two.end, 0, 0)]:
        old, new = one.text[i : match.a], two.text[j : match.b]
        if old and new:
            suffix = _kept(old[::-1], new[::-1])
            old, new = old[: len(old) - suffix], new[: len(new) - suffix]
            # a full stop stays though the white space behind it changes
            stem, other = old.rstrip(), new.rstrip()
            stop = _kept(stem[::-1], other[::-1]) if (stem, other) != (old, new) else 0
            prefix = _kept(stem[: len(stem) - stop], other[: len(other) - stop]) if stop else _kept(old, new)
            if prefix:
                yield Match(i, j, prefix, 0)
            if stop:
                yield Match(i + len(stem) - stop, j + len(other) - stop, stop, 0)
            if suffix:
                yield Match(match.a - suffix, match.b - suffix, suffix, 0)
        if match.size:
            yield match
        i, j = match.a + match.size, match.b + match.size


def _kept(one: str, two: str) -> int:
    """Length of the common start that reads well as kept."""
    common = common_prefix(one, two)
    return common if common > 100 else len(LEAD.match(one, 0, common).group())  # type: ignore[union-attr]
