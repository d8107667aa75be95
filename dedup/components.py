"""Connected components: what edges hold together, however many of them lie between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_first", "first_connected"]


def first_connected(a: NDArray[np.int64], b: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    """The first node of each one's component, its own number where it is that: int64[nodes].

    Args:
        a: int64[e], one end of each edge.
        b: int64[e], the other.
        nodes: How many there are.
    """
    first = np.empty(nodes, np.int64)
    kernels.get().connect(a, b, first)
    return first


def by_first(label: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.int64]:
    """The same groups, each named by its first member: int64[n].

    Args:
        label: [n], numbers of groups, below n.
    """
    first = np.full(len(label), len(label), np.int64)
    np.minimum.at(first, label, np.arange(len(label)))
    return first[label]
