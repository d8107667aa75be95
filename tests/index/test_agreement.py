"""Real articles in the order of time, against a run over all of them."""

import json
import os
from itertools import combinations
from pathlib import Path

import pytest

import dedup
from dedup.index import Index

DATA = os.environ.get("DEDUP_DATA")


@pytest.mark.skipif(not DATA, reason="DEDUP_DATA is not set")
def test_helsinki_in_time_order(tmp_path):
    (path,) = Path(DATA, "data", "helsinki").glob("*.jsonl")
    documents = [
        dedup.Document.from_record(json.loads(line)) for line in path.read_text("utf-8").splitlines()
    ]
    documents.sort(key=lambda d: (d.published is None, d.published, d.id))
    result = dedup.find_families(documents)
    with Index.open(tmp_path / "news.db", store_text=True) as index:
        list(index.add_many(documents))
        assert index.check() == []
        ours, theirs = pairs(index.families()), pairs(result.families)
        relations = index.export()["relations"].to_pylist()
        equal = sum(result.relation(r["a"], r["b"]).relation == r["relation"] for r in relations)
        assert 2 * len(ours & theirs) >= 0.98 * (len(ours) + len(theirs))
        assert equal >= 0.98 * len(relations)

        index.rebuild()
        for name, table in index.export().items():
            expected = getattr(result, f"{name}_table")()
            without = [column for column in ("file", "line") if column in table.schema.names]
            assert table.drop(without).equals(expected.drop(without)), name


def pairs(families) -> set[tuple[str, str]]:
    return {pair for family in families for pair in combinations(sorted(family.members), 2)}
