"""Every error the package raises on purpose.

    DedupError
    ├── UsageError            a call or an option that makes no sense
    │   ├── SettingsError     a setting out of its range
    │   └── MissingExtraError an optional dependency is not installed
    ├── InputError            input that cannot be used: file, line, reason
    ├── OutputError           a result that cannot be written
    ├── StorageError          an index that cannot be opened, read or written
    │   └── SchemeError       something stored was made by another scheme or version
    └── DiffError             a diff applied to a text it was not made from

A message says what was wrong, where, and what would be right. Foreign exceptions are translated where they
enter the package, with the original as ``__cause__``.
"""

from __future__ import annotations

__all__ = [
    "DedupError",
    "DiffError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "SchemeError",
    "SettingsError",
    "StorageError",
    "UsageError",
]


class DedupError(Exception):
    """Base of every error of this package."""


class UsageError(DedupError):
    """A call or an option that makes no sense."""


class SettingsError(UsageError, ValueError):
    """A setting out of its range, or two that contradict each other."""


class MissingExtraError(UsageError, ImportError):
    """An optional dependency is not installed; the message gives the pip command."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'news-dedup[{extra}]'")
        self.extra = extra


class InputError(DedupError):
    """Input that cannot be used.

    Attributes:
        file: Path as given, or None for records passed by a library call.
        line: Line, row or record, from 1; None where the whole file is meant, or the one record given.
        reason: What is wrong, in a few words, without the place.
    """

    def __init__(self, reason: str, *, file: str | None = None, line: int | None = None) -> None:
        place = f"{file}:{line}" if file and line else file or (f"record {line}" if line else "")
        super().__init__(f"{place}: {reason}" if place else reason)
        self.file = file
        self.line = line
        self.reason = reason


class OutputError(DedupError):
    """A result that cannot be written: the folder exists, the disk is full, no permission."""


class StorageError(DedupError):
    """An index that cannot be opened, read or written: a full disk, a damaged file, a server that is gone."""


class SchemeError(StorageError):
    """Something stored was made by another scheme (folding, hash, shingle size, permutations) or version."""


class DiffError(DedupError):
    """A diff was applied to a text it was not made from."""
