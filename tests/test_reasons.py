from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import Relation, RelationKind, Settings, find_families
from dedup.reasons import explain
from dedup.verdicts import Rule
from dedup.wording import percent


def said(rule: Rule, coverage: tuple[float, float], shared: int, narrative: int) -> str:
    relation = Relation("a", "b", RelationKind.NONE, *coverage, shared, narrative)
    return explain(relation, rule, Settings())


@pytest.mark.parametrize(
    ("rule", "coverage", "shared", "narrative", "expected"),
    [
        (Rule.FEW, (0, 0), 0, 0, "they share no passage"),
        (Rule.FEW, (0.1, 0.05), 9, 9, "they share only 9 words (quote needs 12)"),
        (Rule.FEW, (0.1, 0.39), 14, 14, "they share 14 words, but no 8 of them in a row"),
        (Rule.EMPTY, (0, 0), 0, 0, "one of them has no text left"),
        (Rule.RECURRING, (0, 0), 0, 0, "stock text aside, which recurs"),
        (Rule.QUOTED, (0.1, 0.3), 30, 5, "30 words, but only 5 outside quotations (partial needs 30, in"),
        (Rule.QUOTED, (0.1, 0.3), 30, 0, "30 words, but none outside quotations (partial needs 30, in two"),
        (Rule.QUOTED, (0.1, 0.3), 15, 15, "they share only 15 words outside quotations (partial needs 30"),
        (Rule.PHRASES, (0.6, 0.6), 90, 80, "90 words, but in phrases of fewer than 8 on average: one frame"),
        (Rule.FIGURES, (0.6, 0.6), 90, 80, "they share 90 words, but their figures differ: one frame"),
        (Rule.WEEKDAYS, (0.6, 0.6), 90, 80, "but their days differ: one frame around other facts"),
        (Rule.NAMES, (0.6, 0.6), 90, 80, "but the names in their headlines differ: one frame"),
        (Rule.FURNITURE, (0.1, 0.6), 90, 80, "but only at the head or the foot: one frame"),
        (Rule.BACKGROUND, (0.1, 0.3), 90, 80, "80 words outside quotations, but more than 3 days apart that"),
        (Rule.BACKGROUND, (0.1, 0.298), 90, 80, "has only 29 % of the shorter one (partial then needs 30 %,"),
        (Rule.BACKGROUND, (0.1, 0.298), 90, 80, "or 17 % and 30 words in a row)"),
        (Rule.SCRAPS, (0.1, 0.4), 90, 20, "3 days apart and in pieces of fewer than 12 words on average"),
        (Rule.FACTS, (0.1, 0.3), 12, 12, "of at least 30 words, though only 12 words that are neither"),
        (Rule.SENTENCES, (0.1, 0.3), 90, 20, "20 words outside quotations in two sentences or more (partial"),
        (Rule.PASSAGES, (0.1, 0.3), 90, 30, "30 words outside quotations (partial needs 30), but the longer"),
        (Rule.PASSAGES, (0.1, 0.479), 90, 80, "only 47 % of the shorter one (version needs at least 48 %)"),
        (
            Rule.SEQUEL,
            (0.5, 0.598),
            90,
            80,
            "has only 59 % of the shorter one (version needs 60 % days apart)",
        ),
        (
            Rule.THIN,
            (0.3, 0.5),
            31,
            31,
            "but only 31 words of it outside quotations (version needs 32, of short",
        ),
        (Rule.RETOLD, (0.5, 0.65), 90, 80, "has 65 % of the shorter one, but less than 35 % of its words"),
        (Rule.COVERED, (0.63, 0.2), 90, 80, "has 63 % of the shorter one (version needs 48 %), 80 words of"),
        (
            Rule.ROUNDED,
            (0.1, 0.476),
            90,
            80,
            "has 47 % of the shorter one, and with the rest of sentences half of which are shared the 48 % that",
        ),
        (Rule.LATER, (0.1, 0.7), 90, 80, "has 70 % of the shorter one (version needs 60 % days apart), 80"),
        (Rule.REPORT, (0.1, 0.7), 90, 10, "(version needs 48 %), with the figures of one day"),
        (Rule.REPORT, (0.1, 0.476), 90, 10, "the 48 % that version needs, with the figures of one day"),
        (Rule.BRIEF, (0.1, 0.55), 25, 25, "of another source, has 55 % of the shorter one, 25 words of it"),
        (Rule.CUT, (1, 0.6), 90, 4, "was cut from the longer one: they share 100 % of one and 60 % of the"),
        (Rule.FLASH, (0.9, 0.1), 28, 26, "within half a day of it a longer article that has 90 % of it"),
        (Rule.WHOLE, (0.85, 0.7), 90, 4, "most of both is shared: 85 % of one and 70 % of the other"),
        (Rule.NEAR, (0.97, 0.95), 90, 80, "97 % of one and 95 % of the other (near needs 90 % of both)"),
        (
            Rule.NEAR,
            (1.0, 1.0),
            90,
            80,
            "all of both is shared, but for light edits or the order (near needs 90 %",
        ),
        (Rule.EXACT, (1, 1), 90, 80, "word for word the same"),
    ],
)
def test_rules_in_words(
    rule: Rule, coverage: tuple[float, float], shared: int, narrative: int, expected: str
) -> None:
    assert expected in said(rule, coverage, shared, narrative)


