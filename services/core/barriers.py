"""What a decision does about groups: a barrier that closes, opens, or has to be gone back on.

It looks at the groups that something happened to, once everything else of the decision is known. Whoever was ready is
looked at once more, all of them together (`muster`), before the first merges; from then on they merge one at a time, so
that a failure leaves as little behind as it can.
"""

from typing import TYPE_CHECKING

from services.core import groups
from services.core.actions import action
from services.core.board import Action, Moment
from services.core.groups import Barrier, Phase
from services.core.task_state import STUCK, Happening, TaskState, is_a_persons
from services.core.text import code

if TYPE_CHECKING:
    from services.core.conduct import Work

FEW = 1
"""When so many are missing, the others' gates name them anew. Each time would be too often: of ten, a hundred times."""


def settle(work: "Work", mustered: str = "") -> None:
    """mustered: the group whose pull requests were just looked at, all of them together."""
    specs, known = work.run.plan.by_id, work.run.plan.groups
    touched = {specs[each].group: None for each in (*work.changed, *work.judged) if each in specs}
    for name in touched:
        if name in known:
            _Settling(work, name, is_mustered=mustered == name).settle()


class _Settling:
    """One group in one decision."""

    def __init__(self, work: "Work", name: str, *, is_mustered: bool) -> None:
        self._work, self._name, self._is_mustered = work, name, is_mustered
        self._run = work.standing
        self._barrier = groups.barrier_of(self._run, name)
        self._open = groups.open_of(self._run, name)

    def settle(self) -> None:
        work, barrier = self._work, self._barrier
        merged = [each for each in self._run.plan.groups[self._name] if groups.has_merged(work.of(each))]
        if barrier.phase == "reverting":
            for each in merged:  # one that was on its way when that was decided
                if each in work.moved and not work.of(each).revert:
                    work.apply(each, Happening(kind="reverting"))
            return
        if not self._open:
            if merged and barrier.phase != "merged":
                self._to("merged", f"its group {code(self._name)} has merged, all of it", barrier.heads)
            return
        if barrier.phase == "forward":
            self._go_on(self._open)
            return
        # Merged with the head that was let through: by us, also where the barrier was closed before we heard of it.
        begun = [each for each in merged if barrier.heads.get(each) == work.of(each).head_sha]
        if begun and barrier.phase != "merged":
            self._merge_on(merged)
        elif barrier.phase in {"complete", "merging"} and groups.missing(self._run, self._name):
            self._to("closed", "", barrier.heads)
        elif barrier.phase == "merging":
            self._go_on([groups.first(self._run, self._name)])
        else:
            self._gather()

    def _merge_on(self, merged: list[str]) -> None:
        """Some have merged and some have not: go on, or do what is to be done when one can't."""
        broken = [each for each in self._open if groups.is_broken(self._work.of(each))]
        if broken:
            self._fall(broken[0], merged)
            return
        if self._barrier.phase != "merging":
            self._to("merging", "", self._barrier.heads)
        self._go_on([groups.first(self._run, self._name)])

    def _gather(self) -> None:
        """Nothing of it was let go yet."""
        work, barrier = self._work, self._barrier
        awaited = groups.missing(self._run, self._name)
        if awaited:
            self._tell_missing(awaited)
        elif not work.is_going:
            return
        elif not self._is_mustered:
            work.act(self._muster())
        elif all(each in work.judged for each in self._open):
            heads = {each: work.of(each).head_sha for each in self._open}
            if all(work.judged[each] for each in self._open):
                self._to("merging", f"its group {code(self._name)} is let go: all are ready", heads)
                self._go_on([groups.first(self._run, self._name)])
            elif barrier.phase != "complete":
                self._to("complete", "", heads)

    def _muster(self) -> Action:
        """Look at all of them at once."""
        heads = "-".join(self._work.of(each).head_sha[:7] for each in self._open[:8])
        return action(self._work.run, self._work.of(self._open[0]), "muster", sha=heads)

    def _fall(self, broke: str, merged: list[str]) -> None:
        """One can't be merged after others have."""
        work, run = self._work, self._run
        why = work.of(broke).reason or f"it is {work.of(broke).state}"
        phase: Phase = "reverting" if groups.policy(run.plan, self._name) == "revert" else "forward"
        then = "what has merged is taken back" if phase == "reverting" else "the rest is finished forward"
        self._to(phase, f"{code(broke)} could not be merged after others of its group: {then}", {}, broke, why)
        if phase == "reverting":
            take_back(work, self._name, merged)
            return
        state = work.of(broke)
        if state.thrown_out == state.head_sha != "" and not state.queued:
            work.set(state, thrown_out="")  # it is tried again at each look, as one without a group is
        self._go_on(self._open)

    def _go_on(self, members: list[str]) -> None:
        """Merge those of them that may be merged now."""
        work = self._work
        for member in members if work.is_going else ():
            task = work.of(member)
            is_ours = groups.is_ready(task) and not (is_a_persons(task) or task.queued or task.thrown_out)
            if is_ours and not groups.hold(self._run, member) and not work.lacks(task):
                work.act(action(work.run, task, "merge", task.head_sha))

    def _to(self, phase: Phase, said: str, heads: dict[str, str], broke: str = "", why: str = "") -> None:
        """Its barrier stands so from now on; gates and history say so."""
        work, before = self._work, self._barrier.phase
        barrier = Barrier(phase=phase, heads=heads, broke=broke, why=why)
        self._barrier = work.barriers[self._name] = work.settled[self._name] = barrier
        if said:
            state = work.wish.state if work.wish is not None else work.run.state
            work.history.append(Moment(task="", kind="group", before=state, after=state, text=said))
        for member in self._open:
            task = work.of(member)
            if groups.is_ready(task) and phase != "complete":  # each says why it waits now
                text = "" if is_a_persons(task) else groups.hold(self._run, member)
                work.apply(member, Happening(kind="cleared", sha=task.head_sha, text=text))
        if phase != "merged" and (before, phase) != ("complete", "merging"):
            self._gates(phase)

    def _tell_missing(self, awaited: tuple[str, ...]) -> None:
        """Gates name who is missing: on a pull request that is ready now, and on all when somebody is stuck, or a last
        one is left.
        """
        before = groups.missing(self._work.run, self._name)
        stuck = any(self._work.of(each).state in STUCK and each in self._work.moved for each in awaited)
        if stuck or (before != awaited and len(awaited) <= FEW):
            self._gates("closed")
            return
        for member in before:
            if member not in awaited and member in self._open:
                self._gate(self._work.of(member), "closed")

    def _gates(self, phase: Phase) -> None:
        for member in self._open:
            self._gate(self._work.of(member), phase)

    def _gate(self, task: TaskState, phase: Phase) -> None:
        if task.pull and task.head_sha:
            self._work.act(action(self._work.run, task, "checks", sha=phase, at=self._work.now))


