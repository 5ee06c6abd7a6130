"""Pull requests: list, open, read, change, their commits and files, reviewers, update and merge."""

from services.sandbox import access, auth, git_views, issue_views, issues, mergeability, merging, pull_views, pulls
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, invalid, not_found, route
from services.sandbox.pull_views import the_pull
from services.sandbox.rest.issues import logins
from services.sandbox.state import Issue, Repo

PULLS = "/repos/{owner}/{repo}/pulls"
ONE = PULLS + "/{pull_number}"


@route("GET", PULLS, need="pull_requests:read")
def list_pulls(call: Call) -> Json:
    repo = call.repo()
    query = call.query
    rows = [i for i in call.state.issues.values() if i.pull and i.repo_id == repo.id and not i.deleted]
    rows = [i for i in rows if query.get("state", "open") in {"all", i.state}]
    if ":" in query.get("head", ""):
        wanted = query["head"].lower()
        rows = [i for i in rows if pull_views.head_label(call.state, i).lower() == wanted]
    if query.get("base"):
        rows = [i for i in rows if the_pull(i).base_ref == query["base"]]
    key = "updated_at" if query.get("sort") == "updated" else "created_at"
    default = "desc" if query.get("sort", "created") == "created" else "asc"
    down = query.get("direction", default) == "desc"
    rows.sort(key=lambda i: (getattr(i, key), i.number), reverse=down)
    return [pull_views.simple(call.state, call.base, i) for i in call.page(rows)]


@route("POST", PULLS, need="pull_requests:write")
def create_pull(call: Call) -> Response:
    person = call.who.installation is None
    repo = call.repo("pull_requests:read" if person else "")
    if person:
        access.signed_in(call, repo)
    head_repo, head = _head(call, repo)
    if person:
        call.require(head_repo, "write", "Resource not accessible by personal access token")
    source = _source_issue(call, repo)
    title = call.text("title", resource="PullRequest", limit=256)
    if source is None and not (title or "").strip():
        raise invalid("PullRequest", "title", "missing_field")
    made = pulls.create(
        call.sandbox,
        repo,
        call.actor,
        head_repo=head_repo,
        head=head,
        base=call.text("base", required=True, resource="PullRequest") or "",
        title=title or "",
        body=call.text("body", resource="PullRequest"),
        draft=call.body.get("draft") is True,
        maintainer_can_modify=call.body.get("maintainer_can_modify") is not False,
        issue=source,
        app_id=call.app_id,
    )
    shown = pull_views.full(call.sandbox, call.base, made)
    return Response(status=201, json=shown, headers={"location": shown["url"]})


def _head(call: Call, repo: Repo) -> tuple[Repo, str]:
    """Repository and branch that `head` (`branch` or `owner:branch`) means; 422 when it means none."""
    text = call.text("head", required=True, resource="PullRequest") or ""
    owner, colon, branch = text.partition(":")
    if not colon or owner.lower() == repo.owner.lower():
        return repo, branch or owner
    root = repo.fork_of or repo.id
    for other in call.state.repos.values():
        kin = other.owner.lower() == owner.lower() and root in {other.fork_of, other.id}
        if kin and auth.can_see(call.state, call.who, other):
            return other, branch
    raise invalid("PullRequest", "head")


def _source_issue(call: Call, repo: Repo) -> Issue | None:
    """The issue that a pull request is made of, when the body names one."""
    number = call.body.get("issue")
    if number is None:
        return None
    found = call.sandbox.issue_numbered(repo, number) if isinstance(number, int) else None
    if found is None or found.pull is not None or found.state != "open" or found.deleted:
        raise invalid("PullRequest", "issue")
    return found


@route("GET", ONE, need="pull_requests:read")
def get_pull(call: Call) -> Json:
    _, issue = access.pull_subject(call)
    accept = call.request.headers.get("accept", "")
    if "diff" in accept or "patch" in accept:
        kind = "diff" if "diff" in accept else "patch"
        text = pull_views.unified_diff(pull_views.files(call.sandbox, issue))
        headers = {"content-type": f"application/vnd.github.{kind}; charset=utf-8"}
        return Response(body=text.encode(), headers=headers)
    mergeability.ask(call.sandbox, issue)
    return pull_views.full(call.sandbox, call.base, issue)


