"""Intake: what callers hand in, as documents that an index can take."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import xxhash

from dedup.errors import InputError
from dedup.io.batch import sources
from dedup.io.documents import is_frame, rows_of
from dedup.io.schema import TIME
from dedup.model import Document
from dedup.values import has_surrogate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["batch_of", "one_by_one", "raw_hash", "until_fault", "usable"]

T = TypeVar("T")

_LONGEST_ID = 2600
"""Bytes; an index of PostgreSQL holds no value of 2,700."""


def raw_hash(text: str) -> bytes:
    """What tells two texts of one id apart: 16 bytes."""
    return xxhash.xxh3_128_digest(text.encode())


def usable(document: Any, *, warn: Callable[[str], None] | None = None) -> Document:
    """A document, or one of a mapping, that the index can take.

    Args:
        document: Either.
        warn: Takes what is said of a date that could not be read: the document goes without it.

    Raises:
        InputError: It cannot be used; without an id, one cannot be told from the others.
    """
    if isinstance(document, Document):
        document = {name: getattr(document, name) for name in Document.__slots__}
    made = Document.from_record(document, warn=warn)
    if not made.id:
        raise InputError("id is missing; an index needs one")
    for name in ("id", "text", "title", "source", "url", "language"):
        value = getattr(made, name) or ""
        if has_surrogate(value):
            raise InputError(f"{name} has a lone surrogate")
        if name != "text" and "\0" in value:  # no column of text in PostgreSQL holds one
            raise InputError(f"{name} has a NUL character")
    if (length := len(made.id.encode())) > _LONGEST_ID:
        raise InputError(f"id has {length:,} bytes; an index takes {_LONGEST_ID:,} at most")
    if not made.text or made.text.isspace():
        raise InputError("text is empty")
    return made


def one_by_one(documents: Iterable[Any], numbers: Iterator[int] | None = None) -> Iterator[Document]:
    """The documents that a call was given many of, a frame or one after the other.

    Args:
        documents: Given all at once, or a part.
        numbers: Of the documents; from 1 where there are none.

    Raises:
        InputError: One cannot be used; ``line`` is its number, from 1.
        UsageError: It was given something else.
    """
    items = rows_of(documents) if is_frame(documents) else documents
    for item, number in zip(items, numbers or count(1), strict=False):
        try:
            document = usable(item)
        except InputError as error:
            raise InputError(error.reason, line=number) from error
        yield document


def until_fault(items: Iterable[T]) -> tuple[list[T], Exception | None]:
    """What comes before an error, such as a document that cannot be used, and the error, if there is one."""
    found: list[T] = []
    try:
        for item in items:
            found.append(item)  # those before the fault are kept
    except Exception as error:  # a feed may raise anything; the caller raises it again
        return found, error
    return found, None


def batch_of(documents: Sequence[Document]) -> pa.RecordBatch:
    """Usable documents in the columns of the readers that preparing looks at.

    The readers make the same of files; going through them costs a millisecond for a single document.
    """
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(d, name) or None for d in documents], type_)
        for name, type_ in (
            ("id", pa.string()),
            ("text", pa.large_string()),
            ("title", pa.string()),
            ("source", pa.string()),
            ("url", pa.string()),
            ("published", TIME),
            ("updated", TIME),
            ("language", pa.string()),
        )
    }
    columns["source"] = sources(columns["source"], columns["url"]).cast(pa.string())
    return pa.record_batch(columns)
