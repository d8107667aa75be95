"""Scores as pure functions: labels on one side, what a method said on the other.

A method is judged by three plain things: ``{pair: kind}``, ``{id: family}`` and removed spans. Definitions
are those of the labels' own README:

- *family*: relation exact, near or version, against label same or version;
- *reuse*: exact, near, version or partial, against same, version or partial;
- *partition recall*: share of same and version pairs without ``roundup`` that end in one family;
- *false merges*: share of quote, boilerplate, template and unrelated pairs that end in one family;
- boilerplate: characters other than white space, over lines that are neither body, title nor empty;
  *body loss*: share of body characters removed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

FAMILY_LABELS = frozenset({"same", "version"})
REUSE_LABELS = FAMILY_LABELS | {"partial"}
APART_LABELS = frozenset({"quote", "boilerplate", "template", "unrelated"})
FAMILY_KINDS = frozenset({"exact", "near", "version"})
REUSE_KINDS = FAMILY_KINDS | {"partial"}
BODY_LINES = frozenset({"body", "title", "empty"})

Pair = tuple[str, str]
Option = TypeVar("Option")


@dataclass(frozen=True, slots=True)
class Label:
    """One pair read by a person."""

    a: str
    b: str
    label: str
    roundup: bool = False
    confidence: float = 1.0
    note: str = ""
    fuller: str = ""  # A, B or equal

    @property
    def key(self) -> Pair:
        """The pair, smaller id first."""
        return (self.a, self.b) if self.a <= self.b else (self.b, self.a)


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives, of pairs or characters."""

    hit: float = 0
    wrong: float = 0
    missed: float = 0

    @property
    def precision(self) -> float:
        """Right among what was said; 1 where nothing was."""
        return self.hit / (self.hit + self.wrong) if self.hit + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Found among what there was; 1 where there was nothing."""
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def pair_counts(
    labels: Iterable[Label], kinds: Mapping[Pair, str], positive: frozenset[str], said: frozenset[str]
) -> Counts:
    """Count the pairs whose kind is in ``said`` against those whose label is in ``positive``.

    Args:
        labels: Every labelled pair, each once.
        kinds: Kind by pair, smaller id first; a pair that is missing has none.
        positive: Labels that ought to be found.
        said: Kinds that count as found.
    """
    tally = Counter((label.label in positive, kinds.get(label.key, "none") in said) for label in labels)
    return Counts(tally[True, True], tally[False, True], tally[True, False])


def family_counts(labels: Iterable[Label], kinds: Mapping[Pair, str]) -> Counts:
    """The same article or a version of it."""
    return pair_counts(labels, kinds, FAMILY_LABELS, FAMILY_KINDS)


def reuse_counts(labels: Iterable[Label], kinds: Mapping[Pair, str]) -> Counts:
    """Any copied reporting."""
    return pair_counts(labels, kinds, REUSE_LABELS, REUSE_KINDS)


def together(label: Label, families: Mapping[str, Hashable | None]) -> bool:
    """Whether both ends of a pair lie in one family; None and a missing id are families of one."""
    family = families.get(label.a)
    return family is not None and family == families.get(label.b)


def partition_recall(labels: Iterable[Label], families: Mapping[str, Hashable | None]) -> float:
    """Share of same and version pairs without roundup that end in one family; 1 where there are none."""
    found = [together(x, families) for x in labels if x.label in FAMILY_LABELS and not x.roundup]
    return sum(found) / len(found) if found else 1.0


def fuller_first(
    labels: Iterable[Label], families: Mapping[str, Hashable | None], places: Mapping[str, int]
) -> Counts:
    """Pairs of one family in which what a reader calls the fuller version comes first, and the others.

    Args:
        labels: Pairs; those without a fuller side are passed over, and roundups, which are longer than what
            they embed.
        families: Family by id.
        places: Place by id in the order by which the canonical version is chosen, lower is better.
    """
    first = [
        (places[x.a] < places[x.b]) == (x.fuller == "A")
        for x in labels
        if x.fuller in ("A", "B") and not x.roundup and together(x, families)
    ]
    return Counts(hit=sum(first), wrong=len(first) - sum(first))


def false_merges(labels: Iterable[Label], families: Mapping[str, Hashable | None]) -> float:
    """Share of quote, boilerplate, template and unrelated pairs that end in one family."""
    found = [together(x, families) for x in labels if x.label in APART_LABELS]
    return sum(found) / len(found) if found else 0.0


def confusion(labels: Iterable[Label], kinds: Mapping[Pair, str]) -> Counter[tuple[str, str]]:
    """How often each label met each kind."""
    return Counter((label.label, kinds.get(label.key, "none")) for label in labels)


def is_wrong(label: Label, kind: str) -> bool:
    """Whether a kind disagrees with its label about family or about reuse."""
    family = (label.label in FAMILY_LABELS) == (kind in FAMILY_KINDS)
    reuse = (label.label in REUSE_LABELS) == (kind in REUSE_KINDS)
    return not (family and reuse)


def groups(ids: Iterable[str], joined: Iterable[Pair]) -> dict[str, str]:
    """Connected components: the smallest id of its component for each id."""
    root: dict[str, str] = {i: i for i in ids}

    def find(i: str) -> str:
        root.setdefault(i, i)
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for a, b in joined:
        low, high = sorted((find(a), find(b)))
        root[high] = low
    return {i: find(i) for i in root}


def folds(labels: Sequence[Label], count: int = 5) -> list[list[Label]]:
    """Split labels so that no connected group of same and version pairs is in two folds.

    Groups are dealt largest first to the fold that has fewest pairs. A pair of two
    groups goes with the smaller id.
    """
    ids = {i for label in labels for i in label.key}
    group = groups(ids, (label.key for label in labels if label.label in FAMILY_LABELS))
    by_group: dict[str, list[Label]] = {}
    for label in labels:
        by_group.setdefault(min(group[label.a], group[label.b]), []).append(label)
    result: list[list[Label]] = [[] for _ in range(count)]
    for _, members in sorted(by_group.items(), key=lambda item: (-len(item[1]), item[0])):
        min(result, key=len).extend(members)
    return result


def cross_validate(
    labels: Sequence[Label],
    options: Sequence[Option],
    score: Callable[[Option, Sequence[Label]], float],
    count: int = 5,
) -> tuple[list[Option], list[float]]:
    """Choose the best option on all folds but one, score it on that one.

    Returns:
        The option chosen and its score on the fold left out, for each fold that has labels.
        Ties go to the first.
    """
    parts = [part for part in folds(labels, count) if part]
    chosen = [
        max(
            options,
            key=lambda o, held=held: score(o, [x for part in parts if part is not held for x in part]),
        )
        for held in parts
    ]
    return chosen, [score(option, held) for option, held in zip(chosen, parts, strict=True)]


@dataclass(frozen=True, slots=True)
class StripScores:
    """What was removed against what should have been, in characters other than white space."""

    counts: Counts
    body: int
    body_removed: int
    kinds: Mapping[str, tuple[int, int]]

    @property
    def body_loss(self) -> float:
        """Share of body characters removed."""
        return self.body_removed / self.body if self.body else 0.0

    def kind_recall(self, kind: str) -> float:
        """Share of the characters of lines so labelled that were removed."""
        removed, total = self.kinds.get(kind, (0, 0))
        return removed / total if total else 1.0


def strip_scores(
    documents: Iterable[tuple[str, Sequence[str], Iterable[tuple[int, int]]]],
) -> StripScores:
    r"""Score removed spans against labelled lines.

    Titles are left out of everything: to take one off is no loss, to leave it no fault.

    Args:
        documents: Text, the label of each line of ``text.split("\n")``, removed spans in characters.

    Raises:
        ValueError: A text has another number of lines than labels.
    """
    kinds: dict[str, list[int]] = {}
    for text, labels, spans in documents:
        removed = bytearray(len(text))
        for start, end in spans:
            removed[start:end] = b"\x01" * (min(end, len(text)) - start)
        lines = text.split("\n")
        if len(lines) != len(labels):
            raise ValueError(f"{len(lines)} lines, {len(labels)} labels: {text[:40]!r}")
        at = 0
        for line, label in zip(lines, labels, strict=True):
            seen = [removed[at + i] for i, c in enumerate(line) if not c.isspace()]
            tally = kinds.setdefault(label, [0, 0])
            tally[0] += sum(seen)
            tally[1] += len(seen)
            at += len(line) + 1
    body_removed, body = kinds.get("body", [0, 0])
    hit = sum(removed for kind, (removed, _) in kinds.items() if kind not in BODY_LINES)
    total = sum(size for kind, (_, size) in kinds.items() if kind not in BODY_LINES)
    return StripScores(
        Counts(hit, body_removed, total - hit),
        body,
        body_removed,
        {k: (v[0], v[1]) for k, v in kinds.items()},
    )


def cluster_counts(found: Mapping[str, Hashable | None], true: Mapping[str, Hashable | None]) -> Counts:
    """Count pairs of one found family against pairs of one true family, over all pairs, without listing them.

    An id missing from ``found``, and None, is a family of one. Ids that ``true`` doesn't know don't count.
    """

    def pairs(sizes: Iterable[int]) -> int:
        return sum(n * (n - 1) // 2 for n in sizes)

    both = Counter((found[i], t) for i, t in true.items() if t is not None and found.get(i) is not None)
    hit = pairs(both.values())
    said = pairs(Counter(found[i] for i in true if found.get(i) is not None).values())
    real = pairs(Counter(t for t in true.values() if t is not None).values())
    return Counts(hit, said - hit, real - hit)


def below_floor(scores: Mapping[str, float], floor: Mapping[str, Mapping[str, float]]) -> list[str]:
    """One line for each score that is missing, under its ``min`` or over its ``max``."""
    problems = []
    for bound, sign in (("min", 1), ("max", -1)):
        for name, limit in sorted(floor.get(bound, {}).items()):
            value = scores.get(name)
            if value is None:
                problems.append(f"{name}: not measured, {bound} {limit}")
            elif sign * value < sign * limit:
                problems.append(f"{name}: {value:.4f}, {bound} {limit}")
    return problems
