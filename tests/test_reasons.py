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
        (Rule.FEW, (0, 0), 0, 0, "no passage is shared"),
        (Rule.FEW, (0.1, 0.05), 9, 9, "only 9 words are shared, fewer than 12"),
        (Rule.FEW, (0.1, 0.39), 14, 14, "14 words are shared, but no run of them has 8"),
        (Rule.QUOTED, (0.1, 0.3), 30, 5, "only 5 of them outside quotations, fewer than 18"),
        (Rule.QUOTED, (0.1, 0.3), 25, 25, "fewer than 30, and in fewer than two sentences"),
        (Rule.FIGURES, (0.6, 0.6), 90, 80, "90 words are shared, but their figures differ: one frame"),
        (Rule.WEEKDAYS, (0.6, 0.6), 90, 80, "but their days differ: one frame, other facts"),
        (Rule.NAMES, (0.6, 0.6), 90, 80, "but the names in their headlines differ: one frame"),
        (Rule.FURNITURE, (0.1, 0.6), 90, 80, "but they stand at the head and the foot alone: one frame"),
        (Rule.BACKGROUND, (0.1, 0.298), 90, 80, "80 shared words outside quotations, but articles more than"),
        (Rule.BACKGROUND, (0.1, 0.298), 90, 80, "29 % of the shorter is in the longer, less than 30 %, and"),
        (Rule.BACKGROUND, (0.1, 0.298), 90, 80, "and not 17 % with a run of 30 words"),
        (
            Rule.SCRAPS,
            (0.1, 0.4),
            90,
            20,
            "more than 3 days apart share a frame: runs of fewer than 12 words",
        ),
        (Rule.FACTS, (0.1, 0.3), 12, 12, "12 shared words outside quotations are not stock text, but they"),
        (Rule.SENTENCES, (0.1, 0.3), 90, 20, "at least 18 in two sentences or more; but only 30 % of the"),
        (Rule.PASSAGES, (0.1, 0.3), 90, 30, "30 shared words outside quotations, at least 30; but only 30 %"),
        (Rule.PASSAGES, (0.1, 0.479), 90, 80, "only 47 % of the shorter is in the longer, less than 48 %"),
        (Rule.SEQUEL, (0.5, 0.598), 90, 80, "but only 59 % of the shorter is in the longer, less than 60 %,"),
        (Rule.THIN, (0.3, 0.5), 31, 31, "50 % of the shorter is in the longer, but with 31 shared words"),
        (Rule.RETOLD, (0.5, 0.65), 90, 80, "65 % of the shorter is in the longer, but of its words outside"),
        (Rule.COVERED, (0.63, 0.2), 90, 80, "63 % of the shorter is in the longer, at least 48 %, with 80"),
        (Rule.ROUNDED, (0.1, 0.476), 90, 80, "47 % of the shorter is in the longer, and at least 48 % with"),
        (Rule.LATER, (0.1, 0.7), 90, 80, "70 % of the shorter is in the longer, at least 60 %, which texts"),
        (Rule.REPORT, (0.1, 0.7), 90, 10, "at least 48 %, and it holds the figures of one day"),
        (
            Rule.REPORT,
            (0.1, 0.476),
            90,
            10,
            "47 % of the shorter is in the longer, and at least 48 % with the",
        ),
        (
            Rule.BRIEF,
            (0.1, 0.55),
            25,
            25,
            "55 % of the shorter is in the longer, at least 50 %, and of another",
        ),
        (Rule.CUT, (1, 0.6), 90, 4, "the shorter was cut from the longer: 100 % and 60 % are shared"),
        (Rule.FLASH, (0.9, 0.1), 28, 26, "a flash, and what it grew into within half a day: 90 % of it"),
        (Rule.WHOLE, (0.85, 0.7), 90, 4, "most of both is shared, whoever says it: 70 % and 85 %"),
        (Rule.NEAR, (0.97, 0.95), 90, 80, "95 % and 97 %, at least 90 %"),
        (Rule.EXACT, (1, 1), 90, 80, "equal word for word"),
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
    assert explain(relation, Rule.QUOTED, settings).endswith("fewer than 30")


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
        (0.479, 0.48, "only 47 % of the shorter is in the longer, less than 48 %"),
        (0.484, 0.485, "only 47 % of the shorter is in the longer, less than 48 %"),
        (0.002, 0.004, "only 0.2 % of the shorter is in the longer, less than 0.4 %"),
        (0.3, 0.48, "only 30 % of the shorter is in the longer, less than 48 %"),
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
