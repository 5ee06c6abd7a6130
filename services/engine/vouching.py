"""Who answers for a commit that somebody else pushed to a branch of ours, once its task was handed over to people.

Whoever can write here, has not pushed any of it, and approves it in a review, or as many as a plan takes; or whoever
pushed it, if they could approve the plan by themselves. Commits say themselves who made them, so only GitHub's own
account of who pushed counts.
"""

from collections.abc import Collection, Iterable

import msgspec

from services.core.config import Approvals
from services.core.gate import PullFact
from services.core.paths import why_protected
from services.core.roles import suffices
from services.engine.configs import strict_config_of
from services.engine.parts import WRITE
from services.engine.teams import is_in_one
from services.errors import NotFound, Refused, UserError
from services.github import Reads
from services.github.infos import PushInfo, ReviewInfo

PUSHES = frozenset({"push", "force_push"})
PERSON = "User"
MOST_FILES = 300
"""Of a comparison GitHub names no more."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A branch of a task's. ours: the commits that we made. home: of its plan, which says how many people an approval
    takes. alone: may one person be enough at all?
    """

    name: str
    ours: tuple[str, ...]
    home: str
    alone: bool = True


class _Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """Who has pushed since the branch stood at a commit of ours, newest first. told: that is all of it; by_people: and
    none of it is a bot's.
    """

    by: tuple[str, ...] = ()
    told: bool = False
    by_people: bool = False


async def answerer(reads: Reads, repo: str, pull: PullFact, branch: Branch) -> tuple[str, bool]:
    """Who answers for exactly this commit, and do they at their push? "" for nobody, as where it can't be read how many
    that takes.
    """
    try:
        wanted = (await strict_config_of(reads, branch.home)).approvals
    except (UserError, NotFound, Refused):
        return "", False
    pushed = await _pushed(reads, repo, pull, branch)
    if who := await _approver(reads, repo, pull, branch, wanted, pushed):
        return who, False
    if not (pushed.told and pushed.by_people):
        return "", False
    for each in dict.fromkeys(pushed.by):
        if not (await can_write(reads, repo, each) and await _is_enough(reads, branch, wanted, each)):
            return "", False
    return ("", False) if await _has_protected(reads, repo, pull) else (pushed.by[0], True)


async def can_write(reads: Reads, repo: str, login: str, *, fresh: bool = True) -> bool:
    """At this moment, if `fresh`."""
    return await reads.permission(repo, login, fresh=fresh) in WRITE


async def _approver(reads: Reads, repo: str, pull: PullFact, branch: Branch, wanted: Approvals, pushed: _Pushed) -> str:
    """Whose last word on exactly this commit is an approval, who can write, and has pushed none of it. Where it is not
    told who has, it may be theirs.
    """
    latest: dict[str, ReviewInfo] = {}
    for review in await reads.reviews(repo, pull.number, fresh=True):
        if review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"} and review.author_type != "Bot":
            latest[review.author] = review
    pushers = {login.lower() for login in pushed.by}
    found: list[str] = []
    for author, review in latest.items():
        if (review.state, review.sha) != ("APPROVED", pull.head_sha) or author.lower() in pushers:
            continue
        if not await can_write(reads, repo, author):
            continue
        if pushed.told or await _is_enough(reads, branch, wanted, author):
            found.append(author)
    return found[0] if len(found) >= max(wanted.required, 1) else ""


async def _pushed(reads: Reads, repo: str, pull: PullFact, branch: Branch) -> _Pushed:
    if pull.from_fork:
        return _Pushed()
    try:
        return _since(await reads.pushes(repo, branch.name), pull.head_sha, branch.ours)
    except (NotFound, Refused):
        return _Pushed()


def _since(moves: Iterable[PushInfo], head: str, ours: Collection[str]) -> _Pushed:
    """Bringing a branch up to date is a push too, and answers for nothing that lay there."""
    by: list[str] = []
    at, by_people = head, True
    for move in moves:
        if move.sha != at:
            if by:
                break
            continue  # it moved on while we looked
        if move.kind not in PUSHES or not move.actor:
            break
        by.append(move.actor)
        by_people = by_people and move.actor_type == PERSON
        at = move.before
        if at in ours:
            return _Pushed(by=tuple(by), told=True, by_people=by_people)
    return _Pushed(by=tuple(by))


async def _is_enough(reads: Reads, branch: Branch, wanted: Approvals, login: str) -> bool:
    """Could this one person approve the plan by themselves, now? Not if that can't be read."""
    if not branch.alone or wanted.required != 1 or not wanted.own:
        return False
    try:
        may = suffices(await reads.permission(branch.home, login, fresh=True), "maintain")
        return may and await _is_named(reads, branch.home, wanted, login)
    except (UserError, NotFound, Refused):
        return False


async def _is_named(reads: Reads, home: str, wanted: Approvals, login: str) -> bool:
    if not (wanted.users or wanted.teams) or login.lower() in {each.lower() for each in wanted.users}:
        return True
    return await is_in_one(reads, home, wanted.teams, login)


async def _has_protected(reads: Reads, repo: str, pull: PullFact) -> bool:
    """Does this very commit change what a person has to look at, whoever changed it? So it is taken to, where that is
    not told. The files of the pull request would be those of its head when they are read, which may be another one by
    then and this one again afterwards.
    """
    try:
        paths = await reads.changed(repo, pull.base_ref, pull.head_sha)
    except (NotFound, Refused):
        return True
    return len(paths) >= MOST_FILES or any(map(why_protected, paths))
