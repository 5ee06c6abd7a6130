"""A repository's own webhooks, and the log of what they were sent."""

from services.sandbox import delivery_views, events, pushes
from services.sandbox.call import Call
from services.sandbox.git import ZERO
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Delivery, Hook, Repo


def view(call: Call, repo: Repo, hook: Hook) -> Json:
    """GitHub's "webhook"; the secret is never shown."""
    url = f"{call.base}/repos/{repo.full_name}/hooks/{hook.id}"
    sent = [d for d in call.state.deliveries.values() if d.hook_id == hook.id and d.status != "pending"]
    last = sent[-1] if sent else None
    config = {"url": hook.url, "content_type": "json", "insecure_ssl": "0"}
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config | ({"secret": "********"} if hook.secret else {}),
        "updated_at": hook.created_at,
        "created_at": hook.created_at,
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {
            "code": last.status_code or None if last is not None else None,
            "status": last.status if last is not None else "unused",
            "message": last.status if last is not None else None,
        },
    }


def _hook(call: Call, repo: Repo) -> Hook:
    found = call.state.hooks.get(call.number("hook_id"))
    if found is None or found.repo_id != repo.id:
        raise not_found()
    return found


@route("GET", "/repos/{owner}/{repo}/hooks", need="repository_hooks:read")
def hooks(call: Call) -> Json:
    repo = call.repo()
    call.require(repo, "write")
    rows = [h for h in call.state.hooks.values() if h.repo_id == repo.id]
    return [view(call, repo, hook) for hook in call.page(rows)]


@route("POST", "/repos/{owner}/{repo}/hooks", need="repository_hooks:write")
def create_hook(call: Call) -> Json:
    repo = call.repo()
    url, secret = _config(call)
    if not url:
        raise Problem(
            422, "Validation Failed", errors=[{"resource": "Hook", "code": "custom", "message": "url is missing"}]
        )
    names = _events(call)
    same = [
        h for h in call.state.hooks.values() if h.repo_id == repo.id and h.url == url and set(h.events) == set(names)
    ]
    if same:
        text = "Hook already exists on this repository"
        raise Problem(422, "Validation Failed", errors=[{"resource": "Hook", "code": "custom", "message": text}])
    active = call.body.get("active", True) is not False
    hook = Hook(
        id=call.state.new_id(),
        repo_id=repo.id,
        url=url,
        secret=secret,
        events=names,
        active=active,
        created_at=call.now,
    )
    call.state.hooks[hook.id] = hook
    events.ping(call.sandbox, hook, repo, call.actor, view(call, repo, hook))
    return Response(status=201, json=view(call, repo, hook))


def _config(call: Call) -> tuple[str, str]:
    config = call.body.get("config") or {}
    if not isinstance(config, dict):
        raise Problem(422, "Invalid request.\n\nFor 'properties/config', it is not an object.")
    return str(config.get("url") or ""), str(config.get("secret") or "")


def _events(call: Call, field: str = "events") -> list[str]:
    names = call.body.get(field) or (["push"] if field == "events" else [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Problem(422, f"Invalid request.\n\nFor 'properties/{field}', it is not an array of strings.")
    return names


@route("GET", "/repos/{owner}/{repo}/hooks/{hook_id}", need="repository_hooks:read")
def get_hook(call: Call) -> Json:
    repo = call.repo()
    call.require(repo, "write")
    return view(call, repo, _hook(call, repo))


@route("PATCH", "/repos/{owner}/{repo}/hooks/{hook_id}", need="repository_hooks:write")
def change_hook(call: Call) -> Json:
    repo = call.repo()
    hook = _hook(call, repo)
    url, secret = _config(call)
    hook.url, hook.secret = url or hook.url, secret or hook.secret
    if "events" in call.body:
        hook.events = _events(call)
    added, removed = _events(call, "add_events"), _events(call, "remove_events")
    hook.events = [e for e in dict.fromkeys([*hook.events, *added]) if e not in removed]
    if isinstance(call.body.get("active"), bool):
        hook.active = call.body["active"]
    return view(call, repo, hook)


@route("DELETE", "/repos/{owner}/{repo}/hooks/{hook_id}", need="repository_hooks:write")
def delete_hook(call: Call) -> Json:
    repo = call.repo()
    del call.state.hooks[_hook(call, repo).id]
    return Response(status=204)


@route("POST", "/repos/{owner}/{repo}/hooks/{hook_id}/pings", need="repository_hooks:read")
def ping_hook(call: Call) -> Json:
    repo = call.repo()
    call.require(repo, "write")
    hook = _hook(call, repo)
    events.ping(call.sandbox, hook, repo, call.actor, view(call, repo, hook))
    return Response(status=204)


@route("POST", "/repos/{owner}/{repo}/hooks/{hook_id}/tests", need="repository_hooks:read")
def test_hook(call: Call) -> Json:
    """The latest push once more, to this hook alone."""
    repo = call.repo()
    call.require(repo, "write")
    hook = _hook(call, repo)
    ref = f"refs/heads/{repo.default_branch}"
    tip = call.git.refs(repo.id).get(ref)
    if tip is not None and {"push", "*"} & set(hook.events):
        found = call.git.commit(repo.id, tip)
        before = found.parents[0] if found is not None and found.parents else ZERO
        body = pushes.push_body(call.sandbox, repo, ref, before, tip, call.actor)
        events.send_to(call.sandbox, hook, "push", repo, call.actor, body)
    return Response(status=204)


def _delivery(call: Call) -> Delivery:
    hook = _hook(call, call.repo())
    found = call.state.deliveries.get(call.number("delivery_id"))
    if found is None or found.hook_id != hook.id:
        raise not_found()
    return found


@route("GET", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries", need="repository_hooks:read")
def deliveries(call: Call) -> Json:
    hook = _hook(call, call.repo())
    return delivery_views.page(call, [d for d in call.state.deliveries.values() if d.hook_id == hook.id])


@route("GET", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}", need="repository_hooks:read")
def delivery(call: Call) -> Json:
    return delivery_views.full(call.sandbox, _delivery(call))


@route("POST", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", need="repository_hooks:write")
def redeliver(call: Call) -> Json:
    events.redeliver(call.sandbox, _delivery(call))
    call.sandbox.tell()
    return Response(status=202, json={})
