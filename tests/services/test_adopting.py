"""services/engine/adopting.py: what comes in between an approval and the run that takes it over."""

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from services.core.adopt import adopt
from services.core.board import Adoption, Board, Decision, Run
from services.core.plan import Plan
from services.engine import adopting
from services.engine.intake import Approved, Asked
from services.engine.line import Line, Mail
from services.errors import UserError
from tests.kit.plans import NOW, applied, plan, run, task
from tests.kit.stored import stored_plan

OLD, NEW = run(task("a")), plan(task("a"), task("b"))


@dataclass
class Stage:
    """The engine's parts, its intake and its driver in one: `now` is the run, `others` have approved the text already.
    meanwhile: what becomes of the run before the driver decides.
    """

    now: Run = OLD
    others: tuple[str, ...] = ()
    required: int = 1
    meanwhile: Run | None = None
    noted: list[str] = field(default_factory=list)

    @property
    def runs(self) -> "Stage":
        return self

    async def of_plan(self, plan_id: str) -> Run:
        return self.now

    async def may_write(self, actor: str, repos: object) -> None:
        return None

    async def shows_private(self, repo: str, of: Plan) -> bool:
        return False

    async def approve(self, asked: Asked) -> Approved:
        self.noted.append("approved")
        return Approved(plan=asked.plan, by=(*self.others, asked.actor), required=asked.required)

    async def approved(self, run_id: str, actor: str) -> None:
        self.noted.append(f"goes on for {actor}")

    async def happen(self, run_id: str, *, adoption: Adoption) -> Decision:
        self.now = self.meanwhile or self.now
        decision = adopt(Board(self.now), adoption, NOW)
        if decision.adopted is not None:
            self.now = applied(self.now, decision)
            self.noted.append("taken over")
        return decision

    async def ask(self, of: Plan = NEW, by: tuple[str, ...] = ("ana",)) -> Approved:
        asked = Asked(plan=stored_plan(of, 7), actor="ana", by=by, required=self.required)
        stage = cast("Any", self)
        return await adopting.approve(stage, stage, stage, asked)


async def test_the_last_approval_that_is_asked_for_has_the_run_take_the_text_over() -> None:
    stage = Stage(required=2)
    assert (await stage.ask()).changes == ""
    assert stage.noted == ["approved"]
    stage = Stage(required=2)
    assert (await stage.ask(by=("ben", "ana"))).changes == "1 task added, 1 as before"
    assert stage.noted == ["taken over"], "with the approval, in one"


async def test_an_approval_that_came_in_between_makes_this_one_the_last() -> None:
    stage = Stage(required=2, others=("ben",))
    assert (await stage.ask()).changes
    assert stage.noted == ["approved", "taken over"]


async def test_a_run_that_ends_in_between_leaves_an_approval_for_the_next() -> None:
    stage = Stage(meanwhile=msgspec.structs.replace(OLD, state="done", finished_at=NOW))
    assert (await stage.ask()).changes == ""
    assert stage.noted == ["approved"]


async def test_a_run_that_has_taken_the_text_over_already_is_only_approved_again() -> None:
    after = applied(OLD, adopt(Board(OLD), Adoption(plan=NEW, actor="ana"), NOW))
    stage = Stage(meanwhile=after)
    assert (await stage.ask()).changes == ""
    assert stage.noted == ["approved"]


async def test_what_a_run_can_not_take_over_is_not_even_noted() -> None:
    stage = Stage()
    with pytest.raises(UserError, match="can't move the task `a` to another repository"):
        await stage.ask(plan(task("a", repo="acme/web")))
    other = Stage(meanwhile=applied(OLD, adopt(Board(OLD), Adoption(plan=plan(task("c")), actor="ben"), NOW)))
    with pytest.raises(UserError, match="`a` was taken out of this run before"):
        await other.ask()
    assert stage.noted + other.noted == []


async def test_the_text_that_runs_is_approved_for_whoever_says_so_last() -> None:
    stage = Stage()
    assert (await stage.ask(OLD.plan)).changes == ""
    assert stage.noted == ["approved", "goes on for ana"]


def test_another_plan_is_decided_by_itself_after_what_came_before_it() -> None:
    before, after = Mail(happened=()), Mail(facts={})
    new = Mail(adopt=Adoption(plan=NEW, actor="ana"))
    line = Line(mail=[before, before, new, new, after])
    assert [line.batch() for _ in range(4)] == [[before, before], [new], [new], [after]]
    assert line.mail == []
