"""`lockstep/gate` on pull requests of people: looked at when they change, and when what they name does.

Whom each waits for is stored before anything of it is read, so what happens meanwhile has it looked at again. What an
event was lost of is brought in from GitHub's log, or found by the sweep, which looks at each gate seldom: otherwise two
hundred that wait for days would cost more calls than all that happens. Pull requests of tasks have their own gate,
which knows more. One of a person that does a task has both in one, and only what stands here posts it.
"""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from weakref import WeakValueDictionary

import structlog

from services.checks.gate import gate
from services.core.backoff import delay
from services.core.board import LONG_AGO, Run
from services.core.depends import Need, beside, depends_on, meant, report
from services.core.messages import refusals
from services.core.names import CHECK_GATE, is_revert, pull_key
from services.core.task_state import Override, TaskState, is_a_persons
from services.engine.hidden import hidden_around, may_tell
from services.engine.leave import Busy
from services.engine.parts import Parts
from services.engine.placed import place_of
from services.engine.standing import Standing
from services.errors import ApiError, NotFound, Refused, UserError
from services.github.infos import IssueInfo, PullInfo
from services.store.gates import Gates, Place

AROUND = 100
"""Pull requests that are followed to find out whether they need each other."""

SELDOM = timedelta(minutes=15)
"""The sweep looks at no gate that was looked at so lately."""

UNKNOWN = "?"
"""What a gate shows while that is not known: before an answer, and for good when it is lost."""

log = structlog.get_logger(__name__)


