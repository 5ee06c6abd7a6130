"""The history of issues: events as they were noted; the timeline has comments and reviews between them."""

from services.sandbox import access, issue_views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, not_found, route
from services.sandbox.state import Issue, IssueEvent

ISSUES = "/repos/{owner}/{repo}/issues"


def _events(call: Call, issue: Issue) -> list[IssueEvent]:
    return [e for e in call.state.issue_events.values() if e.issue_id == issue.id]


@route("GET", ISSUES + "/events", need="issues:read")
def list_repo_events(call: Call) -> Json:
    repo = call.repo()
    rows = [e for e in call.state.issue_events.values() if call.state.issues[e.issue_id].repo_id == repo.id]
    return [_with_issue(call, e) for e in call.page(rows[::-1])]


@route("GET", ISSUES + "/events/{event_id}", need="issues:read")
def get_event(call: Call) -> Json:
    repo = call.repo()
    found = call.state.issue_events.get(call.number("event_id"))
    if found is None or call.state.issues[found.issue_id].repo_id != repo.id:
        raise not_found()
    return _with_issue(call, found)


def _with_issue(call: Call, which: IssueEvent) -> Json:
    shown = issue_views.event(call.state, call.base, which)
    return {**shown, "issue": issue_views.issue(call.state, call.base, call.state.issues[which.issue_id])}


@route("GET", ISSUES + "/{issue_number}/events", need="issues:read")
def list_events(call: Call) -> Json:
    _, issue = access.subject(call)
    return [issue_views.event(call.state, call.base, e) for e in call.page(_events(call, issue))]


@route("GET", ISSUES + "/{issue_number}/timeline", need="issues:read")
def list_timeline(call: Call) -> Json:
    from services.sandbox import pull_views

    _, issue = access.subject(call)
    state, base = call.state, call.base
    rows: list[tuple[str, int, Json]] = [
        (event.created_at, event.id, issue_views.event(state, base, event)) for event in _events(call, issue)
    ]
    for comment in state.comments.values():
        if comment.issue_id == issue.id:
            shown = issue_views.comment(state, base, comment)
            rows.append((comment.created_at, comment.id, {**shown, "event": "commented", "actor": shown["user"]}))
    for review in state.reviews.values():
        if review.issue_id == issue.id and review.state != "PENDING":
            shown = pull_views.review(state, base, review)
            rows.append((review.submitted_at, review.id, {**shown, "event": "reviewed"}))
    rows.sort(key=lambda row: row[:2])
    return [shown for _, _, shown in call.page(rows)]
