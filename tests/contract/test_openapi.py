"""The judge must be able to say no: valid exchanges pass, and each kind of mistake is named where it stands."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.corrections import correct
from tests.contract.findings import Finding
from tests.contract.openapi import description
from tests.contract.schemas import plain_schema, read_json
from tests.contract.webhooks import sample

JSON = {"Content-Type": "application/json; charset=utf-8"}
ERROR = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


def issue() -> dict[str, Any]:
    """GitHub's own sample, fresh for every mutation."""
    found: dict[str, Any] = sample("issues", "opened")["issue"]
    return found


def answer(method: str, path: str, status: int, value: Any = None, headers: dict[str, str] = JSON) -> list[Finding]:
    body = b"" if value is None else json.dumps(value).encode()
    return description().check_response(method, path, status, headers, body)


def request(method: str, path: str, value: Any = None) -> list[Finding]:
    return description().check_request(method, path, b"" if value is None else json.dumps(value).encode())


def test_a_valid_issue_passes_under_both_prefixes() -> None:
    assert answer("GET", "/repos/o/r/issues/1", 200, issue()) == []
    assert answer("GET", "/api/v3/repos/o/r/issues/1", 200, issue()) == []
    assert answer("GET", "/repos/o/r/issues?state=all&per_page=100", 200, [issue(), issue()]) == []


@pytest.mark.parametrize(
    ("change", "pointer", "expected"),
    [
        (lambda i: i.pop("number"), "", "the required number"),
        (lambda i: i.update(number="1"), "/number", 'not of type "integer"'),
        (lambda i: i.update(title=None), "/title", 'not of type "string"'),
        (lambda i: i.update(state_reason="bored"), "/state_reason", "not one of"),
        (lambda i: i.update(created_at="yesterday"), "/created_at", "date-time"),
        (lambda i: i.update(html_url="not a url"), "/html_url", "uri"),
        (lambda i: i.update(labels=[{"name": "bug", "default": "no"}]), "/labels/0/default", 'not of type "boolean"'),
        (lambda i: i["user"].pop("login"), "/user", "the required login"),
    ],
)
def test_a_broken_issue_is_named_where_it_breaks(change: Callable[[Any], None], pointer: str, expected: str) -> None:
    broken = issue()
    change(broken)
    (found,) = answer("GET", "/repos/o/r/issues/1", 200, broken)
    assert found.where == "GET /repos/{owner}/{repo}/issues/{issue_number} 200"
    assert found.pointer == pointer
    assert expected in found.expected


def test_nullable_reaches_types_enums_and_alternatives() -> None:
    nulls = {**issue(), "state_reason": None, "body": None, "milestone": None, "closed_at": None, "assignee": None}
    assert answer("GET", "/repos/o/r/issues/1", 200, nulls) == []
    assert plain_schema({"type": "string", "enum": ["a"], "nullable": True}) == {
        "type": ["string", "null"],
        "enum": ["a", None],
    }
    assert plain_schema({"oneOf": [{"type": "string"}], "nullable": True}) == {
        "anyOf": [{"anyOf": [{"type": "string"}]}, {"type": "null"}]
    }
    assert plain_schema({"properties": {"nullable": {"type": "string"}}}) == {
        "properties": {"nullable": {"type": "string"}}
    }


def test_every_operation_is_found_by_its_own_path() -> None:
    missed = []
    for operation in description().operations.all:
        path = operation.template.replace("{", "x").replace("}", "y")
        found = description().operations.find(operation.method, path)
        if found is None or found[0] is not operation:
            missed.append(operation.name)
    assert len(description().operations.all) == 244
    assert missed == []


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/repos/o/r/issues/comments/7", "/repos/{owner}/{repo}/issues/comments/{comment_id}", {"comment_id": "7"}),
        ("/repos/o/r/issues/7/comments", "/repos/{owner}/{repo}/issues/{issue_number}/comments", {"issue_number": "7"}),
        ("/repos/o/r/contents/a/b%20c.py?ref=x", "/repos/{owner}/{repo}/contents/{path}", {"path": "a/b c.py"}),
        ("/repos/o/r/contents", "/repos/{owner}/{repo}/contents/{path}", {"owner": "o"}),
        ("/repos/o/r/labels/do-not-merge/hold", "/repos/{owner}/{repo}/labels/{name}", {"name": "do-not-merge/hold"}),
        ("/repos/o/r/git/ref/heads/a/b", "/repos/{owner}/{repo}/git/ref/{ref}", {"ref": "heads/a/b"}),
        ("/repos/o/r/branches/a/b/protection", "/repos/{owner}/{repo}/branches/{branch}/protection", {"branch": "a/b"}),
        ("/repos/o/r/compare/main...a", "/repos/{owner}/{repo}/compare/{base}...{head}", {"base": "main", "head": "a"}),
        ("/repositories/7/issues/2", "/repos/{owner}/{repo}/issues/{issue_number}", {"repo": "7", "issue_number": "2"}),
        ("/repos/o/r/commits/abc/check-runs", "/repos/{owner}/{repo}/commits/{ref}/check-runs", {"ref": "abc"}),
    ],
)
def test_the_most_specific_template_wins(path: str, template: str, values: dict[str, str]) -> None:
    found = description().operations.find("GET", path.partition("?")[0])
    assert found is not None
    assert found[0].template == template
    assert {name: found[1][name] for name in values} == values


