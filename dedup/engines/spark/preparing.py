"""Everything that can be said of each document alone, and the numbers of the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup.boilerplate import Recurring, block_table, keys_asked, recurring_key
from dedup.boilerplate.recurring import LONG_TOKENS, MANY_SOURCES, OFTEN, PROSE_TOKENS, WITNESSES
from dedup.engines.spark.arrays import flat, integers, packed, signed
from dedup.engines.spark.cluster import Corpus, each_batch, numbered
from dedup.pipeline import prepare
from dedup.ragged import whole
from dedup.stock import windows
from dedup.texts import NEVER
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Run

__all__ = ["furniture", "number", "prepared"]

PREPARED = (
    "row long, id string, published long, source string, high long, low long, comparable boolean, size long,"
    " spaceless int, words binary, flags binary, signature binary, mark_hash binary, mark_at binary,"
    " long_hash binary, raw_size long, body binary, removed_chars long, credited boolean,"
    " agencies array<string>, language string, window long"
)
"""Of a document: what :class:`dedup.pipeline.Prepared` has of it."""


def prepared(run: Run, documents: DataFrame, settings: Settings) -> DataFrame:
    """Columns of :data:`PREPARED`, a row a document."""
    columns = ["row", "id", "text", "title", "source", "url", "published", "language"]
    texts = documents.select(*columns)
    if settings.strip:
        known = furniture(run, documents)
        texts = texts.join(known, "row", "left")
    return run.stage("prepared", lambda: each_batch(texts, PREPARED, _prepare, settings))


def number(run: Run, documents: DataFrame, partitions: int) -> Corpus:
    """The same with their numbers, the order of their keys: published (nulls last), content, id."""
    keys = documents.select("published", "high", "low", "id", "row")
    order: list[Column] = [F.col(name) for name in ("published", "high", "low", "id")]
    places = numbered(run, keys, order, "order", partitions).select("row", F.col("place").alias("number"))
    frame = run.spread(documents, partitions).join(run.spread(places, partitions), "row")
    return Corpus(frame, run.spread(places, partitions, "number"), partitions)


def furniture(run: Run, documents: DataFrame) -> DataFrame:
    """Recurring blocks each document asks for: row, and lists of keys and witnesses.

    The rules of :func:`dedup.boilerplate.find_recurring` in SQL.
    """
    seen = documents.select("row", "text", "source", "published")
    kept = run.stage("blocks", lambda: each_batch(seen, SEEN, _seen))
    blocks = each_batch(kept, BLOCKS, _blocks)
    shared = blocks.groupBy("hash").count().where("count > 1").select("hash", F.lit(1).alias("shared"))
    blocks = blocks.join(shared, "hash", "left").withColumn("shared", F.coalesce("shared", F.lit(0)))

    def taught() -> DataFrame:
        prose = F.when(F.col("tokens") >= PROSE_TOKENS, F.col("tokens")).otherwise(0)
        words = blocks.groupBy("row").agg(
            F.sum(prose).alias("words"), F.sum(prose * (1 - F.col("shared"))).alias("alone")
        )
        witnesses = words.where("2 * alone >= words and words > 0").select("row")
        return blocks.where("shared = 1 and source != 0").join(witnesses, "row", "left_semi")

    used = run.stage("taught", taught)

    def learned() -> DataFrame:
        long = used.where(F.col("tokens") >= LONG_TOKENS)
        sources = long.groupBy("hash").agg(F.countDistinct("source").alias("sources"))
        spread = sources.where(F.col("sources") >= MANY_SOURCES).select("hash")
        own = _counted(used, "own", WITNESSES)
        return own.union(_counted(long.join(spread, "hash", "left_semi"), "everywhere", OFTEN))

    recurring = run.stage("recurring", learned)

    def asked() -> DataFrame:
        wanted = each_batch(kept.select("row", "asked"), "row long, key long", _asked)
        found = F.sort_array(F.collect_list(F.struct("key", "witnesses")))
        return wanted.distinct().join(recurring, "key").groupBy("row").agg(found.alias("found"))

    return run.stage("furniture", asked)


def _counted(blocks: DataFrame, key: str, least: int) -> DataFrame:
    """Keys with so many documents, and so many days where any is dated."""
    dated = F.when(F.col("day") >= 0, F.col("day"))
    counts = blocks.groupBy(F.col(key).alias("key")).agg(
        F.count("*").alias("count"),
        F.countDistinct(dated).alias("separate"),
        F.count(F.when(F.col("day") < 0, 1)).alias("undated"),
    )
    enough = counts.where(
        (F.col("count") >= least) & (F.col("separate") + F.col("undated") >= min(least, WITNESSES))
    )
    return enough.select("key", F.least("count", F.lit(255)).alias("witnesses"))


SEEN = "row long, source long, day long, hash binary, tokens binary, asked binary"
"""Of a document: its blocks, and the keys that stripping will ask for."""

BLOCKS = "row long, hash long, tokens int, source long, day long, own long, everywhere long"


def _batch(table: pa.Table) -> pa.RecordBatch:
    """The rows in the types of the readers."""
    at = table.schema.get_field_index("text")
    return (
        table.set_column(at, "text", table["text"].cast(pa.large_string())).combine_chunks().to_batches()[0]
    )


def _seen(table: pa.Table) -> pa.Table:
    batch = _batch(table)
    n = len(batch)
    tokens = tokenize(batch.column("text"))
    found = block_table(tokens, batch)
    offsets = np.searchsorted(found.document, np.arange(n + 1))
    source, day = np.zeros(n, np.uint64), np.full(n, -1)
    source[found.document], day[found.document] = found.source, found.day
    document, keys = keys_asked(tokens, batch)
    order = np.argsort(document, kind="stable")
    return pa.table(
        {
            "row": table["row"],
            "source": source.view(np.int64),
            "day": day,
            "hash": packed(found.hash, offsets),
            "tokens": packed(found.tokens, offsets),
            "asked": packed(keys[order], np.searchsorted(document[order], np.arange(n + 1))),
        }
    )


def _blocks(table: pa.Table) -> pa.Table:
    hashes, offsets = flat(table["hash"], np.uint64)
    tokens, _ = flat(table["tokens"], np.int32)
    document = np.repeat(np.arange(len(table)), np.diff(offsets))
    source = integers(table["source"])[document].view(np.uint64)
    keys = (recurring_key(of, hashes) for of in (source, np.zeros_like(source)))
    own, everywhere = (key.view(np.int64) for key in keys)
    return pa.table(
        {
            "row": integers(table["row"])[document],
            "hash": hashes.view(np.int64),
            "tokens": tokens,
            "source": source.view(np.int64),
            "day": integers(table["day"])[document],
            "own": own,
            "everywhere": everywhere,
        }
    )


def _asked(table: pa.Table) -> pa.Table:
    keys, offsets = flat(table["asked"], np.uint64)
    row = np.repeat(integers(table["row"]), np.diff(offsets))
    return pa.table({"row": row, "key": keys.view(np.int64)})


def _prepare(table: pa.Table, settings: Settings) -> pa.Table:
    batch = _batch(table)
    found = prepare(batch, settings, recurring=_of_batch(table))
    n = len(batch)
    rows = np.arange(n + 1)
    half_words = _half_words(found.flags, found.offsets)
    size = np.diff(found.offsets)
    raw = np.diff(found.raw_offsets)
    times = batch.column("published").cast(pa.int64()).fill_null(int(NEVER)).to_numpy(zero_copy_only=False)
    bits = [
        np.packbits(found.body[a:b])
        for a, b in zip(found.raw_offsets[:-1], found.raw_offsets[1:], strict=True)
    ]
    bit_offsets = np.concatenate([[0], np.cumsum((raw + 7) // 8)])
    return pa.table(
        {
            "row": table["row"],
            "id": table["id"],
            "published": times,
            "source": table["source"],
            "high": signed(found.content[:, 0]),
            "low": signed(found.content[:, 1]),
            "comparable": ~found.bodiless,
            "size": size,
            "spaceless": (2 * half_words < 3 * size).astype(np.int32),
            "words": packed(found.hash, found.offsets),
            "flags": packed(found.flags, found.offsets),
            "signature": packed(found.signatures.reshape(-1), rows * found.signatures.shape[1]),
            "mark_hash": packed(found.mark_hash, found.mark_offsets),
            "mark_at": packed(found.mark_at, found.mark_offsets),
            "long_hash": packed(found.long_hash, found.long_offsets),
            "raw_size": raw,
            "body": packed(np.concatenate(bits), bit_offsets),
            "removed_chars": found.removed_chars,
            "credited": found.credited,
            "agencies": found.agencies,
            "language": found.language.cast(pa.string()),
            "window": windows(times, times != NEVER, settings),
        }
    )


def _half_words(flags: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    from dedup import kernels

    total = np.empty(len(offsets) - 1, np.int64)
    kernels.get().half_words(flags, offsets[:-1], offsets[1:], 0, total)
    return total


def _of_batch(table: pa.Table) -> Recurring | None:
    """What of the learned blocks the documents of a batch ask for."""
    if "found" not in table.column_names:
        return None
    found = whole(table["found"]).flatten()
    keys = integers(found.field("key")).view(np.uint64)
    keys, first = np.unique(keys, return_index=True)
    return Recurring(keys, integers(found.field("witnesses"))[first].astype(np.uint8))
