"""The best labels of the units of a page, on weights made for this test."""

from __future__ import annotations

import numpy as np
import pytest

from dedup.boilerplate import model
from dedup.boilerplate.conditions import ALWAYS, Table
from dedup.boilerplate.model import BODY, LABELS, MODELS, Weights, label_units
from dedup.kernels.traits import BELOW, INSIDE, PLACE, PROSE, ROWS

NAV = LABELS.index("nav")


@pytest.mark.parametrize("lead", [0.1, 0.2, 0.3])
def test_a_line_of_a_page_must_be_body_clearly(lead: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the stretch of sentences, and unless it is prose; in other text any lead will do."""
    kinds, sets = len(LABELS), len(MODELS)
    votes = np.full((sets, 1, kinds), -9, np.float32)
    votes[:, :, [BODY, NAV]] = lead, 0
    edges = np.zeros((sets, kinds), np.float32)
    made = Weights(votes, np.zeros((sets, kinds, kinds), np.float32), edges, edges)
    monkeypatch.setattr(model, "weights", lambda names: made)

    traits = np.zeros((ROWS, 6), np.int16)
    traits[PLACE] = [BELOW, INSIDE, BELOW] * 2
    traits[PROSE] = [0, 0, 1] * 2
    which = np.array([MODELS.index("page"), MODELS.index("article")], np.uint8)
    found = label_units(Table.of([("always", ALWAYS)]), traits, np.array([0, 3, 6], np.int64), which)
    line = NAV if lead < model.CLEARLY else BODY
    assert found.tolist() == [line, BODY, BODY, BODY, BODY, BODY]
