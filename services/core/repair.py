"""How failed checks of a task's pull request are repaired: by strategy, a few times, and then by a person.

Whose machine or network failed is run again; what an agent can put right goes back to it with the evidence; what the
base branch fails too waits for the base. What fails in the same way after it was repaired is not repaired so again, and
no task is repaired more than `MOST` times before a person has looked.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.core.failures import CLASSES, FailureClass
from services.core.gate import PASSED, PullFact, Ruling
from services.core.machine import MAX_ASKED, Happening, TaskState
from services.core.repairs import AGAIN, BASE, FIXES, Failure, Repair, under_way
from services.core.strategies import POLICY, Step, pause
from services.core.text import code

MOST = 8
"""Repairs of one task before a person has to look."""
WITHOUT_MODEL = frozenset({"script", "human"})
"""Agents that would do the same again, whatever they are told."""
NOT_AGAIN: frozenset[FailureClass] = frozenset({"unknown", "agent_failed", "agent_empty", "out_of_resources"})
"""Nothing says that their jobs would do better if they ran again."""
TOLD = 6_000
"""Characters that it is told in all."""
LINES, LINE = 12, 300
"""Lines of evidence that an agent is told of one check, and characters of each."""
WORDS: dict[FailureClass, str] = {
    "runner": "runner or network",
    "transient_api": "a service did not answer",
    "rate_limited": "a service was called too often",
    "timeout": "it took too long",
    "flaky_test": "a test that fails now and then",
    "broken_base": "its base branch did too, and is well again",
}


def repaired(
    task: TaskState, agent: str, reason: str, failed: Sequence[str], failures: Sequence[Failure], now: datetime
) -> Happening:
    """What happens to a task whose pull request is judged as failed for that reason.

    failed: the names of the checks that are it, none where it is something else.  failures: what is known of them.
    """
    known = [each for each in failures if each.check in failed]
    hand_over = Happening(kind="broke", text=reason)
    if task.state != "in_review" or not known or {each.check for each in known} != set(failed):
        return hand_over
    current = under_way(task.repairs)
    if current is not None and current.attempt == task.attempt and current.sha == task.head_sha:
        if current.strategy == BASE:
            return _of_base(task, current, reason, known, now)
        if all(each.id in current.about for each in known):
            return Happening(kind="waits", text=told(current, reason))
    if len([each for each in task.repairs if not each.past]) >= MOST:
        return hand_over
    own = [each for each in known if each.base != "failed" or is_of_the_machine(each)]
    if not own:
        return _wait_for_base(task, reason, known) or hand_over
    steps = [_step(task, agent, each) for each in own]
    found = [step for step in steps if step is not None]
    if len(found) < len(steps):
        return hand_over
    fixes = [step for step in found if step.strategy in FIXES]
    return _fix(task, fixes[0], reason, own) if fixes else _again(task, found, reason, own, now)


def awaited(task: TaskState, ruling: Ruling) -> str:
    """What is awaited while failed jobs run once more, "" when it is something else."""
    repair = under_way(task.repairs) if ruling.by_itself else None
    if repair is None or repair.strategy not in AGAIN or repair.sha != task.head_sha:
        return ""
    return told(repair, failed(repair))


def failed(repair: Repair) -> str:
    return f"check {', '.join(map(code, dict.fromkeys(repair.checks)))} failed"


def mended(task: TaskState, fact: PullFact) -> bool:
    """Does everything pass that was to be made good?"""
    repair = under_way(task.repairs)
    if repair is None or task.state != "in_review":
        return False
    now = {check.name: check for check in fact.checks if not check.ours}
    there = [now[name] for name in repair.checks if name in now]
    return len(there) == len(repair.checks) and all(check.conclusion in PASSED for check in there)


def told(repair: Repair, reason: str) -> str:
    """What is being done about a failure, for people."""
    why = WORDS.get(repair.cls, CLASSES[repair.cls])
    if repair.strategy == BASE:
        return f"{reason}, and so it does on its base branch: it waits until that is repaired"
    if repair.strategy in AGAIN:
        return f"{reason}: {why}; its failed jobs run again ({repair.tries} of {repair.most})"
    return f"{reason}; the agent is told what failed and tries again ({repair.tries} of {repair.most})"


def is_of_the_machine(failure: Failure) -> bool:
    """Is it nobody's change that made it fail?"""
    return POLICY[failure.cls][0].strategy in AGAIN and failure.cls not in NOT_AGAIN


