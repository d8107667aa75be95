"""What the rules of stripping look at: the units of a batch, and all that was found out about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup.boilerplate.units import Seen
from dedup.kernels import signs
from dedup.kernels.traits import AGENCY, KINDS, PROSE, PROSE_ABOVE, PROSE_BELOW, RECURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.boilerplate.units import Measures, Phrases, Units

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View(Seen):
    """U units of a batch of documents.

    Attributes:
        units: Where the units are.
        phrases: What of the lexicon stands in them.
        measures: What was measured of them.
        traits: int16[ROWS, U], as :func:`dedup.boilerplate.features.observe` gives them.
        model: uint8[n], index into ``MODELS``.
        dated: int64[D], tokens that begin a text after a date put before it.
        posted: bool[U], what somebody posted.
    """

    units: Units
    phrases: Phrases
    measures: Measures
    traits: NDArray[np.int16]
    model: NDArray[np.uint8]
    dated: NDArray[np.int64]
    posted: NDArray[np.bool_]

    @property
    def prose(self) -> NDArray[np.bool_]:
        """bool[U], the unit is prose."""
        found: NDArray[np.bool_] = self.traits[PROSE] > 0
        return found

    @property
    def uncued(self) -> NDArray[np.bool_]:
        """bool[U], neither cue nor agency stands in the unit, and it recurs nowhere."""
        traits = self.traits
        return np.asarray(traits[KINDS] | traits[AGENCY] | traits[RECURS] == 0)

    @property
    def closing(self) -> NDArray[np.bool_]:
        """bool[U], two sentences and more where the article ends."""
        traits = self.traits
        several = self.measures.counts[:, signs.N_STOP] > 1
        return np.asarray(several & (traits[PROSE_ABOVE] > 1) & (traits[PROSE_BELOW] == 0))
