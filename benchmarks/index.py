"""Time the ingestion index: adding and asking, with so many generated documents resident.

    python benchmarks/index.py 10000 100000
    python benchmarks/index.py 100000 --url postgresql://…

Fills one index with ``add_many`` (which is timed) up to each size, then adds and queries articles one at a
time, and goes on to the next size. Results are kept after each. Beside it,
where they are installed, datasketch's MinHashLSH in memory and in Redis, which only look candidates up. Then
the hot cases: one press release many times, one disclaimer in every document.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _common import describe, keep, machine, table
from corpus import generate

from dedup.index import Index
from dedup.model import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 5000  # documents of one call of add_many
SINGLE = 1000  # documents added, and asked, one at a time


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sizes", nargs="+", type=int)
    parser.add_argument("--url", help="an empty PostgreSQL database instead of SQLite files")
    parser.add_argument(
        "--at", help="a SQLite file to fill, which is kept; one that is there is filled further"
    )
    parser.add_argument("--lsh", action="store_true", help="beside datasketch's MinHashLSH in memory")
    parser.add_argument("--redis", help="host:port of a Redis server, for MinHashLSH there")
    parser.add_argument("--hot", type=int, metavar="N", help="the hot cases, too, after N documents of each")
    given = parser.parse_args()
    about = machine()
    print(describe(about))
    rows: list[dict[str, Any]] = []
    for row in measure(sorted(given.sizes), given.url or given.at):
        rows.append(row)
        keep("index", {"machine": about, "rows": rows})
    if given.lsh or given.redis:
        rows += [lookup(size, given.redis) for size in given.sizes]
    names = (
        "what",
        "resident",
        "add_many/s",
        "a CPU s",
        "add p50",
        "p99",
        "max",
        "query p50",
        "p99",
        "bytes/doc",
        "load",
    )
    table("ms where no unit stands", names, [[row.get(name, "") for name in names] for row in rows], 110)
    for row in rows:
        if "stages" in row:
            table(f"one query, {row['resident']} resident", ("stage", "share"), sorted(row["stages"].items()))
    if given.hot:
        hot_rows = hot(given.hot, given.url)
        rows += hot_rows
        table(
            "hot content",
            ("what", "add p50", "p99", "max"),
            [[r[n] for n in ("what", "add p50", "p99", "max")] for r in hot_rows],
        )
    print(keep("index", {"machine": about, "rows": rows}))
    return 0


def articles(size: int) -> Iterator[Document]:
    """Generated articles, in the order in which they are made."""
    records = itertools.chain.from_iterable(records for records, _ in generate(size, seed=7))
    return map(Document.from_record, records)


def measure(sizes: list[int], url: str | None) -> Iterator[dict[str, Any]]:
    """Fill an index and time single calls at each size."""
    stream = articles(sizes[-1] + 2 * (1 + len(sizes)) * SINGLE)
    with tempfile.TemporaryDirectory() as folder, Index.open(url or Path(folder) / "news.db") as index:
        number = index.stats()["documents"]
        if number:  # what is there, and what was only asked
            next(itertools.islice(stream, number + len(sizes) * SINGLE, None))
        for size in sizes[bisect.bisect(sizes, number) :]:
            begun, filled, processor = number, 0.0, 0.0
            while number < size:
                some = list(itertools.islice(stream, min(CHUNK, size - number)))  # making them isn't timed
                wall, cpu = time.perf_counter(), time.process_time()
                for _ in index.add_many(some):
                    pass
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                filled, processor, number = filled + wall, processor + cpu, number + len(some)
                rates = f"{len(some) / wall:.0f}/s, {len(some) / cpu:.0f} a processor second"
                print(f"{number} resident: {rates}", file=sys.stderr)
            yield single_calls(
                index, stream, url, (number - begun) / filled, (number - begun) / processor
            ) | {
                "resident": size,
                "last": rates,
            }
            number += SINGLE


def single_calls(
    index: Index, stream: Iterator[Document], url: str | None, rate: float, processor_rate: float
) -> dict[str, Any]:
    """Time adding and asking one at a time."""
    first = list(itertools.islice(stream, SINGLE))
    added = timed(index.add, first)
    asked = timed(index.query, list(itertools.islice(stream, SINGLE)))
    stages = shares(index, first)
    bytes_ = index.stats()["bytes"] / index.stats()["documents"]
    return {
        "what": "dedup, PostgreSQL" if url and "://" in url else "dedup, SQLite",
        "add_many/s": round(rate),
        "a CPU s": round(processor_rate),
        **latencies(added, asked),
        "bytes/doc": round(bytes_),
        "load": round(os.getloadavg()[0], 1),
        "stages": stages,
    }


def timed(call: Any, documents: list[Document]) -> np.ndarray[Any, Any]:
    """Seconds of each call: by the clock, and of the processor, which says more where others work, too."""
    taken = []
    for document in documents:
        wall, cpu = time.perf_counter(), time.thread_time()
        call(document)
        taken.append((time.perf_counter() - wall, time.thread_time() - cpu))
    return np.array(taken)


def latencies(added: np.ndarray[Any, Any], asked: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Columns of a table: how long adding and asking take."""
    return {
        "add p50": ms(added, 50),
        "p99": f"{ms(added, 99)}, {ms(asked, 99)}",
        "max": ms(added, 100),
        "query p50": ms(asked, 50),
        "add CPU": processor_ms(added),
        "query CPU": processor_ms(asked),
    }