@given(st.sampled_from(Rule), st.tuples(*[st.floats(0, 1)] * 2), st.integers(0, 500), st.integers(0, 500))
def test_every_rule_says_something(
    rule: Rule, coverage: tuple[float, float], shared: int, narrative: int
) -> None:
    assert len(said(rule, coverage, shared, narrative)) > 10


@pytest.mark.parametrize("two_sentences", [30, 50])
def test_where_sentences_do_not_count_none_are_named(two_sentences: int) -> None:
    relation = Relation("a", "b", RelationKind.QUOTE, 0.1, 0.2, 90, 20)
    settings = Settings(two_sentences=two_sentences)
    assert explain(relation, Rule.QUOTED, settings).endswith("(partial needs 30)")


def test_a_window_of_a_day() -> None:
    relation = Relation("a", "b", RelationKind.QUOTE, 0.1, 0.2, 90, 20)
    assert "more than 1 day apart" in explain(relation, Rule.SCRAPS, Settings(stock_window_days=1))


def test_percent_keeps_all_and_nothing_for_themselves() -> None:
    shares = (0, 0.0001, 0.004, 0.326, 0.996, 0.99999, 1)
    assert [percent(share) for share in shares] == [
        "0 %",
        "0.1 %",
        "0.4 %",
        "33 %",
        "99.6 %",
        "99.9 %",
        "100 %",
    ]


@pytest.mark.parametrize(
    ("share", "limit", "expected"),
    [
        (0.479, 0.48, "only 47 % of the shorter one (version needs at least 48 %)"),
        (0.484, 0.485, "only 47 % of the shorter one (version needs at least 48 %)"),
        (0.002, 0.004, "only 0.2 % of the shorter one (version needs at least 0.4 %)"),
        (0.3, 0.48, "only 30 % of the shorter one (version needs at least 48 %)"),
    ],
)
def test_a_share_below_a_limit_is_never_told_as_that(share: float, limit: float, expected: str) -> None:
    relation = Relation("a", "b", RelationKind.PARTIAL, 0.001, share, 90, 80)
    assert explain(relation, Rule.PASSAGES, Settings(version_coverage=limit)).endswith(expected)


def test_two_markets_that_one_source_reports_in_one_go() -> None:
    text = "Pigs made {} crowns more this morning, the best 2.61 a kilo."
    records = [
        {
            "id": town,
            "title": f"{town} pig sale opens dearer",
            "text": text.format(more),
            "source": "wire.example",
            "published": f"2026-03-02T08:0{minute}:00Z",
        }
        for town, more, minute in (("Lynford", "1.50", 1), ("Merrow", "1.40", 2))
    ]
    said = find_families(records).explain("Lynford", "Merrow")
    assert "the names in their headlines differ: one frame" in said
