"""What is wrong with a CODEOWNERS file, line by line, in GitHub's words."""

import re
from typing import TYPE_CHECKING

from services.sandbox import auth
from services.sandbox.codeowners import LIMIT, PLACES
from services.sandbox.kernel import Json
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

_OWNER = re.compile(r"@[\w-]+(/[\w.-]+)?|[^@\s]+@[^@\s]+\.\w+")


def find(sandbox: "Sandbox", repo: Repo, rev: str) -> list[Json] | None:
    """The errors in the file GitHub would read at `rev`; None when there is no such file."""
    for place in PLACES:
        found = sandbox.git.file(repo.id, rev, place)
        if found is not None and len(found[1]) <= LIMIT:
            lines = enumerate(found[1].decode(errors="replace").splitlines(), start=1)
            return [error for number, line in lines for error in _of_line(sandbox, repo, place, number, line)]
    return None


def _of_line(sandbox: "Sandbox", repo: Repo, place: str, number: int, line: str) -> list[Json]:
    words = line.split("#", 1)[0].split()
    if not words:
        return []
    out = []
    if words[0].startswith("!") or "[" in words[0]:
        out.append(_error(place, number, line, words[0], "Invalid pattern", "Negation and ranges are not supported."))
    for word in words[1:]:
        if not _OWNER.fullmatch(word):
            out.append(
                _error(place, number, line, word, "Invalid owner", "An owner is @user, @org/team or a mail address.")
            )
        elif "/" not in word and word.startswith("@") and not _can_write(sandbox, repo, word[1:]):
            text = f"make sure {word} exists and has write access to the repository"
            out.append(_error(place, number, line, word, "Unknown owner", text))
    return out


def _can_write(sandbox: "Sandbox", repo: Repo, login: str) -> bool:
    return auth.rank(auth.role_of(sandbox.state, repo, login)) >= auth.rank("write")


def _error(place: str, number: int, line: str, word: str, kind: str, suggestion: str) -> Json:
    column = line.index(word) + 1
    pointer = " " * (column - 1) + "^"
    return {
        "line": number,
        "column": column,
        "kind": kind,
        "source": line,
        "suggestion": suggestion,
        "message": f"{kind} on line {number}: {suggestion}\n\n  {line}\n  {pointer}",
        "path": place,
    }
