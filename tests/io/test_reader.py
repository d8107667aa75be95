"""Reading files of every format, and what stands for the user: places, reasons, order, nothing lost."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import InputError, UsageError
from dedup.io import SCHEMA, Reject, read
from dedup.io.discover import discover
from dedup.io.documents import from_documents
from dedup.io.streams import Decompressed
from dedup.io.tables import plain_values
from dedup.values import no_utf8

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


class Got:
    def __init__(self, *inputs: Any, **options: Any) -> None:
        self.rejects: list[Reject] = []
        self.warnings: list[Reject] = []
        self.batches = list(
            read(list(inputs), reject=self.rejects.append, warn=self.warnings.append, **options)
        )
        for batch in self.batches:
            batch.validate(full=True)
            assert batch.schema == SCHEMA
            for name in ("id", "text", "file", "line", "record"):
                assert batch.column(name).null_count == 0
        self.rows = pa.Table.from_batches(self.batches, SCHEMA).to_pylist()

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]

    @property
    def reasons(self) -> list[tuple[int | None, str]]:
        return [(reject.line, reject.reason) for reject in self.rejects]


def put(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


# what every format has in common


def test_all_fields(tmp_path: Path) -> None:
    record = {
        "id": "n-1",
        "text": "Rain.",
        "title": "Weather",
        "source": "Gazette",
        "url": "https://www.example.org/rain",
        "published": "2024-05-06T07:08:09+02:00",
        "updated": "2024-05-07",
        "language": "en",
    }
    path = put(tmp_path / "a.jsonl", lines(record))
    (row,) = Got(path).rows
    assert row == record | {
        "published": datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC),
        "updated": datetime(2024, 5, 7, tzinfo=UTC),
        "file": str(path),
        "line": 1,
        "record": orjson.dumps(record),
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Example.org/a?b#c", "example.org"),
        ("http://news.example.org:8080/", "news.example.org"),
        ("https://user:word@example.org", "example.org"),
        ("//example.org/x", "example.org"),
        ("HTTPS://WWW.EXAMPLE.ORG", "example.org"),
        ("https://M.Example.org/a", "example.org"),
        ("https://www.m.example.org:80/a", "example.org"),
        ("https://mobile.news.example.org/a", "news.example.org"),
        ("https://amp.example.org", "example.org"),
        ("https://m.example", "m.example"),
        ("https://am.example.org", "am.example.org"),
        ("https://amp.m.", "amp.m."),
        ("mailto:someone@example.org", None),
        ("example", None),
        ("", None),
        (None, None),
    ],
)
def test_source_is_the_host_by_default(tmp_path: Path, url: str | None, host: str | None) -> None:
    records = [{"text": "a", "url": url}, {"text": "b", "url": url, "source": "Gazette"}, {"text": "c"}]
    got = Got(put(tmp_path / "a.jsonl", lines(*records)))
    assert got.column("source") == [host, "Gazette", None]


def test_a_source_that_is_a_url_is_its_host(tmp_path: Path) -> None:
    sources = ["https://www.example.org/rain", "//news.example.org", "AC//DC Press", "example.org/rain"]
    records = [{"text": "a", "source": source, "url": "https://other.example/"} for source in sources]
    got = Got(put(tmp_path / "a.jsonl", lines(*records)))
    assert got.column("source") == ["example.org", "news.example.org", "AC//DC Press", "example.org/rain"]


def test_texts_of_white_space_are_refused(tmp_path: Path) -> None:
    records = [
        {"id": str(n), "text": text} for n, text in enumerate(["", " \n\t", "\u3000\u00a0", ".", None])
    ]
    got = Got(put(tmp_path / "a.jsonl", lines(*records, {"id": "9"})))
    assert got.column("text") == ["."]
    assert [(r.line, r.reason, r.id) for r in got.rejects] == [
        (1, "text is empty", "0"),
        (2, "text is empty", "1"),
        (3, "text is empty", "2"),
        (5, "text is missing", "4"),
        (6, "text is missing; fields are 'id'", "9"),
    ]


def test_no_date_is_a_warning(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", lines({"id": "a", "text": "a", "published": "last week"}, {"text": "b"}))
    got = Got(path)
    assert got.column("published") == [None, None]
    reason = "published is no date that can be read: 'last week'"
    assert got.warnings == [Reject(str(path), 1, reason, "a")]
    assert not got.rejects
    with pytest.raises(InputError, match=rf"a\.jsonl:1: {reason}$"):
        list(read([path], strict=True))


@pytest.mark.parametrize("value", [True, [1_700_000_000], {"$date": "2024-01-02"}, "soon", 10**400, 1e300])
@pytest.mark.parametrize("name", ["published", "updated"])
def test_a_date_of_another_type_costs_the_date_only(tmp_path: Path, name: str, value: Any) -> None:
    record = {"id": "a", "text": "x", name: value}
    put(tmp_path / "a.jsonl", json.dumps(record))
    put(tmp_path / "a.csv", f'id,text,{name}\na,x,"{value}"\n')
    warning = f"{name} is no date that can be read"
    for file in ("a.jsonl", "a.csv"):
        got = Got(tmp_path / file)
        assert (got.column(name), got.rejects) == ([None], [])
        assert [(w.id, w.reason.partition(":")[0]) for w in got.warnings] == [("a", warning)]
    frame = [pa.table({key: [cell] for key, cell in record.items()})] if value != 10**400 else []
    for documents in ([record], *frame):
        warnings: list[Reject] = []
        (batch,) = from_documents(documents, reject=pytest.fail, warn=warnings.append)
        assert batch.column(name).to_pylist() == [None]
        assert [w.reason.partition(":")[0] for w in warnings] == [warning]


def test_a_column_of_other_types_keeps_the_dates_in_it(tmp_path: Path) -> None:
    at = Decimal(1_700_000_000)
    for column in (pa.array([at]), pa.array(["2023-11-14T22:13:20Z"]).dictionary_encode()):
        got = Got(parquet(tmp_path / "a.parquet", {"text": ["a"], "published": column}))
        assert got.column("published") == [datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)]


def test_missing_ids_are_made_of_the_record(tmp_path: Path) -> None:
    same, other = {"text": "a"}, {"text": "a", "title": "t"}
    one = Got(put(tmp_path / "1.jsonl", lines(same, other, same, {"id": "", "text": "a"})))
    two = Got(put(tmp_path / "2.jsonl", lines(other, same)), put(tmp_path / "3.jsonl", lines(same)))
    ids = one.column("id")
    assert len(set(ids)) == 4
    assert ids[2] == ids[0] + "-2"
    assert sorted(two.column("id")) == sorted(ids[:3])


def test_strict_stops_at_the_first(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", b'{"text": "a"}\nno\n{"text": 5}\n')
    with pytest.raises(InputError, match=r"a\.jsonl:2: not valid JSON") as caught:
        list(read([path], strict=True))
    assert (caught.value.file, caught.value.line) == (str(path), 2)


DATES = st.sampled_from(
    ["", " 2024-01-02t03:04:05z", "2024-01-02 10:00 UTC", "2024-01-02T24:00", "1700000000", "2024-1-2", "UTC"]
)


@given(
    st.lists(
        st.fixed_dictionaries(
            dict.fromkeys(("id", "text", "title", "url"), WORDS) | {"published": DATES | WORDS}
        ),
        min_size=1,
        max_size=4,
    )
)
def test_formats_agree(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("formats")
    table = pa.Table.from_pylist(records)
    pq.write_table(table, folder / "a.parquet")
    put(folder / "a.jsonl", lines(*records))
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(records)

    def told(read_: Callable[..., Any], given: Any) -> Any:
        rejects: list[Reject] = []
        warnings: list[Reject] = []
        found = pa.Table.from_batches(read_(given, reject=rejects.append, warn=warnings.append), SCHEMA)
        # ids are made of the record's bytes, and lines are counted in each format's own way
        ids = [name for name in found["id"].to_pylist() if not name.startswith("x")]
        rows = found.drop_columns(["id", "file", "line", "record"]).to_pylist()
        return ids, rows, [r.reason for r in rejects], sorted(w.reason for w in warnings)

    expected = told(from_documents, records)
    assert told(from_documents, table) == expected
    for name in ("a.parquet", "a.jsonl", "a.csv"):
        assert told(read, [folder / name]) == expected


def test_unknown_field_of_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown field 'body'"):
        read([put(tmp_path / "a.jsonl", b"")], fields={"body": "text"})


def test_small_files_share_a_batch_and_large_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        put(tmp_path / f"{number}.jsonl", lines({"text": "x" * 100}))
    assert len(Got(tmp_path).batches) == 1
    monkeypatch.setattr("dedup.io.batch.BATCH_BYTES", 400)
    assert len(Got(tmp_path).batches) > 5


def test_batches_follow_the_input(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "one")
    put(tmp_path / "b.jsonl", lines({"text": "two"}))
    put(tmp_path / "c.txt", "three")
    assert Got(tmp_path).column("text") == ["one", "two", "three"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "a"}\n{"text": 5}')))
    got = Got("-")
    assert [(row["text"], row["file"]) for row in got.rows] == [("a", "-")]
    assert [(r.file, r.line) for r in got.rejects] == [("-", 2)]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    put(tmp_path / "a.jsonl", lines({"text": "a"}))
    path = put(tmp_path / "b.jsonl", b"")
    batches = read([tmp_path], reject=(rejects := []).append)
    path.unlink()
    assert sum(map(len, batches)) == 1
    assert [(r.file, r.reason) for r in rejects] == [(str(path), "cannot be read: No such file or directory")]


# JSON


def test_json_holds_an_article_or_an_array_of_them(tmp_path: Path) -> None:
    records = [{"id": str(n), "body": f"Körper {n}", "published": "2024-01-02", "n": n} for n in range(4)]
    put(tmp_path / "a.json", b"\xef\xbb\xbf" + orjson.dumps(records[0], option=orjson.OPT_INDENT_2))
    put(tmp_path / "b.json", orjson.dumps([records[1], 7, records[2]], option=orjson.OPT_INDENT_2))
    put(tmp_path / "c.ndjson", lines(records[3]))
    put(tmp_path / "d.txt", "No field is renamed here.")
    got = Got(tmp_path, fields={"text": "body", "title": "id"})
    assert got.column("text") == [*(record["body"] for record in records), "No field is renamed here."]
    assert got.column("title") == ["0", "1", "2", "3", None]
    assert got.column("line") == [1, 1, 3, 1, 1]
    assert [orjson.loads(record) for record in got.column("record")[:4]] == records
    assert got.rejects == [Reject(str(tmp_path / "b.json"), 2, "not a JSON object")]
    assert Got(tmp_path / "a.json", fields={"text": "body"}).column("id") == ["0"]


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", None, "not valid JSON"),
        (b'{"text": "a"', None, "not valid JSON"),
        (b'{"text": "\xff"}', None, no_utf8(b"")),
        (b'"a"', 1, "not a JSON object"),
        (b"null", 1, "not a JSON object"),
        (
            b'{"text": "a"}\n{"text": "b"}\n',
            None,
            "several JSON values; a file with one a line is read by the name .jsonl",
        ),
        (b'{"text": "\\ud800"}', 1, "text has a lone surrogate"),
        (b'{"name": "a"}', 1, "text is missing; fields are 'name'"),
    ],
)
def test_json_that_cannot_be_used(tmp_path: Path, data: bytes, line: int | None, reason: str) -> None:
    path = put(tmp_path / "a.json", data)
    for given_ in (path, tmp_path):
        assert Got(given_).rejects == [Reject(str(path), line, reason)]


def test_a_long_array_becomes_several_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.io.rows.BATCH_BYTES", 100)
    monkeypatch.setattr("dedup.io.batch.BATCH_BYTES", 100)
    got = Got(put(tmp_path / "a.json", orjson.dumps([{"text": f"{n} {'x' * 40}"} for n in range(9)])))
    assert len(got.rows) == 9
    assert len(got.batches) > 2


# which files are meant


def names(*inputs: Any) -> list[str]:
    return [source.name for source in discover(inputs)]


def test_folders_are_searched_to_the_bottom(tmp_path: Path) -> None:
    for name in (
        "b.jsonl",
        "a/z.txt",
        "a/b/c.csv",
        "a-1.html",
        "read.me",
        "x.ndjson",
        "y.NDJSON.gz",
        "z.json",
        ".h/a.txt",
        ".a.txt",
        "A.TXT",
    ):
        put(tmp_path / name, "x")
    found = ["A.TXT", "a-1.html", "a/b/c.csv", "a/z.txt", "b.jsonl", "x.ndjson", "y.NDJSON.gz", "z.json"]
    assert names(tmp_path) == found


def test_files_of_other_formats_are_counted(tmp_path: Path) -> None:
    for name in ("a.txt", "b.xml.gz", "c.XML.GZ", "v1.2.pdf", "in/LICENSE", ".d.pdf"):
        put(tmp_path / name, "x")
    passed: Counter[str] = Counter()
    discover([tmp_path], passed=passed)
    assert passed == {".xml.gz": 2, ".pdf": 1, "without ending": 1}
    passed.clear()
    discover([f"{tmp_path}/*.*", tmp_path / "a.txt"], passed=passed)
    assert passed == {".xml.gz": 2, ".pdf": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege here")
def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "far/b.txt", "b")
    put(tmp_path / "in/z/a.txt", "a")
    put(tmp_path / "far/out/run.json", '{"format": 1, "version": "0.1.0", "settings": {}}')
    put(tmp_path / "far/out/documents.jsonl", "")
    for link, target in (
        ("in/far", "far"),  # elsewhere
        ("in/a", "in/z"),  # beside it
        ("in/z/up", "in"),  # above it
        ("far/back", "in/z"),  # from elsewhere
        ("in/result", "far/out"),
        ("in/.hidden", "far"),
    ):
        (tmp_path / link).symlink_to(tmp_path / target, target_is_directory=True)
    (tmp_path / "in/gone").symlink_to(tmp_path / "gone", target_is_directory=True)
    assert names(tmp_path / "in") == ["far/b.txt", "z/a.txt"]
    assert sorted(Path(name).name for name in names(f"{tmp_path}/in/*")) == ["a.txt", "b.txt"]
    assert names(tmp_path / "in/far") == ["b.txt", "back/a.txt"]


def test_results_of_ours_are_no_input(tmp_path: Path) -> None:
    put(tmp_path / "a.jsonl", "")
    put(tmp_path / "out/run.json", '{"format": 1, "version": "0.1.0", "settings": {}}')
    put(tmp_path / "out/documents.jsonl", "")
    put(tmp_path / "new.partial/.dedup-lock", "")
    put(tmp_path / "new.partial/documents.jsonl", "")
    put(tmp_path / "theirs/run.json", "{}")
    put(tmp_path / "theirs/b.jsonl", "")
    assert names(tmp_path) == ["a.jsonl", "theirs/b.jsonl", "theirs/run.json"]
    for result in ("out", "new.partial"):
        with pytest.raises(UsageError, match=f"{result}: is a result of dedup; what can be read again is"):
            names(tmp_path, tmp_path / result)
    for pattern in ("*", "**", "*/*.jsonl", "**/*.jsonl"):
        assert {"out/documents.jsonl", "new.partial/documents.jsonl"}.isdisjoint(
            names(f"{tmp_path}/{pattern}")
        )
    assert names(f"{tmp_path}/out/*.jsonl") == names(tmp_path / "out/documents.jsonl") == ["documents.jsonl"]


def test_what_is_to_be_written_is_no_input(tmp_path: Path) -> None:
    put(tmp_path / "a.jsonl", "")
    out = put(tmp_path / "clean.jsonl", "")
    for found in (tmp_path, f"{tmp_path}/*.jsonl"):
        assert [source.name for source in discover([found], out=tmp_path / "." / "clean.jsonl")] == [
            "a.jsonl"
        ]
    with pytest.raises(UsageError, match=r"clean\.jsonl: is to be written, so it cannot be read"):
        discover([out], out=out)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "x")
    os.mkfifo(tmp_path / "b.txt")
    assert names(tmp_path) == names(f"{tmp_path}/*.txt") == ["a.txt"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "x")
    put(tmp_path / "shut/b.txt", "x")
    (tmp_path / "shut").chmod(0)
    for folder in (tmp_path, tmp_path / "shut"):
        with pytest.raises(UsageError, match="shut: cannot be read: Permission denied"):
            discover([folder])


def test_patterns(tmp_path: Path) -> None:
    for name in ("a/1.txt", "b/2.txt", "b/3.csv", "b/c/4.txt"):
        put(tmp_path / name, "x")
    assert names(f"{tmp_path}/*/*.txt") == ["a/1.txt", "b/2.txt"]
    assert names(f"{tmp_path}/**/*.txt") == ["a/1.txt", "b/2.txt", "b/c/4.txt"]
    assert names(f"{tmp_path}/b*") == ["b/2.txt", "b/3.csv", "b/c/4.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    for name in (b"\xff.txt", b"\xfe.txt", b"\xff.jsonl"):
        put(tmp_path / os.fsdecode(name), "x")
    got = Got(tmp_path)
    assert got.column("text") == ["x", "x"]
    assert [r.file for r in got.rejects] == [f"{tmp_path}/\ufffd.jsonl"]


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    assert names(put(tmp_path / "a[1].txt", "x")) == ["a[1].txt"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", "x")
    assert names(path, tmp_path, f"{tmp_path}/*.txt", tmp_path / "." / "a.txt") == ["a.txt"]


def test_equal_names_in_two_folders_are_two_documents(tmp_path: Path) -> None:
    one, two = put(tmp_path / "1/a.txt", "x"), put(tmp_path / "2/a.txt", "y")
    put(tmp_path / "2/b.txt", "z")
    expected = {one.as_posix(), two.as_posix(), "b.txt"}
    assert set(names(one.parent, two.parent)) == set(names(two.parent, one.parent)) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none.jsonl", "none.jsonl: no such file or folder"),
        ("*.jsonl", r"\*.jsonl: no file matches"),
        ("a.pdf", "a.pdf: unknown format; formats are .jsonl, "),
        ("*.pdf", r"\*.pdf: nothing to read"),
        ("empty", "empty: nothing to read"),
    ],
)
def test_nothing_usable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("a.pdf"), "x")
    Path("empty").mkdir()
    with pytest.raises(UsageError, match="^" + message):
        read([given])


def test_no_input_at_all() -> None:
    with pytest.raises(UsageError, match="no input given"):
        read([])


# CSV


@given(st.lists(st.tuples(WORDS, WORDS.filter(lambda t: bool(t.strip()))), max_size=6), st.booleans())
def test_csv_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], mark: bool
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerows([("title", "text"), *rows])
    path = put(tmp_path_factory.mktemp("csv") / "a.csv", ("\ufeff" if mark else "") + buffer.getvalue())
    got = Got(path)
    assert got.column("text") == [text for _, text in rows]
    assert got.column("title") == [title or None for title, _ in rows]
    assert [orjson.loads(record) for record in got.column("record")] == [
        {"title": title, "text": text} for title, text in rows
    ]


def test_csv_lines_and_faults(tmp_path: Path) -> None:
    data = (
        b"id,text,note\r\n"
        b'1,"two\r\nlines",x\r\n'
        b"\r\n"
        b"2,short\r\n"
        b"3,one,two,three\r\n"
        b"4,bad \xff,x\r\n"
        b'5,"quoted"x,y\r\n'
        b"6,,x\r\n"
        b'7,"say ""so""",x\r\n'
        b'8,"open,x\r\n9,swallowed,x\r\n'
    )
    got = Got(put(tmp_path / "a.csv", data))
    assert [(row["id"], row["line"], row["text"]) for row in got.rows] == [
        ("1", 2, "two\r\nlines"),
        ("2", 5, "short"),
        ("7", 10, 'say "so"'),
    ]
    assert sorted(got.reasons) == [
        (6, "more fields than the header (4, 3)"),
        (7, no_utf8(b"")),
        (8, "not valid CSV"),
        (9, "text is empty"),
        (11, "a quoted field is never closed; all that follows is inside it"),
    ]


