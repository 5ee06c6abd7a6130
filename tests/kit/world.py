"""A run and GitHub in a few lines, without a store, a network or time: the real decisions, and effects that act on a
model. A test says what happens next; whatever it says, the promises of the core are checked with every decision.

What happens to real effects happens here too: a result is lost and the effect is carried out again, a process ends and
another takes up what was begun, events come twice, late or never.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from services.core import groups
from services.core.actions import attempt_key, is_of_group
from services.core.adopt import adopt
from services.core.board import Action, Adoption, Board, Decision, Wish
from services.core.conduct import decide
from services.core.gate import CheckFact, PullFact
from services.core.judging import ruling_for
from services.core.places import Limits, Places
from services.core.plan import Task
from services.core.task_state import ENDED, Happening, Kind
from tests.kit.plans import NOW, plan, run, task

AGAIN = frozenset({"merge", "muster", "label", "checks"})
"""Kinds of actions that may be decided again under their key, which the store drops then: what is shown of a head or a
state is the same each time, and a merge looks before it acts. No other kind is ever decided twice.
"""
CHAIN: tuple[Task, ...] = (task("a"), task("b", "a", repo="acme/web"), task("c", "a"), task("d", "b", "c"))
LIMITS = Limits(total=2, installation=2, repo=1, agent=2)


@dataclass(frozen=True)
class Truth:
    """What will come of a task, whatever the order: each attempt pushes or not, then CI passes or not."""

    pushes: tuple[bool, ...] = (True,)
    passes: bool = True


@dataclass
class Pull:
    """A pull request; `ci` is None while its checks run."""

    number: int
    head: str
    state: str = "open"
    merged: bool = False
    ci: bool | None = None


@dataclass
class World:
    """`doing`: effects that were begun and not settled, with how often each was tried, and `acted` what came of those
    that have acted and are not heard of yet; `known`: every key the store has seen and not forgotten; `made`: head -> the
    script it was made by; `merged`: task -> the head that has, in order; `mustered`: what a look at a whole group has
    shown; `reverts`: what was taken back, in order."""

    truth: dict[str, Truth]
    tasks: tuple[Task, ...] = CHAIN
    limits: Limits = LIMITS
    board: Board = field(init=False)
    doing: dict[str, tuple[Action, int]] = field(default_factory=dict)
    acted: dict[str, tuple[list[Happening], bool]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    decided: Counter[str] = field(default_factory=Counter)
    issues: dict[str, set[str]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: dict[str, list[Pull]] = field(default_factory=dict)
    merges: Counter[str] = field(default_factory=Counter)
    made: dict[str, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    mustered: dict[str, dict[str, PullFact]] = field(default_factory=dict)
    reverts: list[str] = field(default_factory=list)
    minutes: int = 0

    def __post_init__(self) -> None:
        self.board = Board(run(*self.tasks))
        self.places = Places(self.limits)
        for one in self.tasks:  # what `begin` decided
            self._begin(Action(key=f"{self.board.run.id}/{one.id}/0/track", kind="track", task=one.id))

    # What happens.

    def decide(
        self,
        *happened: tuple[str, Happening],
        facts: dict[str, PullFact] | None = None,
        wish: Wish | None = None,
        mustered: str = "",
    ) -> None:
        """Decide, check what was promised, store, and begin what is new."""
        self.minutes += 1
        now = NOW + timedelta(minutes=self.minutes)
        decision = decide(self.board, happened, facts=facts, wish=wish, places=self.places, mustered=mustered, now=now)
        self._take_up(decision)

    def adopt(self, *tasks: Task) -> Decision:
        """An edited plan takes the place of the one that runs."""
        self.minutes += 1
        now = NOW + timedelta(minutes=self.minutes)
        adoption = Adoption(plan=plan(*tasks), actor="cem")
        before = dict(self.board.run.tasks)
        decision = adopt(self.board, adoption, now)
        self._take_up(decision)
        if decision.adopted is not None:
            self.tasks = tasks
        after = self.board.run
        for one, was in before.items():
            now_is = after.tasks.get(one) or after.former[one]
            assert now_is.state == "done" or not was.merge_sha, "what has merged stays done"
            assert now_is.fence >= was.fence
            if now_is.state != was.state and was.state == "running":
                assert now_is.fence > was.fence, "what is stopped is heard no more"
                self.places.give_back(attempt_key(after.id, was))
        assert list(after.tasks) == [task.id for task in after.plan.tasks]
        self.decide()
        return decision

    def _take_up(self, decision: Decision) -> None:
        self.board.apply(decision)
        keys = [action.key for action in decision.actions]
        assert len(keys) == len(set(keys)), "one decision makes no action twice"
        for action in decision.actions:
            self.decided[action.key] += 1
            assert action.kind in AGAIN or self.decided[action.key] == 1, f"{action.key} was decided twice"
            if action.kind == "attempt":
                assert not groups.unmet(self.board.run, self.board.specs[action.task]), "a need is not met"
                self.places.take(action.key, self.board.uses[action.task])
            if action.key not in self.known:
                self._begin(action)
        for use in self.board.uses.values():
            for lane, room in self.places.lanes(use):
                assert self.places.taken.get(lane, 0) <= room, f"{lane} is overfull"
        assert (self.board.run.finished_at is not None) == (self.board.run.state in {"done", "cancelled"})

    def _begin(self, action: Action) -> None:
        self.known.add(action.key)
        self.doing[action.key] = (action, 0)

    def act(self, which: int) -> None:
        """One effect that is under way acts on GitHub; what came of it is heard later, if at all."""
        if self.doing:
            action, tries = list(self.doing.values())[which % len(self.doing)]
            if action.key not in self.acted:
                self.acted[action.key] = self._effect(action, tries)

    def fail(self, which: int) -> None:
        """GitHub does not take one effect that is under way, for good: as services/engine/ends.py tells it."""
        if self.doing:
            action, _ = list(self.doing.values())[which % len(self.doing)]
            if action.key in self.acted:
                return
            if action.kind in {"update_branch", "discard"}:
                fence = -1 if action.kind == "discard" else action.fence
                self.acted[action.key] = [Happening(kind="stalled", text="it could not be done", fence=fence)], True
            elif action.kind in {"track", "open_pull", "attempt", "merge"}:
                kind: Kind = "broke" if action.kind in {"track", "open_pull"} else "refused"
                fence = -1 if action.kind == "track" else action.fence
                told = Happening(kind=kind, text="it could not be done", fence=fence)
                self.acted[action.key] = [told], action.kind in {"track", "merge"}

    def carry_out(self, which: int, *, times: int = 1) -> None:
        """What came of one effect that is under way is heard, so many times, and decided about."""
        if not self.doing:
            return
        self.act(which)
        action, _ = list(self.doing.values())[which % len(self.doing)]
        del self.doing[action.key]
        happened, forget = self.acted.pop(action.key)
        facts = self.mustered.pop(action.key, None)
        if forget:
            self.known.discard(action.key)
            self.decided[action.key] = 0
        self.places.give_back(action.key)
        if facts is not None and action.task in self.board.specs:
            self.decide(facts=facts, mustered=self.board.specs[action.task].group)
        else:
            for _ in range(times):
                self.decide(*((action.task, happening) for happening in happened))
        if action.kind == "checks" and is_of_group(action.key)[1]:
            self.look(action.task)

    def restart(self) -> None:
        """The process ends, and with it what was not heard yet; the next one knows what is stored, and takes up what
        was begun."""
        self.acted.clear()
        self.board = Board(self.board.run)
        self.places = Places(self.limits)
        for one in self.board.run.tasks.values():
            if one.state == "running" and not one.head_sha:
                self.places.take(attempt_key(self.board.run.id, one), self.board.uses[one.id])
        self.doing = {key: (action, tries + 1) for key, (action, tries) in self.doing.items()}

    def look(self, *task_ids: str) -> None:
        """Read the pull requests of tasks, and decide about what they show."""
        states = self.board.run.tasks
        looks = [one for one in task_ids if one in states and states[one].pull and states[one].state not in ENDED]
        self.decide(facts={one: self._fact(one) for one in looks})

    def sweep(self) -> None:
        self.look(*self.board.run.tasks)

    def check(self, task_id: str) -> None:
        """CI of the newest pull request ends; whether anybody hears of it is another matter."""
        for pull in self.pulls.get(task_id, ())[-1:]:
            pull.ci = self.truth.get(task_id, Truth()).passes if pull.head.startswith(task_id) else False

    def say(self, kind: Kind, *task_ids: str) -> None:
        """A person's word about tasks."""
        heads = {one: self.board.run.tasks[one].head_sha if kind == "overridden" else "" for one in task_ids}
        name = {"overridden": "check:test", "assigned": "ben"}.get(kind, "")
        said = [(one, Happening(kind=kind, actor="ana", value=5.0, sha=heads[one], name=name)) for one in task_ids]
        self.decide(*said)

    # GitHub.

    def _fact(self, task_id: str) -> PullFact:
        number = self.board.run.tasks[task_id].pull
        pull = next(each for each in self.pulls[task_id] if each.number == number)
        conclusion = {None: "", True: "success", False: "failure"}[pull.ci]
        status = "in_progress" if pull.ci is None else "completed"
        return PullFact(
            number=number, state=pull.state, head_sha=pull.head, merged=pull.merged, mergeable=True,
            merge_sha=f"merge of {pull.head}" if pull.merged else "", mergeable_state="clean",
            checks=(CheckFact(name="test", status=status, conclusion=conclusion),),
        )  # fmt: skip

    def _effect(self, action: Action, tries: int) -> tuple[list[Happening], bool]:
        """(what happened, may the key be decided anew): as services/engine/effects.py does it."""
        if action.task and action.task not in self.board.run.tasks:
            return self._late(action, tries)
        if action.kind == "track":
            self.issues.setdefault(action.task, set()).add(action.key)  # it looks before it makes another one
            return [Happening(kind="tracked", number=1 + len(self.issues))], False
        if action.kind in {"tidy", "label", "mark", "finish", "assign"}:
            return [], False
        if action.kind == "discard":
            return self._discard(action.task)
        if action.kind == "revert":
            self.reverts.append(action.task)
            return [Happening(kind="reverted", number=900 + len(self.reverts))], True
        if action.kind == "muster":
            self._muster(action)
            return [], True
        state = self.board.run.tasks[action.task]
        if action.fence != state.fence:
            return [], False
        if action.kind == "attempt":
            return [self._attempt(action)], False
        if action.kind == "open_pull":
            return [self._open(action, looks=tries > 0 or action.attempt > 1)], False
        if action.kind == "update_branch":
            return self._update(action)
        return self._merge(action) if action.kind == "merge" else ([], False)

    def _late(self, action: Action, tries: int) -> tuple[list[Happening], bool]:
        """As services/engine/former.py does it."""
        _, state = self.board.run.known(action.task) or (None, None)
        pulls = self.pulls.get(action.task, [])
        if action.kind == "track" and tries and action.task in self.issues:
            return [Happening(kind="tracked", number=1 + len(self.issues))], False
        if action.kind == "open_pull" and tries and pulls:
            return [Happening(kind="opened", number=pulls[-1].number)], False
        if action.kind == "withdraw" and state is not None and state.state == "cancelled":
            for pull in pulls:
                if pull.number == state.pull and pull.merged:
                    return [Happening(kind="merged", sha=f"merge of {pull.head}")], False
                if pull.number == state.pull and pull.head in state.heads and not state.assignee:
                    pull.state = "closed"
        return [], False

    def _update(self, action: Action) -> tuple[list[Happening], bool]:
        """The base is merged into the head, once."""
        state = self.board.run.tasks[action.task]
        if state.renewing != action.sha:
            return [], False
        pull = next(each for each in self.pulls[action.task] if each.number == state.pull)
        if pull.head == action.sha and pull.state == "open":
            pull.head, pull.ci = f"{pull.head}+", None
        if pull.head == f"{action.sha}+" and pull.state == "open":
            return [Happening(kind="rebased", sha=pull.head, fence=state.fence)], False
        return [Happening(kind="stalled", text="it can't be done", fence=state.fence)], True

    def _discard(self, task_id: str) -> tuple[list[Happening], bool]:
        state = self.board.run.tasks[task_id]
        if not state.discarding:
            return [], False
        pull = next(each for each in self.pulls[task_id] if each.number == state.discarding)
        if pull.merged:
            return [Happening(kind="merged", sha=f"merge of {pull.head}")], False
        if pull.head not in state.heads:
            return [Happening(kind="stalled", text="somebody else pushed")], True
        pull.state = "closed"
        return [Happening(kind="discarded", number=pull.number)], False

    def _attempt(self, action: Action) -> Happening:
        pushes = self.truth.get(action.task, Truth()).pushes
        if not pushes[min(action.attempt, len(pushes)) - 1]:
            return Happening(kind="broke", text="it broke", fence=action.fence)
        head = self.branches[action.task] = f"{action.task}{action.attempt}"
        self.made[head] = self.board.specs[action.task].run
        for pull in self.pulls.get(action.task, ()):
            if pull.state == "open" and pull.head != head:
                pull.head, pull.ci = head, None
        return Happening(kind="pushed", sha=head, fence=action.fence)

    def _open(self, action: Action, *, looks: bool) -> Happening:
        mine = self.pulls.setdefault(action.task, [])
        found = [pull for pull in mine if pull.state == "open"] if looks else []
        if not found:
            number = 10 + sum(map(len, self.pulls.values()))
            mine.append(Pull(number=number, head=self.branches[action.task]))
            found = mine[-1:]
        return Happening(kind="opened", number=found[0].number, fence=action.fence)

    def _muster(self, action: Action) -> None:
        """As services/engine/musters.py does it."""
        run = self.board.run
        name = groups.name_of(run, action.task)
        if name and not groups.missing(run, name):
            self.mustered[action.key] = {one: self._fact(one) for one in groups.open_of(run, name)}

    def _merge(self, action: Action) -> tuple[list[Happening], bool]:
        task_id, state = action.task, self.board.run.tasks[action.task]
        fact = self._fact(task_id)
        if not fact.merged:
            ruling = ruling_for(self.board.run, state, fact)
            if fact.state != "open" or fact.head_sha != action.sha or ruling.verdict in {"failed", "needs_human"}:
                return [], True
            if ruling.verdict == "wait":
                return [Happening(kind="waits", text=ruling.reason, fence=state.fence)], True
            if state.held or self.board.run.state == "paused":
                return [], True
            assert state.state not in ENDED, "nothing is merged that people have stopped"
            text = self.made.get(fact.head_sha.rstrip("+"))
            assert text in {None, self.board.specs[task_id].run}, "nothing is merged that the plan no longer says"
            self._check_group(task_id)
            self.merge(task_id)
        return [Happening(kind="merged", sha=self._fact(task_id).merge_sha)], False

    def _check_group(self, task_id: str) -> None:
        """What is stored when one of a group is merged."""
        run = self.board.run
        name = groups.name_of(run, task_id)
        if name:
            phase = groups.barrier_of(run, name).phase
            assert phase in {"merging", "forward"}, "one of a group merges only once that is stored"
            needs = self.board.specs[task_id].needs
            assert all(groups.is_over(run.tasks[need]) for need in needs), "a group merges in the order of its needs"

    # What people do on GitHub.

    def merge(self, task_id: str) -> None:
        for pull in self.pulls.get(task_id, ())[-1:]:
            if pull.state == "open":
                pull.merged, pull.state = True, "closed"
                self.merged[task_id] = pull.head
                self.merges[task_id] += 1

    def close(self, task_id: str) -> None:
        for pull in self.pulls.get(task_id, ())[-1:]:
            pull.state = "closed"

    def reopen(self, task_id: str) -> None:
        for pull in self.pulls.get(task_id, ())[-1:]:
            pull.state = pull.state if pull.merged else "open"

    def rerun(self, task_id: str) -> None:
        """CI runs once more, and passes this time."""
        for pull in self.pulls.get(task_id, ())[-1:]:
            pull.ci = True

    def push(self, task_id: str) -> None:
        """Somebody else's commit on the newest pull request's branch."""
        for pull in self.pulls.get(task_id, ())[-1:]:
            if pull.state == "open":
                pull.head, pull.ci = "somebody else's", None

    # The end.

    def settle(self) -> None:
        """Everything under way ends, CI ends, and the sweep looks, until nothing changes any more."""
        for _ in range(100):
            before = (dict(self.board.run.tasks), self.board.run.state, set(self.doing))
            while self.doing:
                self.carry_out(0)
            for one in self.board.run.tasks:
                self.check(one)
            self.sweep()
            if before == (dict(self.board.run.tasks), self.board.run.state, set(self.doing)):
                return
        raise AssertionError("it never comes to rest")

    @property
    def states(self) -> dict[str, str]:
        return {one.id: one.state for one in self.board.run.tasks.values()}
