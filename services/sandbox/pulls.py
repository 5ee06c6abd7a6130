"""The life of a pull request but for its merge: opened, edited, retargeted, closed, reopened, moved by pushes.

A push to the head brings `synchronize`; one to the base makes every mergeability unknown again, and marks as merged
what it brought in; a deleted branch closes the requests from it and into it.
"""

from typing import TYPE_CHECKING

from services.sandbox import codeowners, issue_views, issues, mergeability
from services.sandbox.clock import stamp
from services.sandbox.git_values import ZERO, GitError
from services.sandbox.issues import note, tell
from services.sandbox.kernel import Json, Problem, invalid
from services.sandbox.pull_views import the_pull
from services.sandbox.state import Issue, Pull, Repo
from services.sandbox.views import account

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def refused(message: str, field: str = "") -> Problem:
    """422 with one custom sentence."""
    error = {"resource": "PullRequest", "code": "custom", "message": message} | ({"field": field} if field else {})
    return Problem(422, "Validation Failed", errors=[error])


def create(
    sandbox: "Sandbox",
    repo: Repo,
    actor: str,
    *,
    head_repo: Repo,
    head: str,
    base: str,
    title: str = "",
    body: str | None = None,
    draft: bool = False,
    maintainer_can_modify: bool = True,
    issue: Issue | None = None,
    app_id: int = 0,
) -> Issue:
    """Open a pull request (or make one of an `issue`); raises GitHub's 422s."""
    base_sha = sandbox.git.resolve(repo.id, f"refs/heads/{base}")
    head_sha = sandbox.git.resolve(head_repo.id, f"refs/heads/{head}")
    if base_sha is None:
        raise invalid("PullRequest", "base")
    if head_sha is None:
        raise invalid("PullRequest", "head")
    sandbox.git.bring(head_repo.id, repo.id, head_sha)
    _check_new(sandbox, repo, head_repo, (head, head_sha), (base, base_sha))
    record = issue or issues.new_record(sandbox, repo, actor, title, body, app_id)
    record.pull = Pull(
        id=sandbox.state.new_id(),
        head_repo_id=head_repo.id,
        head_ref=head,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        draft=draft,
        maintainer_can_modify=maintainer_can_modify and head_repo.id != repo.id,
    )
    sandbox.git.set_ref(repo.id, f"refs/pull/{record.number}/head", head_sha)
    tell(sandbox, record, "opened", actor)
    if not draft:
        _ask_owners(sandbox, record, actor)
    return record


def _check_new(sandbox: "Sandbox", repo: Repo, head_repo: Repo, head: tuple[str, str], base: tuple[str, str]) -> None:
    """Refuse a second request for the same branches, an empty one, and one between unrelated histories."""
    for other in open_pulls(sandbox, repo):
        pull = the_pull(other)
        if (pull.head_repo_id, pull.head_ref, pull.base_ref) == (head_repo.id, head[0], base[0]):
            raise refused(f"A pull request already exists for {head_repo.owner}:{head[0]}.")
    names = (base[0], head[0])
    if head_repo.id != repo.id:
        names = (f"{repo.owner}:{base[0]}", f"{head_repo.owner}:{head[0]}")
    if sandbox.git.merge_base(repo.id, base[1], head[1]) is None:
        raise refused(f"The {names[1]} branch has no history in common with {names[0]}")
    if sandbox.git.ahead_behind(repo.id, base[1], head[1])[0] == 0:
        raise refused(f"No commits between {names[0]} and {names[1]}")


def open_pulls(sandbox: "Sandbox", repo: Repo | None = None) -> list[Issue]:
    """Open pull requests into a repository, or into all."""
    rows = sandbox.state.issues.values()
    return [i for i in rows if i.pull and i.state == "open" and (repo is None or i.repo_id == repo.id)]


def _ask_owners(sandbox: "Sandbox", issue: Issue, actor: str) -> None:
    asked = [login for group in codeowners.owners_of_change(sandbox, issue) for login in group]
    request_reviews(sandbox, issue, [login for login in asked if login.lower() != issue.user.lower()], actor)


def request_reviews(sandbox: "Sandbox", issue: Issue, logins: list[str], actor: str, app_id: int = 0) -> None:
    """Ask people for a review, one event each; those asked already are left."""
    pull, state = the_pull(issue), sandbox.state
    for login in dict.fromkeys(account(state, login).login for login in logins):
        if login in pull.requested_reviewers:
            continue
        pull.requested_reviewers.append(login)
        note(sandbox, issue, "review_requested", actor, app_id, review_requester=actor, requested_reviewer=login)
        shown = issue_views.person(state, sandbox.public_url, login)
        tell(sandbox, issue, "review_requested", actor, requested_reviewer=shown)


