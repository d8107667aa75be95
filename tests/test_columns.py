from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dedup.columns import take_long, take_rows, whole_strings


@given(st.lists(st.lists(st.text(max_size=2), min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_rows_of_chunks(chunks: list[list[str]], data: st.DataObject) -> None:
    values = [value for chunk in chunks for value in chunk]
    skipped = data.draw(st.integers(0, len(values) - 1))
    rows = data.draw(st.lists(st.integers(skipped, len(values) - 1), max_size=9))
    column = pa.chunked_array(chunks, pa.large_string())
    for take in (take_rows, take_long):
        taken = take(column.slice(skipped), np.array(rows, np.int64) - skipped)
        assert taken.to_pylist() == [values[row] for row in rows]


@given(st.lists(st.lists(st.none() | st.text(max_size=2), max_size=4), max_size=5))
def test_strings_in_one_piece_may_pass_two_gigabytes(chunks: list[list[str | None]]) -> None:
    values = [value for chunk in chunks for value in chunk]
    for column in (pa.chunked_array(chunks, pa.string()), pa.array(values, pa.string())):
        joined = whole_strings(column)
        assert joined.type == pa.large_string()
        assert joined.to_pylist() == values
