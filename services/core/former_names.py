"""What repositories were called before, as far as this process has heard of it.

GitHub answers to an old name, so what is stored under one goes on; but its events speak of the new one. After a restart
they are found by the sweep.
"""

import re
from collections.abc import Iterable

from cachetools import LRUCache

MOST = 1_000
_REPO = re.compile(r"(?P<kind>[a-z]+:)(?P<repo>[^#@]+)(?P<rest>.*)", re.DOTALL)


class FormerNames:
    """New name -> the one before it."""

    def __init__(self) -> None:
        self._before: LRUCache[str, str] = LRUCache(MOST)

    def add(self, old: str, new: str) -> None:
        self._before[new.lower()] = old

    def all_of(self, repo: str) -> tuple[str, ...]:
        """Its name, and what it was called before, newest first."""
        found = {repo.lower(): repo}
        before = self._before.get(repo.lower())
        while before is not None and before.lower() not in found:  # names may be given back
            found[before.lower()] = before
            before = self._before.get(before.lower())
        return tuple(found.values())

    def keys(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Wait keys (names.pull_key and its like) under every name of their repository."""
        found = []
        for key in keys:
            match = _REPO.match(key)
            names = self.all_of(match["repo"]) if match else ()
            found += [f"{match['kind']}{name.lower()}{match['rest']}" for name in names] if match else [key]
        return tuple(dict.fromkeys(found))