def _tried(task: TaskState, kinds: frozenset[str], sha: str = "") -> list[Repair]:
    counting = [each for each in task.repairs if not each.past and each.strategy in kinds]
    return [each for each in counting if not sha or each.sha == sha]


def _step(task: TaskState, agent: str, failure: Failure) -> Step | None:
    """What to try next for one failed check; None when nothing is left that could help."""
    for step in POLICY[failure.cls]:
        if step.strategy in AGAIN:
            is_open, tried = failure.jobs and failure.cls not in NOT_AGAIN, _tried(task, AGAIN, task.head_sha)
        elif step.strategy in FIXES:
            is_open, tried = agent not in WITHOUT_MODEL, _tried(task, FIXES)
        else:
            continue
        if is_open and len(tried) < step.most and not any(each.knew(failure) for each in tried):
            return step
    return None


def _next(task: TaskState, step: Step, known: Sequence[Failure], tries: int) -> Repair:
    return Repair(
        n=task.repairs[-1].n + 1 if task.repairs else 1,
        strategy=step.strategy,
        cls=known[0].cls,
        sha=task.head_sha,
        attempt=task.attempt,
        about=tuple([each.id for each in known]),
        checks=tuple([each.check for each in known]),
        signatures=tuple([each.signature for each in known]),
        tries=tries + 1,
        most=step.most,
    )


def _again(task: TaskState, steps: Sequence[Step], reason: str, known: Sequence[Failure], now: datetime) -> Happening:
    """The failed jobs run once more, after the longest of the pauses."""
    tries = len(_tried(task, AGAIN, task.head_sha))
    fewest = min(steps, key=lambda step: step.most)
    rest = max(pause(step, f"{task.id}/{task.head_sha}", tries) for step in steps)
    repair = msgspec.structs.replace(_next(task, fewest, known, tries), due=now + timedelta(seconds=rest))
    return Happening(kind="mending", text=told(repair, reason), repair=repair)


def _fix(task: TaskState, step: Step, reason: str, known: Sequence[Failure]) -> Happening:
    """Another attempt, that is told what the checks printed. It is foreign text, and goes to the agent as such."""
    repair = _next(task, step, known, len(_tried(task, FIXES)))
    return Happening(
        kind="fixing", text=told(repair, reason), repair=repair, name="\n\n".join(map(_note, known))[:TOLD]
    )


def _note(failure: Failure) -> str:
    meaning = CLASSES[failure.cls]
    head = (
        f"On the pull request of the last attempt the check {' '.join(failure.check.split())[:100]} failed. {meaning}"
    )
    lines = [line[:LINE] for line in failure.evidence[-LINES:]]
    return "\n".join([head, *(["What it printed:", *lines] if lines else [])])


def _wait_for_base(task: TaskState, reason: str, known: Sequence[Failure]) -> Happening | None:
    step = next(step for step in POLICY["broken_base"] if step.strategy == BASE)
    tried = len(_tried(task, frozenset({BASE})))
    if tried >= step.most:
        return None
    repair = _next(task, step, known, tried)
    repair = msgspec.structs.replace(repair, cls="broken_base", base=known[0].base_sha)
    return Happening(kind="mending", text=told(repair, reason), repair=repair)


def _of_base(task: TaskState, current: Repair, reason: str, known: Sequence[Failure], now: datetime) -> Happening:
    """It waits as long as its base fails; then that is brought into it, or where nothing was pushed to the base, its
    jobs run again.
    """
    if any(each.base in {"failed", "pending"} for each in known if each.check in current.checks):
        return Happening(kind="waits", text=told(current, reason))
    is_same = current.base == known[0].base_sha
    if is_same and all(each.jobs for each in known):
        alike = [msgspec.structs.replace(each, cls="broken_base") for each in known]
        return _again(task, [Step("rerun_failed")], reason, alike, now)
    return Happening(kind="rebasing", text="its base branch is well again, and is brought into it")


def noted(task: TaskState) -> str:
    """What the next attempt is told: what failed, and of what people have asked for as much of the newest as there is
    room for.
    """
    if not task.broke:
        return task.asked
    room = MAX_ASKED - len(task.broke) - 2
    return f"{task.asked[-room:]}\n\n{task.broke}".strip() if room > 0 and task.asked else task.broke
