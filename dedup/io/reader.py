"""Reading: from what the user names to batches."""

from __future__ import annotations

import io
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from dedup.errors import InputError, MissingExtraError, UsageError
from dedup.io.batch import batches, coalesce
from dedup.io.csv import read_csv
from dedup.io.discover import FORMATS, Source, discover
from dedup.io.html import load_html, require_trafilatura
from dedup.io.jsonl import load_json, read_jsonl
from dedup.io.parquet import read_parquet
from dedup.io.rows import Rows, source_fields
from dedup.io.schema import FIELDS, Block, Reject, RejectSink
from dedup.io.streams import Decompressed, decompressed
from dedup.io.tables import to_json
from dedup.io.text import load_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    import pyarrow as pa

__all__ = ["ignore", "needed", "nothing_usable", "read", "read_sources", "stop"]


def ignore(reject: Reject) -> None:
    """Take a reject or a warning and do nothing."""


def stop(reject: Reject) -> NoReturn:
    """Take a reject and raise it.

    Raises:
        InputError: Always.
    """
    raise reject.error()


def nothing_usable(rejects: Sequence[Reject]) -> UsageError:
    """The error where no record is left to work on; it names the first that was refused."""
    if not rejects:
        return UsageError("no document that can be used: there is nothing in the input")
    # what is no record at all is refused before those beside it are looked at
    first = min((r for r in rejects if r.file == rejects[0].file), key=lambda r: r.line or 0)
    return UsageError(f"no document that can be used: {first}")


_TABLES = tuple(ending for ending, (format_, _) in FORMATS.items() if format_ in ("csv", "parquet"))
"""Endings of what is something without a row, too."""


def needed(
    batches: Iterator[pa.RecordBatch], inputs: Sequence[str], rejects: Sequence[Reject]
) -> Iterator[pa.RecordBatch]:
    """What was read of inputs.

    Raises:
        UsageError: There is nothing in them, not even a reject.
    """
    empty = True
    for batch in batches:
        empty = False
        yield batch
    if empty and not rejects:
        where = inputs[0] if len(inputs) == 1 else f"any of the {len(inputs)} inputs"
        if where.lower().endswith(_TABLES) and Path(where).is_file() and Path(where).stat().st_size:
            raise UsageError(f"no document that can be used: {where} has no rows")
        raise UsageError(f"no document that can be used: there is nothing in {where}")


def read(
    inputs: Sequence[str | Path],
    *,
    fields: Mapping[str, str] | None = None,
    strict: bool = False,
    reject: RejectSink = ignore,
    warn: RejectSink = ignore,
    out: str | Path | None = None,
    headlines: bool = True,
) -> Iterator[pa.RecordBatch]:
    """Read files, folders, patterns, or ``-`` for JSONL on standard input.

    The inputs are looked up at the call; files are opened one after the other as batches are asked for.

    Args:
        inputs: What to read.
        fields: Renames, our field to the input's: ``{"text": "body"}``.
        strict: Raise what would have gone to ``reject`` or ``warn``.
        reject: Takes each record (or file) that can't be used.
        warn: Takes each record that stays although its date could not be read: losing the date costs less
            than losing the article. Also, without a line, each field of ``fields`` that no record has.
        out: A file that will be written; it is passed over.
        headlines: Take the first line of a text file for its title if it looks like one.

    Returns:
        Batches with the columns of ``SCHEMA``; ids are not yet unique.

    Raises:
        UsageError: No such file, an unknown format, a file named explicitly without a text column, or the
            only one and without a column of ``fields``; a result of this package or ``out`` named explicitly.
        MissingExtraError: HTML files were named explicitly and trafilatura isn't installed.
        InputError: ``strict``, and something can't be used.
    """
    sources = discover(inputs, out=out)
    return read_sources(sources, fields=fields, strict=strict, reject=reject, warn=warn, headlines=headlines)


def read_sources(
    sources: Sequence[Source],
    *,
    fields: Mapping[str, str] | None = None,
    strict: bool = False,
    reject: RejectSink = ignore,
    warn: RejectSink = ignore,
    headlines: bool = True,
) -> Iterator[pa.RecordBatch]:
    """As :func:`read`, of files that were found already."""
    fields = fields or {}
    renamed = source_fields(fields)
    if strict:
        reject = warn = stop
    if any(source.format == "html" and source.named for source in sources):
        require_trafilatura()
    columns = {"text"} if len(sources) > 1 else {"text", *fields}  # another file may have what one has not
    blocks = _blocks(sources, renamed, columns, reject, headlines=headlines)
    return coalesce(batches(blocks, renamed, reject=reject, warn=warn))


