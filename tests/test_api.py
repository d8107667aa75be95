from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from datasketch import MinHash

import dedup
from dedup.errors import DiffError, InputError, UsageError
from dedup.shingles import shingles

if TYPE_CHECKING:
    from pathlib import Path

    from dedup.result import Result

LEAD = "The council of Ambleford voted on Tuesday night to close the old bridge for two years of repairs."
REST = (
    "Engineers had found rust in four of its nine piers, the deputy mayor told a crowded hall. Traffic will "
    "be led over the northern ford, and buses are to turn at the mill until the work is done in spring."
)
OTHER = (
    "Bees kept on the roof of the town library made forty jars of honey this summer, the librarian said. "
    "They will be sold at the harvest fair, with the money going to new shelves for the children's room."
)
RECORDS: list[dict[str, Any]] = [
    {"id": "full", "text": f"{LEAD} {REST}", "source": "one.example", "published": "2026-03-02T08:00:00Z"},
    {"id": "bees", "text": OTHER, "source": None, "published": None},
    {
        "id": "again",
        "text": f"{LEAD} {REST}".upper(),
        "source": "two.example",
        "published": "2026-03-01T08:00:00Z",
    },
]


def found(documents: Any, **options: Any) -> tuple[Any, ...]:
    result = dedup.find_families(documents, **options)
    tables = (result.documents_table(), result.relations_table(), result.families_table())
    return tuple(table.to_pylist() for table in tables)


def test_files_are_read_as_by_a_run(tmp_path: Path) -> None:
    file, text = tmp_path / "some.jsonl", tmp_path / "bees.txt"
    file.write_text("".join(json.dumps(record) + "\n" for record in RECORDS if record["id"] != "bees") + "?")
    text.write_text(OTHER)
    for given in (tmp_path, [file, text], (text, file)):
        result = dedup.find_families(given)
        assert [sorted(family.members) for family in result.families] == [["again", "full"]]
        assert len(result) == 3
        assert [(reject.file, reject.line) for reject in result.rejects] == [(str(file), 3)]
    with pytest.raises(UsageError, match="no such file"):
        dedup.find_families(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match=r"some\.jsonl:3"):
        dedup.find_families([file], strict=True)


def as_documents() -> list[dedup.Document]:
    times = [datetime.fromisoformat(r["published"]) if r["published"] else None for r in RECORDS]
    return [
        dedup.Document(r["id"], r["text"], source=r["source"], published=time)
        for r, time in zip(RECORDS, times, strict=True)
    ]


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param(lambda: iter(RECORDS), id="iterator"),
        pytest.param(as_documents, id="documents"),
        pytest.param(lambda: pa.Table.from_pylist(RECORDS), id="arrow"),
        pytest.param(lambda: pd.DataFrame(RECORDS), id="pandas"),
        pytest.param(lambda: pl.DataFrame(RECORDS), id="polars"),
    ],
)
def test_whatever_the_documents_come_in(documents: Any) -> None:
    expected = found(RECORDS)
    assert len(expected[2]) == 1
    assert found(documents()) == expected


