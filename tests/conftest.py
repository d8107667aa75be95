"""Corpora that several tests look at, judged once a session; how hypothesis runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import settings

from dedup.config import Settings
from dedup.engines.local import find_families
from dedup.io import read

if TYPE_CHECKING:
    from dedup.result import Result

# the first example of a test may compile or import; a failure says how to run it again
# in CI the examples are the same each time, so that a red run is the change's fault; elsewhere they are new ones
settings.register_profile("dedup", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("dedup")

SEEDS = Path(__file__).parent.parent / "seeds"


@pytest.fixture(scope="session")
def seed_table() -> pa.Table:
    """The seeds as they are read, one row a document."""
    return pa.Table.from_batches(list(read([SEEDS])))


@pytest.fixture(scope="session")
def seeds(seed_table: pa.Table) -> Result:
    """The seeds, judged."""
    return find_families(seed_table.to_batches(), Settings())


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real articles and labels."""
    folder = os.environ.get("DEDUP_DATA")
    if not folder:
        pytest.skip("DEDUP_DATA names no folder of real articles")
    return Path(folder)


@pytest.fixture(scope="session")
def helsinki(data: Path) -> Result:
    """612 real articles of two days, judged."""
    return find_families(read([data / "data/helsinki/helsinki.jsonl"]), Settings())


@pytest.fixture(params=["seeds", "helsinki"])
def corpus(request: pytest.FixtureRequest) -> Result:
    """Each corpus in turn, judged."""
    result: Result = request.getfixturevalue(request.param)
    return result
