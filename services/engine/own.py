"""Which commits on a task's branch are of our own making, also where nobody heard of their push.

An attempt may be over between its push and the word of it: its task was cancelled, or was late, or the process was
killed in that moment. What it was about to push it has written down before.
"""

import msgspec

from services.core.task_state import TaskState
from services.engine.parts import Parts


class _Left(msgspec.Struct):
    """Of a `commit` step, what counts here."""

    sha: str = ""


async def own_heads(parts: Parts, run_id: str, state: TaskState) -> frozenset[str]:
    """All that the task's attempts have pushed, or were about to."""
    left = await parts.checkpoints.each_left(run_id, state.id, "commit")
    made = [msgspec.json.decode(data, type=_Left).sha for data in left]
    return frozenset((*state.heads, *filter(None, made)))
