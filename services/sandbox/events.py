"""Webhooks on their way out: who gets which event, the bytes that are signed, and the log of deliveries.

A delivery is a value in the state until a sender takes it (`take`), so events survive a restart, and a simulation may
carry them without a socket. One GUID belongs to one event, whatever the number of hooks that get it.
"""

import hmac
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import views
from services.sandbox.clock import stamp
from services.sandbox.kernel import Json
from services.sandbox.state import App, Delivery, Hook, Installation, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

UNASKED = {"installation", "installation_repositories", "github_app_authorization", "ping"}
"""Events that every App gets without subscribing."""
OWN = {
    ("check_suite", "requested"),
    ("check_suite", "rerequested"),
    ("check_run", "rerequested"),
    ("check_run", "requested_action"),
}
"""Events for one App only, the owner of the suite or run; they need checks:write and no subscription."""
KEPT = 20_000
"""Deliveries in the log; the oldest go."""


def queue(
    sandbox: "Sandbox", event: str, action: str | None, repo: Repo | None, sender: str, extra: dict[str, Json]
) -> bool:
    """Queue one event for all who subscribed; was there anybody?

    `extra` holds the event's own keys, rendered. For `installation*` events it holds the whole `installation`.
    """
    guid = _guid(sandbox)
    apps, hooks = _apps(sandbox, event, action, repo, extra), _hooks(sandbox, event, action, repo, extra)
    if not apps and not hooks:
        return False
    body = {**({"action": action} if action else {}), **_common(sandbox, repo, sender), **extra}
    for app, installation in apps:
        short = {"id": installation.id, "node_id": views.node_id("I", installation.id)}
        payload = body if "installation" in extra else {**body, "installation": short}
        _store(sandbox, _Target(app=app, installation=installation), guid, event, action, repo, payload)
    for hook in hooks:
        _store(sandbox, _Target(hook=hook), guid, event, action, repo, body)
    return True


def ping(sandbox: "Sandbox", hook: Hook, repo: Repo, sender: str, hook_view: Json) -> None:
    """The event a new repository hook gets."""
    body = {"zen": "Keep it logically awesome.", "hook_id": hook.id, "hook": hook_view}
    send_to(sandbox, hook, "ping", repo, sender, body)


def send_to(sandbox: "Sandbox", hook: Hook, event: str, repo: Repo, sender: str, extra: dict[str, Json]) -> None:
    """Queue an event without action for one repository hook alone."""
    guid = _guid(sandbox)
    _store(sandbox, _Target(hook=hook), guid, event, None, repo, _common(sandbox, repo, sender) | extra)
    sandbox.tell()


def redeliver(sandbox: "Sandbox", old: Delivery) -> Delivery:
    """Queue the same bytes with the same GUID once more, as a delivery of its own."""
    return _copy(sandbox, old, redelivery=True)


def again(sandbox: "Sandbox", old: Delivery) -> Delivery:
    """The same event under a GUID of its own, queued by nobody: a fault."""
    copy = _copy(sandbox, old, redelivery=False)
    copy.guid = _guid(sandbox)
    sandbox.state.outgoing.remove(copy.id)
    return copy


def take(sandbox: "Sandbox", limit: int | None = None) -> list[Delivery]:
    """What waits, in order, at most `limit` of it, after the faults had their say; it counts as taken.

    A fault may hold one back: then `Faults.late` says for how many seconds the sender has to keep it.
    """
    waiting_ids = sandbox.state.outgoing
    ids, sandbox.state.outgoing = waiting_ids[:limit], waiting_ids[limit:] if limit is not None else []
    waiting = [sandbox.state.deliveries[i] for i in ids if i in sandbox.state.deliveries]
    return sandbox.faults.deliveries(waiting, lambda old: again(sandbox, old)) if sandbox.faults.rules else waiting


def record(sandbox: "Sandbox", delivery: Delivery, status_code: int, response: str, duration: float) -> None:
    """Note what came of it; `status_code` 0 = no answer; `duration` in seconds."""
    delivery.status_code = status_code
    delivery.status = _status_text(status_code)
    delivery.response = response[:4_000]
    delivery.duration = round(duration, 2)
    delivery.delivered_at = stamp(sandbox.now())


def address(sandbox: "Sandbox", delivery: Delivery) -> tuple[str, str]:
    """URL and secret of the hook a delivery is for; ("", "") when the hook is gone."""
    if delivery.app_id:
        app = sandbox.state.apps.get(delivery.app_id)
        return (app.webhook_url, app.webhook_secret) if app is not None else ("", "")
    hook = sandbox.state.hooks.get(delivery.hook_id)
    return (hook.url, hook.secret) if hook is not None else ("", "")


