"""The language of the features: what each asks of the traits of a unit, and all of them as one table."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Self

import numpy as np

from dedup.kernels.traits import MOST
from dedup.ragged import running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["ALWAYS", "Condition", "Table", "Trait"]

_END = MOST + 1


@dataclass(frozen=True, slots=True)
class Condition:
    """Traits that must each lie in a range: (trait, low, high) stands for low <= value < high."""

    ranges: tuple[tuple[int, int, int], ...]

    def __and__(self, other: Condition) -> Condition:
        """Both; the ranges of one trait become one."""
        found: dict[int, tuple[int, int]] = {}
        for trait, low, high in self.ranges + other.ranges:
            least, most = found.get(trait, (0, _END))
            found[trait] = max(low, least), min(high, most)
        return Condition(tuple((trait, *bounds) for trait, bounds in found.items()))

    def __invert__(self) -> Condition:
        """The contrary of one range that is open above."""
        ((trait, low, high),) = self.ranges
        assert high == _END
        return Condition(((trait, 0, low),))


ALWAYS = Condition(())


@dataclass(frozen=True, slots=True)
class Trait:
    """A row of the traits, and what one word or whole counts there; compared, it makes a condition."""

    row: int
    scale: int = 1

    def _steps(self, value: float) -> int:
        steps = round(value * self.scale)
        assert abs(steps - value * self.scale) < 1e-6, f"{value} is no whole number of 1/{self.scale}"
        return steps

    def __ge__(self, value: float) -> Condition:
        return Condition(((self.row, self._steps(value), _END),))

    def __gt__(self, value: float) -> Condition:
        return Condition(((self.row, self._steps(value) + 1, _END),))

    def __lt__(self, value: float) -> Condition:
        return Condition(((self.row, 0, self._steps(value)),))

    def __le__(self, value: float) -> Condition:
        return Condition(((self.row, 0, self._steps(value) + 1),))

    def within(self, low: float, high: float) -> Condition:
        """At least ``low`` and less than ``high``, which may be infinite."""
        return self >= low if high == inf else (self >= low) & (self < high)


@dataclass(frozen=True, slots=True)
class Table:
    """Features by name, in the form :func:`dedup.kernels.features.weigh` reads.

    Attributes:
        names: Of the F features.
        first: int64[F+1], ranges first[f]:first[f+1] belong to feature f.
        trait: int64[R], row of the traits.
        low: int16[R], least value.
        high: int16[R], the value after the greatest.
    """

    names: tuple[str, ...]
    first: NDArray[np.int64]
    trait: NDArray[np.int64]
    low: NDArray[np.int16]
    high: NDArray[np.int16]

    @classmethod
    def of(cls, features: Iterable[tuple[str, Condition]]) -> Self:
        """Gather features, in their order."""
        named = tuple(features)
        ranges = np.array([r for _, condition in named for r in condition.ranges], np.int64).reshape(-1, 3)
        first = running([len(condition.ranges) for _, condition in named])
        limits = ranges[:, 1:].astype(np.int16)
        return cls(
            tuple(name for name, _ in named),
            first,
            ranges[:, 0].copy(),
            limits[:, 0].copy(),
            limits[:, 1].copy(),
        )

    def holds(self, traits: NDArray[np.int16]) -> NDArray[np.bool_]:
        """bool[F, U]: whether each unit has each feature, by its traits."""
        held = np.ones((len(self.names), traits.shape[1]), np.bool_)
        for feature in range(len(held)):
            for r in range(self.first[feature], self.first[feature + 1]):
                column = traits[self.trait[r]]
                held[feature] &= (self.low[r] <= column) & (column < self.high[r])
        return held
