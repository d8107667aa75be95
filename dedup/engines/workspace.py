"""Where a run keeps what grows with the corpus: in memory up to a limit, beyond it in files.

Columns and batches are appended to and then given back whole; whoever reads them cannot tell a file from
memory. Files are mapped, and their pages let go of whenever the process has grown near its limit, so that
reading a large column leaves nothing behind.

A durable workspace keeps everything in files and writes down which stages are finished. The system has what
was written when a process is killed; whether it is on the disk when the machine stops is another matter, so
that a run is not gone on with after a restart (see :func:`run_key`).
"""

from __future__ import annotations

import math
import mmap
import os
import shutil
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar

import numpy as np
import orjson
import pyarrow as pa

from dedup.columns import whole
from dedup.engines.base import identity_of
from dedup.errors import OutputError
from dedup.io.folder import writing
from dedup.ragged import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.io.discover import Source

__all__ = ["Batches", "Column", "Columns", "Workspace", "check_disk", "disk_need", "made_from", "run_key"]

_SHARE = 2  # of the memory limit: kept here; the other half is for work in progress
_ZEROS = 1 << 16  # rows written at once
_LOOK = 0.02  # seconds between looks at the size of the process,
_IDLE = 0.2  # and at most, once the run is done and nothing is read
_OFFSETS = "offsets"
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


class Column:
    """An array that grows, in memory or in a file; see :meth:`Workspace.column`."""

    def __init__(
        self, space: Workspace, name: str, dtype: np.dtype[Any], row: tuple[int, ...], rows: int
    ) -> None:
        self._dtype = dtype
        self._row = row
        self._grown = _Grown(space, name, rows * dtype.itemsize * math.prod(row))
        self._parts: list[NDArray[Any]] = []
        self._rows = rows

    def append(self, values: NDArray[Any]) -> None:
        """Add rows at the end.

        Raises:
            OutputError: The disk is full, or the file cannot be written.
        """
        values = np.ascontiguousarray(values, self._dtype)
        self._rows += len(values)
        if self._grown.stays(values.nbytes):
            self._parts.append(values)
            return
        for part in (*self._parts, values):
            self._grown.write(part.reshape(-1).view(np.uint8).data)
        self._parts.clear()

    def state(self) -> tuple[str, tuple[int, ...], int]:
        """Type, shape of a row and number of rows, all handed to the system."""
        self._grown.flush()
        return self._dtype.str, self._row, self._rows

    def drop(self) -> None:
        """Let go of all rows."""
        self._grown.drop()
        self._parts.clear()

    def finish(self) -> NDArray[Any]:
        """All rows, in order; read-only where they are in a file."""
        data = self._grown.finish()
        if data is None:
            parts, self._parts = self._parts, []
            return np.concatenate(parts) if parts else np.empty((0, *self._row), self._dtype)
        return np.frombuffer(data, self._dtype).reshape(-1, *self._row)


