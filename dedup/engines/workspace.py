"""Where a run keeps what grows with the corpus: in memory up to a limit, beyond it in files.

Columns and batches are appended to and then given back whole; whoever reads them cannot tell a file from
memory. Files are mapped, and their pages let go of whenever the process has grown near its limit, so that
reading a large column leaves nothing behind.

A durable workspace keeps everything in files and writes down which stages are finished. The system has what
was written when a process is killed; whether it is on the disk when the machine stops is another matter, so
that a run is not gone on with after a restart (see :func:`dedup.engines.resuming.run_key`).
"""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
import threading
import time
import weakref
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
import orjson

from dedup.engines.growing import Batches, Column, Columns
from dedup.errors import OutputError
from dedup.io.folder import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

__all__ = ["Workspace", "check_disk", "disk_need"]

_SHARE = 2  # of the memory limit: kept here; the other half is for work in progress
_ZEROS = 1 << 16  # rows written at once
_LOOK = 0.02  # seconds between looks at the size of the process,
_IDLE = 0.2  # and at most, once the run is done and nothing is read
_JOURNAL = "finished.json"
_STATUS = Path("/proc/self/statm")

Stage = TypeVar("Stage", bound="DataclassInstance")


class Workspace:
    """Memory and files of a run. Closed, it has removed its files; what was mapped stays readable.

    Args:
        limit: Bytes of memory the process should stay under.
        folder: Where files may be made; it is made when the first one is. None: a temporary folder.
        durable: Everything goes to files at once, and what is finished is written down, so that another run
            can go on from there if this one is killed. After an error the files stay if anything is finished.
    """

    def __init__(self, limit: int, folder: Path | None = None, *, durable: bool = False) -> None:
        self.limit = limit
        self._durable = durable
        self._left = 0 if durable else limit // _SHARE
        self._folder = folder
        self._made: Path | None = None
        self._maps: list[weakref.ref[mmap.mmap]] = []  # what nobody reads any more is unmapped
        self._watched = False
        self._done = False
        self._finished: dict[str, dict[str, Any]] = {}
        self._noting = threading.Lock()
        if durable and (self._place / _JOURNAL).exists():
            self._finished = orjson.loads((self._place / _JOURNAL).read_bytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or not self._finished:
            self.close()

    def close(self) -> None:
        """Remove the files."""
        self._done = True
        if self._made:
            shutil.rmtree(self._made, ignore_errors=True)

    # --- what grows

    def column(self, name: str, dtype: Any, *row: int, rows: int = 0) -> Column:
        """A column of rows of a shape, scalars by default; so many rows of an earlier run are kept."""
        return Column(self, name, np.dtype(dtype), row, rows)

    def batches(self, name: str, size: int = 0) -> Batches:
        """A table that grows by batches; so many bytes of an earlier run are kept."""
        return Batches(self, name, size)

    def columns(self, name: str, state: dict[str, Any] | None = None) -> Columns:
        """A dataclass of columns that grows; ``state`` is of an earlier run."""
        return Columns(self, name, state or {})

    def room(self, rows: int) -> NDArray[np.uint32]:
        """A new uint32[rows, 4] to be filled, in a file where memory is short."""
        if not rows or self.take(16 * rows):
            return np.empty((rows, 4), np.uint32)
        # without a name: results are asked for passages when the folder is gone
        folder = self._made if self._made and self._made.exists() else Path(tempfile.gettempdir())
        with writing(folder), tempfile.TemporaryFile(dir=folder) as file:
            for first in range(0, rows, _ZEROS):  # a hole the disk has no room for would be a bus error
                file.write(bytes(16 * min(_ZEROS, rows - first)))
            file.flush()
            mapped = mmap.mmap(file.fileno(), 16 * rows)
        self._watch_over(mapped)
        return np.frombuffer(mapped, np.uint32).reshape(rows, 4)

    def take(self, size: int) -> bool:
        """Whether so many bytes more may stay in memory; if so, they count."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Count so many bytes less."""
        self._left += size

    # --- what is finished

    def finished(self, stage: str) -> dict[str, Any] | None:
        """What an earlier run, or this one, wrote down of a stage; None if it is not finished."""
        return self._finished.get(stage)

    def finish(self, stage: str, **values: Any) -> None:
        """Write down that a stage is finished, or how far it is; nothing happens unless durable.

        Raises:
            OutputError: The disk is full.
        """
        if not self._durable:
            return
        path = self.path(_JOURNAL)
        fresh = path.with_suffix(".new")
        with self._noting, writing(path):
            finished = {**self._finished, stage: values}
            fresh.write_bytes(orjson.dumps(finished))
            fresh.replace(path)
            self._finished = finished

    def stage(self, name: str, kind: type[Stage], make: Callable[[], Stage]) -> Stage:
        """What a stage makes, a dataclass of arrays and numbers: from an earlier run, or made now and kept.

        Raises:
            OutputError: The disk is full.
        """
        if not self._durable:
            return make()
        if self.finished(name) is None:
            made = make()
            values = {}
            for field in fields(made):
                value = getattr(made, field.name)
                if isinstance(value, np.ndarray):
                    with writing(path := self.path(f"{name}.{field.name}")):
                        np.ascontiguousarray(value).tofile(path)
                    value = {"dtype": value.dtype.str, "shape": value.shape}
                values[field.name] = value
            del made, value
            self.finish(name, **values)
        kept = {}
        for field_name, value in self._finished[name].items():
            if isinstance(value, dict):
                data = self.map(self.path(f"{name}.{field_name}"))
                value = np.frombuffer(data, value["dtype"]).reshape(value["shape"])
            kept[field_name] = value
        return kind(**kept)

    # --- files

    @property
    def _place(self) -> Path:
        if self._made is None:
            if self._folder is None:
                self._made = Path(tempfile.mkdtemp(prefix="dedup-"))
            else:
                with writing(self._folder):
                    self._folder.mkdir(parents=True, exist_ok=True)
                self._made = self._folder
        return self._made

    def path(self, name: str) -> Path:
        """Where a file of this name is kept."""
        return self._place / name

    def map(self, path: Path) -> mmap.mmap | bytes:
        """The bytes of a file."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return b""
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._watch_over(mapped)
        return mapped

    def _watch_over(self, mapped: mmap.mmap) -> None:
        self._maps.append(weakref.ref(mapped))
        if not self._watched and _STATUS.exists() and hasattr(mapped, "madvise"):
            self._watched = True
            threading.Thread(target=_watch, args=(weakref.ref(self),), daemon=True).start()

    def let_go(self) -> None:
        """Drop the pages of all maps from this process if they matter and it is near the limit."""
        resident, mapped_in = _resident()
        if resident > self.limit // 4 * 3 and mapped_in > self.limit // 8:
            for reference in list(self._maps):
                if (mapped := reference()) is not None:
                    mapped.madvise(mmap.MADV_DONTNEED)


def _watch(reference: weakref.ref[Workspace]) -> None:
    """Look after the process for as long as the workspace is used: a result may be kept for good."""
    pause, before = _LOOK, 0
    while (space := reference()) is not None:
        idle = space._done and _resident()[1] <= before
        space.let_go()
        before = _resident()[1]
        del space
        pause = min(pause + _LOOK, _IDLE) if idle else _LOOK
        time.sleep(pause)


def _resident() -> tuple[int, int]:
    """Bytes of memory that the process has, and how many of them are of files."""
    _, resident, mapped_in, *_ = _STATUS.read_text().split()
    return int(resident) * mmap.PAGESIZE, int(mapped_in) * mmap.PAGESIZE


def disk_need(size: int) -> int:
    """Bytes of disk a run may need, roughly, for so many bytes of JSONL: its result, and its files beside it.

    Measured on generated news: the result is up to twice the input; batches of text and records take twice
    the input, columns of tokens, sketches and pairs two and a half times.
    """
    return 2 * size + 9 * size // 2


def check_disk(folder: Path, need: int) -> None:
    """See whether a folder's disk has room.

    Raises:
        OutputError: It has not.
    """
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if need > free:
        raise OutputError(f"{folder}: {need / 1e6:,.0f} MB of disk needed, {free / 1e6:,.0f} MB free")