def test_every_schema_of_the_description_compiles() -> None:
    for operation in description().operations.all:
        for status, response in operation.spec["responses"].items():
            for media in response.get("content", {}):
                steps = (*operation.steps, "responses", status, "content", media, "schema")
                assert description().schemas.validator(*steps).is_valid({}) in {True, False}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/repos/o/r/issues/1", 304),
        ("GET", "/repos/o/r/check-runs/1", 304),  # not declared, but any GET may be unchanged
        ("DELETE", "/repos/o/r/git/refs/heads/a", 204),
        ("GET", "/o/r.git/info/refs?service=git-upload-pack", 200),
        ("POST", "/api/graphql", 200),
        ("POST", "/_sandbox/faults", 200),
    ],
)
def test_answers_without_a_body_and_paths_outside_the_api_pass(method: str, path: str, status: int) -> None:
    assert answer(method, path, status, headers={}) == []


def test_a_redirect_needs_its_location() -> None:
    path = "/repos/o/r/actions/jobs/1/logs"
    assert answer("GET", path, 302, headers={"Location": "http://127.0.0.1/_sandbox/log/1"}) == []
    assert [f.expected for f in answer("GET", path, 302, headers={})] == ["a Location header"]


def test_a_renamed_repository_answers_with_a_redirect_in_the_error_shape() -> None:
    moved = {"Location": "http://127.0.0.1/repositories/7/issues", **JSON}
    body = {"message": "Moved Permanently", "documentation_url": "https://docs.github.com/rest"}
    assert answer("POST", "/repos/o/r/issues", 307, body, moved) == []
    assert answer("POST", "/repos/o/r/issues", 307, {"message": "Moved Permanently"}, moved) != []
    assert answer("POST", "/repos/o/r/issues", 307, body) != []
    assert answer("POST", "/repos/o/r/issues", 302, body, moved) != []


@pytest.mark.parametrize(
    ("method", "path", "status", "value", "expected"),
    [
        ("GET", "/repos/o/r/no-such-thing", 200, {}, "not in the description"),
        ("GET", "/repos/o/r/issues/1", 201, issue(), "a status that the description declares"),
        ("POST", "/repos/o/r/issues/1/comments", 304, None, "a status that the description declares"),
        ("GET", "/repos/o/r/issues/1", 304, issue(), "no body"),
        ("DELETE", "/repos/o/r/labels/a", 204, {}, "no body"),
        ("GET", "/repos/o/r/issues/1", 200, None, "a JSON body"),
        ("GET", "/repos/o/r/issues/1", 404, {"message": "Not Found"}, "an error with the string documentation_url"),
        ("GET", "/repos/o/r/check-runs/1", 404, {**ERROR, "status": 404}, 'the status repeated as the string "404"'),
        ("GET", "/repos/o/r/issues/1", 502, {"error": "no"}, "an object with a message"),
    ],
)
def test_a_wrong_answer_is_found(method: str, path: str, status: int, value: Any, expected: str) -> None:
    assert expected in [f.expected for f in answer(method, path, status, value)]


def test_errors_in_githubs_shape_pass_where_they_are_not_declared() -> None:
    assert answer("GET", "/repos/o/r/check-runs/1", 404, ERROR) == []
    assert answer("GET", "/repos/o/r/check-runs/1", 429, {**ERROR, "status": "429"}) == []
    assert answer("PUT", "/repos/o/r/contents/a", 409, {**ERROR, "status": "409"}) == []
    assert answer("GET", "/repos/o/r/pulls/1/merge", 404) == []
    assert answer("GET", "/repos/o/r", 502, headers={"content-type": "text/html"}) == []


