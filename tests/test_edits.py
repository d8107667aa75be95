"""dedup.edits: lossless, readable, bounded."""

from __future__ import annotations

import json
import random
import string
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.edits import Diff, Operation, Row, diff
from dedup.edits.rendering import facing
from dedup.errors import DiffError, InputError
from dedup.kernels.constants import MAX_CELLS

# Few letters, many line ends and odd characters, so that the parts of two drawn texts resemble each other.
ALPHABET = [
    *'aAb.,“"-0',
    " ",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\x00",
    "\x1c",
    "\x85",
    "\u2028",
    "\u3000",
    "\u0301",
    "é",
    "İ",
    "ß",
    "か",
    "。",
    "😀",
]
WORDS = ["the", "The", "council", "voted", "on", "Monday", "night", "said", "budget", "1,234", "it’s"]
odd = st.lists(st.sampled_from(ALPHABET), max_size=60).map("".join)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
prose = st.lists(st.sampled_from([*WORDS, ".", ",", " ", " ", " ", ". ", "\n", "\n\n"]), max_size=80).map(
    "".join
)
texts = st.one_of(odd, anything, prose)


def sentence(rng: random.Random, words: int = 12) -> str:
    made = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9))) for _ in range(words)]
    return " ".join(made).capitalize() + "."


def paragraphs(rng: random.Random, count: int) -> list[str]:
    return [" ".join(sentence(rng) for _ in range(rng.randint(1, 3))) for _ in range(count)]


def flat(operations: tuple[Operation, ...]) -> list[Operation]:
    return [inner for item in operations for inner in (item.edits or (item,))]


@given(texts, texts)
def test_apply_makes_the_other_text(a, b):
    assert diff(a, b).apply(a) == b


@given(st.lists(prose, max_size=6), st.randoms(use_true_random=False))
def test_apply_makes_the_other_text_after_shuffling(parts, rng):
    shuffled = [part.replace("on", "at") if rng.random() < 0.3 else part for part in parts]
    rng.shuffle(shuffled)
    a, b = "\n".join(parts), "\n".join(shuffled)
    assert diff(a, b).apply(a) == b


@given(texts, texts)
def test_ranges_cover_the_base_once(a, b):
    operations = diff(a, b).operations
    ranges = sorted((item.start, item.end) for item in operations if item.op != "insert")
    assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])][: len(ranges)]
    assert (ranges[-1][1] if ranges else 0) == len(a)
    in_place = [item.start for item in operations if item.op != "move"]
    assert in_place == sorted(in_place)
    for move in operations:
        for before, after in pairwise(move.edits):
            assert before.end == after.start
        if move.edits:
            assert (move.edits[0].start, move.edits[-1].end) == (move.start, move.end)


@given(texts, texts)
def test_json_round_trip(a, b):
    made = diff(a, b)
    assert Diff.from_json(json.loads(json.dumps(made.as_json())), a) == made


def test_only_texts_have_a_diff():
    with pytest.raises(InputError, match="a text is NoneType, not a string"):
        diff("some words", None)


@given(texts)
def test_identity_has_no_changes(a):
    made = diff(a, a)
    assert not made.changed
    assert made.unified("a", "b") == made.unified("a", "b", limit=1) == ""
    assert (made.words_added, made.words_dropped, made.words_moved, made.kept_share) == (0, 0, 0, 1.0)


@given(texts, texts, texts)
def test_another_text_is_refused(a, b, other):
    made = diff(a, b)
    if other != a:
        with pytest.raises(DiffError, match="another text"):
            made.apply(other)
        with pytest.raises(DiffError, match="another text"):
            Diff.from_json(made.as_json(), other)


@pytest.mark.parametrize("other", [None, 1, b"a"])
def test_what_is_no_text_is_refused(other):
    with pytest.raises(DiffError, match=f"not to {type(other).__name__}"):
        diff("a", "b").apply(other)


@given(texts, texts)
def test_renderings_take_every_text(a, b):
    made = diff(a, b)
    assert bool(made.unified("a", "b")) == made.changed
    for color in (False, True):
        assert made.unified("a", "b", color=color).count("\x1b") % 2 == 0
    assert "\x00" not in made.unified("a", "b")
    made.html()
    made.html(side_by_side=True)


@given(texts, texts)
def test_statistics_add_up(a, b):
    made = diff(a, b)
    assert 0 <= made.words_moved <= made.words_kept
    assert 0 <= made.kept_share <= 1


