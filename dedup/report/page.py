"""The page: a template, one script and one style sheet, and the data in between, escaped."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dedup.errors import InputError
from dedup.io.folder import output_file, writing
from dedup.report.contents import BUDGET, LARGEST, Contents
from dedup.report.files import read_tables
from dedup.report.pictures import matrix, timeline
from dedup.wording import percent

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["as_json", "make_report", "write_page"]

_LISTED = 20  # families shown without JavaScript

# What could end a script element, begin a comment or an entity, or end a line in an older JavaScript.
_ESCAPES = (
    (b"&", rb"\u0026"),
    (b"<", rb"\u003c"),
    (b">", rb"\u003e"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)


def make_report(
    folder: Path,
    out: str | os.PathLike[str] | BinaryIO | None = None,
    *,
    force: bool = False,
    largest: int = LARGEST,
    budget: int = BUDGET,
) -> None:
    """Write ``report.html`` from the other files of a run.

    Args:
        folder: The result of ``dedup run``.
        out: The file, by its path or opened; ``report.html`` in the folder if left out, which is replaced.
        force: Replace another file.
        largest: Families shown.
        budget: Bytes of texts and diffs put into the page.

    Raises:
        UsageError: The folder holds no result.
        InputError: One of its files cannot be read.
        OutputError: The page cannot be written.
    """
    tables = read_tables(folder)
    target = folder / "report.html" if out is None else out
    try:
        contents = Contents(tables, folder, largest=largest, budget=budget)
        if not isinstance(target, str | os.PathLike):
            write_page(contents, target)
            return
        with output_file(target, force=force or out is None) as path, writing(path), path.open("wb") as file:
            write_page(contents, file)
    except (orjson.JSONDecodeError, pa.ArrowException) as error:
        raise InputError(f"the diffs are damaged: {error}", file=str(folder)) from error


def write_page(contents: Contents, file: BinaryIO) -> None:
    """Write the page piece by piece; only one chunk of its data is held at once."""
    parts = resources.files(__package__)
    script, style = ((parts / name).read_text("utf-8") for name in ("report.js", "report.css"))
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(date=_date, number=_number, plural=_plural, share=_share)
    index = contents.index()
    page = environment.get_template("report.html.j2").generate(
        script=Markup(script),  # noqa: S704 (ours, and hashed)
        style=Markup(style),  # noqa: S704
        script_hash=_hash(script),
        style_hash=_hash(style),
        summary=contents.summary,
        matrix=matrix(contents.flows()),
        timeline=timeline(*contents.times()),
        index=as_json(index),
        families=_first(index),
        chunks=map(as_json, contents.chunks()),
    )
    file.writelines(map(str.encode, page))


def as_json(value: Any) -> Markup:
    """A value as JSON that can stand inside a ``script`` element of a data type, whatever its texts hold."""
    data = orjson.dumps(value)
    for sign, escaped in _ESCAPES:
        data = data.replace(sign, escaped)
    return Markup(data.decode())  # noqa: S704


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _first(index: dict[str, Any]) -> list[dict[str, Any]]:
    """The largest families, for readers without JavaScript."""
    columns = index["families"]
    return [
        {
            "id": columns["id"][n],
            "title": columns["title"][n],
            "size": columns["size"][n],
            "first": columns["first"][n],
            "sources": [index["sources"][s] for s in columns["sources"][n]],
        }
        for n in range(min(_LISTED, len(columns["id"])))
    ]


def _number(value: int) -> str:
    """A whole number, thousands apart."""
    return f"{value:,}".replace(",", "\u202f")


def _plural(value: int, one: str, many: str) -> str:
    """A number of things."""
    return f"{_number(value)} {one if value == 1 else many}"


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else 0).replace(" ", "\u202f")


def _date(value: int | datetime | None, *, time: bool = False) -> str:
    """A day, in UTC: 22 November 2026."""
    if value is None:
        return "undated"
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    day = f"{moment.day} {moment:%B %Y}"
    return f"{day}, {moment:%H:%M}" if time else day
