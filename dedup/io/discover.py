"""Which files the inputs of a call mean."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dedup.errors import UsageError
from dedup.io.folder import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["FORMATS", "Source", "discover"]

FORMATS = {
    ".jsonl": ("jsonl", ""),
    ".jsonl.gz": ("jsonl", "gz"),
    ".jsonl.zst": ("jsonl", "zst"),
    ".ndjson": ("jsonl", ""),
    ".ndjson.gz": ("jsonl", "gz"),
    ".ndjson.zst": ("jsonl", "zst"),
    ".json": ("json", ""),
    ".json.gz": ("json", "gz"),
    ".json.zst": ("json", "zst"),
    ".csv": ("csv", ""),
    ".csv.gz": ("csv", "gz"),
    ".csv.zst": ("csv", "zst"),
    ".tsv": ("csv", ""),
    ".tsv.gz": ("csv", "gz"),
    ".tsv.zst": ("csv", "zst"),
    ".parquet": ("parquet", ""),
    ".txt": ("text", ""),
    ".txt.gz": ("text", "gz"),
    ".txt.zst": ("text", "zst"),
    ".html": ("html", ""),
    ".htm": ("html", ""),
}
"""Format and compression by extension."""

_ENDING = re.compile(r"(\.[^.]+(\.(gz|zst|bz2|xz|zip))?)?$")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read.

    Attributes:
        path: Where it is, as given; ``-`` is standard input.
        name: Its path relative to the folder given, with slashes: the id of what has no id of its own.
        format: A format of ``FORMATS``.
        compression: ``gz``, ``zst`` or empty.
        named: Given by its own name, not found in a folder or by a pattern.
    """

    path: str
    name: str
    format: str
    compression: str
    named: bool

    @property
    def file(self) -> str:
        """The path as text; what is no UTF-8 in it is replaced."""
        return os.fsencode(self.path).decode(errors="replace")

    @property
    def size(self) -> int:
        """Bytes on disk; 0 for standard input and for what cannot be looked at, which reading will refuse."""
        try:
            return 0 if self.path == "-" else Path(self.path).stat().st_size
        except OSError:
            return 0


def discover(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    out: str | os.PathLike[str] | None = None,
    passed: Counter[str] | None = None,
) -> list[Source]:
    """Find the files of inputs: files, folders and all below, patterns, ``-`` (standard input, JSONL).

    In folders and by patterns, files of other formats, hidden ones, pipes and results of this package are
    left out; links are followed. A file reached twice is read once.

    Args:
        inputs: What to read.
        out: A file that will be written, which is no input though it may be there from the last time.
        passed: Takes how many files of other formats were left out, by their endings.

    Returns:
        Sources in the order of the inputs, those of a folder or pattern sorted by path.

    Raises:
        UsageError: There is no such file, its format is unknown, a folder cannot be read, or there is nothing
            to read; a result of this package, or ``out``, is named as an input.
    """
    sources: dict[str, Source] = {}
    written = None if out is None else os.path.realpath(out)
    for given in inputs:
        for source in _expand(os.fspath(given), Counter() if passed is None else passed):
            place = "-" if source.path == "-" else os.path.realpath(source.path)
            if place != written:
                sources.setdefault(place, source)
            elif source.named:
                raise UsageError(
                    f"{source.file}: is to be written, so it cannot be read; choose another name"
                )
    if not sources:
        where = ", ".join(os.fspath(given) for given in inputs)
        known = ", ".join(FORMATS)
        raise UsageError(f"{where}: nothing to read; formats are {known}" if where else "no input given")
    # a/x.txt and b/x.txt, given as two folders, are two documents
    often = Counter(source.name for source in sources.values())
    return [
        source if often[source.name] == 1 else replace(source, name=Path(source.file).as_posix())
        for source in sources.values()
    ]


def _expand(given: str, passed: Counter[str]) -> Iterator[Source]:
    if given == "-":
        yield Source("-", "-", "jsonl", "", True)
    elif Path(given).is_dir():
        if is_ours(Path(given)):
            raise UsageError(
                f"{given}: is a result of dedup; what can be read again is canonical.jsonl in it"
            )
        yield from _walk(given, given, passed)
    elif Path(given).exists():
        source = _source(given, Path(given).name)
        if source is None:
            raise UsageError(f"{given}: unknown format; formats are {', '.join(FORMATS)}")
        yield source
    elif glob.has_magic(given):
        yield from _match(given, passed)
    else:
        raise UsageError(f"{given}: no such file or folder")


def _match(pattern: str, passed: Counter[str]) -> Iterator[Source]:
    found = sorted(glob.glob(pattern, recursive=True), key=_posix)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    if not found:
        raise UsageError(f"{pattern}: no file matches")
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = str(Path(*parts[:fixed]))
    ours = cache(is_ours)
    for path in found:
        here = Path(path)
        below = [here, *here.parents][: len(here.parts) - fixed]  # down to what the pattern names
        if any(ours(place) for place in below):
            continue
        if here.is_dir():
            yield from _walk(path, base, passed)
        elif source := _source(path, _relative(path, base), passed):
            yield source


def _walk(folder: str, base: str, passed: Counter[str]) -> Iterator[Source]:
    paths: list[str] = []
    seen: set[str] = set()  # a link may lead to a folder above it
    tops = [folder]  # links are followed last: what is reached without one has its name without one
    while tops:
        for top, folders, files in os.walk(tops.pop(0), onerror=_refuse):
            real = os.path.realpath(top)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(n for n in folders if not n.startswith(".") and not is_ours(Path(top, n)))
            tops += [path for name in folders if os.path.islink(path := _join(top, name))]  # noqa: PTH114 (as above)
            paths += [_join(top, name) for name in files if not name.startswith(".")]
    for path in sorted(paths, key=_posix):
        if source := _source(path, _relative(path, base), passed):
            yield source


def _join(folder: str, name: str) -> str:
    return os.path.join(folder, name)  # noqa: PTH118 (keeps "./")


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # removed in between
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _source(path: str, name: str, passed: Counter[str] | None = None) -> Source | None:
    """The file as a source; None, where it was not given by its name, for one that is passed over."""
    named = passed is None
    lower = path.lower()
    for extension, (kind, compression) in FORMATS.items():
        if lower.endswith(extension):
            if not named and Path(path).exists() and not Path(path).is_file():
                return None  # a pipe that nobody may ever write to
            return Source(path, os.fsencode(name).decode(errors="replace"), kind, compression, named)
    if passed is not None:
        passed[_ENDING.search(Path(lower).name)[0] or "without ending"] += 1  # type: ignore[index]
    return None


def _relative(path: str, base: str) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _posix(path: str) -> str:
    return Path(path).as_posix()
