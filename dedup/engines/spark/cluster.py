"""A run on a cluster: stages kept as files, and documents where they lie."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from dedup.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import DataFrame, SparkSession

__all__ = [
    "DOCUMENTS",
    "Corpus",
    "Run",
    "configured",
    "numbered",
]

DOCUMENTS = 10_000
"""Documents a task has about: 60 MB of tokens."""

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
    """Documents partitioned by row, with a table from number to row.

    They are numbered when their contents are known, too late to partition them by number: what names a
    document by its number is told its row instead.

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
