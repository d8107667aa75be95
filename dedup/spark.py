"""Families of a corpus that needs a cluster, found by Spark: the same ones as on one machine.

    import dedup.spark

    tables = dedup.spark.find_families(spark.read.parquet("s3a://news/articles"), folder="s3a://news/families")
    tables.families.show()

Needs the extra ``spark`` and Java 17 or 21; executors need this package, nothing else.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dedup.config import Settings
from dedup.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dedup.engines.spark.engine import RunFrames

__all__ = ["find_families", "run"]


def find_families(
    documents: Any,
    settings: Settings | None = None,
    *,
    folder: str,
    fields: Mapping[str, str] | None = None,
) -> RunFrames:
    """Find the families of a frame of documents, their relations, and each family's canonical version.

    Every stage is written to the folder as Parquet. A call that failed goes on at the stage it had come to
    when it is made again with the same folder, settings, columns and version; for other documents of the same
    columns name another folder.

    Args:
        documents: A ``pyspark.sql.DataFrame``, a row a document. Columns id, text, title, source, published,
            updated, url, language, of which only text is needed; timestamps without a zone are UTC.
        settings: What to do; the defaults if left out. Spark decides on memory and threads.
        folder: Where results and stages are kept, on a file system that driver and executors share; the
            stages, in ``work``, may be removed afterwards.
        fields: Renames, our field to theirs: ``{"text": "body"}``.

    Returns:
        Frames over the tables in the folder: documents, relations, families, diffs, canonical, rejects.

    Raises:
        MissingExtraError: pyspark is not installed.
        UsageError: No frame of Spark, no text column, no document that can be used, or the folder holds
            another run, or what no run has made.
    """
    with _extra():
        from dedup.engines.spark.engine import find
    if not hasattr(documents, "sparkSession"):
        raise UsageError(f"documents is {type(documents).__name__}, not a frame of Spark")
    return find(documents.sparkSession, documents, Settings.given(settings), folder=folder, fields=fields)


def run(
    paths: Sequence[str],
    settings: Settings | None = None,
    *,
    folder: str,
    fields: Mapping[str, str] | None = None,
    master: str | None = None,
    afresh: bool = False,
) -> RunFrames:
    """The same of files: Parquet where the name ends so, else JSON lines, compressed or not.

    Args:
        paths: What Spark can read: local, hdfs, s3a; folders and patterns, too.
        settings: What to do; the defaults if left out.
        folder: As for :func:`find_families`.
        fields: Renames, our field to theirs.
        master: Of the cluster, where no session is there and ``spark-submit`` names none.
        afresh: Replace a run that the folder holds; without it one of other files is refused.

    Raises:
        MissingExtraError: pyspark is not installed.
        UsageError: As for :func:`find_families`; or Spark cannot start.
    """
    with _extra():
        from dedup.engines.spark.engine import find, session
    spark, settings = session(master), Settings.given(settings)
    return find(spark, list(paths), settings, folder=folder, fields=fields, afresh=afresh)


@contextmanager
def _extra() -> Iterator[None]:
    """Name the extra where pyspark is missing."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("pyspark", "py4j"):
            raise
        raise MissingExtraError("pyspark", "spark", "the Spark engine") from error