def take_back(work: "Work", name: str, merged: list[str]) -> None:
    """What has merged of it is taken back, the rest is not merged any more, and what needs one of it has to wait for a
    person.
    """
    members = work.run.plan.groups[name]
    for member in merged:
        work.apply(member, Happening(kind="reverting"))
    for other in dict.fromkeys(each for member in members for each in work.board.after.get(member, ())):
        if other not in members and work.of(other).state in {"blocked", "ready"}:
            text = f"needs a task of the group {code(name)}, which is taken back"
            work.apply(other, Happening(kind="stalled", text=text))
    text = f"its group {code(name)} is taken back, so it is not merged any more"
    for member in members:
        state = work.of(member).state
        if state in {"blocked", "ready"}:
            work.apply(member, Happening(kind="stalled", text=text))
        elif state in {"running", "in_review"}:
            work.apply(member, Happening(kind="refused", text=text))


def begin_taking_back(work: "Work") -> None:
    """A person takes back what a group has merged before all of it had: then it is the group that is taken back."""
    for task in tuple(work.changed.values()):
        name = groups.name_of(work.run, task.id)
        if not name or task.revert >= 0 or work.run.tasks[task.id].revert < 0:
            continue
        barrier = groups.barrier_of(work.standing, name)
        if barrier.phase == "reverting":
            continue
        back = Barrier(phase="reverting", broke=barrier.broke, why=barrier.why)
        work.barriers[name] = work.settled[name] = back
        take_back(work, name, [])
