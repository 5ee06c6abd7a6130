"""Which operation of GitHub's description a request is: path templates, most specific first, and their parameters."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ENTERPRISE = "/api/v3"
"""Where GitHub Enterprise Server has the same API."""


@dataclass(frozen=True)
class Operation:
    """`spec` is the description's operation object, without `$ref`s at its parameters and responses."""

    method: str
    template: str
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def steps(self) -> tuple[str, str, str]:
        """Where it stands in the document."""
        return "paths", self.template, self.method.lower()

    def parameters(self, place: str) -> dict[str, dict[str, Any]]:
        """Name -> schema of its "path" or "query" parameters."""
        return {p["name"]: p["schema"] for p in self.spec.get("parameters", []) if p["in"] == place}

    @cached_property
    def wide(self) -> set[str]:
        """Path parameters that may hold slashes."""
        return {p["name"] for p in self.spec.get("parameters", []) if p.get("x-multi-segment")}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{([^}]+)\}", self.template)
        named = (f"(?P<{name}>{'.+' if name in self.wide else '[^/]+'})" for name in parts[1::2])
        literal = (re.escape(text) for text in parts[0::2])
        return re.compile("".join(text + group for text, group in zip(literal, [*named, ""], strict=True)) + r"\Z")

    @property
    def order(self) -> tuple[int, ...]:
        """Sorts the more specific template first: a literal segment, a partly literal one, a parameter, a wide one."""

        def rank(segment: str) -> int:
            names = re.findall(r"\{([^}]+)\}", segment)
            if not names:
                return 0
            return 1 if segment != f"{{{names[0]}}}" else 3 if names[0] in self.wide else 2

        return (*map(rank, self.template.split("/")), 4)


@dataclass(frozen=True)
class Target:
    """A request target taken apart: `path` without the Enterprise prefix, still percent-encoded."""

    path: str
    query: list[tuple[str, str]]


def split_target(raw: str) -> Target:
    parts = urlsplit(raw)
    path = parts.path
    if path == ENTERPRISE or path.startswith(f"{ENTERPRISE}/"):
        path = path.removeprefix(ENTERPRISE) or "/"
    return Target(path, parse_qsl(parts.query, keep_blank_values=True))


class Operations:
    """All operations of a description's `paths`. A HEAD is looked up as the GET it stands for."""

    def __init__(self, paths: dict[str, Any]) -> None:
        found = (Operation(m.upper(), template, spec) for template, item in paths.items() for m, spec in item.items())
        self.all = sorted(found, key=lambda operation: operation.order)
        self.find = lru_cache(maxsize=4_096)(self._find)  # request, answer and count each ask for the same one

    def _find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its decoded path parameters, or None.

        A repository is also at /repositories/ID (a renamed one redirects there); the root of its files needs no path.
        """
        path = re.sub(r"\A/repositories/(\d+)(?=/|\Z)", r"/repos/repositories/\1", path)
        path = re.sub(r"\A(/repos/[^/]+/[^/]+/(?:contents|tarball|zipball))/?\Z", r"\1/.", path)
        wanted = "GET" if method == "HEAD" else method
        for operation in self.all:
            if operation.method == wanted and (found := operation.pattern.match(path)):
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None
