"""Whatever comes in whatever order: the same end, nothing twice, no limit broken, and a run that says whom it waits
for."""

import random
from collections.abc import Mapping
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core import conduct, machine
from services.core.board import Wish
from services.core.task_state import KINDS, SATISFIED, STATES, STUCK, Happening, Kind, State, TaskState
from tests.kit.plans import task
from tests.kit.world import CHAIN, Truth, World

IDS = [one.id for one in CHAIN]
PAIR = (task("a"), task("b", "a"))
truths = st.fixed_dictionaries(
    {
        one: st.builds(Truth, pushes=st.sampled_from([(True,), (False,), (False, True)]), passes=st.booleans())
        for one in IDS
    }
)
events = st.tuples(
    st.sampled_from(
        ["carry out", "carry out", "carry out", "hear twice", "act", "look", "look twice", "check", "restart"]
    ),
    st.integers(0, 7),
)
PEOPLE: tuple[Kind, ...] = ("cancelled", "retried", "skipped", "held", "released", "prioritised", "expired")
RENEWING: tuple[Kind, ...] = ("rebasing", "recreated", "overridden", "assigned", "reviewed")
BY_HAND = ("merge", "close", "reopen", "push", "rerun")
ACTS = (*PEOPLE, *RENEWING, *BY_HAND, "pause", "go on", "fail")
acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 7))


OVER: set[State] = {"done", "skipped", "cancelled"}
OPEN: set[State] = {"blocked", "ready", "running"}
NEVER: dict[Kind, set[State]] = {
    "tracked": {"running", "in_review", "failed", "done"},  # nothing begins without its issue
    "unblocked": {*STATES} - {"blocked"},
    "reblocked": {*STATES} - {"ready"},
    "started": {*STATES} - {"ready"},
    "moved": OVER | OPEN,  # the old head of what is tried again is not judged, and nothing of what is over is
    "closed": OVER | OPEN,
    "green": {*STATES} - STUCK,
    **{kind: {*STATES} for kind in ("redone", "ticked", "unticked", "removed")},  # no plan is edited here
    "sent": {*STATES},  # nor is anything done elsewhere
}
"""What nobody ever says to a task in one of these states."""
SELDOM: dict[Kind, set[State]] = {
    # Something that was already acted when people changed their minds, and is heard only afterwards.
    "pushed": {"blocked", "ready", "done", "failed", "needs_human", "in_review"},
    "opened": {"blocked", "ready", "done", "failed", "needs_human", "in_review"},
    "refused": {"blocked", "ready", "done", "failed", "needs_human", "skipped"},
    "broke": {"done", "in_review"},
    "waits": OVER | OPEN | {"failed"},
    "merged": {"blocked", "cancelled", "failed"},  # what has a pull request and stands still is a person's
    "moved": {"failed"},
    "rebased": OVER | OPEN | {"failed"},
    "stalled": OVER | OPEN | {"failed"},
    "discarded": {"running", "in_review", "failed", "done"},
    "attached": {*STATES},  # this world has no pull requests of people
    "reverting": {*STATES},  # nor does anybody take back what has merged
    "reverted": {*STATES},
    "enqueued": {*STATES},
    "dequeued": {*STATES},  # nor has it a merge queue
    "modelled": {*STATES},  # nor any model
    "budgeted": {*STATES},
    "mending": {*STATES},  # nor logs that tell what could be repaired
    "mended": {*STATES},
    "fixing": {*STATES},
    **{kind: {*STATES} for kind in ("integrating", "dispatched", "proved", "disproved")},  # nor what belongs together
    "cleared": {*STATES},  # nor groups, which test_barriers.py is about
    "vouched": {*STATES},
    "handed": {*STATES} - {"in_review"},
    "restacking": {*STATES},  # its own properties are in test_stacks.py
}
"""What may be, and is too rare to count on."""


def happens(world: World, event: str, which: int) -> None:
    one = world.tasks[which % len(world.tasks)].id
    match event:
        case "carry out":
            world.carry_out(which)
        case "hear twice":
            world.carry_out(which, times=2)
        case "act":
            world.act(which)
        case "fail":
            world.fail(which)
        case "look":
            world.look(one)
        case "look twice":
            world.look(one)
            world.look(one)
        case "check":
            world.check(one)
        case "restart":
            world.restart()
        case "pause" | "go on":
            world.decide(wish=Wish(state="paused" if event == "pause" else "running", actor="ana"))
        case "merge" | "close" | "reopen" | "push" | "rerun":
            getattr(world, event)(one)
        case _:
            world.say(event, one)  # type: ignore[arg-type]


