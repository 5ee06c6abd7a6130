"""Checks and commit statuses: wake whoever waits for that commit, when the event can have changed the verdict on it.

That is the end of a suite, a run that did not pass, a status. Runs that begin or pass change nothing until their suite
ends. What a check says now is read from GitHub, not from the event.
"""

from handlers import on
from handlers.events import Event
from services.core.gate import PASSED
from services.core.names import check_key
from services.engine.engine import Engine


@on("check_run", "check_suite", "status", "workflow_run")
async def on_checks(event: Event, engine: Engine) -> None:
    if not event.repo or not event.head_sha:
        return
    if event.check is not None and await engine.is_own(app_id=event.check.app_id):
        return  # our own checks are no part of any verdict
    kind = {"status": "statuses", "check_run": "checks"}.get(event.name, "suites")
    engine.forget(event.repo, f"{kind}:{event.head_sha}", told=event.told)
    if event.name == "status" or (event.action == "completed" and _may_decide(event)):
        await engine.look(check_key(event.repo, event.head_sha))


def _may_decide(event: Event) -> bool:
    if event.name == "workflow_run" or event.check is None:
        return False  # its suite says the same
    return event.check.is_suite or event.check.conclusion not in PASSED
