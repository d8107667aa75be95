"""Copies and stock text, as :mod:`dedup.copies` and :mod:`dedup.stock` find them.

Groups of equal values are led by their least number, which SQL finds with a partial minimum on the side of
the map: no value, however frequent, comes together in one task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup import kernels
from dedup.candidates import band_keys
from dedup.copies import DAY
from dedup.engines.spark.arrays import flat, integers, packed, texts_of
from dedup.engines.spark.cluster import each_batch
from dedup.engines.spark.components import components
from dedup.engines.spark.verifying import TEXT, verified
from dedup.overlap import NEAR, NEVER, QUOTED, STOCK
from dedup.ragged import gather, whole
from dedup.stock import LONG_RUN, UNDATED, counted_by, flag

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Run

__all__ = ["find_copies"]

MARKED = (
    "number long, words binary, flags binary, spaceless int, published long, size long, half_words long,"
    " plain long, unstocked long, day long, marks binary"
)
"""Of a document: its body with stock marked, lengths in half words, and fingerprints that tell."""


def find_copies(run: Run, documents: DataFrame, settings: Settings) -> tuple[DataFrame, DataFrame]:
    """The leader of every document, and the texts with stock marked.

    Returns:
        Columns number and leader; columns of :data:`MARKED`.
    """
    exact = run.stage("exact", lambda: _first(documents, ["high", "low"]))
    leader = run.stage("collapsed", lambda: _collapse(run, documents, exact, settings))
    stock = _stock(run, documents, leader, settings)
    notices = run.stage("notices", lambda: _notices(documents))
    texts = run.stage("marked", lambda: _marked(documents, stock, notices, settings))
    if stock is None and not run.rows["notices"]:
        return leader, texts
    return run.stage("leaders", lambda: _loosen(run, documents, exact, leader, texts, settings)), texts


def _first(documents: DataFrame, keys: list[str]) -> DataFrame:
    """Each document with the first one of equal keys: number, first."""
    firsts = documents.groupBy(*keys).agg(F.min("number").alias("first"))
    return documents.select("number", *keys).join(firsts, keys).select("number", "first")


def _collapse(run: Run, documents: DataFrame, exact: DataFrame, settings: Settings) -> DataFrame:
    """Exact and near groups: number, leader."""
    alone = documents.join(exact.where("number = first").select("number"), "number", "left_semi")
    bands = each_batch(
        alone.where("comparable").select("number", "signature"), "number long, band int, key long", _bands
    )
    buckets = bands.groupBy("band", "key").agg(F.min("number").alias("a"), F.count("*").alias("size"))
    pairs = bands.join(buckets.where("size > 1"), ["band", "key"]).where("number > a")
    pairs = pairs.select("a", F.col("number").alias("b")).distinct()
    edges = verified(run, pairs, documents, "near", settings).where(F.col("kind") == NEAR).select("a", "b")
    parents = edges.groupBy("b").agg(F.min("a").alias("a"))
    trees = components(run, parents, "near/trees")  # each document has one parent, so the least is the root
    again = trees.select(F.col("first").alias("a"), F.col("number").alias("b")).join(
        edges, ["a", "b"], "left_anti"
    )
    checked = verified(run, again, documents, "near/roots", settings)
    failed = checked.where(F.col("kind") != NEAR).select(F.col("b").alias("number"))
    held = trees.join(failed, "number", "left_anti").select(
        F.col("number").alias("first"), F.col("first").alias("leader")
    )
    return exact.join(held, "first", "left").select("number", F.coalesce("leader", "first").alias("leader"))


def _bands(table: pa.Table) -> pa.Table:
    signatures, offsets = flat(table["signature"], np.uint32)
    keys = band_keys(signatures.reshape(len(table), -1) if len(offsets) > 1 else signatures.reshape(0, 0))
    bands, n = keys.shape
    return pa.table(
        {
            "number": np.tile(integers(table["number"]), bands),
            "band": np.repeat(np.arange(bands, dtype=np.int32), n),
            "key": keys.reshape(-1).view(np.int64),
        }
    )


# --- stock


def _stock(run: Run, documents: DataFrame, leader: DataFrame, settings: Settings) -> DataFrame | None:
    """Stock shingles, upper 48 bits; None where there are none."""
    dated = F.when(F.col("window") != int(UNDATED), F.col("window"))
    spread = documents.agg(
        F.countDistinct(dated), F.count(F.when(F.col("window") == int(UNDATED), 1))
    ).first()
    if spread[0] <= settings.stock_windows and spread[1] <= settings.stock_documents:
        return None
    counted = run.stage("occurrences", lambda: _occurrences(run, documents, leader))
    first = counted.where(F.col("window") != int(UNDATED)).agg(F.min("window")).first()[0] or 0

    def found() -> DataFrame:
        texts = documents.select("number", "words", "spaceless").join(counted, "number")
        keys = each_batch(texts, "dated boolean, shingle long, low int", _shingle_keys, settings, int(first))
        limit = F.when(F.col("dated"), settings.stock_windows).otherwise(settings.stock_documents)
        # one exchange: what is spread by shingle is spread well enough for its windows, too
        windows = keys.repartition("dated", "shingle").distinct()
        counts = windows.groupBy("dated", "shingle").agg(F.count("*").alias("count"))
        return counts.where(F.col("count") > limit).select("shingle").distinct()

    stock = run.stage("stock", found)
    return stock if run.rows["stock"] else None


def _occurrences(run: Run, documents: DataFrame, leader: DataFrame) -> DataFrame:
    """Of each document that counts: the group it counts for, by its first member, and that one's window."""
    marks = each_batch(documents.select("number", "long_hash"), "hash long, number long", _long_marks)
    firsts = marks.groupBy("hash").agg(F.min("number").alias("a"), F.count("*").alias("size"))
    shared = marks.join(firsts.where("size > 1"), "hash").select("a", F.col("number").alias("b"))
    lengths = documents.select("number", "size", "window").join(leader, "number")
    led = lengths.where((F.col("size") >= LONG_RUN) & (F.col("leader") != F.col("number")))
    joined = shared.union(led.select(F.col("leader").alias("a"), F.col("number").alias("b")))
    groups = components(run, joined, "long")
    placed = lengths.join(groups, "number", "left").withColumn("occurrence", F.coalesce("first", "number"))
    telling = placed.where((F.col("leader") == F.col("number")) | (F.col("size") < LONG_RUN))
    window = documents.select(F.col("number").alias("occurrence"), F.col("window").alias("of"))
    return telling.join(window, "occurrence").select("number", "occurrence", F.col("of").alias("window"))


