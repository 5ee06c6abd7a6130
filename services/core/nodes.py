"""From the nodes of a settings file to plain values, and from msgspec's word for a place back to the node that stands
there.

Texts stay texts, so what they mean is decided where they are converted, by the type that is wanted; what is empty is
left out, as if it had not been written.
"""

import re
from typing import Any

from services.core.plan_yaml import Mapping, Node, Scalar, Sequence
from services.core.problems import Spot


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def value_of(node: Node) -> Any:
    """Texts, lists and mappings, as msgspec converts them."""
    if isinstance(node, Scalar):
        return None if node.is_null else node.spot.text
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    return {key: value_of(value) for key, (_, value) in node.entries.items() if not is_null(value)}


def spot_at(path: str, key: Spot, node: Node) -> Spot:
    """Where in the file a path such as `.required` or `[2].text` below this key ends, as far as it tells."""
    spot = key if isinstance(node, Mapping) else node.spot
    for name, at in re.findall(r"\.([a-z_]+)|\[(\d+)\]", path):
        if isinstance(node, Mapping) and name in node.entries:
            spot, node = node.entries[name]
        elif isinstance(node, Sequence) and at and int(at) < len(node.items):
            node = node.items[int(at)]
            spot = node.spot
    return spot
