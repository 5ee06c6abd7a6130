"""What is known of the failed checks of a task's pull request: what their logs tell of, and how its base branch stands.

Read only while something follows from it, which is as long as the pull request is neither with a person nor over.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from services.core.failure_facts import MAYBE_FLAKY
from services.core.failure_patterns import own_patterns
from services.core.failures import OF_THE_MACHINE
from services.core.gate import PASSED
from services.core.hand_over import CHECKS
from services.core.repairs import Failure
from services.core.report import Note
from services.core.signature import without_class
from services.engine.configs import config_of
from services.engine.diagnoses import ACTIONS
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github import Reads
from services.github.infos import CheckInfo

LOG_COMES = 2.0
"""How long a log may come later than its job's end, in times of what checks may take to begin."""
BACK = 10
"""Commits of the base that are looked at for the one with which it began to fail."""
Stands = Literal["", "failed", "passed", "pending"]


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
    passed_again = await parts.recoveries.passed_again(repo) if parts.recoveries is not None else frozenset[str]()
    found = []
    for check in checks:
        said = tuple(note.text for note in await notes_of(reads, repo, sha, check))
        patience = parts.settings.checks_grace * LOG_COMES
        told, late = await parts.diagnoses.look(reads, repo, check, said, own, parts.clock.now(), patience)
        failure = Failure(
            check=check.name,
            id=check.id,
            cls=told.cls,
            signature=told.signature,
            evidence=tuple(line.text for line in told.evidence) or said[:1],
            jobs=check.app_slug == ACTIONS,
            late=late,
        )
        if told.cls in MAYBE_FLAKY and await _has_passed(reads, repo, sha, check, told.signature, passed_again):
            failure = msgspec.structs.replace(failure, cls="flaky_test")
        found.append(failure)
    if all(each.cls in OF_THE_MACHINE for each in found):
        return tuple(found)
    return await _with_base(reads, repo, base, found)


async def _has_passed(
    reads: Reads, repo: str, sha: str, check: CheckInfo, signature: str, passed_again: frozenset[str]
) -> bool:
    """Has this check passed on this very commit, or has what failed here passed before when it was run once more?"""
    if without_class(signature) in passed_again:
        return True
    runs = await reads.check_runs(repo, sha, only=check.name)
    return any(run.id != check.id and run.conclusion == "success" and run.app_id == check.app_id for run in runs)


async def _with_base(reads: Reads, repo: str, base: str, found: Sequence[Failure]) -> tuple[Failure, ...]:
    """The same with how each check stands where the base branch is."""
    tip = await reads.branch(repo, base)
    if not tip:
        return tuple(found)
    newest = {check.name: check for check in await reads.checks(repo, tip)}
    known = []
    for each in found:
        stands = _stands(newest.get(each.check))
        broke_by = await _broke_by(reads, repo, tip, each.check) if stands == "failed" else ""
        known.append(msgspec.structs.replace(each, base=stands, base_sha=tip, broke_by=broke_by))
    return tuple(known)


async def _broke_by(reads: Reads, repo: str, tip: str, name: str) -> str:
    """The commit of the base with which a check began to fail: the one before it has passed. "" where that is not
    known.
    """
    at = tip
    for _ in range(BACK):
        before = next(iter((await reads.commit(repo, at)).parents), "")
        if not before:
            break
        check = {check.name: check for check in await reads.checks(repo, before)}.get(name)
        stands = _stands(check)
        if stands == "passed":
            return at
        if stands != "failed":
            break
        at = before
    return ""


def _stands(check: CheckInfo | None) -> Stands:
    if check is None:
        return ""
    if check.status != "completed":
        return "pending"
    return "passed" if check.conclusion in PASSED else "failed"
