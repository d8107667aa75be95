"""What SQL groups is what the local engine's sorted keys group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="no pyspark")

from dedup.candidates import near_pairs, passage_pairs
from dedup.config import Settings
from dedup.engines.spark import copies, preparing, relating, spreading
from dedup.engines.spark.arrays import flat, packed
from dedup.fingerprints import Fingerprints
from dedup.pipeline import learn
from dedup.shingles import roll
from dedup.stock import UNDATED, find_stock

if TYPE_CHECKING:
    from collections.abc import Callable

    from dedup.engines.spark.cluster import Run


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), least=st.integers(1, 3))
def test_pairs_are_those_of_the_sorted_keys(run: Callable[[], Run], seed: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    documents = 700
    frequent = rng.random((documents, 6)) < [0.9, 0.5, 0.2, 0.09, 0.05, 0.9]  # several blocks, one, a crowd
    own = [
        np.unique(np.concatenate([np.flatnonzero(row), 100 + rng.integers(0, 2_000, 12)])) for row in frequent
    ]
    hashes = np.concatenate(own).astype(np.uint64) * np.uint64(104_729_000_003) % np.uint64(1 << 48)
    offsets = np.concatenate([[0], np.cumsum([len(hashes) for hashes in own])])
    values = Settings(min_shared_fingerprints=least, threads=1)
    fingerprints = Fingerprints(
        hashes, np.ones(len(hashes), np.uint8), offsets[:-1], offsets[1:], np.arange(documents)
    )
    flash = rng.random(documents) < 0.1
    expected = passage_pairs(fingerprints, flash, values)
    table = pa.table(
        {"number": np.arange(documents), "fingerprints": packed(hashes, offsets), "flash": flash}
    )
    for block, crowds in ((96, True), (1 << 14, False)):
        its = run()
        texts = its.spark.createDataFrame(table)
        found = relating.passage_pairs(its, texts, values, 6, block=block).toArrow()
        assert (its.rows["crowds"] > 0) == crowds
        assert sorted(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True)) == sorted(
            zip(expected.a.tolist(), expected.b.tolist(), strict=True)
        )


@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 3))
def test_stock_is_that_of_the_sorted_keys(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    documents = 40
    # runs of a few words come again in many documents, with different words between them
    runs = [rng.integers(1, 1 << 60, 8).astype(np.uint64) for _ in range(4)]
    texts = [
        np.concatenate(
            [*(runs[i] for i in rng.integers(0, 4, 2)), rng.integers(1, 1 << 60, 5).astype(np.uint64)]
        )
        for _ in range(documents)
    ]
    words = np.concatenate(texts)
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    start, stop = offsets[:-1], offsets[1:]
    spaceless = rng.random(documents) < 0.1
    window = np.where(rng.random(documents) < 0.5, rng.integers(0, 6, documents), UNDATED)
    occurrence = rng.integers(0, documents, documents)
    counts = rng.random(documents) < 0.8
    values = Settings(stock_windows=2, stock_documents=4, threads=1)
    size = values.shingle_words * (1 + spaceless.astype(np.int64))
    expected = find_stock(words, start, stop, size, occurrence, window, counts, values)

    table = pa.table(
        {
            "words": packed(words, offsets),
            "spaceless": spaceless.astype(np.int32),
            "row": np.arange(documents),
            "home": np.arange(documents) % 3,
            "occurrence": pa.array(occurrence, mask=~counts),
            "window": pa.array(window, mask=~counts),
        }
    )
    batches = [
        table.slice(first, 15) for first in range(0, documents, 15)
    ]  # a home tells what it has in pieces
    asked = pa.concat_tables([copies._requests(batch, values, parts) for batch in batches])
    answers = [copies._respond(asked.filter(pc.equal(asked["part"], part)), values) for part in range(parts)]
    found = pa.concat_tables(answers)
    places, shingles = roll(words, offsets, size)
    for home in range(3):
        told = flat(found.filter(pa.array(found["row"].to_numpy() % 3 == home))["stock"], np.uint64)[0]
        mine = np.repeat(table["home"].to_numpy() == home, np.diff(places))
        assert np.array_equal(np.unique(told), np.intersect1d(shingles[mine] >> np.uint64(16), expected))


@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 3))
def test_bands_meet_as_the_sorted_keys_do(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    signatures = rng.integers(0, 3, (60, 24)).astype(np.uint32)
    numbers = np.sort(rng.choice(1_000, 60, replace=False))
    expected = near_pairs(signatures, np.arange(60), numbers, 1)
    table = pa.table({"number": numbers, "signature": packed(signatures.ravel(), 24 * np.arange(61))})
    told = [
        spreading._key_rows(table.take(half), copies._bands, parts)
        for half in (np.arange(0, 60, 2), np.arange(1, 60, 2))
    ]
    met = [
        copies._meet(pa.concat_tables(told).filter(pa.array(np.tile(np.arange(parts), 2) == part)))
        for part in range(parts)
    ]
    found = (
        pa.concat_tables(met)
        .group_by(["a", "b"])
        .aggregate([])
        .sort_by([("a", "ascending"), ("b", "ascending")])
    )
    assert found["a"].to_pylist() == expected.a.tolist()
    assert found["b"].to_pylist() == expected.b.tolist()


def test_recurring_blocks_are_those_learned_on_one_machine(
    run: Callable[[], Run], seed_table: pa.Table
) -> None:
    # by four outlets on two days, a story, and on four, furniture
    own = [" ".join(f"word{n}of{i}" for i in range(40)) for n in range(8)]
    shared = [
        f"The ferries were asked to stay in the harbour until noon, they {verb}" for verb in ("say", "said")
    ]
    carried = pa.table(
        {
            "text": [f"{text}\n\n{shared[n // 4]}" for n, text in enumerate(own)],
            "source": [f"outlet{n % 4}.example" for n in range(8)],
            "published": [
                datetime(1969, 12, 29, tzinfo=UTC) + timedelta(days=day) for day in (1, 1, 2, 2, 1, 2, 3, 4)
            ],
        }
    )
    seed_table = seed_table.select(["text", "source", "published"])
    seed_table = pa.concat_tables([seed_table, carried.cast(seed_table.schema)])
    batches = seed_table.combine_chunks().to_batches()
    learned = learn(batches)
    expected = dict(zip(learned.keys.view(np.int64).tolist(), learned.witnesses.tolist(), strict=True))
    assert expected
    its = run()
    table = seed_table.append_column("row", pa.array(np.arange(len(seed_table))))
    table = table.set_column(0, "text", table["text"].cast(pa.string()))
    preparing.furniture(its, its.spark.createDataFrame(table), 6)
    rows = its.spark.read.parquet(f"{its.folder}/work/recurring").collect()
    assert {row["key"]: row["witnesses"] for row in rows} == expected
