"""The index in an event loop."""

import asyncio
import inspect
import os
import threading

import pytest

from dedup import AsyncIndex, Index
from dedup.errors import InputError, SchemeError, StorageError, UsageError

from .news import article, story, version


def test_the_same_calls(place, tmp_path):
    async def work():
        async with await AsyncIndex.open(place.url, store_text=True) as index:
            first = await index.add(article("a", story(1)))
            assert first.is_new
            rest = [article(f"v{kind}", version(1, kind), kind + 1) for kind in range(5)]
            matches = await index.add_many(rest, with_diff=True)
            assert any(match.diff for match in matches)
            assert [match.id for match in matches] == [document.id for document in rest]
            assert (await index.query(article("q", version(1, 1), 9))).family == first.family
            families = [family async for family in index.families()]
            assert [await index.family(first.family)] == families
            assert (await index.document("a")).canonical == families[0].canonical
            assert (await index.diff("v1")).apply((await index.document(families[0].canonical)).text)
            told = await index.changes()
            assert told[0].kind == "new"
            assert await index.forget_changes(told[0].cursor) == 1
            assert await index.revisions("a") == []
            assert "almost all is shared" in await index.explain("v3", "a")
            assert await index.remove("v4")
            assert await index.prune("2020-01-01") == 0
            await index.rebuild()
            assert await index.check() == []
            assert (await index.stats())["documents"] == 5
            assert len((await index.export(tmp_path / "out"))["documents"]) == 5

    asyncio.run(work())


def test_bad_arguments_are_told_of_before_the_first_answer(place):
    async def work():
        async with await AsyncIndex.open(place.url) as index:
            with pytest.raises(UsageError, match="since"):
                index.families(since="yesterday")
            with pytest.raises(UsageError, match="with_diff needs an index that stores texts"):
                index.add_each([], with_diff=True)

    asyncio.run(work())


def test_an_opening_that_is_cancelled_leaves_nothing_open(place, monkeypatch):
    begun, goes_on, closed = (threading.Event() for _ in range(3))
    really_open, really_close = Index.open, Index.close

    def slowly(*values, **named):
        begun.set()
        assert goes_on.wait(30)
        return really_open(*values, **named)

    def close(index):
        really_close(index)
        closed.set()

    monkeypatch.setattr(Index, "open", slowly)
    monkeypatch.setattr(Index, "close", close)

    async def work():
        opening = asyncio.create_task(AsyncIndex.open(place.url))
        await asyncio.to_thread(begun.wait, 30)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(work())
    goes_on.set()
    assert closed.wait(30)


def test_every_call_is_there():
    for name, call in inspect.getmembers(Index, callable):
        if not name.startswith("_"):
            parameters = inspect.signature(getattr(AsyncIndex, name)).parameters.values()
            expected = inspect.signature(call).parameters.values()
            assert [(p.name, p.kind, p.default) for p in parameters] == [
                (p.name, p.kind, p.default) for p in expected
            ], name


