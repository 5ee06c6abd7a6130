"""POST /graphql, and /api/graphql as Enterprise Server spells it."""

from services.sandbox import graphql, graphql_fields, graphql_git, graphql_issues, graphql_mutations
from services.sandbox.call import Call
from services.sandbox.kernel import Json, route

TABLES = (graphql_fields, graphql_git, graphql_issues, graphql_mutations)
"""Imported for the fields they register."""


@route("POST", "/graphql", need="token")
def answer(call: Call) -> Json:
    return graphql.execute(call, call.body)


@route("POST", "/api/graphql", need="token")
def enterprise(call: Call) -> Json:
    return answer(call)
