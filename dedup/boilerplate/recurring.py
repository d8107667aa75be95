"""Blocks that recur in a source, learned from the corpus: furniture no lexicon knows.

Versions of one story share blocks, too, and must not teach. A document is a *witness* only if at least half
of its prose stands in blocks no other document of the corpus has; a block recurs in a source if enough
witnesses carry it, on so many separate days where the documents are dated. Long furniture of syndication
("This material may not be published …") recurs across sources. Everything is sorting: n log n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
from xxhash import xxh64_intdigest

from dedup import kernels
from dedup.kernels.constants import MIX
from dedup.ragged import holders, is_in, run_starts, steps
from dedup.schemas import LEARNED
from dedup.texts import DAY, NO_DAY, times_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.boilerplate.units import Units
    from dedup.tokens import Tokens

__all__ = [
    "EVERYWHERE",
    "LONG_TOKENS",
    "MANY_SOURCES",
    "OFTEN",
    "PROSE_TOKENS",
    "WITNESSES",
    "BlockTable",
    "Recurring",
    "block_table",
    "find_recurring",
    "recurring_key",
    "unit_hashes",
    "unit_keys",
]

WITNESSES = 2
"""Witnesses, and days among them if dated, that make a block recur in its source."""
OFTEN = 4
"""Witnesses that make a block recur often."""
MANY_SOURCES = 3
"""Sources in which a long block must recur to be furniture everywhere."""
PROSE_TOKENS = 12
"""Tokens of a block that counts as prose; menus would outweigh a short article."""
LONG_TOKENS = 8
"""Tokens of a long block."""
EVERYWHERE = np.uint64(0)
"""Stands for any source where a block recurs in many."""
_M = np.uint64(MIX)


@dataclass(frozen=True, slots=True)
class BlockTable:
    """The blocks of many documents, one row each, for :func:`find_recurring`.

    Attributes:
        hash: uint64[R], of the block's tokens.
        tokens: int32[R], its length.
        document: int64[R], number of the document in the corpus.
        source: uint64[R], hash of the source's name, 0 if unknown.
        day: int64[R], days since the epoch in UTC, ``NO_DAY`` if undated.
    """

    hash: NDArray[np.uint64]
    tokens: NDArray[np.int32]
    document: NDArray[np.int64]
    source: NDArray[np.uint64]
    day: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """One table of many; documents must be numbered across them."""
        return cls(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("hash", "tokens", "document", "source", "day")
            )
        )


@dataclass(frozen=True, slots=True)
class Recurring:
    """What :func:`find_recurring` found.

    Attributes:
        keys: uint64[N], sorted, source and block mixed.
        witnesses: uint8[N], how many documents taught it, 255 at most.
    """

    keys: NDArray[np.uint64]
    witnesses: NDArray[np.uint8]

    @classmethod
    def nothing(cls) -> Self:
        """No block recurs."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.uint8))

    @classmethod
    def from_table(cls, table: pa.Table) -> Self:
        """What :meth:`table` gives, read back.

        Raises:
            OverflowError, TypeError, ValueError: A value is missing, too large, or no hexadecimal number.
        """
        keys = np.array([int(block, 16) for block in table["block"].to_pylist()], np.uint64)
        return cls(keys, np.frombuffer(bytes(table["documents"].to_pylist()), np.uint8))

    def table(self) -> pa.Table:
        """The blocks as a table: ``block``, 16 hexadecimal digits, and ``documents``, its witnesses."""
        blocks = [f"{key:016x}" for key in self.keys.tolist()]
        return pa.table([blocks, self.witnesses.astype(np.int64)], schema=LEARNED)

    def witnesses_of(
        self, batch: pa.RecordBatch, units: Units, whole: NDArray[np.uint64]
    ) -> NDArray[np.uint8]:
        """uint8[U]: witnesses of each unit as a recurring block of its source, 0 if it is none."""
        unit, keys = unit_keys(batch, units, whole)
        found = np.zeros(len(whole), np.uint8)
        np.maximum.at(found, unit, self._lookup(keys))
        return found

    def _lookup(self, keys: NDArray[np.uint64]) -> NDArray[np.uint8]:
        found = np.zeros(len(keys), np.uint8)
        if not len(self.keys):
            return found
        maybe = np.arange(len(keys))
        if len(keys) > len(self.keys):
            # few blocks recur: a bit of each key's hash sends most of the others away before any is sought
            mask = np.uint64((1 << (16 * len(self.keys)).bit_length()) - 1)
            known = np.zeros(int(mask) + 1, np.bool_)
            known[self.keys & mask] = True
            maybe = np.flatnonzero(known[keys & mask])
        at = np.minimum(np.searchsorted(self.keys, keys[maybe]), len(self.keys) - 1)
        there = self.keys[at] == keys[maybe]
        found[maybe[there]] = self.witnesses[at[there]]
        return found


