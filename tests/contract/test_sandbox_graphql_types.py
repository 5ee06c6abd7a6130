"""Every field the sandbox answers over GraphQL is GitHub's, and comes in GitHub's type: the queries are made from its
tables.
"""

from typing import Any

import graphql as gql
import pytest

from services.sandbox.graphql import FIELDS, INTERFACES
from tests.contract.graphql import schema
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

DEPTH = 2
"""How many objects inside objects a generated query goes down; a connection counts as one."""
ARGUMENTS = {"first": "(first: 3)", "expression": '(expression: "main")'}


def type_named(name: str) -> Any:
    return schema().get_type(name)


def test_the_tables_name_only_what_github_has() -> None:
    invented = [
        f"{kind}.{name}" for kind, fields in FIELDS.items() for name in fields if name not in type_named(kind).fields
    ]
    assert invented == ["Query.__type"]  # introspection, which gh begins with
    wrong = [(kind, on) for kind, names in INTERFACES.items() for on in names if not fits(kind, on)]
    assert wrong == []


def fits(kind: str, on: str) -> bool:
    return bool(schema().is_sub_type(type_named(on), type_named(kind)))


def selection(kind: Any, depth: int, alias: str = "") -> str:
    """Everything the sandbox knows of a type, `depth` objects deep; empty when nothing of it can be asked."""
    if gql.is_abstract_type(kind):
        types = [t for t in schema().get_possible_types(kind) if t.name in FIELDS]
        parts = [f"... on {t.name} {inner}" for t in types if (inner := selection(t, depth, f"{t.name}_"))]
        return "{ __typename " + " ".join(parts) + " }" if parts else ""
    if kind.name.endswith("Connection"):
        inner = selection(gql.get_named_type(kind.fields["nodes"].type), depth - 1)
        page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        return f"{{ totalCount {page} nodes {inner} edges {{ cursor node {inner} }} }}" if inner else ""
    if depth < 0:
        return ""
    known = sorted(name for name in FIELDS.get(kind.name, {}) if name in kind.fields)
    asked = " ".join(f"{alias}{name}: {part}" for name in known if (part := field(kind.fields[name], name, depth)))
    return f"{{ {asked} }}" if asked else ""


def field(of: Any, name: str, depth: int) -> str:
    """One field with the arguments it cannot go without; empty when it needs one that only a person could choose."""
    if any(gql.is_required_argument(argument) for argument in of.args.values()):
        return ""
    arguments = next((text for argument, text in ARGUMENTS.items() if argument in of.args), "")
    inner_type = gql.get_named_type(of.type)
    if gql.is_leaf_type(inner_type):
        return f"{name}{arguments}"
    inner = selection(inner_type, depth - 1)
    return f"{name}{arguments} {inner}" if inner else ""


def ask(hub: Hub, query: str, who: str = "app", **variables: Any) -> dict[str, Any]:
    """The data of an answer without errors; the recorder has judged the query and the answer."""
    answer = hub.ok("POST", "/graphql", {"query": query, "variables": variables}, who=who)
    assert "errors" not in answer, answer["errors"][:3]
    data: dict[str, Any] = answer["data"]
    return data


def populated(hub: Hub) -> tuple[int, int]:
    """An issue and a pull request with something in every list: their numbers."""
    parent, child = hub.issue("Parent", labels=["bug"], assignees=["ada"], body="One."), hub.issue("Child")
    hub.ok("POST", f"issues/{parent['number']}/sub_issues", {"sub_issue_id": child["id"]})
    hub.ok("POST", f"issues/{parent['number']}/comments", {"body": "Started."})
    hub.ok("PATCH", f"issues/{parent['number']}", {"title": "The parent"})
    hub.ok("POST", f"issues/{parent['number']}/reactions", {"content": "rocket"})
    pull = hub.pull("topic", body=f"Closes #{parent['number']}")
    hub.ok("POST", f"issues/{pull['number']}/comments", {"body": "See."})
    hub.ok("POST", f"issues/{pull['number']}/labels", {"labels": ["bug"]})
    hub.ok("POST", f"pulls/{pull['number']}/requested_reviewers", {"reviewers": ["bob"]})
    hub.ok("POST", f"pulls/{pull['number']}/reviews", {"event": "APPROVE", "body": "Good."}, who="ada")
    hub.check("lockstep/gate", pull["head"]["sha"])
    hub.ok("POST", f"statuses/{pull['head']['sha']}", {"state": "pending", "context": "ci", "description": "soon"})
    return parent["number"], pull["number"]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Issue", "repository(owner: $o, name: $n) { issue(number: $issue) @ }"),
        ("PullRequest", "repository(owner: $o, name: $n) { pullRequest(number: $pull) @ }"),
        ("Repository", "repository(owner: $o, name: $n) @"),
        ("Organization", 'organization(login: "acme") @'),
        ("User", 'user(login: "ada") @'),
        ("RepositoryOwner", 'repositoryOwner(login: "acme") @'),
        ("IssueOrPullRequest", "repository(owner: $o, name: $n) { issueOrPullRequest(number: $pull) @ }"),
        ("Ref", 'repository(owner: $o, name: $n) { ref(qualifiedName: "refs/heads/topic") @ }'),
        ("RefConnection", 'repository(owner: $o, name: $n) { refs(refPrefix: "refs/heads/", first: 3) @ }'),
        ("GitObject", 'repository(owner: $o, name: $n) { object(expression: "topic") @ }'),
        ("GitObject", 'repository(owner: $o, name: $n) { object(expression: "main:src") @ }'),
        ("GitObject", 'repository(owner: $o, name: $n) { object(expression: "main:README.md") @ }'),
        ("Label", 'repository(owner: $o, name: $n) { label(name: "bug") @ }'),
        ("RateLimit", "rateLimit { limit cost remaining resetAt used nodeCount }"),
        ("User", "viewer { login }"),
    ],
)
def test_everything_there_is_to_ask_is_answered_in_githubs_types(hub: Hub, kind: str, query: str) -> None:
    issue, pull = populated(hub)
    text = query.replace("@", selection(type_named(kind), DEPTH))
    used = {"$o: String!": "$o", "$n: String!": "$n", "$issue: Int!": "$issue", "$pull: Int!": "$pull"}
    declared = ", ".join(declaration for declaration, name in used.items() if f"{name})" in text or f"{name}," in text)
    given = {"o": "acme", "n": "api", "issue": issue, "pull": pull}
    variables = {name: value for name, value in given.items() if f"${name}:" in declared}
    data = ask(hub, f"query{f'({declared})' if declared else ''} {{ {text} }}", "ada", **variables)
    found: Any = data
    while isinstance(found, dict) and len(found) == 1:
        (found,) = found.values()
    assert found is not None
