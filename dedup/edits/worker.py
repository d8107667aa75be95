"""A process that makes diffs, spoken to through its standard streams.

A message is its length, 8 bytes little-endian, and JSON. Of each pair ``[fields, before, after]`` of a
message a line of the answer is made: the fields and the operations. (A pool of multiprocessing would run the
caller's main module again and speak pickle.)
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import orjson

from dedup.edits.diffing import diff

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Worker", "lines"]

Pair = tuple[dict[str, Any], str, str]


def lines(pairs: Sequence[Pair]) -> bytes:
    """A JSON line of each pair: its fields, and the operations that make the second text of the first."""
    return b"".join(
        orjson.dumps({**fields, "operations": diff(a, b).as_json()}, option=orjson.OPT_APPEND_NEWLINE)
        for fields, a, b in pairs
    )


class Worker:
    """A process beside this one; used by one thread at a time."""

    def __init__(self) -> None:
        code = f"import sys; sys.path[:] = {sys.path!r}; from dedup.edits.worker import serve; serve()"
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def lines(self, pairs: Sequence[Pair]) -> bytes:
        """The same as :func:`lines`, made over there; here where that process has ended."""
        try:
            _send(self._process.stdin, orjson.dumps(pairs))
            answer = _receive(self._process.stdout)
        except OSError:
            answer = None
        return lines(pairs) if answer is None else answer


def serve() -> None:
    """Answer until the standard input ends."""
    while (message := _receive(sys.stdin.buffer)) is not None:
        _send(sys.stdout.buffer, lines(orjson.loads(message)))


def _send(stream: BinaryIO | Any, message: bytes) -> None:
    stream.write(len(message).to_bytes(8, "little"))
    stream.write(message)
    stream.flush()


def _receive(stream: BinaryIO | Any) -> bytes | None:
    head = stream.read(8)
    if len(head) < 8:
        return None
    size = int.from_bytes(head, "little")
    message: bytes = stream.read(size)
    return message if len(message) == size else None
