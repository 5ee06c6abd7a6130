"""Installations: which repositories the App may see has changed, so plans that name them may read differently now."""

from handlers import on
from handlers.events import Event
from services.engine.engine import Engine


@on("installation", "installation_repositories", "member")
async def on_installation(event: Event, engine: Engine) -> None:
    if event.repo:
        engine.forget(event.repo, "permission")
        return
    engine.forget("", "installed")
    changed = (*event.installation.added, *event.installation.removed) if event.installation else ()
    for repo in changed:
        engine.forget(repo.name, "")
    await engine.let_in({repo.name for repo in changed})
