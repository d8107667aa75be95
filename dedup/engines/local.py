"""The local engine: batches over the threads of this process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.engines.base import Progress, silent
from dedup.errors import UsageError
from dedup.io import Reject, hash_records, resolve_ids
from dedup.parallel import in_order
from dedup.pipeline import Prepared, judge, learn, prepare
from dedup.ragged import whole
from dedup.result import Result
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedup.config import Settings

__all__ = ["find_families"]

In = TypeVar("In")
Out = TypeVar("Out")


def find_families(
    batches: Iterable[pa.RecordBatch],
    settings: Settings,
    *,
    rejects: list[Reject] | None = None,
    progress: Progress = silent,
) -> Result:
    """Run the pipeline over a corpus.

    Args:
        batches: Documents in the columns of the readers; read as they are asked for.
        settings: What to do.
        rejects: Where readers put what they refuse; superseded records are added to it.
        progress: Told of each step.

    Raises:
        UsageError: There is no document that can be used.
    """
    rejects = [] if rejects is None else rejects
    clock = _Clock()
    read = list(_told(batches, "reading", progress))
    documents = pa.Table.from_batches(read) if read else None
    if documents is None or not len(documents):
        why = f": {rejects[0].file}: {rejects[0].reason}" if rejects else ""
        raise UsageError(f"no document that can be used{why}")
    documents, duplicates = _one_per_id(documents, rejects)
    clock.mark("read")

    parts = documents.to_batches()
    kernels.get(documents.column("text").nbytes)  # decides once for the whole run whether compiling pays
    tokens = list(
        _mapped(lambda part: tokenize(part.column("text")), parts, "tokenizing", settings, progress)
    )
    clock.mark("tokenize")
    recurring = learn(tokens, parts) if settings.strip else None
    clock.mark("learn")
    prepared = Prepared.concat(
        list(
            _mapped(
                lambda pair: prepare(pair[0], settings, tokens=pair[1], recurring=recurring),
                list(zip(parts, tokens, strict=True)),
                "stripping and sketching",
                settings,
                progress,
            )
        )
    )
    del tokens
    clock.mark("prepare")
    progress("comparing", 0, None)
    judged = judge(
        prepared,
        whole(documents.column("id")),
        whole(documents.column("published")),
        whole(documents.column("source")),
        settings,
    )
    clock.mark("judge")
    progress("comparing", 1, 1)
    return Result(
        documents, prepared, judged, settings, duplicates=duplicates, rejects=rejects, timings=clock.seconds
    )


class _Clock:
    """Seconds each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def mark(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(now - self._last, 3)
        self._last = now


def _told(batches: Iterable[pa.RecordBatch], stage: str, progress: Progress) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        done += len(batch)
        progress(stage, done, None)
        yield batch


def _mapped(
    function: Callable[[In], Out], items: list[In], stage: str, settings: Settings, progress: Progress
) -> Iterator[Out]:
    """Results in order, each told."""
    for done, result in enumerate(in_order(function, items, settings.workers), 1):
        yield result
        progress(stage, done, len(items))


def _one_per_id(documents: pa.Table, rejects: list[Reject]) -> tuple[pa.Table, int]:
    """One record for each id; what was superseded goes to the rejects."""
    records = np.concatenate([hash_records(chunk) for chunk in documents.column("record").chunks])
    texts = documents.column("text").cast(pa.large_binary())
    content = np.concatenate([hash_records(chunk) for chunk in texts.chunks])
    resolved = resolve_ids(
        documents.column("id"), records, documents.column("updated"), documents.column("published"), content
    )
    if resolved.keep.all():
        return documents, 0
    columns = documents.select(["id", "file", "line"])
    gone, kept = (columns.take(pa.array(rows)).to_pylist() for rows in (resolved.superseded, resolved.kept))
    for old, new in zip(gone, kept, strict=True):
        place = f" by {new['file']}:{new['line']}" if new["file"] else ""
        rejects.append(Reject(old["file"], old["line"], f"superseded{place}", old["id"]))
    return documents.filter(pa.array(resolved.keep)), resolved.duplicates
