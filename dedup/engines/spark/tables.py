"""The tables of a result, in the contracts of the output files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from dedup.columns import whole
from dedup.edges import KINDS
from dedup.edits.batch import diffs_as_json
from dedup.engines.spark.arrays import booleans, edges_of, flat, integers, places_of, texts_of
from dedup.engines.spark.settling import with_roundups
from dedup.engines.spark.spreading import paired
from dedup.model import Role
from dedup.passages import Originals, locate
from dedup.ragged import inverse, running
from dedup.tables import relation_rows

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Corpus, Run

__all__ = ["canonical_table", "diffs_table", "documents_table", "families_table", "relations_table"]

RELATION = (
    "a string, b string, relation string, jaccard double, coverage_a double, coverage_b double,"
    " shared_words long, narrative_words long, roundup boolean,"
    " passages array<struct<a_start:long,a_end:long,b_start:long,b_end:long>>"
)
DIFF = "family string, canonical string, variant string, operations string"


def kind_name(kind: Column) -> Column:
    """The relation a code stands for, null for null."""
    names = F.array(*(F.lit(kind.value) for kind in KINDS))
    return F.when(kind.isNotNull(), F.get(names, kind))


def relations_table(
    run: Run,
    edges: DataFrame,
    roundups: DataFrame,
    documents: DataFrame,
    numbered: Corpus,
    texts: Corpus,
    settings: Settings,
) -> DataFrame:
    """A row a related pair, the smaller id first.

    Args:
        run: For the number of edges.
        edges: Related pairs of leaders and each copy with its leader.
        roundups: Column number; these and their copies.
        documents: Columns row and text, by row.
        numbered: Columns id, signature, body, raw_size.
        texts: Body tokens.
        settings: For the threads.
    """
    flagged = with_roundups(edges, roundups).withColumn("roundup", F.col("a_roundup") | F.col("b_roundup"))
    flagged = flagged.drop("a_roundup", "b_roundup")
    sides = numbered.select("id", "signature", "body", "raw_size").frame
    bodies = texts.select("flags", "spaceless", "published").frame
    wide = sides.join(documents.select("row", "text"), "row").join(bodies, "row")
    size = run.rows["edges"] + run.rows["copies"]
    return paired(flagged, size, replace(numbered, frame=wide), RELATION, _relations, settings)


def _relations(edges: pa.Table, documents: pa.Table, settings: Settings) -> pa.Table:
    documents = documents.sort_by("number")
    edges = edges.sort_by([("a", "ascending"), ("b", "ascending")])
    numbers = integers(documents["number"])
    n = len(numbers)
    texts = texts_of(documents, numbers)
    found = edges_of(edges, numbers)
    raw = integers(documents["raw_size"])
    bits, bit_offsets = flat(documents["body"], np.uint8)
    body = [
        np.unpackbits(bits[bit_offsets[i] : bit_offsets[i + 1]], count=size)
        for i, size in enumerate(raw.tolist())
    ]
    column = pa.chunked_array([documents["text"].combine_chunks().cast(pa.large_string())])
    originals = Originals(column, np.arange(n), running(raw), np.concatenate(body).astype(bool))
    places = locate(originals, found, texts, settings)
    signatures = flat(documents["signature"], np.uint32)[0].reshape(n, -1)
    ids = whole(documents["id"]).cast(pa.string())
    rank = inverse(np.asarray(pc.sort_indices(ids)).astype(np.int64))
    alike = (signatures[found.a] == signatures[found.b]).mean(axis=1)
    rows = relation_rows(ids, rank, found, places, alike, booleans(edges["roundup"]))
    return pa.Table.from_batches([rows])


def families_table(families: DataFrame, related: DataFrame) -> DataFrame:
    """A row a family of two or more."""
    row = F.transform(
        "related",
        lambda r: F.struct(
            r["family"].alias("family"), kind_name(r["kind"]).alias("relation"), r["shared_words"]
        ),
    )
    empty = F.array().cast("array<struct<family:string,relation:string,shared_words:bigint>>")
    joined = families.join(related, "family", "left").withColumn("related", F.coalesce(row, empty))
    return joined.drop("family")


def documents_table(
    documents: DataFrame,
    facts: DataFrame,
    chosen: DataFrame,
    families: DataFrame,
    roundups: DataFrame,
    to_canonical: DataFrame,
) -> DataFrame:
    """A row a document: where it is from, its family and role, its relation to the canonical version."""
    names = families.select(
        "family", F.col("id").alias("family_id"), F.col("canonical").alias("canonical_id")
    )
    member = chosen.select("number", "family", F.col("canonical").alias("stands")).join(names, "family")
    edges = to_canonical.select("a", "b", "kind", "coverage_a", "coverage_b")
    a = edges.select(
        F.col("a").alias("number"), F.col("b").alias("stands"), "kind",
        F.col("coverage_a").alias("coverage"), F.col("coverage_b").alias("canonical_coverage"),
    )  # fmt: skip
    b = edges.select(
        F.col("b").alias("number"), F.col("a").alias("stands"), "kind",
        F.col("coverage_b").alias("coverage"), F.col("coverage_a").alias("canonical_coverage"),
    )  # fmt: skip
    placed = member.join(a.union(b), ["number", "stands"], "left")
    lone = roundups.select("number", F.lit(True).alias("is_roundup"))
    known = facts.join(placed, "number", "left").join(lone, "number", "left")
    origin = documents.select("row", "title", "url", F.col("published").alias("when"), "file", "line")
    role = (
        F.when(F.col("stands") == F.col("number"), Role.CANONICAL.value)
        .when(F.col("stands").isNotNull(), Role.VARIANT.value)
        .when(F.col("is_roundup"), Role.ROUNDUP.value)
        .otherwise(Role.SINGLE.value)
    )
    return known.join(origin, "row").select(
        *("id", "title", "source", F.col("when").alias("published"), "url", "file", "line"),
        F.col("family_id").alias("family"),
        role.alias("role"),
        F.col("canonical_id").alias("canonical"),
        kind_name(F.col("kind")).alias("relation"),
        *("coverage", "canonical_coverage", "language", "agencies"),
        F.floor(F.col("half_words") / 2).alias("words"),
        "removed_chars",
    )


def diffs_table(
    size: int, chosen: DataFrame, families: DataFrame, documents: DataFrame, numbered: Corpus
) -> DataFrame:
    """The change from each family's canonical version to each of the others; operations as JSON."""
    names = families.select("family", F.col("id").alias("name"))
    pairs = chosen.where("number != canonical").join(names, "family")
    pairs = pairs.select(F.col("canonical").alias("a"), F.col("number").alias("b"), "name")
    return paired(pairs, size, replace(numbered, frame=documents.select("row", "id", "text")), DIFF, _diffs)


def _diffs(pairs: pa.Table, documents: pa.Table) -> pa.Table:
    documents = documents.sort_by("number")
    numbers = integers(documents["number"])
    one, two = (pa.array(places_of(numbers, integers(pairs[name]))) for name in ("a", "b"))
    ids, texts = whole(documents["id"]), whole(documents["text"].cast(pa.large_string()))
    return pa.table(
        {
            "family": pairs["name"],
            "canonical": ids.take(one),
            "variant": ids.take(two),
            "operations": diffs_as_json(texts.take(one), texts.take(two)).cast(pa.string()),
        }
    )


def canonical_table(documents: DataFrame, facts: DataFrame, chosen: DataFrame) -> DataFrame:
    """The deduplicated corpus: canonical versions and what is alone, with each record's own text."""
    variants = chosen.where("number != canonical").select("number")
    kept = facts.select("number", "row").join(variants, "number", "left_anti").select("row")
    return documents.join(kept, "row", "left_semi").drop("row", "file", "line")
