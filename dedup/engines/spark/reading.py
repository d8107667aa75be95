"""From what Spark reads to documents: the readers' own functions, ids made good, one record for each id."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import Window
from pyspark.sql import functions as F

from dedup.columns import whole
from dedup.engines.spark.arrays import integers, signed
from dedup.engines.spark.spreading import each_batch
from dedup.errors import UsageError
from dedup.io import FIELDS, SCHEMA, Reject, hash_records
from dedup.io.batch import batches
from dedup.io.jsonl import read_jsonl
from dedup.io.reader import ignore
from dedup.io.rows import source_fields
from dedup.io.tables import check_columns, table_block
from dedup.ragged import run_starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from dedup.engines.spark.cluster import Run

__all__ = ["from_frame", "from_paths", "resolve", "state"]

RECORDS = (
    "id string, text string, title string, source string, url string, published timestamp, updated timestamp,"
    " language string, file string, line long, record string, record_hash long, text_hash long, made boolean,"
    " split long, reason string"
)
"""Columns of records; a row with a reason is a reject, one with neither text nor reason tells the lines of a
split."""


def from_frame(frame: DataFrame, fields: Mapping[str, str] | None = None) -> DataFrame:
    """Records of a frame with a text column.

    Raises:
        UsageError: No text column, or a column of a type that cannot be read.
    """
    renamed = source_fields(fields or {})
    types = {"string": pa.string(), "timestamp": pa.timestamp("us", "UTC")}
    known = [
        (f.name, types.get(f.dataType.simpleString())) for f in frame.schema if f.name in renamed.values()
    ]
    check_columns(pa.schema([(name, kind) for name, kind in known if kind is not None]), "", renamed)
    return each_batch(frame, RECORDS, _frame_records, renamed)


def from_paths(
    spark: SparkSession, paths: Sequence[str], fields: Mapping[str, str] | None = None
) -> DataFrame:
    """Records of files Spark can read: Parquet where the name ends so, else JSON lines, compressed or not.

    Raises:
        UsageError: A path that is not there, or files of both kinds.
    """
    tables = [path for path in paths if path.rstrip("/").endswith(".parquet")]
    lines = [path for path in paths if path not in tables]
    if tables and lines:
        raise UsageError("Parquet and JSON lines in one run; name files of one kind")
    with _looking(paths):
        if tables:
            return from_frame(spark.read.parquet(*tables), fields)
        text = spark.read.text(list(lines), lineSep="\n").select(
            "value",
            F.col("_metadata.file_path").alias("file"),
            F.col("_metadata.file_block_start").alias("split"),
        )
        _ = text.schema  # a remote session looks at the paths only then
    return text.mapInArrow(_Lines(source_fields(fields or {})), RECORDS)


def state(spark: SparkSession, paths: Sequence[str]) -> list[tuple[str, int, int]]:
    """Path, bytes and time of change, in microseconds, of each file :func:`from_paths` would read, by path.

    Raises:
        UsageError: A path that is not there.
    """
    with _looking(paths):
        # of this kind no more is read than asked for, here nothing
        files = spark.read.format("binaryFile").load(list(paths))
        changed = F.unix_micros("_metadata.file_modification_time")
        found = files.select("_metadata.file_path", "_metadata.file_size", changed).collect()
    return sorted(map(tuple, found))


@contextmanager
def _looking(paths: Sequence[str]) -> Iterator[None]:
    """Name the paths where Spark finds nothing."""
    try:
        yield
    except AnalysisException as error:
        raise UsageError(f"{', '.join(paths)}: cannot be read: {error}".partition("\n")[0]) from error


def resolve(run: Run, records: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Documents, one for each id, and rejects.

    Args:
        run: Keeps them.
        records: Of :func:`from_frame` or :func:`from_paths`.

    Returns:
        Columns row and those of the readers; file, line, reason and id.
    """
    kept = run.stage("records", lambda: records.withColumn("row", F.monotonically_increasing_id()))
    kept = _with_lines(kept)
    usable = kept.where("text is not null and reason is null")
    rejects = kept.where("reason is not null").select("file", "line", "reason", "id")
    usable = _with_ids(run, usable)
    losers = run.stage("superseded", lambda: _losers(usable))
    if run.rows["superseded"]:
        usable = usable.join(losers.select("row"), "row", "left_anti")
        place = F.when(F.col("by_file") != "", F.concat(F.lit(" by "), "by_file", F.lit(":"), "by_line"))
        lost = losers.where("superseded").select(
            "file", "line", F.concat(F.lit("superseded"), F.coalesce(place, F.lit(""))).alias("reason"), "id"
        )
        rejects = rejects.union(lost)
    return usable.select("row", *SCHEMA.names), rejects


def _with_lines(records: DataFrame) -> DataFrame:
    """Lines counted from the top of the file; a split knows its own."""
    splits = records.where("text is null and reason is null").select(
        "file", "split", F.col("line").alias("lines")
    )
    order = Window.partitionBy("file").orderBy("split").rowsBetween(Window.unboundedPreceding, -1)
    before = splits.select("file", "split", F.coalesce(F.sum("lines").over(order), F.lit(0)).alias("before"))
    placed = records.join(F.broadcast(before), ["file", "split"], "left")
    return placed.withColumn("line", F.col("line") + F.coalesce("before", F.lit(0))).drop("before", "split")


