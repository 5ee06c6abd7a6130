"""The lifecycle's own data: each call is one GitHub has, each status one it declares; and the player can say no."""

import json
from typing import Any

import pytest
from aiohttp import test_utils, web

from tests.contract.lifecycle import LIFECYCLE, Credentials, DeviationError, Step, fill, lookup, play
from tests.contract.openapi import description

KEPT = {
    "owner": "acme", "repo": "api", "installation": 7, "token": "t", "branch": "main", "issue": 1, "comment": 1_000_008,
    "base": "a" * 40, "head": "b" * 40, "pull": 2, "check": 1_000_015,
}  # fmt: skip
WHO = Credentials(owner="acme", repo="api", app="jwt", person="person")


def test_every_call_is_one_that_github_has() -> None:
    assert len(LIFECYCLE) == 35
    for step in LIFECYCLE:
        path = fill(step.path, KEPT)
        body = b"" if step.body is None else json.dumps(fill(step.body, KEPT)).encode()
        assert description().check_request(step.method, path, body) == []
        found = description().operations.find(step.method, path.partition("?")[0])
        assert found is not None
        assert str(step.status) in found[0].spec["responses"]


def test_values_are_filled_in_and_looked_up() -> None:
    assert fill({"a": ["{issue}", "#{issue}", 3]}, KEPT) == {"a": [1, "#1", 3]}
    assert lookup({"a": [{"b": 2}]}, "a.0.b", "here") == 2
    with pytest.raises(DeviationError, match=r"here: no a\.1\.b in the answer"):
        lookup({"a": [{"b": 2}]}, "a.1.b", "here")


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (Step("GET", "/rate_limit", 201), "201 expected, 200 answered"),
        (Step("GET", "/rate_limit", holds={"rate": 2}), "rate should be 2, is 1"),
        (Step("GET", "/rate_limit", keep={"x": "resources"}), "no resources in the answer"),
    ],
)
async def test_a_deviation_stops_the_story(step: Step, problem: str) -> None:
    seen: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer person"
        return web.json_response({"rate": 1})

    app = web.Application()
    app.router.add_get("/api/v3/rate_limit", handle)
    server = test_utils.TestServer(app)
    async with test_utils.TestClient(server) as client:
        url = str(server.make_url("/api/v3/"))
        wrong = Step(step.method, step.path, step.status, who="person", keep=step.keep, holds=step.holds)
        with pytest.raises(DeviationError, match=problem):
            await play(client.session, url, WHO, lambda *exchange: seen.append(exchange), (wrong,))
    assert [(method, path, status) for method, path, _, _, status, _, _ in seen] == [("GET", "/api/v3/rate_limit", 200)]
