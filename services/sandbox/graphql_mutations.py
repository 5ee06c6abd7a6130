"""GraphQL's acts: those that REST does not have (drafts, auto-merge, the queue, rebasing an update), and the most used
others.

Each does what its REST neighbour does, through the same functions, so that both tell the same webhooks and refuse in
the same words.
"""

from collections.abc import Callable
from typing import Any

from services.sandbox import issues, labels, links, merge_queue, merging, pulls, reverting
from services.sandbox.graphql import FIELDS, Args, Context, Node, Refused
from services.sandbox.graphql_fields import actor, find
from services.sandbox.graphql_issues import node_of
from services.sandbox.pull_views import the_pull
from services.sandbox.state import Issue, Repo

Act = Callable[[Context, Args], dict[str, Any]]
FIELDS["Mutation"] = {}


def mutation(name: str) -> Callable[[Act], Act]:
    """Register an act; it takes the input object and returns the fields of its payload."""

    def register(act: Act) -> Act:
        def resolve(context: Context, row: Any, args: Args) -> Node:
            given = args.get("input")
            if not isinstance(given, dict):
                raise Refused("argumentLiteralsIncompatible", f"Field '{name}' is missing required arguments: input")
            payload = {"clientMutationId": given.get("clientMutationId"), **act(context, given)}
            return Node(f"{name[0].upper()}{name[1:]}Payload", payload)

        FIELDS["Mutation"][name] = resolve
        return act

    return register


def _subject(context: Context, given: Any, kind: str = "") -> Issue:
    """The issue or pull request of an id, with the right to write on it."""
    node = find(context, given)
    if not isinstance(node.row, Issue) or (kind and node.kind != kind):
        text = f"Could not resolve to {kind or 'Issue or PullRequest'} node with the global id of '{given}'."
        raise Refused("NOT_FOUND", text)
    name = "pull_requests" if node.row.pull is not None else "issues"
    context.need(context.state.repos[node.row.repo_id], f"{name}:write")
    return node.row


def _pull(context: Context, args: Args, need: str = "") -> Issue:
    issue = _subject(context, args.get("pullRequestId"), "PullRequest")
    if need:
        context.need(context.state.repos[issue.repo_id], need)
    return issue


def _expect_head(issue: Issue, args: Args) -> None:
    wanted = args.get("expectedHeadOid")
    if wanted is not None and wanted != the_pull(issue).head_sha:
        raise Refused("UNPROCESSABLE", merging.HEAD_MOVED)


def _permissions(context: Context) -> dict[str, str] | None:
    token = context.call.who.token if context.call.who.installation is not None else None
    return token.permissions if token is not None else None


def _text(args: Args, name: str) -> str:
    found = args.get(name)
    if not isinstance(found, str) or not found.strip():
        raise Refused("UNPROCESSABLE", f"{name[0].upper()}{name[1:]} can't be blank")
    if len(found) > 65_536:
        raise Refused("UNPROCESSABLE", f"{name[0].upper()}{name[1:]} is too long (maximum is 65536 characters)")
    return found


@mutation("addComment")
def add_comment(context: Context, args: Args) -> dict[str, Any]:
    issue = _subject(context, args.get("subjectId"))
    made = issues.comment(context.sandbox, issue, context.call.actor, _text(args, "body"), context.call.app_id)
    edge = Node("IssueCommentEdge", {"cursor": "Y3Vyc29y1", "node": Node("IssueComment", made)})
    return {"commentEdge": edge, "subject": node_of(issue), "timelineEdge": None}


@mutation("updateIssueComment")
def update_comment(context: Context, args: Args) -> dict[str, Any]:
    node = find(context, args.get("id"))
    if node.kind != "IssueComment":
        raise Refused("NOT_FOUND", f"Could not resolve to IssueComment node with the global id of '{args.get('id')}'.")
    context.need(context.state.repos[context.state.issues[node.row.issue_id].repo_id], "issues:write")
    issues.edit_comment(context.sandbox, node.row, context.call.actor, _text(args, "body"))
    return {"issueComment": node}


@mutation("createIssue")
def create_issue(context: Context, args: Args) -> dict[str, Any]:
    node = find(context, args.get("repositoryId"))
    if not isinstance(node.row, Repo):
        raise Refused("NOT_FOUND", "Could not resolve to a Repository.")
    context.need(node.row, "issues:write")
    title = _text(args, "title")
    made = issues.create(
        context.sandbox,
        node.row,
        context.call.actor,
        title=title,
        body=args.get("body"),
        app_id=context.call.app_id,
    )
    return {"issue": Node("Issue", made)}


