"""The cue lexicon: phrases that vote on what a unit is, read from the files in ``data``.

A line of a cue file is ``kind weight phrase``. A phrase may begin with ``^`` (it opens the unit) or ``(``
(it stands in parentheses), end with ``$`` (it closes the unit) or ``:`` (a colon follows) and hold ``<n>``
(any number). Phrases are folded and cut into tokens like any text; all languages are matched at once, so
nothing is detected first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.datafiles import read_lines
from dedup.kernels.constants import MIX
from dedup.kernels.signs import (
    AS_CAPITALS,
    AS_NAME,
    CLOSES,
    COLON_FOLLOWS,
    IN_PARENTHESES,
    OPENS,
    PAIR_SHIFT,
)
from dedup.parallel import once
from dedup.ragged import gather, run_starts, running, steps
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["AGENCY", "CUES", "Lexicon", "lexicon"]

CUES = ("appeal", "caption", "credit", "nav", "widget", "meta", "speech", "month", "weekday", "address")
"""Kinds of cue: the kinds of boilerplate, then evidence of other sorts."""
AGENCY = len(CUES)
"""The kind of an agency's name."""

WORD_BITS, PAIR_BITS = 1 << 16, 1 << 17
"""Sizes of the filters: one in sixteen tokens passes the first by chance, one in ten the second."""

_M = np.uint64(MIX)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every phrase as a trie over token hashes, in the form :func:`dedup.kernels.blocks.match` reads.

    Attributes:
        keys: uint64[H], hash table of edges, 0 where empty; H is a power of two.
        targets: int32[H], the node an edge leads to.
        terminal: uint8[nodes], 1 where a phrase ends.
        word_bits: uint8[WORD_BITS / 8], a bit for every phrase of one token.
        pair_bits: uint8[PAIR_BITS / 8], a bit for the first two tokens of every longer one.
        number: uint64 hash that stands for any number.
        entries: int64[nodes+1], entries of each node.
        kind: uint8[E], index into CUES, or AGENCY.
        weight: float32[E], of a cue; of an agency, its index into ``agencies``.
        need: uint8[E], what the phrase asks of its place.
        abbreviations: uint64[], hashes of words a full stop does not end a sentence after.
        months: uint64[], hashes of their names, of those that are one word.
        agencies: Names of the agencies.
        sources: Agency of each spelling and site, both in small letters.
    """

    keys: NDArray[np.uint64]
    targets: NDArray[np.int32]
    terminal: NDArray[np.uint8]
    word_bits: NDArray[np.uint8]
    pair_bits: NDArray[np.uint8]
    number: np.uint64
    entries: NDArray[np.int64]
    kind: NDArray[np.uint8]
    weight: NDArray[np.float32]
    need: NDArray[np.uint8]
    abbreviations: NDArray[np.uint64]
    months: NDArray[np.uint64]
    agencies: tuple[str, ...]
    sources: dict[str, str]


def _cue_lines() -> Iterator[tuple[str, float, str]]:
    """(kind, weight, phrase) of every cue file, in order of language."""
    folder = resources.files(__package__) / "data" / "cues"
    for file in sorted(file.name for file in folder.iterdir() if file.name.endswith(".txt")):
        for line in read_lines(f"boilerplate/data/cues/{file}"):
            kind, weight, phrase = line.split(maxsplit=2)
            yield kind, float(int(weight)), phrase.strip()  # traits are whole numbers


def _place(phrase: str) -> tuple[str, int]:
    """A phrase without its signs, and what they ask of its place."""
    need = 0
    if phrase[0] not in "^(" and phrase[-1] not in "$:":  # as mostly
        return phrase, need
    for sign, bit in (("^", OPENS), ("(", IN_PARENTHESES)):
        if phrase.startswith(sign):
            need, phrase = need | bit, phrase[1:]
    for sign, bit in (("$", CLOSES), (":", COLON_FOLLOWS)):
        if phrase.endswith(sign):
            need, phrase = need | bit, phrase[:-1]
    return phrase, need


def _agency_lines() -> list[tuple[str, list[str], list[str]]]:
    """(name, spellings, sites) of every agency."""
    lines = read_lines("boilerplate/data/agencies.txt")
    rows = ([part.strip() for part in line.split("|")] for line in lines)
    return [(name, _several(spellings), _several(sites)) for name, _, spellings, sites in rows]


def _several(field: str) -> list[str]:
    return [value.strip() for value in field.split(";") if value]


_GAP = re.compile(r"(?<!\d)\s+|\s+(?!\d)")  # the one in 116 006 is part of a number
_WALL = " | "


def tokenize_phrases(phrases: list[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of the phrases' tokens, as :func:`dedup.tokens.tokenize` finds them, and int64[n + 1] offsets.

    Each word is read once, all in one text with a sign between: on a first run, where nothing is compiled
    yet, reading the phrases one by one takes two seconds, this half of one.
    """
    number: dict[str, int] = {}
    phrase_words = [[number.setdefault(word, len(number)) for word in _GAP.split(text)] for text in phrases]
    tokens = tokenize(pa.array([_WALL.join(number)]))
    first = np.searchsorted(tokens.start, running([len((word + _WALL).encode()) for word in number]))
    chosen = np.fromiter(chain.from_iterable(phrase_words), np.int64)
    places, _ = gather(first[chosen], first[chosen + 1])
    offsets = running(steps(first)[chosen])
    return tokens.hash[places], offsets[running([len(words) for words in phrase_words])]


