"""Pushes and branches: what was read of a repository's files and branches is out of date.

Only the default branch holds the files that are read, all below `.github/`, and only its pull requests are merged.
What is pushed elsewhere, by our own tasks above all, makes nothing doubtful but that branch. Its pull request has an
event of its own.
"""

from handlers import on
from handlers.events import Event
from services.engine.engine import Engine


@on("push", "create", "delete", "repository")
async def on_push(event: Event, engine: Engine) -> None:
    if not event.repo:
        return
    if event.name == "repository":
        engine.forget(event.repo, "repository", "branch", "file", "workflows", "pull")
    elif event.push is None:
        engine.forget(event.repo, "branch")
    elif not event.default_branch or event.push.ref == f"refs/heads/{event.default_branch}":
        engine.forget(event.repo, "branch", "pull", *(("file", "workflows") if event.push.settings else ()))
    else:
        engine.forget(event.repo, "branch")
