"""The order of the stages on a cluster; :mod:`dedup.pipeline` has it for one machine."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from dedup.edges import NONE
from dedup.engines.base import identity_of
from dedup.engines.spark import tables
from dedup.engines.spark.cluster import DOCUMENTS, Run, configured
from dedup.engines.spark.copies import find_copies
from dedup.engines.spark.preparing import number, prepared
from dedup.engines.spark.reading import from_frame, from_paths, resolve, state
from dedup.engines.spark.relating import passage_pairs
from dedup.engines.spark.settling import (
    COLUMNS,
    find_canonical,
    find_families,
    find_roundup_numbers,
    related_families,
)
from dedup.engines.spark.verifying import compared
from dedup.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Corpus

__all__ = ["RunFrames", "find", "session"]


@dataclass(frozen=True, slots=True)
class RunFrames:
    """What a run found; each a frame over the Parquet files of the run's folder.

    Attributes:
        documents: Columns as in ``documents.jsonl``.
        relations: As in ``relations.jsonl``.
        families: As in ``families.jsonl``.
        diffs: As in ``diffs.jsonl``, the operations as JSON text.
        canonical: The deduplicated corpus: the readers' columns, and each record as it came.
        rejects: As in ``rejects.jsonl``.
        counts: Of documents, families, variants, relations, rejects.
        seconds: Seconds each stage took, of those that were not there already.
    """

    documents: DataFrame
    relations: DataFrame
    families: DataFrame
    diffs: DataFrame
    canonical: DataFrame
    rejects: DataFrame
    counts: dict[str, int]
    seconds: dict[str, float]


def session(master: str | None = None) -> SparkSession:
    """The session there is, or a new one whose workers run this Python.

    Raises:
        UsageError: Spark cannot start; most often there is no Java, or no such master.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("dedup")
    try:
        return (builder.master(master) if master else builder).getOrCreate()
    except (PySparkRuntimeError, Py4JJavaError) as error:
        # of a master that makes no sense PySpark, too, knows only that Java has ended
        where = f" with master {master!r}; it must be one that Spark knows, and" if master else ";"
        raise UsageError(f"Spark cannot start{where} it needs Java 17 or 21, by JAVA_HOME or PATH") from error


def find(
    spark: SparkSession,
    source: DataFrame | list[str],
    settings: Settings,
    *,
    folder: str,
    fields: Mapping[str, str] | None = None,
    afresh: bool = False,
) -> RunFrames:
    """Find the families of a corpus.

    Args:
        spark: The session.
        source: A frame with a text column, or paths that Spark reads.
        settings: What to do; memory and threads are Spark's to decide.
        folder: Where stages are kept, on a file system that driver and executors share. A folder that holds a
            run of the same documents and settings, by this version, is gone on with; documents are the same
            where files (path, size, time of change) are, or columns of a frame.
        fields: Renames, our field to theirs.
        afresh: Replace the run the folder holds.

    Raises:
        UsageError: No text column, no document that can be used, or the folder is another run's or no run's.
    """
    settings = replace(settings, threads=1)  # a task has one core
    with configured(spark):
        if isinstance(source, list):
            # looked at before they are listed to be read: of what changes in between a later call is refused
            origin = source, state(spark, source)
            records = from_paths(spark, source, fields)
        else:
            origin = source.schema.simpleString()
            records = from_frame(source, fields)
        identity = identity_of(settings, sorted((fields or {}).items()), origin)
        run = Run(spark, folder, identity, afresh=afresh)
        try:
            documents, rejects = resolve(run, records)
            partitions = max(_parallelism(spark), -(-run.rows["records"] // DOCUMENTS))
            documents = run.spread(documents, partitions)
            with configured(spark, {"spark.sql.shuffle.partitions": str(partitions)}):
                known = prepared(run, documents, partitions, settings)
                if not run.rows["prepared"]:
                    raise UsageError("no document that can be used")
                return _judge(run, documents, rejects, number(run, known, partitions), settings)
        finally:
            run.release()


def _parallelism(spark: SparkSession) -> int:
    """Tasks that run at once, as far as one can see."""
    try:
        return int(spark.sparkContext.defaultParallelism)
    except Exception:  # a remote session has no context
        return int(spark.conf.get("spark.sql.shuffle.partitions") or 200)


def _judge(
    run: Run,
    documents: DataFrame,
    rejects: DataFrame,
    numbered: Corpus,
    settings: Settings,
) -> RunFrames:
    leader, texts = find_copies(run, numbered, settings)
    lengths = texts.frame.select("row", "half_words")
    scalars = numbered.frame.select(
        "number", "row", "id", "published", "source", "high", "low", "comparable", "size", "raw_size",
        "removed_chars", "credited", "agencies", "language",
    )  # fmt: skip
    facts = run.stage("facts", lambda: scalars.join(lengths, "row").join(leader, "number"))
    leading = facts.where("leader = number and comparable").select("number")
    led = texts.select("fingerprints", "flash").named(leading)
    pairs = run.stage("candidates", lambda: passage_pairs(run, led, settings, texts.partitions))
    related = F.col("kind") != NONE
    edges = run.stage(
        "edges", lambda: compared(pairs, run.rows["candidates"], texts, settings).where(related)
    )
    copied = facts.where("leader != number").select(F.col("leader").alias("a"), F.col("number").alias("b"))
    collapsed = run.stage("copies", lambda: compared(copied, run.rows["facts"], texts, settings))

    roundup_leaders = find_roundup_numbers(run, edges, numbered)
    grouped = find_families(run, edges, roundup_leaders)
    roundups = facts.join(roundup_leaders.withColumnRenamed("number", "leader"), "leader").select("number")
    placed = facts.select("number", "leader").join(
        grouped.withColumnRenamed("number", "leader"), "leader", "left"
    )
    placed = placed.select("number", F.coalesce("family", "leader").alias("family"))
    several = placed.groupBy("family").count().where("count > 1").select("family")
    members = run.stage("members", lambda: placed.join(several, "family").select("number", "family"))
    chosen, to_canonical, families = find_canonical(run, members, edges, collapsed, facts, texts, settings)

    everything = edges.select(*COLUMNS).union(collapsed.select(*COLUMNS))
    out = {
        "relations": lambda: tables.relations_table(
            run, everything, roundups, documents, numbered, texts, settings
        ),
        "families": lambda: tables.families_table(families, related_families(edges, members, families)),
        "documents": lambda: tables.documents_table(
            documents, facts, chosen, families, roundups, to_canonical
        ),
        "diffs": lambda: tables.diffs_table(run.rows["members"], chosen, families, documents, numbered),
        "canonical": lambda: tables.canonical_table(documents, facts, chosen),
        "rejects": lambda: rejects,
    }
    made = {name: run.result(name, make) for name, make in out.items()}
    counts = {
        "documents": run.rows["documents"],
        "families": run.rows["families"],
        "variants": run.rows["diffs"],
        "relations": run.rows["relations"],
        "rejects": run.rows["rejects"],
    }
    return RunFrames(**made, counts=counts, seconds=run.seconds)
