"""The check boxes in our own comment on a plan: a tick is the command that the box stands for, of who ticked it.

It comes as an edit of that comment by a person. Nothing else that people do to it acts, and afterwards the comment is
written anew, so that the box is there to be ticked again.
"""

from handlers import on
from handlers.acting import carry_out
from handlers.commands import Context
from handlers.events import Event
from services.core.commands import Command
from services.core.text import digest_of
from services.engine.engine import Engine


@on("issue_comment")
async def on_box(event: Event, engine: Engine) -> None:
    comment = event.comment
    if event.action != "edited" or comment is None or not event.number or event.sender.is_bot:
        return
    if not await engine.is_own(login=comment.author.login) or not await engine.sees(event.repo):
        return
    before = event.body_before if "body" in event.changed else None
    boxes = await engine.ticked(event.repo, event.number, comment.id, comment.body, before)
    if boxes is None:
        return
    # GitHub sends one edit under two names now and then; this is what makes it one.
    edit = digest_of(comment.id, comment.updated_at.isoformat(), event.sender.login, event.body_before, comment.body)
    for box in boxes:
        act = f"box/{edit}/{box.verb}"
        if await engine.was_heard(act):
            continue
        context = Context(
            engine=engine,
            repo=event.repo,
            number=event.number,
            asked_at=comment.updated_at,
            sender=event.sender.login,
            seen=box.version,
        )
        command = Command(verb=box.verb)
        answer, _ = await carry_out(context, command, event.repo)
        await engine.answer(event.repo, event.number, context.sender, str(command), answer)
        await engine.heard(act)
    await engine.write_anew(event.repo, event.number)
