"""Taking back what a run has merged: pull requests that revert, in reverse order, for people to merge.

GitHub makes them itself, whatever way the original was merged, and names their branches after it: that is the natural
key by which one that is there already is found, ours or a person's. Each names those that go before it with
`Depends-On`, so its gate keeps the order over repositories.
"""

from services.core import messages, names
from services.core.board import Run
from services.core.machine import Happening
from services.core.plan import Task
from services.engine.outcome import Outcome
from services.engine.parts import Parts


async def revert(parts: Parts, run: Run, task: Task, key: str, hidden: frozenset[str]) -> Outcome:
    """Open the pull request that takes this task's back, unless there is one."""
    state = run.tasks[task.id]
    if state.revert >= 0:
        return Outcome(note="nobody waits for it any more")
    pull = await parts.github.reads.pull(task.repo, state.pull)
    made = await parts.github.writes.find_pull(task.repo, names.revert_branch(state.pull, pull.head_ref))
    number = made.number if made is not None and (made.state == "open" or made.merged) else 0
    if not number:
        title, body = messages.revert_title(task), messages.revert_body(run, task, key, hidden)
        number = await parts.github.writes.revert_pull(task.repo, state.pull, title, body)
    return Outcome(happened=(Happening(kind="reverted", number=number),), forget=True)
