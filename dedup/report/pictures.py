"""The pictures of the first screen, as numbers for inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

__all__ = ["Bar", "Cell", "Matrix", "Timeline", "matrix", "timeline"]

MOST_SOURCES = 20
MOST_BARS = 60
STEPS = [timedelta(hours=hours) for hours in (1, 3, 6, 12, 24, 48)]
STEPS += [timedelta(days=days) for days in (7, 14, 28, 91, 182, 364)]
FIRST = int(datetime.min.replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Cell:
    """Articles of the column's source that came from the row's; ``weight`` in 0..1 is their shade."""

    row: int
    column: int
    count: int
    weight: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who copied from whom.

    Attributes:
        sources: Those that gave or took most, most first; none without a cell.
        cells: Where at least one article passed.
        left_out: Sources that are not shown.
        largest: The strongest flows between two sources: from, to, articles.
    """

    sources: tuple[str, ...]
    cells: tuple[Cell, ...]
    left_out: int
    largest: tuple[tuple[str, str, int], ...]


def matrix(flows: Counter[tuple[str, str]], most: int = MOST_SOURCES) -> Matrix:
    """The flows among the sources that gave or took most, each with the one it shared most with."""
    total: dict[str, int] = {}
    for (giver, taker), count in flows.items():
        for source in {giver, taker}:
            total[source] = total.get(source, 0) + count
    sources = sorted(total, key=lambda source: (-total[source], source))
    partner: dict[str, tuple[int, int, str]] = {}
    for (giver, taker), count in flows.items():
        for source, other in ((giver, taker), (taker, giver)):
            flow = (-count, -total[other], other)
            partner[source] = min(partner.get(source, flow), flow)
    shown: set[str] = set()
    for source in sources:
        both = shown | {source, partner[source][2]}
        if len(both) <= most:
            shown = both
    place = {source: number for number, source in enumerate(filter(shown.__contains__, sources))}
    top = max(flows.values(), default=1)
    cells = [
        Cell(place[giver], place[taker], count, round(0.12 + 0.88 * (count / top) ** 0.5, 3))
        for (giver, taker), count in flows.items()
        if giver in place and taker in place
    ]
    between = sorted(
        ((giver, taker, count) for (giver, taker), count in flows.items() if giver != taker),
        key=lambda flow: (-flow[2], flow[0], flow[1]),
    )
    cells.sort(key=lambda cell: (cell.row, cell.column))
    return Matrix(tuple(place), tuple(cells), len(sources) - len(place), tuple(between[:5]))


@dataclass(frozen=True, slots=True)
class Bar:
    """Families that began and further versions that appeared in one step of time."""

    start: datetime
    first: int
    later: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Families over time.

    Attributes:
        bars: One a step, gaps included.
        step: Its length.
        top: The most versions in one step.
    """

    bars: tuple[Bar, ...]
    step: timedelta
    top: int


def timeline(first: Sequence[int], later: Sequence[int], most: int = MOST_BARS) -> Timeline | None:
    """Counts per step of time, the smallest step that makes at most so many bars; None without dates.

    Args:
        first: Seconds since the epoch of each family's first version.
        later: Those of all other versions.
        most: Bars.
    """
    if not len(first) + len(later):
        return None
    one, two = np.array(first, np.int64), np.array(later, np.int64)
    low, high = int(np.concatenate([one, two]).min()), int(np.concatenate([one, two]).max())
    for step in STEPS:
        seconds = int(step.total_seconds())
        if high // seconds - low // seconds < most:
            break
    else:
        seconds = (high - low) // (most - 1) + 1
        step = timedelta(seconds=seconds)
    base = low // seconds
    count = high // seconds - base + 1
    starts = np.bincount(one // seconds - base, minlength=count).tolist()
    others = np.bincount(two // seconds - base, minlength=count).tolist()
    # a step that holds the first dates there are begins before them
    begin = [max((base + n) * seconds, FIRST) for n in range(count)]
    bars = tuple(Bar(datetime.fromtimestamp(begin[n], UTC), starts[n], others[n]) for n in range(count))
    return Timeline(bars, step, max(bar.first + bar.later for bar in bars))
