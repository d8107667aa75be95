"""Drafts: documents made ready for the index, many at once, and made again of what it stores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from dedup.errors import InputError
from dedup.ingestion.keys import Ragged, heads_of
from dedup.io.batch import sources
from dedup.io.documents import is_frame, rows_of
from dedup.io.schema import TIME
from dedup.model import Document
from dedup.pipeline import prepare
from dedup.ragged import owners, running, steps
from dedup.shingles import Shingles, widths
from dedup.signatures import sketch
from dedup.stock import long_runs, windows
from dedup.storage.codec import unstocked
from dedup.storage.rows import Entry
from dedup.texts import NEVER, STOCK, half_words, is_spaceless
from dedup.tokens import to_characters, tokenize
from dedup.values import has_surrogate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedup.boilerplate import Recurring
    from dedup.config import Settings
    from dedup.storage.rows import Body

__all__ = ["Draft", "batch_of", "drafts_of", "one_by_one", "raw_hash", "restored", "until_fault", "usable"]

T = TypeVar("T")

_LONGEST_ID = 2600
"""Bytes; an index of PostgreSQL holds no value of 2,700."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A prepared document.

    Attributes:
        entry: What is known before it is placed.
        hash: uint64[t] of the body.
        flags: uint8[t].
        spans: int64[t, 2], characters of the body tokens in the raw text.
        fingerprints: uint64[f], 48 bits.
        fingerprint_at: uint32[f], their tokens.
        heads: uint64[h], what it is looked up by.
        text: The raw text; None where it isn't known any more.
    """

    entry: Entry
    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    spans: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    fingerprint_at: NDArray[np.uint32]
    heads: NDArray[np.uint64]
    text: str | None = None

    def outside_stock(self, flags: NDArray[np.uint8], settings: Settings) -> NDArray[np.bool_]:
        """Fingerprints that don't lie wholly in stock text, given flags of the body: bool[f]."""
        fresh = running(flags & STOCK == 0)
        size = settings.shingle_words * (1 + self.entry.spaceless)
        stop = np.minimum(self.fingerprint_at.astype(np.int64) + size, len(self.hash))
        return np.asarray(fresh[stop] > fresh[self.fingerprint_at])

    def anew(self, text: str | None, settings: Settings) -> Draft:
        """As if it had just come: nothing is known of where it belongs."""
        entry = self.entry
        window = windows(np.array([entry.time]), settings)
        entry = entry._replace(family=-1, roundup=0, agreed=0, is_new=0, revises=-1, in_window=int(window[0]))
        return replace(self.with_entry(entry), text=text)

    def with_entry(self, entry: Entry) -> Draft:
        """The same with something else known of it."""
        own = self.hash, self.flags, self.spans, self.fingerprints, self.fingerprint_at, self.heads, self.text
        return Draft(entry, *own)


def raw_hash(text: str) -> bytes:
    """What tells two texts of one id apart: 16 bytes."""
    return xxhash.xxh3_128_digest(text.encode())


def usable(document: Any, *, warn: Callable[[str], None] | None = None) -> Document:
    """A document, or one of a mapping, that the index can take.

    Args:
        document: Either.
        warn: Takes what is said of a date that could not be read: the document goes without it.

    Raises:
        InputError: It cannot be used; without an id, one cannot be told from the others.
    """
    if isinstance(document, Document):
        document = {name: getattr(document, name) for name in Document.__slots__}
    made = Document.from_record(document, warn=warn)
    if not made.id:
        raise InputError("id is missing; an index needs one")
    for name in ("id", "text", "title", "source", "url", "language"):
        value = getattr(made, name) or ""
        if has_surrogate(value):
            raise InputError(f"{name} has a lone surrogate")
        if name != "text" and "\0" in value:  # no column of text in PostgreSQL holds one
            raise InputError(f"{name} has a NUL character")
    if (length := len(made.id.encode())) > _LONGEST_ID:
        raise InputError(f"id has {length:,} bytes; an index takes {_LONGEST_ID:,} at most")
    if not made.text or made.text.isspace():
        raise InputError("text is empty")
    return made


def one_by_one(documents: Iterable[Any], numbers: Iterator[int] | None = None) -> Iterator[Document]:
    """The documents that a call was given many of, a frame or one after the other.

    Args:
        documents: Given all at once, or a part.
        numbers: Of the documents; from 1 where there are none.

    Raises:
        InputError: One cannot be used; ``line`` is its number, from 1.
        UsageError: It was given something else.
    """
    items = rows_of(documents) if is_frame(documents) else documents
    for item, number in zip(items, numbers or count(1), strict=False):
        try:
            document = usable(item)
        except InputError as error:
            raise InputError(error.reason, line=number) from error
        yield document


