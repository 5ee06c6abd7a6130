"""What a happening writes into a task besides its state, once the table of `machine` lets it."""

from datetime import datetime

import msgspec

from services.core.task_state import MAX_ASKED, Happening, Integration, Override, TaskState, is_a_persons


def written(task: TaskState, happened: Happening, now: datetime) -> dict[str, object]:
    """What a happening writes into the task besides its state."""
    match happened.kind:
        case "tracked":
            return {"issue": happened.number, **(_freed(task, now) if not task.issue else {})}
        case "started":
            # A new attempt may come to the very commit of the last one, and that counts as a push of its own.
            begins = {"attempt": task.attempt + 1, "stack": happened.stack}
            return {**begins, "fence": task.fence + 1, "head_sha": ""}
        case "pushed" | "rebased":
            return _new_head(task, happened, now)
        case "waits":
            return {"renewed": task.renewed and bool(happened.value), "cleared": ""}
        case "moved":
            head_at = now if happened.sha != task.head_sha else task.head_at
            made = task.stack.sha if task.stack is not None else ""  # an attempt's: nothing that has a fork is renewed
            fork = made if happened.sha in task.heads and happened.sha not in task.vouched else ""
            return {"head_sha": happened.sha, "head_at": head_at, "fork": fork, "renewed": False}
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
            return _asked_for(task, happened, now)


def _new_head(task: TaskState, happened: Happening, now: datetime) -> dict[str, object]:
    """Ours stands on its branch: an attempt's, or what GitHub has made of it and its base."""
    heads = (*(sha for sha in task.heads if sha != happened.sha), happened.sha)
    fresh: dict[str, object] = {"overrides": (), "renewing": "", "queued": "", "thrown_out": "", "was": None}
    if happened.kind == "pushed":
        fork = task.stack.sha if task.stack is not None else ""
        fresh |= {"changed": happened.paths, "fork": fork, "carry": ""}
    vouched = tuple([sha for sha in task.vouched if sha != happened.sha])
    renewed = happened.kind == "rebased"
    return {"head_sha": happened.sha, "head_at": now, "heads": heads, "vouched": vouched, "renewed": renewed, **fresh}


def _tried(task: TaskState, happened: Happening) -> Integration | None:
    if task.integration is None:
        return None
    if happened.kind == "dispatched":
        return msgspec.structs.replace(task.integration, run=happened.name)
    came, why = ("passed", "") if happened.kind == "proved" else ("failed", happened.text)
    return msgspec.structs.replace(task.integration, came=came, why=why)


def _asked_for(task: TaskState, happened: Happening, now: datetime) -> dict[str, object]:
    """What a person's word writes into the task."""
    match happened.kind:
        case "held":
            return {"held": True}
        case "released":
            began = {"resumed_at": now} if task.held or task.late else {}
            return {"held": False, "late": False, **began}
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
            return _renewed(task, happened, now)


def _freed(task: TaskState, now: datetime) -> dict[str, object]:
    """What is ready lacks nothing but a place from now on."""
    return {"resumed_at": now} if task.state == "ready" else {}


def _renewed(task: TaskState, happened: Happening, now: datetime) -> dict[str, object]:
    """What writes into the task whatever is to become of its pull request, or where it is worked on."""
    match happened.kind:
        case "sent":
            return {"away": happened.away}
        case "rebasing":
            return {"renewing": task.head_sha}
        case "stalled":
            return {"renewing": "", "discarding": 0, "revert": max(task.revert, 0)}
        case "discarded":
            gone = {"discarding": 0, "pull": 0, "head_sha": "", "heads": (), "vouched": (), "overrides": ()}
            return {**gone, "troubled": False, "was": None, "fork": "", **_freed(task, now)}
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
            return {"heads": (*task.heads, happened.sha), "vouched": (*task.vouched, happened.sha), "late": False}
        case _:
            return _taken_back(happened)


def _override(happened: Happening) -> Override:
    kind, _, name = happened.name.partition(":")
    return Override(
        kind="need" if kind == "need" else "check",
        name=name,
        sha=happened.sha,
        actor=happened.actor,
        why=happened.text,
    )
