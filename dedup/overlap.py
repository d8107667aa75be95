"""Verification: what two documents share, exactly, and the relation that follows.

Pairs are aligned on their body tokens (see :mod:`dedup.kernels.overlap`), stock text counts on neither side.
Lengths are in words, as in :mod:`dedup.texts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup import kernels
from dedup.edges import EXACT, NEAR, NONE, PARTIAL, QUOTE, VERSION, Edges
from dedup.parallel import in_order
from dedup.ragged import distinct
from dedup.rules import Rule
from dedup.templates import (
    SAME_DAY,
    Aligned,
    days_apart,
    find_templates,
    new_figures,
    same_facts,
    same_report,
    together,
)
from dedup.texts import DAY, QUOTED, Lengths, Texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.candidates import Pairs
    from dedup.config import Settings

__all__ = ["HALF", "PARAGRAPH", "Verdicts", "classify", "decide", "equal", "verify"]

SEED = 3
"""Tokens a match must have to enter an alignment; chance matches of three are many, chains of them rare."""

PARAGRAPH = 30, 1 / 6
"""Words of one verbatim run and coverage of the shorter text from which it lifted a paragraph, however long
after the other one it was published."""

WHOLE = 0.8, 2 / 3
"""Coverage of the shorter and of the longer text from which both are one piece, whoever speaks in it."""

CUT = 0.95, 0.55
"""Coverage of the shorter and of the longer text from which the shorter was cut from the longer, however few
of its words stand outside quotations; or however few it has, if the longer has all its figures."""

FLASH = 0.85
"""The same of a text that shares fewer words than a version needs, with what it grew into within half a day,
however long that is."""

HALF = 0.5
"""Coverage of the shorter text from which what makes a copied part makes a version of two sources."""

REST = 1.1
"""What is taken over at most, in coverages: the rest of sentences may add a tenth to what is shared."""


def verify(texts: Texts, pairs: Pairs, settings: Settings) -> Edges:
    """Align every pair and name its relation, ``none`` among them.

    Threads share the pairs in contiguous slices; the result does not depend on their number.
    """
    count = min(len(pairs) // 64, 8 * settings.workers)
    if count < 2:  # of one document, in the index: starting a thread takes longer than aligning
        return decide(texts, pairs, settings)[0]
    lengths = _lengths(texts, pairs)

    def judged(rows: NDArray[np.int64]) -> Edges:
        return _judge(texts, pairs.a[rows], pairs.b[rows], lengths, settings)[0]

    return Edges.concat(
        list(in_order(judged, np.array_split(np.arange(len(pairs)), count), settings.workers))
    )


def decide(texts: Texts, pairs: Pairs, settings: Settings) -> tuple[Edges, NDArray[np.uint8]]:
    """As :func:`verify`, in one thread; and by which rules: uint8[p], codes of :class:`dedup.rules.Rule`."""
    return _judge(texts, pairs.a, pairs.b, _lengths(texts, pairs), settings)


def _lengths(texts: Texts, pairs: Pairs) -> Lengths:
    return Lengths.of(texts, distinct(np.concatenate([pairs.a, pairs.b])))


def _align(texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64], settings: Settings) -> Aligned:
    size_a, size_b = texts.stop[a] - texts.start[a], texts.stop[b] - texts.start[b]
    both = size_a + size_b
    counts, run_counts = np.zeros((len(a), 8), np.int32), np.zeros(len(a), np.int64)
    room = int(both.max(initial=0)) + int(both.sum()) // 4
    kept = [np.empty((0, 3), np.int32)]
    loops, done = kernels.get(), 0
    while done < len(a):
        runs = np.empty((room, 3), np.int32)
        upto = loops.align_pairs(
            texts.hash, texts.flags, texts.start, texts.stop, texts.spaceless, a, b,
            done, SEED, settings.bridge, settings.min_run, counts, runs, run_counts,
        )  # fmt: skip
        kept.append(runs[: run_counts[done:upto].sum()].copy())
        done = upto
    runs, stop = np.concatenate(kept), np.cumsum(run_counts)
    start = stop - run_counts
    tokens = np.add.reduceat(np.append(runs[:, 2], 0), start) * (stop > start)
    unit = 1 + (texts.spaceless[a] & texts.spaceless[b])
    left = (np.minimum(size_a, size_b) - tokens) / unit
    words, narrative, longest, figures, conflicts = counts[:, :5].T / 2
    sentences, over_a, over_b = counts[:, 5:].T
    return Aligned(
        *(a, b, words, narrative, longest, figures, conflicts, sentences, over_a, over_b),
        *(tokens / unit, left, runs, start, stop),
    )


def _judge(
    texts: Texts,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    lengths: Lengths,
    settings: Settings,
) -> tuple[Edges, NDArray[np.uint8]]:
    """Align pairs, measure what they share and name their relations; by which rules."""
    aligned = _align(texts, a, b, settings)
    shared, narrative = aligned.words, aligned.narrative
    two_sentences = (narrative >= settings.two_sentences) & (aligned.sentences >= 2)
    base, plain = lengths.base, lengths.plain
    coverage_a = 2 * shared / np.maximum(base[a], 1)
    coverage_b = 2 * shared / np.maximum(base[b], 1)
    least = np.minimum(coverage_a, coverage_b)
    # two texts that both have fewer narrative words than a version needs can still be versions of each other
    least_plain = np.maximum(np.minimum(plain[a], plain[b]) / 2, settings.version_words)
    needed = settings.short_share * np.minimum(least_plain, np.maximum(plain[a], plain[b]) / 2)
    shorter = np.where(base[a] <= base[b], a, b)
    most = np.where(shorter == a, coverage_a, coverage_b)
    over = np.where(shorter == a, aligned.over_a, aligned.over_b) / np.maximum(base[shorter], 1)
    retold = narrative < settings.version_narrative * plain[shorter] / 2
    few = shared < settings.version_words
    frame = lengths.mostly_stock
    grown = few & (most >= FLASH) & ~frame[shorter] & together(texts, a, b, SAME_DAY)
    shortened = (most >= CUT[0]) & (least >= CUT[1])
    cut = (shortened | grown) & ~retold
    flash = np.flatnonzero(cut & few)
    cut[flash] = (narrative[flash] >= settings.quote_words) & (new_figures(texts, a[flash], b[flash]) == 0)
    passages = narrative >= settings.partial_words
    facts = same_facts(texts, aligned, settings)
    same = same_report(texts, lengths, aligned, settings) | (facts & frame[a] & frame[b])
    verdicts = classify(
        shorter=most,
        over=np.clip(over, most, REST * most),
        least=least,
        shared=shared,
        told=_by(
            (Rule.FACTS, facts),
            (Rule.SENTENCES, two_sentences),
            (Rule.PASSAGES, passages),
        ),
        longest=aligned.longest,
        enough=_by(
            (Rule.REPORT, same),
            (Rule.BRIEF, (two_sentences | passages) & (most >= HALF) & texts.sources_known(a, b, same=False)),
            (Rule.FLASH, cut),
            (Rule.CUT, cut & shortened),
            (Rule.COVERED, narrative >= np.minimum(settings.version_words, needed)),
        ),
        retold=retold,
        template=find_templates(texts, lengths, aligned, settings),
        apart=days_apart(texts, a, b),
        later=days_apart(texts, a, b, settings.stock_window_days * DAY),
        scraps=aligned.scraps,
        settings=settings,
    )
    columns = shared, narrative, aligned.longest
    shared_words, narrative_words, longest = (column.astype(np.int64) for column in columns)
    edges = Edges(
        *(a, b, verdicts.kind, coverage_a, coverage_b, shared_words, narrative_words, longest),
        *(aligned.start, aligned.stop, aligned.runs),
    )
    return edges, verdicts.rule


def _by(*rules: tuple[Rule, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """The last rule that holds of each pair, 0 where none does: uint8[p]."""
    found = np.zeros(len(rules[0][1]), np.uint8)
    for rule, holds in rules:
        found[holds] = rule
    return found


class Verdicts(NamedTuple):
    """How p pairs are related, and why.

    Attributes:
        kind: uint8[p], codes of :data:`KINDS`.
        rule: uint8[p], of :class:`dedup.rules.Rule`.
    """

    kind: NDArray[np.uint8]
    rule: NDArray[np.uint8]


def classify(
    shorter: NDArray[np.float64],
    over: NDArray[np.float64],
    least: NDArray[np.float64],
    shared: NDArray[np.float64],
    told: NDArray[np.uint8],
    longest: NDArray[np.float64],
    enough: NDArray[np.uint8],
    retold: NDArray[np.bool_],
    template: NDArray[np.uint8],
    apart: NDArray[np.bool_],
    later: NDArray[np.bool_],
    scraps: NDArray[np.bool_],
    settings: Settings,
) -> Verdicts:
    """The relation of each pair, and the rule that it follows from.

    Args:
        shorter: Coverage of the shorter document.
        over: The same with the rest of sentences half of which were taken over, which readers count whole.
        least: The smaller of both coverages.
        shared: Words shared.
        told: The rule by which enough of one is told in the other for a copy of a part; 0 if it is not.
        longest: Words of the longest verbatim run.
        enough: The rule by which it is enough for a version, whatever its share; 0 if it is not.
        retold: Most of what the shorter document has outside quotations is its own: another story around the
            same statements.
        template: The rule by which they are one frame around other facts; 0 if they are not.
        apart: Published days apart; what keeps half an old text is another one, a sequel or a column's frame.
        later: Published further apart than a window of stock text; what both share is background, unless it
            is much of one, or a paragraph in one run.
        scraps: Their verbatim runs are short, as those of a frame.
        settings: For the thresholds.
    """
    version = np.where(apart, settings.version_coverage_apart, settings.version_coverage)
    paragraph = (longest >= PARAGRAPH[0]) & (shorter >= PARAGRAPH[1])
    background = later & (scraps | ((shorter < settings.partial_coverage_apart) & ~paragraph))
    covered = np.where(apart, shorter, over) >= version
    framed, telling = template > 0, told > 0
    quoted = (shared >= settings.quote_words) & (longest >= settings.min_run)
    part = telling & ~background & ~framed
    much = covered & (enough > 0) & ~retold
    whole = (shorter >= WHOLE[0]) & (least >= WHOLE[1]) & (shared >= settings.version_words)
    most = over >= settings.version_coverage
    kind, rule = np.full(len(shorter), NONE, np.uint8), np.full(len(shorter), Rule.FEW, np.uint8)
    # the strongest last, over what is weaker; np.select takes a tenth of the time of verifying a few pairs
    for relation, by, holds in (
        (QUOTE, Rule.QUOTED, quoted),
        (QUOTE, np.where(scraps, Rule.SCRAPS, Rule.BACKGROUND), quoted & telling & background),
        (QUOTE, template, quoted & telling & framed),
        (PARTIAL, told, part),
        (PARTIAL, Rule.SEQUEL, part & most & ~covered),
        (PARTIAL, Rule.THIN, part & covered & (enough == 0)),
        (PARTIAL, Rule.RETOLD, part & covered & (enough > 0) & retold),
        (VERSION, Rule.WHOLE, whole),
        (VERSION, enough, much),
        (VERSION, Rule.ROUNDED, much & (enough == Rule.COVERED) & (shorter < version)),
        (VERSION, Rule.LATER, much & (enough == Rule.COVERED) & apart),
        (NEAR, Rule.NEAR, (least >= settings.near_coverage) & (shared > 0)),
        (NONE, template, framed & most),
    ):
        np.copyto(kind, relation, where=holds)
        np.copyto(rule, by, where=holds, casting="unsafe")
    return Verdicts(kind, rule)


def equal(texts: Texts, a: NDArray[np.int64], b: NDArray[np.int64]) -> Edges:
    """Edges of pairs known to have the same body: one run, all of it."""
    size = texts.stop - texts.start
    whole = texts.half_words(of=a) // 2
    plain = texts.half_words(QUOTED, of=a) // 2
    rows = np.arange(len(a))
    ones = np.ones(len(a))
    runs = np.stack([np.zeros(len(a)), np.zeros(len(a)), size[a]], axis=1).astype(np.int32)
    kind = np.full(len(a), EXACT, np.uint8)
    return Edges(a, b, kind, ones, ones, whole, plain, whole, rows, rows + (size[a] > 0), runs)