@route("PATCH", ONE, need="pull_requests:write")
def update_pull(call: Call) -> Json:
    repo, issue = access.pull_subject(call, "write")
    access.need_role(call, repo, "write", issue)
    title, body = call.text("title", resource="PullRequest", limit=256), call.text("body", resource="PullRequest")
    state, base = call.text("state", resource="PullRequest"), call.text("base", resource="PullRequest")
    if state not in {None, "open", "closed"}:
        raise invalid("PullRequest", "state")
    if title is not None and not title.strip():
        raise invalid("PullRequest", "title", "missing_field")
    if base is not None and state != "open":
        pulls.retarget(call.sandbox, issue, base, call.actor)
    changes = ({"title": title} if title else {}) | ({"body": body} if "body" in call.body else {})
    issues.edit(call.sandbox, issue, call.actor, changes, call.app_id)
    if isinstance(call.body.get("maintainer_can_modify"), bool):
        the_pull(issue).maintainer_can_modify = call.body["maintainer_can_modify"]
    if state is not None:
        pulls.set_state(call.sandbox, issue, state, call.actor, call.app_id)
    if base is not None and state == "open":
        pulls.retarget(call.sandbox, issue, base, call.actor)
    return pull_views.full(call.sandbox, call.base, issue)


@route("GET", ONE + "/commits", need="pull_requests:read")
def list_commits(call: Call) -> Json:
    repo, issue = access.pull_subject(call)
    pull = the_pull(issue)
    rows = call.git.log(repo.id, pull.head_sha, exclude=pull.base_sha)[::-1]
    return [git_views.commit(call.state, call.base, repo, commit) for commit in call.page(rows)]


@route("GET", ONE + "/files", need="pull_requests:read")
def list_files(call: Call) -> Json:
    repo, issue = access.pull_subject(call)
    rows = pull_views.files(call.sandbox, issue)[:3_000]
    sha = the_pull(issue).head_sha
    return [git_views.file_change(call.base, repo, sha, change) for change in call.page(rows)]


@route("GET", ONE + "/requested_reviewers", need="pull_requests:read")
def list_requested(call: Call) -> Json:
    _, issue = access.pull_subject(call)
    asked = the_pull(issue).requested_reviewers
    return {"users": [issue_views.person(call.state, call.base, login) for login in asked], "teams": []}


@route("POST", ONE + "/requested_reviewers", need="pull_requests:write")
def request_reviewers(call: Call) -> Response:
    repo, issue = access.pull_subject(call, "write")
    access.need_role(call, repo, "write", issue)
    wanted = logins(call, "reviewers")
    if any(login.lower() == issue.user.lower() for login in wanted):
        raise _words("Review cannot be requested from pull request author.")
    strangers = [login for login in wanted if not issues.assignable(call.sandbox, repo, login)]
    if strangers or logins(call, "team_reviewers"):
        text = "Reviews may only be requested from collaborators. One or more of the users or teams you specified"
        raise _words(f"{text} is not a collaborator of the {repo.full_name} repository.")
    pulls.request_reviews(call.sandbox, issue, wanted, call.actor, call.app_id)
    return Response(status=201, json=pull_views.simple(call.state, call.base, issue))


def _words(text: str) -> Problem:
    """A 422 whose errors are bare sentences, as the reviewer endpoints have them."""
    return Problem(422, "Validation Failed", errors=[text])


@route("DELETE", ONE + "/requested_reviewers", need="pull_requests:write")
def remove_reviewers(call: Call) -> Json:
    repo, issue = access.pull_subject(call, "write")
    access.need_role(call, repo, "write", issue)
    pulls.withdraw_requests(call.sandbox, issue, logins(call, "reviewers"), call.actor, call.app_id)
    return pull_views.simple(call.state, call.base, issue)


def _permissions(call: Call) -> dict[str, str] | None:
    """What the calling App's token may do; None for a person."""
    return call.who.token.permissions if call.who.installation is not None and call.who.token is not None else None


@route("PUT", ONE + "/update-branch", need="pull_requests:write")
def update_branch(call: Call) -> Response:
    repo, issue = access.pull_subject(call, "write")
    access.need_role(call, repo, "write", issue)
    expected = call.text("expected_head_sha", resource="PullRequest")
    merging.update_branch(call.sandbox, issue, call.actor, expected=expected, permissions=_permissions(call))
    url = f"{call.base.removesuffix('/api/v3')}/{repo.full_name}/pull/{issue.number}"
    return Response(status=202, json={"message": "Updating pull request branch.", "url": url})


@route("GET", ONE + "/merge", need="contents:read")
def is_merged(call: Call) -> Response:
    _, issue = access.pull_subject(call, name="contents")
    if not the_pull(issue).merged:
        raise not_found()
    return Response(status=204)


@route("PUT", ONE + "/merge", need="contents:write")
def merge(call: Call) -> Json:
    repo, issue = access.pull_subject(call, "write", "contents")
    if call.who.installation is None:
        call.require(repo, "write", "Must have write rights to Repository.")
    method = call.text("merge_method", resource="PullRequest") or "merge"
    if method not in merging.METHODS:
        raise invalid("PullRequest", "merge_method")
    sha = merging.merge(
        call.sandbox,
        issue,
        call.actor,
        method=method,
        title=call.text("commit_title", resource="PullRequest"),
        message=call.text("commit_message", resource="PullRequest"),
        sha=call.text("sha", resource="PullRequest"),
        permissions=_permissions(call),
    )
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
