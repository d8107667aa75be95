"""Families and canonical versions: the pure functions of a document's edges, a component's, a family's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from dedup.attestation import agreed_share, attested_words, lacking_words
from dedup.canonical import Versions, choose, reason
from dedup.columns import whole
from dedup.edges import NEAR, VERSION, for_roundups
from dedup.engines.spark.arrays import (
    EDGES,
    booleans,
    edges_of,
    integers,
    links_of,
    places_of,
    texts_of,
    unsigned,
)
from dedup.engines.spark.components import components
from dedup.engines.spark.spreading import each_key, hosted
from dedup.engines.spark.verifying import compared
from dedup.families import find_roundups, group, id_of
from dedup.schemas import FAMILIES
from dedup.texts import NEVER
from dedup.values import moment

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.edges import Edges
    from dedup.engines.spark.cluster import Corpus, Run
    from dedup.texts import Texts

__all__ = [
    "COLUMNS",
    "find_canonical",
    "find_families",
    "find_roundup_numbers",
    "related_families",
    "with_roundups",
]

COLUMNS = [part.split()[0] for part in EDGES.split(",")]


def find_roundup_numbers(run: Run, edges: DataFrame, documents: Corpus) -> DataFrame:
    """Column number, of the leaders that put several others together."""
    chosen = edges.where(for_roundups(F.col("kind"), F.col("narrative_words")))
    lengths = documents.select("size")
    return run.stage("roundups", lambda: hosted(chosen, run.rows["edges"], lengths, "number long", _roundups))


def _numbers(edges: pa.Table, documents: pa.Table) -> NDArray[np.int64]:
    """All numbers that occur, ascending."""
    columns = integers(documents["number"]), integers(edges["a"]), integers(edges["b"])
    return np.unique(np.concatenate(columns))


def _roundups(edges: pa.Table, documents: pa.Table) -> pa.Table:
    numbers = _numbers(edges, documents)
    own = places_of(numbers, integers(documents["number"]))
    length = np.zeros(len(numbers), np.int64)
    length[own] = integers(documents["size"])
    where = np.zeros(len(numbers), bool)
    where[own] = True  # of the others neither the length nor all edges are known here
    roundup = find_roundups(edges_of(edges, numbers), length, where)
    return pa.table({"number": numbers[roundup]})


def with_roundups(edges: DataFrame, roundups: DataFrame) -> DataFrame:
    """Edges, and of each end whether it is a roundup: columns a_roundup and b_roundup."""
    for end in ("a", "b"):
        known = roundups.select(F.col("number").alias(end), F.lit(True).alias(f"{end}_roundup"))
        edges = edges.join(known, end, "left")
        edges = edges.withColumn(f"{end}_roundup", F.coalesce(f"{end}_roundup", F.lit(False)))
    return edges


def find_families(run: Run, edges: DataFrame, roundups: DataFrame) -> DataFrame:
    """Columns number and family, of the leaders that are not the first of theirs."""
    marked = with_roundups(edges.select("a", "b", "kind", "coverage_a", "coverage_b"), roundups)
    apart = F.col("a_roundup") | F.col("b_roundup")
    joining = marked.where((F.col("kind") <= NEAR) | ((F.col("kind") == VERSION) & ~apart))
    groups = components(run, joining.select("a", "b"), "versions")
    placed = joining.join(groups.withColumnRenamed("number", "a"), "a", "left")
    placed = placed.withColumn("component", F.coalesce("first", "a")).drop("first")
    schema = "number long, family long"
    return run.stage("grouped", lambda: each_key(placed, ["component"], schema, _group))


def _group(edges: pa.Table) -> pa.Table:
    numbers = np.unique(np.concatenate([integers(edges[name]) for name in ("a", "b")]))
    links = links_of(edges, numbers)
    roundup = np.zeros(len(numbers), bool)
    for end, place in (("a", links.a), ("b", links.b)):
        roundup[place] |= booleans(edges[f"{end}_roundup"])
    family = numbers[group(links, len(numbers), roundup).family]
    later = family != numbers
    return pa.table({"number": numbers[later], "family": family[later]})


# --- canonical


def within(edges: DataFrame, members: DataFrame) -> DataFrame:
    """Edges inside a family, with it."""
    one = members.select(F.col("number").alias("a"), "family")
    two = members.select(F.col("number").alias("b"), F.col("family").alias("other"))
    return edges.join(one, "a").join(two, "b").where("family = other").drop("other")


def find_canonical(
    run: Run,
    members: DataFrame,
    edges: DataFrame,
    collapsed: DataFrame,
    facts: DataFrame,
    texts: Corpus,
    settings: Settings,
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The version that stands for each family.

    Args:
        run: Keeps what is found.
        members: Columns number and family, of families of two and more.
        edges: Related pairs of leaders.
        collapsed: Each copy with its leader.
        facts: What is known of each document but its text.
        texts: The bodies, stock marked.
        settings: For the policy.

    Returns:
        Columns number, family, canonical and agreed; each other member with its canonical, as edges; the rows
        of :data:`dedup.schemas.FAMILIES` but for what is related.
    """
    body = texts.select("flags", "spaceless", "published")
    inside = run.stage(
        "inside",
        lambda: within(
            edges.withColumn("copy", F.lit(False)).union(collapsed.withColumn("copy", F.lit(True))), members
        ),
    )
    size = run.rows["inside"]
    agreed = run.stage("attested", lambda: hosted(inside, size, body, "number long, agreed long", _attested))
    known = members.join(facts, "number").join(agreed, "number", "left")
    known = known.withColumn("agreed", F.coalesce("agreed", F.lit(0)))
    chosen = run.stage(
        "chosen", lambda: each_key(known.select(*CHOICE), ["family"], CHOSEN, _choose, settings)
    )
    pairs = chosen.where("number != canonical").select(
        F.least("number", "canonical").alias("a"), F.greatest("number", "canonical").alias("b")
    )
    verified = inside.join(pairs, ["a", "b"], "left_semi").select(*COLUMNS)
    rest = pairs.join(inside.select("a", "b"), ["a", "b"], "left_anti")
    to_canonical = run.stage(
        "canonical-pairs",
        lambda: verified.union(compared(rest, run.rows["members"], texts, settings)),
    )
    taken = within(to_canonical, members).withColumn("copy", F.lit(None).cast("boolean"))
    everything = inside.select(*COLUMNS, "family", "copy").union(taken.select(*COLUMNS, "family", "copy"))
    lacking = run.stage(
        "lacking",
        lambda: hosted(everything, 2 * size, body, "number long, has double, lacked double", _lacking),
    )
    copies = collapsed.select(F.col("b").alias("number"), F.lit(True).alias("copy"))
    described = (
        known.select(*CHOICE, "id", "high", "low")
        .join(chosen.select("number", "canonical"), "number")
        .join(lacking, "number", "left")
        .join(copies, "number", "left")
    )
    families = run.stage(
        "told-families", lambda: each_key(described, ["family"], FAMILY, _families, settings)
    )
    return chosen, to_canonical, families


