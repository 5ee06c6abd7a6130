"""The nodes of a YAML text; from those of a settings file to plain values, and from msgspec's word for a place back to
the node that stands there.

Texts stay texts, so what they mean is decided where they are converted, by the type that is wanted; what is empty is
left out, as if it had not been written.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from services.core.problems import Spot

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(msgspec.Struct, frozen=True):
    """A text; `plain` = written without quotes."""

    spot: Spot
    plain: bool

    @property
    def is_null(self) -> bool:
        return self.plain and self.spot.text in _NULLS


class Sequence(msgspec.Struct, frozen=True):
    """A list of nodes."""

    spot: Spot
    items: "list[Node]"


class Mapping(msgspec.Struct, frozen=True):
    """Keys in their order; a key given twice keeps its first value."""

    spot: Spot
    entries: "dict[str, tuple[Spot, Node]]"


Node = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def value_of(node: Node) -> Any:
    """Texts, lists and mappings, as msgspec converts them."""
    if isinstance(node, Scalar):
        return None if node.is_null else node.spot.text
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    return {key: value_of(value) for key, (_, value) in node.entries.items() if not is_null(value)}


def spot_at(path: str, key: Spot, node: Node, entry: str = "") -> Spot:
    """Where in the file a path such as `.required` or `[2].text` below this key ends, as far as it tells.
    entry: the one that `[...]` means in it, which stands for any entry of a mapping.
    """
    spot = key if isinstance(node, Mapping) else node.spot
    for part in re.findall(r"\.[a-z_]+|\[(?:\d+|\.\.\.)\]", path):
        name, at = entry if part == "[...]" else part[1:], part[1:-1]
        if isinstance(node, Mapping) and name in node.entries:
            spot, node = node.entries[name]
        elif isinstance(node, Sequence) and at.isdigit() and int(at) < len(node.items):
            node = node.items[int(at)]
            spot = node.spot
    return spot


def entry_that(fails: Callable[[Any], bool], path: str, node: Node) -> str:
    """The first entry of a mapping that fails alone, where a path such as `.policy[...]` below this node does not say
    which it is; "" where it names none.
    """
    before, found, _ = path.partition("[...]")
    parts = before.split(".")[1:]
    for part in parts:
        node = node.entries[part][1] if isinstance(node, Mapping) and part in node.entries else node
    entries = node.entries.items() if found and isinstance(node, Mapping) else ()
    for name, (_, inner) in entries:
        alone: Any = {name: value_of(inner)}
        for part in reversed(parts):
            alone = {part: alone}
        if not is_null(inner) and fails(alone):
            return name
    return ""
