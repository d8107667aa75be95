"""The model: weighs the features of every unit and takes the best sequence of labels.

A linear-chain conditional random field (Lafferty, McCallum and Pereira, 2001): each feature votes for each label, each
pair of neighbouring labels has a score, and the best path through a document wins (Viterbi). The weights are data,
``data/weights.json``, by name; ``benchmarks/train_boilerplate.py`` makes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from dedup import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BODY", "LABELS", "TITLE", "Weights", "label", "weights"]

LABELS = ("body", "title", "appeal", "caption", "credit", "nav", "widget", "meta")
"""What a unit can be; the order breaks ties."""
BODY, TITLE = 0, 1


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything the model has learned.

    Attributes:
        version: Of the features and the training.
        features: Names of the features, in the order of ``votes``.
        votes: float32[F, K], weight of each feature for each label.
        transition: float32[K, K], from a label to the next one.
        opening: float32[K], of a document's first label.
        closing: float32[K], of its last.
    """

    version: int
    features: tuple[str, ...]
    votes: NDArray[np.float32]
    transition: NDArray[np.float32]
    opening: NDArray[np.float32]
    closing: NDArray[np.float32]


@cache
def weights(features: tuple[str, ...]) -> Weights:
    """The weights that come with the package for these features, read once; a feature it does not know weighs nothing.

    Args:
        features: Names, in the order of the columns of the feature matrix.
    """
    raw = json.loads((resources.files(__package__) / "data" / "weights.json").read_text("utf-8"))

    def row(named: dict[str, float]) -> list[float]:
        return [named.get(name, 0.0) for name in LABELS]

    return Weights(
        version=raw["version"],
        features=features,
        votes=np.array([row(raw["features"].get(name, {})) for name in features], np.float32),
        transition=np.array([row(raw["transition"][name]) for name in LABELS], np.float32),
        opening=np.array(row(raw["opening"]), np.float32),
        closing=np.array(row(raw["closing"]), np.float32),
    )


def label(features: NDArray[np.float32], offsets: NDArray[np.int64], model: Weights) -> NDArray[np.uint8]:
    """The label of every unit.

    Args:
        features: float32[U, F], as :func:`dedup.boilerplate.features.feature_matrix` gives them.
        offsets: int64[n+1], units of each document.
        model: The weights.

    Returns:
        uint8[U], indices into ``LABELS``.
    """
    scores = np.ascontiguousarray(features @ model.votes)
    labels = np.zeros(len(scores), np.uint8)
    back = np.zeros(scores.shape, np.int8)
    kernels.get().best_paths(scores, offsets, model.transition, model.opening, model.closing, back, labels)
    return labels
