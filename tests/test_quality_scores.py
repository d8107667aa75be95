"""The scores of benchmarks/quality.py on answers small enough to count by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import (
    Counts,
    Label,
    below_floor,
    cluster_counts,
    confusion,
    cross_validate,
    false_merges,
    family_counts,
    folds,
    fuller_first,
    groups,
    is_wrong,
    partition_recall,
    reuse_counts,
    strip_scores,
)

LABELS = [
    Label("a", "b", "same"),
    Label("c", "b", "version"),  # ids in the other order
    Label("a", "d", "version", roundup=True),
    Label("a", "e", "partial"),
    Label("a", "f", "quote"),
    Label("a", "g", "unrelated"),
]
KINDS = {("a", "b"): "near", ("b", "c"): "partial", ("a", "e"): "version", ("a", "f"): "quote"}


def test_family_counts_exact_near_and_version_only():
    counts = family_counts(LABELS, KINDS)
    assert counts == Counts(hit=1, wrong=1, missed=2)
    assert counts.precision == 0.5
    assert counts.recall == pytest.approx(1 / 3)
    assert counts.f1 == pytest.approx(0.4)


def test_reuse_counts_partial_too():
    assert reuse_counts(LABELS, KINDS) == Counts(hit=3, wrong=0, missed=1)


def test_nothing_said_and_nothing_there_is_perfect():
    assert Counts().f1 == 1.0
    assert Counts(missed=3).f1 == 0.0


def test_the_fuller_version_comes_first():
    labels = [
        Label(*pair, "version", fuller=side) for pair, side in (("ab", "A"), ("bc", "A"), ("ac", "equal"))
    ]
    labels += [Label("a", "d", "version", fuller="A"), Label("a", "b", "version", roundup=True, fuller="B")]
    found = fuller_first(labels, {"a": 1, "b": 1, "c": 1, "d": None}, {"a": 0, "b": 2, "c": 1, "d": 3})
    assert found == Counts(hit=1, wrong=1)


def test_partition_recall_leaves_roundups_out():
    assert partition_recall(LABELS, {"a": 1, "b": 1, "c": 2, "d": 3}) == 0.5
    assert partition_recall(LABELS, {}) == 0.0
    assert partition_recall([], {}) == 1.0


def test_false_merges_counts_what_must_stay_apart():
    assert false_merges(LABELS, {"a": 1, "e": 1, "f": 1, "g": None}) == 0.5  # partial pairs don't count
    assert false_merges(LABELS, {"a": None, "f": None, "g": None}) == 0.0


def test_confusion_and_wrong_pairs():
    table = confusion(LABELS, KINDS)
    assert table["version", "partial"] == 1
    assert table["unrelated", "none"] == 1
    assert sum(table.values()) == len(LABELS)
    assert not is_wrong(LABELS[0], "exact")
    assert is_wrong(LABELS[3], "version")
    assert is_wrong(LABELS[3], "quote")
    assert not is_wrong(LABELS[4], "none")


def test_groups_are_components():
    assert groups("abcd", [("a", "b"), ("c", "b")]) == {"a": "a", "b": "a", "c": "a", "d": "d"}


def test_folds_keep_groups_whole():
    labels = [Label(f"x{i}", f"x{i + 1}", "version") for i in range(10)] + [Label("y", "z", "quote")]
    parts = folds(labels, 3)
    assert sorted(map(len, parts)) == [0, 1, 10]


def test_cross_validation_scores_what_it_did_not_choose_on():
    labels = [Label(f"{i}a", f"{i}b", "same") for i in range(6)]
    chosen, held_out = cross_validate(labels, [0.2, 0.8], lambda option, part: option * len(part), 3)
    assert chosen == [0.8] * 3
    assert held_out == pytest.approx([1.6] * 3)


def test_strip_scores_count_characters_but_no_white_space():
    text = "Sign up now\nThe body stays\n\nHeadline"
    labels = ["appeal", "body", "empty", "title"]
    scores = strip_scores([(text, labels, [(0, 7), (12, 15), (28, 36)])])
    assert scores.kinds["appeal"] == (6, 9)
    assert scores.counts == Counts(hit=6, wrong=3, missed=3)
    assert scores.body_loss == pytest.approx(3 / 12)
    assert scores.kind_recall("appeal") == pytest.approx(2 / 3)
    assert scores.kind_recall("caption") == 1.0


def test_strip_scores_refuse_labels_of_another_text():
    with pytest.raises(ValueError, match="2 lines, 1 labels"):
        strip_scores([("a\nb", ["body"], [])])


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.one_of(st.none(), st.integers(0, 3))),
    st.dictionaries(st.sampled_from("abcdefgh"), st.one_of(st.none(), st.integers(0, 3))),
)
def test_cluster_counts_are_those_of_all_pairs(found, true):
    ids = sorted(true)
    hit = wrong = missed = 0
    for i, a in enumerate(ids):
        for b in ids[i + 1 :]:
            said = found.get(a) is not None and found.get(a) == found.get(b)
            real = true[a] is not None and true[a] == true[b]
            hit, wrong, missed = (
                hit + (said and real),
                wrong + (said and not real),
                missed + (real and not said),
            )
    assert cluster_counts(found, true) == Counts(hit, wrong, missed)


def test_floor_names_what_fell():
    floor = {"min": {"h.family_f1": 0.9, "h.reuse_f1": 0.9}, "max": {"h.false_merges": 0.02, "h.gone": 0.1}}
    problems = below_floor({"h.family_f1": 0.95, "h.reuse_f1": 0.85, "h.false_merges": 0.01}, floor)
    assert [p.split(":")[0] for p in problems] == ["h.reuse_f1", "h.gone"]
