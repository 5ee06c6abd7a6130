"""GraphQL fields of issues, pull requests, their comments and reviews."""

from typing import Any

from services.sandbox import issue_views, merge_queue, mergeability, merging, pull_views, requirements, views
from services.sandbox.graphql import FIELDS, INTERFACES, Args, Context, Node, Resolver, Rows
from services.sandbox.graphql_fields import actor
from services.sandbox.graphql_git import commit, ref, rollup
from services.sandbox.pull_views import the_pull
from services.sandbox.state import Comment, Issue, QueueEntry, Repo, Review

BOTH = {
    "Assignable", "Closable", "Comment", "IssueOrPullRequest", "Labelable", "Lockable", "Node", "Reactable",
    "RepositoryNode", "ReferencedSubject", "UniformResourceLocatable", "Updatable", "UpdatableComment",
}  # fmt: skip
INTERFACES |= {
    "Issue": BOTH | {"Deletable"},
    "PullRequest": BOTH,
    "RenamedTitleEvent": {"IssueTimelineItems", "Node", "PullRequestTimelineItems"},
    "IssueComment": {"Comment", "Deletable", "Node", "Reactable", "RepositoryNode", "Updatable", "UpdatableComment"},
    "PullRequestReview": {"Comment", "Deletable", "Node", "Reactable", "RepositoryNode", "Updatable"},
}


def repo_of(context: Context, issue: Issue) -> Repo:
    return context.state.repos[issue.repo_id]


def node_of(issue: Issue) -> Node:
    return Node("PullRequest" if issue.pull is not None else "Issue", issue)


def _url(context: Context, issue: Issue, args: Args) -> str:
    kind = "pull" if issue.pull is not None else "issues"
    return f"{context.base}/{repo_of(context, issue).full_name}/{kind}/{issue.number}"


def _labels(context: Context, issue: Issue, args: Args) -> Rows:
    repo = repo_of(context, issue)
    found = [repo.labels.get(name.lower()) for name in issue.labels]
    return Rows("Label", [(repo, label) for label in found if label is not None])


def _assignees(context: Context, issue: Issue, args: Args) -> Rows:
    return Rows("User", [actor(context, login) for login in issue.assignees])


def _comments(context: Context, issue: Issue, args: Args) -> Rows:
    return Rows("IssueComment", [c for c in context.state.comments.values() if c.issue_id == issue.id])


def _timeline(context: Context, issue: Issue, args: Args) -> Rows:
    """Of an issue's history no more than how its title has changed."""
    asked = args.get("itemTypes") or ["RENAMED_TITLE_EVENT"]
    events = context.state.issue_events.values() if "RENAMED_TITLE_EVENT" in asked else ()
    found = [each for each in events if (each.issue_id, each.event) == (issue.id, "renamed")]
    return Rows("IssueTimelineItems", [Node("RenamedTitleEvent", each) for each in found])


def _author_association(context: Context, issue: Issue, args: Args) -> str:
    return issue_views.association(context.state, repo_of(context, issue), issue.user)


def _milestone(context: Context, issue: Issue, args: Args) -> Node | None:
    found = repo_of(context, issue).milestones.get(issue.milestone)
    if found is None:
        return None
    known = {"number": found.number, "title": found.title, "description": found.description, "dueOn": found.due_on}
    return Node("Milestone", {"id": views.node_id("MI", found.id), **known, "state": found.state.upper()})


SHARED: dict[str, Resolver] = {
    "number": lambda c, r, a: r.number,
    "title": lambda c, r, a: r.title,
    "body": lambda c, r, a: r.body or "",
    "bodyText": lambda c, r, a: r.body or "",
    "closed": lambda c, r, a: r.state == "closed",
    "closedAt": lambda c, r, a: r.closed_at,
    "createdAt": lambda c, r, a: r.created_at,
    "updatedAt": lambda c, r, a: r.updated_at,
    "lastEditedAt": lambda c, r, a: r.edited_at,
    "author": lambda c, r, a: actor(c, r.user),
    "authorAssociation": _author_association,
    "url": _url,
    "locked": lambda c, r, a: r.locked,
    "repository": lambda c, r, a: Node("Repository", repo_of(c, r)),
    "labels": _labels,
    "assignees": _assignees,
    "comments": _comments,
    "milestone": _milestone,
    "projectItems": lambda c, r, a: Rows("ProjectV2Item", []),
    "projectCards": lambda c, r, a: Rows("ProjectCard", []),
    "reactionGroups": lambda c, r, a: [],
}