def signed_headers(sandbox: "Sandbox", delivery: Delivery, *, old: bool = True) -> dict[str, str]:
    """The headers GitHub sends, with both signatures of the payload's bytes. old: with that of SHA-1 too."""
    _, secret = address(sandbox, delivery)
    body = delivery.payload.encode()
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a4d3f2",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(delivery.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(delivery.app_id or delivery.repo_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if delivery.app_id else "repository",
    }
    if secret and old:
        headers["X-Hub-Signature"] = "sha1=" + hmac.digest(secret.encode(), body, "sha1").hex()
    if secret:
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return headers


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    app: App | None = None
    installation: Installation | None = None
    hook: Hook | None = None


def _common(sandbox: "Sandbox", repo: Repo | None, sender: str) -> dict[str, Json]:
    state, base = sandbox.state, sandbox.public_url
    out: dict[str, Json] = {"sender": views.user(base, views.account(state, sender))}
    if repo is not None:
        out["repository"] = views.webhook_repository(state, base, repo)
        owner = views.account(state, repo.owner)
        if owner.type == "Organization":
            out["organization"] = views.organization(base, owner)
    return out


def _apps(
    sandbox: "Sandbox", event: str, action: str | None, repo: Repo | None, extra: dict[str, Json]
) -> list[tuple[App, Installation]]:
    only = extra[event]["app"]["id"] if (event, action) in OWN else 0
    meant = extra["installation"]["id"] if "installation" in extra else 0
    out = []
    for installation in sandbox.state.installations.values():
        app = sandbox.state.apps[installation.app_id]
        if not app.webhook_url or (only and app.id != only) or (meant and installation.id != meant):
            continue
        if meant or (_reaches(installation, repo) and (only or event in UNASKED or event in installation.events)):
            out.append((app, installation))
    return out


def _reaches(installation: Installation, repo: Repo | None) -> bool:
    if repo is None or installation.suspended_at or installation.account.lower() != repo.owner.lower():
        return False
    return installation.repo_ids is None or repo.id in installation.repo_ids


def _hooks(sandbox: "Sandbox", event: str, action: str | None, repo: Repo | None, extra: dict[str, Json]) -> list[Hook]:
    if repo is None or (event, action) in OWN or "installation" in extra:
        return []
    return [
        h for h in sandbox.state.hooks.values() if h.repo_id == repo.id and h.active and {event, "*"} & set(h.events)
    ]


def _store(
    sandbox: "Sandbox",
    target: _Target,
    guid: str,
    event: str,
    action: str | None,
    repo: Repo | None,
    payload: dict[str, Json],
) -> None:
    app, hook = target.app, target.hook
    delivery = Delivery(
        id=sandbox.state.new_id(),
        guid=guid,
        hook_id=hook.id if hook is not None else (app.hook_id if app is not None else 0),
        app_id=app.id if app is not None else 0,
        event=event,
        action=action,
        repo_id=repo.id if repo is not None else 0,
        installation_id=target.installation.id if target.installation is not None else 0,
        payload=msgspec.json.encode(payload).decode(),
        created_at=stamp(sandbox.now()),
    )
    _file(sandbox, delivery)


def _file(sandbox: "Sandbox", delivery: Delivery) -> None:
    state = sandbox.state
    state.deliveries[delivery.id] = delivery
    state.outgoing.append(delivery.id)
    while len(state.deliveries) > KEPT:
        del state.deliveries[next(iter(state.deliveries))]


def _guid(sandbox: "Sandbox") -> str:
    """A random UUID (version 4), from the sandbox's chance."""
    digits = f"{sandbox.draw(128):032x}"
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) & 3]}{digits[17:20]}-{digits[20:]}"
    )


def _copy(sandbox: "Sandbox", old: Delivery, *, redelivery: bool) -> Delivery:
    copy = msgspec.structs.replace(
        old,
        id=sandbox.state.new_id(),
        created_at=stamp(sandbox.now()),
        redelivery=redelivery,
        status_code=0,
        status="pending",
        response="",
    )
    copy.duration, copy.delivered_at = 0.0, ""
    _file(sandbox, copy)
    return copy


def _status_text(code: int) -> str:
    if code == 0:
        return "failed to connect to host"
    return "OK" if 200 <= code < 300 else f"Invalid HTTP Response: {code}"
