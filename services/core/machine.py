"""The life of one task: states, what can happen to it, and the table that says what follows.

Every pair of state and happening is in `TABLE` on purpose: a next state, or `None` = it changes nothing here (late,
doubled or meant for an attempt that is over). Happenings are observed facts, not commands to the future, so any order
of them is safe.
"""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from services.core.elsewhere import Away
from services.core.plan import Task
from services.core.repairs import Came, Failed, Repair, ended, under_way, with_another

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


class Happening(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Something that happened to a task. `fence`: the attempt's fence when it comes from an attempt's effects, -1 when
    it is independent of one.

    number: of the issue (tracked) or pull request (opened, discarded, attached, reverted); sha: head (pushed, moved,
    rebased, overridden, attached, en- and dequeued, cleared, refused where that head is not to be tried again) or merge
    commit (merged); value: the new priority (prioritised), or
    not 0 when checks alone are awaited (waits); name: of whom it goes to (assigned, attached), or `check:` or `need:`
    and what no longer counts (overridden), or what is to be changed (reviewed), or the model (modelled) or US dollars
    (budgeted), or what failed (fixing), or `gave_up` where that is no word on an attempt (broke);
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
    approved.

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
    carry: the head that its next attempt takes over, onto whatever that begins on.
    """

    id: str
    state: State = "blocked"
    attempt: int = 0
    fence: int = 0
    issue: int = 0
    pull: int = 0
    head_sha: str = ""
    heads: tuple[str, ...] = ()
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
    since: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


_STAY: dict[Kind, State | None] = dict.fromkeys(KINDS, None)


def _control(state: State) -> dict[Kind, State | None]:
    """What people may say of a task that is not over: when it starts, whether it merges, what is to be different."""
    waits: State = state if state == "ready" else "blocked"
    stay = dict.fromkeys(("held", "released", "prioritised", "modelled", "budgeted", "discarded"), state)
    return {**stay, "reviewed": waits}  # type: ignore[dict-item]


def _renewal(state: State) -> dict[Kind, State | None]:
    """What may become of a pull request that people want brought up to date, judged less strictly, or made anew."""
    return {
        "rebasing": state, "rebased": "in_review", "stalled": state, "overridden": state, "recreated": "blocked",
        "assigned": "needs_human",
    }  # fmt: skip


_EDITED: dict[Kind, State | None] = {"redone": "blocked", "ticked": "done", "removed": "cancelled"}
"""What an edited plan makes of work that has begun."""
TABLE: dict[State, dict[Kind, State | None]] = {
    "blocked": {
        **_STAY, **_control("blocked"),
        "tracked": "blocked", "waits": "blocked", "unblocked": "ready", "broke": "failed",
        "merged": "done", "cancelled": "cancelled", "skipped": "skipped", "assigned": "needs_human",
        "stalled": "needs_human", "attached": "needs_human", "ticked": "done", "removed": "cancelled",
    },
    "ready": {
        **_STAY, **_control("ready"),
        "tracked": "ready", "waits": "ready",
        "started": "running", "reblocked": "blocked", "broke": "failed",
        "merged": "done", "cancelled": "cancelled", "skipped": "skipped", "assigned": "needs_human",
        "stalled": "needs_human", "attached": "needs_human", "ticked": "done", "removed": "cancelled",
    },
    "running": {
        **_STAY, **_control("running"), **_EDITED,
        "tracked": "running", "waits": "running",
        "sent": "running",
        "pushed": "running", "opened": "in_review", "broke": "failed", "handed": "needs_human", "fixing": "blocked",
        "refused": "needs_human", "expired": "needs_human", "merged": "done", "cancelled": "cancelled",
        "skipped": "skipped", "assigned": "needs_human", "restacking": "blocked",
    },
    "in_review": {
        **_STAY, **_control("in_review"), **_renewal("in_review"), **_EDITED,
        "tracked": "in_review", "waits": "in_review", "moved": "needs_human", "broke": "failed",
        "refused": "needs_human", "expired": "needs_human", "merged": "done", "closed": "needs_human",
        "cancelled": "cancelled", "skipped": "skipped", "dequeued": "failed",
        "mending": "in_review", "mended": "in_review", "fixing": "blocked", "cleared": "in_review",
        "integrating": "in_review", "dispatched": "in_review", "proved": "in_review", "disproved": "failed",
        "handed": "needs_human", "restacking": "blocked",
    },
    "needs_human": {
        **_STAY, **_control("needs_human"), **_renewal("needs_human"), **_EDITED,
        "tracked": "needs_human", "moved": "needs_human", "green": "in_review", "merged": "done",
        "attached": "needs_human", "closed": "needs_human", "cancelled": "cancelled", "retried": "blocked",
        "skipped": "skipped", "cleared": "needs_human", "integrating": "needs_human", "dispatched": "needs_human",
        "proved": "needs_human", "disproved": "needs_human",
        "vouched": "in_review",
    },
    "failed": {
        **_STAY, **_control("failed"), **_renewal("failed"), **_EDITED,
        "tracked": "failed", "attached": "needs_human", "moved": "needs_human", "green": "in_review", "merged": "done",
        "refused": "needs_human", "closed": "needs_human", "cancelled": "cancelled", "retried": "blocked",
        "skipped": "skipped", "integrating": "in_review", "dispatched": "failed", "proved": "in_review",
    },
    "done": {
        **_STAY, "tracked": "done", "reverting": "done", "reverted": "done", "stalled": "done", "unticked": "blocked",
    },
    "skipped": {
        **_STAY, "tracked": "skipped", "merged": "done", "retried": "blocked", "discarded": "skipped",
        "stalled": "skipped",
    },
    "cancelled": {
        **_STAY, "tracked": "cancelled", "merged": "done", "retried": "blocked", "skipped": "skipped",
        "recreated": "blocked", "discarded": "cancelled", "stalled": "cancelled", "ticked": "done",
    },
}  # fmt: skip
for _state in STATES:
    if _state != "done":  # whatever became of it meanwhile: what is in the queue is known, and taken out again
        TABLE[_state]["enqueued"] = _state


def step(task: TaskState, happened: Happening, now: datetime) -> TaskState | None:
    """The task after what happened, or None when it changes nothing (the table says so, or its fence is old)."""
    if happened.fence >= 0 and happened.fence != task.fence:
        return None
    following = TABLE[task.state][happened.kind]
    if following == "in_review" and task.assignee:
        following = task.state  # it is with a person until it is given back, whatever its pull request comes to
    if following is None or not _applies(task, happened):
        return None
    changes = _effects_on(task, happened)
    changes["state"] = following
    changes["handed"] = happened.kind == "handed" or (task.handed and following == task.state)
    if following != task.state:
        changes["since"] = now
        changes["reason"] = happened.text
        changes["finished_at"] = now if following in ENDED else None
        changes["cleared"] = ""
        changes["away"] = None
        changes["carry"] = changes.get("carry", task.carry) if happened.kind in _ON_THE_WAY else ""
        if task.state == "running" and task.since is not None:
            changes["worked"] = task.worked + max((now - task.since).total_seconds(), 0.0)
    elif (
        (happened.kind == "cleared" and happened.sha and not is_a_persons(task))
        or happened.kind in _SAYS_WHY
        or (happened.kind == "moved" and task.handed)
    ):
        changes["reason"] = happened.text
    if happened.kind == "started":
        changes["started_at"] = task.started_at or now
    if following in STUCK and changes.get("pull", task.pull) and not task.troubled:
        changes["troubled"] = True
    if changes.get("fence", task.fence) != task.fence:
        changes["renewing"] = ""  # whoever brings it up to date belongs to what is over
    changes["repairs"] = _repairs(task, happened)
    after = msgspec.structs.replace(task, **changes)
    return after if following != task.state or after != task else None


_ON_THE_WAY: frozenset[Kind] = frozenset({"unblocked", "reblocked", "started", "restacking"})
"""Happenings that lead to the attempt that takes over what a task has made."""
_SAYS_WHY: frozenset[Kind] = frozenset({
    "waits", "stalled", "assigned", "attached", "mending", "enqueued", "integrating", "closed", "sent",
})  # fmt: skip
"""Happenings whose text is the reason from then on, also where the state stays."""
_CAME: dict[Kind, Came] = {
    "mended": "worked", "merged": "worked", "green": "worked", "broke": "failed", "stalled": "failed",
    "handed": "failed",
    **dict.fromkeys((
        "moved", "refused", "closed", "cancelled", "skipped", "retried", "reviewed", "recreated", "redone", "ticked",
        "removed", "assigned", "attached", "dequeued", "vouched", "restacking",
    ), "superseded"),
}  # fmt: skip
"""What each happening tells of a repair that is under way."""


def _repairs(task: TaskState, happened: Happening) -> tuple[Repair, ...]:
    """What was repaired, after this; for a person it begins anew."""
    if happened.repair is not None:
        return with_another(task.repairs, happened.repair)
    came = _CAME.get(happened.kind)
    if happened.kind == "opened" and (current := under_way(task.repairs)) is not None and not current.checks:
        came = "worked"  # an attempt that had failed, or a conflict
    if came is None or not task.repairs:
        return task.repairs
    return ended(task.repairs, came, past=bool(happened.actor))


def _applies(task: TaskState, happened: Happening) -> bool:
    """Is this about the task as it stands? Only heads of ours are brought up to date or judged less strictly."""
    if task.state == "done":
        return _applies_to_merged(task, happened)
    match happened.kind:
        case kind if kind in _ABOUT_HEAD:
            return _applies_to_head(task, happened)
        case "discarded":
            return task.discarding == happened.number != 0
        case "attached":
            return not task.pull and not task.discarding
        case "reviewed":
            return bool(task.pull) and not task.assignee
        case "green":
            return not task.thrown_out
        case "recreated":
            return not is_a_persons(task)  # that pull request is not ours to close
        case "closed":
            return task.state != "needs_human" or is_a_persons(task)
        case _:
            return True


_ABOUT_HEAD: frozenset[Kind] = frozenset({
    "rebasing", "rebased", "overridden", "mended", "cleared", "integrating", "dispatched", "proved", "disproved",
    "vouched", "dequeued",
})  # fmt: skip


def _applies_to_head(task: TaskState, happened: Happening) -> bool:
    if happened.kind == "mended":
        return under_way(task.repairs) is not None
    if happened.kind == "integrating":
        return happened.integration is not None and happened.integration.sha == task.head_sha
    if happened.kind in {"dispatched", "proved", "disproved"}:
        return task.integration is not None and happened.sha == task.integration.sha == task.head_sha
    if happened.kind == "dequeued":
        return happened.sha == task.head_sha == task.queued
    if happened.kind == "vouched":
        return happened.sha == task.head_sha and happened.sha not in task.heads and not task.assignee
    if happened.kind == "rebased":
        return bool(task.renewing)
    if happened.kind == "cleared":
        return happened.sha in {"", task.head_sha}
    is_ours = bool(task.pull) and task.head_sha in task.heads and task.was is None
    may_be_renewed = not (task.renewing or task.fork)  # its base may be another's branch, which nobody approved
    return is_ours and (may_be_renewed if happened.kind == "rebasing" else happened.sha == task.head_sha)


def _applies_to_merged(task: TaskState, happened: Happening) -> bool:
    """What is merged can be taken back, once, unless it can't."""
    if happened.kind == "reverting":
        return bool(task.merge_sha) and not task.revert
    if happened.kind == "unticked":
        return not task.merge_sha
    return happened.kind == "tracked" or task.revert < 0


def _effects_on(task: TaskState, happened: Happening) -> dict[str, object]:
    """What a happening writes into the task besides its state."""
    match happened.kind:
        case "tracked":
            return {"issue": happened.number}
        case "started":
            # A new attempt may come to the very commit of the last one, and that counts as a push of its own.
            begins = {"attempt": task.attempt + 1, "stack": happened.stack}
            return {**begins, "fence": task.fence + 1, "head_sha": ""}
        case "pushed" | "rebased":
            return _new_head(task, happened)
        case "waits":
            return {"renewed": task.renewed and bool(happened.value), "cleared": ""}
        case "moved":
            return {"head_sha": happened.sha, "fork": ""}
        case "dequeued" | "enqueued":
            is_in = happened.kind == "enqueued"
            return {"queued": happened.sha if is_in else "", "thrown_out": task.thrown_out if is_in else happened.sha}
        case "opened":
            return {"pull": happened.number}
        case "merged":
            return {"merge_sha": happened.sha, "fence": task.fence + 1}
        case "expired":
            # An attempt is stopped; a pull request that waits may still be merged as it stands.
            return {"late": True} if task.state == "in_review" else {"fence": task.fence + 1}
        case _:
            return _asked_for(task, happened)


def _new_head(task: TaskState, happened: Happening) -> dict[str, object]:
    """Ours stands on its branch: an attempt's, or what GitHub has made of it and its base."""
    heads = (*(sha for sha in task.heads if sha != happened.sha), happened.sha)
    fresh: dict[str, object] = {"overrides": (), "renewing": "", "queued": "", "thrown_out": "", "was": None}
    if happened.kind == "pushed":
        fork = task.stack.sha if task.stack is not None else ""
        fresh |= {"changed": happened.paths, "fork": fork, "carry": ""}
    return {"head_sha": happened.sha, "heads": heads, "renewed": happened.kind == "rebased", **fresh}


def _tried(task: TaskState, happened: Happening) -> Integration | None:
    if task.integration is None:
        return None
    if happened.kind == "dispatched":
        return msgspec.structs.replace(task.integration, run=happened.name)
    came, why = ("passed", "") if happened.kind == "proved" else ("failed", happened.text)
    return msgspec.structs.replace(task.integration, came=came, why=why)


def _asked_for(task: TaskState, happened: Happening) -> dict[str, object]:
    """What a person's word writes into the task."""
    match happened.kind:
        case "held":
            return {"held": True}
        case "released":
            return {"held": False, "late": False}
        case "prioritised":
            return {"priority": happened.value}
        case "modelled":
            return {"model": happened.name}
        case "budgeted":
            return {"budget": happened.name}
        case "retried":
            # For a person it begins anew, and so does its time.
            anew = {"started_at": None, "worked": 0.0} if happened.actor else {}
            return {"fence": task.fence + 1, "late": False, "assignee": "", **anew}
        case "cancelled" | "skipped":
            return {"fence": task.fence + 1}
        case "fixing":
            return {"broke": happened.name, "fence": task.fence + 1}
        case "reviewed":
            asked = f"{task.asked}\n\n{happened.name}".strip()[-MAX_ASKED:]
            return {"asked": asked, "fence": task.fence + 1, "late": False, "started_at": None, "worked": 0.0}
        case _:
            return _renewed(task, happened)


def _renewed(task: TaskState, happened: Happening) -> dict[str, object]:
    """What writes into the task whatever is to become of its pull request, or where it is worked on."""
    match happened.kind:
        case "sent":
            return {"away": happened.away}
        case "rebasing":
            return {"renewing": task.head_sha}
        case "stalled":
            return {"renewing": "", "discarding": 0, "revert": max(task.revert, 0)}
        case "discarded":
            gone = {"discarding": 0, "pull": 0, "head_sha": "", "heads": (), "overrides": (), "troubled": False}
            return {**gone, "was": None, "fork": ""}
        case "recreated":
            fresh = {"started_at": None, "worked": 0.0, "late": False, "assignee": ""}
            return {"fence": task.fence + 1, "discarding": task.pull, **fresh}
        case "overridden":
            return {"overrides": (*task.overrides, _override(happened))}
        case "assigned":
            return {"fence": task.fence + 1, "assignee": happened.name}
        case "attached":
            fence = task.fence + 1
            theirs = {"assignee": happened.name, "pull": happened.number, "head_sha": happened.sha}
            return {"fence": fence, **theirs, "was": None, "stack": None, "fork": ""}
        case "closed" if is_a_persons(task):
            return {"pull": 0, "head_sha": "", "troubled": False}
        case _:
            return _edited(task, happened)


def _taken_back(happened: Happening) -> dict[str, object]:
    if happened.kind == "reverting":
        return {"revert": -1, "reason": ""}
    return {"revert": happened.number} if happened.kind == "reverted" else {}


def _edited(task: TaskState, happened: Happening) -> dict[str, object]:
    """What an edited plan, or its group, writes into the task."""
    match happened.kind:
        case "redone" | "unticked" | "ticked":
            theirs = {"pull": 0, "head_sha": ""} if is_a_persons(task) else {}
            anew = {"late": False, "assignee": "", "started_at": None, "worked": 0.0}
            return {"fence": task.fence + 1, **anew, **theirs}
        case "removed":
            return {"fence": task.fence + 1}
        case "restacking":
            return {"fence": task.fence + 1, "carry": task.head_sha or task.carry}
        case "cleared":
            return {"cleared": happened.sha, "renewed": task.renewed and not happened.sha}
        case "refused" if happened.sha:
            return {"thrown_out": happened.sha}
        case "integrating":
            return {"integration": happened.integration, "cleared": ""}
        case "dispatched" | "proved" | "disproved":
            return {"integration": _tried(task, happened)}
        case "vouched":
            return {"heads": (*task.heads, happened.sha), "late": False}
        case _:
            return _taken_back(happened)


def late(task: TaskState, happened: Happening, now: datetime) -> TaskState | None:
    """A task that is in the plan no more, after what was under way of it was heard of; None when that changes nothing.

    Its fence does not matter: what there is of it has to be known, so that it can be cleared away.
    """
    changes: dict[str, object] = {}
    if happened.kind == "tracked" and not task.issue:
        changes = {"issue": happened.number}
    elif happened.kind == "opened" and not task.pull:
        changes = {"pull": happened.number}
    elif happened.kind == "pushed" and happened.sha not in task.heads:
        changes = {"heads": (*task.heads, happened.sha)}
    elif happened.kind == "merged" and task.state != "done":
        changes = {"state": "done", "merge_sha": happened.sha, "since": now, "finished_at": now, "reason": ""}
    return msgspec.structs.replace(task, **changes) if changes else None


def is_a_persons(task: TaskState) -> bool:
    """Is its pull request one that a person opened for it, so that nothing of it is ours to judge, merge or close?"""
    return bool(task.pull) and bool(task.assignee) and not task.heads


def _override(happened: Happening) -> Override:
    kind, _, name = happened.name.partition(":")
    return Override(
        kind="need" if kind == "need" else "check",
        name=name,
        sha=happened.sha,
        actor=happened.actor,
        why=happened.text,
    )
