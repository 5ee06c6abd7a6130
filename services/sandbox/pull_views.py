"""How pull requests and reviews look in answers and webhooks.

`simple` is what lists carry; `full` adds what only the single pull request has: mergeability and sizes. A webhook
carries the mergeability that was known when it was sent, and asks for none.
"""

from typing import TYPE_CHECKING

from services.sandbox import issue_views, mergeability
from services.sandbox.git_values import FileChange, GitError
from services.sandbox.issue_views import association, person
from services.sandbox.kernel import Json
from services.sandbox.state import Issue, Pull, Repo, Review, ReviewComment, State
from services.sandbox.views import node_id, repository

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def the_pull(issue: Issue) -> Pull:
    """The pull-request side of an issue that is known to have one."""
    if issue.pull is None:
        raise LookupError(f"issue {issue.id} is no pull request")
    return issue.pull


def head_label(state: State, issue: Issue) -> str:
    """`owner:branch` of the head, as GitHub names it."""
    pull = the_pull(issue)
    head = state.repos.get(pull.head_repo_id)
    return f"{head.owner}:{pull.head_ref}" if head else pull.head_ref


def _end(state: State, base: str, repo: Repo | None, ref: str, sha: str, fallback: str) -> Json:
    owner = repo.owner if repo else fallback
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": person(state, base, owner),
        "repo": repository(state, base, repo) if repo else None,
    }


def _urls(base: str, repo: Repo, issue: Issue) -> dict[str, str]:
    api = f"{base}/repos/{repo.full_name}"
    html = f"{base.removesuffix('/api/v3')}/{repo.full_name}/pull/{issue.number}"
    url = f"{api}/pulls/{issue.number}"
    return {
        "url": url,
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": f"{api}/issues/{issue.number}",
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{api}/pulls/comments{{/number}}",
        "comments_url": f"{api}/issues/{issue.number}/comments",
        "statuses_url": f"{api}/statuses/{the_pull(issue).head_sha}",
    }


def simple(state: State, base: str, issue: Issue) -> Json:
    """GitHub's "pull request simple"."""
    pull, repo = the_pull(issue), state.repos[issue.repo_id]
    urls = _urls(base, repo, issue)
    assignees = [person(state, base, login) for login in issue.assignees]
    planned = repo.milestones.get(issue.milestone)
    names = ("html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses")
    return {
        **urls,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": issue.number,
        "state": issue.state,
        "locked": issue.locked,
        "active_lock_reason": issue.lock_reason,
        "title": issue.title,
        "user": person(state, base, issue.user),
        "body": issue.body,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "requested_reviewers": [person(state, base, login) for login in pull.requested_reviewers],
        "requested_teams": [],
        "labels": issue_views.labels(base, repo, issue),
        "milestone": issue_views.milestone(state, base, repo, planned) if planned else None,
        "draft": pull.draft,
        "head": _end(state, base, state.repos.get(pull.head_repo_id), pull.head_ref, pull.head_sha, issue.user),
        "base": _end(state, base, repo, pull.base_ref, pull.base_sha, repo.owner),
        "_links": {"self": {"href": urls["url"]}, **{name: {"href": urls[f"{name}_url"]} for name in names}},
        "author_association": association(state, repo, issue.user),
        "auto_merge": _auto_merge(state, base, issue),
    }


def _auto_merge(state: State, base: str, issue: Issue) -> Json:
    pull = the_pull(issue)
    if pull.auto_merge is None:
        return None
    return {
        "enabled_by": person(state, base, pull.auto_merge_by),
        "merge_method": pull.auto_merge,
        "commit_title": f"{issue.title} (#{issue.number})",
        "commit_message": "",
    }


