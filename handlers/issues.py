"""Issues: a plan may have been written or edited, a tracking issue may have been touched by hand."""

from handlers import on
from handlers.events import Event
from services.core.names import LABEL_PLAN, issue_key
from services.engine.engine import Engine

READS_AGAIN = frozenset({"opened", "edited", "labeled", "reopened"})
READS_AROUND = frozenset({"edited", "closed", "reopened", "deleted", "transferred"})
"""What may change a plan that the issue is a part of."""


@on("issues")
async def on_issues(event: Event, engine: Engine) -> None:
    """Only a label, or a plan already known, makes an issue a plan; the engine decides that from what GitHub says
    now.
    """
    if event.issue is None or not event.number or event.issue.is_pull or not await engine.sees(event.repo):
        return
    engine.forget(event.repo, f"issue:{event.number}", f"sub_issues:{event.number}", told=event.told)
    if event.action in READS_AGAIN and not event.sender.is_bot:
        await engine.read_plan(event.repo, event.number)
        if event.action == "labeled" and event.label == LABEL_PLAN:
            await engine.labelled_as_plan(event.repo, event.number, event.sender.login)
    if event.action in READS_AROUND and not event.sender.is_bot:
        await engine.read_plans_of(event.repo, event.number)
    await engine.look(issue_key(event.repo, event.number))
