"""Pushes and branches: what was read of a repository's files and branches is out of date."""

from handlers import on
from handlers.events import Event
from services.engine.engine import Engine


@on("push", "create", "delete", "repository")
async def on_push(event: Event, engine: Engine) -> None:
    if event.repo:
        engine.forget(event.repo, "repository", "branch", "file", "workflows", "pull")
