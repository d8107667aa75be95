"""The loops of overlap.py and pairs.py in plain Python: oracle of the tests, path before compiling."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.kernels.constants import ANNOUNCED_FLAG as ANNOUNCED
from dedup.kernels.constants import CHARACTER_FLAG as CHARACTER
from dedup.kernels.constants import (
    EFFORT,
    EXCERPT,
    GAP_COST,
    LONG,
    LOOK_BACK,
    MAX_HITS,
    OPEN_COST,
    SENTENCE_MOST,
    SENTENCE_SHARE,
    SENTENCE_WORDS,
)
from dedup.kernels.constants import NUMBER_FLAG as NUMBER
from dedup.kernels.constants import QUOTED_FLAG as QUOTED
from dedup.kernels.constants import SENTENCE_FLAG as SENTENCE
from dedup.kernels.constants import STOCK_FLAG as STOCK

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["align_pairs", "find_partners", "often_paired"]


def align_pairs(
    hashes: Any,
    flags: Any,
    starts: Any,
    stops: Any,
    spaceless: Any,
    pair_a: Any,
    pair_b: Any,
    first: int,
    seed: int,
    gap: int,
    min_run: int,
    counts: Any,
    runs: Any,
    run_counts: Any,
) -> int:
    """See :func:`dedup.kernels.overlap.align_pairs`."""
    texts: dict[int, tuple[list[int], list[int]]] = {}
    seeds: dict[tuple[int, int], dict[tuple[int, ...], list[int]]] = {}
    written = 0
    for p in range(first, len(pair_a)):
        numbers = int(pair_a[p]), int(pair_b[p])
        for x in numbers:
            if x not in texts:
                span = slice(int(starts[x]), int(stops[x]))
                texts[x] = hashes[span].tolist(), flags[span].tolist()
        (a, flags_a), (b, flags_b) = texts[numbers[0]], texts[numbers[1]]
        if written + len(a) + len(b) > len(runs):
            return p
        unit = 2 if spaceless[numbers[0]] and spaceless[numbers[1]] else 1
        counts[p] = 0
        run_counts[p] = 0
        k = seed * unit
        if len(a) < k or len(b) < k:
            continue
        if (numbers[0], k) not in seeds:
            index = seeds[numbers[0], k] = defaultdict(list)
            for i in range(len(a) - k + 1):
                if len(index[tuple(a[i : i + k])]) < MAX_HITS:
                    index[tuple(a[i : i + k])].append(i)
        matches = _matches(a, b, seeds[numbers[0], k], k, LONG * unit)
        chained = _chain(matches, gap * unit, unit)
        found, totals, covered, told = _take(chained, matches, flags_a, flags_b, gap, min_run, unit)
        sides = [
            _taken_over(own, {x[side] for x in covered}, {x[side] for x in told})
            for side, own in enumerate((flags_a, flags_b))
        ]
        sentences, over = zip(*sides, strict=True)
        counts[p] = [*totals, min(sentences), *over]
        run_counts[p] = len(found)
        runs[written : written + len(found)] = np.array(found, np.int32).reshape(-1, 3)
        written += len(found)
    return len(pair_a)


def _matches(
    a: list[int], b: list[int], index: dict[tuple[int, ...], list[int]], k: int, long: int
) -> list[tuple[int, int, int]]:
    """Maximal matches (in a, in b, tokens) in the order of b."""
    found: list[tuple[int, int, int]] = []
    most = 2 * (len(a) + len(b)) + 64
    reach = 0
    budget = EFFORT * (len(a) + len(b))
    for j in range(len(b) - k + 1):
        if budget <= 0 or len(found) >= most - MAX_HITS:
            break
        further = reach
        for i in index.get(tuple(b[j : j + k]), ()):
            budget -= 1
            if i > 0 and j > 0 and a[i - 1] == b[j - 1]:
                continue
            if j < reach:
                ahead = i + reach - j
                if ahead >= len(a) or reach >= len(b) or a[ahead] != b[reach]:
                    continue
            span = 0
            while i + span < len(a) and j + span < len(b) and a[i + span] == b[j + span]:
                span += 1
            budget -= span
            if span >= k and j + span > reach:
                found.append((i, j, span))
                if span >= long:
                    further = max(further, j + span)
        reach = further
    return found


def _chain(matches: list[tuple[int, int, int]], widest: int, unit: int) -> list[tuple[int, int]]:
    """(score in tenths, match before or -1) of each match."""
    result: list[tuple[int, int]] = []
    for x, (i, j, span) in enumerate(matches):
        best, origin = 0, -1
        for y in range(x - 1, max(-1, x - LOOK_BACK - 1), -1):
            other_i, other_j, other_span = matches[y]
            gap_a = i - other_i - other_span
            gap_b = j - other_j - other_span
            overlap = max(0, -min(gap_a, gap_b))
            if max(gap_a, gap_b) > widest or other_i >= i or other_j >= j or overlap >= min(span, other_span):
                continue
            gain = result[y][0] - 10 * overlap - OPEN_COST * unit - GAP_COST * max(0, gap_a, gap_b)
            if gain > best:
                best, origin = gain, y
        result.append((10 * span + best, origin))
    return result


def _take(
    chained: list[tuple[int, int]],
    matches: list[tuple[int, int, int]],
    flags_a: list[int],
    flags_b: list[int],
    gap: int,
    min_run: int,
    unit: int,
) -> tuple[list[tuple[int, int, int]], list[int], list[tuple[int, int]], list[tuple[int, int]]]:
    """Runs of the chains worth taking, their counts, the tokens taken, and those of them in no excerpt."""
    widest, least = gap * unit, min_run * unit
    used_a, used_b = bytearray(len(flags_a)), bytearray(len(flags_b))
    taken = [False] * len(matches)
    runs: list[tuple[int, int, int]] = []
    inside: list[tuple[int, int]] = []
    told: list[tuple[int, int]] = []
    covered = narrative = longest = figures = conflicts = 0
    for x in sorted(range(len(matches)), key=lambda x: -chained[x][0]):
        if chained[x][0] < 10 * least:
            break
        chain: list[tuple[int, int, int]] = []
        y = x
        while y >= 0 and not taken[y]:
            taken[y] = True
            i, j, span = matches[y]
            if chain:
                span = min(span, chain[-1][0] - i, chain[-1][1] - j)
            while span > 0 and (used_a[i] or used_b[j]):
                i, j, span = i + 1, j + 1, span - 1
            free = 0
            while free < span and not used_a[i + free] and not used_b[j + free]:
                free += 1
            if free > 0:
                chain.append((i, j, free))
            y = chained[y][1]
        chain.reverse()
        fresh = sum(
            not (flags_a[i + t] & STOCK or flags_b[j + t] & STOCK)
            for i, j, span in chain
            for t in range(span)
        )
        if fresh < least:
            continue
        pairs = [(i + t, j + t) for i, j, span in chain for t in range(span)]
        for i, j in pairs:
            used_a[i] = used_b[j] = 1
        for i, j, span in chain:
            longest = max(longest, sum(_weight(flags_a[i + t], flags_b[j + t]) for t in range(span)))
        alike = _figures(flags_a[i] for i, _ in pairs)
        figures += 2 * alike[0] + alike[1]
        for (i, j, span), (next_i, next_j, _) in pairwise(chain):
            gap_a, gap_b = range(i + span, next_i), range(j + span, next_j)
            if len(gap_a) > widest or len(gap_b) > widest:
                continue
            in_a, in_b = _figures(flags_a[t] for t in gap_a), _figures(flags_b[t] for t in gap_b)
            conflicts += 2 * min(in_a[0], in_b[0]) + min(in_a[1], in_b[1])
            for t, u in zip(gap_a, gap_b, strict=False):
                if not used_a[t] and not used_b[u]:
                    used_a[t] = used_b[u] = 1
                    pairs.append((t, u))
        covered += sum(_weight(flags_a[i], flags_b[j]) for i, j in pairs)
        inside += pairs
        own = sum(_weight(flags_a[i], flags_b[j]) for i, j in pairs if not (flags_a[i] | flags_b[j]) & QUOTED)
        first, last = chain[0], chain[-1]
        announced = (flags_a[first[0]] | flags_b[first[1]]) & ANNOUNCED
        if announced and last[0] + last[2] - first[0] <= EXCERPT * unit:
            own, pairs = 0, []
        narrative += own
        told += pairs
        runs.extend(chain)
    return runs, [covered, narrative, longest, figures, conflicts], inside, told


def _taken_over(flags: list[int], covered: set[int], told: set[int]) -> tuple[int, int]:
    """Sentences taken over, what is quoted in them aside; and half words, with the rest of such sentences."""
    sentences = over = whole = taken = own = 0
    for t, flag in enumerate([*flags, SENTENCE]):
        if flag & SENTENCE:
            sentences += _is_taken(own, whole)
            over += _with_rest(taken, whole)
            whole = taken = own = 0
        if t < len(flags) and (weight := _weight(flag, 0)):
            whole += weight
            if t in covered:
                taken += weight
                own += weight if t in told and not flag & QUOTED else 0
    return sentences, over


def _is_taken(taken: int, whole: int) -> bool:
    """Whether a sentence of so many half words was taken over, given those of it that stand in passages."""
    return taken >= 2 * SENTENCE_WORDS and taken >= SENTENCE_SHARE * whole


def _with_rest(taken: int, whole: int) -> int:
    """Half words of a sentence that was taken over, of which so many stand in passages."""
    return whole if _is_taken(taken, whole) and whole <= 2 * SENTENCE_MOST else taken


def _figures(flags: Iterable[int]) -> tuple[int, int]:
    """Figures among tokens, and numerals: 三万 and 30,000 may be the same, so they are told apart."""
    kinds = [flag & (NUMBER | CHARACTER) for flag in flags]
    return kinds.count(NUMBER), kinds.count(NUMBER | CHARACTER)


def _weight(flags_a: int, flags_b: int) -> int:
    """Half words a token counts: none where either side is stock."""
    if (flags_a | flags_b) & STOCK:
        return 0
    return 1 if (flags_a | flags_b) & CHARACTER else 2


def find_partners(keys: Any, low: int, crowd: int, leaders: int, partners: Any) -> tuple[int, int]:
    """See :func:`dedup.kernels.pairs.find_partners`."""
    groups = [list(group) for _, group in groupby(keys.tolist(), lambda key: key >> low)]
    groups = [group for group in groups if len(group) > 1]
    kept = [key for group in groups for key in group]
    keys[: len(kept)] = kept
    partners[: len(kept)] = [
        min(len(group) - 1 - x, leaders if len(group) > crowd and x >= leaders else len(group))
        for group in groups
        for x in range(len(group))
    ]
    return len(kept), sum(len(group) > crowd for group in groups)


def often_paired(
    number: Any,
    partners: Any,
    offsets: Any,
    places: Any,
    first: int,
    stop: int,
    least: int,
    flash: Any,
    shared: Any,
    pairs: Any,
) -> tuple[int, int]:
    """See :func:`dedup.kernels.pairs.often_paired`."""
    n = 0
    for a in range(first, stop):
        if n + len(shared) > len(pairs):
            return n, a
        own = places[offsets[a] : offsets[a + 1]].tolist()
        count = Counter(b for x in own for b in number[x + 1 : x + 1 + partners[x]].tolist())
        often = [a << 32 | b for b, times in count.items() if times >= (1 if flash[a] or flash[b] else least)]
        pairs[n : n + len(often)] = often
        n += len(often)
    return n, stop
