"""Pull requests, their reviews, and merges done by hand: wake whoever waits for that pull request."""

from collections.abc import Iterator

from handlers import on
from handlers.commands import COMMANDS
from handlers.events import Event
from services.core.elsewhere import does
from services.core.names import issue_key, pull_key
from services.core.pull_text import issues_named, taken_back
from services.engine.engine import Engine

NEW_FILES = frozenset({"synchronize", "reopened", "closed"})
"""What may come with other commits; `edited` too, when it was turned to another base."""
NEW_HEAD = frozenset({"opened", "synchronize", "reopened"})
SAYS_WHAT = frozenset({"opened", "edited", "reopened"})
"""When a pull request may say anew which task it does."""


@on("pull_request", "pull_request_review")
async def on_pull(event: Event, engine: Engine) -> None:
    if event.repo and event.number:
        engine.forget(event.repo, *_changed(event), told=event.told)
        if not await engine.is_own(login=event.sender.login):
            await engine.look(pull_key(event.repo, event.number))
            if event.name == "pull_request" and (event.action in NEW_HEAD or "base" in event.changed):
                await _judge_files(event, engine)
            if pull := event.pull and event.pull.merged and taken_back(event.pull.body, event.repo):
                await engine.learned.taken_back(event.repo, pull)
            if event.action in SAYS_WHAT and event.pull and event.sender.is_bot:  # it may be what Copilot makes of one
                await engine.look(*(issue_key(event.repo, each) for each in does(event.pull.body, event.repo)))
            if event.action in SAYS_WHAT and event.pull and issues_named(event.pull.body, event.repo):
                await engine.attach(event.repo, event.number, is_new=event.action == "opened")


async def _judge_files(event: Event, engine: Engine) -> None:
    pull = event.pull
    if pull is not None and event.number and pull.state == "open" and pull.head_sha and await engine.sees(event.repo):
        await engine.read_pull_files(event.repo, event.number, pull.head_sha, COMMANDS.names())


def _changed(event: Event) -> Iterator[str]:
    if event.name == "pull_request_review":
        yield f"reviews:{event.number}"
    elif event.action in NEW_FILES or "base" in event.changed:
        yield f"files:{event.number}"
    yield f"pull:{event.number}"
    yield f"issue:{event.number}"