def until_fault(items: Iterable[T]) -> tuple[list[T], Exception | None]:
    """What comes before an error, such as a document that cannot be used, and the error, if there is one."""
    found: list[T] = []
    try:
        for item in items:
            found.append(item)  # those before the fault are kept
    except Exception as error:  # a feed may raise anything; the caller raises it again
        return found, error
    return found, None


def batch_of(documents: Sequence[Document]) -> pa.RecordBatch:
    """Usable documents in the columns of the readers that preparing looks at.

    The readers make the same of files; going through them costs a millisecond for a single document.
    """
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(d, name) or None for d in documents], type_)
        for name, type_ in (
            ("id", pa.string()),
            ("text", pa.large_string()),
            ("title", pa.string()),
            ("source", pa.string()),
            ("url", pa.string()),
            ("published", TIME),
            ("updated", TIME),
            ("language", pa.string()),
        )
    }
    columns["source"] = sources(columns["source"], columns["url"]).cast(pa.string())
    return pa.record_batch(columns)


def drafts_of(batch: pa.RecordBatch, settings: Settings, recurring: Recurring | None) -> Iterator[Draft]:
    """Drafts of a batch, in its order.

    Args:
        batch: Documents, in the columns of the readers.
        settings: What to do.
        recurring: Blocks learned from a corpus.
    """
    tokens = tokenize(batch.column("text"))
    prepared = prepare(batch, settings, tokens=tokens, recurring=recurring)
    body = np.flatnonzero(prepared.body)
    count = steps(prepared.offsets)
    spans = to_characters(
        batch.column("text"),
        owners(prepared.offsets),
        np.stack([tokens.start[body], tokens.end[body]], axis=1),
    )
    content = prepared.content.astype(">u8")
    (length,) = half_words(prepared.flags, prepared.offsets[:-1], prepared.offsets[1:])
    spaceless = is_spaceless(length, count)
    shingles = Shingles.of(prepared.hash, prepared.offsets, widths(spaceless, settings))
    heads = heads_of(
        Ragged(prepared.fingerprint_offsets, prepared.fingerprints),
        prepared.signatures,
        Ragged(prepared.long_offsets, prepared.long_hash),
        shingles,
    )
    columns = (batch.column(name).to_pylist() for name in ("id", "text", "title", "source", "url"))
    languages, agencies = prepared.language.to_pylist(), prepared.agencies.to_pylist()
    published, updated = (
        batch.column(name).view(pa.int64()).to_pylist() for name in ("published", "updated")
    )
    times = np.array([NEVER if time is None else time for time in published], np.int64)
    window = windows(times, settings).tolist()
    for i, (identity, text, title, source, url) in enumerate(zip(*columns, strict=True)):
        part = slice(prepared.offsets[i], prepared.offsets[i + 1])
        own = slice(prepared.fingerprint_offsets[i], prepared.fingerprint_offsets[i + 1])
        tokens_here = int(count[i])
        entry = Entry(
            num=-1,
            id=identity,
            raw=raw_hash(text),
            content=content[i].tobytes(),
            title=title,
            source=source,
            url=url,
            published=published[i],
            updated=updated[i],
            language=languages[i],
            stored=0,
            tokens=tokens_here,
            words=int(length[i]) // 2,
            raw_tokens=int(prepared.raw_offsets[i + 1] - prepared.raw_offsets[i]),
            removed_chars=int(prepared.removed_chars[i]),
            credited=int(prepared.credited[i]),
            bodiless=int(prepared.bodiless[i]),
            spaceless=int(spaceless[i]),
            agencies=orjson.dumps(agencies[i]).decode(),
            judgement=-1,
            leader=-1,
            revises=-1,
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
            prepared.flags[part],
            spans[part],
            prepared.fingerprints[own],
            prepared.fingerprint_at[own],
            heads[i],
            text,
        )


def restored(entry: Entry, body: Body, spans: NDArray[np.int64], settings: Settings) -> Draft:
    """The draft of a stored document, its text aside."""
    hashes = body.hash
    offsets = np.array([0, len(hashes)])
    shingles = Shingles.of(hashes, offsets, widths([entry.spaceless], settings))
    sketches = sketch(shingles, settings)
    heads = heads_of(
        Ragged(sketches.offsets, sketches.fingerprints),
        sketches.signatures,
        Ragged(*long_runs(hashes, offsets)),
        shingles,
    )[0]
    fingerprints = sketches.fingerprints, sketches.positions
    return Draft(entry, hashes, unstocked(body.flags), spans, *fingerprints, heads)