def test_fields_are_renamed() -> None:
    renamed = [{("body" if name == "text" else name): value for name, value in r.items()} for r in RECORDS]
    assert found(renamed, fields={"text": "body"}) == found(RECORDS)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"body": "text"}, "unknown field 'body'"),
        ({"text": None}, "field text: its name in the input, None, is no string"),
        ("text=body", "fields is str, not a mapping"),
    ],
)
def test_renames_that_cannot_be_meant(fields: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        dedup.find_families(RECORDS, fields=fields)


@pytest.mark.parametrize("documents", [[], pa.table({"id": ["a"], "text": [""]}), [{"id": "a"}]])
def test_nothing_usable(documents: Any) -> None:
    with pytest.raises(UsageError, match="no document that can be used"):
        dedup.find_families(documents)


def test_strict() -> None:
    assert [r.line for r in dedup.find_families([*RECORDS, {"id": "x", "text": 5}]).rejects] == [4]
    with pytest.raises(InputError):
        dedup.find_families([*RECORDS, {"id": "x", "text": 5}], strict=True)


def test_one_document() -> None:
    (row,), relations, families = found([RECORDS[0]])
    assert (row["role"], row["family"], relations, families) == ("single", None, [], [])


def test_exact_duplicates_only() -> None:
    documents, relations, (family,) = found([{"id": x, "text": LEAD} for x in "cab"])
    assert sorted(family["members"]) == ["a", "b", "c"]
    assert {relation["relation"] for relation in relations} == {"exact"}
    assert sorted(row["role"] for row in documents) == ["canonical", "variant", "variant"]


def test_documents_without_a_word() -> None:
    result = dedup.find_families([{"id": x, "text": text} for x, text in zip("abcd", "!?-!", strict=True)])
    assert [family.members for family in result.families] == [("a", "d")]
    assert result.relation("a", "d").relation == "exact"
    assert result.relation("a", "b").relation == "none"
    (family,) = result.families
    assert family.diff(family.variants[0].id).apply("!") == "!"


def test_a_missing_id_is_made_of_the_record() -> None:
    records = [{"text": LEAD}, {"text": OTHER}, {"text": LEAD}]
    ids = dedup.find_families(records).documents.column("id").to_pylist()
    assert len(set(ids)) == 3
    assert set(dedup.find_families(records[::-1]).documents.column("id").to_pylist()) == set(ids)


def test_a_record_given_twice_is_kept_once() -> None:
    result = dedup.find_families([RECORDS[0], RECORDS[1], RECORDS[0]])
    assert (len(result), result.duplicates, result.rejects) == (2, 1, ())


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_of_two_texts_with_one_id_stays(turned: bool) -> None:
    old = {"id": "x", "text": LEAD, "published": "2026-03-01", "updated": "2026-03-02"}
    new = {"id": "x", "text": OTHER, "published": "2026-03-01", "updated": "2026-03-03"}
    result = dedup.find_families([new, old] if turned else [old, new])
    assert [result.document("x").text, len(result)] == [OTHER, 1]
    (reject,) = result.rejects
    assert (reject.id, reject.reason) == ("x", "superseded")


# Two texts


def test_compare() -> None:
    relation = dedup.compare(f"{LEAD} {REST}", f"{LEAD} {REST}".upper())
    assert (relation.a, relation.b, relation.relation) == ("a", "b", "exact")
    assert (relation.coverage_a, relation.coverage_b, relation.jaccard) == (1, 1, 1)
    relation = dedup.compare(dedup.Document("x", f"{LEAD} {REST}"), dedup.Document("y", REST))
    assert (relation.a, relation.b, relation.relation) == ("x", "y", "version")
    assert 0 < relation.coverage_a < relation.coverage_b == 1
    relation = dedup.compare({"id": 7, "text": f"{LEAD} {REST}", "desk": "home"}, {"text": REST})
    assert (relation.relation, relation.a, relation.b) == ("version", "7", "b")

    assert dedup.compare(LEAD, OTHER) == dedup.Relation("a", "b", dedup.RelationKind.NONE)


def test_explain_says_why_of_two_texts() -> None:
    run = dedup.find_families([dedup.Document("x", LEAD), dedup.Document("y", OTHER)])
    assert dedup.explain(LEAD, OTHER) == run.explain("x", "y")
    assert dedup.explain({"text": LEAD}, dedup.Document("a", LEAD)).startswith("word for word the same")


def test_compare_takes_the_sides_as_given() -> None:
    one, two = dedup.compare(REST, f"{LEAD} {REST}"), dedup.compare(f"{LEAD} {REST}", REST)
    assert (one.coverage_a, one.coverage_b) == (two.coverage_b, two.coverage_a) == (1, two.coverage_a)


@pytest.mark.parametrize("same_id", ["x", ""])
def test_compare_documents_of_one_id(same_id: str) -> None:
    relation = dedup.compare(dedup.Document(same_id, LEAD), dedup.Document(same_id, LEAD))
    assert (relation.a, relation.b, relation.relation) == (same_id, same_id, "exact")


@pytest.mark.parametrize(("given", "id_"), [(0, "0"), (7.0, "7"), (None, "a"), ("", "a")])
def test_compare_reads_ids_as_a_run_does(given: object, id_: str) -> None:
    assert dedup.compare({"id": given, "text": LEAD}, LEAD).a == id_
    with pytest.raises(InputError, match="id"):
        dedup.compare({"id": [given], "text": LEAD}, LEAD)


def test_compare_with_a_date_that_cannot_be_read() -> None:
    undated = dedup.compare({"text": LEAD, "published": "soon", "updated": []}, LEAD)
    assert undated == dedup.compare(LEAD, LEAD)


def test_compare_with_an_empty_text() -> None:
    with pytest.raises(InputError, match="empty"):
        dedup.compare("", LEAD)


def test_signature_is_datasketch_s() -> None:
    expected = MinHash(num_perm=128, seed=1, hashfunc=dedup.shingle_hash, scheme="affine32")
    expected.update_batch(shingles(LEAD))
    assert dedup.signature(LEAD) == expected
    assert dedup.signature(LEAD).jaccard(dedup.signature(LEAD.upper())) == 1
    few = dedup.signature(LEAD, dedup.Settings(permutations=16, seed=7))
    assert (len(few), few.seed) == (16, 7)


FURNITURE = (
    "Photo: {}\n\nSubscribe to our newsletter to get the news in your inbox every morning.\n\n"
    "Read more: {}\n\nFollow us on Facebook and Twitter for all the latest news.\n\n{}"
)
MOSTLY = (
    FURNITURE.format("Anna Berg", "Port closed after storm", "The ferry returned on Monday after repairs."),
    FURNITURE.format("Carl Dahl", "Bank raises rates", "Parliament rejected the budget in a late vote."),
)


def test_texts_that_are_mostly_boilerplate_are_not_all_alike() -> None:
    one, two = map(dedup.signature, MOSTLY)
    assert one.jaccard(two) == 0
    for text, found in zip(MOSTLY, (one, two), strict=True):
        expected = MinHash(num_perm=128, seed=1, hashfunc=dedup.shingle_hash, scheme="affine32")
        expected.update_batch(shingles(dedup.strip_boilerplate(text).text))
        assert found == expected
    relation = dedup.compare(*MOSTLY)
    assert (relation.relation, relation.jaccard) == ("none", 0)
    relation = dedup.compare(MOSTLY[0], MOSTLY[0])
    assert (relation.relation, relation.jaccard) == ("exact", 1)


def test_the_signature_of_a_text_with_its_boilerplate() -> None:
    expected = MinHash(num_perm=128, seed=1, hashfunc=dedup.shingle_hash, scheme="affine32")
    expected.update_batch(shingles(MOSTLY[0]))
    assert dedup.signature(MOSTLY[0], dedup.Settings(strip=False)) == expected
    with pytest.raises(InputError, match="empty"):
        dedup.signature("")


def test_dates_are_utc() -> None:
    result = dedup.find_families([{"id": "a", "text": LEAD, "published": "2026-03-01T12:00:00+02:00"}])
    assert result.document("a").published == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("page_first", [True, False])
@pytest.mark.parametrize("dated", [True, False])
def test_the_same_words_where_stripping_leaves_nothing_and_where_it_leaves_all(
    tmp_path: Path, page_first: bool, dated: bool
) -> None:
    page = "Dockers stand at the gates of the port in Northport. Photograph: Leif Sandal/AP"
    plain = "Dockers stand at the gates of the port in Northport Photograph Leif Sandal AP"
    assert not dedup.strip_boilerplate(page).text
    assert dedup.strip_boilerplate(plain).text == plain
    documents = [
        {"id": identity, "text": text, "published": f"2026-03-02T0{n}:00:00Z" if dated else None}
        for n, (identity, text) in enumerate([("page", page), ("plain", plain)][:: 1 if page_first else -1])
    ]
    result = dedup.find_families(documents)
    assert result.relation("page", "plain").relation == "none"
    assert len(result.relations_table()) == 0
    with dedup.Index.open(tmp_path / "news.db") as index:
        assert [index.add(document).relation for document in documents] == ["none", "none"]
        assert index.check() == []


def test_one_headline_with_its_title_and_without() -> None:
    result = dedup.find_families([{"id": "a", "text": LEAD}, {"id": "b", "text": LEAD, "title": LEAD}])
    assert result.relation("a", "b").relation == "exact"


@pytest.fixture(scope="module")
def alone() -> Result:
    return dedup.find_families([{"id": "a", "text": "The ferry left Calvessa at nine."}])


@pytest.mark.parametrize("wrong", [None, 1.5, "x", [], {1: 2}, b"x"], ids=repr)
def test_wrong_arguments_are_named(wrong: Any, alone: Result, tmp_path: Path) -> None:
    change = dedup.diff("a", "b").as_json()
    with dedup.Index.open(tmp_path / "news.db") as index:
        calls = [
            lambda: alone.largest_families(wrong),
            lambda: index.changes(wrong),
            lambda: index.changes(0, wrong),
            lambda: list(index.families(min_size=wrong)),
        ]
        if not isinstance(wrong, list | dict | str | bytes):
            calls.append(lambda: index.add_many(wrong))
        if not isinstance(wrong, str):
            calls.append(lambda: alone.write(wrong))
            calls.append(lambda: dedup.Diff.from_json(change, wrong))
        if not isinstance(wrong, str | type(None)):
            calls.append(lambda: index.export(wrong))
        if not isinstance(wrong, float):
            calls.append(lambda: dedup.Index.open(tmp_path / "other.db", timeout=wrong))
        if wrong is not None:
            calls.append(lambda: dedup.Index.open(tmp_path / "other.db", store_text=wrong))
        if not isinstance(wrong, bytes):
            calls.append(lambda: dedup.shingle_hash(wrong))
        calls.append(lambda: dedup.find_families([{"text": "The ferry left."}], progress=wrong))
        calls.append(lambda: dedup.Diff.from_json(wrong or 5, "a"))
        for call in calls:
            with pytest.raises((UsageError, DiffError)):
                call()


def test_whole_numbers_of_other_types(alone: Result) -> None:
    assert alone.largest_families(2.0) == alone.largest_families(np.int64(2)) == []  # type: ignore[arg-type]


def test_a_period_of_pandas_is_no_second_of_1970() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "text": ["The ferry left.", "The bridge stayed."]})
    frame["published"] = pd.PeriodIndex(["2026-03", None], freq="M")
    result = dedup.find_families(frame)
    assert result.document("a").published is None
    reason = "published is no date that can be read: 'pandas.period'"
    assert [(w.id, w.reason) for w in result.warnings] == [("a", reason)]


def test_columns_of_an_extension_type_are_read_as_what_they_store() -> None:
    texts = ['"The ferry left."', '"The bridge stayed."']
    keys = [uuid.UUID(int=5), uuid.UUID(int=6)]
    table = pa.table(
        {
            "id": pa.array([key.bytes for key in keys], pa.uuid()),
            "text": pa.array(texts, pa.json_()),
            "published": pa.array(["2026-03-10T09:12:00Z", None], pa.json_()),
        }
    )
    result = dedup.find_families(table)
    first, second = (result.document(str(key)) for key in keys)
    assert [first.text, second.text] == texts
    assert first.published == datetime(2026, 3, 10, 9, 12, tzinfo=UTC)
    assert second.published is None
    assert not result.warnings
