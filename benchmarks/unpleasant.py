"""Make a corpus that tempts a deduplicator to take quadratic time or all the memory.

    python benchmarks/unpleasant.py identical 100000 OUT.jsonl

identical   articles of 300 words, all the same, each of another hour
paragraph   articles of 200 words of their own and one paragraph of 60 that all share
long        ten articles and one of so many bytes, of which they are pieces
words       articles of one word, of ten thousand
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600


def words(rng: np.random.Generator, count: int, vocabulary: int = 1 << 20) -> str:
    """Words that hardly ever meet in one order twice."""
    return " ".join(f"w{number:x}" for number in rng.integers(0, vocabulary, count).tolist())


def identical(size: int, rng: np.random.Generator) -> Iterator[str]:
    """So many times one text."""
    text = words(rng, 300)
    return (text for _ in range(size))


def paragraph(size: int, rng: np.random.Generator) -> Iterator[str]:
    """So many texts around one paragraph."""
    shared = words(rng, 60)
    return (f"{words(rng, 100)}.\n\n{shared}.\n\n{words(rng, 100)}." for _ in range(size))


def long(size: int, rng: np.random.Generator) -> Iterator[str]:
    """One text of so many bytes, and ten pieces of it."""
    text = words(rng, size // 7)
    yield text
    for place in range(10):
        start = text.index(" ", place * (len(text) - 3000) // 10) + 1
        yield text[start : text.rindex(" ", start, start + 3000)]


def words_alone(size: int, rng: np.random.Generator) -> Iterator[str]:
    """So many texts of one word."""
    return (f"w{number:x}" for number in rng.integers(0, 10_000, size).tolist())


KINDS = {"identical": identical, "paragraph": paragraph, "long": long, "words": words_alone}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("size", type=int, help="articles; bytes of the long one")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with args.out.open("w", encoding="utf-8") as out:
        for number, text in enumerate(KINDS[args.kind](args.size, np.random.default_rng(args.seed))):
            time = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(number % 2000 * HOUR, "s")
            record = {"id": f"a{number:07}", "source": f"s{number % 97}.example", "published": f"{time}Z"}
            out.write(json.dumps({**record, "text": text}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
