"""What past tasks tell of a new one, as one line that people read: which are like it, and which files it may touch."""

from collections.abc import Sequence

from services.core.similar import Match, files
from services.core.text import code, plain

SHOWN, FILES = 3, 5
NEAR = 0.5
"""How like the new task one has to be, of how like the likest is."""


def resemblance(found: Sequence[Match]) -> str:
    """One line; "" where nothing is like it."""
    near = [match.past for match in found if match.score >= NEAR][:SHOWN]
    if not near:
        return ""
    tasks = "; ".join(
        f"{plain(past.title, 80)} ({code(f'{past.repo}#{past.number}')})" if past.number else plain(past.title, 80)
        for past in near
    )
    paths = ", ".join(code(path) for path in files(found, FILES))
    return f"Merged before and perhaps like it: {tasks}." + (f" Such tasks touched {paths}." if paths else "")
