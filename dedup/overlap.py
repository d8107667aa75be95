"""Verification: what two documents share, exactly, and the relation that follows.

Pairs are aligned on their body tokens (see :mod:`dedup.kernels.overlap`), stock text counts on neither side.
Lengths are in words: a token is a word, or half a word in scripts written without spaces.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup import kernels
from dedup.kernels.rules import CHARACTER_FLAG, CUT_FLAG, NUMBER_FLAG, QUOTED_FLAG, STOCK_FLAG
from dedup.model import RelationKind
from dedup.templates import Shared, days_apart, find_templates, same_report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.candidates import Pairs
    from dedup.config import Settings

__all__ = ["KINDS", "NEVER", "Edges", "Lengths", "Texts", "classify", "verify"]

KINDS = tuple(RelationKind)
"""Kinds by code, strongest first."""

EXACT, NEAR, VERSION, PARTIAL, QUOTE, NONE = range(6)

SEED = 3
"""Tokens a match must have to enter an alignment; chance matches of three are many, chains of them rare."""

QUOTED, CHARACTER, STOCK = QUOTED_FLAG, CHARACTER_FLAG, STOCK_FLAG
NUMBER, CUT = NUMBER_FLAG, CUT_FLAG
"""Flags of a body token; ``CUT``: something was stripped before it."""

NEVER = np.iinfo(np.int64).max
"""Publication time of an undated document; it comes last in the order."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The body tokens of numbered documents.

    Attributes:
        hash: uint64[T], in any order of documents.
        flags: uint8[T], QUOTED | CHARACTER | STOCK | NUMBER | CUT.
        start: int64[n], first token of each document.
        stop: int64[n], one past its last.
        spaceless: uint8[n], most of its tokens are single characters.
        published: int64[n] microseconds since the epoch, :data:`NEVER` where unknown; None where all are.
    """

    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    spaceless: NDArray[np.uint8]
    published: NDArray[np.int64] | None = None

    def half_words(self, without: int = 0) -> NDArray[np.int64]:
        """Length of each document in half words, tokens with a flag of ``without`` left out: int64[n]."""
        total = np.empty(len(self.start), np.int64)
        kernels.get().half_words(self.flags, self.start, self.stop, without, total)
        return total


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

    @staticmethod
    def of(texts: Texts) -> Lengths:
        """Those of all documents."""
        whole = texts.half_words()
        figures = whole - texts.half_words(NUMBER)
        return Lengths(whole, texts.half_words(STOCK), texts.half_words(STOCK | QUOTED), figures)


@dataclass(frozen=True, slots=True)
class Edges:
    """Verified pairs, a < b, with what was found; one row a pair.

    Attributes:
        a: int64[e] document number.
        b: int64[e].
        kind: uint8[e], index into :data:`KINDS`.
        coverage_a: float64[e], share of a's body inside shared passages.
        coverage_b: float64[e].
        shared_words: int64[e], equal on both sides.
        narrative_words: int64[e], those outside quotations.
        longest: int64[e], words of the longest verbatim run.
        run_start: int64[e], first row in ``runs``.
        run_stop: int64[e].
        runs: int32[r, 3], body token of a, body token of b, tokens; in the order found.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    kind: NDArray[np.uint8]
    coverage_a: NDArray[np.float64]
    coverage_b: NDArray[np.float64]
    shared_words: NDArray[np.int64]
    narrative_words: NDArray[np.int64]
    longest: NDArray[np.int64]
    run_start: NDArray[np.int64]
    run_stop: NDArray[np.int64]
    runs: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.a)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Edges:
        """The chosen rows; the runs are shared, not copied."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "runs"}
        return Edges(runs=self.runs, **columns)

    @staticmethod
    def concat(parts: list[Edges]) -> Edges:
        """All rows of several, in order."""
        shift = np.cumsum([0] + [len(part.runs) for part in parts])
        columns: dict[str, Any] = {}
        for f in fields(Edges):
            values = [getattr(part, f.name) for part in parts]
            if f.name in ("run_start", "run_stop"):
                values = [value + by for value, by in zip(values, shift, strict=False)]
            columns[f.name] = np.concatenate(values)
        return Edges(**columns)


def verify(texts: Texts, pairs: Pairs, settings: Settings) -> Edges:
    """Align every pair and name its relation, ``none`` among them.

    Threads share the pairs in contiguous slices; the result does not depend on their number.
    """
    lengths = Lengths.of(texts)
    slices = np.array_split(np.arange(len(pairs)), max(1, min(len(pairs) // 64, 4 * settings.workers)))
    if len(slices) == 1:  # of one document, in the index: starting a thread takes longer than aligning
        return _align(texts, pairs.a, pairs.b, lengths, settings)
    with ThreadPoolExecutor(settings.workers) as pool:
        parts = pool.map(lambda rows: _align(texts, pairs.a[rows], pairs.b[rows], lengths, settings), slices)
        return Edges.concat(list(parts))


def _align(
    texts: Texts,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    lengths: Lengths,
    settings: Settings,
) -> Edges:
    sizes = texts.stop - texts.start
    work = int((sizes[a] + sizes[b]).sum())
    loops = kernels.get()
    counts = np.zeros((len(a), 6), np.int32)
    run_counts = np.zeros(len(a), np.int64)
    room = int((sizes[a] + sizes[b]).max(initial=0)) + work // 4
    kept = [np.empty((0, 3), np.int32)]
    done = 0
    while done < len(a):
        runs = np.empty((room, 3), np.int32)
        upto = loops.align_pairs(
            texts.hash, texts.flags, texts.start, texts.stop, texts.spaceless, a, b,
            done, SEED, settings.bridge, settings.min_run, settings.passage_words, counts, runs, run_counts,
        )  # fmt: skip
        kept.append(runs[: run_counts[done:upto].sum()].copy())
        done = upto
    stop = np.cumsum(run_counts)
    shared, narrative, longest, figures, conflicts, told = (counts / 2).T
    base, plain = lengths.base, lengths.plain
    coverage_a = 2 * shared / np.maximum(base[a], 1)
    coverage_b = 2 * shared / np.maximum(base[b], 1)
    least = np.minimum(coverage_a, coverage_b)
    runs = np.concatenate(kept)
    verbatim = np.add.reduceat(np.append(runs[:, 2], 0), stop - run_counts) * (run_counts > 0)
    unit = 1 + (texts.spaceless[a] & texts.spaceless[b])
    left = (np.minimum(sizes[a], sizes[b]) - verbatim) / unit
    common = Shared(shared, figures, conflicts, left)
    template = find_templates(texts, lengths, a, b, common, settings)
    # two texts that both have fewer narrative words than a passage needs can still be versions of each other
    least_plain = np.maximum(np.minimum(plain[a], plain[b]) / 2, settings.partial_words)
    needed = settings.short_share * np.minimum(least_plain, np.maximum(plain[a], plain[b]) / 2)
    enough = narrative >= np.minimum(settings.partial_words, needed)
    enough |= same_report(texts, lengths, a, b, verbatim / unit, settings)
    kind = classify(
        np.where(base[a] <= base[b], coverage_a, coverage_b),
        least,
        shared,
        told,
        longest,
        enough,
        template,
        days_apart(texts, a, b),
        settings,
    )
    return Edges(
        a,
        b,
        kind,
        coverage_a,
        coverage_b,
        shared.astype(np.int64),
        narrative.astype(np.int64),
        longest.astype(np.int64),
        stop - run_counts,
        stop,
        runs,
    )


def classify(
    shorter: NDArray[np.float64],
    least: NDArray[np.float64],
    shared: NDArray[np.float64],
    told: NDArray[np.float64],
    longest: NDArray[np.float64],
    enough: NDArray[np.bool_],
    template: NDArray[np.bool_],
    apart: NDArray[np.bool_],
    settings: Settings,
) -> NDArray[np.uint8]:
    """The relation of each pair, uint8[p] codes of :data:`KINDS`; the rules of the design, strongest first.

    Args:
        shorter: Coverage of the shorter document.
        least: The smaller of both coverages.
        shared: Words shared.
        told: Words shared outside quotations, in passages that have enough of them.
        longest: Words of the longest verbatim run.
        enough: Enough of them for a version, whatever their share.
        template: Same frame, other facts: :mod:`dedup.templates`.
        apart: Published days apart; what keeps half an old text is another one, a sequel or a column's frame.
        settings: For the thresholds.
    """
    version = np.where(apart, settings.version_coverage_apart, settings.version_coverage)
    return np.select(
        [
            template & (shorter >= settings.version_coverage),
            (least >= settings.near_coverage) & (shared > 0),
            (shorter >= version) & enough,
            told >= settings.partial_words,
            (shared >= settings.quote_words) & (longest >= settings.min_run),
        ],
        [NONE, NEAR, VERSION, PARTIAL, QUOTE],
        NONE,
    ).astype(np.uint8)


def equal(texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64]) -> Edges:
    """Edges of pairs known to have the same body: one run, all of it."""
    size = texts.stop - texts.start
    whole = (texts.half_words()[a] / 2).astype(np.int64)
    plain = (texts.half_words(QUOTED)[a] / 2).astype(np.int64)
    rows = np.arange(len(a))
    ones = np.ones(len(a))
    runs = np.stack([np.zeros(len(a)), np.zeros(len(a)), size[a]], axis=1).astype(np.int32)
    kind = np.full(len(a), EXACT, np.uint8)
    return Edges(a, b, kind, ones, ones, whole, plain, whole, rows, rows + (size[a] > 0), runs)
