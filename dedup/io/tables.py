"""Records as rows of Arrow tables: columns taken as they are, cast where they must be."""

from __future__ import annotations

import json
from itertools import compress, islice, repeat
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import UsageError
from dedup.io.rows import distinct_names, listed
from dedup.io.schema import Block, Reject, RejectSink
from dedup.io.times import bounded
from dedup.values import as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["check_columns", "plain_values", "table_block", "table_columns", "to_json"]


def check_columns(
    schema: pa.Schema, file: str, fields: Mapping[str, str], needed: Collection[str] = ("text",)
) -> None:
    """See that a table has the columns of the fields needed, and that ours have types we can read.

    Raises:
        UsageError: It hasn't; the message names the columns there are.
    """
    for name, theirs in fields.items():
        if theirs not in schema.names:
            if name in needed:
                raise _refused(file, f"no column {theirs!r}; columns are {listed(schema.names)}")
            continue
        if schema.names.count(theirs) > 1:
            raise _refused(file, f"column {theirs!r} is there more than once")
        type_ = schema.field(theirs).type
        # of floats, they may all be missing: what pandas makes of a column with nothing in it
        if not (
            _is_text(type_)
            or pa.types.is_null(type_)
            or pa.types.is_floating(type_)
            or _is_other(name, type_)
        ):
            raise _refused(file, f"column {theirs!r} is {type_}, not string")


def _refused(file: str, reason: str) -> UsageError:
    return UsageError(f"{file}: {reason}" if file else reason)


def table_block(
    batch: pa.RecordBatch, file: str, line: int, *, fields: Mapping[str, str], reject: RejectSink
) -> Block:
    """The rows of a batch whose schema :func:`check_columns` has passed.

    Args:
        batch: n rows.
        file: Its name in the block and in rejects.
        line: 1-based number of the first row.
        fields: Name of each of our fields in the batch.
        reject: Takes the rows with invalid UTF-8.

    Raises:
        UsageError: There are numbers in a column that must not have them.
    """
    columns, bad = table_columns(batch, file, fields)
    lines = np.arange(line, line + len(batch))
    for row in np.flatnonzero(bad):
        reject(Reject(file, int(lines[row]), "invalid UTF-8"))
    if bad.any():
        lines = lines[~bad]
        columns = {name: column.filter(pa.array(~bad)) for name, column in columns.items()}
    values = zip(*(plain_values(column) for column in batch.columns), strict=True)
    names = distinct_names(batch.schema.names)
    rows = (dict(zip(names, row, strict=True)) for row in compress(values, ~bad))
    records = pa.array([to_json(row) for row in rows], pa.large_binary())
    return Block(columns, pa.repeat(file, len(lines)), pa.array(lines), records)


