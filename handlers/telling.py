"""What of a payload the cache may keep: the few parts that answers of GitHub's are made of, as JSON within bounds.

A part is passed on whole or not at all. A text that would have to be cut, a value of another type, a list that is too
long: then the part is left out, and the event only says that something has changed.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from handlers.payload import BODY, MANY, Json, ident, part, sha

Wanted = Mapping[str, Any]
"""Key -> True for a plain value, a mapping for an object of its own, a tuple of one mapping for a list of such."""

_WHO: Wanted = {"login": True, "type": True}
_APP: Wanted = {"id": True, "slug": True}
_LABELS = ({"name": True},)
_END: Wanted = {"ref": True, "sha": True, "repo": {"full_name": True}}
_PULL: Wanted = {
    **dict.fromkeys(("id", "number", "html_url", "state", "merged", "merged_at", "merge_commit_sha"), True),
    **dict.fromkeys(("mergeable", "mergeable_state", "draft", "title", "body", "updated_at"), True),
    "labels": _LABELS, "head": _END, "base": _END,
}  # fmt: skip
_ISSUE: Wanted = {
    **dict.fromkeys(("id", "node_id", "number", "title", "body", "state", "html_url", "updated_at"), True),
    "labels": _LABELS, "user": _WHO, "pull_request": {"html_url": True},
}  # fmt: skip
_COMMENT: Wanted = {"id": True, "body": True, "created_at": True, "updated_at": True, "user": _WHO}
_REVIEW: Wanted = {"id": True, "state": True, "commit_id": True, "submitted_at": True, "user": _WHO}
_CHECK: Wanted = {
    **dict.fromkeys(("id", "node_id", "name", "status", "conclusion", "html_url", "external_id", "head_sha"), True),
    "completed_at": True, "app": _APP, "pull_requests": ({"number": True, "head": {"sha": True}},),
}  # fmt: skip
_SUITE: Wanted = {"head_sha": True, "status": True, "app": _APP}
_STATUS: Wanted = {"id": True, "sha": True, "context": True, "state": True, "target_url": True}

_PUSH: Wanted = {
    **dict.fromkeys(("ref", "before", "after", "deleted", "pushed_at"), True),
    "head": {"id": True, "distinct": True, "timestamp": True},
}  # fmt: skip

_PARTS: Mapping[str, Mapping[str, tuple[str, Wanted]]] = {
    "pull_request": {"pull": ("pull_request", _PULL)},
    "pull_request_review": {"pull": ("pull_request", _PULL), "review": ("review", _REVIEW)},
    "issues": {"issue": ("issue", _ISSUE)},
    "issue_comment": {"issue": ("issue", _ISSUE), "comment": ("comment", _COMMENT)},
    "check_run": {"check": ("check_run", _CHECK)},
    "check_suite": {"suite": ("check_suite", _SUITE)},
}
"""Event -> our name of a part -> its key in the payload and what of it is wanted."""


class Unfit(Exception):
    """The part is not what GitHub documents, or too large to be passed on."""


def telling(name: str, action: str, payload: Json) -> bytes:
    """The parts of an event as one JSON object; empty when there is none."""
    parts = {ours: part(payload, key) for ours, (key, _) in _PARTS.get(name, {}).items()}
    wanted = {ours: what for ours, (_, what) in _PARTS.get(name, {}).items()}
    if name == "status":
        parts, wanted = {"status": payload}, {"status": _STATUS}
    elif name == "push":
        parts, wanted = {"push": _push(payload)}, {"push": _PUSH}
    told: dict[str, object] = {}
    for ours, found in parts.items():
        try:
            told[ours] = _taken(found, wanted[ours])
        except Unfit:
            continue
    if not any(told.values()):
        return b""
    return msgspec.json.encode({
        "event": name, "action": action, "installation": ident(part(payload, "installation")), **told,
    })  # fmt: skip


def _push(payload: Json) -> Json:
    return {
        "ref": payload.get("ref"),
        "before": sha(payload, "before"),
        "after": sha(payload, "after"),
        "deleted": payload.get("deleted") is True,
        "pushed_at": part(payload, "repository").get("pushed_at"),
        "head": payload.get("head_commit"),
    }


def _taken(source: Json, wanted: Wanted) -> dict[str, object]:
    """Only what is wanted; keys that are not there stay away."""
    return {key: _value(source[key], what) for key, what in wanted.items() if key in source}


def _value(found: object, what: Any) -> object:
    if what is True and (isinstance(found, int) or (isinstance(found, str) and len(found) <= BODY)):
        return found
    if found is None:
        return None
    if isinstance(what, Mapping) and isinstance(found, dict):
        return _taken(found, what)
    if isinstance(what, tuple) and isinstance(found, list) and len(found) <= MANY:
        return [_value(each, what[0]) for each in found]
    raise Unfit
