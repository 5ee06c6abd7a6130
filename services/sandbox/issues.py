"""What happens to issues, and to the issue side of pull requests: the acts, their history lines and their webhooks.

Every act tells the world in the usual order, and an act that changes nothing tells nothing. Acts take the login that
does them and the App it is done through (0 = a person): endpoints, merges and the GraphQL mutations share them.
"""

from typing import TYPE_CHECKING

from services.sandbox import issue_views
from services.sandbox.clock import stamp
from services.sandbox.kernel import Json, Problem, invalid
from services.sandbox.state import Comment, Issue, IssueEvent, Repo
from services.sandbox.views import account, repository

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

REASONS = ("completed", "not_planned", "duplicate", "reopened")
LOCK_REASONS = ("off-topic", "too heated", "resolved", "spam")


def tell(sandbox: "Sandbox", issue: Issue, action: str, actor: str, **extra: Json) -> None:
    """Send `issues` or `pull_request` with this action, and start the workflows that ask for it."""
    from services.sandbox import actions, pull_views

    repo, base = sandbox.state.repos[issue.repo_id], sandbox.public_url
    if issue.pull is None:
        extra["issue"] = issue_views.issue(sandbox.state, base, issue)
        sandbox.emit("issues", action, repo, actor, **extra)
        actions.trigger(sandbox, repo, "issues", actor=actor, action=action, payload=extra)
        return
    extra |= {"number": issue.number, "pull_request": pull_views.full(sandbox, base, issue)}
    sandbox.emit("pull_request", action, repo, actor, **extra)
    actions.trigger(sandbox, repo, "pull_request", actor=actor, action=action, pull=issue, payload=extra)


def note(sandbox: "Sandbox", issue: Issue, event: str, actor: str, app_id: int = 0, **data: object) -> None:
    """Write a line of the issue's history, and count it as an update."""
    issue.updated_at = stamp(sandbox.now())
    line = IssueEvent(
        id=sandbox.state.new_id(),
        issue_id=issue.id,
        event=event,
        actor=actor,
        created_at=issue.updated_at,
        app_id=app_id,
        data=data,
    )
    sandbox.state.issue_events[line.id] = line


def new_record(sandbox: "Sandbox", repo: Repo, actor: str, title: str, body: str | None, app_id: int) -> Issue:
    """The next number of a repository as an issue record, filed but not yet told to anyone."""
    now = stamp(sandbox.now())
    issue = Issue(
        id=sandbox.state.new_id(),
        repo_id=repo.id,
        number=repo.next_number,
        title=title,
        user=actor,
        created_at=now,
        updated_at=now,
        body=body or None,
        via_app=app_id,
    )
    repo.next_number += 1
    sandbox.state.issues[issue.id] = issue
    return issue


def create(
    sandbox: "Sandbox",
    repo: Repo,
    actor: str,
    *,
    title: str,
    body: str | None = None,
    labels: list[str] | None = None,
    assignees: list[str] | None = None,
    milestone: int = 0,
    app_id: int = 0,
) -> Issue:
    """Open an issue: `opened`, then one event for each label, login and milestone that came with it."""
    from services.sandbox import labels as label_acts

    if not repo.has_issues:
        raise Problem(410, "Issues are disabled for this repo")
    wanted = [label_acts.ensure(sandbox, repo, name, actor).name for name in _unique(labels or [])]
    chosen = [login for login in _unique(assignees or []) if assignable(sandbox, repo, login)][:10]
    if milestone and milestone not in repo.milestones:
        raise invalid("Issue", "milestone")
    issue = new_record(sandbox, repo, actor, title, body, app_id)
    issue.labels, issue.assignees, issue.milestone = wanted, chosen, milestone
    tell(sandbox, issue, "opened", actor)
    for name in wanted:
        label_acts.tell_label(sandbox, issue, "labeled", name, actor, app_id)
    for login in chosen:
        tell_assignee(sandbox, issue, "assigned", login, actor, app_id)
    if milestone:
        _tell_milestone(sandbox, issue, "milestoned", milestone, actor, app_id)
    return issue


def _unique(names: list[str]) -> list[str]:
    return list({name.lower(): name for name in names}.values())


