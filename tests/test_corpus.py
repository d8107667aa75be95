"""The generator of benchmarks/corpus.py: reproducible, and its truth holds in the text."""

import re

import corpus
import pytest


def make(n=800, seed=5, **params):
    records, truth = [], []
    for some, said in corpus.generate(n, seed, content_words=4000, **params):
        records += some
        truth += said
    return records, truth


def grams(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


@pytest.fixture(scope="module")
def made():
    records, truth = make()
    return records, truth, [grams(r["text"]) for r in records]


def test_same_seed_same_corpus():
    assert make(60, 1) == make(60, 1)
    assert make(60, 1)[0] != make(60, 2)[0]


@pytest.mark.parametrize("n", [1, 2, 3, 10, 4097])
def test_any_number_of_articles(n):
    records, truth = make(n, mean_words=60)
    assert [r["id"] for r in records] == [t["id"] for t in truth] == [f"a{i:08d}" for i in range(n)]
    assert all(r["text"] and r["title"] for r in records)


def test_shares(made):
    _, truth, _ = made
    families = {t["story"] for t in truth} - {None}
    assert sum(t["story"] is not None for t in truth) / len(truth) == pytest.approx(0.5, abs=0.02)
    assert {t["kind"] for t in truth} >= {"original", "version", "single", "quoting", "lift", "template"}
    assert all(sum(t["story"] == f for t in truth) > 1 for f in families)


def test_versions_take_over_most_of_the_shorter_body(made):
    _, truth, shared = made
    original = {t["story"]: i for i, t in enumerate(truth) if t["kind"] == "original"}
    versions = [i for i, t in enumerate(truth) if t["kind"] == "version"]
    assert min(truth[i]["coverage"] for i in versions) >= 0.5
    for i in versions:
        whole = shared[original[truth[i]["story"]]]
        # Furniture and copy-editing take their part of the 5-grams; what is copied stays plain.
        assert len(shared[i] & whole) / min(len(shared[i]), len(whole)) > 0.2


def test_undeclared_pairs_share_furniture_only(made):
    _, truth, shared = made
    for i in range(0, len(truth), 7):
        for j in range(i + 1, len(truth), 11):
            if corpus.expected_relation(truth[i], truth[j]) == "none":
                common = shared[i] & shared[j]
                assert len(common) < 75, (truth[i], truth[j])


def test_shared_quotations_are_in_both_texts(made):
    _, truth, shared = made
    pairs = [
        (i, j)
        for i, a in enumerate(truth)
        for j, b in enumerate(truth[:i])
        if corpus.expected_relation(a, b) == "quote"
    ]
    assert pairs
    for i, j in pairs:
        if truth[i]["kind"] == truth[j]["kind"] == "quoting":
            assert len(shared[i] & shared[j]) >= 11
