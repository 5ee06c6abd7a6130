"""Merging: who may, what is in the way, the commit, and everything that follows it.

The endpoint, the GraphQL mutation and auto-merge go the same way. Order of what follows: the request is closed as
merged, the base is pushed, linked issues are closed, and the branch goes (its dependents are retargeted first).
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from services.sandbox import auth, issues, mergeability, pulls, requirements
from services.sandbox.clock import stamp
from services.sandbox.git_values import ZERO, Commit, GitError, Person
from services.sandbox.git_views import github, person_of
from services.sandbox.issues import note, tell
from services.sandbox.kernel import Problem
from services.sandbox.pull_views import files, the_pull
from services.sandbox.state import Issue, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

METHODS = ("merge", "squash", "rebase")
BASE_MOVED = "Base branch was modified. Review and try the merge again."
HEAD_MOVED = "Head branch was modified. Review and try the merge again."
NOT_MERGEABLE = "Pull Request is not mergeable"
MOST_LINKS = 50
"""Issues that one text can close."""
_KEYWORD = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+(?:https?://[^\s/]{1,255}/)?"
    r"(?:([\w.-]{1,100}/[\w.-]{1,100})(?:#|/issues/)|#)(\d{1,12})\b",
    re.IGNORECASE,
)


def merge(
    sandbox: "Sandbox",
    issue: Issue,
    actor: str,
    *,
    method: str = "merge",
    title: str | None = None,
    message: str | None = None,
    sha: str | None = None,
    permissions: Mapping[str, str] | None = None,
) -> str:
    """Merge a pull request; returns the new base tip.

    `sha`: the head it must have; `permissions`: the calling App's, None for a person.
    Raises 403, 405 or 409 with GitHub's texts, which tell the reasons apart.
    """
    pull = the_pull(issue)
    if issue.state != "open":
        raise Problem(405, NOT_MERGEABLE)
    if sha is not None and sha != pull.head_sha:
        raise Problem(409, HEAD_MOVED)
    if pull.draft:
        raise Problem(405, "Pull Request is still a draft")
    check_allowed(sandbox, issue, actor, method, permissions)
    tip = mergeability.base_tip(sandbox, issue)
    if tip is None:
        raise Problem(405, NOT_MERGEABLE)
    merged = _commit(sandbox, issue, tip, method, title, message, actor)
    try:
        sandbox.git.set_ref(issue.repo_id, f"refs/heads/{pull.base_ref}", merged, expected=tip)
    except GitError:
        raise Problem(405, BASE_MOVED) from None
    follow(sandbox, issue, tip, merged, actor)
    return merged


def check_allowed(
    sandbox: "Sandbox", issue: Issue, actor: str, method: str, permissions: Mapping[str, str] | None
) -> None:
    """405 for a method or a requirement of the base, 403 for workflow files; an admin may walk past requirements."""
    repo = sandbox.state.repos[issue.repo_id]
    allowed = {
        "merge": (repo.allow_merge_commit, "Merge commits"),
        "squash": (repo.allow_squash_merge, "Squash merges"),
        "rebase": (repo.allow_rebase_merge, "Rebase merges"),
    }
    if not allowed[method][0]:
        raise Problem(405, f"{allowed[method][1]} are not allowed on this repository.")
    refuse_workflow_files([change.filename for change in files(sandbox, issue)], permissions)
    rules = requirements.protection(sandbox, issue)
    admin = permissions is None and auth.role_of(sandbox.state, repo, actor) == "admin"
    if rules is None or (admin and not rules.enforce_admins):
        return
    if rules.pushers is not None and actor not in rules.pushers:
        raise Problem(405, requirements.NOT_AUTHORIZED)
    if rules.merge_queue:
        raise Problem(405, requirements.QUEUE)
    if rules.linear and method == "merge":
        raise Problem(405, "Merge commits are not allowed on this repository.")
    unmet = requirements.unmet(sandbox, issue)
    if not unmet and requirements.is_behind(sandbox, issue):
        unmet = [requirements.behind_text(rules)]
    if unmet:
        raise Problem(405, unmet[0])


def refuse_workflow_files(names: list[str], permissions: Mapping[str, str] | None) -> None:
    """403 when an App without `workflows` would bring in a changed workflow file."""
    found = next((name for name in names if name.startswith(".github/workflows/")), None)
    if found is not None and permissions is not None and permissions.get("workflows") != "write":
        text = f"refusing to allow a GitHub App to create or update workflow `{found}` without `workflows` permission"
        raise Problem(403, text)


def _commit(
    sandbox: "Sandbox", issue: Issue, tip: str, method: str, title: str | None, message: str | None, actor: str
) -> str:
    """The new tip of the base: a merge commit, one commit with everything, or each commit anew; 405 on a conflict."""
    pull, git, repo_id = the_pull(issue), sandbox.git, issue.repo_id
    now = stamp(sandbox.now())
    committer = github(now)
    if method == "rebase":
        shas = git.rebase(repo_id, tip, tip, pull.head_sha, committer)
        if not shas:
            raise Problem(405, NOT_MERGEABLE)
        return shas[-1]
    try:
        tree = git.merge_tree(repo_id, tip, pull.head_sha).tree
    except GitError:
        tree = None
    if tree is None:
        raise Problem(405, NOT_MERGEABLE)
    commits = git.log(repo_id, pull.head_sha, exclude=tip)[::-1]
    if method == "squash":
        default = _squash_texts(issue, commits)
        author = person_of(sandbox.state, issue.user, now)
        return git.commit_tree(repo_id, tree, [tip], _text(title, message, default), author, committer)
    head = sandbox.state.repos.get(pull.head_repo_id)
    owner = head.owner if head else issue.user
    default = (f"Merge pull request #{issue.number} from {owner}/{pull.head_ref}", issue.title)
    author = person_of(sandbox.state, actor, now)
    return git.commit_tree(repo_id, tree, [tip, pull.head_sha], _text(title, message, default), author, committer)


def _squash_texts(issue: Issue, commits: list[Commit]) -> tuple[str, str]:
    """One commit keeps its own words; of several the pull request's title and a list of theirs."""
    if len(commits) == 1:
        first, _, rest = commits[0].message.partition("\n")
        return f"{first} (#{issue.number})", rest.strip()
    return f"{issue.title} (#{issue.number})", "\n\n".join(f"* {commit.message}" for commit in commits)


