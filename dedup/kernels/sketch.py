"""Compiled sketches of shingles: rolling hashes, content hashes, winnowing, MinHash."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, kernel, out, trailing_zeros
from dedup.kernels.constants import CONTENT_A, CONTENT_B, FINGERPRINT_SHIFT, MULTIPLIER

__all__ = ["content", "count_languages", "minhash", "roll", "winnow"]

M, A, B = np.uint64(MULTIPLIER), np.uint64(CONTENT_A), np.uint64(CONTENT_B)
S13, S16 = np.uint32(13), np.uint32(16)
ZERO, ONE, S32, S33 = (np.uint64(n) for n in (0, 1, 32, 33))
F1, F2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
LARGEST = np.uint32(0xFFFFFFFF)
SHIFT = np.uint64(FINGERPRINT_SHIFT)
PLACES = np.uint64((1 << FINGERPRINT_SHIFT) - 1)
FEW = 16  # words
STRETCH = 4096  # places winnowed at a time: they stay in the first cache


@helper
def _fmix(shingle):
    """MurmurHash3's 32-bit finalizer of the upper 32 bits."""
    h = np.uint32(shingle >> S32)
    h = np.uint32((h ^ h >> S16) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ h >> S13) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ h >> S16)


_u64, _i64, _u32 = types.uint64, types.int64, types.uint32


@kernel(types.void(const(_u64), const(_i64), const(_i64), const(_i64), out(_u64)))
def roll(words, word_offsets, sizes, offsets, shingles):
    """Hash every ``sizes[d]`` consecutive words of document d, or all its words if they are fewer."""
    for d in range(len(sizes)):
        own = words[word_offsets[d] : word_offsets[d + 1]]
        made = shingles[offsets[d] : offsets[d + 1]]
        size = min(sizes[d], len(own))
        if size <= FEW:  # each by itself, several at once; rolling, each would wait for the one before
            for i in range(len(made)):
                made[i] = own[i]
            for j in range(1, size):
                for i in range(len(made)):
                    made[i] = made[i] * M + own[i + j]
            continue
        h, leaving = ZERO, ONE
        for i in range(size):
            h = h * M + own[i]
            leaving *= M
        made[0] = h
        for i in range(1, len(made)):
            h = h * M + own[i + size - 1] - own[i - 1] * leaving
            made[i] = h


@helper
def _mixed(word):
    return (word ^ word >> S32) * F2 ^ word


@kernel(types.void(const(_u64), const(_i64), types.Array(_u64, 2, "C")))
def content(words, word_offsets, hashes):
    """128 bits over all words of a document, in order: two polynomials, mixed with the number of words."""
    for d in range(len(word_offsets) - 1):
        a, b = ZERO, ZERO
        i, stop = word_offsets[d], word_offsets[d + 1]
        if (stop - i) & 1:
            a, b = words[i], _mixed(words[i])
            i += 1
        while i < stop:  # by twos: one multiplication to wait for instead of two
            a = a * (A * A) + (words[i] * A + words[i + 1])
            b = b * (B * B) + (_mixed(words[i]) * B + _mixed(words[i + 1]))
            i += 2
        n = np.uint64(stop - word_offsets[d])
        for lane in range(2):
            h = (b if lane else a) ^ n * M
            h = (h ^ h >> S33) * F1
            h = (h ^ h >> S33) * F2
            hashes[d, lane] = h ^ h >> S33


@helper
def _lesser(a, b, lesser, count):
    for i in range(count):
        lesser[i] = min(a[i], b[i])


@kernel(types.void(const(_u64), const(_i64), const(_i64), out(_i64), out(_u64), out(_u32)), allocates=True)
def winnow(shingles, offsets, windows, picked_offsets, picked, positions):
    """Pick the smallest fingerprint of every ``windows[d]`` ones of document d in a row, the last of equals.

    By keys that are never equal, a fingerprint above and the complement of its place below: first the least
    of every 2, 4, 8 … places, then of every window. No branch depends on a hash.
    """
    n, widest = 0, np.int64(1)
    for d in range(len(windows)):
        widest = max(widest, windows[d])
    least, wider = np.empty(STRETCH + widest, np.uint64), np.empty(STRETCH + widest, np.uint64)
    picked_offsets[0] = 0
    for d in range(len(windows)):
        first, shingle_count = offsets[d], offsets[d + 1] - offsets[d]
        window = max(min(windows[d], shingle_count), 1)
        last = np.int64(-1)
        for begin in range(0, shingle_count - window + 1, STRETCH):
            count = min(STRETCH, shingle_count - window + 1 - begin)  # of windows
            own = shingles[first + begin : first + begin + count + window - 1]
            for i in range(len(own)):
                least[i] = own[i] & ~PLACES | PLACES - np.uint64(i)
            reach = 1
            while reach < window:
                step = min(reach, window - reach)
                _lesser(least, least[step:], wider, count + window - reach - step)
                least, wider = wider, least
                reach += step
            u = np.uint64(n)
            for i in range(count):
                place = begin + np.int64(PLACES - (least[i] & PLACES))
                picked[u] = least[i] >> SHIFT
                positions[u] = place
                u += np.uint64(place != last)
                last = place
            n = np.int64(u)
        picked_offsets[d + 1] = n


@kernel(types.void(const(_u64), const(_i64), const(_u32), const(_u32), types.Array(_u32, 2, "C")))
def minhash(shingles, offsets, a, b, signatures):
    """Minimum of ``a[p] * fmix32(hash) + b[p]`` over the shingles of document d, for each p.

    Four hashes a round: the minima are loaded and stored once for four multiplications.
    """
    permutations = len(a)
    for d in range(len(offsets) - 1):
        least = signatures[d]
        least[:] = LARGEST
        i, last = offsets[d], offsets[d + 1] - 1
        while i <= last:
            h0 = _fmix(shingles[i])
            h1 = _fmix(shingles[min(i + 1, last)])
            h2 = _fmix(shingles[min(i + 2, last)])
            h3 = _fmix(shingles[min(i + 3, last)])
            for p in range(permutations):
                v0 = min(np.uint32(a[p] * h0 + b[p]), np.uint32(a[p] * h1 + b[p]))
                v1 = min(np.uint32(a[p] * h2 + b[p]), np.uint32(a[p] * h3 + b[p]))
                least[p] = min(least[p], min(v0, v1))
            i += 4


@kernel(types.void(*(const(t) for t in (_u64, _i64, _u64, _i64, _u64)), _i64, types.Array(_u32, 2, "C")))
def count_languages(words, word_offsets, known, buckets, languages, sample, counts):
    """Count the first ``sample`` words of document d that a language knows: counts[d, language].

    ``known`` is sorted, ``languages`` has a bit for each that knows it, and known[buckets[b]:buckets[b + 1]]
    begin with the bits of b; there are a power of two of them.
    """
    shift = np.uint64(64 - trailing_zeros(np.uint64(len(buckets) - 1)))
    for d in range(len(word_offsets) - 1):
        counts[d, :] = 0
        for i in range(word_offsets[d], min(word_offsets[d] + sample, word_offsets[d + 1])):
            bucket = np.int64(words[i] >> shift)
            for k in range(buckets[bucket], buckets[bucket + 1]):
                if known[k] == words[i]:
                    left = languages[k]
                    while left != ZERO:
                        counts[d, trailing_zeros(left)] += np.uint32(1)
                        left &= left - ONE
