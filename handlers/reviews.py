"""Reviews: what a person says to `@lockstep` in one, or in its remarks on lines, is told to the task's next attempt.

A review's remarks come with it in one event; the events of the single remarks say nothing more.
"""

from handlers import on
from handlers.events import Event
from services.engine.engine import Engine
from services.errors import UserError

ASKS = frozenset({"changes_requested", "commented"})


@on("pull_request_review")
async def on_review(event: Event, engine: Engine) -> None:
    """Submitted reviews of people only, each once; the answer stands in the pull request's comment."""
    review, pull = event.review, event.pull
    if event.action != "submitted" or review is None or pull is None or not event.number or event.sender.is_bot:
        return
    heard = f"review:{review.id}"
    if review.state not in ASKS or not await engine.sees(event.repo) or await engine.was_heard(heard):
        return
    wish = await engine.asked_in(event.repo, event.number, pull.body, review.id, review.body)
    if wish is None:
        return
    try:
        answer = await engine.revise(event.repo, wish, event.sender.login)
    except UserError as error:
        answer = str(error)
    await engine.answer(event.repo, event.number, event.sender.login, "review", answer)
    await engine.heard(heard)
