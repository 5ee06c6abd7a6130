"""The set of repositories that an owner keeps, as it stands on the default branch of its `.github` repository.

It is read with the rights of the repository that asks: a private `.github` counts only where the App is installed on it
too, as with the settings that an owner keeps there.
"""

from services.core.plan import RepoName
from services.core.reposet import HOME, SET_PATH, is_home, work_of
from services.core.reposet_read import ReadSet, read_set
from services.engine.hidden import is_private, may_tell
from services.errors import NotFound, Refused
from services.github.reads import Reads


async def set_of(reads: Reads, repo: str, *, fresh: bool = False) -> ReadSet:
    """The set of this repository's owner; one of nothing where the owner keeps none."""
    owner = repo.partition("/")[0]
    try:
        text = await reads.file(f"{owner}/{HOME}", SET_PATH, fresh=fresh, through=repo)
    except (NotFound, Refused):
        text = None
    return read_set(text or "", owner)


async def work_at(reads: Reads, repo: str) -> RepoName:
    """The repository of tasks that name none, in a plan that stands in `repo`. In a public place it is never a private
    one, which nobody has named there.
    """
    found = (await set_of(reads, repo)).found if is_home(repo) else None
    work = work_of(found, repo) if found is not None else repo
    return work if await may_tell(reads, repo, work) or await is_private(reads, repo) else repo
