"""The one decorator of compiled kernels. Importing this module imports numba."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dedup.kernels import digest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LABELS",
    "add_row",
    "best_step",
    "bytes_between",
    "const",
    "helper",
    "inlined",
    "kernel",
    "load64",
    "ones",
    "out",
    "trailing_zeros",
]


def const(dtype: types.Type) -> types.Array:
    """Type of a one-dimensional contiguous array that is read; Arrow's buffers are read-only."""
    return types.Array(dtype, 1, "C", readonly=True)


def out(dtype: types.Type) -> types.Array:
    """Type of a one-dimensional contiguous array that is written."""
    return types.Array(dtype, 1, "C")


def kernel(signature: Any, *, allocates: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for one signature when its module is imported, or load it from numba's cache.

    One explicit signature: no second specialisation appears because a caller's array was writable or an int
    was small. Kernels that make no arrays are compiled without the counting of references to them.
    """
    options = {"nogil": True, "_nrt": allocates, "no_cfunc_wrapper": True}

    def compile_(function: Callable[..., Any]) -> Callable[..., Any]:
        # numba's cache looks at the kernel's own file only, not at those of its helpers; the name is part of
        # its key
        function.__qualname__ += f"_{digest()}"
        try:
            return numba.njit(signature, cache=True, **options)(function)  # type: ignore[no-any-return]
        except RuntimeError:  # numba found no folder it can write its cache to
            return numba.njit(signature, **options)(function)  # type: ignore[no-any-return]

    return compile_


_HELPER = {"nogil": True, "_nrt": False, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that kernels call; the compiler pastes the small ones in."""
    return numba.njit(**_HELPER)(function)  # type: ignore[no-any-return]


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A helper that is always pasted in: what runs once a word, where a call costs more than the work."""
    return numba.njit(forceinline=True, **_HELPER)(function)  # type: ignore[no-any-return]


_BYTE, _WORD, _LANES = ir.IntType(8), ir.IntType(64), ir.VectorType(ir.IntType(8), 64)
LABELS = 8
"""Numbers that :func:`best_step` compares side by side."""
_SCORES, _NAMES = ir.VectorType(ir.FloatType(), LABELS), ir.VectorType(_BYTE, LABELS)


def _place(context: Any, builder: Any, array: Any, value: Any, i: Any, kind: Any) -> Any:
    """LLVM code of a pointer to array[i:] as a value of some kind; of more dimensions all lie flat."""
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [i]), kind.as_pointer())


def _unaligned(context: Any, builder: Any, array: Any, value: Any, i: Any, kind: Any) -> Any:
    """LLVM code that loads a value of some kind from array[i:]."""
    loaded = builder.load(_place(context, builder, array, value, i, kind))
    loaded.align = 1
    return loaded


def _everywhere(builder: Any, value: Any, kind: Any) -> Any:
    """LLVM code of a vector of some kind, each number of which is the same."""
    none, size = ir.Constant(kind, ir.Undefined), kind.count
    first = builder.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(ir.IntType(32), size), [0] * size))


@intrinsic  # type: ignore[untyped-decorator]
def load64(typing: Any, data: Any, i: Any) -> Any:
    """data[i:i + 8] as one little-endian word. Nothing checks that it lies inside."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return _unaligned(context, builder, signature.args[0], given[0], given[1], _WORD)

    return types.uint64(data, types.int64), code


@intrinsic  # type: ignore[untyped-decorator]
def bytes_between(typing: Any, data: Any, i: Any, low: Any, high: Any) -> Any:
    """Bit j is set where low <= data[i + j] <= high: uint64 of 64 bytes. Nothing checks that they lie inside.

    LLVM makes of it what the processor has: with AVX-512 three instructions, 24 GB/s for the letters.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def everywhere(value: Any) -> Any:
            return _everywhere(builder, builder.trunc(value, _BYTE), _LANES)

        data, i, low, high = given
        lanes = _unaligned(context, builder, signature.args[0], data, i, _LANES)
        above = builder.sub(lanes, everywhere(low))
        return builder.bitcast(builder.icmp_unsigned("<=", above, everywhere(builder.sub(high, low))), _WORD)

    return types.uint64(data, types.int64, types.int64, types.int64), code


@intrinsic  # type: ignore[untyped-decorator]
def best_step(typing: Any, scores: Any, u: Any, edges: Any, m: Any, back: Any) -> Any:
    """Add to scores[u, k] the greatest of scores[u - 1, j] + edges[m, j, k]; back[u, k] is the first such j.

    For as many j and k as there are ``LABELS``, all k at once: a loop takes four times as long, as nothing
    predicts which j is best. Nothing checks that rows are as long, or lie inside.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        scores, u, edges, m, back = range(5)
        size = ir.Constant(_WORD, LABELS)
        row = builder.mul(given[u], size)
        above, edge = builder.sub(row, size), builder.mul(builder.mul(given[m], size), size)

        def load(array: int, i: Any, kind: Any, more: int = 0) -> Any:
            at = builder.add(i, ir.Constant(_WORD, more))
            return _unaligned(context, builder, signature.args[array], given[array], at, kind)

        best, first = None, ir.Constant(_NAMES, [0] * LABELS)
        for j in range(LABELS):
            score = load(scores, above, _SCORES.element, j)
            step = load(edges, edge, _SCORES, j * LABELS)
            value = builder.fadd(_everywhere(builder, score, _SCORES), step)
            if best is None:
                best = value
                continue
            better = builder.fcmp_ordered(">", value, best)
            best = builder.select(better, value, best)
            first = builder.select(better, ir.Constant(_NAMES, [j] * LABELS), first)
        total = builder.fadd(load(scores, row, _SCORES), best)
        for array, value in ((scores, total), (back, first)):
            place = _place(context, builder, signature.args[array], given[array], row, value.type)
            builder.store(value, place).align = 1
        return context.get_dummy_value()

    return types.none(scores, types.int64, edges, types.int64, back), code


@intrinsic  # type: ignore[untyped-decorator]
def add_row(typing: Any, scores: Any, u: Any, votes: Any, row: Any) -> Any:
    """Add votes[row] to scores[u], rows of ``LABELS`` numbers that lie flat. Nothing checks they lie inside.

    A loop over so few numbers costs more in its own bounds than in its sums.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        places = []
        for array, value, i in zip(signature.args[::2], given[::2], given[1::2], strict=True):
            at = builder.mul(i, ir.Constant(_WORD, LABELS))
            places.append(_place(context, builder, array, value, at, _SCORES))
        total, more = (builder.load(place) for place in places)
        total.align = more.align = 1
        builder.store(builder.fadd(total, more), places[0]).align = 1
        return context.get_dummy_value()

    return types.none(scores, types.int64, votes, types.int64), code


@intrinsic  # type: ignore[untyped-decorator]
def ones(typing: Any, word: Any) -> Any:
    """How many bits of a uint64 are set."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.int64(types.uint64), code


@intrinsic  # type: ignore[untyped-decorator]
def trailing_zeros(typing: Any, word: Any) -> Any:
    """How many of the lowest bits of a uint64 are zero, 64 if all are."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), code
