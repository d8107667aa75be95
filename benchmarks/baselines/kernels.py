"""Raw text to 128-permutation signatures (or to stripped bodies), timed inside the process, reading left out.

Input is a file of UTF-8 with 0x1E between documents; each tool gets what it takes: strings, or Arrow arrays.
Prints one JSON line: seconds of the work itself, processor time of it, bytes, documents.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEPARATOR = b"\x1e"
SMALL = 1 << 18
"""Bytes of text tokenized and sketched at a time: the arrays stay in memory that the allocator has."""
LARGE = 4 << 20
"""Bytes of text stripped at a time: as many as ``dedup run`` reads at once."""


def strings(data: bytes) -> list[str]:
    """The documents as Python strings."""
    return [part.decode() for part in data.split(SEPARATOR)]


def grams(text: str) -> list[str]:
    """Word 5-grams, as the other tools want them."""
    words = text.lower().split()
    return [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]


def datasketch(data: bytes) -> Callable[[], Any]:
    """Datasketch 2, update_batch, xxhash."""
    import xxhash
    from datasketch import MinHash

    texts = strings(data)

    def work() -> None:
        for text in texts:
            minhash = MinHash(num_perm=128, hashfunc=xxhash.xxh32_intdigest)
            minhash.update_batch([g.encode() for g in set(grams(text))])

    return work


def rensa(data: bytes) -> Callable[[], Any]:
    """Rensa's full-set R-MinHash, their hashing of strings, our 5-grams."""
    from rensa import RMinHash

    texts = strings(data)

    def work() -> None:
        for i in range(0, len(texts), 512):
            RMinHash.digest_matrix_from_token_sets([grams(t) for t in texts[i : i + 512]], 128, 42)

    return work


def fastsketch(data: bytes) -> Callable[[], Any]:
    """FastSketchLSH, one thread."""
    from FastSketchLSH import FastSimilaritySketch

    texts, sketcher = strings(data), FastSimilaritySketch(size=128)

    def work() -> None:
        for i in range(0, len(texts), 512):
            sketcher.batch([grams(t) for t in texts[i : i + 512]], num_threads=1)

    return work


def batches(data: bytes, size: int = SMALL) -> Iterator[Any]:
    """Arrow arrays of about so many bytes of text."""
    import numpy as np
    import pyarrow as pa

    cuts = np.flatnonzero(np.frombuffer(data, np.uint8) == SEPARATOR[0])
    starts, ends = np.concatenate(([0], cuts + 1)), np.append(cuts, len(data))
    number = ends // size
    edges = np.flatnonzero(np.diff(number, prepend=-1, append=number[-1] + 1))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield pa.array(
            [data[a:b].decode() for a, b in zip(starts[first:last], ends[first:last], strict=True)],
            pa.large_string(),
        )


def dedup_sketch(data: bytes) -> Callable[[], Any]:
    """Our token stream and signatures, kernels compiled before the clock starts."""
    from dedup import kernels
    from dedup.config import Settings
    from dedup.shingles import shingle
    from dedup.signatures import sketch
    from dedup.tokens import tokenize

    kernels.warm()
    parts, settings = list(batches(data)), Settings()

    def work() -> None:
        for part in parts:
            sketch(shingle(tokenize(part), None, settings), settings)

    return work


def dedup_tokenize(data: bytes) -> Callable[[], Any]:
    """Our token stream alone."""
    from dedup import kernels
    from dedup.tokens import tokenize

    kernels.warm()
    parts = list(batches(data))
    return lambda: [tokenize(part).offsets for part in parts] and None


def dedup_strip(data: bytes) -> Callable[[], Any]:
    """Our token stream and boilerplate stripping, each document alone."""
    import pyarrow as pa

    from dedup import kernels
    from dedup.boilerplate import strip
    from dedup.io import SCHEMA
    from dedup.tokens import tokenize

    kernels.warm()
    parts = []
    for texts in batches(data, LARGE):
        given = {"text": texts, "id": pa.array([str(i) for i in range(len(texts))], SCHEMA.field("id").type)}
        columns = [given.get(f.name, pa.nulls(len(texts), f.type)) for f in SCHEMA]
        parts.append(
            pa.RecordBatch.from_arrays(columns, schema=pa.schema([(f.name, f.type) for f in SCHEMA]))
        )

    def work() -> None:
        for part in parts:
            strip(tokenize(part.column("text")), part)

    return work


TOOLS: dict[str, Callable[[bytes], Callable[[], Any]]] = {
    "dedup": dedup_sketch,
    "dedup-tokenize": dedup_tokenize,
    "dedup-strip": dedup_strip,
    "datasketch": datasketch,
    "rensa": rensa,
    "fastsketch": fastsketch,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("texts", type=Path)
    parser.add_argument(
        "--most", type=int, metavar="BYTES", help="only the documents within the first so many bytes"
    )
    args = parser.parse_args()
    data = args.texts.read_bytes()
    if args.most is not None and args.most < len(data):
        data = data[: data.rfind(SEPARATOR, 0, args.most)]
    # Once on the first megabyte: compiled code is loaded, pools are started, for every tool alike.
    TOOLS[args.tool](data[: max(0, data.rfind(SEPARATOR, 0, 1 << 20))])()
    work = TOOLS[args.tool](data)
    began, busy = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    print(
        json.dumps(
            {"seconds": seconds, "cpu": cpu, "bytes": len(data), "documents": data.count(SEPARATOR) + 1}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
