"""A repository's labels and which issues wear them.

Names are compared without case; the repository's spelling is shown.
"""

import re
from typing import TYPE_CHECKING

from services.sandbox import issue_views
from services.sandbox.issues import note, tell
from services.sandbox.kernel import Json, Problem, invalid
from services.sandbox.state import Issue, Label, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

MOST = 100
"""Labels on one issue."""


def checked(name: Json, color: Json = None, description: Json = None) -> None:
    """Refuse names over 50 characters, colours that are not six hex digits, descriptions over 100 characters."""
    if not isinstance(name, str) or not name.strip():
        raise invalid("Label", "name", "missing_field")
    if len(name) > 50:
        raise invalid("Label", "name", "custom", "name is too long (maximum is 50 characters)")
    if color is not None and not (isinstance(color, str) and re.fullmatch(r"[0-9a-fA-F]{6}", color)):
        raise invalid("Label", "color")
    if description is not None and (not isinstance(description, str) or len(description) > 100):
        raise invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)")


def create(
    sandbox: "Sandbox", repo: Repo, name: str, actor: str, color: str | None = None, description: str | None = None
) -> Label:
    """A new label; 422 already_exists in any spelling."""
    checked(name, color, description)
    if name.lower() in repo.labels:
        raise invalid("Label", "name", "already_exists")
    made = Label(id=sandbox.state.new_id(), name=name, color=(color or "ededed").lower(), description=description)
    repo.labels[name.lower()] = made
    sandbox.emit("label", "created", repo, actor, label=issue_views.label(sandbox.public_url, repo, made))
    return made


def ensure(sandbox: "Sandbox", repo: Repo, name: str, actor: str) -> Label:
    """The label of that name, made when the repository does not have it: GitHub does so when it is set on an issue."""
    return repo.labels.get(name.lower()) or create(sandbox, repo, name, actor)


def change(sandbox: "Sandbox", repo: Repo, which: Label, actor: str, changes: dict[str, str | None]) -> None:
    """Rename, recolour or describe; issues that wear it follow a rename."""
    name = changes.get("name") or which.name
    checked(name, changes.get("color"), changes.get("description"))
    if name.lower() != which.name.lower() and name.lower() in repo.labels:
        raise invalid("Label", "name", "already_exists")
    before: dict[str, Json] = {}
    for key, old in (("name", which.name), ("color", which.color), ("description", which.description or "")):
        new = changes.get(key)
        if key in changes and new is not None and new != old:
            before[key] = {"from": old}
    if not before:
        return
    _rename(sandbox, repo, which, name)
    which.color = (changes.get("color") or which.color).lower()
    which.description = changes.get("description", which.description)
    shown = issue_views.label(sandbox.public_url, repo, which)
    sandbox.emit("label", "edited", repo, actor, label=shown, changes=before)


def _rename(sandbox: "Sandbox", repo: Repo, which: Label, name: str) -> None:
    old = which.name
    del repo.labels[old.lower()]
    which.name = name
    repo.labels[name.lower()] = which
    for issue in sandbox.state.issues.values():
        if issue.repo_id == repo.id and old in issue.labels:
            issue.labels[issue.labels.index(old)] = name


def remove(sandbox: "Sandbox", repo: Repo, which: Label, actor: str) -> None:
    """Delete a label from the repository; issues lose it without an event each."""
    shown = issue_views.label(sandbox.public_url, repo, which)
    del repo.labels[which.name.lower()]
    for issue in sandbox.state.issues.values():
        if issue.repo_id == repo.id and which.name in issue.labels:
            issue.labels.remove(which.name)
    sandbox.emit("label", "deleted", repo, actor, label=shown)


def add(sandbox: "Sandbox", issue: Issue, names: list[str], actor: str, app_id: int = 0) -> None:
    """Put labels on; one `labeled` for each that was not there."""
    repo = sandbox.state.repos[issue.repo_id]
    found = [ensure(sandbox, repo, name, actor).name for name in names]
    new = [name for name in dict.fromkeys(found) if name not in issue.labels]
    if len(issue.labels) + len(new) > MOST:
        raise Problem(422, f"Validation Failed: an issue can have at most {MOST} labels")
    for name in new:
        issue.labels.append(name)
        tell_label(sandbox, issue, "labeled", name, actor, app_id)


def take_off(sandbox: "Sandbox", issue: Issue, names: list[str], actor: str, app_id: int = 0) -> None:
    """Take labels off; one `unlabeled` for each that was there."""
    gone = {name.lower() for name in names}
    for name in [label for label in issue.labels if label.lower() in gone]:
        issue.labels.remove(name)
        tell_label(sandbox, issue, "unlabeled", name, actor, app_id)


def replace(sandbox: "Sandbox", issue: Issue, names: list[str], actor: str, app_id: int = 0) -> None:
    """Make these the labels: those no longer named come off first."""
    wanted = {name.lower() for name in names}
    take_off(sandbox, issue, [name for name in issue.labels if name.lower() not in wanted], actor, app_id)
    add(sandbox, issue, names, actor, app_id)


def tell_label(sandbox: "Sandbox", issue: Issue, action: str, name: str, actor: str, app_id: int = 0) -> None:
    """`labeled` or `unlabeled`, in the history and to the hooks."""
    repo = sandbox.state.repos[issue.repo_id]
    which = repo.labels[name.lower()]
    note(sandbox, issue, action, actor, app_id, label={"name": which.name, "color": which.color})
    tell(sandbox, issue, action, actor, label=issue_views.label(sandbox.public_url, repo, which))
