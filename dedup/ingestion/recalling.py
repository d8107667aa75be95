"""Recalling: all that is stored, in the columns of the pipeline. It is read into memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from dedup.io.schema import SCHEMA
from dedup.pipeline import Prepared
from dedup.ragged import running
from dedup.shingles import Shingles, widths
from dedup.signatures import sketch
from dedup.stock import long_runs
from dedup.storage.codec import unstocked

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.storage.ledger import Ledger
    from dedup.storage.rows import Body, Entry

__all__ = ["Recalled", "recall", "table_of"]


@dataclass(slots=True)
class Recalled:
    """All that is stored, documents in the order of their keys.

    Attributes:
        entries: n documents.
        bodies: By number.
        prepared: The same in columns.
        shingles: Of the bodies.
        places: Where the body tokens stand in each text.
    """

    entries: list[Entry]
    bodies: dict[int, Body]
    prepared: Prepared
    shingles: Shingles
    places: list[bytes]


def recall(ledger: Ledger, settings: Settings) -> Recalled:
    """Read everything.

    Raises:
        StorageError: The body of a document is damaged or gone.
    """
    entries = sorted(ledger.all_entries(), key=lambda e: e.key)
    bodies, places = {}, {}
    for num, body, where in ledger.bodies.all():
        bodies[num], places[num] = body, where
    for e in entries:
        if e.num not in bodies:
            raise ledger.damaged(e.num)
    hashes = np.concatenate([np.empty(0, np.uint64), *(bodies[e.num].hash for e in entries)])
    flags = np.concatenate([np.empty(0, np.uint8), *(bodies[e.num].flags for e in entries)])
    offsets = running([len(bodies[e.num].hash) for e in entries])
    shingles = Shingles.of(hashes, offsets, widths([e.spaceless for e in entries], settings))
    sketches = sketch(shingles, settings)
    long_offsets, long_hash = long_runs(hashes, offsets)
    prepared = Prepared(
        offsets=offsets,
        hash=hashes,
        flags=unstocked(flags),
        content=np.array([np.frombuffer(e.content, ">u8") for e in entries], np.uint64).reshape(-1, 2),
        bodiless=np.array([e.bodiless for e in entries], bool),
        signatures=sketches.signatures,
        fingerprint_offsets=sketches.offsets,
        fingerprints=sketches.fingerprints,
        fingerprint_at=sketches.positions,
        long_offsets=long_offsets,
        long_hash=long_hash,
        raw_offsets=running([e.raw_tokens for e in entries]),
        body=np.empty(0, bool),  # places are stored
        removed_chars=np.array([e.removed_chars for e in entries], np.int64),
        credited=np.array([e.credited for e in entries], bool),
        agencies=pa.array([orjson.loads(e.agencies) for e in entries], pa.list_(pa.string())),
        language=pa.array([e.language for e in entries], pa.string()),
    )
    return Recalled(entries, bodies, prepared, shingles, [places[e.num] for e in entries])


def table_of(entries: list[Entry]) -> pa.Table:
    """In the columns of the readers; of what isn't known, nothing."""
    columns: dict[str, list[Any]] = {name: [getattr(e, name, None) for e in entries] for name in SCHEMA.names}
    columns["text"] = [""] * len(entries)
    schema = pa.schema([field.with_nullable(True) for field in SCHEMA])
    return pa.table(columns, schema=schema)
