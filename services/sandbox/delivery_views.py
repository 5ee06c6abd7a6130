"""The log of webhook deliveries as the API shows it, for Apps' hooks and repositories' alike."""

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import events
from services.sandbox.call import Call
from services.sandbox.kernel import Json
from services.sandbox.state import Delivery

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def page(call: Call, mine: list[Delivery]) -> list[Json]:
    """Newest first, by cursor; `status=failure|success` and `redelivery` filter. `mine`: in the order of their ids."""
    after = call.query.get("cursor", "").removeprefix("v1_")
    before = int(after) if after.isdigit() else None
    size = max(1, min(int(call.query["per_page"]) if call.query.get("per_page", "").isdigit() else 30, 100))
    sent = (d for d in reversed(mine) if d.status != "pending" and (before is None or d.id < before))
    newest = list(islice((d for d in sent if _wanted(call, d)), size + 1))
    if len(newest) > size:
        call.link_cursor(f"v1_{newest[size - 1].id}")
    return [short(d) for d in newest[:size]]


def _wanted(call: Call, delivery: Delivery) -> bool:
    status, again = call.query.get("status"), call.query.get("redelivery")
    fine = 200 <= delivery.status_code < 300
    return (status is None or fine == (status == "success")) and (
        again is None or delivery.redelivery == (again == "true")
    )


def short(delivery: Delivery) -> Json:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.delivered_at or delivery.created_at,
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id or None,
        "repository_id": delivery.repo_id or None,
        "throttled_at": None,
    }


def full(sandbox: "Sandbox", delivery: Delivery) -> Json:
    """With the request that was sent, and what came back."""
    url, _ = events.address(sandbox, delivery)
    return {
        **short(delivery),
        "url": url,
        "request": {
            "headers": events.signed_headers(sandbox, delivery),
            "payload": msgspec.json.decode(delivery.payload),
        },
        "response": {"headers": {}, "payload": delivery.response},
    }
