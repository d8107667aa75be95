"""Compiled sketches of shingles: rolling hashes, content hashes, winnowing, MinHash."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, kernel, out
from dedup.kernels.rules import CONTENT_A, CONTENT_B, MULTIPLIER

__all__ = ["content", "minhash", "roll", "winnow"]

M, A, B = np.uint64(MULTIPLIER), np.uint64(CONTENT_A), np.uint64(CONTENT_B)
S13, S16 = np.uint32(13), np.uint32(16)
S32, S33 = np.uint64(32), np.uint64(33)
F1, F2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
LARGEST = np.uint32(0xFFFFFFFF)


@helper
def _fmix(h):
    """MurmurHash3's 32-bit finalizer."""
    h = np.uint32((h ^ h >> S16) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ h >> S13) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ h >> S16)


_u64, _i64, _u32 = types.uint64, types.int64, types.uint32


@kernel(types.void(const(_u64), const(_i64), const(_i64), const(_i64), out(_u64)))
def roll(words, word_offsets, sizes, offsets, shingles):
    """Hash every ``sizes[d]`` consecutive words of document d, or all its words if they are fewer."""
    for d in range(len(sizes)):
        first, size = word_offsets[d], min(sizes[d], word_offsets[d + 1] - word_offsets[d])
        if size == 0:
            continue
        h, leaving = np.uint64(0), np.uint64(1)
        for i in range(first, first + size):
            h = h * M + words[i]
            leaving *= M
        at = offsets[d]
        shingles[at] = h
        for i in range(first + size, word_offsets[d + 1]):
            at += 1
            h = h * M + words[i] - words[i - size] * leaving
            shingles[at] = h


@kernel(types.void(const(_u64), const(_i64), types.Array(_u64, 2, "C")))
def content(words, word_offsets, hashes):
    """128 bits over all words of a document, in order: two polynomials, mixed with the number of words."""
    for d in range(len(word_offsets) - 1):
        a, b = np.uint64(0), np.uint64(0)
        for i in range(word_offsets[d], word_offsets[d + 1]):
            a = a * A + words[i]
            b = b * B + ((words[i] ^ words[i] >> S32) * F2 ^ words[i])
        n = np.uint64(word_offsets[d + 1] - word_offsets[d])
        for lane in range(2):
            h = (b if lane else a) ^ n * M
            h = (h ^ h >> S33) * F1
            h = (h ^ h >> S33) * F2
            hashes[d, lane] = h ^ h >> S33


@kernel(types.void(const(_u64), const(_i64), const(_i64), out(_i64), out(_u64), out(_u32)))
def winnow(shingles, offsets, windows, picked_offsets, picked, positions):
    """Pick the smallest of every ``windows[d]`` consecutive shingles of document d, the last of equals."""
    n = 0
    picked_offsets[0] = 0
    for d in range(len(windows)):
        first, stop = offsets[d], offsets[d + 1]
        window = min(windows[d], stop - first)
        least = first - 1  # place of the last minimum
        for end in range(first + window, stop + 1):
            if least < end - window:  # the first window, or the minimum has left
                least = end - window
                for i in range(least + 1, end):
                    if shingles[i] <= shingles[least]:
                        least = i
            elif shingles[end - 1] <= shingles[least]:
                least = end - 1
            else:
                continue
            if window == 0:
                break
            picked[n] = shingles[least]
            positions[n] = least - first
            n += 1
        picked_offsets[d + 1] = n


@kernel(types.void(const(_u32), const(_i64), const(_u32), const(_u32), types.Array(_u32, 2, "C")))
def minhash(hashes, offsets, a, b, signatures):
    """Minimum of ``a[p] * fmix32(hash) + b[p]`` over the hashes of document d, for each p.

    Four hashes a round: the minima are loaded and stored once for four multiplications.
    """
    permutations = len(a)
    for d in range(len(offsets) - 1):
        least = signatures[d]
        least[:] = LARGEST
        i, stop = offsets[d], offsets[d + 1]
        while i < stop:
            h0 = _fmix(hashes[i])
            h1 = _fmix(hashes[min(i + 1, stop - 1)])
            h2 = _fmix(hashes[min(i + 2, stop - 1)])
            h3 = _fmix(hashes[min(i + 3, stop - 1)])
            for p in range(permutations):
                v0 = min(np.uint32(a[p] * h0 + b[p]), np.uint32(a[p] * h1 + b[p]))
                v1 = min(np.uint32(a[p] * h2 + b[p]), np.uint32(a[p] * h3 + b[p]))
                least[p] = min(least[p], min(v0, v1))
            i += 4
