"""The documentation says what is so: generated pages, examples, names of columns, links."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


generate = load_generator()


def test_reference_pages_are_current() -> None:
    for path, text in generate.reference_pages().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run python docs/generate.py"


def test_tables_of_scores_are_those_kept() -> None:
    for page in generate.SCORED:
        assert generate.with_scores(page) == page.read_text("utf-8"), "run python docs/generate.py --pages"


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.json")), ids=lambda path: path.name)
def test_figures_kept_can_be_read(path: Path) -> None:
    assert json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("page", generate.example_pages(), ids=lambda page: page.name)
def test_examples_print_what_the_page_says(page: Path) -> None:
    pytest.importorskip("trafilatura")
    made = generate.comparable(generate.with_outputs(page))
    assert made == generate.comparable(page.read_text("utf-8")), "run python docs/generate.py"


def test_every_module_has_its_place_on_the_map() -> None:
    text = (
        (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Find your way")[2].partition("\n## ")[0]
    )
    named = set(re.findall(r"`(?:dedup/)?([a-z_]+)(?:/|\.py)?`", text))
    there = {path.stem for path in (ROOT / "dedup").iterdir() if path.suffix == ".py" or path.is_dir()}
    there = {name for name in there if not name.startswith("_")} - {"data"}
    assert there <= named, f"CONTRIBUTING.md, Find your way: nothing of {sorted(there - named)}"


@pytest.mark.parametrize("module", generate.FIXED)
def test_each_number_with_a_meaning_is_listed(module: str) -> None:
    """Two in one line are not found by what lists them."""
    page = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    source = (ROOT / f"dedup/{module}.py").read_text("utf-8")
    numbers = re.findall(r'^([A-Z][A-Z_, ]*) = [\d(][^"\n]*\n"""', source, re.MULTILINE)
    assert numbers
    for name in ", ".join(numbers).split(", "):
        assert f"`{module}.{name}`" in page


def test_each_command_is_documented() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    names = [name for name, _ in generate.commands()]
    assert {"dedup run", "dedup clean", "dedup compare", "dedup diff"} <= set(names)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == names


def test_each_documented_option_exists() -> None:
    known = {
        option
        for _, function in generate.commands()
        for item in generate.hints(function)
        for option in re.findall(r"--[\w-]+", generate.Parameter.of(*item).spelled)
    } | {"--version", "--help"}
    for page in PAGES:
        text = page.read_text("utf-8")
        for command in re.findall(r"\bdedup (?:run|clean|compare|diff|report|index|warm)\b[^`\n|;)]*", text):
            assert set(re.findall(r"--[a-z][\w-]+", command)) <= known, f"{page.name}: {command}"


def test_the_first_command_of_the_readme_ends_in_the_run_that_is_shown() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    first = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[0].strip()
    assert "\n" not in first
    assert first.startswith("python3 -m venv .venv && ")
    assert f"$ {first.rpartition(' && ')[2]}\n" in readme


def test_every_column_of_the_output_is_documented(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dedup", "run", "seeds/english.jsonl", "-o", tmp_path / "out", "-q"]
    subprocess.run(command, cwd=ROOT, check=True)
    page = (ROOT / "docs/reference/output-files.md").read_text("utf-8")
    for name in ("documents", "relations", "families", "diffs"):
        row = json.loads((tmp_path / f"out/{name}.jsonl").read_text("utf-8").partition("\n")[0])
        section = page.split(f"## {name}.jsonl")[1].split("\n## ")[0]
        cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
        documented = [column for cell in cells for column in re.findall(r"`(\w+)`", cell)]
        assert documented == list(row), name
    for path in (tmp_path / "out").iterdir():
        assert f"## {path.name}" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path = target.partition("#")[0]
        if path and "://" not in target:
            assert (page.parent / path).exists(), target


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.is_dir():  # as GitHub shows it
            waiting += page.glob("*.md")
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8")):
            if "://" not in target:
                waiting.append((page.parent / target).resolve())
    assert not set((ROOT / "docs").rglob("*.md")) - seen


def test_the_shell_of_the_worker_tells_of_a_queue_that_failed() -> None:
    page = (ROOT / "docs/how-to/ingestion.md").read_text("utf-8")
    (shell,) = re.findall("^ExecStart=(/bin/.* -c) '", page, re.MULTILINE)
    done = subprocess.run([*shell.split(), "false | true"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_size_from_which_kernels_are_compiled_is_as_documented() -> None:
    from dedup.kernels import THRESHOLD

    for name in (
        "tutorial.md",
        "how-to/automate.md",
        "explanation/determinism.md",
        "decisions/0001-token-stream.md",
    ):
        assert f"{THRESHOLD >> 20} MB of text" in (ROOT / "docs" / name).read_text("utf-8"), name