@pytest.mark.parametrize(
    ("broken", "lost"),
    [
        ('"a "good" word\nline\nlast, line"', 3),
        ('"a 5" pipe\nand, more"', 2),
        ('"he said "no."\nand, more\nlast line"', 3),
        ('"a line\nhe said "no."\nand, more\nlast line"', 4),
        ('"a ""good"" 5" pipe"', 1),
        ('"never closed\nx,"closed"', 2),
        ('"never closed\n"x","closed"', 2),
        ('"Yes," he said', 1),
        ('""Yes," he said"', 1),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("after", ["y,good", '"y","good"', '"y, or z","quite ""good"""\n1,2'])
def test_csv_invents_no_rows(tmp_path: Path, broken: str, lost: int, end: str, after: str) -> None:
    # the text first: whatever is read as a row has one
    rows = f"text,id\n{after}\n{broken},x\n{after}\n"
    got = Got(put(tmp_path / "a.csv", rows.replace("\n", end)))
    expected = list(csv.reader(f"{after}\n".splitlines()))
    assert list(zip(got.column("text"), got.column("id"), strict=True)) == [
        tuple(row) for row in expected * 2
    ]
    first = 2 + len(expected)
    last = first + lost - 1
    assert got.reasons == [(first, f"not valid CSV up to line {last}" if lost > 1 else "not valid CSV")]
    assert got.column("line")[len(expected) :] == [last + 1 + n for n in range(len(expected))]


def test_csv_of_a_broken_row_that_does_not_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    got = Got(put(path, 'text\n"a "good" word\nline\n'))
    assert (got.rows, got.reasons) == ([], [(2, "not valid CSV up to line 3")])
    far = "xx\n" * (1 << 16)  # the next mark is too far to be this row's
    got = Got(put(path, f'text\n"Yes" he said\n{far}y"\n'))
    assert got.reasons == [(2, "not valid CSV")]
    assert len(got.rows) == (1 << 16) + 1


@pytest.mark.parametrize("piece", [',"a"', '"', '" ', 'a"\n'])
def test_csv_takes_no_longer_for_a_broken_row(tmp_path: Path, piece: str) -> None:
    def seconds(size: int) -> float:
        path = put(tmp_path / "a.csv", f'text\n"a"x{piece * (size // len(piece))}\n')
        begin = time.process_time()
        Got(path)
        return time.process_time() - begin

    assert seconds(1 << 20) < 8 * seconds(1 << 18) + 0.5


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_csv_of_spreadsheets(tmp_path: Path, name: str, between: str) -> None:
    data = between.join(["id", "text"]) + "\n" + between.join(["1", '"a, b; c\td"']) + "\n"
    for blank in ("", "\r\n\n"):
        got = Got(put(tmp_path / name, blank + data))
        lines_before = blank.count("\n") + 1
        assert [(row["id"], row["text"], row["line"] - lines_before) for row in got.rows] == [
            ("1", "a, b; c\td", 1)
        ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_csv_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(UsageError, match=r"the header: invalid UTF-8; .*iconv"):
        Got(put(tmp_path / "a.csv", "id,text\n1,a\n".encode(encoding)))


def test_csv_fields_may_be_long(tmp_path: Path) -> None:
    assert len(Got(put(tmp_path / "a.csv", "text\n" + "x" * 200_000)).rows[0]["text"]) == 200_000


@pytest.mark.parametrize("data", ["", "\ufeff", "text\n", "\n\n"])
def test_csv_with_nothing_in_it(tmp_path: Path, data: str) -> None:
    got = Got(put(tmp_path / "a.csv", data))
    assert (got.rows, got.rejects) == ([], [])


def test_no_text_column(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "id,body\n1,x\n")
    with pytest.raises(UsageError, match=r"a\.csv: no column 'text'; columns are 'id', 'body'"):
        list(read([path]))
    assert Got(tmp_path).reasons == [(None, "no column 'text'; columns are 'id', 'body'")]
    assert Got(path, fields={"text": "body"}).column("text") == ["x"]


def test_csv_with_blanks_behind_its_commas(tmp_path: Path) -> None:
    got = Got(put(tmp_path / "a.csv", 'id, title ,"text"\n1, One, "Hello, there"\n'))
    assert [orjson.loads(record) for record in got.column("record")] == [
        {"id": "1", "title": "One", "text": "Hello, there"}
    ]
    got = Got(put(tmp_path / "a.csv", "id,text\n1, Hello\n"))
    assert got.column("text") == [" Hello"]
    got = Got(put(tmp_path / "a.csv", 'id,"title, long",text\n1,One, Hello\n'))
    assert got.column("text") == [" Hello"]


def test_csv_with_one_of_our_columns_twice(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "id,text,note,note,text,title\n1,one,,,another,\n")
    with pytest.raises(UsageError, match=r"a\.csv: column 'text' is there more than once"):
        list(read([path]))
    assert Got(path, fields={"text": "id", "id": "title"}).column("text") == ["1"]


def test_a_column_named_that_a_table_has_not(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", "text,when\na,2024-01-02\n")
    parquet(tmp_path / "b.parquet", {"text": ["b"], "day": ["2024-01-02"]})
    for file, columns in (("a.csv", "'text', 'when'"), ("b.parquet", "'text', 'day'")):
        with pytest.raises(UsageError, match=rf"{file}: no column 'whenn'; columns are {columns}$"):
            list(read([tmp_path / file], fields={"published": "whenn"}))
    assert Got(tmp_path, fields={"published": "when"}).column("text") == ["a", "b"]  # one has it
    got = Got(tmp_path, fields={"published": "whenn"})
    assert [w.reason for w in got.warnings] == [
        "no record has a value of 'whenn' for published; fields are 'text', 'when'"
    ]


# Parquet


def parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


@given(st.lists(st.tuples(WORDS | st.none(), WORDS.filter(lambda t: bool(t.strip()))), max_size=6))
def test_parquet_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | None, str]]
) -> None:
    titles, texts = zip(*rows, strict=True) if rows else ((), ())
    columns = {"title": pa.array(titles, pa.string()), "text": pa.array(texts, pa.large_string())}
    got = Got(parquet(tmp_path_factory.mktemp("parquet") / "a.parquet", columns, row_group_size=2))
    assert got.column("text") == list(texts)
    assert got.column("title") == [title or None for title in titles]
    assert got.column("line") == list(range(1, len(rows) + 1))


def test_parquet_types(tmp_path: Path) -> None:
    day = datetime(2024, 1, 2, 3, 4, 5)
    columns = {
        "id": pa.array([7, 8]),
        "text": pa.array(["a", "b"]).dictionary_encode(),
        "title": pa.nulls(2),
        "source": pa.array(["s", None], pa.string_view()),
        "published": pa.array([day, None], pa.timestamp("ns")),
        "updated": pa.array([day.date(), None]),
        "tags": [["x"], []],
        "raw": [b"\x80", None],
    }
    got = Got(parquet(tmp_path / "a.parquet", columns))
    assert got.column("id") == ["7", "8"]
    assert got.column("published") == [day.replace(tzinfo=UTC), None]
    assert got.column("updated") == [datetime(2024, 1, 2, tzinfo=UTC), None]
    assert orjson.loads(got.column("record")[1]) == dict.fromkeys(columns) | {
        "id": 8,
        "text": "b",
        "tags": [],
    }


@pytest.mark.parametrize(
    ("type_", "day"),
    [
        (pa.date32(), 1),
        (pa.date64(), 86_400_000),
        (pa.timestamp("s"), 86_400),
        (pa.timestamp("ms"), 86_400_000),
        (pa.timestamp("ms", "Europe/Berlin"), 86_400_000),
        (pa.timestamp("us", "UTC"), 86_400_000_000),
    ],
)
def test_dates_of_a_table_beyond_what_python_can_hold(type_: pa.DataType, day: int) -> None:
    numbers = pa.int32() if type_ == pa.date32() else pa.int64()
    most = 2 ** (numbers.bit_width - 2)  # what fits in its own unit may not in microseconds
    end = day * 2_932_897  # of the year 9999; its last day stands for no date
    far = pa.array([day, end - day - 1, end, most, -most, None], numbers).view(type_)
    warnings: list[Reject] = []
    table = pa.table({"text": list("abcdef"), "id": list("abcdef"), "published": far, "updated": far})
    (batch,) = from_documents(table, warn=warnings.append)
    for name in ("published", "updated"):
        first, last, *nothing = batch.column(name).to_pylist()
        assert (first, last.date()) == (datetime(1970, 1, 2, tzinfo=UTC), date(9999, 12, 30))
        assert nothing == [None] * 4
        told = [(w.id, w.line) for w in warnings if w.reason.startswith(f"{name} is no date that can")]
        assert told == [("c", 3), ("d", 4), ("e", 5)]
    records = map(orjson.loads, batch.column("record").to_pylist())
    assert [record["published"] for record in records][2:] == [None] * 4


def test_parquet_dates_beyond_what_python_can_hold(tmp_path: Path) -> None:
    far = pa.array([1, 10**15, -(10**15)]).view(pa.timestamp("ms"))
    got = Got(parquet(tmp_path / "a.parquet", {"text": ["a", "b", "c"], "published": far}))
    assert got.column("published") == [datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC), None, None]
    assert [w.line for w in got.warnings] == [2, 3]


