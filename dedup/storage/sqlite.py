"""SQLite: the embedded default. WAL mode, ``synchronous=FULL``, one writer at a time, readers never wait."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from dedup.errors import StorageError
from dedup.storage.base import OPENED_READ_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dedup.storage.base import Row

__all__ = ["SqliteStore"]

_PAGE = 8 << 10
"""Bytes of a page; an add touches some twenty: of 16 KB it wrote 300 KB to the WAL, of 8 KB it writes 170."""
_CACHE_KB = 64 << 10
_MAPPED = 2 << 30
"""Bytes of the file that are read in place, as far as SQLite goes: a look-up touches hundreds of pages."""
_CHECKPOINT_ROWS = 500
"""Rows written between two checkpoints, some forty documents."""
_PATIENCE = 0.05
"""Seconds a checkpoint waits for writers and readers to be done; while it waits for these, writers wait."""
_MOST_PAGES = 16_000
"""Pages of the WAL from which on a writer checkpoints itself, should the thread that does not keep up."""


class _Checkpoints:
    """Copies the WAL into the file in a thread of its own.

    In the writer's it stalls the add it falls on: one in sixty, so that it alone made the 99th percentile.
    A checkpoint that fails is tried again later, and loses nothing: everything is in the WAL.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._due, self._over = threading.Event(), False
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """One is due."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dedup-checkpoint", daemon=True)
            self._thread.start()
        self._due.set()

    def stop(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._over = True
            self._due.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._over:
                return
            with (
                contextlib.suppress(sqlite3.Error),
                contextlib.closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as db,
            ):
                _copy_wal(db)


def _copy_wal(db: sqlite3.Connection) -> None:
    """Copy the WAL into the file."""
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")  # beside writers; most of the copying
    # what came meanwhile is little, and once all is copied the WAL begins anew
    db.execute("PRAGMA wal_checkpoint(RESTART)")


class SqliteStore:
    """See :class:`dedup.storage.base.Store`."""

    types: ClassVar[Mapping[str, str]] = {
        "key": "INTEGER PRIMARY KEY",
        "blob": "BLOB",
        "real": "REAL",
        "clustered": "WITHOUT ROWID",
    }

    def __init__(self, path: str, *, timeout: float, read_only: bool = False) -> None:
        self.name = path
        self._path = Path(path).absolute()
        self._timeout, self._read_only = timeout, read_only
        self._checkpoints, self._copied = _Checkpoints(str(self._path)), 0
        self._still: tuple[int, int] | None = None
        with self._translated():
            self._db = self._connect()

    def _connect(self) -> sqlite3.Connection:
        """Open the file.

        Readers of a WAL share a file beside it. Where none can be made, and no WAL is left, the file is read
        as one that nobody writes; ``_still`` then tells whether somebody did, nevertheless.
        """
        if not self._read_only:
            # an absolute path: some builds of SQLite take file:news.db for a URI
            return self._prepared(str(self._path))
        uri = f"{self._path.as_uri()}?mode=ro"
        try:
            db, still = self._prepared(uri, uri=True), None
        except sqlite3.OperationalError as error:
            known = error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
            if not known or _unreadable(self._path) or _has_wal(self._path):
                raise
            still = self._state()
            db = self._prepared(f"{uri}&immutable=1", uri=True)
        self._still = still
        return db

    def _prepared(self, name: str, *, uri: bool = False) -> sqlite3.Connection:
        db = sqlite3.connect(name, uri=uri, timeout=self._timeout, check_same_thread=False)
        db.isolation_level = None  # transactions are begun and ended here, by name
        try:
            if not self._read_only:
                db.execute(f"PRAGMA page_size = {_PAGE}")  # of a new file; a body fills a small page badly
            if not self._read_only and db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            # Debian's SQLite overwrites all that is deleted: the last step of a move took 266 ms for 91
            db.execute("PRAGMA secure_delete = FAST")
            db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            db.execute(f"PRAGMA wal_autocheckpoint = {_MOST_PAGES}")
            db.execute(f"PRAGMA mmap_size = {_MAPPED}")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _state(self) -> tuple[int, int]:
        """What changes with every write to the file itself."""
        state = self._path.stat()
        return state.st_mtime_ns, state.st_size

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"{self.name}: {_explain(error, self._path)}") from error
        except UnicodeDecodeError as error:  # of a name in the schema
            raise StorageError(f"{self.name}: the file is damaged") from error
        except OSError as error:
            raise StorageError(f"{self.name}: {error.strerror}") from error

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            with self._translated():
                self._db.execute(begin)  # a signal that came while it waited is raised right after it
            yield
            with self._translated():
                self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """A snapshot."""
        with self._translated():
            if self._still and (_has_wal(self._path) or self._still != self._state()):
                self._db, before = self._connect(), self._db
                before.close()
        with self._transaction("BEGIN"):
            yield
        with self._translated():
            if self._still and self._still != self._state():
                raise StorageError(f"{self.name}: somebody wrote while it was read; ask again")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """The one write transaction; waits up to the timeout for its turn."""
        if self._read_only:
            raise StorageError(OPENED_READ_ONLY.format(self.name))
        with self._transaction("BEGIN IMMEDIATE"):
            yield
        if self._db.total_changes - self._copied >= _CHECKPOINT_ROWS:
            self._copied = self._db.total_changes
            self._checkpoints.ask()

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        with self._translated():
            return self._db.execute(sql, values).fetchall()

    def rows_in(self, sql: str, keys: Sequence[int] | Sequence[str], *values: Any) -> list[Row]:
        """All rows of a statement with a list of keys."""
        with self._translated():
            return self._db.execute(*_bound(sql, keys, values)).fetchall()

    def run(self, sql: str, *values: Any) -> None:
        """A statement without an answer."""
        with self._translated():
            self._db.execute(sql, values)

    def run_in(self, sql: str, keys: Sequence[int], *values: Any) -> None:
        """A statement with a list of keys and without an answer."""
        with self._translated():
            self._db.execute(*_bound(sql, keys, values))

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """A statement once for each row."""
        with self._translated():
            self._db.executemany(sql, rows)

    def tables(self) -> set[str]:
        """Names of the tables."""
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def integrity(self) -> list[str]:
        """What ``PRAGMA integrity_check`` says, where it isn't ok."""
        return [text for (text,) in self.rows("PRAGMA integrity_check") if text != "ok"]

    def size(self) -> int:
        """Bytes of the database's pages."""
        return int(self.rows("PRAGMA page_count")[0][0]) * int(self.rows("PRAGMA page_size")[0][0])

    def close(self) -> None:
        """Close the file; the last connection to do so folds the WAL into it."""
        self._checkpoints.stop()
        with self._translated():
            self._db.close()


