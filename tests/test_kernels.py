from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.kernels import reference

if TYPE_CHECKING:
    from pathlib import Path

counts = st.lists(st.integers(0, 25), max_size=5)


def offsets_of(sizes: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def run(name: str, *arguments: np.ndarray, outputs: list[np.ndarray]) -> None:
    expected = [np.zeros_like(o) for o in outputs]
    getattr(kernels.warm(), name)(*arguments, *outputs)
    getattr(reference, name)(*arguments, *expected)
    for ours, theirs in zip(outputs, expected, strict=True):
        assert np.array_equal(ours, theirs)


def check_winnow(shingles: np.ndarray, offsets: np.ndarray, windows: np.ndarray) -> None:
    def picked(by: object) -> list[list[int]]:
        outputs = np.zeros_like(offsets), np.zeros_like(shingles), np.zeros(len(shingles), np.uint32)
        by.winnow(shingles, offsets, windows, *outputs)  # type: ignore[attr-defined]
        return [outputs[0].tolist(), *(o[: outputs[0][-1]].tolist() for o in outputs[1:])]

    assert picked(kernels.warm()) == picked(reference)


@pytest.mark.parametrize("window", [1, 8, 9, 512])
def test_winnowing_a_long_document(window: int) -> None:
    # a kernel works through stretches; equal hashes, and equal fingerprints of different ones, at their seams
    rng = np.random.default_rng(window)
    shingles = rng.choice(rng.integers(0, 1 << 64, 50, np.uint64), 9000) ^ rng.integers(0, 2, 9000, np.uint64)
    check_winnow(shingles, np.array([0, 9000]), np.array([window]))


@given(counts, st.integers(1, 12), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_sketch_kernels_equal_reference(sizes: list[int], size: int, random: object) -> None:
    word_offsets = offsets_of(sizes)
    total = int(word_offsets[-1])
    n = len(sizes)
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    words = rng.choice(rng.integers(0, 1 << 64, 6, np.uint64), total)
    content = np.zeros((n, 2), np.uint64)
    run("content", words, word_offsets, outputs=[content])

    offsets = offsets_of([max(s - size + 1, min(s, 1)) for s in sizes])
    shingles = np.zeros(offsets[-1], np.uint64)
    run("roll", words, word_offsets, np.full(n, size), offsets, outputs=[shingles])

    check_winnow(shingles, offsets, np.full(n, size))

    a, b = (rng.integers(0, 1 << 32, 21, np.uint32) for _ in range(2))
    run("minhash", shingles, offsets, a, b, outputs=[np.zeros((n, 21), np.uint32)])


@given(counts, st.integers(0, 30), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_languages_are_counted_like_the_reference(sizes: list[int], sample: int, random: object) -> None:
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    known = np.unique(rng.integers(0, 1 << 64, 20, np.uint64))
    buckets = np.append(np.searchsorted(known, np.arange(8, dtype=np.uint64) << np.uint64(61)), len(known))
    words = rng.choice(np.append(known, rng.integers(0, 1 << 64, 5, np.uint64)), sum(sizes))
    table = known, buckets.astype(np.int64), rng.integers(0, 1 << 64, len(known), np.uint64)
    run(
        "count_languages",
        *(words, offsets_of(sizes), *table, sample),
        outputs=[np.zeros((len(sizes), 64), np.uint32)],
    )


@given(st.text(max_size=80), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=9))
@settings(deadline=None)
def test_characters_are_counted_like_the_reference(text: str, spans: list[tuple[int, int]]) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    bounds = np.minimum(np.sort(np.array(spans, np.int64).reshape(-1, 2)), len(data))
    start, stop = np.ascontiguousarray(bounds.T)
    run("count_characters", data, start, stop, outputs=[np.zeros(len(bounds), np.int64)])


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4), st.data())
@settings(deadline=None)
def test_places_are_turned_into_characters_like_by_the_reference(
    texts: list[str], data: st.DataObject
) -> None:
    offsets = offsets_of([len(text.encode()) for text in texts])
    document = np.array(data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9)), np.int64)
    drawn = [[data.draw(st.integers(0, len(texts[d]))) for _ in range(2)] for d in document]
    starts = [[len(texts[d][:at].encode()) for at in row] for d, row in zip(document, drawn, strict=True)]
    places = np.array(starts, np.uint32).reshape(-1, 2)
    raw = np.frombuffer("".join(texts).encode(), np.uint8)
    scratch, characters = np.zeros(400, np.uint32), np.zeros(places.shape, np.int64)
    kernels.warm().places_in_characters(raw, offsets, document, places, scratch, characters)
    assert characters.tolist() == drawn
    run("places_in_characters", raw, offsets, document, places, scratch, outputs=[characters])


def python(code: str, **environment: str) -> str:
    environment = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_first_small_text_does_not_wait_for_the_compiler(tmp_path: Path) -> None:
    code = (
        "import sys, pyarrow as pa; from dedup import kernels; from dedup.tokens import tokenize;"
        "tokenize(pa.array(['some words'])); print(kernels.is_warm(), 'numba' in sys.modules)"
    )
    assert python(code, NUMBA_CACHE_DIR=str(tmp_path)) == "False False"


def test_no_other_module_is_loaded_for_a_name() -> None:
    kernels.warm()
    code = (
        "import sys; from dedup import kernels; kernels.warm().pack_spans;"
        "print(*(pair[0] for pair in kernels.MODULES if f'dedup.kernels.{pair[0]}' in sys.modules))"
    )
    assert python(code) == "packing"


def test_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def warm() -> None:
        asked.append(True)
        kernels._compiled = True

    monkeypatch.setattr(kernels, "_compiled", False)
    monkeypatch.setattr(kernels, "_seen", 0)
    monkeypatch.setattr(kernels, "_was_warm", lambda: False)
    monkeypatch.setattr(kernels, "warm", warm)
    assert kernels.get(1000).tokenize is reference.tokenize
    assert kernels.get(kernels.THRESHOLD).tokenize is not reference.tokenize
    assert asked == [True]


def test_marker_follows_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    assert not kernels.is_warm()
    kernels._leave_marker()
    assert kernels.is_warm()


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
    kernels._leave_marker()
    assert not kernels.is_warm()


def test_a_cache_that_cannot_be_looked_into_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "x" * 300)  # fails for root, too, as /root does for others
    assert not kernels.is_warm()
    kernels._leave_marker()
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "~nobody of this name/.cache")
    assert kernels._cache_folders()


def test_both_sides_have_the_same_functions() -> None:
    from importlib import import_module

    for compiled, plain in kernels.MODULES:
        names = set(import_module(f"dedup.kernels.{compiled}").__all__)
        assert names <= set(import_module(f"dedup.kernels.{plain}").__all__)
