"""The import rule: layers point one way, and each heavy library has one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "dedup"

LAYERS: tuple[set[str], ...] = (
    {"_version", "errors", "values", "model", "config", "folding"},
    {"kernels"},
    set(),  # the stages: every module that is named nowhere else
    {"pipeline"},
    {"io", "storage", "engines", "report", "result", "tables", "output"},
    {"ingestion"},
    {"api", "asyncindex", "index", "spark"},
    {"cli", "integrations", "__main__"},
)
STAGES = 2


def level(name: str) -> int:
    """The layer of a module or package directly below ``dedup``."""
    return next((number for number, names in enumerate(LAYERS) if name in names), STAGES)


HOMES = {
    "numba": "kernels/",
    "llvmlite": "kernels/",
    "typer": "cli/",
    "pyspark": "engines/spark/",
    "sqlite3": "storage/sqlite.py",
    "psycopg": "storage/postgres.py",
    "trafilatura": "io/html.py",
    "htmldate": "io/html.py",
}
"""The one place in the package that may import a library."""

FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in FILES}


def imports(path: Path, *, typing: bool = True) -> Iterator[str]:
    """Dotted names a file imports, at its top and inside functions.

    ``typing``: also those that only annotations need.
    """
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not typing:
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                yield inner if inner in MODULES else origin


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for name in imports(path):
        head, *rest = name.split(".")
        if head != "dedup":
            continue
        if not rest:  # the public names
            assert own in LAYERS[-1], f"{name_of(path)} uses the public face of the package it is part of"
        else:
            assert level(rest[0]) <= level(own), f"{name_of(path)} imports {name}, which is above it"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {name: {x for x in imports(path, typing=False) if x in MODULES} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name] - {name}):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_heavy_libraries_have_one_home(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or place.startswith(home), f"{place} imports {name}; only {home} may"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_dangerous_is_used(path: Path) -> None:
    for name in imports(path):
        assert name.split(".")[0] not in {"pickle", "marshal", "shelve", "dill", "joblib"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile"}, f"{path.name}:{node.lineno}"
