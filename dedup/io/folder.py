"""What a run writes its result to, a folder or a file: there whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from dedup.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["OutputFolder", "finished_run", "is_ours", "output_file", "writing"]

_RESULT = "run.json"  # by which a result of ours is known
_LOCK = ".dedup-lock"  # inside the unfinished folder; also tells that the folder is ours
_KEY = ".dedup-key"  # beside it: what the result depends on


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the system into one of ours.

    Raises:
        OutputError: Something under ``path`` could not be written.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{error.filename or path}: cannot be written: {error.strerror or error}"
        ) from error


class OutputFolder:
    """Collects files in ``OUT.partial`` and moves them to ``OUT`` when all has gone well.

    A killed run leaves ``OUT.partial``, which the next one replaces, or goes on with; so does one whose
    result cannot be moved to its place, and with a key one that fails after it has finished something: a note
    of its error says so. Nothing is ever deleted that no run of this package made. With ``force``, an ``OUT``
    in the way is moved aside first, and deleted last.

        with OutputFolder("out") as folder:
            write_jsonl(folder / "documents.jsonl", table)

    Args:
        out: The folder to be.
        force: Replace an earlier result.
        key: What the result depends on. Files that are there after an error then stay.
        resume: Keep the files of a run that was killed or failed, if its key was the same.

    Attributes:
        resumed: Whether there were any.
        dropped: Whether what a run had kept for another key was removed.

    Raises:
        OutputError: ``OUT`` exists and is not empty, another run is writing to it, or it can't be written.
        UsageError: ``out`` is no path.
    """

    def __init__(
        self,
        out: str | os.PathLike[str],
        *,
        force: bool = False,
        key: str | None = None,
        resume: bool = False,
    ) -> None:
        if not isinstance(out, str | os.PathLike):
            raise UsageError(f"a result is written to a folder, not to {type(out).__name__}")
        self._shown = Path(out)
        self._out = Path(os.path.abspath(out))  # noqa: PTH100 (no links resolved)
        self._force = force
        if not self._out.name or "\0" in str(self._out):
            raise OutputError(f"{self._shown}: is no place for a result")
        self._partial = self._out.with_name(self._out.name + ".partial")
        self._old = self._out.with_name(self._out.name + ".replaced")
        self._lock: int | None = None
        self._key = key
        self._resume = resume
        self.resumed = self.dropped = False

    def __truediv__(self, name: str) -> Path:
        """Path of a file to be written."""
        return self._partial / name

    def __enter__(self) -> Self:
        self.check()
        with writing(self._partial):
            self._out.parent.mkdir(parents=True, exist_ok=True)
            self._lock = self._acquire()
            try:
                self._recover()
                self._clear()
            except BaseException:
                self._let_go()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        keep = error is not None and self._key is not None and self._has_files()
        if error is not None and keep:
            error.add_note(
                f"what is finished is kept in {self._partial}: "
                "--resume goes on with it, deleting it frees the disk"
            )
        try:
            if kind is None:
                with writing(self._out):
                    self._commit()
        except OutputError as failure:
            keep = self._partial.exists()  # what may have taken hours stays
            raise OutputError(
                f"{failure}; the result is in {self._partial}" if keep else str(failure)
            ) from failure
        finally:
            self._let_go(keep=keep)

    def check(self) -> None:
        """See whether ``OUT`` may be written; entering looks again.

        Raises:
            OutputError: Something is in the way.
        """
        if not os.path.lexists(self._out):
            return
        if not self._out.is_dir():
            raise OutputError(f"{self._shown}: is no folder")
        if not any(self._out.iterdir()):
            return
        if not _is_result(self._out):
            raise OutputError(
                f"{self._shown}: is not a result of dedup, so it is not replaced; choose another name"
            )
        if not self._force:
            raise OutputError(f"{self._shown}: exists already; use --force (force=True) to replace it")

    def _acquire(self) -> int:
        """Make the unfinished folder, or take over a dead run's, and lock it."""
        while True:
            try:
                self._partial.mkdir()
            except FileExistsError:
                mine = self._partial.is_dir() and (
                    (self._partial / _LOCK).exists() or not any(self._partial.iterdir())
                )
                if not mine:
                    raise OutputError(f"{self._partial}: is in the way and not ours; move it") from None
            try:
                lock = os.open(self._partial / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:
                continue  # the run before finished in between
            if not _try_lock(lock):
                os.close(lock)
                raise OutputError(f"{self._shown}: another run is writing to it")
            if self._holds(lock):
                return lock
            os.close(lock)  # what we locked has been moved away meanwhile

    def _clear(self) -> None:
        """Remove what is in the unfinished folder, unless this run goes on with it."""
        known = self._partial / _KEY
        if self._resume and self._key and known.exists() and known.read_text() == self._key:
            self.resumed = True
            for half in self._partial.glob("*.partial"):  # a file that was being written: see output_file
                _delete(half)
            return
        self.dropped = self._has_files()
        for path in self._partial.iterdir():
            if path.name != _LOCK:
                _delete(path)
        if self._key:
            known.write_text(self._key)

    def _has_files(self) -> bool:
        return any(path.name not in (_LOCK, _KEY) for path in self._partial.glob("*"))

    def _holds(self, lock: int) -> bool:
        """Whether the unfinished folder there is now is the one locked."""
        try:
            return os.path.samestat(os.fstat(lock), (self._partial / _LOCK).stat())
        except FileNotFoundError:
            return False

    def _recover(self) -> None:
        """Clear up after a run that was killed while it replaced ``OUT``."""
        if self._old.exists() and _is_result(self._old):
            if self._out.exists():
                _delete(self._old)
            else:
                self._old.rename(self._out)
                self.check()

    def _commit(self) -> None:
        self.check()
        replaces = os.path.lexists(self._out)
        if replaces:
            self._out.rename(self._old)
        try:
            self._partial.rename(self._out)
        except OSError:
            if replaces:
                self._old.rename(self._out)
            raise
        (self._out / _LOCK).unlink()
        (self._out / _KEY).unlink(missing_ok=True)
        if replaces:
            _delete(self._old)

    def _let_go(self, *, keep: bool = False) -> None:
        """Let go of the lock, and unless it is kept remove the unfinished folder, if still there and ours."""
        if self._lock is None:
            return
        if not keep and self._holds(self._lock):
            shutil.rmtree(self._partial, ignore_errors=True)
        os.close(self._lock)
        self._lock = None


@contextmanager
def output_file(out: str | os.PathLike[str], *, force: bool = False) -> Iterator[Path]:
    """A path to write one file to, moved to ``out`` when all has gone well, removed if not.

    Raises:
        OutputError: ``out`` exists and not ``force``, is a folder or a device, or can't be written.
    """
    path = Path(out)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial") if path.name else path
    with writing(path):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder")
        if path.exists() and not path.is_file():  # /dev/null would be replaced by a file
            raise OutputError(f"{path}: is no file that can be replaced")
        if path.exists() and not force:
            raise OutputError(f"{path}: exists already; use --force (force=True) to replace it")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with writing(path):
            partial.replace(path)
    finally:
        with suppress(OSError):  # what went wrong before is told
            partial.unlink()


def is_ours(folder: Path) -> bool:
    """Whether a folder is a result of this package, or one that is being written."""
    return os.path.exists(folder / _LOCK) or _is_result(folder)  # noqa: PTH110 (Path.exists raises without permission)


def _is_result(folder: Path) -> bool:
    return finished_run(folder) is not None


def finished_run(folder: Path) -> dict[str, Any] | None:
    """What ``run.json`` of a result says; None if there is none."""
    try:
        run = orjson.loads((folder / _RESULT).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    known = (
        isinstance(run, dict) and isinstance(run.get("format"), int) and {"version", "settings"} <= run.keys()
    )
    return run if known else None


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        # let go by the system when the process dies, so a lock is never stale
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
