"""Which Lockstep this is."""

from functools import cache


@cache
def version() -> str:
    """As it is installed."""
    from importlib import metadata  # takes zip files and more along, for what few ask for

    return metadata.version("lockstep")
