"""Loops of the overlap stage: alignment of pairs of token arrays.

The method is sparse local alignment: maximal exact matches of at least ``seed`` tokens are chained, as long
as the gaps between them stay small on both sides, by a score of matched tokens less gap costs (the sparse
dynamic programming of Eppstein et al., 1992, with a bounded look-back); chains are taken best first, each
token used once. Reordered passages are separate chains, light edits are gaps inside one.

Bounds that keep a pair linear, whatever the texts: ``MAX_HITS`` occurrences of one seed, ``LOOK_BACK``
matches before the current one, a match must reach further than the longest before it, and a budget of
``EFFORT`` comparisons a token.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, inlined, kernel, load64, out
from dedup.kernels.constants import ANNOUNCED_FLAG as ANNOUNCED
from dedup.kernels.constants import CHARACTER_FLAG as CHARACTER
from dedup.kernels.constants import (
    EFFORT,
    EXCERPT,
    GAP_COST,
    LONG,
    LOOK_BACK,
    MAX_HITS,
    MIX,
    OPEN_COST,
    SENTENCE_MOST,
    SENTENCE_SHARE,
    SENTENCE_WORDS,
)
from dedup.kernels.constants import NUMBER_FLAG as NUMBER
from dedup.kernels.constants import QUOTED_FLAG as QUOTED
from dedup.kernels.constants import SENTENCE_FLAG as SENTENCE
from dedup.kernels.constants import STOCK_FLAG as STOCK

__all__ = ["align_pairs"]

TAKEN, CITED = 1, 2  # marks of used tokens: CITED in an excerpt

COVERED, NARRATIVE, LONGEST, FIGURES, CONFLICTS, SENTENCES, OVER_A, OVER_B = range(8)  # columns of the counts

M, S29 = np.uint64(MIX), np.uint64(29)


class Pair(NamedTuple):
    """Two documents.

    Attributes:
        a: uint64, the tokens of one.
        b: uint64, of the other.
        flags_a: uint8.
        flags_b: uint8.
        unit: Tokens a word: 2 where both are written without spaces.
    """

    a: Any
    b: Any
    flags_a: Any
    flags_b: Any
    unit: Any


class Room(NamedTuple):
    """Arrays to work in, for the longest documents.

    Attributes:
        head: int32, the first seed of each slot of hashes, -1 for none; as many slots as a power of two.
        following: int32, the next seed in the same slot.
        keys: uint64, the hash of each seed of a.
        keys_b: uint64, of b.
        used_a: uint8, tokens that are taken.
        used_b: uint8.
        at_a: int32, where each match begins.
        at_b: int32.
        length: int32, tokens of each match.
        score: int64, of the best chain that ends with it, tenths of a token.
        before: int32, the match before it in that chain, -1 for none.
        taken: uint8.
        heap: int64.
        chain: int32[., 3], runs of one chain, the last first: first token in a, in b, tokens.
    """

    head: Any
    following: Any
    keys: Any
    keys_b: Any
    used_a: Any
    used_b: Any
    at_a: Any
    at_b: Any
    length: Any
    score: Any
    before: Any
    taken: Any
    heap: Any
    chain: Any


@helper
def _push(heap, size, key):
    """Put a key into a heap, the least on top; give its new size.

    A heap, because numba's sort alone takes six seconds to compile.
    """
    place = size
    while place > 0 and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key
    return size + 1


@helper
def _pop(heap, size):
    """Take the least key out of a heap."""
    least = heap[0]
    key = heap[size - 1]
    place = 0
    child = 1
    while child < size - 1:
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    heap[place] = key
    return least


@helper
def _most_matches(length_a, length_b):
    return 2 * (length_a + length_b) + MAX_HITS


@inlined
def _hash_seeds(tokens, k, keys):
    """Hash all runs of k tokens; one token of each at a time, of which the compiler makes vectors."""
    count = max(0, len(tokens) - k + 1)
    hashed = keys[:count]
    hashed[:] = 0
    for t in range(k):
        own = tokens[t : t + count]
        for i in range(count):
            key = (hashed[i] ^ own[i]) * M
            hashed[i] = key ^ key >> S29


@helper
def _index_seeds(a, k, room):
    """Lists of the seeds of a by their hashes, the first occurrence first."""
    mask = np.uint64(len(room.head) - 1)
    room.head[:] = -1
    _hash_seeds(a, k, room.keys)
    for i in range(len(a) - k, -1, -1):
        slot = room.keys[i] & mask
        room.following[i] = room.head[slot]
        room.head[slot] = i


@helper
def _find_matches(pair, k, room):
    """Maximal matches, in the order of b; give how many there are."""
    a, b = pair.a, pair.b
    mask = np.uint64(len(room.head) - 1)
    most = _most_matches(len(a), len(b))
    count = 0
    reach = 0
    budget = EFFORT * (len(a) + len(b))
    _hash_seeds(b, k, room.keys_b)
    for j in range(len(b) - k + 1):
        if budget <= 0 or count >= most - MAX_HITS:
            break
        key = room.keys_b[j]
        i = room.head[key & mask]
        hits = 0
        further = reach
        while i >= 0 and hits < MAX_HITS:
            if room.keys[i] == key:
                hits += 1
                budget -= 1
                whole = i == 0 or j == 0 or a[i - 1] != b[j - 1]
                if whole and j < reach:
                    ahead = i + reach - j
                    whole = ahead < len(a) and reach < len(b) and a[ahead] == b[reach]
                if whole:
                    span = 0
                    limit = min(len(a) - i, len(b) - j)
                    while span < limit and a[i + span] == b[j + span]:
                        span += 1
                    budget -= span
                    if span >= k and j + span > reach:
                        room.at_a[count] = i
                        room.at_b[count] = j
                        room.length[count] = span
                        count += 1
                        if span >= LONG * pair.unit and j + span > further:
                            further = j + span
            i = room.following[i]
        reach = further
    return count


@helper
def _chain_matches(count, widest, unit, room):
    """Score the best chain that ends with each match."""
    at_a, at_b, length, score = room.at_a, room.at_b, room.length, room.score
    for x in range(count):
        best = np.int64(0)
        origin = -1
        y = x - 1
        while y >= 0 and y >= x - LOOK_BACK:
            gap_a = at_a[x] - at_a[y] - length[y]
            gap_b = at_b[x] - at_b[y] - length[y]
            if gap_a <= widest and gap_b <= widest and at_a[y] < at_a[x] and at_b[y] < at_b[x]:
                overlap = max(0, -min(gap_a, gap_b))
                if overlap < length[x] and overlap < length[y]:
                    wide = max(0, gap_a, gap_b)
                    gain = score[y] - 10 * overlap - OPEN_COST * unit - GAP_COST * wide
                    if gain > best:
                        best = gain
                        origin = y
            y -= 1
        score[x] = 10 * length[x] + best
        room.before[x] = origin
        room.taken[x] = 0


@helper
def _unused_runs(match, room):
    """What is left of the chain that ends with a match, in ``room.chain``; give how many runs."""
    links = 0
    while match >= 0 and not room.taken[match]:
        room.taken[match] = 1
        i = room.at_a[match]
        j = room.at_b[match]
        span = room.length[match]
        if links > 0:
            span = min(span, room.chain[links - 1, 0] - i, room.chain[links - 1, 1] - j)
        while span > 0 and (room.used_a[i] or room.used_b[j]):
            i += 1
            j += 1
            span -= 1
        free = 0
        while free + 8 <= span and load64(room.used_a, i + free) | load64(room.used_b, j + free) == 0:
            free += 8
        while free < span and not room.used_a[i + free] and not room.used_b[j + free]:
            free += 1
        if free > 0:
            room.chain[links, 0] = i
            room.chain[links, 1] = j
            room.chain[links, 2] = free
            links += 1
        match = room.before[match]
    return links


@helper
def _outside_stock(pair, links, room):
    """Tokens of a chain that are stock on neither side."""
    count = 0
    for c in range(links):
        i, j, size = room.chain[c]
        flags_a, flags_b = pair.flags_a[i : i + size], pair.flags_b[j : j + size]
        own = np.int32(0)
        for t in range(size):
            own += np.int32((flags_a[t] | flags_b[t]) & STOCK == 0)
        count += own
    return count


@inlined
def _half_words(flags, without):
    """Half words of a token, none if it has a flag of ``without``."""
    return np.int32(flags & without == 0) * np.int32(2 - np.int32(flags & CHARACTER != 0))


@inlined
def _bridge(pair, i, j, mark, room):
    """Mark a token of each side, changed; give its half words, and those outside quotations."""
    room.used_a[i] = mark
    room.used_b[j] = mark
    flags = pair.flags_a[i] | pair.flags_b[j]
    weight = _half_words(flags, STOCK)
    return weight, 0 if flags & QUOTED else weight


@helper
def _is_excerpt(pair, links, room):
    """Whether a chain begins in what one side announces, and is short enough to be all of that."""
    i = room.chain[links - 1, 0]
    j = room.chain[links - 1, 1]
    end = room.chain[0, 0] + room.chain[0, 2]
    return bool((pair.flags_a[i] | pair.flags_b[j]) & ANNOUNCED) and end - i <= EXCERPT * pair.unit


@helper
def _figures(flags, first, size):
    """Figures among tokens, and numerals of one character."""
    numbers = 0
    numerals = 0
    for t in range(first, first + size):
        flag = flags[t] & (NUMBER | CHARACTER)
        numbers += flag == NUMBER
        numerals += flag == NUMBER | CHARACTER
    return numbers, numerals


@helper
def _take_chain(pair, links, widest, room, runs, written, counts):
    """Take the runs of a chain and what is bridged between them."""
    told = 0
    mark = np.uint8(CITED) if _is_excerpt(pair, links, room) else np.uint8(TAKEN)
    for c in range(links - 1, -1, -1):
        i = room.chain[c, 0]
        j = room.chain[c, 1]
        size = room.chain[c, 2]
        room.used_a[i : i + size] = mark
        room.used_b[j : j + size] = mark
        flags_a, flags_b = pair.flags_a[i : i + size], pair.flags_b[j : j + size]
        straight = spoken = figures = np.int32(0)
        for t in range(size):  # without a branch: the compiler makes vectors of it
            own = _half_words(flags_a[t] | flags_b[t], STOCK)
            straight += own
            spoken += own * np.int32((flags_a[t] | flags_b[t]) & QUOTED != 0)
            figures += _half_words(flags_a[t], 0) * np.int32(flags_a[t] & NUMBER != 0)
        told += straight - spoken
        counts[COVERED] += straight
        counts[LONGEST] = max(counts[LONGEST], straight)
        counts[FIGURES] += figures
        runs[written, 0] = i
        runs[written, 1] = j
        runs[written, 2] = size
        written += 1
        if c == 0:
            break
        # words changed between two runs were taken over too, as many as stand on both sides
        i += size
        j += size
        gap_a = room.chain[c - 1, 0] - i
        gap_b = room.chain[c - 1, 1] - j
        if gap_a > widest or gap_b > widest:
            continue
        numbers_a, numerals_a = _figures(pair.flags_a, i, gap_a)
        numbers_b, numerals_b = _figures(pair.flags_b, j, gap_b)
        # 三万 and 30,000 may be the same: only figures of one kind are told apart
        counts[CONFLICTS] += 2 * min(numbers_a, numbers_b) + min(numerals_a, numerals_b)
        for t in range(min(gap_a, gap_b)):
            if not room.used_a[i + t] and not room.used_b[j + t]:
                weight, narrative = _bridge(pair, i + t, j + t, mark, room)
                counts[COVERED] += weight
                told += narrative
    if mark == TAKEN:
        counts[NARRATIVE] += told


@inlined
def _is_taken(taken, whole):
    """Whether a sentence of so many half words was taken over, given those of it that stand in passages."""
    return taken >= 2 * SENTENCE_WORDS and taken >= SENTENCE_SHARE * whole


@inlined
def _with_rest(taken, whole):
    """Half words of a sentence that was taken over, of which so many stand in passages."""
    return whole if _is_taken(taken, whole) and whole <= 2 * SENTENCE_MOST else taken


@helper
def _taken_over(flags, used):
    """Sentences taken over, what is quoted in them aside; and half words, with the rest of such sentences."""
    sentences = 0
    over = whole = taken = told = np.int32(0)
    for t in range(len(flags)):
        if flags[t] & SENTENCE:
            sentences += np.int64(_is_taken(told, whole))
            over += _with_rest(taken, whole)
            whole = taken = told = np.int32(0)
        weight = _half_words(flags[t], STOCK)
        whole += weight
        taken += weight * np.int32(used[t] != 0)
        told += weight * np.int32(used[t] == TAKEN) * np.int32(flags[t] & QUOTED == 0)
    over += _with_rest(taken, whole)
    return sentences + np.int64(_is_taken(told, whole)), over


@kernel(
    types.int64(
        const(types.uint64), const(types.uint8), const(types.int64), const(types.int64), const(types.uint8),
        const(types.int64), const(types.int64),
        types.int64, types.int64, types.int64, types.int64,
        types.Array(types.int32, 2, "C"), types.Array(types.int32, 2, "C"), out(types.int64),
    ),
    allocates=True,
)  # fmt: skip
def align_pairs(
    hashes,
    flags,
    starts,
    stops,
    spaceless,
    pair_a,
    pair_b,
    first,
    seed,
    gap,
    min_run,
    counts,
    runs,
    run_counts,
):
    """Align pairs from number ``first`` on; return the first pair that found no room in ``runs``.

    ``counts`` gets a row a pair, in half words: covered; those of them outside quotations; the longest
    verbatim run; equal figures; and figures that differ in the gaps between runs. Then how many sentences of
    each were taken over, which is no length; and half words of a, and of b, that were: what is covered, and
    the rest of sentences half of which is.
    """
    pairs = len(pair_a)
    longest_a = 1
    longest_b = 1
    for p in range(first, pairs):
        longest_a = max(longest_a, stops[pair_a[p]] - starts[pair_a[p]])
        longest_b = max(longest_b, stops[pair_b[p]] - starts[pair_b[p]])
    slots = 16
    while slots < 2 * longest_a:
        slots *= 2
    most = _most_matches(longest_a, longest_b)
    room = Room(
        head=np.empty(slots, np.int32),
        following=np.empty(longest_a, np.int32),
        keys=np.empty(longest_a, np.uint64),
        keys_b=np.empty(longest_b, np.uint64),
        used_a=np.zeros(longest_a, np.uint8),
        used_b=np.zeros(longest_b, np.uint8),
        at_a=np.empty(most, np.int32),
        at_b=np.empty(most, np.int32),
        length=np.empty(most, np.int32),
        score=np.empty(most, np.int64),
        before=np.empty(most, np.int32),
        taken=np.empty(most, np.uint8),
        heap=np.empty(most, np.int64),
        chain=np.empty((most, 3), np.int32),
    )
    indexed = np.int64(-1)
    indexed_k = np.int64(-1)
    written = 0
    for p in range(first, pairs):
        one = slice(starts[pair_a[p]], stops[pair_a[p]])
        two = slice(starts[pair_b[p]], stops[pair_b[p]])
        unit = 2 if spaceless[pair_a[p]] and spaceless[pair_b[p]] else 1
        pair = Pair(hashes[one], hashes[two], flags[one], flags[two], unit)
        k = seed * unit
        if written + len(pair.a) + len(pair.b) > len(runs):
            return p
        begin = written
        run_counts[p] = 0
        counts[p, :] = 0
        if min(len(pair.a), len(pair.b)) < k:
            continue
        if indexed != pair_a[p] or indexed_k != k:
            indexed = pair_a[p]
            indexed_k = k
            _index_seeds(pair.a, k, room)
        matches = _find_matches(pair, k, room)
        _chain_matches(matches, gap * unit, unit, room)
        # take chains, best first, of equals the first found
        waiting = 0
        for x in range(matches):
            if room.score[x] >= 10 * min_run * unit:
                waiting = _push(room.heap, waiting, (-room.score[x] << 32) | x)
        while waiting > 0:
            best = _pop(room.heap, waiting) & 0xFFFFFFFF
            waiting -= 1
            links = _unused_runs(best, room)
            if _outside_stock(pair, links, room) < min_run * unit:
                continue
            _take_chain(pair, links, gap * unit, room, runs, written, counts[p])
            written += links
        if written > begin:
            sentences_a, counts[p, OVER_A] = _taken_over(pair.flags_a, room.used_a)
            sentences_b, counts[p, OVER_B] = _taken_over(pair.flags_b, room.used_b)
            counts[p, SENTENCES] = min(sentences_a, sentences_b)
        run_counts[p] = written - begin
        room.used_a[: len(pair.a)] = 0
        room.used_b[: len(pair.b)] = 0
    return np.int64(pairs)
