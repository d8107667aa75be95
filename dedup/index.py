"""The ingestion index: one article at a time, for years.

    with dedup.Index.open("news.db") as index:  # or postgresql://…
        match = index.add(document)

Documents are prepared outside the database and placed inside one transaction: candidates by bands and
fingerprints, verified, families settled, changes told. :mod:`dedup.ingestion` decides, :mod:`dedup.storage`
keeps.
"""

from __future__ import annotations

import contextlib
import os
import threading
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from dedup import kernels
from dedup._version import __version__
from dedup.config import Settings, check_format
from dedup.edges import KINDS
from dedup.edits import Diff, diff
from dedup.errors import StorageError, UsageError
from dedup.ingestion import answers
from dedup.ingestion.answers import Change, Match, StoredDocument, StoredFamily, StoredRevision
from dedup.ingestion.checking import check
from dedup.ingestion.explaining import explained
from dedup.ingestion.exporting import exported
from dedup.ingestion.intake import batch_of, one_by_one, raw_hash, until_fault, usable
from dedup.ingestion.keys import LOW_BITS, posting_limits
from dedup.ingestion.placing import place, read_ahead
from dedup.ingestion.prepared import from_stored, prepare_documents
from dedup.ingestion.rebuilding import rebuild, recall_recurring, strip_again
from dedup.ingestion.scheme import check_scheme, open_scheme, scheme_of
from dedup.ingestion.settling import settle
from dedup.ingestion.writer import Writer
from dedup.io import OutputFolder, write_table
from dedup.output import write_run
from dedup.storage import Store, open_store
from dedup.storage.ledger import Ledger
from dedup.storage.segments import Postings
from dedup.values import int_argument, micros, moment, time_argument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from dedup.boilerplate import Recurring
    from dedup.ingestion.prepared import PreparedDocument
    from dedup.model import Document
    from dedup.storage.rows import Entry

__all__ = ["Change", "Index", "Match", "StoredDocument", "StoredFamily", "StoredRevision"]

_AHEAD = 8192
"""Documents that ``add_each`` prepares, and looks up, ahead."""

_PREPARED = 1024
"""Documents of these that are stripped and sketched at once: of more the columns don't stay in the cache."""

_LETTERS = 4096
"""Characters of these documents on average, at most; of longer ones it takes fewer at once, as transcripts of
16,000 words took 2 MB each."""

_TOGETHER = 512
"""Documents of these that it stores in one transaction."""

_DESCRIBED = 200
"""Families that are looked up in one transaction."""

_PRUNED = 1000
"""Documents that ``prune`` removes in one transaction."""


