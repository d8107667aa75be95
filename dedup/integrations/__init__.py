"""Other programs' plug-ins; each imports its program, which is not a dependency of this package."""
