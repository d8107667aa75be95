"""``dedup run --engine spark``: the same on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from dedup.cli.imports import take_in
from dedup.config import Format
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.cli.run import Reading, Writing
    from dedup.config import Settings

__all__ = ["run_on_cluster"]


def run_on_cluster(
    reading: Reading,
    writing: Writing,
    settings: Settings,
    master: str | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find families with Spark; the tables are folders of Parquet in OUT, and stages in OUT/work.

    A run to OUT that was killed is gone on with.

    Raises:
        UsageError: An option is for the local engine.
    """
    if reading.strict:
        raise UsageError("--strict is for the local engine; with Spark look at OUT/rejects")
    if writing.format == Format.JSONL:
        raise UsageError("--format jsonl is for the local engine; with Spark tables are Parquet")
    if writing.resume and writing.force:
        raise UsageError("--resume goes on where --force starts anew; with Spark give one of them")
    from dedup.spark import run

    take_in()  # Spark needs pandas
    out = writing.out
    tables = run(
        reading.inputs, settings, folder=out, fields=reading.fields, master=master, afresh=writing.force
    )
    tables.documents.sparkSession.stop()
    if as_json:
        import orjson

        typer.echo(orjson.dumps({"out": out, **tables.counts, "seconds": tables.seconds}))
    elif not quiet:
        for name, count in tables.counts.items():
            typer.echo(f"{count:>12,} {name}")
        typer.echo(f"in {out}; the stages in {out}/work are not needed any more")