class Gatekeeper:
    """All gates of people's pull requests in this process."""

    def __init__(self, parts: Parts, rows: Gates) -> None:
        self._parts = parts
        self._rows = rows
        self._locks: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()
        self._failed: dict[Place, int] = {}
        self._busy = Busy(parts.runs.holds)
        self.let_go = self._busy.let_go
        self._looked: dict[Place, datetime] = {}  # at those that wait, by this process

    async def changed(
        self, repo: str, number: int, *, names_others: bool, into: str = "", former: Sequence[str] = ()
    ) -> None:
        """Something happened to this pull request: its own gate may say something else, and those of who names it.

        into: the branch it goes into, if it may need a gate anew.  former: what its repository was called before, as it
        may be named so.
        """
        is_known = await self._rows.get(repo, number) is not None or bool(await self._rows.said(repo, number))
        if is_known or names_others or (into and await self._is_required(repo, into)):
            if not is_known:
                await self._rows.waits(repo, number, ())  # or nobody would know of it after a crash
            self.soon(repo, number)
        for name in (repo, *former):
            await self._tell_who_names(name, number)

    async def lift(self, repo: str, number: int, name: str, actor: str, why: str) -> Override | None:
        """This need, which a person's pull request names, counts no longer for its head as it is now; None where there
        is none, and UserError names those that there are, unless a plan may be meant.
        """
        reads = self._parts.github.reads
        issue = await reads.issue(repo, number, fresh=True)
        pull = await reads.pull(repo, number, fresh=True) if issue.is_pull else None
        task = await self._task_of(repo, number) if pull is not None else None
        if pull is None or (task is None and await self._is_ours(repo, issue, pull)):
            return None
        needs = depends_on(issue.body, repo, self._parts.settings.github_url) if pull.state == "open" else ()
        need = meant(name, needs, repo)
        if need is None and task is not None:
            return None
        if need is None:
            raise UserError(refusals.no_need([each.place for each in needs]))
        said = Override(kind="need", name=need.place, sha=pull.head_sha, actor=actor, why=why)
        await self._rows.lift(repo, number, said, self._parts.clock.now())
        await self._tell([(repo, number)])
        return said

    async def lifted(self, repo: str, number: int, sha: str) -> Mapping[str, Override]:
        """The needs that do not count for this head."""
        return await self._rows.lifted(repo, number, sha)

    async def take_up(self, shards: Collection[int] | None) -> None:
        """Look at all that wait, in these shards, which are new here; of all, at those that were not lately."""
        waiting, now = await self._rows.all(shards), self._parts.clock.now()
        if shards is None:
            self._looked = {place: self._looked[place] for place in waiting if place in self._looked}
        for place in waiting:
            if shards is not None or now - self._looked.get(place, LONG_AGO) >= SELDOM:
                self.soon(*place)

    async def let_in(self, repos: Collection[str]) -> None:
        """The App may see these repositories from now on, or may no longer."""
        await self._tell(await self._rows.waiting_in(repos))

    async def _tell_who_names(self, repo: str, number: int) -> None:
        await self._tell(await self._rows.waiting_for(pull_key(repo, number)))

    async def _tell(self, places: Sequence[Place]) -> None:
        """Have these looked at, whoever conducts them."""
        for place in places:
            self.soon(*place)
        elsewhere = [place for place in places if not self._parts.runs.holds(place[0])]
        if elsewhere and self._parts.others is not None:
            await self._parts.others.gate(elsewhere)

    def soon(self, repo: str, number: int) -> None:
        """Look at this one, if it is conducted here; returns at once."""
        if self._parts.runs.holds(repo):
            self._parts.spawn("gate", self._busy.carry_out(repo, partial(self.look, repo, number)))

    async def look(self, repo: str, number: int) -> None:
        """Say what the gate says now; when GitHub does not answer, again later."""
        place = (repo, number)
        async with self._locks.setdefault(place, asyncio.Lock()):
            self._looked[place] = self._parts.clock.now()
            try:
                await self._settle(repo, number)
            except (NotFound, Refused) as error:
                log.info("a gate can't be shown", repo=repo, number=number, error=str(error))
            except ApiError as error:
                tries = self._failed[place] = self._failed.get(place, 0) + 1
                rest = delay(f"gate {repo}#{number}", tries, retry_after=error.retry_after, base=2.0)
                self._parts.timers.after(rest, lambda: self.soon(repo, number))
                return
        self._failed.pop(place, None)

    async def of_task(self, repo: str, number: int, details_url: str | None) -> None:
        """Post the gate of a person's pull request that does a task; API errors are the caller's to repeat."""
        async with self._locks.setdefault((repo, number), asyncio.Lock()):
            await self._settle(repo, number, anew=True, details_url=details_url)

    async def _settle(self, repo: str, number: int, *, anew: bool = False, details_url: str | None = None) -> None:
        """Look until what is shown is what is true after it was. A task's gate may be posted by two processes, that of
        its plan and that of its repository: what one has read is old once the other has posted.
        """
        posted, again = "", await self._look(repo, number, anew=anew, details_url=details_url)
        while again != posted:
            posted = again
            again = await self._look(repo, number, anew=anew, details_url=details_url, posted=posted)

    async def _look(
        self, repo: str, number: int, *, anew: bool = False, details_url: str | None = None, posted: str = ""
    ) -> str:
        """What a task's gate shows from now on, as a digest; "" of others and where nothing is to be shown. anew:
        something else than what it names has changed, too.  posted: what it shows already.
        """
        reads = self._parts.github.reads
        said = await self._rows.said(repo, number)  # before the head is read, which may move on meanwhile
        try:
            issue = await reads.issue(repo, number, fresh=True)
            pull = await reads.pull(repo, number, fresh=True)
        except NotFound:
            await self._rows.drop(repo, number, is_over=True)
            return posted
        before = await self._rows.get(repo, number)
        task = await self._task_of(repo, number) if pull.state == "open" else None
        if pull.state != "open" or (task is None and await self._is_ours(repo, issue, pull)):
            if before is not None or (pull.merged and said):
                await self._rows.drop(repo, number, is_over=pull.merged)
            return posted
        if task is None and anew:  # it is over by now
            return posted
        needs = depends_on(issue.body, repo, self._parts.settings.github_url)
        lifted = await self._holding(repo, pull, said)
        waited = [need for need in needs if not (need.wrong or need.place in lifted)]
        keys = tuple(sorted({pull_key(need.repo, need.number) for need in waited}))
        is_new = before is None or not (before.needs or before.shown)
        if (
            is_new
            and not needs
            and not anew
            and not posted
            and (task or not await self._is_required(repo, pull.base_ref))
        ):
            await self._rows.drop(repo, number)
            return posted
        if before is None or before.needs != keys:
            await self._rows.waits(repo, number, keys)
            await self._tell_who_names(repo, number)  # there may be a circle now
        if task is not None and task[1].head_sha != pull.head_sha:
            await self._rows.shows(repo, number, UNKNOWN)
            return posted  # its plan has not heard of that commit yet, and posts once it has; or we read too early
        shown = posted or (before.shown if before is not None and not anew else "")
        now = await self._show(repo, pull, needs, issue, shown, lifted, task=task, details_url=details_url)
        if not needs:
            await self._rows.drop(repo, number)
        return now if task is not None else posted

    async def _holding(self, repo: str, pull: PullInfo, said: Sequence[Override]) -> Mapping[str, Override]:
        """Of what was said, what holds for this head, by need. The rest is over, also should that head come back."""
        for each in said:
            if each.sha != pull.head_sha:
                await self._rows.void(repo, pull.number, each)
        return {each.name: each for each in said if each.sha == pull.head_sha}

    async def _is_required(self, repo: str, branch: str) -> bool:
        """Then whoever needs nothing has to be told that too, or would wait for ever."""
        try:
            return CHECK_GATE in await self._parts.github.reads.required(repo, branch)
        except (NotFound, Refused):  # nor can it be shown then
            return False

    async def _is_ours(self, repo: str, issue: IssueInfo, pull: PullInfo) -> bool:
        """Is it a task's? One that takes a task's work back is gated as people's are."""
        if issue.author == (await self._parts.github.reads.app()).login:
            return not is_revert(pull.head_ref)
        return bool((await place_of(self._parts, repo, issue.number, "")).task)

    async def _task_of(self, repo: str, number: int) -> tuple[Run, TaskState] | None:
        """The task that a person does with this pull request."""
        place = await place_of(self._parts, repo, number, "")
        run = await self._parts.runs.of_plan(f"{place.repo}#{place.number}") if place.task else None
        state = run.tasks.get(place.task) if run is not None else None
        if run is None or state is None or state.pull != number or not is_a_persons(state):
            return None
        return run, state

    async def _show(
        self,
        repo: str,
        pull: PullInfo,
        needs: Sequence[Need],
        issue: IssueInfo,
        shown: str,
        lifted: Mapping[str, Override],
        *,
        task: tuple[Run, TaskState] | None = None,
        details_url: str | None = None,
    ) -> str:
        """The digest of what is shown, which is posted unless `shown` is that."""
        found = await Standing(self._parts).of(repo, issue, needs, lifted)
        states = {need.place: state for need, state in found if not need.wrong}
        open_ = [need for need in needs if states.get(need.place) == "open"]
        named = {need.place: lifted[need.place] for need in needs if need.place in lifted}
        told = report(needs, states, await self.circle(repo, repo, pull.number, open_), named)
        name = f"depends/{repo}#{pull.number}"
        if task is not None:
            run, state = task
            plans = gate(run, state, await hidden_around(self._parts.github.reads, run, run.plan.by_id[state.id]))
            told, name = beside(plans, told) if needs else plans, f"{run.id}/{state.id}"
        digest = hashlib.sha256(f"{pull.head_sha} {told}".encode()).hexdigest()
        if digest == shown:
            return digest
        await self._rows.shows(repo, pull.number, UNKNOWN)
        await self._parts.github.writes.ranked("merge").put_check(
            repo,
            pull.head_sha,
            CHECK_GATE,
            name,
            told,
            details_url=details_url,
        )
        await self._rows.shows(repo, pull.number, digest)
        return digest

    async def circle(self, here: str, repo: str, number: int, needs: Sequence[Need]) -> tuple[str, ...]:
        """The places on a way from this pull request over its `needs` back to it, () when there is none among those
        that are known. "" is one that it does not name itself and readers of `here` may not hear of.
        """
        named = {pull_key(need.repo, need.number): need.place for need in needs}
        reads, told = self._parts.github.reads, list[str]()
        for key in await self._around(pull_key(repo, number), list(named)):
            place = key.removeprefix("pull:")
            is_told = key in named or await may_tell(reads, here, place.rpartition("#")[0])
            told.append(named.get(key, place) if is_told else "")
        return tuple(told)

    async def _around(self, start: str, needs: Sequence[str]) -> tuple[str, ...]:
        ways: list[tuple[str, tuple[str, ...]]] = [(need, ()) for need in needs]
        seen: set[str] = set()
        while ways and len(seen) < AROUND:
            key, way = ways.pop()
            if key == start:
                return (*way, key)
            if key in seen:
                continue
            seen.add(key)
            repo, _, number = key.removeprefix("pull:").rpartition("#")
            ways += [(each, (*way, key)) for each in await self._rows.named_by(repo, int(number))]
        return ()
