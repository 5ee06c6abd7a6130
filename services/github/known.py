"""Beside the changes: what is known of things that do not change, and small parts of what is sent and answered."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cachetools import LRUCache

from services.core.report import Note
from services.errors import Refused
from services.github.exchange import decode
from services.github.shapes import LabelNode


class Known:
    """What does not change: the global ids of labels that are there ("" where it is not known), by repository and name
    in small letters, and those of issues, by repository and number.
    """

    def __init__(self) -> None:
        self.labels: LRUCache[tuple[str, str], str] = LRUCache(10_000)
        self.nodes: LRUCache[tuple[str, int], str] = LRUCache(10_000)
        self._learning: LRUCache[str, asyncio.Lock] = LRUCache(1_000)

    def learning(self, repo: str) -> asyncio.Lock:
        """Held by who finds out about labels of a repository; others who want to know it wait."""
        return self._learning.setdefault(repo, asyncio.Lock())

    def label_ids(self, repo: str, names: Sequence[str]) -> list[str]:
        """Of all these labels, or none when one of them is not known."""
        found = [self.labels.get((repo, name.lower()), "") for name in names]
        return found if all(found) else []

    def hear_labels(self, repo: str, body: bytes) -> None:
        """The labels of an issue, as GitHub answers them."""
        for label in decode(body, list[LabelNode]):
            if label.node_id:
                self.labels[repo, label.name.lower()] = label.node_id


def tolerate(error: Refused, text: str) -> None:
    """Let a 422 pass that says the wish is already fulfilled."""
    if error.status != 422 or text not in error.message:
        raise error


def annotation(note: Note) -> dict[str, Any]:
    return {
        "path": note.path,
        "start_line": note.line,
        "end_line": note.line,
        "annotation_level": note.level,
        "message": note.text,
    }
