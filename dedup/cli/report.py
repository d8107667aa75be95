"""``dedup report``: the page made again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.options import Force

__all__ = ["report"]


def report(
    folder: Annotated[
        str, typer.Argument(metavar="OUT", help="Folder of a finished run.", show_default=False)
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Where to write the page (OUT/report.html); - is standard output.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Make report.html from the other files of a run.

    One file that loads nothing from elsewhere: families, their versions, differences and shared text.
    """
    from dedup.report import make_report

    make_report(Path(folder), sys.stdout.buffer if out == "-" else out, force=force)
