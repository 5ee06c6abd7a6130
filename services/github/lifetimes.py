"""How long what was read from GitHub is used without asking again."""

from collections.abc import Mapping

SECONDS: Mapping[str, int] = {
    "app": 3_600,
    "installation": 1_800,
    "installed": 900,
    "repository": 1_800,
    "permission": 900,
    "membership": 900,
    "user": 900,
    "issue": 1_800,
    "comments": 1_800,
    "sub_issues": 1_800,
    "blockers": 1_800,
    "pull": 1_800,
    "reviews": 1_800,
    "files": 3_600,
    "checks": 1_800,
    "suites": 1_800,
    "statuses": 1_800,
    "branch": 1_800,
    "commit": 3_600,
    "file": 1_800,
    "workflows": 1_800,
    "rules": 900,
}
"""How long an answer is used without asking, by kind, when no event says otherwise. The files of a pull request twice
as long: a push that nobody told of shows in whatever is told of the pull request next.
"""
RIGHTS = frozenset({"installed", "permission", "membership"})
"""What may change without an event that we hear of."""


def lifetimes(seconds: int, rights: int) -> dict[str, int]:
    """SECONDS with other lengths for most kinds and for RIGHTS; who we are stays."""
    found = dict.fromkeys(SECONDS, seconds) | dict.fromkeys(RIGHTS, rights)
    return found | {"files": 2 * seconds, "app": SECONDS["app"]}
