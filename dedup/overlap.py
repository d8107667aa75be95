"""Verification: what two documents share, exactly, and the relation that follows.

Pairs are aligned on their body tokens (:mod:`dedup.alignment`), stock text counts on neither side; what is
measured decides on the relation (:mod:`dedup.verdicts`).
Lengths are in words, as in :mod:`dedup.texts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.alignment import align
from dedup.edges import EXACT, Edges
from dedup.parallel import in_order
from dedup.ragged import distinct
from dedup.templates import (
    ANOTHER_DAY,
    SAME_DAY,
    find_templates,
    new_figures,
    same_facts,
    same_report,
)
from dedup.texts import DAY, QUOTED, Lengths, Texts
from dedup.verdicts import Evidence, Rule, classify

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.alignment import Aligned
    from dedup.candidates import Pairs
    from dedup.config import Settings

__all__ = ["HALF", "decide", "equal", "verify"]

CUT_COVERAGE = 0.95, 0.55
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
    """As :func:`verify`, in one thread; and by which rules: uint8[p] of :class:`dedup.verdicts.Rule`."""
    return _judge(texts, pairs.a, pairs.b, _lengths(texts, pairs), settings)


def _lengths(texts: Texts, pairs: Pairs) -> Lengths:
    return Lengths.of(texts, distinct(np.concatenate([pairs.a, pairs.b])))


def _judge(
    texts: Texts,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    lengths: Lengths,
    settings: Settings,
) -> tuple[Edges, NDArray[np.uint8]]:
    """Align pairs, measure what they share and name their relations; by which rules."""
    aligned = align(texts, a, b, settings)
    coverage_a, coverage_b = (2 * aligned.words / np.maximum(lengths.base[end], 1) for end in (a, b))
    verdicts = classify(_evidence(texts, lengths, aligned, coverage_a, coverage_b, settings), settings)
    columns = aligned.words, aligned.narrative, aligned.longest
    shared_words, narrative_words, longest = (column.astype(np.int64) for column in columns)
    edges = Edges(
        *(a, b, verdicts.kind, coverage_a, coverage_b, shared_words, narrative_words, longest),
        *(aligned.start, aligned.stop, aligned.runs),
    )
    return edges, verdicts.rule


def _evidence(
    texts: Texts,
    lengths: Lengths,
    aligned: Aligned,
    coverage_a: NDArray[np.float64],
    coverage_b: NDArray[np.float64],
    settings: Settings,
) -> Evidence:
    """What aligned pairs are judged by."""
    a, b, shared, narrative = aligned.a, aligned.b, aligned.words, aligned.narrative
    two_sentences = (narrative >= settings.two_sentences) & (aligned.sentences >= 2)
    base, plain = lengths.base, lengths.plain
    min_coverage = np.minimum(coverage_a, coverage_b)
    # two texts that both have fewer narrative words than a version needs can still be versions of each other
    least_plain = np.maximum(np.minimum(plain[a], plain[b]) / 2, settings.version_words)
    needed = settings.short_share * np.minimum(least_plain, np.maximum(plain[a], plain[b]) / 2)
    shorter = np.where(base[a] <= base[b], a, b)
    coverage = np.where(shorter == a, coverage_a, coverage_b)
    by_sentence = np.where(shorter == a, aligned.over_a, aligned.over_b) / np.maximum(base[shorter], 1)
    mostly_own = narrative < settings.version_narrative * plain[shorter] / 2
    few = shared < settings.version_words
    frame = lengths.mostly_stock
    grown = few & (coverage >= FLASH) & ~frame[shorter] & texts.together(a, b, SAME_DAY)
    shortened = (coverage >= CUT_COVERAGE[0]) & (min_coverage >= CUT_COVERAGE[1])
    cut = (shortened | grown) & ~mostly_own
    flash = np.flatnonzero(cut & few)
    cut[flash] = (narrative[flash] >= settings.quote_words) & (new_figures(texts, a[flash], b[flash]) == 0)
    passages = narrative >= settings.partial_words
    brief = (two_sentences | passages) & (coverage >= HALF) & texts.sources_known(a, b, same=False)
    facts = same_facts(texts, aligned, settings)
    same = same_report(texts, lengths, aligned, settings) | (facts & frame[a] & frame[b])
    return Evidence(
        coverage=coverage,
        coverage_by_sentence=np.clip(by_sentence, coverage, REST * coverage),
        min_coverage=min_coverage,
        shared=shared,
        longest=aligned.longest,
        partial_rule=_by((Rule.FACTS, facts), (Rule.SENTENCES, two_sentences), (Rule.PASSAGES, passages)),
        version_rule=_by(
            (Rule.REPORT, same),
            (Rule.BRIEF, brief),
            (Rule.FLASH, cut),
            (Rule.CUT, cut & shortened),
            (Rule.COVERED, narrative >= np.minimum(settings.version_words, needed)),
        ),
        template_rule=find_templates(texts, lengths, aligned, settings),
        mostly_own=mostly_own,
        days_apart=texts.apart(a, b, ANOTHER_DAY),
        windows_apart=texts.apart(a, b, settings.stock_window_days * DAY),
        scraps=aligned.scraps,
        empty=np.minimum(lengths.whole[a], lengths.whole[b]) == 0,
        stock=np.minimum(*(lengths.whole[end] - base[end] for end in (a, b))) / 2,
    )


def _by(*rules: tuple[Rule, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """The last rule that holds of each pair, 0 where none does: uint8[p]."""
    found = np.zeros(len(rules[0][1]), np.uint8)
    for rule, holds in rules:
        found[holds] = rule
    return found


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
