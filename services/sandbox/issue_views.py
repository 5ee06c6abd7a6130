"""How issues, comments, labels, milestones, reactions and history lines look in answers and in webhooks.

One view serves both, so a webhook and the GET after it agree: it has every key that either of GitHub's two
descriptions asks for.
"""

from functools import lru_cache
from urllib.parse import quote

from services.sandbox.kernel import Json
from services.sandbox.state import Comment, Issue, IssueEvent, Label, Milestone, Reaction, Repo, State
from services.sandbox.views import account, app, minimal_repo, node_id, user

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
"""The reactions there are."""

DEFAULT_LABELS = frozenset(
    {
        "bug",
        "documentation",
        "duplicate",
        "enhancement",
        "good first issue",
        "help wanted",
        "invalid",
        "question",
        "wontfix",
    }
)


def person(state: State, base: str, login: str) -> Json:
    """A simple user by login."""
    return user(base, account(state, login))


def via_app(state: State, base: str, app_id: int) -> Json:
    """`performed_via_github_app`: the App, or null for a person's act."""
    found = state.apps.get(app_id)
    return app(state, base, found) if found else None


def association(state: State, repo: Repo, login: str) -> str:
    """`author_association`: what the author is to the repository, by what the sandbox knows."""
    if login.lower() == repo.owner.lower():
        return "OWNER"
    if any(name.lower() == login.lower() for name in repo.collaborators):
        return "MEMBER" if account(state, repo.owner).type == "Organization" else "COLLABORATOR"
    merged = any(i.pull and i.pull.merged and i.user == login and i.repo_id == repo.id for i in state.issues.values())
    return "CONTRIBUTOR" if merged else "NONE"


@lru_cache(maxsize=1_024)
def _named(label_name: str) -> str:
    return quote(label_name, safe=":")


def label(base: str, repo: Repo, which: Label) -> Json:
    return {
        "id": which.id,
        "node_id": node_id("LA", which.id),
        "url": f"{base}/repos/{repo.full_name}/labels/{_named(which.name)}",
        "name": which.name,
        "color": which.color,
        "default": which.name.lower() in DEFAULT_LABELS,
        "description": which.description,
    }


def labels(base: str, repo: Repo, which: Issue) -> list[Json]:
    """The labels of an issue, rendered."""
    found = (repo.labels.get(name.lower()) for name in which.labels)
    return [label(base, repo, item) for item in found if item is not None]


def milestone(state: State, base: str, repo: Repo, which: Milestone) -> Json:
    mine = [i for i in state.issues.values() if i.repo_id == repo.id and i.milestone == which.number and not i.deleted]
    api, root = f"{base}/repos/{repo.full_name}", base.removesuffix("/api/v3")
    return {
        "url": f"{api}/milestones/{which.number}",
        "html_url": f"{root}/{repo.full_name}/milestone/{which.number}",
        "labels_url": f"{api}/milestones/{which.number}/labels",
        "id": which.id,
        "node_id": node_id("MI", which.id),
        "number": which.number,
        "title": which.title,
        "description": which.description,
        "creator": person(state, base, which.creator),
        "open_issues": sum(i.state == "open" for i in mine),
        "closed_issues": sum(i.state == "closed" for i in mine),
        "state": which.state,
        "created_at": which.created_at,
        "updated_at": which.updated_at,
        "due_on": which.due_on,
        "closed_at": which.closed_at,
    }


def reaction(state: State, base: str, which: Reaction) -> Json:
    return {
        "id": which.id,
        "node_id": node_id("REA", which.id),
        "user": person(state, base, which.user),
        "content": which.content,
        "created_at": which.created_at,
    }


def reactions(state: State, url: str, subject: str) -> Json:
    """The roll-up of a subject's reactions; `url` is the subject's own."""
    counts = dict.fromkeys(CONTENTS, 0)
    for reaction in state.reactions.values():
        if reaction.subject == subject:
            counts[reaction.content] += 1
    return {"url": f"{url}/reactions", "total_count": sum(counts.values()), **counts}


def comment_count(state: State, issue_id: int) -> int:
    return sum(c.issue_id == issue_id for c in state.comments.values())


def _links(state: State, base: str, which: Issue) -> Json:
    """The summaries of sub-issues and dependencies, and the parent's URL where there is one."""
    children = [state.issues[i] for i in which.sub_issues if i in state.issues]
    done = sum(child.state == "closed" for child in children)
    blockers = [state.issues[i] for i in which.blocked_by if i in state.issues]
    blocking = [other for other in state.issues.values() if which.id in other.blocked_by]
    found: dict[str, Json] = {
        "sub_issues_summary": {
            "total": len(children),
            "completed": done,
            "percent_completed": 100 * done // len(children) if children else 0,
        },
        "issue_dependencies_summary": {
            "blocked_by": sum(other.state == "open" for other in blockers),
            "total_blocked_by": len(blockers),
            "blocking": sum(other.state == "open" for other in blocking) if which.state == "open" else 0,
            "total_blocking": len(blocking),
        },
    }
    if parent := state.issues.get(which.parent):
        found["parent_issue_url"] = f"{base}/repos/{state.repos[parent.repo_id].full_name}/issues/{parent.number}"
    return found


