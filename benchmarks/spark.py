"""Measure the Spark engine: bytes shuffled, stage times, memory of the driver, against the local engine.

    python benchmarks/spark.py scaling --sizes 10000,50000,200000
    python benchmarks/spark.py skew --articles 100000       100,000 identical; one paragraph in 100,000
    python benchmarks/spark.py kill --articles 10000        two workers, one killed in the middle

Runs on ``--master``, by default two workers of one core each on this machine, so that driver and executors
are told apart. Each run is a process of its own; bytes and task times are those of Spark's event log,
processor time that of the whole tree of processes. The kernels are compiled before.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import xxhash
from _common import DEDUP, ROOT, describe, keep, machine, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ADVISED = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.io.compression.codec": "zstd",
    "spark.cleaner.periodicGC.interval": "2min",
}
"""What the how-to advises, and why."""

TICK = os.sysconf("SC_CLK_TCK")


class Tree:
    """Looks at a process and all below it, for as long as it runs.

    Attributes:
        driver: Bytes, the most of the JVM directly below.
        disk: Bytes, the most that stood in a folder.
    """

    def __init__(self, root: int, folder: Path | None) -> None:
        self._root = root
        self._folder = folder
        self._cpu: dict[tuple[int, str], float] = {}
        self._java: set[tuple[int, str]] = set()
        self.driver = self.disk = 0

    def look(self) -> None:
        parents, jvms = {}, []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            fields = rest.split()
            parents[int(path.parent.name)] = (int(fields[1]), name, fields)
        for pid, (_, name, fields) in parents.items():
            above, chain = pid, 0
            while above in parents and above != self._root:
                above, chain = parents[above][0], chain + 1
            if above == self._root:
                self._cpu[pid, fields[19]] = (int(fields[11]) + int(fields[12])) / TICK
                if name == "java":
                    jvms.append((chain, pid))
                    self._java.add((pid, fields[19]))
        if jvms:
            status = Path(f"/proc/{min(jvms)[1]}/status")
            try:
                peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            except (OSError, StopIteration):
                return
            self.driver = max(self.driver, int(peak.split()[1]) << 10)

    def measure(self) -> None:
        """Look at the folder, which takes longer."""
        if self._folder is not None:
            found = sum(_size(path) for path in self._folder.rglob("*"))
            self.disk = max(self.disk, found)

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())

    @property
    def java(self) -> float:
        """Processor seconds of the JVMs."""
        return sum(self._cpu[key] for key in self._java)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_blocks << 9
    except OSError:  # gone since
        return 0


def watched(
    command: list[str], environment: dict[str, str], folder: Path | None = None
) -> tuple[dict[str, Any], Tree, float]:
    """Run a command; the last line it prints, what its processes took and put into a folder, seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    tree = Tree(process.pid, folder)
    done = threading.Event()

    def look() -> None:
        times = 0
        while not done.wait(0.5):
            tree.look()
            if (times := times + 1) % 10 == 0:
                tree.measure()

    thread = threading.Thread(target=look)
    thread.start()
    output, _ = process.communicate()
    done.set()
    thread.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return json.loads(output.splitlines()[-1]), tree, time.perf_counter() - start


class Events:
    """What Spark's event log tells: tasks of each stage, and what was lost.

    Attributes:
        tasks: Of each stage, those that succeeded.
        names: Of each stage of Spark's, the stage of the run it was made for.
        executors_lost: Executors that ended before the run.
        stages_repeated: Stages some of whose tasks were done again because their output was lost.
    """

    def __init__(self, folder: Path) -> None:
        self.tasks: dict[int, list[dict[str, float]]] = defaultdict(list)
        self.names: dict[int, str] = {}
        self.executors_lost = 0
        repeated = set()
        for path in (path for path in folder.rglob("*") if path.is_file()):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    kind = line[: len('{"Event":"SparkListenerExecutorRemoved"')]
                    self.executors_lost += kind == '{"Event":"SparkListenerExecutorRemoved"'
                    if kind.startswith('{"Event":"SparkListenerStageSubmitted"'):
                        event = json.loads(line)
                        about = event.get("Properties", {}).get("spark.job.description", "")
                        self.names[event["Stage Info"]["Stage ID"]] = about
                    if not kind.startswith('{"Event":"SparkListenerTaskEnd"'):
                        continue
                    event = json.loads(line)
                    if event["Stage Attempt ID"]:
                        repeated.add(event["Stage ID"])
                    if (metrics := event.get("Task Metrics")) and not event["Task Info"]["Failed"]:
                        self.tasks[event["Stage ID"]].append(_task(event["Task Info"], metrics))
        self.stages_repeated = len(repeated)


def _task(about: dict[str, Any], metrics: dict[str, Any]) -> dict[str, float]:
    read = metrics["Shuffle Read Metrics"]
    return {
        "seconds": (about["Finish Time"] - about["Launch Time"]) / 1000,
        "written": metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"],
        "read": read["Remote Bytes Read"] + read["Local Bytes Read"],
        "spilled": metrics["Disk Bytes Spilled"],
    }


