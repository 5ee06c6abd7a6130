"""services/engine/dispatched.py and integrations.py: a workflow that nobody can be told of comes to a person, and one
that is known is not looked for again.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.core import integration
from services.core.board import Action
from services.core.keyless import MOST_AWAY, Trail
from services.core.task_state import Integration, TaskState
from services.engine import dispatched, integrations
from services.engine.orders import Order
from services.engine.outcome import Outcome
from services.errors import ApiError, Unreachable
from services.store.outbox import Due
from tests.kit.plans import NOW, task

AWAY = Unreachable(503, "away")
TASK = task("one", agent="actions", workflow="agent.yml")
ORDER = Order(key="k", run_id="r1", task=TASK, attempt=1, fence=1, base="main", branch="b", message="m", when=NOW)
TRIED = Integration(sha="a" * 40, heads=(("acme/web", "w1"),))


@dataclass
class Stage:
    """The engine's parts and GitHub in one, which answers as told."""

    starts: ApiError | str = "17"
    reads_well: bool = True
    shows: ApiError | None = None
    started: int = 0

    @property
    def github(self) -> "Stage":
        return self

    reads = writes = clock = settings = github
    github_url = "https://github.com"

    def now(self) -> Any:
        return NOW

    async def repository(self, repo: str) -> Any:
        if not self.reads_well:
            raise AWAY
        return SimpleNamespace(default_branch="main", private=False)

    async def file(self, *_: object, **__: object) -> str:
        return "integration: together.yml\n"

    async def run_named(self, *_: str, **__: object) -> str:
        return ""

    async def start_workflow(self, *_: object) -> str:
        self.started += 1
        if isinstance(self.starts, ApiError):
            raise self.starts
        return self.starts

    async def put_check(self, *_: object, **__: object) -> None:
        if self.shows is not None:
            raise self.shows

    async def start(self, trail: Trail | None = None) -> Outcome:
        due = Due(run_id="r1", action=Action(key="r1/one/1/attempt", kind="attempt", task="one"), tries=1, trail=trail)
        due = msgspec.structs.replace(due, tries=0 if trail is None else 1)
        state = TaskState(id="one", state="running", attempt=1, fence=1)
        return await dispatched.start(cast("Any", self), TASK, state, due, ORDER, "acme/platform#7")

    async def integrate(self, trail: Trail | None = None) -> Outcome:
        key = f"r1/one/1/integrate/{TRIED.sha}-{integration.digest(TRIED)}-run"
        due = Due(run_id="r1", action=Action(key=key, kind="integrate", task="one"), tries=0, trail=trail)
        due = msgspec.structs.replace(due, tries=0 if trail is None else 1)
        state = TaskState(id="one", state="in_review", pull=5, head_sha=TRIED.sha, fence=1, integration=TRIED)
        return await integrations.integrate(cast("Any", self), task("one"), state, due)


def words(outcome: Outcome) -> tuple[str, str]:
    (told,) = outcome.happened
    return told.kind, told.text


async def test_a_workflow_of_which_nobody_knows_whether_it_began_is_a_persons() -> None:
    stage = Stage(starts=AWAY)
    later = await stage.start()
    assert (later.is_away, later.free, later.happened, later.trail) == (True, True, (), Trail(told=1, tries=1))
    kind, text = words(await stage.start(Trail(told=3, looks=1, tries=1)))
    assert (kind, stage.started) == ("refused", 1)
    assert text.startswith(
        "whether `agent.yml` was started in GitHub Actions is not known: GitHub gave no answer 3 times"
    )


async def test_an_outage_before_anything_is_known_has_an_end() -> None:
    stage = Stage(reads_well=False)
    later = await stage.start()
    assert (later.is_away, later.trail) == (True, Trail(away=1, tries=1))
    kind, text = words(await stage.start(Trail(away=MOST_AWAY - 1, tries=1)))
    assert (kind, stage.started) == ("refused", 0)
    assert "GitHub could not be asked 40 times" in text


async def test_an_integration_that_is_known_is_not_looked_for_again_when_its_check_can_not_be_shown() -> None:
    stage = Stage(shows=AWAY)
    later = await stage.integrate()
    assert later.trail == Trail(away=1, run="17", tries=1)
    stage.shows = None
    told = await stage.integrate(later.trail)
    assert [(each.kind, each.name) for each in told.happened] == [("dispatched", "17")]
    assert stage.started == 1


async def test_an_integration_that_is_nowhere_to_be_seen_is_a_persons() -> None:
    stage = Stage(starts="")
    kind, text = words(await stage.integrate(Trail(told=1, taken=True, looks=7, tries=1)))
    assert (kind, stage.started) == ("disproved", 0)
    assert "can't be started: GitHub has taken it, and no run began" in text
