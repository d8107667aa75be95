"""The operations a diff is made of, and their JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from dedup.errors import DiffError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Op = Literal["equal", "replace", "insert", "delete", "move"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One step from ``a`` to ``b``; the module's docstring has the schema.

    Attributes:
        op: equal, replace, insert, delete or move.
        start: First character of ``a`` it is about.
        end: Behind the last one; equal to start for an insert.
        text: What a replace or an insert puts there.
        edits: For a move that was edited too: the operations inside it, else empty.
    """

    op: Op
    start: int
    end: int
    text: str = ""
    edits: tuple[Operation, ...] = ()


class Match(NamedTuple):
    """``a[a:a + size] == b[b:b + size]``, holding this many whole words."""

    a: int
    b: int
    size: int
    words: int


class Move(NamedTuple):
    """``b[b_start:b_end]`` comes from ``a[a_start:a_end]``, where it stood in another place."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    edits: tuple[Operation, ...]


def write_operations(
    a: str,
    b: str,
    a_start: int,
    a_end: int,
    b_start: int,
    b_end: int,
    matches: Iterable[Match],
    moves: list[Move],
) -> tuple[Operation, ...]:
    """Write matches (ascending) and moves (ascending in b, each between two matches) as operations."""
    operations: list[Operation] = []
    sources = sorted(move[:2] for move in moves)
    source = target = 0
    kept, i, j = a_start, a_start, b_start  # base[kept:i] is equal and not yet written
    for match in [*matches, Match(a_end, b_end, 0, 0)]:
        if i < match.a or j < match.b:
            if kept < i:
                operations.append(Operation("equal", kept, i))
            kept = match.a
            first_source, first_target = source, target
            while source < len(sources) and sources[source][0] < match.a:
                source += 1
            while target < len(moves) and moves[target].b_start < match.b:
                target += 1
            if source == first_source and target == first_target:
                _change(operations, i, match.a, b[j : match.b])
            else:
                left, here = sources[first_source:source], moves[first_target:target]
                _change_around(operations, b, i, match.a, j, match.b, left, here)
        i, j = match.a + match.size, match.b + match.size
    if kept < i:
        operations.append(Operation("equal", kept, i))
    return tuple(operations)


def _change(operations: list[Operation], start: int, end: int, text: str) -> None:
    if start < end and text:
        operations.append(Operation("replace", start, end, text))
    elif start < end:
        operations.append(Operation("delete", start, end))
    elif text:
        operations.append(Operation("insert", start, start, text))


def _change_around(
    operations: list[Operation],
    b: str,
    a_start: int,
    a_end: int,
    b_start: int,
    b_end: int,
    sources: list[tuple[int, int]],
    moves: list[Move],
) -> None:
    """A change between two matches that has parts which moved away (``sources``) or here (``moves``)."""
    old = []
    for start, end in [*sources, (a_end, a_end)]:
        if a_start < start:
            old.append((a_start, start))
        a_start = end
    at = old[0][0] if old else a_start
    # The k-th dropped stretch gives its place to the k-th new one.
    queue = iter(old)
    for move in [*moves, None]:
        text = b[b_start : move.b_start if move else b_end]
        if text:
            start, end = next(queue, (at, at))
            _change(operations, start, end, text)
            at = end
        if move:
            operations.append(Operation("move", move.a_start, move.a_end, "", move.edits))
            b_start = move.b_end
    operations += [Operation("delete", *rest) for rest in queue]


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


def read_operation(item: dict[str, Any], low: int, high: int, *, nested: bool = False) -> Operation:
    """Read one operation whose range must lie in ``low..high``."""
    try:
        op, (start, end), text, edits = item["op"], item["a"], item.get("text", ""), item.get("edits", ())
        ranged = low <= start <= end <= high and (start == end) == (op == "insert")
        written = isinstance(text, str) and bool(text) == (op in ("replace", "insert"))
        known = op in ("equal", "replace", "insert", "delete") or (op == "move" and not nested)
        if not (ranged and written and known) or (edits and op != "move"):
            raise ValueError
        inner = tuple(read_operation(edit, start, end, nested=True) for edit in edits)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DiffError(
            f"not an operation within characters {low} to {high} of its text: {item!r:.200}"
        ) from error
    return Operation(cast("Op", op), int(start), int(end), text, inner)
