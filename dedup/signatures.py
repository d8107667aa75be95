"""Sketches of documents: MinHash signatures, winnowed fingerprints, content hashes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels
from dedup.ragged import trim
from dedup.shingles import shingle_hash

if TYPE_CHECKING:
    import numpy.typing as npt
    from datasketch import MinHash

    from dedup.config import Settings
    from dedup.shingles import Shingles

__all__ = ["Sketches", "as_minhash", "permutations", "sketch", "winnow"]


@dataclass(frozen=True, slots=True)
class Sketches:
    """The sketches of a batch of n documents, F fingerprints in all.

    Attributes:
        signatures: uint32[n, permutations], the minima; all ones for a document without shingles.
        offsets: int64[n + 1]; fingerprints of document d are ``offsets[d]:offsets[d + 1]``.
        fingerprints: uint64[F], 48 bits each, in the order of their places; one may come again in a document.
        positions: uint32[F], the body token, counted within the document, at which the fingerprint's shingle
            begins.
        content: uint64[n, 2], 128-bit hash of the body tokens in order.
    """

    signatures: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]
    fingerprints: npt.NDArray[np.uint64]
    positions: npt.NDArray[np.uint32]
    content: npt.NDArray[np.uint64]


def sketch(shingles: Shingles, settings: Settings) -> Sketches:
    """Sketch every document of a batch.

    Signatures equal ``datasketch.MinHash(num_perm, seed, scheme="affine32", hashfunc=shingle_hash)``, bit for
    bit. Fingerprints are picked by winnowing (Schleimer, Wilkerson and Aiken, 2003): every run of window + k
    - 1 body tokens that two documents share gives them a common fingerprint. Where k doubles, the window
      does.

    Args:
        shingles: Of the batch.
        settings: ``permutations``, ``seed``, ``window`` and ``shingle_words``.
    """
    n = len(shingles)
    loops = kernels.get()
    a, b = permutations(settings.permutations, settings.seed)
    signatures = np.empty((n, settings.permutations), np.uint32)
    loops.minhash(shingles.hash, shingles.offsets, a, b, signatures)

    windows = shingles.size // settings.shingle_words * settings.window
    offsets, picked, positions = winnow(shingles.hash, shingles.offsets, windows)

    content = np.empty((n, 2), np.uint64)
    loops.content(shingles.words, shingles.word_offsets, content)
    return Sketches(signatures, offsets, picked, positions, content)


def winnow(
    hashes: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], windows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Pick the fingerprints of documents: the smallest of every ``windows[d]`` in a row, the last of equals.

    Args:
        hashes: uint64[S] of shingles; a fingerprint is the upper 48 bits.
        offsets: int64[n + 1], shingles of each document.
        windows: int64[n].

    Returns:
        int64[n + 1] offsets of the fingerprints of each document, the uint64 fingerprints, and the uint32
        place of each among the document's shingles.
    """
    picked_offsets = np.empty_like(offsets)
    picked, positions = np.empty(len(hashes), np.uint64), np.empty(len(hashes), np.uint32)
    kernels.get().winnow(hashes, offsets, windows, picked_offsets, picked, positions)
    count = int(picked_offsets[-1])
    return picked_offsets, trim(picked, count), trim(positions, count)


@lru_cache(maxsize=16)
def permutations(count: int, seed: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Factors and summands of datasketch's scheme ``affine32``: h → a · h + b mod 2^32, a odd.

    Returns:
        uint32[count] each, read-only.
    """
    generator = np.random.RandomState(seed)  # what datasketch draws from
    a = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = generator.randint(0, 1 << 32, count, dtype=np.uint32)
    a.flags.writeable = b.flags.writeable = False
    return a, b


def as_minhash(values: npt.NDArray[np.uint32], settings: Settings) -> MinHash:
    """A row of signatures as a ``datasketch.MinHash``, for use with any datasketch index."""
    from datasketch import MinHash

    return MinHash(
        seed=settings.seed,
        hashvalues=values,
        permutations=np.array(permutations(settings.permutations, settings.seed)),
        hashfunc=shingle_hash,
        scheme="affine32",
    )
