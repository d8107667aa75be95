"""Columns, tables and dataclasses of columns that grow, in memory or in files of a workspace."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import numpy as np
import pyarrow as pa

from dedup.columns import whole
from dedup.io.folder import writing
from dedup.ragged import running

if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence
    from pathlib import Path

    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

    from dedup.engines.workspace import Workspace

__all__ = ["Batches", "Column", "Columns"]

_OFFSETS = "offsets"

Stage = TypeVar("Stage", bound="DataclassInstance")


class Column:
    """An array that grows, in memory or in a file; see ``Workspace.column``."""

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
    """A table that grows by batches of one schema; see ``Workspace.batches``.

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
    """A dataclass of columns that grows by others of its kind; see ``Workspace.columns``.

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