def edit(sandbox: "Sandbox", issue: Issue, actor: str, changes: dict[str, str | None], app_id: int = 0) -> None:
    """Set title and body: one `edited` with what was there before, none when nothing changes."""
    before: dict[str, Json] = {}
    title, body = changes.get("title", issue.title), changes.get("body", issue.body) or None
    if title is not None and title != issue.title:
        before["title"] = {"from": issue.title}
        note(sandbox, issue, "renamed", actor, app_id, rename={"from": issue.title, "to": title})
        issue.title = title
    if "body" in changes and body != issue.body:
        before["body"] = {"from": issue.body or ""}
        issue.body, issue.edited_at = body, stamp(sandbox.now())
    if before:
        issue.updated_at = stamp(sandbox.now())
        tell(sandbox, issue, "edited", actor, changes=before)


def close(
    sandbox: "Sandbox", issue: Issue, actor: str, reason: str = "completed", app_id: int = 0, commit: str = ""
) -> None:
    """Close an issue (a pull request is closed in pulls.py)."""
    if issue.state == "closed":
        issue.state_reason = reason
        return
    issue.state, issue.state_reason = "closed", reason
    issue.closed_at, issue.closed_by = stamp(sandbox.now()), actor
    data: dict[str, object] = {"state_reason": reason}
    note(sandbox, issue, "closed", actor, app_id, **data | ({"commit_id": commit} if commit else {}))
    tell(sandbox, issue, "closed", actor)


def reopen(sandbox: "Sandbox", issue: Issue, actor: str, app_id: int = 0) -> None:
    if issue.state == "open":
        return
    issue.state, issue.state_reason, issue.closed_at, issue.closed_by = "open", "reopened", None, None
    note(sandbox, issue, "reopened", actor, app_id, state_reason="reopened")
    tell(sandbox, issue, "reopened", actor)


def lock(sandbox: "Sandbox", issue: Issue, actor: str, reason: str | None, app_id: int = 0) -> None:
    if issue.locked and issue.lock_reason == reason:
        return
    issue.locked, issue.lock_reason = True, reason
    note(sandbox, issue, "locked", actor, app_id, lock_reason=reason)
    tell(sandbox, issue, "locked", actor)


def unlock(sandbox: "Sandbox", issue: Issue, actor: str, app_id: int = 0) -> None:
    if issue.locked:
        issue.locked, issue.lock_reason = False, None
        note(sandbox, issue, "unlocked", actor, app_id)
        tell(sandbox, issue, "unlocked", actor)


def assignable(sandbox: "Sandbox", repo: Repo, login: str) -> bool:
    """People with more than read access can be assigned; others are dropped without a word, as on GitHub."""
    from services.sandbox import auth

    return auth.rank(auth.role_of(sandbox.state, repo, login)) >= auth.rank("triage")


def assign(sandbox: "Sandbox", issue: Issue, logins: list[str], actor: str, app_id: int = 0) -> None:
    repo = sandbox.state.repos[issue.repo_id]
    have = {login.lower() for login in issue.assignees}
    for login in _unique(logins):
        if login.lower() in have or len(issue.assignees) >= 10 or not assignable(sandbox, repo, login):
            continue
        issue.assignees.append(account(sandbox.state, login).login)
        tell_assignee(sandbox, issue, "assigned", issue.assignees[-1], actor, app_id)


def unassign(sandbox: "Sandbox", issue: Issue, logins: list[str], actor: str, app_id: int = 0) -> None:
    gone = {login.lower() for login in logins}
    for login in [name for name in issue.assignees if name.lower() in gone]:
        issue.assignees.remove(login)
        tell_assignee(sandbox, issue, "unassigned", login, actor, app_id)


def tell_assignee(sandbox: "Sandbox", issue: Issue, action: str, login: str, actor: str, app_id: int) -> None:
    note(sandbox, issue, action, actor, app_id, assignee=login, assigner=actor)
    tell(sandbox, issue, action, actor, assignee=issue_views.person(sandbox.state, sandbox.public_url, login))


def plan_for(sandbox: "Sandbox", issue: Issue, number: int, actor: str, app_id: int = 0) -> None:
    """Put an issue on a milestone by its number, 0 = none."""
    repo = sandbox.state.repos[issue.repo_id]
    if number and number not in repo.milestones:
        raise invalid("Issue", "milestone")
    old = issue.milestone
    if old == number:
        return
    issue.milestone = number
    if old in repo.milestones:
        _tell_milestone(sandbox, issue, "demilestoned", old, actor, app_id)
    if number:
        _tell_milestone(sandbox, issue, "milestoned", number, actor, app_id)


