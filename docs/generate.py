"""Write the generated parts of the documentation, or name those that are not current.

    python docs/generate.py            write
    python docs/generate.py --check    exit 1 and name the pages that would change
    python docs/generate.py --pages    without running the examples

Three things are generated: pages of ``docs/reference/`` from the code that they describe; tables of scores
from what ``benchmarks/quality.py`` kept; and the output below the examples of the README, the tutorial and
the how-to pages. An example is a ``console`` block, whose lines after ``$`` are run by a shell, or a
``python`` block, which is run as it stands; what it prints goes into the ``text`` block right below it. The
examples of a page run in one fresh folder that holds the seeds. Blocks of other kinds (``sh``, ``py``,
``sql``) are not run.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import enum
import importlib
import inspect
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
WIDTH = 80  # columns of the terminal that the examples are run in

NOTE = "<!-- Written by docs/generate.py; change the code it describes, then run that. -->\n\n"

RETURNED = {
    "dedup.edits": ("Operation", "Row"),
    "dedup.agreed": ("AgreedText", "AgreedPassage"),
    "dedup.lineage": ("Step",),
}

FIXED = ("quotations", "alignment", "overlap", "verdicts", "templates", "naming", "stock", "families")
"""Modules whose numbers decide how a pair is judged, in the order of the stages."""

ADVANCED = {"docs/how-to/ingestion.md", "docs/how-to/spark.md"}
"""Need servers or a cluster; what they call is tested where the index and the Spark engine are."""


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page would change")
    parser.add_argument("--pages", action="store_true", help="run no examples")
    args = parser.parse_args()
    made = {**reference_pages(), **{page: with_scores(page) for page in SCORED}}
    if not args.pages:
        made |= {page: with_outputs(page) for page in example_pages()}
    stale = [page for page, text in made.items() if not is_current(page, text)]
    for path in stale:
        print(path.relative_to(ROOT))
        if not args.check:
            path.write_text(made[path], encoding="utf-8")
    return 1 if stale and args.check else 0


# Reference pages


def reference_pages() -> dict[Path, str]:
    """Text of every generated page of the reference."""
    makers: dict[str, Callable[[], str]] = {
        "cli.md": cli_page,
        "settings.md": settings_page,
        "api.md": api_page,
        "canonical-policies.md": lambda: module_page("Canonical policies", "dedup.canonical"),
        "diff-operations.md": lambda: module_page("Diff operations", "dedup.edits"),
    }
    return {
        DOCS / "reference" / name: NOTE + re.sub(r"\n{3,}", "\n\n", make()) for name, make in makers.items()
    }


def cli_page() -> str:
    """Every command with its arguments and options, as the program has them."""
    parts = [
        "# Commands\n",
        "Exit codes: 0, also where some records were rejected; 1 where whoever read the output closed it "
        "early, as `head` does; 2 for bad usage, or where no record was usable, with one line on standard "
        "error that says what and where; 130 where it was interrupted.\n",
    ]
    for name, function in commands():
        parameters = [Parameter.of(*item) for item in hints(function)]
        words = [p.name + ("…" if p.many else "") for p in parameters if p.is_argument]
        parts += [
            f"## {name}\n",
            f"```sh\n{' '.join([name, *words, '[OPTIONS]'])}\n```\n",
            paragraphs(inspect.getdoc(function) or "") + "\n",
        ]
        rows = [f"| {p.spelled} | {cell(p.help)} | {p.default} |" for p in parameters if not p.hidden]
        if rows:
            parts.append("| | | default |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Full name and function of each command, groups opened."""
    from dedup.cli.app import app

    def walk(name: str, group: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
        for command in group.registered_commands:
            if not command.hidden:
                word = command.name or command.callback.__name__.replace("_", "-")
                yield f"{name} {word}", command.callback
        for inner in group.registered_groups:
            yield from walk(f"{name} {inner.name or inner.typer_instance.info.name}", inner.typer_instance)

    yield from walk("dedup", app)


def hints(function: Callable[..., Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name, annotation and default of each parameter of a command."""
    found = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        if get_origin(found[name]) is Annotated:  # the others are handed in by typer itself
            yield name, found[name], parameter.default


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or option of a command, as a reader meets it."""

    name: str
    spelled: str
    help: str
    default: str
    many: bool
    is_argument: bool
    hidden: bool

    @classmethod
    def of(cls, name: str, annotation: Any, default: Any) -> Parameter:
        """Read the annotation of a command's function."""
        type_, info = get_args(annotation)[:2]
        inner = (
            [x for x in get_args(type_) if x is not type(None)] if get_origin(type_) is UnionType else [type_]
        )
        many = get_origin(inner[0]) is list
        is_argument = type(info).__name__ == "ArgumentInfo"
        word = info.metavar or (name.upper() if is_argument else "VALUE")
        if inspect.isclass(inner[0]) and issubclass(inner[0], enum.Enum) and not info.metavar:
            word = "\\|".join(member.value for member in inner[0])
        if is_argument:
            spelled = f"`{word}`"
        else:
            value = "" if inner[0] is bool else f" {word}"
            first = (info.default,) if isinstance(info.default, str) else ()  # where Annotated puts it
            names = (*first, *(info.param_decls or ())) or (f"--{name.replace('_', '-')}",)
            spelled = ", ".join(f"`{option}{value}`" for option in names)
        if isinstance(default, enum.Enum):
            default = default.value
        plain = isinstance(default, str | int | float) and not isinstance(default, bool)
        shown = f"`{default}`" if plain else "required" if default is inspect.Parameter.empty else ""
        text = " ".join((info.help or "").split())
        return cls(word, spelled, text, shown, many, is_argument, bool(info.hidden))


def settings_page() -> str:
    """Every setting with its default, range and unit, from the comments of the class."""
    from dedup import Settings
    from dedup.config import SCHEME_FIELDS

    parts = [
        "# Settings\n",
        "One frozen object, `dedup.Settings`, for the library; `--set NAME=VALUE` on the command line. "
        "What to change them for: [settings and tuning](../how-to/tuning.md).\n",
        " ".join((inspect.getdoc(Settings) or "").split("\n\n", 1)[1].split()) + "\n",
        "What an index stores depends on " + ", ".join(f"`{name}`" for name in SCHEME_FIELDS) + ": "
        "with other values its sketches cannot be compared, and opening it is refused.\n",
    ]
    defaults = {f.name: f.default for f in fields(Settings)}
    for group, rows in settings_groups():
        heading, *remark = re.split(r"[;:] ", group, maxsplit=1)
        parts.append(f"## {heading[0].upper()}{heading[1:]}\n")
        parts += [f"{text[0].upper()}{text[1:]}.\n" for text in remark]
        lines = [
            f"| `{name}` | {default_of(name, defaults[name])} | {range_of(name)} | {cell(meaning)} |"
            for name, meaning in rows
        ]
        parts.append(
            "| setting | default | range | unit and meaning |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"
        )
    parts.append("## Fixed numbers\n")
    parts.append(
        "No settings, since nobody should have to choose them; they belong to the package version. Each "
        "stands in the module named, with the reason in the [decisions](../decisions/README.md).\n"
    )
    rows = [
        f"| `{module}.{name}` | `{value}` | {cell(meaning)} |"
        for module in FIXED
        for name, value, meaning in fixed_numbers(module)
    ]
    parts.append("| number | value | unit and meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def fixed_numbers(module: str) -> Iterator[tuple[str, str, str]]:
    """Name, value as written and docstring of each number a module of the package defines."""
    body = ast.parse(
        Path(inspect.getfile(importlib.import_module(f"dedup.{module}"))).read_text("utf-8")
    ).body
    for found, following in itertools.pairwise(body):
        if isinstance(found, ast.Assign) and isinstance(following, ast.Expr) and len(found.targets) == 1:
            value = getattr(importlib.import_module(f"dedup.{module}"), ast.unparse(found.targets[0]), None)
            numbers = value if isinstance(value, tuple) else (value,)
            if all(isinstance(number, int | float) for number in numbers) and isinstance(
                following.value, ast.Constant
            ):
                meaning = " ".join(str(following.value.value).split()).removesuffix(".")
                yield ast.unparse(found.targets[0]), ast.unparse(found.value), meaning


def settings_groups() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Heading and (name, meaning) of each group of settings in the source."""
    from dedup import Settings

    source = inspect.getsource(Settings).split("def __post_init__")[0]
    group, rows = "", []
    for line in source.splitlines():
        if heading := re.fullmatch(r"    # (.*)", line):
            if rows:
                yield group, rows
            group, rows = heading[1], []
        elif found := re.fullmatch(r"    (\w+): [^=]+ = .*?(?:  # (.*))?", line):
            rows.append((found[1], found[2] or ""))
    yield group, rows


def default_of(name: str, value: object) -> str:
    """A default as it is written on the command line."""
    if name == "memory_limit" and isinstance(value, int):
        return f"`{value >> 30}GB`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value == () or value is None or value is MISSING else f"`{value}`"


def range_of(name: str) -> str:
    """The range that the class enforces."""
    from dedup import Settings

    limits = next(field.metadata for field in fields(Settings) if field.name == name)
    if not limits:
        return ""
    low, high = limits["low"], limits["high"]
    return f"from {low >> 20}MB" if name == "memory_limit" else f"{low:,g} to {high:,.0f}"


def api_page() -> str:
    """Every public name from its docstring."""
    import dedup

    named = [
        (name, getattr(dedup, name)) for name in sorted(dedup.__all__, key=str.lower) if name != "__version__"
    ]
    errors = [(n, v) for n, v in named if inspect.isclass(v) and issubclass(v, Exception)]
    classes = [(n, v) for n, v in named if inspect.isclass(v) and (n, v) not in errors]
    functions = [(n, v) for n, v in named if not inspect.isclass(v)]
    parts = [
        "# Library\n",
        "Everything here is imported from `dedup`. Offsets are characters (Unicode code points) of the raw "
        "text, half-open; ratios lie in 0..1; times are UTC. Settings have [their own page](settings.md).\n",
        "## Functions\n",
    ]
    parts += [function_entry(f"### {name}", f"dedup.{name}", value) for name, value in functions]
    parts.append("## Classes\n")
    parts += [class_entry(name, value) for name, value in classes]
    parts.append("## What calls return\n")
    parts.append("Not imported from `dedup`; they are met as results.\n")
    for home, names in RETURNED.items():
        module = importlib.import_module(home)
        parts += [class_entry(name, getattr(module, name), home) for name in names]
    tree = inspect.getdoc(importlib.import_module("dedup.errors")) or ""
    drawing = "\n".join(line[4:] for line in tree.splitlines() if line.startswith("    "))
    parts += ["## Errors\n", f"```text\n{drawing}\n```\n"]
    parts += [
        f"- `{name}`: {paragraphs(inspect.getdoc(value) or '').splitlines()[0]}" for name, value in errors
    ]
    return "\n".join(parts) + "\n"


def function_entry(heading: str, shown: str, value: Any, *, bound: bool = False) -> str:
    """Heading, signature and description of a callable."""
    return f"{heading}\n\n```py\n{shown}{signature(value, bound=bound)}\n```\n\n{description(value)}\n"


def signature(value: Any, *, bound: bool = False) -> str:
    """The signature, one line or one line a parameter."""
    made = inspect.signature(value)
    parameters = list(made.parameters.values())[1 if bound else 0 :]
    shown, starred = [], False
    for parameter in parameters:
        if parameter.name.startswith("_"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            shown.append("*")
        starred = starred or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        default = parameter.default
        plain = parameter.replace(default=parameter.empty)
        text = str(plain).replace("'", "")
        if default is not parameter.empty:
            text += f" = {default.__name__ if inspect.isroutine(default) else repr(default)}"
        shown.append(text)
    returned = made.return_annotation
    result = "" if returned is made.empty or inspect.isclass(value) else f" -> {returned}"
    line = f"({', '.join(shown)}){result}"
    if len(line) < 80:
        return line
    return "(\n" + "".join(f"    {text},\n" for text in shown) + f"){result}"


def class_entry(name: str, value: type, home: str = "dedup") -> str:
    """A class: how it is made, what it holds, what it can do."""
    if name == "Settings":
        parts = [f"### {name}\n", "See [settings](settings.md).\n"]
    elif issubclass(value, enum.Enum):
        members = ", ".join(f"`{member.value}`" for member in value)
        parts = [f"### {name}\n", f"{description(value)}\nValues: {members}.\n"]
    elif is_dataclass(value):
        parts = [function_entry(f"### {name}", f"{home}.{name}", value)]
    else:
        parts = [f"### {name}\n", f"{description(value)}\n"]
    members: dict[str, Any] = {}
    for owner in value.__mro__:
        if owner.__module__.startswith("dedup."):
            members |= {member: raw for member, raw in vars(owner).items() if member not in members}
    for member, raw in members.items():
        if member.startswith("_"):
            continue
        inner = raw.__func__ if isinstance(raw, classmethod | staticmethod) else raw
        if isinstance(inner, property | cached_property):
            parts.append(f"- **`{member}`** (property): {one_line(inner)}\n")
        elif inspect.isfunction(inner):
            made = signature(inner, bound=not isinstance(raw, staticmethod))
            parts.append(f"#### {name}.{member}\n\n```py\n{member}{made}\n```\n\n{description(inner)}\n")
    return "\n".join(parts)


def one_line(value: Any) -> str:
    """The first paragraph of a docstring."""
    return paragraphs((inspect.getdoc(value) or "").split("\n\n")[0])


SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises")


def description(value: Any) -> str:
    """A docstring as Markdown: sections become lists."""
    text = inspect.getdoc(value) or ""
    parts = re.split(rf"^({'|'.join(SECTIONS)}):\n", text, flags=re.MULTILINE)
    made = [paragraphs(parts[0])]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        outside = re.split(r"\n\n(?=\S)", body, maxsplit=1)
        inner, after = inspect.cleandoc(outside[0]), outside[1] if len(outside) > 1 else ""
        if title in ("Returns", "Yields"):
            made.append(f"{title}: {paragraphs(inner)}")
        else:
            entries = re.split(r"\n(?=\S)", inner)
            pairs = (entry.partition(":") for entry in entries)
            made.append(
                f"{title}:\n\n" + "\n".join(f"- `{n}`:{paragraphs(' ' + t.strip(), 2)}" for n, _, t in pairs)
            )
        if after:
            made.append(paragraphs(after))
    return "\n\n".join(part.strip() for part in made if part.strip()) + "\n"


def module_page(title: str, module: str) -> str:
    """What the docstring of a module defines."""
    return f"# {title}\n\n{paragraphs(inspect.getdoc(importlib.import_module(module)) or '')}\n"


def paragraphs(text: str, indent: int = 0) -> str:
    """Text of a docstring as Markdown: lines joined, roles made plain; lists and code stay."""
    made = []
    for part in text.split("\n\n"):
        if part.startswith("    "):
            made.append("```py\n" + "\n".join(line[4:] for line in part.splitlines()) + "\n```")
        elif part.lstrip().startswith("- "):
            made.append("\n".join(" ".join(item.split()) for item in re.split(r"\n(?=- )", part)))
        else:
            lead = " " if part.startswith(" ") else ""
            made.append(lead + " ".join(part.split()))
    joined = ("\n\n" + " " * indent).join(made)
    joined = re.sub(r":\w+:`~?(?:dedup\.)?([^`]+)`", r"`\1`", joined)
    return re.sub(r"(?<!`)``(?!`)", "`", joined)


def cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")


# Tables of scores

TABLE = re.compile(r"(<!-- (scores|layers) -->\n).*?(?=<!-- end of \2 -->)", re.DOTALL)
RESULTS = ROOT / "benchmarks" / "results"
SCORED = (
    ROOT / "README.md",
    DOCS / "explanation" / "why-not-jaccard.md",
    DOCS / "decisions" / "0030-stripping-measured.md",
)
METHODS = {
    "": "**dedup**, default settings",
    " datasketch LSH 0.5": "MinHash-LSH (datasketch), word 5-grams, Jaccard ≥ 0.5",
    " datasketch LSH 0.8": "MinHash-LSH (datasketch), word 5-grams, Jaccard ≥ 0.8",
    " LSH, 3-grams, 0.3": "MinHash-LSH (datasketch), word 3-grams, Jaccard ≥ 0.3",
}
MEASURES = {
    "family_f1": "same article, F1",
    "reuse_f1": "any copied reporting, F1",
    "partition_recall": "versions found in one family",
    "false_merges": "strangers in one family",
}
LABELLED = {
    "helsinki": "agency copy of one event",
    "fnc1": "stories that went round",
    "german3": "three days of German news, invented",
}


LAYERS = ("repeats", "layout and sequence", "cues", "inside blocks", "recurring")
ABLATED = ("nothing stripped", *(f"+ {x}" for x in LAYERS), *(f"all but {x}" for x in LAYERS[:-1]))
LINE_MEASURES = {"lines_recall": "furniture taken out", "body_loss": "article lost"}


def kept_scores(name: str) -> dict[str, float]:
    """Scores by name, as ``benchmarks/quality.py --keep NAME`` left them."""
    scores: dict[str, float] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["scores"]
    return scores


def scores_table() -> str:
    """Scores on the labelled articles (``--keep quality``)."""
    scores = kept_scores("quality")
    lines = [f"| | {' | '.join(MEASURES.values())} |", "|---" * (len(MEASURES) + 1) + "|"]
    for corpus, about in LABELLED.items():
        lines.append(f"| *{about}* |{' |' * len(MEASURES)}")
        for method, shown in METHODS.items():
            values = [f"{scores[f'{corpus}{method}.{measure}']:.3f}" for measure in MEASURES]
            values = values if method else [f"**{value}**" for value in values]
            lines.append(f"| {shown} | {' | '.join(values)} |")
    return "\n".join(lines) + "\n"


def layers_table() -> str:
    """The same with layers of stripping on and off (``--ablation --keep ablation``)."""
    scores = kept_scores("ablation")
    shown = [*MEASURES.values(), *LINE_MEASURES.values()]
    lines = [f"| layers | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
    for point in ABLATED:
        own = [f"{scores[f'helsinki {point}.{measure}']:.3f}" for measure in MEASURES]
        own += [f"{100 * scores[f'helsinki {point}.{measure}']:.2f} %" for measure in LINE_MEASURES]
        lines.append(f"| {point} | {' | '.join(own)} |")
    return "\n".join(lines) + "\n"


TABLES = {"scores": scores_table, "layers": layers_table}


def with_scores(page: Path) -> str:
    """A page with its tables of scores as kept."""
    return TABLE.sub(lambda found: found[1] + TABLES[found[2]](), page.read_text("utf-8"))


# Examples

BLOCK = re.compile(r"^```(console|python)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
SECONDS = re.compile(r"\b\d+\.\d+ s\b")
VOLATILE = re.compile(r'("seconds": ?)[\d.]+')


def example_pages() -> list[Path]:
    """Pages whose examples are run."""
    pages = [ROOT / "README.md", DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
    return [page for page in pages if page.relative_to(ROOT).as_posix() not in ADVANCED]


def timed_as(text: str, before: str) -> str:
    """An output with the seconds it had before, where there are as many: this machine may be busy."""
    seconds = SECONDS.findall(before)
    if len(seconds) != len(SECONDS.findall(text)):
        return text
    return SECONDS.sub(lambda _: seconds.pop(0), text)


def is_current(page: Path, text: str) -> bool:
    """Whether a page is there and says this, seconds aside."""
    return page.exists() and comparable(page.read_text("utf-8")) == comparable(text)


def comparable(text: str) -> str:
    """A page without what differs from run to run: seconds."""
    return VOLATILE.sub(r"\1#", SECONDS.sub("# s", text))


def with_outputs(page: Path) -> str:
    """A page with the outputs of its examples as they are now; where only times differ, as they were.

    Raises:
        RuntimeError: An example failed.
    """
    names: dict[str, Any] = {"__name__": "__example__"}

    def again(found: re.Match[str]) -> str:
        kind, body, printed = found[1], found[2], found[3]
        if kind == "console":
            made = "".join(f"$ {command}\n{run_shell(command, page)}" for command in shell_commands(body))
            return (
                found[0]
                if comparable(made) == comparable(body)
                else f"```console\n{timed_as(made, body)}```\n"
            )
        output = run_python(body, names, page)
        if output == (printed or "") or comparable(output) == comparable(printed or ""):
            return found[0]
        return f"```python\n{body}```\n" + (f"\n```text\n{output}```\n" if output else "")

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "seeds").symlink_to(ROOT / "seeds")
        with contextlib.chdir(folder):
            return BLOCK.sub(again, with_scores(page))


def shell_commands(body: str) -> list[str]:
    """The commands of a console block; lines that begin with ``>`` go on with the one before."""
    commands: list[str] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith("> ") and commands:
            commands[-1] += "\n> " + line[2:]
    return commands


def run_shell(command: str, page: Path) -> str:
    """What a command prints on both streams; a plain call of dedup needs no process of its own."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    terminal = {"PATH": path, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "PYTHONUTF8": "1"}
    if re.fullmatch(r"dedup [\w ./#=-]+", command):
        code, printed = run_here(command.split()[1:], terminal)
    else:
        done = subprocess.run(
            ["sh", "-c", command.replace("\n> ", "\n")],
            env={**os.environ, **terminal},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        code, printed = done.returncode, done.stdout
    if code:
        raise RuntimeError(f"{page.relative_to(ROOT)}: {command!r} ended with {code}:\n{printed}")
    if command.startswith("dedup compare ") and "|" not in command and "--json" not in command:
        printed = wrapped(printed)
    return printed if printed.endswith("\n") or not printed else printed + "\n"


def wrapped(printed: str) -> str:
    """Lines as a terminal shows them: where there is none, sentences are not broken."""
    return "\n".join(
        "\n".join(textwrap.wrap(line, WIDTH)) if len(line) > WIDTH else line for line in printed.split("\n")
    )


def run_here(arguments: list[str], terminal: dict[str, str]) -> tuple[int, str]:
    """Exit code and output of a command run in this process, which has its modules loaded already."""
    from dedup.cli import main as run

    kept = {name: os.environ.get(name) for name in terminal}
    os.environ.update(terminal)
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            run(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    stream.flush()
    return code, stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


def run_python(body: str, names: dict[str, Any], page: Path) -> str:
    """What a block of Python prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(body, str(page), "exec"), names)
        except Exception as error:
            raise RuntimeError(f"{page.relative_to(ROOT)}: {error!r} in\n{body}") from error
    return printed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
