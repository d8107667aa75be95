"""Notices that are worded alike and told apart by their headlines.

"Pigs made 1.50 crowns more, the best 2.61 a kilo" is the report of one market under one headline and of
another under another. Of most articles a headline says little: outlets retitle what they take over, and an
update has a new one. So it is looked at only between two notices of one source, and says something only where
both headlines are one frame around other words, or other figures, or where the words that differ in them are
all that differs in the texts. Whoever the source: where both headlines name somebody whom the other article
doesn't know, and the one name stands where the other does, a form was filled for two people.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from dedup.texts import CHARACTER, NUMBER
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.alignment import Aligned
    from dedup.texts import Texts

__all__ = ["Headlines", "compare_headlines", "names_swapped"]

FRAME = 2
"""Words that follow the name in both headlines; what only ends one is said of the thing, not its name."""

NAME = 2
"""Words of a name that stands for two notices whenever they were sent."""

BESIDES = 1
"""Words by which two texts may differ beside figures and names: a range is "50 to 51", a figure is not."""

GAP = 32
"""Tokens, at most, in which two texts differ where the one has a name and the other another one."""

MISSPELLED = 0.6
"""Share of letters two names have in common from which one is the other, put right."""


@dataclass(frozen=True, slots=True)
class Headlines:
    """What the headlines of p pairs say, each in one frame.

    Attributes:
        name: bool[p], they name two things, if both notices are rich in figures and were sent in one go.
        only: bool[p], whatever the notices are: two names, and nothing else differs in the texts.
        figure: bool[p], they have other figures, and nothing else differs.
    """

    name: NDArray[np.bool_]
    only: NDArray[np.bool_]
    figure: NDArray[np.bool_]


class _Title(NamedTuple):
    """The words of a headline.

    Attributes:
        data: Its UTF-8.
        words: Hashes of its words.
        weights: Half words of each, 0 of figures.
        starts: First byte of each.
        ends: One past its last.
    """

    data: bytes
    words: list[int]
    weights: list[int]
    starts: list[int]
    ends: list[int]

    def letters(self, first: int, stop: int) -> str:
        """What stands from a word to before another one."""
        return self.data[self.starts[first] : self.ends[stop - 1]].decode().casefold()

    def names(self, body: set[int]) -> set[tuple[int, int]]:
        """Two words in a row, in capitals, that the text has, too."""
        found = [
            word in body and bool(weight) and self.capital(i)
            for i, (word, weight) in enumerate(zip(self.words, self.weights, strict=True))
        ]
        return {
            pair for pair, *both in zip(pairwise(self.words), found, found[1:], strict=False) if all(both)
        }

    def capitals_around(self, names: set[tuple[int, int]]) -> bool:
        """Whether the words besides some names, two at least, all have capitals, which then say nothing."""
        inside = {word for name in names for word in name}
        frame = [i for i, word in enumerate(self.words) if self.weights[i] and word not in inside]
        return len(frame) > 1 and all(map(self.capital, frame))

    def spelled(self, names: set[tuple[int, int]]) -> str:
        """The words of some names, in their order."""
        words = {word for name in names for word in name}
        return " ".join(self.letters(i, i + 1) for i, word in enumerate(self.words) if word in words)

    def capital(self, word: int) -> bool:
        """Whether a word begins with a capital letter."""
        return self.data[self.starts[word] : self.ends[word]].decode()[:1].isupper()


def compare_headlines(
    texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64], where: NDArray[np.bool_]
) -> Headlines:
    """What headlines tell apart; nothing where a source or a headline isn't known, or the sources differ.

    Args:
        texts: Body tokens of n documents, and their headlines.
        a: int64[p] document number.
        b: int64[p].
        where: bool[p], the pairs that are looked at.
    """
    found = Headlines(*np.zeros((3, len(a)), bool))
    if texts.title is None:
        return found
    rows = np.flatnonzero(where)
    rows = rows[texts.sources_known(a[rows], b[rows], same=True)]
    if not len(rows):
        return found
    documents, ends = _distinct(a[rows], b[rows])
    titles = _read(texts.title.take(pa.array(documents)))
    for row, one, two in zip(rows.tolist(), *ends, strict=True):
        x, y = titles[one], titles[two]
        if x.words == y.words or not x.words or not y.words:
            continue
        body_x, body_y = _words(texts, int(a[row])), _words(texts, int(b[row]))
        found.figure[row] = _other_figures(x, y)
        found.name[row] = _other_name(x, y, body_x, body_y)
        found.only[row] = _only_name(x, y, body_x, body_y)
    return found


def names_swapped(texts: Texts, aligned: Aligned, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs whose headlines name two people, or firms, that stand in the same place of the texts: bool[p].

    Of a name two words in a row, in capitals, stand in the headline and in the article, and neither of them
    in the other article or its headline. An edited copy keeps the names; one that calls somebody by another
    name has the first somewhere.

    Args:
        texts: Body tokens of n documents, and their headlines.
        aligned: The pairs.
        where: bool[p], the pairs that are looked at.
    """
    found = np.zeros(len(where), bool)
    rows = np.flatnonzero(where)
    if texts.title is None or not len(rows):
        return found
    documents, ends = _distinct(aligned.a[rows], aligned.b[rows])
    titles = _read(texts.title.take(pa.array(documents)))
    bodies = [texts.hash[texts.start[d] : texts.stop[d]].tolist() for d in documents.tolist()]
    known = [set(body) for body in bodies]
    names = [title.names(body) for title, body in zip(titles, known, strict=True)]
    for title, body in zip(titles, known, strict=True):
        body.update(title.words)
    for row, one, two in zip(rows.tolist(), *ends, strict=True):
        if not names[one] or not names[two]:
            continue
        own = [
            {name for name in names[end] if known[other].isdisjoint(name)}
            for end, other in ((one, two), (two, one))
        ]
        named = list(zip([titles[one], titles[two]], own, strict=True))
        if not all(own) or any(title.capitals_around(some) for title, some in named):
            continue
        if _unlike(*(title.spelled(some) for title, some in named)):
            runs = aligned.runs[aligned.start[row] : aligned.stop[row]]
            runs = runs[np.argsort(runs[:, 0])].tolist()
            found[row] = _in_one_gap([bodies[one], bodies[two]], own, runs)
    return found


