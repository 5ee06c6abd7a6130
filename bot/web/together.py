"""The groups of a plan for its page: how each stands, and exactly what of it is where.

As everything on a page it speaks of the tasks that whoever looks may see: of the others sight.py has left neither a
repository nor a group.
"""

import msgspec

from bot.web.views import Link, Seen, TaskLine
from services.core import groups
from services.core.groups import Phase
from services.core.spans import Span, spans
from services.core.task_state import State

MOST = 20
"""Groups on one page, and members that are listed of each."""
LISTED = 60
WORDS: dict[Phase, tuple[State, str]] = {
    "closed": ("blocked", "waits"),
    "complete": ("ready", "all ready"),
    "merging": ("running", "is being merged"),
    "merged": ("done", "merged"),
    "reverting": ("failed", "is taken back"),
    "forward": ("running", "is finished forward"),
}
"""Phase -> (the task state whose colour and icon it has, its word)."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One of a group. proven: the head at which nothing of its own was missing; merged: what it has become; back: the
    pull request that takes it back.
    """

    line: TaskLine
    proven: Link | None
    merged: Link | None
    back: Link | None


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """A group. said: how it stands; policy: what follows when a later merge fails; more: members not listed."""

    name: str
    state: State
    word: str
    said: tuple[Span, ...]
    policy: str
    members: tuple[Member, ...]
    more: int


def together(seen: Seen) -> tuple[Together, ...]:
    """All groups of several tasks."""
    if seen.run is None:
        return ()
    return tuple([_group(seen, name) for name in list(seen.run.plan.groups)[:MOST]])


def _group(seen: Seen, name: str) -> Together:
    run = seen.run
    assert run is not None  # noqa: S101 - without a run there is no group here
    state, word = WORDS[groups.barrier_of(run, name).phase]
    ordered = groups.order(run, name)
    return Together(
        name=name,
        state=state,
        word=word,
        said=spans(groups.headline(run, name).replace("**", "")),
        policy=groups.policy(run.plan, name),
        members=tuple([_member(seen, each) for each in ordered[:LISTED]]),
        more=max(len(ordered) - LISTED, 0),
    )


def _member(seen: Seen, task_id: str) -> Member:
    task, state, places = seen.by_id[task_id], seen.tasks[task_id], seen.places
    is_proven = groups.is_ready(state)
    return Member(
        line=seen.line(task),
        proven=places.commit(task.repo, state.head_sha) if is_proven else None,
        merged=places.commit(task.repo, state.merge_sha) if state.merge_sha else None,
        back=places.pull(task.repo, state.revert) if state.revert > 0 else None,
    )
