"""What became of each attempt, by what a repository can be seen to say: its checks, its merge, a revert, a review.

A happening tells something of the attempt that it is about, or nothing. What is told later counts: checks that failed
and passed when they ran again passed, and what was merged and taken back was not good.
"""

import hashlib

import msgspec

from services.core.plan import PERSON, Task
from services.core.signature import signature
from services.core.task_state import Happening, TaskState, is_a_persons

GAVE_UP = "gave_up"
"""The name of what broke for want of GitHub, of git or of a box: it says nothing of the attempt."""
TELLING = frozenset(
    {
        "started",
        "broke",
        "handed",
        "fixing",
        "refused",
        "expired",
        "merged",
        "reviewed",
        "closed",
        "reverting",
    }
)
BEGUN = "begun"
"""What an attempt counts as when it begins."""
OUTCOMES = (BEGUN, "checks", "failed", "refused", "timed_out", "reviewed", "closed", "reverted", "merged")
"""All that an attempt can be counted as; of all but the first a `Try` tells."""


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. came: how it ended last; passed: its checks; good: whether it stayed as it was; each None while
    nothing new is known of it. rounds: repairs of its checks; pull: that was merged.
    """

    task: str
    attempt: int
    repo: str
    agent: str
    came: str = ""
    passed: bool | None = None
    good: bool | None = None
    cls: str = ""
    signature: str = ""
    rounds: int = 0
    pull: int = 0


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an attempt was told. prompt: which text exactly asked it; asked: a hash of all that was put into that; past:
    what like its task had merged before, and which files that touched.
    """

    prompt: str = ""
    asked: str = ""
    past: str = ""


def given(prompt: str, task: Task, note: str, lessons: str, past: str) -> Given:
    """The record of what an attempt is told."""
    put_in = (task.repo, task.title, task.body, task.prompt, task.paths, task.verify, note, lessons, past)
    return Given(prompt=prompt, asked=hashlib.sha256(msgspec.json.encode(put_in)).hexdigest()[:16], past=past)


def tried(before: TaskState, happening: Happening, after: TaskState, task: Task) -> Try | None:
    """What a happening that has changed a task tells of its attempt. A task for a person has none: nobody failed at it
    who hands it over.
    """
    if happening.kind not in TELLING or task.agent == PERSON:
        return None
    if happening.kind == "started":
        return Try(task=task.id, attempt=after.attempt, repo=task.repo, agent=task.agent)
    told = _told(before, happening)
    if told is None or not before.attempt or is_a_persons(before):
        return None
    return msgspec.structs.replace(told, task=task.id, attempt=before.attempt, repo=task.repo, agent=task.agent)


_NEW = Try(task="", attempt=0, repo="", agent="")


def _told(before: TaskState, happening: Happening) -> Try | None:
    new = msgspec.structs.replace
    match happening.kind:
        case "fixing" if happening.repair is not None and happening.repair.cls != "merge_conflict":
            repair = happening.repair
            said = next(iter(repair.signatures), "") or signature(repair.cls, [happening.text])
            came = "checks" if repair.checks else "failed"
            return new(_NEW, came=came, passed=False, cls=repair.cls, signature=said[:400])
        case "broke" | "handed" if happening.name != GAVE_UP and before.state == "running" and not before.head_sha:
            said = signature("agent_failed", [happening.text])
            return new(_NEW, came="failed", passed=False, cls="agent_failed", signature=said[:400])
        case "broke" | "handed" if before.state == "in_review" and happening.text.startswith("check "):
            return new(_NEW, came="checks", passed=False)
        case "refused" if before.state == "running":
            return new(_NEW, came="refused", passed=False, cls="policy")
        case "expired" if before.state == "running":
            return new(_NEW, came="timed_out", passed=False, cls="timeout")
        case "reviewed" if before.state == "in_review":
            return new(_NEW, came="reviewed", passed=True, good=False)
        case "closed":
            return new(_NEW, came="closed", good=False)
        case "reverting":
            return new(_NEW, came="reverted", good=False)
        case "merged" if before.head_sha in before.heads:  # else somebody else has worked on it
            rounds = sum(repair.attempt == before.attempt for repair in before.repairs)
            return new(_NEW, came="merged", passed=True, good=True, rounds=rounds, pull=before.pull)
        case _:
            return None
