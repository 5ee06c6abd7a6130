"""What a request for a model may not ask for: that the provider goes somewhere on the box's behalf, or takes up what
lies there already, whose length nobody here knows.

Providers fetch pictures by their address, search the web, run code and speak with servers that a request names. Each
would be a way out of the box, with whatever it holds in the address. Only tools that the program itself carries out,
and content that stands in the request, are let through.
"""

from collections.abc import Iterator, Mapping
from typing import Any

CALLED_HERE = ("bash_", "text_editor_", "memory_")
"""Tools of Anthropic's that its programs carry out themselves."""
OWN = frozenset({"", "custom", "function", "local_shell", "apply_patch"})
FETCHED = frozenset({"url", "image_url", "file_url", "fileUri", "file_uri", "server_url", "connector_id", "file_id"})
NAMED = frozenset({"mcp_servers", "container", "web_search_options", "plugins"})
STORED = frozenset({"previous_response_id", "conversation", "cachedContent", "cached_content"})
"""Names of what was said before, which is read and paid for again."""
TIERS = frozenset({"auto", "default", "flex", "standard", "standard_only", "unspecified"})
PASSED_OVER = frozenset({"arguments", "args", "input_schema", "parameters", "parametersJsonSchema", "schema"})
"""What tools were called with, and how: words of the model's, that nobody follows."""
USUAL: Mapping[str, frozenset[str]] = {
    "service_tier": TIERS,
    "serviceTier": TIERS,
    "speed": frozenset({"standard"}),
    "inference_geo": frozenset({"global"}),
}
"""What may stand there: anything else is sold at more than the price of the list."""
DEEPEST = 40


def reaches_out(told: Mapping[str, Any]) -> bool:
    """Would the provider reach somewhere else for it?"""
    if any(told.get(name) for name in NAMED):
        return True
    tools = told.get("tools")
    if isinstance(tools, list) and not all(map(_is_own, tools)):
        return True
    return any(_fetched(told, 0))


def lies_elsewhere(told: Mapping[str, Any]) -> bool:
    """Is a part of what it says kept by the provider, so that its length can't be told?"""
    items = told.get("input")
    referred = isinstance(items, list) and any(map(_is_reference, items))
    return referred or isinstance(told.get("prompt"), dict) or any(told.get(name) for name in STORED)


def is_dearer(told: Mapping[str, Any]) -> bool:
    """Does a request ask for a faster or a nearer answer, which costs more than the accounts would know?"""
    return any(told.get(name) is not None and str(told[name]).lower() not in usual for name, usual in USUAL.items())


def _is_reference(item: object) -> bool:
    """OpenAI's takes no type for one, too."""
    return isinstance(item, dict) and "role" not in item and item.get("type") in {None, "item_reference"}


def _is_own(tool: object) -> bool:
    if not isinstance(tool, dict):
        return False
    declared = {"functionDeclarations", "function_declarations"} & tool.keys()
    if declared:
        return tool.keys() <= declared
    kind = str(tool.get("type", ""))
    named = "name" in tool or "function" in tool or kind in {"local_shell", "apply_patch"}
    return named and (kind in OWN or kind.startswith(CALLED_HERE))


def _fetched(value: object, depth: int) -> Iterator[bool]:
    if depth > DEEPEST:
        yield True
    elif isinstance(value, list):
        for each in value:
            yield from _fetched(each, depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in FETCHED and isinstance(each, str) and not each.startswith("data:"):
                yield True
            elif name in PASSED_OVER or (name == "input" and isinstance(each, dict)):
                continue
            else:
                yield from _fetched(each, depth + 1)
