"""``dedup diff``: what one version changed."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dedup.cli.documents import HELP, load_two
from dedup.cli.options import Fields, Json, parse_fields
from dedup.errors import UsageError

__all__ = ["diff"]


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=HELP, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    field: Fields = None,
    as_json: Json = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print an HTML fragment.")] = False,
    color: Annotated[bool, typer.Option("--color/--no-color", help="Colour, on a terminal.")] = True,
) -> None:
    """Show what B changed of A.

    A line is a paragraph and starts with "-" (dropped), "+" (added), "~" (edited), "<" (moved away) or ">"
    (moved here). In an edited one, [-dropped-] and {+added+} are marked; ¶ is the end of its line. Nothing is
    printed where the texts are equal.
    """
    import orjson

    from dedup.edits import diff as compute

    if as_json and as_html:
        raise UsageError("--json and --html exclude each other")
    one, two = load_two(a, b, parse_fields(field), headlines=False)
    change = compute(one.text, two.text)
    if as_json:
        shown = {"a": one.id, "b": two.id, "operations": change.as_json()}
        typer.echo(orjson.dumps(shown))
    elif as_html:
        typer.echo(change.html())
    else:
        lit = color and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        typer.echo(change.unified(a, b, color=lit), nl=False)
