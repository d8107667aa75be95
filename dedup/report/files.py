"""The files of a finished run, read for the report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet

from dedup import schemas
from dedup.boilerplate import Recurring
from dedup.columns import whole
from dedup.errors import InputError, UsageError
from dedup.io.jsonl import load_line
from dedup.io.schema import TIME
from dedup.parallel import in_order
from dedup.ragged import owners, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["RunTables", "expect", "read_diffs", "read_records", "read_tables"]

BLOCK_BYTES = 16 << 20

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
        ("language", pa.string()),
    ]
)
FAMILIES = pa.schema([field for field in schemas.FAMILIES if field.name != "earliest"])
RELATIONS = pa.schema(
    [field for field in schemas.RELATIONS if field.name not in ("jaccard", "narrative_words", "roundup")]
)


@dataclass(frozen=True)
class RunTables:
    """What a run decided, without the texts.

    Attributes:
        run: ``run.json``.
        totals: Documents, roundups, sources and words of the whole corpus; its first and last time in seconds
            since the epoch, None where nothing is dated.
        families: All of two or more, largest first; among equals, by id.
        documents: Their members, n rows: family by family, each in order of time, undated last.
        first: int64[families + 1], row of each family's first document.
        relations: All.
        a: int64, row of each relation's document ``a``, -1 where it is in no family.
        b: int64, of its document ``b``.
        recurring: Blocks that were learned to recur in a source; None where nothing was stripped.
    """

    run: dict[str, Any]
    totals: dict[str, Any]
    families: pa.Table
    documents: pa.Table
    first: NDArray[np.int64]
    relations: pa.Table
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    recurring: Recurring | None

    @cached_property
    def family(self) -> NDArray[np.int64]:
        """Row of each document's family: int64[n]."""
        return owners(self.first)

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """Place of each document in its family's order of time: int64[n]."""
        return np.arange(len(self.documents)) - self.first[self.family]

    @cached_property
    def canonical(self) -> NDArray[np.int64]:
        """Row of each family's canonical document: int64[families]."""
        return _rows(self.families["canonical"], self.documents["id"])

    @cached_property
    def inside(self) -> NDArray[np.int64]:
        """Rows of the relations within families: int64."""
        known = np.flatnonzero((self.a >= 0) & (self.b >= 0))
        return np.asarray(known[self.family[self.a[known]] == self.family[self.b[known]]])


def read_tables(folder: Path) -> RunTables:
    """Read the result of a run.

    Raises:
        UsageError: The folder holds none.
        InputError: A file cannot be read, or is none of the same run.
    """
    try:
        run = orjson.loads((folder / "run.json").read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{folder}: is no result of dedup run, there is no run.json in it") from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise _unreadable(folder / "run.json", error) from error
    if not isinstance(run, dict):
        raise UsageError(f"{folder}: is no result of dedup run, there is something else in run.json")
    if run.get("format") != schemas.FORMAT:
        raise UsageError(
            f"{folder}: is of format {run.get('format')}; this version of dedup reads {schemas.FORMAT}"
        )
    if not (_table(folder, "diffs").exists() or (folder / "canonical.jsonl").exists()):
        raise UsageError(f"{folder}: has no texts, as the export of an index; dedup run makes a report")
    totals, documents = _documents(folder)
    families = pa.Table.from_batches(_batches(folder, "families", FAMILIES), FAMILIES)
    families = families.sort_by([("size", "descending"), ("id", "ascending")])
    members = families["members"].combine_chunks()
    ids = members.flatten()
    rows = _rows(ids, documents["id"])
    if (rows < 0).any():
        lost = ids[int(np.argmin(rows))].as_py()
        raise InputError(f"{lost!r} is in a family, but not among the documents", file=str(folder))
    documents = documents.take(pa.array(rows))
    first = running(members.value_lengths())
    relations = pa.Table.from_batches(_batches(folder, "relations", RELATIONS), RELATIONS)
    a, b = (_rows(relations[name], ids) for name in "ab")
    settings = run.get("settings")
    stripped = not (isinstance(settings, dict) and settings.get("strip") is False)
    recurring = _learned(folder) if stripped else None
    return RunTables(run, totals, families, documents, first, relations, a, b, recurring)


def _learned(folder: Path) -> Recurring:
    """Blocks that were learned; none where the run is of a version that did not keep them."""
    path = _table(folder, "learned")
    if not path.exists():
        return Recurring.nothing()
    try:
        return Recurring.from_table(
            pa.Table.from_batches(_batches(folder, "learned", schemas.LEARNED), schemas.LEARNED)
        )
    except (OverflowError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error


def _rows(ids: pa.Array | pa.ChunkedArray, among: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """Place of each id among others, -1 where it is not: int64[n]."""
    found: NDArray[np.int64] = np.asarray(pc.index_in(ids, whole(among)).fill_null(-1), np.int64)
    return found


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
    path = _table(folder, name)
    with _reading(path):
        if path.suffix == ".parquet":
            for batch in pa.parquet.ParquetFile(path).iter_batches():
                yield _shaped(pa.Table.from_batches([batch]), schema)
            return
        options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")

        def parsed(block: bytes) -> pa.RecordBatch:
            reading = pa.json.ReadOptions(block_size=len(block) + 1)
            return _shaped(pa.json.read_json(pa.BufferReader(block), reading, options), schema)

        yield from in_order(parsed, _blocks(path), 2)  # more would wait for what is done with the rows


def _table(folder: Path, name: str) -> Path:
    path = folder / f"{name}.parquet"
    return path if path.exists() else folder / f"{name}.jsonl"


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path))


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


def read_diffs(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Variant and operations, as JSON, of every diff."""
    path = _table(folder, "diffs")
    if path.suffix == ".parquet":
        with _reading(path):
            for batch in pa.parquet.ParquetFile(path).iter_batches(256):
                for row in batch.to_pylist():
                    yield row["variant"], row["operations"].encode()
        return
    with _reading(path), path.open("rb") as file:
        for line in file:
            head, _, operations = line.partition(b',"operations":')
            yield orjson.loads(head + b"}")["variant"], operations.rstrip()[:-1]


def read_records(folder: Path) -> Iterator[dict[str, Any]]:
    """Every record of the deduplicated corpus; nothing of those nested too deep for Python."""
    path = folder / "canonical.jsonl"
    with _reading(path), path.open("rb") as file:
        for line in file:
            try:
                yield load_line(line)
            except ValueError:
                yield {}


def expect(folder: Path, name: str, found: int, expected: int) -> None:
    """See that a table has the rows that the others tell of.

    Raises:
        InputError: It has fewer or more.
    """
    if found != expected:
        reason = f"{name} has {found:,} rows where the other files tell of {expected:,}"
        raise InputError(f"{reason}: it was cut or is of another run", file=str(folder))
