from __future__ import annotations

import copy
import pickle
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedup
from dedup import Document, Relation, RelationKind
from dedup.errors import UsageError
from dedup.tables import Tables
from dedup.wording import percent

if TYPE_CHECKING:
    from dedup.result import Result


def story(name: str, sentences: int) -> str:
    """Sentences of a dozen words that no other story has."""
    return " ".join(
        " ".join(f"{name}{x}{letter}" for letter in "abcdefghijkl") + "." for x in range(sentences)
    )


def record(identity: str, text: str, hour: int, **fields: Any) -> dict[str, Any]:
    return {"id": identity, "text": text, "published": f"2026-03-01T{hour:02}:00:00Z", **fields}


LONG, CUT, OTHER = story("heron", 12), story("heron", 7), story("otter", 9)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORDS = [
    record("z-first", CUT, 6, source="one.example"),
    record("b-longer", LONG, 9, source="two.example"),
    record("a-copy", CUT, 8, source="one.example"),
    record("alone", OTHER, 7),
]


@pytest.fixture(scope="module")
def result() -> Result:
    return dedup.find_families(RECORDS)


def test_a_family(result: Result) -> None:
    (family,) = result.families
    assert family.members == ("z-first", "a-copy", "b-longer")
    assert (family.earliest, family.canonical.id) == ("z-first", "b-longer")
    assert [variant.id for variant in family.variants] == ["z-first", "a-copy"]
    assert family.sources == ("one.example", "two.example")
    assert len(family) == 3
    assert family.reason
    assert result.family("a-copy") == family
    assert result.family("alone") is None


def test_of_a_family_without_dates_none_is_the_earliest() -> None:
    undated = [{**row, "published": None} for row in RECORDS]
    found = dedup.find_families(undated)
    (family,) = found.families
    assert family.earliest is None
    assert len(family) == 3
    row = found.families_table().to_pylist()[0]
    assert (row["earliest"], row["first_published"], row["id"]) == (None, None, family.id)
    undated[1] = RECORDS[1]
    assert [f.earliest for f in dedup.find_families(undated).families] == [RECORDS[1]["id"]]


WORDS = 48  # of a paragraph
versions = st.lists(
    st.tuples(st.sets(st.integers(0, 5), min_size=1), st.none() | st.integers(0, 200)), min_size=2, max_size=5
)