def test_parquet_times_that_python_cannot_hold_are_null_in_the_record(tmp_path: Path) -> None:
    last = pa.array([0, 253_402_300_799_000_000])  # the last second of 9999, which is 10000 in Tokyo
    columns = {
        "text": ["a", "b"],
        "local": last.view(pa.timestamp("us", "Asia/Tokyo")),
        "date": pa.array([0, 2**31 - 1], pa.int32()).view(pa.date32()),
        "span": pa.array([0, 2**62]).view(pa.duration("s")),
        "inner": pa.array([[0], [2**62]]).cast(pa.list_(pa.timestamp("us"))),
    }
    first, second = Got(parquet(tmp_path / "a.parquet", columns)).column("record")
    assert orjson.loads(first) == {
        "text": "a",
        "local": "1970-01-01T09:00:00+09:00",
        "date": "1970-01-01",
        "span": "0:00:00",
        "inner": ["1970-01-01T00:00:00"],
    }
    nothing = {**dict.fromkeys(("local", "date", "span")), "inner": [None]}
    assert orjson.loads(second) == {"text": "b", **nothing}


def test_parquet_in_a_zone_that_python_does_not_know(tmp_path: Path) -> None:
    zone = pa.timestamp("ms", "Moon/Base")
    columns = {"text": ["a"], "at": pa.array([0], zone), "inner": pa.array([[0]], pa.list_(zone))}
    (record,) = Got(parquet(tmp_path / "a.parquet", columns)).column("record")
    at = "1970-01-01T00:00:00Z"
    assert orjson.loads(record) == {"text": "a", "at": at, "inner": [at]}


