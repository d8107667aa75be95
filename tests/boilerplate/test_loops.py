"""The compiled loops and their references give the same arrays."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.boilerplate import strip
from dedup.boilerplate.lexicon import lexicon, tokenize_phrases
from dedup.boilerplate.units import Seen, find_phrases, measure, units_of
from dedup.kernels import blocks, reference_blocks, reference_features
from dedup.tokens import Tokens, tokenize

PIECES = [
    *"aBzß1２９éÉİı'’-–—“”«»\"「」()（）[].,;:!?…。！？؟/|•·›→@#©=&*_\n\t  ",
    *"ĂăŐőŹźŽΆάΑαЖжѠѡḀḁＡａ中かआ😀×÷\u00a0\u2028\u200b",
    "word ",
    "Word ",
    "AFP",
    "dpa-AFX ",
    "Agence France-Presse",
    '"Photo: dpa" ',
    " (AFP) — ",
    "2024-01-31 ",
    "1999 ",
    "Sign up for our newsletter",
    "Photo: ",
    "3 hours ago",
    "...",
    "\n\n",
]
PHRASES = [
    "the",
    "The",
    "d’Année",
    "U.S.",
    "写真提供",
    "12",
    "345",
    "006,5",
    "|",
    "–",
    "a",
    "S.",
    "&copy;",
    "3万",
    "'s",
    "",
]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=50).map("".join)


def batch_of(documents: list[str]) -> pa.RecordBatch:
    clean = [text.encode(errors="ignore").decode() for text in documents]
    return pa.record_batch({"text": pa.array(clean, pa.large_string())})


def everything(batch: pa.RecordBatch, tokens: Tokens) -> list[list[object]]:
    stripped = strip(tokens, batch)
    seen = Seen.of(tokens, batch.column("text"))
    cut = np.ones(len(tokens.block_start), np.bool_)
    units = units_of(seen, cut, np.zeros(0, np.int64))
    measures = measure(seen, units, find_phrases(seen))
    parts = (stripped, seen.surface, units, measures)
    return [getattr(part, name).tolist() for part in parts for name in type(part).__slots__]


@given(st.lists(texts, max_size=4))
@settings(max_examples=150, deadline=None)
def test_compiled_equals_reference(documents: list[str]) -> None:
    batch = batch_of(documents)
    compiled = kernels.warm()
    tokens = tokenize(batch.column("text"))
    outcomes = []
    reference = SimpleNamespace(**vars(reference_features) | vars(reference_blocks))
    for namespace in (compiled, reference):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernels, "get", lambda nbytes=0, chosen=namespace: chosen)
            outcomes.append(everything(batch, tokens))
    assert outcomes[0] == outcomes[1]


def test_best_path_is_the_best() -> None:
    chance = np.random.default_rng(1)
    edges = (2, 8, 8), (2, 8), (2, 8)
    transition, opening, closing = (chance.normal(size=s).astype(np.float32) for s in edges)
    scores = chance.normal(size=(5, 8)).astype(np.float32)
    offsets, model = np.array([0, 0, 5, 5], np.int64), np.array([0, 1, 0], np.uint8)
    paths = np.stack(np.meshgrid(*[np.arange(8)] * 5), axis=-1).reshape(-1, 5)
    value = opening[1, paths[:, 0]] + closing[1, paths[:, -1]] + scores[np.arange(5), paths].sum(axis=1)
    value += transition[1, paths[:, :-1], paths[:, 1:]].sum(axis=1)
    for loops in (blocks, reference_blocks):
        label, back = np.zeros(5, np.uint8), np.zeros((5, 8), np.int8)
        loops.best_paths(scores.copy(), offsets, model, transition, opening, closing, back, label)
        assert label.tolist() == paths[value.argmax()].tolist()


def test_lexicon_is_well_formed() -> None:
    words = lexicon()
    assert len(words.kind) > 3000
    assert np.count_nonzero(words.keys) == len(words.terminal) - 1
    assert len(words.agencies) > 60


@given(st.lists(st.lists(st.sampled_from(PHRASES), max_size=6).map(" ".join), max_size=5))
@settings(max_examples=100, deadline=None)
def test_phrases_have_the_tokens_of_texts(phrases: list[str]) -> None:
    tokens = tokenize(pa.array(phrases, pa.string()))
    hashes, offsets = tokenize_phrases(phrases)
    assert hashes.tolist() == tokens.hash.tolist()
    assert offsets.tolist() == tokens.offsets.tolist()
