"""The language of the features: what a rule asks of the traits of a unit, and all rules as one table."""

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

__all__ = ["ALWAYS", "Rule", "Table", "Trait"]

_END = MOST + 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Traits that must each lie in a range: (trait, low, high) stands for low <= value < high."""

    ranges: tuple[tuple[int, int, int], ...]

    def __and__(self, other: Rule) -> Rule:
        """Both; the ranges of one trait become one."""
        found: dict[int, tuple[int, int]] = {}
        for trait, low, high in self.ranges + other.ranges:
            least, most = found.get(trait, (0, _END))
            found[trait] = max(low, least), min(high, most)
        return Rule(tuple((trait, *bounds) for trait, bounds in found.items()))

    def __invert__(self) -> Rule:
        """The contrary of one range that is open above."""
        ((trait, low, high),) = self.ranges
        assert high == _END
        return Rule(((trait, 0, low),))


ALWAYS = Rule(())


@dataclass(frozen=True, slots=True)
class Trait:
    """A row of the traits, and what one word or whole counts there; compared, it makes a rule."""

    row: int
    scale: int = 1

    def _steps(self, value: float) -> int:
        steps = round(value * self.scale)
        assert abs(steps - value * self.scale) < 1e-6, f"{value} is no whole number of 1/{self.scale}"
        return steps

    def __ge__(self, value: float) -> Rule:
        return Rule(((self.row, self._steps(value), _END),))

    def __gt__(self, value: float) -> Rule:
        return Rule(((self.row, self._steps(value) + 1, _END),))

    def __lt__(self, value: float) -> Rule:
        return Rule(((self.row, 0, self._steps(value)),))

    def __le__(self, value: float) -> Rule:
        return Rule(((self.row, 0, self._steps(value) + 1),))

    def within(self, low: float, high: float) -> Rule:
        """At least ``low`` and less than ``high``, which may be infinite."""
        return self >= low if high == inf else (self >= low) & (self < high)


@dataclass(frozen=True, slots=True)
class Table:
    """Rules by name, in the form :func:`dedup.kernels.features.weigh` reads.

    Attributes:
        names: Of the F rules.
        first: int64[F+1], ranges first[f]:first[f+1] belong to rule f.
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
    def of(cls, rules: Iterable[tuple[str, Rule]]) -> Self:
        """Gather rules; their order is that of the features."""
        named = tuple(rules)
        ranges = np.array([r for _, rule in named for r in rule.ranges], np.int64).reshape(-1, 3)
        first = running([len(rule.ranges) for _, rule in named])
        limits = ranges[:, 1:].astype(np.int16)
        return cls(
            tuple(name for name, _ in named),
            first,
            ranges[:, 0].copy(),
            limits[:, 0].copy(),
            limits[:, 1].copy(),
        )

    def holds(self, traits: NDArray[np.int16]) -> NDArray[np.bool_]:
        """bool[F, U]: whether each rule holds for each unit, by its traits."""
        held = np.ones((len(self.names), traits.shape[1]), np.bool_)
        for rule in range(len(held)):
            for r in range(self.first[rule], self.first[rule + 1]):
                column = traits[self.trait[r]]
                held[rule] &= (self.low[r] <= column) & (column < self.high[r])
        return held
