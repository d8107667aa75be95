"""Reading: from what a program holds in memory to batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from dedup.errors import InputError, UsageError
from dedup.io.batch import batches, coalesce
from dedup.io.reader import ignore, stop
from dedup.io.rows import Rows, source_fields
from dedup.io.schema import FIELDS, Block, Reject, RejectSink
from dedup.io.tables import check_columns, plain_values, table_block, table_columns, to_json
from dedup.model import Document
from dedup.values import no_mapping

__all__ = ["from_documents", "is_frame", "rows_of"]

_ROWS = 4096  # of a table, at once


def from_documents(
    documents: Any,
    *,
    fields: Mapping[str, str] | None = None,
    strict: bool = False,
    reject: RejectSink = ignore,
    warn: RejectSink = ignore,
) -> Iterator[pa.RecordBatch]:
    """Read documents a program holds.

    Args:
        documents: An iterable of ``Document`` or mappings; or anything that hands out Arrow data
            (``__arrow_c_stream__`` or ``_array__``): tables, batches, readers, pandas and Polars frames.
        fields: Renames, our field to the input's: ``{"text": "body"}``; ``Document`` has no use for them.
        strict: Raise what would have gone to ``reject`` or ``warn``.
        reject: Takes each record that can't be used; ``line`` is its number from 1, ``file`` is empty.
        warn: Takes each record that stays although its date could not be read; and, without a line, each
            field of ``fields`` that no record has.

    Returns:
        Batches with the columns of ``SCHEMA``; ids are not yet unique.

    Raises:
        UsageError: A frame without a text column or one of ``fields``, or no collection of documents at all.
        InputError: ``strict``, and something can't be used.
    """
    fields = fields or {}
    renamed = source_fields(fields)
    if strict:
        reject = warn = stop
    blocks: Iterator[Block]
    if is_frame(documents):
        reader = _reader(documents)
        check_columns(reader.schema, "", renamed, {"text", *fields})
        blocks = (table_block(part, "", row, fields=renamed, reject=reject) for row, part in _parts(reader))
    else:
        blocks = _record_blocks(documents, renamed, reject)
    return coalesce(batches(blocks, renamed, reject=reject, warn=warn))


def is_frame(documents: Any) -> bool:
    """Whether documents come as Arrow data, not one after the other.

    Raises:
        UsageError: They are no collection of documents at all.
    """
    if hasattr(documents, "__arrow_c_stream__") or hasattr(documents, "__arrow_c_array__"):
        return True
    if isinstance(documents, Iterable) and not isinstance(documents, str | bytes | Mapping | Document):
        return False
    kind = type(documents).__name__
    hint = "; .collect() makes a frame of it" if kind == "LazyFrame" else ""
    raise UsageError(f"documents is {kind}, not a collection of documents or a frame{hint}")


def rows_of(frame: Any) -> Iterator[dict[str, Any]]:
    """Our fields of the rows of what hands out Arrow data, as values of Python.

    Raises:
        InputError: There is invalid UTF-8 in a row; ``line`` is its number, from 1.
        UsageError: It has no text column, or numbers in one of text.
    """
    reader, fields = _reader(frame), source_fields({})
    check_columns(reader.schema, "", fields)
    for row, part in _parts(reader):
        columns, bad = table_columns(part, "", fields)
        values = zip(*map(plain_values, columns.values()), strict=True)
        for number, (invalid, known) in enumerate(zip(bad, values, strict=True), row):
            if invalid:
                raise InputError("invalid UTF-8", line=number)
            yield dict(zip(columns, known, strict=True))


def _reader(data: Any) -> pa.RecordBatchReader:
    named: Any = getattr(data, "index", None)
    if type(named).__name__ == "RangeIndex" and named.name is not None and named.name not in data.columns:
        data = data.reset_index()  # pandas hands out every named index as a column but one of a range
    try:
        if hasattr(data, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(data)
        batch = pa.record_batch(data)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:  # of several types, too large
        reason = "; ".join(map(str, error.args))
        raise UsageError(f"the frame is no table that Arrow can hold: {reason}") from error
    return pa.RecordBatchReader.from_batches(batch.schema, [batch])


def _parts(reader: pa.RecordBatchReader) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Some rows at once, with the number of the first one, from 1."""
    row = 1
    for batch in reader:
        for start in range(0, len(batch), _ROWS):
            part = batch.slice(start, _ROWS)
            yield row, part
            row += len(part)


def _record_blocks(
    documents: Iterable[Any], fields: Mapping[str, str], reject: RejectSink
) -> Iterator[Block]:
    rows = Rows(fields, reject)
    for number, document in enumerate(documents, 1):
        if isinstance(document, Document):
            known = {name: getattr(document, name) for name in FIELDS}
            values: Mapping[str, Any] = {fields[name]: value for name, value in known.items()}
            written: Mapping[str, Any] = {name: value for name, value in known.items() if value is not None}
        elif isinstance(document, Mapping):
            values = written = document
        else:
            reject(Reject("", number, no_mapping(document)))
            continue
        try:
            record = to_json(written)
        except (TypeError, ValueError, RecursionError):  # keys of other types, circles, depth
            reject(Reject("", number, "cannot be written as JSON"))
            continue
        rows.add(values, record, file="", line=number)
        if rows.full:
            yield rows.take()
    if len(rows):
        yield rows.take()
