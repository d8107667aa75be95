"""Scores on real articles with labels made by reading may rise, never silently fall."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from quality import OWN, WRITTEN, read_labels
from scores import below_floor, false_merges, family_counts, partition_recall, reuse_counts

from dedup.config import Settings
from dedup.engines.local import find_families
from dedup.io import read

FLOORS = Path(__file__).parent.parent / "benchmarks" / "floors.json"


@pytest.mark.parametrize(
    ("name", "articles", "labels"),
    [
        ("helsinki", "helsinki/helsinki", "gold/helsinki_pairs.jsonl"),
        ("second", "helsinki/helsinki", OWN / "helsinki_pairs.jsonl"),
        ("fnc1", "fnc1/train_bodies", OWN / "fnc1_pairs.jsonl"),
    ],
)
def test_scores_hold_their_floors(data: Path, name: str, articles: str, labels: str | Path) -> None:
    assert_floors(name, data / "data" / f"{articles}.jsonl", data / labels)


@pytest.mark.parametrize("name", WRITTEN)
def test_scores_of_written_corpora_hold_their_floors(name: str) -> None:
    assert_floors(name, OWN / name / "articles.jsonl", OWN / name / "pairs.jsonl")


def assert_floors(name: str, articles: Path, labels: Path) -> None:
    pairs = read_labels(labels)
    result = find_families(read([articles]), Settings())
    kinds = {label.key: result.relation(*label.key).relation.value for label in pairs}
    families = {member: family.id for family in result.families for member in family.members}
    scores = {
        "family_f1": family_counts(pairs, kinds).f1,
        "reuse_f1": reuse_counts(pairs, kinds).f1,
        "partition_recall": partition_recall(pairs, families),
        "false_merges": false_merges(pairs, families),
    }
    mine = {f"{name}.{key}": value for key, value in scores.items()}
    floors = json.loads(FLOORS.read_bytes())
    held = {bound: {x: y for x, y in limits.items() if x in mine} for bound, limits in floors.items()}
    assert sum(map(len, held.values())) == len(mine)
    assert below_floor(mine, held) == []
