"""The files of a finished run, read for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet

from dedup.errors import InputError, UsageError
from dedup.parallel import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Tables", "read_diffs", "read_records", "read_tables"]

BLOCK_BYTES = 16 << 20

TIME = pa.timestamp("us", "UTC")
DOCUMENTS = pa.schema(
    [
        ("id", pa.string()),
        ("title", pa.string()),
        ("source", pa.string()),
        ("published", TIME),
        ("url", pa.string()),
        ("family", pa.string()),
        ("role", pa.string()),
        ("relation", pa.string()),
        ("coverage", pa.float64()),
        ("canonical_coverage", pa.float64()),
        ("agencies", pa.list_(pa.string())),
        ("words", pa.int64()),
    ]
)
FAMILIES = pa.schema(
    [
        ("id", pa.string()),
        ("canonical", pa.string()),
        ("reason", pa.string()),
        ("members", pa.list_(pa.string())),
        ("size", pa.int64()),
        ("first_published", TIME),
        ("last_published", TIME),
        (
            "related",
            pa.list_(
                pa.struct([("family", pa.string()), ("relation", pa.string()), ("shared_words", pa.int64())])
            ),
        ),
    ]
)
_PASSAGE = pa.struct([(name, pa.int64()) for name in ("a_start", "a_end", "b_start", "b_end")])
RELATIONS = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.string()),
        ("relation", pa.string()),
        ("coverage_a", pa.float64()),
        ("coverage_b", pa.float64()),
        ("shared_words", pa.int64()),
        ("passages", pa.list_(_PASSAGE)),
    ]
)


@dataclass(frozen=True, slots=True)
class Tables:
    """What a run decided, without the texts.

    Attributes:
        run: ``run.json``.
        totals: Documents, roundups, sources and words of the whole corpus; its first and last time in seconds
            since the epoch, None where nothing is dated.
        documents: Those in families, n rows.
        families: All of two or more.
        relations: Those within families.
        a: int64, row of each relation's document ``a``.
        b: int64, of its document ``b``.
        family: int64[n], row of each document's family.
        place: int64[n], place of the document in its family's order of time.
    """

    run: dict[str, Any]
    totals: dict[str, Any]
    documents: pa.Table
    families: pa.Table
    relations: pa.Table
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    family: NDArray[np.int64]
    place: NDArray[np.int64]


def read_tables(folder: Path) -> Tables:
    """Read the result of a run.

    Raises:
        UsageError: The folder holds none.
        InputError: A file cannot be read.
    """
    try:
        run = orjson.loads((folder / "run.json").read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{folder}: is no result of dedup run, there is no run.json in it") from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=str(folder / "run.json")) from error
    totals, documents = _documents(folder)
    families = pa.Table.from_batches(_batches(folder, "families", FAMILIES), FAMILIES)
    ids = documents["id"].combine_chunks()
    family = np.asarray(pc.index_in(documents["family"], families["id"].combine_chunks())).astype(np.int64)
    members = families["members"].combine_chunks()
    rows = np.asarray(pc.index_in(members.flatten(), ids))
    sizes = np.asarray(members.value_lengths())
    place = np.zeros(len(documents), np.int64)
    place[rows] = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept, pairs = [], []
    for batch in _batches(folder, "relations", RELATIONS):
        a, b = (np.asarray(pc.fill_null(pc.index_in(batch.column(name), ids), -1)) for name in "ab")
        inside = (a >= 0) & (b >= 0)
        inside[inside] = family[a[inside]] == family[b[inside]]
        kept.append(batch.filter(pa.array(inside)))
        pairs.append((a[inside], b[inside]))
    a, b = (np.concatenate([np.empty(0, np.int64), *(pair[side] for pair in pairs)]) for side in (0, 1))
    return Tables(
        run, totals, documents, families, pa.Table.from_batches(kept, RELATIONS), a, b, family, place
    )


def _documents(folder: Path) -> tuple[dict[str, Any], pa.Table]:
    """Totals over all documents, and those in families."""
    counts = {"documents": 0, "roundups": 0, "words": 0}
    sources: set[str] = set()
    times: list[int] = []
    kept = []
    for batch in _batches(folder, "documents", DOCUMENTS):
        counts["documents"] += len(batch)
        counts["roundups"] += pc.sum(pc.equal(batch["role"], "roundup")).as_py() or 0
        counts["words"] += pc.sum(batch["words"]).as_py() or 0
        sources.update(name for name in batch["source"].unique().to_pylist() if name)
        bounds = pc.min_max(batch["published"].cast(pa.int64())).as_py()
        times += [value // 1_000_000 for value in bounds.values() if value is not None]
        kept.append(batch.filter(pc.is_valid(batch["family"])))
    span = {"first": min(times, default=None), "last": max(times, default=None)}
    return {**counts, **span, "sources": len(sources)}, pa.Table.from_batches(kept, DOCUMENTS)


def _batches(folder: Path, name: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of ``name.jsonl`` or ``name.parquet``; a column that is not there is all null."""
    path = folder / f"{name}.parquet"
    try:
        if path.exists():
            for batch in pa.parquet.ParquetFile(path).iter_batches():
                yield _shaped(pa.Table.from_batches([batch]), schema)
            return
        path = folder / f"{name}.jsonl"
        options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")

        def parsed(block: bytes) -> pa.RecordBatch:
            reading = pa.json.ReadOptions(block_size=len(block) + 1)
            return _shaped(pa.json.read_json(pa.BufferReader(block), reading, options), schema)

        yield from in_order(parsed, _blocks(path), 2)  # more would wait for what is done with the rows
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from error


def _shaped(table: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    batches = pa.table(columns, schema=schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=schema)


def _blocks(path: Path) -> Iterator[bytes]:
    """Whole lines, some megabytes at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block if block.endswith(b"\n") else block + file.readline()


def read_diffs(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Family, variant and operations, as JSON, of every diff."""
    path = folder / "diffs.parquet"
    if path.exists():
        for batch in pa.parquet.ParquetFile(path).iter_batches(256):
            for row in batch.to_pylist():
                yield row["family"], row["variant"], row["operations"].encode()
        return
    with (folder / "diffs.jsonl").open("rb") as file:
        for line in file:
            head, _, operations = line.partition(b',"operations":')
            row = orjson.loads(head + b"}")
            yield row["family"], row["variant"], operations.rstrip()[:-1]


def read_records(folder: Path) -> Iterator[dict[str, Any]]:
    """Every record of the deduplicated corpus."""
    with (folder / "canonical.jsonl").open("rb") as file:
        for line in file:
            yield orjson.loads(line)
