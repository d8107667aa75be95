"""Tables as lines of JSON, column by column: no Python object a row (orjson row by row: 8 times as slow)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dedup import kernels
from dedup.columns import string_buffers
from dedup.ragged import running

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

__all__ = ["DIGITS", "json_lines"]

DIGITS = 4
"""Digits of a ratio."""

_KEY = 32  # bytes of room for the name of a number and what stands around it

_OPTION = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
_ESCAPED = r'["\\\x00-\x1f]'


def json_lines(batch: pa.RecordBatch, *, as_they_are: Collection[str] = ()) -> memoryview:
    """The rows as JSON objects, each with a line end, as orjson writes them.

    Keys stand in the order of the schema; floating-point numbers are rounded to :data:`DIGITS`.

    Args:
        batch: Columns of strings, numbers, times, and lists and structs of these.
        as_they_are: Names of large_string columns without nulls that hold JSON.
    """
    if not len(batch):
        return memoryview(b"")
    fields = [
        ("", column) if name in as_they_are else _field(column)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    rows = _object(batch.schema.names, fields, "}\n")
    data, offsets = string_buffers(rows)
    return data[offsets[0] : offsets[-1]]


def _field(values: pa.Array) -> tuple[str, pa.Array]:
    """Quotation marks that :func:`_object` is to put around each value, or none, and the values."""
    if pa.types.is_string(values.type) and not values.null_count and not _to_escape(values):
        return '"', values.cast(pa.large_string())
    return "", _json(values)


def _json(values: pa.Array) -> pa.Array:
    """The JSON of each value: large_string without nulls."""
    kind = values.type
    if pa.types.is_null(kind):
        return pa.repeat(_text("null"), len(values))
    if pa.types.is_boolean(kind):
        texts = pc.if_else(values, _text("true"), _text("false"))
    elif pa.types.is_integer(kind):
        texts = values.cast(pa.large_string())
    elif pa.types.is_floating(kind):
        texts = _ratios(values)
    elif pa.types.is_large_string(kind) or pa.types.is_string(kind):
        texts = _strings(values)
    elif pa.types.is_timestamp(kind):
        texts = _times(values)
    elif pa.types.is_struct(kind):
        fields = [values.field(number) for number in range(kind.num_fields)]
        names = [kind.field(number).name for number in range(kind.num_fields)]
        texts = _object(names, [*map(_field, fields)], "}")
        texts = pc.if_else(values.is_valid(), texts, pa.scalar(None, pa.large_string()))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        texts = _lists(values)
    else:
        texts = _one_by_one(values.to_pylist())
    return pc.fill_null(texts, _text("null"))


def _object(names: Sequence[str], fields: Sequence[tuple[str, pa.Array]], end: str) -> pa.Array:
    """Objects of fields that are JSON already, but for the quotation marks given."""
    parts: list[Any] = []
    before = "{"
    for name, (mark, column) in zip(names, fields, strict=True):
        parts += [_text(f"{before}{orjson.dumps(name).decode()}:{mark}"), column]
        before = f"{mark},"
    return pc.binary_join_element_wise(*parts, _text(before[:-1] + end), _text(""))


def _strings(values: pa.Array) -> pa.Array:
    values = values.cast(pa.large_string())
    texts = pc.binary_join_element_wise(_text('"'), values, _text('"'), _text(""))
    if _to_escape(values):
        odd = pc.fill_null(pc.match_substring_regex(values, _ESCAPED), False)
        if pc.any(odd).as_py():
            texts = pc.replace_with_mask(texts, odd, _one_by_one(values.filter(odd).to_pylist()))
    return texts


def _to_escape(values: pa.Array) -> bool:
    """Whether any sign is escaped: all bytes are looked through, in a fifth of the time asking each takes."""
    data, offsets = string_buffers(values)
    signs = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return bool((signs == ord('"')).any() or (signs == ord("\\")).any() or (signs < ord(" ")).any())


def _ratios(values: pa.Array) -> pa.Array:
    numbers = np.round(values.to_numpy(zero_copy_only=False).astype(np.float64), DIGITS) + 0.0  # no -0.0
    known = values.is_valid().to_numpy(zero_copy_only=False)
    if ((numbers >= 0) & (numbers <= 1))[known].all():
        steps = np.rint(np.where(known, numbers, 0) * 10**DIGITS).astype(np.int64)
        return _steps().take(pa.array(steps, mask=~known))
    return _one_by_one([n if k else None for n, k in zip(numbers.tolist(), known.tolist(), strict=True)])


@cache
def _steps() -> pa.Array:
    """The JSON of every ratio there is between 0 and 1."""
    return _one_by_one((np.arange(10**DIGITS + 1) / 10**DIGITS).tolist())


def _times(values: pa.Array) -> pa.Array:
    micros = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
    seconds: NDArray[np.int64] = micros.fill_null(0).to_numpy(zero_copy_only=False)
    whole = pa.array(seconds // 1_000_000).cast(pa.timestamp("s"))
    # as with strftime, in an eighth of its time
    texts = pc.replace_substring(whole.cast(pa.large_string()), " ", "T")
    texts = pc.binary_join_element_wise(_text('"'), texts, _text('Z"'), _text(""))
    texts = pc.if_else(values.is_valid(), texts, pa.scalar(None, pa.large_string()))
    odd = pa.array(seconds % 1_000_000 != 0)
    if pc.any(odd).as_py():
        texts = pc.replace_with_mask(texts, odd, _one_by_one(values.filter(odd).to_pylist()))
    return texts


def _lists(values: pa.Array) -> pa.Array:
    offsets = running(pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False))
    items = values.flatten()
    numbers = None if values.null_count else _numbers(items)
    if numbers is not None and max(len(orjson.dumps(name)) for name in items.type.names) <= _KEY - len(",:"):
        return _lists_of_numbers(numbers, items.type.names, offsets)
    inner = pa.LargeListArray.from_arrays(pa.array(offsets), _json(items))
    joined = pc.binary_join(inner, _text(","))
    texts = pc.binary_join_element_wise(_text("["), joined, _text("]"), _text(""))
    return pc.if_else(values.is_valid(), texts, pa.scalar(None, pa.large_string()))


def _numbers(values: pa.Array) -> NDArray[np.int64] | None:
    """What objects hold that hold nothing but numbers from 0 on: int64[n, k], a row each; else None."""
    if not pa.types.is_struct(values.type) or values.null_count:
        return None
    fields = values.flatten()
    if not fields or any(not pa.types.is_int64(field.type) or field.null_count for field in fields):
        return None
    numbers = np.column_stack([field.to_numpy() for field in fields])
    return numbers if numbers.min(initial=0) >= 0 else None


def _lists_of_numbers(
    numbers: NDArray[np.int64], names: Sequence[str], offsets: NDArray[np.int64]
) -> pa.Array:
    """What :func:`_lists` would make of them, in a third of its time."""
    keys = [f"{',' if k else '{'}{orjson.dumps(name).decode()}:".encode() for k, name in enumerate(names)]
    sizes = np.array([len(key) for key in keys])
    padded = np.frombuffer(b"".join(key.ljust(_KEY) for key in keys), np.uint8).reshape(-1, _KEY)
    width = int(sizes.sum()) + len(keys) * len(str(numbers.max(initial=0))) + len("},")
    out = np.empty(width * len(numbers) + len("[]") * len(offsets) + _KEY, np.uint8)
    ends = np.zeros(len(offsets), np.int64)
    size = kernels.get(len(out)).write_numbers(numbers, padded, sizes, offsets, out, ends[1:])
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(ends), pa.py_buffer(out[:size]))


def _one_by_one(values: Sequence[Any]) -> pa.Array:
    return pa.array([orjson.dumps(value, option=_OPTION).decode() for value in values], pa.large_string())


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())
