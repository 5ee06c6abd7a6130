"""Reviews: begun, submitted, dismissed by hand or because the diff changed under them, and their comments on lines.

An approval is a word about a diff: with "dismiss stale reviews" it falls when a push changes what the pull request
changes, and stays when the push only brought the base in.
"""

from typing import TYPE_CHECKING

from services.sandbox import merging, pull_views, requirements
from services.sandbox.clock import stamp
from services.sandbox.git_values import GitError
from services.sandbox.issues import note
from services.sandbox.kernel import Json, Problem
from services.sandbox.pull_views import the_pull
from services.sandbox.state import Issue, Review, ReviewComment

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def begin(sandbox: "Sandbox", issue: Issue, actor: str, body: str, commit_id: str = "") -> Review:
    """A pending review, seen by nobody; one at a time for each person."""
    mine = (r for r in sandbox.state.reviews.values() if (r.issue_id, r.user, r.state) == (issue.id, actor, "PENDING"))
    if next(mine, None) is not None:
        raise Problem(422, "User can only have one pending review per pull request")
    made = Review(
        id=sandbox.state.new_id(),
        issue_id=issue.id,
        user=actor,
        state="PENDING",
        body=body,
        commit_id=commit_id or the_pull(issue).head_sha,
        submitted_at="",
    )
    sandbox.state.reviews[made.id] = made
    return made


def check_verdict(issue: Issue, actor: str, event: str, body: str) -> None:
    """422 for an unknown verdict, one on one's own pull request, or one that needs words and has none."""
    if event not in STATES:
        raise Problem(422, "Validation Failed", errors=[f"Variable $event was provided invalid value {event[:40]!r}"])
    if issue.user == actor and event != "COMMENT":
        what = "approve" if event == "APPROVE" else "request changes on"
        raise Problem(422, "Unprocessable Entity", errors=[f"Can not {what} your own pull request"])
    if event == "REQUEST_CHANGES" and not body.strip():
        raise Problem(422, "Unprocessable Entity", errors=["Body can't be blank"])


def submit(sandbox: "Sandbox", issue: Issue, review: Review, event: str, body: str | None = None) -> None:
    """Publish a pending review: `submitted`, then one event for each of its comments; the request for it is done."""
    text = review.body if body is None else body
    check_verdict(issue, review.user, event, text)
    comments = [c for c in sandbox.state.review_comments.values() if c.review_id == review.id]
    if event == "COMMENT" and not text.strip() and not comments:
        raise Problem(422, "Unprocessable Entity", errors=["Body can't be blank"])
    review.state, review.body, review.submitted_at = STATES[event], text, stamp(sandbox.now())
    issue.updated_at = review.submitted_at
    pull = the_pull(issue)
    pull.requested_reviewers = [login for login in pull.requested_reviewers if login != review.user]
    tell_review(sandbox, issue, review, "submitted", review.user)
    for comment in comments:
        tell_comment(sandbox, issue, comment, "created", review.user)
    merging.settle(sandbox, sandbox.state.repos[issue.repo_id], pull.head_sha)


def tell_review(sandbox: "Sandbox", issue: Issue, review: Review, action: str, actor: str, **extra: Json) -> None:
    state, base = sandbox.state, sandbox.public_url
    sandbox.emit(
        "pull_request_review",
        action,
        state.repos[issue.repo_id],
        actor,
        review=pull_views.review_event(state, base, review),
        pull_request=pull_views.simple(state, base, issue),
        **extra,
    )


def tell_comment(
    sandbox: "Sandbox", issue: Issue, comment: ReviewComment, action: str, actor: str, **extra: Json
) -> None:
    state, base = sandbox.state, sandbox.public_url
    sandbox.emit(
        "pull_request_review_comment",
        action,
        state.repos[issue.repo_id],
        actor,
        comment=pull_views.review_comment(state, base, comment),
        pull_request=pull_views.simple(state, base, issue),
        **extra,
    )


def edit(sandbox: "Sandbox", issue: Issue, review: Review, actor: str, body: str) -> None:
    old = review.body
    if old == body:
        return
    review.body = body
    if review.state != "PENDING":
        tell_review(sandbox, issue, review, "edited", actor, changes={"body": {"from": old}})


def dismiss(sandbox: "Sandbox", issue: Issue, review: Review, actor: str, message: str, app_id: int = 0) -> None:
    """Take the weight from an approval or a request for changes; other reviews cannot be dismissed (422)."""
    if review.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise Problem(422, "Validation Failed", errors=["Can not dismiss a commented pull request review"])
    data: dict[str, object] = {
        "state": review.state.lower(),
        "review_id": review.id,
        "dismissal_message": message or None,
    }
    review.state = "DISMISSED"
    note(sandbox, issue, "review_dismissed", actor, app_id, dismissed_review=data)
    tell_review(sandbox, issue, review, "dismissed", actor)


def dismiss_stale(sandbox: "Sandbox", issue: Issue, was: tuple[str, str], actor: str) -> None:
    """After a push: approvals fall when the branch asks for it and the diff changed. `was`: base and head before."""
    rules = requirements.protection(sandbox, issue)
    if rules is None or not rules.dismiss_stale:
        return
    pull = the_pull(issue)
    if _diff(sandbox, issue, *was) == _diff(sandbox, issue, pull.base_sha, pull.head_sha):
        return
    for review in list(sandbox.state.reviews.values()):
        if review.issue_id == issue.id and review.state == "APPROVED":
            dismiss(sandbox, issue, review, actor, "")


def _diff(sandbox: "Sandbox", issue: Issue, base: str, head: str) -> Json:
    """What two commits' pull request changes, as values to compare; None when it cannot be told."""
    try:
        fork_point = sandbox.git.merge_base(issue.repo_id, base, head)
        changes = sandbox.git.diff(issue.repo_id, fork_point or "", head)
    except GitError:
        return None
    return [(change.filename, change.status, change.patch or change.blob_sha) for change in changes]


def comment(
    sandbox: "Sandbox",
    issue: Issue,
    actor: str,
    *,
    body: str,
    path: str,
    review: Review,
    line: int | None = None,
    side: str = "RIGHT",
    in_reply_to: int = 0,
) -> ReviewComment:
    """A comment on a changed file, filed under a review; told by the caller, or when the review is submitted."""
    changed = next((change for change in pull_views.files(sandbox, issue) if change.filename == path), None)
    if changed is None:
        error = {"resource": "PullRequestReviewComment", "field": "path", "code": "invalid"}
        raise Problem(422, "Validation Failed", errors=[error])
    made = ReviewComment(
        id=sandbox.state.new_id(),
        issue_id=issue.id,
        review_id=review.id,
        user=actor,
        body=body,
        path=path,
        commit_id=review.commit_id,
        created_at=stamp(sandbox.now()),
        updated_at=stamp(sandbox.now()),
        line=line,
        side=side,
        diff_hunk=(changed.patch or "")[:1_000],
        in_reply_to=in_reply_to,
    )
    sandbox.state.review_comments[made.id] = made
    return made
