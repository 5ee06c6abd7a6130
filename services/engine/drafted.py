"""Plans that are a model's draft or a flow's: which one counts for an issue, and whether people see what they approve.

A draft is read from the store and never from its comment, so whoever edits the comment changes nothing. But they would
have others approve what they do not see: so an approval counts only while the comment says what was drafted, and has
said so since it was posted.
"""

from datetime import datetime

import msgspec

from services.core import drafting, flows
from services.core.clock import from_text, to_text
from services.core.drafting import draft_comment, replaced_comment, same_text
from services.core.flows import flow_comment
from services.core.messages import offers
from services.core.names import marker
from services.core.parse import parse
from services.core.plan import Parsed
from services.engine.parts import Parts
from services.errors import NotFound, UserError
from services.store.drafts import Draft
from services.store.plans import PlanRow


async def live(parts: Parts, plan_id: str) -> Draft | None:
    """The draft that is the plan of an issue which has none of its own."""
    return await parts.drafts.posted(plan_id) if parts.drafts is not None else None


async def read(parts: Parts, draft: Draft) -> Parsed:
    """A draft as a plan; repositories that the App was taken from since are unknown again."""
    reads = parts.github.reads
    installed = await reads.installed_repositories((await reads.installation_of(draft.repo)).id)
    there = {found.full_name for found in installed}
    return parse(draft.text, home=draft.repo, installed=[repo for repo in draft.repos if repo in there], form="yaml")


def body_of(draft: Draft) -> str:
    """What the comment of a draft says."""
    if draft.flow:
        return flow_comment(draft.text, flow=draft.flow, actor=draft.actor, key=draft.key)
    return draft_comment(draft.text, model=draft.model, actor=draft.actor, prompt=draft.prompt, key=draft.key)


def replaced(draft: Draft) -> str:
    """What it says once there is a newer one."""
    return replaced_comment(draft.key, flows.MADE if draft.flow else drafting.MADE)


def standing(draft: Draft) -> str:
    """The sentence about a draft in the plan's comment."""
    if draft.flow:
        return flows.standing_of_flow(draft.state, flow=draft.flow, actor=draft.actor, why=draft.why)
    return drafting.standing(draft.state, model=draft.model, actor=draft.actor, why=draft.why)


async def check_shown(parts: Parts, plan: PlanRow, asked_at: datetime, command: str) -> None:
    """UserError when whoever asked then may have seen something else than this draft; then it is shown as it is."""
    draft = await parts.drafts.get(plan.id, plan.draft) if plan.draft and parts.drafts is not None else None
    if draft is None:
        return
    comments = await parts.github.reads.comments(plan.repo, plan.number, fresh=True)
    found = next((comment for comment in comments if comment.id == draft.comment_id), None)
    posted_at = from_text(draft.posted_at)
    is_whole = found is not None and same_text(found.body, body_of(draft))
    if found is not None and is_whole and (found.updated_at is None or found.updated_at <= posted_at):
        if asked_at.replace(microsecond=0) >= posted_at.replace(microsecond=0):
            return
        raise UserError(offers.is_newer(command))
    await _show_again(parts, draft)
    raise UserError(offers.shown_again(command))


async def _show_again(parts: Parts, draft: Draft) -> None:
    writes = parts.github.writes
    try:
        shown = await writes.edit_comment(draft.repo, draft.comment_id, body_of(draft))
    except NotFound:  # it was deleted, and perhaps made anew before a crash
        found = await writes.find_comment(draft.repo, draft.number, marker(draft.key))
        shown = found or await writes.comment(draft.repo, draft.number, body_of(draft))
    now = parts.clock.now()
    posted = msgspec.structs.replace(draft, comment_id=shown.id, posted_at=to_text(shown.updated_at or now))
    if parts.drafts is not None:
        await parts.drafts.save(posted, now)
