"""The commands put together, and what becomes of their errors."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from dedup._version import __version__
from dedup.cli.clean import clean
from dedup.cli.compare import compare
from dedup.cli.diff import diff
from dedup.cli.imports import leave_out
from dedup.cli.index import index
from dedup.cli.report import report
from dedup.cli.run import run
from dedup.cli.terminal import safe
from dedup.cli.warm import warm
from dedup.errors import DedupError

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["app", "main"]

USAGE, INTERRUPTED = 2, 130  # the second as a shell reports SIGINT
BROKEN_PIPE = 1  # as typer and rich have it
GARBAGE = 50_000  # objects between two looks for cycles; loading makes many that stay, so 700 cost 0.3 s
_PYTHONS_WORD = re.compile(r" \(\w+=True\)")  # beside an option of the same meaning

# typer brings its own click from 0.20 on and depends on the package before; this is the class of either
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:  # of which typer keeps nothing but the code
            raise typer.Abort from interrupt


app = typer.Typer(
    name="dedup",
    cls=_Commands,
    help="Find the families of copied news articles: who has the article, and what did they change?",
    # plain help: rich's takes 0.15 s longer, and this one can be piped
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, clean, compare, diff, report, warm):
    app.command()(command)

app.add_typer(index, name="index")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dedup {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit: 0, also with rejects; 2 where nothing could be done; 130 where interrupted."""
    gc.set_threshold(GARBAGE)
    if arguments is None:  # the command is the whole process
        leave_out("pandas", "scipy", "cffi")
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's threads would only wait
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the caller: as if nothing came, and nobody listened
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Latin-1 terminal gets "?" for what it cannot show
    terminated = False

    def terminate(number: int, _: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        signal.signal(number, signal.SIG_DFL)  # a second one does not wait
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, terminate)
    code = _run(arguments)
    if terminated:
        os.kill(os.getpid(), signal.SIGTERM)  # all is cleared up: end as whoever sent it expects
    gc.freeze()  # looking through all objects once more before the end takes 0.3 s
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    try:
        code = app(arguments, prog_name="dedup", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort) as error:
        _say(_with_notes("interrupted", error.__cause__ or error))
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()  # whoever read it has seen enough
        return BROKEN_PIPE
    except _UsageError as error:
        return _fail(_plain(error.format_message()))  # type: ignore[attr-defined]
    except DedupError as error:
        return _fail(_with_notes(_PYTHONS_WORD.sub("", str(error)), error))
    except MemoryError as error:
        return _fail(_with_notes("out of memory; a lower --memory-limit or fewer --threads may help", error))
    except OSError as error:
        place = error.filename or (_output_fails() and "standard output")
        return _fail(_with_notes(f"{f'{place}: ' if place else ''}{error.strerror or error}", error))
    return code if isinstance(code, int) else 0


def _plain(message: str) -> str:
    """What typer says of an option, without the words of pydantic, which checks it."""
    message = re.sub(r"Value error, |, unable to parse .*", "", message)
    return message.replace("Input should be", "must be")


def _with_notes(message: str, error: BaseException) -> str:
    return "; ".join([message, *getattr(error, "__notes__", [])])


def _fail(message: str) -> int:
    if _output_fails():  # a full disk, again
        _drop_output()
    _say(message)
    return USAGE


def _output_fails() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _drop_output() -> None:
    """Have what is still buffered go nowhere: it must not raise again at exit, which would end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _say(message: str) -> None:
    with contextlib.suppress(OSError):
        print(f"dedup: {safe(message)}", file=sys.stderr)  # noqa: T201