def _text(title: str | None, message: str | None, default: tuple[str, str]) -> str:
    first = default[0] if title is None else title
    rest = default[1] if message is None else message
    return f"{first}\n\n{rest}".strip() if rest else first


def follow(sandbox: "Sandbox", issue: Issue, before: str, after: str, actor: str, kind: str = "pr_merge") -> None:
    """The base has moved by this merge: everything that comes after it."""
    from services.sandbox import pushes

    pull, repo = the_pull(issue), sandbox.state.repos[issue.repo_id]
    mark_merged(sandbox, issue, after, actor)
    pushes.moved(sandbox, repo, f"refs/heads/{pull.base_ref}", before, after, actor, kind)
    if pull.base_ref == repo.default_branch:
        close_linked(sandbox, repo, issue.body or "", actor, after)
    if repo.delete_branch_on_merge:
        _delete_head(sandbox, issue, actor)


def mark_merged(sandbox: "Sandbox", issue: Issue, sha: str, actor: str) -> None:
    """Record and tell that a pull request is merged, by the merge call or by a push that brought its commits in."""
    pull, repo = the_pull(issue), sandbox.state.repos[issue.repo_id]
    now = stamp(sandbox.now())
    pull.merged, pull.merged_at, pull.merged_by, pull.merge_commit_sha = True, now, actor, sha
    pull.auto_merge, pull.mergeable = None, None
    issue.state, issue.closed_at, issue.closed_by = "closed", now, actor
    sandbox.state.merges.append(f"{repo.full_name}#{issue.number} {sha}")
    note(sandbox, issue, "merged", actor, commit_id=sha)
    note(sandbox, issue, "closed", actor)
    tell(sandbox, issue, "closed", actor)


def _delete_head(sandbox: "Sandbox", issue: Issue, actor: str) -> None:
    """With `delete_branch_on_merge`: requests into the merged branch follow its base, then it is deleted."""
    from services.sandbox import pushes

    pull, repo = the_pull(issue), sandbox.state.repos[issue.repo_id]
    ref = f"refs/heads/{pull.head_ref}"
    tip = sandbox.git.resolve(repo.id, ref)
    if pull.head_repo_id != repo.id or pull.head_ref in {repo.default_branch, *repo.protection} or tip is None:
        return
    for other in pulls.open_pulls(sandbox, repo):
        if the_pull(other).base_ref == pull.head_ref:
            try:
                pulls.retarget(sandbox, other, pull.base_ref, actor)
            except Problem:
                continue  # it has nothing left to offer there: deleting its base closes it
    sandbox.git.delete_ref(repo.id, ref)
    pushes.moved(sandbox, repo, ref, tip, ZERO, actor)


def close_by_commits(sandbox: "Sandbox", repo: Repo, before: str, after: str, actor: str) -> None:
    """Close the issues that new commits on the default branch name with a keyword."""
    for commit in sandbox.git.log(repo.id, after, exclude=before)[::-1]:
        close_linked(sandbox, repo, commit.message, actor, commit.sha)


def close_linked(sandbox: "Sandbox", repo: Repo, text: str, actor: str, sha: str) -> None:
    """Close the open issues that a text names with a keyword."""
    for issue in linked(sandbox, repo, text):
        if issue.state == "open":
            issues.close(sandbox, issue, actor, commit=sha)