@pytest.mark.parametrize("installed", [True, False])
def test_parquet_with_nanoseconds_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    ns = pa.array([1_700_000_000_123_456_789])
    at, span = ns.view(pa.timestamp("ns")), ns.view(pa.duration("ns"))
    inner = pa.StructArray.from_arrays([at, span, pa.array(["kept"])], names=["at", "span", "name"])
    one = pa.array([0, 1], pa.int32())
    columns = {
        "text": ["a"],
        "inner": inner,
        "list": pa.ListArray.from_arrays(one, inner),
        "map": pa.MapArray.from_arrays(one, pa.array(["k"]), at),
        "word": at.dictionary_encode(),
    }
    path = parquet(tmp_path / "a.parquet", columns)
    if not installed:  # pyarrow makes its own of nanoseconds by pandas
        monkeypatch.setitem(sys.modules, "pandas", None)
    (record,) = Got(path).column("record")
    time = "2023-11-14T22:13:20.123456"
    known = {"at": time, "span": "19675 days, 22:13:20.123456", "name": "kept"}
    expected = {"text": "a", "inner": known, "list": [known], "map": [["k", time]], "word": time}
    assert orjson.loads(record) == expected


NESTED = st.recursive(
    st.sampled_from([pa.int64(), pa.string(), pa.date32(), pa.dictionary(pa.int8(), pa.string())]),
    lambda inner: st.one_of(
        inner.map(pa.list_),
        inner.map(pa.large_list),
        inner.map(lambda type_: pa.list_(type_, 2)),
        inner.map(lambda type_: pa.map_(pa.string(), type_)),
        st.lists(inner, max_size=3).map(lambda types: pa.struct(list(zip("abc", types, strict=False)))),
    ),
    max_leaves=4,
)


