from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.components import by_first
from dedup.edges import KINDS, NEAR, PARTIAL, QUOTE, VERSION, Edges
from dedup.families import DISJOINT, HELD, SUPPORT, find_roundups, group
from dedup.kernels import reference_families

Run = tuple[int, int, int]


@dataclass(frozen=True)
class Edge:
    """One verified pair."""

    a: int
    b: int
    kind: int = VERSION
    coverage_a: float = 0.5
    coverage_b: float = 0.5
    runs: tuple[Run, ...] = ()


def edges_of(rows: list[Edge], quoted: int = 20, told: int = 100) -> Edges:
    """Edges as columns; those of a quotation have ``quoted`` narrative words, others ``told``."""
    size = np.array([len(row.runs) for row in rows], np.int64)
    stop = np.cumsum(size)
    words = np.full(len(rows), 100)
    return Edges(
        np.array([row.a for row in rows], np.int64),
        np.array([row.b for row in rows], np.int64),
        np.array([row.kind for row in rows], np.uint8),
        np.array([row.coverage_a for row in rows], np.float64),
        np.array([row.coverage_b for row in rows], np.float64),
        words,
        np.array([quoted if row.kind == QUOTE else told for row in rows], np.int64),
        words,
        stop - size,
        stop,
        np.array([run for row in rows for run in row.runs], np.int32).reshape(-1, 3),
    )


DOCUMENTS = 12


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Edge], list[bool]]:
    chosen = draw(st.sets(st.sampled_from(list(combinations(range(DOCUMENTS), 2))), max_size=40))
    kind = st.sampled_from([NEAR, VERSION, VERSION, VERSION, PARTIAL, QUOTE])
    coverage = st.sampled_from([0.2, 0.4, 0.5, 0.75, 0.95, 1.0])
    rows = [Edge(a, b, draw(kind), draw(coverage), draw(coverage)) for a, b in sorted(chosen)]
    roundup = draw(st.lists(st.sampled_from([False] * 6 + [True]), min_size=DOCUMENTS, max_size=DOCUMENTS))
    return rows, roundup


def joining(rows: list[Edge], roundup: list[bool]) -> list[Edge]:
    """Edges that can join, strongest first."""
    kept = [x for x in rows if x.kind <= NEAR or (x.kind == VERSION and not roundup[x.a] | roundup[x.b])]
    return sorted(kept, key=lambda x: (x.kind > NEAR, -max(x.coverage_a, x.coverage_b), x.a, x.b))


def naive(rows: list[Edge], roundup: list[bool]) -> list[int]:
    """Every pair of groups counted anew at every edge."""
    edges = joining(rows, roundup)
    linked = {(x.a, x.b) for x in edges}
    groups = [{x} for x in range(len(roundup))]
    for edge in edges:
        one, two = (next(g for g in groups if x in g) for x in (edge.a, edge.b))
        between = sum((min(x, y), max(x, y)) in linked for x in one for y in two)
        if one is not two and between >= SUPPORT * len(one) * len(two):
            groups.remove(two)
            one |= two
    groups = [held for g in groups for held in hold(g, linked)]
    return [min(next(g for g in groups if x in g)) for x in range(len(roundup))]


def hold(members: set[int], linked: set[tuple[int, int]]) -> list[set[int]]:
    """A group without those linked to neither its most linked member nor a third of the others."""

    def partners(x: int, among: set[int]) -> set[int]:
        return {y for y in among if (min(x, y), max(x, y)) in linked}

    centre = min(members, key=lambda x: (-len(partners(x, members)), x))
    loose = {
        x
        for x in members - {centre} - partners(centre, members)
        if len(partners(x, members)) <= HELD * (len(members) - 1)
    }
    if not loose:
        return [members]
    parts = [members - loose]
    while loose:
        part, reached = set(), {min(loose)}
        while reached:
            x = reached.pop()
            part.add(x)
            reached |= partners(x, loose) - part
        loose -= part
        parts.append(part)
    return [held for part in parts for held in hold(part, linked)]


def families(rows: list[Edge], roundup: list[bool]) -> list[int]:
    return group(edges_of(rows), len(roundup), np.array(roundup, bool)).family.tolist()


