"""The seeds end to end, against labels made by reading them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dedup.result import Result

LABELS = Path(__file__).parent.parent / "seeds" / ".labels"

RIGHT = {
    "same": {"exact", "near", "version"},
    "version": {"near", "version"},
    "partial": {"partial"},
    "quote": {"quote", "none"},  # one sentence quoted may be shorter than a relation
    "template": {"quote", "none"},
    "boilerplate": {"none"},
    "unrelated": {"none"},
}
"""Relations that agree with a label."""

WRONG: dict[tuple[str, str], str] = {}
"""Pairs known to be judged wrongly, with the reason; one that is right again fails."""


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LABELS / f"{name}.ndjson").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def family_of(seeds: Result) -> dict[str, str]:
    return {member: family.id for family in seeds.families for member in family.members}


def test_families(seeds: Result) -> None:
    found = {tuple(sorted(family.members)) for family in seeds.families}
    expected = {tuple(row["members"]) for row in rows("families")}
    assert found - expected == set()
    assert expected - found == expected & set(WRONG)


@pytest.mark.parametrize("label", RIGHT)
def test_pairs(label: str, seeds: Result) -> None:
    pairs = [row for row in rows("pairs") if row["label"] == label]
    assert pairs
    wrong = []
    for a, b in ((row["a"], row["b"]) for row in pairs):
        relation = seeds.relation(a, b).relation
        if (relation in RIGHT[label]) == ((a, b) in WRONG):
            wrong.append((a, b, relation.value))
    assert wrong == []


def test_pairs_within_and_across_families(family_of: dict[str, str]) -> None:
    for row in rows("pairs"):
        together = row["a"] in family_of and family_of[row["a"]] == family_of.get(row["b"])
        joins = row["label"] in ("same", "version") and not row["roundup"]
        assert together == joins or (joins and (row["a"], row["b"]) in WRONG), row


def test_a_roundup_belongs_to_no_family(seeds: Result) -> None:
    documents = {row["id"]: row for row in seeds.documents_table().to_pylist()}
    assert documents["en-roundup"]["role"] == "roundup"
    assert [identity for identity, row in documents.items() if row["role"] == "roundup"] == ["en-roundup"]
    for identity in ("en-roundup", "en-liveblog"):
        assert documents[identity]["family"] is None
    embedding = [relation for relation in seeds.relations if "en-roundup" in (relation.a, relation.b)]
    assert embedding
    assert all(relation.roundup for relation in embedding)
    assert all(relation.roundup == ("en-roundup" in (relation.a, relation.b)) for relation in seeds.relations)


@pytest.mark.parametrize("series", ["de-grippe", "fr-criee", "es-embalses", "ja-shijo", "en-harbour"])
def test_the_days_of_a_template_are_no_versions(
    series: str, family_of: dict[str, str], seeds: Result
) -> None:
    days = [identity for identity in seeds.documents.column("id").to_pylist() if identity.startswith(series)]
    assert len(days) >= 5
    families = [family_of[day] for day in days if day in family_of]
    second_outlets = [day for day in days if day.endswith("-b")]
    assert len(families) == 2 * len(set(families)) <= 2 * len(second_outlets)


def test_bodies_that_only_share_furniture_are_unrelated(seeds: Result) -> None:
    pairs = [(row["a"], row["b"]) for row in rows("pairs") if row["label"] == "boilerplate"]
    related = {(relation.a, relation.b) for relation in seeds.relations}
    assert pairs
    assert related.isdisjoint(pairs)
    assert related.isdisjoint((b, a) for a, b in pairs)


def test_every_member_is_verified_against_its_canonical(seeds: Result) -> None:
    for row in seeds.documents_table().to_pylist():
        if row["role"] == "variant":
            relation = seeds.relation(row["id"], row["canonical"])
            assert row["relation"] == relation.relation
            assert (row["coverage"], row["canonical_coverage"]) == (relation.coverage_a, relation.coverage_b)