def spark_run(corpus: Path, master: str, out: Path, memory: str) -> dict[str, Any]:
    """One run of the Spark engine."""
    with tempfile.TemporaryDirectory() as events, tempfile.TemporaryDirectory(dir=out.parent) as disks:
        settings = {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file://{events}",
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
            "spark.ui.enabled": "false",
            "spark.driver.memory": memory,
            "spark.ui.showConsoleProgress": "false",
            **ADVISED,
        }
        arguments = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": " ".join([*arguments, "pyspark-shell"])}
        environment |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": disks}
        command = [
            *DEDUP,
            "run",
            str(corpus),
            "-o",
            str(out),
            "--engine",
            "spark",
            "--master",
            master,
            "--json",
        ]
        said, tree, wall = watched(command, environment, Path(disks))
        seen = Events(Path(events))
    stages = seen.tasks
    by_name: dict[str, float] = defaultdict(float)
    for number, its in stages.items():
        by_name[seen.names.get(number, "")] += sum(task["written"] for task in its)
    return {
        "wall": wall,
        "cpu": tree.cpu,
        "java": tree.java,
        "driver": tree.driver,
        "disk": tree.disk,
        "shuffled": sum(by_name.values()),
        "shuffled_by": by_name,
        "spilled": sum(task["spilled"] for stage in stages.values() for task in stage),
        "documents": said["documents"],
        "families": said["families"],
        "seconds": said["seconds"],
        "stages": len(stages),
        "executors_lost": seen.executors_lost,
        "stages_repeated": seen.stages_repeated,
        "skewed": skewed(stages),
    }


def skewed(stages: dict[int, list[dict[str, float]]]) -> list[dict[str, float]]:
    """Stages with a task of over five times the median's time that also read over five times as much."""
    found = []
    for number, its in stages.items():
        if len(its) < 4:
            continue
        longest = max(its, key=lambda task: task["seconds"])
        seconds, read = (statistics.median(task[name] for task in its) for name in ("seconds", "read"))
        if longest["seconds"] > max(5 * seconds, 1) and longest["read"] > 5 * read:
            found.append(
                {"stage": number, "tasks": len(its), "median": seconds, "longest": longest["seconds"]}
            )
    return found


def local_run(corpus: Path, out: Path) -> dict[str, Any]:
    """The local engine on the same file and as many cores."""
    command = [*DEDUP, "run", str(corpus), "-o", str(out), "--format", "parquet", "--no-report", "--json"]
    said, tree, wall = watched(command, dict(os.environ))
    return {"wall": wall, "cpu": tree.cpu, "documents": said["documents"], "families": said["families"]}


def generated(articles: int, folder: Path) -> Path:
    """Generated articles, made if they are not there."""
    path = folder / f"news-{articles}"
    if not (path / "corpus.json").exists():
        command = [sys.executable, str(ROOT / "benchmarks" / "corpus.py"), "--articles", str(articles)]
        subprocess.run([*command, "--seed", "11", "--out", str(path)], check=True, stdout=subprocess.DEVNULL)
    return path / "articles.jsonl"


def hashes(folder: Path, name: str) -> np.ndarray:
    """Sorted hashes of a table's rows, whatever engine wrote it.

    The name of the file they are from is left out, which Spark tells as a URL, and ratios are rounded, as the
    local engine writes them.
    """
    if (lines := folder / f"{name}.jsonl").exists():
        with lines.open("rb") as file:
            return _sorted(row.rstrip(b"\n") for row in file)
    batches = pyarrow.dataset.dataset(next(folder.glob(f"{name}*"))).to_batches(batch_size=10_000)
    if name == "canonical":  # each record as it came
        return _sorted(text.encode() for batch in batches for text in batch["record"].to_pylist())
    return _sorted(row for batch in batches for row in _rows(batch))


def _sorted(rows: Iterable[bytes]) -> np.ndarray:
    return np.sort(np.fromiter(map(xxhash.xxh3_64_intdigest, rows), np.uint64))


def _rows(batch: pa.RecordBatch) -> Iterator[bytes]:
    names = [name for name in batch.schema.names if name != "file"]
    columns = (batch.column(name) for name in names)
    rounded = [pc.round(c, 4) if pa.types.is_floating(c.type) else c for c in columns]
    for row in pa.record_batch(rounded, names).to_pylist():
        yield orjson.dumps(row, option=orjson.OPT_SORT_KEYS)


def equality(one: Path, two: Path) -> dict[str, int | str]:
    """Rows of each table where both folders have the same ones, else in how many they differ."""
    told: dict[str, int | str] = {}
    for name in ("documents", "relations", "families", "diffs", "canonical"):
        here, there = hashes(one, name), hashes(two, name)
        equal = np.array_equal(here, there)
        told[name] = (
            len(here) if equal else f"{len(here)} and {len(there)}, {len(np.setxor1d(here, there))} differ"
        )
    return told


