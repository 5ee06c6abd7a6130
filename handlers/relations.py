"""Relations between issues: a plan that is made of sub-issues and of what blocks them may say something else now.

GitHub tells each side of a relation for itself; the side that a plan is made of, or that is its issue, is enough.
"""

from handlers import on
from handlers.events import Event
from services.engine.engine import Engine


@on("sub_issues", "issue_dependencies")
async def on_relations(event: Event, engine: Engine) -> None:
    """What the bot relates itself are tracking issues of plans that are written elsewhere."""
    if not event.number or event.sender.is_bot or not await engine.sees(event.repo):
        return
    if event.name == "sub_issues":
        await engine.read_plan(event.repo, event.number)
    await engine.read_plans_of(event.repo, event.number)
