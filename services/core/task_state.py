"""What is known of one task, and what can happen to it: the words of the machine, the store and everything between."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from services.core.elsewhere import Away
from services.core.plan import Task
from services.core.repairs import Failed, Repair

State = Literal["blocked", "ready", "running", "in_review", "done", "needs_human", "failed", "skipped", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
SATISFIED: frozenset[State] = frozenset({"done", "skipped"})
"""States that count as met for what needs the task."""
MAX_ASKED = 8_000
"""Characters of what people want changed; the newest count."""
ENDED: frozenset[State] = frozenset({"done", "skipped", "cancelled"})
STUCK: frozenset[State] = frozenset({"needs_human", "failed"})

Kind = Literal[
    "tracked", "unblocked", "reblocked", "started", "pushed", "opened", "waits", "broke", "refused", "moved", "green",
    "merged", "closed", "expired", "cancelled", "retried", "skipped", "held", "released", "prioritised",
    "rebasing", "rebased", "stalled", "recreated", "discarded", "overridden", "assigned",
    "attached", "reviewed", "modelled", "budgeted", "reverting", "reverted", "enqueued", "dequeued",
    "redone", "ticked", "unticked", "removed", "mending", "mended", "fixing", "cleared",
    "integrating", "dispatched", "proved", "disproved", "handed", "vouched", "sent", "restacking",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
QUIET: frozenset[Kind] = frozenset({"tracked", "waits", "cleared", "dispatched"})
"""Happenings that history does not need."""
UNTOLD = "deploy"
"""The name of what stalled when nobody could be told to deploy what has merged."""


class Happening(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Something that happened to a task. `fence`: the attempt's fence when it comes from an attempt's effects, -1 when
    it is independent of one.

    number: of the issue (tracked) or pull request (opened, discarded, attached, reverted); sha: head (pushed, moved,
    rebased, overridden, attached, en- and dequeued, cleared, refused where that head is not to be tried again) or merge
    commit (merged); value: the new priority (prioritised), or
    not 0 when checks alone are awaited (waits); name: of whom it goes to (assigned, attached), or `check:` or `need:`
    and what no longer counts (overridden), or what is to be changed (reviewed), or the model (modelled) or US dollars
    (budgeted), or what failed (fixing), or `gave_up` where that is no word on an attempt (broke), or
    `deploy` where that could not be told (stalled);
    text: why; repair: what is done about what failed (mending, fixing, rebasing); failed: what is known of that, so
    that something may be done about it (broke); paths: what was changed (pushed), () where that is not known;
    integration: what is tried together (integrating).  away: where it is worked on (sent).  stack: on what it
    starts, if that is the head of another (started).
    """

    kind: Kind
    fence: int = -1
    number: int = 0
    sha: str = ""
    text: str = ""
    actor: str = ""
    value: float = 0.0
    name: str = ""
    repair: Repair | None = None
    paths: tuple[str, ...] = ()
    integration: "Integration | None" = None
    failed: Failed | None = None
    away: Away | None = None
    stack: "Stack | None" = None


class Integration(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A try of one head together with others, each a repository and a commit. run: of the workflow, "" before it is
    known; came: "" while it is under way; why: it failed.
    """

    sha: str
    heads: tuple[tuple[str, str], ...] = ()
    run: str = ""
    came: Literal["", "passed", "failed"] = ""
    why: str = ""


class Stack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an attempt begins on in place of the default branch: the head of another task's pull request."""

    on: str
    sha: str


class Override(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person's word that one check, or one need, no longer counts for the commit `sha`."""

    kind: Literal["check", "need"]
    name: str
    sha: str
    actor: str = ""
    why: str = ""


class TaskState(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Where one task of a run stands. `fence` grows with every new attempt and every cancel; a result with an old one
    is dropped.

    `heads` are the commits the bot pushed itself: a head that is none of them is somebody else's and was never
    approved. Those of `vouched` are a person's, for which somebody has answered who may; the merge asks that again.

    held: not to be started or merged until it is released.  priority, model, budget: what a person set in place of the
    plan's.
    worked: seconds in attempts so far.  late: its pull request has waited too long, and more waiting changes nothing.
    renewing: the head that is being brought up to date with its base: what follows it is ours until that is settled.
    renewed: it was, and only checks are awaited since.  queued: the head that is in the merge queue.
    thrown_out: the one that it did not take.  cleared: the one at which nothing of its own was missing, in a group.
    discarding: the pull request that is being closed, and nothing starts before it is.  assignee: whom it went to.
    revert: the pull request that takes back what it merged, -1 until that is opened.
    asked: what people want its next attempts to do otherwise.  troubled: it stood still with a pull request, whose
    comment tells how it stands from then on.  was: the text its pull request was made of, where the plan says something
    else by now; of a task that is in the plan no more, its last text.  repairs: what was done about failed checks.
    broke: what they failed of, for the attempt that is to put it right.  changed: the files its pull request changes,
    () where that is not known or they are many.  integration: the last try of it together with others.  handed:
    nothing that could be tried is left, and a person looks.  away: where it is worked on, while that is not here.
    stack: on what its newest attempt began, where that is another's head; fork: its own head is made on that commit.
    carry: the head that its next attempt takes over, onto whatever that begins on.  head_at: when its head came.
    resumed_at: when it was last released, or while it was ready, when its tracking issue came, or what was being closed
    was.
    """

    id: str
    state: State = "blocked"
    attempt: int = 0
    fence: int = 0
    issue: int = 0
    pull: int = 0
    head_sha: str = ""
    heads: tuple[str, ...] = ()
    vouched: tuple[str, ...] = ()
    merge_sha: str = ""
    reason: str = ""
    held: bool = False
    priority: float | None = None
    model: str = ""
    budget: str = ""
    worked: float = 0.0
    late: bool = False
    renewing: str = ""
    renewed: bool = False
    queued: str = ""
    thrown_out: str = ""
    cleared: str = ""
    discarding: int = 0
    revert: int = 0
    overrides: tuple[Override, ...] = ()
    assignee: str = ""
    troubled: bool = False
    asked: str = ""
    was: Task | None = None
    repairs: tuple[Repair, ...] = ()
    broke: str = ""
    changed: tuple[str, ...] = ()
    integration: Integration | None = None
    handed: bool = False
    away: Away | None = None
    stack: Stack | None = None
    fork: str = ""
    carry: str = ""
    head_at: datetime | None = None
    since: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    resumed_at: datetime | None = None


def is_queued(task: TaskState) -> bool:
    """Is it in GitHub's merge queue, as far as we know?"""
    return bool(task.queued) and not task.merge_sha


def unheld_since(since: datetime, task: TaskState, resumed_at: datetime | None) -> datetime:
    """Since when nothing has held it back: what people hold back has not waited. resumed_at: when its run went on."""
    return max([since, *[at for at in (task.resumed_at, resumed_at) if at is not None]])


def is_a_persons(task: TaskState) -> bool:
    """Is its pull request one that a person opened for it, so that nothing of it is ours to judge, merge or close?"""
    return bool(task.pull) and bool(task.assignee) and not task.heads


def is_in_hand(task: TaskState) -> bool:
    """Do people see to its branch? Once it was handed over, and as long as what counts there last is theirs."""
    return task.handed or (bool(task.heads) and task.heads[-1] in task.vouched)
