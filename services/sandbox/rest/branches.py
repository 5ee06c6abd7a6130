"""Branches, what protects them, and the rules that rulesets lay on them."""

from typing import Annotated

import msgspec

from services.sandbox import auth, branch_views, git_views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Protection, Repo


class _Check(msgspec.Struct):
    context: str
    app_id: int | None = None


class _Checks(msgspec.Struct):
    strict: bool | None = None
    contexts: list[str] | None = None
    checks: list[_Check] | None = None


class _Reviews(msgspec.Struct):
    required_approving_review_count: Annotated[int, msgspec.Meta(ge=0, le=6)] = 1
    require_code_owner_reviews: bool = False
    dismiss_stale_reviews: bool = False


class _Protection(msgspec.Struct):
    """The four parts without a default must be named, if only with null."""

    required_status_checks: _Checks | None
    enforce_admins: bool | None
    required_pull_request_reviews: _Reviews | None
    restrictions: dict[str, Json] | None
    required_linear_history: bool = False


def _branch(call: Call, repo: Repo) -> str:
    """The sha of the branch of the path; 404 "Branch not found"."""
    sha = call.git.refs(repo.id).get(f"refs/heads/{call.params['branch']}")
    if sha is None:
        raise Problem(404, "Branch not found")
    return sha


@route("GET", "/repos/{owner}/{repo}/branches", need="contents:read")
def branches(call: Call) -> Json:
    repo = call.repo()
    rows = [(ref.removeprefix("refs/heads/"), sha) for ref, sha in call.git.refs(repo.id).items()]
    wanted = call.query.get("protected")
    if wanted is not None:
        rows = [row for row in rows if (row[0] in repo.protection) == (wanted == "true")]
    api = f"{call.base}/repos/{repo.full_name}"
    return [
        {"name": name, "commit": {"sha": sha, "url": f"{api}/commits/{sha}"}, "protected": name in repo.protection}
        for name, sha in call.page(rows)
    ]


@route("GET", "/repos/{owner}/{repo}/branches/{branch}", need="contents:read")
def branch(call: Call) -> Json:
    repo = call.repo()
    found = call.git.commit(repo.id, _branch(call, repo))
    if found is None:
        raise not_found()
    commit = git_views.commit(call.state, call.base, repo, found)
    return branch_views.branch(call.base, repo, call.params["branch"], commit)


@route("GET", "/repos/{owner}/{repo}/branches/{branch}/protection", need="administration:read")
def get_protection(call: Call) -> Json:
    repo = _administered(call)
    return branch_views.protection(call.base, repo, call.params["branch"], _protection(call, repo))


def _administered(call: Call) -> Repo:
    """The repository, for those who may see its settings: an App with administration:read, people with admin."""
    repo = call.repo()
    if call.who.login and call.role(repo) < auth.rank("admin"):
        raise not_found()
    return repo


def _protection(call: Call, repo: Repo) -> Protection:
    _branch(call, repo)
    found = repo.protection.get(call.params["branch"])
    if found is None or found.ruleset:
        raise Problem(404, "Branch not protected")
    return found


@route("PUT", "/repos/{owner}/{repo}/branches/{branch}/protection", need="administration:write")
def put_protection(call: Call) -> Json:
    """Replace all of a branch's protection."""
    repo = call.repo()
    _branch(call, repo)
    body = call.shaped(_Protection)
    reviews = body.required_pull_request_reviews
    new = Protection(
        enforce_admins=bool(body.enforce_admins),
        approvals=reviews.required_approving_review_count if reviews is not None else 0,
        code_owners=reviews is not None and reviews.require_code_owner_reviews,
        dismiss_stale=reviews is not None and reviews.dismiss_stale_reviews,
        linear=body.required_linear_history,
    )
    if body.required_status_checks is not None:
        _set_checks(new, body.required_status_checks)
    repo.protection[call.params["branch"]] = new
    return branch_views.protection(call.base, repo, call.params["branch"], new)


def _set_checks(rules: Protection, wanted: _Checks) -> None:
    """Contexts and checks as GitHub takes them: `checks` also name the App, and win over `contexts`."""
    rules.strict = rules.strict if wanted.strict is None else wanted.strict
    if wanted.checks:
        rules.contexts = [check.context for check in wanted.checks]
        rules.app_ids = {check.context: check.app_id for check in wanted.checks if check.app_id}
    elif wanted.contexts is not None:
        rules.contexts, rules.app_ids = wanted.contexts, {}


@route("DELETE", "/repos/{owner}/{repo}/branches/{branch}/protection", need="administration:write")
def delete_protection(call: Call) -> Json:
    repo = call.repo()
    _protection(call, repo)
    del repo.protection[call.params["branch"]]
    return Response(status=204)


_CHECKS = "/repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks"


@route("GET", _CHECKS, need="administration:read")
def get_checks(call: Call) -> Json:
    repo = _administered(call)
    rules = _protection(call, repo)
    if not rules.contexts and not rules.strict:
        raise Problem(404, "Required status checks not enabled")
    return branch_views.status_checks(call.base, repo, call.params["branch"], rules)


@route("PATCH", _CHECKS, need="administration:write")
def change_checks(call: Call) -> Json:
    repo = call.repo()
    rules = _protection(call, repo)
    _set_checks(rules, call.shaped(_Checks))
    return branch_views.status_checks(call.base, repo, call.params["branch"], rules)


@route("DELETE", _CHECKS, need="administration:write")
def delete_checks(call: Call) -> Json:
    rules = _protection(call, call.repo())
    rules.contexts, rules.app_ids, rules.strict = [], {}, False
    return Response(status=204)


@route("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", need="metadata:read")
def rules_of_branch(call: Call) -> Json:
    """The active rules of rulesets; branch protection is not among them. A branch that does not exist has rules too."""
    repo = call.repo()
    rules = repo.protection.get(call.params["branch"])
    return call.page(branch_views.rules(repo, rules) if rules is not None and rules.ruleset else [])


@route("GET", "/repos/{owner}/{repo}/rulesets", need="metadata:read")
def rulesets(call: Call) -> Json:
    repo = call.repo()
    names = [name for name, rules in repo.protection.items() if rules.ruleset]
    return [branch_views.ruleset(call.base, repo, name) for name in call.page(names)]


@route("GET", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", need="metadata:read")
def one_ruleset(call: Call) -> Json:
    repo = call.repo()
    for name, rules in repo.protection.items():
        if rules.ruleset and branch_views.ruleset_id(repo, name) == call.number("ruleset_id"):
            shown = branch_views.ruleset(call.base, repo, name)
            only = [
                {k: v for k, v in r.items() if not k.startswith("ruleset")} for r in branch_views.rules(repo, rules)
            ]
            return {**shown, "rules": only}
    raise not_found()
