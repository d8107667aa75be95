"""Pairs compared, each once; documents whose bodies are equal need not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.candidates import Pairs
from dedup.engines.spark.arrays import EDGES, edges_table, integers, places_of, texts_of, unsigned
from dedup.engines.spark.spreading import paired
from dedup.pipeline import compare_pairs

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedup.config import Settings
    from dedup.engines.spark.cluster import Corpus

__all__ = ["TEXT", "compared"]

TEXT = ("number", "words", "flags", "spaceless", "published", "source", "title")
"""What of a document verification looks at; its content, too, columns high and low, tells equal bodies."""


def compared(pairs: DataFrame, size: int, bodies: Corpus, settings: Settings) -> DataFrame:
    """As :func:`dedup.pipeline.compare_pairs`: edges of every kind, ``none`` among them.

    Args:
        pairs: Columns a and b, a < b, distinct.
        size: How many there are, at most.
        bodies: Columns of :data:`TEXT`, high and low.
        settings: What to do.
    """
    return paired(
        pairs.select("a", "b"), size, bodies.select(*TEXT, "high", "low"), EDGES, _compare, settings
    )


def _compare(pairs: pa.Table, documents: pa.Table, settings: Settings) -> pa.Table:
    documents = documents.sort_by("number")
    numbers = integers(documents["number"])
    content = np.stack([unsigned(integers(documents[name])) for name in ("high", "low")], axis=1)
    edges = compare_pairs(texts_of(documents), content, _pairs(pairs, numbers), settings)
    return edges_table(edges, numbers)


def _pairs(pairs: pa.Table, numbers: NDArray[np.int64]) -> Pairs:
    """The pairs in order, each document by its place among the numbers."""
    pairs = pairs.sort_by([("a", "ascending"), ("b", "ascending")])
    a, b = (places_of(numbers, integers(pairs[name])) for name in ("a", "b"))
    return Pairs(a, b)