@mutation("createCheckRun")
def create_check_run(context: Context, args: Args) -> dict[str, Any]:
    """What REST does, whose words for statuses and conclusions are small."""
    from services.sandbox.rest import checks

    node = find(context, args.get("repositoryId"))
    if not isinstance(node.row, Repo):
        raise Refused("NOT_FOUND", "Could not resolve to a Repository.")
    context.need(node.row, "checks:write")
    run = checks.filed(context.call, node.row, _in_rest(args))
    return {"checkRun": Node("CheckRun", run)}


@mutation("updateCheckRun")
def update_check_run(context: Context, args: Args) -> dict[str, Any]:
    from services.sandbox.rest import checks

    repo, found = find(context, args.get("repositoryId")).row, find(context, args.get("checkRunId"))
    if not isinstance(repo, Repo) or found.kind != "CheckRun" or found.row.repo_id != repo.id:
        raise Refused("NOT_FOUND", "Could not resolve to a CheckRun.")
    context.need(repo, "checks:write")
    return {"checkRun": Node("CheckRun", checks.rewritten(context.call, found.row, _in_rest(args)))}


def _in_rest(args: Args) -> dict[str, Any]:
    names = {"headSha": "head_sha", "externalId": "external_id", "detailsUrl": "details_url"}
    kept = ("name", "output", "actions")
    body = {new: args[old] for old, new in names.items() if args.get(old) is not None}
    body |= {name: args[name] for name in kept if args.get(name) is not None}
    return body | {name: str(args[name]).lower() for name in ("status", "conclusion") if args.get(name) is not None}


@mutation("closeIssue")
def close_issue(context: Context, args: Args) -> dict[str, Any]:
    issue = _subject(context, args.get("issueId"), "Issue")
    reason = str(args.get("stateReason") or "COMPLETED").lower()
    if issue.state == "open":
        issues.close(context.sandbox, issue, context.call.actor, reason, app_id=context.call.app_id)
    return {"issue": Node("Issue", issue)}


@mutation("reopenIssue")
def reopen_issue(context: Context, args: Args) -> dict[str, Any]:
    issue = _subject(context, args.get("issueId"), "Issue")
    if issue.state == "closed":
        issues.reopen(context.sandbox, issue, context.call.actor, context.call.app_id)
    return {"issue": Node("Issue", issue)}


@mutation("addSubIssue")
def add_sub_issue(context: Context, args: Args) -> dict[str, Any]:
    parent = _subject(context, args.get("issueId"), "Issue")
    child = find(context, args.get("subIssueId") or _by_url(context, args.get("subIssueUrl")))
    if child.kind != "Issue":
        raise Refused("UNPROCESSABLE", "Sub issues may only be issues")
    links.add_child(
        context.sandbox,
        parent,
        child.row,
        context.call.actor,
        replace_parent=bool(args.get("replaceParent")),
        app_id=context.call.app_id,
    )
    return {"issue": Node("Issue", parent), "subIssue": child}


def _by_url(context: Context, url: Any) -> str:
    """The id of an issue that is named by its page."""
    from services.sandbox import views

    parts = url.rstrip("/").split("/")[-4:] if isinstance(url, str) else []
    repo = context.sandbox.repo_named("/".join(parts[:2])) if len(parts) == 4 and parts[3].isdecimal() else None
    found = context.sandbox.issue_numbered(repo, int(parts[3][:12])) if repo is not None else None
    if found is None:
        raise Refused("NOT_FOUND", "Could not resolve to an Issue.")
    return views.node_id("I", found.id)


@mutation("removeSubIssue")
def remove_sub_issue(context: Context, args: Args) -> dict[str, Any]:
    parent = _subject(context, args.get("issueId"), "Issue")
    child = find(context, args.get("subIssueId"))
    if child.kind != "Issue" or child.row.id not in parent.sub_issues:
        raise Refused("UNPROCESSABLE", "The provided sub-issue is not a sub-issue of this issue")
    links.remove_child(context.sandbox, parent, child.row, context.call.actor, context.call.app_id)
    return {"issue": Node("Issue", parent), "subIssue": child}


def _label_names(context: Context, issue: Issue, ids: Any) -> list[str]:
    nodes = [find(context, given) for given in ids or []]
    if any(node.kind != "Label" or node.row[0].id != issue.repo_id for node in nodes):
        raise Refused("NOT_FOUND", "Could not resolve to a Label.")
    return [node.row[1].name for node in nodes]


@mutation("addLabelsToLabelable")
def add_labels(context: Context, args: Args) -> dict[str, Any]:
    issue = _subject(context, args.get("labelableId"))
    names = _label_names(context, issue, args.get("labelIds"))
    labels.add(context.sandbox, issue, names, context.call.actor, context.call.app_id)
    return {"labelable": node_of(issue)}