def _long_marks(table: pa.Table) -> pa.Table:
    hashes, offsets = flat(table["long_hash"], np.uint64)
    number = np.repeat(integers(table["number"]), np.diff(offsets))
    return pa.table({"hash": hashes.view(np.int64), "number": number})


def _shingle_keys(table: pa.Table, settings: Settings, first: int) -> pa.Table:
    """What is counted of a batch: each shingle with each of its windows or groups once.

    And of these no more than tell that it is stock: so the most frequent shingle makes few rows.
    """
    words, offsets = flat(table["words"], np.uint64)
    size = settings.shingle_words * (1 + integers(table["spaceless"]))
    occurrence, window = integers(table["occurrence"]), integers(table["window"])
    dated = window != UNDATED
    low = counted_by(occurrence, window, np.int64(first))
    parts = []
    for chosen, limit in ((dated, settings.stock_windows), (~dated, settings.stock_documents)):
        rows = np.flatnonzero(chosen)
        keys = np.empty(int(np.diff(offsets)[rows].sum()), np.uint64)
        bounds = offsets[:-1][rows], offsets[1:][rows], size[rows], low[rows]
        nothing = np.uint64(0)
        count = kernels.get().shingle_keys(words, *bounds, nothing, nothing, keys)
        keys = np.unique(keys[:count])
        upper = (keys >> np.uint64(16)).astype(np.int64)
        opens = np.flatnonzero(np.diff(upper, prepend=-1))
        within = np.arange(len(upper)) - np.repeat(opens, np.diff(np.append(opens, len(upper))))
        keys, upper = keys[within <= limit], upper[within <= limit]
        parts.append(
            pa.table(
                {
                    "dated": np.full(len(keys), bool(chosen is dated)),
                    "shingle": upper,
                    "low": (keys & np.uint64(0xFFFF)).astype(np.int32),
                }
            )
        )
    return pa.concat_tables(parts)


def _notices(documents: DataFrame) -> DataFrame:
    """Short texts that one source publishes again on other days: :func:`dedup.stock.mark_notices`."""
    short = documents.where((F.col("size") > 0) & (F.col("size") < LONG_RUN)).where("source is not null")
    short = short.where(F.col("window") != int(UNDATED)).select("number", "high", "low", "source", "window")
    again = short.groupBy("high", "low", "source").agg(
        F.min("window").alias("one"), F.max("window").alias("two")
    )
    return short.join(again.where("one != two").select("high", "low").distinct(), ["high", "low"]).select(
        "number"
    )