class Index:
    """A set of documents with their families, in a database; :meth:`open` gives one.

    Threads may share it; they take turns. Processes may not: each opens its own, after a fork.
    """

    def __init__(self, store: Store, settings: Settings, judgement: int, *, store_text: bool) -> None:
        self.settings = settings
        self.store_text = store_text
        self._store = store
        self._ledger = Ledger(store)
        self._postings = Postings(store, posting_limits(settings), LOW_BITS)
        self._writer = Writer(self._ledger, self._postings, settings, judgement, store_text=store_text)
        self._judgement = judgement
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._closed = False
        self._rebuilt = -1
        self._recurring: Recurring | None = None

    @classmethod
    def open(
        cls,
        url: str | os.PathLike[str],
        settings: Settings | None = None,
        *,
        store_text: bool | None = None,
        read_only: bool = False,
        timeout: float = 60.0,
    ) -> Self:
        """Open an index, or make one.

        Args:
            url: A path, ``sqlite:///path`` or ``postgresql://…`` (extra ``postgres``).
            settings: What to judge with from now on; by default what was used last. The scheme must be the
                stored one.
            store_text: Keep the raw texts of what is added from now on, which diffs need; by default as the
                index was last opened. A new one keeps none.
            read_only: Only ask: nothing is stored, an index that is not there is not made, and one of an
                earlier schema, which opening brings up to date, is refused.
            timeout: Seconds to wait for another writer.

        Raises:
            SchemeError: It was made by another scheme or by a later version.
            StorageError: It cannot be opened.
            UsageError: An argument is of the wrong kind.
        """
        settings = None if settings is None else Settings.given(settings)
        if store_text not in (None, True, False):
            raise UsageError(f"store_text {store_text!r}: must be True, False or None")
        # a worker runs for long; compiling at its first thousand articles would stall it
        kernels.get(force=True)
        store = open_store(url, timeout=timeout, read_only=read_only)
        try:
            opened = open_scheme(store, settings, store_text, read_only=read_only)
            return cls(store, opened.settings, opened.judgement, store_text=opened.store_text)
        except BaseException:
            store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the database back. What was added is stored already."""
        if not self._is_ours:  # nor is the connection
            return
        with self._lock:
            self._closed = True
            self._store.close()

    # --- transactions

    @property
    def _is_ours(self) -> bool:
        """This process opened it: neither connections nor SQLite's locks nor threads outlive a fork."""
        return os.getpid() == self._process

    def _refuse_forked(self) -> None:
        if not self._is_ours:
            raise StorageError(f"{self._store.name}: was opened by another process; open it after forking")

    @contextlib.contextmanager
    def _while_open(self) -> Iterator[None]:
        self._refuse_forked()
        with self._lock:
            if self._closed:  # PostgreSQL would be connected to anew
                raise StorageError(f"{self._store.name}: the index is closed")
            yield

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._while_open(), self._store.reading():
            self._ledger.begin()
            yield

    @contextlib.contextmanager
    def _looking(self) -> Iterator[None]:
        """Reading, with the postings in step."""
        with self._while_open(), self._restoring(), self._reading():
            self._postings.refresh()
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._while_open(), self._restoring(), self._store.writing():
            self._ledger.begin()
            self._postings.refresh()
            yield
            self._postings.flush()
            self._ledger.flush()

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Writing more than documents that are added: nothing known before is kept after it."""
        with self._while_open():
            with self._writing():
                yield
            self._ledger.forget()

    @contextlib.contextmanager
    def _restoring(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._postings.forget()  # they may hold what was rolled back
            self._ledger.forget()
            raise

    # --- adding

    def add(self, document: Document | Mapping[str, Any], *, with_diff: bool = False) -> Match:
        """Store a document, in one transaction, and say where it belongs.

        The same id and text again stores nothing and gives the first answer, with the family and its
        canonical version as they are now, and without what was revised or removed since. The same id with
        another text is a new revision of that document, whatever its dates say.

        Args:
            document: A ``Document``, or a mapping with its fields. A date that cannot be read is left out;
                ``Document.from_record`` tells of it.
            with_diff: Add the change from the canonical version; needs an index that stores texts.

        Raises:
            InputError: The document cannot be used.
            StorageError: It could not be stored; nothing of it was.
        """
        return next(self.add_each([document], with_diff=with_diff))

    def add_many(
        self, documents: Iterable[Document | Mapping[str, Any]], *, with_diff: bool = False
    ) -> list[Match]:
        """Store documents in their order, many in a transaction, with the same results as :meth:`add`.

        Args:
            documents: Documents or mappings, or an Arrow table, a pandas or Polars frame.
            with_diff: As for :meth:`add`.

        Raises:
            InputError: A document cannot be used; ``line`` is its number, from 1. Those before it are stored,
                as they are where ``documents`` itself raises an error.
            StorageError: They could not be stored; those of earlier transactions are.
        """
        return list(self.add_each(documents, with_diff=with_diff))

    def add_each(
        self, documents: Iterable[Document | Mapping[str, Any]], *, with_diff: bool = False
    ) -> Iterator[Match]:
        """As :meth:`add_many`, of a feed without end: documents are stored as matches are asked for.

        They are read some thousands ahead. A match is given once its transaction is committed, and those of
        documents before an error are given first.

        Raises:
            UsageError: At once, where ``with_diff`` needs texts that the index does not keep.
        """
        self._check_diff(with_diff)
        return self._add_each(one_by_one(documents), with_diff)

    def _check_diff(self, with_diff: bool) -> None:
        if with_diff and not self.store_text:
            raise UsageError("with_diff needs an index that stores texts: open it with store_text=True")

    def _add_each(self, remaining: Iterator[Document], with_diff: bool) -> Iterator[Match]:
        while True:
            some, fault = until_fault(_next(remaining, _AHEAD))
            if some:
                yield from self._add_some(some, with_diff)
            if fault is not None:
                raise fault
            if not some:
                return

    def _add_some(self, documents: Sequence[Document], with_diff: bool) -> Iterator[Match]:
        """Store documents, a part in a transaction."""
        raw = [raw_hash(document.text) for document in documents]
        with self._reading():
            rebuilt = self._keep_up()
            known = self._ledger.with_ids([document.id for document in documents])
            new = [i for i, d in enumerate(documents) if d.id not in known or known[d.id].raw != raw[i]]
        prepared = dict(zip(new, self._prepare([documents[i] for i in new]), strict=True))
        undated = any(one.entry.published is None for one in prepared.values())
        if len(documents) > _TOGETHER:
            with self._looking():
                undated = undated or self._ledger.any_undated()
                read_ahead(list(prepared.values()), self._postings, undated=undated)
        for first in range(0, len(documents), _TOGETHER):
            part = range(first, min(first + _TOGETHER, len(documents)))
            with self._writing():
                if (now := self._keep_up()) != rebuilt:  # somebody has rebuilt since they were stripped
                    rebuilt = now
                    new = [i for i in prepared if i >= first]
                    prepared |= zip(new, self._prepare([documents[i] for i in new]), strict=True)
                undated = undated or self._ledger.any_undated()
                matches = list(self._put(part, documents, raw, prepared, undated, with_diff))
                self._ledger.learn_vocabulary()
                self._postings.maintain(self._ledger.first_posted())
            yield from matches

    def _put(
        self,
        part: range,
        documents: Sequence[Document],
        raw: Sequence[bytes],
        prepared: dict[int, PreparedDocument],
        undated: bool,
        with_diff: bool,
    ) -> Iterator[Match]:
        """Store documents in a write transaction: new ones together, as far as no known one is among them."""
        there = set(self._ledger.with_ids([documents[i].id for i in part]))
        together: list[PreparedDocument] = []

        def stored() -> Iterator[Match]:
            found = {
                i: answers.answer(
                    self._ledger, written.entry, stored=True, edges=written.edges, with_diff=with_diff
                )
                for i, written in self._writer.put(together, undated=undated)
            }
            together.clear()
            yield from answers.matches(self._ledger, [found[i] for i in sorted(found)])

        for i in part:
            document, known = documents[i], None
            if document.id in there:
                yield from stored()  # what came before it may have moved it
                known = self._ledger.by_id(document.id)
            if known is not None and known.raw == raw[i]:
                again = answers.answer(self._ledger, known, stored=False, with_diff=with_diff)
                yield from answers.matches(self._ledger, [again])
                continue
            if known is not None:
                undated = True
            new = prepared.get(i)
            if new is None:  # it was there, and somebody has removed it since
                new = self._prepare([document])[0]
            if known is not None:
                new = self._writer.replace(known, new)
            together.append(new)
            there.add(document.id)
        yield from stored()

    def query(self, document: Document | Mapping[str, Any]) -> Match:
        """Where a document would belong, without storing it.

        It is compared with everything that is stored. Where its id is stored with another text, which
        :meth:`add` would replace, the answer may be that it is a copy of that text. Where text becomes stock
        by the document, :meth:`add` also judges stored pairs anew without it, and may name another family.

        Raises:
            InputError: The document cannot be used.
        """
        asked = usable(document)
        rebuilt, prepared = self._rebuilt, self._prepare([asked])[0]
        with self._looking():
            if self._keep_up() != rebuilt:
                prepared = self._prepare([asked])[0]
            known = self._ledger.by_id(prepared.entry.id)
            if known is not None and known.raw == prepared.entry.raw:
                return answers.matches(self._ledger, [answers.answer(self._ledger, known, stored=False)])[0]
            prepared = self._writer.numbered(prepared, self._ledger.number("next_document"))
            undated = self._ledger.any_undated()
            (placement,), _ = place(
                [prepared], self._ledger, self._postings, self.settings, undated=undated, stored=False
            )
            (settlement,) = settle([placement], self._ledger, self.settings)
            return answers.planned(self._ledger, prepared, placement, settlement)

    def _keep_up(self) -> int:
        """Take over the blocks learned by the last rebuild, of whichever process; its number.

        Documents prepared before it, though another thread has taken them over since, are to be made anew.
        """
        rebuilt = self._ledger.number("postings.epoch")  # rises with every rebuilding
        if rebuilt != self._rebuilt:
            self._recurring, self._rebuilt = recall_recurring(self._ledger), rebuilt
        return rebuilt

    def _prepare(self, documents: Sequence[Document]) -> list[PreparedDocument]:
        prepared: list[PreparedDocument] = []
        remaining = iter(documents)
        while part := list(_next(remaining, _PREPARED)):
            prepared += prepare_documents(batch_of(part), self.settings, self._recurring)
        return prepared

    # --- looking

    def document(self, identity: str | int) -> StoredDocument | None:
        """A document by its id, None where there is none."""
        with self._reading():
            entry = self._ledger.by_id(identity)
            return None if entry is None else answers.document(self._ledger, entry)

    def revisions(self, identity: str | int) -> list[StoredRevision] | None:
        """The former texts of a document, oldest first; None where there is no such document."""
        with self._reading():
            entry = self._ledger.by_id(identity)
            return None if entry is None else answers.revisions(self._ledger, entry)

    def diff(self, identity: str | int) -> Diff:
        """The change from the canonical version of a document's family to the document.

        Raises:
            UsageError: There is no such document, or texts aren't stored.
        """
        with self._reading():
            entry = self._one(identity)
            canonical = answers.family_of(self._ledger, entry).canonical
            before, after = (self._ledger.bodies.raw_text(num) for num in (canonical, entry.num))
            if before is None or after is None:
                lacking = identity if after is None else self._ledger.entries([canonical])[canonical].id
                raise UsageError(
                    f"no text of {lacking!r} is stored: an index keeps those that are added to it"
                    " while it is open with store_text=True"
                )
        return diff(before, after)

    def explain(self, a: str | int, b: str | int) -> str:
        """Why two documents are related so, or not at all: the rule that decided, in words.

        They are judged for it as they are stored, with the present settings and without what has become stock
        since they came; texts need not be stored.

        Raises:
            UsageError: There is no such document.
        """
        with self._reading():
            one, two = self._one(a), self._one(b)
            return explained(self._ledger, one, two, self.settings)

    def _one(self, identity: str | int) -> Entry:
        entry = self._ledger.by_id(identity)
        if entry is None:
            raise UsageError(f"no document with id {identity!r}")
        return entry

    def family(self, identity: str | int) -> StoredFamily | None:
        """A family by its id, by an id it had before it was merged, or by that of a member.

        None where there is none.
        """
        with self._reading():
            family = self._ledger.family(identity)
            if family is None and (entry := self._ledger.by_id(identity)) is not None:
                family = answers.family_of(self._ledger, entry)
            return None if family is None else answers.described(self._ledger, family)

    def families(self, *, since: date | str | None = None, min_size: int = 2) -> Iterator[StoredFamily]:
        """Families in the order in which they last changed.

        Args:
            since: Only what changed at that time or later.
            min_size: Only with so many members.

        Raises:
            UsageError: ``since`` is no time, or ``min_size`` no number.
        """
        least = _bounded(min_size, "min_size")
        start = time_argument(since, "since")
        return self._families(-(2**62) if start is None else micros(start), least)

    def _families(self, changed: int, least: int) -> Iterator[StoredFamily]:
        """Those of so many members that changed after a time."""
        num = -1
        while True:
            with self._reading():
                families = self._ledger.changed_families(least, changed, num, _DESCRIBED)
                some = [answers.described(self._ledger, family) for family in families]
            if not some:
                return
            changed, num = families[-1].changed, families[-1].num
            yield from some

    def changes(self, since: int = 0, limit: int = 1000) -> list[Change]:
        """What happened to families after a cursor, in order.

        Args:
            since: The cursor of the last change already seen; 0 for all that are kept.
            limit: The most to give.

        Raises:
            UsageError: One of them is no whole number, or changes after ``since`` were forgotten.
        """
        start, most = _bounded(since, "since"), _bounded(limit, "limit")
        with self._reading():
            if 0 < start < (forgotten := self._ledger.forgotten_changes()):
                raise UsageError(
                    f"changes up to {forgotten} were forgotten, those after {start} among them:"
                    " read all families, and go on from there"
                )
            return answers.changes(self._ledger, start, most)

    def stats(self) -> dict[str, Any]:
        """Counts and sizes, by name."""
        with self._reading():
            return self._counts()

    def _counts(self) -> dict[str, Any]:
        counts = self._ledger.counts()
        times = {name: counts[name] for name in ("first_published", "last_published")}
        return {
            **counts,
            "relations": {KINDS[kind].value: count for kind, count in counts["relations"].items()},
            **{
                name: None if time is None else f"{moment(time).isoformat()[:-6]}Z"
                for name, time in times.items()
            },
            "bytes": self._store.size(),
            "store_text": self.store_text,
            "settings": self.settings.fingerprint(),
            "version": __version__,
        }

    # --- removing

    def remove(self, identity: str | int) -> bool:
        """Forget a document; what its family loses is told in the changes.

        Returns:
            Whether there was one.
        """
        with self._changing():
            entry = self._ledger.by_id(identity)
            if entry is None:
                return False
            self._writer.remove([entry])
            self._ledger.drop_revisions([entry.id])
        return True

    def prune(self, before: date | str) -> int:
        """Forget documents published before a time, some at a time, and former texts; undated ones stay.

        Returns:
            How many.

        Raises:
            UsageError: ``before`` is no time.
        """
        end = time_argument(before, "before")
        if end is None:
            raise UsageError("prune needs a time")
        total = 0
        while True:
            with self._changing():
                entries = self._ledger.published_before(micros(end), _PRUNED)
                self._writer.remove(entries)
                self._ledger.drop_revisions([e.id for e in entries], before=micros(end))
                self._postings.maintain(self._ledger.first_posted())
            total += len(entries)
            if len(entries) < _PRUNED:
                return total

    def forget_changes(self, until: int) -> int:
        """Forget changes up to a cursor, some at a time: one that everybody who follows them has passed.

        Returns:
            How many.

        Raises:
            UsageError: ``until`` is no whole number.
        """
        end, total = _bounded(until, "until"), 0
        while True:
            with self._changing():
                forgotten = self._ledger.forget_changes(end, _PRUNED)
            total += forgotten
            if forgotten < _PRUNED:
                return total

    # --- the whole

    def rebuild(self) -> None:
        """Judge everything anew with the present settings, as ``dedup run`` would, in one transaction.

        Text that only later turned out to be stock is then left out everywhere. Where the index stores texts,
        boilerplate is taken out anew, and with it the blocks that recur in a source; from then on these are
        taken out of what is added, too. Without texts, bodies stay as they came. Reads the whole index into
        memory.
        """
        with self._changing():
            if self._ledger.bodies.has_all_texts():
                strip_again(self._ledger, self.settings)
            rebuild(self._ledger, self._postings, self.settings, self._judgement, self._writer.apply)

    def export(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        format: str = "jsonl",  # noqa: A002
        force: bool = False,
    ) -> dict[str, pa.Table]:
        """What is stored as tables ``documents``, ``relations`` and ``families``, as a run writes them.

        Args:
            out: Write them to this folder, too.
            format: ``jsonl`` or ``parquet``.
            force: Replace an earlier result.

        Raises:
            UsageError: Another format.
            OutputError: The folder exists, or cannot be written.
        """
        check_format(format)
        with self._reading():
            stored, counts = exported(self._ledger, self.settings), self._counts()
        tables = {
            "documents": stored.documents_table(),
            "relations": stored.relations_table(),
            "families": stored.families_table(),
        }
        if out is not None:
            with OutputFolder(out, force=force) as folder:
                for name, table in tables.items():
                    write_table(folder / f"{name}.{format}", table)
                write_run(folder / "run.json", self.settings, counts)
        return tables

    def merge(self, other: Index) -> int:
        """Add the documents of another index of the same scheme, in the order in which they came there.

        Of two texts of one id the newer stays (``updated``, else ``published``, else the one that is here).

        Returns:
            How many were stored.

        Raises:
            UsageError: ``other`` is no index.
        """
        if not isinstance(other, Index):
            raise UsageError(f"merge needs an index that is open, not {type(other).__name__}")
        check_scheme(other._store.name, scheme_of(other.settings), scheme_of(self.settings))
        last, stored = -1, 0
        while True:
            with other._reading():
                nums = other._ledger.numbers_after(last, _TOGETHER)
                entries, bodies = other._ledger.entries(nums), other._ledger.bodies.of(nums)
                spans = other._ledger.bodies.spans(nums)
                some = []
                for num in nums:
                    document = from_stored(entries[num], bodies[num], spans[num], self.settings)
                    some.append(document.anew(other._ledger.bodies.raw_text(num), self.settings))
            if not some:
                return stored
            with self._changing():
                stored += sum(self._merge_one(document) for document in some)
                self._ledger.learn_vocabulary()
                self._postings.maintain(self._ledger.first_posted())
            last = nums[-1]

    def _merge_one(self, new: PreparedDocument) -> bool:
        known = self._ledger.by_id(new.entry.id)
        if known is not None and (known.raw == new.entry.raw or _newness(new.entry) <= _newness(known)):
            return False
        if known is not None:
            new = self._writer.replace(known, new)
        list(self._writer.put([new], undated=True))
        return True

    def check(self) -> list[str]:
        """Contradictions in the database, a line each; a sound index has none."""
        with self._reading():
            return check(self._ledger)


def _next(documents: Iterator[Document], most: int) -> Iterator[Document]:
    """So many documents, or fewer long ones."""
    room = most * _LETTERS
    for document in islice(documents, most):
        yield document
        room -= len(document.text)
        if room <= 0:
            return


def _bounded(number: object, name: str) -> int:
    """A number that somebody asks with as databases can hold it; none that is stored lies beyond."""
    return min(max(int_argument(number, name), 0), 2**63 - 1)


def _newness(entry: Entry) -> int:
    return next((time for time in (entry.updated, entry.published) if time is not None), -(2**63))
