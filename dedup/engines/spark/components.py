"""Connected components of a graph that no machine holds: alternating large-star and small-star.

Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, Connected Components in MapReduce and Beyond, 2014.
Both operations keep the components and bring every node nearer to the least of its own; rounds are few (a
chain of 10,000 takes about ten). That they have come to an end is seen, not assumed: every node has one edge
to a node that has none to a smaller one, and what is connected that way is a component, whole.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup.components import first_connected
from dedup.engines.spark.arrays import integers
from dedup.errors import DedupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyspark.sql import DataFrame

    from dedup.engines.spark.cluster import Run

__all__ = ["AT_ONCE", "components", "contracted"]

AT_ONCE = 4_000_000
"""Edges that one task takes together (64 MB); fewer than these are a single task's work of a few seconds."""

_ROUNDS = 64


def components(run: Run, edges: DataFrame, name: str, *, at_once: int = AT_ONCE) -> DataFrame:
    """Components by their least node: columns number, first; of nodes that have an edge and aren't first.

    Args:
        run: Keeps what each round gives.
        edges: Columns a and b, both long.
        name: Of the stages in the run's folder.
        at_once: Edges that are not spread.

    Raises:
        DedupError: No end after 64 rounds.
    """
    edges = edges.select(F.least("a", "b").alias("a"), F.greatest("a", "b").alias("b")).where("a < b")
    edges = run.stage(f"{name}/edges", lambda: edges.distinct())
    size = run.rows[f"{name}/edges"]
    # a partition's own components first: what is left is a forest, and long chains are short
    stars = run.stage(f"{name}/0", lambda: contracted(edges, 1 if size <= at_once else None))
    for number in range(1, _ROUNDS):
        if size <= at_once or _are_stars(stars):
            return stars.select(F.col("b").alias("number"), F.col("a").alias("first"))
        stars = run.stage(f"{name}/{number}", partial(_round, stars))
    raise DedupError(f"{name}: components have not settled after {_ROUNDS} rounds")


def contracted(edges: DataFrame, partitions: int | None) -> DataFrame:
    """Stars round the least node of each component of a partition's edges."""
    spread = edges.coalesce(partitions) if partitions else edges
    return spread.mapInArrow(_contract, "a long, b long")


def _contract(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    parts = list(batches)
    if not parts:
        return
    table = pa.Table.from_batches(parts)
    a, b = integers(table["a"]), integers(table["b"])
    nodes, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    # nodes ascend, so the first of a component is the least
    least = nodes[first_connected(place[: len(a)], place[len(a) :], len(nodes))]
    outer = least != nodes
    yield from pa.table({"a": least[outer], "b": nodes[outer]}).to_batches(max_chunksize=1 << 20)


def _round(edges: DataFrame) -> DataFrame:
    return _small_star(_large_star(edges))


def _large_star(edges: DataFrame) -> DataFrame:
    """Each node's larger neighbours, joined to the least of itself and its neighbours."""
    both = edges.select("a", "b").union(edges.select(F.col("b").alias("a"), F.col("a").alias("b")))
    least = both.groupBy("a").agg(F.least("a", F.min("b")).alias("least"))
    joined = both.where("b > a").join(least, "a")
    return joined.select(F.col("least").alias("a"), "b").where("a < b").distinct()


def _small_star(edges: DataFrame) -> DataFrame:
    """Each node and its smaller neighbours, joined to the least of these."""
    least = edges.groupBy("b").agg(F.min("a").alias("least"))
    joined = edges.join(least, "b")
    moved = joined.select(F.col("least").alias("a"), F.col("a").alias("b"))
    kept = least.select(F.col("least").alias("a"), "b")
    return moved.union(kept).where("a < b").distinct()


def _are_stars(edges: DataFrame) -> bool:
    """Whether every node has one edge to a smaller node, which has none."""
    twice = edges.groupBy("b").count().where("count > 1").limit(1).count()
    through = edges.select(F.col("a").alias("b")).distinct().join(edges, "b", "left_semi").limit(1).count()
    return not twice and not through
