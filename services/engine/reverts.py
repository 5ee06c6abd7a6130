"""Taking back what a run has merged: pull requests that revert, in reverse order, for people to merge.

GitHub makes them itself, whatever way the original was merged, and names their branches after it: that is the natural
key by which one that is there already is found, ours or a person's. Each names those that go before it with
`Depends-On`, so its gate keeps the order over repositories.
"""

import re

from services.core import messages, names
from services.core.board import Run
from services.core.messages import notes
from services.core.plan import Task
from services.core.task_state import Happening
from services.engine.hidden import is_private
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.github.infos import IssueInfo

_MARK = re.compile(
    r"<!-- lockstep:key=(?P<run>[A-Za-z0-9/._-]{1,300})/(?P<task>[A-Za-z0-9._-]{1,100})/\d{1,9}/revert -->"
)


async def revert(parts: Parts, run: Run, task: Task, key: str, hidden: frozenset[str]) -> Outcome:
    """Open the pull request that takes this task's back, unless there is one."""
    state = run.tasks[task.id]
    if state.revert >= 0:
        return Outcome(note=notes.NOT_WANTED)
    pull = await parts.github.reads.pull(task.repo, state.pull)
    made = await parts.github.writes.find_pull(task.repo, names.revert_branch(state.pull, pull.head_ref))
    number = made.number if made is not None and (made.state == "open" or made.merged) else 0
    if not number:
        title, body = messages.revert_title(task), messages.revert_body(run, task, key, hidden)
        number = await parts.github.writes.revert_pull(task.repo, state.pull, title, body)
    return Outcome(happened=(Happening(kind="reverted", number=number),), forget=True)


async def first(parts: Parts, repo: str, pull: IssueInfo) -> frozenset[str]:
    """Wait keys of what goes before one of our reverts in a private repository: from what is stored, because anybody
    who may write there can edit its description. In a public place we name nothing that is private.
    """
    found = _MARK.search(pull.body)
    if found is None or pull.author != (await parts.github.reads.app()).login:
        return frozenset()
    run = await parts.runs.load(found["run"])
    known = run.known(found["task"]) if run is not None else None
    if run is None or known is None or known[0].repo != repo or known[1].revert not in {-1, pull.number}:
        return frozenset()
    if not await is_private(parts.github.reads, repo):
        return frozenset()
    after = [task for task in run.plan.tasks if found["task"] in task.needs]
    return frozenset(names.pull_key(task.repo, run.tasks[task.id].revert) for task in after)