def _summary(context: Context, issue: Issue, args: Args) -> Node:
    done = sum(context.state.issues[i].state == "closed" for i in issue.sub_issues)
    total = len(issue.sub_issues)
    share = done * 100 // total if total else 0
    return Node("SubIssuesSummary", {"total": total, "completed": done, "percentCompleted": share})


FIELDS["Issue"] = {
    **SHARED,
    "id": lambda c, r, a: views.node_id("I", r.id),
    "databaseId": lambda c, r, a: r.id,
    "fullDatabaseId": lambda c, r, a: str(r.id),
    "state": lambda c, r, a: r.state.upper(),
    "stateReason": lambda c, r, a: r.state_reason.upper() if r.state_reason else None,
    "isPinned": lambda c, r, a: False,
    "parent": lambda c, r, a: Node("Issue", c.state.issues[r.parent]) if r.parent else None,
    "subIssues": lambda c, r, a: Rows("Issue", [c.state.issues[i] for i in r.sub_issues]),
    "subIssuesSummary": _summary,
    "timelineItems": _timeline,
}
FIELDS["RenamedTitleEvent"] = {
    "id": lambda c, r, a: views.node_id("RTE", r.id),
    "createdAt": lambda c, r, a: r.created_at,
    "actor": lambda c, r, a: actor(c, r.actor),
    "previousTitle": lambda c, r, a: r.data["rename"]["from"],
    "currentTitle": lambda c, r, a: r.data["rename"]["to"],
}


def _state(context: Context, issue: Issue, args: Args) -> str:
    return "MERGED" if the_pull(issue).merged else issue.state.upper()


def _mergeable(context: Context, issue: Issue, args: Args) -> str:
    """Asking starts the computation, as in REST."""
    if issue.state == "open":
        mergeability.ask(context.sandbox, issue)
    return {None: "UNKNOWN", True: "MERGEABLE", False: "CONFLICTING"}[the_pull(issue).mergeable]


def _decision(context: Context, issue: Issue, args: Args) -> str | None:
    rules = requirements.protection(context.sandbox, issue)
    found = {r.state for r in requirements.opinions(context.sandbox, repo_of(context, issue), issue)}
    if "CHANGES_REQUESTED" in found:
        return "CHANGES_REQUESTED"
    if rules is None or not (rules.approvals or rules.code_owners):
        return None
    return "REVIEW_REQUIRED" if requirements.reviews_text(context.sandbox, issue, rules) else "APPROVED"


def _head_repo(context: Context, issue: Issue) -> Repo | None:
    return context.state.repos.get(the_pull(issue).head_repo_id)


def _head_ref(context: Context, issue: Issue, args: Args) -> Node | None:
    repo, name = _head_repo(context, issue), f"refs/heads/{the_pull(issue).head_ref}"
    return ref(repo, name, context.git.refs(repo.id).get(name)) if repo is not None else None


def _base_ref(context: Context, issue: Issue, args: Args) -> Node | None:
    repo, name = repo_of(context, issue), f"refs/heads/{the_pull(issue).base_ref}"
    return ref(repo, name, context.git.refs(repo.id).get(name))


def _merge_commit(context: Context, issue: Issue, args: Args) -> Node | None:
    pull = the_pull(issue)
    return commit(context, repo_of(context, issue), pull.merge_commit_sha) if pull.merged else None


def _test_merge(context: Context, issue: Issue, args: Args) -> Node | None:
    pull = the_pull(issue)
    return commit(context, repo_of(context, issue), pull.merge_commit_sha) if pull.mergeable else None


def _auto_merge(context: Context, issue: Issue, args: Args) -> Node | None:
    pull = the_pull(issue)
    if pull.auto_merge is None:
        return None
    known = {"mergeMethod": pull.auto_merge.upper(), "enabledBy": actor(context, pull.auto_merge_by)}
    return Node("AutoMergeRequest", {**known, "enabledAt": issue.updated_at, "pullRequest": node_of(issue)})


def _commits(context: Context, issue: Issue, args: Args) -> Rows:
    repo, pull = repo_of(context, issue), the_pull(issue)
    tip = mergeability.base_tip(context.sandbox, issue)
    found = context.git.log(repo.id, pull.head_sha, exclude=tip or pull.base_sha)[::-1]
    rows = [{"id": f"PRC_{each.sha}", "commit": Node("Commit", (repo, each))} for each in found]
    return Rows("PullRequestCommit", rows)


