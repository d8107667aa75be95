"""Records as rows of CSV, with a header."""

from __future__ import annotations

import csv
import io
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import orjson

from dedup.errors import UsageError
from dedup.io.rows import Rows, distinct_names
from dedup.io.schema import Block, Reject, RejectSink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["read_csv"]

_DELIMITERS = ",;\t"  # spreadsheets write semicolons where the comma is the decimal mark
_LONGEST = 1 << 30  # characters of a field; the module's own limit, 131,072, is shorter than some articles


def read_csv(
    stream: BinaryIO, file: str, *, fields: Mapping[str, str], reject: RejectSink, block_bytes: int
) -> Iterator[Block]:
    """Read rows with a header, fields quoted by ``"``, in UTF-8 with or without a byte order mark.

    Commas, semicolons or tabs separate the fields: whichever the first line has most of, commas if in doubt.
    A record's line is the line its row begins on. Rows with fewer fields than the header lack the last ones;
    rows with more are refused. A column that is there again gets a number: ``tag``, ``tag.2``.

    Raises:
        UsageError: There is no text column, one of ours is there twice, or the header is not UTF-8.
    """
    # A limit of the whole process, and there is no other: raised here, never lowered.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST))
    # Bad bytes become lone surrogates, so that they cost one row and not the file.
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    first = lines.readline()
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    rows = Rows(fields, reject)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            unclosed = "unexpected end of data" in str(error)
            reason = (
                "a quoted field is never closed; all that follows is inside it"
                if unclosed
                else "not valid CSV"
            )
            reject(Reject(file, line, reason))
            continue
        if row is None:
            break
        if not row:
            continue
        if header is None:
            header = row
            if fields["text"] not in header:
                if any(sign == "\0" or "\udc80" <= sign <= "\udcff" for sign in first):
                    raise UsageError(f"{file}: the header is not UTF-8")
                raise UsageError(f"{file}: no column {fields['text']!r}; columns are {', '.join(header)}")
            for name in fields.values():
                if header.count(name) > 1:
                    raise UsageError(f"{file}: column {name!r} is there more than once")
            header = distinct_names(header)
        elif len(row) > len(header):
            reject(Reject(file, line, f"more fields than the header ({len(row)}, {len(header)})"))
        else:
            values = dict(zip(header, row, strict=False))
            try:
                record = orjson.dumps(values)
            except orjson.JSONEncodeError:
                reject(Reject(file, line, "invalid UTF-8"))
                continue
            rows.add(values, record, file=file, line=line)
            if rows.size >= block_bytes:
                yield rows.take()
    if len(rows):
        yield rows.take()
