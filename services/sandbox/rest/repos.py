"""Repositories: read, make, change, rename, hand over, fork, delete."""

import re

import msgspec

from services.sandbox import auth, codeowner_errors, committing, installing, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, invalid, not_found, route
from services.sandbox.state import Account, Repo

NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
SWITCHES = (
    "has_issues",
    "allow_merge_commit",
    "allow_squash_merge",
    "allow_rebase_merge",
    "allow_auto_merge",
    "delete_branch_on_merge",
)


def show(call: Call, repo: Repo) -> Json:
    return views.full_repository(call.state, call.base, repo, call.role(repo))


@route("GET", "/repos/{owner}/{repo}", need="metadata:read")
def get_repo(call: Call) -> Json:
    return show(call, call.repo())


@route("GET", "/repositories/{repository_id}", need="metadata:read")
def get_repo_by_id(call: Call) -> Json:
    found = call.state.repos.get(call.number("repository_id"))
    if found is None or not auth.can_see(call.state, call.who, found):
        raise not_found()
    return show(call, found)


@route("PATCH", "/repos/{owner}/{repo}", need="administration:write")
def change_repo(call: Call) -> Json:
    """Settings, name, default branch, visibility, archive; each that changed is told to everybody."""
    repo = _for_settings(call)
    changes: dict[str, Json] = {}
    if (name := call.text("name", resource="Repository")) and name != repo.name:
        _rename(call, repo, name)
    if "description" in call.body and call.body["description"] != repo.description:
        changes["description"] = {"from": repo.description}
        repo.description = call.text("description", resource="Repository")
    if (branch := call.text("default_branch", resource="Repository")) and branch != repo.default_branch:
        changes["default_branch"] = {"from": repo.default_branch}
        _default_branch(call, repo, branch)
    for field in SWITCHES:
        if isinstance(call.body.get(field), bool):
            setattr(repo, field, call.body[field])
    repo.updated_at = call.now
    if changes:
        call.sandbox.emit("repository", "edited", repo, call.actor, changes=changes)
    _visibility(call, repo)
    return show(call, repo)


def _for_settings(call: Call) -> Repo:
    """An archived repository can be brought back, and nothing else."""
    if call.body.get("archived") is False:
        found = call.repo("metadata:read")
        auth.check(call.state, call.who, found, "administration:write")
        return found
    return call.repo()


def _rename(call: Call, repo: Repo, name: str) -> None:
    _check_name(call, repo.owner, name)
    old = repo.name
    repo.old_names.append(repo.full_name.lower())
    repo.name = name
    call.sandbox.emit("repository", "renamed", repo, call.actor, changes={"repository": {"name": {"from": old}}})


def _default_branch(call: Call, repo: Repo, branch: str) -> None:
    if f"refs/heads/{branch}" not in call.git.refs(repo.id):
        raise invalid("Repository", "default_branch", "invalid", f"The branch {branch} was not found.")
    repo.default_branch = branch
    call.git.set_head(repo.id, branch)


def _visibility(call: Call, repo: Repo) -> None:
    wanted = call.body.get("private", {"private": True, "public": False}.get(str(call.body.get("visibility"))))
    if isinstance(wanted, bool) and wanted != repo.private:
        repo.private = wanted
        call.sandbox.emit("repository", "privatized" if wanted else "publicized", repo, call.actor)
    archived = call.body.get("archived")
    if isinstance(archived, bool) and archived != repo.archived:
        repo.archived = archived
        call.sandbox.emit("repository", "archived" if archived else "unarchived", repo, call.actor)


@route("DELETE", "/repos/{owner}/{repo}", need="administration:write")
def delete_repo(call: Call) -> Json:
    repo = call.repo()
    call.sandbox.emit("repository", "deleted", repo, call.actor)
    installing.forget_repo(call.sandbox, repo)
    return Response(status=204)


@route("POST", "/repos/{owner}/{repo}/transfer", need="administration:write")
def transfer_repo(call: Call) -> Json:
    repo = call.repo()
    owner = views.account(call.state, call.text("new_owner", required=True, resource="Repository") or "")
    if owner is views.GHOST:
        raise invalid("Repository", "new_owner")
    _check_name(call, owner.login, repo.name)
    old = views.account(call.state, repo.owner)
    kind = "organization" if old.type == "Organization" else "user"
    repo.old_names.append(repo.full_name.lower())
    repo.owner = owner.login
    changes = {"owner": {"from": {kind: views.user(call.sandbox.public_url, old)}}}
    call.sandbox.emit("repository", "transferred", repo, call.actor, changes=changes)
    return Response(status=202, json=views.minimal_repo(call.state, call.base, repo))


