"""Where units end, and what is measured of that."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dedup.boilerplate.units import Seen, find_phrases, measure, sentence_starts, units_of
from dedup.kernels import signs
from dedup.tokens import tokenize


@pytest.mark.parametrize(
    ("documents", "stops"),
    [
        (["The fort was …\nThe ferry had ...\nThe council has [...]"], [False, False, False]),
        (["The fort was …\nRead on\nThe ferry had ..."], [False, False, False]),
        (["The fort was …\nRead on\nRead on\nThe ferry had ..."], [True, False, False, True]),
        (["The fort was …", "The ferry had ..."], [True, True]),
        (["The fort fell.\nThe ferry had ..\nThe council has…"], [True, True, True]),
    ],
)
def test_texts_cut_off_in_a_row_end_no_sentences(documents: list[str], stops: list[bool]) -> None:
    texts = pa.array(documents, pa.large_string())
    tokens = tokenize(texts)
    seen = Seen.of(tokens, texts)
    units = units_of(seen, np.zeros(len(tokens.block_start), np.bool_), np.zeros(0, np.int64))
    found = measure(seen, units, find_phrases(seen)).gap_after & signs.STOP != 0
    assert found.tolist() == stops


def sentence_count(text: str) -> int:
    column = pa.array([text], pa.large_string())
    tokens = tokenize(column)
    return len(sentence_starts(Seen.of(tokens, column)))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Kräne werden verkauft, z. B. Modelle aus Holm. Der Rat tagt.", 2),
        ("Cranes will be sold, e.g. Holman models, i.e. Berg ones. The council meets.", 2),
    ],
)
def test_an_example_ends_no_sentence(text: str, count: int) -> None:
    assert sentence_count(text) == count


def test_a_dateline_in_brackets_ends_no_sentence() -> None:
    column = pa.array(
        ["Almiruela, 2 mar (EFE).- El Gobierno cede. Los puertos (dos). Y más."], pa.large_string()
    )
    tokens = tokenize(column)
    assert len(sentence_starts(Seen.of(tokens, column))) == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the ferry left at noon. it sank off calvessa. nobody was hurt.", 3),
        ("the chair, john f. berg, spoke. the council agreed.", 2),
        ("The ferry left at noon. it sank off Calvessa. nobody was hurt.", 1),
    ],
)
def test_sentences_of_a_text_without_capitals_begin_with_small_letters(text: str, count: int) -> None:
    assert sentence_count(text) == count