@given(NESTED, st.data())
def test_nested_values_are_those_of_arrow(type_: pa.DataType, data: st.DataObject) -> None:
    column = pa.array(data.draw(st.lists(st.none() | values_of(type_), max_size=5)), type_)
    part = column[data.draw(st.integers(0, 2)) :]
    assert plain_values(part) == part.to_pylist()


def values_of(type_: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_struct(type_):
        return st.fixed_dictionaries({field.name: st.none() | values_of(field.type) for field in type_})
    if pa.types.is_map(type_):
        return st.lists(st.tuples(WORDS, st.none() | values_of(type_.item_type)), max_size=2)
    if pa.types.is_fixed_size_list(type_):
        return st.lists(st.none() | values_of(type_.value_type), min_size=2, max_size=2)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return st.lists(st.none() | values_of(type_.value_type), max_size=3)
    kinds = {pa.int64(): st.integers(-5, 5), pa.date32(): st.dates()}
    return kinds.get(type_, WORDS)


def test_parquet_with_a_column_twice(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="column 'text' is there more than once"):
        Got(tmp_path / "a.parquet")


def test_parquet_with_other_zones_and_bad_bytes(tmp_path: Path) -> None:
    text = pa.array([b"good", b"bad \xff"]).view(pa.string())
    at = pa.array([1, 1], pa.timestamp("ms", "Europe/Berlin"))
    got = Got(parquet(tmp_path / "a.parquet", {"text": text, "published": at}))
    assert got.column("published") == [datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC)]
    assert got.reasons == [(2, "invalid UTF-8")]


