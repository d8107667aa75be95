from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import InputError, UsageError
from dedup.io import SCHEMA, Reject, from_documents
from dedup.model import Document

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda t: bool(t.strip()))


def rows(documents: Any, **options: Any) -> tuple[list[dict], list[Reject]]:
    rejects: list[Reject] = []
    batches = list(from_documents(documents, reject=rejects.append, **options))
    return pa.Table.from_batches(batches, SCHEMA).to_pylist(), rejects


@given(st.lists(st.builds(Document, id=st.uuids().map(str), text=TEXTS, title=TEXTS | st.none()), max_size=5))
def test_documents_come_back(documents: list[Document]) -> None:
    got, rejects = rows(documents)
    assert [Document.from_record(row) for row in got] == documents
    assert not rejects


def test_a_document_and_its_record() -> None:
    document = Document("n-1", "Rain.", url="https://www.example.org/rain", published=NOON)
    ((row,), _) = rows([document], fields={"text": "body"})
    assert (row["source"], row["published"], row["file"], row["line"]) == ("example.org", NOON, "", 1)
    assert orjson.loads(row["record"]) == {
        "id": "n-1",
        "text": "Rain.",
        "url": document.url,
        "published": "2024-01-02T12:00:00Z",
    }


def test_bad_documents_are_rejected() -> None:
    circle: list[Any] = []
    circle.append(circle)
    given_ = [
        {"text": "good", "published": date(2024, 1, 2), "title": float("nan")},
        {"id": "b", "text": "half \ud800"},
        {"text": 5},
        "text",
        {"text": b"bytes"},
        {"text": " "},
        {"text": "a", (1, 2): 3},
        {"text": "a", "circle": circle},
        {"text": "a", "id": Decimal("sNaN")},
    ]
    got, rejects = rows(given_)
    assert [(row["text"], row["title"], row["line"]) for row in got] == [("good", None, 1)]
    assert sorted((r.line, r.reason) for r in rejects) == [
        (2, "text has a lone surrogate"),
        (3, "text is a number, not a string"),
        (4, "str, not a Document or a mapping"),
        (5, "text is bytes, not a string"),
        (6, "text is empty"),
        (7, "cannot be written as JSON"),
        (8, "cannot be written as JSON"),
        (9, "id is Decimal, not a string or a whole number"),
    ]
    with pytest.raises(InputError, match="record 2: text has a lone surrogate"):
        list(from_documents(given_, strict=True))


def test_numbers_and_gaps_of_frames_row_by_row() -> None:
    given_ = [
        {"id": np.int64(7), "text": "a", "published": np.float32(2**30)},
        {"text": "b", "title": np.array(["x", "y"])},
    ]
    got, rejects = rows(given_)
    assert [(row["id"], row["published"]) for row in got] == [
        ("7", datetime(2004, 1, 10, 13, 37, 4, tzinfo=UTC))
    ]
    assert [r.reason for r in rejects] == ["title is ndarray, not a string"]
    pandas = pytest.importorskip("pandas")
    got, _ = rows([{"text": "a", "title": pandas.NA, "published": pandas.NaT}])
    assert (got[0]["title"], got[0]["published"]) == (None, None)


@pytest.mark.parametrize(
    "record",
    [
        {"id": np.int64(7), "text": "a", "published": 20260310},
        {"id": "a", "text": "a", "published": 1e12, "updated": date(2024, 1, 2)},
        {"id": "a", "text": "a", "title": float("nan")},
    ],
)
def test_a_single_record_is_read_as_one_among_many(record: dict[str, Any]) -> None:
    ((row,), _) = rows([record])
    assert Document.from_record(record) == Document.from_record(row)


@pytest.mark.parametrize(
    "record",
    [{"id": ["a"], "text": "a"}, {"id": True, "text": "a"}, {"id": 1.5, "text": "a"}, {"text": 5}, None, "a"],
)
def test_a_single_record_is_refused_for_the_same_reason(record: Any) -> None:
    (reject,) = rows([record])[1]
    with pytest.raises(InputError) as refused:
        Document.from_record(record)
    assert refused.value.reason == reject.reason


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", {}])
def test_no_date_for_a_single_record(time: Any) -> None:
    record = {"text": "a", "published": time, "updated": "2024-01-02"}
    said: list[str] = []
    document = Document.from_record(record, warn=said.append)
    assert (document.published, document.updated) == (None, datetime(2024, 1, 2, tzinfo=UTC))
    assert said == [f"published is no date that can be read: {str(time)!r}"]
    assert Document.from_record(record) == document