def unit_keys(
    batch: pa.RecordBatch, units: Units, whole: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Unit and key of everything that is looked up: each unit in any source, and in its own if that is known.

    Args:
        batch: The records.
        units: Their units.
        whole: uint64[U], of each the hash of its tokens.
    """
    source = np.repeat(_sources(batch), steps(units.offsets))
    own = np.flatnonzero(source)
    keys = recurring_key(EVERYWHERE, whole), recurring_key(source[own], whole[own])
    return np.append(np.arange(len(whole)), own), np.concatenate(keys)


def block_table(tokens: Tokens, batch: pa.RecordBatch, first_document: int = 0) -> BlockTable:
    """The blocks of a batch, each once a document.

    Args:
        tokens: The batch's token stream.
        batch: Its records; ``source`` and ``published`` are used where they are there.
        first_document: Number of the batch's first document in the corpus.
    """
    sizes = steps(tokens.block_first)
    held = np.flatnonzero(sizes > 0)
    hashes = unit_hashes(tokens, tokens.block_first[held], tokens.block_first[held + 1])
    document = holders(tokens.block_offsets, held)
    order = np.argsort(hashes)
    # NumPy sorts numbers of 16 bits by counting, those above keep their order
    order = order[np.argsort(document[order].astype(np.min_scalar_type(len(tokens))), kind="stable")]
    rows = order[run_starts(hashes[order], document[order])]
    return BlockTable(
        hash=hashes[rows],
        tokens=sizes[held][rows].astype(np.int32),
        document=document[rows] + first_document,
        source=_sources(batch)[document[rows]],
        day=_days(batch)[document[rows]],
    )


def find_recurring(table: BlockTable) -> Recurring:
    """Learn which blocks recur.

    Args:
        table: Every block of the corpus, in any order.

    Returns:
        Keys and counts that depend on the set of rows only, not on their order.
    """
    shared = _is_shared(table)
    weight = np.where(table.tokens >= PROSE_TOKENS, table.tokens, 0)
    words = np.bincount(table.document, weight)
    alone = np.bincount(table.document, np.where(shared, 0, weight))
    witness = ((2 * alone >= words) & (words > 0))[table.document]

    use = shared & witness & (table.source != 0)
    keys, counts = _count(
        recurring_key(table.source[use], table.hash[use]), table.document[use], table.day[use]
    )
    use &= table.tokens >= LONG_TOKENS
    sources, _ = _count(
        table.hash[use], table.source[use].astype(np.int64), np.full(int(use.sum()), NO_DAY), MANY_SOURCES
    )
    use[use] = is_in(table.hash[use], sources)
    everywhere, many = _count(
        recurring_key(EVERYWHERE, table.hash[use]), table.document[use], table.day[use], OFTEN
    )
    keys, counts = np.append(keys, everywhere), np.append(counts, many)
    order = np.argsort(keys, kind="stable")
    return Recurring(keys[order], counts[order])


def unit_hashes(tokens: Tokens, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64: the hash of each run of tokens first[i]:last[i], as the model's units have it."""
    hashes = np.empty(len(first), np.uint64)
    kernels.get(0).hash_units(tokens.hash, first, last, hashes)
    return hashes


def _is_shared(table: BlockTable) -> NDArray[np.bool_]:
    """bool[R]: another document has the same block."""
    order = np.argsort(table.hash)
    opens = run_starts(table.hash[order])
    alone = opens & np.append(opens[1:], True)
    shared = np.empty(len(order), np.bool_)
    shared[order] = ~alone
    return shared


def _count(
    keys: NDArray[np.uint64], items: NDArray[np.int64], days: NDArray[np.int64], least: int = WITNESSES
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Keys with at least so many different items, of which those of one day count once."""
    order = np.lexsort((items, keys))
    keys, items, days = keys[order], items[order], days[order]
    fresh = run_starts(keys, items)
    keys, days = keys[fresh], days[fresh]
    order = np.lexsort((days, keys))
    keys, days = keys[order], days[order]
    values, first, count = np.unique(keys, return_index=True, return_counts=True)
    if not len(values):
        return values, np.zeros(0, np.uint8)
    new_day = run_starts(keys, days)
    dated = days != NO_DAY
    separate = np.add.reduceat((new_day & dated).astype(np.int64), first)
    undated = np.add.reduceat((~dated).astype(np.int64), first)
    # an undated witness stands for itself, beside the days of the dated ones
    enough = separate + undated >= least
    return values[enough], np.minimum(count[enough], 255).astype(np.uint8)


def recurring_key(source: NDArray[np.uint64] | np.uint64, block: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One key of a source, or of :data:`EVERYWHERE`, and a block."""
    mixed = (block ^ (source * _M)) * _M
    return mixed ^ (mixed >> np.uint64(32))


def _sources(batch: pa.RecordBatch) -> NDArray[np.uint64]:
    """uint64[n]: hash of each document's source, 0 if unknown."""
    if "source" not in batch.schema.names:
        return np.zeros(batch.num_rows, np.uint64)
    column = batch.column("source").cast(pa.large_string()).fill_null("").dictionary_encode()
    names = [xxh64_intdigest(name.encode()) if name else 0 for name in column.dictionary.to_pylist()]
    codes: NDArray[np.int32] = column.indices.to_numpy(zero_copy_only=False)
    return np.array(names or [0], np.uint64)[codes]


def _days(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """int64[n]: days since the epoch in UTC, ``NO_DAY`` if undated."""
    if "published" not in batch.schema.names:
        return np.full(batch.num_rows, NO_DAY, np.int64)
    return np.asarray(times_of(batch.column("published")) // DAY)