def test_statistics_of_each_operation():
    edits = Operation("equal", 18, 24), Operation("replace", 24, 27, "6"), Operation("delete", 27, 33)
    operations = (
        *(Operation("equal", 0, 4), Operation("replace", 4, 7, "2 zwei"), Operation("delete", 7, 13)),
        *(Operation("move", 18, 33, edits=edits), Operation("move", 13, 18)),
    )
    made = Diff(operations, "one two three four five six seven")
    assert (made.words_added, made.words_dropped, made.words_moved, made.words_kept) == (3, 4, 2, 3)


@pytest.mark.parametrize(("text", "words"), [("1,234,567 to 19:30", 3), ("\ufa10\ufa11", 2)])
def test_what_a_word_is(text, words):
    assert diff("", text).words_added == words


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "equal", "a": [0, 4]}],
        [{"op": "equal", "a": [2, 1]}],
        [{"op": "equal"}],
        [{"op": "copy", "a": [0, 3]}],
        [{"op": "insert", "a": [0, 0]}],
        [{"op": "insert", "a": [0, 0], "text": 3}],
        [{"op": "insert", "a": [0, 1], "text": "d"}],
        [{"op": "replace", "a": [0, 3]}],
        [{"op": "delete", "a": [0, 0]}],
        [{"op": "delete", "a": [0, 3], "text": "d"}],
        [{"op": "equal", "a": [0, 3], "edits": [{"op": "equal", "a": [0, 3]}]}],
        [{"op": "move", "a": [0, 2], "edits": [{"op": "equal", "a": [0, 3]}]}],
        [{"op": "move", "a": [1, 3], "edits": [{"op": "equal", "a": [0, 3]}]}],
        [{"op": "equal", "a": ["0", "3"]}],
        [{"op": "equal", "a": [0, 1.5]}, {"op": "delete", "a": [1.5, 3]}],
        [{"op": "copy", "a": [0, 3], "text": "d" * 999}],
        [{"op": "move", "a": [0, 3], "edits": [{"op": "move", "a": [0, 3]}]}],
        ["equal"],
    ],
)
def test_malformed_operations_are_refused(operations):
    with pytest.raises(DiffError, match="not an operation within") as caught:
        Diff.from_json([BASE, *operations], "abc")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [{"op": "equal", "a": [0, 2]}],
        [{"op": "equal", "a": [1, 3]}],
        [{"op": "equal", "a": [0, 1]}, {"op": "equal", "a": [0, 1]}, {"op": "delete", "a": [1, 3]}],
        [{"op": "equal", "a": [0, 2]}, {"op": "move", "a": [1, 3]}],
        [{"op": "equal", "a": [1, 3]}, {"op": "equal", "a": [0, 1]}],
        [{"op": "equal", "a": [0, 3]}, {"op": "insert", "a": [1, 1], "text": "d"}],
        [{"op": "move", "a": [0, 3], "edits": [{"op": "equal", "a": [0, 2]}]}],
        [{"op": "move", "a": [0, 3], "edits": [{"op": "insert", "a": [1, 1], "text": "d"}]}],
    ],
)
def test_operations_cover_the_text_once(operations):
    with pytest.raises(DiffError, match=r"don't cover characters \d to \d of their text once, in order"):
        Diff.from_json([BASE, *operations], "abc")


def test_moved_operations_stand_where_they_will():
    moved = [BASE, {"op": "move", "a": [1, 3], "edits": []}, {"op": "equal", "a": [0, 1]}]
    assert Diff.from_json(moved, "abc").apply("abc") == "bca"


BASE = {"op": "base", "length": 3, "hash": "44bc2cf5ad770999"}


def test_json_says_no_more_than_it_must():
    assert diff("abc", "abc").as_json() == [BASE, {"op": "equal", "a": [0, 3]}]
    written_elsewhere = [BASE, {"op": "equal", "a": [0.0, 3.0]}]
    assert Diff.from_json(written_elsewhere, "abc").apply("abc") == "abc"


@pytest.mark.parametrize(
    "operations",
    [
        [],
        ["base"],
        [{}],
        [{**BASE, "op": "equal"}],
        [{**BASE, "length": 4}],
        [{**BASE, "hash": "0" * 16}],
        None,
    ],
)
def test_operations_start_with_the_text_they_are_of(operations):
    with pytest.raises(DiffError):
        Diff.from_json(operations, "abc")
    with pytest.raises(DiffError, match="not of bytes"):
        Diff.from_json([BASE], b"abc")


