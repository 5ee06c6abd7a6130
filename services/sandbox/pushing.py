"""A push, and who may make one: the same judge for git's own protocol and for a caller without git.

server_git.py admits a push here and lets the `update` hook refuse it ref by ref; `push` does the whole of it for a
simulation: files on top of a base become a commit, the branch moves if it stands where the caller thinks, and what
follows is told exactly as after a push by git.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import auth, protection, pushes
from services.sandbox.git_values import ZERO, GitError, Person, check_ref, safe_path
from services.sandbox.kernel import Problem
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


class PushRefused(Exception):
    """The server or the lease said no; `is_stale`: the branch stands elsewhere than the caller expected."""

    def __init__(self, message: str, *, is_stale: bool = False) -> None:
        super().__init__(message)
        self.is_stale = is_stale


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """`before` = 40 zeros for a new branch."""

    sha: str
    before: str


def admit(sandbox: "Sandbox", full_name: str, header: str | None, *, write: bool) -> tuple[Repo, auth.Principal]:
    """The repository and who is calling; Problem 401, 403 or 404 as GitHub answers git."""
    who = auth.identify(sandbox, header)
    repo = sandbox.repo_named(full_name)
    if repo is None or not auth.can_see(sandbox.state, who, repo):
        raise Problem(401, "Authentication required") if who.is_anonymous else Problem(404, "Repository not found.")
    if write and who.is_anonymous:
        raise Problem(401, "Authentication required")
    if who.installation is not None or write:
        try:
            auth.check(sandbox.state, who, repo, "contents:write" if write else "contents:read")
        except Problem:
            raise Problem(403, f"Permission to {repo.full_name}.git denied to {sandbox.login_of(who)}.") from None
    if write and repo.archived:
        raise Problem(403, "This repository was archived so it is read-only.")
    return repo, who


def may_not_touch_workflows(who: auth.Principal) -> bool:
    """An App without the permission `workflows` may not bring in a workflow file, and no job of Actions may."""
    if auth.is_job(who):
        return True
    return who.installation is not None and who.token is not None and "workflows" not in who.token.permissions


def commit(
    sandbox: "Sandbox",
    repo: Repo,
    base: str,
    files: Mapping[str, str | bytes | None],
    message: str,
    author: Person,
    committer: Person | None = None,
) -> str:
    """A commit of these files (None deletes one) on top of the commit `base`, on no branch yet; its sha.

    The same input gives the same sha, as git does. GitError for a base that is not there and for a path that is none.
    """
    git, parent = sandbox.git, sandbox.git.commit(repo.id, base)
    if parent is None:
        raise GitError(f"{base} is not a commit here")
    if (strange := next((path for path in files if not safe_path(path)), None)) is not None:
        raise GitError(f"{strange!r} is not a path")
    changes = {}
    for path, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        old = git.entry(repo.id, base, path)
        mode = old.mode if old is not None and old.type == "blob" else "100644"
        changes[path] = (mode, git.write_blob(repo.id, raw)) if raw is not None else None
    tree = git.write_tree(repo.id, parent.tree, changes)
    text = message if message.endswith("\n") else f"{message}\n"  # as `git commit` writes it
    return git.commit_tree(repo.id, tree, [base], text, author, committer or author)


def push(sandbox: "Sandbox", full_name: str, token: str, branch: str, sha: str, *, expected: str | None) -> Pushed:
    """What `git push --force-with-lease` does with a commit that is in the repository: "" for `sha` deletes the branch.

    `expected`: the tip the caller knows, None = there is no such branch. Problem as GitHub answers git, PushRefused for
    a stale lease and for what the branch's rules forbid. Nothing is told when the branch stands there already.
    """
    repo, who = admit(sandbox, full_name, f"Bearer {token}", write=True)
    ref = check_ref(f"refs/heads/{branch}")
    before, after = sandbox.git.refs(repo.id).get(ref, ZERO), sha or ZERO
    if before != (expected or ZERO):
        raise PushRefused(f"{ref} (stale info)", is_stale=True)
    if after not in {before, ZERO} and sandbox.git.commit(repo.id, after) is None:
        raise GitError(f"{after} is not a commit here")
    if before != after:
        _check(sandbox, repo, who, ref, before, after)
        if after == ZERO:
            sandbox.git.delete_ref(repo.id, ref)
        else:
            sandbox.git.set_ref(repo.id, ref, after, before)
        pushes.moved(sandbox, repo, ref, before, after, sandbox.login_of(who))
    return Pushed(sha=after, before=before)


def _check(sandbox: "Sandbox", repo: Repo, who: auth.Principal, ref: str, before: str, after: str) -> None:
    """What the `update` hook refuses (git_hook.py)."""
    git = sandbox.git
    if before != ZERO:
        rank = auth.rank_of(sandbox.state, who, repo)
        message = protection.refusal(sandbox, repo, ref, after, rank, deleted=after == ZERO)
        is_steady = ref.removeprefix("refs/heads/") in repo.protection and after != ZERO
        if not message and is_steady and not git.contains(repo.id, after, before):
            message = "Cannot force-push to this branch"
        if message:
            raise PushRefused(f"GH006: Protected branch update failed for {ref}. {message}")
    if after != ZERO and may_not_touch_workflows(who) and (touched := _workflow_file(sandbox, repo, before, after)):
        text = f"refusing to allow a GitHub App to create or update workflow `{touched}` without `workflows` permission"
        raise PushRefused(text)


def _workflow_file(sandbox: "Sandbox", repo: Repo, before: str, after: str) -> str:
    """A workflow file this push brings in: changed against the branch, or by a commit that no other ref has."""
    git = sandbox.git
    if before != ZERO:
        pairs = [(before, after)]
    else:
        known = git.reachable(repo.id, git.refs(repo.id, "refs/").values())
        brought = (git.commit(repo.id, sha) for sha in git.reachable(repo.id, [after], known))
        pairs = [
            (found.parents[0] if found.parents else "", found.sha)
            for found in brought
            if found is not None and len(found.parents) < 2
        ]
    names = sorted({path for old, new in pairs for path in git.changed(repo.id, old, new)})
    return next((name for name in names if name.startswith(".github/workflows/")), "")
