"""Installing Apps: what an installation reaches, and what its App is told when that changes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.sandbox import events, views
from services.sandbox.kernel import Json
from services.sandbox.state import App, Installation, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def repos_of(sandbox: "Sandbox", installation: Installation) -> list[Repo]:
    """The repositories an installation reaches, oldest first."""
    owner, ids = installation.account.lower(), installation.repo_ids
    return [r for r in sandbox.state.repos.values() if r.owner.lower() == owner and (ids is None or r.id in ids)]


def installation_for(sandbox: "Sandbox", app_id: int, repo: Repo) -> Installation | None:
    """The App's installation that reaches a repository."""
    return next(
        (i for i in sandbox.state.installations.values() if i.app_id == app_id and repo in repos_of(sandbox, i)), None
    )


def announce(sandbox: "Sandbox", action: str, installation: Installation, sender: str) -> None:
    """installation.created, deleted, suspend, unsuspend or new_permissions_accepted."""
    extra: dict[str, Json] = {
        "installation": views.installation(sandbox.state, sandbox.public_url, installation),
        "repositories": [views.repo_name(repo) for repo in repos_of(sandbox, installation)],
    }
    if action == "created":
        extra["requester"] = None
    _emit(sandbox, "installation", action, sender, extra)


def uninstall(sandbox: "Sandbox", installation: Installation, sender: str) -> None:
    """Take an App away; its tokens end at once, and it is told."""
    announce(sandbox, "deleted", installation, sender)
    sandbox.state.installations.pop(installation.id, None)
    for token in sandbox.state.tokens.values():
        if token.installation_id == installation.id:
            token.revoked = True


def choose(sandbox: "Sandbox", installation: Installation, repos: Iterable[Repo] | None, sender: str) -> None:
    """Install on these repositories from now on (None = all); the App is told what came and what went."""
    old = repos_of(sandbox, installation)
    installation.repo_ids = None if repos is None else [repo.id for repo in repos]
    new = repos_of(sandbox, installation)
    for action, changed in (("added", [r for r in new if r not in old]), ("removed", [r for r in old if r not in new])):
        if changed:
            extra: dict[str, Json] = {
                "installation": views.installation(sandbox.state, sandbox.public_url, installation),
                "repository_selection": "all" if repos is None else "selected",
                "repositories_added": [views.repo_name(repo) for repo in changed] if action == "added" else [],
                "repositories_removed": [views.repo_name(repo) for repo in changed] if action == "removed" else [],
                "requester": None,
            }
            _emit(sandbox, "installation_repositories", action, sender, extra)


def accept_permissions(sandbox: "Sandbox", app: App, sender: str) -> None:
    """Every installation of an App gets the permissions and events the App asks for now."""
    for installation in sandbox.state.installations.values():
        if installation.app_id == app.id:
            installation.permissions, installation.events = dict(app.permissions), list(app.events)
            announce(sandbox, "new_permissions_accepted", installation, sender)


def forget_repo(sandbox: "Sandbox", repo: Repo) -> None:
    """Take a repository out of the world: its git, its hooks, and every installation's list."""
    state = sandbox.state
    for installation in state.installations.values():
        if installation.repo_ids is not None and repo.id in installation.repo_ids:
            installation.repo_ids.remove(repo.id)
    for hook_id in [hook.id for hook in state.hooks.values() if hook.repo_id == repo.id]:
        del state.hooks[hook_id]
    for issue in state.issues.values():
        if issue.repo_id == repo.id:
            issue.deleted = True
    del state.repos[repo.id]
    sandbox.git.remove(repo.id)


def _emit(sandbox: "Sandbox", event: str, action: str, sender: str, extra: dict[str, Json]) -> None:
    if events.queue(sandbox, event, action, None, sender, extra):
        sandbox.tell()
