"""The model: weighs the features of every unit and takes the best sequence of labels.

A linear-chain conditional random field (Lafferty, McCallum and Pereira, 2001): each feature votes for each
label, each pair of neighbouring labels has a score, and the best path through a document wins (Viterbi).
There are three sets of weights, see ``MODELS``; they are data, ``data/weights.json``, by name;
``benchmarks/train_boilerplate.py`` makes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dedup import kernels
from dedup.kernels.traits import BLOCK, INSIDE, PLACE, PROSE
from dedup.ragged import running, steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.boilerplate.conditions import Table

    Labels = NDArray[np.uint8]

__all__ = ["BODY", "LABELS", "MODELS", "TITLE", "Weights", "label_units", "weights"]

LABELS = ("body", "title", "appeal", "caption", "credit", "nav", "widget", "meta")
"""What a unit can be; the order breaks ties."""
BODY, TITLE = 0, 1
CLEARLY = 0.3
"""What a line of a page must win by to be body beside the densest stretch of sentences."""
MODELS = ("article", "page", "sentence")
"""Sets of weights: for text taken from a page, for all one shows, for text without paragraphs."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything the models have learned, one row each.

    Attributes:
        votes: float32[M, F, K], weight of each feature for each label.
        transition: float32[M, K, K], from a label to the next one.
        opening: float32[M, K], of a document's first label.
        closing: float32[M, K], of its last.
    """

    votes: NDArray[np.float32]
    transition: NDArray[np.float32]
    opening: NDArray[np.float32]
    closing: NDArray[np.float32]

    @classmethod
    def of(cls, raw: dict[str, Any], features: tuple[str, ...]) -> Self:
        """Weights by name as arrays; a feature they do not know weighs nothing.

        Args:
            raw: By model: weights by feature and label, and of the edges.
            features: Names, in their order.
        """
        models = [raw[name] for name in MODELS]

        def row(named: dict[str, float]) -> list[float]:
            return [named.get(label, 0.0) for label in LABELS]

        return cls(
            votes=np.array([[row(m["features"].get(f, {})) for f in features] for m in models], np.float32),
            transition=np.array([[row(m["transition"][x]) for x in LABELS] for m in models], np.float32),
            opening=np.array([row(m["opening"]) for m in models], np.float32),
            closing=np.array([row(m["closing"]) for m in models], np.float32),
        )


@cache
def weights(features: tuple[str, ...]) -> Weights:
    """Weights that come with the package, read once, for features by name in their order."""
    raw = json.loads((resources.files(__package__) / "data" / "weights.json").read_text("utf-8"))
    return Weights.of(raw, features)


def label_units(
    features: Table,
    traits: NDArray[np.int16],
    offsets: NDArray[np.int64],
    model: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """The label of every unit: of the best path, but lines beside the article of a page must be body clearly.

    Args:
        features: What the model weighs.
        traits: int16[ROWS, U], as :func:`dedup.boilerplate.features.observe` gives them.
        offsets: int64[n+1], units of each document.
        model: uint8[n], index into ``MODELS``.

    Returns:
        uint8[U], indices into ``LABELS``.
    """
    learned = weights(features.names)
    count = steps(offsets)
    scores = np.zeros((traits.shape[1], len(LABELS)), np.float32)
    loops = kernels.get()
    loops.weigh(
        *(traits, features.first, features.trait, features.low, features.high),
        *(np.repeat(model, count), learned.votes),
        *(np.empty(BLOCK, np.uint8), scores),
    )

    def best(scores: NDArray[np.float32], offsets: NDArray[np.int64], model: NDArray[np.uint8]) -> Labels:
        found = np.zeros(len(scores), np.uint8)
        back = np.zeros(scores.shape, np.int8)
        loops.best_paths(
            scores, offsets, model, learned.transition, learned.opening, learned.closing, back, found
        )
        return found

    page = model == MODELS.index("page")
    rows = np.flatnonzero(page.repeat(count))
    strict = scores[rows]
    strict[traits[PLACE, rows] != INSIDE, BODY] -= CLEARLY
    labels = best(scores, offsets, model)
    clearly = best(strict, running(count[page]), model[page])
    # prose among such lines would go with them: 2.44 % of articles in other pages were lost, for 2.28
    yields = (labels[rows] <= TITLE) & (clearly > TITLE) & (traits[PROSE, rows] == 0)
    labels[rows[yields]] = clearly[yields]
    return labels
