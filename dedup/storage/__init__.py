"""Where an index lives: one small interface, two databases."""

from dedup.storage.base import Store
from dedup.storage.opening import open_store

__all__ = ["Store", "open_store"]
