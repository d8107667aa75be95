"""Tokens: the folded words of a text with their places in it.

A token is a maximal run of letters, digits and kept marks, folded by :mod:`dedup.folding`: case, width,
ligatures and digits made alike; accents dropped in Latin, Greek, Cyrillic, Arabic and Hebrew, kept elsewhere
(か is not が).

- An apostrophe of any shape before a letter joins and is left out: ``China’s`` is ``chinas``. Single letters
  with dots between are one token: ``U.S.`` is ``us``. Hyphens separate.
- A number is one token in one form, by whatever custom it is written: ``12,345``, ``12.345``, ``12 345`` and
  ``12’345`` are ``12345``, and ``1,5`` is ``1.5``. More than four groups with spaces between are a list:
  ``112 245 367 …`` are as many numbers.
- In scripts written without spaces, and in Hangul, each base character with its marks is a token, flagged
  ``CHARACTER``: a Korean word is as long as two of others, with its particle, and desks space it differently.
- Soft hyphens, zero-width characters, bidi marks and tatweel count for nothing.
- A character reference of HTML (``&quot;``) is read as what it stands for: :mod:`dedup.entities`.
- Tokens inside quotation marks are flagged ``QUOTED``, of any custom, also ``…'' and ,,…''; an opening mark
  without its pair holds until its block ends.

A block is a line that shows something. In a document whose lines were wrapped by hand (narrow, and most lines
full) it is a paragraph: lines are joined up to a blank, an indented or after a short line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.columns import string_buffers
from dedup.entities import entity_names, read_entities
from dedup.errors import InputError
from dedup.folding import folding
from dedup.kernels.constants import CHARACTER_FLAG, NUMBER_FLAG, QUOTED_FLAG
from dedup.ragged import trim

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "CHARACTER",
    "NUMBER",
    "QUOTED",
    "Tokens",
    "byte_to_char",
    "decoded",
    "text_buffers",
    "to_characters",
    "to_raw_places",
    "token_strings",
    "tokenize",
]

QUOTED = QUOTED_FLAG
"""Flag of a token inside quotation marks."""
CHARACTER = CHARACTER_FLAG
"""Flag of a token that is one character of a script written without spaces."""
NUMBER = NUMBER_FLAG
"""Flag of a token that begins with a decimal digit of any script, or is part of a number in 三万八千."""

_TOGETHER = 320  # words hashed in one loop


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token stream of a batch of n documents: T tokens in B blocks.

    Attributes:
        offsets: int64[n + 1]; tokens of document i are ``offsets[i]:offsets[i + 1]``.
        hash: uint64[T], xxh64 (seed 0) of the folded token's UTF-8.
        start: uint32[T], first byte of the token in the document's UTF-8.
        end: uint32[T], one past its last.
        flags: uint8[T], ``QUOTED``, ``CHARACTER`` and ``NUMBER``.
        block_offsets: int64[n + 1], blocks of document i.
        block_first: int64[B + 1]; tokens of block b are ``block_first[b]:block_first[b + 1]``.
        block_start: uint32[B], first byte of the block in the document, white space around it trimmed.
        block_end: uint32[B], one past its last.
        entity_offsets: int64[n + 1], character references of document i.
        entity_start: uint32[R], first byte of each in the document.
        entity_gone: uint32[R], by how many bytes the document is shorter decoded, up to and with each.
    """

    offsets: npt.NDArray[np.int64]
    hash: npt.NDArray[np.uint64]
    start: npt.NDArray[np.uint32]
    end: npt.NDArray[np.uint32]
    flags: npt.NDArray[np.uint8]
    block_offsets: npt.NDArray[np.int64]
    block_first: npt.NDArray[np.int64]
    block_start: npt.NDArray[np.uint32]
    block_end: npt.NDArray[np.uint32]
    entity_offsets: npt.NDArray[np.int64]
    entity_start: npt.NDArray[np.uint32]
    entity_gone: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        """Documents."""
        return len(self.offsets) - 1


def tokenize(texts: pa.Array) -> Tokens:
    """Tokenize a batch of documents.

    Args:
        texts: Arrow array of string or large_string, without nulls; a slice will do. Its buffers are read in
            place.

    Returns:
        The token stream.

    Raises:
        InputError: The array has another type or nulls, or a document is 4 GiB or longer.
    """
    data, offsets = text_buffers(texts)
    n = len(offsets) - 1
    sizes = np.diff(offsets)
    longest = int(sizes.max(initial=0))
    if longest >= 1 << 32:
        raise InputError(
            f"text is {longest} bytes long; 4 GiB and more cannot be addressed", line=int(sizes.argmax()) + 1
        )
    loops = kernels.get(int(offsets[-1] - offsets[0]))
    names = entity_names()
    most, most_blocks, entities = loops.room(data, offsets, *names)
    entity_offsets = np.zeros(n + 1, np.int64)
    entity_start = entity_gone = np.empty(0, np.uint32)
    if entities:
        plain = read_entities(data, offsets, entities)
        data, offsets = plain.data, plain.offsets
        entity_offsets, entity_start, entity_gone = plain.entity_offsets, plain.start, plain.gone
        most, most_blocks, _ = loops.room(data, offsets, *names)  # &#10; ends a line
    table = folding()
    token_offsets = np.empty(n + 1, np.int64)
    block_offsets = np.empty(n + 1, np.int64)
    hashes, flags = np.empty(most, np.uint64), np.empty(most, np.uint8)
    start, end = np.empty(most, np.uint32), np.empty(most, np.uint32)
    block_first = np.empty(most_blocks + 1, np.int64)
    block_start, block_end = np.empty(most_blocks, np.uint32), np.empty(most_blocks, np.uint32)
    loops.tokenize(
        *(data, offsets, table.page, table.entry, table.pool),
        *(np.empty(longest * table.growth + 8, np.uint8), np.empty(_TOGETHER, np.uint64)),
        *(token_offsets, hashes, start, end, flags),
        *(block_offsets, block_first, block_start, block_end),
    )
    tokens, blocks = int(token_offsets[-1]), int(block_offsets[-1])
    made = Tokens(
        offsets=token_offsets,
        hash=trim(hashes, tokens),
        start=trim(start, tokens),
        end=trim(end, tokens),
        flags=trim(flags, tokens),
        block_offsets=block_offsets,
        block_first=trim(block_first, blocks + 1),
        block_start=trim(block_start, blocks),
        block_end=trim(block_end, blocks),
        entity_offsets=entity_offsets,
        entity_start=entity_start,
        entity_gone=entity_gone,
    )
    if entities:
        _move(made, back=True)
    return made


