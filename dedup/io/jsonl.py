"""Records as lines of JSON."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.json

from dedup.errors import InputError
from dedup.io.rows import Rows
from dedup.io.schema import Block, Reject, RejectSink
from dedup.io.streams import CutShortError, decompressed, line_blocks
from dedup.ragged import running
from dedup.values import is_wide, no_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BLOCK_BYTES", "MAX_LINE", "load_json", "load_line", "no_record", "read_jsonl", "record_in"]

BLOCK_BYTES = 2 << 20
"""Parsed at once. Arrow's parser alone, MB/s on one core: 426 at 1 MB, 370 at 4, 156 at 16 (cache)."""

MAX_LINE = 1 << 30
"""A longer line is refused; Arrow's parser takes blocks below 2 GB."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ARRAY = "a JSON array, not an object a line; jq -c '.[]' makes lines of it, and a file .json may hold it"
_LF, _CR, _OPEN, _CLOSE = b"\n\r{}"


def read_jsonl(
    stream: BinaryIO,
    file: str,
    *,
    fields: Mapping[str, str],
    reject: RejectSink,
    compression: str = "",
    block_bytes: int = BLOCK_BYTES,
    max_line: int = MAX_LINE,
) -> Iterator[Block]:
    """Read records, one JSON object a line; blank lines are skipped, byte order marks too.

    A block that has anything unusual in it is read again line by line, so that a bad line costs only itself.
    Both ways give the same records.

    Args:
        stream: Open for reading bytes.
        file: Its name in blocks and rejects.
        fields: Name of each of our fields in the input.
        reject: Takes what could not be used.
        compression: ``gz``, ``zst`` or empty.
        block_bytes: Bytes parsed at once.
        max_line: Longest line, in bytes.
    """
    integer: str | None = None  # the id's name, where ids were whole numbers last time
    line = 1
    blocks = line_blocks(decompressed(stream, compression, block_bytes), block_bytes, max_line)
    while True:
        try:
            data = next(blocks, b"")
        except CutShortError as error:
            rows = Rows(fields, reject)
            _read_lines(error.rest, rows, file=file, line=line, reject=lambda _: None)
            if len(rows):
                yield rows.take()
            reject(Reject(file, None, error.reason))
            return
        if data is None:
            reject(Reject(file, line, f"line is longer than {max_line >> 20} MB"))
            line += 1
            continue
        if not data:
            return
        lines = _Lines(data)
        table = None
        if lines.uniform:
            table = _parse(data, fields, integer)
            if table is None:
                other = None if integer else fields["id"]
                table = _parse(data, fields, other)
                integer = integer if table is None else other
        if table is not None and table.num_rows == lines.count:
            yield _block(table, lines, file, line, fields)
        else:
            rows = Rows(fields, reject)
            _read_lines(data, rows, file=file, line=line, reject=reject)
            if len(rows):
                yield rows.take()
        line += lines.ends


def record_in(line: bytes) -> bytes:
    """The record of a line, empty where it is blank: without a byte order mark, blanks and the line's end."""
    return line.removeprefix(codecs.BOM_UTF8).strip(b" \t\r\n")  # files put together may have several marks