def test_tables_with_bad_bytes_in_another_column() -> None:
    words = pa.array([b"bad \xff", b"good", None])
    columns = {
        "text": list("abc"),
        "plain": words.view(pa.string()),
        "inner": pa.StructArray.from_arrays([words.view(pa.string())], names=["word"]),
        "word": pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), words[:2].view(pa.string())),
    }
    (batch,) = from_documents(pa.table(columns), strict=True)
    records = [orjson.loads(record) for record in batch.column("record").to_pylist()]
    for name in ("plain", "word"):
        assert [record[name] for record in records] == ["bad \ufffd", "good", None]
    assert [record["inner"]["word"] for record in records] == ["bad \ufffd", "good", None]


def test_parquet_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'text'; columns are 'body'"):
        list(read([parquet(tmp_path / "a.parquet", {"body": ["x"]})]))
    with pytest.raises(UsageError, match="column 'text' is int64, not string"):
        list(read([parquet(tmp_path / "a.parquet", {"text": [1]})]))
    assert Got(put(tmp_path / "b.parquet", b"PAR1 or not")).reasons == [
        (None, "not a Parquet file, or a damaged one")
    ]


# text


def test_text_files_are_kept_as_they_are(tmp_path: Path) -> None:
    put(tmp_path / "n/a.txt", b"\xef\xbb\xbfone\r\ntwo\0\n")
    put(tmp_path / "n/b.txt", b"\xff\xfe")
    put(tmp_path / "n/c.txt", b"")
    got = Got(tmp_path)
    (row,) = got.rows
    assert (row["id"], row["text"], row["line"]) == ("n/a.txt", "\ufeffone\r\ntwo\0\n", 1)
    assert orjson.loads(row["record"]) == {"id": "n/a.txt", "text": row["text"]}
    assert sorted((r.id, r.reason) for r in got.rejects) == [
        ("n/b.txt", no_utf8(b"\xff\xfe")),
        ("n/c.txt", "text is empty"),
    ]