def _blocks(
    sources: Sequence[Source],
    fields: Mapping[str, str],
    columns: Collection[str],
    reject: RejectSink,
    *,
    headlines: bool,
) -> Iterator[Block]:
    loaders: dict[str, Callable[[bytes, str], dict[str, str]]] = {
        "text": partial(load_text, headline=headlines),
        "html": load_html,
    }
    rows = Rows(fields, reject)  # gathers files that hold one record each
    for source in sources:
        try:
            with _open(source) as stream:
                if source.format == "json":
                    yield from _add_json(rows, source, _whole(source, stream), reject)
                elif source.format in loaders:
                    _add_file(rows, source, loaders[source.format], _whole(source, stream), reject)
                else:
                    if len(rows):
                        yield rows.take()
                    yield from _records(source, stream, fields, columns, reject)
        except OSError as error:
            reject(Reject(source.file, None, f"cannot be read: {error.strerror or error}"))
        except _DamagedError as error:
            reject(Reject(source.file, None, error.reason))
        except UsageError as error:
            if source.named:
                raise
            reason = str(error).removeprefix(f"{source.file}: ")
            reject(Reject(source.file, None, reason))
        if rows.full:
            yield rows.take()
    if len(rows):
        yield rows.take()


def _records(
    source: Source,
    stream: BinaryIO,
    fields: Mapping[str, str],
    columns: Collection[str],
    reject: RejectSink,
) -> Iterator[Block]:
    if source.format == "jsonl":
        return read_jsonl(stream, source.file, fields=fields, reject=reject, compression=source.compression)
    if source.format == "csv" and source.compression:
        return _compressed_csv(source, stream, fields, columns, reject)
    if source.format == "csv":
        return read_csv(stream, source.file, fields=fields, needed=columns, reject=reject)
    return read_parquet(stream, source.file, fields=fields, needed=columns, reject=reject)


def _compressed_csv(
    source: Source,
    stream: BinaryIO,
    fields: Mapping[str, str],
    columns: Collection[str],
    reject: RejectSink,
) -> Iterator[Block]:
    opened = Decompressed(stream, source.compression)
    try:
        yield from read_csv(
            io.BufferedReader(opened), source.file, fields=fields, needed=columns, reject=reject
        )
    except UsageError:  # of a header that is not there
        if opened.fault is None:
            raise
    if opened.fault is not None:
        raise _DamagedError(opened.fault.reason)


class _DamagedError(InputError):
    """A compressed file that is damaged; not what a sink raises of a record."""


def _whole(source: Source, stream: BinaryIO) -> bytes:
    if not source.compression:
        return stream.read()
    try:
        return b"".join(decompressed(stream, source.compression, 0))
    except InputError as error:
        raise _DamagedError(error.reason) from error


_OURS = {name: name for name in FIELDS}


def _add_json(rows: Rows, source: Source, data: bytes, reject: RejectSink) -> Iterator[Block]:
    try:
        values = load_json(data)
    except InputError as error:
        reject(Reject(source.file, None, error.reason))
        return
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            reject(Reject(source.file, number, "not a JSON object"))
            continue
        rows.add(value, to_json(value), file=source.file, line=number)
        if rows.full:
            yield rows.take()


def _add_file(
    rows: Rows,
    source: Source,
    load: Callable[[bytes, str], dict[str, str]],
    data: bytes,
    reject: RejectSink,
) -> None:
    try:
        values = load(data, source.name)
        rows.add(values, to_json(values), file=source.file, line=1, fields=_OURS)
    except InputError as error:
        reject(Reject(source.file, None, error.reason, source.name))
    except MissingExtraError as error:
        reject(Reject(source.file, None, str(error), source.name))


def _open(source: Source) -> AbstractContextManager[BinaryIO]:
    if source.path == "-":
        return nullcontext(sys.stdin.buffer)
    return Path(source.path).open("rb")
