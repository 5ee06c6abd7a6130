"""Pushes and branches: what was read of a repository's files and branches is out of date, and those of ours are read
anew.

A push names the branch and, mostly, the files; what it does to a pull request comes as an event of its own, but for one
thing: whether the pull requests into that branch can still be merged.
"""

from collections.abc import Iterator

from handlers import on
from handlers.commands import COMMANDS
from handlers.events import Event
from services.core.config import CONFIG_PATH
from services.core.reposet import SET_PATH
from services.engine.engine import Engine

WORKFLOWS = ".github/workflows/"


@on("push", "create", "delete", "repository")
async def on_push(event: Event, engine: Engine) -> None:
    if not event.repo:
        return
    engine.forget(event.repo, *_changed(event), told=event.told)
    if event.name == "repository":
        engine.forget("", "installed")  # which tells what is private or archived, too
        if event.old_name:
            engine.forget(_before(event), "repository", "file")
            engine.renamed(_before(event), event.repo)
    push = event.push
    if push is None or not push.branch or push.branch != event.default_branch:
        return
    engine.base_moved(event.repo)
    if event.name == "push" and push.after and not push.deleted and await engine.sees(event.repo):
        await engine.read_plan_files(event.repo, push.after, push.paths)
        if push.paths is None or not {CONFIG_PATH, SET_PATH}.isdisjoint(push.paths):
            await engine.read_settings(event.repo, push.after, COMMANDS.names())


def _before(event: Event) -> str:
    """What a renamed or moved repository was called; GitHub goes on answering to that."""
    owner, _, name = event.repo.partition("/")
    return f"{event.old_name}/{name}" if event.action == "transferred" else f"{owner}/{event.old_name}"


def _changed(event: Event) -> Iterator[str]:
    if event.push is None:
        yield from ("repository", "branch", "file", "workflows", "mergeable", "pull")
        return
    branch, paths = event.push.branch, event.push.paths
    if not branch:
        return
    yield from (f"branch:{branch}", "mergeable")
    if event.default_branch and branch != event.default_branch:
        return
    if paths is None:
        yield from ("file", "workflows")
        return
    yield from (f"file:{path}" for path in paths)
    if any(path.startswith(WORKFLOWS) for path in paths):
        yield "workflows"
