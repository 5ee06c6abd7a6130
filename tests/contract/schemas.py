"""From OpenAPI 3.0 to validators: GitHub's description as JSON Schema 2020-12, compiled on first use.

Three things differ from plain JSON Schema and each has rejected valid answers of GitHub's somewhere:
`nullable` means "or null", also for an enum that does not list null; `oneOf` is used where branches overlap (three
branches that all take null), so it is read as `anyOf`; some URLs are empty strings and some e-mail addresses have no
valid form.
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs

DATA = Path(__file__).parent / "data"
_URI = jsonschema_rs.validator_for({"format": "uri"}, validate_formats=True)
FORMATS = {"uri": lambda text: text == "" or _URI.is_valid(text), "email": lambda text: True}


def read_json(name: str) -> Any:
    """A packed JSON file of `data/`."""
    return json.loads(gzip.decompress((DATA / name).read_bytes()))


def plain_schema(node: Any) -> Any:
    """The OpenAPI 3.0 dialect turned into JSON Schema, all through `node`; a property called "nullable" stays one."""
    if isinstance(node, list):
        return [plain_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    names = {"oneOf": "anyOf"} if isinstance(node.get("oneOf"), list) else {}
    schema = {names.get(key, key): plain_schema(value) for key, value in node.items()}
    if not isinstance(schema.get("nullable"), bool):
        return schema
    if not schema.pop("nullable"):
        return schema
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    schema["type"] = [schema["type"], "null"]
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema


class Schemas:
    """Validators for the subschemas of one document, addressed by the steps that lead to them, each compiled once."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._registry = jsonschema_rs.Registry([("urn:document", document)])
        self.validator = cache(self._compile)

    def _compile(self, *steps: str) -> Any:
        path = "/".join(quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
        return jsonschema_rs.validator_for(
            {"$ref": f"urn:document#/{path}"},
            registry=self._registry,
            formats=FORMATS,
            validate_formats=True,
            mask="it",
        )
