from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.edges import Edges
from dedup.passages import place_runs
from dedup.texts import CUT
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from dedup.result import Result


def test_passages_cut_from_the_raw_texts_match(corpus: Result) -> None:
    texts = dict(zip(*(corpus.documents.column(name).to_pylist() for name in ("id", "text")), strict=True))
    pairs = [
        (texts[r.a][p.a_start : p.a_end], texts[r.b][p.b_start : p.b_end])
        for r in corpus.relations
        for p in r.passages
    ]
    assert len(pairs) > 100
    one, two = (tokenize(pa.array(side, pa.large_string())) for side in zip(*pairs, strict=True))
    assert np.array_equal(one.offsets, two.offsets)
    assert np.array_equal(one.hash, two.hash)
    assert (np.diff(one.offsets) > 0).all()
    for cut in (text for pair in pairs for text in pair):
        assert cut == cut.strip()


def test_passages_are_in_order_and_apart(corpus: Result) -> None:
    for relation in corpus.relations:
        spans = [(p.a_start, p.a_end) for p in relation.passages]
        assert spans == sorted(spans), (relation.a, relation.b)
        for side in (spans, sorted((p.b_start, p.b_end) for p in relation.passages)):
            ends = [end for _, end in side]
            assert all(start >= end for (start, _), end in zip(side[1:], ends, strict=False))


def test_every_relation_but_an_empty_one_has_passages(corpus: Result) -> None:
    for relation in corpus.relations:
        assert relation.passages or (relation.relation == "exact" and not relation.shared_words)


def test_runs_are_cut_where_something_was_stripped() -> None:
    def column(*values: int) -> np.ndarray:
        return np.array(values, np.int64)

    ones = np.ones(2)
    edges = Edges(
        column(0, 0),
        column(1, 2),
        np.zeros(2, np.uint8),
        ones,
        ones,
        column(5, 3),
        column(5, 3),
        column(5, 3),
        column(0, 2),
        column(2, 3),
        np.array([[5, 0, 1], [0, 1, 4], [2, 0, 3]], np.int32),
    )
    # document 0 lost a token after its first three, document 1 one after its first two
    raw = np.concatenate([column(0, 1, 2, 4, 5, 6), column(0, 1, 3, 4, 5), column(0, 1, 2)])
    flags = np.zeros(len(raw), np.uint8)
    flags[[3, 8]] = CUT
    found = place_runs(edges, column(0, 6, 11), flags, np.stack([raw, raw + 1], axis=1))
    assert found.offsets.tolist() == [0, 4, 6]
    assert found.spans.tolist() == [
        *([6, 7, 0, 1], [0, 1, 1, 2], [1, 3, 3, 5], [4, 5, 5, 6]),
        *([2, 3, 0, 1], [4, 6, 1, 3]),
    ]
