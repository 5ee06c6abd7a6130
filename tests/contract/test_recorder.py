"""The recorder sees what passes through an aiohttp application, and fails a test that broke the contract."""

import json
from typing import Any

import pytest
from aiohttp import test_utils, web

from tests.contract.webhooks import sample
from tests.kit.contract import Recorder, recording_middleware

JSON = {"Content-Type": "application/json"}
GIT = "/o/r.git/git-upload-pack"


async def serve(
    recorder: Recorder, answers: dict[str, web.StreamResponse | Exception]
) -> test_utils.TestClient[Any, Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = answers[request.path]
        if isinstance(answer, Exception):
            raise answer
        assert await request.read() is not None
        return answer

    app = web.Application(middlewares=[recording_middleware(recorder)])
    app.router.add_route("*", "/{tail:.*}", handle)
    return test_utils.TestClient(test_utils.TestServer(app))


async def test_the_middleware_checks_both_directions() -> None:
    recorder = Recorder()
    answers: dict[str, web.StreamResponse | Exception] = {
        "/repos/o/r/labels": web.json_response({"name": "bug"}, status=201)
    }
    async with await serve(recorder, answers) as client:
        answer = await client.post("/repos/o/r/labels?color=red", json={"nme": "bug"})
        assert await answer.json() == {"name": "bug"}
    assert recorder.seen == {"POST /repos/{owner}/{repo}/labels": 1}
    lines = "\n".join(recorder.problems())
    assert "POST /repos/{owner}/{repo}/labels request at /: the required name" in lines
    assert "request at /nme: a field of this operation" in lines
    assert "request at ?color: a query parameter of: none" in lines
    assert "labels 201 at /: the required color, default, description, id, node_id, url" in lines


async def test_the_middleware_sees_raised_answers_and_leaves_git_alone() -> None:
    recorder = Recorder()
    answers: dict[str, web.StreamResponse | Exception] = {
        "/repos/o/r": web.HTTPNotFound(),
        GIT: web.Response(body=b"PACK"),
    }
    async with await serve(recorder, answers) as client:
        assert (await client.get("/repos/o/r")).status == 404
        assert await (await client.post(GIT, data=b"want")).read() == b"PACK"
    assert list(recorder.seen) == ["GET /repos/{owner}/{repo}"]
    assert [f.expected for f in recorder.findings] == ["a JSON body"]


def test_webhooks_are_checked_and_counted() -> None:
    recorder = Recorder()
    payload = sample("issue_comment", "created")
    recorder.delivery("issue_comment", payload)
    assert recorder.problems() == []
    recorder.delivery("issue_comment", {**payload, "comment": None})
    assert recorder.seen == {"webhook issue_comment.created": 2}
    assert recorder.problems() == ['webhook issue_comment.created at /comment: it is not of type "object", found null']


@pytest.mark.parametrize(
    ("sent", "answered", "problem"),
    [
        ({"query": "{ viewer { login } }"}, {"data": {"viewer": {"login": "ada"}}}, None),
        ({"query": "{ viewer { logn } }"}, {"data": {}}, "Cannot query field"),
        ({"query": "{ viewer { login } }"}, {"data": {"viewer": {"login": 3}}}, "data.viewer.login: String, found 3"),
        ({"query": "{ viewer { login } }"}, None, "JSON in both directions"),
    ],
)
def test_graphql_is_checked_against_its_schema(sent: Any, answered: Any, problem: str | None) -> None:
    recorder = Recorder()
    body = b"" if answered is None else json.dumps(answered).encode()
    recorder.exchange("POST", "/api/graphql", JSON, json.dumps(sent).encode(), 200, JSON, body)
    found = recorder.problems()
    assert found == [] if problem is None else any(problem in line for line in found)


def test_what_is_done_wrong_on_purpose_is_announced_and_must_come() -> None:
    recorder = Recorder()
    recorder.expect("the required title")
    assert recorder.problems() == ["expected, but did not come: the required title"]
    error = {"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest", "status": "422"}
    recorder.exchange("POST", "/repos/o/r/issues", JSON, b"{}", 422, JSON, json.dumps(error).encode())
    assert recorder.problems() == []


def test_the_verdict_shows_ten_findings_and_counts_the_rest() -> None:
    recorder = Recorder()
    for n in range(12):
        recorder.exchange("GET", f"/nowhere/{n}", {}, b"", 200, JSON, b"{}")
    with pytest.raises(pytest.fail.Exception) as caught:
        recorder.verify()
    text = str(caught.value)
    assert text.startswith(
        "12 differences from GitHub's description:\n  GET /nowhere/0 at /: not in the description  (2 times)"
    )
    assert text.endswith("… and 2 more")
    assert text.count("\n") == 11


def test_the_fixture_is_the_one_kit_offers(contract: Recorder) -> None:
    contract.delivery("ping", sample("ping"))
    assert contract.seen == {"webhook ping": 1}
