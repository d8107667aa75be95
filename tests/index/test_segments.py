"""Postings against a set, with limits so small that keys pass through every level."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dedup import kernels
from dedup.index import Index
from dedup.kernels import reference_packing, reference_postings
from dedup.storage import segments
from dedup.storage.codec import pack_places, pack_words, unpack_places, unpack_words

LOW = (28, 28, 28, 16)
LAST = np.uint64((1 << 28) - 1)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(segments, "RECENT", 800)
    monkeypatch.setattr(segments, "LIMITS", (32, 32))
    monkeypatch.setattr(segments, "LEVELS", (16, 20, 24))


def document(draw: np.random.Generator, number: int) -> np.ndarray:
    few = draw.integers(0, 8, 40, dtype=np.uint64) << np.uint64(30)  # buckets of the first level
    hashes = few | draw.integers(0, 1 << 20, 40, dtype=np.uint64)
    lists = draw.integers(0, 3, 40, dtype=np.uint64)
    return lists << np.uint64(62) | hashes << np.uint64(28) | np.uint64(number)


def test_every_key_is_found_wherever_it_lies(index, small):
    store, draw = index._store, np.random.default_rng(5)
    writer, reader = (segments.Postings(store, (64,) * 4, LOW) for _ in range(2))
    known: list[np.ndarray] = []
    moved = False
    for number in range(1, 120):
        keys = document(draw, number)
        with store.writing():
            writer.refresh()
            writer.append(keys)
            writer.maintain(0)
        known.append(keys)
        if number % 7 == 0:
            low = np.unique(
                np.concatenate([known[number // 2][:20], document(draw, 0)[:5]])
                >> np.uint64(28)
                << np.uint64(28)
            )
            high = low | LAST
            everything = np.unique(np.concatenate(known))
            expected = everything[np.isin(everything >> np.uint64(28), low >> np.uint64(28))]
            for postings in (writer, reader):
                with store.reading():
                    postings.refresh()
                    assert (postings.find(low, high) == expected).all()
            moved |= bool(store.rows("SELECT count(*) FROM recent")[0][0] < number)
    assert moved
    levels = {number >> 32 for (number,) in store.rows("SELECT number FROM bucket")}
    assert {0, 1} <= levels
    fresh = segments.Postings(store, (64,) * 4, LOW)
    with store.reading():
        fresh.refresh()
        assert (fresh.find(low, high) == expected).all()


def test_what_is_read_ahead_is_completed_by_what_comes(index, small):
    store, draw = index._store, np.random.default_rng(6)
    writer, reader = (segments.Postings(store, (64,) * 4, LOW) for _ in range(2))
    everything, lasted = np.empty(0, np.uint64), 0
    for number in range(1, 120):
        again = draw.choice(everything, min(5, len(everything)))  # hashes that others have, too
        keys = np.append(document(draw, number), again >> np.uint64(28) << np.uint64(28) | np.uint64(number))
        with store.writing():
            writer.refresh()
            writer.append(keys)
            writer.maintain(0)
        everything = np.unique(np.concatenate([everything, keys]))
        if number % 10 == 1:
            low = np.unique(draw.choice(everything, 30) >> np.uint64(28) << np.uint64(28))
            for postings in (writer, reader):
                with store.reading():
                    postings.refresh()
                    postings.read_ahead(low, low | LAST)
        some = low[number % 3 :: 3].copy()
        expected = everything[np.isin(everything >> np.uint64(28), some >> np.uint64(28))]
        for postings in (writer, reader):
            with store.reading():
                postings.refresh()
                assert (postings.find(some, some | LAST) == expected).all()
        lasted += reader._ahead is not None
    assert 40 < lasted < 119  # it went when keys had moved


def test_what_is_read_ahead_is_read_again_once_it_has_moved(index, small):
    store, draw = index._store, np.random.default_rng(7)
    writer, reader = (segments.Postings(store, (64,) * 4, LOW) for _ in range(2))
    first = document(draw, 1)
    low = np.unique(first >> np.uint64(28) << np.uint64(28))
    for number in range(1, 60):
        with store.writing():
            writer.refresh()
            writer.append(first + np.uint64(number))
            writer.settle(0)
        if number == 1:
            with store.reading():
                reader.refresh()
                reader.read_ahead(low, low | LAST)
    with store.reading():
        reader.refresh()
        assert len(reader.find(low, low | LAST)) == 59 * len(low)


def test_of_a_hot_hash_the_first_and_the_last_stay(index, small):
    store = index._store
    postings = segments.Postings(store, (16,) * 4, LOW)
    hot = np.uint64(77) << np.uint64(28)
    for number in range(1, 200):
        with store.writing():
            postings.refresh()
            postings.append(np.array([hot | np.uint64(number)]))
            postings.maintain(0)
    with store.writing():
        postings.refresh()
        postings.settle(0)
    with store.reading():
        postings.refresh()
        found = (postings.find(np.array([hot]), np.array([hot | np.uint64((1 << 28) - 1)])) - hot).tolist()
    assert found == [*range(1, 9), *range(192, 200)]


def test_what_is_dead_is_dropped_when_it_moves(index, small):
    store = index._store
    postings = segments.Postings(store, (64,) * 4, LOW)
    with store.writing():
        postings.refresh()
        postings.append(np.arange(1, 50, dtype=np.uint64))
        postings.settle(40)
    with store.reading():
        postings.refresh()
        assert postings.find(np.zeros(1, np.uint64), np.array([1000], np.uint64)).tolist() == list(
            range(40, 50)
        )


def test_a_rollback_is_forgotten(index, small):
    store = index._store
    postings = segments.Postings(store, (64,) * 4, LOW)
    with pytest.raises(RuntimeError), store.writing():  # noqa: PT012
        postings.refresh()
        postings.append(np.array([5], np.uint64))
        raise RuntimeError
    postings.forget()
    with store.reading():
        postings.refresh()
        assert not len(postings.find(np.zeros(1, np.uint64), np.array([9], np.uint64)))


@given(
    st.lists(st.sampled_from([1, 2, 3, 2**63, 2**64 - 1, 77, 78, 79]), max_size=700),
    st.integers(0, 255),
)
def test_words_come_back(hashes, flag):
    array = np.array(hashes, np.uint64)
    flags = np.full(len(array), flag, np.uint8)
    for vocabulary in ([], [2, 77], [1, 2, 3, 77, 78, 79, 2**63, 2**64 - 1]):
        known = np.array(vocabulary, np.uint64)
        back = unpack_words(pack_words(array, flags, known), known)
        assert (back[0] == array).all()
        assert (back[1] == flags).all()


@given(arrays.arrays(np.int64, st.integers(0, 40).map(lambda n: 2 * n), elements=st.integers(0, 1000)))
def test_places_come_back(steps):
    spans = np.cumsum(steps).reshape(-1, 2)
    assert (unpack_places(pack_places(spans), len(spans)) == spans).all()


def test_the_index_works_through_moves(place, small):
    from .news import article, version

    documents = [article(f"d{n}", version(n // 4, n % 4), n) for n in range(60)]
    with place.open() as index:
        for document_ in documents:
            index.add(document_)
        assert index._store.rows("SELECT count(*) FROM bucket")[0][0] > 0
        assert sorted(len(f) for f in index.families()) == [4] * 15
        assert index.check() == []
    with Index.open(place.url) as again:
        assert again.query(article("q", version(3, 1), 70)).other is not None


def test_what_a_revised_document_is_found_by_is_not_dropped(place, small):
    from .news import START, article, story, version

    with place.open() as index:
        index.add(article("blog", story(0), 500))
        index.add_many(article(f"old{n}", story(n), n) for n in range(1, 20))
        assert index.prune(START + timedelta(hours=400)) == 19
        index.add(article("blog", version(0, 2), 500))
        for n in range(100, 120):
            index.add(article(f"d{n}", story(n), 500 + n))
        assert index._store.rows("SELECT min(seq) FROM recent")[0][0] > 4  # all of the above has moved
        assert index.query(article("q", version(0, 1), 501)).other == "blog"


@given(
    st.sets(st.integers(0, (1 << 64) - 1) | st.integers(5 << 60, (5 << 60) + 4000), max_size=60),
    st.lists(
        st.tuples(st.integers(0, (1 << 64) - 1) | st.integers(5 << 60, (5 << 60) + 4000), st.integers(0, 99))
    ),
    st.sampled_from([(8, 50), (6, 45), (6, 40)]),
    st.integers(0, 70),
    st.sampled_from([0, 5 << 60, (1 << 64) - 1]),
    st.integers(1, 4),
    st.integers(0, 1),
)
def test_keys_within_ranges(keys, asked, packing, room, thinned, most, earliest):
    width, shift = packing
    known = np.array(sorted(keys), np.uint64)
    buckets, first = np.unique(known >> np.uint64(shift), return_index=True)
    data = np.append(known.view(np.uint8).reshape(-1, 8)[:, :width].ravel(), np.zeros(8, np.uint8))
    bounds = np.append(first, len(known)).astype(np.int64)
    ends = sorted({low: min(low | (1 << shift) - 1, low + more) for low, more in asked}.items())
    low, high = np.array(ends, np.uint64).reshape(-1, 2).T.copy()
    expected = []
    for begin, end in ends:
        some = [key for key in sorted(keys) if begin <= key <= end]
        if begin < thinned and len(some) > most:
            some = some[:earliest] + some[len(some) - most + earliest :]
        expected += some
    for loops in (kernels.warm(), reference_postings):
        found = np.zeros(room, np.uint64)
        own = data, width, bounds, buckets, np.uint64(shift)
        count = loops.find_keys(*own, low, high, np.uint64(thinned), most, earliest, found)
        assert count == len(expected)
        assert found[:count].tolist() == expected[:room]


@given(
    st.lists(st.sampled_from([0, 1, 2, 3, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1), max_size=300),
    st.lists(st.integers(0, 255), min_size=1, max_size=9),
    st.sets(st.sampled_from([0, 2, 3, 2**64 - 1])),
)
def test_bodies_are_packed_as_the_reference_does(words, some, known):
    hashes, vocabulary = np.array(words, np.uint64), np.array(sorted(known), np.uint64)
    flags = np.resize(np.array(some, np.uint8).repeat(7), len(words))
    packed = []
    for loops in (kernels.warm(), reference_packing):
        data, room = np.zeros(16 + 17 * len(words), np.uint8), np.empty(len(words), np.int64)
        size = loops.pack_body(hashes, flags, vocabulary, np.full(1024, -1), room, data)
        packed.append(data[:size])
        back, told, own = np.empty_like(hashes), np.empty_like(flags), np.empty_like(hashes)
        assert loops.unpack_body(data[:size], vocabulary, own, back, told)
        assert (back == hashes).all()
        assert (told == flags).all()
    assert packed[0].tobytes() == packed[1].tobytes()


@given(
    st.lists(st.sampled_from([0, 1, 2, 3]) | st.integers(0, 2**64 - 1), min_size=1, max_size=40),
    st.data(),
)
def test_a_damaged_body_is_told_as_the_reference_does(words, data):
    hashes, known = np.array(words, np.uint64), np.array([2, 3], np.uint64)
    flags = np.resize(np.array([1, 1, 2, 130], np.uint8), len(words))
    packed = bytearray(pack_words(hashes, flags, known))
    if data.draw(st.booleans()):
        del packed[data.draw(st.integers(8, len(packed))) :]
    for _ in range(data.draw(st.integers(1, 2))):
        packed[data.draw(st.integers(4, len(packed) - 1))] ^= data.draw(st.integers(0, 255))
    some, found = np.frombuffer(bytes(packed), np.uint8), []
    for loops in (kernels.warm(), reference_packing):
        own, back, told = np.zeros_like(hashes), np.zeros_like(hashes), np.zeros_like(flags)
        sound = loops.unpack_body(some, known, own, back, told)
        found.append((sound, back.tolist(), told.tolist()) if sound else sound)
    assert found[0] == found[1]
    back, told = unpack_words(bytes(packed), known) if found[0] else (hashes, flags)
    assert len(back) == len(told) == len(words)


@given(st.lists(st.integers(0, 31) | st.integers(0, 2**40), max_size=40), st.data())
def test_damaged_places_are_told_as_the_reference_does(moves, data):
    moves = moves[: len(moves) // 2 * 2]
    packed = bytearray(pack_places(np.cumsum(moves, dtype=np.int64).reshape(-1, 2)) + b"\0")
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(0, 255))
    some, found = np.frombuffer(bytes(packed), np.uint8), []
    for loops in (kernels.warm(), reference_packing):
        back = np.zeros(len(moves) + 2, np.int64)
        sound = loops.unpack_spans(some, back)
        found.append((sound, back.tolist()) if sound else sound)
    assert found[0] == found[1]


@pytest.mark.parametrize("packed", [b"", b"\1", b"\xff" * 8, b"\xff\xff\xff\x7f" + bytes(60)])
def test_nothing_is_made_room_for_that_cannot_be_there(packed):
    with pytest.raises(ValueError, match="damaged"):
        unpack_words(packed, np.empty(0, np.uint64))


@given(st.lists(st.integers(0, 31) | st.integers(0, 2**40), max_size=40).map(lambda m: m[: len(m) // 2 * 2]))
def test_places_are_packed_as_the_reference_does(moves):
    places, packed = np.cumsum(moves, dtype=np.int64), []
    for loops in (kernels.warm(), reference_packing):
        data, back = np.empty(21 * len(moves), np.uint8), np.empty_like(places)
        data = data[: loops.pack_spans(places, data)]
        packed.append(data.tobytes())
        assert loops.unpack_spans(data, back)
        assert back.tolist() == places.tolist()
    assert packed[0] == packed[1]


@given(st.lists(st.integers(0, 200)), st.integers(0, 5), st.integers(1, 9), st.integers(0, 1))
def test_keys_of_too_many(numbers, bits, most, earliest):
    left = []
    for loops in (kernels.warm(), reference_postings):
        keys = np.array(sorted(numbers), np.uint64)
        left.append(keys[: loops.thin_keys(keys, np.uint64(bits), most, earliest)].tolist())
        _, count = np.unique(np.array(numbers, np.int64) >> bits, return_counts=True)
        assert len(left[-1]) == np.minimum(count, most).sum()
    assert left[0] == left[1]


@given(
    st.sets(st.integers(0, 2**64 - 1) | st.integers(5 << 60, (5 << 60) + 90), max_size=60),
    st.sets(st.integers(0, 2**64 - 1) | st.integers(5 << 60, (5 << 60) + 90), max_size=60),
)
def test_keys_are_merged(stored, added):
    known, new = (np.array(sorted(some), np.uint64) for some in (stored, added))
    heads, first = np.unique(known >> np.uint64(48) << np.uint64(48), return_index=True)
    data = np.append(known.view(np.uint8).reshape(-1, 8)[:, :6].ravel(), np.zeros(8, np.uint8))
    bounds = np.append(first, len(known)).astype(np.int64)
    for loops in (kernels.warm(), reference_postings):
        merged = np.empty(len(known) + len(new), np.uint64)
        count = loops.merge_keys(data, 6, bounds, heads, new, merged)
        assert merged[:count].tolist() == sorted(stored | added)
