"""``dedup index``: JSON lines in, JSON answers out, each at once."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli.options import Fields, Force, Strict, parse_fields
from dedup.cli.terminal import as_utf8, tell_compiling
from dedup.config import Format
from dedup.errors import InputError, StorageError, UsageError
from dedup.values import has_surrogate, time_argument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dedup.index import Index, Match

__all__ = ["index"]

index = typer.Typer(
    help="Keep an index of articles, and ask it about each new one. DB is a file or postgresql://…",
    rich_markup_mode=None,
)

Database = Annotated[str, typer.Argument(metavar="DB", help="A file, or postgresql://…", show_default=False)]


@index.callback(invoke_without_command=True)
def _top(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@index.command()
def add(
    db: Database,
    field: Fields = None,
    store_text: Annotated[bool, typer.Option("--store-text", help="Keep raw texts, for diffs.")] = False,
    batch: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=512, help="Records a transaction, 512 at most; answers come after it."
        ),
    ] = 1,
    strict: Strict = False,
) -> None:
    """Store records of standard input; say of each where it belongs."""
    with _open(db, store_text=store_text or None) as opened:
        _answer(_records(field), batch, opened.add_each, strict=strict)


@index.command()
def query(db: Database, field: Fields = None, strict: Strict = False) -> None:
    """Say where records of standard input would belong. Nothing is stored."""
    with _open(db, read_only=True) as opened:
        _answer(_records(field), 1, lambda documents: map(opened.query, documents), strict=strict)


@index.command()
def explain(
    db: Database,
    a: Annotated[str, typer.Argument(metavar="A", help="Id of a document.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Id of another one.", show_default=False)],
) -> None:
    """Say which rule made two documents copies, or none."""
    with _open(db, read_only=True) as opened:
        _put({"a": as_utf8(a), "b": as_utf8(b), "rule": opened.explain(a, b)})


@index.command()
def stats(db: Database) -> None:
    """Count what is there."""
    with _open(db, read_only=True) as opened:
        _put(opened.stats())


@index.command()
def families(
    db: Database,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Changed at that time or later.", show_default=False)
    ] = None,
    min_size: Annotated[int, typer.Option(metavar="N", min=1, help="With so many members.")] = 2,
) -> None:
    """List families, those that changed last at the end."""
    with _open(db, read_only=True) as opened:
        for family in opened.families(since=time_argument(since, "--since"), min_size=min_size):
            _put(asdict(family))


@index.command()
def revisions(
    db: Database,
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of a document.", show_default=False)],
) -> None:
    """List the former texts of a document, oldest first, with text where texts were kept."""
    with _open(db, read_only=True) as opened:
        found = opened.revisions(identity)
    if found is None:
        raise UsageError(f"{db}: no document with id {as_utf8(identity)!r}")
    for revision in found:
        _put(asdict(revision))


@index.command()
def changes(
    db: Database,
    since: Annotated[int, typer.Option(metavar="CURSOR", help="After this one.")] = 0,
) -> None:
    """List what happened to families, in order. The last cursor is where to go on next time."""
    with _open(db, read_only=True) as opened:
        while some := opened.changes(since):
            for change in some:
                _put(asdict(change))
            since = some[-1].cursor


@index.command()
def prune(
    db: Database,
    before: Annotated[
        str | None, typer.Option(metavar="TIME", help="Documents published before it.", show_default=False)
    ] = None,
    changes: Annotated[
        int | None,
        typer.Option(
            metavar="CURSOR",
            help="Changes up to it, which everybody who follows them has passed.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Forget what was published before a time, or was told of families up to a cursor."""
    if before is None and changes is None:
        raise UsageError("nothing to forget: say --before or --changes")
    moment = None if before is None else time_argument(before, "--before")
    if before is not None and moment is None:
        raise UsageError("--before needs a time")
    with _open(db, existing=True) as opened:
        if moment is not None:
            _put({"removed": opened.prune(moment)})
        if changes is not None:
            _put({"changes": opened.forget_changes(changes)})


@index.command()
def remove(
    db: Database,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Documents to forget.", show_default=False)],
) -> None:
    """Forget documents; exit 2 if none of them is stored."""
    for identity in ids:
        if has_surrogate(identity):
            raise UsageError(f"{as_utf8(identity)}: the id is no UTF-8")
    with _open(db, existing=True) as opened:
        removed = 0
        for identity in ids:
            found = opened.remove(identity)
            _put({"id": identity, "removed": found})
            removed += found
    if not removed:
        raise UsageError(f"{db}: none of the documents to remove is stored")


