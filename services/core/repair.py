"""How failures of a task are repaired: by the strategies of its policy, a few times, and then by a person.

Of failed checks, of a conflict with the base, of an attempt that came to nothing. Strategies are asked in the order of
the policy, which learns from what has helped (`strategies.py`); the first that could help is tried. What fails in the
same way after a strategy was tried is not for that strategy again, but for a machine or service, which may need longer;
and no task is repaired without end. What the base branch fails too waits for the base.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.core.elsewhere import ELSEWHERE
from services.core.failures import CLASSES, OF_THE_MACHINE, PASSING, FailureClass
from services.core.gate import PASSED, PullFact, Ruling
from services.core.recovery import Case, Move, way
from services.core.repairs import AGAIN, BASE, Failed, Failure, Repair, under_way
from services.core.strategies import Rules, Step, pause
from services.core.task_state import MAX_ASKED, Happening, TaskState
from services.core.text import code

TOLD = 6_000
"""Characters that an agent is told in all."""
LINES, LINE = 12, 300
"""Lines of evidence that an agent is told of one check, and characters of each."""
LATE = "; its log is not there yet"
WORDS: dict[FailureClass, str] = {
    "runner": "runner or network",
    "transient_api": "a service did not answer",
    "rate_limited": "a service was called too often",
    "timeout": "it took too long",
    "flaky_test": "a test that fails now and then",
    "broken_base": "its base branch did too, and is well again",
    "test_failure": "perhaps a test that fails now and then",
    "out_of_resources": "memory or disk was used up",
    "unknown": "nobody knows of what",
}
_FIRST: tuple[Move, ...] = ("attempt", "carry", "rebase", "rerun")
"""Of several failed checks: what changes most goes first, and the rest runs anew with it."""


def repaired(
    task: TaskState, agent: str, reason: str, failed: Sequence[str], known: Failed, now: datetime
) -> Happening:
    """What happens to a task whose pull request, or whose attempt, is judged as failed for that reason.

    failed: the names of the checks that are it, none where it is something else.  known: what is known of them.
    """
    failures, rules = [each for each in known.failures if each.check in failed], known.rules
    hand_over = _hand_over(task, reason)
    if task.state not in {"in_review", "running"} or not failures or {each.check for each in failures} != set(failed):
        return hand_over
    current = under_way(task.repairs)
    if current is not None and current.attempt == task.attempt and current.sha == task.head_sha:
        if current.strategy == BASE and current.base:
            return _of_base(task, current, reason, failures, rules, now)
        if all(each.id in current.about for each in failures):
            return Happening(kind="waits", text=told(current, reason))
    if any(each.late for each in failures):
        return Happening(kind="waits", text=f"{reason}{LATE}", value=1.0)
    if len([each for each in task.repairs if not each.past]) >= rules.most:
        return hand_over
    own = [each for each in failures if each.base != "failed" or each.cls in OF_THE_MACHINE]
    if not own:
        return _wait_for_base(task, reason, failures, rules) or hand_over
    found = [_step(task, agent, each, rules) for each in own]
    moves = [each[1] for each in found if each is not None]
    if len(moves) < len(found):
        return hand_over
    chosen = next(move for move in _FIRST if move in moves)
    steps = [each[0] for each in found if each is not None and each[1] == chosen]
    return _made(task, chosen, steps, reason, own, rules, now)


def _hand_over(task: TaskState, reason: str) -> Happening:
    """A person has to look: at a pull request that is there, or at what was tried in vain."""
    is_begun = task.state == "in_review" or any(not each.past for each in task.repairs)
    return Happening(kind="handed" if is_begun else "broke", text=reason)


def awaited(task: TaskState, ruling: Ruling) -> str:
    """What is awaited while failed jobs run once more, "" when it is something else."""
    repair = under_way(task.repairs) if ruling.by_itself else None
    if repair is None or repair.strategy not in AGAIN or repair.sha != task.head_sha:
        return ""
    return told(repair, failed(repair))


def failed(repair: Repair) -> str:
    if not repair.checks:
        return "its attempt failed"
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
    if repair.strategy == BASE and repair.base:
        return f"{reason}, and so it does on its base branch: it waits until that is repaired"
    is_again = repair.strategy in AGAIN
    why = f": {WORDS.get(repair.cls, CLASSES[repair.cls].rstrip('.'))}; " if is_again else "; "
    seen = f", worked {repair.seen.worked} of {repair.seen.tried} here" if repair.seen is not None else ""
    doing = way("rerun_failed" if is_again and repair.checks else repair.strategy).doing
    return f"{reason.rstrip('.')}{why}{doing} ({repair.tries} of {repair.most}{seen})"


def _tried(task: TaskState, step: Step) -> list[Repair]:
    """The tries of a strategy that count: what runs again is counted for each head."""
    kinds = AGAIN if step.strategy in AGAIN else {step.strategy}
    counting = [each for each in task.repairs if not each.past and each.strategy in kinds]
    return [each for each in counting if each.sha == task.head_sha] if step.strategy in AGAIN else counting


def _step(task: TaskState, agent: str, failure: Failure, rules: Rules) -> tuple[Step, Move] | None:
    """What to try next for one failure; None when nothing is left that could help."""
    case = Case(task=task, agent=agent, failure=failure, rules=rules)
    for step in rules.steps(failure.cls):
        tried = _tried(task, step)
        may_pass = step.strategy in AGAIN and failure.cls in PASSING
        if len(tried) >= step.most or (not may_pass and any(each.knew(failure) for each in tried)):
            continue
        if move := way(step.strategy).move(case):
            # Whoever works elsewhere can't be given what the last attempt left, and begins with the base as it is now.
            return step, "attempt" if move == "carry" and agent in ELSEWHERE else move
    return None


def _made(
    task: TaskState,
    move: Move,
    steps: Sequence[Step],
    reason: str,
    known: Sequence[Failure],
    rules: Rules,
    now: datetime,
) -> Happening:
    """The move as what happens to the task."""
    step = min(steps, key=lambda each: each.most) if move == "rerun" else steps[0]
    tries = len(_tried(task, step))
    repair = _next(task, step, known, tries, rules)
    rest = max(pause(each, f"{task.id}/{task.head_sha}", tries) for each in steps)
    repair = msgspec.structs.replace(repair, due=now + timedelta(seconds=rest), carries=move == "carry")
    text = told(repair, reason)
    if move == "rerun":
        return Happening(kind="mending", text=text, repair=repair)
    if move == "rebase":
        return Happening(kind="rebasing", text=text, repair=repair)
    note = "" if move == "carry" else "\n\n".join(map(_note, known))[:TOLD]
    return Happening(kind="fixing", text=text, repair=repair, name=note)


def _next(task: TaskState, step: Step, known: Sequence[Failure], tries: int, rules: Rules) -> Repair:
    return Repair(
        n=task.repairs[-1].n + 1 if task.repairs else 1,
        strategy=step.strategy,
        cls=known[0].cls,
        sha=task.head_sha,
        attempt=task.attempt,
        about=tuple([each.id for each in known]),
        checks=tuple([each.check for each in known if each.check]),
        signatures=tuple([each.signature for each in known]),
        tries=tries + 1,
        most=step.most,
        seen=rules.record.get((known[0].cls, step.strategy)),
    )


def _note(failure: Failure) -> str:
    meaning = CLASSES[failure.cls]
    if failure.check:
        name = " ".join(failure.check.split())[:100]
        head = f"On the pull request of the last attempt the check {name} failed. {meaning}"
    else:
        head = f"The last attempt came to nothing. {meaning}"
    lines = [line[:LINE] for line in failure.evidence[-LINES:]]
    return "\n".join([head, *(["What it printed:", *lines] if lines else [])])


def _wait_for_base(task: TaskState, reason: str, known: Sequence[Failure], rules: Rules) -> Happening | None:
    step = next((step for step in rules.steps("broken_base") if step.strategy == BASE), None)
    tried = len(_tried(task, step)) if step is not None else 0
    if step is None or tried >= step.most:
        return None
    repair = _next(task, step, known, tried, rules)
    repair = msgspec.structs.replace(repair, cls="broken_base", base=known[0].base_sha)
    return Happening(kind="mending", text=told(repair, reason), repair=repair)


def _of_base(
    task: TaskState, current: Repair, reason: str, known: Sequence[Failure], rules: Rules, now: datetime
) -> Happening:
    """It waits as long as its base fails; then that is brought into it, or where nothing was pushed to the base, its
    jobs run again.
    """
    if any(each.base in {"failed", "pending"} for each in known if each.check in current.checks):
        return Happening(kind="waits", text=told(current, reason))
    is_same = current.base == known[0].base_sha
    if is_same and all(each.jobs for each in known):
        alike = [msgspec.structs.replace(each, cls="broken_base") for each in known]
        return _made(task, "rerun", [Step("rerun_failed")], reason, alike, rules, now)
    return Happening(kind="rebasing", text="its base branch is well again, and is brought into it")


def noted(task: TaskState) -> str:
    """What the next attempt is told: what failed, and of what people have asked for as much of the newest as there is
    room for.
    """
    if not task.broke:
        return task.asked
    room = MAX_ASKED - len(task.broke) - 2
    return f"{task.asked[-room:]}\n\n{task.broke}".strip() if room > 0 and task.asked else task.broke
