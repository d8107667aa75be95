"""Shared by the tests of readers and writers."""

from hypothesis import settings

# The first example pays for imports, and machines are shared: a deadline would fail by chance.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
