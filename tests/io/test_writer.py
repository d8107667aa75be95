from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import OutputError
from dedup.io import Reject, read, rejects_table, write_jsonl, write_parquet, write_records, write_table
from dedup.io.schema import TIME

PLACE = pa.struct([("a_start", pa.int64()), ("a_end", pa.int64())])
TABLE = pa.table(
    {
        "id": ["a", "b"],
        "coverage": [0.123456, None],
        "words": [3, 4],
        "first": pa.array(
            [datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, 3, 4, 5, 600, tzinfo=UTC)], TIME
        ),
        "members": [["ä", "\u2028"], []],
        "passages": pa.array([[{"a_start": 0, "a_end": 5}], []], pa.list_(PLACE)),
    }
)


def test_jsonl(tmp_path: Path) -> None:
    for tables in (TABLE, iter(TABLE.to_batches(max_chunksize=1)), TABLE.to_batches()[0]):
        write_jsonl(tmp_path / "a.jsonl", tables)
        one, two = (tmp_path / "a.jsonl").read_bytes().splitlines()
        assert one.decode() == (
            '{"id":"a","coverage":0.1235,"words":3,"first":"2024-01-02T00:00:00Z",'
            '"members":["ä","\u2028"],"passages":[{"a_start":0,"a_end":5}]}'
        )
        assert orjson.loads(two)["coverage"] is None
        assert orjson.loads(two)["first"] == "2024-01-02T03:04:05.000600Z"


def test_parquet(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", TABLE)
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [
        row | {"coverage": row["coverage"] and 0.1235} for row in TABLE.to_pylist()
    ]


def test_nothing_to_write(tmp_path: Path) -> None:
    write_table(tmp_path / "a.jsonl", TABLE[:0])
    assert (tmp_path / "a.jsonl").read_bytes() == b""
    write_table(tmp_path / "a.parquet", TABLE[:0])
    assert pq.read_schema(tmp_path / "a.parquet") == TABLE.schema
    write_parquet(tmp_path / "b.parquet", iter(()), TABLE.schema)
    assert pq.read_schema(tmp_path / "b.parquet") == TABLE.schema


def test_records_are_copied_byte_for_byte(tmp_path: Path) -> None:
    data = b'{"text":  "a", "n": 1.0}\n{ "n": 1e2, "text": "\\u00e4" }\n'
    (tmp_path / "in.jsonl").write_bytes(data)
    write_records(tmp_path / "out.jsonl", (batch.column("record") for batch in read([tmp_path / "in.jsonl"])))
    assert (tmp_path / "out.jsonl").read_bytes() == data


def test_rejects(tmp_path: Path) -> None:
    write_table(
        tmp_path / "r.jsonl",
        rejects_table([Reject("a.jsonl", 3, "text is empty", "n"), Reject("b", None, "x")]),
    )
    assert (tmp_path / "r.jsonl").read_text() == (
        '{"file":"a.jsonl","line":3,"id":"n","reason":"text is empty"}\n'
        '{"file":"b","line":null,"id":null,"reason":"x"}\n'
    )
    assert rejects_table([]).num_rows == 0


@pytest.mark.parametrize("name", ["none/a.jsonl", "none/a.parquet"])
def test_no_such_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file or directory"):
        write_table(tmp_path / name, TABLE)


def test_a_full_disk() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left on device"):
        write_jsonl(Path("/dev/full"), TABLE)
