"""The local engine: batches over the threads of this process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.boilerplate import BlockTable, Recurring, block_table, find_recurring
from dedup.boilerplate.lexicon import lexicon
from dedup.engines.base import Progress, silent
from dedup.engines.workspace import Workspace
from dedup.io import Reject, Resolution, hash_records, nothing_usable, resolve_ids
from dedup.io.schema import BATCH_BYTES
from dedup.parallel import in_order
from dedup.pipeline import Prepared, judge, prepare
from dedup.result import Result
from dedup.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.engines.growing import Batches, Columns

__all__ = ["find_families"]

_NOTED = 8
"""Batches after which is written down how many are prepared."""

_AHEAD = 8
"""Batches read for each thread before one of them is tokenized, where there is memory."""


def find_families(
    batches: Iterable[pa.RecordBatch],
    settings: Settings,
    *,
    rejects: list[Reject] | None = None,
    warnings: list[Reject] | None = None,
    progress: Progress = silent,
    workspace: Workspace | None = None,
) -> Result:
    """Run the pipeline over a corpus.

    Args:
        batches: Documents in the columns of the readers; read as they are asked for.
        settings: What to do.
        rejects: Where readers put what they refuse; superseded records are added to it.
        warnings: Where readers put what they only complain of.
        progress: Told of each step.
        workspace: Where what grows with the corpus is kept; what is finished there is not done again. Left
            out: one of its own, in a temporary folder once the corpus outgrows the memory limit.

    Raises:
        OutputError: The disk is full.
        UsageError: There is no document that can be used.
    """
    if workspace is None:
        with Workspace(settings.memory_limit) as workspace:
            return find_families(
                batches, settings, rejects=rejects, warnings=warnings, progress=progress, workspace=workspace
            )
    complaints = _Complaints([] if rejects is None else rejects, [] if warnings is None else warnings)
    clock = _Clock()
    corpus = _read(_told(batches, progress), settings, workspace, complaints)
    clock.lap("read")
    recurring = None
    if settings.strip:
        blocks = corpus.blocks
        with ThreadPoolExecutor(1) as beside:
            beside.submit(lexicon)  # which stripping asks for; one thread learns alone
            recurring = workspace.stage(
                "recurring", Recurring, lambda: find_recurring(blocks.finish(BlockTable))
            )
    clock.lap("learn")
    prepared = _prepare(corpus, recurring, settings, workspace, progress)
    clock.lap("prepare")
    progress("comparing", 0, None)
    judged = judge(prepared, corpus.documents, settings, workspace.stage)
    clock.lap("judge")
    progress("comparing", 1, 1)
    return Result(
        corpus.documents,
        prepared,
        judged,
        settings,
        recurring=recurring,
        duplicates=corpus.duplicates,
        rejects=complaints.rejects,
        warnings=complaints.warnings,
        timings=clock.seconds,
        room=workspace.room,
    )


@dataclass(frozen=True, slots=True)
class _Complaints:
    """What readers refuse or complain of; an earlier run's is put back."""

    rejects: list[Reject]
    warnings: list[Reject]

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        return {f.name: [asdict(reject) for reject in getattr(self, f.name)] for f in fields(self)}

    def put_back(self, values: dict[str, list[dict[str, Any]]]) -> None:
        for f in fields(self):
            getattr(self, f.name)[:] = [Reject(**value) for value in values[f.name]]


@dataclass(slots=True)
class _Corpus:
    """What reading a corpus gave.

    Attributes:
        documents: One row a document.
        tokens: The token stream of each batch, None where it is made again when it is needed.
        blocks: The blocks of all of them.
        duplicates: Records left out because the same id and record was there already.
    """

    documents: pa.Table
    tokens: list[Tokens | None]
    blocks: Columns
    duplicates: int


