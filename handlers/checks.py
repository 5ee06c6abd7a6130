"""Checks and commit statuses: wake whoever waits for that commit, when the event can have changed the verdict on it.

That is the end of a suite, a run that did not pass, a status. Runs that begin or pass change nothing until their suite
ends. What a check says now is read from GitHub, not from the event.

The buttons of our own check runs are commands of whoever presses them, and "Re-run" means retry.
"""

from handlers import on
from handlers.acting import carry_out
from handlers.commands import Context
from handlers.events import LONG_AGO, Check, Event
from services.core.commands import Command
from services.core.gate import PASSED
from services.core.names import actions_key, base_key, check_key
from services.core.report import BUTTONS
from services.engine.engine import Engine


@on("check_run", "check_suite", "status", "workflow_run")
async def on_checks(event: Event, engine: Engine) -> None:
    if not event.repo or not event.head_sha:
        return
    if event.check is not None and await engine.is_own(app_id=event.check.app_id):
        await _on_own(event, event.check, engine)
        return  # our own checks are no part of any verdict
    kind = {"status": "statuses", "check_run": "checks"}.get(event.name, "suites")
    engine.forget(event.repo, f"{kind}:{event.head_sha}", told=event.told)
    if event.name == "status" or (event.action == "completed" and _may_decide(event)):
        await engine.look(check_key(event.repo, event.head_sha))
        await engine.trying.checked(event.repo, event.head_sha)
    if event.name == "workflow_run" and event.action == "completed" and event.workflow_run is not None:
        await engine.look(actions_key(event.repo, event.workflow_run.id))
    suite = event.check if event.action == "completed" and event.check is not None and event.check.is_suite else None
    if suite is not None and suite.head_ref == event.default_branch:
        await engine.look(base_key(event.repo))


async def _on_own(event: Event, check: Check, engine: Engine) -> None:
    """Somebody presses a button of ours. What that does may be done twice, so a redelivery does no harm."""
    verb = "retry" if event.action == "rerequested" else check.identifier
    if event.action not in {"rerequested", "requested_action"} or verb not in BUTTONS or event.sender.is_bot:
        return
    place = await engine.place_of_check(event.repo, check.external_id) if not check.is_suite else None
    if place is None or not await engine.sees(event.repo):
        return
    context = Context(
        engine=engine,
        repo=place.repo,
        number=place.number,
        asked_at=LONG_AGO,
        sender=event.sender.login,
        task=place.task,
        hidden=place.hidden,
    )
    command = Command(verb=verb)
    answer, _ = await carry_out(context, command, event.repo)
    await engine.answer(event.repo, place.pull, event.sender.login, str(command), answer)


def _may_decide(event: Event) -> bool:
    if event.name == "workflow_run" or event.check is None:
        return False  # its suite says the same
    return event.check.is_suite or event.check.conclusion not in PASSED
