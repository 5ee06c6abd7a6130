"""What follows from a ref having moved, whoever moved it: API, merge or git push.

Order, as GitHub's usual one: create, push (or delete, push), then pull requests, then checks, then workflows.
"""

from typing import TYPE_CHECKING

from services.sandbox import git_views, views
from services.sandbox.clock import stamp
from services.sandbox.git import ZERO, Commit
from services.sandbox.kernel import Json
from services.sandbox.state import Activity, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

MOST_COMMITS = 2_048
"""Commits in one push event."""
MOST_ACTIVITIES = 256
"""Of one repository; GitHub forgets none of them, and nobody here asks for older ones."""


def moved(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, actor: str, merge: str = "") -> None:
    """Tell the world that a ref went from one sha to another; 40 zeros stand for "not there".

    merge: pr_merge or merge_queue_merge, where it was one and no push.
    """
    if before == after:
        return
    repo.pushed_at = stamp(sandbox.now())
    created, deleted = before == ZERO, after == ZERO
    if created or deleted:
        _created_or_deleted(sandbox, repo, ref, actor, deleted=deleted)
    body = push_body(sandbox, repo, ref, before, after, actor)
    pushed = "force_push" if body["forced"] else "push"
    kind = "branch_creation" if created else "branch_deletion" if deleted else merge or pushed
    _note(sandbox, repo, ref, before, after, kind, actor)
    sandbox.emit("push", None, repo, actor, **body)
    _followers(sandbox, repo, ref, before, after, actor)


def _note(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, kind: str, actor: str) -> None:
    """Keep who moved a branch, for `GET /repos/{owner}/{repo}/activity`."""
    if not ref.startswith("refs/heads/"):
        return
    rows, now = repo.activities, stamp(sandbox.now())
    number = rows[-1].id + 7 if rows else repo.id * 1_000_000
    rows.append(Activity(id=number, ref=ref, before=before, after=after, kind=kind, actor=actor, timestamp=now))
    del rows[:-MOST_ACTIVITIES]


def _followers(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, actor: str) -> None:
    from services.sandbox import actions, checks, pulls

    pulls.on_push(sandbox, repo, ref, before, after, actor)
    checks.on_push(sandbox, repo, ref, before, after, actor)
    if after != ZERO:
        actions.trigger(sandbox, repo, "push", ref=ref, sha=after, actor=actor, payload={"before": before})


def push_body(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, actor: str) -> dict[str, Json]:
    """The push event's own keys."""
    created, deleted = before == ZERO, after == ZERO
    base, git = sandbox.public_url, sandbox.git
    tip = None if deleted else git.commit(repo.id, git.resolve(repo.id, after) or "")
    new = [] if tip is None else _new_commits(sandbox, repo, ref, before, tip)
    forced = not created and tip is not None and not git.contains(repo.id, tip.sha, before)
    who = git_views.person_of(sandbox.state, actor, stamp(sandbox.now()))
    html = f"{base}/{repo.full_name}"
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "base_ref": _same_tip(sandbox, repo, ref, after) if created else None,
        "compare": f"{html}/commit/{after[:12]}" if created else f"{html}/compare/{before[:12]}...{after[:12]}",
        "commits": [git_views.push_commit(sandbox.state, base, repo, git, commit) for commit in new],
        "head_commit": git_views.push_commit(sandbox.state, base, repo, git, tip) if tip is not None else None,
        "pusher": {"name": views.account(sandbox.state, actor).login, "email": who.email},
    }


def _new_commits(sandbox: "Sandbox", repo: Repo, ref: str, before: str, tip: Commit) -> list[Commit]:
    """What the ref did not have before, oldest first; for a new branch, what no other branch has."""
    git = sandbox.git
    if before != ZERO:
        return git.log(repo.id, tip.sha, exclude=before, limit=MOST_COMMITS)[::-1]
    if _same_tip(sandbox, repo, ref, tip.sha) or not ref.startswith("refs/heads/"):
        return []
    main = f"refs/heads/{repo.default_branch}"
    default = git.refs(repo.id).get(main, "") if ref != main else ""
    return git.log(repo.id, tip.sha, exclude=default, limit=MOST_COMMITS)[::-1]


def _same_tip(sandbox: "Sandbox", repo: Repo, ref: str, sha: str) -> str | None:
    """Another branch that stands at the same commit."""
    return next((name for name, tip in sandbox.git.refs(repo.id).items() if tip == sha and name != ref), None)


def _created_or_deleted(sandbox: "Sandbox", repo: Repo, ref: str, actor: str, *, deleted: bool) -> None:
    kind = {"refs/heads": "branch", "refs/tags": "tag"}.get("/".join(ref.split("/")[:2]))
    if kind is None:
        return
    body: dict[str, Json] = {"ref": ref.split("/", 2)[2], "ref_type": kind, "pusher_type": "user"}
    if deleted:
        sandbox.emit("delete", None, repo, actor, **body)
    else:
        sandbox.emit(
            "create", None, repo, actor, master_branch=repo.default_branch, description=repo.description, **body
        )
