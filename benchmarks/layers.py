"""The layers of the strip stage, each to be switched off from outside: the library has no switch for them.

A layer is off while the functions that make it find nothing. The weights stay as they are, learned with all
layers on, so a layer's absence costs somewhat more here than if the rest had been trained without it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from dedup import pipeline
from dedup.boilerplate import clean_texts, features, relabelling, stripping
from dedup.boilerplate.lexicon import AGENCY
from dedup.boilerplate.model import BODY
from dedup.boilerplate.recurring import Recurring
from dedup.boilerplate.spans import Spans
from dedup.engines import local
from dedup.ingestion.intake import batch_of
from dedup.model import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedup.boilerplate.units import Measures

__all__ = ["LAYERS", "only", "strip_together"]

LAYERS = ("repeats", "layout and sequence", "cues", "inside blocks", "recurring")
"""In the order in which the ablation switches them on."""

find_measures = stripping.measure


def no_cues(*given: Any) -> Measures:
    """Measures of units in which no phrase of the lexicon stands; names of agencies do."""
    found = find_measures(*given)
    found.cues[:, :AGENCY] = 0
    found.covered[:, :AGENCY] = 0
    return found


def nothing_recurs(table: Any) -> Recurring:
    """No block recurs."""
    return Recurring(np.zeros(0, np.uint64), np.zeros(0, np.uint8))


OFF: dict[str, list[tuple[Any, str, Callable[..., Any]]]] = {
    "repeats": [
        (features, "_mark_twins", lambda *_: None),
        (stripping, "_equal_titles", lambda batch, units, whole: np.zeros(len(units), np.bool_)),
    ],
    "layout and sequence": [
        (stripping, "label_units", lambda names, found, *_: np.full(found.shape[1], BODY, np.uint8)),
    ],
    "cues": [(stripping, "measure", no_cues)],
    "inside blocks": [
        (stripping, "inner_spans", lambda *_: Spans.of_rows([])),
        (stripping, "dated_openings", lambda *_: np.zeros(0, np.int64)),
        (stripping, "suspects", lambda tokens, *_: np.zeros(len(tokens.block_start), np.bool_)),
        (stripping, "unbroken", lambda tokens: np.zeros(len(tokens.block_start), np.bool_)),
    ],
    "recurring": [(module, "find_recurring", nothing_recurs) for module in (local, pipeline)],
}
"""By layer, what stands for the functions that make it: module, name, function that finds nothing."""

RULES: dict[str, set[Callable[..., None]]] = {
    "layout and sequence": {
        relabelling.stamps,
        relabelling.captions_by_form,
        relabelling.comments,
        relabelling.links,
    },
    "cues": {relabelling.announced, relabelling.captions_by_credit, relabelling.listed},
}
"""By layer, the rules that are of it."""


@contextlib.contextmanager
def only(layers: Iterable[str]) -> Iterator[None]:
    """Strip with these layers, inside a ``with``."""
    wanted = set(layers)
    off = set().union(*(rules for layer, rules in RULES.items() if layer not in wanted))
    kept = tuple(rule for rule in relabelling.RULES if rule not in off)
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(relabelling, "RULES", kept))
        for layer in LAYERS:
            if layer not in wanted:
                for module, name, stand_in in OFF[layer]:
                    stack.enter_context(patch.object(module, name, stand_in))
        yield


def strip_together(records: list[dict[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    """Removed spans of articles as one corpus, by id, as ``dedup clean`` has them."""
    batch = batch_of([Document.from_record(r) for r in records])
    recurring = pipeline.learn([batch])
    cleaned = zip(batch.column("id").to_pylist(), clean_texts(batch, recurring), strict=True)
    return {name: [(span.start, span.end) for span in clean.removed] for name, clean in cleaned}
