"""``dedup compare``: how two texts are related, and why."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli.documents import HELP, load_two
from dedup.cli.options import Fields, Json, parse_fields
from dedup.cli.terminal import console, fit, put, safe, tell_compiling
from dedup.model import RelationKind
from dedup.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from dedup.model import CleanText, Document, Relation
    from dedup.result import Result

__all__ = ["compare"]

MOST_PASSAGES = 20  # printed; --json has them all
MOST_LEFT_OUT = 12
LINES = 3  # of a passage, about

Among = Annotated[
    list[str] | None,
    typer.Option(
        "--among",
        metavar="INPUT",
        help="Articles they stand among, as files, folders or patterns; what recurs there is stock text and "
        "counts for nothing. May be repeated.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A place in the raw text that counted for nothing: its kind is one of the stripped ones, or stock."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two articles, and what the judgement left out of it."""

    document: Document
    clean: CleanText
    left_out: tuple[LeftOut, ...]


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=HELP, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    among: Among = None,
    field: Fields = None,
    as_json: Json = False,
) -> None:
    """Say how two articles are related, and why.

    Shows the rule that decided, the passages they share side by side, and what was left out.
    """
    import orjson

    import dedup
    from dedup.boilerplate import clean_texts
    from dedup.io import from_documents

    tell_compiling()
    fields = parse_fields(field)
    documents = load_two(a, b, fields)
    result = dedup.find_families(_corpus(documents, among or [], fields))
    relation = result.relation(*(document.id for document in documents))
    batches = from_documents(documents)
    cleaned = [clean for batch in batches for clean in clean_texts(batch, result.recurring)]
    rule = result.explain(*(document.id for document in documents))
    sides = [_side(document, clean, result) for document, clean in zip(documents, cleaned, strict=True)]
    if as_json:
        typer.echo(orjson.dumps(_as_dict(relation, rule, sides)))
    else:
        _show((a, b), relation, rule, sides)


def _corpus(
    documents: tuple[Document, Document], among: list[str], fields: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The two, and all others of the inputs."""
    from dedup.io import read

    rows = [asdict(document) for document in documents]
    own = {document.id for document in documents}
    for batch in read(among, fields=fields) if among else ():
        rows += [row for row in batch.to_pylist() if row["id"] not in own]
    return rows


def _side(document: Document, clean: CleanText, result: Result) -> Side:
    stripped = [LeftOut(span.kind.value, span.start, span.end) for span in clean.removed]
    stock = [LeftOut("stock", *span) for span in result.stock_spans(document.id)]
    return Side(document, clean, tuple(sorted(stripped + stock, key=lambda place: place.start)))


def _as_dict(relation: Relation, rule: str, sides: list[Side]) -> dict[str, Any]:
    values = {**asdict(relation), "rule": rule}
    for name, side in zip("ab", sides, strict=True):
        values[f"removed_{name}"] = [asdict(span) for span in side.clean.removed]
        values[f"stock_{name}"] = [
            {"start": place.start, "end": place.end} for place in side.left_out if place.kind == "stock"
        ]
        values[f"agencies_{name}"] = [asdict(agency) for agency in side.clean.agencies]
    return values


def _show(names: tuple[str, str], relation: Relation, rule: str, sides: list[Side]) -> None:
    from rich.text import Text

    screen = console()
    half = max(10, (min(screen.width, 160) - 16) // 2)
    facts = _table("", half)
    documents = [side.document for side in sides]
    rows: dict[str, list[str | None]] = {
        "id": [document.id for document in documents],
        "title": [document.title for document in documents],
        "source": [document.source for document in documents],
        "published": [_moment(document) for document in documents],
        "covered": [percent(relation.coverage_a), percent(relation.coverage_b)],
        "left out": [_counts(side) for side in sides],
        "agencies": [_agencies(side.clean) for side in sides],
    }
    for label, values in rows.items():
        facts.add_row(label, *(Text(fit(value or "–", half)) for value in values))
    parts: list[Any] = [
        Text.assemble((relation.relation.value, "bold"), f": {rule}"),
        "",
        facts,
    ]
    if relation.passages:
        quoted = relation.shared_words - relation.narrative_words
        words = f"{relation.shared_words} words shared: {relation.narrative_words} narrative, {quoted} quoted"
        parts += ["", f"{words}; Jaccard {relation.jaccard:.2f}", "", _passages(documents, relation, half)]
        if len(relation.passages) > MOST_PASSAGES:
            parts.append(f"… and {len(relation.passages) - MOST_PASSAGES} more passages; --json has them all")
    if any(side.left_out for side in sides):
        parts += ["", _left_out(sides, half)]
    if relation.relation is not RelationKind.NONE:
        parts += ["", f"What changed: {safe(shlex.join(['dedup', 'diff', *names]))}"]
    put(screen, *parts)


def _table(head: str, width: int) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(head, no_wrap=True, min_width=9)
    for side in "AB":
        table.add_column(side, width=width, overflow="fold")  # words may be as long as a passage
    return table


def _passages(documents: list[Document], relation: Relation, width: int) -> Table:
    from rich.text import Text

    table = _table("passage", width)
    for number, passage in enumerate(relation.passages[:MOST_PASSAGES], 1):
        one = documents[0].text[passage.a_start : passage.a_end]
        two = documents[1].text[passage.b_start : passage.b_end]
        cells = (Text(fit(text, LINES * width, words=True)) for text in (one, two))
        table.add_row(f"{number}\n{count(_words(one), 'word')}", *cells)
    return table


def _words(text: str) -> int:
    """Words of a passage as they are counted: a character is half a word in scripts without spaces."""
    import numpy as np
    import pyarrow as pa

    from dedup.texts import half_words
    from dedup.tokens import tokenize

    flags = tokenize(pa.array([text])).flags
    return int(half_words(flags, np.array([0]), np.array([len(flags)]))[0, 0]) // 2


def _moment(document: Document) -> str:
    return f"{document.published:%Y-%m-%d %H:%M} UTC" if document.published else ""


def _counts(side: Side) -> str:
    counts = Counter(place.kind for place in side.left_out)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _left_out(sides: list[Side], width: int) -> Table:
    """What counted for nothing, in the order of the texts; a line each, and how many more there are."""
    from rich.text import Text

    table = _table("left out", width)
    shown = [side.left_out[:MOST_LEFT_OUT] for side in sides]
    for places in zip_longest(*shown):
        cells = [
            f"{place.kind}: {side.document.text[place.start : place.end]}" if place else ""
            for side, place in zip(sides, places, strict=True)
        ]
        table.add_row("", *(Text(fit(cell, width)) for cell in cells))
    more = [len(side.left_out) - len(places) for side, places in zip(sides, shown, strict=True)]
    if any(more):
        table.add_row("", *(f"… and {count} more" if count else "" for count in more))
    return table


def _agencies(text: CleanText) -> str:
    return ", ".join(dict.fromkeys(f"{agency.name} ({agency.role})" for agency in text.agencies))