CHOICE = (
    "number", "family", "half_words", "agreed", "credited", "agencies", "published", "size", "raw_size",
    "source",
)  # fmt: skip
CHOSEN = "number long, family long, canonical long, agreed long"
FAMILY = (
    "family long, id string, canonical string, reason string, earliest string, members array<string>,"
    " size long, sources array<string>, agencies array<string>, first_published timestamp,"
    " last_published timestamp"
)


def _inside(edges: pa.Table, documents: pa.Table) -> tuple[NDArray[np.int64], Texts, NDArray[np.int64]]:
    """Numbers, texts and families of a cell, of which all edges are inside one."""
    numbers = _numbers(edges, documents)
    family = np.arange(len(numbers)) + (1 << 40)
    for name in ("a", "b"):
        family[places_of(numbers, integers(edges[name]))] = integers(edges["family"])
    # numbers of their own for the functions, which count families like documents
    return numbers, texts_of(documents, numbers), np.unique(family, return_inverse=True)[1]


def _of_kind(edges: pa.Table, copy: bool | None, numbers: NDArray[np.int64]) -> Edges:
    column = edges["copy"]
    mine = pc.is_null(column) if copy is None else pc.fill_null(pc.equal(column, copy), False)
    return edges_of(edges.filter(mine), numbers)


def _attested(edges: pa.Table, documents: pa.Table) -> pa.Table:
    numbers, texts, family = _inside(edges, documents)
    agreed = attested_words(texts, edges_of(edges, numbers), family)
    own = np.sort(integers(documents["number"]))
    return pa.table({"number": own, "agreed": agreed[places_of(numbers, own)]})


