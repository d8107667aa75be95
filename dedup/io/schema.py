"""What passes between the readers and the pipeline: the columns of a batch, and a record that was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from dedup.errors import InputError

__all__ = ["BATCH_BYTES", "FIELDS", "SCHEMA", "TIME", "Block", "Reject", "RejectSink"]

BATCH_BYTES = 4 << 20
"""Size of a batch, roughly: what a block of JSONL comes to. Joining blocks made reading a fifth slower."""

TIME = pa.timestamp("us", "UTC")

FIELDS = ("id", "text", "title", "source", "url", "published", "updated", "language")
"""The fields of a record that are read; all others are left alone."""

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("source", pa.string()),
        pa.field("url", pa.string()),
        pa.field("published", TIME),
        pa.field("updated", TIME),
        pa.field("language", pa.string()),
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("record", pa.large_binary(), nullable=False),
    ]
)
"""The columns of an input batch. ``record`` is the record's own bytes, one JSON object without a line end."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be used.

    Attributes:
        file: Path as given, ``-`` for standard input, empty for records passed by a library call.
        line: 1-based line (Parquet and tables: row; an array of JSON: item), or None where the whole file is
            meant.
        reason: What is wrong, in a few stable words.
        id: The record's id, if it could be read.
    """

    file: str
    line: int | None
    reason: str
    id: str | None = None

    def __str__(self) -> str:
        """Where, and what is wrong."""
        return str(self.error())

    def error(self) -> InputError:
        """The error this is where it ends a run."""
        return InputError(self.reason, file=self.file or None, line=self.line)


RejectSink = Callable[[Reject], None]


@dataclass(frozen=True, slots=True)
class Block:
    """Records as a reader found them: types are right, values not yet looked at.

    Attributes:
        columns: Some of ``FIELDS``, each large_string[n] of valid UTF-8; dates may be timestamp[UTC].
        files: string[n].
        lines: int64[n].
        records: large_binary[n].
    """

    columns: dict[str, pa.Array]
    files: pa.Array
    lines: pa.Array
    records: pa.Array

    def reject(self, row: int, reason: str) -> Reject:
        """What is said of one of the records."""
        known = self.columns["id"][row].as_py() if "id" in self.columns else None
        return Reject(self.files[row].as_py(), self.lines[row].as_py(), reason, known or None)
