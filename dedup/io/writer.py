"""Writing: tables as JSON lines or Parquet, and records as they came."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.columns import string_buffers
from dedup.io.folder import writing
from dedup.io.jsonlines import DIGITS, json_lines
from dedup.parallel import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from dedup.io.schema import Reject

__all__ = ["rejects_table", "write_jsonl", "write_parquet", "write_records", "write_table"]

Tables: TypeAlias = "pa.Table | pa.RecordBatch | Iterable[pa.RecordBatch]"

_ROWS = 16384  # written at once

_REJECTS = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("id", pa.string()), ("reason", pa.string())]
)


def write_table(path: Path, tables: Tables, schema: pa.Schema | None = None, *, threads: int = 1) -> None:
    """Write rows in the format of the path's extension, ``.jsonl`` or ``.parquet``; see the two below."""
    if path.suffix == ".parquet":
        write_parquet(path, tables, schema)
    else:
        write_jsonl(path, tables, threads=threads)


def write_jsonl(path: Path, tables: Tables, *, threads: int = 1) -> None:
    """Write rows as JSON objects, one a line, in UTF-8.

    Keys stand in the order of the schema, nulls are written, floating-point columns are rounded to 4 digits
    (here they are ratios), times are ISO 8601 with ``Z``.

    Args:
        path: The file, replaced if it exists.
        tables: A table, a batch, or batches.
        threads: How many make lines.

    Raises:
        OutputError: The file can't be written.
    """
    with writing(path), path.open("wb") as file:
        for lines in in_order(json_lines, _parts(tables), threads):
            file.write(lines)


def write_parquet(path: Path, tables: Tables, schema: pa.Schema | None = None) -> None:
    """Write rows as Parquet, rounded as in :func:`write_jsonl`.

    Args:
        path: The file, replaced if it exists.
        tables: A table, a batch, or batches.
        schema: Needed for batches of which there may be none.

    Raises:
        OutputError: The file can't be written.
    """
    from pyarrow.parquet import ParquetWriter  # see read_parquet

    parts = _parts(tables)
    first = list(islice(parts, 1))
    if schema is None:
        schema = (
            tables.schema if isinstance(tables, pa.Table) else first[0].schema if first else pa.schema([])
        )
    with (
        writing(path),
        path.open("wb") as file,
        ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for batch in chain(first, parts):
            writer.write_batch(_rounded(batch))


def write_records(path: Path, records: Iterable[pa.Array], kept: NDArray[np.bool_] | None = None) -> None:
    """Write records byte for byte, each with a line end: ``canonical.jsonl``.

    Args:
        path: The file, replaced if it exists.
        records: large_binary arrays without nulls.
        kept: bool[n], which of all of them are written; by default all.

    Raises:
        OutputError: The file can't be written.
    """
    done = 0
    with writing(path), path.open("wb") as file:
        for part in records:
            data, offsets = string_buffers(part)
            rows = np.arange(len(part)) if kept is None else np.flatnonzero(kept[done : done + len(part)])
            done += len(part)
            ends = zip(offsets[rows].tolist(), offsets[rows + 1].tolist(), strict=True)
            # one by one: records are kilobytes, and Arrow would copy each three times
            file.write(b"\n".join([*(data[low:high] for low, high in ends), b""]))


def rejects_table(rejects: Iterable[Reject]) -> pa.Table:
    """Rejects as a table, in their order."""
    rows = [{"file": r.file, "line": r.line, "id": r.id, "reason": r.reason} for r in rejects]
    return pa.Table.from_pylist(rows, schema=_REJECTS)


def _parts(tables: Tables) -> Iterator[pa.RecordBatch]:
    if isinstance(tables, pa.Table):
        tables = tables.to_batches(max_chunksize=_ROWS)
    elif isinstance(tables, pa.RecordBatch):
        tables = [tables]
    for batch in tables:
        for start in range(0, len(batch), _ROWS):
            yield batch.slice(start, _ROWS)


def _rounded(batch: pa.RecordBatch) -> pa.RecordBatch:
    for number, field in enumerate(batch.schema):
        if pa.types.is_floating(field.type):
            batch = batch.set_column(number, field, pc.round(batch.column(number), DIGITS))
    return batch