def _marked(
    documents: DataFrame, stock: DataFrame | None, notices: DataFrame, settings: Settings
) -> DataFrame:
    texts = documents.select(*TEXT, "size", "mark_hash", "mark_at")
    if stock is not None:
        shingles = each_batch(
            documents.select("number", "words", "spaceless"), "number long, shingle long", _shingles, settings
        )
        own = shingles.join(stock, "shingle").groupBy("number").agg(F.collect_list("shingle").alias("stock"))
        texts = texts.join(own, "number", "left")
    noticed = notices.withColumn("notice", F.lit(True))
    texts = texts.join(noticed, "number", "left")
    return each_batch(texts, MARKED, _mark, settings)


def _shingles(table: pa.Table, settings: Settings) -> pa.Table:
    """Every shingle of each document, once."""
    words, offsets = flat(table["words"], np.uint64)
    size = settings.shingle_words * (1 + integers(table["spaceless"]))
    from dedup.shingles import roll

    bounds, hashes = roll(words, offsets, size)
    document = np.repeat(np.arange(len(table)), np.diff(bounds))
    upper = (hashes >> np.uint64(16)).astype(np.int64)
    order = np.lexsort((upper, document))
    document, upper = document[order], upper[order]
    fresh = np.ones(len(upper), bool)
    fresh[1:] = (document[1:] != document[:-1]) | (upper[1:] != upper[:-1])
    return pa.table({"number": integers(table["number"])[document[fresh]], "shingle": upper[fresh]})


def _mark(table: pa.Table, settings: Settings) -> pa.Table:
    texts = texts_of(table)
    flags = texts.flags.copy()
    width = settings.shingle_words * (1 + texts.spaceless.astype(np.int64))
    if "stock" in table.column_names:
        known = np.unique(integers(whole(table["stock"]).flatten())).astype(np.uint64)
        if len(known):
            flag(texts.hash, texts.start, texts.stop, width, known, flags, settings)
    notice = np.asarray(whole(table["notice"].fill_null(False)).to_numpy(zero_copy_only=False))
    flags[gather(texts.start[notice], texts.stop[notice])[0]] |= np.uint8(STOCK)
    marks, offsets = flat(table["mark_hash"], np.uint64)
    at, _ = flat(table["mark_at"], np.uint32)
    told = np.zeros(len(marks), np.uint8)
    kernels.get().telling(flags, texts.start, texts.stop, width, offsets[:-1], offsets[1:], at, STOCK, told)
    kept = np.concatenate([[0], np.cumsum(told != 0)])
    lengths = [np.empty(len(table), np.int64) for _ in range(3)]
    for without, total in zip((0, QUOTED, STOCK), lengths, strict=True):
        kernels.get().half_words(flags, texts.start, texts.stop, without, total)
    times = texts.published
    assert times is not None
    stocky = (times != NEVER) & (2 * lengths[2] < lengths[0])
    return pa.table(
        {
            **{name: table[name] for name in ("number", "words")},
            "flags": packed(flags, np.append(texts.start, len(flags))),
            **{name: table[name] for name in ("spaceless", "published", "size")},
            "half_words": lengths[0],
            "plain": lengths[1],
            "unstocked": lengths[2],
            "day": np.where(stocky, times // DAY, -1),
            "marks": packed(marks[told != 0], kept[offsets]),
        }
    )


def _loosen(
    run: Run, documents: DataFrame, exact: DataFrame, leader: DataFrame, texts: DataFrame, settings: Settings
) -> DataFrame:
    """Leaders that hold without stock text: :func:`dedup.copies.loosen`.

    A document is led by one with another body, and then that one is asked again; or by the first with its own
    body, of its own day where it is mostly stock.
    """
    days = documents.select("number", "high", "low").join(texts.select("number", "day"), "number")
    firsts = run.stage("exact-by-day", lambda: _first(days, ["high", "low", "day"]))
    near = leader.join(exact, "number").where("leader != first").select("number", "leader")
    asked = (
        near.join(firsts, "number").select(F.col("leader").alias("a"), F.col("first").alias("b")).distinct()
    )
    checked = verified(run, asked, texts, "near/loosened", settings)
    held = checked.where(F.col("kind") == NEAR).select(F.col("b").alias("first"), F.col("a").alias("held"))
    return firsts.join(held, "first", "left").select("number", F.coalesce("held", "first").alias("leader"))
