"""Copies and stock text, as :mod:`dedup.copies` and :mod:`dedup.stock` find them.

Groups of equal values are led by their least number, which SQL finds with a partial minimum on the side of
the map: no value, however frequent, comes together in one task.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup import kernels
from dedup.candidates import band_keys, find_flashes
from dedup.copies import days_of_stock
from dedup.edges import NEAR
from dedup.engines.spark.arrays import booleans, flat, integers, packed, texts_of
from dedup.engines.spark.components import components
from dedup.engines.spark.spreading import (
    REQUEST,
    each_batch,
    each_group,
    each_part,
    each_task,
    home,
    parts_of,
    requests,
    responses,
    sorted_keys,
    with_responses,
)
from dedup.engines.spark.verifying import TEXT, compared
from dedup.ragged import at_most, first_of_run, gather, run_starts, running
from dedup.shingles import widths
from dedup.stock import LONG_RUN, UNDATED, counted_by, flag
from dedup.texts import DAY, NEVER, STOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Corpus, Run

__all__ = ["find_copies"]

MARKED = "row long, flags binary, half_words long, day long, fingerprints binary, flash boolean"
"""Of a document: its flags with stock marked, lengths in half words, fingerprints outside it, and whether one
of them in common is enough."""

RESPONSE = "row long, stock binary"
"""The upper 48 bits of the shingles of a home, by its least row, that are stock in a part."""

_LOW = np.uint64(16)


def find_copies(run: Run, documents: Corpus, settings: Settings) -> tuple[DataFrame, Corpus]:
    """The leader of every document, and the texts with stock marked.

    Args:
        run: Keeps what is found.
        documents: Columns of :data:`dedup.engines.spark.preparing.PREPARED` and number.
        settings: What to do.

    Returns:
        Columns number and leader; those of :data:`MARKED` and of :data:`TEXT`, high and low.
    """
    exact = run.stage("exact", lambda: _first(documents.frame, ["high", "low"]))
    leader = run.stage("collapsed", lambda: _collapse(run, documents, exact, settings))
    stock = _stock(run, documents, leader, settings)
    notices = run.stage("notices", lambda: _notices(documents.frame, settings))
    marked = run.stage("marked", lambda: _marked(documents, stock, notices, settings))
    bodies = documents.select("number", "words", "spaceless", "published", "source", "title", "high", "low")
    marked = run.spread(marked, documents.partitions)
    texts = replace(bodies, frame=bodies.frame.join(marked, "row"))
    if stock is None and not run.rows["notices"]:
        return leader, texts
    return run.stage("leaders", lambda: _loosen(run, exact, leader, texts, settings)), texts


def _first(documents: DataFrame, keys: list[str]) -> DataFrame:
    """Each document with the first one of equal keys: number, first."""
    firsts = documents.groupBy(*keys).agg(F.min("number").alias("first"))
    return documents.select("number", *keys).join(firsts, keys).select("number", "first")


def _collapse(run: Run, documents: Corpus, exact: DataFrame, settings: Settings) -> DataFrame:
    """Exact and near groups: number, leader."""
    firsts = exact.where("number = first").select("number")
    alone = documents.select("number", "comparable", "signature").named(firsts).where("comparable")
    pairs = _met(alone.select("number", "signature"), _bands, documents.partitions).distinct()
    pairs = run.stage("near/pairs", lambda: pairs)
    near = F.col("kind") == NEAR
    edges = run.stage(
        "near/edges",
        lambda: compared(pairs, run.rows["near/pairs"], documents, settings).where(near).select("a", "b"),
    )
    parents = edges.groupBy("b").agg(F.min("a").alias("a"))
    trees = components(run, parents, "near/trees")  # each document has one parent, so the least is the root
    again = trees.select(F.col("first").alias("a"), F.col("number").alias("b")).join(
        edges, ["a", "b"], "left_anti"
    )
    checked = compared(again, run.rows["near/edges"], documents, settings)
    failed = checked.where(~near).select(F.col("b").alias("number"))
    held = trees.join(failed, "number", "left_anti").select(
        F.col("number").alias("first"), F.col("first").alias("leader")
    )
    return exact.join(held, "first", "left").select("number", F.coalesce("leader", "first").alias("leader"))


def _met(documents: DataFrame, keys: Any, partitions: int) -> DataFrame:
    """Pairs of the first document that has a key and each other one: columns a and b, some more than once."""
    return each_part(documents, keys, partitions, "a long, b long", _meet)


def _meet(rows: pa.Table) -> pa.Table:
    key, number = sorted_keys(rows)
    opens = run_starts(key)
    first = first_of_run(number, opens)
    pairs = np.unique((first << 32 | number)[first < number])
    return pa.table({"a": pairs >> 32, "b": pairs & 0xFFFFFFFF})


def _bands(table: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    signatures, _ = flat(table["signature"], np.uint32)
    keys = band_keys(signatures.reshape(len(table), -1))
    return keys.reshape(-1), np.tile(integers(table["number"]), len(keys))


# --- stock


def _stock(run: Run, documents: Corpus, leader: DataFrame, settings: Settings) -> DataFrame | None:
    """Stock shingles of each home, upper 48 bits; None where there can be none.

    A home sends each part of all shingles those it has and where they count, the part answers which are
    stock: rows of many shingles each, where a row a shingle was most of the work of a run.
    """
    dated = F.when(F.col("window") != int(UNDATED), F.col("window"))
    undated = F.count(F.when(F.col("window") == int(UNDATED), 1))
    seen, alone = documents.frame.agg(F.countDistinct(dated), undated).first()
    if seen <= settings.stock_windows and alone <= settings.stock_documents:
        return None
    counted = _occurrences(run, documents.frame, leader, documents.partitions)
    counted = counted.join(documents.places, "number").drop("number")

    def found() -> DataFrame:
        texts = documents.frame.select("row", "words", "spaceless", home(documents.partitions).alias("home"))
        parts = parts_of(documents.partitions)
        request = each_task(texts.join(counted, "row", "left"), REQUEST, _requests, settings, parts)
        return each_group(request, "part", RESPONSE, _respond, settings)

    return run.stage("stock", found)


def _occurrences(run: Run, documents: DataFrame, leader: DataFrame, partitions: int) -> DataFrame:
    """Of each document that counts: the group it counts for, by its first member, and that one's window."""
    shared = _met(documents.select("number", "long_hash"), _long_runs, partitions)
    lengths = documents.select("number", "size", "window").join(leader, "number")
    led = lengths.where((F.col("size") >= LONG_RUN) & (F.col("leader") != F.col("number")))
    joined = shared.union(led.select(F.col("leader").alias("a"), F.col("number").alias("b")))
    groups = components(run, joined, "long")
    placed = lengths.join(groups, "number", "left").withColumn("occurrence", F.coalesce("first", "number"))
    counted = placed.where((F.col("leader") == F.col("number")) | (F.col("size") < LONG_RUN))
    window = documents.select(F.col("number").alias("occurrence"), F.col("window").alias("of"))
    return counted.join(window, "occurrence").select("number", "occurrence", F.col("of").alias("window"))