@given(versions, st.sampled_from(["fullest", "earliest"]))
@settings(max_examples=60)
@example([({0, 1}, 0), ({0, 1}, 0), ({0}, 0)], "fullest")  # all of each stands in others, but not all in all
@example([({0, 1}, 0), ({0, 1}, 0), ({1, 2}, 0), ({1, 2}, 0)], "fullest")
def test_all_numbers_of_a_reason_are_those_of_the_texts(
    parts: list[tuple[set[int], int | None]], policy: str
) -> None:
    records = [
        {"id": str(place), "text": "\n\n".join(story(f"p{i}", WORDS // 12) for i in sorted(paragraphs))}
        | ({} if hour is None else {"published": (NOON + timedelta(hours=hour)).isoformat()})
        for place, (paragraphs, hour) in enumerate(parts)
    ]
    for family in dedup.find_families(records, dedup.Settings(policy=policy)).families:
        texts, hours = zip(*(parts[int(identity)] for identity in family.members), strict=True)
        own, hour = parts[int(family.canonical.id)]
        several = {i for i in range(6) if sum(i in text for text in texts) > 1}
        if all(text == own for text in texts):
            everyone = "both versions" if len(family) == 2 else f"all {len(family)} versions"
            said = f"the same {WORDS * len(own)} words in {everyone}"
        elif len(family) == 2:
            agreed = "all" if own == several else WORDS * len(several)
            said = f"has {WORDS * len(own)} words, {agreed} of them in passages that both versions share"
        else:
            share = percent(len(own & several) / len(several))
            everyone = f"two or more of {len(family)} versions"
            said = f"has {WORDS * len(own)} words and covers {share} of what {everyone} share"
        if hour is not None:
            late = hour - min(h for h in hours if h is not None)
            span = f"{late * 60} min" if late < 2 else f"{late} h" if late < 48 else f"{late / 24:.0f} days"
            time = (f"{span} after " if late else "") + "the earliest" + " with a date" * (None in hours)
            said = f"{time}; {said}" if policy == "earliest" else f"{said}; {time}"
        assert family.reason == said


def test_a_result_says_what_was_found(result: Result) -> None:
    assert repr(result) == "<Result: 4 documents, 1 families, 2 relations>"
    assert repr(result.families) == "<1 items, each made when it is looked at>"


def test_documents_come_back_as_they_were_given(result: Result) -> None:
    document = result.document("alone")
    assert document == Document("alone", OTHER, published=datetime(2026, 3, 1, 7, tzinfo=UTC))
    assert len(result) == 4


def test_diff_of_a_variant(result: Result) -> None:
    (family,) = result.families
    for variant in family.variants:
        assert family.diff(variant.id).apply(family.canonical.text) == variant.text
    with pytest.raises(UsageError, match="'alone' is no variant"):
        family.diff("alone")


def test_a_relation_from_both_sides(result: Result) -> None:
    one, two = result.relation("a-copy", "b-longer"), result.relation("b-longer", "a-copy")
    assert one.relation == RelationKind.VERSION
    assert (one.a, one.b, two.a, two.b) == ("a-copy", "b-longer", "b-longer", "a-copy")
    assert (one.coverage_a, one.coverage_b) == (two.coverage_b, two.coverage_a)
    assert one.coverage_a == 1 > one.coverage_b
    spans = [(p.a_start, p.a_end, p.b_start, p.b_end) for p in one.passages]
    assert spans == [(p.b_start, p.b_end, p.a_start, p.a_end) for p in two.passages]
    assert one.shared_words == two.shared_words > 0


def test_any_pair_has_a_relation(result: Result) -> None:
    assert result.relation("z-first", "a-copy").relation == RelationKind.EXACT
    assert result.relation("alone", "alone").relation == RelationKind.EXACT
    assert result.relation("alone", "a-copy").relation == RelationKind.NONE
    for call in (result.document, result.family, lambda x: result.relation("alone", x)):
        with pytest.raises(UsageError, match="no document with id 'nobody'"):
            call("nobody")


def test_why_a_pair_is_related_so(result: Result) -> None:
    assert result.explain("alone", "a-copy") == "they share no passage"
    for pair in (("z-first", "a-copy"), ("a-copy", "z-first"), ("alone", "alone")):
        assert result.explain(*pair).startswith("word for word the same, but for case")
    assert result.explain("a-copy", "b-longer") == result.explain("b-longer", "a-copy")
    assert result.explain("a-copy", "b-longer").endswith(
        "of the shorter one (version needs 48 %), 84 words of it outside quotations"
    )


def test_why_articles_without_a_body_are_equal_or_not() -> None:
    texts = "Subscribe to our newsletter", "Subscribe to our newsletter", "Follow us on Twitter", "…"
    found = dedup.find_families([record(f"{n}", text, n) for n, text in enumerate(texts)])
    assert found.relation("0", "1").relation == RelationKind.EXACT
    assert "word for word the same" in found.explain("0", "1")
    for other in "23":
        assert found.explain("0", other).startswith("one of them has no text left")


def test_equal_notices_of_two_days_are_two() -> None:
    """What says so of a pair is what the tables say."""
    frame = story("frame", 5)
    texts = [f"{story(f'own{n}', 8)}\n\n{frame}" for n in range(8)] + [
        f"{frame}\n\nNothing new this week."
    ] * 2
    weekly = [Document(f"n{n}", text, published=NOON + timedelta(weeks=n)) for n, text in enumerate(texts)]
    result = dedup.find_families(weekly)
    assert len(result.families) == 0
    assert result.relation("n8", "n9").relation is RelationKind.NONE
    assert result.explain("n8", "n9").startswith("word for word the same, but mostly stock text, and of two")


def test_relations_are_a_sequence(result: Result) -> None:
    relations = list(result.relations)
    assert len(result.relations) == len(relations) == 2
    assert all(isinstance(relation, Relation) for relation in relations)
    assert [result.relations[x] for x in (0, 1, -1)] == [relations[x] for x in (0, 1, -1)]
    assert result.relations[1:] == relations[1:]
    assert relations[1] in result.relations
    for place in (2, -3):
        with pytest.raises(IndexError):
            result.relations[place]


def test_families_are_made_when_they_are_looked_at(seeds: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    families = list(seeds.families)
    made: list[int] = []
    document = seeds._document
    monkeypatch.setattr(seeds, "_document", lambda number: made.append(number) or document(number))
    assert len(seeds.families) == len(families) > 3
    assert not made
    assert next(iter(seeds.families)) == families[0]
    assert len(made) == len(families[0])
    assert (seeds.families[-1], seeds.families[1:3]) == (families[-1], families[1:3])
    assert families == [seeds.family(family.earliest) for family in families]


def test_listed_relations_are_those_of_single_pairs(seeds: Result) -> None:
    for relation in seeds.relations:
        assert seeds.relation(relation.a, relation.b) == relation


@pytest.mark.parametrize("identity", ["none", None, 1, ["alone"]])
def test_no_such_document(result: Result, identity: Any) -> None:
    asked = (
        *(result.document, result.family, result.stock_spans),
        *(lambda some: result.relation("alone", some), lambda some: result.explain("alone", some)),
    )
    for ask in asked:
        with pytest.raises(UsageError, match="no document with id"):
            ask(identity)


def test_numbers_find_what_has_them_for_ids() -> None:
    found = dedup.find_families([{"id": 5, "text": LONG}, {"id": 6, "text": CUT}])
    assert found.document(5) == found.document("5") == found.document(5.0)
    assert found.family(5) == found.family("6")
    assert (relation := found.relation(6, 5)).a == "6"
    assert relation == found.relation("6", "5")
    assert found.explain(6, 5) == found.explain("6", "5")


def test_counts(result: Result) -> None:
    counts = {"exact": 1, "near": 0, "version": 1, "partial": 0, "quote": 0}
    assert result.relation_counts() == counts
    assert result.kept().tolist() == [False, True, False, True]


def test_the_largest_families(seeds: Result) -> None:
    sizes = [len(family) for family in seeds.largest_families(3)]
    assert sizes == sorted((len(family) for family in seeds.families), reverse=True)[:3]
    assert seeds.largest_families(0) == seeds.largest_families(-1) == []
    assert [family.id for family in seeds.families] == sorted(family.id for family in seeds.families)


def test_a_family_keeps_its_id_when_versions_join(result: Result) -> None:
    later = record("later", story("heron", 10), 20)
    (before,), (after,) = result.families, dedup.find_families([later, *RECORDS]).families
    assert before.id == after.id
    assert len(after) == 4


def test_each_variant_stands_beside_its_canonical(result: Result) -> None:
    table = {row["id"]: row for row in result.documents_table().to_pylist()}
    assert table["a-copy"]["relation"] == "version"
    assert table["a-copy"]["coverage"] == 1
    assert table["a-copy"]["canonical_coverage"] == result.relation("b-longer", "a-copy").coverage_a
    assert [table[x]["role"] for x in ("alone", "b-longer", "z-first")] == ["single", "canonical", "variant"]
    assert table["b-longer"]["relation"] is None


def test_dates_that_cannot_be_read_are_told():
    documents = [{"id": "a", "text": "Some words.", "published": "once"}, {"id": "b", "text": "Other words."}]
    result = dedup.find_families(documents)
    assert [(warning.id, warning.reason) for warning in result.warnings] == [
        ("a", "published is no date that can be read: 'once'")
    ]


def test_a_copy_can_be_sent_elsewhere(result):
    family = result.families[0]
    for sent in (pickle.loads(pickle.dumps(family)), copy.deepcopy(family)):
        assert sent == family
        assert sent.timeline == family.timeline
    assert asdict(family)["members"] == family.members
    there = pickle.loads(pickle.dumps(result))
    assert list(there.relations) == list(result.relations)
    assert list(there.families) == list(result.families)
    for items in (result.families, result.relations):
        assert pickle.loads(pickle.dumps(items)) == list(items)
    assert "relations" not in vars(pickle.loads(pickle.dumps(result)))


def test_relations_are_put_together_once(result, monkeypatch):
    fresh = copy.copy(result)
    fresh.__dict__.pop("relations", None)
    made, make = [], Tables.relations_table
    monkeypatch.setattr(Tables, "relations_table", lambda self: made.append(0) or make(self))
    assert [fresh.relations[n] for n in range(len(fresh.relations))] == list(result.relations)
    assert len(made) <= 2
