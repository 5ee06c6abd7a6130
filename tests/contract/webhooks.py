"""Is this what GitHub would send? A webhook payload against GitHub's own schema for its event and action."""

from functools import cache
from typing import Any

from tests.contract.findings import Finding, finding, schema_findings
from tests.contract.schemas import Schemas, read_json


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = read_json("webhooks_schema.json.gz")
    _open_event_lists(document, sorted(document["events"]))
    return document


def _open_event_lists(node: Any, events: list[str]) -> None:
    """Lists of the events an App may subscribe to lag behind: some have no sub_issues, though the document has it."""
    if isinstance(node, list):
        for item in node:
            _open_event_lists(item, events)
    elif isinstance(node, dict):
        listed = node.get("events")
        if isinstance(listed, dict) and "check_run" in listed.get("items", {}).get("enum", ()):
            listed["items"] = {"enum": sorted({*listed["items"]["enum"], *events})}
        for value in node.values():
            _open_event_lists(value, events)


@cache
def _schemas() -> Schemas:
    return Schemas(_document())


def known_events() -> dict[str, list[str]]:
    """Event -> the actions that have a schema; "" where the schema is chosen without the action."""
    return {event: sorted(actions) for event, actions in _document()["events"].items()}


def check_delivery(event: str, payload: Any) -> list[Finding]:
    """Findings for one delivery; an event or action that the description does not have is one."""
    actions = _document()["events"].get(event)
    if actions is None:
        return [finding(f"webhook {event}", "an event of GitHub's", event)]
    if not isinstance(payload, dict):
        return [finding(f"webhook {event}", "a JSON object", payload)]
    action = payload.get("action", "")
    where = f"webhook {event}.{action}" if action else f"webhook {event}"
    key = action if action in actions else ""
    if key not in actions:
        return [finding(where, f"an action of {event}: {', '.join(sorted(actions))}", action, "/action")]
    return schema_findings(where, _schemas().validator("events", event, key), payload)


def sample(event: str, action: str = "") -> dict[str, Any]:
    """The first of GitHub's samples for it that fits today's schema."""
    return next(p for e, a, p in examples() if (e, a) == (event, action) and not check_delivery(e, p))


def examples() -> list[tuple[str, str, dict[str, Any]]]:
    """GitHub's sample payloads as (event, action, payload); several years old, so inputs to survive and not a model."""
    return [
        (entry["name"], payload.get("action", ""), payload)
        for entry in read_json("webhook_examples.json.gz")
        for payload in entry["examples"]
    ]
