"""What is known of the failed checks of a task's pull request: what their logs tell of, and how its base branch stands.

Read only while something follows from it, which is as long as the pull request is neither with a person nor over.
"""

from collections.abc import Sequence

import msgspec

from services.core.failure_patterns import own_patterns
from services.core.gate import PASSED
from services.core.pull_comment import CHECKS
from services.core.repair import is_of_the_machine
from services.core.repairs import Failure
from services.core.report import Note
from services.engine.configs import config_of
from services.engine.diagnoses import ACTIONS
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github import Reads
from services.github.infos import CheckInfo


async def notes_of(reads: Reads, repo: str, sha: str, check: CheckInfo) -> tuple[Note, ...]:
    """What a check says about lines of files, failures first."""
    if not check.app_id:
        return ()  # a status of the older kind has none
    try:
        found = await reads.annotations(repo, sha, check.id)
    except (NotFound, Refused):
        return ()
    worst = sorted(found, key=lambda note: note.level != "failure")
    return tuple(Note(path=note.path, line=note.line, text=note.message or note.title) for note in worst)


async def failures(
    parts: Parts, reads: Reads, repo: str, sha: str, base: str, checks: Sequence[CheckInfo]
) -> tuple[Failure, ...]:
    """What these failed of. More than a few at once are a person's, and nothing is known of them."""
    if len(checks) > CHECKS:
        return ()
    own = own_patterns((await config_of(reads, repo)).failures)
    found = []
    for check in checks:
        said = tuple(note.text for note in await notes_of(reads, repo, sha, check))
        told = await parts.diagnoses.of(reads, repo, check, said, own)
        found.append(
            Failure(
                check=check.name,
                id=check.id,
                cls=told.cls,
                signature=told.signature,
                evidence=tuple(line.text for line in told.evidence) or said[:1],
                jobs=check.app_slug == ACTIONS,
            )
        )
    if all(map(is_of_the_machine, found)):
        return tuple(found)
    return await _with_base(reads, repo, base, found)


async def _with_base(reads: Reads, repo: str, base: str, found: Sequence[Failure]) -> tuple[Failure, ...]:
    """The same with how each check stands where the base branch is."""
    tip = await reads.branch(repo, base)
    if not tip:
        return tuple(found)
    newest = {check.name: check for check in await reads.checks(repo, tip)}
    return tuple(msgspec.structs.replace(each, base=_stands(newest.get(each.check)), base_sha=tip) for each in found)


def _stands(check: CheckInfo | None) -> str:
    if check is None:
        return ""
    if check.status != "completed":
        return "pending"
    return "passed" if check.conclusion in PASSED else "failed"
