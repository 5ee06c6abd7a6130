"""Requests and answers against GitHub's own description of its REST API.

Every finding is a place where a real client could break: an operation, status, field, type or query parameter that
GitHub does not have. Statuses that any operation may answer with (a lost token, a rate limit, a crash) are accepted
where the description leaves them out, but only in GitHub's error shape.
"""

import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from tests.contract.corrections import correct
from tests.contract.findings import Finding, finding, schema_findings
from tests.contract.operations import Operation, Operations, Target, split_target
from tests.contract.schemas import Schemas, plain_schema, read_json
from tests.contract.shapes import decode, error_shape, parameter, query, server_error, unknown_fields

JSON = "application/json"
OUTSIDE = re.compile(
    r"/[^/]+/[^/]+/(info/refs|git-upload-pack|git-receive-pack)"  # git's smart HTTP
    r"|/(api/)?graphql"  # checked by graphql.py
    r"|/_sandbox/.*"  # the sandbox's own controls, and where log downloads redirect to
    r"|/zen"  # a line of text
)
"""Paths that are rightly not in the description."""

ANYWHERE = {400, 401, 403, 404, 405, 409, 410, 422, 429}
"""Errors that an operation need not declare; so are all of 5xx."""
MOVED = {301, 307}
"""Any operation on a renamed repository."""
TEXT = re.compile(r"application/vnd\.github\.(v3\.)?(raw|diff|patch|sha|html)(\+json)?")
"""Media types of answers that are no JSON."""


class Description:
    """Loads on first use. `method` in capitals; paths with their query as on the wire; header names in any case."""

    @cached_property
    def document(self) -> dict[str, Any]:
        raw: dict[str, Any] = read_json("github_openapi.json.gz")
        correct(raw)
        document: dict[str, Any] = plain_schema(raw)

        def resolved(node: dict[str, Any]) -> dict[str, Any]:
            if "$ref" not in node:
                return node
            _, _, kind, name = node["$ref"].split("/")
            found: dict[str, Any] = document["components"][kind][name]
            return found

        for spec in (spec for item in document["paths"].values() for spec in item.values()):
            spec["parameters"] = [resolved(p) for p in spec.get("parameters", [])]
            spec["responses"] = {status: resolved(r) for status, r in spec["responses"].items()}
        return document

    @cached_property
    def operations(self) -> Operations:
        return Operations(self.document["paths"])

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas(self.document)

    def check_request(self, method: str, path: str, body: bytes = b"") -> list[Finding]:
        """Findings about what a client sends: operation, path and query parameters, body."""
        target = split_target(path)
        found = self.operations.find(method, target.path)
        if found is None:
            return _unknown(method, target)
        operation, values = found
        where = f"{operation.name} request"
        findings = query(where, operation, target) + self._request_body(where, operation, body)
        for name, schema in operation.parameters("path").items():
            findings += parameter(where, name, values[name], schema, f"{{{name}}}")
        return findings

    def check_response(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[Finding]:
        """Findings about what a server answers: status, media type, body, and the error shape."""
        target = split_target(path)
        found = self.operations.find(method, target.path)
        if found is None:
            return _unknown(method, target)
        operation = found[0]
        where = f"{operation.name} {status}"
        lower = {name.lower(): value for name, value in headers.items()}
        if status >= 500:
            return server_error(where, lower, body)
        findings = _status(where, operation, method, status)
        if method == "HEAD":
            return findings
        if status in {204, 304}:
            return findings + ([finding(where, "no body", body.decode(errors="replace"))] if body else [])
        if 300 <= status < 400 and "location" not in lower:
            findings.append(finding(where, "a Location header"))
        return findings + self._response_body(where, operation, status, lower, body)

    def _response_body(
        self, where: str, operation: Operation, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[Finding]:
        declared = operation.spec["responses"].get(str(status), {"content": {}} if status >= 300 else {})
        content = declared.get("content")
        if not body and (content is None or 300 <= status < 400):
            return []
        if status >= 300 and (findings := error_shape(where, status, body)):
            return findings
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if status < 300 and TEXT.fullmatch(media):
            return []
        if content is None and status < 300:
            return [finding(where, "no body", body.decode(errors="replace"))]
        if media != JSON and media not in (content or ()):
            return [finding(where, f"content-type {JSON}", media)]
        if not content:
            return []
        value, findings = decode(where, body)
        steps = (*operation.steps, "responses", str(status), "content", media if media in content else JSON, "schema")
        return findings or schema_findings(where, self.schemas.validator(*steps), value)

    def _request_body(self, where: str, operation: Operation, body: bytes) -> list[Finding]:
        spec = operation.spec.get("requestBody")
        if not body:
            return [finding(where, "a JSON body")] if spec and spec.get("required") else []
        value, findings = decode(where, body)
        if findings or spec is None:
            return findings or ([finding(where, "no body", value)] if value else [])
        validator = self.schemas.validator(*operation.steps, "requestBody", "content", JSON, "schema")
        return schema_findings(where, validator, value) + unknown_fields(where, spec["content"][JSON]["schema"], value)


@cache
def description() -> Description:
    """The one of this test run."""
    return Description()


def _unknown(method: str, target: Target) -> list[Finding]:
    return [] if OUTSIDE.fullmatch(target.path) else [finding(f"{method} {target.path}", "not in the description")]


def _status(where: str, operation: Operation, method: str, status: int) -> list[Finding]:
    unchanged = status == 304 and method in {"GET", "HEAD"}
    allowed = str(status) in operation.spec["responses"] or status in ANYWHERE or status in MOVED or unchanged
    return [] if allowed else [finding(where, "a status that the description declares", status)]