@pytest.mark.parametrize("joint", ["\n", "\n\n", "\r\n"])
def test_shuffled_paragraphs_are_moves(joint):
    rng = random.Random(7)
    found = total = 0
    for _ in range(60):
        parts = paragraphs(rng, rng.randint(3, 20))
        shuffled = rng.sample(parts, len(parts))
        a, b = joint.join(parts), joint.join(shuffled)
        made = diff(a, b)
        assert made.apply(a) == b
        kept = "\0".join(
            a[item.start : item.end] for item in flat(made.operations) if item.op in ("equal", "move")
        )
        total += len(parts)
        found += sum(part in kept for part in parts)
    assert found / total >= 0.95


def test_other_line_ends_make_no_lines():
    unix = "The bridge is shut.\nA ferry runs.\nIt is full.\n"
    for a, b, mark in (
        (unix, unix.replace("\n", "\r\n"), "{+¶+}"),
        (unix.replace("\n", "\r\n"), unix, "[-¶-]"),
    ):
        lines = diff(a, b).unified("a", "b").splitlines()[2:]
        assert lines == [f"~{line}{mark}" for line in unix.splitlines()]
    rows = diff("One.\nThree.\n", "One.\nTwo.\r\n\nThree.\n").unified("a", "b", context=9).splitlines()[2:]
    assert [row[1:].split("{")[0] for row in rows] == ["One.", "Two.", "", "Three."]


def test_a_moved_and_edited_paragraph():
    rng = random.Random(3)
    parts = paragraphs(rng, 6)
    long = sentence(rng, 30)
    changed = long.replace(long.split()[10], "replacement")
    a, b = "\n".join([long, *parts]), "\n".join([*parts, changed])
    made = diff(a, b)
    assert made.apply(a) == b
    (move,) = [item for item in made.operations if item.op == "move"]
    assert [item.text for item in move.edits if item.op == "replace"] == ["replacement"]
    assert "moved from paragraph 1" in made.unified("a", "b")
    assert "{+replacement+}" in made.unified("a", "b")


def test_a_split_paragraph_keeps_its_words():
    rng = random.Random(4)
    lines = [sentence(rng) for _ in range(12)]
    made = diff(" ".join(lines), "\n\n".join(lines))
    assert (made.words_added, made.words_dropped, made.words_moved) == (0, 0, 0)
    assert made.words_kept == 12 * 12


def changes(a: str, b: str) -> list[tuple[str, str]]:
    return [(a[item.start : item.end], item.text) for item in diff(a, b).operations if item.op != "equal"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "The council met on Monday to vote.",
            "The council met on Tuesday to vote.",
            [("Monday", "Tuesday")],
        ),
        ("The council met on Monday.", "The council met.", [(" on Monday", "")]),
        ("The council, it said, met.", "The council it said, met.", [(",", "")]),
        ("The Council met here today.", "The council met here today.", [("Council", "council")]),
        (
            "Costs rose to 1,234 euros this year.",
            "Costs rose to 1,300 euros this year.",
            [("1,234", "1,300")],
        ),
        ("It opens at 19:30 tonight.", "It opens at 19:45 tonight.", [("19:30", "19:45")]),
        (
            "Совет Решил Закрыть.",
            "совет решил закрыть.",
            [("Совет", "совет"), ("Решил", "решил"), ("Закрыть", "закрыть")],
        ),
        (
            "大桥明天早上重新开放吗？港口今天关闭了整整一天！没有更多消息。",
            "港口今天关闭了整整一天！大桥明天早上重新开放吗？没有更多消息。",
            [("大桥明天早上重新开放吗？", "")],
        ),
        # a common word between two longer changes is no match worth showing
        (
            "Members stayed late into the evening and agreed at last to build a school for everybody there.",
            "Members stayed late into the evening and refused once more a bridge for everybody there.",
            [("agreed at last to build a school", "refused once more a bridge")],
        ),
        # a full stop stays where the space behind it changes
        (
            "He lives in Bay, Calvessa.\n\nHe said.",
            "He lives in Bay.\nHe said.",
            [(", Calvessa", ""), ("\n", "")],
        ),
        ("“Yes”, he told the council.", '"Yes", he told the council.', [("“", '"'), ("”", '"')]),
    ],
)
def test_small_edits_read_well(old, new, expected):
    assert changes(old, new) == expected


MATTERS = [
    ("Orla", "harbour"),
    ("Bram", "budget"),
    ("Ines", "school"),
    ("Tove", "bridge"),
    ("Karl", "market"),
]