def _read(
    batches: Iterable[pa.RecordBatch], settings: Settings, space: Workspace, complaints: _Complaints
) -> _Corpus:
    """Read, tokenize and collect the blocks that strip learns from; reading and kernels overlap."""
    if before := space.finished("read"):
        complaints.put_back(before["complaints"])
        documents = space.batches(before["name"], before["size"]).finish()
        assert documents is not None
        kernels.get(documents.column("text").nbytes)  # nothing is tokenized, but much is to be compared
        tokens: list[Tokens | None] = [None] * documents.column(0).num_chunks
        blocks = space.columns(f"{before['name']}.blocks", before["blocks"])
        return _Corpus(documents, tokens, blocks, before["duplicates"])

    name, tokens = "documents", []
    grown, blocks = space.batches(name), space.columns(f"{name}.blocks")
    hashes: list[tuple[NDArray[np.uint64], ...]] = []

    def first_look(
        batch: pa.RecordBatch,
    ) -> tuple[pa.RecordBatch, tuple[NDArray[np.uint64], ...], Tokens, BlockTable | None]:
        own = tuple(hash_records(batch.column(name)) for name in ("record", "text"))
        stream = tokenize(batch.column("text"))
        return batch, own, stream, block_table(stream, batch) if settings.strip else None

    left = settings.memory_limit // 4  # for token streams
    rows = 0
    # while one thread loads compiled code and the others wait for it, reading goes on
    ahead = max(2, min(_AHEAD, left // settings.workers // (4 * BATCH_BYTES)))
    for batch, own, stream, table in in_order(first_look, batches, settings.workers, ahead):
        grown.append(batch)
        hashes.append(own)
        left -= sum(getattr(stream, f.name).nbytes for f in fields(stream))
        tokens.append(stream if left > 0 else None)
        if table is not None:
            blocks.append(replace(table, document=table.document + rows))
        rows += len(batch)
    size = grown.flush()
    documents = grown.finish()
    if documents is None or not rows:
        raise nothing_usable(complaints.rejects)
    resolution = _one_per_id(documents, hashes, complaints.rejects)
    if not resolution.keep.all():
        name, all_records = "kept", grown
        blocks.drop()
        grown, blocks = space.batches(name), space.columns(f"{name}.blocks")
        tokens = _leave_out(documents, tokens, resolution.keep, grown, blocks, settings)
        size = grown.flush()
        documents = grown.finish()
        assert documents is not None  # of each id one record stays
        all_records.drop()
    duplicates, said = resolution.duplicates, complaints.as_json()
    space.finish("read", name=name, size=size, blocks=blocks.state(), duplicates=duplicates, complaints=said)
    return _Corpus(documents, tokens, blocks, duplicates)


def _leave_out(
    documents: pa.Table,
    tokens: Sequence[Tokens | None],
    keep: NDArray[np.bool_],
    grown: Batches,
    blocks: Columns,
    settings: Settings,
) -> list[Tokens | None]:
    """Take out what another record stands for; the batches concerned are looked at again."""
    kept: list[Tokens | None] = []
    row = rows = 0
    for place, batch in enumerate(documents.to_batches()):
        mine = keep[row : row + len(batch)]
        row += len(batch)
        stays = batch if mine.all() else batch.filter(pa.array(mine))
        if not len(stays):
            continue
        grown.append(stays)
        stream = tokens[place] if mine.all() else None
        kept.append(stream)
        if settings.strip:
            stream = tokenize(stays.column("text")) if stream is None else stream
            blocks.append(block_table(stream, stays, rows))
        rows += len(stays)
    return kept


def _prepare(
    corpus: _Corpus,
    recurring: Recurring | None,
    settings: Settings,
    space: Workspace,
    progress: Progress,
) -> Prepared:
    """All that can be said of each document alone, in the columns of the workspace."""
    batches = corpus.documents.to_batches()
    before = space.finished("prepare") or {"batches": 0, "columns": None}
    columns = space.columns("prepared", before["columns"])
    first: int = before["batches"]

    def one(number: int) -> Prepared:
        stream, corpus.tokens[number] = corpus.tokens[number], None
        return prepare(batches[number], settings, tokens=stream, recurring=recurring)

    for done, part in enumerate(in_order(one, range(first, len(batches)), settings.workers), first + 1):
        columns.append(part)
        if done % _NOTED == 0 or done == len(batches):
            space.finish("prepare", batches=done, columns=columns.state())
        progress("stripping and sketching", done, len(batches))
    return columns.finish(Prepared)


class _Clock:
    """Seconds each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(now - self._last, 3)
        self._last = now


def _told(batches: Iterable[pa.RecordBatch], progress: Progress) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        done += len(batch)
        progress("reading", done, None)
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
