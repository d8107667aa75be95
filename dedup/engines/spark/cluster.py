"""A run on a cluster: stages kept as files, work spread over tasks."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from dedup import kernels
from dedup.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyspark.sql import Column, DataFrame, SparkSession

__all__ = [
    "DOCUMENTS",
    "PAIRS",
    "Run",
    "configured",
    "each_batch",
    "each_cell",
    "each_group",
    "each_key",
    "each_task",
    "home",
    "hosted",
    "numbered",
    "paired",
]

DOCUMENTS = 10_000
"""Documents a task has about: 60 MB of tokens."""

PAIRS = 2_000
"""Pairs verified together: up to 20 MB of tokens."""

_MARK = "name string, text string, rows long"

_CONFIGURATION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.skewJoin.enabled": "true",
    "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes": "64MB",
    "spark.sql.adaptive.coalescePartitions.enabled": "true",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "256KB",
    "spark.sql.legacy.parquet.nanosAsLong": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""What a run sets for itself; everything else is the session's.

No code is generated for queries: Java would have to compile it for each of a hundred, and what is heavy here
is done by kernels over arrays. Nothing is broadcast because its files are small: 100,000 equal texts are next
to nothing as Parquet, and unpacked more than a driver holds. Of shuffled bytes LZ4 makes 255 at most.
"""


@contextmanager
def configured(spark: SparkSession, more: dict[str, str] | None = None) -> Iterator[None]:
    """Set what a run needs, and set it back."""
    wanted = _CONFIGURATION | (more or {})
    before = {name: spark.conf.get(name, None) for name in wanted}
    try:
        for name, value in wanted.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, old in before.items():
            if old is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, old)