def test_of_a_crowd_not_all_pairs_are_looked_at() -> None:
    whole, cut = range(200), range(200, 208)
    rows = [Edge(a, b, NEAR, 0.95, 0.95) for a, b in [*combinations(whole, 2), *combinations(cut, 2)]]
    rows += [Edge(a, b, VERSION, 0.3, 1.0) for a in range(16) for b in cut]
    found = group(edges_of(rows), 208, np.zeros(208, bool))
    assert set(found.family.tolist()) == {0}


@given(graphs())
@settings(max_examples=300)
def test_groups_against_counting_anew(graph: tuple[list[Edge], list[bool]]) -> None:
    assert families(*graph) == naive(*graph)


def test_families_that_hold_stand_beside_one_that_is_cut_again_and_again() -> None:
    # each version is linked to the five before it
    bounds = np.cumsum([0, 3, 40, 1, 6, 60, 4]).tolist()
    rows = [
        Edge(b - back, b, VERSION, 0.9, 0.9)
        for low, high in pairwise(bounds)
        for b in range(low, high)
        for back in range(1, min(5, b - low) + 1)
    ]
    found = families(rows, [False] * bounds[-1])
    assert found == naive(rows, [False] * bounds[-1])
    assert [len(set(found[low:high])) for low, high in pairwise(bounds)] == [1, 9, 1, 1, 14, 1]


@given(graphs())
@settings(max_examples=300)
def test_invariants(graph: tuple[list[Edge], list[bool]]) -> None:
    rows, roundup = graph
    made = group(edges_of(rows), DOCUMENTS, np.array(roundup))
    family = made.family.tolist()
    edges = joining(rows, roundup)
    members = defaultdict(set)
    for document, first in enumerate(family):
        members[first].add(document)
    for first, group_ in members.items():
        assert first == min(group_)
        size = len(group_)
        # every merge had its share of the pairs, so the whole has
        inside = sum(edge.a in group_ and edge.b in group_ for edge in edges)
        assert inside >= SUPPORT * size * (size - 1) / 2
        assert connected(group_, edges)
    cut = [(edge.a, edge.b) for edge in edges if family[edge.a] != family[edge.b]]
    assert made.cut.tolist() == [list(pair) for pair in cut]


def connected(members: set[int], edges: list[Edge]) -> bool:
    seen, waiting = set(), [min(members)]
    while waiting:
        x = waiting.pop()
        seen.add(x)
        ends = [{edge.a, edge.b} for edge in edges if x in (edge.a, edge.b)]
        waiting += [y for pair in ends for y in pair & members - seen]
    return seen == members


@given(graphs(), st.permutations(range(40)))
@settings(max_examples=100)
def test_the_order_of_edges_changes_nothing(graph: tuple[list[Edge], list[bool]], places: list[int]) -> None:
    rows, roundup = graph
    shuffled = [rows[x] for x in places if x < len(rows)]
    assert families(shuffled, roundup) == families(rows, roundup)


@given(graphs(), st.lists(st.integers(1, 4), min_size=DOCUMENTS, max_size=DOCUMENTS))
@settings(max_examples=100)
def test_numbers_count_only_by_their_order(graph: tuple[list[Edge], list[bool]], steps: list[int]) -> None:
    # other documents between them, as in a larger corpus or another component
    rows, roundup = graph
    number = np.cumsum(steps).tolist()
    wide = [False] * (number[-1] + 1)
    for x, flag in zip(number, roundup, strict=True):
        wide[x] = flag
    moved = [Edge(number[x.a], number[x.b], x.kind, x.coverage_a, x.coverage_b) for x in rows]
    assert [families(moved, wide)[x] for x in number] == [number[x] for x in families(rows, roundup)]


