"""Check suites over REST: what one App says about a commit as a whole."""

from services.sandbox import check_views, checks, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.rest.checks import bad, commit_of, listed, page_of_runs, string
from services.sandbox.state import CheckSuite, Repo

SUITE = "/repos/{owner}/{repo}/check-suites/{check_suite_id}"


@route("POST", "/repos/{owner}/{repo}/check-suites", need="checks:write")
def create(call: Call) -> Json:
    """201, or 200 when the App has one on that commit already."""
    repo = call.repo()
    if not call.app_id:
        raise Problem(403, "You must authenticate via a GitHub App.")
    sha = commit_of(call, repo, string(call.body, "head_sha", required=True) or "")
    suite, made = checks.suite_for(call.sandbox, repo, call.app_id, sha)
    return Response(status=201 if made else 200, json=check_views.check_suite(call.sandbox, call.base, suite))


@route("PATCH", "/repos/{owner}/{repo}/check-suites/preferences", need="checks:write")
def preferences(call: Call) -> Json:
    """Which Apps get a suite on every push."""
    repo = call.repo()
    call.require(repo, "write")
    for row in listed(call.body, "auto_trigger_checks", 100):
        app_id, on = row.get("app_id"), row.get("setting", True)
        if not isinstance(app_id, int) or not isinstance(on, bool):
            raise bad('"app_id" wasn\'t supplied.')
        repo.suites_off = [known for known in repo.suites_off if known != app_id] + ([] if on else [app_id])
    apps = [i.app_id for i in call.state.installations.values() if i.account.lower() == repo.owner.lower()]
    settings = [{"app_id": app_id, "setting": app_id not in repo.suites_off} for app_id in sorted(set(apps))]
    return {
        "preferences": {"auto_trigger_checks": settings},
        "repository": views.minimal_repo(call.state, call.base, repo),
    }


@route("GET", SUITE, need="checks:read")
def get(call: Call) -> Json:
    return check_views.check_suite(call.sandbox, call.base, _suite(call, call.repo()))


@route("GET", SUITE + "/check-runs", need="checks:read")
def runs(call: Call) -> Json:
    suite = _suite(call, call.repo())
    return page_of_runs(call, [r for r in call.state.check_runs.values() if r.suite_id == suite.id])


@route("POST", SUITE + "/rerequest", need="checks:write")
def rerequest(call: Call) -> Json:
    from services.sandbox import actions_reruns

    suite = _suite(call, call.repo())
    if call.app_id and suite.app_id != call.app_id:
        raise Problem(403, "This check suite does not belong to the authenticated GitHub App.")
    if suite.app_id == checks.ACTIONS_APP:
        run = next(r for r in call.state.runs.values() if r.suite_id == suite.id)
        actions_reruns.rerun(call.sandbox, run, call.actor)
    else:
        checks.rerequest_suite(call.sandbox, suite, call.actor)
    return Response(status=201, json={})


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", need="checks:read")
def of_ref(call: Call) -> Json:
    repo = call.repo()
    sha = commit_of(call, repo, call.params["ref"])
    app, name = call.query.get("app_id"), call.query.get("check_name")
    named = {r.suite_id for r in call.state.check_runs.values() if r.name == name}
    rows = [
        s
        for s in call.state.suites.values()
        if s.head_sha == sha
        and s.repo_id == repo.id
        and (not app or str(s.app_id) == app)
        and (not name or s.id in named)
    ]
    rows.sort(key=lambda s: s.id)
    shown = [check_views.check_suite(call.sandbox, call.base, s) for s in call.page(rows)]
    return {"total_count": len(rows), "check_suites": shown}


def _suite(call: Call, repo: Repo) -> CheckSuite:
    suite = call.state.suites.get(call.number("check_suite_id"))
    if suite is None or suite.repo_id != repo.id:
        raise not_found()
    return suite
