"""The switches of benchmarks/layers.py: each does something, and leaves everything as it was."""

import json
from pathlib import Path

import pytest
from layers import LAYERS, only, strip_together

SEEDS = Path(__file__).resolve().parent.parent / "seeds"


@pytest.fixture(scope="module")
def articles():
    """The articles of the project's own corpus, as one source's that has a line of its own in each."""
    lines = [x for path in sorted(SEEDS.glob("*.jsonl")) for x in path.read_text("utf-8").splitlines()]
    records = [{**json.loads(line), "source": "one.example"} for line in lines]
    for record in records:
        record["text"] = record["text"].replace("\n\n", "\n\nWhat the harbour knows\n\n", 1)
    return records


@pytest.fixture(scope="module")
def usual(articles):
    """What is taken out of them."""
    return strip_together(articles)


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_takes_something_out(layer, articles, usual):
    with only(set(LAYERS) - {layer}):
        assert strip_together(articles) != usual


def test_without_layers_nothing_is_taken_out(articles):
    with only(()):
        assert not any(strip_together(articles).values())


def test_all_layers_are_what_there_was_before(articles, usual):
    with only(LAYERS):
        assert strip_together(articles) == usual
    assert strip_together(articles) == usual
