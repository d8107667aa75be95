"""``dedup run``: from files to families."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli.options import (
    Fields,
    Force,
    Inputs,
    Json,
    Strict,
    parse_fields,
    parse_list,
    parse_settings,
)
from dedup.cli.terminal import as_utf8, progress, safe
from dedup.config import Format, Policy, Settings, parse_size
from dedup.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedup.io import Reject
    from dedup.result import Result

__all__ = ["run"]

_MUCH = 1 << 30  # bytes of disk worth a word


class Engine(StrEnum):
    """What does the work."""

    LOCAL = "local"
    SPARK = "spark"


def run(
    inputs: Inputs,
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="OUT", help="Folder for the result.", show_default=False)
    ],
    field: Fields = None,
    format: Annotated[  # noqa: A002
        Format | None,
        typer.Option(help="Of the tables (jsonl; parquet with --engine spark).", show_default=False),
    ] = None,
    force: Force = False,
    strict: Strict = False,
    policy: Annotated[
        Policy | None,
        typer.Option(help="How the canonical version is chosen (fullest).", show_default=False),
    ] = None,
    source_priority: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C", help="Sources or patterns, best first; for --policy source.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run to OUT that was killed or failed.")
    ] = False,
    no_strip: Annotated[bool, typer.Option("--no-strip", help="Compare with the boilerplate.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave out report.html.")] = False,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads to use (one per processor).", show_default=False)
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory to stay under (4GB).", show_default=False)
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any setting: min_run=10.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="What does the work: this machine, or a cluster.")
    ] = Engine.LOCAL,
    master: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of the cluster, for --engine spark.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Find the families of copied articles.

    Writes families, relations, diffs and the deduplicated corpus to OUT.
    """
    start = time.perf_counter()
    given: dict[str, Any] = {
        "policy": policy.value if policy else None,
        "source_priority": None if source_priority is None else parse_list(source_priority),
        "strip": False if no_strip else None,
        "threads": threads,
        "memory_limit": None if memory_limit is None else parse_size(memory_limit),
    }
    values = parse_settings(assignments)
    values |= {name: value for name, value in given.items() if value is not None}
    if source_priority is not None and values.get("policy") != Policy.SOURCE:
        raise UsageError("--source-priority is for --policy source")
    settings = Settings.from_dict(values)
    reading = Reading(inputs, parse_fields(field), strict)
    writing = Writing(out, format, force, resume, not no_report)
    if engine == Engine.SPARK:
        from dedup.cli.cluster import run_on_cluster

        run_on_cluster(reading, writing, settings, master, quiet=quiet, as_json=as_json)
        return
    if master is not None:
        raise UsageError("--master is for --engine spark")
    passed: Counter[str] = Counter()
    result = _find(reading, writing, settings, passed, quiet=quiet)
    if isinstance(result, dict):
        if as_json:
            import orjson

            typer.echo(orjson.dumps(result))
        elif not quiet:
            typer.echo(f"{safe(out)}: finished already, from the same inputs and settings")
        return
    if quiet:
        return
    from dedup.cli.summary import show, summarize

    summary = summarize(result, out, time.perf_counter() - start, passed)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(summary))
    else:
        show(summary, Path(out))


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and how."""

    inputs: list[str]
    fields: Mapping[str, str]
    strict: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written, and how."""

    out: str
    format: Format | None
    force: bool
    resume: bool
    report: bool


def _find(
    reading: Reading, writing: Writing, settings: Settings, passed: Counter[str], *, quiet: bool
) -> Result | dict[str, Any]:
    """Read, find and write; files that are passed over are counted.

    Returns:
        What was found; its counts if it is there already, and ``--resume`` has nothing left to do.
    """
    from dedup.engines.local import find_families
    from dedup.engines.resuming import made_from, run_key
    from dedup.engines.workspace import Workspace, check_disk, disk_need
    from dedup.io import OutputFolder, needed, read_sources
    from dedup.io.discover import discover
    from dedup.output import write_files

    out, format = writing.out, (writing.format or Format.JSONL).value  # noqa: A001
    if not writing.resume:
        OutputFolder(out, force=writing.force).check()  # before anything is read
    sources = discover(reading.inputs, passed=passed)
    origin = made_from(sources, settings, dict(reading.fields), reading.strict, format)
    if writing.resume:
        before = None if writing.force else _finished(writing, origin)
        if before is not None:
            return before
        OutputFolder(out, force=writing.force).check()
    need = disk_need(sum(source.size for source in sources))
    rejects: list[Reject] = []
    warnings: list[Reject] = []
    with (
        OutputFolder(out, force=writing.force, key=run_key(origin), resume=writing.resume) as folder,
        Workspace(settings.memory_limit, folder / "work", durable=True) as space,
        progress(quiet=quiet) as told,
    ):
        if not folder.resumed:
            check_disk(Path(out).absolute(), need)
            if writing.resume and not quiet:
                why = (
                    "what was kept is of other inputs, settings or another version, or from before a restart"
                )
                typer.echo(
                    f"{out}: {why if folder.dropped else 'nothing to go on with'}: started anew", err=True
                )
            if need > _MUCH and not quiet:
                typer.echo(f"up to {need / 1e9:.1f} GB of disk needed", err=True)
        batches = read_sources(
            sources,
            fields=reading.fields,
            strict=reading.strict,
            reject=rejects.append,
            warn=warnings.append,
        )
        batches = needed(batches, reading.inputs, rejects)
        result = find_families(
            batches, settings, rejects=rejects, warnings=warnings, progress=told, workspace=space
        )
        told("writing", 0, None)
        failure = write_files(
            result, folder / "", format=format, report=writing.report, workspace=space, made_from=origin
        )
    if failure:
        raise failure
    return result


def _finished(writing: Writing, origin: str | None) -> dict[str, Any] | None:
    """Counts of the result that is there if this run would make the same; None if there is none.

    Raises:
        OutputError: It is of other inputs or settings, or has no report and was asked for one.
    """
    from dedup.io.folder import finished_run

    out = Path(writing.out)
    run = finished_run(out)
    if run is None:
        return None
    if origin is None or run.get("made_from") != origin:
        raise OutputError(
            f"{out}: is the result of a finished run, of other inputs, settings or another version;"
            " use --force to replace it"
            if origin is not None
            else f"{out}: exists already, and standard input may be another now; use --force to replace it"
        )
    if writing.report and not (out / "report.html").exists():
        raise OutputError(f"{out}: finished already, but for report.html; dedup report {out} makes it")
    return {"out": as_utf8(writing.out), "finished_already": True, **run["counts"]}
