"""The one document that an argument names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dedup.cli.terminal import as_utf8
from dedup.errors import InputError, UsageError
from dedup.values import has_surrogate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedup.io import Reject
    from dedup.model import Document

__all__ = ["HELP", "load_two"]

HELP = "A file with one document, one record of a file as FILE#ID, or - for plain text on standard input."


def load_two(
    a: str, b: str, fields: Mapping[str, str], *, headlines: bool = True
) -> tuple[Document, Document]:
    """Two documents, with ids that tell them apart.

    Args:
        a: A path, ``FILE#ID`` or ``-``.
        b: The same.
        fields: The input's names of fields.
        headlines: Look for those of text files, for which the lexicon is read (1 s).

    Raises:
        UsageError: An argument names no single document, or both are standard input.
        InputError: A document cannot be used.
    """
    from dataclasses import replace

    if a == b == "-":
        raise UsageError("only one of the two can be standard input")
    one, two = (_load(given, fields, headlines=headlines) for given in (a, b))
    if one.id == two.id:
        one, two = replace(one, id=as_utf8(a)), replace(two, id=as_utf8(b))
    return one, two


def _load(given: str, fields: Mapping[str, str], *, headlines: bool = True) -> Document:
    """The document a path, ``FILE#ID`` or ``-`` names.

    A file of no known format is taken for plain text, as ``<(command)`` has no name of its own.

    Raises:
        UsageError: No such file, or not exactly one document in it.
        InputError: The document cannot be used.
    """
    from dedup.io.discover import FORMATS

    path, identity = _split(given)
    if has_surrogate(identity or ""):
        raise UsageError(f"{as_utf8(given)}: the id is no UTF-8")
    if path == "-":
        return _plain(sys.stdin.buffer.read(), "-", headline=headlines)
    if not Path(path).exists():
        raise UsageError(f"{given}: no such file")
    if identity is None and not Path(path).is_dir() and not path.lower().endswith(tuple(FORMATS)):
        return _plain(Path(path).read_bytes(), as_utf8(path), headline=headlines)
    return _record(path, identity, fields, headlines=headlines)


def _split(given: str) -> tuple[str, str | None]:
    """Path and id; both may contain ``#``, so the shortest path that exists counts."""
    if not Path(given).exists():
        for place, sign in enumerate(given):
            if sign == "#" and Path(given[:place]).exists():
                return given[:place], given[place + 1 :]
    return given, None


def _plain(data: bytes, name: str, *, headline: bool) -> Document:
    from dedup.io.text import load_text
    from dedup.model import Document

    try:
        values = load_text(data, name, headline=headline)
    except InputError as error:
        raise InputError(error.reason, file=name) from error
    if not values["text"].strip():
        raise InputError("text is empty", file=name)
    return Document(values["id"], values["text"], title=values.get("title"))


def _record(path: str, identity: str | None, fields: Mapping[str, str], *, headlines: bool) -> Document:
    import pyarrow.compute as pc

    from dedup.io import read
    from dedup.model import Document

    rejects: list[Reject] = []
    found: dict[str, Document] = {}  # by text: the same record twice is one document
    count = 0
    for batch in read([path], fields=fields, reject=rejects.append, headlines=headlines):
        count += len(batch)
        if identity is not None:
            batch = batch.filter(pc.equal(batch.column("id"), identity))
        for at in range(len(batch)):
            if len(found) > 1:
                break
            (row,) = batch.slice(at, 1).to_pylist()
            found[row["text"]] = Document(**{name: row[name] for name in Document.__slots__})
    if not found:
        wrong = [reject for reject in rejects if reject.id == identity] or (rejects if not count else [])
        if wrong:
            raise InputError(wrong[0].reason, file=wrong[0].file, line=wrong[0].line)
        if not count:
            raise InputError("no document", file=path)
        raise UsageError(f"{path}: none of {count} documents has the id {identity}")
    if len(found) > 1:
        if identity is None:
            raise UsageError(f"{path}: holds {count} documents; name one by its id: {path}#ID")
        raise UsageError(f"{path}: holds several texts with the id {identity}")
    return next(iter(found.values()))
