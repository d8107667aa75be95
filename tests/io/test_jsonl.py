"""JSONL: nothing is lost, and a record's fate doesn't depend on the lines around it."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedup.io.jsonl import read_jsonl
from dedup.io.rows import source_fields
from dedup.io.schema import Reject
from dedup.values import no_utf8

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(st.integers(), max_size=2)
RECORDS = st.fixed_dictionaries(
    {"text": TEXTS},
    optional={
        "id": TEXTS | st.integers(-(2**63), 2**64 - 1),
        "title": TEXTS,
        "extra": st.dictionaries(TEXTS, VALUES, max_size=3),
    },
)
ARRAY = "a JSON array, not an object a line; jq -c '.[]' makes lines of it, and a file .json may hold it"
ODD_LINES = st.sampled_from(
    [
        b"",
        b"  \t",
        b"null",
        b"[1]",
        b"5",
        b'"text"',
        b"{",
        b"}",
        b'{"text": "cut',
        b'{"text": "bad \xff"}',
        b'{"text": "kept", "other": "\xff"}',
        b'{"text": "half \\ud800"}',
        b'{"text": "two"}{"text": "objects"}',
        b'{"text": "null after"} null {"text": "more"}',
        b'{"a": {}',
        b'{"text": "x"}, "b": 1}',
        b'{"text": "not a number", "other": NaN}',
        b'{"text": "big", "other": 1e999}',
        b'{"text": "twice", "text": "second"}',
        b'{"text": 5, "id": "t"}',
        b'{"text": null}',
        b'{"text": "fraction", "id": 1.5}',
        b'{"text": "title", "title": ["x"]}',
        b'{"te\\u0078t": "escaped key"}',
        b' {"text": "indented"} ',
        b'{"text": "number", "id": 7}',
        b'{"text": "number", "id": 7, "other": NaN}',
        b'{"text": "stamp", "published": 1700000000}',
        b'{"text": "no stamp", "published": [1700000000]}',
        b'{"text": "nul \\u0000 inside"}',
        b'{"text": "raw \x00 nul"}',
        b'{"other": ' + b"[" * 2000 + b"]" * 2000 + b', "text": "deep"}',
    ]
)


def parse(
    data: bytes, *, names: dict[str, str] | None = None, **options: Any
) -> tuple[list[dict], list[Reject]]:
    rejects: list[Reject] = []
    rows = []
    for block in read_jsonl(
        io.BytesIO(data), "in", fields=source_fields(names or {}), reject=rejects.append, **options
    ):
        block.records.validate(full=True)
        table = pa.table({**block.columns, "line": block.lines, "record": block.records, "file": block.files})
        rows += table.to_pylist()
    return rows, rejects


def reasons(data: bytes, **options: Any) -> list[tuple[int | None, str]]:
    return [(r.line, r.reason) for r in parse(data, **options)[1]]


@example([{"text": "", "id": 2**63, "extra": float("inf")}], "\n", False, 1)
@given(
    st.lists(RECORDS, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from([1, 100, 1 << 20]),
)
def test_records_come_back(records: list[dict], end: str, ascii_only: bool, block_bytes: int) -> None:
    lines = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
    data = "".join(line + end for line in lines).encode()
    rows, rejects = parse(data, block_bytes=block_bytes)
    assert not rejects
    assert [row["text"] for row in rows] == [record["text"] for record in records]
    assert [row["id"] for row in rows] == [str(r["id"]) if "id" in r else None for r in records]
    assert [row["record"].decode() for row in rows] == lines
    assert [row["line"] for row in rows] == list(range(1, len(records) + 1))


@given(st.lists(ODD_LINES | RECORDS.map(lambda r: json.dumps(r).encode()), max_size=8), st.booleans())
def test_a_line_fares_alike_alone_and_in_company(lines: list[bytes], closed: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if closed else b"")
    rows, rejects = parse(data)
    alone_rows, alone_rejects = [], []
    for number, line in enumerate(lines, 1):
        got, bad = parse(line)
        alone_rows += [row | {"line": number} for row in got]
        alone_rejects += [(number, reject.reason) for reject in bad]
    assert rows == alone_rows
    assert [(reject.line, reject.reason) for reject in rejects] == alone_rejects


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"null", "not a JSON object"),
        (b"[]", ARRAY),
        (b"[", ARRAY),
        (b"nonsense", "not valid JSON"),
        (b'{"text": "a"} {"text": "b"}', "not valid JSON"),
        (b'{"text": "\xe4"}', no_utf8(b"")),
        (b'{"text": "a", "other": "\xe4"}', no_utf8(b"")),
        (b"\x1f\x8b\x08\x08", "invalid UTF-8; it looks like gzip, which gzip -dc unpacks"),
        (b"\x28\xb5\x2f\xfd\x00", "invalid UTF-8; it looks like zstd, which zstd -dc unpacks"),
        (
            b"PAR1\x15\x00",
            "invalid UTF-8; it looks like Parquet, which is read from files ending in .parquet",
        ),
        (b'{"text": "\\uDC00"}', "lone surrogate in a \\u escape"),
        (b'{"text": 1}', "text is a number, not a string"),
        (b'{"text": true}', "text is a boolean, not a string"),
        (b'{"text": {"a": 1}}', "text is an object, not a string"),
        (b'{"text": "a", "source": []}', "source is an array, not a string"),
        (b'{"text": "a", "id": 1.5}', "id is a number, not a string or a whole number"),
        (
            b'{"text": "a", "id": 123456789012345678901}',
            "id is a number too large to be exact; write it as a string",
        ),
        (b'{"text": "a", "id": true}', "id is a boolean, not a string or a whole number"),
    ],
)
def test_a_bad_line_costs_itself_only(line: bytes, reason: str) -> None:
    data = b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n'
    rows, rejects = parse(data)
    assert [row["text"] for row in rows] == ["before", "after"]
    assert [row["line"] for row in rows] == [1, 3]
    assert [(r.file, r.line, r.reason) for r in rejects] == [("in", 2, reason)]


def test_files_of_utf_16_and_windows_1252_are_told_what_to_do() -> None:
    for encoding, tool in (("utf-16", "iconv -f UTF-16 -t UTF-8"), ("cp1252", "iconv -f CP1252 -t UTF-8")):
        _, rejects = parse('{"text": "Fähre"}\n{"text": "Fährt"}\n'.encode(encoding))
        assert {reject.line for reject in rejects} >= {1, 2}
        assert all(tool in reject.reason for reject in rejects)


def test_a_stray_zero_makes_no_utf_16() -> None:
    assert parse(b'{"text": "a\0b"}')[1][0].reason == "not valid JSON"
    assert "UTF-16" not in parse(bytes(set(range(256)) - {10, 13}))[1][0].reason  # as in a picture


def test_a_reject_tells_its_id() -> None:
    assert parse(b'{"id": "n-1", "text": 5}')[1] == [Reject("in", 1, "text is a number, not a string", "n-1")]


def test_blank_lines_count_as_lines() -> None:
    rows, rejects = parse(b'\n\r\n{"text": "a"}\r\n \n\n{"text": "b"}')
    assert [(row["line"], row["record"]) for row in rows] == [(3, b'{"text": "a"}'), (6, b'{"text": "b"}')]
    assert not rejects


def test_lines_are_counted_across_blocks() -> None:
    data = b"".join(b'{"text": "%d"}\n\n' % number for number in range(50))
    rows, _ = parse(data, block_bytes=64)
    assert [(row["line"], row["text"]) for row in rows] == [(2 * n + 1, str(n)) for n in range(50)]


def test_byte_order_marks_are_skipped() -> None:
    rows, rejects = parse(
        b'\xef\xbb\xbf{"text": "a"}\n\xef\xbb\xbf{"text": "b"}\r\n\xef\xbb\xbf'
    )  # two files
    assert [row["record"] for row in rows] == [b'{"text": "a"}', b'{"text": "b"}']
    assert not rejects


def test_duplicate_keys_last_one_counts() -> None:
    assert parse(b'{"text": "a", "text": "b"}')[0][0]["text"] == "b"


def test_fields_are_renamed() -> None:
    data = b'{"text": "not this", "body": "this", "headline": "h"}'
    rows, _ = parse(data, names={"text": "body", "title": "headline"})
    assert (rows[0]["text"], rows[0]["title"]) == ("this", "h")


def test_whole_numbers_are_ids() -> None:
    rows, _ = parse(b'{"id": 1, "text": "a"}\n{"id": -20, "text": "b"}\n')
    assert [row["id"] for row in rows] == ["1", "-20"]
    rows, _ = parse(b'{"id": 123456789012345678901, "text": "a"}')
    assert len(rows) + len(parse(b'{"id": 123456789012345678901, "text": "a"}')[1]) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [("31536000", "1971-01-01T00:00:00+00:00"), ("1700000000", "2023-11-14T22:13:20+00:00"),
     ("1700000000000", "2023-11-14T22:13:20+00:00"), ("1e300", "1e+300"), ("0", "0"), ("20260310", "20260310")],
)  # fmt: skip
def test_numbers_are_seconds_or_milliseconds(value: str, text: str) -> None:
    rows, _ = parse(b'{"text": "a", "published": %s}' % value.encode())
    assert rows[0]["published"] == text


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_nothing_in_it(data: bytes) -> None:
    assert parse(data) == ([], [])


def test_lines_too_long_are_refused() -> None:
    long = b'{"text": "%s"}' % (b"x" * 200)
    data = b'{"text": "a"}\n' + long + b'\n{"text": "b"}\n' + long
    rejects: list[Reject] = []
    blocks = read_jsonl(
        io.BytesIO(data), "in", fields=source_fields({}), reject=rejects.append, block_bytes=16, max_line=100
    )
    rows = [
        row
        for block in blocks
        for row in zip(block.columns["text"].to_pylist(), block.lines.to_pylist(), strict=True)
    ]
    assert rows == [("a", 1), ("b", 3)]
    assert [reject.line for reject in rejects] == [2, 4]


LINES = b"".join(b'{"id": "%d", "text": "text %d"}\n' % (n, n * 7919) for n in range(5000))


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(("kind", "pack"), [("gz", gzip.compress), ("zst", zstd)])
def test_compressed(kind: str, pack: Any) -> None:
    assert len(parse(pack(LINES), compression=kind)[0]) == 5000
    assert len(parse(pack(LINES) + pack(LINES), compression=kind)[0]) == 10000
    assert parse(pack(b""), compression=kind) == ([], [])


@pytest.mark.parametrize(("kind", "pack"), [("gz", gzip.compress), ("zst", zstd)])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_all_before_a_cut_is_read(kind: str, pack: Any, share: float) -> None:
    packed = pack(LINES)
    rows, rejects = parse(packed[: int(len(packed) * share)], compression=kind)
    assert [row["line"] for row in rows] == list(range(1, len(rows) + 1))
    name = {"gz": "gzip", "zst": "zstd"}[kind]
    assert [(r.line, r.reason) for r in rejects] == [(None, f"truncated {name} file")]
    if kind == "gz":
        assert len(rows) > 5000 * (share - 0.15)


@pytest.mark.parametrize(("kind", "pack"), [("gz", gzip.compress), ("zst", zstd)])
@pytest.mark.parametrize("times", [1, 100])
def test_all_before_what_is_damaged_is_read(kind: str, pack: Any, times: int) -> None:
    rows, rejects = parse(pack(LINES) * times + b"trailing", compression=kind)
    assert len(rows) == 5000 * times
    assert len(rejects) == 1


def test_a_whole_last_line_before_a_cut_is_read() -> None:
    packed = gzip.compress(b'{"text": "a"}\n{"text": "b"}')[:-8]
    rows, rejects = parse(packed, compression="gz")
    assert [row["text"] for row in rows] == ["a", "b"]
    assert len(rejects) == 1


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("gz", b"", "truncated gzip file"),
        ("gz", b"plain text", "not a gzip file"),
        ("gz", gzip.compress(b'{"text": "a"}\n', mtime=0) + b"trailing", "bytes after the end of gzip data"),
        ("zst", b"plain text", "not a zstd file"),
    ],
)
def test_not_what_it_says(kind: str, data: bytes, reason: str) -> None:
    assert reasons(data, compression=kind) == [(None, reason)]


def test_padding_after_gzip_is_none_of_our_business() -> None:
    rows, rejects = parse(gzip.compress(b'{"text": "a"}') + b"\0" * 512, compression="gz")
    assert len(rows) == 1
    assert not rejects
