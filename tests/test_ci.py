"""What the README tells people to run is what is run."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = "python -m pip install -e '.[test]' && python -m pytest -q -n auto"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert COMMAND in (ROOT / "README.md").read_text("utf-8")
    assert COMMAND in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_workflow_runs_the_same_script() -> None:
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
