"""The judge of GraphQL: typing errors in queries and variables are found, and so are answers of another shape."""

from typing import Any

import pytest

from tests.contract.graphql import check_answer, check_query

QUERY = """
query($owner: String!, $number: Int!) {
  repository(owner: $owner, name: "r") {
    nameWithOwner
    pullRequest(number: $number) { ...part reviews(first: 5) { nodes { state author { login ... on User { name } } } } }
  }
}
fragment part on PullRequest { number title mergeable merged isDraft updatedAt }
"""
REVIEWS = [{"state": "APPROVED", "author": {"login": "ada", "name": None}}, {"state": "COMMENTED", "author": None}]
PULL = {
    "number": 3,
    "title": "t",
    "mergeable": "MERGEABLE",
    "merged": False,
    "isDraft": False,
    "updatedAt": "2026-01-01T00:00:00Z",
    "reviews": {"nodes": REVIEWS},
}


def data(**changes: Any) -> dict[str, Any]:
    return {"data": {"repository": {"nameWithOwner": "o/r", "pullRequest": {**PULL, **changes}}}}


def test_a_valid_query_and_its_answer_pass() -> None:
    assert check_query(QUERY, {"owner": "o", "number": 3}) == []
    assert check_answer(QUERY, data()) == []
    assert check_answer(QUERY, {"data": {"repository": {"nameWithOwner": "o/r", "pullRequest": None}}}) == []
    assert check_answer(QUERY, {"data": None, "errors": [{"message": "Could not resolve"}]}) == []


@pytest.mark.parametrize(
    ("query", "variables", "problem"),
    [
        ("{ viewer { logn } }", {}, "Cannot query field 'logn'"),
        ("{ viewer { login }", {}, "Syntax Error"),
        ("{ viewer }", {}, "must have a selection of subfields"),
        ("query($n: Int!) { viewer { login } }", {"n": 1}, "never used"),
        (QUERY, {"owner": "o"}, "number"),
        (QUERY, {"owner": "o", "number": "3"}, "Int cannot represent"),
        (QUERY, {"owner": "o", "number": 3, "nubmer": 3}, "Variable '$nubmer' is not declared"),
        ('mutation { addSubIssue(input: {issueId: "a"}) { issue { id } subIssueID } }', {}, "Cannot query field"),
        ("query a { viewer { login } } query b { viewer { login } }", {}, "exactly one operation"),
    ],
)
def test_a_wrong_query_is_found(query: str, variables: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in check_query(query, variables))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (data(number="3"), "pullRequest.number: Int, found"),
        (data(number=None), "pullRequest.number: Int!, found null"),
        (data(mergeable="YES"), "pullRequest.mergeable: MergeableState, found"),
        (data(merged=0), "pullRequest.merged: Boolean, found"),
        (data(titel="t"), "pullRequest.titel: not asked for"),
        (data(reviews={"nodes": {}}), "reviews.nodes: [PullRequestReview], found"),
        (data(reviews={"nodes": [{"author": None}]}), "reviews.nodes.0.state: asked for and missing"),
        (data(reviews={"nodes": [{"state": "APPROVED", "author": {}}]}), "author.login: asked for and missing"),
        (data(reviews=[]), "pullRequest.reviews: an object of type"),
        ({"message": "no"}, "An answer has data or errors"),
        ({"errors": ["no"]}, "An error has a message"),
    ],
)
def test_a_wrong_answer_is_found(body: Any, problem: str) -> None:
    assert any(problem in found for found in check_answer(QUERY, body))


def test_a_union_is_judged_by_the_type_it_names() -> None:
    query = '{ node(id: "x") { __typename ... on Issue { number } ... on User { login } } }'
    assert check_answer(query, {"data": {"node": {"__typename": "User", "login": "ada"}}}) == []
    assert check_answer(query, {"data": {"node": {"__typename": "User", "number": 3}}}) != []
    assert check_answer(query, {"data": {"node": {"__typename": "Usr", "login": "ada"}}}) != []


def test_fields_under_a_condition_may_be_left_out() -> None:
    query = "query($full: Boolean!) { viewer { login name @include(if: $full) } }"
    assert check_answer(query, {"data": {"viewer": {"login": "ada"}}}) == []
    assert check_answer(query, {"data": {"viewer": {"name": "Ada"}}}) == ["data.viewer.login: asked for and missing"]
