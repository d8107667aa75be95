"""Diffs of many pairs of texts at once, on Arrow's buffers: no Python object a text, no lock held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.edits.text import character_classes, lower_case
from dedup.errors import DiffError
from dedup.kernels.constants import INSERT, NESTED, REPLACE
from dedup.tokens import text_buffers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextPairs", "diffs_as_json", "find_edits"]

_LONGEST = 1 << 30  # bytes of two texts: places are int32
_ROWS = 1 << 18  # of operations found at once
_HEAD = 100  # bytes of JSON beside the operations
_ROW = 80  # bytes of JSON around the text of one
_ESCAPED = 6  # bytes of JSON a control character takes


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Pairs of texts in UTF-8: how the second differs from the first is asked.

    Attributes:
        data_a: uint8, the first texts.
        offsets_a: int64[n + 1], where each begins, and the end of the last.
        data_b: uint8, the second texts.
        offsets_b: int64[n + 1].
    """

    data_a: NDArray[np.uint8]
    offsets_a: NDArray[np.int64]
    data_b: NDArray[np.uint8]
    offsets_b: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets_a) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each pair."""
        return np.asarray(np.diff(self.offsets_a) + np.diff(self.offsets_b))

    @property
    def rows(self) -> NDArray[np.int64]:
        """The most operations of each pair: one takes a byte of a text at least."""
        return np.asarray(np.diff(self.offsets_a) + 2 * np.diff(self.offsets_b))

    @property
    def buffers(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """What the kernels read."""
        return self.data_a, self.offsets_a, self.data_b, self.offsets_b

    def kernels(self) -> Any:
        """The kernels to use for as much text."""
        return kernels.get(int(np.ptp(self.offsets_a) + np.ptp(self.offsets_b)))


def find_edits(pairs: TextPairs, first: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The operations of pairs, from one on, as many as are found at once.

    Args:
        pairs: Of texts.
        first: Number of the first one.

    Returns:
        int64[m, 5], an operation a row: kind (see :mod:`dedup.kernels.constants`), first and last byte in the
        first text, first and last byte in the second, half-open; and int64[k + 1], where the rows of each of
        k pairs begin.

    Raises:
        DiffError: Two texts have more than a GiB.
    """
    longest = int(pairs.sizes[first:].max(initial=0))
    if longest > _LONGEST:
        raise DiffError(f"two texts of {longest} bytes are too long to be compared; {_LONGEST} would do")
    most = pairs.rows[first:]
    rows = np.empty((max(int(most.max(initial=0)), min(_ROWS, int(most.sum()))), 5), np.int64)
    starts = np.zeros(len(pairs) - first + 1, np.int64)
    tables = character_classes(), lower_case()
    done = pairs.kernels().edit_pairs(*pairs.buffers, first, *tables, rows, starts[1:])
    return rows, starts[: done - first + 1]


def diffs_as_json(before: pa.Array, after: pa.Array) -> pa.Array:
    """The operations of each pair of texts as JSON, in the schema of :mod:`dedup.edits`.

    Args:
        before: string or large_string[n], without nulls.
        after: The same.

    Returns:
        large_string[n].
    """
    pairs = TextPairs(*text_buffers(before), *text_buffers(after))
    parts = []
    first = 0
    while first < len(pairs):
        rows, starts = find_edits(pairs, first)
        rows = rows[: starts[-1]]
        texts = _ESCAPED * (rows[:, 4] - rows[:, 3]).sum(
            where=np.isin(rows[:, 0] & ~NESTED, (REPLACE, INSERT))
        )
        out = np.empty(_HEAD * (len(starts) - 1) + _ROW * len(rows) + int(texts), np.uint8)
        ends = np.zeros(len(starts), np.int64)
        pairs.kernels().write_edits(*pairs.buffers, first, rows, starts, out, ends[1:])
        data = pa.py_buffer(out[: ends[-1]].tobytes())
        parts.append(pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), data))
        first += len(starts) - 1
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_string())
