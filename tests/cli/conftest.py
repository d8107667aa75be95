"""The command line, called as a program calls it, without a new process."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dedup.cli import main

SEEDS = Path(__file__).parents[2] / "seeds"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Outcome]


@pytest.fixture
def dedup(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls ``dedup`` with arguments and, if given, bytes on standard input."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str | Path, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        assert isinstance(stop.value.code, int)
        return Outcome(stop.value.code, captured.out.decode(), captured.err.decode())

    return call


def write(path: Path, records: list[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


LEAD = (
    "The council of Marrow Bridge voted on Thursday to close its only swimming bath for two years, after "
    "engineers found that the roof could no longer carry a heavy fall of snow. Repairs will cost nine "
    "million crowns, which the town does not have, and the school will send its pupils to the next valley "
    "by bus.\n\n"
)
REST = (
    "A petition against the closure was signed by four thousand residents within a week. The mayor told the "
    "meeting that nobody wanted this, but that a roof falls only once, and that the insurer had refused to "
    "cover another winter. The swimming club, which is ninety years old, will train in the lake until "
    "October.\n"
)
OTHER = (
    "A beekeeper from the southern islands has been given the gold medal of the agricultural society for a "
    "hive that weighs itself. The device sends its figures by radio and has been copied on three continents, "
    "without a licence and, says its inventor, without a single word of thanks from anyone who uses it.\n"
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two versions of one article, a third that stands alone."""
    return write(
        tmp_path / "corpus.jsonl",
        [
            {"id": "full", "text": LEAD + REST, "title": "Bath [bold]shut[/bold]", "source": "a.example"},
            {"id": "short", "text": LEAD, "source": "b.example"},
            {"id": "bees", "text": OTHER, "source": "b.example"},
        ],
    )
