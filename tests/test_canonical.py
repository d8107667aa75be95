from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.canonical import Candidates, agency_of, choose, moment, ranks, reason
from dedup.config import POLICIES, Settings
from dedup.overlap import NEVER

HOUR = 3_600_000_000
PRIORITY = ("best.example", "*.good.example")


@dataclass(frozen=True)
class Version:
    """One version of an article."""

    words: int = 100
    agreed: int = 80
    credited: bool = False
    published: int = 0
    removed: float = 0.0
    source: str | None = None
    agencies: tuple[str, ...] = ()


def candidates_of(versions: list[Version]) -> Candidates:
    def column(name: str, kind: Any) -> np.ndarray:
        return np.array([getattr(version, name) for version in versions], kind)

    return Candidates(
        words=column("words", np.int64),
        agreed=column("agreed", np.int64),
        credited=column("credited", bool),
        agencies=pa.array([list(version.agencies) for version in versions], pa.list_(pa.string())),
        published=column("published", np.int64),
        removed=column("removed", np.float64),
        source=pa.array([version.source for version in versions], pa.string()),
    )


def settings_of(policy: str) -> Settings:
    return Settings(policy=policy, source_priority=PRIORITY if policy == "source" else ())


def best(versions: list[Version], policy: str = "fullest") -> int:
    family = np.zeros(len(versions), np.int64)
    (chosen,) = set(choose(candidates_of(versions), family, settings_of(policy)).tolist())
    return int(chosen)


versions = st.builds(
    Version,
    words=st.sampled_from([0, 50, 100, 101]),
    agreed=st.sampled_from([0, 50, 100]),
    credited=st.booleans(),
    published=st.sampled_from([0, HOUR, NEVER]),
    removed=st.sampled_from([0.0, 0.1]),
    source=st.sampled_from([None, "best.example", "x.good.example", "afp.com"]),
)
groups = st.lists(st.tuples(versions, st.integers(0, 3)), min_size=1, max_size=12)


def first_members(members: list[tuple[Version, int]]) -> np.ndarray:
    """The number of the first member of each one's family."""
    numbers = [number for _, number in members]
    return np.array([numbers.index(number) for number in numbers])


@given(groups, st.sampled_from(POLICIES))
def test_the_order_is_total(members: list[tuple[Version, int]], policy: str) -> None:
    candidates = candidates_of([version for version, _ in members])
    family = first_members(members)
    rank = ranks(candidates, family, settings_of(policy))
    assert sorted(rank.tolist()) == list(range(len(members)))
    chosen = choose(candidates, family, settings_of(policy))
    for number, of in enumerate(family.tolist()):
        mine = np.flatnonzero(family == of)
        assert chosen[number] == mine[np.argmin(rank[mine])]


@given(groups, st.sampled_from(POLICIES))
def test_other_families_do_not_matter(members: list[tuple[Version, int]], policy: str) -> None:
    family = first_members(members)
    chosen = choose(candidates_of([version for version, _ in members]), family, settings_of(policy))
    for of in set(family.tolist()):
        mine = np.flatnonzero(family == of)
        assert chosen[mine[0]] == mine[best([members[x][0] for x in mine], policy)]


@pytest.mark.parametrize("policy", POLICIES)
def test_each_key_decides_when_those_before_are_equal(policy: str) -> None:
    """From the best down, each version is better than the next by one key alone."""
    plain = Version(published=HOUR, removed=0.1)
    ladder = {
        "fullest": [
            Version(words=140, agreed=100, published=HOUR, removed=0.1),
            Version(credited=True, published=HOUR, removed=0.1),
            Version(removed=0.1),
            Version(published=HOUR),
            plain,
        ],
        "earliest": [
            Version(published=-1, words=1, agreed=0),
            Version(words=200, agreed=150, removed=0.1),
            Version(credited=True, removed=0.1),
            Version(),
            Version(removed=0.1),
        ],
        "source": [
            Version(source="best.example", words=1, agreed=0),
            Version(source="a.good.example", words=50, agreed=50),
            Version(words=200, agreed=150),
            plain,
        ],
        "agency": [
            Version(source="afp.com", words=1, agreed=0),
            Version(credited=True, words=50, agreed=50),
            Version(words=200, agreed=150),
            Version(words=90),
            Version(words=99),
            plain,
        ],
    }[policy]
    for better, worse in pairwise(ladder):
        assert best([worse, better], policy) == 1
        assert best([better, worse], policy) == 0
    assert best(ladder[::-1], policy) == len(ladder) - 1
    assert best([plain, plain], policy) == 0


def test_words_of_its_own_count_up_to_those_it_shares() -> None:
    quoting = Version(words=2000, agreed=60)
    assert best([quoting, Version(words=130, agreed=120)]) == 1
    assert best([Version(words=120, agreed=120), Version(words=150, agreed=120)]) == 1


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("AFP", "AFP"),
        ("afp.com", "AFP"),
        ("apnews.com", "AP"),
        ("de.reuters.com", "Reuters"),
        ("shapes.example", None),
        ("", None),
    ],
)
def test_agencies_by_source(source: str, expected: str | None) -> None:
    assert agency_of(source) == expected


def said(chosen: Version, other: Version, policy: str = "fullest", agreement: float = 0.5) -> str:
    candidates = candidates_of([chosen, other, other])
    return reason(0, [0, 1, 2], candidates, agreement, settings_of(policy))


def test_reason_of_the_fullest() -> None:
    credited = Version(credited=True, agencies=("dpa",), published=3 * HOUR)
    assert said(credited, Version(published=HOUR)) == (
        "covers 50 % of what two or more of 3 versions share, 100 words; dpa credit; 2 h after the earliest"
    )
    assert said(Version(), Version(published=NEVER), agreement=0.9999).startswith("covers 100 % of")
    assert said(Version(), Version(published=NEVER), agreement=0.9998).startswith("covers 99 % of")
    assert said(Version(published=NEVER), Version()).endswith("100 words")


def test_reason_of_other_policies() -> None:
    assert said(Version(), Version(published=HOUR), "earliest").startswith("the earliest; ")
    preferred = said(Version(source="x.good.example"), Version(), "source")
    assert preferred.startswith("x.good.example is number 2 of the priority list; ")
    assert said(Version(source="afp.com"), Version(), "agency").startswith("published by AFP itself; ")


@pytest.mark.parametrize(
    ("chosen", "other", "expected"),
    [
        (Version(80, 80), Version(80, 80), "the same 80 words in both versions"),
        (Version(0, 0), Version(0, 0), "the same text in both versions"),
        (
            Version(100, 80),
            Version(80, 80),
            "has the 80 words that both versions share and adds 20 of its own",
        ),
        (Version(80, 80), Version(100, 80), "has the 80 words that both versions share and adds nothing"),
    ],
)
def test_reason_of_two(chosen: Version, other: Version, expected: str) -> None:
    assert reason(0, [0, 1], candidates_of([chosen, other]), 1.0, Settings()).split("; ")[0] == expected


@pytest.mark.parametrize(
    ("microseconds", "expected"),
    [
        (0, "the earliest"),
        (1, "less than a minute after the earliest"),
        (75 * HOUR // 60, "75 min after the earliest"),
        (2 * HOUR, "2 h after the earliest"),
        (50 * HOUR, "2 days after the earliest"),
    ],
)
def test_time_after_the_earliest(microseconds: int, expected: str) -> None:
    assert said(Version(published=microseconds), Version()).endswith(f"; {expected}")


def test_moment() -> None:
    assert moment(int(NEVER)) is None
    assert str(moment(HOUR)) == "1970-01-01 01:00:00+00:00"
