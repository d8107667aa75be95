"""The local engine: batches over the threads of this process."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedup.boilerplate import BlockTable, block_table, find_recurring
from dedup.engines.base import Progress, silent
from dedup.engines.workspace import Column, Workspace
from dedup.errors import UsageError
from dedup.io import Reject, Resolution, hash_records, resolve_ids
from dedup.parallel import in_order
from dedup.pipeline import Prepared, joined_offsets, judge, prepare
from dedup.ragged import whole
from dedup.result import Result
from dedup.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from dedup.boilerplate import Recurring
    from dedup.config import Settings

__all__ = ["find_families"]


def find_families(
    batches: Iterable[pa.RecordBatch],
    settings: Settings,
    *,
    rejects: list[Reject] | None = None,
    progress: Progress = silent,
    work: Path | None = None,
) -> Result:
    """Run the pipeline over a corpus.

    Args:
        batches: Documents in the columns of the readers; read as they are asked for.
        settings: What to do.
        rejects: Where readers put what they refuse; superseded records are added to it.
        progress: Told of each step.
        work: Where files may be made once the corpus outgrows the memory limit; a temporary folder if left
            out. They are removed before this returns.

    Raises:
        OutputError: The disk is full.
        UsageError: There is no document that can be used.
    """
    rejects = [] if rejects is None else rejects
    clock = _Clock()
    with Workspace(settings.memory_limit, work) as space:
        corpus = _read(_told(batches, "reading", progress), settings, space, rejects)
        documents = corpus.documents
        clock.mark("read")
        recurring = find_recurring(BlockTable.joined(corpus.blocks)) if settings.strip else None
        corpus.blocks.clear()
        clock.mark("learn")
        prepared = _prepare(corpus, recurring, settings, space, progress)
        clock.mark("prepare")
        progress("comparing", 0, None)
        ids, published, source = (whole(documents.column(name)) for name in ("id", "published", "source"))
        judged = judge(prepared, ids, published, source, settings)
        clock.mark("judge")
        progress("comparing", 1, 1)
        return Result(
            documents,
            prepared,
            judged,
            settings,
            duplicates=corpus.duplicates,
            rejects=rejects,
            timings=clock.seconds,
            room=space.room,
        )


@dataclass(slots=True)
class _Corpus:
    """What reading a corpus gave.

    Attributes:
        documents: One row a document.
        tokens: The token stream of each batch, None where it is made again when it is needed.
        blocks: The blocks of each batch.
        duplicates: Records left out because the same id and record was there already.
    """

    documents: pa.Table
    tokens: list[Tokens | None]
    blocks: list[BlockTable]
    duplicates: int


def _read(
    batches: Iterable[pa.RecordBatch], settings: Settings, space: Workspace, rejects: list[Reject]
) -> _Corpus:
    """Read, tokenize and collect the blocks that strip learns from; reading and kernels overlap."""
    grown, tokens, blocks = space.batches(), [], []
    hashes: list[tuple[NDArray[np.uint64], ...]] = []

    def first_look(
        batch: pa.RecordBatch,
    ) -> tuple[pa.RecordBatch, tuple[NDArray[np.uint64], ...], Tokens, BlockTable | None]:
        own = tuple(hash_records(batch.column(name)) for name in ("record", "text"))
        stream = tokenize(batch.column("text"))
        return batch, own, stream, block_table(stream, batch) if settings.strip else None

    left = settings.memory_limit // 4  # for token streams
    rows = 0
    for batch, own, stream, table in in_order(first_look, batches, settings.workers):
        grown.append(batch)
        hashes.append(own)
        left -= sum(getattr(stream, f.name).nbytes for f in fields(stream))
        tokens.append(stream if left > 0 else None)
        if table is not None:
            blocks.append(replace(table, document=table.document + rows))
        rows += len(batch)
    documents = grown.finish()
    if documents is None or not rows:
        why = f": {rejects[0].file}: {rejects[0].reason}" if rejects else ""
        raise UsageError(f"no document that can be used{why}")
    resolution = _one_per_id(documents, hashes, rejects)
    corpus = _Corpus(documents, tokens, blocks, resolution.duplicates)
    if not resolution.keep.all():
        _leave_out(corpus, resolution.keep, settings, space)
    return corpus


def _leave_out(corpus: _Corpus, keep: NDArray[np.bool_], settings: Settings, space: Workspace) -> None:
    """Take out what another record stands for; the batches concerned are looked at again."""
    grown = space.batches()
    tokens, blocks = [], []
    row = rows = 0
    for number, batch in enumerate(corpus.documents.to_batches()):
        mine = keep[row : row + len(batch)]
        row += len(batch)
        stays = batch if mine.all() else batch.filter(pa.array(mine))
        if not len(stays):
            continue
        grown.append(stays)
        stream = corpus.tokens[number] if mine.all() else None
        tokens.append(stream)
        if settings.strip:
            stream = tokenize(stays.column("text")) if stream is None else stream
            blocks.append(block_table(stream, stays, rows))
        rows += len(stays)
    documents = grown.finish()
    assert documents is not None  # of each id one record stays
    corpus.documents, corpus.tokens, corpus.blocks = documents, tokens, blocks


def _prepare(
    corpus: _Corpus,
    recurring: Recurring | None,
    settings: Settings,
    space: Workspace,
    progress: Progress,
) -> Prepared:
    """All that can be said of each document alone, in the columns of the workspace."""
    batches = corpus.documents.to_batches()

    def one(number: int) -> Prepared:
        stream, corpus.tokens[number] = corpus.tokens[number], None
        return prepare(batches[number], settings, tokens=stream, recurring=recurring)

    grown: dict[str, Column] = {}
    lists: dict[str, list[Any]] = {}
    for done, part in enumerate(in_order(one, range(len(batches)), settings.workers), 1):
        for f in fields(Prepared):
            value = getattr(part, f.name)
            if isinstance(value, pa.Array) or f.name.endswith("offsets"):
                lists.setdefault(f.name, []).append(value)
            else:
                if f.name not in grown:
                    grown[f.name] = space.column(value.dtype, *value.shape[1:])
                grown[f.name].append(value)
        progress("stripping and sketching", done, len(batches))
    columns: dict[str, Any] = {name: column.finish() for name, column in grown.items()}
    for name, parts in lists.items():
        is_offsets = name.endswith("offsets")
        columns[name] = joined_offsets(parts) if is_offsets else pa.concat_arrays(parts)
    return Prepared(**columns)


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


def _one_per_id(
    documents: pa.Table, hashes: list[tuple[NDArray[np.uint64], ...]], rejects: list[Reject]
) -> Resolution:
    """Which record stands for each id; what was superseded goes to the rejects."""
    records, content = (np.concatenate(column) for column in zip(*hashes, strict=True))
    resolved = resolve_ids(
        documents.column("id"), records, documents.column("updated"), documents.column("published"), content
    )
    columns = documents.select(["id", "file", "line"])
    gone, kept = (columns.take(pa.array(rows)).to_pylist() for rows in (resolved.superseded, resolved.kept))
    for old, new in zip(gone, kept, strict=True):
        place = f" by {new['file']}:{new['line']}" if new["file"] else ""
        rejects.append(Reject(old["file"], old["line"], f"superseded{place}", old["id"]))
    return resolved
