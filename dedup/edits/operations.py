"""The operations a diff is made of, and their JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from dedup.errors import DiffError
from dedup.kernels.constants import NESTED, OPERATIONS
from dedup.tokens import byte_to_char

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

Op = Literal["equal", "replace", "insert", "delete", "move"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One step from ``a`` to ``b``; ``dedup.edits`` has the schema.

    Attributes:
        op: equal, replace, insert, delete or move.
        start: First character of ``a`` it is about.
        end: One past the last; equal to ``start`` for an insert.
        text: What a replace or an insert puts there.
        edits: For a move that was edited too: the operations inside it, else empty.
    """

    op: Op
    start: int
    end: int
    text: str = ""
    edits: tuple[Operation, ...] = ()


def read_rows(rows: NDArray[np.int64], a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[Operation, ...]:
    """Operations from the rows of :func:`dedup.edits.batch.find_edits`, for one pair of texts in UTF-8."""
    places = byte_to_char(a, rows[:, 1:3]).tolist()
    operations: list[Operation] = []
    for (kind, _, _, low, high), (start, end) in zip(rows.tolist(), places, strict=True):
        op: Op = OPERATIONS[kind & ~NESTED]
        text = b[low:high].tobytes().decode("utf-8", "surrogatepass") if op in ("replace", "insert") else ""
        operation = Operation(op, start, end, text)
        if kind & NESTED:
            move = operations.pop()
            operation = replace(move, edits=(*move.edits, operation))
        operations.append(operation)
    return tuple(operations)


def flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    """The operations, an edited move as its edits."""
    for operation in operations:
        if operation.edits:
            yield from operation.edits
        else:
            yield operation


def produced(operations: Iterable[Operation], base: str) -> Iterator[str]:
    """What each of the operations puts into the other text, edited moves in parts."""
    for item in flat(operations):
        yield base[item.start : item.end] if item.op in ("equal", "move") else item.text


def digest(text: str) -> str:
    """The hash of the header."""
    from xxhash import xxh64_hexdigest

    return xxh64_hexdigest(text.encode("utf-8", "surrogatepass"))


def operation_json(operation: Operation) -> dict[str, Any]:
    """One operation as a JSON-able object."""
    item: dict[str, Any] = {"op": operation.op, "a": [operation.start, operation.end]}
    if operation.text:
        item["text"] = operation.text
    if operation.edits:
        item["edits"] = [*map(operation_json, operation.edits)]
    return item


def read_operations(
    items: Sequence[dict[str, Any]], low: int, high: int, *, nested: bool = False
) -> tuple[Operation, ...]:
    """Read operations that make something from characters ``low..high``."""
    operations = tuple(_read(item, low, high, nested=nested) for item in items)
    in_place = [end for item in operations if item.op != "move" for end in (item.start, item.end)]
    ranges = sorted((item.start, item.end) for item in operations if item.op != "insert")
    starts, ends = [*(start for start, _ in ranges), high], [low, *(end for _, end in ranges)]
    if starts != ends or in_place != sorted(in_place):
        raise DiffError(f"operations don't cover characters {low} to {high} of their text once, in order")
    return operations


def _read(item: dict[str, Any], low: int, high: int, *, nested: bool) -> Operation:
    """Read one operation whose range must lie in ``low..high``."""
    try:
        op, (start, end), text, edits = item["op"], item["a"], item.get("text", ""), item.get("edits", ())
        ranged = low <= start <= end <= high and (start == end) == (op == "insert")
        written = isinstance(text, str) and bool(text) == (op in ("replace", "insert"))
        known = op in ("equal", "replace", "insert", "delete") or (op == "move" and not nested)
        whole = ranged and (int(start), int(end)) == (start, end)
        if not (whole and written and known) or (edits and op != "move"):
            raise ValueError
        inner = read_operations(edits, int(start), int(end), nested=True) if edits else ()
    except (KeyError, TypeError, ValueError) as error:
        raise DiffError(
            f"not an operation within characters {low} to {high} of its text: {item!r:.200}"
        ) from error
    return Operation(cast("Op", op), int(start), int(end), text, inner)