def test_unified_text():
    a = "Headline\nThe council met on Monday to vote.\nNothing else happened then.\nOld ending here.\n"
    b = "Headline\nThe council met on Tuesday to vote.\nNothing else happened then.\nA wholly other close.\n"
    assert diff(a, b).unified("left", "right") == (
        "--- left\n+++ right\n"
        " Headline\n"
        "~The council met on [-Monday-]{+Tuesday+} to vote.\n"
        " Nothing else happened then.\n"
        "-Old ending here.\n"
        "+A wholly other close.\n"
    )


def test_unchanged_lines_are_counted():
    lines = [f"Line number {number} of the text." for number in range(9)]
    edited = [*lines[:4], "Something else altogether.", *lines[5:]]
    shown = diff("\n".join(lines), "\n".join(edited)).unified("a", "b").splitlines()[2:]
    assert shown == [
        "@@ 3 unchanged @@",
        f" {lines[3]}",
        f"-{lines[4]}",
        "+Something else altogether.",
        f" {lines[5]}",
        "@@ 3 unchanged @@",
    ]


def test_both_ends_of_a_move_say_where_the_other_is():
    lines = [f"{name} spoke first about the {thing} of the town.\n" for name, thing in MATTERS]
    a, b = "".join(lines), "".join([*lines[2:], *lines[:2]])
    assert diff(a, b).unified("a", "b", context=0).splitlines()[2:] == [
        "@@ moved to paragraph 4 @@",
        f"<{lines[0].strip()}",
        f"<{lines[1].strip()}",
        "@@ 3 unchanged @@",
        "@@ moved from paragraph 1 @@",
        f">{lines[0].strip()}",
        f">{lines[1].strip()}",
    ]


def test_moves_that_stand_side_by_side_are_told_apart():
    lines = [f"{name} spoke first about the {thing} of the town.\n" for name, thing in MATTERS]
    made = diff("".join(lines), "".join(lines[place] for place in (2, 3, 0, 4, 1)))
    shown = made.unified("a", "b", context=0).splitlines()[2:]
    assert shown == [
        "@@ moved to paragraph 3 @@",
        f"<{lines[0].strip()}",
        "@@ moved to paragraph 5 @@",
        f"<{lines[1].strip()}",
        "@@ 2 unchanged @@",
        "@@ moved from paragraph 1 @@",
        f">{lines[0].strip()}",
        "@@ 1 unchanged @@",
        "@@ moved from paragraph 2 @@",
        f">{lines[1].strip()}",
    ]
    cut = made.unified("a", "b", limit=1).splitlines()[2:]
    assert cut == [*shown[:2], "@@ the rest is left out @@"]


def test_what_is_cut_before_the_first_change_says_so():
    shown = diff("a\n" * 5, "a\n" * 5 + "b\n").unified("a", "b", limit=3)
    assert shown.splitlines()[2:] == ["@@ 3 unchanged @@", "@@ the rest is left out @@"]


@pytest.mark.parametrize("first", ["", "Later: "])
def test_a_line_end_dropped_within_a_line_ends_no_row(first):
    b = "the fleet sank at noon and all was lost.\nNext."
    made = diff(first + b.replace("at noon", "on Tuesday\nin the harbour at noon"), b)
    assert [row.kind for row in made.rows()] == ["edited", "same"]


def test_a_line_of_the_other_text_is_one_row():
    """A line end dropped in the middle of it ends no row; one dropped at its end does."""
    a = "It sank on Tuesday as the fleet was grounded.\n\nThe captain was heard at noon.\n\nA third line stays."
    b = "It sank on Tuesday, in the worst accident for decades.\n\nA third line stays."
    rows = [row for row in diff(a, b).rows() if row.pieces]
    assert [row.kind for row in rows] == ["edited", "same"]
    made, left = ("".join(text for op, text in rows[0].pieces if op != side) for side in ("delete", "insert"))
    assert made == b.split("\n")[0]
    assert left == a.partition("\n\nA third")[0]
    cut = [row for row in diff(f"{a}\n\nAnd a last one.", a).rows() if row.pieces]
    assert [row.kind for row in cut] == ["same", "same", "edited", "dropped"]


def test_terminal_control_is_escaped():
    shown = diff("a\n", "a\n\x1b[2Jb\u202e\x9b\n").unified("x\x1b", "y\u2028", color=False)
    assert not set(shown) & set("\x1b\u202e\x9b\u2028")


@pytest.mark.parametrize("side_by_side", [False, True])
def test_html_escapes(side_by_side):
    hostile = "<script>alert('x')</script> & \"quoted\" </ins></td>"
    for a, b in ((hostile, "plain"), ("plain", hostile), (f"{hostile} one", f"{hostile} two")):
        made = diff(a, b).html(side_by_side=side_by_side)
        assert "<script" not in made
        assert "&lt;script&gt;" in made
        assert made.count("<ins>") == made.count("</ins>")


