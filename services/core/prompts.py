"""Prompts as versioned files with declared inputs, and foreign text in them that can't be taken for the prompt itself.

A file has a head that names its version and each input with whether it is trusted, and two parts, for the system and
for the turn of the conversation. What people wrote is fenced with a mark made of the text itself, which therefore can't
hold it, bounded, and freed of what a reader would not see.
"""

import hashlib
import re
from collections.abc import Mapping

import msgspec

from services.core.plan_text import clean_block

_INPUT = re.compile(r"\{\{([a-z_]+)\}\}")
_TAG = re.compile(r"<(\s*/?\s*)(untrusted)", re.IGNORECASE)


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt. untrusted: inputs that are fenced, and how many characters of each are taken."""

    name: str
    version: int
    trusted: frozenset[str]
    untrusted: Mapping[str, int]
    system: str
    turn: str
    digest: str

    @property
    def title(self) -> str:
        """`draft 1 (3f2a9c01)`: which text exactly was asked."""
        return f"{self.name} {self.version} ({self.digest[:8]})"

    def filled(self, **values: str) -> tuple[str, str]:
        """The two parts with these inputs, all that are declared and no others; ValueError."""
        declared = self.trusted | self.untrusted.keys()
        if values.keys() != declared:
            raise ValueError(f"the prompt {self.name} takes {sorted(declared)}, not {sorted(values)}")
        texts = {
            name: fenced(name, value, self.untrusted[name]) if name in self.untrusted else value
            for name, value in values.items()
        }
        return tuple(_INPUT.sub(lambda found: texts[found[1]], part) for part in (self.system, self.turn))  # type: ignore[return-value]


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prompt: str
    version: int
    trusted: frozenset[str] = frozenset()
    untrusted: dict[str, int] = {}


def read_prompt(text: str) -> Prompt:
    """Read a prompt's file; ValueError when its head and its text do not fit each other."""
    import yaml

    _, head, body = text.split("---\n", 2)
    system, turn = body.split("\n=====\n")
    given = msgspec.convert(yaml.safe_load(head), _Head)
    used = set(_INPUT.findall(body))
    if used != given.trusted | given.untrusted.keys() or given.trusted & given.untrusted.keys():
        raise ValueError(f"the prompt {given.prompt} uses {sorted(used)} and declares something else")
    if set(_INPUT.findall(system)) & given.untrusted.keys():
        raise ValueError(f"the prompt {given.prompt} has foreign text in its system part")
    return Prompt(
        name=given.prompt,
        version=given.version,
        trusted=given.trusted,
        untrusted=given.untrusted,
        system=system.strip(),
        turn=turn.strip(),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def without_comments(text: str) -> str:
    """The text without HTML comments: what people don't see when they read it must not steer what they get."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        parts.append(text[at:start])
        end = text.find("-->", start + 4)
        at = end + 3 if end >= 0 else len(text)
    return "".join([*parts, text[at:]])


def fenced(name: str, text: str, limit: int) -> str:
    """Foreign text between marks that it can't hold itself."""
    clean = _TAG.sub(r"<\1_\2", clean_block(without_comments(text)))
    cut = clean if len(clean) <= limit else f"{clean[:limit]}\n[cut here: {len(clean) - limit} more characters]"
    mark = hashlib.sha256(cut.encode("utf-8", "replace")).hexdigest()[:16]
    return f'<untrusted name="{name}" mark="{mark}">\n{cut}\n</untrusted mark="{mark}">'
