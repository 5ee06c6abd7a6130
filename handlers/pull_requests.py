"""Pull requests, their reviews, and merges done by hand: wake whoever waits for that pull request."""

from handlers import on
from handlers.events import Event
from services.core.names import pull_key
from services.engine.engine import Engine


@on("pull_request", "pull_request_review")
async def on_pull(event: Event, engine: Engine) -> None:
    if event.repo and event.number:
        engine.forget(event.repo, f"pull:{event.number}", f"issue:{event.number}")
        if not await engine.is_own(login=event.sender.login):
            await engine.look(pull_key(event.repo, event.number))
