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

__all__ = ["bytes_between", "const", "helper", "inlined", "kernel", "load64", "ones", "out", "trailing_zeros"]


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


def _unaligned(context: Any, builder: Any, array: Any, value: Any, i: Any, kind: Any) -> Any:
    """LLVM code that loads a value of some kind from array[i:]."""
    data = context.make_array(array)(context, builder, value).data
    loaded = builder.load(builder.bitcast(builder.gep(data, [i]), kind.as_pointer()))
    loaded.align = 1
    return loaded


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
            none = ir.Constant(_LANES, ir.Undefined)
            first = builder.insert_element(none, builder.trunc(value, _BYTE), ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(
                first, none, ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)
            )

        data, i, low, high = given
        lanes = _unaligned(context, builder, signature.args[0], data, i, _LANES)
        above = builder.sub(lanes, everywhere(low))
        return builder.bitcast(builder.icmp_unsigned("<=", above, everywhere(builder.sub(high, low))), _WORD)

    return types.uint64(data, types.int64, types.int64, types.int64), code


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