@given(
    st.integers(2, 60),
    st.integers(0, 300),
    st.sampled_from([(SUPPORT, 3), (0.05, 64)]),
    st.integers(0, 2**32),
)
@example(300, 512, (0.05, 64), 1)
@settings(max_examples=200)
def test_compiled_equal_reference(documents: int, edges: int, rule: tuple[float, int], seed: int) -> None:
    # in the example groups merge so often that the table of links is written anew
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(0, documents, (edges, 2)), axis=1), axis=0)
    pairs = rng.permutation(pairs[pairs[:, 0] < pairs[:, 1]])
    one, two = pairs[:, 0].copy(), pairs[:, 1].copy()
    runs = rng.integers(0, 12, (3 * edges, 3)).astype(np.int32)
    start = np.arange(0, 3 * edges, 3)
    stop = start + rng.integers(0, 4, edges)
    first = np.unique(np.append(rng.integers(0, edges + 1, documents), (0, edges)))
    row, side = rng.permutation(edges), rng.integers(0, 2, edges)
    outcomes = []
    for loops in (kernels.warm(), reference_families):
        root = np.empty(documents, np.int64)
        loops.merge_groups(one, two, *rule, root)
        assert (root[root] == root).all()
        seen, taken = np.zeros(24, np.int64), np.zeros(24, np.int64)
        counts, covered = np.zeros(edges, bool), np.zeros(len(first) - 1, np.int64)
        loops.weigh_pieces(first, row, side, DISJOINT, runs, start, stop, seen, taken, counts, covered)
        offsets = np.append(np.arange(documents) * 14, documents * 14 - 4)
        shared, added = np.zeros(offsets[-1], bool), np.zeros(documents, bool)
        loops.mark_shared(one, two, start, stop, runs, offsets, shared, added)
        # a group may be named by any of its members
        outcomes.append(
            [by_first(root).tolist(), counts.tolist(), covered.tolist(), shared.tolist(), added.tolist()]
        )
    assert outcomes[0] == outcomes[1]


def test_pairs_without_an_edge_between_them_stay_apart() -> None:
    assert families([Edge(0, 1), Edge(2, 3)], [False] * 4) == [0, 0, 2, 2]


def test_a_chain_is_cut() -> None:
    chain = [Edge(x, x + 1) for x in range(19)]
    family = families(chain, [False] * 20)
    assert max(np.bincount(family)) < 8
    clique = [Edge(a, b) for a, b in combinations(range(20), 2)]
    assert families(clique, [False] * 20) == [0] * 20


@pytest.mark.parametrize(("linked", "expected"), [([], [15, 16]), ([Edge(15, 16)], [15, 15])])
def test_what_hangs_on_one_member_is_cut(linked: list[Edge], expected: list[int]) -> None:
    """15 and 16 have edges to member 1 alone; the centre, with which others would stay, is 0."""
    clique = [Edge(a, b) for a, b in combinations(range(12), 2)]
    hung = [Edge(0, 12), Edge(0, 13), Edge(0, 14), Edge(1, 15), Edge(1, 16)]
    strong = [Edge(edge.a, edge.b, NEAR, 0.95, 0.95) for edge in hung]
    assert families([*clique, *strong, *linked], [False] * 17) == [0] * 15 + expected


def test_an_aggregator_does_not_join_what_it_embeds() -> None:
    cliques = [Edge(a, b) for low in (0, 5) for a, b in combinations(range(low, low + 5), 2)]
    page = [Edge(0, 10, coverage_a=0.45), Edge(5, 10, coverage_a=0.45)]
    assert families([*cliques, *page], [False] * 11)[:10] == [0] * 5 + [5] * 5


def test_a_roundup_has_only_its_copies() -> None:
    rows = [Edge(0, 1), Edge(0, 2), Edge(1, 2), Edge(2, 3, NEAR)]
    assert families(rows, [False, False, True, True]) == [0, 0, 2, 2]


def test_no_edges() -> None:
    assert families([], [False] * 3) == [0, 1, 2]
    assert families([], []) == []
    assert not find_roundups(edges_of([]), np.array([10, 0])).any()


def test_a_review_of_last_week_is_a_roundup() -> None:
    rows = [piece(x, 320 * x - 320, 300, 0.3, kind) for x, kind in ((1, QUOTE), (2, QUOTE), (3, PARTIAL))]
    found = [find_roundups(edges_of(rows, 32, words), np.full(6, 1000)) for words in (31, 32)]
    found += [find_roundups(edges_of(rows, words), np.full(6, 1000)) for words in (31, 32)]
    assert [np.flatnonzero(roundup).tolist() for roundup in found] == [[], [0], [], [0]]
    # versions tell whatever they hold
    versions = edges_of([piece(x, 320 * x - 320, 300) for x in (1, 2, 3)], told=0)
    assert np.flatnonzero(find_roundups(versions, np.full(6, 1000))).tolist() == [0]


