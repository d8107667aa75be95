"""SQLite: the embedded default. WAL mode, ``synchronous=FULL``, one writer at a time, readers never wait."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dedup.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dedup.storage.base import Row

__all__ = ["SqliteStore"]

_PAGE = 16 << 10
_CACHE_KB = 64 << 10
_CHECKPOINT_PAGES = 1000  # 16 MB: what one checkpoint copies stays far below 250 ms


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
        self._path = Path(path)
        with self._translated():
            if read_only:
                self._db = sqlite3.connect(
                    f"{self._path.absolute().as_uri()}?mode=ro",
                    uri=True,
                    timeout=timeout,
                    check_same_thread=False,
                )
            else:
                self._db = sqlite3.connect(path, timeout=timeout, check_same_thread=False)
            self._db.isolation_level = None  # transactions are begun and ended here, by name
            try:
                if not read_only:
                    self._db.execute(
                        f"PRAGMA page_size = {_PAGE}"
                    )  # of a new file; a body fills a small page badly
                if not read_only and self._db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
                self._db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except BaseException:
                self._db.close()
                raise

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"{self.name}: {_explain(error)}") from error

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._translated():
            self._db.execute(begin)
        try:
            yield
            with self._translated():
                self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            raise

    def reading(self) -> contextlib.AbstractContextManager[None]:
        """A snapshot."""
        return self._transaction("BEGIN")

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """The one write transaction; waits up to the timeout for its turn."""
        return self._transaction("BEGIN IMMEDIATE")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        with self._translated():
            return self._db.execute(sql, values).fetchall()

    def rows_in(self, sql: str, keys: Sequence[int], *values: Any) -> list[Row]:
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
        with self._translated():
            self._db.close()


def _bound(sql: str, keys: Sequence[int], values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    return _with_list(sql), (json.dumps(list(keys)), *values)


@cache
def _with_list(sql: str) -> str:
    """The same text for lists of any length, so that SQLite compiles it once; parameter 1 is the list."""
    head, *rest = sql.split("?")
    numbered = head + "".join(f"?{number}{part}" for number, part in enumerate(rest, 2))
    return numbered.replace("{keys}", "(SELECT value FROM json_each(?1))")


def _explain(error: sqlite3.Error) -> str:
    """One line for what happened."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL"):
        return "the disk is full; nothing of this call was stored"
    if code.startswith("SQLITE_READONLY"):
        return "the file or its folder is read-only"
    if code.startswith("SQLITE_BUSY"):
        return "another process kept writing for longer than the timeout"
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"the file is damaged or no index ({error})"
    if code.startswith("SQLITE_CANTOPEN"):
        return "the file cannot be opened; does its folder exist?"
    if code.startswith("SQLITE_IOERR"):
        return f"reading or writing failed ({error}); nothing of this call was stored"
    return str(error)
