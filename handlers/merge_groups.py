"""Merge queues: what one tries gets our gate too, and what one throws out is known to its task."""

from handlers import on
from handlers.events import Event
from services.engine.engine import Engine


@on("merge_group")
async def on_group(event: Event, engine: Engine) -> None:
    if event.repo and event.action == "checks_requested":
        await engine.gate_group(event.repo, event.head_sha, event.head_ref)


@on("pull_request")
async def on_dequeued(event: Event, engine: Engine) -> None:
    if event.repo and event.number and event.action == "dequeued" and event.pull is not None:
        if await engine.is_own(login=event.sender.login):
            return  # we took it out, and may have put it back since
        await engine.left_queue(event.repo, event.number, event.pull.head_sha, event.reason)
