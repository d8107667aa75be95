from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.io.jsonlines import DIGITS, json_lines
from dedup.io.schema import TIME

texts = st.none() | st.text(max_size=4)
moments = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    'a "key"': (pa.string(), texts),
    "large": (pa.large_string(), texts),
    "count": (pa.int64(), st.none() | st.integers(-(2**63), 2**63 - 1)),
    "small": (pa.uint8(), st.integers(0, 255)),
    "ratio": (pa.float64(), st.none() | st.floats(0, 1)),
    "number": (pa.float64(), st.none() | st.floats(-1e6, 1e6)),
    "flag": (pa.bool_(), st.none() | st.booleans()),
    "time": (TIME, moments),
    "nothing": (pa.null(), st.none()),
    "names": (pa.list_(pa.string()), st.none() | st.lists(texts, max_size=3)),
    "spans": (
        pa.list_(pa.struct([("start", pa.int64()), ("name", pa.string())])),
        st.lists(
            st.builds(lambda at, name: {"start": at, "name": name}, st.integers(0, 9), texts), max_size=3
        ),
    ),
    **{
        name: (
            pa.list_(pa.struct([("start", pa.int64()), ('"end"', pa.int64())])),
            lists
            | st.lists(st.builds(lambda at, to: {"start": at, '"end"': to}, numbers, numbers), max_size=3),
        )
        for name, lists, numbers in (
            ("passages", st.just([]), st.integers(0, 9999) | st.integers(0, 2**63 - 1)),
            ("changes", st.none(), st.integers(-9, 9)),
        )
    },
    "long names": (
        pa.list_(pa.struct([("a" * 40, pa.int64())])),
        st.lists(st.builds(lambda at: {"a" * 40: at}, st.integers(0, 9)), max_size=2),
    ),
}
rows = st.lists(st.fixed_dictionaries({name: values for name, (_, values) in COLUMNS.items()}), max_size=6)


def plain(value: Any) -> Any:
    return round(value, DIGITS) + 0.0 if isinstance(value, float) else value


@given(rows, st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_the_same_bytes_as_row_by_row(values: list[dict[str, Any]], skipped: int) -> None:
    schema = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()])
    batch = pa.RecordBatch.from_pylist(values, schema).slice(skipped)
    option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    expected = [
        orjson.dumps({name: plain(row[name]) for name in COLUMNS}, option=option) for row in values[skipped:]
    ]
    assert bytes(json_lines(batch)) == b"".join(expected)
