"""Diffs a second, and how large canonical texts with diffs are beside the versions themselves.

    python benchmarks/diffs.py FILE…

The families are found first; then every variant is compared with its canonical version, in one thread, five
times, of which the quickest counts. Two unrelated texts of a megabyte are timed as well.
"""

from __future__ import annotations

import argparse
import random
import string
import sys
import time
import zlib
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
from _common import table

import dedup
from dedup import kernels
from dedup.edits.batch import diffs_as_json
from dedup.io import read

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("input", nargs="+", help="Files or folders, as for dedup run.")
    given = parser.parse_args()
    kernels.warm()
    families = dedup.find_families(pa.Table.from_batches(list(read(given.input)))).families
    pairs = [(family.canonical.text, variant.text) for family in families for variant in family.variants]
    before, after = (pa.array([pair[side] for pair in pairs], pa.large_string()) for side in (0, 1))
    seconds, made = quickest(lambda: diffs_as_json(before, after))
    canonical = [family.canonical.text for family in families]
    variants = [variant.text for family in families for variant in family.variants]
    diffs = made.to_pylist()
    nbytes = before.nbytes + after.nbytes
    speed = [len(pairs), nbytes // len(pairs), round(len(pairs) / seconds), round(nbytes / seconds / 1e6)]
    table("One thread", ["diffs", "bytes a pair", "diffs a second", "MB a second"], [speed])
    rows = [
        row("plain", size, canonical, variants, diffs),
        row("zlib, each alone", packed, canonical, variants, diffs),
    ]
    table("Bytes", ["", "every version", "canonical", "diffs", "with diffs"], rows)
    one, two = unrelated(1), unrelated(2)
    print(f"two unrelated texts of a megabyte: {quickest(lambda: dedup.diff(one, two))[0]:.2f} s")
    return 0


def quickest(call: Callable[[], T], times: int = 5) -> tuple[float, T]:
    """Processor seconds of the quickest call, and what it gave."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        value = call()
        best = min(best, time.process_time() - start)
    return best, value


def size(text: str) -> int:
    return len(text.encode())


def packed(text: str) -> int:
    return len(zlib.compress(text.encode()))


def row(
    name: str, measure: Callable[[str], int], canonical: list[str], variants: list[str], diffs: list[str]
) -> list[object]:
    kept, others, changes = (sum(map(measure, texts)) for texts in (canonical, variants, diffs))
    return [name, kept + others, kept, changes, f"{(kept + changes) / (kept + others):.0%}"]


def unrelated(seed: int) -> str:
    rng = random.Random(seed)  # noqa: S311 (a benchmark's text)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9))) for _ in range(160_000)]
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main())
