"""No endpoint falls over whatever a client sends.

Every route, with wrong types in every field and odd text in every place.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from services.sandbox.kernel import ROUTES, Request, Route
from tests.contract.hub import Hub, hub
from tests.contract.openapi import description

__all__ = ["hub"]

WRONG: tuple[Any, ...] = (
    None, 1, -1, 10**30, 1.5, True, "", "x", "x" * 70_000, "\x00", "../..", "0" * 40, [], [1], [None], [[1]], [{}], {}, {"a": 1},
)  # fmt: skip
ODD = ("%00", "-1", "9" * 30, "%2e%2e", "%F0%9F%98%80", "--output=x", "a%0Ab", "%FF", "x" * 300)
QUERY = "per_page=x&page=0&state=zz&sort=zz&since=zz&labels=%00&ref=%00&sha=%00&path=%00&cursor=zz&milestone=x&q=%00:"
GOOD = {
    "title": "t", "body": "b", "head": "topic", "base": "main", "ref": "refs/heads/new", "message": "m", "content": "eA==",
    "name": "n", "state": "success", "context": "c", "event": "COMMENT", "tree": [{"path": "x", "content": "x"}],
}  # fmt: skip
"""Values that let a request come past its required fields."""


class Sender:
    """Fills paths with what exists and collects what raised or answered 5xx."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.broken: set[str] = set()
        self.sent: Counter[int] = Counter()
        hub.issue("one")
        pull = hub.pull()
        check = hub.ok("POST", "check-runs", {"name": "g", "head_sha": pull["head"]["sha"]})
        comment = hub.ok("POST", "issues/1/comments", {"body": "x"})
        hook = hub.ok("POST", "hooks", {"config": {"url": "http://127.0.0.1:1/"}})
        review = hub.ok("POST", "pulls/2/reviews", {"event": "COMMENT", "body": "x"}, who="ada")
        sha = pull["head"]["sha"]
        self.known = {
            "owner": "acme", "repo": "api", "org": "acme", "username": "ada", "assignee": "ada", "issue_number": "1",
            "pull_number": str(pull["number"]), "comment_id": str(comment["id"]), "check_run_id": str(check["id"]),
            "check_suite_id": str(check["check_suite"]["id"]), "hook_id": str(hook["id"]), "review_id": str(review["id"]),
            "branch": "main", "ref": "heads/topic", "path": "README.md", "basehead": "main...topic", "name": "bug",
            "sha": sha, "commit_sha": sha, "tree_sha": "main", "file_sha": sha, "repository_id": str(hub.repo.id),
        }  # fmt: skip
        self.good = {**GOOD, "head_sha": sha, "sha": sha}

    def path(self, route: Route, **odd: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda m: odd.get(m[1]) or self.known.get(m[1], "7"), route.template)

    def send(self, route: Route, path: str, body: Any = None, who: str = "app") -> None:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"token {self.hub.tokens[who]}"}
        what = f"{route.method} {route.template} {json.dumps(body)[:120]} {path[:120]}"
        try:
            answer = self.hub.sandbox.handle(Request(method=route.method, path=path, headers=headers, body=raw))
            answer.encoded()
        except Exception as error:  # noqa: BLE001 - any at all is what this test looks for
            self.broken.add(f"{what}: {type(error).__name__} {error}"[:400])
            return
        self.sent[answer.status] += 1
        if answer.status >= 500:
            self.broken.add(f"{what}: {answer.status}")


def fields(route: Route, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of a request's body, with their schemas."""
    found = description().operations.find(route.method, path)
    content = (found[0].spec.get("requestBody") or {}).get("content", {}) if found else {}
    schema = content.get("application/json", {}).get("schema", {})
    for part in [schema, *schema.get("oneOf", []), *schema.get("anyOf", [])]:
        yield from part.get("properties", {}).items()


def below(name: str, schema: dict[str, Any], wrong: Any) -> Iterator[Any]:
    """Wrong values for a field: of itself, of what is in it, of what is in its items."""
    yield wrong
    for inner in schema.get("properties", {}):
        yield {inner: wrong}
    for inner in (schema.get("items") or {}).get("properties", {}):
        yield [{inner: wrong}]


@pytest.mark.parametrize("who", ["app", "ada", "acme"])
def test_no_endpoint_falls_over(hub: Hub, who: str) -> None:
    chance = random.Random(who)
    sender = Sender(hub)
    hub.sandbox.limits.budgets = dict.fromkeys(hub.sandbox.limits.budgets, 10**9)
    routes = [r for r in ROUTES if not (r.method == "DELETE" and r.template.endswith(("{repo}", "/token")))]
    chance.shuffle(routes)
    for route in routes:
        hub.repo.owner, hub.repo.name, hub.repo.archived = "acme", "api", False
        sender.send(route, sender.path(route), who=who)
        sender.send(route, f"{sender.path(route)}?{QUERY}", who=who)
        for name in re.findall(r"\{(\w+)\}", route.template):
            sender.send(route, sender.path(route, **{name: chance.choice(ODD)}), who=who)
        usual = {name: value for name, value in sender.good.items() if name in dict(fields(route, sender.path(route)))}
        for name, schema in fields(route, sender.path(route)):
            for wrong in chance.sample(WRONG, 3):
                for value in below(name, schema, wrong):
                    sender.send(route, sender.path(route), {**usual, name: value}, who=who)
    assert sender.sent.total() > 1_000
    assert sender.sent[404] < sender.sent.total() / 2, "most requests reach their endpoint"
    assert sorted(sender.broken) == []
