"""Near-duplicate detection and article deduplication for news.

    result = dedup.find_families(documents)
    for family in result.families:
        print(family.canonical.title, len(family), family.reason)

Names are loaded when they are first used, so that ``import dedup`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dedup._version import __version__

if TYPE_CHECKING:
    from dedup.agreed import AgreedPassage, AgreedText
    from dedup.api import compare, explain, find_families, signature
    from dedup.asyncindex import AsyncIndex
    from dedup.boilerplate import strip_boilerplate
    from dedup.config import Policy, Settings
    from dedup.edits import Diff, Operation, diff
    from dedup.errors import (
        DedupError,
        DiffError,
        InputError,
        MissingExtraError,
        OutputError,
        SchemeError,
        SettingsError,
        StorageError,
        UsageError,
    )
    from dedup.index import Change, Index, Match, StoredDocument, StoredFamily, StoredRevision
    from dedup.io import Reject
    from dedup.lineage import Step
    from dedup.model import Agency, CleanText, Document, Kind, Passage, Relation, RelationKind, Removed, Role
    from dedup.result import Family, Result
    from dedup.shingles import shingle_hash

__all__ = [
    "Agency",
    "AgreedPassage",
    "AgreedText",
    "AsyncIndex",
    "Change",
    "CleanText",
    "DedupError",
    "Diff",
    "DiffError",
    "Document",
    "Family",
    "Index",
    "InputError",
    "Kind",
    "Match",
    "MissingExtraError",
    "Operation",
    "OutputError",
    "Passage",
    "Policy",
    "Reject",
    "Relation",
    "RelationKind",
    "Removed",
    "Result",
    "Role",
    "SchemeError",
    "Settings",
    "SettingsError",
    "Step",
    "StorageError",
    "StoredDocument",
    "StoredFamily",
    "StoredRevision",
    "UsageError",
    "__version__",
    "compare",
    "diff",
    "explain",
    "find_families",
    "shingle_hash",
    "signature",
    "strip_boilerplate",
]

_HOMES = {
    "agreed": ("AgreedPassage", "AgreedText"),
    "api": ("compare", "explain", "find_families", "signature"),
    "asyncindex": ("AsyncIndex",),
    "boilerplate": ("strip_boilerplate",),
    "config": ("Policy", "Settings"),
    "edits": ("Diff", "Operation", "diff"),
    "errors": (
        "DedupError",
        "DiffError",
        "InputError",
        "MissingExtraError",
        "OutputError",
        "SchemeError",
        "SettingsError",
        "StorageError",
        "UsageError",
    ),
    "index": ("Change", "Index", "Match", "StoredDocument", "StoredFamily", "StoredRevision"),
    "io": ("Reject",),
    "lineage": ("Step",),
    "model": (
        "Agency",
        "CleanText",
        "Document",
        "Kind",
        "Passage",
        "Relation",
        "RelationKind",
        "Removed",
        "Role",
    ),
    "result": ("Family", "Result"),
    "shingles": ("shingle_hash",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"dedup.{_HOME_OF[name]}"), name)
    globals()[name] = value  # next time without this function
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