def _files(context: Context, issue: Issue, args: Args) -> Rows:
    words = {"added": "ADDED", "removed": "DELETED", "renamed": "RENAMED"}
    rows = [
        {
            "path": change.filename,
            "additions": change.additions,
            "deletions": change.deletions,
            "changeType": words.get(change.status, "MODIFIED"),
        }
        for change in pull_views.files(context.sandbox, issue)
    ]
    return Rows("PullRequestChangedFile", rows)


def _sum(name: str) -> Resolver:
    return lambda c, r, a: sum(getattr(change, name) for change in pull_views.files(c.sandbox, r))


def _reviews(context: Context, issue: Issue, args: Args) -> Rows:
    states = args.get("states")
    found = [r for r in context.state.reviews.values() if r.issue_id == issue.id and (not states or r.state in states)]
    return Rows("PullRequestReview", found)


def _latest_reviews(context: Context, issue: Issue, args: Args) -> Rows:
    return Rows("PullRequestReview", requirements.opinions(context.sandbox, repo_of(context, issue), issue))


def _requests(context: Context, issue: Issue, args: Args) -> Rows:
    rows = [
        {"id": f"RRQ_{issue.id:x}_{login}", "requestedReviewer": actor(context, login)}
        for login in the_pull(issue).requested_reviewers
    ]
    return Rows("ReviewRequest", rows)


def _closes(context: Context, issue: Issue, args: Args) -> Rows:
    """The issues its merge would close: only when it goes to the default branch."""
    repo = repo_of(context, issue)
    if the_pull(issue).base_ref != repo.default_branch:
        return Rows("Issue", [])
    return Rows("Issue", merging.linked(context.sandbox, repo, issue.body or ""))


def _rollup(context: Context, issue: Issue, args: Args) -> Node | None:
    head = commit(context, repo_of(context, issue), the_pull(issue).head_sha)
    return rollup(context, head.row, args) if head is not None else None


def _head_owner(context: Context, issue: Issue, args: Args) -> Node | None:
    repo = _head_repo(context, issue)
    return actor(context, repo.owner) if repo is not None else None


def _head_repository(context: Context, issue: Issue, args: Args) -> Node | None:
    repo = _head_repo(context, issue)
    return Node("Repository", repo) if repo is not None else None


def _queue_entry(context: Context, issue: Issue, args: Args) -> Node | None:
    entry = merge_queue.entry_of(context.sandbox, issue)
    return Node("MergeQueueEntry", entry) if entry is not None else None


def _queue_on(context: Context, issue: Issue, args: Args) -> bool:
    rules = requirements.protection(context.sandbox, issue)
    return rules is not None and rules.merge_queue


def _merge_state(context: Context, issue: Issue, args: Args) -> str:
    return mergeability.word(context.sandbox, issue).upper()


FIELDS["PullRequest"] = {
    **SHARED,
    "id": lambda c, r, a: views.node_id("PR", the_pull(r).id),
    "databaseId": lambda c, r, a: the_pull(r).id,
    "fullDatabaseId": lambda c, r, a: str(the_pull(r).id),
    "state": _state,
    "isDraft": lambda c, r, a: the_pull(r).draft,
    "merged": lambda c, r, a: the_pull(r).merged,
    "mergedAt": lambda c, r, a: the_pull(r).merged_at,
    "mergedBy": lambda c, r, a: actor(c, the_pull(r).merged_by),
    "mergeable": _mergeable,
    "mergeStateStatus": _merge_state,
    "mergeCommit": _merge_commit,
    "potentialMergeCommit": _test_merge,
    "headRefName": lambda c, r, a: the_pull(r).head_ref,
    "headRefOid": lambda c, r, a: the_pull(r).head_sha,
    "baseRefName": lambda c, r, a: the_pull(r).base_ref,
    "baseRefOid": lambda c, r, a: mergeability.base_tip(c.sandbox, r) or the_pull(r).base_sha,
    "headRef": _head_ref,
    "baseRef": _base_ref,
    "headRepository": _head_repository,
    "headRepositoryOwner": _head_owner,
    "isCrossRepository": lambda c, r, a: the_pull(r).head_repo_id != r.repo_id,
    "maintainerCanModify": lambda c, r, a: the_pull(r).maintainer_can_modify,
    "autoMergeRequest": _auto_merge,
    "isInMergeQueue": lambda c, r, a: merge_queue.entry_of(c.sandbox, r) is not None,
    "isMergeQueueEnabled": _queue_on,
    "mergeQueueEntry": _queue_entry,
    "reviewDecision": _decision,
    "reviews": _reviews,
    "latestReviews": _latest_reviews,
    "latestOpinionatedReviews": _latest_reviews,
    "reviewRequests": _requests,
    "commits": _commits,
    "files": _files,
    "changedFiles": lambda c, r, a: len(pull_views.files(c.sandbox, r)),
    "additions": _sum("additions"),
    "deletions": _sum("deletions"),
    "closingIssuesReferences": _closes,
    "statusCheckRollup": _rollup,
}