def decoded(tokens: Tokens, texts: pa.Array) -> tuple[Tokens, pa.Array]:
    """The texts with the characters that references stand for, and the token stream with its places in them.

    For whatever looks at the bytes of a text beside its tokens. Without references they are the same objects.

    Args:
        tokens: The batch's token stream.
        texts: The raw texts.
    """
    if not len(tokens.entity_start):
        return tokens, texts
    plain = read_entities(*text_buffers(texts), len(tokens.entity_start))
    buffers = [None, pa.py_buffer(plain.offsets), pa.py_buffer(plain.data)]
    read = pa.Array.from_buffers(pa.large_string(), len(texts), buffers)
    names = "start", "end", "block_start", "block_end"
    moved = replace(tokens, **{name: getattr(tokens, name).copy() for name in names})
    _move(moved, back=False)
    none, offsets = np.empty(0, np.uint32), np.zeros_like(tokens.entity_offsets)
    return replace(moved, entity_offsets=offsets, entity_start=none, entity_gone=none), read


def to_raw_places(
    tokens: Tokens, offsets: npt.NDArray[np.int64], places: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    """Places in the texts of :func:`decoded` as places in the raw texts.

    Args:
        tokens: The batch's token stream, of the raw texts.
        offsets: int64[n + 1], places of document i are ``offsets[i]:offsets[i + 1]``.
        places: uint32[p], bytes from its beginning.
    """
    if not len(tokens.entity_start):
        return places
    moved = places.copy()
    entities = tokens.entity_offsets, tokens.entity_start, tokens.entity_gone
    kernels.get().move_places(offsets, *entities, True, moved)
    return moved


def _move(tokens: Tokens, *, back: bool) -> None:
    """Make places in raw texts places in the decoded ones, or back; in place."""
    entities = tokens.entity_offsets, tokens.entity_start, tokens.entity_gone
    move = kernels.get().move_places
    for places in (tokens.start, tokens.end):
        move(tokens.offsets, *entities, back, places)
    for places in (tokens.block_start, tokens.block_end):
        move(tokens.block_offsets, *entities, back, places)


def text_buffers(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Bytes of a string array and the offsets of its values in them, not copied where that can be."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if not pa.types.is_large_string(texts.type) and not pa.types.is_string(texts.type):
        raise InputError(f"texts are {texts.type}, not string or large_string")
    if texts.null_count:
        raise InputError(
            "a text is null", line=int(np.argmax(texts.is_null().to_numpy(zero_copy_only=False))) + 1
        )
    data, offsets = string_buffers(texts)
    return np.frombuffer(data, np.uint8), offsets


def token_strings(text: str) -> list[str]:
    """The folded tokens of a text, in order. For reading and tests; everything else works on hashes.

    They are decomposed (NFKD), so that both normal forms of a text give the same tokens.
    """
    from dedup.kernels.reference import blocks_of, kinds_of, read, tokens_of

    table = folding()
    raw = np.frombuffer(text.encode(errors="surrogatepass"), np.uint8)
    plain = read_entities(raw, np.array([0, len(raw)]), text.count("&"))
    content = read(plain.data.tobytes(), table.page, table.entry, table.pool, {})
    return [
        token.form.decode()
        for first, last in blocks_of(content)
        for token in tokens_of(kinds_of(content, first, last), content.forms[first:last])
    ]


def byte_to_char(data: bytes | npt.NDArray[np.uint8], positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Places in UTF-8 as places in code points.

    Args:
        data: The document's UTF-8.
        positions: Byte positions, each the first byte of a character or the length of the data; any order.

    Returns:
        int64, the number of characters that begin before each position.
    """
    raw = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    places = np.asarray(positions, np.int64)
    continuation = np.flatnonzero(raw & 0xC0 == 0x80)
    return places - np.searchsorted(continuation, places)


def to_characters(
    texts: pa.Array, document: npt.NDArray[np.int64], places: npt.NDArray[np.uint32]
) -> npt.NDArray[np.int64]:
    """The same for many documents at once.

    Args:
        texts: string or large_string, without nulls.
        document: int64[p], number of the document of each place; quickest where those of one stand together.
        places: uint32[p] or [p, k], bytes from its beginning.
    """
    data, offsets = text_buffers(texts)
    wanted = np.ascontiguousarray(places, np.uint32)
    wanted = wanted if wanted.ndim == 2 else wanted[:, None]
    characters = np.empty(wanted.shape, np.int64)
    scratch = np.empty(int(np.diff(offsets).max(initial=0)) + 1, np.uint32)
    loops = kernels.get(int(offsets[-1] - offsets[0]))
    loops.places_in_characters(data, offsets, document, wanted, scratch, characters)
    return characters.reshape(places.shape)
