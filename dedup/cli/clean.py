"""``dedup clean``: articles without their boilerplate."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from dedup.cli.options import Fields, Force, Inputs, Strict, parse_fields
from dedup.cli.terminal import console, safe, tell_compiling
from dedup.errors import UsageError
from dedup.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from dedup.io import Reject
    from dedup.model import CleanText

__all__ = ["clean"]

MOST_REJECTS = 3  # told one by one

STYLES = {
    "appeal": "red",
    "caption": "yellow",
    "credit": "magenta",
    "nav": "blue",
    "widget": "cyan",
    "meta": "green",
    "title": "bold",
    "repeat": "dim",
}


def clean(
    inputs: Inputs,
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", metavar="FILE", help="JSONL to write; - is standard output."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the raw texts with what is removed marked by its kind.")
    ] = False,
    field: Fields = None,
    force: Force = False,
    strict: Strict = False,
) -> None:
    """Strip boilerplate off articles.

    Appeals, captions, credits, navigation, widgets, metadata, repeated titles, and what recurs among the
    articles of one source. Writes id, text (stripped), agencies and removed [{start, end, kind}], in
    characters of the raw text.
    """
    if out is None and not show:
        raise UsageError("name a file with -o FILE, or look at the texts with --show")
    from dedup.io import output_file
    from dedup.io.folder import writing

    rejects: list[Reject] = []
    written = None if out == "-" else out
    articles = _articles(inputs, parse_fields(field), rejects, strict=strict, out=written)
    tell_compiling()
    screen = console() if show else None
    if written is None:
        _work(articles, None if show else sys.stdout.buffer, screen)
    else:
        with output_file(written, force=force) as path, writing(path), path.open("wb") as file:
            _work(articles, file, screen)
    for reject in rejects[:MOST_REJECTS]:
        typer.echo(f"dedup: left out: {safe(str(reject))}", err=True)
    if len(rejects) > MOST_REJECTS:
        more = count(len(rejects) - MOST_REJECTS, "more record")
        typer.echo(f"dedup: left out: {more}", err=True)


def _articles(
    inputs: list[str], fields: Mapping[str, str], rejects: list[Reject], *, strict: bool, out: str | None
) -> Iterator[tuple[dict[str, Any], CleanText]]:
    """Each document's id and text, and what is left of it.

    Raises:
        UsageError: There is none.
    """
    from dedup.boilerplate import clean_texts
    from dedup.config import Settings
    from dedup.engines.workspace import Workspace
    from dedup.io import needed, nothing_usable, read
    from dedup.pipeline import learn

    with Workspace(Settings().memory_limit) as space:
        kept = space.batches("documents")
        # where a text file has nothing but its text, its headline stays in there
        batches = read(inputs, fields=fields, strict=strict, reject=rejects.append, out=out, headlines=False)
        for batch in needed(batches, inputs, rejects):
            kept.append(batch.select(["id", "text", "title", "source", "published"]))
        documents = kept.finish()
        if documents is None:
            raise nothing_usable(rejects)
        recurring = learn(documents.to_batches())
        for batch in documents.to_batches():
            rows = batch.select(["id", "text"]).to_pylist()
            yield from zip(rows, clean_texts(batch, recurring), strict=True)


def _work(
    articles: Iterator[tuple[dict[str, Any], CleanText]], file: BinaryIO | None, screen: Console | None
) -> None:
    import orjson

    for row, cleaned in articles:
        if file:
            record = {
                "id": row["id"],
                "text": cleaned.text,
                "agencies": cleaned.agencies,
                "removed": cleaned.removed,
            }
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        if screen:
            _show(screen, row["id"], row["text"], cleaned)


def _show(screen: Console, identity: str, raw: str, cleaned: CleanText) -> None:
    """Print a raw text with its removed spans: coloured on a terminal, in brackets elsewhere."""
    from rich.text import Text

    agencies = ", ".join(dict.fromkeys(agency.name for agency in cleaned.agencies))
    text = Text(f"=== {safe(identity)}{f' ({agencies})' if agencies else ''}\n", style="")
    lit = screen.color_system is not None
    done = 0
    for span in cleaned.removed:
        text.append(safe(raw[done : span.start], lines=True))
        removed = safe(raw[span.start : span.end], lines=True)
        mark = span.kind.value
        text.append(f"[{mark}: {removed}]", style=STYLES[mark] if lit else None)
        done = span.end
    text.append(safe(raw[done:], lines=True))
    screen.print(text, soft_wrap=True)
    screen.print()