def test_what_replaces_each_other_stands_side_by_side():
    kinds = ["same", "dropped", "dropped", "added", "same", "added", "dropped", "moved_here", "moved_away"]
    rows = [Row(kind, (("equal", str(number)),)) for number, kind in enumerate(kinds)]
    numbers = [tuple(None if row is None else rows.index(row) for row in pair) for pair in facing(rows)]
    assert numbers == [(0, 0), (1, 3), (2, None), (4, 4), (None, 5), (6, None), (None, 7), (8, None)]


def test_html_joins_the_ends_of_a_move():
    rng = random.Random(5)
    parts = paragraphs(rng, 5)
    made = diff("\n".join(parts), "\n".join([*parts[1:], parts[0]])).html()
    assert made.count('data-move="1"') == 2
    assert "<del>" in made


MILLION = 1_000_000


@pytest.fixture
def compiled():
    """Long texts take the references seconds."""
    kernels.warm()


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(
    ("a", "b", "most"),
    [
        ("same line\n" * 100_000, "same line\n" * 90_000, 2),
        ("one\ntwo\n" * 120_000, "two\none\n" * 120_000, 3),
        ("a" * MILLION, "a" * (MILLION - 1) + "b", 3),
        ("one two " * 60_000, "two one " * 60_000, 3),
        ("x" * MILLION, "y\n" * 1000, 1),
    ],
)
def test_long_texts_come_out_in_few_operations(a, b, most):
    made = diff(a, b)
    assert made.apply(a) == b
    assert len(made.operations) <= most


@pytest.mark.usefixtures("compiled")
def test_unrelated_megabytes():
    """An alignment whose time or memory grew with the square would not end here."""
    rng = random.Random(1)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9))) for _ in range(20_000)]
    for joint in (" ", ". "):
        a, b = (joint.join(rng.choices(words, k=160_000)) for _ in range(2))
        assert diff(a, b).apply(a) == b


@pytest.mark.usefixtures("compiled")
def test_anchors_keep_most_of_a_line_too_long_for_one_table():
    rng = random.Random(6)
    words = [f"w{rng.randrange(3000)}" for _ in range(9000)]
    other = ["changed" if n % 50 == 25 else word for n, word in enumerate(words)]
    assert len(words) ** 2 > MAX_CELLS
    a, b = " ".join(words), " ".join(other)
    made = diff(a, b)
    assert made.apply(a) == b
    assert made.kept_share > 0.97


def test_a_family_is_smaller_as_diffs():
    rng = random.Random(8)
    canonical = paragraphs(rng, 25)
    plain = stored = 0
    for _ in range(10):
        variant = [sentence(rng, 8), *canonical[: rng.randint(12, 25)]]
        k = rng.randrange(1, len(variant))
        variant[k] = variant[k].replace(variant[k].split()[-1], "otherwise.")
        b = "\n".join(variant)
        operations = json.dumps(diff("\n".join(canonical), b).as_json(), separators=(",", ":"))
        plain += len(zlib.compress(b.encode()))
        stored += len(zlib.compress(operations.encode()))
    assert stored < plain / 4


@pytest.mark.usefixtures("compiled")
def test_rendering_of_a_million_line_ends_is_bounded_and_says_so():
    made = diff("\n" * 1_000_000, "a\n" * 500_000)
    assert len(made.rows(limit=100)) == 100
    assert made.unified("a", "b").endswith("@@ the rest is left out @@\n")
    for side_by_side in (False, True):
        assert made.html(side_by_side=side_by_side).count("the rest is left out") == 1
    assert len(made.html(limit=10)) < 2000


@given(texts, texts)
def test_a_limit_cuts_the_same_rows_short(a, b):
    lines = [f"{name} spoke first about the {thing} of the town.\n" for name, thing in MATTERS]
    for made in (diff(a, b), diff("".join(lines), "".join([*lines[2:], *lines[:2]]))):
        for limit in range(8):
            assert made.rows(limit=limit) == made.rows()[:limit]


def test_each_paragraph_runs_in_the_direction_of_its_script():
    made = diff("One.\nאחת.", "One.\nשתיים.")
    for side_by_side, tag in ((False, "p"), (True, "td")):
        found = made.html(side_by_side=side_by_side)
        assert found.count(f'<{tag} dir="auto" class="diff-') == found.count(f"<{tag} ") > 1
