"""What the facts of a pull request say of its task: merge it, wait, repair it, hand it over, or nothing at all.

Only what GitHub says now is judged, never what was said before, so facts that come late or twice do no harm.
"""

from typing import TYPE_CHECKING

from services.core import groups, stacks
from services.core.actions import action, waits_for_base
from services.core.board import Run
from services.core.gate import NO_CHECKS, PASSED, PullFact, Ruling, put_back_in
from services.core.integration import verdict, wanted
from services.core.merging import thrown_out
from services.core.messages import reasons
from services.core.recovery.revert import culprits
from services.core.repair import awaited, mended, repaired
from services.core.repairs import Failed, Failure
from services.core.signature import of_class
from services.core.task_state import ENDED, STUCK, Happening, TaskState, is_a_persons, is_in_hand
from services.core.text import code

if TYPE_CHECKING:
    from services.core.conduct import Work

CLOSED = "the pull request was closed without merging"
BACK = "its newest commit is there again"
INTEGRATING = "is being tried together with what belongs to it"
_JUDGED = STUCK | {"in_review"}


def ruling_for(run: Run, task: TaskState, fact: PullFact) -> Ruling:
    """The verdict on a task's open pull request as the run stands."""
    known = run.known(task.id)
    ruling = stacks.ruled(run, task, fact, groups.unmet(run, known[0]) if known is not None else ())
    if ruling.verdict != "merge":
        return ruling
    is_tried = bool(fact.workflow) and task.id in run.tasks
    if is_tried and verdict(run.plan, task.id, run.tasks.__getitem__) != "passed":
        return Ruling(verdict="wait", reason=INTEGRATING)
    held = groups.hold(run, task.id)
    return Ruling(verdict="wait", reason=held) if held else ruling


def judge(work: "Work", task_id: str, fact: PullFact) -> None:
    task = work.changed.get(task_id) or work.run.tasks.get(task_id)
    if task is None or task.pull != fact.number or (task.state in ENDED and not fact.merged):
        return
    if fact.merged and (on := stacks.went_into(work.standing, task, fact)):
        text = f"somebody merged it into the branch of {code(on)}; it is done once that has merged too"
        work.apply(task_id, Happening(kind="refused", text=text))
    elif fact.merged:
        work.apply(task_id, Happening(kind="merged", sha=fact.merge_sha))
    elif task.state not in _JUDGED:
        return  # a task that is to be tried again keeps its pull request, whose old head says nothing any more
    elif fact.state == "closed":
        text = CLOSED
        if is_a_persons(task):
            text = f"it is with {code(task.assignee)}, whose pull request was closed without merging"
        work.apply(task_id, Happening(kind="closed", text=text))
    elif task.was is None:  # else it was made of a text that is not the plan's any more
        _open(work, task, fact)
        if (now := work.of(task_id)).state == "needs_human" and now.reason == CLOSED:  # it was opened again
            said = _ruling(work, now, fact).reason if fact.head_sha in now.heads else _pushed(now, fact)
            work.apply(task_id, Happening(kind="stalled", text=said or "the pull request was opened again"))


def _open(work: "Work", task: TaskState, fact: PullFact) -> None:
    task_id = task.id
    if is_a_persons(task):
        work.apply(task_id, Happening(kind="moved", sha=fact.head_sha, text="the pull request has new commits"))
        if groups.name_of(work.run, task_id):
            _muster_in(work, work.of(task_id), _ruling(work, task, fact), fact.barred)
    elif fact.head_sha not in task.heads and task.renewing:
        return  # it is being brought up to date, and whoever does that says what came of it
    elif fact.head_sha not in task.heads:
        work.apply(task_id, Happening(kind="moved", sha=fact.head_sha, text=_pushed(task, fact)))
        if fact.vouched and is_in_hand(task):
            text = _vouches(fact)
            vouched = Happening(kind="vouched", sha=fact.head_sha, actor=fact.vouched, text=text)
            work.apply(task_id, vouched)
            _checks(work, work.of(task_id), fact)
    elif put_back_in(task, fact) == 0.0 and not task.renewing:
        _put_back(work, task, fact)
    elif fact.head_sha == task.head_sha == task.heads[-1] and not task.assignee:
        _checks(work, task, fact)


