"""Where everything is, the budgets, and what GitHub says about itself."""

from services.sandbox.call import Call
from services.sandbox.kernel import Json, route
from services.sandbox.limits import BUDGETS

_ROOT = {
    "current_user_url": "/user",
    "authorizations_url": "/authorizations",
    "code_search_url": "/search/code?q={query}{&page,per_page,sort,order}",
    "commit_search_url": "/search/commits?q={query}{&page,per_page,sort,order}",
    "emails_url": "/user/emails",
    "emojis_url": "/emojis",
    "events_url": "/events",
    "feeds_url": "/feeds",
    "followers_url": "/user/followers",
    "following_url": "/user/following{/target}",
    "gists_url": "/gists{/gist_id}",
    "issue_search_url": "/search/issues?q={query}{&page,per_page,sort,order}",
    "issues_url": "/issues",
    "keys_url": "/user/keys",
    "label_search_url": "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications_url": "/notifications",
    "organization_url": "/orgs/{org}",
    "organization_repositories_url": "/orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams_url": "/orgs/{org}/teams",
    "public_gists_url": "/gists/public",
    "rate_limit_url": "/rate_limit",
    "repository_url": "/repos/{owner}/{repo}",
    "repository_search_url": "/search/repositories?q={query}{&page,per_page,sort,order}",
    "current_user_repositories_url": "/user/repos{?type,page,per_page,sort}",
    "starred_url": "/user/starred{/owner}{/repo}",
    "starred_gists_url": "/gists/starred",
    "user_url": "/users/{user}",
    "user_organizations_url": "/user/orgs",
    "user_repositories_url": "/users/{user}/repos{?type,page,per_page,sort}",
    "user_search_url": "/search/users?q={query}{&page,per_page,sort,order}",
}


@route("GET", "/", need="")
def root(call: Call) -> Json:
    html = call.base.removesuffix("/api/v3")
    own = {"current_user_authorizations_html_url": f"{html}/settings/connections/applications{{/client_id}}"}
    return own | {name: call.base + path for name, path in _ROOT.items()}


@route("GET", "/meta", need="")
def meta(_call: Call) -> Json:
    return {
        "verifiable_password_authentication": False,
        "hooks": ["127.0.0.0/8"],
        "api": ["127.0.0.0/8"],
        "git": ["127.0.0.0/8"],
    }


@route("GET", "/versions", need="")
def versions(_call: Call) -> Json:
    return ["2022-11-28"]


@route("GET", "/rate_limit", need="")
def rate_limit(call: Call) -> Json:
    rows = {name: call.sandbox.limits.row(call.who, call.sandbox.now(), name) for name in BUDGETS}
    return {"resources": rows, "rate": rows["core"]}
