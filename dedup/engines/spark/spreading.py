"""Work spread over the tasks of a cluster: functions of Arrow tables.

A *home* is a partition of documents (:meth:`dedup.engines.spark.cluster.Run.spread`); a *part* is a range of
the keys that documents may have in common, such as shingles (:func:`each_part`); a *cell* holds some pairs
and the documents they name (:func:`paired`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup import kernels
from dedup.columns import whole
from dedup.engines.spark.arrays import flat, integers, packed
from dedup.kernels.constants import MIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

    from dedup.engines.spark.cluster import Corpus

__all__ = [
    "KEY_ROWS",
    "PAIRS",
    "REQUEST",
    "UNMIX",
    "each_batch",
    "each_cell",
    "each_group",
    "each_key",
    "each_part",
    "each_task",
    "home",
    "hosted",
    "paired",
    "partitioned",
    "parts_of",
    "requests",
    "responses",
    "sorted_keys",
    "with_responses",
]

PAIRS = 2_000
"""Pairs verified together: up to 20 MB of tokens."""

HOMES = 4
"""Partitions whose keys a part has about: the shingles of 40,000 documents of 400 words are 130 MB."""

UNMIX = np.uint64(0xF1DE83E19937733D)
"""Makes a key again of what ``MIX`` made of it, which spreads keys evenly over parts."""

KEY_ROWS = "part long, keys binary, numbers binary"
"""What a task sends a part of all keys: those its documents have, and whose each one is."""

REQUEST = "part long, row long, kind long, keys binary"
"""What a home, by its least row, asks a part of all keys: some of one kind."""


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

    A task sends each part the keys its documents have, in one row; of a row a key Spark made more work than
    the kernels make of everything. A key of a million documents is 16 MB in its part.

    Args:
        documents: Column number, and what ``keys`` reads.
        keys: Gives uint64 keys of a table of documents, and the number int64 of each one's document.
        partitions: Of all documents.
        schema: Of what the function gives.
        function: Gets a table for :func:`sorted_keys`, and ``args``.
        args: More arguments.
    """
    rows = each_task(documents, KEY_ROWS, _key_rows, keys, parts_of(partitions))
    return each_group(rows, "part", schema, function, *args)


def parts_of(partitions: int) -> int:
    """Parts of all keys that so many partitions of documents have."""
    return -(-partitions // HOMES)


def sorted_keys(rows: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of a part, ascending, each with the numbers of its documents, ascending."""
    key, number = flat(rows["keys"], np.uint64)[0], flat(rows["numbers"], np.int64)[0]
    order = np.lexsort((number, key))
    return key[order], number[order]


def _key_rows(table: pa.Table, keys: Any, parts: int) -> pa.Table:
    found, numbers = keys(table)
    return partitioned(found, numbers, parts)


def partitioned(keys: NDArray[np.uint64], values: NDArray[np.int64], parts: int) -> pa.Table:
    """Keys and a value of each as rows of :data:`KEY_ROWS`; the keys are mixed."""
    keys = keys * np.uint64(MIX)
    order = np.argsort(keys)
    bounds = _bounds_of(keys[order], parts)
    cells = {"keys": packed(keys[order], bounds), "numbers": packed(values[order], bounds)}
    return pa.table({"part": np.arange(parts), **cells})


def requests(
    table: pa.Table, parts: int, keys_of: Callable[[NDArray[np.bool_]], Iterable[NDArray[np.uint64]]]
) -> pa.Table:
    """What the homes of a task's rows ask each part, as rows of :data:`REQUEST`.

    Args:
        table: Columns row and home.
        parts: Of all keys.
        keys_of: Gives the keys of some of the rows, bool, ascending; an array for each kind.
    """
    homes, row = integers(table["home"]), integers(table["row"])
    found = []
    for its in np.unique(homes).tolist():
        mine = homes == its
        for kind, keys in enumerate(keys_of(mine)):
            same = {"row": np.full(parts, row[mine].min()), "kind": np.full(parts, kind)}
            cells = packed(keys, _bounds_of(keys, parts))
            found.append(pa.table({"part": np.arange(parts), **same, "keys": cells}))
    return pa.concat_tables(found)


def _bounds_of(keys: NDArray[np.uint64], parts: int) -> NDArray[np.int64]:
    """Where each part of all keys begins among ascending ones, and where the last ends."""
    ends = ((np.arange(parts + 1) << 32) // parts).astype(np.uint64)
    return np.searchsorted(keys >> np.uint64(32), ends)


def home(partitions: int) -> Column:
    """Partition of :meth:`dedup.engines.spark.cluster.Run.spread` a row is in."""
    return F.pmod(F.hash("row"), F.lit(partitions)).cast("long")


def with_responses(frame: DataFrame, answers: DataFrame) -> DataFrame:
    """The rows of a spread frame, one of each home with all that is answered to it; nothing else moves.

    Args:
        frame: Columns row, home and others, spread by row.
        answers: Column row, as in :data:`REQUEST`, and what :func:`responses` gives.
    """
    answer = F.struct(*(name for name in answers.columns if name != "row"))
    return frame.join(answers.groupBy("row").agg(F.collect_list(answer).alias("responses")), "row", "left")


def responses(table: pa.Table) -> pa.StructArray:
    """All that was answered to the homes of a task's rows."""
    found = whole(table["responses"])
    homes = integers(table["home"])
    answered = homes[np.asarray(found.is_valid())]
    assert np.array_equal(np.unique(homes), np.sort(answered)), "a home is not whole, or was not answered"
    return found.flatten()


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
