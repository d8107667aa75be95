"""How a run knows the files of an earlier one that it may go on with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedup.engines.base import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedup.config import Settings
    from dedup.io.discover import Source

__all__ = ["made_from", "run_key"]


def run_key(made_from: str | None) -> str | None:
    """By which a run knows the files of one it may go on with: no other start of the system left them."""
    return None if made_from is None else f"{made_from} {_booted()}"


def made_from(sources: Iterable[Source], settings: Settings, *options: Any) -> str | None:
    """Hash of everything a result depends on.

    Args:
        sources: Input files, known by path, size and time of change.
        settings: Their fingerprint counts.
        options: What else does; anything that is JSON.

    Returns:
        32 hexadecimal digits, None if a source can be read only once.
    """
    parts: list[Any] = [options]
    for source in sources:
        if source.path == "-":
            return None
        path = Path(source.path)
        state = path.stat() if path.exists() else path.lstat()  # a broken link is there too
        parts.append((source.path, source.name, state.st_size, state.st_mtime_ns))
    return identity_of(settings, *parts)


def _booted() -> str:
    """Changes with every start of the system."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return boot.read_text() if boot.exists() else ""
