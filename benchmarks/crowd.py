"""Several processes add shuffled halves of real articles to one index at once.

    python benchmarks/crowd.py FILE.jsonl… [--url postgresql://…] [--processes 8]

Counts what is lost and what is in two families, and compares the pairs of documents in one family with those
of one process that added everything in the order of time, before and after ``rebuild``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import random
import sys
import tempfile
import time
from pathlib import Path

from dedup.index import Index
from dedup.model import Document


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--url", help="an empty PostgreSQL database instead of a SQLite file")
    parser.add_argument("--processes", type=int, default=8)
    given = parser.parse_args()
    records = [json.loads(line) for path in given.files for line in path.read_text("utf-8").splitlines()]
    documents = [Document.from_record(r) for r in records if (r.get("text") or "").strip()]
    documents = list({d.id: d for d in documents}.values())
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or str(Path(folder) / "crowd.db")
        Index.open(url).close()
        start = time.perf_counter()
        half = len(documents) // 2
        parts = [random.Random(n).sample(documents, half) for n in range(given.processes)]  # noqa: S311
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            pool.starmap(fill, [(url, part) for part in parts])
        added = {document.id for part in parts for document in part}
        seconds = time.perf_counter() - start
        with Index.open(url) as crowd, Index.open(Path(folder) / "one.db") as one:
            known = sorted(
                (d for d in documents if d.id in added), key=lambda d: (d.published is None, str(d.published))
            )
            one.add_many(known)
            lost = sum(crowd.document(identity) is None for identity in added)
            print(
                f"{len(added)} documents by {given.processes} processes in {seconds:.0f} s, {lost} lost, ",
                end="",
            )
            print(f"{len(crowd.check())} contradictions")
            for when in ("before", "after"):
                ours, theirs = pairs(crowd), pairs(one)
                print(f"{when} rebuild: {len(ours & theirs)} pairs of {len(ours)} and {len(theirs)} equal")
                crowd.rebuild()
                one.rebuild()
    return int(lost > 0 or ours != theirs)


def fill(url: str, documents: list[Document]) -> None:
    """Add one at a time."""
    with Index.open(url) as index:
        for document in documents:
            index.add(document)


def pairs(index: Index) -> set[tuple[str, str]]:
    """Pairs of documents in one family."""
    return {p for family in index.families() for p in itertools.combinations(sorted(family.members), 2)}


if __name__ == "__main__":
    sys.exit(main())
