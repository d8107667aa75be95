"""Records as rows of CSV, with a header."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import orjson

from dedup.errors import UsageError
from dedup.io.rows import Rows, distinct_names, listed
from dedup.io.schema import Block, Reject, RejectSink
from dedup.values import no_utf8

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["read_csv"]

_DELIMITERS = ",;\t"  # spreadsheets write semicolons where the comma is the decimal mark
_LONGEST = 1 << 30  # characters of a field; the module's own limit, 131,072, is shorter than some articles
_FAR = 1 << 17  # characters within which a broken row ends: hardly an article is longer
_MARKS = re.compile('"+')


def read_csv(
    stream: BinaryIO,
    file: str,
    *,
    fields: Mapping[str, str],
    needed: Collection[str] = ("text",),
    reject: RejectSink,
) -> Iterator[Block]:
    """Read rows with a header, fields quoted by ``"``, in UTF-8 with or without a byte order mark.

    Commas, semicolons or tabs separate the fields: whichever the header has most of, commas if in doubt.
    Blanks around the header's names are no part of them; where they stand behind its separators, those that
    stand there in a row are no part of its fields.
    A record's line is the line its row begins on. Rows with fewer fields than the header lack the last ones;
    rows with more are refused. A column that is there again gets a number: ``tag``, ``tag.2``.

    A row with a quotation mark in the wrong place is refused with all its lines, as far as its end can be
    told: they are no rows of their own.

    Raises:
        UsageError: One of the needed columns is not there, one of ours is there twice, or the header is not
            UTF-8.
    """
    # A limit of the whole process, and there is no other: raised here, never lowered.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST))
    # Bad bytes become lone surrogates, so that they cost one row and not the file.
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        yield from _read(lines, file, fields, needed, reject)


def _read(
    lines: io.TextIOWrapper,
    file: str,
    fields: Mapping[str, str],
    needed: Collection[str],
    reject: RejectSink,
) -> Iterator[Block]:
    head: list[str] = []
    while not head or head[-1] in ("\n", "\r", "\r\n"):
        head.append(lines.readline())
    first = head[-1]
    delimiter = max(_DELIMITERS, key=first.count)
    source = _Lines(chain(head, lines), delimiter)
    names = next(csv.reader([first], delimiter=delimiter), [])
    spaced = any(name.startswith(" ") for name in names[1:])
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=spaced, strict=True)
    rows = Rows(fields, reject)
    header: list[str] | None = None
    while True:
        line = source.number + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                reason = "a quoted field is never closed; all that follows is inside it"
            else:
                source.skip_row(line)
                reason = "not valid CSV" + (f" up to line {source.number}" if source.number > line else "")
            reject(Reject(file, line, reason))
            continue
        if row is None:
            break
        if not row:
            continue
        if header is None:
            header = [name.strip() for name in row]
            for name, theirs in fields.items():
                if theirs not in header and name in needed:
                    if any(sign == "\0" or "\udc80" <= sign <= "\udcff" for sign in first):
                        raise UsageError(
                            f"{file}: the header: {no_utf8(first.encode(errors='surrogateescape'))}"
                        )
                    raise UsageError(f"{file}: no column {theirs!r}; columns are {listed(header)}")
                if header.count(theirs) > 1:
                    raise UsageError(f"{file}: column {theirs!r} is there more than once")
            header = distinct_names(header)
        elif len(row) > len(header):
            reject(Reject(file, line, f"more fields than the header ({len(row)}, {len(header)})"))
        else:
            values = dict(zip(header, row, strict=False))
            try:
                record = orjson.dumps(values)
            except orjson.JSONEncodeError:
                reject(Reject(file, line, no_utf8(b"")))
                continue
            rows.add(values, record, file=file, line=line)
            if rows.full:
                yield rows.take()
    if len(rows):
        yield rows.take()


class _Lines:
    """Lines of a file for a reader of CSV.

    Attributes:
        number: How many have been handed out.
    """

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self.number = 0
        self._lines = lines
        self._back: deque[str] = deque()  # looked at, and to be handed out again
        self._last = ""
        self._delimiter = delimiter
        self._opens = re.compile(rf'(?:[^"]*{delimiter})?"')
        self._ends = ("", "\r", "\n", delimiter)  # what stands behind the mark that ends a field

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self._last = self._back.popleft() if self._back else next(self._lines)
        self.number += 1
        return self._last

    def skip_row(self, first: int) -> None:
        """Hand out what is left of a row in which the reader has found a fault.

        A quotation mark ends a field only before a delimiter or the end of a line: in ``"a 5" pipe",b`` the
        last one. Where a field is open by that and marks come in pairs (``"Yes," he said``), or is closed and
        they don't (a paragraph in it ends in ``"no."``), the next mark decides: one that can't open a field
        is inside this one.

        Args:
            first: Number of the line it begins on, counted from 1.
        """
        inside = self.number > first
        marks = int(inside)
        line: str | None = self._last
        while line is not None:
            if '"' in line:
                marks += line.count('"')
                inside = self._goes_on(line, inside=inside)
                if inside != bool(marks % 2):
                    inside = self._stray_ahead()
                if not inside:
                    return
            line = next(self, None)

    def _stray_ahead(self) -> bool:
        """Whether the next mark, within :data:`_FAR` characters, stands where none opens a field."""
        size = 0
        for line in self._lines:  # of those looked at before, all with a mark have been handed out
            self._back.append(line)
            if '"' in line:
                return not self._opens.match(line)
            size += len(line)
            if size > _FAR:
                break
        return False

    def _goes_on(self, line: str, *, inside: bool) -> bool:
        """Whether a quoted field is open at the end of a line, given whether one is at its beginning."""
        at = 0  # a line may be long, so nothing is cut from it
        while True:
            if not inside:
                if not line.startswith('"', at):
                    at = line.find(self._delimiter, at) + 1
                    if not at:
                        return False
                    continue
                at += 1
            # inside quotation marks two stand for one; one that must be doubled and isn't ends no field
            odd = (run.end() for run in _MARKS.finditer(line, at) if len(run[0]) % 2)
            end = next((end for end in odd if line[end : end + 1] in self._ends), None)
            if end is None:
                return True
            at = end + line.startswith(self._delimiter, end)
            inside = False