def _lacking(edges: pa.Table, documents: pa.Table) -> pa.Table:
    numbers, texts, family = _inside(edges, documents)
    among, copies, taken = (_of_kind(edges, copy, numbers) for copy in (False, True, None))
    has, lacked = lacking_words(texts, among, copies, taken, family)
    own = np.sort(integers(documents["number"]))
    place = places_of(numbers, own)
    return pa.table({"number": own, "has": has[place], "lacked": lacked[place]})


def _versions(table: pa.Table) -> Versions:
    raw, kept = integers(table["raw_size"]), integers(table["size"])
    return Versions(
        words=integers(table["half_words"]) // 2,
        agreed=integers(table["agreed"]),
        credited=booleans(table["credited"]),
        agencies=whole(table["agencies"]),
        published=integers(table["published"]),
        removed=1 - kept / np.maximum(raw, 1),
        source=whole(table["source"]),
    )


def _choose(table: pa.Table, settings: Settings) -> pa.Table:
    table = table.sort_by("number")
    number = integers(table["number"])
    family = np.unique(integers(table["family"]), return_inverse=True)[1]
    canonical = choose(_versions(table), family, settings)
    return pa.table(
        {
            "number": number,
            "family": table["family"],
            "canonical": number[canonical],
            "agreed": table["agreed"],
        }
    )


def _families(table: pa.Table, settings: Settings) -> pa.Table:
    table = table.sort_by("number")
    number, canonical = integers(table["number"]), integers(table["canonical"])
    versions = _versions(table)
    firsts, family = np.unique(integers(table["family"]), return_inverse=True)
    chosen = places_of(number, canonical)
    has, lacked = (whole(table[name].fill_null(0.0)).to_numpy() for name in ("has", "lacked"))
    agreed = agreed_share(has, lacked, family, chosen, booleans(table["copy"]))
    ids, sources = table["id"].to_pylist(), table["source"].to_pylist()
    high, low = (unsigned(integers(table[name])).tolist() for name in ("high", "low"))
    order = np.argsort(family, kind="stable")
    rows = []
    for members in np.split(order, np.flatnonzero(np.diff(family[order])) + 1):
        stands, first = int(chosen[members[0]]), int(members[0])
        places = members.tolist()
        times = versions.published[members]
        times = times[times != NEVER]
        rows.append(
            {
                "family": int(firsts[family[first]]),
                "id": id_of(int(versions.published[first]), high[first], low[first]),
                "canonical": ids[stands],
                "reason": reason(stands, places, versions, float(agreed[stands]), settings),
                "earliest": ids[first] if len(times) else None,
                "members": [ids[place] for place in places],
                "size": len(places),
                "sources": list(dict.fromkeys(s for p in places if (s := sources[p]) is not None)),
                "agencies": versions.agencies.take(pa.array(places)).flatten().unique().to_pylist(),
                "first_published": moment(int(times.min())) if len(times) else None,
                "last_published": moment(int(times.max())) if len(times) else None,
            }
        )
    kinds = {field.name: field.type for field in FAMILIES}
    schema = pa.schema([("family", pa.int64()), *((name, kinds[name]) for name in list(rows[0])[1:])])
    return pa.Table.from_pylist(rows, schema=schema)


def related_families(edges: DataFrame, members: DataFrame, families: DataFrame) -> DataFrame:
    """Other families each family shares text with: family, and a list of them by id."""
    one = members.select(F.col("number").alias("a"), F.col("family").alias("one"))
    two = members.select(F.col("number").alias("b"), F.col("family").alias("two"))
    between = edges.select("a", "b", "kind", "shared_words").join(one, "a").join(two, "b").where("one != two")
    both = between.select(
        F.col("one").alias("family"), F.col("two").alias("other"), "kind", "shared_words"
    ).union(between.select(F.col("two").alias("family"), F.col("one").alias("other"), "kind", "shared_words"))
    best = both.groupBy("family", "other").agg(
        F.min("kind").alias("kind"), F.max("shared_words").alias("shared_words")
    )
    names = families.select(F.col("family").alias("other"), F.col("id").alias("name"))
    row = F.struct(F.col("name").alias("family"), "kind", "shared_words")
    return best.join(names, "other").groupBy("family").agg(F.sort_array(F.collect_list(row)).alias("related"))