def withdraw_requests(sandbox: "Sandbox", issue: Issue, logins: list[str], actor: str, app_id: int = 0) -> None:
    pull, gone = the_pull(issue), {login.lower() for login in logins}
    for login in [name for name in pull.requested_reviewers if name.lower() in gone]:
        pull.requested_reviewers.remove(login)
        data = {"review_requester": actor, "requested_reviewer": login}
        note(sandbox, issue, "review_request_removed", actor, app_id, **data)
        shown = issue_views.person(sandbox.state, sandbox.public_url, login)
        tell(sandbox, issue, "review_request_removed", actor, requested_reviewer=shown)


def set_draft(sandbox: "Sandbox", issue: Issue, draft: bool, actor: str) -> None:
    """To draft and back; only GraphQL can ask for it. Owners are asked for reviews when it leaves the draft state."""
    pull = the_pull(issue)
    if pull.draft == draft:
        return
    pull.draft = draft
    note(sandbox, issue, "convert_to_draft" if draft else "ready_for_review", actor)
    tell(sandbox, issue, "converted_to_draft" if draft else "ready_for_review", actor)
    if not draft:
        _ask_owners(sandbox, issue, actor)


def retarget(sandbox: "Sandbox", issue: Issue, base: str, actor: str) -> None:
    """Another base branch: `edited` with what it was; the head stays and mergeability is unknown again."""
    from services.sandbox import merging

    pull = the_pull(issue)
    if base == pull.base_ref:
        return
    if issue.state != "open":
        raise Problem(422, "Cannot change the base branch of a closed pull request")
    tip = sandbox.git.resolve(issue.repo_id, f"refs/heads/{base}")
    if tip is None:
        raise invalid("PullRequest", "base")
    if sandbox.git.ahead_behind(issue.repo_id, tip, pull.head_sha)[0] == 0:
        raise refused(f"There are no new commits between base branch '{base}' and head branch '{pull.head_ref}'")
    for other in open_pulls(sandbox, sandbox.state.repos[issue.repo_id]):
        theirs = the_pull(other)
        if (theirs.head_repo_id, theirs.head_ref, theirs.base_ref) == (pull.head_repo_id, pull.head_ref, base):
            raise refused(
                f"A pull request already exists for base branch '{base}' and head branch '{pull.head_ref}'", "base"
            )
    before: Json = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
    note(sandbox, issue, "base_ref_changed", actor)
    pull.base_ref, pull.base_sha = base, tip
    mergeability.forget(pull)
    tell(sandbox, issue, "edited", actor, changes={"base": before})
    merging.disable_auto_merge(sandbox, issue, actor, "Base branch changed")


def set_state(sandbox: "Sandbox", issue: Issue, state: str, actor: str, app_id: int = 0) -> None:
    """Close or reopen, as a person or an App asks for it."""
    if state == issue.state:
        return
    if state == "closed":
        close(sandbox, issue, actor, app_id)
    else:
        reopen(sandbox, issue, actor, app_id)


def close(sandbox: "Sandbox", issue: Issue, actor: str, app_id: int = 0) -> None:
    """Close without merging."""
    issue.state, issue.closed_at, issue.closed_by = "closed", stamp(sandbox.now()), actor
    the_pull(issue).auto_merge = None
    note(sandbox, issue, "closed", actor, app_id)
    tell(sandbox, issue, "closed", actor)


def reopen(sandbox: "Sandbox", issue: Issue, actor: str, app_id: int = 0) -> None:
    """Open again at the head's tip of now; 422 when a branch is gone or was forced, or a newer request is there."""
    pull, repo = the_pull(issue), sandbox.state.repos[issue.repo_id]
    head_tip = sandbox.git.resolve(pull.head_repo_id, f"refs/heads/{pull.head_ref}")
    why = ""
    if pull.merged:
        why = "The pull request is already merged."
    elif head_tip is None or pull.head_repo_id not in sandbox.state.repos:
        why = f"state cannot be changed. The {pull.head_ref} branch has been deleted."
    elif mergeability.base_tip(sandbox, issue) is None:
        why = f"state cannot be changed. The {pull.base_ref} branch has been deleted."
    elif not sandbox.git.contains(pull.head_repo_id, head_tip, pull.head_sha):
        why = f"state cannot be changed. The {pull.head_ref} branch was force-pushed or recreated."
    elif any(_same_branches(pull, the_pull(other)) for other in open_pulls(sandbox, repo)):
        why = f"state cannot be changed. There is already an open pull request from {pull.head_ref}."
    elif _is_empty(sandbox, issue, head_tip):
        why = f"state cannot be changed. There are no new commits on the {pull.head_ref} branch."
    if why or head_tip is None:
        raise refused(why, "state")
    _move_head(sandbox, issue, head_tip)
    issue.state, issue.closed_at, issue.closed_by = "open", None, None
    note(sandbox, issue, "reopened", actor, app_id)
    tell(sandbox, issue, "reopened", actor)