class Run:
    """Stages of one run, each a folder of Parquet; one that was finished is not made again.

    Attributes:
        spark: The session.
        folder: Of the run, on a file system that all executors see. Results stand in it, stages in ``work``.
        rows: Rows of each stage.
        seconds: Seconds each stage took, of those made now.
    """

    def __init__(self, spark: SparkSession, folder: str, identity: str, *, afresh: bool = False) -> None:
        self.spark = spark
        self.folder = folder.rstrip("/")
        self.rows: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self._spread: list[DataFrame] = []
        done = f"{self.folder}/work/done"
        self._marks_of(0, "", "", 0).write.mode("overwrite" if afresh else "ignore").parquet(done)
        marks = spark.read.schema(_MARK).option("recursiveFileLookup", "true").parquet(done).collect()
        self._marks: dict[str, tuple[str, int]] = {name: (text, rows) for name, text, rows in marks}
        if "run" not in self._marks:
            self._mark("run", identity, 0)
        elif self._marks["run"][0] != identity:
            raise UsageError(f"{folder}: holds a run of other documents or settings; name another folder")

    def result(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """The rows of a table of the result."""
        return self._kept(name, f"{self.folder}/{name}", make)

    def stage(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """The rows of a stage: those kept, or those made now."""
        return self._kept(name, f"{self.folder}/work/{name}", make)

    def spread(self, frame: DataFrame, partitions: int) -> DataFrame:
        """The rows by number, on the disks of the executors until :meth:`release`.

        What is joined to them by number comes to them: without this the tokens of the whole corpus are
        shuffled for every join, of which there are ten.
        """
        spread = frame.repartition(partitions, "number").persist(StorageLevel.DISK_ONLY)
        self._spread.append(spread)
        return spread

    def release(self) -> None:
        """Give back the disks of the executors."""
        while self._spread:
            self._spread.pop().unpersist()

    def _kept(self, name: str, path: str, make: Callable[[], DataFrame]) -> DataFrame:
        if name in self._marks:
            text, self.rows[name] = self._marks[name]
            return self.spark.read.schema(StructType.fromJson(json.loads(text))).parquet(path)
        start = time.perf_counter()
        frame = make()
        seen = Observation()
        frame.observe(seen, F.count(F.lit(1)).alias("rows")).write.mode("overwrite").parquet(path)
        self.rows[name] = seen.get["rows"]
        self._mark(name, frame.schema.json(), self.rows[name])
        self.seconds[name] = round(time.perf_counter() - start, 3)
        return self.spark.read.schema(frame.schema).parquet(path)

    def _mark(self, name: str, text: str, rows: int) -> None:
        """Say that a stage is whole: on some file systems one sees the files that a killed job has left."""
        mark = self._marks_of(1, name, text, rows)
        mark.write.mode("overwrite").parquet(f"{self.folder}/work/done/{name.replace('/', '.')}")

    def _marks_of(self, number: int, name: str, text: str, rows: int) -> DataFrame:
        """So many marks; a frame that is not of Python's, as each of these would start a worker."""
        values = F.lit(name).alias("name"), F.lit(text).alias("text"), F.lit(rows).cast("long").alias("rows")
        return self.spark.range(0, number, 1, 1).select(*values)


# --- functions over Arrow tables, spread


def each_batch(frame: DataFrame, schema: str, function: Any, *args: Any) -> DataFrame:
    """A function of every batch of rows."""
    return frame.mapInArrow(partial(_batches, function, args), schema)


def _batches(
    function: Any, args: tuple[Any, ...], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    kernels.get(force=True)
    for batch in batches:
        if len(batch):
            yield from _sent(function(pa.Table.from_batches([batch]), *args))


def each_task(frame: DataFrame, schema: str, function: Any, *args: Any) -> DataFrame:
    """A function of all rows of each partition."""
    return frame.mapInArrow(partial(_together, function, args), schema)


def each_key(frame: DataFrame, keys: list[str], schema: str, function: Any, *args: Any) -> DataFrame:
    """A function of tables in which all rows of a key stand together, many keys in one."""
    return each_task(frame.repartition(*keys), schema, function, *args)


def _together(
    function: Any, args: tuple[Any, ...], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    parts = [batch for batch in batches if len(batch)]
    if parts:
        kernels.get(force=True)
        yield from _sent(function(pa.Table.from_batches(parts), *args))


def _sent(table: pa.Table | None) -> Iterator[pa.RecordBatch]:
    """In batches that neither side minds."""
    if table is not None and len(table):
        rows = max(1, min(1 << 16, (64 << 20) * len(table) // max(table.nbytes, 1)))
        yield from table.combine_chunks().to_batches(max_chunksize=rows)


def paired(
    pairs: DataFrame, size: int, documents: DataFrame, schema: str, function: Any, *args: Any
) -> DataFrame:
    """A function of pairs and of the documents they name, each document once a cell.

    Pairs of one ``a`` share a cell, as they mostly are a leader's; a leader of many is spread over several.

    Args:
        pairs: Columns a, b and others.
        size: How many there are, roughly.
        documents: Column number and others.
        schema: Of what the function gives.
        function: Gets a table of pairs and one of documents, and ``args``.
        args: More arguments.
    """
    cells = max(1, -(-size // PAIRS))
    crowds = pairs.groupBy("a").count().where(f"count > {PAIRS}")
    share = F.pmod(F.xxhash64("b"), F.ceil(F.coalesce("count", F.lit(1)) / PAIRS))
    spread = pairs.join(crowds, "a", "left").withColumn("cell", F.pmod(F.xxhash64("a", share), F.lit(cells)))
    spread = spread.drop("count")
    named = spread.select(F.col("a").alias("number"), "cell").union(
        spread.select(F.col("b").alias("number"), "cell")
    )
    # another column of the same values, or Spark cannot tell the two sides apart
    sent = documents.join(named.distinct(), "number").withColumn("cell", F.col("cell") + F.lit(0))
    return each_cell(spread, sent, "cell", schema, function, *args)


def hosted(
    edges: DataFrame, size: int, documents: DataFrame, schema: str, function: Any, *args: Any
) -> DataFrame:
    """A function of documents and of all the edges each of them has; of the other ends it sees numbers only.

    Arguments as for :func:`paired`.
    """
    cells = F.lit(max(1, -(-size // PAIRS)))
    ends = F.array_distinct(F.array(F.pmod(F.xxhash64("a"), cells), F.pmod(F.xxhash64("b"), cells)))
    spread = edges.withColumn("cell", F.explode(ends))
    named = (
        edges.select(F.col("a").alias("number")).union(edges.select(F.col("b").alias("number"))).distinct()
    )
    sent = documents.join(named, "number").withColumn("cell", F.pmod(F.xxhash64("number"), cells))
    return each_cell(spread, sent, "cell", schema, function, *args)


def each_group(frame: DataFrame, key: str, schema: str, function: Any, *args: Any) -> DataFrame:
    """A function of the rows of each key, one key at a time."""

    def call(table: pa.Table) -> pa.Table:
        kernels.get(force=True)
        return function(table, *args)

    return frame.groupBy(key).applyInArrow(call, schema)


def each_cell(one: DataFrame, two: DataFrame, key: str, schema: str, function: Any, *args: Any) -> DataFrame:
    """A function of the rows of each key in either of two frames, one key at a time."""

    def call(left: pa.Table, right: pa.Table) -> pa.Table:
        kernels.get(force=True)
        return function(left, right, *args)

    return one.groupBy(key).cogroup(two.groupBy(key)).applyInArrow(call, schema)


def home(partitions: int) -> Column:
    """Where :meth:`Run.spread` puts a document of this ``number``."""
    return F.pmod(F.hash("number"), F.lit(partitions)).cast("long")


def numbered(run: Run, frame: DataFrame, order: list[Any], name: str, partitions: int) -> DataFrame:
    """The same rows with their place in an order that leaves no ties, from 0: column ``place``.

    A range-partitioned sort; only how many rows each partition has comes to the driver.
    """
    sort = frame.repartitionByRange(partitions, *order).sortWithinPartitions(*order)
    ranked = run.stage(name, lambda: sort.withColumn("_at", F.monotonically_increasing_id()))
    part = F.shiftright("_at", 33)
    counts = sorted(ranked.groupBy(part.alias("part")).count().collect())
    total, offsets = 0, []
    for number, count in counts:
        offsets.append((number, total))
        total += count
    starts = F.broadcast(run.spark.createDataFrame(offsets, "_part long, _offset long"))
    placed = ranked.withColumn("_part", part).join(starts, "_part")
    return placed.withColumn("place", F.col("_offset") + F.col("_at").bitwiseAND(F.lit((1 << 33) - 1))).drop(
        "_at", "_part", "_offset"
    )
