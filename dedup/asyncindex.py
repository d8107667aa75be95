"""The index for asyncio services: the same calls, in one thread of its own, so that the loop goes on."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from dedup.errors import StorageError
from dedup.index import Index
from dedup.ingestion.intake import one_by_one, until_fault

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
    from datetime import date

    import pyarrow as pa

    from dedup.config import Settings
    from dedup.edits import Diff
    from dedup.index import Change, Match, StoredDocument, StoredFamily, StoredRevision
    from dedup.model import Document

__all__ = ["AsyncIndex"]

P = ParamSpec("P")
T = TypeVar("T")

_TOGETHER = 256
"""Documents or families of one turn in the thread; other calls have theirs in between."""


class AsyncIndex:
    """The index for asyncio: the calls of :class:`dedup.Index`, to be awaited.

        async with await AsyncIndex.open("news.db") as index:
            match = await index.add(document)

    Calls of one object take turns in one thread, in the order in which they were made.
    """

    def __init__(self, index: Index, thread: ThreadPoolExecutor) -> None:
        self.index = index
        self._thread = thread
        self._closing: Future[None] | None = None

    @classmethod
    async def open(
        cls,
        url: str | os.PathLike[str],
        settings: Settings | None = None,
        *,
        store_text: bool | None = None,
        read_only: bool = False,
        timeout: float = 60.0,
    ) -> Self:
        """Open an index; see :meth:`dedup.Index.open`."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="dedup-index")
        opening = thread.submit(
            Index.open, url, settings, store_text=store_text, read_only=read_only, timeout=timeout
        )
        try:
            return cls(await asyncio.wrap_future(opening), thread)
        except BaseException:
            opening.add_done_callback(_close)  # one that was cancelled goes on
            thread.shutdown(wait=False)
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish the calls that were made, and give the database back, though this call be cancelled."""
        if not self.index._is_ours:  # nor is there a thread that would do it
            return
        if self._closing is None:
            self._closing = self._thread.submit(self.index.close)
            self._thread.shutdown(wait=False)
        await asyncio.shield(asyncio.wrap_future(self._closing))

    async def _run(self, call: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
        self.index._refuse_forked()  # its thread would never answer
        if self._closing is not None:
            raise StorageError("the index is closed")
        # a call that was cancelled while it ran still ends its transaction; one that waits is dropped
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(call, *values, **named))

    async def add(self, document: Document | Mapping[str, Any], *, with_diff: bool = False) -> Match:
        """See :meth:`dedup.Index.add`."""
        return await self._run(self.index.add, document, with_diff=with_diff)

    async def add_many(
        self,
        documents: Iterable[Document | Mapping[str, Any]] | AsyncIterable[Document | Mapping[str, Any]],
        *,
        with_diff: bool = False,
    ) -> list[Match]:
        """See :meth:`dedup.Index.add_many`; ``documents`` as for :meth:`add_each`."""
        return [match async for match in self.add_each(documents, with_diff=with_diff)]

    def add_each(
        self,
        documents: Iterable[Document | Mapping[str, Any]] | AsyncIterable[Document | Mapping[str, Any]],
        *,
        with_diff: bool = False,
    ) -> AsyncIterator[Match]:
        """See :meth:`dedup.Index.add_each`; ``documents`` may be an async generator, too, such as of a queue.

        Any other feed is read in other threads: while it waits, the loop and the other calls go on. What may
        be read in the thread that made it only, such as a cursor of ``sqlite3``, is to be an async generator.
        """
        self.index._check_diff(with_diff)
        return self._add_each(_Feed(documents), with_diff)

    async def _add_each(self, feed: _Feed, with_diff: bool) -> AsyncIterator[Match]:
        try:
            while True:
                some, broken = await feed.read()
                matches = self.index.add_each(some, with_diff=with_diff)
                found, fault = await self._run(until_fault, matches)
                for match in found:
                    yield match
                if (error := fault or broken) is not None:
                    raise error
                if not some:
                    return
        finally:
            feed.stop()

    async def query(self, document: Document | Mapping[str, Any]) -> Match:
        """See :meth:`dedup.Index.query`."""
        return await self._run(self.index.query, document)

    async def document(self, identity: str | int) -> StoredDocument | None:
        """See :meth:`dedup.Index.document`."""
        return await self._run(self.index.document, identity)

    async def revisions(self, identity: str | int) -> list[StoredRevision] | None:
        """See :meth:`dedup.Index.revisions`."""
        return await self._run(self.index.revisions, identity)

    async def diff(self, identity: str | int) -> Diff:
        """See :meth:`dedup.Index.diff`."""
        return await self._run(self.index.diff, identity)

    async def explain(self, a: str | int, b: str | int) -> str:
        """See :meth:`dedup.Index.explain`."""
        return await self._run(self.index.explain, a, b)

    async def family(self, identity: str | int) -> StoredFamily | None:
        """See :meth:`dedup.Index.family`."""
        return await self._run(self.index.family, identity)

    def families(self, *, since: date | str | None = None, min_size: int = 2) -> AsyncIterator[StoredFamily]:
        """See :meth:`dedup.Index.families`."""
        return self._families(self.index.families(since=since, min_size=min_size))

    async def _families(self, remaining: Iterator[StoredFamily]) -> AsyncIterator[StoredFamily]:
        while some := await self._run(list, islice(remaining, _TOGETHER)):
            for family in some:
                yield family

    async def changes(self, since: int = 0, limit: int = 1000) -> list[Change]:
        """See :meth:`dedup.Index.changes`."""
        return await self._run(self.index.changes, since, limit)

    async def stats(self) -> dict[str, Any]:
        """See :meth:`dedup.Index.stats`."""
        return await self._run(self.index.stats)

    async def remove(self, identity: str | int) -> bool:
        """See :meth:`dedup.Index.remove`."""
        return await self._run(self.index.remove, identity)

    async def prune(self, before: date | str) -> int:
        """See :meth:`dedup.Index.prune`."""
        return await self._run(self.index.prune, before)

    async def forget_changes(self, until: int) -> int:
        """See :meth:`dedup.Index.forget_changes`."""
        return await self._run(self.index.forget_changes, until)

    async def export(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        format: str = "jsonl",  # noqa: A002
        force: bool = False,
    ) -> dict[str, pa.Table]:
        """See :meth:`dedup.Index.export`."""
        return await self._run(self.index.export, out, format=format, force=force)

    async def merge(self, other: AsyncIndex | Index) -> int:
        """See :meth:`dedup.Index.merge`."""
        source = other.index if isinstance(other, AsyncIndex) else other
        return await self._run(self.index.merge, source)

    async def rebuild(self) -> None:
        """See :meth:`dedup.Index.rebuild`."""
        await self._run(self.index.rebuild)

    async def check(self) -> list[str]:
        """See :meth:`dedup.Index.check`."""
        return await self._run(self.index.check)


@dataclass(frozen=True, slots=True)
class _End:
    """What comes behind the last item of a feed."""

    error: BaseException | None


class _Feed:
    """What reads the next documents of a feed, those before an error, and the error.

    An asynchronous one is read by a task of its own, ahead of what is stored; of a queue, as it comes.
    """

    def __init__(self, documents: Any) -> None:
        self._documents = documents
        self._remaining = None if hasattr(documents, "__aiter__") else one_by_one(documents)
        self._numbers = count(1)
        self._coming: asyncio.Queue[Any] = asyncio.Queue(_TOGETHER)
        self._reader: asyncio.Task[None] | None = None
        self._end: _End | None = None

    async def read(self) -> tuple[list[Document], BaseException | None]:
        if self._remaining is not None:
            return await asyncio.to_thread(until_fault, islice(self._remaining, _TOGETHER))
        self._reader = self._reader or asyncio.create_task(self._read_ahead())
        items: list[Any] = []
        while self._end is None and (not items or not self._coming.empty()) and len(items) < _TOGETHER:
            item = await self._coming.get()
            if isinstance(item, _End):
                self._end = item
            else:
                items.append(item)
        some, unusable = await asyncio.to_thread(until_fault, one_by_one(items, self._numbers))
        return some, unusable or (self._end.error if self._end else None)

    async def _read_ahead(self) -> None:
        error: BaseException | None = None
        try:
            async for item in self._documents:
                await self._coming.put(item)
        except asyncio.CancelledError as fault:
            if self._reader is None or self._reader.cancelling():
                raise
            error = fault  # of something that the feed waited for
        except Exception as fault:  # see until_fault
            error = fault
        await self._coming.put(_End(error))

    def stop(self) -> None:
        """Read no more."""
        if self._reader is not None:
            self._reader.cancel()


def _close(opening: Future[Index]) -> None:
    """Close what nobody is given."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
