"""services/engine/deploying.py: an event whose answer was lost is looked for before it is sent again, and what nobody
can be told is said of the task."""

from datetime import datetime
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from inline_snapshot import snapshot

from services.core.adopt import adopt
from services.core.board import Action, Adoption, Board, Run
from services.core.keyless import MOST_AWAY, Trail
from services.core.task_state import UNTOLD, TaskState
from services.engine import deploying
from services.engine.effects import Effects
from services.engine.observe import Observer
from services.engine.outcome import Outcome
from services.engine.parents import CLOCKS_APART
from services.engine.parts import Parts
from services.errors import ApiError, NotFound, Refused, Unreachable
from services.store.outbox import Due
from tests.kit.plans import NOW, after, applied, happen, in_review, plan, task

LOST = Unreachable(502, "away")


class Hub:
    """GitHub, which takes the event and lists runs as told."""

    def __init__(self) -> None:
        self.sent = 0
        self.takes: ApiError | None = None
        self.lists: ApiError | str = ""
        self.looked_since: list[datetime | None] = []
        action = Action(key="r1/one/deploy", kind="deploy", task="one", sha="m" * 40)
        self.due = Due(run_id="r1", action=action, tries=0)

    async def dispatch(self, *_: object) -> None:
        self.sent += 1
        if self.takes is not None:
            raise self.takes

    async def run_named(self, *_: str, since: datetime | None) -> str:
        self.looked_since.append(since)
        if isinstance(self.lists, ApiError):
            raise self.lists
        return self.lists

    async def deploy(self, revert: int = 0) -> Outcome:
        parts = cast("Parts", SimpleNamespace(github=SimpleNamespace(reads=self, writes=self)))
        state = TaskState(id="one", state="done", merge_sha="m" * 40, pull=7, revert=revert)
        made = await deploying.deploy(parts, task("one"), state, self.due)
        self.due = msgspec.structs.replace(self.due, tries=1, trail=made.trail, since=NOW)
        return made


async def test_it_is_sent_once_and_not_when_it_is_taken_back() -> None:
    hub = Hub()
    assert (await hub.deploy()).again_in is None
    assert (await hub.deploy(revert=9)).note == "it is taken back"
    assert hub.sent == 1


async def test_it_is_sent_also_where_its_task_leaves_the_plan_meanwhile() -> None:
    hub = Hub()
    parts = SimpleNamespace(github=SimpleNamespace(reads=hub, writes=hub))
    board = Board(without_one())
    due = Due(run_id=board.run.id, action=hub.due.action, tries=0)
    effects = Effects(cast("Parts", parts), cast("Observer", None))
    assert await effects.carry_out(board, due) == Outcome()
    hub.takes = Refused(403, "no")
    (told,) = (await effects.carry_out(board, due)).happened
    assert hub.sent == 2
    said = after(board.run, [("one", told)])
    assert ([each.text for each in said.history], said.actions) == ([told.text], ())
    assert said.run.former["one"].reason == told.text


def without_one() -> Run:
    """A run that goes on without a task which has merged."""
    merged = happen(in_review(task("one"), task("two")), "one", "merged", sha="m" * 40).run
    return applied(merged, adopt(Board(merged), Adoption(plan=plan(task("two")), actor="cem"), NOW))


async def test_a_lost_answer_is_looked_for_and_what_no_look_finds_is_sent_again() -> None:
    hub = Hub()
    hub.takes = LOST
    assert (await hub.deploy()).again_in is not None
    assert (await hub.deploy()).again_in is not None
    assert hub.sent == 1
    hub.takes = None
    assert await hub.deploy() == Outcome()
    assert (hub.sent, hub.looked_since) == (2, [NOW - CLOCKS_APART] * 2), "among all since it was decided"


@pytest.mark.parametrize("refused", [Refused(403, "no `access`"), NotFound(404, "none")])
async def test_where_nobody_may_look_it_is_not_sent_again_and_a_person_is_told(refused: ApiError) -> None:
    hub = Hub()
    hub.takes, hub.lists = LOST, refused
    await hub.deploy()
    (told,) = (await hub.deploy()).happened
    assert (hub.sent, told.kind, told.name) == (1, "stalled", UNTOLD)
    if refused.status == 403:
        assert told.text == snapshot(
            "nobody knows whether its deployment has begun: GitHub answered 403\\: no \\`access\\`; look, and deploy mmmmmmmmmmmm by hand if it has not"
        )


async def test_an_outage_has_an_end() -> None:
    hub = Hub()
    hub.lists = LOST
    hub.due = msgspec.structs.replace(hub.due, tries=1, trail=Trail(told=1, tries=1, away=MOST_AWAY - 1))
    ended = await hub.deploy()
    assert (ended.again_in, hub.sent, [each.kind for each in ended.happened]) == (None, 0, ["stalled"])
    assert "GitHub could not be asked 40 times" in ended.happened[0].text
