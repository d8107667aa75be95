"""What engines share: what they tell while they work, and how they know a run again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import xxhash

from dedup._version import __version__

if TYPE_CHECKING:
    from dedup.config import Settings

__all__ = ["WORK_FORMAT", "Progress", "identity_of", "silent"]

WORK_FORMAT = 2
"""Of what a run leaves for another to go on with; counted up whenever its names or their meaning change."""


class Progress(Protocol):
    """Told what is being done: a stage, how much of it is done, and how much there is, if that is known."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def identity_of(settings: Settings, *parts: Any) -> str:
    """Hash of everything a result depends on, by which a run knows what it may go on with.

    Args:
        settings: Their fingerprint counts, the version of the package, and :data:`WORK_FORMAT`.
        parts: What else does; anything that is JSON.

    Returns:
        32 hexadecimal digits.
    """
    # not orjson: a path may be no UTF-8, and its halves of surrogate pairs are escaped here
    everything = [__version__, WORK_FORMAT, settings.fingerprint(), *parts]
    return xxhash.xxh3_128_hexdigest(json.dumps(everything).encode())
