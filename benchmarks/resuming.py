"""Kill a run at random moments and go on with it; compare the result with that of a run left alone.

    python benchmarks/resuming.py articles.jsonl --times 10

Each of the ten times: a run, killed at a moment drawn from the time the undisturbed one took, then
``--resume``, killed again with a chance of one half, and so on until one ends.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import DEDUP, describe, keep, machine, table


def start(articles: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """A run."""
    return subprocess.Popen([*DEDUP, "run", str(articles), "-o", str(out), "-q", "--no-report", *options])


def different(one: Path, two: Path) -> list[str]:
    """Names of the files that differ; ``run.json`` has the time everything took."""
    names = {path.name for folder in (one, two) for path in folder.iterdir()} - {"run.json"}
    return sorted(n for n in names if not _same(one / n, two / n))


def _same(one: Path, two: Path) -> bool:
    return one.exists() and two.exists() and one.read_bytes() == two.read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="folder with room for two results")
    parser.add_argument("--keep", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    args = parser.parse_args()
    draw = random.Random(args.seed)  # noqa: S311
    about, rows, wrong = machine(), [], 0
    print(describe(about))
    with tempfile.TemporaryDirectory(dir=args.work) as scratch:
        alone, out = Path(scratch) / "alone", Path(scratch) / "out"
        began = time.perf_counter()
        if start(args.articles, alone).wait():
            return 1
        whole = time.perf_counter() - began
        for number in range(1, args.times + 1):
            killed = []
            while True:
                run = start(args.articles, out, "--resume", "--force")
                began = time.perf_counter()
                try:
                    patience = draw.uniform(0, whole) if not killed or draw.random() < 0.5 else None
                    code = run.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.wait()
                    killed.append(patience)
            last = time.perf_counter() - began
            found = [f"exit {code}"] if code else different(alone, out)
            wrong += bool(found)
            moments = " ".join(f"{moment:.1f}" for moment in killed)
            rows.append([number, moments, f"{last:.1f}", ", ".join(found) or "the same"])
            shutil.rmtree(out, ignore_errors=True)
    table(f"a run of {whole:.1f} s", ["time", "killed after s", "last one s", "result"], rows)
    if args.keep:
        keep(args.keep, {"machine": about, "whole": whole, "rows": rows})
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
