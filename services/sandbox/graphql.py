"""GitHub's GraphQL API, as far as bots use it: looking many things up in one call, and the few acts that REST does not
have.

The executor walks selections over tables of fields (graphql_fields.py and its neighbours). An answer is always HTTP
200; what went wrong stands in `errors` with GitHub's types, beside the data that could be had.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from services.sandbox import auth
from services.sandbox.graphql_parse import Field, Fragment, Operation, Selection, SyntaxProblem, Variable, parse
from services.sandbox.kernel import Json, Problem
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.call import Call

MOST_VALUES = 100_000
"""Objects one query may touch."""
Args = dict[str, Any]
Resolver = Callable[["Context", Any, Args], Any]
FIELDS: dict[str, dict[str, Resolver]] = {}
"""Type -> field -> how it is worked out from the type's record."""
INTERFACES: dict[str, set[str]] = {}
"""Type -> the interfaces and unions a fragment may name it by."""


class Node(msgspec.Struct, frozen=True):
    """An object of the answer: its GraphQL type and the record behind it."""

    kind: str
    row: Any


class Rows(msgspec.Struct, frozen=True):
    """What a connection pages over."""

    kind: str
    items: list[Any]


class Refused(Exception):
    """One entry of `errors`; the field it belongs to becomes null."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Bubbling(Exception):
    """A field that GitHub's schema does not allow to be null had to be: the object around it is null instead."""


PAGES = {"MISSING_PAGINATION_BOUNDARIES", "EXCESSIVE_PAGINATION"}
KINDS = {401: "FORBIDDEN", 403: "FORBIDDEN", 404: "NOT_FOUND"}


def from_problem(problem: Problem) -> Refused:
    """REST's refusal in GraphQL's words: the message is the same, the status becomes a type."""
    texts = [e.get("message", "") if isinstance(e, dict) else str(e) for e in problem.errors or []]
    return Refused(KINDS.get(problem.status, "UNPROCESSABLE"), next(filter(None, texts), problem.message))


class Context:
    """One request: who asks, and what has gone wrong so far."""

    def __init__(self, call: "Call") -> None:
        self.call = call
        self.sandbox = call.sandbox
        self.state = call.state
        self.git = call.git
        self.base = call.request.base
        self.errors: list[Json] = []
        self.fragments: dict[str, Fragment] = {}
        self.variables: dict[str, Any] = {}
        self.touched = 0

    def need(self, repo: Repo, need: str) -> None:
        """Refuse what the caller may not see (as absent) or do."""
        if not auth.can_see(self.state, self.call.who, repo):
            raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{repo.full_name}'.")
        try:
            auth.check(self.state, self.call.who, repo, need)
        except Problem as problem:
            raise from_problem(problem) from None

    def add(self, kind: str, message: str, path: list[str | int], at: Field | None) -> None:
        error: dict[str, Json] = {"type": kind, "path": path, "message": message}
        if at is not None:
            error["locations"] = [{"line": at.line, "column": at.column}]
        self.errors.append(error)


def execute(call: "Call", body: Mapping[str, Json]) -> Json:
    """The answer to a request body `{query, variables, operationName}`."""
    context = Context(call)
    text, variables = body.get("query"), body.get("variables") or {}
    if not isinstance(text, str) or not isinstance(variables, dict):
        return {"errors": [{"message": "A query attribute must be specified and must be a string."}]}
    try:
        document = parse(text)
    except SyntaxProblem as problem:
        return {"errors": [{"message": str(problem), "locations": [{"line": problem.line, "column": problem.column}]}]}
    wanted = body.get("operationName")
    named = [o for o in document.operations if not wanted or o.name == wanted]
    if len(named) != 1:
        return {"errors": [{"message": "An operation name is required"}]}
    context.fragments = document.fragments
    problem_text = _bind(context, named[0], variables)
    if problem_text:
        return {"errors": [{"message": problem_text, "extensions": {"code": "variableMismatch"}}]}
    root = Node("Query" if named[0].kind == "query" else "Mutation", None)
    try:
        data = _select(context, root, named[0].selections, [])
    except Bubbling:
        data = None
    return {"data": data, "errors": context.errors} if context.errors else {"data": data}


def _bind(context: Context, operation: Operation, given: Mapping[str, Json]) -> str:
    """Take the variables over; what is wrong with them, or nothing."""
    for name, spec in operation.variables.items():
        value = given.get(name, spec.default)
        if value is None and spec.type.endswith("!"):
            return f"Variable ${name} of type {spec.type} was provided invalid value"
        if not _fits(spec.type.rstrip("!"), value):
            return f"Variable ${name} of type {spec.type} was provided invalid value"
        context.variables[name] = value
    return ""


def _fits(kind: str, value: Any) -> bool:
    """Scalars only; the tests hold whole queries against GitHub's schema."""
    if value is None:
        return True
    if kind == "Int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "Boolean":
        return isinstance(value, bool)
    return isinstance(value, str) if kind == "String" else True


