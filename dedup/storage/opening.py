"""Which database a URL names."""

from __future__ import annotations

import os
from numbers import Real
from typing import TYPE_CHECKING

from dedup.errors import UsageError
from dedup.values import has_surrogate

if TYPE_CHECKING:
    from dedup.storage.base import Store

__all__ = ["open_store"]

_LONGEST = 2_000_000.0
"""Seconds, 23 days: both databases count milliseconds in 32 bits, and with more SQLite would not wait."""


def open_store(url: str | os.PathLike[str], *, timeout: float, read_only: bool = False) -> Store:
    """Connect to what a URL names: a path, ``sqlite:///path``, or ``postgresql://…``.

    Args:
        url: Where the index is.
        timeout: Seconds to wait for another writer.
        read_only: Write nothing, not even a new schema.

    Raises:
        UsageError: A URL of another kind, or none; or the timeout is no number from 0 on.
        StorageError: The database cannot be opened.
    """
    if not isinstance(url, str | os.PathLike):
        raise UsageError(f"an index is a path or a URL, not {type(url).__name__}")
    if not isinstance(timeout, Real) or not timeout >= 0:  # nan is neither
        raise UsageError(f"timeout {timeout!r}: not a number of seconds")
    url, timeout = os.fsdecode(url), min(float(timeout), _LONGEST)
    if url.startswith(("postgresql://", "postgres://")):
        if has_surrogate(url):
            raise UsageError("the URL of the database is no UTF-8")  # it may have a password
        from dedup.storage.postgres import PostgresStore

        return PostgresStore(url, timeout=timeout, read_only=read_only)
    from dedup.storage.sqlite import SqliteStore

    path = url.removeprefix("sqlite:///")
    # without a name SQLite makes a database that is gone once it is closed, and with this one in memory
    if path in ("", ":memory:") or "://" in path or "\0" in path:
        raise UsageError(f"{url!r}: name a file, sqlite:///file or postgresql://…")
    return SqliteStore(path, timeout=timeout, read_only=read_only)