def _trie(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
    """The trie of n phrases, all grown by a word at a time.

    Returns:
        Of each edge the node it leaves, int64[E], and its word; edge e leads to node e + 1, and node 0 is the
        root. And the node each phrase ends at: int64[n].
    """
    size = steps(offsets)
    ends = np.zeros(len(size), np.int64)
    edges, grown = [], 0
    for depth in range(max(size, default=0)):
        longer = np.flatnonzero(size > depth)
        node, word = ends[longer], hashes[offsets[longer] + depth]
        order = np.lexsort((word, node))
        opens = run_starts(node[order], word[order])
        ends[longer[order]] = grown + np.cumsum(opens)
        edges.append((node[order][opens], word[order][opens]))
        grown += int(opens.sum())
    nodes, words = zip(*edges, strict=True)
    return np.concatenate(nodes), np.concatenate(words), ends


def _bits(values: NDArray[np.uint64], size: int) -> NDArray[np.uint8]:
    """A filter of so many bits, of which those of the low bits of the values are set."""
    bits = np.zeros(size, np.bool_)
    bits[values & np.uint64(size - 1)] = True
    return np.packbits(bits, bitorder="little")


def _table(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """A hash table with linear probing, and for each slot the number of its key, from 1; 0 is an empty one.

    Sorted by the slots they want, keys are given the next one that is free, all at once.
    """
    size = 1 << max(4, (2 * len(keys) - 1).bit_length())
    wanted = (keys >> np.uint64(20) & np.uint64(size - 1)).astype(np.int64)
    order, step = np.argsort(wanted, kind="stable"), np.arange(len(keys))
    slots = np.maximum.accumulate(wanted[order] - step) + step
    inside = slots < size
    table, number = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    table[slots[inside]] = keys[order[inside]]
    slots[~inside] = np.flatnonzero(table == 0)[: np.count_nonzero(~inside)]  # begin again at the first slot
    table[slots], number[slots] = keys[order], order + 1
    return table, number


@once
def lexicon() -> Lexicon:
    """The lexicon that comes with the package, read once."""
    phrases, short = [], []
    for kind, weight, marked in _cue_lines():
        if kind == "abbr":
            short.append(marked)
        else:
            phrase, need = _place(marked)
            phrases.append((phrase, CUES.index(kind), weight, need))
    agencies = _agency_lines()
    for index, (_, spellings, _) in enumerate(agencies):
        for spelling in spellings:
            capitals = spelling.isupper() and spelling.isascii()
            cased = spelling != spelling.lower()
            need = AS_CAPITALS if capitals else AS_NAME if cased else 0
            need |= IN_PARENTHESES if spelling.startswith("(") else 0
            phrases.append((spelling, AGENCY, float(index), need))
    hashes, offsets = tokenize_phrases([phrase.replace("<n>", " 0 ") for phrase, *_ in phrases])
    abbreviations = np.unique(tokenize(pa.array(short)).hash)
    number = int(tokenize(pa.array(["0"])).hash[0])

    nodes, words, ends = _trie(hashes, offsets)
    kinds, weights, needs = (np.array(column) for column in list(zip(*phrases, strict=True))[1:])
    # a phrase of several languages says what it says once, with the greatest of its weights
    name = np.where(kinds == AGENCY, weights, 0)
    order = np.lexsort((-weights, name, needs, kinds, ends))
    order = order[run_starts(ends[order], kinds[order], needs[order], name[order])]
    order = order[ends[order] > 0]  # without phrases that have no word
    count = np.bincount(ends[order], minlength=len(nodes) + 1)
    terminal = count > 0

    keys, targets = _table(((words ^ nodes.astype(np.uint64) * _M) * _M) | np.uint64(1))
    opens = nodes == 0
    follows = np.append(False, opens)[nodes]  # the second of two
    pairs = words[nodes[follows] - 1] ^ words[follows] >> np.uint64(PAIR_SHIFT)
    single = steps(offsets) == 1
    months = hashes[offsets[:-1][single & (kinds == CUES.index("month"))]]
    return Lexicon(
        keys=keys,
        targets=targets,
        terminal=terminal.astype(np.uint8),
        word_bits=_bits(words[opens & terminal[1:]], WORD_BITS),
        pair_bits=_bits(pairs, PAIR_BITS),
        number=np.uint64(number),
        entries=running(count),
        kind=kinds[order].astype(np.uint8),
        weight=weights[order].astype(np.float32),
        need=needs[order].astype(np.uint8),
        abbreviations=abbreviations,
        months=np.unique(months),
        agencies=tuple(name for name, *_ in agencies),
        sources={
            known.removeprefix("(").casefold(): name
            for name, spellings, sites in agencies
            for known in (name, *spellings, *sites)
        },
    )
