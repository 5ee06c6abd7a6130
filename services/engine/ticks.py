"""Boxes that people tick in the comment of a plan: whether an edit of a comment is such a tick, and of which boxes.

Only our own comment on that issue counts. What it said before comes with the event; where it doesn't, the comment has
to be what we last posted, but for the ticks.
"""

from services.core import boxes
from services.core.boxes import Box
from services.core.names import STICKY
from services.core.text import digest_of
from services.engine.parts import Parts


async def ticked(
    parts: Parts, repo: str, number: int, comment_id: str, body: str, before: str | None
) -> tuple[Box, ...] | None:
    """The boxes that somebody ticked when they edited this comment; None when it is not the one we keep there."""
    sticky = await parts.plans.sticky(repo, number)
    if not sticky.comment_id or sticky.comment_id != comment_id:
        return None
    if before is None:
        before = boxes.unticked(body)
        if digest_of(before) != sticky.body_hash:
            return ()
    return boxes.ticked(body, before) if STICKY in body and STICKY in before else ()
