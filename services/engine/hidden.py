"""Which repositories must not be mentioned where something is going to be read: private ones, in a public place."""

from collections.abc import Iterable

from services.core.board import Run
from services.core.plan import Task
from services.errors import NotFound, Refused
from services.github.reads import Reads


async def hidden_in(reads: Reads, place: str, others: Iterable[str]) -> frozenset[str]:
    """Of these repositories, those that readers of `place` may not hear of."""
    if await is_private(reads, place):
        return frozenset()
    return frozenset([repo for repo in sorted({*others} - {place}) if await is_private(reads, repo)])


async def hidden_around(reads: Reads, run: Run, task: Task) -> frozenset[str]:
    """What must not be mentioned where something is written for a task in its own repository: of its plan's home, its
    needs and its group.
    """
    around = (*task.needs, *run.plan.groups.get(task.group, ()))
    others = (run.repo, *(run.plan.by_id[each].repo for each in around if each in run.plan.by_id))
    return await hidden_in(reads, task.repo, others)


async def may_tell(reads: Reads, here: str, repo: str) -> bool:
    """May what lies in `repo` be told to whoever reads `here`, where nobody asked who that is?"""
    return repo.lower() == here.lower() or not await is_private(reads, repo)


async def told_in(reads: Reads, place: str) -> frozenset[str] | None:
    """The repositories of its owner, in small letters, of whose accounts readers of `place` may hear; None for all."""
    if await is_private(reads, place):
        return None
    installed = await reads.installed_repositories((await reads.installation_of(place)).id)
    return frozenset([each.full_name.lower() for each in installed if not each.private])


async def is_private(reads: Reads, repo: str) -> bool:
    """One that can't be read any more counts as private."""
    try:
        return (await reads.repository(repo)).private
    except (NotFound, Refused):
        return True
