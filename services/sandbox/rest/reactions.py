"""Reactions on issues, comments and review comments.

A new one is 201, one that is there already 200; no webhook tells of them.
"""

from services.sandbox import access, issue_views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Response, invalid, not_found, route
from services.sandbox.rest import comments
from services.sandbox.state import Reaction

ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/reactions"
ON_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions"
ON_REVIEW_COMMENT = "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions"


def _list(call: Call, subject: str) -> Json:
    asked = call.query.get("content")
    rows = [r for r in call.state.reactions.values() if r.subject == subject and asked in {None, r.content}]
    return [issue_views.reaction(call.state, call.base, r) for r in call.page(rows)]


def _add(call: Call, subject: str) -> Response:
    content = call.text("content", required=True, resource="Reaction")
    if content not in issue_views.CONTENTS:
        raise invalid("Reaction", "content")
    mine = (
        r for r in call.state.reactions.values() if (r.subject, r.user, r.content) == (subject, call.actor, content)
    )
    found = next(mine, None)
    if found is not None:
        return Response(json=issue_views.reaction(call.state, call.base, found))
    made = Reaction(id=call.state.new_id(), subject=subject, user=call.actor, content=content, created_at=call.now)
    call.state.reactions[made.id] = made
    return Response(status=201, json=issue_views.reaction(call.state, call.base, made))


def _remove(call: Call, subject: str) -> Response:
    found = call.state.reactions.get(call.number("reaction_id"))
    if found is None or found.subject != subject:
        raise not_found()
    del call.state.reactions[found.id]
    return Response(status=204)


@route("GET", ON_ISSUE, need="issues:read")
def list_for_issue(call: Call) -> Json:
    return _list(call, f"issue:{access.subject(call)[1].id}")


@route("POST", ON_ISSUE, need="issues:write")
def add_to_issue(call: Call) -> Response:
    return _add(call, f"issue:{access.subject(call, 'write')[1].id}")


@route("DELETE", ON_ISSUE + "/{reaction_id}", need="issues:write")
def remove_from_issue(call: Call) -> Response:
    return _remove(call, f"issue:{access.subject(call, 'write')[1].id}")


@route("GET", ON_COMMENT, need="issues:read")
def list_for_comment(call: Call) -> Json:
    return _list(call, f"comment:{comments.find(call)[1].id}")


@route("POST", ON_COMMENT, need="issues:write")
def add_to_comment(call: Call) -> Response:
    return _add(call, f"comment:{comments.find(call, 'write')[1].id}")


@route("DELETE", ON_COMMENT + "/{reaction_id}", need="issues:write")
def remove_from_comment(call: Call) -> Response:
    return _remove(call, f"comment:{comments.find(call, 'write')[1].id}")


def _review_comment(call: Call) -> str:
    repo = call.repo("pull_requests:read")
    found = call.state.review_comments.get(call.number("comment_id"))
    if found is None or call.state.issues[found.issue_id].repo_id != repo.id:
        raise not_found()
    return f"review-comment:{found.id}"


@route("GET", ON_REVIEW_COMMENT, need="pull_requests:read")
def list_for_review_comment(call: Call) -> Json:
    return _list(call, _review_comment(call))


@route("POST", ON_REVIEW_COMMENT, need="pull_requests:write")
def add_to_review_comment(call: Call) -> Response:
    if call.who.installation is not None:
        call.repo()
    return _add(call, _review_comment(call))
