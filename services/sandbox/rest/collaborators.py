"""Who may do what on a repository."""

from services.sandbox import auth, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Response, invalid, not_found, route
from services.sandbox.state import Account, Repo

SPOKEN = {"pull": "read", "push": "write"}
"""The older words for two roles, which the API still takes."""
LEGACY = {"maintain": "write", "triage": "read"}
"""What `permission` says for roles it has no word for; `role_name` says the role."""


def _person(call: Call) -> Account:
    found = views.account(call.state, call.params["username"])
    if found is views.GHOST or found.type == "Bot":
        raise not_found()
    return found


def _shown(call: Call, repo: Repo, who: Account) -> Json:
    role = auth.role_of(call.state, repo, who.login)
    return {
        **views.user(call.base, who),
        "permissions": views.permissions_of(auth.rank(role)),
        "role_name": role,
    }


@route("GET", "/repos/{owner}/{repo}/collaborators", need="metadata:read")
def collaborators(call: Call) -> Json:
    """Everybody with a role of their own; `affiliation=outside` leaves out members of the organisation."""
    repo = call.repo()
    owner = views.account(call.state, repo.owner)
    people = dict.fromkeys([*owner.members, *repo.collaborators])
    if owner.type == "User":
        people = dict.fromkeys([owner.login, *people])
    outside = call.query.get("affiliation") == "outside"
    rows = [views.account(call.state, name) for name in people if not (outside and name in owner.members)]
    return [_shown(call, repo, who) for who in call.page(rows)]


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}", need="metadata:read")
def is_collaborator(call: Call) -> Json:
    repo, who = call.repo(), _person(call)
    named = {name.lower() for name in repo.collaborators}
    owner = views.account(call.state, repo.owner)
    if who.login.lower() not in named | {owner.login.lower()} | {name.lower() for name in owner.members}:
        raise not_found()
    return Response(status=204)


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", need="metadata:read")
def permission(call: Call) -> Json:
    """`role_name` is exact (a custom role's own name too); `permission` knows only admin, write, read and none."""
    repo, who = call.repo(), _person(call)
    role = auth.role_of(call.state, repo, who.login)
    legacy = LEGACY.get(role, role)
    if legacy not in {"admin", "write", "read", "none"}:
        legacy = "write"
    return {"permission": legacy, "role_name": role, "user": _shown(call, repo, who)}


@route("PUT", "/repos/{owner}/{repo}/collaborators/{username}", need="administration:write")
def add_collaborator(call: Call) -> Json:
    """GitHub sends an invitation first.

    Here the person accepts at once, so an invitation is shown and the role holds.
    """
    repo, who = call.repo(), _person(call)
    wanted = call.text("permission", resource="Repository") or "push"
    role = SPOKEN.get(wanted, wanted)
    if role not in {"read", "triage", "write", "maintain", "admin"}:
        raise invalid("Repository", "permission")
    known = who.login in repo.collaborators
    repo.collaborators[who.login] = role
    if known:
        return Response(status=204)
    number = call.state.new_id()
    html = f"{call.base.removesuffix('/api/v3')}/{repo.full_name}/invitations"
    invitation = {
        "id": number,
        "node_id": views.node_id("RI", number),
        "repository": views.minimal_repo(call.state, call.base, repo),
        "invitee": views.user(call.base, who),
        "inviter": views.user(call.base, views.account(call.state, call.actor)),
        "permissions": role,
        "created_at": call.now,
        "expired": False,
        "url": f"{call.base}/user/repository_invitations/{number}",
        "html_url": html,
    }
    return Response(status=201, json=invitation)


@route("DELETE", "/repos/{owner}/{repo}/collaborators/{username}", need="administration:write")
def remove_collaborator(call: Call) -> Json:
    repo, who = call.repo(), _person(call)
    for name in [name for name in repo.collaborators if name.lower() == who.login.lower()]:
        del repo.collaborators[name]
    return Response(status=204)