def linked(sandbox: "Sandbox", repo: Repo, text: str) -> list[Issue]:
    """What `closes #1` or `fixes owner/repo#2` names: issues here, and in repositories of the same owner."""
    out: dict[int, Issue] = {}
    for found in list(_KEYWORD.finditer(text[:262_144]))[:MOST_LINKS]:
        target = sandbox.repo_named(found[1]) if found[1] else repo
        if target is None or target.owner != repo.owner or target.archived:
            continue
        issue = sandbox.issue_numbered(target, int(found[2]))
        if issue is not None and issue.pull is None and not (issue.deleted or issue.transferred_to):
            out[issue.id] = issue
    return list(out.values())


def update_branch(
    sandbox: "Sandbox",
    issue: Issue,
    actor: str,
    *,
    expected: str | None = None,
    permissions: Mapping[str, str] | None = None,
    rebase: bool = False,
) -> str:
    """Bring the base into the head, by a merge or by a rebase, pushed as `actor`; returns the new head.

    422 for GitHub's three reasons: another head than expected, nothing new on the base, a conflict.
    """
    from services.sandbox import pushes

    pull, git = the_pull(issue), sandbox.git
    head_repo, tip = sandbox.state.repos.get(pull.head_repo_id), mergeability.base_tip(sandbox, issue)
    if issue.state != "open" or head_repo is None or tip is None:
        raise Problem(422, "The pull request is closed or its branch is gone")
    if expected is not None and expected != pull.head_sha:
        raise Problem(422, "expected head sha didn’t match current head ref.")
    if git.contains(issue.repo_id, pull.head_sha, tip):
        raise Problem(422, "There are no new commits on the base branch.")
    fork_point = git.merge_base(issue.repo_id, pull.head_sha, tip) or ""
    refuse_workflow_files([change.filename for change in git.diff(issue.repo_id, fork_point, tip)], permissions)
    who = person_of(sandbox.state, actor, stamp(sandbox.now()))
    sha = _rebased(sandbox, issue, tip, who) if rebase else _merged(sandbox, issue, tip, who)
    if sha is None:
        raise Problem(422, "merge conflict between base and head")
    sandbox.state.signed[sha] = True
    git.bring(issue.repo_id, head_repo.id, sha)
    before, ref = pull.head_sha, f"refs/heads/{pull.head_ref}"
    try:
        git.set_ref(head_repo.id, ref, sha, expected=before)
    except GitError:
        raise Problem(422, "expected head sha didn’t match current head ref.") from None
    pushes.moved(sandbox, head_repo, ref, before, sha, actor)
    return sha


def _merged(sandbox: "Sandbox", issue: Issue, tip: str, who: Person) -> str | None:
    """The head with the base merged into it, None on a conflict."""
    pull = the_pull(issue)
    tree = sandbox.git.merge_tree(issue.repo_id, pull.head_sha, tip).tree
    text = f"Merge branch '{pull.base_ref}' into {pull.head_ref}"
    parents = [pull.head_sha, tip]
    return tree and sandbox.git.commit_tree(issue.repo_id, tree, parents, text, who, github(who.date))


def _rebased(sandbox: "Sandbox", issue: Issue, tip: str, who: Person) -> str | None:
    """The head's commits anew on the base's tip, None on a conflict."""
    shas = sandbox.git.rebase(issue.repo_id, tip, tip, the_pull(issue).head_sha, who)
    return None if shas is None else [tip, *shas][-1]


def enable_auto_merge(sandbox: "Sandbox", issue: Issue, method: str, actor: str) -> None:
    """Merge by itself once nothing is in the way; 422 when the repository forbids it or nothing is waiting."""
    pull, repo = the_pull(issue), sandbox.state.repos[issue.repo_id]
    if not repo.allow_auto_merge:
        raise Problem(422, "Pull request Auto merge is not allowed for this repository")
    if not requirements.unmet(sandbox, issue) and not requirements.is_behind(sandbox, issue):
        word = "unstable" if requirements.is_unstable(sandbox, issue) else "clean"
        raise Problem(422, f"Pull request is in {word} status")
    pull.auto_merge, pull.auto_merge_by = method, actor
    note(sandbox, issue, "auto_merge_enabled", actor)
    tell(sandbox, issue, "auto_merge_enabled", actor)


def disable_auto_merge(sandbox: "Sandbox", issue: Issue, actor: str, reason: str = "") -> None:
    """Switch auto-merge off; the event carries the reason."""
    if the_pull(issue).auto_merge is not None:
        the_pull(issue).auto_merge = None
        note(sandbox, issue, "auto_merge_disabled", actor)
        tell(sandbox, issue, "auto_merge_disabled", actor, reason=reason)


def settle(sandbox: "Sandbox", repo: Repo, sha: str) -> None:
    """Something was said about a commit: merge what waited for that and now has nothing in the way."""
    for issue in pulls.open_pulls(sandbox, repo):
        pull = the_pull(issue)
        if pull.auto_merge is None or pull.head_sha != sha:
            continue
        try:
            merge(sandbox, issue, pull.auto_merge_by, method=pull.auto_merge, permissions={"workflows": "write"})
        except Problem:
            continue  # still waiting; the next word about the commit asks again
