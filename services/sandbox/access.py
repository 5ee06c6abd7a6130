"""Finding the issue or pull request of a path, with the right to touch it.

GitHub lets an App with either `issues` or `pull_requests` work on a pull request's issue side, lets people write on
what they may read, and answers for moved and deleted issues only where they were asked for themselves.
"""

from services.sandbox import auth
from services.sandbox.call import Call
from services.sandbox.kernel import Problem, not_found
from services.sandbox.state import Issue, Repo


def subject(call: Call, level: str = "read") -> tuple[Repo, Issue]:
    """The issue (or the issue side of a pull request) that the path numbers, for `read` or `write`."""
    repo = call.repo("metadata:read")
    if not _digits(call.params["issue_number"]):
        raise not_found()
    found = call.sandbox.issue_numbered(repo, int(call.params["issue_number"]))
    name = "pull_requests" if found and found.pull and _granted(call, "pull_requests", level) else "issues"
    call.repo(f"{name}:{level}")
    if found is None:
        raise not_found()
    _gone(call, found)
    return repo, found


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _granted(call: Call, name: str, level: str) -> bool:
    token = call.who.token if call.who.installation is not None else None
    return token is not None and auth.LEVELS.get(token.permissions.get(name, ""), 0) >= auth.LEVELS[level]


def _gone(call: Call, issue: Issue) -> None:
    """301 and 410 are told only to a GET of the issue itself; below it, and on writes, there is nothing."""
    if not (issue.deleted or issue.transferred_to):
        return
    if call.request.method not in {"GET", "HEAD"} or not call.route.template.endswith("/{issue_number}"):
        raise not_found()
    if issue.deleted:
        raise Problem(410, "This issue was deleted")
    new = call.state.issues[issue.transferred_to]
    target = call.state.repos[new.repo_id]
    if not auth.can_see(call.state, call.who, target):
        raise not_found()
    place = f"{call.base}/repositories/{target.id}/issues/{new.number}"
    raise Problem(301, "Moved Permanently", headers={"location": place})


def pull_subject(call: Call, level: str = "read", name: str = "pull_requests") -> tuple[Repo, Issue]:
    """The pull request that the path numbers. People may review where they can read; the endpoints ask for more."""
    person_writes = level == "write" and call.who.installation is None
    repo = call.repo(f"{name}:{'read' if person_writes else level}")
    if person_writes:
        signed_in(call, repo)
    if not _digits(call.params["pull_number"]):
        raise not_found()
    found = call.sandbox.issue_numbered(repo, int(call.params["pull_number"]))
    if found is None or found.pull is None or found.deleted:
        raise not_found()
    return repo, found


def signed_in(call: Call, repo: Repo) -> None:
    """A person who writes: known, and the repository still takes writes."""
    if not call.who.login:
        raise Problem(401, "Requires authentication")
    if repo.archived:
        raise Problem(403, "Repository was archived so is read-only.")


def need_role(call: Call, repo: Repo, role: str, issue: Issue | None = None) -> None:
    """Refuse a person below `role` who is not the author of `issue`; an App's permissions were looked at already."""
    if call.who.installation is not None or (issue is not None and issue.user == call.actor):
        return
    call.require(repo, role)


def issue_by_id(call: Call, number: object, field: str = "issue_id") -> Issue:
    """The issue of a database id in a body, which must be a JSON integer; 404 when the caller may not see it."""
    if not isinstance(number, int) or isinstance(number, bool):
        raise Problem(422, f"Invalid request.\n\nFor 'properties/{field}', {str(number)[:80]!r} is not an integer.")
    found = call.state.issues.get(number)
    if found is None or found.deleted or found.transferred_to:
        raise not_found()
    if not auth.can_see(call.state, call.who, call.state.repos[found.repo_id]):
        raise not_found()
    return found
