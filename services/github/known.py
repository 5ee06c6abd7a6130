"""Beside the changes: what is known of things that do not change, and small parts of what is sent and answered."""

from typing import Any

from cachetools import LRUCache

from services.core.report import Note
from services.errors import Refused


class Known:
    """What does not change: the global ids of labels that are there ("" where it is not known), by repository and name,
    and those of issues, by repository and number.
    """

    def __init__(self) -> None:
        self.labels: LRUCache[tuple[str, str], str] = LRUCache(10_000)
        self.nodes: LRUCache[tuple[str, int], str] = LRUCache(10_000)


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
