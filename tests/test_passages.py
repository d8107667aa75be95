from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.edges import Edges
from dedup.passages import Originals, locate, place_runs
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


def test_places_of_a_few_edges_cost_nothing_for_the_other_documents(corpus: Result) -> None:
    edges, texts = corpus._judged.relations.take(slice(0, 2)), corpus._judged.texts
    prepared, column = corpus._prepared, corpus.documents.column("text")
    more = 1 << 20
    originals = Originals(
        pa.chunked_array([*column.chunks, pa.array([""] * more, column.type)]),
        np.concatenate([corpus._judged.order, np.arange(len(column), len(column) + more)]),
        np.concatenate([prepared.raw_offsets, np.full(more, prepared.raw_offsets[-1])]),
        prepared.body,
    )
    tracemalloc.start()
    found = locate(originals, edges, texts, corpus.settings)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < more
    assert found.spans.tolist() == corpus._places(edges).spans.tolist()
