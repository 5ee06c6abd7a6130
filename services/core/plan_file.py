"""A plan kept in a file: the issue names it, `Plan: .github/plans/currency.yaml`, and its text is the plan.

The issue stays what it is for every plan: where it is approved, commanded and shown, and whose author says which
repositories may be named. Only names directly in `.github/plans` are taken, so an issue can make nothing else be read.
"""

import re

from services.core.commands import prose
from services.core.parse import Form

FOLDER = ".github/plans/"
_LINE = re.compile(r"^ {0,3}plan:[ \t]+`?(?P<path>\S+?)`?[ \t]*$", re.IGNORECASE)
_PATH = re.compile(r"\.github/plans/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(?:md|ya?ml)\Z")


def is_plan_file(path: str) -> bool:
    """May a plan be kept under this path of a repository?"""
    return _PATH.match(path) is not None


def file_named(body: str) -> str:
    """The first plan file that an issue names, "" for none."""
    for line in prose(body):
        if (match := _LINE.match(line)) and is_plan_file(match["path"]):
            return match["path"]
    return ""


def form_of(path: str) -> Form:
    """How the file is read, by its name."""
    return "issue" if path.endswith(".md") else "yaml"