def test_many_at_once_take_turns(place):
    async def work():
        async with await AsyncIndex.open(place.url) as index:
            documents = [article(f"d{n}", version(n // 4, n % 4), n) for n in range(16)]
            matches = await asyncio.gather(*(index.add(document) for document in documents))
            assert [match.id for match in matches] == [document.id for document in documents]
            assert await index.check() == []
            with pytest.raises(InputError):
                await index.add({"text": "no id"})

    asyncio.run(work())


def test_what_comes_before_a_bad_document_is_answered(place, monkeypatch):
    monkeypatch.setattr("dedup.asyncindex._TOGETHER", 1)

    async def work():
        async with await AsyncIndex.open(place.url) as index:
            matches = index.add_each([article("a", story(1)), {"text": "no id"}])
            assert (await anext(matches)).id == "a"
            with pytest.raises(InputError, match="record 2: id is missing"):
                await anext(matches)

    asyncio.run(work())


@pytest.mark.parametrize("error", [ConnectionError, InputError])
def test_what_comes_before_a_feed_breaks_is_answered(place, error):
    def feed():
        yield article("a", story(1))
        raise error("the feed is gone")

    async def work():
        async with await AsyncIndex.open(place.url) as index:
            matches = index.add_each(feed())
            assert (await anext(matches)).id == "a"
            with pytest.raises(error, match="the feed is gone"):
                await anext(matches)

    asyncio.run(work())


def test_a_feed_that_waits_for_what_is_cancelled(place):
    async def feed():
        yield article("a", story(1))
        gone = asyncio.create_task(asyncio.sleep(60))
        gone.cancel()
        await gone

    async def work():
        async with await AsyncIndex.open(place.url) as index:
            matches = index.add_each(feed())
            assert (await anext(matches)).id == "a"
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(anext(matches), 20)

    asyncio.run(work())


@pytest.mark.parametrize("together", [2, 256])
def test_a_feed_may_be_an_async_generator(place, monkeypatch, together):
    monkeypatch.setattr("dedup.asyncindex._TOGETHER", together)
    documents = [article(f"d{n}", version(n // 4, n % 4), n) for n in range(5)]

    async def feed(last):
        for document in documents:
            await asyncio.sleep(0)
            yield document
        if last is not None:
            yield last
            raise ConnectionError("the feed is gone")

    async def work():
        async with await AsyncIndex.open(place.url) as index:
            matches = [match async for match in index.add_each(feed(None))]
            assert [match.id for match in matches] == [document.id for document in documents]
            for last, stored, error in (
                (article("a", story(1)), 6, "the feed is gone"),
                ({"text": "no id"}, 5, "record 6: id is missing"),
            ):
                matches = index.add_each(feed(last))
                assert len([await anext(matches) for _ in range(stored)]) == stored
                with pytest.raises((ConnectionError, InputError), match=error):
                    await anext(matches)

    asyncio.run(work())


def test_a_queue_is_stored_as_it_comes(place):
    documents = [article(f"d{n}", story(n)) for n in range(5)]

    async def work():
        queue = asyncio.Queue()

        async def feed():
            while True:
                yield await queue.get()

        async with await AsyncIndex.open(place.url) as index, asyncio.timeout(60):
            matches = index.add_each(feed())
            for some in (documents[:3], documents[3:]):
                for document in some:
                    queue.put_nowait(document)
                assert [(await anext(matches)).id for _ in some] == [document.id for document in some]
            await matches.aclose()
            assert (await index.stats())["documents"] == 5

    asyncio.run(work())


def test_while_a_feed_waits_the_loop_and_other_calls_go_on(place):
    goes_on = threading.Event()

    def feed():
        assert goes_on.wait(30)
        yield article("a", story(1))

    async def work():
        async with await AsyncIndex.open(place.url) as index:
            first = asyncio.create_task(anext(index.add_each(feed())))
            await asyncio.sleep(0.1)
            assert (await index.stats())["documents"] == 0
            goes_on.set()
            assert (await first).id == "a"

    asyncio.run(work())


def test_errors_at_opening(place):
    async def work():
        from dedup import Settings

        await (await AsyncIndex.open(place.url)).close()
        with pytest.raises(SchemeError):
            await AsyncIndex.open(place.url, Settings(window=4))

    asyncio.run(work())


def test_closed(place):
    async def work():
        index = await AsyncIndex.open(place.url)
        await index.close()
        await index.close()
        with pytest.raises(StorageError, match="closed"):
            await index.stats()

    asyncio.run(work())


def test_an_index_of_before_a_fork(place, monkeypatch):
    """The child does not wait for a thread that it has not."""

    async def work():
        async with await AsyncIndex.open(place.url) as index:
            with monkeypatch.context() as child:
                child.setattr(os, "getpid", lambda: -1)
                child.setattr(index, "_thread", None)
                with pytest.raises(StorageError, match="another process"):
                    await index.stats()
                await index.close()
            assert (await index.stats())["documents"] == 0

    asyncio.run(work())


def test_a_closing_that_is_cancelled_goes_on(place):
    async def work():
        index = await AsyncIndex.open(place.url)
        under_way, goes_on = threading.Event(), threading.Event()
        call = asyncio.create_task(index._run(lambda: under_way.set() or goes_on.wait(60)))
        await asyncio.to_thread(under_way.wait)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(index.close(), 0.01)
        with pytest.raises(StorageError, match="closed"):
            await index.stats()
        goes_on.set()
        assert await call
        await index.close()
        with pytest.raises(StorageError, match="closed"):
            index.index.stats()

    asyncio.run(work())
