"""Where the committed description is known to differ from GitHub, put right by name; all else counts as it stands.

The npm package is made for generating TypeScript clients and narrows two things for that; its reduction left out a few
operations. A correction is applied to the raw document, fails when the place is gone, and says why it is true.
"""

import re
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _list_installations(document: Document) -> None:
    """An account is a user OR an enterprise (so says the `installation` schema); the package's "and" fits no answer."""
    place = document["paths"]["/app/installations"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    account = place["items"]["properties"]["account"]
    account["anyOf"] = account.pop("allOf")


def _labels_as_list(document: Document) -> None:
    """GitHub also takes an issue's labels as a plain array, as PyGithub sends them, and an empty one to clear them."""
    for method in ("post", "put"):
        operation = document["paths"]["/repos/{owner}/{repo}/issues/{issue_number}/labels"][method]
        branches = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
        branches += [branch["properties"]["labels"] for branch in branches]
        if method == "put":
            for branch in branches:
                branch.get("properties", {}).get("labels", branch).pop("minItems", None)


def _labels_with_slashes(document: Document) -> None:
    """A label's name may hold a slash that clients do not encode (PyGithub, prow), as in do-not-merge/hold."""
    for template in (
        "/repos/{owner}/{repo}/labels/{name}",
        "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
    ):
        for operation in document["paths"][template].values():
            name = next(parameter for parameter in operation["parameters"] if parameter.get("name") == "name")
            name["x-multi-segment"] = True


def _search_without_text(document: Document) -> None:
    """An issue without text has the body null, in a search as anywhere else; only there the description forgot it."""
    document["components"]["schemas"]["issue-search-result-item"]["properties"]["body"]["nullable"] = True


def _assigned_agents(document: Document) -> None:
    """What Copilot is given with an issue, as GitHub's documentation has it; the description has not yet."""
    operation = document["paths"]["/repos/{owner}/{repo}/issues/{issue_number}/assignees"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    names = ("target_repo", "base_branch", "custom_instructions", "custom_agent", "model")
    given = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    schema["properties"]["agent_assignment"] = given


def _left_out(document: Document) -> None:
    """Operations that GitHub has and the reduction to 239 lost, with the schemas of GitHub's documentation."""
    minimal = {"$ref": "#/components/schemas/minimal-repository"}
    transfer = {
        "type": "object",
        "required": ["new_owner"],
        "properties": {
            "new_owner": {"type": "string"},
            "new_name": {"type": "string"},
            "team_ids": {"type": "array", "items": {"type": "integer"}},
        },
    }
    repo = "/repos/{owner}/{repo}"
    comment = f"{repo}/issues/comments/{{comment_id}}"
    _add(document, "delete", f"{comment}/reactions/{{reaction_id}}", 204)
    _add(document, "get", "/apps/{app_slug}", 200, {"$ref": "#/components/schemas/integration"})
    _add(document, "post", f"{repo}/actions/runs/{{run_id}}/force-cancel", 202, {"type": "object"})
    _add(document, "post", f"{repo}/transfer", 202, minimal, body=transfer)
    _add(document, "get", "/users/{username}/repos", 200, {"type": "array", "items": minimal}, pages=True)


def _add(
    document: Document,
    method: str,
    template: str,
    status: int,
    answer: Any = None,
    *,
    body: Any = None,
    pages: bool = False,
) -> None:
    parameters: list[Document] = [
        {"name": name, "in": "path", "schema": {"type": "integer" if name.endswith("_id") else "string"}}
        for name in re.findall(r"\{(\w+)\}", template)
    ]
    if pages:
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in ("per-page", "page", "direction")]
    response = {"content": {"application/json": {"schema": answer}}} if answer else {}
    operation: Document = {"parameters": parameters, "responses": {str(status): response}}
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    item = document["paths"].setdefault(template, {})
    if method in item:
        raise LookupError(f"{method} {template} is in the description now")
    item[method] = operation


CORRECTIONS: tuple[Callable[[Document], None], ...] = (
    _list_installations,
    _labels_as_list,
    _labels_with_slashes,
    _search_without_text,
    _assigned_agents,
    _left_out,
)


def correct(document: Document) -> None:
    """Apply all of them in place."""
    for correction in CORRECTIONS:
        correction(document)
