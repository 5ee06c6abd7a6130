"""`Depends-On` in pull requests: whoever names another one has a gate, and hears of what becomes of that."""

from handlers import on
from handlers.events import Event
from services.core.names import is_revert
from services.engine.engine import Engine


@on("pull_request")
async def on_depends(event: Event, engine: Engine) -> None:
    """Also of our own merges: others may wait for them."""
    if event.repo and event.number and event.pull is not None:
        says = "depends-on:" in event.pull.body.lower()
        ours = not is_revert(event.pull.head_ref) and await engine.is_own(login=event.pull.author.login)
        await engine.gate(event.repo, event.number, names_others=says and not ours)
