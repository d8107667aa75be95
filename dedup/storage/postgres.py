"""PostgreSQL: one index shared by many hosts. Writers take turns by an advisory lock, readers see a snapshot.

Two near copies that arrive at once share no single key that could be locked, so the lock covers everything
from the look-up of candidates to the commit. Stripping and sketching, most of the work, happen before it.
"""

from __future__ import annotations

import contextlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from dedup.errors import MissingExtraError, StorageError
from dedup.storage.base import OPENED_READ_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import psycopg

    from dedup.storage.base import Row

__all__ = ["PostgresStore"]

_LOCK = 0x6465647570  # "dedup"; the second key is the schema's, so that one database can hold several indexes


class PostgresStore:
    """See :class:`dedup.storage.base.Store`.

    The index lives in the first schema of the connection's search path.
    """

    types: ClassVar[Mapping[str, str]] = {
        "key": "BIGINT PRIMARY KEY",
        "blob": "BYTEA",
        "real": "DOUBLE PRECISION",
        "clustered": "",
    }

    def __init__(self, url: str, *, timeout: float, read_only: bool = False) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtraError("psycopg", "postgres", "an index in PostgreSQL") from error
        self._psycopg = psycopg
        # neither a user's password nor one among the parameters is for messages and logs
        self.name = re.sub(r"(password=)[^&]*", r"\1…", re.sub(r"//.*@", "//", url))
        self._url, self._timeout, self._read_only = url, timeout, read_only
        self._db = self._connect()

    def _connect(self) -> psycopg.Connection[Row]:
        with self._translated():
            given = self._psycopg.conninfo.conninfo_to_dict(self._url)
            db = self._psycopg.connect(
                self._url,
                autocommit=True,  # transactions are begun and ended here, by name
                connect_timeout=given.get("connect_timeout", 10),
                fallback_application_name="dedup",
                prepare_threshold=2,
            )
            try:
                # 0 would be no limit
                db.execute(f"SET SESSION lock_timeout = {max(1, int(self._timeout * 1000))}")
                db.execute("SET SESSION client_min_messages = warning")
                # what is acknowledged survives a crash, whatever the server's default
                db.execute("SET SESSION synchronous_commit = on")
                if self._read_only:
                    db.execute("SET SESSION default_transaction_read_only = on")
            except BaseException:
                db.close()
                raise
            return db

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise StorageError(f"{self.name}: {self._explain(error)}") from error

    @contextlib.contextmanager
    def _transaction(self, *first: str) -> Iterator[None]:
        if self._db.closed or self._db.broken:
            self._db = self._connect()  # the server is back, or never was away for anyone else
        try:
            with self._translated():
                for statement in first:
                    self._db.execute(statement)
            yield
            with self._translated():
                self._db.commit()
        except BaseException:
            with contextlib.suppress(self._psycopg.Error):
                self._db.rollback()
            if self._db.info.transaction_status != self._psycopg.pq.TransactionStatus.IDLE:
                self._db.close()  # a signal came while it waited for an answer: the turn would be kept
            raise

    def reading(self) -> contextlib.AbstractContextManager[None]:
        """A snapshot."""
        return self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """The one write transaction of this index; waits up to the timeout for its turn."""
        if self._read_only:
            raise StorageError(OPENED_READ_ONLY.format(self.name))
        return self._transaction(
            # whatever the server's default: a snapshot from before the turn would not show what others wrote
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            f"SELECT pg_advisory_xact_lock({_LOCK} # hashtext(current_schema()))",
        )

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        with self._translated():
            return self._db.execute(_placed(sql), values).fetchall()

    def rows_in(self, sql: str, keys: Sequence[int] | Sequence[str], *values: Any) -> list[Row]:
        """All rows of a statement with a list of keys."""
        with self._translated():
            return self._db.execute(*self._bound(sql, keys, values)).fetchall()

    def run(self, sql: str, *values: Any) -> None:
        """A statement without an answer."""
        with self._translated():
            self._db.execute(_placed(sql), values)

    def run_in(self, sql: str, keys: Sequence[int], *values: Any) -> None:
        """A statement with a list of keys and without an answer."""
        with self._translated():
            self._db.execute(*self._bound(sql, keys, values))

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """A statement once for each row; sent together."""
        with self._translated(), self._db.cursor() as cursor:
            cursor.executemany(_placed(sql), rows)

    def tables(self) -> set[str]:
        """Names of the tables of the schema."""
        return {
            name
            for (name,) in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        }

    def integrity(self) -> list[str]:
        """Nothing: the server checks its pages itself where checksums are on."""
        return []

    def size(self) -> int:
        """Bytes of the tables and indexes of the schema."""
        rows = self.rows(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND c.relkind = 'r'"
        )
        return int(rows[0][0] or 0)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _bound(
        self, sql: str, keys: Sequence[int] | Sequence[str], values: Sequence[Any]
    ) -> tuple[Any, dict[str, Any]]:
        named = {f"v{number}": value for number, value in enumerate(values)}
        return _with_list(sql), {"keys": list(keys), **named}

    def _explain(self, error: psycopg.Error) -> str:
        """One line for what happened."""
        kinds = self._psycopg.errors
        if isinstance(error, kinds.LockNotAvailable):
            return "another process kept writing for longer than the timeout"
        if isinstance(error, kinds.DiskFull):
            return "the server's disk is full; nothing after the last answer was stored"
        if isinstance(error, kinds.ReadOnlySqlTransaction):
            return "the database is read-only"
        first = str(error).strip().splitlines()
        text = first[0].replace(self._url, self.name) if first else type(error).__name__
        if isinstance(error, kinds.QueryCanceled):  # by statement_timeout; the server is there
            return f"{text}; nothing of this call was stored"
        if isinstance(error, self._psycopg.OperationalError):
            return f"the server cannot be reached or went away ({text}); nothing of this call is acknowledged"
        return text


@cache
def _placed(sql: str) -> str:
    """The driver's own marks for values."""
    return sql.replace("%", "%%").replace("?", "%s")


@cache
def _with_list(sql: str) -> str:
    head, *rest = sql.replace("%", "%%").split("?")
    numbered = head + "".join(f"%(v{number})s{part}" for number, part in enumerate(rest))
    return numbered.replace("IN {keys}", "= ANY(%(keys)s::bigint[])").replace(
        "IN {names}", "= ANY(%(keys)s::text[])"
    )
