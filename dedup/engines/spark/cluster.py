"""A run on a cluster: stages kept as files, work spread over tasks.

Work is spread in three ways. A *home* is a partition of documents (:meth:`Run.spread`); a *part* is a range
of the keys that documents may have in common, such as shingles (:func:`each_part`); a *cell* holds some pairs
and the documents they name (:func:`paired`).
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from dedup import kernels
from dedup.columns import whole
from dedup.engines.spark.arrays import flat, integers, packed
from dedup.errors import UsageError
from dedup.kernels.constants import MIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame, SparkSession

__all__ = [
    "DOCUMENTS",
    "PAIRS",
    "TOLD",
    "UNMIX",
    "Corpus",
    "Run",
    "answered",
    "bounds_of",
    "configured",
    "cut",
    "each_batch",
    "each_cell",
    "each_group",
    "each_key",
    "each_part",
    "each_task",
    "entries",
    "heard",
    "home",
    "hosted",
    "numbered",
    "paired",
    "parts_of",
]

DOCUMENTS = 10_000
"""Documents a task has about: 60 MB of tokens."""

PAIRS = 2_000
"""Pairs verified together: up to 20 MB of tokens."""

HOMES = 4
"""Partitions whose keys a part has about: the shingles of 40,000 documents of 400 words are 130 MB."""

UNMIX = np.uint64(0xF1DE83E19937733D)
"""Makes a key again of what ``MIX`` made of it, which spreads keys evenly over parts."""

TOLD = "part long, keys binary, numbers binary"
"""What a task tells a part of all keys: those its documents have, and whose each one is."""

_OURS = "dedup-run"
"""Folder by which a result of ours is known, also where its stages were removed."""

_MARK = "name string, text string, rows long"

_CONFIGURATION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.maxShuffledHashJoinLocalMapThreshold": "64MB",
    "spark.sql.adaptive.skewJoin.enabled": "true",
    "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes": "64MB",
    "spark.sql.adaptive.coalescePartitions.enabled": "true",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "256KB",
    "spark.sql.inMemoryColumnarStorage.batchSize": "2000",
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

    A folder with anything in it that is not an earlier run's is refused, with ``afresh``, too.

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
        ours, done = f"{self.folder}/{_OURS}", f"{self.folder}/work/done"
        if not _exists(spark, ours):
            if _exists(spark, f"{self.folder}/*"):
                raise UsageError(
                    f"{folder}: is no result of the Spark engine, so it is not replaced; name another"
                )
        elif not (afresh or _exists(spark, done)):
            raise UsageError(
                f"{folder}: exists already and holds no run to go on with;"
                " name another folder, or use --force (afresh=True) to replace it"
            )
        self._marks_of(0, "", "", 0).write.mode("ignore").parquet(ours)  # before there is anything else
        self._marks_of(0, "", "", 0).write.mode("overwrite" if afresh else "ignore").parquet(done)
        marks = spark.read.schema(_MARK).option("recursiveFileLookup", "true").parquet(done).collect()
        self._marks: dict[str, tuple[str, int]] = {name: (text, rows) for name, text, rows in marks}
        if "run" not in self._marks:
            self._mark("run", identity, 0)
        elif self._marks["run"][0] != identity:
            raise UsageError(
                f"{folder}: holds a run of other documents, settings or version;"
                " name another folder, or use --force (afresh=True) to replace it"
            )

    def result(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """The rows of a table of the result."""
        return self._kept(name, f"{self.folder}/{name}", make)

    def stage(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """The rows of a stage: those kept, or those made now."""
        return self._kept(name, f"{self.folder}/work/{name}", make)

    def spread(self, frame: DataFrame, partitions: int, key: str = "row") -> DataFrame:
        """The rows by a key, in its order, on the disks of the executors until :meth:`release`.

        What is joined to them by that key comes to them, and they need no sorting: without this the tokens of
        the whole corpus are shuffled and sorted for every join, of which there are ten.
        """
        spread = frame.repartition(partitions, key).sortWithinPartitions(key).persist(StorageLevel.DISK_ONLY)
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
        self._say(name)
        frame = make()
        seen = Observation()
        frame.observe(seen, F.count(F.lit(1)).alias("rows")).write.mode("overwrite").parquet(path)
        self.rows[name] = seen.get["rows"]
        self._mark(name, frame.schema.json(), self.rows[name])
        self.seconds[name] = round(time.perf_counter() - start, 3)
        return self.spark.read.schema(frame.schema).parquet(path)

    def _say(self, name: str) -> None:
        """Name the jobs that follow, in Spark's interface and event log."""
        with suppress(PySparkException):  # a remote session has no context
            self.spark.sparkContext.setJobDescription(name)

    def _mark(self, name: str, text: str, rows: int) -> None:
        """Say that a stage is whole: on some file systems one sees the files that a killed job has left."""
        mark = self._marks_of(1, name, text, rows)
        mark.write.mode("overwrite").parquet(f"{self.folder}/work/done/{name.replace('/', '.')}")

    def _marks_of(self, number: int, name: str, text: str, rows: int) -> DataFrame:
        """So many marks; a frame that is not of Python's, as each of these would start a worker."""
        values = F.lit(name).alias("name"), F.lit(text).alias("text"), F.lit(rows).cast("long").alias("rows")
        return self.spark.range(0, number, 1, 1).select(*values)


