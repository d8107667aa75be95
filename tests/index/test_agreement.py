"""Articles in the order of time, against a run over all of them."""

import json
import os
import random
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.index import Index

from .news import article, paragraph, story
from .test_index import followed, standing

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
        index.add_many(documents)
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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 3), st.sampled_from(["", "s", "t"])),
        min_size=2,
        max_size=9,
    )
)
def test_notices_of_one_time_are_rebuilt_as_in_a_run(tmp_path_factory, rows):
    """Days of one text alternate where some have no source; equal ones of one time have one family id."""
    documents = [
        article(f"n{n}", [paragraph(("notice", text), 10)], 240 * week, source=source or None)
        for n, (text, week, source) in enumerate(rows)
    ]
    result = dedup.find_families(documents)
    with Index.open(tmp_path_factory.mktemp("notices") / "news.db") as index:
        index.add_many(documents)
        index.rebuild()
        assert index.check() == []
        assert pairs(index.families()) == pairs(result.families)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("flash_first", [True, False])
@pytest.mark.parametrize("count", [12, 14, 17, 23])
def test_a_flash_is_found_with_the_report_that_begins_with_it(tmp_path, count, flash_first, together):
    """One fingerprint in common is enough for a sentence, whichever of the two comes first."""
    documents = []
    for n in range(6):
        opening = paragraph(("flash", n, count), count)
        pair = [
            article(f"flash{n}", [opening], n, source="wire"),
            article(f"report{n}", [opening, *story(n)], n + 0.2, source="paper"),
        ]
        documents += pair if flash_first else pair[::-1]
    result = dedup.find_families(documents)
    assert [len(family) for family in result.families] == [2] * 6
    with Index.open(tmp_path / "news.db") as index, Index.open(tmp_path / "news.db") as other:
        if together:
            index.add_many(documents)
        else:
            for first, second in zip(documents[::2], documents[1::2], strict=True):
                index.add(first)
                assert other.query(second).other == first.id
                other.add(second)
        assert pairs(index.families()) == pairs(result.families)
        assert index.export()["relations"].equals(result.relations_table())
        # a longer text of the same id is no flash any more, but a new flash finds it
        longer = article("flash0", [paragraph(("flash", 0, count), count), *story(7)], 0, source="wire")
        index.add(longer)
        index.remove("report0")
        match = other.query(article("new", [paragraph(("flash", 0, count), count)], 1))
        assert match.relation == "version"


def test_a_flash_in_characters_is_found_with_the_report_that_begins_with_it(tmp_path):
    """Their windows are twice as wide: a text of up to 40 need not share two fingerprints."""
    documents = []
    for n in range(24):
        opening, more = (characters((n, part), count) for part, count in enumerate((34 + n % 7, 160)))
        documents += [
            article(f"flash{n}", [opening], n, source="wire"),
            article(f"report{n}", [opening, more], n + 0.2, source="paper"),
        ]
    result = dedup.find_families(documents)
    assert [len(family) for family in result.families] == [2] * 24
    with Index.open(tmp_path / "news.db") as index:
        index.add_many(documents)
        assert index.export()["relations"].equals(result.relations_table())


def characters(seed: object, count: int) -> str:
    """A sentence of so many ideographs."""
    return "".join(map(chr, random.Random(str(seed)).choices(range(0x4E00, 0x5200), k=count))) + "。"


