"""An attempt that takes over what the one before has made: onto a base that has moved on, or to have it fixed.

What git, earlier resolutions and the rules merge is done without the agent. What they leave goes to it with what both
sides are about: a script begins anew on the base as it is now, as if it had been started later, and must not undo what
others have changed there; who can read gets the files with git's markers, and must leave none. Nothing of this is
pushed before it has been verified.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec

from services.agents import Agent, Outcome, Work
from services.agents.box import Box
from services.agents.log import clean_log, last_line
from services.agents.script import shell
from services.core.messages import reasons
from services.core.plan import Task
from services.core.proof import parses
from services.core.recovery import WITHOUT_MODEL
from services.git.carry import Recall, Sides, lay_out, merge, still_marked, taken_in, told_of_base, undone
from services.git.mirror import Mirrors
from services.git.workspace import Workspace

SHOWN = 20


class Gone(Exception):
    """What is to be taken over is not on its branch any more; never leaves the attempt."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken over. left: files in conflict, for the agent; note: what it is told of them; is_anew: it begins on
    the base itself; generated: files that are to be made anew; remembered: files that are resolved as before; sides:
    of the files left, as far as something can be learned of them.
    """

    left: tuple[str, ...] = ()
    note: str = ""
    is_anew: bool = False
    generated: tuple[str, ...] = ()
    remembered: tuple[str, ...] = ()
    sides: Mapping[str, Sides] = {}

    def told(self, outcome: Outcome) -> Outcome:
        """The same, with a word in its log on what was resolved without the agent because it had been before."""
        if not self.remembered:
            return outcome
        said = reasons.remembered(_some(self.remembered)).encode("utf-8", "replace")
        return replace(outcome, log=clean_log(said + b"\n" + outcome.log))

    @property
    def is_all(self) -> bool:
        """Is nothing left for the agent?"""
        return not self.left


class Content:
    """In place of an agent where nothing is left to do."""

    async def run(self, work: Work, box: Box) -> Outcome:
        del work, box
        return Outcome(ok=True, summary=reasons.MERGED)


CONTENT: Agent = Content()


async def fetched(mirrors: Mirrors, repo: str, branch: str, head: str, token: str) -> None:
    """Have the head of our branch in the mirror. Gone, GitError."""
    if await mirrors.has(repo, head):
        return
    await mirrors.fetch(repo, branch, token)
    if not await mirrors.has(repo, head):
        raise Gone


async def take_over(
    workspace: Workspace,
    task: Task,
    head: str,
    generated: Collection[str],
    fork: str = "",
    recall: Recall | None = None,
) -> Taken:
    """Change the files of a workspace that was just laid out to the base's with the changes of the head. fork: on which
    commit those were made, where that is another task's head.
    """
    merged = await merge(workspace, head, generated, fork, recall)
    if merged.left and task.agent in WITHOUT_MODEL:
        return Taken(is_anew=True, left=merged.left)
    await lay_out(workspace, merged)
    if not merged.left:
        return Taken(generated=merged.generated, remembered=merged.remembered)
    theirs = await told_of_base(workspace, head, merged.left)
    note = reasons.conflict_note(_shown(merged.left, SHOWN), theirs)
    return Taken(
        left=merged.left, note=note, generated=merged.generated, remembered=merged.remembered, sides=merged.sides
    )


async def completed(
    workspace: Workspace, taken: Taken, head: str, commands: Mapping[str, str], box: Box, seconds: float, fork: str = ""
) -> Outcome | None:
    """Make anew what a tool makes, and look whether every conflict is resolved; an outcome when it is not."""
    for path in taken.generated:
        done = await box.run(shell(commands[path]), files=workspace.files, seconds=seconds)
        if done.exit_code != 0 or done.timed_out:
            said = clean_log(done.output)
            text = reasons.not_made_anew(path[:200], done.exit_code, last_line(said))
            return Outcome(ok=False, summary=text, exit_code=done.exit_code, timed_out=done.timed_out, log=said)
    if not taken.left:
        return None
    await workspace.changes()
    if taken.is_anew:
        lost = await undone(workspace, head, taken.left, fork)
        if lost:
            return Outcome(ok=False, summary=reasons.undone(_some(lost)))
        return None
    marked = await still_marked(workspace, head, taken.left, fork)
    if marked:
        return Outcome(ok=False, summary=reasons.conflicts_left(_some(marked)))
    for path in taken.left:
        written = await taken_in(workspace, path)
        if written is not None and not parses(written, path):
            return Outcome(ok=False, summary=reasons.not_parsed(path[:200]))
    return None


def _some(paths: Sequence[str]) -> str:
    return reasons.some(_shown(paths, reasons.PATHS), len(paths))


def _shown(paths: Sequence[str], most: int) -> list[str]:
    return [path[:200] for path in paths[:most]]