def _select(context: Context, node: Node, selections: list[Selection], path: list[str | int]) -> Json:
    context.touched += 1
    if context.touched > MOST_VALUES:
        raise Problem(502, "Something went wrong while executing your query.")
    out: dict[str, Json] = {}
    for key, fields in _collect(context, node.kind, selections).items():
        out[key] = _resolve(context, node, fields, [*path, key])
    return out


def _collect(context: Context, kind: str, selections: list[Selection], depth: int = 0) -> dict[str, list[Field]]:
    """Fields by the key they have in the answer, with what fragments add."""
    out: dict[str, list[Field]] = {}
    for item in selections:
        if depth > 20 or not _included(context, item):
            continue
        if isinstance(item, Field):
            out.setdefault(item.key, []).append(item)
            continue
        found = context.fragments.get(item.spread) if item.spread else item
        if found is None or not (found.on in {"", kind} or found.on in INTERFACES.get(kind, ())):
            continue
        for key, fields in _collect(context, kind, found.selections, depth + 1).items():
            out.setdefault(key, []).extend(fields)
    return out


def _included(context: Context, item: Selection) -> bool:
    if not item.directives:
        return True
    skip = value(context, item.directives.get("skip", {}).get("if", False))
    include = value(context, item.directives.get("include", {}).get("if", True))
    return bool(include) and not skip


def value(context: Context, raw: Any) -> Any:
    """An argument with its variables put in."""
    if isinstance(raw, Variable):
        return context.variables.get(raw.name)
    if isinstance(raw, list):
        return [value(context, item) for item in raw]
    if isinstance(raw, dict):
        return {key: value(context, item) for key, item in raw.items()}
    return raw


def _resolve(context: Context, node: Node, fields: list[Field], path: list[str | int]) -> Json:
    field = fields[0]
    if field.name == "__typename":
        return node.kind
    below = [selection for each in fields for selection in each.selections]
    args = {name: value(context, raw) for name, raw in field.args.items()}
    try:
        return _shown(context, _found(context, node, field.name, args), field, args, below, path)
    except Bubbling:
        return None
    except Refused as refused:
        context.add(refused.kind, str(refused), path, field)
        if refused.kind in PAGES:
            raise Bubbling from None
    except Problem as problem:
        if problem.status >= 500:
            raise
        answer = from_problem(problem)
        context.add(answer.kind, str(answer), path, field)
    return None


def _found(context: Context, node: Node, name: str, args: Args) -> Any:
    known = FIELDS.get(node.kind, {}).get(name)
    if known is not None:
        return known(context, node.row, args)
    if isinstance(node.row, dict) and name in node.row:
        return node.row[name]
    raise Refused("undefinedField", f"Field '{name}' doesn't exist on type '{node.kind}'")


def _shown(
    context: Context, found: Any, field: Field, args: Args, below: list[Selection], path: list[str | int]
) -> Json:
    if isinstance(found, Rows):
        found = connection(found, args, field.name)
    if isinstance(found, Node):
        if not below:
            raise Refused(
                "selectionMismatch", f"Field must have selections (field '{field.name}' returns {found.kind})"
            )
        return _select(context, found, below, path)
    if isinstance(found, list):
        return [_shown(context, item, field, args, below, [*path, n]) for n, item in enumerate(found)]
    return found


def connection(rows: Rows, args: Args, name: str) -> Node:
    """One page of a list; GitHub insists on `first` or `last`, of at most 100."""
    first, last = args.get("first"), args.get("last")
    asked = first if first is not None else last
    if not isinstance(asked, int):
        text = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise Refused("MISSING_PAGINATION_BOUNDARIES", text)
    if not 0 <= asked <= 100:
        text = f"Requesting {asked} records on the `{name}` connection exceeds the `first` limit of 100 records."
        raise Refused("EXCESSIVE_PAGINATION", text)
    low, high = _cursor(args.get("after"), 0), _cursor(args.get("before"), len(rows.items) + 1) - 1
    low, high = max(0, low), min(len(rows.items), high)
    if first is not None:
        high = min(high, low + asked)
    else:
        low = max(low, high - asked)
    nodes = [Node(rows.kind, item) if not isinstance(item, Node) else item for item in rows.items[low:high]]
    info = {
        "hasNextPage": high < len(rows.items),
        "hasPreviousPage": low > 0,
        "startCursor": f"Y3Vyc29y{low + 1}" if nodes else None,
        "endCursor": f"Y3Vyc29y{high}" if nodes else None,
    }
    edges = [
        Node(f"{rows.kind}Edge", {"cursor": f"Y3Vyc29y{low + n}", "node": node}) for n, node in enumerate(nodes, 1)
    ]
    page = Node("PageInfo", info)
    return Node(
        f"{rows.kind}Connection", {"nodes": nodes, "edges": edges, "totalCount": len(rows.items), "pageInfo": page}
    )


def _cursor(text: Any, default: int) -> int:
    found = re.fullmatch(r"Y3Vyc29y(\d{1,9})", text) if isinstance(text, str) else None
    return int(found[1]) if found else default