def _put_back(work: "Work", task: TaskState, fact: PullFact) -> None:
    """Somebody has put its branch back to a head of ours. The newest goes on by itself; another one was judged before
    what is wanted now, so a person looks.
    """
    is_newest = fact.head_sha == task.heads[-1]
    text = _back(task) if is_newest else _earlier(task, fact)
    work.apply(task.id, Happening(kind="moved", sha=fact.head_sha, text=text))
    work.regate(task.id)  # what it says of that head may be old
    if not is_newest or task.assignee:
        return
    if not task.late:
        work.apply(task.id, Happening(kind="green"))
    _checks(work, work.of(task.id), fact)
    now = work.of(task.id)
    if (now.state, now.reason) == ("needs_human", BACK) and (said := _ruling(work, now, fact).reason):
        work.apply(task.id, Happening(kind="stalled", text=said))


def _back(task: TaskState) -> str:
    if task.thrown_out:
        return f"{BACK}, which the merge queue did not take: push another, merge it yourself, or retry the task"
    advice = f"merge or close it, or let it wait on with `/lockstep resume {task.id}`"
    return f"{BACK}, and its pull request has waited too long: {advice}" if task.late else BACK


def _earlier(task: TaskState, fact: PullFact) -> str:
    return (
        f"somebody put its branch back to {fact.head_sha[:7]}, which came before {task.heads[-1][:7]}: "
        "push that again, merge it yourself, or retry the task"
    )


def _vouches(fact: PullFact) -> str:
    who, what = code(fact.vouched), fact.head_sha[:7]
    return f"{who} pushed {what}, and may approve such plans" if fact.by_push else f"{who} has approved {what}"


def _pushed(task: TaskState, fact: PullFact) -> str:
    if fact.overtaken:
        what = f"{fact.head_sha[:7]} stands on its branch, which an attempt made that does not count any more"
        return f"{what}: look at it, then merge it yourself, or retry the task"
    who = f"somebody else pushed {fact.head_sha[:7]} to its branch"
    if is_in_hand(task) and fact.by_push:
        return who
    if is_in_hand(task):
        return (
            f"{who}: it goes on once somebody (or as many as plans take) who can write here and did not push it "
            "approves that commit in a review"
        )
    return f"{who}: look at it, then merge it yourself, or delete the branch and retry the task"


def _checks(work: "Work", task: TaskState, fact: PullFact) -> None:
    if task.queued == fact.head_sha:
        if fact.left_queue:
            work.apply(task.id, Happening(kind="dequeued", sha=task.queued, text=thrown_out("")))
        return  # GitHub has it
    if task.thrown_out:
        return  # all may be well with it alone; together with what the base holds it is not
    group = groups.name_of(work.run, task.id)
    phase = groups.barrier_of(work.standing, group).phase
    if phase == "reverting":
        if task.state == "in_review":  # it was begun anew since, by whatever way
            work.apply(task.id, Happening(kind="refused", text=groups.hold(work.standing, task.id)))
        return
    ruling = _ruling(work, task, fact)
    if phase == "forward" and ruling.verdict == "merge" and (held := groups.hold(work.standing, task.id)):
        ruling = Ruling(verdict="wait", reason=held)
    if ruling.verdict == "failed":
        _failed(work, task, fact, ruling)
    elif ruling.verdict == "needs_human":
        work.apply(task.id, Happening(kind="refused", text=ruling.reason))
    elif not (ruling.verdict == "merge" or ruling.by_gate) or _is_proved(work, task, fact):
        _well(work, work.of(task.id), fact, ruling, is_grouped=bool(group) and phase != "forward")


def _well(work: "Work", task: TaskState, fact: PullFact, ruling: Ruling, *, is_grouped: bool) -> None:
    """Nothing of it has failed."""
    if mended(task, fact):
        work.apply(task.id, Happening(kind="mended", text="its checks pass"))
    # A merge that was refused is tried again as it stands: turning back and forth would only fill the history.
    anew = {"wait", "merge"} if is_grouped else {"wait"}
    waits = task.state == "needs_human" and ruling.verdict in anew and not task.late
    if task.state == "failed" or task.handed or waits:
        work.apply(task.id, Happening(kind="green"))
    if is_grouped and work.is_going and _muster_in(work, work.of(task.id), ruling, fact.barred):
        return  # what follows, its group says
    if ruling.verdict == "merge" and work.is_going and not task.held:
        # The merge looks more closely; what it found last time stands until it finds something else.
        work.actions.append(action(work.run, work.of(task.id), "merge", fact.head_sha))
        return
    held = f"is held; `/lockstep resume {task.id}` lets it go" if task.held else ""
    if ruling.verdict == "behind" and work.is_going and not held:
        _bring_up_to_date(work, task.id)
        return
    work.apply(
        task.id,
        Happening(kind="waits", text=held or awaited(task, ruling) or ruling.reason, value=float(ruling.by_itself)),
    )


