"""Measure speed and memory beside what a user would run instead: one command, tables, JSON kept.

    python benchmarks/speed.py sketch strip --text helsinki        raw text to signatures, to bodies; one core
    python benchmarks/speed.py end-to-end --articles 50000         against scripts that only cluster
    python benchmarks/speed.py scaling --sizes 10000,100000,1000000
    python benchmarks/speed.py stages --articles 50000             share of each stage
    python benchmarks/speed.py unpleasant                          corpora that tempt to take n², at two sizes
    python benchmarks/speed.py                                     all of it

Each contestant runs in a process of its own on the same file; figures are the median of several runs. The
contestants live in the environment of ``--python`` (default: this one); one that isn't installed is left out
with the reason.
"""

from __future__ import annotations

import argparse
import compileall
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import DEDUP, ROOT, data_folder, describe, keep, machine, table

if TYPE_CHECKING:
    from collections.abc import Sequence

BASELINES = ROOT / "benchmarks" / "baselines"
SECTIONS = ("sketch", "strip", "end-to-end", "scaling", "stages", "unpleasant")
UNPLEASANT = {
    "identical": (30_000, 100_000),
    "paragraph": (30_000, 100_000),
    "long": (60_000_000, 200_000_000),
    "words": (300_000, 1_000_000),
}
"""Sizes of each kind of benchmarks/unpleasant.py: articles, or bytes of the long one."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one contestant.

    Attributes:
        wall: Seconds from start to exit, start-up and imports included.
        cpu: Seconds of processor time, all threads and processes.
        peak: Bytes, the largest resident size of any one of its processes.
        output: What it said of itself, the last line it printed where that is JSON.
    """

    wall: float
    cpu: float
    peak: int
    output: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A command to time."""

    name: str
    command: tuple[str | Path, ...]
    needs: str = ""  # module that must import
    python: str = sys.executable
    cores: int | None = None

    def missing(self) -> str:
        """Why it can't run here; empty if it can."""
        if self.needs:
            probe = [self.python, "-c", f"import {self.needs}"]
            done = subprocess.run(probe, capture_output=True, text=True, check=False, env=environment(None))
            if done.returncode:
                return (done.stderr.strip() or "does not import").splitlines()[-1]
        elif not shutil.which(str(self.command[0])):
            return "no such program"
        return ""

    def run(self) -> Run:
        """Run it once.

        Memory is what the kernel says of the reaped process. That figure starts at the size of the process
        that forked, so this script loads nothing large itself.

        Raises:
            RuntimeError: It failed; the message is the last line of its error output.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            began = time.perf_counter()
            process = subprocess.Popen(
                [str(x) for x in self.command], stdout=out, stderr=errors, env=environment(self.cores)
            )
            if self.cores and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, sorted(os.sched_getaffinity(0))[-self.cores :])
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            lines = out.read().decode(errors="replace").strip().splitlines()
            if process.returncode:
                said = errors.read().decode(errors="replace").strip().splitlines() or ["no message"]
                raise RuntimeError(f"exit {process.returncode}: {said[-1]}")
        try:
            output = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        except json.JSONDecodeError:
            output = {}
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def environment(cores: int | None) -> dict[str, str]:
    """The child's environment: a bare copy of this checkout importable, thread pools as wide as its cores."""
    values = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONHASHSEED="0")
    if cores:
        names = ("NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        values |= dict.fromkeys(names, str(cores))
    return values


def contest(contestants: Sequence[Contestant], runs: int) -> tuple[dict[str, list[Run]], dict[str, str]]:
    """Runs of each contestant, in turn so that a busy moment strikes all, and why others were left out."""
    absent = {c.name: reason for c in contestants if (reason := c.missing())}
    results: dict[str, list[Run]] = {c.name: [] for c in contestants if c.name not in absent}
    for _ in range(runs):
        for contestant in contestants:
            if contestant.name in absent:
                continue
            try:
                results[contestant.name].append(contestant.run())
            except RuntimeError as error:
                absent[contestant.name] = str(error)
                del results[contestant.name]
    for name, reason in absent.items():
        print(f"{name} left out: {reason}", file=sys.stderr)
    return results, absent


def median(values: Sequence[float]) -> float:
    """The median, as float."""
    return float(statistics.median(values))


def kept_runs(results: dict[str, list[Run]], absent: dict[str, str]) -> dict[str, Any]:
    """Every run, for the JSON."""
    return {"runs": {name: [asdict(r) for r in runs] for name, runs in results.items()}, "left_out": absent}


class Bench:
    """Options, the work folder and the sections."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.work: Path = args.work
        self.work.mkdir(parents=True, exist_ok=True)

    def corpus(self, articles: int) -> Path:
        """A generated corpus, made once for these parameters, in a process of its own."""
        short = "-short" if self.args.short else ""
        folder = self.work / f"corpus-{articles}-{self.args.seed}{short}"
        if not (folder / "corpus.json").exists():
            command = [
                sys.executable,
                ROOT / "benchmarks/corpus.py",
                "--articles",
                str(articles),
                "--out",
                folder,
            ]
            command += ["--seed", str(self.args.seed), *(["--short"] if short else [])]
            subprocess.run([str(c) for c in command], check=True)
        return folder

    def text(self) -> Path:
        """The plain text of the sketch section: documents between 0x1E bytes, repeated to the size wanted."""
        size = self.args.megabytes * 1_000_000
        path = self.work / f"{self.args.text}-{self.args.megabytes}.txt"
        if not path.exists():
            if self.args.text == "helsinki":
                folder = data_folder(self.args.data)
                if folder is None:
                    sys.exit("--text helsinki needs --data or DEDUP_DATA")
                source = folder / "data/helsinki/helsinki.jsonl"
            else:
                source = self.corpus(max(100, size // 3300)) / "articles.jsonl"
            script = BASELINES / "plain_text.py"
            subprocess.run([sys.executable, script, source, path, str(size)], check=True)
        return path

    def tool(self, name: str, kernel: str, needs: str, text: Path, most: int | None = None) -> Contestant:
        """A contestant of baselines/kernels.py on one core."""
        python = sys.executable if needs.startswith("dedup") else self.args.python
        command: tuple[str | Path, ...] = (python, BASELINES / "kernels.py", kernel, text)
        if most:
            command += ("--most", str(most))
        return Contestant(name, command, needs, python, cores=1)

    def sketch(self) -> dict[str, Any]:
        """Raw text to signatures on one core."""
        text = self.text()
        # The slow ones get the first tenth; rates are compared.
        tenth = max(1_000_000, text.stat().st_size // 10)
        contestants = [
            self.tool("dedup", "dedup", "dedup.signatures", text),
            self.tool("dedup, tokens only", "dedup-tokenize", "dedup.tokens", text),
            Contestant("wc -w, UTF-8", ("env", "LC_ALL=C.UTF-8", "wc", "-w", text), cores=1),
            self.tool("datasketch", "datasketch", "datasketch", text, tenth),
            self.tool("rensa", "rensa", "rensa", text, tenth),
            self.tool("FastSketchLSH", "fastsketch", "FastSketchLSH", text, tenth),
        ]
        results, absent = contest(contestants, self.args.runs)
        rows = self.rates(results, text.stat().st_size, "dedup")
        title = f"sketch: {text.name}, {text.stat().st_size / 1e6:.0f} MB, one core"
        table(title, ["", "MB/s", "work s", "run s", "peak MB", "dedup is"], rows)
        return kept_runs(results, absent)

    def strip(self) -> dict[str, Any]:
        """Raw text to bodies on one core."""
        text = self.text()
        contestants = [
            self.tool("tokens and strip", "dedup-strip", "dedup.boilerplate", text),
            self.tool("tokens only", "dedup-tokenize", "dedup.tokens", text),
        ]
        results, absent = contest(contestants, self.args.runs)
        rows = self.rates(results, text.stat().st_size, "tokens and strip")
        title = f"strip: {text.name}, {text.stat().st_size / 1e6:.0f} MB, one core"
        table(title, ["", "MB/s", "work s", "run s", "peak MB", "strip is"], rows)
        return kept_runs(results, absent)

    @staticmethod
    def rates(results: dict[str, list[Run]], size: int, ours: str) -> list[list[Any]]:
        """Rows of megabytes a second of processor time, which busy neighbours on the machine disturb less.

        A contestant that doesn't time its own work is timed whole.
        """
        rates, rows = {}, []
        for name, runs in results.items():
            seconds = median([r.output.get("cpu", r.cpu) for r in runs])
            done = runs[0].output.get("bytes", size)
            rates[name] = done / 1e6 / seconds
            wall, peak = median([r.wall for r in runs]), median([r.peak for r in runs])
            rows.append([name, f"{rates[name]:.1f}", f"{seconds:.2f}", f"{wall:.2f}", f"{peak / 1e6:.0f}"])
        for row in rows:
            row.append(f"{rates[ours] / rates[row[0]]:.1f}×" if ours in rates else "")
        return rows

    def ours(self, articles: Path, out: Path, name: str = "dedup run") -> Contestant:
        """The whole run: every file of the contract but the page for people to read."""
        options = ("--force", "--quiet", "--no-report")
        command = (*DEDUP, "run", articles, "-o", out, *options)
        return Contestant(name, command, "dedup.cli")

    def end_to_end(self) -> dict[str, Any]:
        """The whole run against scripts that only cluster."""
        folder, python = self.corpus(self.args.articles), self.args.python
        articles, out = folder / "articles.jsonl", self.work / "out"
        out.mkdir(exist_ok=True)
        script = BASELINES / "datasketch_lsh.py"
        # text-dedup reads, splits and writes by the datasets library; the cache is emptied by itself.
        text_dedup = (
            *(
                python,
                "-m",
                "text_dedup.minhash",
                "--path",
                "json",
                "--data_files",
                articles,
                "--split",
                "train",
            ),
            *(
                "--cache_dir",
                out / "cache",
                "--output",
                out / "text-dedup",
                "--column",
                "text",
                "--ngram",
                "5",
            ),
            *("--num_perm", "128", "--threshold", "0.5", "--hash_func", "xxh3", "--hash_bits", "32"),
            *("--batch_size", "10000", "--num_proc", str(os.cpu_count())),
        )
        contestants = [
            self.ours(articles, out / "dedup"),
            Contestant(
                "datasketch, 1 process",
                (python, script, articles, "--out", out / "d1"),
                "datasketch, orjson",
                python,
            ),
            Contestant(
                "datasketch, 2 processes",
                (python, script, articles, "--out", out / "d2", "--processes", "2"),
                "datasketch, orjson",
                python,
            ),
            Contestant(
                "rensa",
                (python, BASELINES / "rensa_lsh.py", articles, "--out", out / "r"),
                "rensa, orjson",
                python,
            ),
            Contestant("text-dedup", text_dedup, "text_dedup.minhash", python),
        ]
        if self.args.contestant:
            contestants = [c for c in contestants if any(x in c.name for x in self.args.contestant)]
        results, absent = contest(contestants, self.args.runs)
        reference = median([r.wall for r in results["dedup run"]]) if "dedup run" in results else None
        rows = []
        for name, runs in results.items():
            wall, cpu = median([r.wall for r in runs]), median([r.cpu for r in runs])
            peak = median([r.peak for r in runs])
            ratio = f"{wall / reference:.1f}×" if reference else ""
            rate = self.args.articles / wall
            rows.append([name, f"{wall:.1f}", f"{cpu:.1f}", f"{peak / 1e6:.0f}", f"{rate:,.0f}", ratio])
        size = articles.stat().st_size / 1e6
        title = f"end to end: {self.args.articles:,} generated articles, {size:.0f} MB (others only cluster)"
        table(title, ["", "wall s", "cpu s", "peak MB", "articles/s", "dedup is"], rows)
        return kept_runs(results, absent)

    def scaling(self) -> dict[str, Any]:
        """Time and memory by size, and the slope between sizes: 1 is linear."""
        rows, kept, last = [], {}, None
        for size in self.args.sizes:
            folder = self.corpus(size)
            contestant = self.ours(folder / "articles.jsonl", self.work / "out" / "scaling")
            results, absent = contest([contestant], self.args.runs if size <= 100_000 else 1)
            kept[str(size)] = kept_runs(results, absent)
            if absent:
                break
            runs = results["dedup run"]
            wall, peak = median([r.wall for r in runs]), median([r.peak for r in runs])
            slope = math.log(wall / last[1]) / math.log(size / last[0]) if last else None
            megabytes = (folder / "articles.jsonl").stat().st_size / 1e6
            rows.append(
                [f"{size:,}", f"{megabytes:,.0f}", f"{wall:.1f}", f"{peak / 1e6:,.0f}", f"{size / wall:,.0f}"]
            )
            rows[-1].append(f"{slope:.2f}" if slope is not None else "")
            last = (size, wall)
        table("scaling of dedup run", ["articles", "MB", "wall s", "peak MB", "articles/s", "slope"], rows)
        return kept

    def stages(self) -> dict[str, Any]:
        """Share of each stage, as run.json has it."""
        folder, out = self.corpus(self.args.articles), self.work / "out" / "stages"
        results, absent = contest([self.ours(folder / "articles.jsonl", out)], 1)
        if absent:
            return kept_runs(results, absent)
        timings = json.loads((out / "run.json").read_text(encoding="utf-8"))["seconds"]
        total = sum(timings.values()) or 1.0
        rows = [[name, f"{seconds:.2f}", f"{100 * seconds / total:.0f}"] for name, seconds in timings.items()]
        rows.append(["wall, with start-up and all not listed", f"{results['dedup run'][0].wall:.2f}", ""])
        table(f"stages: {self.args.articles:,} generated articles", ["stage", "seconds", "%"], rows)
        return kept_runs(results, absent) | {"timings": timings}

    def unpleasant(self) -> dict[str, Any]:
        """Time and memory of each unpleasant corpus at two sizes, and the slope: 1 is linear."""
        rows, kept = [], {}
        for kind, sizes in UNPLEASANT.items():
            last = None
            for size in sizes:
                path = self.work / f"{kind}-{size}.jsonl"
                if not path.exists():
                    command = (sys.executable, ROOT / "benchmarks/unpleasant.py", kind, size, path)
                    subprocess.run([str(c) for c in command], check=True)
                results, absent = contest([self.ours(path, self.work / "out" / "unpleasant")], 1)
                kept[f"{kind}-{size}"] = kept_runs(results, absent)
                if absent:
                    rows.append([f"{kind} {size:,}", absent["dedup run"], "", "", ""])
                    continue
                (run,) = results["dedup run"]
                slope = math.log(run.cpu / last[1]) / math.log(size / last[0]) if last else None
                last = (size, run.cpu)
                rows.append([f"{kind} {size:,}", f"{run.wall:.1f}", f"{run.cpu:.1f}"])
                rows[-1] += [f"{run.peak / 1e6:,.0f}", "" if slope is None else f"{slope:.2f}"]
        table("unpleasant corpora", ["articles, or bytes", "wall s", "cpu s", "peak MB", "slope"], rows)
        return kept


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog=__doc__.split("\n\n")[1],
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument(
        "section", nargs="*", choices=[*SECTIONS, []], metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument(
        "--articles", type=int, default=50_000, help="of end-to-end and stages (default 50,000)"
    )
    parser.add_argument(
        "--sizes", default="10000,100000", help="of scaling, ascending (default 10000,100000)"
    )
    parser.add_argument("--short", action="store_true", help="generated articles of 150 words")
    parser.add_argument("--seed", type=int, default=0, help="of the generated corpus")
    parser.add_argument(
        "--text", choices=("generated", "helsinki"), default="generated", help="of sketch and strip"
    )
    parser.add_argument("--megabytes", type=int, default=100, help="of sketch and strip (default 100)")
    parser.add_argument("--data", type=Path, help="folder that holds data/ (default: DEDUP_DATA)")
    parser.add_argument(
        "--runs", type=int, default=3, help="of each contestant; figures are medians (default 3)"
    )
    parser.add_argument(
        "--contestant", action="append", metavar="NAME", help="only those whose name holds NAME"
    )
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the other libraries")
    parser.add_argument("--work", type=Path, help="folder for corpora and output, kept for the next time")
    parser.add_argument("--keep", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    args = parser.parse_args()
    try:
        args.sizes = sorted(int(x) for x in args.sizes.split(","))
    except ValueError:
        parser.error(f"--sizes {args.sizes}: must be numbers with commas between")
    about = machine()
    print(describe(about))
    # as pip does with what it installs, the others among them; a checkout may be kept from it
    compileall.compile_dir(ROOT / "dedup", quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        args.work = args.work or Path(scratch)
        bench = Bench(args)
        (args.work / "out").mkdir(parents=True, exist_ok=True)
        figures = {name: getattr(bench, name.replace("-", "_"))() for name in args.section or SECTIONS}
    if args.keep:
        options = {
            k: str(v) if isinstance(v, Path) else v
            for k, v in vars(args).items()
            if k not in ("work", "data", "python")
        }
        keep(args.keep, {"machine": about, "options": options, "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
