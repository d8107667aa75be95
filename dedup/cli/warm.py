"""``dedup warm``: compile ahead."""

from __future__ import annotations

import time

import typer

from dedup.cli.terminal import tell_compiling

__all__ = ["warm"]


def warm() -> None:
    """Compile ahead, so that no later run waits for it.

    The cache lies beside the package, or where NUMBA_CACHE_DIR says; afterwards it may be read-only.
    """
    from dedup import kernels

    tell_compiling()
    start = time.perf_counter()
    kernels.warm()
    typer.echo(f"kernels ready in {time.perf_counter() - start:.1f} s")