def test_a_field_renamed_that_nothing_has() -> None:
    records = [
        {"id": "a", "when": "2024-01-02", "title": None, "text": "a"},
        {"text": "b", "by": "x.example"},
    ]
    warned: list[Reject] = []
    renamed = {"published": "whenn", "source": "by", "title": "title", "url": "title"}
    (batch,) = from_documents(records, fields=renamed, warn=warned.append)
    assert batch.column("source").to_pylist() == [None, "x.example"]
    reason = "no record has a value of 'whenn' for published; fields are 'id', 'when', 'title', 'text'"
    assert warned == [Reject("", None, reason)]
    with pytest.raises(InputError, match=f"^{reason}$"):
        list(from_documents(records, fields=renamed, strict=True))
    with pytest.raises(UsageError, match=r"^no column 'whenn'; columns are 'id', 'when', 'title', 'text'$"):
        from_documents(pa.Table.from_pylist(records), fields={"published": "whenn"})
    assert list(from_documents([], fields=renamed, strict=True)) == []


def test_a_record_without_text_says_what_it_has() -> None:
    record = dict.fromkeys(["id", "title", "summary", "link", "author", "tags", "published"])
    fields = "fields are 'id', 'title', 'summary', 'link', 'author', 'tags', …"
    assert rows([record])[1] == [Reject("", 1, f"text is missing; {fields}")]
    with pytest.raises(InputError, match=f"^text is missing; {fields}$"):
        Document.from_record(record)
    (reject,) = rows([record], fields={"text": "sumary"})[1]
    assert reject.reason == f"text is missing: no field 'sumary'; {fields}"
    (reject,) = rows([record], fields={"text": "summary"})[1]
    assert reject.reason == "text is missing"


def test_what_json_has_no_word_for() -> None:
    ((row,), _) = rows([{"text": "a", "set": {1}, "raw": b"\xff", "half": "\ud800", "big": 2**70, 5: NOON}])
    assert orjson.loads(row["record"].replace(b"\\ud800", b""))["set"] == "{1}"


COLUMNS = {
    "id": ["1", "2", "3"],
    "text": ["a", None, "c"],
    "published": [NOON, None, NOON],
    "score": [1, 2, 3],
}


def frames() -> list[Any]:
    table = pa.table(COLUMNS)
    return [table, table.to_batches()[0], table.to_reader(), *optional_frames()]


def optional_frames() -> list[Any]:
    found = []
    for name in ("pandas", "polars"):
        try:
            found.append(__import__(name).DataFrame(COLUMNS))
        except ImportError:
            continue
    return found


@pytest.mark.parametrize(
    "frame", frames(), ids=lambda frame: f"{type(frame).__module__}.{type(frame).__name__}"
)
def test_frames(frame: Any) -> None:
    got, rejects = rows(frame)
    assert [(row["id"], row["text"], row["published"], row["line"]) for row in got] == [
        ("1", "a", NOON, 1),
        ("3", "c", NOON, 3),
    ]
    record = orjson.loads(got[0]["record"])
    assert (record["score"], record["published"]) == (1, "2024-01-02T12:00:00Z")
    assert rejects == [Reject("", 2, "text is missing", "2")]


@pytest.mark.parametrize(
    ("number", "day"),
    [
        (20260310, date(2026, 3, 10)),
        (20240229, date(2024, 2, 29)),
        (20260310.0, date(2026, 3, 10)),  # of a column with a gap
        (np.int32(19991231), date(1999, 12, 31)),
        (31_536_000, date(1971, 1, 1)),
        (20230229, None),
        (31_535_999, None),
        (202603, None),
        (0, None),
        (0.5, None),
        (-5, None),
        (-20260310, None),
        (-(10**12), None),
    ],
)
def test_eight_digits_are_a_date_and_no_article_is_older_than_1971(number: Any, day: date | None) -> None:
    table = pa.table({"text": ["a", "b"], "published": pa.array([number, None])})
    moment = day and datetime(day.year, day.month, day.day, tzinfo=UTC)
    for given_ in (table, table.to_pylist(), [{"text": "a", "published": number}]):
        warned: list[Reject] = []
        (batch,) = from_documents(given_, warn=warned.append)
        assert batch.column("published")[0].as_py() == moment
        assert [w.reason for w in warned] == (
            [] if day else [f"published is no date that can be read: '{number}'"]
        )
    assert Document.from_record({"text": "a", "published": number}).published == moment


