"""The files of a run."""

from __future__ import annotations

import platform
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from dedup._version import __version__
from dedup.errors import UsageError
from dedup.io import OutputFolder, rejects_table, write_records, write_table
from dedup.io.folder import writing

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from dedup.result import Result

__all__ = ["FORMAT", "summary", "write"]

FORMAT = 1
"""Version of the files; raised when one changes so that a reader must know."""

DIFFS = pa.schema([(name, pa.string()) for name in ("family", "canonical", "variant", "operations")])
"""Columns of the diffs in Parquet, where the operations are JSON text."""

_ROWS = 1024  # diffs held at once


def write(
    result: Result,
    out: str | os.PathLike[str],
    *,
    format: str = "jsonl",  # noqa: A002
    force: bool = False,
) -> None:
    """Write all files of a run to a folder, whole or not at all.

    Args:
        result: What a run found.
        out: The folder; it is made.
        format: ``jsonl`` or ``parquet``, for the tables. ``canonical.jsonl`` keeps the records' own bytes
            either way.
        force: Replace an earlier result.

    Raises:
        UsageError: Another format.
        OutputError: The folder exists, or cannot be written.
    """
    if format not in ("jsonl", "parquet"):
        raise UsageError(f"format {format!r}: must be jsonl or parquet")
    with OutputFolder(out, force=force) as folder:
        write_table(folder / f"documents.{format}", result.documents_table())
        write_table(folder / f"relations.{format}", result.relations_table())
        write_table(folder / f"families.{format}", result.families_table())
        if format == "parquet":
            write_table(folder / "diffs.parquet", _diff_batches(result), DIFFS)
        else:
            _write_diffs(folder / "diffs.jsonl", result)
        write_records(folder / "canonical.jsonl", _kept(result))
        write_table(folder / "rejects.jsonl", rejects_table(result.rejects))
        with writing(folder / "run.json"):
            (folder / "run.json").write_bytes(orjson.dumps(_run(result), option=orjson.OPT_INDENT_2) + b"\n")


def summary(result: Result) -> dict[str, Any]:
    """Counts of a run, as ``run.json`` has them."""
    documents = result.documents_table()
    roles = {row["values"]: row["counts"] for row in documents.column("role").value_counts().to_pylist()}
    reasons: dict[str, int] = {}
    for reject in result.rejects:
        name = reject.reason.split(" by ")[0] if reject.reason.startswith("superseded") else reject.reason
        reasons[name] = reasons.get(name, 0) + 1
    return {
        "documents": len(result),
        "families": roles.get("canonical", 0),
        "variants": roles.get("variant", 0),
        "singles": roles.get("single", 0),
        "roundups": roles.get("roundup", 0),
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
        for row in result.diffs():
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _diff_batches(result: Result) -> Iterator[pa.RecordBatch]:
    rows = result.diffs()
    while part := list(islice(rows, _ROWS)):
        texts = [{**row, "operations": orjson.dumps(row["operations"]).decode()} for row in part]
        yield pa.RecordBatch.from_pylist(texts, schema=DIFFS)


def _kept(result: Result) -> Iterator[pa.Array]:
    records = result.documents.column("record").filter(pa.array(result.kept()))
    yield from records.chunks
