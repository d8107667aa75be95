"""What is looked at before a run begins: the room on the disk, and how it knows files it may go on with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedup.engines.base import identity_of
from dedup.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedup.config import Settings
    from dedup.io.discover import Source

__all__ = ["check_disk", "disk_need", "made_from", "run_key"]


def disk_need(size: int) -> int:
    """Bytes of disk a run may need, roughly, for so many bytes of JSONL: its result, and its files beside it.

    Measured on generated news: the result is up to twice the input; batches of text and records take twice
    the input, columns of tokens, sketches and pairs two and a half times.
    """
    return 2 * size + 9 * size // 2


def check_disk(folder: Path, need: int) -> None:
    """See whether a folder's disk has room.

    Raises:
        OutputError: It has not.
    """
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if need > free:
        raise OutputError(f"{folder}: {need / 1e6:,.0f} MB of disk needed, {free / 1e6:,.0f} MB free")


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