def scaling(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    rows = []
    for size in (int(part) for part in options.sizes.split(",")):
        corpus = generated(size, folder)
        with tempfile.TemporaryDirectory(dir=folder) as out:
            here = local_run(corpus, Path(out) / "local")
            there = spark_run(corpus, options.master, Path(out) / "spark", options.driver_memory)
            equal = equality(Path(out) / "local", Path(out) / "spark")
        rows.append({"articles": size, "local": here, "spark": there, "equal": equal})
        print(
            f"{size:,}: {there['cpu']:.0f} CPU s, locally {here['cpu']:.0f}; equal rows: {equal}", flush=True
        )
    table(
        f"Spark against the local engine, {options.master}",
        ("articles", "CPU s", "local", "ratio", "wall s", "shuffled B/doc", "disk B/doc", "driver MB"),
        [
            (
                f"{row['articles']:,}",
                round(row["spark"]["cpu"]),
                round(row["local"]["cpu"]),
                f"{row['spark']['cpu'] / row['local']['cpu']:.1f}",
                round(row["spark"]["wall"]),
                round(row["spark"]["shuffled"] / row["articles"]),
                round(row["spark"]["disk"] / row["articles"]),
                row["spark"]["driver"] >> 20,
            )
            for row in rows
        ],
    )
    last = rows[-1]["spark"]
    slowest = sorted(last["seconds"].items(), key=lambda item: -item[1])[:12]
    table(
        f"Stages of {rows[-1]['articles']:,}",
        ("stage", "seconds", "shuffled B/doc"),
        [
            (name, f"{seconds:.1f}", round(last["shuffled_by"].get(name, 0) / rows[-1]["articles"]))
            for name, seconds in slowest
        ],
    )
    return rows


def skew_case(name: str, articles: int, path: Path) -> Path:
    """A corpus with one hot value."""
    path.mkdir(parents=True, exist_ok=True)
    target = path / f"{name}-{articles}.jsonl"
    shared = " ".join(f"hot{i} and the" for i in range(60))
    with target.open("w", encoding="utf-8") as file:
        for number in range(articles):
            own = " ".join(f"word{number}x{i} of" for i in range(60))
            text = shared if name == "identical" else f"{own}.\n\n{shared}.\n\n{own[::-1]}"
            record = {
                "id": f"d{number:07}",
                "text": text,
                "published": f"2025-03-{1 + number % 6:02}T08:00:00Z",
            }
            file.write(json.dumps(record) + "\n")
    return target


def skew(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    rows = []
    for name in ("identical", "paragraph"):
        corpus = skew_case(name, options.articles, folder)
        with tempfile.TemporaryDirectory(dir=folder) as out:
            rows.append(
                {
                    "case": name,
                    **spark_run(corpus, options.master, Path(out) / "spark", options.driver_memory),
                }
            )
    table(
        f"Skew, {options.articles:,} documents",
        ("case", "CPU s", "wall s", "shuffled B/doc", "families", "skewed stages"),
        [
            (
                row["case"],
                round(row["cpu"]),
                round(row["wall"]),
                round(row["shuffled"] / options.articles),
                row["families"],
                len(row["skewed"]),
            )
            for row in rows
        ],
    )
    for row in rows:
        for stage in row["skewed"]:
            print(row["case"], stage)
    return rows


def kill(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Kill a worker's executor in the middle; the tables must be those of the local engine."""
    corpus = generated(options.articles, folder)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        here, there = Path(out) / "local", Path(out) / "spark"
        local_run(corpus, here)
        victims: list[int] = []
        watcher = threading.Thread(target=_kill_one, args=(there / "work" / "edges" / "_temporary", victims))
        watcher.start()
        found = spark_run(corpus, options.master, there, options.driver_memory)
        watcher.join()
        equal = equality(here, there)
    lost = {name: found[name] for name in ("executors_lost", "stages_repeated")}
    print(f"killed executors: {len(victims)}; {lost}; equal rows: {equal}")
    return {"articles": options.articles, "killed": len(victims), **lost, "equal": equal}


def _kill_one(sign: Path, victims: list[int]) -> None:
    """Wait for a stage to be done, then kill one of the executors of this user's newest run."""
    for _ in range(36_000):
        if sign.exists():
            break
        time.sleep(0.1)
    for path in sorted(Path("/proc").glob("[0-9]*/cmdline"), key=lambda p: -int(p.parent.name)):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if b"CoarseGrainedExecutorBackend" in command and _below(int(path.parent.name), os.getpid()):
            os.kill(int(path.parent.name), signal.SIGKILL)
            victims.append(int(path.parent.name))
            return


def _below(pid: int, root: int) -> bool:
    """Whether one process was started by another."""
    while pid > 1:
        if pid == root:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("section", choices=("scaling", "skew", "kill"))
    parser.add_argument("--sizes", default="10000,50000,200000")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--master", default="local-cluster[2,1,2048]")
    parser.add_argument("--driver-memory", default="1g")
    parser.add_argument("--folder", type=Path, help="for corpora and results; a temporary one by default")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/spark-SECTION.json")
    options = parser.parse_args()
    print(describe(machine()))
    subprocess.run([*DEDUP, "warm"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = {"scaling": scaling, "skew": skew, "kill": kill}[options.section](options, folder)
    if options.keep:
        keep(f"spark-{options.section}", {"machine": machine(), "result": result})


if __name__ == "__main__":
    main()