def _with_ids(run: Run, documents: DataFrame) -> DataFrame:
    """A number behind the id made of a record that comes again."""
    made = documents.where("made").select("row", "record_hash", "id")
    again = made.groupBy("record_hash").count().where("count > 1").select("record_hash")
    order = Window.partitionBy("record_hash").orderBy("row")

    def named() -> DataFrame:
        numbers = made.join(again, "record_hash").withColumn("number", F.row_number().over(order))
        return numbers.where("number > 1").select(
            "row", F.concat_ws("-", F.substring("id", 1, 17), "number").alias("again")
        )

    names = run.stage("ids", named)
    plain = F.when(F.col("made"), F.substring("id", 1, 17)).otherwise(F.col("id"))
    if not run.rows["ids"]:
        return documents.withColumn("id", plain)
    return documents.join(names, "row", "left").withColumn("id", F.coalesce("again", plain)).drop("again")


def _losers(documents: DataFrame) -> DataFrame:
    """Records another one stands for: the newest, by the order of :func:`dedup.io.resolve_ids`."""
    twice = documents.groupBy("id").count().where("count > 1").select("id")
    newest = F.coalesce(F.unix_micros("updated"), F.unix_micros("published"), F.lit(-(2**63)))
    shared = documents.select("id", "row", "file", "line", "text_hash", "record_hash", newest.alias("newest"))
    best = [F.desc("newest"), F.desc("text_hash"), F.desc("record_hash"), F.asc("row")]
    order = Window.partitionBy("id").orderBy(*best)
    placed = shared.join(twice, "id").select(
        "*",
        F.row_number().over(order).alias("place"),
        F.lag("record_hash").over(order).alias("before"),
        F.first("file").over(order).alias("by_file"),
        F.first("line").over(order).cast("string").alias("by_line"),
    )
    again = F.col("before") == F.col("record_hash")
    return placed.where("place > 1").select(
        "row", "file", "line", "id", (~again).alias("superseded"), "by_file", "by_line"
    )


def _frame_records(table: pa.Table, fields: Mapping[str, str]) -> pa.Table:
    rejects: list[Reject] = []
    batch = table.combine_chunks().to_batches()[0]
    block = table_block(batch, "", 1, fields=fields, reject=rejects.append)
    parts = list(batches([block], fields, reject=rejects.append, warn=ignore))
    found = _rows(parts, rejects, 0)
    # rows of a frame have no place
    return found.set_column(found.schema.get_field_index("line"), "line", pa.nulls(len(found), pa.int64()))


class _Lines:
    """Reads the lines of splits, of which a task has one or several, one behind the other."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def __call__(self, lines: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        done: dict[tuple[str, int], int] = {}
        for batch in lines:
            files, splits = batch.column("file").dictionary_encode(), integers(batch.column("split"))
            names = files.dictionary.to_pylist()
            codes = integers(files.indices)
            bounds = np.flatnonzero(run_starts(codes, splits))
            for start, stop in zip(bounds.tolist(), [*bounds[1:].tolist(), len(batch)], strict=True):
                key = names[codes[start]], int(splits[start])
                before = done.get(key, 0)
                yield from self._read(batch.column("value")[start:stop], *key, before).to_batches()
                done[key] = before + stop - start
        if done:
            table = pa.table(
                {
                    "file": pa.array([file for file, _ in done], pa.string()),
                    "split": pa.array([split for _, split in done], pa.int64()),
                    "line": pa.array(done.values(), pa.int64()),
                }
            )
            yield from _complete(table).to_batches()

    def _read(self, values: pa.Array, file: str, split: int, before: int) -> pa.Table:
        rejects: list[Reject] = []
        ended = b"\n".join(values.cast(pa.binary()).to_pylist())
        blocks = read_jsonl(io.BytesIO(ended), file, fields=self._fields, reject=rejects.append)
        found = _rows(list(batches(blocks, self._fields, reject=rejects.append, warn=ignore)), rejects, split)
        at = found.schema.get_field_index("line")
        return found.set_column(at, "line", pa.array(integers(found["line"]) + before))


def _rows(parts: list[pa.RecordBatch], rejects: list[Reject], split: int) -> pa.Table:
    """Records and rejects in the columns of :data:`RECORDS`."""
    good = pa.Table.from_batches(parts, SCHEMA)
    records = [hash_records(whole(good[name])) for name in ("record", "text")]
    ids = good["id"].to_pylist()
    made = [
        (name or "").startswith(f"x{key:016x}") for name, key in zip(ids, records[0].tolist(), strict=True)
    ]
    good = good.append_column("record_hash", pa.array(signed(records[0])))
    good = good.append_column("text_hash", pa.array(signed(records[1])))
    good = good.append_column("made", pa.array(made, pa.bool_()))
    bad = pa.table(
        {name: pa.array([getattr(r, name) for r in rejects], kind) for name, kind in _REJECT.items()}
    )
    tables = [_complete(part) for part in (good, bad)]
    table = pa.concat_tables(tables)
    at = table.schema.get_field_index("split")
    return table.set_column(at, "split", pa.array(np.full(len(table), split)))


_REJECT = {"file": pa.string(), "line": pa.int64(), "reason": pa.string(), "id": pa.string()}

_TYPES: dict[str, Any] = {name: pa.string() for name in (*FIELDS, "file", "record", "reason")} | {
    **{name: pa.int64() for name in ("line", "record_hash", "text_hash", "split")},
    **{name: pa.timestamp("us", "UTC") for name in ("published", "updated")},
    "made": pa.bool_(),
}


def _complete(table: pa.Table) -> pa.Table:
    """All columns in their order, null where there is nothing to say."""
    names = [part.split()[0] for part in RECORDS.split(",")]
    columns = {
        name: table[name].cast(_TYPES[name])
        if name in table.column_names
        else pa.nulls(len(table), _TYPES[name])
        for name in names
    }
    return pa.table(columns)
