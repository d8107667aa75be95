"""Documents made ready for the index, many at once, and made again of what it stores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa

from dedup.ingestion.intake import raw_hash
from dedup.ingestion.keys import Ragged, prefixes_of
from dedup.pipeline import prepare
from dedup.ragged import owners, running, steps
from dedup.shingles import Shingles, widths
from dedup.signatures import sketch
from dedup.stock import long_runs, windows
from dedup.storage.codec import unstocked
from dedup.storage.rows import Entry
from dedup.texts import NEVER, STOCK, half_words, is_spaceless
from dedup.tokens import to_characters, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedup.boilerplate import Recurring
    from dedup.config import Settings
    from dedup.pipeline import Prepared
    from dedup.storage.rows import Body

__all__ = ["PreparedDocument", "from_stored", "prepare_documents"]


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document made ready, before it is placed.

    Attributes:
        entry: What is known of it.
        hash: uint64[t] of the body.
        flags: uint8[t].
        spans: int64[t, 2], characters of the body tokens in the raw text.
        fingerprints: uint64[f], 48 bits.
        fingerprint_at: uint32[f], their tokens.
        prefixes: uint64[h], what it is looked up by.
        text: The raw text; None where it isn't known any more.
    """

    entry: Entry
    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    spans: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    fingerprint_at: NDArray[np.uint32]
    prefixes: NDArray[np.uint64]
    text: str | None = None

    def outside_stock(self, flags: NDArray[np.uint8], settings: Settings) -> NDArray[np.bool_]:
        """Fingerprints that don't lie wholly in stock text, given flags of the body: bool[f]."""
        fresh = running(flags & STOCK == 0)
        size = settings.shingle_words * (1 + self.entry.spaceless)
        stop = np.minimum(self.fingerprint_at.astype(np.int64) + size, len(self.hash))
        return np.asarray(fresh[stop] > fresh[self.fingerprint_at])

    def anew(self, text: str | None, settings: Settings) -> PreparedDocument:
        """As if it had just come: nothing is known of where it belongs."""
        entry = self.entry
        window = windows(np.array([entry.time]), settings)
        entry = entry._replace(family=-1, roundup=0, agreed=0, is_new=0, revises=-1, in_window=int(window[0]))
        return replace(self.with_entry(entry), text=text)

    def with_entry(self, entry: Entry) -> PreparedDocument:
        """The same with something else known of it."""
        body = self.hash, self.flags, self.spans
        return PreparedDocument(
            entry, *body, self.fingerprints, self.fingerprint_at, self.prefixes, self.text
        )


def prepare_documents(
    batch: pa.RecordBatch, settings: Settings, recurring: Recurring | None
) -> Iterator[PreparedDocument]:
    """Make the documents of a batch ready, in its order.

    Args:
        batch: Documents, in the columns of the readers.
        settings: What to do.
        recurring: Blocks learned from a corpus.
    """
    tokens = tokenize(batch.column("text"))
    prepared = prepare(batch, settings, tokens=tokens, recurring=recurring)
    body = np.flatnonzero(prepared.body)
    spans = to_characters(
        batch.column("text"),
        owners(prepared.offsets),
        np.stack([tokens.start[body], tokens.end[body]], axis=1),
    )
    (length,) = half_words(prepared.flags, prepared.offsets[:-1], prepared.offsets[1:])
    spaceless = is_spaceless(length, steps(prepared.offsets))
    shingles = Shingles.of(prepared.hash, prepared.offsets, widths(spaceless, settings))
    prefixes = prefixes_of(
        Ragged(prepared.fingerprint_offsets, prepared.fingerprints),
        prepared.signatures,
        Ragged(prepared.long_offsets, prepared.long_hash),
        shingles,
    )
    texts = batch.column("text").to_pylist()
    for i, entry in enumerate(_entries(batch, texts, prepared, length // 2, spaceless, settings)):
        part = slice(prepared.offsets[i], prepared.offsets[i + 1])
        own = slice(prepared.fingerprint_offsets[i], prepared.fingerprint_offsets[i + 1])
        yield PreparedDocument(
            entry,
            prepared.hash[part],
            prepared.flags[part],
            spans[part],
            prepared.fingerprints[own],
            prepared.fingerprint_at[own],
            prefixes[i],
            texts[i],
        )


def _entries(
    batch: pa.RecordBatch,
    texts: Sequence[str],
    prepared: Prepared,
    words: NDArray[np.int64],
    spaceless: NDArray[np.bool_],
    settings: Settings,
) -> Iterator[Entry]:
    """What is known of the documents of a batch before they have a number and a place."""
    content = prepared.content.astype(">u8")
    columns = (batch.column(name).to_pylist() for name in ("id", "title", "source", "url"))
    languages, agencies = prepared.language.to_pylist(), prepared.agencies.to_pylist()
    published, updated = (
        batch.column(name).view(pa.int64()).to_pylist() for name in ("published", "updated")
    )
    window = windows(np.array([NEVER if time is None else time for time in published], np.int64), settings)
    for i, (identity, title, source, url) in enumerate(zip(*columns, strict=True)):
        yield Entry(
            num=-1,
            id=identity,
            raw=raw_hash(texts[i]),
            content=content[i].tobytes(),
            title=title,
            source=source,
            url=url,
            published=published[i],
            updated=updated[i],
            language=languages[i],
            stored=0,
            tokens=int(prepared.offsets[i + 1] - prepared.offsets[i]),
            words=int(words[i]),
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
            in_window=int(window[i]),
            family=-1,
            roundup=0,
            agreed=0,
            is_new=0,
        )


def from_stored(entry: Entry, body: Body, spans: NDArray[np.int64], settings: Settings) -> PreparedDocument:
    """A stored document made ready again, its text aside."""
    hashes = body.hash
    offsets = np.array([0, len(hashes)])
    shingles = Shingles.of(hashes, offsets, widths([entry.spaceless], settings))
    sketches = sketch(shingles, settings)
    prefixes = prefixes_of(
        Ragged(sketches.offsets, sketches.fingerprints),
        sketches.signatures,
        Ragged(*long_runs(hashes, offsets)),
        shingles,
    )[0]
    fingerprints = sketches.fingerprints, sketches.positions
    return PreparedDocument(entry, hashes, unstocked(body.flags), spans, *fingerprints, prefixes)
