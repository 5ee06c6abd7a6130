"""The check boxes in the dashboard of an owner: a tick is the command that the box stands for, of who ticked it."""

from handlers import on
from handlers.acting import carry_out
from handlers.commands import Context
from handlers.events import LONG_AGO, Event
from services.core.commands import Command
from services.engine.engine import Engine


@on("issues")
async def on_dashboard(event: Event, engine: Engine) -> None:
    issue = event.issue
    if event.action != "edited" or "body" not in event.changed or issue is None or event.sender.is_bot:
        return
    if engine.boards is None or not await engine.is_own(login=issue.author.login) or not await engine.sees(event.repo):
        return
    boxes = await engine.boards.ticked(event.repo, issue.number, issue.body, event.body_before)
    if boxes is None:
        return
    for box in boxes:
        act = f"fleet/{event.guid}/{box.verb}/{box.repo}#{box.number}"
        if await engine.was_heard(act):
            continue
        context = Context(engine=engine, repo=box.repo, number=box.number, asked_at=LONG_AGO, sender=event.sender.login)
        command = Command(verb=box.verb)
        answer, _ = await carry_out(context, command, box.repo)
        await engine.answer(box.repo, box.number, event.sender.login, str(command), answer)
        await engine.heard(act)
    await engine.boards.write_anew(event.repo)
