"""Near-duplicate detection and article deduplication for news."""

from dedup._version import __version__

__all__ = ["__version__"]
