"""CODEOWNERS: who is asked to review which files. Read from the base branch; the last matching line wins.

Teams and mail addresses are read over, since the sandbox has no teams: only `@login` counts.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from services.sandbox import auth
from services.sandbox.kernel import Json
from services.sandbox.state import Issue, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
LIMIT = 3_000_000
"""Bytes; GitHub does not load a larger file."""
MOST_STARS = 8
"""Stars in a pattern; a line with more is read over, since matching it could take for ever."""


def owners_of_change(sandbox: "Sandbox", issue: Issue) -> list[tuple[str, ...]]:
    """The different groups of owners (logins with write access) of the files a pull request changes."""
    from services.sandbox import pull_views

    repo = sandbox.state.repos[issue.repo_id]
    found = read(sandbox, repo, issue.pull.base_ref) if issue.pull else None
    if found is None:
        return []
    rules = parse(found[1])
    groups: dict[tuple[str, ...], None] = {}
    for change in pull_views.files(sandbox, issue):
        names = next((names for pattern, names in reversed(rules) if pattern.match(change.filename)), ())
        kept = tuple(name for name in names if _writes(sandbox, repo, name))
        if kept:
            groups[kept] = None
    return list(groups)


def _writes(sandbox: "Sandbox", repo: Repo, login: str) -> bool:
    return auth.rank(auth.role_of(sandbox.state, repo, login)) >= auth.rank("write")


def read(sandbox: "Sandbox", repo: Repo, ref: str) -> tuple[str, str] | None:
    """Path and text of the first CODEOWNERS file that a branch, tag or commit has."""
    tip = sandbox.git.resolve(repo.id, ref)
    for place in PLACES if tip else ():
        found = sandbox.git.file(repo.id, tip or "", place)
        if found is not None and len(found[1]) <= LIMIT:
            return place, found[1].decode(errors="replace")
    return None


def errors(sandbox: "Sandbox", repo: Repo, ref: str) -> list[Json] | None:
    """GitHub's "codeowners errors": owners who cannot write or are not there; None when there is no file."""
    found = read(sandbox, repo, ref)
    if found is None:
        return None
    path, text = found
    wrong: list[Json] = []
    for number, line in enumerate(text.splitlines(), 1):
        for owner in re.finditer(r"(?<=\s)@([\w-]+)(?=\s|\Z)", line.split("#", 1)[0]):
            if not _writes(sandbox, repo, owner[1]):
                advice = f"make sure {owner[0]} exists and has write access to the repository"
                mark = " " * owner.start() + "^"
                wrong.append(
                    {
                        "line": number,
                        "column": owner.start() + 1,
                        "source": line + "\n",
                        "kind": "Unknown owner",
                        "suggestion": advice,
                        "message": f"Unknown owner on line {number}: {advice}\n\n  {line}\n  {mark}",
                        "path": path,
                    }
                )
    return wrong


@lru_cache(maxsize=32)
def parse(text: str) -> "list[tuple[re.Pattern[str], tuple[str, ...]]]":
    """(pattern, owners) of each line; a line without owners takes the files out of everybody's hands."""
    rules = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and len(words[0]) < 512 and words[0].count("*") <= MOST_STARS:
            logins = tuple(word[1:] for word in words[1:] if re.fullmatch(r"@[\w-]+", word))
            rules.append((_pattern(words[0]), logins))
    return rules


def _pattern(text: str) -> re.Pattern[str]:
    """A gitignore-like pattern as a regular expression over whole paths."""
    anchored = "/" in text.rstrip("/")
    body = text.strip("/") if not text.endswith("/") else text.strip("/") + "/**"
    wild = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = [wild.get(piece, re.escape(piece)) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", body)]
    # A pattern without an end star also names everything below it, when it names a directory.
    below = "" if body.endswith("*") else "(?:/.*)?"
    return re.compile(("" if anchored else "(?:.*/)?") + "".join(pieces) + below + r"\Z")
