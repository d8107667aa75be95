"""What the benchmark scripts share: data folders, the machine in words, tables, kept results."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DEDUP = (sys.executable, "-c", "import sys; from dedup.cli import main; sys.exit(main())")
PACKAGES = ("numpy", "numba", "pyarrow", "datasketch", "rensa", "FastSketchLSH", "text-dedup", "news-dedup")


def data_folder(given: Path | None) -> Path | None:
    """The folder that holds ``data`` and ``gold``: as given, else the environment's DEDUP_DATA."""
    found = given or (Path(os.environ["DEDUP_DATA"]) if os.environ.get("DEDUP_DATA") else None)
    if found is not None and not found.is_dir():
        sys.exit(f"{found}: no such folder")
    return found


def load_jsonl(path: Path) -> list[dict[str, Any]]:
    """Every object of a JSON Lines file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system and versions: what a figure must stand beside."""
    model = platform.processor() or platform.machine()
    flags: set[str] = set()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": model,
        "vectors": next((f for f in ("avx512bw", "avx2", "sse4_2") if f in flags), ""),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def describe(about: dict[str, Any]) -> str:
    """The machine in one line."""
    return (
        f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB, {about['vectors']}, "
        f"Python {about['python']}"
    )


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], width: int = 80) -> None:
    """Print a table no wider than ``width``: the first column shrinks, numbers stand right."""
    texts = [
        [("" if c is None else f"{c:.3f}" if isinstance(c, float) else str(c)) for c in row] for row in rows
    ]
    columns = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
    columns[0] = max(8, min(columns[0], width - sum(columns[1:]) - 2 * (len(columns) - 1)))

    def line(cells: Sequence[str]) -> str:
        first = cells[0] if len(cells[0]) <= columns[0] else cells[0][: columns[0] - 1] + "…"
        return "  ".join(
            [first.ljust(columns[0]), *(c.rjust(w) for c, w in zip(cells[1:], columns[1:], strict=True))]
        )

    print(f"\n{title}\n{line(header)}\n{'─' * min(width, sum(columns) + 2 * (len(columns) - 1))}")
    for cells in texts:
        print(line(cells))


def keep(name: str, result: dict[str, Any]) -> Path:
    """Write a result into benchmarks/results/ and say where."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"\nkept in {path.relative_to(ROOT)}")
    return path
