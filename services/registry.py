"""Named entries that register themselves: one new module in a folder adds one command, agent, strategy or check.

The loader imports the folder's modules in name order, so what exists never depends on who imported what first. A name
that is taken is an error at start, and a test keeps the list of all names, so the implicit wiring stays visible.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """A name -> entry table, filled by `add` while `load` imports a package's modules."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}
        self._loaded: set[str] = set()

    def add(self, name: str, entry: Entry) -> Entry:
        """Register one entry; a taken name raises ValueError at import time."""
        if name in self._entries:
            raise ValueError(f"two {self.kind} entries are named {name!r}")
        self._entries[name] = entry
        return entry

    def load(self, package: ModuleType) -> None:
        """Import every module of `package`, in name order; loading twice changes nothing."""
        if package.__name__ in self._loaded:  # looking through a folder takes as long as hundreds of decisions
            return
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            importlib.import_module(f"{package.__name__}.{found.name}")
        self._loaded.add(package.__name__)

    def get(self, name: str) -> Entry | None:
        return self._entries.get(name)

    def names(self) -> list[str]:
        return sorted(self._entries)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(sorted(self._entries.items(), key=lambda pair: pair[0]))
