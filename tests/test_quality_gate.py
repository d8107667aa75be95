"""Scores on real articles with labels made by reading may rise, never silently fall."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

from scores import Label, below_floor, false_merges, family_counts, partition_recall, reuse_counts

if TYPE_CHECKING:
    from dedup.result import Result

FLOORS = Path(__file__).parent.parent / "benchmarks" / "floors.json"


@pytest.fixture(scope="module")
def helsinki_scores(helsinki: Result, data: Path) -> dict[str, float]:
    """Scores under the names that benchmarks/quality.py gives them."""
    names = Label.__dataclass_fields__
    rows = [json.loads(line) for line in (data / "gold/helsinki_pairs.jsonl").read_bytes().splitlines()]
    labels = [Label(**{name: row[name] for name in names if row.get(name) is not None}) for row in rows]
    kinds = {label.key: helsinki.relation(*label.key).relation.value for label in labels}
    families = {member: family.id for family in helsinki.families for member in family.members}
    return {
        "helsinki.family_f1": family_counts(labels, kinds).f1,
        "helsinki.reuse_f1": reuse_counts(labels, kinds).f1,
        "helsinki.partition_recall": partition_recall(labels, families),
        "helsinki.false_merges": false_merges(labels, families),
    }


def test_helsinki_holds_its_floors(helsinki_scores: dict[str, float]) -> None:
    floors = json.loads(FLOORS.read_bytes())
    mine = {
        bound: {name: value for name, value in limits.items() if name in helsinki_scores}
        for bound, limits in floors.items()
    }
    assert sum(map(len, mine.values())) == len(helsinki_scores)
    assert below_floor(helsinki_scores, mine) == []