def load_line(line: bytes) -> Any:
    """The value of a line of JSON; NaN and infinities, which Python writes and Arrow reads, are taken, too.

    Raises:
        ValueError: It is none, or nested too deep for Python.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(line.decode())
        except (ValueError, RecursionError):
            raise error from None


def no_record(line: bytes, value: object) -> str:
    """The reason where a line is no JSON object, given its value; None where it has none."""
    if line.startswith(b"["):
        return _ARRAY
    return _fault(line) if value is None else "not a JSON object"


def load_json(data: bytes) -> list[Any]:
    """The records of a file that holds one, or an array of them.

    Raises:
        InputError: It holds something else; only the reason is set.
    """
    record = record_in(data)
    try:
        value = load_line(record)
    except ValueError as error:
        reason = _fault(record)
        with contextlib.suppress(ValueError):
            load_line(record.partition(b"\n")[0])
            reason = "several JSON values; a file with one a line is read by the name .jsonl"
        raise InputError(reason) from error
    return value if isinstance(value, list) else [value]


class _Lines:
    """Where the lines of a block are.

    Attributes:
        uniform: Each line that isn't empty begins with ``{`` and ends with ``}``, and all is valid UTF-8.
            Since ``}`` and ``{`` never stand side by side inside a JSON value, the lines hold whole objects,
            and as many objects as lines means one in each. (Arrow 26 crashes on a block beginning with null.)
        count: Lines that aren't empty.
        ends: Line ends in the block.
        numbers: int64[count], 0-based numbers of those lines.
        records: large_binary[count], the lines.
    """

    def __init__(self, data: bytes) -> None:
        raw = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(raw == _LF)
        self.ends = len(ends)
        if data[-1] != _LF:
            ends = np.append(ends, len(raw))
        starts = np.r_[0, ends[:-1] + 1]
        carriage = (ends > starts) & (raw[ends - 1] == _CR)
        stops = ends - carriage
        filled = stops > starts
        self.numbers = np.flatnonzero(filled)
        starts, stops = starts[filled], stops[filled]
        self.count = len(starts)
        self.uniform = bool(self.count and (raw[starts] == _OPEN).all() and (raw[stops - 1] == _CLOSE).all())
        if not self.uniform:
            return
        # the lines without their ends are the records; "\r\n" inside one is none of our line ends
        joined = data.replace(b"\r\n", b"\n") if carriage.any() else data
        joined = joined.replace(b"\n", b"")
        buffers = [None, pa.py_buffer(running(stops - starts)), pa.py_buffer(joined)]
        self.records = pa.Array.from_buffers(pa.large_binary(), self.count, buffers)
        try:
            self.records.view(pa.large_string()).validate(full=True)
        except pa.ArrowInvalid:
            self.uniform = False


def _parse(data: bytes, fields: Mapping[str, str], integer: str | None) -> pa.Table | None:
    """Named fields of a block, strings but for ``integer``; None if anything is wrong with it."""
    schema = pa.schema(
        [
            (name, pa.int64() if name == integer else pa.large_string())
            for name in sorted(set(fields.values()))
        ]
    )
    try:
        return pa.json.read_json(
            pa.BufferReader(data),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pa.json.ParseOptions(
                explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="ignore"
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _block(table: pa.Table, lines: _Lines, file: str, line: int, fields: Mapping[str, str]) -> Block:
    columns = {theirs: table.column(theirs).combine_chunks() for theirs in table.column_names}
    return Block(
        columns={name: columns[theirs].cast(pa.large_string()) for name, theirs in fields.items()},
        files=pa.repeat(file, lines.count),
        lines=pa.array(lines.numbers + line),
        records=lines.records,
    )


def _read_lines(data: bytes, rows: Rows, *, file: str, line: int, reject: RejectSink) -> None:
    for number, text in enumerate(data.split(b"\n"), line):
        record = record_in(text)
        if not record:
            continue
        try:
            value = orjson.loads(record)
        except orjson.JSONDecodeError:
            # Arrow's parser is the more liberal one (NaN, deep nesting), and a record must not
            # fare better in company
            value = _load_with_arrow(record, rows.fields)
            if value is None and not _SURROGATE.search(record):  # an id too large for Arrow, and a NaN
                with contextlib.suppress(ValueError):
                    value = load_line(record)
        if isinstance(value, dict):
            rows.add(value, record, file=file, line=number)
        else:
            reject(Reject(file, number, no_record(record, value)))


def _load_with_arrow(record: bytes, fields: Mapping[str, str]) -> dict[str, Any] | None:
    lines = _Lines(record)
    if not lines.uniform or lines.count != 1:
        return None
    for integer in (None, fields["id"]):
        table = _parse(record, fields, integer)
        if table is not None and table.num_rows == 1:
            return table.to_pylist()[0]  # type: ignore[no-any-return]
    return None


def _fault(record: bytes) -> str:
    if record == b"null":
        return "not a JSON object"
    try:
        record.decode()
    except UnicodeDecodeError:
        return no_utf8(record)
    if is_wide(record):  # lines of UTF-16 that are behind the first one
        return no_utf8(record)
    try:
        orjson.loads(_SURROGATE.sub(rb"\\u00", record))
    except orjson.JSONDecodeError:
        return "not valid JSON"
    return "lone surrogate in a \\u escape"
