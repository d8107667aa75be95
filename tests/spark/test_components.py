"""Components on Spark are those of scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="no pyspark")

from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dedup.engines.spark.components import components

if TYPE_CHECKING:
    from collections.abc import Callable

    from dedup.engines.spark.cluster import Run


def leasts(edges: np.ndarray) -> dict[int, int]:
    """The least node of each node's component, of nodes that aren't it."""
    nodes, place = np.unique(edges, return_inverse=True)
    one, two = place.reshape(-1, 2).T
    links = coo_matrix((np.ones(len(one)), (one, two)), shape=(len(nodes), len(nodes)))
    label = connected_components(links, directed=False)[1]
    first = np.full(len(nodes), len(nodes))
    np.minimum.at(first, label, np.arange(len(nodes)))
    least = nodes[first[label]]
    return {int(n): int(m) for n, m in zip(nodes, least, strict=True) if n != m}


def found(run: Run, edges: np.ndarray, at_once: int, partitions: int = 3) -> dict[int, int]:
    table = pa.table({"a": edges[:, 0], "b": edges[:, 1]})
    frame = run.spark.createDataFrame(table).repartition(partitions)
    rows = components(run, frame, "test", at_once=at_once).collect()
    assert len({row["number"] for row in rows}) == len(rows)
    return {row["number"]: row["first"] for row in rows}


@st.composite
def graphs(draw: st.DrawFn) -> np.ndarray:
    """Many small graphs side by side: a round of Spark takes as long for one as for all of them."""
    parts = []
    for number in range(draw(st.integers(1, 30))):
        size = draw(st.integers(2, 40))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        kind = draw(st.sampled_from(["random", "chain", "star", "clique"]))
        if kind == "random":
            edges = rng.integers(0, size, (draw(st.integers(1, 60)), 2))
        elif kind == "chain":
            edges = np.stack([np.arange(size - 1), np.arange(1, size)], axis=1)
        elif kind == "star":
            edges = np.stack([np.full(size, rng.integers(size)), np.arange(size)], axis=1)
        else:
            edges = np.stack(np.triu_indices(size, 1), axis=1)
        parts.append(rng.permutation(size)[edges] + 100 * number)
    return np.concatenate(parts).astype(np.int64)


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges=graphs())
def test_components_are_those_of_scipy(run: Callable[[], Run], edges: np.ndarray) -> None:
    assert found(run(), edges, at_once=0) == leasts(edges)


@pytest.mark.parametrize("at_once", [0, 1 << 20])
def test_a_chain_a_star_and_a_clique_at_once(run: Callable[[], Run], at_once: int) -> None:
    rng = np.random.default_rng(7)
    chain = rng.permutation(10_001)  # numbers along it in no order: neither end is near the least
    edges = np.concatenate(
        [
            np.stack([chain[:-1], chain[1:]], axis=1),
            np.stack([np.full(5_000, 22_000), np.arange(20_000, 25_000)], axis=1),
            30_000 + np.stack(np.triu_indices(100, 1), axis=1),
        ]
    ).astype(np.int64)
    edges = edges[rng.permutation(len(edges))]
    assert found(run(), edges, at_once=at_once) == leasts(edges)


def test_no_edges(run: Callable[[], Run]) -> None:
    assert found(run(), np.empty((0, 2), np.int64), at_once=0) == {}
