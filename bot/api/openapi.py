"""The description of the API (OpenAPI 3.1), made of the very types that questions are read with and answers written.

Nothing of it is written by hand, so it cannot say anything else than what is done.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from bot.api import PREFIX
from bot.api.problems import MEDIA, TITLES, Problem
from bot.api.routes import Endpoint, Text

Json = dict[str, Any]
REF = "#/components/schemas/{name}"
ABOUT = (
    "Everything the pages of Lockstep show, and every command, for programs. What one sees is what one may see on "
    "GitHub. Lists come in pages: go on with `cursor` = `next`. What goes wrong is a problem (RFC 9457)."
)
AFTER = "^[0-9]{1,18}$"
STREAM = {
    "get": {
        "tags": ["events"],
        "operationId": "get_events",
        "summary": "What happens to plans from now on, or after the event `Last-Event-ID`, as server-sent events.",
        "parameters": [
            {
                "name": "after",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "pattern": AFTER},
            }
        ],
        "responses": {
            "200": {
                "description": "`moment`: a Moment in `data`; `reset`: too much has happened, look at everything anew.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    }
}


def described(endpoints: Iterable[Endpoint], version: str, extra: Iterable[type] = ()) -> Json:
    """The whole description. extra: types that are sent otherwise, such as those of events."""
    known = list(endpoints)
    types = [Problem, *extra]
    for each in known:
        types += [each.asked, *([each.body] if each.body else []), *([] if each.gives is Text else [each.gives])]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = dict(zip(map(str, types), schemas, strict=True))
    questions = {each.asked.__name__ for each in known}
    paths: dict[str, Json] = {}
    for each in known:
        paths.setdefault(f"{PREFIX}{each.path}", {})[each.method.lower()] = _operation(each, by_type, components)
    paths[f"{PREFIX}/events"] = _with_problems(STREAM)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lockstep", "version": version, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in sorted(components.items()) if name not in questions},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token made on the page of tokens."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-lockstep"},
            },
        },
    }


def _operation(each: Endpoint, by_type: Mapping[str, Json], components: Mapping[str, Json]) -> Json:
    asked = components[each.asked.__name__]
    required = set(asked.get("required", ()))
    parameters = [
        {
            "name": name,
            "in": "path" if name in each.parts else "query",
            "required": name in required,
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in asked.get("properties", {}).items()
    ]
    content = {"text/plain": {"schema": {"type": "string"}}}
    if each.gives is not Text:
        content = {"application/json": {"schema": by_type[str(each.gives)]}}
    made: Json = {
        "tags": [each.tag],
        "operationId": f"{each.method.lower()}_{each.answer.__name__}",
        "summary": each.summary,
        "description": f"Needs the scope `{each.scope}`.",
        "parameters": parameters,
        "responses": {str(each.status): {"description": "What was asked for.", "content": content}, **_problems()},
    }
    if each.body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": by_type[str(each.body)]}}}
    return made


def _with_problems(path: Json) -> Json:
    return {method: {**about, "responses": {**about["responses"], **_problems()}} for method, about in path.items()}


def _problems() -> Json:
    content = {MEDIA: {"schema": {"$ref": REF.format(name="Problem")}}}
    return {str(status): {"description": title, "content": content} for status, title in TITLES.items()}