def test_renaming_is_not_for_text_files(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "x")
    assert Got(tmp_path, fields={"text": "body"}).column("text") == ["x"]


def test_other_columns_twice_are_all_kept(tmp_path: Path) -> None:
    names = ["text", "note", "note", "note.2"]
    path = put(tmp_path / "a.csv", f"{','.join(names)}\none,a,b,c\n")
    kept = {"text": "one", "note": "a", "note.3": "b", "note.2": "c"}
    assert orjson.loads(Got(path).column("record")[0]) == kept
    table = pa.Table.from_arrays([pa.array([value]) for value in ("one", "a", "b", "c")], names=names)
    (batch,) = from_documents(table)
    assert orjson.loads(batch.column("record")[0].as_py()) == kept


def test_what_is_nested_too_deep_for_python_is_one_reject(tmp_path: Path) -> None:
    """Arrow reads it; the reason of a reject names the fields of a record."""
    path, rejects, warnings = tmp_path / "in.jsonl", list[Reject](), list[Reject]()
    deep = b"[" * 1500 + b"]" * 1500
    path.write_bytes(b'{"id": "a", "x": ' + deep + b'}\n{"id": "b", "text": "Two words."}\n')
    batches = read([path], fields={"title": "head"}, reject=rejects.append, warn=warnings.append)
    assert [batch.column("id").to_pylist() for batch in batches] == [["b"]]
    assert [(reject.line, reject.reason) for reject in rejects] == [(1, "text is missing")]
    assert [warning.reason[:25] for warning in warnings] == ["no record has a value of "]


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("zst", zstd)])
def test_compressed_files_of_any_text(
    ending: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    table = b"id,text\n" + b"".join(b'%d,"one\ntwo %d"\n' % (n, n) for n in range(30_000))
    put(tmp_path / f"a.csv.{ending}", compress(table))
    put(tmp_path / f"b.txt.{ending}", compress(b"All of it."))
    put(tmp_path / f"c.json.{ending}", compress(b'[{"text": "one"}]'))
    put(tmp_path / f"d.tsv.{ending}", compress(b"id\ttext\nx\tlast"))
    got = Got(tmp_path)
    assert got.column("text") == [
        *(f"one\ntwo {n}" for n in range(30_000)),
        "All of it.",
        "one",
        "last",
    ]
    assert got.reasons == []


@pytest.mark.parametrize("ending", ["csv", "txt", "json"])
def test_a_damaged_compressed_file_costs_what_is_behind_the_fault(ending: str, tmp_path: Path) -> None:
    whole = b"id,text\n" + b"".join(b"%d,%s\n" % (n, os.urandom(30).hex().encode()) for n in range(3000))
    put(tmp_path / f"a.{ending}.gz", gzip.compress(whole)[:-20_000])
    put(tmp_path / "z.txt", b"Next.")
    got = Got(tmp_path)
    assert got.reasons == [(None, "truncated gzip file")]
    *before, last = got.column("text")
    assert last == "Next."
    assert bool(before) == (ending == "csv")
    assert {len(text) for text in before} <= {60}


def test_what_compresses_well_is_not_copied_again_at_every_read() -> None:
    size = 40 << 20
    compressed = gzip.compress(b"the same again\n" * (size // 15), 1)
    start = time.process_time()
    with io.BufferedReader(Decompressed(io.BytesIO(compressed), "gz")) as stream:
        read_bytes = sum(map(len, iter(lambda: stream.read1(8192), b"")))
    assert read_bytes == size // 15 * 15
    assert time.process_time() - start < 3  # a twentieth of a second, or forty seconds


@pytest.mark.filterwarnings("error")
def test_every_table_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\na,The ferry ran aground off the old harbour.\n")
    (tmp_path / "b.tsv").write_text("id\tbody\nb\tNo column is named text.\n")
    assert sum(len(batch) for batch in read([str(tmp_path)])) == 1