def _bound(
    sql: str, keys: Sequence[int] | Sequence[str], values: Sequence[Any]
) -> tuple[str, tuple[Any, ...]]:
    return _with_list(sql), (orjson.dumps(list(keys)).decode(), *values)


@cache
def _with_list(sql: str) -> str:
    """The same text for lists of any length, so that SQLite compiles it once; parameter 1 is the list."""
    head, *rest = sql.split("?")
    numbered = head + "".join(f"?{number}{part}" for number, part in enumerate(rest, 2))
    for name in ("{keys}", "{names}"):
        numbered = numbered.replace(name, "(SELECT value FROM json_each(?1))")
    return numbered


def _has_wal(path: Path) -> bool:
    """Whether something may not be in the file yet."""
    wal = path.with_name(f"{path.name}-wal")
    return wal.exists() and wal.stat().st_size > 0


def _explain(error: sqlite3.Error, path: Path) -> str:
    """One line for what happened."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL"):
        return "the disk is full; nothing after the last answer was stored"
    if code.startswith("SQLITE_BUSY"):
        return "another process kept writing for longer than the timeout"
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"the file is damaged or no index ({error})"
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")) and (reason := _unreadable(path)):
        return f"the file cannot be opened: {reason}"
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return "the file or its folder is read-only"
    if code.startswith("SQLITE_IOERR"):
        return f"reading or writing failed ({error}); nothing after the last answer was stored"
    return str(error)


def _unreadable(path: Path) -> str:
    """Why a file cannot be read; empty where it can. Never opens it: closing it would end SQLite's locks."""
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises without permission)
        return "it is a folder"
    if not os.path.exists(path):  # noqa: PTH110
        return "it is not there; does its folder exist, and may one write to it?"
    readable = os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids)
    return "" if readable else "there is no permission to read it"