def ms(seconds: np.ndarray[Any, Any], percentile: float) -> float:
    """A percentile in milliseconds."""
    return round(1000 * float(np.percentile(seconds[:, 0], percentile)), 1)


def processor_ms(seconds: np.ndarray[Any, Any]) -> str:
    """The median and the 99th percentile of processor time, in milliseconds."""
    return ", ".join(f"{1000 * value:.1f}" for value in np.percentile(seconds[:, 1], [50, 99]))


def shares(index: Index, documents: list[Document]) -> dict[str, str]:
    """Where the time of a query goes, of documents that are there under another id, by stage."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    changed = [
        Document(d.id + "-again", d.text, published=d.published, source=d.source) for d in documents[:200]
    ]
    profile.enable()
    for document in changed:
        index.query(document)
    profile.disable()
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(row[3] for (_, _, name), row in found.items() if name == "query")
    wanted = {
        ("index.py", "_prepare"): "strip and sketch",
        ("segments.py", "find"): "look up",
        ("verifying.py", "verified"): "verify",
        ("settling.py", "settle"): "settle families",
    }
    seconds: dict[str, float] = {}
    for (file, _, name), row in found.items():
        stage = wanted.get((Path(file).name, name))
        if stage is not None:
            seconds[stage] = max(seconds.get(stage, 0.0), row[3])
    return {stage: f"{value / total:.0%}" for stage, value in seconds.items()}


def lookup(size: int, redis: str | None) -> dict[str, Any]:
    """What only looking candidates up costs in datasketch, from text to keys."""
    from datasketch import MinHashLSH

    import dedup

    storage = None
    if redis:
        host, port = redis.split(":")
        storage = {"type": "redis", "basename": b"bench", "redis": {"host": host, "port": int(port)}}
    lsh = MinHashLSH(threshold=0.7, num_perm=128, storage_config=storage)
    stream = articles(size + 2 * SINGLE)
    start = time.perf_counter()
    for document in itertools.islice(stream, size):
        lsh.insert(document.id, dedup.signature(document.text))
    filled = time.perf_counter() - start

    def add(document: Document) -> None:
        signature = dedup.signature(document.text)
        lsh.query(signature)
        lsh.insert(document.id, signature)

    added = timed(add, list(itertools.islice(stream, SINGLE)))
    asked = timed(lambda d: lsh.query(dedup.signature(d.text)), list(itertools.islice(stream, SINGLE)))
    return {
        "what": f"MinHashLSH, {'Redis' if redis else 'memory'}",
        "resident": size,
        "add_many/s": round(size / filled),
        **latencies(added, asked),
    }


def hot(size: int, url: str | None) -> list[dict[str, Any]]:
    """One press release many times; one disclaimer in every document; and neither."""
    disclaimer = " ".join(f"clause{n} of these terms" for n in range(15)) + "."
    rows = []
    for what in ("plain", "press release", "disclaimer"):
        with tempfile.TemporaryDirectory() as folder, Index.open(url or Path(folder) / "hot.db") as index:
            some = list(articles(size + SINGLE))[: size + SINGLE]
            release = some[0].text
            for n, document in enumerate(some):
                text = {"press release": release, "disclaimer": f"{document.text}\n\n{disclaimer}"}.get(
                    what, document.text
                )
                if what == "press release" and n % 4 == 3:
                    text = document.text
                some[n] = Document(f"{what}{n}", text, published=document.published)
            index.add_many(some[:size])
            taken = timed(index.add, some[size:])
            rows.append({"what": what, "add p50": ms(taken, 50), "p99": ms(taken, 99), "max": ms(taken, 100)})
    return rows


if __name__ == "__main__":
    sys.exit(main())