def _group_commit(context: Context, row: QueueEntry, sha: str) -> Node | None:
    return commit(context, context.state.repos[row.repo_id], sha)


def _position(context: Context, row: QueueEntry, args: Args) -> int:
    before = [e for e in context.state.queue if (e.repo_id, e.base) == (row.repo_id, row.base)]
    return before.index(row) + 1 if row in before else 0


FIELDS["MergeQueueEntry"] = {
    "id": lambda c, r, a: views.node_id("MQE", r.id),
    "state": lambda c, r, a: "AWAITING_CHECKS" if r.head_sha else "QUEUED",
    "position": _position,
    "enqueuedAt": lambda c, r, a: r.created_at,
    "enqueuer": lambda c, r, a: actor(c, r.actor),
    "pullRequest": lambda c, r, a: node_of(c.state.issues[r.issue_id]),
    "headCommit": lambda c, r, a: _group_commit(c, r, r.head_sha),
    "baseCommit": lambda c, r, a: _group_commit(c, r, r.base_sha),
    "estimatedTimeToMerge": lambda c, r, a: None,
    "jump": lambda c, r, a: False,
    "solo": lambda c, r, a: False,
}


def _issue_under(context: Context, row: Any) -> Issue:
    return context.state.issues[row.issue_id]


def _comment_url(context: Context, row: Comment, args: Args) -> str:
    return f"{_url(context, _issue_under(context, row), args)}#issuecomment-{row.id}"


def _review_url(context: Context, row: Review, args: Args) -> str:
    return f"{_url(context, _issue_under(context, row), args)}#pullrequestreview-{row.id}"


def _comment_association(context: Context, row: Comment, args: Args) -> str:
    return issue_views.association(context.state, repo_of(context, _issue_under(context, row)), row.user)


FIELDS["IssueComment"] = {
    "id": lambda c, r, a: views.node_id("IC", r.id),
    "databaseId": lambda c, r, a: r.id,
    "fullDatabaseId": lambda c, r, a: str(r.id),
    "body": lambda c, r, a: r.body,
    "bodyText": lambda c, r, a: r.body,
    "author": lambda c, r, a: actor(c, r.user),
    "authorAssociation": _comment_association,
    "createdAt": lambda c, r, a: r.created_at,
    "updatedAt": lambda c, r, a: r.updated_at,
    "includesCreatedEdit": lambda c, r, a: False,
    "isMinimized": lambda c, r, a: False,
    "minimizedReason": lambda c, r, a: None,
    "reactionGroups": lambda c, r, a: [],
    "url": _comment_url,
    "issue": lambda c, r, a: Node("Issue", _issue_under(c, r)),
    "repository": lambda c, r, a: Node("Repository", repo_of(c, _issue_under(c, r))),
    "viewerDidAuthor": lambda c, r, a: r.user == c.call.actor,
}
FIELDS["PullRequestReview"] = {
    "id": lambda c, r, a: views.node_id("PRR", r.id),
    "databaseId": lambda c, r, a: r.id,
    "state": lambda c, r, a: r.state,
    "body": lambda c, r, a: r.body,
    "author": lambda c, r, a: actor(c, r.user),
    "authorAssociation": _comment_association,
    "submittedAt": lambda c, r, a: r.submitted_at,
    "commit": lambda c, r, a: commit(c, repo_of(c, _issue_under(c, r)), r.commit_id),
    "pullRequest": lambda c, r, a: node_of(_issue_under(c, r)),
    "url": _review_url,
}
