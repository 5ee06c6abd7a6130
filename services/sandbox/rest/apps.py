"""An App about itself: who it is, its webhook and the log of deliveries, and how it is made from a manifest."""

import msgspec

from services.sandbox import delivery_views, events, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Response, invalid, not_found, route
from services.sandbox.state import App, Delivery


def _app(call: Call) -> App:
    if call.who.app is None:
        raise not_found()
    return call.who.app


@route("GET", "/app", need="jwt")
def app(call: Call) -> Json:
    which = _app(call)
    installed = sum(1 for i in call.state.installations.values() if i.app_id == which.id)
    return {**views.app(call.state, call.base, which), "events": which.events, "installations_count": installed}


@route("GET", "/apps/{app_slug}", need="")
def app_by_slug(call: Call) -> Json:
    found = next((a for a in call.state.apps.values() if a.slug == call.params["app_slug"]), None)
    if found is None:
        raise not_found()
    return views.app(call.state, call.base, found)


@route("GET", "/app/hook/config", need="jwt")
def hook_config(call: Call) -> Json:
    return _config(_app(call))


@route("PATCH", "/app/hook/config", need="jwt")
def change_hook_config(call: Call) -> Json:
    which = _app(call)
    which.webhook_url = call.text("url", resource="Hook") or which.webhook_url
    which.webhook_secret = call.text("secret", resource="Hook") or which.webhook_secret
    return _config(which)


def _config(which: App) -> Json:
    out = {"content_type": "json", "insecure_ssl": "0", "url": which.webhook_url}
    return out | ({"secret": "********"} if which.webhook_secret else {})


@route("GET", "/app/hook/deliveries", need="jwt")
def deliveries(call: Call) -> Json:
    which = _app(call)
    mine = [d for d in call.state.deliveries.values() if d.app_id == which.id]
    return delivery_views.page(call, mine)


@route("GET", "/app/hook/deliveries/{delivery_id}", need="jwt")
def delivery(call: Call) -> Json:
    return delivery_views.full(call.sandbox, _delivery(call))


@route("POST", "/app/hook/deliveries/{delivery_id}/attempts", need="jwt")
def redeliver(call: Call) -> Json:
    events.redeliver(call.sandbox, _delivery(call))
    call.sandbox.tell()
    return Response(status=202, json={})


def _delivery(call: Call) -> Delivery:
    found = call.state.deliveries.get(call.number("delivery_id"))
    if found is None or found.app_id != _app(call).id:
        raise not_found()
    return found


class _Manifest(msgspec.Struct, kw_only=True):
    """What the manifest flow sends in; only what the sandbox uses."""

    name: str
    url: str
    hook_attributes: dict[str, object] = {}
    default_permissions: dict[str, str] = {}
    default_events: list[str] = []
    public: bool = False


@route("POST", "/app-manifests/{code}/conversions", need="")
def convert_manifest(call: Call) -> Json:
    """Swap the one-time code for the App's secrets; a code works once."""
    app_id = call.state.manifests.pop(call.params["code"], None)
    pending = call.state.manifest_keys.pop(call.params["code"], "")
    if app_id is None:
        raise not_found()
    which = call.state.apps[app_id]
    secrets = {
        "client_id": which.client_id,
        "client_secret": which.client_secret,
        "webhook_secret": which.webhook_secret or None,
        "pem": pending,
    }
    return Response(status=201, json={**views.app(call.state, call.base, which), **secrets})


@route("POST", "/_sandbox/manifests", need="")
def accept_manifest(call: Call) -> Json:
    """Stands for the page on which a person confirms a manifest: register the App, hand out the one-time code."""
    from services.sandbox.scenario import Scenario

    try:
        wanted = msgspec.convert(call.body.get("manifest", call.body), _Manifest)
    except msgspec.ValidationError as error:
        raise invalid("App", "manifest", "invalid", str(error)) from None
    secret, code = f"{call.sandbox.draw(160):040x}", f"{call.sandbox.draw(160):040x}"
    slug = "-".join(wanted.name.lower().split())
    made = Scenario(call.sandbox).app(
        slug,
        wanted.default_permissions,
        wanted.default_events,
        str(wanted.hook_attributes.get("url", "")),
        secret,
        owner=str(call.body.get("owner", "octo-owner")),
        name=wanted.name,
    )
    call.state.manifests[code] = made.app_id
    call.state.manifest_keys[code] = made.private_key
    return Response(status=201, json={"code": code})
