"""Approving a plan, also while it runs: a run of an earlier text takes the new one over."""

import msgspec

from services.core import names, plan_changes
from services.core.adopt import obstacle
from services.core.board import Adoption, Run
from services.core.messages import refusals
from services.core.plan import Plan
from services.core.plan_diff import diff
from services.engine.intake import Approved, Asked, Intake, whole
from services.engine.parts import Parts
from services.engine.runs import Driver
from services.errors import UserError


async def approve(parts: Parts, intake: Intake, driver: Driver, asked: Asked) -> Approved:
    """Note an approval. A run of that very text goes on in the name of who approved it last; one of another text takes
    this one over, once so many have approved it as have to.
    """
    run = await parts.runs.of_plan(asked.plan.id)
    is_going = run is not None and run.finished_at is None
    if run is not None and is_going and run.plan.hash != asked.plan.hash:
        await _may_adopt(intake, asked.actor, run, whole(asked.plan))
        given = None if asked.is_enough else await intake.approve(asked)
        # Where the last but one came in between, this one is enough all the same.
        return given if given is not None and not given.is_enough else await _adopt(parts, intake, driver, asked, run)
    given = await intake.approve(asked)
    if run is None or not is_going or not given.is_enough:
        return given
    await driver.approved(run.id, asked.actor)
    return msgspec.structs.replace(given, run=run.state)


async def _may_adopt(intake: Intake, actor: str, run: Run, plan: Plan) -> None:
    """May the run go on as this text for `actor`? Where tasks are removed, work is ended."""
    if why := obstacle(run, plan):
        raise UserError(refusals.not_taken_over(why))
    gone = {task.repo for task in run.plan.tasks if task.id not in plan.by_id} - set(plan.repos)
    await intake.may_write(actor, sorted(gone))
    if not names.is_hidden(run.id) and await intake.shows_private(run.repo, plan):
        raise UserError(refusals.NAMES_PRIVATE)


async def _adopt(parts: Parts, intake: Intake, driver: Driver, asked: Asked, run: Run) -> Approved:
    """The approval and what it makes of the run are stored together."""
    row, plan = asked.plan, whole(asked.plan)
    changes = plan_changes.counted(diff(run.plan, plan))
    adoption = Adoption(plan=plan, actor=asked.actor, required=asked.required, text=changes)
    decision = await driver.happen(run.id, adoption=adoption)
    if decision.adopted is not None:
        return Approved(plan=row, by=asked.by, required=asked.required, changes=changes, run=decision.state)
    now = await parts.runs.of_plan(row.id)
    if now is not None and now.finished_at is None and now.plan.hash != row.hash:
        raise UserError(obstacle(now, plan) or refusals.JUST_ADOPTED)
    return await intake.approve(asked)  # it has come to its end meanwhile, or has taken the text over already