class Batches:
    """A table that grows by batches of one schema; see :meth:`Workspace.batches`.

    In the file each batch is an Arrow stream by itself, so that the file can be cut behind any of them.
    """

    def __init__(self, space: Workspace, name: str, size: int) -> None:
        self._grown = _Grown(space, name, size)
        self._batches: list[pa.RecordBatch] = []

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows at the end.

        Raises:
            OutputError: The disk is full, or the file cannot be written.
        """
        if self._grown.stays(batch.get_total_buffer_size()):
            self._batches.append(batch)
            return
        for part in (*self._batches, batch):
            with pa.ipc.new_stream(self._grown, part.schema) as stream:
                stream.write_batch(part)
        self._batches.clear()

    def flush(self) -> int:
        """Hand all rows to the system; bytes of the file."""
        return self._grown.flush()

    def drop(self) -> None:
        """Let go of all rows."""
        self._grown.drop()
        self._batches.clear()

    def finish(self) -> pa.Table | None:
        """All rows, in order; None without any batch."""
        data = self._grown.finish()
        batches = self._batches
        if data is not None:
            source = pa.BufferReader(pa.py_buffer(data))
            while source.tell() < len(data):
                batches += pa.ipc.open_stream(source)
        return pa.Table.from_batches(batches) if batches else None


class Columns:
    """A dataclass of columns that grows by others of its kind; see :meth:`Workspace.columns`.

    Its fields are NumPy arrays, int64 offsets if their names end so, and Arrow arrays.
    """

    def __init__(self, space: Workspace, name: str, state: dict[str, Any]) -> None:
        self._space = space
        self._name = name
        self._columns = {key: self._column(key, *how) for key, how in state.get("columns", {}).items()}
        self._arrow = space.batches(f"{name}.arrow", state.get("size", 0))

    def _column(self, key: str, dtype: Any, row: Sequence[int], rows: int = 0) -> Column:
        return self._space.column(f"{self._name}.{key}", dtype, *row, rows=rows)

    def append(self, part: DataclassInstance) -> None:
        """Add rows at the end.

        Raises:
            OutputError: The disk is full, or a file cannot be written.
        """
        arrow = {}
        for field in fields(part):
            key, value = field.name, getattr(part, field.name)
            if isinstance(value, pa.Array):
                arrow[key] = value
                continue
            if key.endswith(_OFFSETS):
                value = np.diff(value)
            if key not in self._columns:
                self._columns[key] = self._column(key, value.dtype, value.shape[1:])
            self._columns[key].append(value)
        if arrow:
            self._arrow.append(pa.record_batch(arrow))

    def state(self) -> dict[str, Any]:
        """What is needed to go on from here in another run; all rows are handed to the system."""
        columns = {key: column.state() for key, column in self._columns.items()}
        return {"columns": columns, "size": self._arrow.flush()}

    def drop(self) -> None:
        """Let go of all rows and their files."""
        for column in self._columns.values():
            column.drop()
        self._arrow.drop()

    def finish(self, kind: type[Stage]) -> Stage:
        """All rows, in order."""
        arrow = self._arrow.finish()
        made: dict[str, Any] = {}
        for field in fields(kind):
            if field.name in self._columns:
                made[field.name] = self._columns[field.name].finish()
                if field.name.endswith(_OFFSETS):
                    made[field.name] = running(made[field.name])
            elif arrow is not None:
                made[field.name] = whole(arrow.column(field.name))
        return kind(**made)


class _Grown:
    """The file of what grows, once memory is short."""

    closed = False  # for Arrow, to which this is a file

    def __init__(self, space: Workspace, name: str, size: int) -> None:
        self._space = space
        self._name = name
        self._kept = 0
        self._file: BinaryIO | None = None
        if size:
            with writing(self._path):
                self._file = self._path.open("r+b")
                self._file.truncate(size)
                self._file.seek(size)

    @property
    def _path(self) -> Path:
        return self._space.path(self._name)

    def stays(self, size: int) -> bool:
        """Whether so many bytes more may stay in memory; once they may not, all goes to the file."""
        if self._file is None and self._space.take(size):
            self._kept += size
            return True
        if self._file is None:
            with writing(self._path):
                self._file = self._path.open("wb")
            self._space.give_back(self._kept)
        return False

    def write(self, data: memoryview | bytes) -> None:
        if self._file:
            with writing(self._path):
                self._file.write(data)

    def flush(self) -> int:
        if self._file is None:
            return 0
        with writing(self._path):
            self._file.flush()
            return self._file.tell()

    def drop(self) -> None:
        if self._file is None:
            self._space.give_back(self._kept)
            return
        self._file.close()
        with suppress(OSError):  # where what is mapped cannot be removed, it goes with the folder
            self._path.unlink()

    def finish(self) -> mmap.mmap | bytes | None:
        """What is in the file; None if there is none."""
        if self._file is None:
            return None
        with writing(self._path):
            self._file.close()
        return self._space.map(self._path)


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


def run_key(made_from: str | None) -> str | None:
    """By which a run knows the files of one it may go on with: no other start of the system left them."""
    return None if made_from is None else f"{made_from} {_booted()}"


def made_from(sources: Iterable[Source], settings: Settings, *options: Any) -> str | None:
    """Hash of everything a result depends on.

    Args:
        sources: Input files, known by path, size and time of change.
        settings: Their fingerprint counts.
        options: What else does; anything that is JSON.

    Returns:
        32 hexadecimal digits, None if a source can be read only once.
    """
    parts: list[Any] = [options]
    for source in sources:
        if source.path == "-":
            return None
        path = Path(source.path)
        state = path.stat() if path.exists() else path.lstat()  # a broken link is there too
        parts.append((source.path, source.name, state.st_size, state.st_mtime_ns))
    return identity_of(settings, *parts)


def _booted() -> str:
    """Changes with every start of the system."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return boot.read_text() if boot.exists() else ""
