"""``dedup run --engine spark``: the same on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from dedup.cli.imports import take_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedup.config import Settings

__all__ = ["run_on_cluster"]


def run_on_cluster(
    inputs: list[str],
    fields: Mapping[str, str],
    settings: Settings,
    out: str,
    master: str | None,
    *,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find families with Spark; the tables are folders of Parquet in OUT, and stages in OUT/work.

    A run to OUT that was killed is gone on with.
    """
    from dedup.spark import run

    take_in()  # Spark needs pandas
    tables = run(inputs, settings, folder=out, fields=fields, master=master, afresh=force)
    tables.documents.sparkSession.stop()
    if as_json:
        import orjson

        typer.echo(orjson.dumps({"out": out, **tables.counts, "seconds": tables.seconds}))
    elif not quiet:
        for name, count in tables.counts.items():
            typer.echo(f"{count:>12,} {name}")
        typer.echo(f"in {out}; the stages in {out}/work are not needed any more")
