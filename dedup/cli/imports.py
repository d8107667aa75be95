"""Libraries that others import where they find them, and that a command does not need."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["leave_out", "take_in"]


class _LeftOut(MetaPathFinder):
    """Says that there are no such modules."""

    names: tuple[str, ...] = ()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in self.names:
            raise ModuleNotFoundError(f"{fullname} is left out of this program", name=fullname)


_finder = _LeftOut()


def leave_out(*names: str) -> None:
    """Have the imports of these modules fail, as if they were not installed; for a process that is ours.

    Arrow looks for pandas when it makes its first scalar, numba for scipy's linear algebra and for cffi when
    it is loaded: 0.12, 0.13 and 0.08 s of every command. None in ``sys.modules`` would do for Python's
    imports, not for Cython's.
    """
    _finder.names = names
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def take_in() -> None:
    """Let them be imported again."""
    leave_out()
