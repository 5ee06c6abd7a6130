"""Whether somebody is in one of the teams that a repository's settings name, as GitHub says now.

Who can't be seen approves nothing: a team that can't be read is said, with what is missing, and never taken for one
that everybody is in.
"""

from collections.abc import Sequence

from services.core.messages import refusals
from services.errors import Refused, UserError
from services.github.reads import Reads


async def is_in_one(reads: Reads, repo: str, teams: Sequence[str], login: str) -> bool:
    """UserError when they are in none that can be read, and one can't be."""
    owner = repo.partition("/")[0]
    unread = ""
    for team in teams:
        if team.partition("/")[0].lower() != owner.lower():
            unread = unread or refusals.no_team_of(team, owner)
            continue
        try:
            if await reads.is_member(repo, team, login):
                return True
        except Refused:
            unread = unread or refusals.team_unseen(team, owner)
    if unread:
        raise UserError(refusals.teams_unread(unread))
    return False
