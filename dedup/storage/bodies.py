"""The statements on bodies: tokens, their places in the text, what of them is attested, and raw texts.

What was read or written is kept, as for the documents of :mod:`dedup.storage.ledger`.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import TYPE_CHECKING

import numpy as np

from dedup.ragged import distinct
from dedup.storage.codec import (
    pack_mask,
    pack_places,
    pack_words,
    unpack_mask,
    unpack_places,
    unpack_words,
)
from dedup.storage.rows import Body

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dedup.errors import StorageError
    from dedup.storage.base import Store

    Spans = NDArray[np.int64]

__all__ = ["BodyTable"]

MOST_WORDS = (1 << 16) - 1
"""Tokens of the vocabulary, at most; the last number of two bytes says that one is not there."""

COMMON = 3
"""Documents, of those it is learned from, that a token of the vocabulary stands in."""

MOST_TOKENS = 1 << 21
"""Tokens of bodies kept from one transaction to the next; some 50 MB."""


class BodyTable:
    """The tables ``body``, ``vocabulary`` and ``learned``.

    Args:
        store: Where they are.
        damaged: Of a document's number, what to raise where something of it is not what was stored.
    """

    def __init__(self, store: Store, damaged: Callable[[int], StorageError]) -> None:
        self._store, self._damaged = store, damaged
        self._vocabulary: NDArray[np.uint64] | None = None
        self.forget()

    def forget(self) -> None:
        """Read everything anew."""
        self._forget_kept()
        # what is to be written: texts of new documents, and masks that have changed
        self._inserted: dict[int, bytes | None] = {}
        self._attested: dict[int, NDArray[np.bool_]] = {}

    def _forget_kept(self) -> None:
        self._kept: dict[int, Body] = {}
        self._spans: dict[int, Spans] = {}
        self._tokens = 0  # of bodies that were read or written since these were empty

    def begin(self) -> None:
        """Keep what is known at the start of a transaction, unless it is too much."""
        if self._tokens > MOST_TOKENS:
            self._forget_kept()
        if self._vocabulary is not None and not len(self._vocabulary):
            self._vocabulary = None

    def write(self) -> None:
        """Write what is new or has changed."""
        if self._inserted:
            self._store.run_many(
                "INSERT INTO body (num, words, attested, places, text) VALUES (?, ?, ?, ?, ?)",
                [
                    (num, *self._packed(self._kept[num]), pack_places(self._spans[num]), text)
                    for num, text in self._inserted.items()
                ],
            )
        if changed := sorted(self._attested.keys() - self._inserted.keys()):
            self._store.run_many(
                "UPDATE body SET attested = ? WHERE num = ?",
                [(pack_mask(self._attested[num]), num) for num in changed],
            )
        self._inserted, self._attested = {}, {}

    # --- bodies

    def of(self, nums: Collection[int]) -> dict[int, Body]:
        """Bodies of documents."""
        missing = [num for num in nums if num not in self._kept]
        if missing:
            for num, words, attested in self._store.rows_in(
                "SELECT num, words, attested FROM body WHERE num IN {keys}", missing
            ):
                self._kept[num] = body = self._unpacked(num, words, attested)
                self._tokens += len(body.hash)
            for num in missing:
                if num not in self._kept:
                    raise self._damaged(num)
        return {num: self._kept[num] for num in nums}

    def spans(self, nums: Collection[int]) -> dict[int, Spans]:
        """Where the body tokens of documents stand in their texts."""
        missing = [num for num in nums if num not in self._spans]
        if missing:
            bodies = self.of(missing)
            for num, places in self._store.rows_in(
                "SELECT num, places FROM body WHERE num IN {keys}", missing
            ):
                with self.undamaged(num):
                    self._spans[num] = unpack_places(places, len(bodies[num].hash))
        return {num: self._spans[num] for num in nums}

    def all(self) -> Iterator[tuple[int, Body, bytes]]:
        """Number, body and packed places of all documents; they are not kept."""
        self.write()
        for num, words, places in self._store.rows("SELECT num, words, places FROM body"):
            yield num, self._unpacked(num, words), places

    def insert(self, num: int, body: Body, spans: Spans, text: bytes | None) -> None:
        """Store those of a new document."""
        self._inserted[num] = text
        self._kept[num], self._spans[num] = body, spans
        self._tokens += len(body.hash)

    def delete(self, nums: Collection[int]) -> None:
        """Remove those of some documents."""
        self.write()
        self._store.run_in("DELETE FROM body WHERE num IN {keys}", sorted(nums))
        self._drop(nums)

    def attest(self, masks: Mapping[int, NDArray[np.bool_]]) -> None:
        """Write which tokens other members of the family carry."""
        self._attested.update(masks)
        for num, mask in masks.items():
            if num in self._kept:
                self._kept[num] = self._kept[num].with_attested(mask)

    def repack(self, num: int, body: Body) -> None:
        """Write a body anew."""
        self._kept[num] = body
        if num not in self._inserted:
            self._store.run("UPDATE body SET words = ?, attested = ? WHERE num = ?", *self._packed(body), num)

    def repack_many(self, bodies: Mapping[int, Body]) -> None:
        """Write many bodies anew, but for what is attested."""
        self.write()
        rows = [(self._packed(body)[0], num) for num, body in bodies.items()]
        self._store.run_many("UPDATE body SET words = ? WHERE num = ?", rows)
        self._drop(bodies)

    def rewrite(self, stripped: Iterable[tuple[int, Body, Spans]]) -> None:
        """Write what stripping makes of documents anew: numbers, bodies and places."""
        self.write()
        rows = [(self._packed(body)[0], pack_places(spans), num) for num, body, spans in stripped]
        self._store.run_many("UPDATE body SET words = ?, places = ? WHERE num = ?", rows)
        self._drop([num for _, _, num in rows])

    def _drop(self, nums: Iterable[int]) -> None:
        """Read those of some documents anew next time."""
        for num in nums:
            self._kept.pop(num, None)
            self._spans.pop(num, None)

    def _packed(self, body: Body) -> tuple[bytes, bytes | None]:
        return pack_words(body.hash, body.flags, self.vocabulary), pack_mask(body.attested)

    def _unpacked(self, num: int, words: bytes, attested: bytes | None = None) -> Body:
        with self.undamaged(num):
            body = Body(*unpack_words(words, self.vocabulary))
            return body.with_attested(unpack_mask(attested, len(body.hash)))

    @contextlib.contextmanager
    def undamaged(self, num: int) -> Iterator[None]:
        """While something of a document is unpacked.

        Raises:
            StorageError: It is not what was packed.
        """
        try:
            yield
        except (TypeError, ValueError, zlib.error) as error:
            raise self._damaged(num) from error

    # --- raw texts

    def text(self, num: int) -> bytes | None:
        """The compressed raw text, where it is stored."""
        if num in self._inserted:
            return self._inserted[num]
        rows = self._store.rows("SELECT text FROM body WHERE num = ?", num)
        return rows[0][0] if rows else None

    def raw_text(self, num: int) -> str | None:
        """The raw text, where it is stored."""
        data = self.text(num)
        return None if data is None else self.inflated(num, data)

    def raw_texts(self, nums: Sequence[int]) -> dict[int, str]:
        """The raw texts of many documents, where they are stored."""
        sql = "SELECT num, text FROM body WHERE num IN {keys} AND text IS NOT NULL"
        return {num: self.inflated(num, text) for num, text in self._store.rows_in(sql, nums)}

    def drop_strays(self) -> None:
        """Remove those whose document is gone."""
        self._store.run("DELETE FROM body WHERE num NOT IN (SELECT num FROM document)")

    def has_all_texts(self) -> bool:
        """Whether no raw text is missing, nor a whole body."""
        return not self._store.rows(
            "SELECT 1 FROM document d LEFT JOIN body b ON b.num = d.num WHERE b.text IS NULL LIMIT 1"
        )

    def inflated(self, num: int, data: bytes) -> str:
        """A compressed raw text of a document, perhaps a former one."""
        with self.undamaged(num):
            return zlib.decompress(data).decode()

    # --- the vocabulary

    @property
    def vocabulary(self) -> NDArray[np.uint64]:
        """Hashes of common tokens, by whose numbers bodies are stored: uint64[v], sorted.

        It is learned once, and empty before. The transaction that learns it doesn't use it yet: it may be
        rolled back.
        """
        if self._vocabulary is None:
            rows = self._store.rows("SELECT hashes FROM vocabulary WHERE number = 1")
            self._vocabulary = np.frombuffer(rows[0][0] if rows else b"", "<u8")
        return self._vocabulary

    def lacks_vocabulary(self) -> bool:
        """Whether it has yet to be learned; where nothing was common it is there, and empty."""
        return not len(self.vocabulary) and not self._store.rows("SELECT 1 FROM vocabulary")

    def learn_vocabulary(self, nums: Collection[int]) -> None:
        """Learn it from some documents."""
        bodies = self.of(nums).values()
        hashes, count = np.unique(np.concatenate([distinct(b.hash) for b in bodies]), return_counts=True)
        most = min(MOST_WORDS, np.count_nonzero(count >= COMMON))
        common = hashes[np.argsort(-count, kind="stable")[:most]]
        self._store.run("INSERT INTO vocabulary VALUES (1, ?)", np.sort(common).tobytes())

    # --- blocks of boilerplate learned at the last rebuilding

    def learned(self) -> tuple[bytes, bytes] | None:
        """Their keys and witnesses, where there are any."""
        rows = self._store.rows("SELECT keys, witnesses FROM learned WHERE number = 1")
        return (rows[0][0], rows[0][1]) if rows else None

    def learn(self, keys: bytes, witnesses: bytes) -> None:
        """Write them."""
        self._store.run("INSERT INTO learned VALUES (1, ?, ?)", keys, witnesses)

    def unlearn(self) -> None:
        """Remove them."""
        self._store.run("DELETE FROM learned")