@pytest.mark.parametrize(
    "time",
    [datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)],
)
def test_times_that_stand_for_no_date(time: datetime) -> None:
    table = pa.table({"text": ["a"], "published": [time], "updated": [time.date()]})
    for given_ in (table, table.to_pylist(), [Document("a", "a", published=time, updated=time)]):
        warned: list[Reject] = []
        (batch,) = from_documents(given_, warn=warned.append)
        assert [batch.column(name)[0].as_py() for name in ("published", "updated")] == [None, None]
        assert len(warned) == 2
        assert warned[0].reason.startswith(f"published is no date that can be read: '{time.date()}")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (20260310091200, datetime(2026, 3, 10, 9, 12, tzinfo=UTC)),
        (20260310091200.0, datetime(2026, 3, 10, 9, 12, tzinfo=UTC)),
        (202603100912, datetime(2026, 3, 10, 9, 12, tzinfo=UTC)),
        (20260230091200, None),
        (1_773_133_920_000, datetime(2026, 3, 10, 9, 12, tzinfo=UTC)),
    ],
)
def test_digits_of_a_day_and_a_time(number: Any, moment: datetime | None) -> None:
    table = pa.table({"text": ["a", "b"], "published": pa.array([number, None])})
    for given_ in (table, table.to_pylist(), [{"text": "a", "published": number}]):
        (batch,) = from_documents(given_)
        assert batch.column("published")[0].as_py() == moment


def test_a_time_of_feedparser() -> None:
    time = datetime(2024, 1, 2, 12, tzinfo=UTC).timetuple()
    ((row,), _) = rows([{"text": "a", "published_parsed": time}], fields={"published": "published_parsed"})
    assert row["published"] == NOON
    assert Document.from_record({"text": "a", "published": time}).published == NOON


def test_columns_of_numbers() -> None:
    gaps = pa.array([None, float("nan")], pa.float64())  # as pandas has a column with nothing in it
    table = {"id": [1, 2], "text": ["a", "b"], "title": gaps, "published": [10**9, 10**12], "updated": gaps}
    got, rejects = rows(pa.table(table))
    assert [(row["id"], row["title"], row["updated"]) for row in got] == [
        ("1", None, None),
        ("2", None, None),
    ]
    assert [row["published"] for row in got] == [
        datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC),
        datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC),
    ]
    assert not rejects
    for name in ("id", "title"):
        with pytest.raises(UsageError, match=f"column '{name}' is double, not string"):
            rows(pa.table({**table, name: [1.5, None]}))


def test_words_of_polars() -> None:
    polars = pytest.importorskip("polars")
    source = polars.Series(["x.example", None], dtype=polars.Categorical)
    got, _ = rows(polars.DataFrame({"text": ["a", "b"], "source": source}))
    assert [row["source"] for row in got] == ["x.example", None]


