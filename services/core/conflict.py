"""A conflict as resolvers see it, and what they read off lines: their kind, their words, whether they are in order."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Lines = tuple[str, ...]
Kind = Literal["blank", "import", "definition", "item", "comment", "rule", "code"]
CONTEXT = 8
"""How many settled lines before and after a conflict a resolver sees."""

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("blank", re.compile(r"\s*$")),
    ("import", re.compile(r"\s*(?:import|from|use|using|require|#include|export)\b")),
    ("definition", re.compile(r"\s*(?:(?:async\s+)?(?:def|class|function|func|fn|public|private|static)\b|@\w)")),
    ("rule", re.compile(r"\s*([=~^_*+#-])\1{2,}\s*$")),
    ("item", re.compile(r"\s*(?:[-*+]\s|\.\. |\d+[.)]\s|[\"'])")),
    ("comment", re.compile(r"\s*(?:#|//|/\*|\*)")),
)
_PROSE = re.compile(
    r"\.(?:rst|md|markdown|txt|adoc|html?|ya?ml|cfg|ini|xml|lock|svg|css|in)$"
    r"|(?:^|/)(?:[^./]*$|\.[^/]*$)"
    r"|chang|news|history|release|authors|contributors",
    re.IGNORECASE,
)
_SETTINGS = re.compile(r"\.(?:ya?ml|toml|cfg|ini|json)$", re.IGNORECASE)
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Conflict:
    """One hunk with the settled lines around it.

    gone_ours, gone_theirs: words that a side took out of the whole file; what the other side adds must not need them.
    """

    base: Lines
    ours: Lines
    theirs: Lines
    before: Lines = ()
    after: Lines = ()
    path: str = ""
    gone_ours: frozenset[str] = frozenset()
    gone_theirs: frozenset[str] = frozenset()

    def turned(self) -> "Conflict":
        """The same with the sides exchanged."""
        around = self.before, self.after, self.path
        return Conflict(self.base, self.theirs, self.ours, *around, self.gone_theirs, self.gone_ours)


def kind(line: str) -> Kind:
    """What a line is, as far as its beginning tells."""
    return next((name for name, pattern in _KINDS if pattern.match(line)), "code")


def is_code(path: str) -> bool:
    """Whether a file is source text by its name. In prose, lists and settings lines depend on their neighbours."""
    return not _PROSE.search(path)


def is_settings(path: str) -> bool:
    """Whether a file holds settings by its name: what it says can be read again, and is held against the three."""
    return bool(_SETTINGS.search(path))


def depth(line: str) -> int:
    """How far in a line stands."""
    return len(line) - len(line.lstrip())


def filled(lines: Iterable[str]) -> Lines:
    """The lines that are not blank."""
    return tuple(line for line in lines if line.strip())


def tokens(lines: Iterable[str]) -> list[str]:
    """Words and signs without the blanks between them."""
    return [token for line in lines for token in _WORD.findall(line)]


def words(lines: Iterable[str]) -> set[str]:
    """The words of two characters and more."""
    return {token for token in tokens(lines) if len(token) > 1 and (token[0].isalnum() or token[0] == "_")}


def names(lines: Iterable[str]) -> set[str]:
    """Words, and names of one letter."""
    return {token for token in tokens(lines) if token[0].isalpha() or token[0] == "_"} | words(lines)


def is_part(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether `inner` can be had from `outer` by leaving things out."""
    rest = iter(outer)
    return all(one in rest for one in inner)
