"""Pairs of leaders that share fingerprints, as :func:`dedup.candidates.passage_pairs` finds them.

A fingerprint that many documents share makes stars, not all pairs, and these in blocks: its documents are
ranked, and each block gets, beside its own, the few before it that its own are paired with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from dedup import kernels
from dedup.candidates import CROWD, STAR_CENTRES
from dedup.engines.spark.arrays import booleans, flat, integers
from dedup.engines.spark.cluster import numbered
from dedup.engines.spark.spreading import (
    KEY_ROWS,
    UNMIX,
    each_batch,
    each_group,
    each_key,
    each_part,
    partitioned,
    parts_of,
    sorted_keys,
)
from dedup.ragged import gather, owners, run_starts

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Run

__all__ = ["BLOCK", "passage_pairs"]

BLOCK = 1 << 14
"""Documents of one fingerprint that one task takes together."""

_ENOUGH = 1 << 16  # fingerprints; more than the settings may ask for

_SAMPLE = 64  # one document in so many tells which fingerprints may fill more than a block


def passage_pairs(
    run: Run, led: DataFrame, settings: Settings, partitions: int, *, block: int = BLOCK
) -> DataFrame:
    """Pairs that share at least ``Settings.min_shared_fingerprints``, or one with a flash: columns a and b.

    Args:
        run: Keeps what is found of crowds.
        led: Columns number, fingerprints and flash, of those compared.
        settings: For the fingerprints a pair must share.
        partitions: Tasks that share the sorting of crowds.
        block: Documents of a fingerprint that are not spread.
    """
    sampled = each_batch(
        led.where(F.pmod(F.xxhash64("number"), F.lit(_SAMPLE)) == 0), "fingerprint long, number long", _rows
    )
    # seen in the sample about block / 64 times; whatever is taken for a crowd, its pairs are the same
    least = max(1, block // _SAMPLE // 2)
    crowds = run.stage(
        "crowds",
        lambda: sampled.groupBy("fingerprint").count().where(F.col("count") >= least).select("fingerprint"),
    )
    parts = parts_of(partitions)
    if run.rows["crowds"]:
        fingerprints = each_batch(led, "fingerprint long, number long", _rows)
        blocks = _blocks(run, fingerprints.join(F.broadcast(crowds), "fingerprint"), partitions, block)
        rest = fingerprints.join(F.broadcast(crowds), "fingerprint", "left_anti")
        rows = rest.select("fingerprint", F.lit(0).alias("block"), "number", F.lit(0).alias("place"))
        rows, keys = rows.union(blocks), ["fingerprint", "block"]
        pairs = each_key(rows, keys, KEY_ROWS, _pairs_of_blocks, block, parts)
    else:
        pairs = each_part(led, _fingerprints, partitions, KEY_ROWS, _pairs_of_part, parts)
    return each_group(pairs, "part", "a long, b long", _often, settings.min_shared_fingerprints)


def _fingerprints(table: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Each fingerprint of each document, once; the lowest bit of its number says whether it is a flash."""
    hashes, offsets = flat(table["fingerprints"], np.uint64)
    document = owners(offsets)
    order = np.lexsort((hashes, document))
    document, hashes = document[order], hashes[order]
    fresh = run_starts(document, hashes)
    number = integers(table["number"]) << 1 | booleans(table["flash"])
    return hashes[fresh], number[document[fresh]]


def _rows(table: pa.Table) -> pa.Table:
    fingerprints, number = _fingerprints(table)
    return pa.table({"fingerprint": fingerprints.astype(np.int64), "number": number})


def _blocks(run: Run, crowds: DataFrame, partitions: int, block: int) -> DataFrame:
    """Documents of frequent fingerprints by block: fingerprint, block, number and place.

    With a block stand the first ``STAR_CENTRES`` of its fingerprint and as many just before the block.
    """
    ranked = numbered(run, crowds, [F.col("fingerprint"), F.col("number")], "crowded", partitions)
    groups = ranked.groupBy("fingerprint").agg(F.min("place").alias("from"), F.count("*").alias("size"))
    placed = ranked.join(F.broadcast(groups), "fingerprint").select(
        "fingerprint", "number", (F.col("place") - F.col("from")).alias("place"), "size"
    )
    own = F.floor(F.col("place") / block)
    following = F.when(
        (F.col("place") % block >= block - STAR_CENTRES) & ((own + 1) * block < F.col("size")),
        F.array(own + 1),
    ).otherwise(F.array().cast("array<bigint>"))
    later = F.when(
        (F.col("place") < STAR_CENTRES) & (F.col("size") > block),
        F.sequence(F.lit(1).cast("long"), F.floor((F.col("size") - 1) / block)),
    ).otherwise(F.array().cast("array<bigint>"))
    blocks = F.explode(F.array_distinct(F.concat(F.array(own), following, later)))
    return placed.select("fingerprint", blocks.alias("block"), "number", "place")


def _pairs_of_part(rows: pa.Table, parts: int) -> pa.Table:
    fingerprint, number = sorted_keys(rows)
    nothing = np.zeros(len(fingerprint), np.int64)
    return _pairs(fingerprint, nothing, number, nothing, BLOCK, parts)


def _pairs_of_blocks(table: pa.Table, block: int, parts: int) -> pa.Table:
    fingerprint, part, number, place = (
        integers(table[name]) for name in ("fingerprint", "block", "number", "place")
    )
    order = np.lexsort((number, part, fingerprint))
    return _pairs(fingerprint[order].view(np.uint64), part[order], number[order], place[order], block, parts)


def _pairs(
    fingerprint: NDArray[np.uint64],
    part: NDArray[np.int64],
    number: NDArray[np.int64],
    place: NDArray[np.int64],
    block: int,
    parts: int,
) -> pa.Table:
    """Pairs within each block of a fingerprint, and how many of these fingerprints they share, in parts.

    Of a pair with a flash one counts for as many as may be asked for.
    """
    group = np.cumsum(run_starts(fingerprint, part))
    number, flash = number >> 1, number & 1
    early = place < part * block  # comes with a block, and is paired in its own
    found = []
    for chosen, crowd in ((part == 0, CROWD), (part > 0, 0)):  # a later block is of a crowd, however short
        rows = np.flatnonzero(chosen)
        keys = (group[rows] << 32 | np.arange(len(rows))).astype(np.uint64)
        behind = np.empty(len(keys), np.int32)
        kept, _ = kernels.get().find_partners(keys, 32, crowd, STAR_CENTRES, behind)
        row = rows[(keys[:kept] & np.uint64(0xFFFFFFFF)).astype(np.int64)]
        next_ = np.arange(1, kept + 1)
        other, own = gather(next_, next_ + behind[:kept].astype(np.int64))
        a, b = row[own], row[other]
        pairs = number[a] << 32 | number[b], flash[a] | flash[b]
        found.append([column[~early[b]] for column in pairs])
    pair, once = (np.concatenate(column) for column in zip(*found, strict=True))
    pair, first, shared = np.unique(pair, return_index=True, return_counts=True)
    shared[once[first] == 1] = _ENOUGH
    return partitioned(pair.view(np.uint64), shared, parts)


def _often(rows: pa.Table, least: int) -> pa.Table:
    """Pairs of a part that share so many fingerprints in all."""
    mixed, shared = sorted_keys(rows)
    opens = np.flatnonzero(run_starts(mixed))
    pair = (mixed[opens] * UNMIX).view(np.int64)
    pair = pair[np.add.reduceat(shared, opens) >= least] if len(opens) else pair
    return pa.table({"a": pair >> 32, "b": pair & 0xFFFFFFFF})