def _distinct(
    a: NDArray[np.int64], b: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[list[int], list[int]]]:
    """The documents of pairs, each once, and the places among them of those of a and of b."""
    documents, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    one, two = place.reshape(2, -1).tolist()
    return documents, (one, two)


def _in_one_gap(bodies: list[list[int]], names: list[set[tuple[int, int]]], runs: list[list[int]]) -> bool:
    """Whether names of two texts stand in one gap: before, between or behind what they have in common."""
    last = [0, 0]
    for *first, size in [*runs, [*map(len, bodies), 0]]:
        between = [body[end:at] for body, end, at in zip(bodies, last, first, strict=True)]
        last = [at + size for at in first]
        if max(map(len, between)) <= GAP and all(
            not own.isdisjoint(pairwise(part)) for own, part in zip(names, between, strict=True)
        ):
            return True
    return False


def _read(titles: pa.Array) -> list[_Title]:
    tokens = tokenize(titles.fill_null(""))
    weights = np.where(tokens.flags & NUMBER, 0, 2 - (tokens.flags & CHARACTER != 0))
    columns = tokens.hash, weights, tokens.start, tokens.end
    parts = [slice(*bounds) for bounds in pairwise(tokens.offsets.tolist())]
    return [
        _Title(data.encode(), *(column[part].tolist() for column in columns))
        for data, part in zip(titles.fill_null("").to_pylist(), parts, strict=True)
    ]


def _words(texts: Texts, document: int) -> set[int]:
    """The different words of a text, without its figures."""
    part = slice(texts.start[document], texts.stop[document])
    words: list[int] = texts.hash[part][texts.flags[part] & NUMBER == 0].tolist()
    return set(words)


def _other_figures(x: _Title, y: _Title) -> bool:
    """Whether nothing but figures differs."""
    pairs = zip(x.words, y.words, x.weights, y.weights, strict=False)
    return len(x.words) == len(y.words) and all(
        one == two or not (weight_x or weight_y) for one, two, weight_x, weight_y in pairs
    )


def _frame(x: list[int], y: list[int]) -> tuple[int, int]:
    """How many words two lists begin, and how many they end with in common; none counts twice."""
    first = last = 0
    shorter = min(len(x), len(y))
    while first < shorter and x[first] == y[first]:
        first += 1
    while last < shorter - first and x[-1 - last] == y[-1 - last]:
        last += 1
    return first, last


def _other_name(x: _Title, y: _Title, body_x: set[int], body_y: set[int]) -> bool:
    """Whether two headlines name two things: other words, no figures among them, in one frame.

    Words that open both are names where the other notice has none of them at all, even if the texts differ in
    figures only. Words further inside are, where the texts have them as well and differ in little else: of
    one company one headline "sets", the other "declares" a payout. A name that is nearly the other one was
    misspelled, and what a sign parts from the rest ("Corrected: …") is none.
    """
    first, last = _frame(x.words, y.words)
    names = []
    for title in (x, y):
        stop = len(title.words) - last
        before, name, behind = (
            title.weights[part] for part in (slice(first), slice(first, stop), slice(stop, None))
        )
        if not name or not all(name) or sum(behind) < 2 * FRAME or sum(before + behind) < sum(name):
            return False
        parted = title.data[title.ends[stop - 1] : title.starts[stop]].strip()
        names.append((set(title.words[first:stop]), title.letters(first, stop), bool(parted)))
    (name_x, letters_x, parted_x), (name_y, letters_y, parted_y) = names
    differing = body_x ^ body_y
    if len(differing - name_x - name_y) > BESIDES:
        return False
    unheard = not (name_x & (body_y | set(y.words)) or name_y & (body_x | set(x.words)))
    both_named = bool(differing) and name_x <= body_x and name_y <= body_y
    if not (both_named or (first == 0 and unheard and not (parted_x or parted_y))):
        return False
    return _unlike(letters_x, letters_y)


def _only_name(x: _Title, y: _Title, body_x: set[int], body_y: set[int]) -> bool:
    """Whether nothing differs but two names, in the headlines and in the texts: of the dead, of two firms.

    A name has two words at least, capitals and no figures; what stands around it, if anything, has a word in
    small letters, or the capitals are the headline's. An update may have one other word in both places
    ("two killed", "three killed"), or several that are no names ("remains closed", "fully reopened").
    """
    first, last = _frame(x.words, y.words)
    names, letters = [], []
    for title in (x, y):
        stop = len(title.words) - last
        frame = [*range(first), *range(stop, len(title.words))]
        if sum(title.weights[first:stop]) < 2 * NAME or not all(map(title.capital, range(first, stop))):
            return False
        if frame and all(map(title.capital, frame)):
            return False
        names.append(set(title.words[first:stop]))
        letters.append(title.letters(first, stop))
    return names == [body_x - body_y, body_y - body_x] and _unlike(*letters)


def _unlike(x: str, y: str) -> bool:
    """Whether one name is not the other, put right."""
    return SequenceMatcher(None, x, y, autojunk=False).ratio() < MISSPELLED
