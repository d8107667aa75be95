"""Pairs verified, each once; documents whose bodies are equal need not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup.candidates import Pairs
from dedup.engines.spark.arrays import EDGES, edges_table, integers, packed, places_of, texts_of
from dedup.engines.spark.cluster import each_batch, paired
from dedup.overlap import EXACT, verify

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Run

__all__ = ["TEXT", "to_first", "verified"]

TEXT = ("number", "words", "flags", "spaceless", "published")
"""What of a document verification looks at."""


def verified(run: Run, pairs: DataFrame, texts: DataFrame, name: str, settings: Settings) -> DataFrame:
    """Pairs a < b as edges of every kind, ``none`` among them.

    Args:
        run: Keeps them.
        pairs: Columns a and b, distinct.
        texts: Columns of :data:`TEXT`.
        name: Of the stage.
        settings: What to do.
    """
    kept = run.stage(f"{name}/pairs", lambda: pairs.select("a", "b"))
    size = run.rows[f"{name}/pairs"]
    return run.stage(
        f"{name}/edges", lambda: paired(kept, size, texts.select(*TEXT), EDGES, _verify, settings)
    )


def _verify(pairs: pa.Table, documents: pa.Table, settings: Settings) -> pa.Table:
    pairs = pairs.sort_by([("a", "ascending"), ("b", "ascending")])
    numbers = np.sort(integers(documents["number"]))
    a, b = (places_of(numbers, integers(pairs[name])) for name in ("a", "b"))
    return edges_table(verify(texts_of(documents, numbers), Pairs(a, b), settings), numbers)


def to_first(
    run: Run, pairs: DataFrame, facts: DataFrame, texts: DataFrame, name: str, settings: Settings
) -> DataFrame:
    """As :func:`dedup.pipeline.to_leader`: each pair with the same body, or verified.

    Args:
        run: Keeps them.
        pairs: Columns a and b, a < b, distinct.
        facts: Columns number, high, low, size, half_words, plain.
        texts: Columns of :data:`TEXT`.
        name: Of the stages.
        settings: What to do.
    """
    body = ["number", "high", "low", "size", "half_words", "plain"]
    one = facts.select(*(F.col(column).alias(f"a_{column}") for column in body))
    two = facts.select(F.col("number").alias("b"), F.col("high").alias("b_high"), F.col("low").alias("b_low"))
    known = pairs.withColumnRenamed("a", "a_number").join(one, "a_number").join(two, "b")
    known = known.withColumn(
        "same", (F.col("a_high") == F.col("b_high")) & (F.col("a_low") == F.col("b_low"))
    )
    known = run.stage(f"{name}/known", lambda: known)
    equal = each_batch(known.where("same"), EDGES, _equal)
    others = known.where("not same").select(F.col("a_number").alias("a"), "b")
    return equal.union(verified(run, others, texts, name, settings))


def _equal(pairs: pa.Table) -> pa.Table:
    """As :func:`dedup.overlap.equal`, of lengths told."""
    size, half, plain = (integers(pairs[f"a_{name}"]) for name in ("size", "half_words", "plain"))
    runs = np.stack([np.zeros(len(pairs)), np.zeros(len(pairs)), size], axis=1).astype(np.int32)
    filled = size > 0
    offsets = np.concatenate([[0], np.cumsum(3 * filled)])
    ones = np.ones(len(pairs))
    return pa.table(
        {
            "a": pairs["a_number"],
            "b": pairs["b"],
            "kind": np.full(len(pairs), EXACT, np.int32),
            "coverage_a": ones,
            "coverage_b": ones,
            "shared_words": half // 2,
            "narrative_words": plain // 2,
            "longest": half // 2,
            "runs": packed(runs[filled].reshape(-1), offsets),
        }
    )
