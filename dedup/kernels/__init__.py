"""Compiled kernels and the one switch that decides when they are used.

``get(nbytes)`` gives the functions to call, by name: the compiled ones if numba's cache is warm, if this
process has been asked for more than 4 MB of text in all, or if they are forced; else their references,
without importing numba. So a first run on a fresh machine does not wait for the compiler.

To add kernels: write ``kernels/<name>.py`` with explicit signatures and a reference module with the same
function names, both with ``__all__``, and list the two in ``MODULES``.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MODULES", "THRESHOLD", "digest", "get", "is_warm", "warm"]

MODULES = (
    ("text", "reference"),
    ("entities", "reference_entities"),
    ("sketch", "reference"),
    ("blocks", "reference_blocks"),
    ("features", "reference_features"),
    ("corpus", "reference_corpus"),
    ("pairs", "reference_overlap"),
    ("overlap", "reference_overlap"),
    ("families", "reference_families"),
    ("edits", "reference_edits"),
    ("operations", "reference_edits"),
    ("postings", "reference_postings"),
    ("packing", "reference_packing"),
)
"""Compiled modules and their references."""

THRESHOLD = 4 << 20
"""Bytes of text after which compiling pays."""

KEPT = 31 << 20
"""Bytes of the largest array whose memory is kept when it is freed; glibc follows up to 32 MB."""

before_compiling: Callable[[], object] | None = None
"""Called before anything is compiled, which takes minutes on a slow machine; not where the cache is warm."""

_lock = threading.RLock()
_seen = 0
_compiled = False


class _Namespace:
    """The functions of one side of ``MODULES``; a module is imported when one of its names is asked for."""

    def __init__(self, side: int) -> None:
        self._side = side

    def __getattr__(self, name: str) -> Any:
        for pair in MODULES:
            if name not in import_module(f"dedup.kernels.{pair[1]}").__all__:  # which takes no compiler
                continue
            module = import_module(f"dedup.kernels.{pair[self._side]}")
            if name in module.__all__:
                setattr(self, name, getattr(module, name))
                return getattr(module, name)
        raise AttributeError(name)


_COMPILED, _REFERENCE = _Namespace(0), _Namespace(1)


def get(nbytes: int = 0, *, force: bool = False) -> Any:
    """The kernels to use.

    Args:
        nbytes: Bytes of text that are about to be processed; they count towards ``THRESHOLD``.
        force: Compiled ones, whatever it costs.

    Returns:
        A namespace with every function of ``MODULES``, compiled or reference. Which of the two never changes
        a result.
    """
    global _seen
    if not _compiled:
        with _lock:
            _seen += nbytes
            if force or _seen > THRESHOLD or _was_warm():
                warm()
    return _COMPILED if _compiled else _REFERENCE


def _keep_memory() -> None:
    """Have the allocator keep what a batch frees, for the next one.

    glibc gives memory back to the system beyond twice the largest array that was freed (M_MMAP_THRESHOLD in
    mallopt(3)), and taking a page again costs a fault: of stripping an eighth. Elsewhere this does nothing.
    """
    np.empty(KEPT, np.uint8)


def warm() -> Any:
    """Compile everything, or load it from the cache, and leave a marker that says so.

    Returns:
        The compiled kernels; from now on ``get`` gives them, too.
    """
    global _compiled
    with _lock:
        if not is_warm():
            if before_compiling is not None:
                before_compiling()
            for pair in MODULES:
                import_module(f"dedup.kernels.{pair[0]}")
            _leave_marker()
        _keep_memory()
        _compiled = True
    return _COMPILED


@cache
def _was_warm() -> bool:
    """Whether the cache was warm when this process first asked."""
    return is_warm()


def is_warm() -> bool:
    """Whether the marker of exactly these kernels, versions and this processor is there."""
    name = _marker_name()
    # a folder that may not be entered holds none: Path.exists raises
    return any(os.path.exists(folder / name) for folder in _cache_folders())  # noqa: PTH110


def _leave_marker() -> None:
    name = _marker_name()
    for folder in _cache_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        except OSError:  # read-only; the next folder may do, and without a marker nothing breaks
            continue
        return


def _cache_folders() -> list[Path]:
    """Where numba keeps its cache, in the order in which it tries."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return [Path(chosen)]
    return [
        Path(__file__).parent / "__pycache__",
        Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "~/.cache")), "numba"),  # noqa: PTH111 (as above)
    ]


@cache
def digest() -> str:
    """Short hash of every source file of the kernels and of the classes and rules they are compiled with."""
    state = hashlib.sha256()
    folder = Path(__file__).parent
    for path in [*sorted(folder.glob("*.py")), folder.parent / "folding.py"]:
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()[:16]


def _marker_name() -> str:
    """Name of the marker; it changes with the kernels, the compiler and the processor."""
    state = hashlib.sha256(digest().encode())
    for package in ("numba", "llvmlite", "numpy"):
        state.update(metadata.version(package).encode())
    state.update(f"{platform.python_version()} {platform.machine()} {_processor()}".encode())
    return f"dedup-{state.hexdigest()[:16]}.warm"


def _processor() -> str:
    """The processor's name, as numba's cache depends on it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in text.splitlines() if line.startswith(wanted)))
