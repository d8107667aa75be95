"""What an engine is, and what it tells while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from dedup.config import Settings
    from dedup.result import Result

__all__ = ["Engine", "Progress", "silent"]


class Progress(Protocol):
    """Told what is being done: a stage, how much of it is done, and how much there is, if that is known."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note."""


class Engine(Protocol):
    """Runs the pipeline over a corpus; the result is the same whichever does."""

    def __call__(
        self, batches: Iterable[pa.RecordBatch], settings: Settings, *, progress: Progress
    ) -> Result:
        """Find the families of the documents."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""
