"""Drafts: documents made ready for the index, one by one, and made again of what it stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from dedup.overlap import NEVER
from dedup.pipeline import prepare
from dedup.shingles import Shingles, roll
from dedup.signatures import sketch
from dedup.stock import windows
from dedup.storage.codec import JOINED, pack_places, pack_words, unpack_places, unpack_words
from dedup.storage.ledger import Entry
from dedup.tokens import CHARACTER, byte_to_char, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.boilerplate import Recurring
    from dedup.config import Settings

__all__ = ["Draft", "drafts_of", "pack", "raw_hash", "restored"]


@dataclass(slots=True)
class Draft:
    """A prepared document.

    Attributes:
        entry: What is known before it is placed.
        hash: uint64[t] of the body.
        flags: uint8[t].
        places: int64[t, 2], characters of the body tokens in the raw text.
        marks: uint64[f] fingerprints, 48 bits.
        mark_at: uint32[f], their tokens.
        signature: uint32[permutations].
        text: The raw text; None where it isn't known any more.
    """

    entry: Entry
    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    places: NDArray[np.int64]
    marks: NDArray[np.uint64]
    mark_at: NDArray[np.uint32]
    signature: NDArray[np.uint32]
    text: str | None = None


def raw_hash(text: str) -> bytes:
    """What tells two texts of one id apart: 16 bytes."""
    return xxhash.xxh3_128_digest(text.encode())


def drafts_of(
    batch: pa.RecordBatch, settings: Settings, recurring: Recurring | None = None
) -> Iterator[Draft]:
    """Drafts of a batch, in its order.

    Args:
        batch: Documents, in the columns of the readers.
        settings: What to do.
        recurring: Blocks learned from a corpus.
    """
    tokens = tokenize(batch.column("text"))
    prepared = prepare(batch, settings, tokens=tokens, recurring=recurring)
    body = np.flatnonzero(prepared.body)
    joined = np.diff(body, prepend=-2) == 1
    joined[prepared.offsets[:-1][np.diff(prepared.offsets) > 0]] = False
    flags = prepared.flags | joined * np.uint8(JOINED)
    content = prepared.content.astype(">u8")
    rows = batch.select(["id", "text", "title", "source", "url"]).to_pylist()
    languages = prepared.language.to_pylist()
    published, updated = (
        batch.column(name).cast(pa.int64()).to_pylist() for name in ("published", "updated")
    )
    times = np.array([NEVER if time is None else time for time in published], np.int64)
    window = windows(times, times != NEVER, settings).tolist()
    for i, row in enumerate(rows):
        part = slice(prepared.offsets[i], prepared.offsets[i + 1])
        marks = slice(prepared.mark_offsets[i], prepared.mark_offsets[i + 1])
        mine = flags[part]
        characters = int(np.count_nonzero(mine & CHARACTER))
        spans = np.stack([tokens.start[body[part]], tokens.end[body[part]]], axis=1)
        entry = Entry(
            num=-1,
            id=row["id"],
            raw=raw_hash(row["text"]),
            content=content[i].tobytes(),
            title=row["title"],
            source=row["source"],
            url=row["url"],
            published=published[i],
            updated=updated[i],
            language=languages[i],
            stored=0,
            tokens=len(mine),
            words=(2 * len(mine) - characters) // 2,
            raw_tokens=int(prepared.raw_offsets[i + 1] - prepared.raw_offsets[i]),
            removed_chars=int(prepared.removed_chars[i]),
            credited=int(prepared.credited[i]),
            bodiless=int(prepared.bodiless[i]),
            spaceless=int(2 * characters > len(mine)),
            agencies=orjson.dumps(prepared.agencies[i].as_py()).decode(),
            judgement=-1,
            leader=-1,
            occurrence=-1,
            in_window=window[i],
            family=-1,
            roundup=0,
            agreed=0,
            is_new=0,
        )
        yield Draft(
            entry,
            prepared.hash[part],
            mine,
            byte_to_char(row["text"].encode(), spans),
            prepared.mark_hash[marks],
            prepared.mark_at[marks],
            prepared.signatures[i],
            row["text"],
        )


def pack(draft: Draft, flags: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """What is stored of a body: words with flags, places."""
    return pack_words(draft.hash, flags), pack_places(draft.places)


def restored(entry: Entry, words: bytes, places: bytes, settings: Settings) -> Draft:
    """The draft of a stored document, its text aside."""
    hashes, flags = unpack_words(words)
    offsets = np.array([0, len(hashes)])
    size = np.array([settings.shingle_words * (1 + entry.spaceless)])
    rolled = roll(hashes, offsets, size)
    sketches = sketch(Shingles(rolled[0], rolled[1], size, offsets, hashes), settings)
    return Draft(
        entry,
        hashes,
        flags,
        unpack_places(places),
        sketches.fingerprints,
        sketches.positions,
        sketches.signatures[0],
    )
