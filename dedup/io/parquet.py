"""Records as rows of Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from dedup.io.schema import Block, Reject, RejectSink
from dedup.io.tables import check_columns, table_block

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["read_parquet"]

_ROWS = 4096  # a batch; about 10 MB of articles


def read_parquet(
    stream: BinaryIO,
    file: str,
    *,
    fields: Mapping[str, str],
    needed: Collection[str] = ("text",),
    reject: RejectSink,
) -> Iterator[Block]:
    """Read rows in batches, a row group at a time; a record's line is its row, from 1.

    Raises:
        UsageError: One of the needed columns is not there, or one of a type that can't be read.
    """
    from pyarrow.parquet import ParquetFile  # takes 0.03 s, most of it for clients of file systems

    row = 1
    try:
        table = ParquetFile(pa.PythonFile(stream, "r"))
        check_columns(table.schema_arrow, file, fields, needed)
        for batch in table.iter_batches(batch_size=_ROWS, use_threads=False):
            yield table_block(batch, file, row, fields=fields, reject=reject)
            row += len(batch)
    except (pa.ArrowException, OSError) as error:
        reason = (
            "not a Parquet file, or a damaged one"
            if row == 1
            else f"damaged Parquet file after row {row - 1}"
        )
        if isinstance(error, OSError) and error.errno is not None:
            reason = f"cannot be read: {error.strerror}"
        reject(Reject(file, None, reason))
