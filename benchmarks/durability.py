"""Kill a writer at random moments; count what is lost.

    python benchmarks/durability.py 200
    python benchmarks/durability.py 200 --url postgresql://…

After each kill the index is opened and checked: every acknowledged document must be there, none half, no
contradiction. At the end it is compared with an index that was filled by one process without interruption.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NoReturn

from dedup.index import Index
from tests.index.news import article, version

DOCUMENTS = 100_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--url", help="an empty PostgreSQL database instead of a SQLite file")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = random.Random(given.seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or str(Path(folder) / "news.db")
        Index.open(url).close()
        with Index.open(Path(folder) / "warm.db") as warm:
            list(map(warm.add, documents(10)))
        acknowledged: set[str] = set()
        lost = contradictions = 0
        for _ in range(given.kills):
            first = max(0, len(acknowledged) - 5)
            acknowledged |= killed(url, first, draw.uniform(0, 0.5))
            with Index.open(url) as index:
                lost += sum(index.document(f"d{n}") is None for n in range(first, len(acknowledged)))
                contradictions += len(index.check())
        with Index.open(url) as index, Index.open(Path(folder) / "one.db") as one:
            stored = index.stats()["documents"]  # the last one may be stored without its answer having come
            one.add_many(documents(stored))
            lost += sum(index.document(identity) is None for identity in acknowledged)
            same = families(index) == families(one)
    print(f"{given.kills} kills, {len(acknowledged)} documents acknowledged, {lost} lost, ", end="")
    print(f"{contradictions} contradictions, families {'equal' if same else 'DIFFERENT'} to an unbroken run")
    return int(bool(lost or contradictions or not same))


def killed(url: str, first: int, seconds: float) -> set[str]:
    """Ids that a writer acknowledged before it was killed, so long after it was ready.

    It is forked from this process, where everything that takes long to load is loaded.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        write(url, first, writing)
    os.close(writing)
    with os.fdopen(reading) as answers:
        assert answers.readline() == "ready\n"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        lines = answers.read().splitlines(keepends=True)
    os.waitpid(child, 0)
    return {line.strip() for line in lines if line.endswith("\n")}


def write(url: str, first: int, answers: int) -> NoReturn:
    """Add documents, and say so after each, until killed."""
    try:
        with Index.open(url) as index:
            os.write(answers, b"ready\n")
            for n in range(first, DOCUMENTS):
                match = index.add(article(f"d{n}", version(n // 5, n % 5), n / 10))
                os.write(answers, f"{match.id}\n".encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def documents(count: int):
    """What the writers add."""
    return (article(f"d{n}", version(n // 5, n % 5), n / 10) for n in range(count))


def families(index: Index) -> dict[str, tuple[str, ...]]:
    """Members by family id."""
    return {family.id: family.members for family in index.families(min_size=1)}


if __name__ == "__main__":
    sys.exit(main())