# Roundups: document 0 has a thousand words, the others lie in it.


def roundups(rows: list[Edge], documents: int = 6) -> list[int]:
    return np.flatnonzero(find_roundups(edges_of(rows), np.full(documents, 1000))).tolist()


def piece(of: int, start: int, size: int, inside: float = 0.9, kind: int = VERSION) -> Edge:
    """Document ``of`` shares ``size`` words of document 0 from ``start`` on, most of its own text."""
    return Edge(0, of, kind, size / 1000, inside, ((start, 0, size),))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([piece(1, 0, 200), piece(2, 300, 200), piece(3, 600, 200)], [0]),
        ([piece(1, 0, 200), piece(2, 300, 200)], [0]),  # two are enough without a version of its own
        ([piece(1, 0, 200), piece(2, 300, 200), piece(4, 0, 600)], []),
        ([piece(1, 0, 200), piece(2, 300, 200), piece(3, 600, 200), piece(4, 0, 600)], [0]),
        ([piece(1, 0, 200), piece(2, 0, 200), piece(3, 20, 200)], []),  # one piece, three times
        ([piece(1, 0, 200), piece(2, 160, 200)], [0]),
        ([piece(1, 0, 200), piece(2, 140, 200)], []),  # more than a quarter of one is in the other
        ([piece(1, 0, 200)], []),
        ([piece(x, 320 * x - 320, 300, 0.1, PARTIAL) for x in (1, 2, 3)], [0]),  # made of nothing else
        ([piece(x, 120 * x, 100, 0.1, PARTIAL) for x in (1, 2, 3)], []),
        ([piece(x, 320 * x - 320, 300, 0.9, QUOTE) for x in (1, 2, 3)], []),
        ([piece(1, 0, 500), piece(2, 500, 500)], []),  # halves are versions
        # what shares more than a piece is no version of it for that
        ([piece(1, 0, 200), piece(2, 300, 200), piece(4, 0, 600, 0.3, PARTIAL)], [0]),
    ],
)
def test_roundups(rows: list[Edge], expected: list[int]) -> None:
    assert roundups(rows) == expected
    turned = [
        Edge(6 - x.b - 1, 5, x.kind, x.coverage_b, x.coverage_a, tuple((j, i, n) for i, j, n in x.runs))
        for x in rows
    ]
    assert roundups(turned) == [5 - x for x in expected]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([200, 300]), st.sampled_from([0.3, 0.6, 0.9])),
        min_size=2,
        max_size=6,
    ).flatmap(lambda pieces: st.tuples(st.just(pieces), st.permutations(pieces)))
)
@example(([(0, 300, 0.9), (1, 300, 0.9), (2, 300, 0.9)], [(1, 300, 0.9), (0, 300, 0.9), (2, 300, 0.9)]))
@example(([(0, 300, 0.9), (1, 300, 0.9), (2, 300, 0.9)], [(0, 300, 0.9), (2, 300, 0.9), (1, 300, 0.9)]))
def test_the_order_of_pieces_changes_nothing(orders: tuple[list[tuple[int, int, float]], ...]) -> None:
    """An index has them as they came, a run by the time of what they are of; of two in one place one counts."""
    first, second = (
        roundups([piece(of, 150 * at, size, inside) for of, (at, size, inside) in enumerate(pieces, 1)], 7)
        for pieces in orders
    )
    assert first == second


def test_a_copy_of_a_roundup_is_no_version_of_it() -> None:
    rows = [piece(1, 0, 200), piece(2, 300, 200), piece(3, 0, 1000, 1.0, NEAR)]
    assert roundups(rows) == [0]


def test_codes() -> None:
    assert [KINDS[code].value for code in (NEAR, VERSION, PARTIAL, QUOTE)] == [
        "near",
        "version",
        "partial",
        "quote",
    ]
