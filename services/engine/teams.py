"""Whether somebody is in one of the teams that a repository's settings name, as GitHub says now.

Who can't be seen approves nothing: a team that can't be read is said, with what is missing, and never taken for one
that everybody is in.
"""

from collections.abc import Sequence

from services.core.text import code
from services.errors import Refused, UserError
from services.github.reads import Reads


async def is_in_one(reads: Reads, repo: str, teams: Sequence[str], login: str) -> bool:
    """UserError when they are in none that can be read, and one can't be."""
    owner = repo.partition("/")[0]
    unread = ""
    for team in teams:
        if team.partition("/")[0].lower() != owner.lower():
            unread = unread or f"{code(team)} is not a team of {code(owner)}; correct `approvals.teams`."
            continue
        try:
            if await reads.is_member(repo, team, login):
                return True
        except Refused:
            unread = unread or (
                f"I can't see who is in {code(team)}: the App lacks the permission `members: read` on {code(owner)}. "
                "An owner of it can grant that in the App's settings."
            )
    if unread:
        raise UserError(f"This repository's settings name teams that approve plans. {unread}")
    return False
