"""People, organisations and what is theirs."""

from services.sandbox import auth, installing, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Account, Installation, Repo


def _account(call: Call, param: str, *, kind: str = "") -> Account:
    login = call.params[param]
    found = views.account(call.state, login)
    if found is views.GHOST or (kind and found.type != kind):
        raise not_found()
    return found


def _repos(call: Call, owner: str) -> list[Repo]:
    mine = [r for r in call.state.repos.values() if r.owner.lower() == owner.lower()]
    return sorted((r for r in mine if auth.can_see(call.state, call.who, r)), key=lambda repo: repo.full_name.lower())


def _person(call: Call) -> Account:
    if call.who.installation is not None or call.who.app is not None:
        raise Problem(403, "Resource not accessible by integration")
    return views.account(call.state, call.who.login)


@route("GET", "/user")
def me(call: Call) -> Json:
    return _public(call, _person(call))


@route("GET", "/users/{username}", need="")
def user(call: Call) -> Json:
    return _public(call, _account(call, "username"))


def _public(call: Call, who: Account) -> Json:
    public = sum(1 for r in call.state.repos.values() if r.owner == who.login and not r.private)
    unset: dict[str, Json] = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    return {
        **views.user(call.base, who),
        **unset,
        "name": who.name or None,
        "blog": "",
        "public_repos": public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": who.created_at,
        "updated_at": who.created_at,
    }


@route("GET", "/orgs/{org}", need="")
def organization(call: Call) -> Json:
    who = _account(call, "org", kind="Organization")
    return {
        **views.organization(call.base, who),
        "name": who.name or who.login,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": sum(1 for r in _repos(call, who.login) if not r.private),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": f"{call.base.removesuffix('/api/v3')}/{who.login}",
        "type": "Organization",
        "created_at": who.created_at,
        "updated_at": who.created_at,
        "archived_at": None,
    }


@route("GET", "/orgs/{org}/members")
def members(call: Call) -> Json:
    who = _account(call, "org", kind="Organization")
    role = call.query.get("role", "all")
    rows = [login for login, held in sorted(who.members.items()) if role in {"all", held}]
    return [views.user(call.base, views.account(call.state, login)) for login in call.page(rows)]


@route("GET", "/orgs/{org}/members/{username}")
def is_member(call: Call) -> Json:
    who = _account(call, "org", kind="Organization")
    if call.params["username"].lower() not in {login.lower() for login in who.members}:
        raise not_found()
    return Response(status=204)


@route("GET", "/orgs/{org}/repos", need="")
def organization_repos(call: Call) -> Json:
    who = _account(call, "org", kind="Organization")
    return [views.repository(call.state, call.base, r) for r in call.page(_repos(call, who.login))]


@route("GET", "/users/{username}/repos", need="")
def user_repos(call: Call) -> Json:
    who = _account(call, "username")
    return [views.repository(call.state, call.base, r) for r in call.page(_repos(call, who.login))]


@route("GET", "/user/repos")
def my_repos(call: Call) -> Json:
    login = _person(call).login
    mine = [
        r
        for r in call.state.repos.values()
        if r.owner.lower() == login.lower() or login.lower() in {name.lower() for name in r.collaborators}
    ]
    rows = call.page(sorted(mine, key=lambda repo: repo.full_name.lower()))
    return [views.full_repository(call.state, call.base, r, call.role(r)) for r in rows]


@route("GET", "/user/installations")
def my_installations(call: Call) -> Json:
    login = _person(call).login
    mine = [
        i
        for i in call.state.installations.values()
        if any(
            auth.rank(auth.role_of(call.state, r, login)) > 0 and r.owner.lower() == i.account.lower()
            for r in call.state.repos.values()
        )
    ]
    shown = [views.installation(call.state, call.base, i) for i in call.page(mine)]
    return {"total_count": len(mine), "installations": shown}


@route("GET", "/user/installations/{installation_id}/repositories")
def my_installation_repositories(call: Call) -> Json:
    login = _person(call).login
    found = call.state.installations.get(call.number("installation_id"))
    if found is None:
        raise not_found()
    rows = [r for r in installing.repos_of(call.sandbox, found) if auth.rank(auth.role_of(call.state, r, login)) > 0]
    shown = [views.full_repository(call.state, call.base, r, call.role(r)) for r in call.page(rows)]
    chosen = "all" if found.repo_ids is None else "selected"
    return {"total_count": len(rows), "repository_selection": chosen, "repositories": shown}


@route("PUT", "/user/installations/{installation_id}/repositories/{repository_id}")
def add_to_installation(call: Call) -> Json:
    """An administrator of a repository lets an App in that is installed on chosen repositories."""
    found, repo = _choice(call)
    if found.repo_ids is not None and repo.id not in found.repo_ids:
        installing.choose(call.sandbox, found, [*installing.repos_of(call.sandbox, found), repo], call.actor)
    return Response(status=204)


@route("DELETE", "/user/installations/{installation_id}/repositories/{repository_id}")
def remove_from_installation(call: Call) -> Json:
    found, repo = _choice(call)
    if found.repo_ids is None:
        raise Problem(422, "The installation is on all repositories; choose repositories first.")
    rest = [r for r in installing.repos_of(call.sandbox, found) if r.id != repo.id]
    installing.choose(call.sandbox, found, rest, call.actor)
    return Response(status=204)


def _choice(call: Call) -> tuple[Installation, Repo]:
    """The installation and the repository of the path, for an administrator of the repository; 404 else."""
    login = _person(call).login
    found = call.state.installations.get(call.number("installation_id"))
    repo = call.state.repos.get(call.number("repository_id"))
    if found is None or repo is None or found.account.lower() != repo.owner.lower():
        raise not_found()
    if auth.role_of(call.state, repo, login) != "admin":
        raise not_found()
    return found, repo
