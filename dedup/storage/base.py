"""What the index asks of a database.

Statements are written once, with ``?`` for a value, ``{keys}`` for a list of integers and ``{names}`` for one
of strings. Both databases understand the rest of them alike. Errors of drivers become ``StorageError`` in the
backend they come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

__all__ = ["OPENED_READ_ONLY", "Row", "Store"]

Row = tuple[Any, ...]

OPENED_READ_ONLY = "{}: was opened read-only; open it without read_only=True to write"
"""What a writer is told: the file itself may well be writable."""


class Store(Protocol):
    """One connection to one index. Not safe for two threads at once; the index locks."""

    name: str
    """What messages call it; never with a password."""

    types: ClassVar[Mapping[str, str]]
    """Its names for ``key``, ``blob``, ``real`` and ``clustered``."""

    def reading(self) -> AbstractContextManager[None]:
        """A transaction that sees one state of the database and never waits for writers."""

    def writing(self) -> AbstractContextManager[None]:
        """A transaction beside no other writer of this index; commits durably, or leaves nothing."""

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""

    def rows_in(self, sql: str, keys: Sequence[int] | Sequence[str], *values: Any) -> list[Row]:
        """All rows of a statement with ``{keys}`` in it, or ``{names}``, once or more often."""

    def run(self, sql: str, *values: Any) -> None:
        """A statement without an answer."""

    def run_in(self, sql: str, keys: Sequence[int], *values: Any) -> None:
        """A statement with ``{keys}`` and without an answer."""

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """A statement once for each row of values."""

    def tables(self) -> set[str]:
        """Names of the tables that are there."""

    def integrity(self) -> list[str]:
        """What the database itself finds wrong with its files; empty is good."""

    def size(self) -> int:
        """Bytes on disk."""

    def close(self) -> None:
        """Give the connection back."""