def _pull_part(base: str, repo: Repo, which: Issue) -> Json:
    if which.pull is None:
        return {}
    html = f"{base.removesuffix('/api/v3')}/{repo.full_name}/pull/{which.number}"
    part = {
        "url": f"{base}/repos/{repo.full_name}/pulls/{which.number}",
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "merged_at": which.pull.merged_at,
    }
    return {"draft": which.pull.draft, "pull_request": part}


def issue(state: State, base: str, which: Issue) -> Json:
    """GitHub's "issue", of an issue or of the issue side of a pull request."""
    repo = state.repos[which.repo_id]
    api, root = f"{base}/repos/{repo.full_name}", base.removesuffix("/api/v3")
    url = f"{api}/issues/{which.number}"
    assignees = [person(state, base, login) for login in which.assignees]
    planned = repo.milestones.get(which.milestone)
    return {
        "url": url,
        "repository_url": api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{root}/{repo.full_name}/{'pull' if which.pull else 'issues'}/{which.number}",
        "id": which.id,
        "node_id": node_id("PR" if which.pull else "I", which.pull.id if which.pull else which.id),
        "number": which.number,
        "title": which.title,
        "user": person(state, base, which.user),
        "labels": labels(base, repo, which),
        "state": which.state,
        "locked": which.locked,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": milestone(state, base, repo, planned) if planned else None,
        "comments": comment_count(state, which.id),
        "created_at": which.created_at,
        "updated_at": which.updated_at,
        "closed_at": which.closed_at,
        "author_association": association(state, repo, which.user),
        "active_lock_reason": which.lock_reason,
        **_pull_part(base, repo, which),
        **_links(state, base, which),
        "body": which.body,
        "reactions": reactions(state, url, f"issue:{which.id}"),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": via_app(state, base, which.via_app),
        "state_reason": which.state_reason,
    }


def single(state: State, base: str, which: Issue) -> Json:
    """The answer for one issue: lists and webhooks do not say who closed it."""
    closer = person(state, base, which.closed_by) if which.closed_by else None
    return {**issue(state, base, which), "closed_by": closer}


def comment(state: State, base: str, which: Comment) -> Json:
    on = state.issues[which.issue_id]
    repo = state.repos[on.repo_id]
    api, root = f"{base}/repos/{repo.full_name}", base.removesuffix("/api/v3")
    url = f"{api}/issues/comments/{which.id}"
    kind = "pull" if on.pull else "issues"
    return {
        "url": url,
        "html_url": f"{root}/{repo.full_name}/{kind}/{on.number}#issuecomment-{which.id}",
        "issue_url": f"{api}/issues/{on.number}",
        "id": which.id,
        "node_id": node_id("IC", which.id),
        "user": person(state, base, which.user),
        "created_at": which.created_at,
        "updated_at": which.updated_at,
        "author_association": association(state, repo, which.user),
        "body": which.body,
        "reactions": reactions(state, url, f"comment:{which.id}"),
        "performed_via_github_app": via_app(state, base, which.via_app),
    }


_ISSUE_KEYS = ("sub_issue", "parent_issue", "blocked_by", "blocking")
_USER_KEYS = ("assignee", "assigner", "review_requester", "requested_reviewer")


def event(state: State, base: str, which: IssueEvent) -> Json:
    """A line of an issue's history; logins and issue ids in its data become the objects they stand for."""
    repo = state.repos[state.issues[which.issue_id].repo_id]
    api = f"{base}/repos/{repo.full_name}"
    shown: dict[str, Json] = {
        "id": which.id,
        "node_id": node_id("EV", which.id),
        "url": f"{api}/issues/events/{which.id}",
        "actor": person(state, base, which.actor),
        "event": which.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": which.created_at,
        "performed_via_github_app": via_app(state, base, which.app_id),
    }
    for key, value in which.data.items():
        if key in _USER_KEYS:
            shown[key] = person(state, base, str(value))
        elif key in _ISSUE_KEYS and isinstance(value, int) and value in state.issues:
            shown[key] = _short_issue(state, base, state.issues[value])
        else:
            shown[key] = value
    if shown["commit_id"]:
        shown["commit_url"] = f"{api}/commits/{shown['commit_id']}"
    return shown


def _short_issue(state: State, base: str, which: Issue) -> Json:
    return {
        "number": which.number,
        "title": which.title,
        "state": which.state,
        "state_reason": which.state_reason,
        "repository": minimal_repo(state, base, state.repos[which.repo_id]),
        "issue_type": None,
    }