def table_columns(
    batch: pa.RecordBatch, file: str, fields: Mapping[str, str]
) -> tuple[dict[str, pa.Array], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Our fields of n rows that are there, each as text or as times; and bool[n], invalid UTF-8 in them.

    Raises:
        UsageError: There are numbers in a column that must not have them.
    """
    columns = {}
    for name, theirs in fields.items():
        if theirs not in batch.schema.names:
            continue
        try:
            columns[name] = _column(name, batch.column(theirs))
        except TypeError:
            raise _refused(file, f"column {theirs!r} is {batch.column(theirs).type}, not string") from None
    bad = np.zeros(len(batch), bool)
    for column in columns.values():
        if pa.types.is_large_string(column.type):
            bad |= _invalid(column)
    return columns, bad


def plain_values(column: pa.Array) -> list[Any]:
    """What a column holds: None for times that Python cannot hold, what is no UTF-8 replaced."""
    type_ = column.type
    if pa.types.is_struct(type_):
        names = distinct_names([field.name for field in type_])
        fields = [plain_values(field) for field in column.flatten()]
        rows = zip(*fields, strict=True) if fields else repeat((), len(column))
        return [
            dict(zip(names, row, strict=True)) if there else None
            for row, there in zip(rows, column.is_valid().to_pylist(), strict=True)
        ]
    if pa.types.is_map(type_):
        pairs = column.cast(pa.list_(pa.struct([type_.key_field, type_.item_field])))
        return [row and [tuple(pair.values()) for pair in row] for row in plain_values(pairs)]
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        items = iter(plain_values(column.flatten()))
        sizes = pc.list_value_length(column).to_pylist()
        return [None if size is None else list(islice(items, size)) for size in sizes]
    if pa.types.is_dictionary(type_):
        words = plain_values(column.dictionary)
        return [None if n is None else words[n] for n in column.indices.to_pylist()]
    if pa.types.is_timestamp(type_):
        column = bounded(column)
    elif pa.types.is_duration(type_) and type_.unit == "ns":  # cut off
        column = pc.cast(column, pa.duration("us"), safe=False)
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except KeyError:  # a zone that Python does not know
        if pa.types.is_timestamp(column.type):
            return plain_values(pc.cast(column, pa.timestamp("us", "UTC")))
    except (OverflowError, ValueError):
        pass
    if isinstance(column, pa.ExtensionArray):
        return plain_values(column.storage)
    return [_value(scalar) for scalar in column]


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes().decode(errors="replace")
    except (KeyError, OverflowError, ValueError):
        return None


def _is_text(type_: pa.DataType) -> bool:
    if isinstance(type_, pa.BaseExtensionType):
        type_ = type_.storage_type
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    )


def _is_uuid(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.BaseExtensionType) and type_.extension_name == "arrow.uuid"


def _is_other(name: str, type_: pa.DataType) -> bool:
    """Whether a column that is no string can still be read as the field."""
    if name == "id":
        return bool(pa.types.is_integer(type_)) or _is_uuid(type_)
    return name in ("published", "updated")  # what is no date costs the date, not the article


def _column(name: str, column: pa.Array) -> pa.Array:
    """A column as text, or as times.

    Raises:
        TypeError: It has values and the field takes none of their type.
    """
    if isinstance(column, pa.ExtensionArray) and _is_text(column.type):
        column = column.storage
    type_ = column.type
    if pa.types.is_date(type_):
        return column.cast(pa.timestamp("s"), safe=False).cast(pa.timestamp("s", "UTC"))
    if pa.types.is_timestamp(type_):
        return column.cast(pa.timestamp(type_.unit, "UTC"))
    if pa.types.is_dictionary(type_) and _is_text(type_):
        # Arrow decodes none of string_view, which Polars has
        words = column.dictionary.cast(pa.large_string())
        return pa.DictionaryArray.from_arrays(column.indices, words).cast(pa.large_string())
    if _is_text(type_) or pa.types.is_null(type_) or (name == "id" and pa.types.is_integer(type_)):
        return column.cast(pa.large_string())
    values = plain_values(column)
    if isinstance(type_, pa.BaseExtensionType):
        # a period of pandas is stored as the months since 1970, which are no seconds
        values = [type_.extension_name if isinstance(value, Real) else value for value in values]
        if name == "id":  # UUIDs
            values = [value and str(value) for value in values]
    return pa.array([as_text(name, value) for value in values], pa.large_string())


def _invalid(column: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    bad = np.zeros(len(column), bool)
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        for row, value in enumerate(column.cast(pa.large_binary())):
            try:
                str(value.as_py() or b"", "utf-8")
            except UnicodeDecodeError:
                bad[row] = True
    return bad


def to_json(row: Mapping[str, Any]) -> bytes:
    """A record as one JSON object; what JSON has no type for becomes text, what is no UTF-8 is replaced."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(row, default=_plain, option=options)
    except orjson.JSONEncodeError:  # lone surrogates, integers beyond 64 bits
        return json.dumps(row, default=_plain).encode()


def _plain(value: object) -> object:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
