"""The files of a run."""

from __future__ import annotations

import platform
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import partial
from importlib import metadata
from threading import Event
from typing import TYPE_CHECKING, Any

import orjson

from dedup._version import __version__
from dedup.boilerplate import Recurring
from dedup.errors import OutputError
from dedup.io import rejects_table, write_records, write_table
from dedup.io.folder import writing
from dedup.io.jsonlines import json_lines
from dedup.model import Role
from dedup.parallel import in_order
from dedup.schemas import DIFFS, FAMILIES, FORMAT, RELATIONS
from dedup.values import FIELDS_ARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.engines.workspace import Workspace
    from dedup.result import Result

__all__ = ["summary", "write_files", "write_run"]

_DIFFS = 256  # made at once, by one thread
_NOTED = 16 * _DIFFS  # made before it is noted how many there are


def write_files(
    result: Result,
    folder: Path,
    *,
    format: str,  # noqa: A002
    report: bool,
    workspace: Workspace | None = None,
    made_from: str | None = None,
) -> OutputError | None:
    """Write the files of a result into a folder that is there; diffs and records beside the rest, in threads.

    Args:
        result: What a run found.
        folder: Where to.
        format: ``jsonl`` or ``parquet``, for the tables.
        report: Write ``report.html`` too.
        workspace: What is finished there is not written again.
        made_from: Hash of what the result depends on, by which ``--resume`` knows it.

    Returns:
        Why there is no report; to be raised when the folder is in its place, since all other files are whole.

    Raises:
        OutputError: A file cannot be written.
    """
    start = time.perf_counter()
    table = partial(write_table, threads=result.settings.workers)
    files: dict[str, Callable[[Path], None]] = {
        f"documents.{format}": lambda path: table(path, result.document_batches()),
        f"relations.{format}": lambda path: table(path, result.relation_batches(), RELATIONS),
        f"families.{format}": lambda path: table(path, result.family_batches(), FAMILIES),
        f"learned.{format}": lambda path: write_table(
            path, (result.recurring or Recurring.nothing()).table()
        ),
        "rejects.jsonl": lambda path: write_table(path, rejects_table(result.rejects)),
    }

    def write_one(name: str, write_file: Callable[[Path], None]) -> None:
        if workspace and workspace.finished(name) is not None:
            return
        write_file(folder / name)
        if workspace:
            workspace.finish(name)

    stop = Event()
    with ThreadPoolExecutor(2) as beside:
        try:
            if format == "jsonl":
                diffs = beside.submit(_write_diffs, folder / "diffs.jsonl", result, workspace, stop)
            else:
                diffs = beside.submit(_write_diffs_as_parquet, folder / "diffs.parquet", result, stop)
            documents = result.documents.column("record").chunks
            records = beside.submit(
                write_one, "canonical.jsonl", lambda path: write_records(path, documents, result.kept())
            )
            for name, write_file in files.items():
                write_one(name, write_file)
            for written in (records, diffs):
                written.result()
        except BaseException:
            stop.set()  # what has failed, or is interrupted, does not wait for a million diffs
            raise
    result.timings["write"] = round(time.perf_counter() - start, 3)
    packages = ("numpy", "numba", "pyarrow", "datasketch", "xxhash")
    versions = {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}
    more = {"made_from": made_from} if made_from else {}
    counts = summary(result)
    write_run(folder / "run.json", result.settings, counts, **more, seconds=result.timings, versions=versions)
    if report:
        from dedup.report import make_report  # jinja2 is not needed to import dedup

        try:
            make_report(folder)
        except Exception as error:  # whatever it is: what may have taken hours stays
            failure = OutputError(f"report.html was not made, all other files were: {error}")
            failure.__cause__ = error
            return failure
    return None


def summary(result: Result) -> dict[str, Any]:
    """Counts of a run, as ``run.json`` has them."""
    roles = result.role_counts()
    reasons: dict[str, int] = {}
    for reject in result.rejects:
        name = reject.reason.partition(FIELDS_ARE)[0]
        name = name.split(" by ")[0] if name.startswith("superseded") else name
        reasons[name] = reasons.get(name, 0) + 1
    return {
        "documents": len(result),
        "families": roles[Role.CANONICAL],
        "variants": roles[Role.VARIANT],
        "singles": roles[Role.SINGLE],
        "roundups": roles[Role.ROUNDUP],
        "relations": result.relation_counts(),
        "duplicates": result.duplicates,
        "undated": sum(warning.line is not None for warning in result.warnings),
        "warnings": [warning.reason for warning in result.warnings if warning.line is None],
        "rejects": dict(sorted(reasons.items())),
        "stock_fingerprints": result.stock,
        "crowded_fingerprints": result.crowded,
        "edges_between_families": len(result.cut),
    }


def write_run(path: Path, settings: Settings, counts: dict[str, Any], **more: Any) -> None:
    """Write ``run.json``, by which a result is known.

    Raises:
        OutputError: It cannot be written.
    """
    run = {
        "format": FORMAT,
        "version": __version__,
        "settings": settings.as_dict(),
        "fingerprint": settings.fingerprint(),
        "counts": counts,
        **more,
    }
    with writing(path):
        path.write_bytes(orjson.dumps(run, option=orjson.OPT_INDENT_2) + b"\n")


def _write_diffs(path: Path, result: Result, workspace: Workspace | None, stop: Event) -> None:
    """Write the diffs; how many there are is noted from time to time, and gone on with."""
    before = (workspace and workspace.finished("diffs")) or {"diffs": 0, "bytes": 0}
    changed = result.changed()
    with writing(path), path.open("r+b" if before["bytes"] else "wb") as file:
        file.truncate(before["bytes"])
        file.seek(before["bytes"])
        for low in range(before["diffs"], len(changed), _NOTED):
            some = changed[low : low + _NOTED]
            for batch in _diff_batches(result, some, stop):
                file.write(json_lines(batch, as_they_are={"operations"}))
            file.flush()
            if workspace:
                workspace.finish("diffs", diffs=low + len(some), bytes=file.tell())


def _write_diffs_as_parquet(path: Path, result: Result, stop: Event) -> None:
    batches = _diff_batches(result, result.changed(), stop)
    write_table(path, (batch.cast(DIFFS) for batch in batches), DIFFS)


def _diff_batches(result: Result, changed: NDArray[np.int64], stop: Event) -> Iterator[pa.RecordBatch]:
    """The diffs of some variants in order, until they are to stop; threads make them side by side."""

    def made(some: NDArray[np.int64]) -> pa.RecordBatch:
        if stop.is_set():
            raise CancelledError
        return result.diffs_table(some)

    parts = [changed[low : low + _DIFFS] for low in range(0, len(changed), _DIFFS)]
    return in_order(made, parts, result.settings.workers)
