"""Records gathered one by one, their types checked, into a block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dedup.errors import UsageError
from dedup.io.schema import BATCH_BYTES, FIELDS, Block, Reject, RejectSink
from dedup.values import as_text, has_surrogate

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Rows", "distinct_names", "listed", "source_fields"]


def source_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Name of each of our fields in the input.

    Args:
        fields: Renames, ours to theirs: ``{"text": "body"}``.

    Raises:
        UsageError: A field we don't have, or no name of theirs.
    """
    if not isinstance(fields, Mapping):
        raise UsageError(f"fields is {type(fields).__name__}, not a mapping such as {{'text': 'body'}}")
    for name, theirs in fields.items():
        if name not in FIELDS:
            raise UsageError(f"unknown field {name!r}; fields are {', '.join(FIELDS)}")
        if not isinstance(theirs, str):
            raise UsageError(f"field {name}: its name in the input, {theirs!r}, is no string")
        if has_surrogate(theirs):
            raise UsageError(f"field {name}: its name in the input, {theirs!r}, is no UTF-8")
    return {name: fields.get(name, name) for name in FIELDS}


def listed(names: Sequence[str]) -> str:
    """Names of columns for a message."""
    return ", ".join(map(repr, names)) or "none"


def distinct_names(names: Sequence[str]) -> list[str]:
    """Names of columns, where one occurs again with a number: JSON has each name once, and must lose none."""
    taken, made = set(names), []
    seen: set[str] = set()
    for name in names:
        fresh, number = name, 1
        while fresh in seen or (number > 1 and fresh in taken):
            number += 1
            fresh = f"{name}.{number}"
        seen.add(fresh)
        made.append(fresh)
    return made


class Rows:
    """Collects records of mixed quality; the ones with a wrong type go to ``reject``.

    Attributes:
        fields: Name of each of our fields in the input.
        size: Bytes of the records held.
    """

    def __init__(self, fields: Mapping[str, str], reject: RejectSink) -> None:
        self.fields = fields
        self._reject = reject
        self._columns: dict[str, list[str | None]] = {name: [] for name in FIELDS}
        self._files: list[str] = []
        self._lines: list[int] = []
        self._records: list[bytes] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether they are enough for a batch."""
        return self.size >= BATCH_BYTES

    def add(
        self,
        values: Mapping[str, Any],
        record: bytes,
        *,
        file: str,
        line: int,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Add one record, given its values by their names, in the input or in ``fields``, and its bytes."""
        row: dict[str, str | None] = {}
        for name, theirs in (fields or self.fields).items():
            value = values.get(theirs)
            if isinstance(value, str):
                if has_surrogate(value):
                    self._refuse(row, f"{name} has a lone surrogate", file, line)
                    return
                row[name] = value
            else:
                try:
                    row[name] = as_text(name, value)
                except TypeError as error:
                    self._refuse(row, str(error), file, line)
                    return
        for name, column in self._columns.items():
            column.append(row[name])
        self._files.append(file)
        self._lines.append(line)
        self._records.append(record)
        self.size += len(record)

    def take(self) -> Block:
        """Hand over what is held, as a block, and start anew."""
        block = Block(
            columns={name: pa.array(column, pa.large_string()) for name, column in self._columns.items()},
            files=pa.array(self._files, pa.string()),
            lines=pa.array(self._lines, pa.int64()),
            records=pa.array(self._records, pa.large_binary()),
        )
        self._columns = {name: [] for name in FIELDS}
        self._files, self._lines, self._records = [], [], []
        self.size = 0
        return block

    def _refuse(self, row: Mapping[str, str | None], reason: str, file: str, line: int) -> None:
        self._reject(Reject(file, line, reason, row.get("id") or None))
