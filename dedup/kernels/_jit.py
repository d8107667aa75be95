"""The one decorator of compiled kernels. Importing this module imports numba."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
from numba import types

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["const", "helper", "inlined", "kernel", "out"]


def const(dtype: types.Type) -> types.Array:
    """Type of a one-dimensional contiguous array that is read; Arrow's buffers are read-only."""
    return types.Array(dtype, 1, "C", readonly=True)


def out(dtype: types.Type) -> types.Array:
    """Type of a one-dimensional contiguous array that is written."""
    return types.Array(dtype, 1, "C")


def kernel(signature: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for one signature when its module is imported, or load it from numba's cache.

    One explicit signature: no second specialisation appears because a caller's array was writable or an int
    was small.
    """

    def compile_(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return numba.njit(signature, nogil=True, cache=True)(function)  # type: ignore[no-any-return]
        except RuntimeError:  # numba found no folder it can write its cache to
            return numba.njit(signature, nogil=True)(function)  # type: ignore[no-any-return]

    return compile_


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that kernels call."""
    return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is pasted into each kernel that calls it.

    For what runs once a byte: a call counts references to its arrays, which costs ten times the work itself.
    """
    return numba.njit(nogil=True, inline="always")(function)  # type: ignore[no-any-return]
