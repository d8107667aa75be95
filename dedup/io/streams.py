"""Bytes of an input, decompressed, and the whole lines in them."""

from __future__ import annotations

import io
import sys
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from dedup.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CutShortError", "Decompressed", "decompressed", "line_blocks"]

_READ = 1 << 18  # bytes read at once from a compressed file; what a damaged one may cost


class CutShortError(InputError):
    """A file ended before its end.

    Attributes:
        rest: What there was after the last line end, perhaps a whole line.
    """

    def __init__(self, reason: str, rest: bytes) -> None:
        super().__init__(reason)
        self.rest = rest


def decompressed(stream: BinaryIO, compression: str, read_bytes: int) -> Iterator[bytes]:
    """Chunks of a stream's bytes. Whatever stands before a fault is given before the error.

    Args:
        stream: Open for reading.
        compression: ``gz``, ``zst`` or empty.
        read_bytes: Size of a chunk, where nothing is compressed.

    Raises:
        InputError: Truncated or damaged, or compressed by something else; only the reason is set.
        OSError: The file could not be read.
    """
    if compression == "gz":
        return _gunzip(stream)
    if compression == "zst":
        return _unzstd(stream)
    return iter(lambda: stream.read(read_bytes), b"")


class Decompressed(io.RawIOBase):
    """A compressed file as one to be read; of a damaged one all whole lines before the fault.

    Attributes:
        fault: What was wrong, once all has been read.
    """

    def __init__(self, stream: BinaryIO, compression: str) -> None:
        self.fault: InputError | None = None
        self._blocks = line_blocks(decompressed(stream, compression, _READ), _READ, sys.maxsize)
        self._lines, self._at = b"", 0

    def readable(self) -> bool:  # noqa: D102 (as of any file)
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: D102
        if self._at == len(self._lines):
            block = None
            try:
                block = next(self._blocks, None)
            except CutShortError as error:
                self.fault = error
            self._lines, self._at = block or b"", 0
        part = self._lines[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def _gunzip(stream: BinaryIO) -> Iterator[bytes]:
    # not gzip.GzipFile: it loses what it has in hand when the file ends early
    member = zlib.decompressobj(31)
    fresh, first = True, True  # nothing of this member seen yet; no member finished yet
    try:
        while data := stream.read(_READ):
            while data:
                if fresh and not first:
                    data = data.lstrip(b"\0")  # padding between members
                    if not data:
                        break
                fresh = False
                if out := member.decompress(data):
                    yield out
                data = member.unused_data
                if member.eof:
                    member, fresh, first = zlib.decompressobj(31), True, False
    except zlib.error as error:
        if "incorrect header check" not in str(error):
            raise InputError("damaged gzip file") from error
        raise InputError("not a gzip file" if first else "bytes after the end of gzip data") from error
    if not fresh or first:
        raise InputError("truncated gzip file")


def _unzstd(stream: BinaryIO) -> Iterator[bytes]:
    opened = pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd")
    reads, rest = 0, b""
    try:
        while out := opened.read(_READ // 4):
            reads += 1
            yield out
    except OSError as error:
        if error.errno is not None:
            raise
        if stream.seekable() and (rest := _before_fault(stream, reads)):
            yield rest
        if "runcated" in str(error):
            raise InputError("truncated zstd file") from error
        raise InputError("damaged zstd file" if reads or rest else "not a zstd file") from error


def _before_fault(stream: BinaryIO, reads: int) -> bytes:
    """What the read that failed had in hand, and lost: byte by byte it comes, after so many whole reads."""
    stream.seek(0)
    opened = pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd")
    for _ in range(reads):
        opened.read(_READ // 4)
    rest = bytearray()
    with suppress(OSError):
        while byte := opened.read(1):
            rest += byte
    return bytes(rest)


def line_blocks(chunks: Iterator[bytes], block_bytes: int, max_line: int) -> Iterator[bytes | None]:
    """Cut chunks into blocks of whole lines.

    Args:
        chunks: Any bytes.
        block_bytes: A block is given once it holds this many.
        max_line: Longer lines are dropped.

    Yields:
        Lines with their ends (the last one may lack it), or None in place of one line that was too long.

    Raises:
        CutShortError: ``chunks`` failed; comes after all whole lines before that.
    """
    lines: list[bytes] = []  # joined, whole lines
    tail: list[bytes] = []  # joined, the beginning of one
    size = rest = 0
    skipping = False
    fault: InputError | None = None
    while True:
        try:
            chunk = next(chunks, b"")
        except InputError as error:
            fault, chunk = error, b""
        except OSError as error:
            fault, chunk = InputError(f"cannot be read: {error.strerror or error}"), b""
        if not chunk:
            break
        if skipping:
            start = chunk.find(b"\n") + 1
            if not start:
                continue
            skipping, chunk = False, chunk[start:]
        end = chunk.rfind(b"\n") + 1
        if end:
            lines += [*tail, chunk[:end]]
            size += rest + end
            tail, rest = [], 0
        tail.append(chunk[end:])
        rest += len(chunk) - end
        if lines and (size >= block_bytes or rest > max_line):
            yield b"".join(lines)
            lines, size = [], 0
        if rest > max_line:
            tail, rest, skipping = [], 0, True
            yield None
    if fault:
        if lines:
            yield b"".join(lines)
        raise CutShortError(fault.reason, b"".join(tail)) from fault
    if size + rest:
        yield b"".join([*lines, *tail])