def test_frames_of_several_chunks() -> None:
    table = pa.concat_tables([pa.table({"body": ["a", "b"]}), pa.table({"body": ["c"]})])
    got, _ = rows(table, fields={"text": "body"})
    assert [(row["text"], row["line"]) for row in got] == [("a", 1), ("b", 2), ("c", 3)]
    assert len({row["id"] for row in got}) == 3


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (pa.table({"body": ["x"]}), "no column 'text'; columns are 'body'"),
        (pa.table({"text": [b"x"]}), "column 'text' is binary, not string"),
        ("text", "documents is str, not a collection of documents or a frame"),
        ({"text": "a"}, "documents is dict, not a collection"),
        (Document("1", "a"), "documents is Document, not a collection"),
        (5, "documents is int"),
    ],
)
def test_no_collection_of_documents(documents: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_documents(documents)


@pytest.mark.parametrize(("ids", "reason"), [(["a", 2], ".*column id"), ([1, 2**64], "Python int too large")])
def test_a_frame_that_arrow_cannot_hold(ids: list[Any], reason: str) -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(UsageError, match=rf"no table that Arrow can hold: {reason}"):
        from_documents(pandas.DataFrame({"id": ids, "text": ["a", "b"]}, dtype=object))


@pytest.mark.parametrize("ids", [range(7, 9), [7, 8], ["7", "8"]])
def test_a_named_index_of_pandas_is_a_column(ids: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["a", "b"]}, index=pandas.Index(ids, name="id"))
    got, _ = rows(frame)
    assert [row["id"] for row in got] == ["7", "8"]
    frame["id"] = ["x", "y"]
    if isinstance(ids, range):  # of others pandas hands out both, which is an error
        got, _ = rows(frame)
        assert [row["id"] for row in got] == ["x", "y"]
    frame = pandas.DataFrame({"text": ["a"], "n": [3]})
    assert orjson.loads(next(from_documents(frame)).column("record")[0].as_py()) == {"text": "a", "n": 3}


@pytest.mark.parametrize("nothing", [[], iter(()), pa.table({"text": pa.array([], pa.string())})])
def test_nothing(nothing: Any) -> None:
    assert rows(nothing) == ([], [])


def test_whole_numbers_as_floats_are_ids():
    frame = pa.table({"id": [7.0, None], "text": ["a", "b"]})
    for documents in (frame, frame.to_pylist()):
        (batch,) = from_documents(documents)
        first, second = batch.column("id").to_pylist()
        assert first == "7"
        assert second.startswith("x")
    for number in (1.5, 2.0**53):
        with pytest.raises(UsageError, match="column 'id' is double, not string"):
            list(from_documents(pa.table({"id": [number], "text": ["a"]})))
        with pytest.raises(InputError, match="id is a number"):
            list(from_documents([{"id": number, "text": "a"}], strict=True))


def test_what_columns_of_extension_types_store_is_kept_where_it_is_no_value() -> None:
    texts = pa.array([b"\xff", b"[1]"]).view(pa.string())
    extra = pa.ExtensionArray.from_storage(pa.json_(), texts)
    nested = pa.StructArray.from_arrays([extra], ["tags"])
    found, rejects = rows(pa.table({"text": ["One.", "Two."], "extra": extra, "nested": nested}))
    assert not rejects
    assert [orjson.loads(row["record"]) for row in found] == [
        {"text": "One.", "extra": "\ufffd", "nested": {"tags": "\ufffd"}},
        {"text": "Two.", "extra": "[1]", "nested": {"tags": "[1]"}},
    ]


def test_invalid_utf8_beside_a_column_that_arrow_cannot_filter() -> None:
    texts = pa.array([b"\xff", b"Two."]).view(pa.string())
    found, rejects = rows(pa.table({"text": texts, "extra": pa.array(["a", "b"], pa.string_view())}))
    assert rejects == [Reject("", 1, "invalid UTF-8")]
    assert [orjson.loads(row["record"]) for row in found] == [{"text": "Two.", "extra": "b"}]


def test_rows_of_a_database_and_lazy_frames_are_told_what_to_do() -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rejects: list[Reject] = []
    list(from_documents(connection.execute("select 'x' as text"), reject=rejects.append))
    assert [reject.reason for reject in rejects] == [
        "Row, not a Document or a mapping; dict(row) makes a mapping of it"
    ]
    polars = pytest.importorskip("polars")
    with pytest.raises(UsageError, match=r"LazyFrame, not .*; \.collect\(\) makes a frame of it"):
        from_documents(polars.LazyFrame({"text": ["a"]}))


def test_a_path_into_a_record_is_told_to_be_none() -> None:
    document = {"content": {"text": "a", "title": "b"}}
    rejects: list[Reject] = []
    list(from_documents([document], fields={"text": "content.text"}, reject=rejects.append))
    assert "; fields inside of others are not looked for: jq -c '.text = .content.text' takes it out" in (
        rejects[0].reason
    )
    warnings: list[Reject] = []
    list(from_documents([document | {"text": "a"}], fields={"title": "content.title"}, warn=warnings.append))
    assert "jq -c '.title = .content.title'" in warnings[0].reason
