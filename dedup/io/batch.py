"""From blocks to batches: records without text out; dates read, sources and ids filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from dedup.io.identity import Occurrences, hash_records
from dedup.io.jsonl import load_line
from dedup.io.schema import BATCH_BYTES, FIELDS, SCHEMA, Block, Reject, RejectSink
from dedup.io.tables import plain_values
from dedup.io.times import parse_times
from dedup.values import fields_of, nested, no_date, no_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["batches", "coalesce", "hosts", "sources"]

_HOST = r"^(?i:[a-z][a-z0-9+.-]*:)?//(?:[^/?#@]*@)?(?i:www\.)?(?P<host>[^/?#:@\s]+)"
_FOR_PHONES = r"^(?:m|mobile|amp)\.([^.]+\.[^.].*)$"


def batches(
    blocks: Iterable[Block], fields: Mapping[str, str], *, reject: RejectSink, warn: RejectSink
) -> Iterator[pa.RecordBatch]:
    """Make a batch of each block that has a usable record.

    Args:
        blocks: What the readers found.
        fields: Name of each of our fields in the input.
        reject: Takes each record that is left out.
        warn: Takes each record that stays although its date could not be read; and in the end, without a
            line, each field that was renamed and that no record has.

    Yields:
        Batches with the columns of ``SCHEMA``.
    """
    occurrences = Occurrences()
    absent = {name for name, theirs in fields.items() if theirs != name}
    first = None
    for block in blocks:
        block = _usable(block, fields["text"], reject)
        if not len(block.lines):
            continue
        first = first or block.records[0].as_py()
        absent = {name for name in absent if _optional(block, name).null_count == len(block.lines)}
        columns = {name: _optional(block, name) for name in FIELDS if name not in ("id", "text")}
        for name in ("published", "updated"):
            columns[name] = _times(block, name, columns[name], warn)
        columns["source"] = sources(columns["source"], columns["url"])
        columns |= {"id": _ids(block, occurrences), "text": block.columns["text"]}
        columns |= {"file": block.files, "line": block.lines, "record": block.records}
        yield pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in SCHEMA], schema=SCHEMA)
    record = _record(first) if first and absent else {}
    for name, theirs in fields.items():
        if record and name in absent and theirs not in record:  # null in all is an answer, too
            hint = nested(name, theirs, record) + fields_of(record)
            warn(Reject("", None, f"no record has a value of {theirs!r} for {name}{hint}"))


def coalesce(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join neighbouring small batches, so that a folder of small files doesn't cost a batch a file."""
    held: list[pa.RecordBatch] = []
    size = 0
    for part in parts:
        held.append(part)
        size += part.nbytes
        if size >= BATCH_BYTES // 2:
            yield held[0] if len(held) == 1 else pa.concat_batches(held)
            held, size = [], 0
    if held:
        yield pa.concat_batches(held)


def sources(named: pa.Array, urls: pa.Array) -> pa.Array:
    """Who published each document: what is named, of a URL the host; else the host of its url.

    Args:
        named: string or large_string[n].
        urls: The same of the documents themselves.

    Returns:
        large_string[n].
    """
    known = pc.coalesce(hosts(named), named.cast(pa.large_string()))
    return pc.coalesce(known, hosts(urls)) if known.null_count else known


def hosts(urls: pa.Array) -> pa.Array:
    """Host of each url in lower case, without ``www.``, user and port.

    Nor with ``m.``, ``mobile.`` or ``amp.``, the same site for phones, if two labels are left.

    Args:
        urls: string or large_string[n].

    Returns:
        large_string[n]; null where there is no ``//host``.
    """
    if not pc.match_substring(urls, "//").true_count:  # compiling the pattern takes 0.2 ms
        return pa.nulls(len(urls), pa.large_string())
    found = pc.struct_field(pc.extract_regex(urls, _HOST), "host")
    found = pc.utf8_lower(found).cast(pa.large_string())
    return pc.replace_substring_regex(found, _FOR_PHONES, r"\1")


def _usable(block: Block, text_field: str, reject: RejectSink) -> Block:
    """The block without the records that have no text."""
    text = block.columns["text"]
    blank = pc.or_(pc.utf8_is_space(text), pc.equal(pc.binary_length(text), 0))
    bad = pc.fill_null(blank, True)
    if not pc.any(bad).as_py():
        return block
    for row in pc.indices_nonzero(bad).to_pylist():
        found = text[row].is_valid
        reason = "text is empty" if found else no_text(text_field, _record(block.records[row].as_py()))
        reject(block.reject(row, reason))
    good = pc.invert(bad)
    return Block(
        columns={name: column.filter(good) for name, column in block.columns.items()},
        files=block.files.filter(good),
        lines=block.lines.filter(good),
        records=block.records.filter(good),
    )


def _record(line: bytes) -> Mapping[str, object]:
    """A record as it came; nothing where it is nested too deep for Python, which Arrow has read."""
    try:
        record: Mapping[str, object] = load_line(line)
    except ValueError:
        return {}
    return record


def _optional(block: Block, name: str) -> pa.Array:
    """A column that may be missing; an empty string (CSV has no other way to say it) is null."""
    column = block.columns.get(name)
    if column is None:
        return pa.nulls(len(block.lines), pa.large_string())
    if not pa.types.is_large_string(column.type):
        return column
    empty = pc.equal(pc.binary_length(column), 0)
    return pc.if_else(empty, None, column) if pc.any(empty).as_py() else column


def _times(block: Block, name: str, column: pa.Array, warn: RejectSink) -> pa.Array:
    times = parse_times(column)
    for row in pc.indices_nonzero(pc.and_(times.is_null(), column.is_valid())).to_pylist():
        warn(block.reject(row, no_date(name, *plain_values(column.slice(row, 1)))))
    return times


def _ids(block: Block, occurrences: Occurrences) -> pa.Array:
    ids = _optional(block, "id")
    if not ids.null_count:
        return ids
    missing = ids.is_null()
    made = occurrences.ids(hash_records(block.records.filter(missing)))
    return pc.replace_with_mask(ids, missing, pa.array(made, pa.large_string()))
