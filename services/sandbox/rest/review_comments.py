"""Comments on lines of a pull request.

Each belongs to a review; one written alone, or as a reply, makes a review of its own.
"""

from services.sandbox import access, auth, pull_views, reviews
from services.sandbox.call import Call
from services.sandbox.clock import stamp
from services.sandbox.kernel import Json, Response, invalid, not_found, route
from services.sandbox.state import Issue, Repo, ReviewComment

ON_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}/comments"
ALL = "/repos/{owner}/{repo}/pulls/comments"
ONE = ALL + "/{comment_id}"


def _listed(call: Call, rows: list[ReviewComment]) -> Json:
    rows = [c for c in rows if (c.updated_at or c.created_at) >= call.query.get("since", "")]
    rows = [c for c in rows if _published(call, c)]
    rows.sort(key=lambda c: (c.created_at, c.id), reverse=call.query.get("direction") == "desc")
    return [pull_views.review_comment(call.state, call.base, c) for c in call.page(rows)]


def _published(call: Call, comment: ReviewComment) -> bool:
    review = call.state.reviews.get(comment.review_id)
    return review is None or review.state != "PENDING"


@route("GET", ON_PULL, need="pull_requests:read")
def list_on_pull(call: Call) -> Json:
    _, issue = access.pull_subject(call)
    return _listed(call, [c for c in call.state.review_comments.values() if c.issue_id == issue.id])


@route("GET", ALL, need="pull_requests:read")
def list_all(call: Call) -> Json:
    repo = call.repo()
    rows = call.state.review_comments.values()
    return _listed(call, [c for c in rows if call.state.issues[c.issue_id].repo_id == repo.id])


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments", need="pull_requests:read")
def list_of_review(call: Call) -> Json:
    _, issue = access.pull_subject(call)
    review = call.state.reviews.get(call.number("review_id"))
    if review is None or review.issue_id != issue.id:
        raise not_found()
    rows = [c for c in call.state.review_comments.values() if c.review_id == review.id]
    return [pull_views.review_comment(call.state, call.base, c) for c in call.page(rows)]


@route("POST", ON_PULL, need="pull_requests:write")
def create_comment(call: Call) -> Response:
    _, issue = access.pull_subject(call, "write")
    line = call.body.get("line", call.body.get("position"))
    answered = call.body.get("in_reply_to")
    path = call.text("path", required=not answered, resource="PullRequestReviewComment") or ""
    first = _first(call, issue, answered) if answered else None
    return _write(call, issue, first.path if first else path, line if isinstance(line, int) else None, first)


@route("POST", ON_PULL + "/{comment_id}/replies", need="pull_requests:write")
def reply(call: Call) -> Response:
    _, issue = access.pull_subject(call, "write")
    first = _first(call, issue, call.number("comment_id"))
    return _write(call, issue, first.path, first.line, first)


def _first(call: Call, issue: Issue, number: Json) -> ReviewComment:
    """The comment that begins the thread."""
    found = call.state.review_comments.get(number) if isinstance(number, int) else None
    if found is None or found.issue_id != issue.id:
        raise not_found()
    return call.state.review_comments.get(found.in_reply_to, found)


def _write(call: Call, issue: Issue, path: str, line: int | None, first: ReviewComment | None) -> Response:
    body = call.text("body", required=True, resource="PullRequestReviewComment") or ""
    if not body.strip():
        raise invalid("PullRequestReviewComment", "body", "missing_field")
    commit_id = call.text("commit_id", resource="PullRequestReviewComment") or ""
    review = reviews.begin(call.sandbox, issue, call.actor, "", commit_id)
    try:
        made = reviews.comment(
            call.sandbox,
            issue,
            call.actor,
            body=body,
            path=path,
            review=review,
            line=line,
            side="LEFT" if call.body.get("side") == "LEFT" else "RIGHT",
            in_reply_to=first.id if first else 0,
        )
        reviews.submit(call.sandbox, issue, review, "COMMENT")
    finally:
        if review.state == "PENDING":
            del call.state.reviews[review.id]
    shown = pull_views.review_comment(call.state, call.base, made)
    return Response(status=201, json=shown, headers={"location": shown["url"]})


def _find(call: Call, level: str = "read") -> tuple[Repo, ReviewComment]:
    repo = call.repo("pull_requests:read" if call.who.installation is None else f"pull_requests:{level}")
    found = call.state.review_comments.get(call.number("comment_id"))
    if found is None or call.state.issues[found.issue_id].repo_id != repo.id:
        raise not_found()
    if level == "write" and call.who.installation is None:
        access.signed_in(call, repo)
        if found.user != call.actor and call.role(repo) < auth.rank("write"):
            raise not_found()
    return repo, found


@route("GET", ONE, need="pull_requests:read")
def get_comment(call: Call) -> Json:
    return pull_views.review_comment(call.state, call.base, _find(call)[1])


@route("PATCH", ONE, need="pull_requests:write")
def update_comment(call: Call) -> Json:
    _, found = _find(call, "write")
    old, body = found.body, call.text("body", required=True, resource="PullRequestReviewComment") or ""
    if body != old:
        found.body, found.updated_at = body, stamp(call.sandbox.now())
        issue = call.state.issues[found.issue_id]
        reviews.tell_comment(call.sandbox, issue, found, "edited", call.actor, changes={"body": {"from": old}})
    return pull_views.review_comment(call.state, call.base, found)


@route("DELETE", ONE, need="pull_requests:write")
def delete_comment(call: Call) -> Response:
    _, found = _find(call, "write")
    del call.state.review_comments[found.id]
    reviews.tell_comment(call.sandbox, call.state.issues[found.issue_id], found, "deleted", call.actor)
    return Response(status=204)