def _exists(spark: SparkSession, path: str) -> bool:
    """Whether there is something by this path or pattern, on whatever file system."""
    try:
        _ = spark.read.text(path).schema  # a remote session looks at the path only then
    except AnalysisException as error:
        return bool(error.getCondition() != "PATH_NOT_FOUND")
    return True


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents where they lie, by row, and the rows of their numbers.

    They are numbered only when their contents are known, and would have to be moved again to lie by number:
    what names a document by its number is told its row instead.

    Attributes:
        frame: Columns row, number and others; by row.
        places: Columns number and row; by number.
        partitions: Of the frame.
    """

    frame: DataFrame
    places: DataFrame
    partitions: int

    def select(self, *columns: str) -> Corpus:
        """The same documents, these columns and their rows."""
        return Corpus(self.frame.select("row", *columns), self.places, self.partitions)

    def named(self, names: DataFrame) -> DataFrame:
        """A row for each of those in ``names``, by column number; their columns and the documents'."""
        return self.frame.drop("number").join(names.join(self.places, "number"), "row").drop("row")


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
    pairs: DataFrame, size: int, documents: Corpus, schema: str, function: Any, *args: Any
) -> DataFrame:
    """A function of pairs and of the documents they name, each document once a cell.

    Pairs share a cell with those of the first document their ``a`` is paired with: versions of one text are
    mostly pairs of each other, and travel to few cells. Where that makes a crowd, it is spread over several.

    Args:
        pairs: Columns a, b and others.
        size: How many there are, roughly.
        documents: Those named, and others.
        schema: Of what the function gives.
        function: Gets a table of pairs and one of documents, and ``args``.
        args: More arguments.
    """
    cells = max(1, -(-size // PAIRS))
    firsts = pairs.groupBy(F.col("b").alias("a")).agg(F.min("a").alias("first"))
    keyed = pairs.join(firsts, "a", "left").withColumn("first", F.coalesce("first", "a"))
    # one in PAIRS at most
    crowds = F.broadcast(keyed.groupBy("first").count().where(f"count > {PAIRS}"))
    share = F.pmod(F.xxhash64("b"), F.ceil(F.coalesce("count", F.lit(1)) / PAIRS))
    cell = F.pmod(F.xxhash64("first", share), F.lit(cells))
    spread = keyed.join(crowds, "first", "left").withColumn("cell", cell).drop("count", "first")
    named = spread.select(F.col("a").alias("number"), "cell").union(
        spread.select(F.col("b").alias("number"), "cell")
    )
    # another column of the same values, or Spark cannot tell the two sides apart
    sent = documents.named(named.distinct()).withColumn("cell", F.col("cell") + F.lit(0))
    return each_cell(spread, sent, "cell", schema, function, *args)


def hosted(
    edges: DataFrame, size: int, documents: Corpus, schema: str, function: Any, *args: Any
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
    sent = documents.named(named).withColumn("cell", F.pmod(F.xxhash64("number"), cells))
    return each_cell(spread, sent, "cell", schema, function, *args)


def each_part(
    documents: DataFrame, keys: Any, partitions: int, schema: str, function: Any, *args: Any
) -> DataFrame:
    """A function of all that documents have in common with others, a part of all keys at a time.

    A task tells each part which keys its documents have, in one row; of a row a key Spark made more work than
    the kernels make of everything. A key of a million documents is 16 MB in its part.

    Args:
        documents: Column number, and what ``keys`` reads.
        keys: Gives uint64 keys of a table of documents, and the number int64 of each one's document.
        partitions: Of all documents.
        schema: Of what the function gives.
        function: Gets a table for :func:`entries`, and ``args``.
        args: More arguments.
    """
    told = each_task(documents, TOLD, _tell, keys, parts_of(partitions))
    return each_group(told, "part", schema, function, *args)


def parts_of(partitions: int) -> int:
    """Parts of all keys that so many partitions of documents have."""
    return -(-partitions // HOMES)


def entries(told: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of a part, ascending, each with the numbers of its documents, ascending."""
    key, number = flat(told["keys"], np.uint64)[0], flat(told["numbers"], np.int64)[0]
    order = np.lexsort((number, key))
    return key[order], number[order]


def _tell(table: pa.Table, keys: Any, parts: int) -> pa.Table:
    found, numbers = keys(table)
    return cut(found, numbers, parts)


def cut(keys: NDArray[np.uint64], values: NDArray[np.int64], parts: int) -> pa.Table:
    """Keys and a value of each as rows of :data:`TOLD`; the keys are mixed."""
    keys = keys * np.uint64(MIX)
    order = np.argsort(keys)
    bounds = bounds_of(keys[order], parts)
    cells = {"keys": packed(keys[order], bounds), "numbers": packed(values[order], bounds)}
    return pa.table({"part": np.arange(parts), **cells})


def bounds_of(keys: NDArray[np.uint64], parts: int) -> NDArray[np.int64]:
    """Where each part of all keys begins among ascending ones, and where the last ends."""
    ends = ((np.arange(parts + 1) << 32) // parts).astype(np.uint64)
    return np.searchsorted(keys >> np.uint64(32), ends)


def home(partitions: int) -> Column:
    """Partition of :meth:`Run.spread` a row is in."""
    return F.pmod(F.hash("row"), F.lit(partitions)).cast("long")


def answered(frame: DataFrame, answers: DataFrame) -> DataFrame:
    """The rows of a spread frame with what is said to each home, by one of its rows; nothing else moves.

    Args:
        frame: Columns row, home and others, spread by row.
        answers: Column row, and what :func:`heard` gives.
    """
    said = F.struct(*(name for name in answers.columns if name != "row"))
    return frame.join(answers.groupBy("row").agg(F.collect_list(said).alias("heard")), "row", "left")


def heard(table: pa.Table) -> pa.StructArray:
    """All that was said to the homes of a task's rows."""
    told = whole(table["heard"])
    homes = integers(table["home"])
    spoken_to = homes[np.asarray(told.is_valid())]
    assert np.array_equal(np.unique(homes), np.sort(spoken_to)), "a home is not whole, or was not answered"
    return told.flatten()


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