def _same_branches(one: Pull, other: Pull) -> bool:
    return (one.head_repo_id, one.head_ref, one.base_ref) == (other.head_repo_id, other.head_ref, other.base_ref)


def _is_empty(sandbox: "Sandbox", issue: Issue, head: str) -> bool:
    sandbox.git.bring(the_pull(issue).head_repo_id, issue.repo_id, head)
    tip = mergeability.base_tip(sandbox, issue)
    return tip is not None and sandbox.git.contains(issue.repo_id, tip, head)


def _move_head(sandbox: "Sandbox", issue: Issue, sha: str) -> None:
    pull = the_pull(issue)
    sandbox.git.bring(pull.head_repo_id, issue.repo_id, sha)
    sandbox.git.set_ref(issue.repo_id, f"refs/pull/{issue.number}/head", sha)
    pull.head_sha = sha
    pull.base_sha = mergeability.base_tip(sandbox, issue) or pull.base_sha
    mergeability.forget(pull)


def on_push(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, actor: str) -> None:
    """What a moved branch means for pull requests; called after every change of a ref (zeros = not there)."""
    if not ref.startswith("refs/heads/"):
        return
    branch = ref.removeprefix("refs/heads/")
    if after == ZERO:
        _branch_deleted(sandbox, repo, branch, actor)
        return
    for issue in open_pulls(sandbox):
        pull = the_pull(issue)
        if (pull.head_repo_id, pull.head_ref) == (repo.id, branch):
            _head_moved(sandbox, issue, before, after, actor)
    for issue in open_pulls(sandbox, repo):
        if the_pull(issue).base_ref == branch:
            _base_moved(sandbox, issue, after, actor)
    if branch == repo.default_branch and before != ZERO:
        from services.sandbox import merging

        merging.close_by_commits(sandbox, repo, before, after, actor)


def _head_moved(sandbox: "Sandbox", issue: Issue, before: str, after: str, actor: str) -> None:
    """`synchronize`; a head that has nothing new any more closes the request, for good."""
    from services.sandbox import reviews

    if _is_empty(sandbox, issue, after):
        close(sandbox, issue, actor)
        return
    old_base = the_pull(issue).base_sha
    _move_head(sandbox, issue, after)
    note(sandbox, issue, "head_ref_force_pushed" if _forced(sandbox, issue, before, after) else "synchronized", actor)
    tell(sandbox, issue, "synchronize", actor, before=before, after=after)
    reviews.dismiss_stale(sandbox, issue, (old_base, before), actor)


def _forced(sandbox: "Sandbox", issue: Issue, before: str, after: str) -> bool:
    try:
        return before == ZERO or not sandbox.git.contains(issue.repo_id, after, before)
    except GitError:
        return True


def _base_moved(sandbox: "Sandbox", issue: Issue, after: str, actor: str) -> None:
    """Unknown again; merged when the base now has the head."""
    from services.sandbox import merging

    pull = the_pull(issue)
    if sandbox.git.contains(issue.repo_id, after, pull.head_sha):
        merging.mark_merged(sandbox, issue, pull.head_sha, actor)
    else:
        mergeability.forget(pull)


def _branch_deleted(sandbox: "Sandbox", repo: Repo, branch: str, actor: str) -> None:
    """Requests from the branch and into it are closed (a merge that deletes its branch retargets them before)."""
    for issue in open_pulls(sandbox):
        pull = the_pull(issue)
        from_it = (pull.head_repo_id, pull.head_ref) == (repo.id, branch)
        into_it = (issue.repo_id, pull.base_ref) == (repo.id, branch)
        if from_it:
            note(sandbox, issue, "head_ref_deleted", actor)
        if from_it or into_it:
            close(sandbox, issue, actor)
