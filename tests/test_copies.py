from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import RelationKind
from dedup.copies import loosen
from dedup.texts import DAY, NEVER, STOCK, Texts

if TYPE_CHECKING:
    from pathlib import Path

COPY = (RelationKind.EXACT, RelationKind.NEAR)


def words(story: int, count: int) -> list[str]:
    return [f"w{story}x{place}" for place in range(count)]


@st.composite
def corpora(draw: st.DrawFn, days: int) -> list[dict[str, Any]]:
    """Copies of three stories, each with up to a few words changed one after the other."""
    drift = {story: words(story, 60) for story in range(3)}
    records = []
    for number in range(draw(st.integers(2, 14))):
        story = draw(st.integers(0, 2))
        for place in draw(st.lists(st.integers(0, 59), max_size=3)):
            drift[story][place] = f"n{number}x{place}"
        kept = drift[story][: draw(st.sampled_from([60, 60, 57, 40]))]
        day = draw(st.integers(1, days))
        records.append({"id": f"d{number:02}", "text": " ".join(kept), "published": f"2026-02-{day:02}"})
    return records


@given(corpora(days=8))  # three windows, so that nothing is stock
@settings(max_examples=40)
def test_every_copy_is_verified_against_its_leader(records: list[dict[str, Any]]) -> None:
    result = dedup.find_families(records)
    judged = result._judged
    leader = judged.leader
    assert (leader <= np.arange(len(leader))).all()
    assert (leader[leader] == leader).all()
    ids = [records[row]["id"] for row in judged.order]
    for number, first in enumerate(leader.tolist()):
        assert result.relation(ids[number], ids[first]).relation in COPY
    texts = [records[row]["text"] for row in judged.order]
    for number, text in enumerate(texts):
        assert leader[number] == leader[texts.index(text)]


@given(corpora(days=28), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_made_corpora_are_judged_in_any_order(records: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)
    one, two = dedup.find_families(records), dedup.find_families(shuffled)
    assert one.relations_table().equals(two.relations_table())
    assert one.families_table().equals(two.families_table())
    assert one.documents_table().drop_columns(["line"]).equals(two.documents_table().drop_columns(["line"]))


def test_a_chain_of_small_changes_is_not_one_group_of_copies() -> None:
    text = words(0, 100)
    records = []
    for step in range(12):
        text = [f"s{step}x{place}" if place // 5 == step else word for place, word in enumerate(text)]
        records.append(
            {"id": f"d{step:02}", "text": " ".join(text), "published": f"2026-02-01T{step:02}:00:00"}
        )
    result = dedup.find_families(records)
    assert result.relation("d00", "d01").relation == RelationKind.NEAR
    assert result.relation("d00", "d11").relation not in COPY
    first = result._judged.leader
    assert first[1] == 0 != first[11]


def test_what_is_mostly_stock_is_no_copy_of_an_undated_text_whatever_its_day() -> None:
    first, none = np.array([0, 10]), np.zeros(2, np.uint8)
    columns = (
        np.tile(np.arange(10, dtype=np.uint64), 2),
        np.full(20, STOCK, np.uint8),
        first,
        first + 10,
        none,
    )
    for day in (20_000, 0, -1, -719_162):
        times = np.array([day * DAY, NEVER])
        texts = Texts(*columns, times)
        content, notice, chosen = np.ones((2, 2), np.uint64), np.zeros(2, bool), dedup.Settings()
        assert loosen(np.zeros(2, np.int64), texts, content, notice, chosen).tolist() == [0, 1]
        times[1] = times[0] + 1
        assert loosen(np.zeros(2, np.int64), texts, content, notice, chosen).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("size", "stock", "notice", "leaders"),
    [
        (10, 0, False, [0, 0]),
        (10, 5, False, [0, 0]),
        (10, 6, False, [0, 1]),  # mostly stock text
        (10, 0, True, [0, 1]),
        (0, 0, True, [0, 1]),  # nothing but furniture
        (0, 0, False, [0, 0]),
    ],
)
def test_what_makes_equal_texts_of_two_days_two(
    size: int, stock: int, notice: bool, leaders: list[int]
) -> None:
    start = np.array([0, size])
    words, flags = np.tile(np.arange(size, dtype=np.uint64), 2), np.tile(np.arange(size) < stock, 2)
    texts = Texts(
        *(words, np.where(flags, STOCK, 0).astype(np.uint8), start, start + size),
        *(np.zeros(2, np.uint8), np.array([20_000 * DAY, 20_001 * DAY])),
    )
    notices, content = np.array([False, notice]), np.ones((2, 2), np.uint64)
    assert loosen(np.zeros(2, np.int64), texts, content, notices, dedup.Settings()).tolist() == leaders


def test_many_copies_are_one_document_to_what_follows() -> None:
    texts = [" ".join(words(0, 200)), " ".join(words(0, 120))]
    records = [{"id": f"d{number:03}", "text": texts[number % 2]} for number in range(100)]
    result = dedup.find_families(records)
    (family,) = result.families
    assert len(family) == 100
    assert result.relation_counts()["exact"] == 98
    assert len(result.relations) == 99


def test_a_notice_said_again_takes_nothing_from_the_first_day() -> None:
    text = " ".join(words(0, 40))
    records = [
        {"id": "first", "text": text, "source": "bank.example", "published": "2026-02-02T09:00"},
        {"id": "edited", "text": f"{text} more", "source": "paper.example", "published": "2026-02-02T10:00"},
        {"id": "again", "text": text, "source": "bank.example", "published": "2026-02-09T09:00"},
    ]
    result = dedup.find_families(records)
    assert result.relation("first", "edited").relation == RelationKind.NEAR
    assert [len(family) for family in result.families] == [2]


def test_equal_texts_of_two_days_are_exact_wherever_they_are_told() -> None:
    frame = " ".join(words(99, 60))
    records = [
        {
            "id": f"d{day:02}",
            "text": f"{' '.join(words(day, 40))}. {frame}.",
            "published": f"2026-03-{day:02}",
        }
        for day in range(1, 28, 3)
    ]
    records.append(records[0] | {"id": "again", "published": "2026-03-05"})
    result = dedup.find_families(records)
    judged = result._judged
    assert (judged.leader == np.arange(len(records))).all()  # mostly stock, so that each leads for itself
    (relation,) = result.relations
    assert relation.relation == RelationKind.EXACT
    assert relation == result.relation("again", "d01")
    assert [row["relation"] for row in result.documents_table().to_pylist()].count("exact") == 1


def test_a_sentence_that_is_mostly_stock_is_no_flash(tmp_path: Path) -> None:
    """Ships at a port, in the words of every week: equal ones of two days are not looked at."""
    frame = " ".join(words(96, 12))  # its shingles are among those that an index counts
    records = [
        {"id": f"d{day:02}", "text": f"{' '.join(words(day, 9))} {frame}.", "published": f"2026-03-{day:02}"}
        for day in range(1, 28, 3)
    ]
    records.append(records[-1] | {"id": "again", "published": "2026-03-31"})
    assert len(dedup.find_families(records).relations) == 0
    with dedup.Index.open(tmp_path / "news.db") as index:
        assert index.add_many(records)[-1].relation == RelationKind.NONE  # by now the frame is known
