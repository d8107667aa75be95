"""Everything that can be said of each document alone, and the numbers of the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from dedup.boilerplate import Recurring, block_table, lookup_keys, recurring_key
from dedup.boilerplate.recurring import EVERYWHERE, LONG_TOKENS, MANY_SOURCES, OFTEN, PROSE_TOKENS, WITNESSES
from dedup.engines.spark.arrays import flat, integers, packed, signed
from dedup.engines.spark.cluster import Corpus, numbered
from dedup.engines.spark.spreading import (
    KEY_ROWS,
    REQUEST,
    UNMIX,
    each_batch,
    each_cell,
    each_group,
    each_task,
    home,
    partitioned,
    parts_of,
    requests,
    responses,
    sorted_keys,
    with_responses,
)
from dedup.kernels.constants import MIX
from dedup.pipeline import prepare
from dedup.ragged import at_most, owners, running
from dedup.stock import windows
from dedup.templates import FORM
from dedup.texts import NO_DAY, half_words, is_spaceless, times_of
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Run

__all__ = ["furniture", "number", "prepared"]

PREPARED = (
    "row long, id string, published long, source string, high long, low long, comparable boolean, size long,"
    " title string, spaceless int, words binary, flags binary, signature binary, fingerprints binary,"
    " fingerprint_at binary, long_hash binary, raw_size long, body binary, removed_chars long,"
    " credited boolean, agencies array<string>, language string, window long"
)
"""Of a document: what :class:`dedup.pipeline.Prepared` has of it."""


def prepared(run: Run, documents: DataFrame, partitions: int, settings: Settings) -> DataFrame:
    """Columns of :data:`PREPARED`, a row a document; they are spread by row over so many partitions."""
    columns = ["row", "id", "text", "title", "source", "url", "published", "language"]
    texts = documents.select(*columns)
    if settings.strip:
        known = furniture(run, documents, partitions)
        texts = texts.join(known, "row", "left")
    return run.stage("prepared", lambda: each_batch(texts, PREPARED, _prepare, settings))


def number(run: Run, documents: DataFrame, partitions: int) -> Corpus:
    """The same with their numbers, the order of their keys: published (nulls last), content, id."""
    keys = documents.select("published", "high", "low", "id", "row")
    order: list[Column] = [F.col(name) for name in ("published", "high", "low", "id")]
    places = numbered(run, keys, order, "order", partitions).select("row", F.col("place").alias("number"))
    frame = run.spread(documents, partitions).join(run.spread(places, partitions), "row")
    return Corpus(frame, run.spread(places, partitions, "number"), partitions)


def furniture(run: Run, documents: DataFrame, partitions: int) -> DataFrame:
    """Recurring blocks each document has: row, keys and witnesses of those that have any.

    The rules of :func:`dedup.boilerplate.find_recurring`. Homes of documents ask the parts of all keys which
    of their blocks are anywhere else, and later which recur; what is counted by key is left to SQL.
    """
    seen = documents.select("row", "text", "source", "published")
    kept = run.spread(run.stage("blocks", lambda: each_batch(seen, SEEN, _seen)), partitions)
    kept = kept.withColumn("home", home(partitions))
    parts = parts_of(partitions)

    def taught() -> DataFrame:
        request = each_task(kept.select("row", "home", "hash"), REQUEST, _requests, "hash", 2, parts)
        shared = each_group(request, "part", RESPONSE, _shared)
        return each_task(with_responses(kept.drop("lookup"), shared), BLOCKS, _teach)

    used = run.stage("taught", taught)

    def learned() -> DataFrame:
        long = used.where(F.col("tokens") >= LONG_TOKENS)
        sources = long.groupBy("hash").agg(F.countDistinct("source").alias("sources"))
        spread = sources.where(F.col("sources") >= MANY_SOURCES).select("hash")
        own = _counted(used, "own", WITNESSES)
        return own.union(_counted(long.join(spread, "hash", "left_semi"), "everywhere", OFTEN))

    recurring = run.stage("recurring", learned)

    def found() -> DataFrame:
        lookups = kept.select("row", "home", "lookup")
        request = each_task(lookups, REQUEST, _requests, "lookup", 1, parts)
        known = each_task(recurring, KEY_ROWS, _key_rows, parts)
        answers = each_cell(request, known, "part", RESPONSE, _recurring)
        return each_task(with_responses(lookups, answers), RESPONSE, _found)

    return run.stage("furniture", found)


def _counted(blocks: DataFrame, key: str, least: int) -> DataFrame:
    """Keys with so many documents, and so many days where any is dated."""
    dated = F.when(F.col("day") != NO_DAY, F.col("day"))
    counts = blocks.groupBy(F.col(key).alias("key")).agg(
        F.count("*").alias("count"),
        F.countDistinct(dated).alias("separate"),
        F.count(F.when(F.col("day") == NO_DAY, 1)).alias("undated"),
    )
    enough = counts.where(F.col("separate") + F.col("undated") >= least)
    return enough.select("key", F.least("count", F.lit(255)).alias("witnesses"))


SEEN = "row long, source long, day long, hash binary, tokens binary, lookup binary"
"""Of a document: its blocks, and the keys that stripping will look up."""

BLOCKS = "hash long, tokens int, source long, day long, own long, everywhere long"
"""A block that is not alone, of a document that may teach."""

RESPONSE = "row long, keys binary, witnesses binary"
"""Keys that are known, of those a home asked for, or a document looks up."""


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
    source, day = np.zeros(n, np.uint64), np.full(n, NO_DAY)
    source[found.document], day[found.document] = found.source, found.day
    document, keys = lookup_keys(tokens, batch)
    order = np.argsort(document, kind="stable")
    return pa.table(
        {
            "row": table["row"],
            "source": source.view(np.int64),
            "day": day,
            "hash": packed(found.hash, offsets),
            "tokens": packed(found.tokens, offsets),
            "lookup": packed(keys[order], np.searchsorted(document[order], np.arange(n + 1))),
        }
    )


def _requests(table: pa.Table, column: str, times: int, parts: int) -> pa.Table:
    """Keys, mixed, none more often than so many times."""

    def keys_of(mine: NDArray[np.bool_]) -> list[NDArray[np.uint64]]:
        keys = np.sort(flat(table[column].filter(pa.array(mine)), np.uint64)[0] * np.uint64(MIX))
        return [keys[at_most(keys, times)]]

    return requests(table, parts, keys_of)


def _shared(request: pa.Table) -> pa.Table:
    """The keys that are there more than once."""
    keys = np.sort(flat(request["keys"], np.uint64)[0])
    known = np.unique(keys[1:][keys[1:] == keys[:-1]])
    return _known_of(request, known, np.ones(len(known), np.uint8))


def _key_rows(table: pa.Table, parts: int) -> pa.Table:
    return partitioned(integers(table["key"]).view(np.uint64), integers(table["witnesses"]), parts)


def _recurring(request: pa.Table, recurring: pa.Table) -> pa.Table:
    """The keys that recur, with their witnesses."""
    if not len(request):
        return pa.table(
            {
                "row": pa.array([], pa.int64()),
                **dict.fromkeys(("keys", "witnesses"), pa.array([], pa.binary())),
            }
        )
    keys, witnesses = sorted_keys(recurring)
    return _known_of(request, keys, witnesses.astype(np.uint8))


def _known_of(request: pa.Table, known: NDArray[np.uint64], witnesses: NDArray[np.uint8]) -> pa.Table:
    """Which of its keys each row asks for are known; it is answered also where none is."""
    keys, offsets = flat(request["keys"], np.uint64)
    place = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
    there = known[place] == keys if len(known) else np.zeros(len(keys), bool)
    kept = running(there)[offsets]
    cells = {"keys": packed(keys[there], kept), "witnesses": packed(witnesses[place[there]], kept)}
    return pa.table({"row": request["row"], **cells})


def _known(table: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Keys that a task's homes have and are known, ascending, and their witnesses."""
    found = responses(table)
    keys, first = np.unique(flat(found.field("keys"), np.uint64)[0] * UNMIX, return_index=True)
    return keys, flat(found.field("witnesses"), np.uint8)[0][first]