def _tell_milestone(sandbox: "Sandbox", issue: Issue, action: str, number: int, actor: str, app_id: int) -> None:
    repo = sandbox.state.repos[issue.repo_id]
    planned = repo.milestones[number]
    note(sandbox, issue, action, actor, app_id, milestone={"title": planned.title})
    shown = issue_views.milestone(sandbox.state, sandbox.public_url, repo, planned)
    tell(sandbox, issue, action, actor, milestone=shown)


def comment(sandbox: "Sandbox", issue: Issue, actor: str, body: str, app_id: int = 0) -> Comment:
    from services.sandbox import copilot

    now = stamp(sandbox.now())
    made = Comment(
        id=sandbox.state.new_id(),
        issue_id=issue.id,
        user=actor,
        body=body,
        created_at=now,
        updated_at=now,
        via_app=app_id,
    )
    sandbox.state.comments[made.id] = made
    issue.updated_at = now
    tell_comment(sandbox, made, "created", actor)
    if issue.pull is not None:
        copilot.heard(sandbox, issue, body, actor)
    return made


def edit_comment(sandbox: "Sandbox", which: Comment, actor: str, body: str) -> None:
    old = which.body
    if old == body:
        return
    which.body = body
    which.updated_at = sandbox.state.issues[which.issue_id].updated_at = stamp(sandbox.now())
    tell_comment(sandbox, which, "edited", actor, changes={"body": {"from": old}})


def delete_comment(sandbox: "Sandbox", which: Comment, actor: str) -> None:
    state = sandbox.state
    del state.comments[which.id]
    for reaction in [r for r in state.reactions.values() if r.subject == f"comment:{which.id}"]:
        del state.reactions[reaction.id]
    state.issues[which.issue_id].updated_at = stamp(sandbox.now())
    tell_comment(sandbox, which, "deleted", actor)


def tell_comment(sandbox: "Sandbox", which: Comment, action: str, actor: str, **extra: Json) -> None:
    """`issue_comment`, which pull requests' conversations send too (their issue has a `pull_request` key)."""
    from services.sandbox import actions

    state, base = sandbox.state, sandbox.public_url
    issue = state.issues[which.issue_id]
    repo = state.repos[issue.repo_id]
    extra["issue"] = issue_views.issue(state, base, issue)
    extra["comment"] = issue_views.comment(state, base, which)
    sandbox.emit("issue_comment", action, repo, actor, **extra)
    actions.trigger(sandbox, repo, "issue_comment", actor=actor, action=action, payload=extra)


def delete(sandbox: "Sandbox", issue: Issue, actor: str) -> None:
    """Delete an issue: `issues.deleted`, nothing for its comments, and every link to it is gone."""
    issue.deleted = True
    tell(sandbox, issue, "deleted", actor)
    for other in sandbox.state.issues.values():
        other.blocked_by = [i for i in other.blocked_by if i != issue.id]
        other.sub_issues = [i for i in other.sub_issues if i != issue.id]
        if other.parent == issue.id:
            other.parent = 0
    issue.blocked_by, issue.sub_issues, issue.parent = [], [], 0


def transfer(sandbox: "Sandbox", issue: Issue, target: Repo, actor: str) -> Issue:
    """Move an issue to another repository: a new number and id there, a 301 here. Labels the target has are kept."""
    state, base = sandbox.state, sandbox.public_url
    source = state.repos[issue.repo_id]
    moved = new_record(sandbox, target, issue.user, issue.title, issue.body, issue.via_app)
    moved.created_at = issue.created_at
    moved.state, moved.state_reason, moved.closed_at = issue.state, issue.state_reason, issue.closed_at
    moved.labels = [target.labels[name.lower()].name for name in issue.labels if name.lower() in target.labels]
    moved.assignees = [login for login in issue.assignees if assignable(sandbox, target, login)]
    for made in state.comments.values():
        if made.issue_id == issue.id:
            made.issue_id = moved.id
    issue.transferred_to = moved.id
    changes = {
        "new_issue": issue_views.issue(state, base, moved),
        "new_repository": repository(state, base, target),
    }
    tell(sandbox, issue, "transferred", actor, changes=changes)
    old = {"old_issue": issue_views.issue(state, base, issue), "old_repository": repository(state, base, source)}
    tell(sandbox, moved, "opened", actor, changes=old)
    return moved
