"""Checks and commit statuses: wake whoever waits for that commit. What they say now is read from GitHub, not from the
event."""

from handlers import on
from handlers.events import Event
from services.core.names import check_key
from services.engine.engine import Engine


@on("check_run", "check_suite", "status", "workflow_run")
async def on_checks(event: Event, engine: Engine) -> None:
    if event.repo and event.head_sha:
        engine.forget(event.repo, f"checks:{event.head_sha}")
        if event.action != "created" or event.check is None or event.check.conclusion:
            await engine.look(check_key(event.repo, event.head_sha))