def expected(truth: Mapping[str, Truth]) -> dict[str, str]:
    """What must come of a run in which nobody says anything."""
    ends: dict[str, str] = {}
    for one in CHAIN:
        if not all(ends[need] == "done" for need in one.needs):
            ends[one.id] = "blocked"
        else:
            ends[one.id] = _end(truth[one.id])
    return ends


def _end(truth: Truth) -> str:
    """A pull request whose checks fail is a person's to look at; without one, there is nothing to look at."""
    if not truth.pushes[0]:
        return "failed"
    return "done" if truth.passes else "needs_human"


@given(truths, st.lists(events, max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_order_loss_and_doubling_leads_to_the_same_end(
    truth: dict[str, Truth], history: list[tuple[str, int]]
) -> None:
    world = World(truth)
    for event, which in history:
        happens(world, event, which)
    world.settle()
    ends = expected(truth)
    assert world.states == ends
    assert world.board.run.state == ("done" if set(ends.values()) == {"done"} else "failed")
    assert all(len(made) == 1 for made in world.issues.values()), "one tracking issue a task"
    assert all(len(opened) <= 1 for opened in world.pulls.values()), "one pull request a task"
    assert world.merges == {one: 1 for one, end in ends.items() if end == "done"}


@given(truths, st.lists(st.one_of(events, acts), max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_people_do_at_whatever_moment_the_run_ends_or_says_whom_it_waits_for(
    truth: dict[str, Truth], history: list[tuple[str, int]]
) -> None:
    world = World(truth)
    for event, which in history:
        happens(world, event, which)
    world.settle()
    assert all(len(made) <= 1 for made in world.issues.values()), "one tracking issue a task"
    assert all(sum(pull.state == "open" for pull in opened) <= 1 for opened in world.pulls.values())
    run, states = world.board.run, world.states
    if run.state == "paused":
        world.decide(wish=Wish(state="running", actor="ana"))
        world.settle()
        run, states = world.board.run, world.states
    waiting = [one for one in run.tasks.values() if one.state not in OVER | STUCK]
    for one in waiting:
        lacks = [need for need in run.plan.by_id[one.id].needs if states[need] not in SATISFIED]
        assert lacks if one.state == "blocked" else one.held or lacks, f"nobody does anything for {one}"
    assert run.state in {"done", "cancelled"} or waiting or STUCK & set(states.values())
    assert not world.places.taken


@given(truths, st.lists(st.one_of(events, acts), max_size=40))
@settings(max_examples=150, deadline=None)
def test_after_a_person_has_taken_up_everything_it_is_as_if_nothing_had_happened(
    truth: dict[str, Truth], history: list[tuple[str, int]]
) -> None:
    """What was held goes on, and what was stopped is tried again, with attempts and checks that succeed."""
    world = World(truth)
    for event, which in history:
        happens(world, event, which)
    world.truth = dict.fromkeys(IDS, Truth())
    world.settle()
    for _ in IDS:
        world.decide(wish=Wish(state="running", actor="ana"))
        world.say("released", *IDS)
        world.say("retried", *IDS)
        world.settle()
    assert set(world.states.values()) == {"done"}
    assert world.board.run.state == "done"


def test_every_pair_of_state_and_happening_comes_up_or_is_known_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[State, Kind]] = set()

    def step(task: TaskState, happening: Happening, now: datetime) -> TaskState | None:
        asked.add((task.state, happening.kind))
        return machine.step(task, happening, now)

    monkeypatch.setattr(conduct, "step", step)
    for seed in range(1_000):
        draw = random.Random(seed)
        truth = {one.id: Truth(pushes=(draw.random() < 0.8,), passes=draw.random() < 0.7) for one in PAIR}
        world = World(truth, PAIR)
        for _ in range(120):
            usual = draw.random() < 0.8
            happens(
                world,
                draw.choice(["carry out", "carry out", "act", "look", "check"] if usual else ACTS),
                draw.randrange(8),
            )
    assert not {(state, kind) for kind, states in NEVER.items() for state in states} & asked
    known = {(state, kind) for told in (NEVER, SELDOM) for kind, states in told.items() for state in states}
    assert {(state, kind) for state in STATES for kind in KINDS} - known <= asked
