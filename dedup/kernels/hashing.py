"""XxHash 64, seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), for compiled code."""

from __future__ import annotations

import numpy as np

from dedup.kernels._jit import helper, inlined, load64

P1, P2, P3 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
P4, P5 = np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5)
ZERO, U8, U29, U32, U33, U64 = (np.uint64(n) for n in (0, 8, 29, 32, 33, 64))
U1, U7, U11, U12, U18, U23, U27, U31 = (np.uint64(n) for n in (1, 7, 11, 12, 18, 23, 27, 31))
BYTE, HALF = np.uint64(0xFF), np.uint64(0xFFFFFFFF)


@inlined
def _rotate(word, bits):
    return word << bits | word >> U64 - bits


@inlined
def _round(accumulator, lane):
    return _rotate(accumulator + lane * P2, U31) * P1


@inlined
def _merge(accumulator, lane):
    return (accumulator ^ _round(ZERO, lane)) * P1 + P4


@inlined
def _eight(h, word):
    return _rotate(h ^ _round(ZERO, word), U27) * P1 + P4


@inlined
def _tail(h, word, n):
    """Take in the last n < 8 bytes, the lowest of ``word``, and finish the hash.

    Without branches on n, which nothing predicts; the bytes of ``word`` from n on may be anything.
    """
    four = _rotate(h ^ (word & HALF) * P1, U23) * P2 + P3
    h = four if n & 4 else h
    word = word >> U32 if n & 4 else word
    for step in range(3):
        one = _rotate(h ^ (word & BYTE) * P5, U11) * P1
        h = one if n & 3 > step else h
        word >>= U8
    h = (h ^ h >> U33) * P2
    h = (h ^ h >> U29) * P3
    return h ^ h >> U32


@inlined
def hash_short(word, more, size):
    """Hash of size < 16 bytes: the first eight in ``word``, the next in ``more``."""
    h = P5 + np.uint64(size)
    return _tail(_eight(h, word) if size & 8 else h, more if size & 8 else word, size & 7)


@helper
def hash_bytes(data, start, end):
    """Hash of data[start:end]. Eight bytes are read from anywhere before the end on."""
    i = start
    if end - start >= 32:
        v1, v2, v3, v4 = P1 + P2, P2, ZERO, ZERO - P1
        while i + 32 <= end:
            v1 = _round(v1, load64(data, i))
            v2 = _round(v2, load64(data, i + 8))
            v3 = _round(v3, load64(data, i + 16))
            v4 = _round(v4, load64(data, i + 24))
            i += 32
        h = _rotate(v1, U1) + _rotate(v2, U7) + _rotate(v3, U12) + _rotate(v4, U18)
        h = _merge(_merge(_merge(_merge(h, v1), v2), v3), v4)
    else:
        h = P5
    h += np.uint64(end - start)
    while i + 8 <= end:
        h = _eight(h, load64(data, i))
        i += 8
    return _tail(h, load64(data, i), end - i)