def _teach(table: pa.Table) -> pa.Table:
    """The blocks that are elsewhere too, of documents half of whose prose is not."""
    known, _ = _known(table)
    hashes, offsets = flat(table["hash"], np.uint64)
    tokens, _ = flat(table["tokens"], np.int32)
    document = owners(offsets)
    shared = np.isin(hashes, known)
    prose = np.where(tokens >= PROSE_TOKENS, tokens, 0)
    words, alone = (np.bincount(document, weight, len(table)) for weight in (prose, prose * ~shared))
    source = integers(table["source"])[document].view(np.uint64)
    taught = shared & (source != 0) & ((2 * alone >= words) & (words > 0))[document]
    hashes, source = hashes[taught], source[taught]
    keys = (recurring_key(of, hashes) for of in (source, EVERYWHERE))
    own, everywhere = (key.view(np.int64) for key in keys)
    return pa.table(
        {
            "hash": hashes.view(np.int64),
            "tokens": tokens[taught],
            "source": source.view(np.int64),
            "day": integers(table["day"])[document[taught]],
            "own": own,
            "everywhere": everywhere,
        }
    )


def _found(table: pa.Table) -> pa.Table:
    """What each document has of the blocks that recur."""
    known, witnesses = _known(table)
    found = _known_of(pa.table({"row": table["row"], "keys": table["lookup"]}), known, witnesses)
    return found.filter(pc.greater(pc.binary_length(found["keys"]), 0))


def _prepare(table: pa.Table, settings: Settings) -> pa.Table:
    batch = _batch(table)
    found = prepare(batch, settings, recurring=_of_batch(table))
    n = len(batch)
    rows = np.arange(n + 1)
    (length,) = half_words(found.flags, found.offsets[:-1], found.offsets[1:])
    size = np.diff(found.offsets)
    raw = np.diff(found.raw_offsets)
    times = times_of(batch.column("published"))
    bits = [
        np.packbits(found.body[a:b])
        for a, b in zip(found.raw_offsets[:-1], found.raw_offsets[1:], strict=True)
    ]
    bit_offsets = running((raw + 7) // 8)
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
            "title": batch.column("title").take(pa.array(rows[:-1], mask=length >= 2 * FORM)),
            "spaceless": is_spaceless(length, size).astype(np.int32),
            "words": packed(found.hash, found.offsets),
            "flags": packed(found.flags, found.offsets),
            "signature": packed(found.signatures.reshape(-1), rows * found.signatures.shape[1]),
            "fingerprints": packed(found.fingerprints, found.fingerprint_offsets),
            "fingerprint_at": packed(found.fingerprint_at, found.fingerprint_offsets),
            "long_hash": packed(found.long_hash, found.long_offsets),
            "raw_size": raw,
            "body": packed(np.concatenate(bits), bit_offsets),
            "removed_chars": found.removed_chars,
            "credited": found.credited,
            "agencies": found.agencies,
            "language": found.language.cast(pa.string()),
            "window": windows(times, settings),
        }
    )


def _of_batch(table: pa.Table) -> Recurring | None:
    """What the documents of a batch have of the learned blocks."""
    if "keys" not in table.column_names:
        return None
    keys, first = np.unique(flat(table["keys"], np.uint64)[0], return_index=True)
    return Recurring(keys, flat(table["witnesses"], np.uint8)[0][first])
