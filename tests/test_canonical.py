"""dedup.canonical: the policies' total orders, and the reason in words."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.boilerplate import agency_of
from dedup.canonical import Versions, _span, choose, place_of, ranks, reason
from dedup.config import Policy, Settings
from dedup.texts import NEVER


def settings(policy: str) -> Settings:
    return Settings(
        policy=policy, source_priority=("*.wire.example", "herald.*") if policy == "source" else ()
    )


def versions(*rows: tuple[int, int, bool, int, str | None]) -> Versions:
    """Rows of words, agreed words, credited, published, source."""
    words, agreed, credited, published, source = zip(*rows, strict=True)
    return Versions(
        words=np.array(words),
        agreed=np.array(agreed),
        credited=np.array(credited, bool),
        agencies=pa.array([["AFP"] if c else [] for c in credited], pa.list_(pa.string())),
        published=np.array(published, np.int64),
        removed=np.zeros(len(rows)),
        source=pa.array(source, pa.string()),
    )


def chosen(policy: str, *rows: tuple[int, int, bool, int, str | None]) -> int:
    return int(choose(versions(*rows), np.zeros(len(rows), np.int64), settings(policy))[0])


def test_fullest_is_the_longer_of_two():
    assert chosen("fullest", (300, 300, True, 1, None), (420, 300, False, 2, None)) == 1


def test_own_matter_counts_no_more_than_what_is_shared():
    assert chosen("fullest", (400, 380, False, 1, None), (5000, 150, False, 2, None)) == 0


def test_among_equals_a_credit_decides_then_time():
    assert chosen("fullest", (300, 300, False, 1, None), (300, 300, True, 2, None)) == 1
    assert chosen("fullest", (300, 300, False, 2, None), (300, 300, False, 1, None)) == 1


def test_what_is_not_here_may_be_the_fullest_of_its_family():
    """Of two of which one has three words in a hundred more that one stands, but the earlier, if a third has far more."""
    rows = [(300, 300, False, 2, None), (290, 290, False, 1, None)] * 2
    both = versions(*rows), np.array([0, 0, 1, 1]), settings("fullest")
    assert choose(*both).tolist() == [0, 0, 2, 2]
    assert choose(*both, [0, 3000]).tolist() == [0, 0, 3, 3]


def test_a_scan_with_torn_words_is_no_fuller():
    """Words torn in two are more words; the earlier text stands."""
    assert chosen("fullest", (301, 280, False, 1, None), (304, 280, False, 2, None)) == 0
    assert chosen("fullest", (301, 280, False, 1, None), (330, 280, False, 2, None)) == 1


def test_earliest_and_undated_last():
    assert chosen("earliest", (300, 300, False, NEVER, None), (100, 100, False, 5, None)) == 1


def test_source_patterns_in_their_order():
    rows = (
        (900, 300, False, 1, None),
        (300, 300, False, 2, "Herald.example"),
        (300, 300, False, 3, "de.wire.example"),
    )
    assert chosen("source", *rows) == 2
    assert chosen("source", *rows[:2]) == 1
    assert place_of("HERALD.example", ("*.wire.example", "herald.*")) == 1
    assert place_of("other", ("a", "b")) == 2


def test_agency_is_closest_to_the_agency_s_own_text():
    longer = (500, 300, True, 1, "herald.example")
    plain = (310, 300, True, 3, "courier.example")
    own = (300, 300, False, 4, "www.afp.com")
    assert chosen("agency", longer, plain) == 1
    assert chosen("agency", longer, plain, own) == 2
    assert chosen("agency", (310, 300, False, 1, None), longer) == 1


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("AFP", "AFP"),
        ("www.afp.com", "AFP"),
        ("apnews.com", "AP"),
        ("de.reuters.com/wire", "Reuters"),
        ("shape.example", None),
        ("apple.com", None),
        ("The Associated Press", "AP"),
        ("Agence France-Presse", "AFP"),
        ("https://apnews.com/article/x", "AP"),
        ("https://www.reuters.com:443", "Reuters"),
        ("tt.se", "TT"),
        ("agenciabrasil.ebc.com.br", "Agência Brasil"),
        ("भाषा", "PTI"),  # in texts only between brackets
        ("com", None),
        ("", None),
        # others have the letters in their hosts
        ("www.tt.com", None),
        ("www.ina.fr", None),
        ("www.dep.pa.gov", None),
        ("app.example.com", None),
        ("notreuters.com", None),
    ],
)
def test_an_agency_s_own_site_is_known_by_its_name(source, name):
    assert agency_of(source) == name


rows = st.tuples(
    st.integers(0, 500),
    st.integers(0, 500),
    st.booleans(),
    st.integers(0, 5),
    st.sampled_from([None, "a.wire.example", "afp.com", "x"]),
).map(lambda row: (row[0], min(row[:2]), *row[2:]))


@given(st.lists(rows, min_size=1, max_size=8), st.sampled_from(Policy))
def test_every_policy_is_a_total_order_that_other_families_do_not_touch(found, policy):
    doubled = versions(*found, *found)
    family = np.repeat([0, len(found)], len(found))
    rank = ranks(doubled, family, settings(policy))
    assert sorted(rank) == list(range(2 * len(found)))
    best = choose(doubled, family, settings(policy))
    assert (best[len(found) :] == best[: len(found)] + len(found)).all()
    assert best[0] == min(range(len(found)), key=lambda n: rank[n])


def test_the_reason_has_its_numbers():
    minute = 60_000_000
    many = versions(
        (400, 380, True, 38 * minute, "a"), (390, 380, False, 0, "b"), (200, 200, False, NEVER, "c")
    )
    said = reason(0, [0, 1, 2], many, 0.97, Settings())
    assert (
        said == "has 400 words and covers 97 % of what two or more of 3 versions share; "
        "AFP credit; 38 min after the earliest with a date"
    )
    two = versions((400, 380, False, 0, "a"), (380, 380, False, minute, "b"))
    assert (
        reason(0, [0, 1], two, 1.0, Settings())
        == "has 400 words, 380 of them in passages that both versions share; the earliest"
    )
    same = versions((380, 380, False, NEVER, "a"), (380, 380, False, NEVER, "b"))
    assert reason(0, [0, 1], same, 1.0, Settings()) == "the same 380 words in both versions"


def test_the_reason_says_where_the_policy_found_it():
    rows = ("de.wire.example", "afp.com", "courier.example", None)
    found = versions(*((300, 300, False, NEVER, source) for source in rows))
    heads = [
        [reason(number, [0, 1, 2, 3], found, 1.0, chosen).split("; ")[0] for number in range(4)]
        for policy in ("fullest", "source", "agency")
        for chosen in [Settings(policy=policy, source_priority=("*.wire.example",))]
    ]
    same = "the same 300 words in all 4 versions"
    assert heads == [
        [same] * 4,
        ["de.wire.example is number 1 of the priority list", same, same, same],
        [same, "published by AFP itself", same, same],
    ]


@pytest.mark.parametrize(
    ("first", "here", "told"),
    [
        (0, 0, ["the earliest"]),
        (0, 5, ["less than a minute after the earliest"]),
        (5, NEVER, []),
        (NEVER, NEVER, []),
    ],
)
def test_the_reason_says_how_late_a_version_came(first, here, told):
    two = versions((300, 300, False, first, None), (300, 300, False, here, None))
    same = "the same 300 words in both versions"
    assert reason(1, [0, 1], two, 1.0, settings("fullest")).split("; ") == [same, *told]
    assert reason(1, [0, 1], two, 1.0, settings("earliest")).split("; ") == [*told, same]


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0.4, "less than a minute"),
        (1, "1 min"),
        (119, "119 min"),
        (120, "2 h"),
        (2880, "2 days"),
        (5300, "4 days"),
    ],
)
def test_a_span_of_time_in_words(minutes, told):
    assert _span(timedelta(minutes=minutes)) == told


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        ((300, 300), (310, 300), "has 300 words, all of them in passages that both versions share"),
        ((310, 300), (300, 300), "has 310 words, 300 of them in passages that both versions share"),
        ((3010, 1300), (3010, 1300), "has 3,010 words, 1,300 of them in passages that both versions share"),
        ((300, 300), (299, 299), "has 300 words, all of them in passages that both versions share"),
        ((300, 300), (300, 300), "the same 300 words in both versions"),
        ((1, 1), (1, 1), "the same 1 word in both versions"),
        ((0, 0), (0, 0), "the same text in both versions"),
    ],
)
def test_the_reason_says_what_both_versions_have(own, other, told):
    two = versions((*own, False, NEVER, None), (*other, False, NEVER, None))
    assert reason(0, [0, 1], two, 1.0, settings("fullest")) == told


def test_a_share_is_never_rounded_up_to_all():
    many = versions(*[(400, 380, False, NEVER, None)] * 3)
    assert "covers 99.9 %" in reason(0, [0, 1, 2], many, 0.9989, Settings())
