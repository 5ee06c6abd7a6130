"""GraphQL against GitHub's published schema: is this a query GitHub would run, and is this an answer it could give?

The schema has addSubIssue and enqueuePullRequest but no Issue.blockedBy: dependencies are read over REST.
"""

import gzip
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import graphql as gql

from tests.contract.findings import show
from tests.contract.schemas import DATA


@cache
def schema() -> gql.GraphQLSchema:
    """Built once a test run (0.6 s); assumed valid, since it is GitHub's."""
    text = gzip.decompress((DATA / "github_graphql.graphql.gz").read_bytes()).decode()
    return gql.build_schema(text, no_location=True, assume_valid=True, assume_valid_sdl=True)


@lru_cache(maxsize=500)
def _read(query: str) -> tuple[gql.DocumentNode, tuple[str, ...]]:
    """A query and what the schema has against it; the same ones are asked again and again. GraphQLSyntaxError."""
    document = gql.parse(query)
    return document, tuple(error.message for error in gql.validate(schema(), document))


def check_query(query: str, variables: Mapping[str, Any] | None = None) -> list[str]:
    """What GitHub's schema has against a query and its variables, one sentence each."""
    try:
        document, found = _read(query)
    except gql.GraphQLSyntaxError as error:
        return [error.message]
    problems = list(found)
    operation = gql.get_operation_ast(document)
    if problems or operation is None:
        return problems or ["The document has not exactly one operation."]
    given = dict(variables or {})
    known = {definition.variable.name.value for definition in operation.variable_definitions or ()}
    problems += [f"Variable '${name}' is not declared by the query." for name in sorted(given.keys() - known)]
    values = gql.execution.get_variable_values(schema(), list(operation.variable_definitions or ()), given)
    return problems + [error.message for error in values] if isinstance(values, list) else problems


def check_answer(query: str, body: Any) -> list[str]:
    """What the schema has against the answer to a valid query: fields missing or not asked for, types, enums, nulls."""
    if not isinstance(body, dict) or not ({"data", "errors"} & body.keys()):
        return [f"An answer has data or errors, found {show(body)}"]
    problems = [
        f"An error has a message, found {show(error)}"
        for error in body.get("errors", [])
        if not (isinstance(error, dict) and isinstance(error.get("message"), str))
    ]
    document, _ = _read(query)
    operation = gql.get_operation_ast(document)
    root = schema().get_root_type(operation.operation) if operation else None
    if operation is None or root is None or body.get("data") is None:
        return problems
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, gql.FragmentDefinitionNode)}
    return problems + _Answer(fragments).object(root, [operation.selection_set], body["data"], "data")


class _Answer:
    def __init__(self, fragments: dict[str, gql.FragmentDefinitionNode]) -> None:
        self.fragments = fragments

    def object(self, kind: Any, selections: list[Any], value: Any, place: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{place}: an object of type {kind}, found {show(value)}"]
        actual = schema().get_type(str(value["__typename"])) if "__typename" in value else kind
        if actual is None:
            return [f"{place}: {show(value['__typename'])} is no type"]
        asked: dict[str, list[Any]] = {}
        for selection in selections:
            self._collect(actual, selection, asked)
        problems = []
        if gql.is_abstract_type(actual):  # __typename was not asked for: only what all types have can be checked
            asked = {key: nodes for key, nodes in asked.items() if self._field(actual, nodes[0]) is not None}
        else:
            problems = [f"{place}.{key}: not asked for" for key in sorted(value.keys() - asked)]
        for key, nodes in asked.items():
            if nodes[0].name.value in {"__type", "__schema"}:  # introspection: of the language, not of the schema
                continue
            here = f"{place}.{key}"
            if key in value:
                below = [node.selection_set for node in nodes]
                problems += self.value(self._field(actual, nodes[0]), below, value[key], here)
            elif not any(node.directives for node in nodes):  # @include and @skip
                problems.append(f"{here}: asked for and missing")
        return problems

    def value(self, kind: Any, below: list[Any], value: Any, place: str) -> list[str]:
        if gql.is_non_null_type(kind):
            if value is None:
                return [f"{place}: {kind}, found null"]
            return self.value(kind.of_type, below, value, place)
        if value is None:
            return []
        if gql.is_list_type(kind):
            if not isinstance(value, list):
                return [f"{place}: {kind}, found {show(value)}"]
            return [p for n, item in enumerate(value) for p in self.value(kind.of_type, below, item, f"{place}.{n}")]
        if gql.is_leaf_type(kind):
            return self._leaf(kind, value, place)
        return self.object(kind, below, value, place)

    def _collect(self, kind: Any, selection: Any, asked: dict[str, list[Any]]) -> None:
        for node in selection.selections:
            if isinstance(node, gql.FieldNode):
                asked.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment = self.fragments[node.name.value] if isinstance(node, gql.FragmentSpreadNode) else node
            condition = fragment.type_condition
            on = schema().get_type(condition.name.value) if condition else kind
            if on is kind or (gql.is_abstract_type(on) and schema().is_sub_type(on, kind)):
                self._collect(kind, fragment.selection_set, asked)

    @staticmethod
    def _field(kind: Any, node: gql.FieldNode) -> Any:
        if node.name.value == "__typename":
            return gql.GraphQLNonNull(gql.GraphQLString)
        field = getattr(kind, "fields", {}).get(node.name.value)
        return field.type if field else None

    @staticmethod
    def _leaf(kind: Any, value: Any, place: str) -> list[str]:
        kinds: dict[str, set[type]] = {"Int": {int}, "Float": {int, float}, "Boolean": {bool}}
        valid = value in kind.values if gql.is_enum_type(kind) else type(value) in kinds.get(kind.name, {str})
        return [] if valid else [f"{place}: {kind}, found {show(value)}"]
