"""Where an App is installed, the tokens it gets there, and what those reach."""

from datetime import timedelta

import msgspec

from services.sandbox import auth, installing, views
from services.sandbox.call import Call
from services.sandbox.clock import stamp
from services.sandbox.credentials import Token
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Installation, Repo

TOKEN_LIFE = timedelta(hours=1)
MOST_REPOSITORIES = 500


class _Wanted(msgspec.Struct):
    """What a token may be narrowed to."""

    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, str] | None = None


def _own(call: Call) -> Installation:
    """The installation of the path, when it is the calling App's."""
    found = call.state.installations.get(call.number("installation_id"))
    if found is None or call.who.app is None or found.app_id != call.who.app.id:
        raise not_found()
    return found


def _of_account(call: Call, login: str) -> Json:
    app = call.who.app
    for found in call.state.installations.values():
        if app is not None and found.app_id == app.id and found.account.lower() == login.lower():
            return views.installation(call.state, call.base, found)
    raise not_found()


@route("GET", "/app/installations", need="jwt")
def installations(call: Call) -> Json:
    app = call.who.app
    mine = [i for i in call.state.installations.values() if app is not None and i.app_id == app.id]
    return [views.installation(call.state, call.base, i) for i in call.page(mine)]


@route("GET", "/app/installation-requests", need="jwt")
def requests(_call: Call) -> Json:
    return []


@route("GET", "/app/installations/{installation_id}", need="jwt")
def installation(call: Call) -> Json:
    return views.installation(call.state, call.base, _own(call))


@route("DELETE", "/app/installations/{installation_id}", need="jwt")
def uninstall(call: Call) -> Json:
    found = _own(call)
    installing.uninstall(call.sandbox, found, found.account)
    return Response(status=204)


@route("PUT", "/app/installations/{installation_id}/suspended", need="jwt")
def suspend(call: Call) -> Json:
    found = _own(call)
    found.suspended_at = call.now
    _announce(call, "suspend", found)
    return Response(status=204)


@route("DELETE", "/app/installations/{installation_id}/suspended", need="jwt")
def unsuspend(call: Call) -> Json:
    found = _own(call)
    found.suspended_at = None
    _announce(call, "unsuspend", found)
    return Response(status=204)


def _announce(call: Call, action: str, found: Installation) -> None:
    installing.announce(call.sandbox, action, found, found.account)


@route("GET", "/orgs/{org}/installation", need="jwt")
def of_organization(call: Call) -> Json:
    return _of_account(call, call.params["org"])


@route("GET", "/users/{username}/installation", need="jwt")
def of_user(call: Call) -> Json:
    return _of_account(call, call.params["username"])


@route("GET", "/repos/{owner}/{repo}/installation", need="jwt")
def of_repository(call: Call) -> Json:
    repo = call.sandbox.repo_named(f"{call.params['owner']}/{call.params['repo']}")
    app = call.who.app
    for found in call.state.installations.values():
        if (
            repo is not None
            and app is not None
            and found.app_id == app.id
            and repo in installing.repos_of(call.sandbox, found)
        ):
            return views.installation(call.state, call.base, found)
    raise not_found()


@route("POST", "/app/installations/{installation_id}/access_tokens", need="jwt")
def create_token(call: Call) -> Json:
    """A token for an hour, for all the installation's repositories and permissions or for some of them."""
    found = _own(call)
    if found.suspended_at:
        raise Problem(403, "This installation has been suspended")
    chosen = _chosen(call, found)
    permissions = _permissions(call, found)
    token = Token(
        token=f"ghs_{call.sandbox.draw(190):048x}",
        installation_id=found.id,
        repo_ids=[repo.id for repo in chosen] if chosen is not None else None,
        permissions=permissions,
        expires_at=stamp(call.sandbox.now() + TOKEN_LIFE),
    )
    call.state.tokens[token.token] = token
    _forget_expired(call)
    out: dict[str, Json] = {
        "token": token.token,
        "expires_at": token.expires_at,
        "permissions": permissions,
        "repository_selection": "selected" if chosen is not None or found.repo_ids is not None else "all",
    }
    if chosen is not None:
        out["repositories"] = [views.repository(call.state, call.base, repo) for repo in chosen]
    return Response(status=201, json=out)


def _chosen(call: Call, found: Installation) -> list[Repo] | None:
    """The repositories a token is asked for, None = all; 422 when one is not the installation's."""
    asked = call.shaped(_Wanted)
    if asked.repositories is None and asked.repository_ids is None:
        return None
    wanted = {name.rpartition("/")[2].lower() for name in asked.repositories or []}
    ids = set(asked.repository_ids or [])
    chosen = [r for r in installing.repos_of(call.sandbox, found) if r.name.lower() in wanted or r.id in ids]
    if wanted - {repo.name.lower() for repo in chosen} or ids - {repo.id for repo in chosen}:
        text = "There is at least one repository that does not exist or is not accessible to the parent installation."
        raise Problem(422, text)
    if len(chosen) > MOST_REPOSITORIES:
        raise Problem(422, f"The number of repositories must not exceed {MOST_REPOSITORIES}.")
    return chosen


def _permissions(call: Call, found: Installation) -> dict[str, str]:
    """The permissions a token is asked for; 422 when the installation has less."""
    asked = call.shaped(_Wanted).permissions
    if not asked:
        return dict(found.permissions)
    for name, level in asked.items():
        if auth.LEVELS.get(level, 9) > auth.LEVELS.get(found.permissions.get(name, ""), 0):
            raise Problem(422, "The permissions requested are not granted to this installation.")
    return {"metadata": "read", **asked}


def _forget_expired(call: Call) -> None:
    """Tokens an hour past their end are of no use even for telling that they have ended."""
    tokens = call.state.tokens
    if len(tokens) % 256 == 0:
        limit = stamp(call.sandbox.now() - TOKEN_LIFE)
        for key in [key for key, token in tokens.items() if token.expires_at and token.expires_at < limit]:
            del tokens[key]


@route("DELETE", "/installation/token")
def revoke(call: Call) -> Json:
    if call.who.token is None or call.who.installation is None:
        raise Problem(403, "Resource not accessible by personal access token")
    call.who.token.revoked = True
    return Response(status=204)


@route("GET", "/installation/repositories")
def repositories(call: Call) -> Json:
    found = call.who.installation
    if found is None:
        raise Problem(403, "Resource not accessible by personal access token")
    rows = [repo for repo in installing.repos_of(call.sandbox, found) if auth.covers(call.who, repo)]
    shown = [views.full_repository(call.state, call.base, repo, call.role(repo)) for repo in call.page(rows)]
    chosen = "all" if found.repo_ids is None else "selected"
    return {"total_count": len(rows), "repository_selection": chosen, "repositories": shown}
