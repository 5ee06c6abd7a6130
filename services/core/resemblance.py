"""What past tasks tell of a new one, as one line that people read: which are like it, and which files it may touch."""

from collections.abc import Sequence

from services.core.similar import Match, files
from services.core.text import code, plain

SHOWN, FILES = 3, 5
CHARACTERS = 4
"""Of a token, about."""
NEAR = 0.5
"""How like the new task one has to be, of how like the likest is."""


def precedents(found: Sequence[Match], tokens: int = 1_000) -> str:
    """The same for an agent: the files that such tasks touched, the likeliest first, and then the tasks; no more than
    about so many tokens.
    """
    near = [match.past for match in found if match.score >= NEAR]
    if not near:
        return ""
    lines = ["Files that such tasks touched:", *(f"- {path}" for path in files(found, 3 * FILES)), "Such tasks:"]
    lines += [f"- {past.title}: {', '.join(past.paths[:FILES])}" for past in near]
    room, kept = tokens * CHARACTERS, list[str]()
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join(kept)


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
