"""CODEOWNERS: whom a task's tracking issue goes to, by the files that the task may change.

As on GitHub the last line that fits a file counts, also one that names nobody. A task names patterns and not files, so
each stands for one file that it covers. Only people are taken: teams and addresses can't be assigned to an issue.
"""

import re
from collections.abc import Iterator, Sequence

from services.core.paths import matches

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order; the first file counts."""
MAX_RULES = 2_000
MOST = 5
"""People who are assigned to one issue."""
_LOGIN = re.compile(r"@([A-Za-z0-9][A-Za-z0-9_-]{0,99})")
_REFUSED = re.compile(r"[!\[\]\\]")
"""What GitHub does not read in patterns."""
_ANY = "x"
_ANYWHERE = f"{_ANY}/{_ANY}"


def owners_of(text: str, paths: Sequence[str]) -> tuple[str, ...]:
    """The logins, MOST at most, of those who own what these patterns of a task cover; without any, what is everywhere.

    Linear in the rules and in the patterns.
    """
    rules = list(_rules(text))
    found: dict[str, None] = {}
    for file in [_file(path) for path in paths] or [_ANYWHERE]:
        owners = next((owners for pattern, owners in reversed(rules) if matches(file, pattern)), ())
        found.update(dict.fromkeys(owners))
    return tuple(found)[:MOST]


def _rules(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in text.splitlines()[:MAX_RULES]:
        pattern, *owners = line.partition("#")[0].split()[:50] or ("",)
        if pattern and not _REFUSED.search(pattern) and len(pattern) <= 500:
            yield _rooted(pattern), tuple(match[1] for owner in owners if (match := _LOGIN.fullmatch(owner)))


def _rooted(pattern: str) -> str:
    """As core/paths.py reads it: without a slash inside, a pattern fits at any depth."""
    inner = pattern.rstrip("/")
    return pattern.lstrip("/") if "/" in inner else f"**/{pattern}"


def _file(path: str) -> str:
    """A file that the pattern covers."""
    parts = [re.sub(r"[*?]+", _ANY, part) for part in path.split("/")]
    return "/".join(parts if "." in parts[-1] or parts[-1] == _ANY else [*parts, _ANY])
