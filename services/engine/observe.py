"""What GitHub says now about the pull requests of a run: facts as values, for `core.conduct` to judge.

Only tasks that were asked for are read; a webhook names them, the sweep asks for all. `fresh` reads bypass every
cache: they stand between a pull request and its merge.
"""

from collections.abc import Iterable

from services.core.conduct import Run
from services.core.config import RepoConfig, read_config
from services.core.gate import PASSED, CheckFact, PullFact
from services.core.names import LABEL_HOLD
from services.engine.parts import Parts
from services.errors import NotFound, Refused, UserError
from services.github.infos import CheckInfo, PullInfo

CONFIG_PATH = ".github/lockstep.yml"


class Observer:
    """Reads pull requests, their checks and their repositories' settings."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def facts(self, run: Run, task_ids: Iterable[str], *, fresh: bool = False) -> dict[str, PullFact]:
        """Facts for those of the tasks that have a pull request; one that is gone is reported as closed."""
        found = {}
        for task_id in task_ids:
            task = run.tasks.get(task_id)
            if task is not None and task.pull:
                found[task_id] = await self.pull(run.plan.by_id[task_id].repo, task.pull, fresh=fresh)
        return found

    async def pull(self, repo: str, number: int, *, fresh: bool = False) -> PullFact:
        reads = self._parts.github.reads
        try:
            pull = await reads.pull(repo, number, fresh=fresh)
        except NotFound:
            return PullFact(number=number, state="closed", head_sha="")
        if pull.state == "closed":
            return _fact(pull, ())
        checks = await reads.checks(repo, pull.head_sha, fresh=fresh)
        ours = (await reads.app()).id
        facts = tuple(_check(check, ours) for check in checks)
        theirs = [fact for fact in facts if not fact.ours]
        if theirs:
            green = all(fact.conclusion in PASSED for fact in theirs)
            more = fresh and green and await reads.suites_open(repo, pull.head_sha)
            return _fact(pull, facts, suites_open=more)
        config = await self.config(repo)
        none = config.checks == "none" or self._parts.settings.checks_none
        has_workflows = await self._has_workflows(repo)
        return _fact(pull, facts, has_workflows=has_workflows, checks_none=none and not has_workflows)

    async def _has_workflows(self, repo: str) -> bool:
        """Without the right to ask, assume that checks will come: waiting can be explained, merging too early can't
        be undone.
        """
        try:
            return await self._parts.github.reads.has_workflows(repo)
        except Refused:
            return True

    async def config(self, repo: str) -> RepoConfig:
        """The repository's settings from its default branch; a broken file counts as the (strict) defaults."""
        text = await self._parts.github.reads.file(repo, CONFIG_PATH)
        try:
            return read_config(text or "")
        except UserError:
            return RepoConfig()


def _fact(
    pull: PullInfo,
    checks: tuple[CheckFact, ...],
    *,
    has_workflows: bool = True,
    checks_none: bool = False,
    suites_open: bool = False,
) -> PullFact:
    return PullFact(
        number=pull.number,
        state=pull.state,
        head_sha=pull.head_sha,
        merged=pull.merged,
        merge_sha=pull.merge_sha,
        mergeable=pull.mergeable,
        mergeable_state=pull.mergeable_state,
        draft=pull.draft,
        held=LABEL_HOLD in pull.labels,
        checks=checks,
        suites_open=suites_open,
        has_workflows=has_workflows,
        checks_none=checks_none,
    )


def _check(check: CheckInfo, our_app: str) -> CheckFact:
    return CheckFact(
        name=check.name, status=check.status, conclusion=check.conclusion, url=check.url, ours=check.app_id == our_app
    )