@route("POST", "/user/repos")
def create_for_me(call: Call) -> Json:
    if not call.who.login:
        raise Problem(403, "Resource not accessible by integration")
    return _create(call, call.who.login)


@route("POST", "/orgs/{org}/repos")
def create_for_organization(call: Call) -> Json:
    owner = views.account(call.state, call.params["org"])
    if owner.type != "Organization":
        raise not_found()
    _may_create(call, owner)
    return _create(call, owner.login)


def _may_create(call: Call, owner: Account) -> None:
    """Members may, and an App with administration:write on the organisation."""
    who = call.who
    if who.installation is not None and who.token is not None:
        if who.token.permissions.get("administration") != "write" or who.installation.account != owner.login:
            raise Problem(403, "Resource not accessible by integration")
    elif call.actor.lower() not in {login.lower() for login in owner.members}:
        raise Problem(403, "You need admin access to the organization before adding a repository to it.")


def _check_name(call: Call, owner: str, name: str) -> None:
    if not NAME.fullmatch(name) or name in {".", ".."} or name.lower().endswith((".git", ".wiki")):
        raise invalid("Repository", "name")
    taken = call.sandbox.repo_named(f"{owner}/{name}")
    if taken is not None and taken.full_name.lower() == f"{owner}/{name}".lower():
        problem = invalid("Repository", "name", "custom", "name already exists on this account")
        problem.message = "Repository creation failed."
        raise problem


def _create(call: Call, owner: str) -> Json:
    from services.sandbox.scenario import default_labels

    name = call.text("name", required=True, resource="Repository", limit=100) or ""
    _check_name(call, owner, name)
    body = call.body
    repo = Repo(
        id=call.state.new_id(),
        owner=owner,
        name=name,
        private=bool(body.get("private", body.get("visibility") == "private")),
        description=call.text("description", resource="Repository"),
        created_at=call.now,
        updated_at=call.now,
        pushed_at=call.now,
        labels=default_labels(call.sandbox),
    )
    for field in SWITCHES:
        if isinstance(body.get(field), bool):
            setattr(repo, field, body[field])
    call.state.repos[repo.id] = repo
    call.git.create(repo.id, repo.default_branch)
    call.sandbox.emit("repository", "created", repo, call.actor)
    if body.get("auto_init"):
        readme = {"README.md": ("100644", call.git.write_blob(repo.id, f"# {name}\n".encode()))}
        committing.commit(call, repo, committing.Place(branch=repo.default_branch, tip=""), readme, "Initial commit")
    return Response(status=201, json=show(call, repo))


@route("GET", "/repos/{owner}/{repo}/forks", need="metadata:read")
def forks(call: Call) -> Json:
    repo = call.repo()
    rows = [r for r in call.state.repos.values() if r.fork_of == repo.id and auth.can_see(call.state, call.who, r)]
    return [views.repository(call.state, call.base, r) for r in call.page(rows)]


@route("POST", "/repos/{owner}/{repo}/forks", need="administration:write")
def create_fork(call: Call) -> Json:
    """A copy under another owner; an existing one is given back. GitHub copies later, the sandbox at once."""
    source = call.repo("contents:read")
    owner = call.text("organization", resource="Fork") or call.actor
    name = call.text("name", resource="Fork") or source.name
    known = call.sandbox.repo_named(f"{owner}/{name}")
    if known is not None and known.fork_of == source.id:
        return Response(status=202, json=show(call, known))
    if views.account(call.state, owner) is views.GHOST:
        raise not_found()
    _check_name(call, owner, name)
    fork = msgspec.structs.replace(
        source,
        id=call.state.new_id(),
        owner=owner,
        name=name,
        fork_of=source.id,
        created_at=call.now,
        updated_at=call.now,
    )
    fork.labels, fork.collaborators, fork.protection, fork.old_names, fork.milestones = (
        dict(source.labels),
        {},
        {},
        [],
        {},
    )
    fork.next_number = 1
    call.git.fork(source.id, fork.id)
    call.state.repos[fork.id] = fork
    return Response(status=202, json=show(call, fork))


@route("GET", "/repos/{owner}/{repo}/codeowners/errors", need="contents:read")
def codeowners(call: Call) -> Json:
    repo = call.repo()
    found = codeowner_errors.find(call.sandbox, repo, call.query.get("ref", repo.default_branch))
    if found is None:
        raise not_found()
    return {"errors": found}
