"""One commit on a branch through the API: contents, GraphQL's createCommitOnBranch and the demo's set-up share it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import git_views, protection, pushes
from services.sandbox.clock import stamp
from services.sandbox.git import ZERO, Person
from services.sandbox.kernel import Json, Problem
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.call import Call

Changes = Mapping[str, tuple[str, str] | None]
"""Path -> (mode, blob sha), or None for a file to delete."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A branch and the sha it stands at, "" when the repository has no commit yet."""

    branch: str
    tip: str


def place(call: "Call", repo: Repo) -> Place:
    """The branch named in the body, the default one when none is; 404 when it does not exist."""
    branch = call.text("branch", resource="Content") or repo.default_branch
    heads = call.git.refs(repo.id)
    tip = heads.get(f"refs/heads/{branch}", "")
    if not tip and (heads or branch != repo.default_branch):
        raise Problem(404, f"Branch {branch} not found")
    return Place(branch=branch, tip=tip)


def commit(call: "Call", repo: Repo, where: Place, changes: Changes, message: str = "") -> str:
    """Write the commit, move the branch, tell everybody; the new sha.

    409 when protection forbids it or the branch moved.
    """
    git = call.git
    old = git.commit(repo.id, where.tip) if where.tip else None
    text = message or call.text("message", required=True, resource="Content") or ""
    committer = person(call, "committer")
    author = person(call, "author") if call.body.get("author") else committer
    tree = git.write_tree(repo.id, old.tree if old is not None else "", changes)
    sha = git.commit_tree(repo.id, tree, [where.tip] if where.tip else [], text, author, committer)
    move(call, repo, f"refs/heads/{where.branch}", where.tip or ZERO, sha)
    return sha


def move(call: "Call", repo: Repo, ref: str, before: str, after: str) -> None:
    """Point a ref elsewhere for a caller: protection, workflow files, git, then all that follows from it."""
    protection.guard(call.sandbox, repo, ref, before, after, call.role(repo))
    workflow_files(call, repo, before, after)
    if after == ZERO:
        call.git.delete_ref(repo.id, ref)
    else:
        call.git.set_ref(repo.id, ref, after, before)
    pushes.moved(call.sandbox, repo, ref, before, after, call.actor)


def workflow_files(call: "Call", repo: Repo, before: str, after: str) -> None:
    """403 when an App without `workflows` would bring in a change of a workflow file."""
    who = call.who
    if after == ZERO or who.installation is None or who.token is None or "workflows" in who.token.permissions:
        return
    base = before if before != ZERO else call.git.resolve(repo.id, repo.default_branch) or ""
    touched = [path for path in call.git.changed(repo.id, base, after) if path.startswith(".github/workflows/")]
    if touched:
        text = (
            f"refusing to allow a GitHub App to create or update workflow `{touched[0]}` without `workflows` permission"
        )
        raise Problem(403, text)


def person(call: "Call", field: str) -> Person:
    """Author or committer from the body; the caller when it names none. 422 for a date that is none."""
    given: Json = call.body.get(field)
    now = stamp(call.sandbox.now())
    if not isinstance(given, dict):
        return git_views.person_of(call.state, call.actor, now)
    try:
        date = stamp(datetime.fromisoformat(str(given["date"]))) if given.get("date") else now
    except ValueError:
        raise Problem(422, f"Invalid request.\n\n{field}.date is not a date.") from None
    return Person(str(given.get("name", "")), str(given.get("email", "")), date)