def _ruling(work: "Work", task: TaskState, fact: PullFact) -> Ruling:
    """What speaks against it itself, whatever its group says."""
    return stacks.ruled(work.standing, task, fact, groups.unmet(work.standing, work.board.specs[task.id]))


def _muster_in(work: "Work", task: TaskState, ruling: Ruling, barred: str) -> bool:
    """Note whether anything of its own is missing in a task of a group. What was found out with all of the group
    stands until all of it is looked at again.
    """
    is_clear = (ruling.verdict == "merge" or ruling.by_gate) and not task.held
    theirs = reasons.attached(task.assignee, task.pull) if is_a_persons(task) else ""
    if is_clear:
        known = theirs or (task.reason if task.cleared == task.head_sha else groups.hold(work.standing, task.id))
        work.apply(task.id, Happening(kind="cleared", sha=task.head_sha, text=barred or known))
        work.judged[task.id] = ruling.verdict == "merge" and not barred
    elif theirs:
        work.apply(task.id, Happening(kind="cleared", text=reasons.attached(task.assignee, task.pull, ruling.reason)))
    return is_clear


def _is_proved(work: "Work", task: TaskState, fact: PullFact) -> bool:
    """Has it been tried together with others, where it has to be? Else that is begun, or what came of it noted."""
    if not fact.workflow or task.held or not work.is_going:
        return True  # nor is it merged in the last two cases
    said = verdict(work.run.plan, task.id, work.of)
    if said == "new":
        tried = wanted(work.run.plan, task.id, work.of)
        work.apply(task.id, Happening(kind="integrating", integration=tried, text=INTEGRATING))
    elif said in {"under way", "failed"} and fact.tried in PASSED:
        work.apply(task.id, Happening(kind="proved", sha=fact.head_sha, text="works with what belongs to it"))
        return True
    elif said == "under way" and fact.tried:
        text = f"does not work with what belongs to it: {code(fact.workflow)} ended with {code(fact.tried)}"
        work.apply(task.id, Happening(kind="disproved", sha=fact.head_sha, text=text))
    elif said == "failed" and task.integration is not None:  # it may have been pushed back by another check
        work.apply(task.id, Happening(kind="disproved", sha=fact.head_sha, text=task.integration.why))
    return said == "passed"


def _failed(work: "Work", task: TaskState, fact: PullFact, ruling: Ruling) -> None:
    have_come = any(not check.ours for check in fact.checks)
    if task.reason == NO_CHECKS and have_come and not task.late:  # what has failed is repaired as if they had in time
        work.apply(task.id, Happening(kind="green"))
        task = work.of(task.id)
    spec, checks, failures = work.board.specs[task.id], ruling.failed, fact.failures
    if not checks:  # of what else is judged as failed only a conflict is known
        checks, failures = ("",), (conflict_of(fact.head_sha),)
    known = Failed(failures=failures, rules=fact.rules)
    follows = repaired(task, spec.agent, ruling.reason, checks, known, work.now)
    if follows.kind != "rebasing" or (work.is_going and not task.held):
        work.apply(task.id, follows)
    if waits_for_base(work.of(task.id)):
        for culprit in culprits(work.run, spec.repo, failures, fact.rules):
            work.apply(culprit, Happening(kind="reverting", text=f"it broke the base of {code(task.id)}"))


def _bring_up_to_date(work: "Work", task_id: str) -> None:
    """One at a time of those in one repository: with each merge the others fall behind again."""
    repo = work.board.specs[task_id].repo
    for other in work.run.tasks:
        state = work.of(other)
        ahead = other != task_id and state.state == "in_review" and (state.renewing or state.renewed)
        if ahead and work.board.specs[other].repo == repo:
            text = f"its base branch has moved on; it is brought up to date after {code(other)}"
            return work.apply(task_id, Happening(kind="waits", text=text))
    text = "its base branch has moved on; it is being brought up to date"
    work.apply(task_id, Happening(kind="waits", text=text))
    return work.apply(task_id, Happening(kind="rebasing"))


def conflict_of(head: str) -> Failure:
    """That a head conflicts with its base: with each head it is another one."""
    return Failure(check="", id=head, cls="merge_conflict", signature=of_class("merge_conflict", head))