def full(sandbox: "Sandbox", base: str, issue: Issue) -> Json:
    """GitHub's "pull request", with the mergeability known so far."""
    state, pull = sandbox.state, the_pull(issue)
    changes = files(sandbox, issue)
    review_comments = sum(c.issue_id == issue.id for c in state.review_comments.values())
    return {
        **simple(state, base, issue),
        "merged": pull.merged,
        "mergeable": pull.mergeable,
        "rebaseable": pull.mergeable,
        "mergeable_state": mergeability.word(sandbox, issue),
        "merged_by": person(state, base, pull.merged_by) if pull.merged_by else None,
        "comments": issue_views.comment_count(state, issue.id),
        "review_comments": review_comments,
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": commit_count(sandbox, issue),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }


def files(sandbox: "Sandbox", issue: Issue) -> list[FileChange]:
    """What the pull request changes: from where its head left the base to the head."""
    pull = the_pull(issue)
    try:
        fork_point = sandbox.git.merge_base(issue.repo_id, pull.base_sha, pull.head_sha)
        return sandbox.git.diff(issue.repo_id, fork_point, pull.head_sha) if fork_point else []
    except GitError:
        return []


def commit_count(sandbox: "Sandbox", issue: Issue) -> int:
    pull = the_pull(issue)
    try:
        return sandbox.git.ahead_behind(issue.repo_id, pull.base_sha, pull.head_sha)[0]
    except GitError:
        return 0


def unified_diff(changes: list[FileChange]) -> str:
    """The pull request as a patch text, for clients that ask for one by media type."""
    parts = []
    for change in changes:
        old = change.previous or change.filename
        names = (
            "/dev/null" if change.status == "added" else f"a/{old}",
            ("/dev/null" if change.status == "removed" else f"b/{change.filename}"),
        )
        parts.append(f"diff --git a/{old} b/{change.filename}\n")
        if change.patch is not None:
            parts.append(f"--- {names[0]}\n+++ {names[1]}\n{change.patch.rstrip(chr(10))}\n")
    return "".join(parts)


def review(state: State, base: str, which: Review) -> Json:
    """GitHub's "pull request review"; webhooks spell its state in lower case (see `review_event`)."""
    issue = state.issues[which.issue_id]
    repo = state.repos[issue.repo_id]
    urls = _urls(base, repo, issue)
    html = f"{urls['html_url']}#pullrequestreview-{which.id}"
    shown: dict[str, Json] = {
        "id": which.id,
        "node_id": node_id("PRR", which.id),
        "user": person(state, base, which.user),
        "body": which.body,
        "state": which.state,
        "html_url": html,
        "pull_request_url": urls["url"],
        "author_association": association(state, repo, which.user),
        "_links": {"html": {"href": html}, "pull_request": {"href": urls["url"]}},
        "commit_id": which.commit_id,
    }
    return shown | ({"submitted_at": which.submitted_at} if which.submitted_at else {})


def review_event(state: State, base: str, which: Review) -> Json:
    shown = review(state, base, which)
    return {**shown, "state": which.state.lower(), "body": which.body or None, "submitted_at": which.submitted_at}


def review_comment(state: State, base: str, which: ReviewComment) -> Json:
    issue = state.issues[which.issue_id]
    repo = state.repos[issue.repo_id]
    urls = _urls(base, repo, issue)
    url = f"{base}/repos/{repo.full_name}/pulls/comments/{which.id}"
    html = f"{urls['html_url']}#discussion_r{which.id}"
    shown: dict[str, Json] = {
        "url": url,
        "pull_request_review_id": which.review_id or None,
        "id": which.id,
        "node_id": node_id("PRRC", which.id),
        "diff_hunk": which.diff_hunk,
        "path": which.path,
        "commit_id": which.commit_id,
        "original_commit_id": which.commit_id,
        "user": person(state, base, which.user),
        "body": which.body,
        "created_at": which.created_at,
        "updated_at": which.updated_at or which.created_at,
        "html_url": html,
        "pull_request_url": urls["url"],
        "author_association": association(state, repo, which.user),
        "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": urls["url"]}},
        "reactions": issue_views.reactions(state, url, f"review-comment:{which.id}"),
        "side": which.side,
        "subject_type": "line" if which.line else "file",
    }
    if which.line:
        shown |= dict.fromkeys(("line", "original_line", "position", "original_position"), which.line)
    return shown | ({"in_reply_to_id": which.in_reply_to} if which.in_reply_to else {})