PARTS = [paragraph(("part", n), 60) for n in range(11)] + ["".join(map(chr, range(0x4E00, 0x4E78))) + "。"]
ENDS = "", "\n\nLanes reopen.", "\n\n(AP)"
PLAIN = {"ends": [""] * 14, "policy": "fullest"}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.frozensets(st.sampled_from([0, 1, 2, 3, 11]), min_size=1, max_size=4)
        | st.sampled_from([frozenset({0}), frozenset({0, 1}), frozenset({0, 1, 2})]),
        max_size=14,
    ),
    ends=st.lists(st.sampled_from(ENDS), min_size=14, max_size=14),
    policy=st.sampled_from(["fullest", "earliest", "source", "agency"]),
    batches=st.lists(st.integers(0, 14), max_size=3),
    removed=st.sets(st.integers(0, 13), max_size=3),
)
# a roundup that comes last, is told by its last piece, though that joins nothing, and by a version is none;
# again once that is gone, and none once a piece is
@example(texts=[{0}, {1}, {2}, {0, 1, 2}], **PLAIN, batches=[], removed=set())
@example(
    texts=[{*range(5)}, {*range(6)}, {0, 6, 7}, {1, 8, 9}, {2, 10, 11}], **PLAIN, batches=[], removed=set()
)
@example(
    texts=[{*range(5)}, {0, 6, 7}, {1, 8, 9}, {2, 10, 11}, {0, 1, 3, 4}], **PLAIN, batches=[], removed=set()
)
@example(
    texts=[{*range(5)}, {*range(5)}, {0, 6, 7}, {1, 8, 9}, {2, 10, 11}, {0, 1, 3, 4}],
    **PLAIN,
    batches=[],
    removed=set(),
)
@example(texts=[{0}, {1}, {0, 1, 2}, {1, 2}], **PLAIN, batches=[3], removed=set())
@example(texts=[{0}, {1}, {0, 1, 2}, {1, 2}], **PLAIN, batches=[], removed={3})
@example(texts=[{0}, {1}, {0, 1, 2}], **PLAIN, batches=[], removed={0})
def test_a_few_paragraphs_in_time_order(tmp_path_factory, texts, ends, policy, batches, removed):
    """Put together anyhow: copies, families, roundups, and what members attest to each other."""
    documents = [
        article(f"d{n}", ["\n\n".join(PARTS[part] for part in sorted(text)) + end], n, source="ab"[n % 2])
        for n, (text, end) in enumerate(zip(texts, ends, strict=False))
    ]
    cuts = [0, *sorted(batches), len(documents)]
    chosen = dedup.Settings(policy=policy, source_priority=("b",) if policy == "source" else ())
    with Index.open(tmp_path_factory.mktemp("parts") / "news.db", chosen) as index:
        for start, stop in pairwise(cuts):
            index.add_many(documents[start:stop])
        for n in sorted(removed):
            index.remove(f"d{n}")
        families, told = list(index.families(min_size=1)), standing(index)
        assert followed(index) == {family.id: set(family.members) for family in families}
        assert {family.id: told[family.id] for family in families} == {f.id: f.canonical for f in families}
        before = judged(index)
        index.rebuild()
        assert before == judged(index)


@pytest.mark.parametrize(("source", "relation"), [("b", "version"), ("a", "partial"), (None, "partial")])
def test_half_of_a_brief_of_another_source(places, source, relation):
    """However it came in, an index knows where a document is from."""
    lead = paragraph("lead", 31)
    long = article("long", [lead, paragraph("more", 200)], source="a")
    brief = article("brief", [lead, paragraph("own", 31)], 1, source=source)
    result = dedup.find_families([long, brief])
    assert result.relation("long", "brief").relation.value == relation
    alone, one, many, merged = (places() for _ in range(4))
    with alone.open() as index:
        index.add(brief)
    with one.open() as index:
        index.add(long)
        assert index.query(brief).relation.value == relation
        assert index.add(brief).relation.value == relation
        index.rebuild()
        assert index.stats()["relations"] == {relation: 1}
        assert index.export()["relations"]["relation"].to_pylist() == [relation]
    with many.open() as index:
        assert [match.relation.value for match in index.add_many([long, brief])] == ["none", relation]
    with merged.open() as index, alone.open() as other:
        index.add(long)
        index.merge(other)
        assert index.stats()["relations"] == {relation: 1}


def judged(index: Index) -> list:
    return [
        index._store.rows(f"SELECT {what} ORDER BY 1")
        for what in (
            "id, leader, roundup, agreed, attested FROM document JOIN body USING (num)",
            "id, canonical, earliest, size, most FROM family",
            "d.id, f.id FROM document d JOIN document l ON l.num = d.leader JOIN family f ON f.num = l.family",
        )
    ]


def pairs(families) -> set[tuple[str, str]]:
    return {pair for family in families for pair in combinations(sorted(family.members), 2)}
