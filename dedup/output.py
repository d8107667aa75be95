"""The files of a run."""

from __future__ import annotations

import platform
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import metadata
from queue import Queue
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from dedup._version import __version__
from dedup.edits.worker import Worker, lines
from dedup.errors import UsageError
from dedup.io import OutputFolder, rejects_table, write_records, write_table
from dedup.io.folder import writing
from dedup.model import Role
from dedup.parallel import in_order
from dedup.schemas import FAMILIES, RELATIONS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from dedup.result import Result

__all__ = ["FORMAT", "summary", "write", "write_files"]

FORMAT = 1
"""Version of the files; raised when one changes so that a reader must know."""

DIFFS = pa.schema([(name, pa.string()) for name in ("family", "canonical", "variant", "operations")])
"""Columns of the diffs in Parquet, where the operations are JSON text."""

_DIFFS = 64  # made at once, by one worker


def write(
    result: Result,
    out: str | os.PathLike[str],
    *,
    format: str = "jsonl",  # noqa: A002
    force: bool = False,
    report: bool = True,
) -> None:
    """Write all files of a run to a folder, whole or not at all.

    Args:
        result: What a run found.
        out: The folder; it is made.
        format: ``jsonl`` or ``parquet``, for the tables. ``canonical.jsonl`` keeps the records' own bytes
            either way.
        force: Replace an earlier result.
        report: Write ``report.html`` too.

    Raises:
        UsageError: Another format.
        OutputError: The folder exists, or cannot be written.
    """
    if format not in ("jsonl", "parquet"):
        raise UsageError(f"format {format!r}: must be jsonl or parquet")
    with OutputFolder(out, force=force) as folder:
        write_files(result, folder / "", format=format, report=report)


def write_files(result: Result, folder: Path, *, format: str, report: bool) -> None:  # noqa: A002
    """The same into a folder that is there; diffs are made beside the rest.

    Raises:
        OutputError: A file cannot be written.
    """
    start = time.perf_counter()
    with ThreadPoolExecutor(1) as beside:
        write_diffs = _write_diffs if format == "jsonl" else _write_diffs_as_parquet
        diffs = beside.submit(write_diffs, folder / f"diffs.{format}", result)
        write_table(folder / f"documents.{format}", result.document_batches())
        write_table(folder / f"relations.{format}", result.relation_batches(), RELATIONS)
        write_table(folder / f"families.{format}", result.family_batches(), FAMILIES)
        write_records(folder / "canonical.jsonl", _kept(result))
        diffs.result()
    write_table(folder / "rejects.jsonl", rejects_table(result.rejects))
    result.timings["write"] = round(time.perf_counter() - start, 3)
    with writing(folder / "run.json"):
        (folder / "run.json").write_bytes(orjson.dumps(_run(result), option=orjson.OPT_INDENT_2) + b"\n")
    if report:
        from dedup.report import make_report  # jinja2 is not needed to import dedup

        make_report(folder)


def summary(result: Result) -> dict[str, Any]:
    """Counts of a run, as ``run.json`` has them."""
    roles = result.role_counts()
    reasons: dict[str, int] = {}
    for reject in result.rejects:
        name = reject.reason.split(" by ")[0] if reject.reason.startswith("superseded") else reject.reason
        reasons[name] = reasons.get(name, 0) + 1
    return {
        "documents": len(result),
        "families": roles[Role.CANONICAL],
        "variants": roles[Role.VARIANT],
        "singles": roles[Role.SINGLE],
        "roundups": roles[Role.ROUNDUP],
        "relations": result.relation_counts(),
        "duplicates": result.duplicates,
        "rejects": dict(sorted(reasons.items())),
        "stock_fingerprints": result.stock,
        "crowded_fingerprints": result.crowded,
        "edges_between_families": len(result.cut),
    }


def _run(result: Result) -> dict[str, Any]:
    packages = ("numpy", "numba", "pyarrow", "datasketch", "rapidfuzz", "scipy", "xxhash")
    versions = {name: metadata.version(name) for name in packages}
    return {
        "format": FORMAT,
        "version": __version__,
        "settings": result.settings.as_dict(),
        "fingerprint": result.settings.fingerprint(),
        "counts": summary(result),
        "seconds": result.timings,
        "versions": {"python": platform.python_version(), **versions},
    }


def _write_diffs(path: Path, result: Result) -> None:
    with writing(path), path.open("wb") as file:
        for part in _diff_lines(result):
            file.write(part)


def _diff_lines(result: Result) -> Iterator[bytes]:
    """Lines of the diffs in order, some at a time; many are made in processes, side by side."""
    changed = result.changed()
    parts = [changed[low : low + _DIFFS] for low in range(0, len(changed), _DIFFS)]
    workers = min(result.settings.workers, len(parts) // 4)
    if workers < 2:
        yield from (lines(result.pairs(part)) for part in parts)
        return
    with ExitStack() as stack:
        free: Queue[Worker] = Queue()
        for _ in range(workers):
            free.put(stack.enter_context(Worker()))

        def make(part: NDArray[np.int64]) -> bytes:
            worker = free.get()
            try:
                return worker.lines(result.pairs(part))
            finally:
                free.put(worker)

        yield from in_order(make, parts, workers)


def _write_diffs_as_parquet(path: Path, result: Result) -> None:
    write_table(path, _diff_batches(result), DIFFS)


def _diff_batches(result: Result) -> Iterator[pa.RecordBatch]:
    for part in _diff_lines(result):
        rows = [orjson.loads(line) for line in part.splitlines()]
        texts = [{**row, "operations": orjson.dumps(row["operations"]).decode()} for row in rows]
        yield pa.RecordBatch.from_pylist(texts, schema=DIFFS)


def _kept(result: Result) -> Iterator[pa.Array]:
    kept = result.kept()
    done = 0
    for chunk in result.documents.column("record").chunks:
        yield chunk.filter(pa.array(kept[done : done + len(chunk)]))
        done += len(chunk)
