"""Reviews of pull requests: written, submitted, changed, dismissed."""

from services.sandbox import access, pull_views, reviews
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, not_found, route
from services.sandbox.state import Issue, Repo, Review

REVIEWS = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"
ONE = REVIEWS + "/{review_id}"
MOST_COMMENTS = 100


def _find(call: Call, level: str = "read") -> tuple[Repo, Issue, Review]:
    repo, issue = access.pull_subject(call, level)
    found = call.state.reviews.get(call.number("review_id"))
    hidden = found is not None and found.state == "PENDING" and found.user != call.actor
    if found is None or found.issue_id != issue.id or hidden:
        raise not_found()
    return repo, issue, found


def _shown(call: Call, review: Review) -> Json:
    return pull_views.review(call.state, call.base, review)


@route("GET", REVIEWS, need="pull_requests:read")
def list_reviews(call: Call) -> Json:
    _, issue = access.pull_subject(call)
    rows = [r for r in call.state.reviews.values() if r.issue_id == issue.id]
    rows = [r for r in rows if r.state != "PENDING" or r.user == call.actor]
    return [_shown(call, review) for review in call.page(rows)]


@route("POST", REVIEWS, need="pull_requests:write")
def create_review(call: Call) -> Json:
    _, issue = access.pull_subject(call, "write")
    body = call.text("body", resource="PullRequestReview") or ""
    event = call.text("event", resource="PullRequestReview")
    comments = call.body.get("comments") or []
    if not isinstance(comments, list) or not all(isinstance(row, dict) for row in comments[:MOST_COMMENTS]):
        raise Problem(422, "Invalid request.\n\nFor 'properties/comments', it is not an array of objects.")
    if event and event != "PENDING":
        reviews.check_verdict(issue, call.actor, event, body)
        if event == "COMMENT" and not body.strip() and not comments:
            raise Problem(422, "Unprocessable Entity", errors=["Body can't be blank"])
    commit_id = call.text("commit_id", resource="PullRequestReview") or ""
    review = reviews.begin(call.sandbox, issue, call.actor, body, commit_id)
    try:
        for row in comments[:MOST_COMMENTS]:
            _add_comment(call, issue, review, row)
    except Problem:
        _forget(call, review)
        raise
    if event and event != "PENDING":
        reviews.submit(call.sandbox, issue, review, event)
    return _shown(call, review)


def _add_comment(call: Call, issue: Issue, review: Review, row: dict[str, Json]) -> None:
    line = row.get("line", row.get("position"))
    reviews.comment(
        call.sandbox,
        issue,
        call.actor,
        body=str(row.get("body", ""))[:65_536],
        path=str(row.get("path", "")),
        review=review,
        line=line if isinstance(line, int) else None,
    )


def _forget(call: Call, review: Review) -> None:
    del call.state.reviews[review.id]
    for comment in [c for c in call.state.review_comments.values() if c.review_id == review.id]:
        del call.state.review_comments[comment.id]


@route("GET", ONE, need="pull_requests:read")
def get_review(call: Call) -> Json:
    return _shown(call, _find(call)[2])


@route("PUT", ONE, need="pull_requests:write")
def update_review(call: Call) -> Json:
    _, issue, review = _find(call, "write")
    if review.user != call.actor:
        raise Problem(403, "Can not update a review that is not yours")
    reviews.edit(call.sandbox, issue, review, call.actor, call.text("body", required=True) or "")
    return _shown(call, review)


@route("DELETE", ONE, need="pull_requests:write")
def delete_review(call: Call) -> Json:
    _, _, review = _find(call, "write")
    if review.state != "PENDING":
        raise Problem(422, "Validation Failed", errors=["Can not delete a non-pending pull request review"])
    shown = _shown(call, review)
    _forget(call, review)
    return shown


@route("POST", ONE + "/events", need="pull_requests:write")
def submit_review(call: Call) -> Json:
    _, issue, review = _find(call, "write")
    if review.state != "PENDING":
        raise Problem(422, "Validation Failed", errors=["Can not submit a review that is not pending"])
    event = call.text("event", required=True, resource="PullRequestReview") or ""
    reviews.submit(call.sandbox, issue, review, event, call.text("body", resource="PullRequestReview"))
    return _shown(call, review)


@route("PUT", ONE + "/dismissals", need="pull_requests:write")
def dismiss_review(call: Call) -> Json:
    repo, issue, review = _find(call, "write")
    access.need_role(call, repo, "write")
    message = call.text("message", required=True, resource="PullRequestReview") or ""
    reviews.dismiss(call.sandbox, issue, review, call.actor, message, call.app_id)
    issue.updated_at = call.now
    return _shown(call, review)
