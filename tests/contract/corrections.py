"""Where the committed description is known to differ from GitHub, put right by name; all else counts as it stands.

The npm package is made for generating TypeScript clients and narrows two things for that; its reduction left out one
operation. A correction is applied to the raw document, fails when the place is gone, and says why it is true.
"""

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


def _comment_reaction(document: Document) -> None:
    """Deleting a comment's reaction is GitHub's as much as deleting an issue's."""
    of_issue = document["paths"]["/repos/{owner}/{repo}/issues/{issue_number}/reactions/{reaction_id}"]["delete"]
    names = ("owner", "repo", "comment-id", "reaction-id")
    parameters = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    template = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}"
    document["paths"][template] = {"delete": {**of_issue, "parameters": parameters}}


CORRECTIONS: tuple[Callable[[Document], None], ...] = (_list_installations, _labels_as_list, _comment_reaction)


def correct(document: Document) -> None:
    """Apply all of them in place."""
    for correction in CORRECTIONS:
        correction(document)
