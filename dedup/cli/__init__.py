"""The command line: one file a command, each thin over the library.

Nothing heavier than typer is imported before a command runs, so that ``dedup --help`` answers at once.
"""

from dedup.cli.app import main

__all__ = ["main"]
