"""👀, 👍 and 😕 on comments. A reaction is a courtesy: that it can't be given holds nothing up. But who sees no answer
asks once more, so one that GitHub could not take is tried again; 👀 is not, as its answer soon follows.
"""

from functools import partial

from services.core.backoff import delay
from services.engine.parts import Parts
from services.errors import ApiError, RateLimited, Unreachable

TRIES = 8
"""Times that one is tried; with the pauses, some minutes."""


async def react(parts: Parts, repo: str, comment_id: str, content: str, tries: int = 1) -> None:
    """content: as GitHub names it.  tries: this one counted."""
    try:
        await parts.github.writes.react(repo, comment_id, content)
    except (Unreachable, RateLimited) as error:
        if content != "eyes" and tries < TRIES:
            again = partial(react, parts, repo, comment_id, content, tries + 1)
            rest = delay(comment_id, tries, retry_after=error.retry_after)
            parts.timers.after(rest, lambda: parts.spawn("reaction", again()))
    except ApiError:
        return
