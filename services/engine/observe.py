"""What GitHub says now about the pull requests of a run: facts as values, for `core.conduct` to judge.

Only tasks that were asked for are read; a webhook names them, the sweep asks for all. `fresh` reads bypass every
cache: they stand between a pull request and its merge.
"""

import asyncio
from asyncio import Semaphore
from collections.abc import Iterable
from datetime import datetime

import msgspec

from services.core import groups
from services.core.admission import Rank
from services.core.board import Run
from services.core.config import RepoConfig
from services.core.freeze import frozen
from services.core.gate import PASSED, CheckFact, PullFact, awaited, is_earlier
from services.core.names import CHECK_GATE, LABEL_HOLD
from services.core.task_state import ENDED, STUCK, TaskState, is_in_hand
from services.engine.configs import config_of
from services.engine.failing import failures
from services.engine.own import own_heads
from services.engine.parts import Parts
from services.engine.recovering import rules_of
from services.engine.vouching import Branch, answerer, can_write
from services.errors import NotFound, Refused
from services.github import Reads
from services.github.infos import CheckInfo, PullInfo, ReviewInfo

ACTIONS = "github-actions"
AT_ONCE = 50
"""Pull requests of one run read side by side: as many as one call of GraphQL carries."""


class Observer:
    """Reads pull requests, their checks and reviews, and their repositories' settings."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def facts(
        self, run: Run, task_ids: Iterable[str], *, fresh: bool = False, rank: Rank = "event"
    ) -> dict[str, PullFact]:
        """Facts for those of the tasks that have a pull request; many are read together."""
        wanted = [task for task_id in task_ids if (task := run.tasks.get(task_id)) is not None and task.pull]
        places = Semaphore(AT_ONCE)

        async def read(task: TaskState) -> PullFact:
            async with places:
                grouped = bool(groups.name_of(run, task.id))
                repo = run.plan.by_id[task.id].repo
                return await self.pull(repo, task, fresh=fresh, rank=rank, grouped=grouped, run=run)

        found = await asyncio.gather(*map(read, wanted), return_exceptions=True)
        facts = {}
        for task, fact in zip(wanted, found, strict=True):
            if isinstance(fact, BaseException):
                raise fact
            facts[task.id] = fact
        return facts

    async def pull(
        self,
        repo: str,
        task: TaskState,
        *,
        fresh: bool = False,
        rank: Rank = "event",
        grouped: bool = False,
        run: Run | None = None,
    ) -> PullFact:
        """The pull request of a task; with `fresh` by itself, and the objections of its reviewers too. grouped: its
        group asks for the objections each time, and whether it is our own gate that GitHub waits for. run: its
        own; without it nobody answers for a head that is not ours.

        Whether it can be merged is only asked when no check of it is pending: until then nothing follows from it.
        """
        reads = self._parts.github.reads.ranked(rank)
        if fresh:
            reads = await reads.at_once(repo, task.pull)
        else:
            await reads.prepare_pull(repo, task.pull)
        try:
            pull, seen_at = await self._seen(reads, repo, task, fresh=fresh)
        except NotFound:
            return self._gone(repo, task)
        if pull.state == "closed":
            return _fact(pull)
        fact = _fact(pull, base_ok=pull.base_ref == (await reads.repository(repo)).default_branch, seen_at=seen_at)
        fact = await self._with_vouched(reads, repo, fact, task, run)
        fact = await self._with_objections(reads, repo, fact, wanted=fresh or grouped, fresh=fresh)
        fact = await self._with_checks(reads, repo, fact, task, fresh=fresh)
        if all(check.conclusion in PASSED for check in fact.checks if not check.ours):
            fact = await self._with_settings(reads, repo, fact, task)
        if fresh:
            return await self._with_gate(reads, repo, fact) if grouped else fact
        if task.queued == fact.head_sha:
            left = await reads.left_queue(repo, task.pull, task.queued)
            return msgspec.structs.replace(fact, left_queue=left)
        return await self._with_mergeable(reads, repo, fact, task, grouped=grouped)

    async def _with_mergeable(
        self, reads: Reads, repo: str, fact: PullFact, task: TaskState, *, grouped: bool
    ) -> PullFact:
        if any(check.status != "completed" and not check.ours for check in fact.checks):
            return fact
        try:
            now = await reads.pull(repo, task.pull, worked_out=True)
        except NotFound:
            return self._gone(repo, task)
        if now.head_sha != fact.head_sha:
            return fact
        state, unsettled = now.mergeable_state, now.state == "open" and now.mergeable is None
        fact = msgspec.structs.replace(fact, mergeable=now.mergeable, mergeable_state=state, unsettled=unsettled)
        if now.mergeable is False and task.state == "in_review":
            fact = msgspec.structs.replace(fact, rules=await rules_of(self._parts, reads, repo))
        return await self._with_gate(reads, repo, fact) if grouped else fact

    async def _seen(self, reads: Reads, repo: str, task: TaskState, *, fresh: bool) -> tuple[PullInfo, datetime | None]:
        """The pull request, and since when it is known where it shows an earlier head of ours: what is remembered may
        be older than our own push.
        """
        asked_at = self._parts.clock.now()
        pull = await reads.pull(repo, task.pull, fresh=fresh)
        if not is_earlier(task, pull.head_sha):
            return pull, None
        return pull if fresh else await reads.pull(repo, task.pull, fresh=True), asked_at

    async def _with_gate(self, reads: Reads, repo: str, fact: PullFact) -> PullFact:
        gates = [check for check in fact.checks if check.ours and check.name == CHECK_GATE]
        if fact.mergeable_state != "blocked" or any(gate.conclusion == "success" for gate in gates):
            return fact
        try:
            required = await reads.required(repo, fact.base_ref)
        except (NotFound, Refused):
            return fact
        return msgspec.structs.replace(fact, gate_closed=CHECK_GATE in required)

    async def _with_settings(self, reads: Reads, repo: str, fact: PullFact, task: TaskState) -> PullFact:
        """What the repository asks of a pull request whose checks are well."""
        config, tried, ended = await self.config(repo), task.integration, ""
        if config.integration and tried is not None and tried.run and tried.came != "passed":
            run = await reads.workflow_run(repo, tried.run)
            ended = (run.conclusion or "failure") if run.status == "completed" else ""
        is_frozen = frozen(config.freeze, self._parts.clock.now())
        return msgspec.structs.replace(fact, frozen=is_frozen, workflow=config.integration, tried=ended)

    def _gone(self, repo: str, task: TaskState) -> PullFact:
        self._parts.github.invalidate(repo, f"pull:{task.pull}")
        return PullFact(number=task.pull, state="gone", head_sha=task.head_sha)

    async def _with_objections(self, reads: Reads, repo: str, fact: PullFact, *, wanted: bool, fresh: bool) -> PullFact:
        if not wanted:
            return fact
        objections = await self._objections(reads, repo, fact.number, fresh=fresh)
        return msgspec.structs.replace(fact, objections=objections)

    async def _with_checks(self, reads: Reads, repo: str, fact: PullFact, task: TaskState, *, fresh: bool) -> PullFact:
        """The fact with what is known of its checks, and of those that may still come."""
        sha = fact.head_sha
        found = await reads.checks(repo, sha, fresh=fresh)
        ours = (await reads.app()).id
        checks = tuple(_check(check, ours) for check in found)
        theirs = [check for check in checks if not check.ours]
        failed = [each for each in found if each.status == "completed" and each.conclusion not in PASSED]
        failed = [each for each in failed if each.app_id != ours]
        is_back = bool(task.heads) and sha == task.heads[-1] != task.head_sha  # it goes on by itself
        is_judged = is_back or (sha == task.head_sha and task.state not in STUCK)
        if failed and is_judged and not task.assignee and task.state not in ENDED:
            known = await failures(self._parts, reads, repo, sha, fact.base_ref, failed)
            fact = msgspec.structs.replace(fact, failures=known, rules=await rules_of(self._parts, reads, repo))
        open_ = False
        if fresh and theirs and all(check.conclusion in PASSED for check in theirs):
            open_ = await reads.suites_open(repo, sha)
        if any(check.app_slug == ACTIONS for check in found):
            return msgspec.structs.replace(fact, checks=checks, suites_open=open_)
        has_workflows = await self._has_workflows(repo)
        left, is_overdue = awaited(task, self._parts.settings.checks_grace, self._parts.clock.now())
        return msgspec.structs.replace(
            fact,
            checks=checks,
            suites_open=open_,
            has_workflows=has_workflows,
            grace_left=left if has_workflows else 0.0,
            checks_overdue=is_overdue,
            checks_none=not theirs and await self._wants_none(repo, has_workflows=has_workflows),
        )

    async def _wants_none(self, repo: str, *, has_workflows: bool) -> bool:
        """A repository can say for itself that it waits for no check; the instance, only where none can come."""
        said = (await self.config(repo)).checks == "none"
        return said or (self._parts.settings.checks_none and not has_workflows)

    async def _objections(self, reads: Reads, repo: str, number: int, *, fresh: bool) -> tuple[str, ...]:
        """Who asked for changes and has not said otherwise since. As on GitHub, the word of people who can write
        counts; an App is there because an owner let it in.
        """
        latest: dict[str, ReviewInfo] = {}
        for review in await reads.reviews(repo, number, fresh=fresh):
            if review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
                latest[review.author] = review
        asked = [review for review in latest.values() if review.state == "CHANGES_REQUESTED"]
        return tuple([review.author for review in asked if await self._counts(reads, repo, review, fresh=fresh)])

    async def answerer(self, reads: Reads, repo: str, fact: PullFact, task: TaskState, home: str) -> tuple[str, bool]:
        """Who answers at this moment for a head that a person pushed, and do they at their push?"""
        ours = tuple([sha for sha in task.heads if sha not in task.vouched])
        alone = not self._parts.settings.require_other
        branch = Branch(name=fact.head_ref, ours=ours, home=home, alone=alone)
        return await answerer(reads, repo, fact, branch)

    async def _with_vouched(
        self, reads: Reads, repo: str, fact: PullFact, task: TaskState, run: Run | None
    ) -> PullFact:
        """The fact with who answers for its head: somebody else's push to a branch of ours was approved by nobody. Nor
        was that of an attempt which was over by then.
        """
        if fact.head_sha in task.heads or task.assignee or run is None:
            return fact
        if fact.head_sha in await own_heads(self._parts, run.id, task):
            fact = msgspec.structs.replace(fact, overtaken=True)
        if not is_in_hand(task):
            return fact
        who, by_push = await self.answerer(reads, repo, fact, task, run.repo)
        return msgspec.structs.replace(fact, vouched=who, by_push=by_push)

    async def _counts(self, reads: Reads, repo: str, review: ReviewInfo, *, fresh: bool) -> bool:
        if review.author_type == "Bot":
            return True
        return await can_write(reads, repo, review.author, fresh=fresh)

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
        return await config_of(self._parts.github.reads, repo)


def _fact(pull: PullInfo, *, base_ok: bool = True, seen_at: datetime | None = None) -> PullFact:
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
        head_ref=pull.head_ref,
        base_ref=pull.base_ref,
        base_ok=base_ok,
        from_fork=pull.from_fork,
        seen_at=seen_at,
    )


def _check(check: CheckInfo, our_app: str) -> CheckFact:
    return CheckFact(
        name=check.name, status=check.status, conclusion=check.conclusion, url=check.url, ours=check.app_id == our_app
    )
