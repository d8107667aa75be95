"""What SQL groups is what the local engine's sorted keys group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="no pyspark")

from dedup.candidates import passage_pairs
from dedup.config import Settings
from dedup.engines.spark import preparing, relating
from dedup.engines.spark.arrays import packed
from dedup.marks import Marks
from dedup.pipeline import learn
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

    from dedup.engines.spark.cluster import Run


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), least=st.integers(1, 3))
def test_pairs_are_those_of_the_sorted_keys(run: Callable[[], Run], seed: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    documents, block = 700, 96
    frequent = rng.random((documents, 6)) < [0.9, 0.5, 0.2, 0.09, 0.05, 0.9]  # several blocks, one, a crowd
    own = [
        np.unique(np.concatenate([np.flatnonzero(row), 100 + rng.integers(0, 2_000, 12)])) for row in frequent
    ]
    hashes = np.concatenate(own).astype(np.uint64) * np.uint64(104_729_000_003) % np.uint64(1 << 48)
    offsets = np.concatenate([[0], np.cumsum([len(marks) for marks in own])])
    values = Settings(min_shared_fingerprints=least, threads=1)
    marks = Marks(hashes, np.ones(len(hashes), np.uint8), offsets[:-1], offsets[1:], np.arange(documents))
    expected = passage_pairs(marks, documents, values)
    its = run()
    table = pa.table({"number": np.arange(documents), "marks": packed(hashes, offsets)})
    texts = its.spark.createDataFrame(table)
    found = relating.passage_pairs(its, texts, texts.select("number"), values, 3, block=block).toArrow()
    assert its.rows["crowds"] > 0
    assert sorted(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True)) == sorted(
        zip(expected.a.tolist(), expected.b.tolist(), strict=True)
    )


def test_recurring_blocks_are_those_learned_on_one_machine(
    run: Callable[[], Run], seed_table: pa.Table
) -> None:
    batches = seed_table.to_batches()
    learned = learn([tokenize(batch.column("text")) for batch in batches], batches)
    expected = dict(zip(learned.keys.view(np.int64).tolist(), learned.witnesses.tolist(), strict=True))
    assert expected
    its = run()
    table = seed_table.select(["text", "source", "published"]).append_column(
        "row", pa.array(np.arange(len(seed_table)))
    )
    table = table.set_column(0, "text", table["text"].cast(pa.string()))
    preparing.furniture(its, its.spark.createDataFrame(table))
    rows = its.spark.read.parquet(f"{its.folder}/work/recurring").collect()
    assert {row["key"]: row["witnesses"] for row in rows} == expected
