"""Where a run keeps what grows with the corpus: in memory up to a limit, beyond it in files.

Columns and batches are appended to and then given back whole; whoever reads them cannot tell a file from
memory. Files are mapped, and their pages let go of whenever the process has grown near its limit, so that
reading a large column leaves nothing behind.
"""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from dedup.errors import OutputError
from dedup.io.folder import writing

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = ["Batches", "Column", "Workspace", "check_disk", "disk_need"]

_SHARE = 2  # of the memory limit: kept here; the other half is for work in progress
_ZEROS = 1 << 16  # rows written at once
_LOOK = 0.1  # seconds between looks at the size of the process
_STATUS = Path("/proc/self/statm")


class Workspace:
    """Memory and files of a run. Closed, it has removed its files; what was mapped stays readable.

    Args:
        limit: Bytes of memory the process should stay under.
        folder: Where files may be made; it is made when the first one is. None: a temporary folder.
    """

    def __init__(self, limit: int, folder: Path | None = None) -> None:
        self.limit = limit
        self._left = limit // _SHARE
        self._folder = folder
        self._made: Path | None = None
        self._maps: list[mmap.mmap] = []
        self._files = 0
        self._watched = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the files."""
        if self._made:
            shutil.rmtree(self._made, ignore_errors=True)

    @property
    def spilled(self) -> int:
        """Bytes in files."""
        return sum(len(mapped) for mapped in self._maps)

    def column(self, dtype: Any, *row: int) -> Column:
        """A column of rows of a shape, scalars by default."""
        return Column(self, np.dtype(dtype), row)

    def batches(self) -> Batches:
        """A table that grows by batches."""
        return Batches(self)

    def take(self, size: int) -> bool:
        """Whether so many bytes more may stay in memory; if so, they count."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Count so many bytes less."""
        self._left += size

    def room(self, rows: int) -> NDArray[np.uint32]:
        """A new uint32[rows, 4] to be filled, in a file where memory is short."""
        if not rows or self.take(16 * rows):
            return np.empty((rows, 4), np.uint32)
        path = self.path()
        with writing(path), path.open("w+b") as file:
            for first in range(0, rows, _ZEROS):  # a hole the disk has no room for would be a bus error
                file.write(bytes(16 * min(_ZEROS, rows - first)))
            file.flush()
            mapped = mmap.mmap(file.fileno(), 16 * rows)
        self._watch_over(mapped)
        return np.frombuffer(mapped, np.uint32).reshape(rows, 4)

    def path(self) -> Path:
        """A new file."""
        if self._made is None:
            if self._folder is None:
                self._made = Path(tempfile.mkdtemp(prefix="dedup-"))
            else:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._made = self._folder
        self._files += 1
        return self._made / str(self._files)

    def map(self, path: Path) -> mmap.mmap | bytes:
        """The bytes of a file."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return b""
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._watch_over(mapped)
        return mapped

    def _watch_over(self, mapped: mmap.mmap) -> None:
        self._maps.append(mapped)
        if not self._watched and _STATUS.exists() and hasattr(mapped, "madvise"):
            self._watched = True
            threading.Thread(target=_watch, args=(weakref.ref(self),), daemon=True).start()

    def let_go(self) -> None:
        """Drop the pages of all maps from this process if they matter and it is near the limit."""
        resident, mapped_in = (int(pages) * mmap.PAGESIZE for pages in _STATUS.read_text().split()[1:3])
        if resident > self.limit // 4 * 3 and mapped_in > self.limit // 8:
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)


def _watch(reference: weakref.ref[Workspace]) -> None:
    """Look after the process for as long as the workspace is used."""
    while (space := reference()) is not None:
        space.let_go()
        del space
        time.sleep(_LOOK)


class Column:
    """An array that grows."""

    def __init__(self, space: Workspace, dtype: np.dtype[Any], row: tuple[int, ...]) -> None:
        self._space = space
        self._dtype = dtype
        self._row = row
        self._parts: list[NDArray[Any]] = []
        self._file: Any = None
        self._path: Path | None = None
        self._kept = 0

    def append(self, values: NDArray[Any]) -> None:
        """Add rows at the end.

        Raises:
            OutputError: The disk is full, or the file cannot be written.
        """
        values = np.ascontiguousarray(values, self._dtype)
        if self._file is None and self._space.take(values.nbytes):
            self._kept += values.nbytes
            self._parts.append(values)
            return
        if self._file is None:
            self._path = self._space.path()
            with writing(self._path):
                self._file = self._path.open("wb")
            for part in self._parts:
                self._write(part)
            self._parts.clear()
            self._space.give_back(self._kept)
        self._write(values)

    def finish(self) -> NDArray[Any]:
        """All rows, in order; read-only where they are in a file."""
        if self._file is None or self._path is None:
            parts, self._parts = self._parts, []
            return np.concatenate(parts) if parts else np.empty((0, *self._row), self._dtype)
        with writing(self._path):
            self._file.close()
        return np.frombuffer(self._space.map(self._path), self._dtype).reshape(-1, *self._row)

    def _write(self, values: NDArray[Any]) -> None:
        if values.nbytes and self._path:
            with writing(self._path):
                self._file.write(values.reshape(-1).view(np.uint8).data)


class Batches:
    """A table that grows by batches of one schema."""

    def __init__(self, space: Workspace) -> None:
        self._space = space
        self._batches: list[pa.RecordBatch] = []
        self._writer: pa.RecordBatchFileWriter | None = None
        self._path: Path | None = None
        self._kept = 0

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows at the end.

        Raises:
            OutputError: The disk is full, or the file cannot be written.
        """
        size = batch.get_total_buffer_size()
        if self._writer is None and self._space.take(size):
            self._kept += size
            self._batches.append(batch)
            return
        if self._writer is None:
            self._path = self._space.path()
            with writing(self._path):
                self._writer = pa.ipc.new_file(self._path, batch.schema)
            for kept in self._batches:
                self._write(kept)
            self._batches.clear()
            self._space.give_back(self._kept)
        self._write(batch)

    def finish(self) -> pa.Table | None:
        """All rows, in order; None without any batch."""
        if self._writer is None or self._path is None:
            return pa.Table.from_batches(self._batches) if self._batches else None
        with writing(self._path):
            self._writer.close()
        return pa.ipc.open_file(pa.py_buffer(self._space.map(self._path))).read_all()

    def _write(self, batch: pa.RecordBatch) -> None:
        if self._path and self._writer:
            with writing(self._path):
                self._writer.write_batch(batch)


def disk_need(size: int, limit: int) -> int:
    """Bytes of disk a run may need, roughly, for so many bytes of JSONL: its result, and its files beside it.

    Measured on generated news: the result is up to twice the input; batches of text and records take twice
    the input, columns of tokens and sketches twice, where these outgrow the memory.
    """
    return 2 * size + (4 * size if 4 * size > limit // _SHARE else 0)


def check_disk(folder: Path, need: int) -> None:
    """See whether a folder's disk has room.

    Raises:
        OutputError: It has not.
    """
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if need > free:
        raise OutputError(f"{folder}: {need / 1e9:.1f} GB of disk needed, {free / 1e9:.1f} GB free")