@mutation("removeLabelsFromLabelable")
def remove_labels(context: Context, args: Args) -> dict[str, Any]:
    issue = _subject(context, args.get("labelableId"))
    names = _label_names(context, issue, args.get("labelIds"))
    labels.take_off(context.sandbox, issue, names, context.call.actor, context.call.app_id)
    return {"labelable": node_of(issue)}


@mutation("markPullRequestReadyForReview")
def ready(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args)
    pulls.set_draft(context.sandbox, issue, False, context.call.actor)
    return {"pullRequest": node_of(issue)}


@mutation("convertPullRequestToDraft")
def draft(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args)
    pulls.set_draft(context.sandbox, issue, True, context.call.actor)
    return {"pullRequest": node_of(issue)}


@mutation("closePullRequest")
def close_pull(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args)
    pulls.set_state(context.sandbox, issue, "closed", context.call.actor, context.call.app_id)
    return {"pullRequest": node_of(issue)}


@mutation("reopenPullRequest")
def reopen_pull(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args)
    pulls.set_state(context.sandbox, issue, "open", context.call.actor, context.call.app_id)
    return {"pullRequest": node_of(issue)}


@mutation("revertPullRequest")
def revert(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args, "contents:write")
    made = reverting.revert(
        context.sandbox,
        issue,
        context.call.actor,
        title=args.get("title"),
        body=args.get("body"),
        draft=bool(args.get("draft")),
        app_id=context.call.app_id,
    )
    return {"pullRequest": node_of(issue), "revertPullRequest": node_of(made)}


@mutation("updatePullRequestBranch")
def update_branch(context: Context, args: Args) -> dict[str, Any]:
    """By a merge commit, or by a rebase, which only GraphQL can ask for."""
    issue = _pull(context, args, "contents:write")
    merging.update_branch(
        context.sandbox,
        issue,
        context.call.actor,
        expected=args.get("expectedHeadOid"),
        permissions=_permissions(context),
        rebase=args.get("updateMethod") == "REBASE",
    )
    return {"pullRequest": node_of(issue)}


@mutation("mergePullRequest")
def merge(context: Context, args: Args) -> dict[str, Any]:
    """REST's texts without its status codes."""
    issue = _pull(context, args, "contents:write")
    merging.merge(
        context.sandbox,
        issue,
        context.call.actor,
        method=str(args.get("mergeMethod") or "MERGE").lower(),
        title=args.get("commitHeadline"),
        message=args.get("commitBody"),
        sha=args.get("expectedHeadOid"),
        permissions=_permissions(context),
    )
    return {"actor": actor(context, context.call.actor), "pullRequest": node_of(issue)}


@mutation("enablePullRequestAutoMerge")
def enable_auto_merge(context: Context, args: Args) -> dict[str, Any]:
    """Refused when nothing is waiting: then merge directly."""
    issue = _pull(context, args, "contents:write")
    _expect_head(issue, args)
    method = str(args.get("mergeMethod") or "MERGE").lower()
    merging.enable_auto_merge(context.sandbox, issue, method, context.call.actor)
    return {"actor": actor(context, context.call.actor), "pullRequest": node_of(issue)}


@mutation("disablePullRequestAutoMerge")
def disable_auto_merge(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args, "contents:write")
    if the_pull(issue).auto_merge is None:
        raise Refused("UNPROCESSABLE", "Can't disable auto-merge for this pull request.")
    merging.disable_auto_merge(context.sandbox, issue, context.call.actor)
    return {"actor": actor(context, context.call.actor), "pullRequest": node_of(issue)}


@mutation("enqueuePullRequest")
def enqueue(context: Context, args: Args) -> dict[str, Any]:
    issue = _pull(context, args, "contents:write")
    _expect_head(issue, args)
    entry = merge_queue.enqueue(context.sandbox, issue, context.call.actor, jump=bool(args.get("jump")))
    return {"mergeQueueEntry": Node("MergeQueueEntry", entry)}


@mutation("dequeuePullRequest")
def dequeue(context: Context, args: Args) -> dict[str, Any]:
    issue = _subject(context, args.get("id"), "PullRequest")
    context.need(context.state.repos[issue.repo_id], "contents:write")
    entry = merge_queue.entry_of(context.sandbox, issue)
    if entry is None:
        raise Refused("UNPROCESSABLE", "Pull request is not in the merge queue")
    merge_queue.leave(context.sandbox, entry, "MANUAL", context.call.actor)
    merge_queue.look(context.sandbox, context.state.repos[issue.repo_id])
    return {"mergeQueueEntry": Node("MergeQueueEntry", entry)}