def test_a_validation_error_may_carry_any_kind_of_value() -> None:
    for value in (None, "x", 3, ["a"]):
        error = {**ERROR, "status": "422", "errors": [{"resource": "Issue", "code": "invalid", "value": value}]}
        assert answer("POST", "/repos/o/r/issues", 422, error) == []
    error = {**ERROR, "status": "422", "errors": [{"resource": "Issue"}]}
    assert [f.expected for f in answer("POST", "/repos/o/r/issues", 422, error)] == ["the required code"]


def test_media_types() -> None:
    path = "/repos/o/r/pulls/1"
    assert answer("GET", path, 200, {}, {"Content-Type": "application/vnd.github.v3.diff; charset=utf-8"}) == []
    assert [f.expected for f in answer("GET", path, 200, {}, {"Content-Type": "text/html"})] == [
        "content-type application/json"
    ]


def test_valid_requests_pass() -> None:
    assert request("POST", "/repos/o/r/issues", {"title": "t", "labels": ["bug"], "milestone": None}) == []
    assert request("GET", "/repos/o/r/issues?labels=a,b&per_page=100&page=2&since=2026-01-01T00:00:00Z") == []
    assert request("DELETE", "/repos/o/r/labels/needs%20help") == []


@pytest.mark.parametrize(
    ("method", "path", "value", "pointer", "expected"),
    [
        ("POST", "/repos/o/r/issues", {"body": "b"}, "", "the required title"),
        ("POST", "/repos/o/r/issues", None, "", "a JSON body"),
        ("POST", "/repos/o/r/issues", {"title": "t", "lables": []}, "/lables", "a field of this operation"),
        ("PATCH", "/repos/o/r/issues/1", {"state": "done"}, "/state", "not one of"),
        ("PATCH", "/repos/o/r/issues/1", {"body": 3}, "/body", 'not of types "null", "string"'),
        ("POST", "/repos/o/r/issues/1/sub_issues", {"sub_issue_id": "12"}, "/sub_issue_id", 'not of type "integer"'),
        ("GET", "/repos/o/r/issues/one", None, "{issue_number}", "an integer"),
        ("GET", "/repos/o/r/issues?per_page=101", None, "?per_page", "from 1 to 100"),
        ("GET", "/repos/o/r/issues?state=done", None, "?state", "one of open, closed, all"),
        ("GET", "/repos/o/r/issues?sate=open", None, "?sate", "a query parameter of"),
        ("POST", "/repos/o/r/issue", {"title": "t"}, "", "not in the description"),
        ("PUT", "/app/installations/1/suspended", {"a": 1}, "", "no body"),
    ],
)
def test_a_wrong_request_is_found(method: str, path: str, value: Any, pointer: str, expected: str) -> None:
    (found,) = request(method, path, value)
    assert found.pointer == pointer
    assert expected in found.expected


def test_a_broken_body_is_found() -> None:
    (found,) = description().check_request("POST", "/repos/o/r/issues", b"{")
    assert found.expected == "a JSON body"


def test_the_corrections_are_still_needed() -> None:
    """A newer description may have them right; then the correction goes."""
    raw = read_json("github_openapi.json.gz")
    assert "allOf" in json.dumps(raw["paths"]["/app/installations"])
    correct(raw)
    assert "allOf" not in json.dumps(raw["paths"]["/app/installations"])
    comment = "/repos/o/r/issues/comments/7"
    assert request("DELETE", f"{comment}/reactions/8") == answer("DELETE", f"{comment}/reactions/8", 204) == []
    assert [f.pointer for f in request("DELETE", f"{comment}/reactions/eyes")] == ["{reaction_id}"]
    assert [f.expected for f in request("POST", "/repos/o/r/transfer", {})] == ["the required new_owner"]
    assert answer("GET", "/users/ada/repos?per_page=5", 200, [{}])[0].pointer == "/0"
    assert request("POST", "/repos/o/r/issues/1/labels", ["bug"]) == []
    assert request("PUT", "/repos/o/r/issues/1/labels", []) == []
    assert request("PUT", "/repos/o/r/issues/1/labels", {"labels": []}) == []
    assert request("POST", "/repos/o/r/issues/1/labels", {"labels": []}) != []
    assert request("POST", "/repos/o/r/issues/1/labels", [3]) != []


def test_a_finding_is_one_readable_line() -> None:
    (found,) = answer("GET", "/repos/o/r/issues/1", 200, {**issue(), "number": "n" * 500})
    assert str(found).startswith(
        'GET /repos/{owner}/{repo}/issues/{issue_number} 200 at /number: it is not of type "integer", found "nnn'
    )
    assert len(str(found)) < 300
