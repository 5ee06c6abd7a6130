"""Who answers for a commit that somebody else pushed to a branch of ours, once its task was handed over to people.

Whoever can write here and approves it in a review; or whoever pushed it, if they can write and one person is enough.
Commits say themselves who made them, so only GitHub's own account of who pushed counts.
"""

from collections.abc import Collection, Iterable

import msgspec

from services.core.config import Approvals
from services.core.gate import PullFact
from services.core.paths import why_protected
from services.engine.configs import strict_config_of
from services.engine.parts import WRITE
from services.engine.teams import is_in_one
from services.errors import NotFound, Refused, UserError
from services.github import Reads
from services.github.infos import PushInfo, ReviewInfo

PUSHES = frozenset({"push", "force_push"})
PERSON = "User"
MOST_FILES = 3_000
"""Of a pull request GitHub names no more."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A branch of a task's. ours: commits that count as the task's. home: of its plan, which says how many people an
    approval takes; "" where nobody is taken at their push.
    """

    name: str
    ours: tuple[str, ...]
    home: str


async def approver(reads: Reads, repo: str, pull: PullFact) -> str:
    """Whose last word on exactly this commit is an approval, and who can write."""
    latest: dict[str, ReviewInfo] = {}
    for review in await reads.reviews(repo, pull.number, fresh=True):
        if review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"} and review.author_type != "Bot":
            latest[review.author] = review
    for author, review in latest.items():
        if (review.state, review.sha) == ("APPROVED", pull.head_sha) and await can_write(reads, repo, author):
            return author
    return ""


async def pusher(reads: Reads, repo: str, pull: PullFact, branch: Branch) -> str:
    """The person who pushed exactly this commit, can write, and needs nobody else for that; "" where GitHub does not
    tell, and where anything before it was pushed by who does not answer for it.
    """
    if pull.from_fork:
        return ""
    try:
        people = _people(await reads.pushes(repo, branch.name), pull.head_sha, branch.ours)
    except (NotFound, Refused):
        return ""
    if not people or not all([await can_write(reads, repo, each) for each in dict.fromkeys(people)]):
        return ""
    if not await _is_enough(reads, branch.home, people[0]) or await _has_protected(reads, repo, pull.number):
        return ""
    return people[0]


def _people(moves: Iterable[PushInfo], head: str, ours: Collection[str]) -> list[str]:
    """Who has pushed since the branch stood at a commit of ours, newest first; nobody where some of it was not pushed
    by people: bringing a branch up to date is a push too, and answers for nothing that lay there.
    """
    found: list[str] = []
    at = head
    for move in moves:
        if move.sha != at:
            if found:
                return []
            continue  # it moved on while we looked
        if move.kind not in PUSHES or move.actor_type != PERSON or not move.actor:
            return []
        found.append(move.actor)
        at = move.before
        if at in ours:
            return found
    return []


async def can_write(reads: Reads, repo: str, login: str, *, fresh: bool = True) -> bool:
    """At this moment, if `fresh`."""
    return await reads.permission(repo, login, fresh=fresh) in WRITE


async def _is_enough(reads: Reads, home: str, login: str) -> bool:
    """Is this one person enough where plans of that repository are approved? Not if that can't be read."""
    try:
        wanted = (await strict_config_of(reads, home)).approvals
        return wanted.required == 1 and wanted.own and await _is_named(reads, home, wanted, login)
    except (UserError, NotFound, Refused):
        return False


async def _is_named(reads: Reads, home: str, wanted: Approvals, login: str) -> bool:
    if not (wanted.users or wanted.teams) or login.lower() in {each.lower() for each in wanted.users}:
        return True
    return await is_in_one(reads, home, wanted.teams, login)


async def _has_protected(reads: Reads, repo: str, number: int) -> bool:
    """Does the pull request change what a person has to look at, whoever changed it?"""
    paths = await reads.files(repo, number, fresh=True)
    return len(paths) >= MOST_FILES or any(map(why_protected, paths))
