from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from dedup import pipeline
from dedup.boilerplate import BlockTable, Recurring, block_table, find_recurring, lookup_keys, strip
from dedup.tokens import tokenize

FURNITURE = "The Tern reports from the islands every day of the year, whatever the weather"


def story(number: int) -> str:
    return "\n\n".join(
        f"Story {number} paragraph {i} says that word{number}x{i} happened in place{number}y{i} on a day like this."
        for i in range(5)
    )


def learn(
    documents: list[str],
    source: str | list[str] | None = "tern.example",
    days: list[int] | None = None,
) -> tuple[pa.RecordBatch, Recurring]:
    sources = source if isinstance(source, list) else [source] * len(documents)
    start = datetime(2025, 3, 1, tzinfo=UTC)
    dates = [None if days is None else start + timedelta(days=days[i]) for i in range(len(documents))]
    batch = pa.record_batch(
        {
            "text": pa.array(documents, pa.large_string()),
            "source": pa.array(sources, pa.string()),
            "published": pa.array(dates, pa.timestamp("us", tz="UTC")),
        }
    )
    return batch, find_recurring(block_table(tokenize(batch.column("text")), batch))


def test_furniture_is_learned_and_goes() -> None:
    documents = [f"{story(i)}\n\n{FURNITURE}" for i in range(5)]
    batch, recurring = learn(documents)
    assert recurring.witnesses.tolist() == [5]
    stripped = strip(tokenize(batch.column("text")), batch, recurring)
    assert np.diff(stripped.removed_offsets).tolist() == [1] * 5


def test_nothing_is_learned_of_nothing() -> None:
    assert pipeline.learn([]).keys.tolist() == []


def test_versions_of_one_story_teach_nothing() -> None:
    documents = [
        story(0) + f"\n\nOnly version {i} of it has this paragraph at its end, and no other."
        for i in range(6)
    ]
    assert len(learn(documents)[1].keys) == 0


@pytest.mark.parametrize("day", [0, -20_149, -22_000, -739_310, 2_912_000])
def test_days_count_where_they_are_known(day: int) -> None:
    documents = [f"{story(i)}\n\n{FURNITURE}" for i in range(4)]
    assert len(learn(documents, days=[day] * 4)[1].keys) == 0
    assert len(learn(documents, days=[day, day, day + 1, day + 1])[1].keys) == 1


def test_what_many_sources_carry_for_two_days_is_a_story() -> None:
    """Each topped it with paragraphs of its own; what they had in common was furniture once."""
    documents = [f"{story(i)}\n\n{FURNITURE}" for i in range(5)]
    sources = [f"outlet{i}.example" for i in range(5)]
    assert len(learn(documents, sources, days=[0, 0, 1, 1, 1])[1].keys) == 0
    assert len(learn(documents, sources, days=[0, 1, 2, 3, 3])[1].keys) == 1


def test_without_a_source_it_is_off() -> None:
    assert len(learn([f"{story(i)}\n\n{FURNITURE}" for i in range(5)], source=None)[1].keys) == 0


def test_order_of_rows_does_not_matter() -> None:
    batch, recurring = learn([f"{story(i)}\n\n{FURNITURE}" for i in range(5)])
    table = block_table(tokenize(batch.column("text")), batch)
    order = np.random.default_rng(3).permutation(len(table.hash))
    shuffled = BlockTable(*(getattr(table, name)[order] for name in BlockTable.__slots__))
    assert find_recurring(shuffled).keys.tolist() == recurring.keys.tolist()
    joined = BlockTable.joined([table])
    assert joined.hash.tolist() == table.hash.tolist()


def test_the_keys_a_document_asks_for_are_all_it_needs(seed_table: pa.Table) -> None:
    batch = seed_table.combine_chunks().to_batches()[0]
    tokens = tokenize(batch.column("text"))
    learned = find_recurring(block_table(tokens, batch))
    assert len(learned.keys) > 0
    expected = strip(tokens, batch, learned)
    for low in range(0, len(batch), 16):
        part = batch.slice(low, 16)
        own = tokenize(part.column("text"))
        _, keys = lookup_keys(own, part)
        known = np.isin(learned.keys, keys)
        found = strip(own, part, Recurring(learned.keys[known], learned.witnesses[known]))
        first, last = tokens.offsets[low], tokens.offsets[min(low + 16, len(batch))]
        assert (found.body == expected.body[first:last]).all()
