"""One life of a task over GitHub's REST API, as data: 35 calls from an App's token to a closed issue.

It is what Lockstep does to GitHub, played with nothing but an HTTP client, so it runs against the sandbox and against
any other stand-in. `{name}` in a path or body is a value that an earlier step kept.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

Exchange = Callable[[str, str, Mapping[str, str], bytes, int, Mapping[str, str], bytes], None]
"""`Recorder.exchange`: method, path, request headers and body, status, response headers and body."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """`app`: a JWT of the App installed on `owner`; `person`: the token of somebody else who may write."""

    owner: str
    repo: str
    app: str
    person: str


@dataclass(frozen=True)
class Step:
    """`who` calls: "app", "installation" or "person". `keep` and `holds` name values of the answer by dotted path."""

    method: str
    path: str
    status: int = 200
    body: Any = None
    who: str = "installation"
    keep: Mapping[str, str] = field(default_factory=dict)
    holds: Mapping[str, Any] = field(default_factory=dict)


class DeviationError(AssertionError):
    """A call that did not answer as the story needs it to."""


R = "/repos/{owner}/{repo}"
TEXT = base64.b64encode(b"currency = 'EUR'\n").decode()

LIFECYCLE: tuple[Step, ...] = (
    Step("GET", "/app", who="app", keep={"slug": "slug"}),
    Step("GET", "/app/installations?per_page=100", who="app", holds={"0.account.login": "{owner}"}),
    Step("GET", f"{R}/installation", who="app", keep={"installation": "id"}),
    Step("POST", "/app/installations/{installation}/access_tokens", 201, {}, who="app", keep={"token": "token"}),
    Step("GET", "/installation/repositories?per_page=100", keep={"repo_id": "repositories.0.id"}),
    Step("GET", R, holds={"full_name": "{owner}/{repo}"}, keep={"branch": "default_branch"}),
    Step("GET", "/rate_limit", keep={"limit": "resources.core.limit"}),
    Step("POST", f"{R}/labels", 201, {"name": "lockstep:ready", "color": "0e8a16", "description": "May start"}),
    Step("POST", f"{R}/issues", 201, {"title": "Serve currency", "body": "In `orders`."}, keep={"issue": "number"}),
    Step(
        "POST", f"{R}/issues/{{issue}}/labels", 200, {"labels": ["lockstep:ready"]}, holds={"0.name": "lockstep:ready"}
    ),
    Step("GET", f"{R}/issues?labels=lockstep:ready&state=open", holds={"0.number": "{issue}"}),
    Step("POST", f"{R}/issues/{{issue}}/comments", 201, {"body": "Started."}, keep={"comment": "id"}),
    Step("PATCH", f"{R}/issues/comments/{{comment}}", 200, {"body": "Under way."}, holds={"body": "Under way."}),
    Step("POST", f"{R}/issues/comments/{{comment}}/reactions", 201, {"content": "eyes"}, holds={"content": "eyes"}),
    Step("GET", f"{R}/issues/{{issue}}/comments", holds={"0.id": "{comment}", "0.body": "Under way."}),
    Step("GET", f"{R}/git/ref/heads/{{branch}}", keep={"base": "object.sha"}),
    Step("POST", f"{R}/git/refs", 201, {"ref": "refs/heads/lockstep/p/api", "sha": "{base}"}),
    Step(
        "PUT",
        f"{R}/contents/orders/currency.py",
        201,
        {"message": "Add currency", "content": TEXT, "branch": "lockstep/p/api"},
        keep={"head": "commit.sha"},
        holds={"content.path": "orders/currency.py"},
    ),
    Step("GET", f"{R}/contents/orders/currency.py?ref=lockstep/p/api", holds={"type": "file", "encoding": "base64"}),
    Step(
        "GET",
        f"{R}/compare/{{branch}}...lockstep/p/api",
        holds={"ahead_by": 1, "files.0.filename": "orders/currency.py"},
    ),
    Step(
        "POST",
        f"{R}/pulls",
        201,
        {"title": "Serve currency", "head": "lockstep/p/api", "base": "{branch}", "body": "Closes #{issue}"},
        keep={"pull": "number"},
        holds={"head.sha": "{head}", "state": "open", "merged": False},
    ),
    Step("GET", f"{R}/pulls/{{pull}}/files", holds={"0.status": "added"}),
    Step(
        "POST",
        f"{R}/check-runs",
        201,
        {"name": "lockstep/gate", "head_sha": "{head}", "status": "in_progress", "external_id": "p/api"},
        keep={"check": "id"},
    ),
    Step(
        "PATCH",
        f"{R}/check-runs/{{check}}",
        200,
        {"status": "completed", "conclusion": "success", "output": {"title": "May merge", "summary": "Needs are met."}},
        holds={"conclusion": "success"},
    ),
    Step("GET", f"{R}/commits/{{head}}/check-runs", holds={"total_count": 1, "check_runs.0.id": "{check}"}),
    Step("POST", f"{R}/statuses/{{head}}", 201, {"state": "success", "context": "ci/unit"}),
    Step("GET", f"{R}/commits/{{head}}/status", holds={"state": "success", "statuses.0.context": "ci/unit"}),
    Step("POST", f"{R}/pulls/{{pull}}/reviews", 200, {"event": "APPROVE", "body": "Good."}, who="person"),
    Step("GET", f"{R}/pulls/{{pull}}/reviews", holds={"0.state": "APPROVED", "0.commit_id": "{head}"}),
    Step("GET", f"{R}/pulls/{{pull}}", holds={"commits": 1, "changed_files": 1}),
    Step("PUT", f"{R}/pulls/{{pull}}/merge", 200, {"sha": "{head}", "merge_method": "squash"}, holds={"merged": True}),
    Step("GET", f"{R}/pulls/{{pull}}/merge", 204),
    Step("DELETE", f"{R}/git/refs/heads/lockstep/p/api", 204),
    Step(
        "PATCH",
        f"{R}/issues/{{issue}}",
        200,
        {"state": "closed", "state_reason": "completed"},
        holds={"state": "closed", "state_reason": "completed"},
    ),
    Step("GET", f"{R}/issues/{{issue}}/timeline", keep={"first_event": "0.event"}),
)


async def play(
    session: aiohttp.ClientSession,
    url: str,
    who: Credentials,
    exchange: Exchange,
    steps: tuple[Step, ...] = LIFECYCLE,
    **given: Any,
) -> dict[str, Any]:
    """Make the calls in order against `url` (may end in /api/v3); returns everything kept, `given` included.

    Raises DeviationError at the first answer that is not as the step needs it.
    """
    kept: dict[str, Any] = {"owner": who.owner, "repo": who.repo, **given}
    for number, step in enumerate(steps, 1):
        token = {"app": who.app, "person": who.person}.get(step.who) or kept["token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        target = URL(url.rstrip("/") + str(fill(step.path, kept)), encoded=True)
        body = b"" if step.body is None else json.dumps(fill(step.body, kept)).encode()
        async with session.request(
            step.method, target, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            received = await answer.read()
        exchange(step.method, target.raw_path_qs, headers, body, answer.status, answer.headers, received)
        place = f"step {number}, {step.method} {target.raw_path_qs}"
        if answer.status != step.status:
            raise DeviationError(f"{place}: {step.status} expected, {answer.status} answered: {received[:300]!r}")
        value = json.loads(received) if received else None
        for path, wanted in step.holds.items():
            if (found := lookup(value, path, place)) != fill(wanted, kept):
                raise DeviationError(f"{place}: {path} should be {fill(wanted, kept)!r}, is {found!r}")
        kept |= {name: lookup(value, path, place) for name, path in step.keep.items()}
    return kept


def lookup(value: Any, path: str, place: str) -> Any:
    """`labels.0.name` of a JSON value."""
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            raise DeviationError(f"{place}: no {path} in the answer") from None
    return value


def fill(template: Any, kept: Mapping[str, Any]) -> Any:
    """The template with kept values; a string that is only `{name}` becomes the value itself, so a number stays one."""
    if isinstance(template, dict):
        return {key: fill(value, kept) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, kept) for value in template]
    if not isinstance(template, str):
        return template
    name = template[1:-1]
    return kept[name] if template == f"{{{name}}}" and name in kept else template.format_map(kept)
