"""`Depends-On` in pull requests: whoever names another one has a gate, and hears of what becomes of that. Where the
gate is required, so has everybody.
"""

from handlers import on
from handlers.events import Event
from services.core.depends import names_any
from services.core.names import is_revert
from services.engine.engine import Engine

NEW_HEADS = frozenset({"opened", "reopened", "synchronize", "edited", "ready_for_review"})
"""When a pull request may have no gate on its head yet."""


@on("pull_request")
async def on_depends(event: Event, engine: Engine) -> None:
    """Also of our own merges: others may wait for them."""
    if event.repo and event.number and event.pull is not None:
        says = names_any(event.pull.body, event.repo)
        ours = not is_revert(event.pull.head_ref) and await engine.is_own(login=event.pull.author.login)
        into = event.pull.base_ref if event.action in NEW_HEADS and not ours else ""
        await engine.gate(event.repo, event.number, names_others=says and not ours, into=into)
