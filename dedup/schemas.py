"""The format of a result: its number, and the columns of its tables."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["DIFFS", "FAMILIES", "FORMAT", "LEARNED", "PASSAGE", "RELATED", "RELATIONS"]

FORMAT = 1
"""Version of the files; raised when one changes so that a reader must know."""

PASSAGE = pa.struct([(name, pa.int64()) for name in ("a_start", "a_end", "b_start", "b_end")])

RELATIONS = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.string()),
        ("relation", pa.string()),
        ("jaccard", pa.float64()),
        ("coverage_a", pa.float64()),
        ("coverage_b", pa.float64()),
        ("shared_words", pa.int64()),
        ("narrative_words", pa.int64()),
        ("roundup", pa.bool_()),
        ("passages", pa.list_(PASSAGE)),
    ]
)

RELATED = pa.struct([("family", pa.string()), ("relation", pa.string()), ("shared_words", pa.int64())])

FAMILIES = pa.schema(
    [
        ("id", pa.string()),
        ("canonical", pa.string()),
        ("reason", pa.string()),
        ("earliest", pa.string()),
        ("members", pa.list_(pa.string())),
        ("size", pa.int64()),
        ("sources", pa.list_(pa.string())),
        ("agencies", pa.list_(pa.string())),
        ("first_published", pa.timestamp("us", "UTC")),
        ("last_published", pa.timestamp("us", "UTC")),
        ("related", pa.list_(RELATED)),
    ]
)

DIFFS = pa.schema([(name, pa.string()) for name in ("family", "canonical", "variant", "operations")])
"""In Parquet, where the operations are JSON text."""

LEARNED = pa.schema([("block", pa.string()), ("documents", pa.int64())])