def _long_runs(table: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    hashes, offsets = flat(table["long_hash"], np.uint64)
    return hashes, np.repeat(integers(table["number"]), np.diff(offsets))


def _requests(table: pa.Table, settings: Settings, parts: int) -> pa.Table:
    """Of each shingle its upper 48 bits, above 16 of :func:`dedup.stock.counted_by`.

    Of three kinds: of dated documents that count, of undated ones, of those that don't count.
    """
    words, offsets = flat(table["words"], np.uint64)
    start, stop = offsets[:-1], offsets[1:]
    size = widths(integers(table["spaceless"]), settings)
    counts = ~np.asarray(table["occurrence"].is_null())
    occurrence, window = (integers(table[name].fill_null(0)) for name in ("occurrence", "window"))
    low = counted_by(occurrence, window)
    dated = window != UNDATED
    kinds = (counts & dated, counts & ~dated, ~counts)

    def keys_of(mine: NDArray[np.bool_]) -> Iterator[NDArray[np.uint64]]:
        for chosen, limit in zip(kinds, (*_limits(settings), 0), strict=True):
            d = np.flatnonzero(chosen & mine)
            found = np.empty(int((stop - start)[d].sum()) + 1, np.uint64)
            bounds, everything = (start[d], stop[d], size[d], low[d]), np.uint64(0)
            last, at = np.array([len(found) - 1], np.uint64), np.zeros(1, np.uint64)  # of one box
            kernels.get().shingle_keys(words, *bounds, everything, everything, last, at, found)
            yield _enough(found[: at[0]], limit)

    return requests(table, parts, keys_of)


def _limits(settings: Settings) -> tuple[int, int]:
    """Windows, and documents without a date, in which a shingle may stand without being stock."""
    return settings.stock_windows, settings.stock_documents


def _enough(keys: NDArray[np.uint64], limit: int) -> NDArray[np.uint64]:
    """Distinct keys, sorted, of each shingle no more than prove it stock."""
    keys = np.unique(keys)
    return np.asarray(keys[at_most(keys >> _LOW, limit + 1)])


def _respond(request: pa.Table, settings: Settings) -> pa.Table:
    """Of a part of all shingles those that are stock, for each home that has them."""
    stock = []
    kinds = integers(request["kind"])
    for kind, limit in enumerate(_limits(settings)):
        keys = np.sort(flat(request["keys"].filter(pa.array(kinds == kind)), np.uint64)[0])
        found = np.empty(len(keys) // (limit + 1), np.uint64)
        stock.append(found[: kernels.get().frequent(keys, limit, found)].copy())
    known = np.unique(np.concatenate(stock))
    keys, offsets = flat(request["keys"], np.uint64)
    shingles = keys >> _LOW
    there = np.isin(shingles, known)
    kept = running(there)[offsets]
    # to a home that has none the first part says so
    answers = pa.table({"row": request["row"], "stock": packed(shingles[there], kept)})
    return answers.filter(pa.array((np.diff(kept) > 0) | ((integers(request["part"]) == 0) & (kinds == 0))))


def _notices(documents: DataFrame, settings: Settings) -> DataFrame:
    """Short texts that a source says again much later, from then on: :func:`dedup.stock.find_notices`."""
    short = documents.where(F.col("size") < LONG_RUN).where("source is not null")
    short = short.where(F.col("published") != int(NEVER))
    short = short.select("number", "high", "low", "source", "published")
    window = settings.stock_window_days * DAY
    first, last = F.min("published").alias("first"), F.max("published").alias("last")
    again = short.groupBy("high", "low", "source").agg(first, last)
    again = again.where(F.col("last") - F.col("first") >= window)
    said = again.groupBy("high", "low").agg(F.min("first").alias("said"))
    later = F.col("published") - F.col("said") >= window
    return short.join(said, ["high", "low"]).where(later).select("number")


def _marked(documents: Corpus, stock: DataFrame | None, notices: DataFrame, settings: Settings) -> DataFrame:
    noticed = notices.join(documents.places, "number").select("row", F.lit(True).alias("notice"))
    texts = documents.frame.select(
        *TEXT, "row", "fingerprints", "fingerprint_at", home(documents.partitions).alias("home")
    )
    texts = texts.join(noticed, "row", "left")
    if stock is None:
        return each_batch(texts, MARKED, _mark, settings)
    return each_task(with_responses(texts, stock), MARKED, _mark, settings)


def _mark(table: pa.Table, settings: Settings) -> pa.Table:
    texts = texts_of(table)
    texts = replace(texts, flags=texts.flags.copy())
    flags = texts.flags
    width = widths(texts.spaceless, settings)
    if "responses" in table.column_names:
        known = np.unique(flat(responses(table).field("stock"), np.uint64)[0])
        flag(texts.hash, texts.start, texts.stop, width, known, flags, settings)
    notice = booleans(table["notice"])
    flags[gather(texts.start[notice], texts.stop[notice])[0]] |= np.uint8(STOCK)
    fingerprints, offsets = flat(table["fingerprints"], np.uint64)
    at, _ = flat(table["fingerprint_at"], np.uint32)
    used = np.zeros(len(fingerprints), np.uint8)
    kernels.get().outside_stock(
        flags, texts.start, texts.stop, width, offsets[:-1], offsets[1:], at, STOCK, used
    )
    kept = running(used != 0)
    return pa.table(
        {
            "row": table["row"],
            "flags": packed(flags, np.append(texts.start, len(flags))),
            "half_words": texts.half_words(),
            "day": days_of_stock(texts, notice),
            "fingerprints": packed(fingerprints[used != 0], kept[offsets]),
            "flash": find_flashes(texts, settings),
        }
    )


def _loosen(run: Run, exact: DataFrame, leader: DataFrame, texts: Corpus, settings: Settings) -> DataFrame:
    """Leaders that hold without stock text: :func:`dedup.copies.loosen`.

    A document is led by one with another body, and then that one is asked again; or by the first with its own
    body, of its own day where it is mostly stock.
    """
    firsts = run.stage("exact-by-day", lambda: _first(texts.frame, ["high", "low", "day"]))
    near = leader.join(exact, "number").where("leader != first").select("number", "leader")
    again = (
        near.join(firsts, "number").select(F.col("leader").alias("a"), F.col("first").alias("b")).distinct()
    )
    checked = compared(again, run.rows["near/edges"], texts, settings)
    held = checked.where(F.col("kind") == NEAR).select(F.col("b").alias("first"), F.col("a").alias("held"))
    return firsts.join(held, "first", "left").select("number", F.coalesce("held", "first").alias("leader"))