@index.command()
def export(
    db: Database,
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="OUT", help="Folder for the result.", show_default=False)
    ],
    format: Annotated[Format, typer.Option(help="Of the tables.")] = Format.JSONL,  # noqa: A002
    force: Force = False,
) -> None:
    """Write documents, relations and families as a run writes them."""
    with _open(db, read_only=True) as opened:
        tables = opened.export(out, format=format.value, force=force)
    _put({name: len(table) for name, table in tables.items()})


@index.command()
def merge(
    db: Database,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another index.", show_default=False)],
) -> None:
    """Add the documents of another index. A new one gets its settings, and keeps texts if that does."""
    with _open(other, read_only=True) as source, _open(db, like=source) as opened:
        _put({"stored": opened.merge(source)})


@index.command()
def rebuild(db: Database) -> None:
    """Judge everything anew, as a run over all of it would."""
    with _open(db, existing=True) as opened:
        opened.rebuild()
        _put(opened.stats())


@index.command()
def check(db: Database) -> None:
    """Look for damage and contradictions. One line each; exit 2 if there are any."""
    with _open(db, read_only=True) as opened:
        found = opened.check()
    for text in found:
        _put({"problem": text})
    if found:
        raise StorageError(f"{db}: {len(found)} problems")
    _put({"problems": 0})


def _open(
    db: str,
    *,
    existing: bool = False,
    read_only: bool = False,
    store_text: bool | None = None,
    like: Index | None = None,
) -> Index:
    from dedup.index import Index

    tell_compiling()
    if (existing or read_only) and not _is_there(db):
        raise UsageError(f"{db}: no such index")
    settings = None
    if like is not None and not _is_index(db):
        settings, store_text = like.settings, like.store_text
    return Index.open(db, settings, read_only=read_only, store_text=store_text)


def _is_there(db: str) -> bool:
    """Whether there may be an index: of a server nobody knows yet."""
    from pathlib import Path

    path = db.removeprefix("sqlite:///")
    return "://" in path or Path(path).exists()


def _is_index(db: str) -> bool:
    """Whether there is an index."""
    from dedup.storage import open_store
    from dedup.storage.migrations import is_index

    if not _is_there(db):
        return False
    with contextlib.closing(open_store(db, timeout=60, read_only=True)) as store, store.reading():
        return is_index(store)


def _records(field: list[str] | None) -> Iterator[tuple[int, Mapping[str, Any] | InputError]]:
    """Records of standard input as they come, with their lines; what is none as its error."""
    from dedup.io.jsonl import load_line, no_record, record_in
    from dedup.io.rows import source_fields

    fields = source_fields(parse_fields(field))
    for number, line in enumerate(sys.stdin.buffer, 1):
        record = record_in(line)
        if not record:
            continue
        values = None
        with contextlib.suppress(ValueError):
            values = load_line(record)
        if not isinstance(values, dict):
            yield number, InputError(no_record(record, values), file="-", line=number)
            continue
        yield number, {ours: values.get(theirs) for ours, theirs in fields.items()}


def _answer(
    records: Iterable[tuple[int, Mapping[str, Any] | InputError]], batch: int, ask: Any, *, strict: bool
) -> None:
    """Put an answer for each record, in order; a record that cannot be used is answered with its error.

    A date that could not be read is a warning in the answer, and an error only if strict.
    """
    from dedup.ingestion.intake import usable

    used = faults = 0
    waiting: list[Any] = []
    warnings: list[list[str]] = []

    def flush() -> None:
        for match, said in zip(ask(waiting), warnings, strict=True):
            _put(_as_dict(match) | ({"warning": "; ".join(said)} if said else {}))
        waiting.clear()
        warnings.clear()

    for number, record in records:
        said: list[str] = []
        try:
            if isinstance(record, InputError):
                raise record
            document = usable(record, warn=said.append)
            if strict and said:
                raise InputError(said[0])
            waiting.append(document)
            warnings.append(said)
        except InputError as error:
            flush()
            if strict:
                raise InputError(error.reason, file="-", line=number) from error
            _put({"line": number, "error": error.reason})
            faults += 1
            continue
        used += 1
        if len(waiting) >= batch:
            flush()
    flush()
    if faults and not used:
        raise InputError(f"none of {faults} records can be used", file="-")


def _as_dict(match: Match) -> dict[str, Any]:
    values = asdict(match)
    values.pop("diff")
    return values


def _put(value: dict[str, Any]) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    sys.stdout.buffer.flush()
