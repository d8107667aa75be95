import subprocess
import sys

import pytest

import dedup


def test_all_is_sorted_and_all_that_shows() -> None:
    assert len(set(dedup.__all__)) == len(dedup.__all__)
    assert dir(dedup) == sorted(dedup.__all__)


@pytest.mark.parametrize("name", dedup.__all__)
def test_every_name_is_there(name: str) -> None:
    value = getattr(dedup, name)
    assert value is getattr(dedup, name)
    if name != "__version__":
        assert value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        dedup.nonsense  # noqa: B018


def test_no_function_hides_a_module() -> None:
    from pathlib import Path

    modules = {path.stem for path in Path(dedup.__file__).parent.iterdir()}
    assert not modules & set(dedup.__all__)


@pytest.mark.parametrize(
    ("module", "light"),
    [
        ("dedup", {"numba", "numpy", "pyarrow", "typer", "rich", "scipy", "datasketch"}),
        ("dedup.cli", {"numba", "numpy", "pyarrow", "rich", "scipy", "datasketch", "orjson"}),
    ],
)
def test_importing_costs_next_to_nothing(module: str, light: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not light & set(run.stdout.split())
