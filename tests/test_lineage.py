"""dedup.agreed: text with its witnesses; dedup.lineage: the forest of versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dedup import Document, Relation, RelationKind
from dedup.agreed import GAP, agree
from dedup.api import find_families
from dedup.lineage import trace

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
LEAD = (
    "The harbour office of Port Alder closed its gates on Tuesday after a crane fell onto the eastern pier."
)
MIDDLE = (
    "Nobody was hurt, the harbour master said, but two cargo ships will have to wait outside the harbour "
    "until the wreck is gone."
)
END = (
    "Engineers expect to lift the broken crane by the end of the week if the wind allows it, she added later."
)
OWN = (
    "Our reporter saw a line of lorries that reached back to the ring road and drivers who played cards "
    "on the kerb."
)


def document(identity: str, *paragraphs: str, source: str | None = None, hours: float | None = 0) -> Document:
    published = None if hours is None else START + timedelta(hours=hours)
    return Document(identity, "\n\n".join(paragraphs), source=source, published=published)


def family(*documents: Document):
    found = find_families(documents).families
    assert len(found) == 1
    assert len(found[0]) == len(documents)
    return found[0]


def test_agreed_text_is_what_two_sources_carry_in_the_order_of_the_fullest():
    found = family(
        document("wire", LEAD, MIDDLE, END, source="wire.example"),
        document("cut", LEAD, MIDDLE, source="courier.example", hours=1),
        document("topped", LEAD, OWN, MIDDLE, END, source="herald.example", hours=2),
    )
    agreed = found.agreed_text
    assert agreed.text == "\n\n".join([LEAD, MIDDLE, END])
    assert [set(passage.witnesses) for passage in agreed.passages] == [
        {"wire", "cut", "topped"},
        {"wire", "cut", "topped"},
        {"wire", "topped"},
    ]
    assert [passage.sources for passage in agreed.passages] == [3, 3, 2]
    assert {passage.earliest for passage in agreed.passages} == {"wire"}


def test_passages_stand_where_they_say():
    documents = [
        document("a", LEAD, OWN, MIDDLE, source="one.example"),
        document("b", "“Look!” " + LEAD, MIDDLE, source="two.example", hours=1),
    ]
    agreed = family(*documents).agreed_text
    texts = {d.id: d.text for d in documents}
    for passage in agreed.passages:
        there = texts[passage.document][passage.document_start : passage.document_end]
        assert agreed.text[passage.start : passage.end] == there


def test_a_witness_carries_the_passage_itself():
    found = family(
        document("wire", LEAD, MIDDLE, END, source="wire.example"),
        document("topped", LEAD, MIDDLE, source="courier.example", hours=1),
        document("beheaded", MIDDLE, END, source="herald.example", hours=2),
    )
    assert [set(passage.witnesses) for passage in found.agreed_text.passages] == [
        {"wire", "topped"},
        {"wire", "topped", "beheaded"},
        {"wire", "beheaded"},
    ]


def test_a_copy_of_a_witness_is_one_too():
    found = family(
        document("topped", OWN, LEAD, MIDDLE, source="wire.example"),
        document("cut", LEAD, MIDDLE, source="courier.example", hours=1),
        document("copy", LEAD, MIDDLE, source="herald.example", hours=2),
    )
    assert found.agreed_text.text == f"{LEAD}\n\n{MIDDLE}"
    for passage in found.agreed_text.passages:
        assert passage.witnesses == ("topped", "cut", "copy")


def test_signs_around_a_passage_belong_to_it():
    aside = f"({MIDDLE})"
    found = family(
        document("a", OWN, aside, LEAD, source="x.example"), document("b", aside, LEAD, source="y.example")
    )
    assert found.agreed_text.text == f"{aside}\n\n{LEAD}"


def test_copies_within_one_source_attest_nothing():
    found = family(
        document("first", LEAD, MIDDLE, END, source="wire.example"),
        document("again", LEAD, MIDDLE, END, source="wire.example", hours=1),
    )
    assert found.agreed_text.text == ""
    assert found.agreed_text.passages == ()


def test_without_sources_copies_of_one_text_are_one_witness():
    found = family(document("first", LEAD, MIDDLE, END), document("again", LEAD, MIDDLE, END, hours=1))
    assert not found.agreed_text.passages
    known = document("known", LEAD, MIDDLE, END, source="wire.example")
    passages = family(known, document("again", LEAD, MIDDLE, END, hours=1)).agreed_text.passages
    assert {passage.sources for passage in passages} == {2}


def test_what_the_fullest_lacks_is_put_where_it_belongs():
    late = "In the evening the ministry said that the crane had passed its inspection three weeks before."
    found = family(
        document("full", LEAD, MIDDLE, END, OWN, source="one.example"),
        document("full-2", LEAD, MIDDLE, END, OWN, source="two.example", hours=1),
        document("update", LEAD, late, MIDDLE, source="three.example", hours=2),
        document("update-2", LEAD, late, MIDDLE, source="four.example", hours=3),
    )
    assert found.agreed_text.text == "\n\n".join([LEAD, late, MIDDLE, END, OWN])


@pytest.mark.parametrize(
    ("late", "added"),
    [
        ("The crane had passed its inspection in spring.", True),
        ("The crane passed its inspection lately.", False),
    ],
)
def test_eight_words_are_worth_adding(late, added):
    found = family(
        document("full", LEAD, MIDDLE, END, OWN, source="one.example"),
        document("full-2", LEAD, MIDDLE, END, OWN, source="two.example", hours=1),
        document("update", LEAD, late, MIDDLE, source="three.example", hours=2),
        document("update-2", LEAD, late, MIDDLE, source="four.example", hours=3),
    )
    assert (late in found.agreed_text.text) == added


def test_words_between_two_agreed_passages_of_a_paragraph_are_marked():
    one = f"{LEAD} It was the second such accident since spring. {MIDDLE}"
    two = f"{LEAD} Shares of the operator fell by four percent at noon after that. {MIDDLE}"
    found = family(document("a", one, source="x.example"), document("b", two, source="y.example", hours=1))
    assert found.agreed_text.text == LEAD + GAP + MIDDLE


def test_the_timeline_tells_what_each_version_added_and_dropped():
    found = family(
        document("wire", LEAD, MIDDLE, END, source="wire.example"),
        document("cut", LEAD, MIDDLE, source="courier.example", hours=1),
        document("cut-topped", OWN, LEAD, MIDDLE, source="herald.example", hours=2),
        document("undated", LEAD, MIDDLE, END, OWN, source="late.example", hours=None),
    )
    steps = {step.id: step for step in found.timeline}
    assert found.timeline[0].id == "wire"
    assert found.timeline[-1].id == "undated"
    assert steps["wire"].parent is None
    assert steps["cut"].parent == "wire"
    assert steps["cut"].added == 0
    assert steps["cut"].dropped == len(END.split())
    assert steps["cut-topped"].parent == "wire"  # shares as much with the cut
    assert abs(steps["cut-topped"].added - len(OWN.split())) <= 1


def test_what_has_no_date_takes_no_part_in_an_order_of_time():
    whole, cut = (LEAD, MIDDLE, END), (LEAD, MIDDLE)
    documents = [
        document("undated", *whole, source="wire.example", hours=None),
        document("cut", *cut, source="courier.example", hours=1),
        document("later", *cut, OWN, source="herald.example", hours=2),
        document("undated-too", *whole, OWN, source="tribune.example", hours=None),
    ]
    found = family(*documents)
    parents = {step.id: (step.parent, step.shared, step.added, step.dropped) for step in found.timeline}
    assert [*parents][:2] == ["cut", "later"]
    assert parents["later"][0] == "cut"
    assert {parents[name] for name in ("cut", "undated", "undated-too")} == {(None, 0, 0, 0)}
    assert found.earliest == "cut"
    firsts = [passage.earliest for passage in found.agreed_text.passages]
    assert firsts == ["cut", "cut", None, "later"]
    found = family(documents[0], documents[3])
    assert found.earliest is None
    assert {step.parent for step in found.timeline} == {None}
    assert {passage.earliest for passage in found.agreed_text.passages} == {None}


def test_a_parent_is_always_earlier():
    documents = [document(str(n), hours=n) for n in range(4)]
    relations = [
        Relation(a, b, RelationKind.VERSION, 0.9, 0.8, shared_words=100)
        for a, b in (("0", "1"), ("2", "1"), ("3", "0"), ("3", "2"))
    ]
    steps = trace(documents[::-1], relations)
    assert [(step.id, step.parent) for step in steps] == [("0", None), ("1", "0"), ("2", "1"), ("3", "0")]


@pytest.mark.parametrize(
    ("hours", "credited", "parent"),
    [
        ((1, 2, 3), (), "0"),
        ((2, 1, 3), (), "1"),
        ((2, 1, 3), ("0",), "1"),
        ((1, 1, 3), ("0",), "0"),
        ((1, 1, 3), ("1",), "1"),
        ((1, 1, 3), (), "1"),  # fewer words of the cut are gone
    ],
)
def test_on_a_tie_the_first_is_the_parent_then_the_agency(hours, credited, parent):
    wire, cut, blog = (document(str(n), hours=hours[n]) for n in range(3))
    relations = [
        Relation("0", "2", RelationKind.VERSION, 0.5, 0.2, shared_words=100),
        Relation("1", "2", RelationKind.VERSION, 1.0, 0.2, shared_words=100),
    ]
    assert trace([wire, cut, blog], relations, credited)[-1].parent == parent


@pytest.mark.parametrize(
    ("credited", "parents"), [((), (None, "0")), (("1",), ("1", None)), (("0",), (None, "0"))]
)
def test_of_one_time_what_names_an_agency_comes_first(credited, parents):
    """A feed may give days alone."""
    documents = [document(str(n), hours=0) for n in range(2)]
    relation = Relation("0", "1", RelationKind.VERSION, 0.9, 0.8, shared_words=100)
    assert tuple(step.parent for step in trace(documents, [relation], credited)) == parents


def test_a_blog_has_a_report_from_the_agency_not_from_a_cut_of_it():
    credit = "Reporting by Ana Lund; Editing by Per Holm (Reuters)"
    found = family(
        document("wire", LEAD, MIDDLE, END, credit, source="wire.example"),
        document("cut", LEAD, MIDDLE, source="courier.example"),
        document("blog", OWN, LEAD, MIDDLE, source="herald.example", hours=2),
    )
    assert found.agencies == ("Reuters",)
    assert {step.id: step.parent for step in found.timeline}["blog"] == "wire"


def test_relations_to_others_or_without_words_say_nothing():
    one, two = document("1", LEAD, source="a.example"), document("2", LEAD, source="b.example", hours=1)
    for pair in (("1", "9"), ("9", "2")):
        stranger = Relation(*pair, RelationKind.VERSION, 0.9, 0.9, shared_words=18)
        assert [step.parent for step in trace([one, two], [stranger])] == [None, None]
        assert agree([one, two], [stranger]).text == ""
    empty = Relation("1", "2", RelationKind.EXACT, 1.0, 1.0, shared_words=0)
    assert [step.parent for step in trace([one, two], [empty])] == [None, None]


def test_nothing_is_agreed_on_by_no_documents_or_without_relations():
    assert agree([], []).text == ""
    assert agree([document("a", LEAD)], []).passages == ()
    assert trace([], []) == ()
