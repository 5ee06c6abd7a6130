"""The rules that stand in no schema: GitHub's error object, query and path parameters, unknown body fields."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.contract.findings import Finding, finding
from tests.contract.operations import Operation, Target

LIMITS = {"per_page": (1, 100), "page": (1, 2**31)}


def decode(where: str, body: bytes) -> tuple[Any, list[Finding]]:
    """The JSON value and no findings, or None and one."""
    try:
        return json.loads(body), []
    except ValueError:
        return None, [finding(where, "a JSON body", body[:80].decode(errors="replace"))]


def error_shape(where: str, status: int, body: bytes) -> list[Finding]:
    """`{"message", "documentation_url", "status": "404"?, ...}`."""
    value, findings = decode(where, body)
    if findings:
        return findings
    if not isinstance(value, dict):
        return [finding(where, "GitHub's error object", value)]
    for field in ("message", "documentation_url"):
        if not isinstance(value.get(field), str):
            findings.append(finding(where, f"an error with the string {field}", value))
    if value.get("status", str(status)) != str(status):
        findings.append(finding(where, f'the status repeated as the string "{status}"', value["status"], "/status"))
    return findings


def server_error(where: str, headers: Mapping[str, str], body: bytes) -> list[Finding]:
    """GitHub's 5xx come from in front of its application too: empty, a page, or JSON with a message."""
    if not body or headers.get("content-type", "").startswith("text/html"):
        return []
    value, findings = decode(where, body)
    if not findings and not (isinstance(value, dict) and isinstance(value.get("message"), str)):
        findings = [finding(where, "an object with a message", value)]
    return findings


def query(where: str, operation: Operation, target: Target) -> list[Finding]:
    """Findings about the query: names GitHub would silently ignore, and values it would refuse."""
    schemas = operation.parameters("query")
    findings = []
    for name, value in target.query:
        if name in schemas:
            findings += parameter(where, name, value, schemas[name], f"?{name}")
        else:
            allowed = ", ".join(sorted(schemas)) or "none"
            findings.append(finding(where, f"a query parameter of: {allowed}", name, f"?{name}"))
    return findings


def parameter(where: str, name: str, text: str, schema: dict[str, Any], place: str) -> list[Finding]:
    """Findings about one path or query parameter, given as its text."""
    kind = schema.get("type")
    if kind == "integer":
        if not re.fullmatch(r"-?\d+", text):
            return [finding(where, "an integer", text, place)]
        low, high = LIMITS.get(name, (None, None))
        if low is not None and high is not None and not low <= int(text) <= high:
            return [finding(where, f"an integer from {low} to {high}", text, place)]
    if kind == "boolean" and text not in {"true", "false"}:
        return [finding(where, "true or false", text, place)]
    if kind == "string" and text not in schema.get("enum", [text]):
        return [finding(where, f"one of {', '.join(schema['enum'])}", text, place)]
    return []


def unknown_fields(where: str, schema: dict[str, Any], value: Any) -> list[Finding]:
    """Top fields of a body that the operation does not have: GitHub ignores them, so a typing error would go unseen."""
    branches = [schema, *schema.get("anyOf", []), *schema.get("allOf", [])]
    known = {field for branch in branches for field in branch.get("properties", {})}
    is_open = any("$ref" in b or ("additionalProperties" in b and "properties" not in b) for b in branches)
    if is_open or not known or not isinstance(value, dict):
        return []
    return [finding(where, "a field of this operation", field, f"/{field}") for field in sorted(value.keys() - known)]
