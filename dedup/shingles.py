"""Shingles: every k consecutive words of a document's body, hashed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from xxhash import xxh64_intdigest

from dedup import kernels
from dedup.config import Settings
from dedup.errors import UsageError
from dedup.kernels.constants import MULTIPLIER
from dedup.ragged import running
from dedup.texts import half_words, is_spaceless
from dedup.tokens import CHARACTER, Tokens, token_strings, tokenize

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Shingles", "roll", "shingle", "shingle_hash", "shingles", "widths"]


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of a batch of n documents: S shingles of W body tokens.

    Places are implicit: shingle i of a document begins at its body token i, and holds ``size`` of them (all,
    where the document has fewer).

    Attributes:
        offsets: int64[n + 1]; shingles of document d are ``offsets[d]:offsets[d + 1]``.
        hash: uint64[S]; the upper 32 bits are ``shingle_hash``, the upper 48 the fingerprint.
        size: int64[n], body tokens a shingle: k, twice k where most body tokens are single characters.
        word_offsets: int64[n + 1], body tokens of document d.
        words: uint64[W], the hashes of the body tokens.
    """

    offsets: npt.NDArray[np.int64]
    hash: npt.NDArray[np.uint64]
    size: npt.NDArray[np.int64]
    word_offsets: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]

    @classmethod
    def of(
        cls, words: npt.NDArray[np.uint64], word_offsets: npt.NDArray[np.int64], size: npt.NDArray[np.int64]
    ) -> Shingles:
        """Those of body tokens; arguments as for :func:`roll`."""
        offsets, hashes = roll(words, word_offsets, size)
        return cls(offsets, hashes, size, word_offsets, words)

    def __len__(self) -> int:
        """Documents."""
        return len(self.offsets) - 1


def shingle(tokens: Tokens, body: npt.NDArray[np.bool_] | None, settings: Settings) -> Shingles:
    """Hash the k consecutive body tokens at each place of each document.

    Args:
        tokens: The token stream.
        body: bool[T], which tokens belong to the article; None: all of them.
        settings: ``shingle_words`` is k.

    Returns:
        The shingles. A document with fewer than k body tokens has one shingle of all of them, without any
        none. The hash is the polynomial Σ xxh64(token) · ``MULTIPLIER``^(k - 1 - i) mod 2^64.
    """
    if body is None:
        words, word_offsets = tokens.hash, tokens.offsets
    else:
        words, word_offsets = tokens.hash[body], running(body)[tokens.offsets]
    spaceless = np.zeros(len(tokens), bool)
    if (tokens.flags & CHARACTER).any():  # a script without spaces somewhere
        flags = tokens.flags if body is None else tokens.flags[body]
        (length,) = half_words(flags, word_offsets[:-1], word_offsets[1:])
        spaceless = is_spaceless(length, np.diff(word_offsets))
    return Shingles.of(words, word_offsets, widths(spaceless, settings))


def widths(spaceless: npt.ArrayLike, settings: Settings) -> npt.NDArray[np.int64]:
    """Tokens of a shingle of each document: int64[n]; k, and twice k where characters are tokens.

    Args:
        spaceless: [n], most of its tokens are single characters.
        settings: ``shingle_words`` is k.
    """
    return settings.shingle_words * (1 + np.asarray(spaceless, np.int64))


def roll(
    words: npt.NDArray[np.uint64], word_offsets: npt.NDArray[np.int64], size: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Hash every ``size[d]`` consecutive words of each document d, all its words where it has fewer.

    Args:
        words: uint64[W], hashes of body tokens.
        word_offsets: int64[n + 1], body tokens of each document.
        size: int64[n].

    Returns:
        int64[n + 1] offsets of the shingles of each document, and their uint64 hashes.
    """
    count = np.diff(word_offsets)
    offsets = running(np.maximum(count - size + 1, np.minimum(count, 1)))
    hashes = np.empty(offsets[-1], np.uint64)
    kernels.get().roll(words, word_offsets, size, offsets, hashes)
    return offsets, hashes


def shingle_hash(shingle: bytes) -> int:
    """32-bit hash of a shingle, folded tokens joined by one space; for ``datasketch.MinHash(hashfunc=…)``.

    Args:
        shingle: As ``dedup.shingles.shingles`` gives them.

    Raises:
        UsageError: It is not of bytes.
    """
    value = 0
    try:
        for token in shingle.split(b" "):
            value = (value * MULTIPLIER + xxh64_intdigest(token)) & 0xFFFFFFFFFFFFFFFF
    except (AttributeError, TypeError) as error:
        raise UsageError(f"shingle {shingle!r}: not bytes, such as 'a shingle'.encode()") from error
    return value >> 32


def shingles(text: str, settings: Settings | None = None) -> list[bytes]:
    """The shingles of a text as bytes, folded tokens joined by one space, for other libraries.

    Args:
        text: Any text; nothing is stripped.
        settings: ``shingle_words`` is k; it doubles for scripts written without spaces.
    """
    tokens = [token.encode() for token in token_strings(text)]
    made = shingle(tokenize(pa.array([text], pa.large_string())), None, Settings.given(settings))
    size = int(made.size[0])
    return [b" ".join(tokens[i : i + size]) for i in range(len(made.hash))]
