"""A straightforward datasketch script: read, sketch, index, query, cluster, write the clusters.

What a careful user writes from the documentation: word 5-grams, xxhash, ``update_batch``, one insertion
session, candidates verified by estimated Jaccard, union-find. It clusters and does nothing else.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import xxhash
from datasketch import MinHash, MinHashLSH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def sketch(text: str) -> NDArray[np.uint32]:
    """Signature of one text."""
    words = text.lower().split()
    grams = {" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))}
    minhash = MinHash(num_perm=128, scheme="affine32", hashfunc=xxhash.xxh32_intdigest)
    minhash.update_batch(list(grams))
    return minhash.hashvalues


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()

    ids, texts = [], []
    with args.articles.open("rb") as lines:
        for line in lines:
            record = orjson.loads(line)
            ids.append(record["id"])
            texts.append(record["text"])
    if args.processes > 1:
        with multiprocessing.get_context("fork").Pool(args.processes) as pool:
            signatures = pool.map(sketch, texts, chunksize=256)
    else:
        signatures = [sketch(text) for text in texts]

    minhashes = [MinHash(num_perm=128, hashvalues=s, scheme="affine32") for s in signatures]
    index = MinHashLSH(threshold=args.threshold, num_perm=128)
    with index.insertion_session() as session:
        for number, minhash in enumerate(minhashes):
            session.insert(number, minhash)

    root = list(range(len(ids)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for number, minhash in enumerate(minhashes):
        for other in index.query(minhash):
            if other < number and minhash.jaccard(minhashes[other]) >= args.threshold:
                a, b = sorted((find(other), find(number)))
                root[b] = a
    with args.out.open("wb") as out:
        for number, identity in enumerate(ids):
            line = {"id": identity, "family": ids[find(number)]}
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    print(json.dumps({"articles": len(ids), "families": sum(find(i) == i for i in range(len(ids)))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
