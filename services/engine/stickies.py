"""The one comment kept up to date on an issue: asked for often, edited seldom.

`touch` only marks it; a write follows at once when the last is long enough ago, else when the interval is over. So a
hundred changes in a second are one edit, and the last state is always shown. What was posted is remembered by hash:
the same body is never sent twice. What a comment foretells gets old by itself: `look_again` finds where it has.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import nsmallest
from weakref import WeakValueDictionary

from cachetools import LRUCache

from services.core import drafting, plan_comment
from services.core.backoff import delay
from services.core.board import LONG_AGO, Run
from services.core.clock import from_text
from services.core.forecast import end_of
from services.core.names import STICKY
from services.core.shards import shard_of
from services.core.text import code, digest_of
from services.engine import drafted, spending
from services.engine.approval import is_used_up
from services.engine.choosing import chosen_for
from services.engine.leave import Busy
from services.engine.parts import Parts
from services.engine.readiness import Readiness
from services.engine.troubles import attempts_in_vain, pull_body
from services.errors import ApiError, NotFound, Refused
from services.store.plans import PlanRow, Sticky

Place = tuple[str, int]
REMEMBERED = 10_000
"""Comments of which it is known when they were edited last: more than can be edited within one interval."""
AT_ONCE = 50
"""Comments that are looked at again at a time because of what they foretell, those first that are wrong for longest."""
NEVER = datetime.max.replace(tzinfo=UTC)
NOT_SOONER = timedelta(hours=1)
"""One that can't be posted is looked at again no sooner."""


class Stickies:
    """Posts and edits the sticky comments of all plans."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._last: LRUCache[Place, datetime] = LRUCache(REMEMBERED)
        # What each foretells: the edition of the lengths that it goes by, and the end of its run, if it tells any.
        self._foretold: LRUCache[Place, tuple[int, datetime | None]] = LRUCache(REMEMBERED)
        self._began: datetime | None = None  # since when the comments are ours
        self._waiting: set[Place] = set()
        self._locks: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()
        self._busy = Busy(parts.runs.holds)
        self.let_go = self._busy.let_go
        self._failed = 0
        self.beside: Callable[[str], None] | None = None  # is told of each change too
        self._readiness = Readiness(parts)

    def inherit(self, shards: Collection[int]) -> None:
        """Others have had these until now."""
        self._readiness.inherit(shards)

    async def take_up(self, shards: Collection[int] | None) -> None:
        """Post what an earlier process had stored and not shown; shards: of these owners only. When it edited a comment
        last is not known, so each rests as if that had been just now.
        """
        self._began = self._parts.clock.now()
        self._last.clear()
        for place in await self._parts.plans.behind():
            if shards is None or shard_of(place[0]) in shards:
                self.touch(*place)

    def touch(self, repo: str, number: int) -> None:
        """This comment should be looked at again; returns at once."""
        if self.beside is not None:
            self.beside(repo)
        place = (repo, number)
        if place in self._waiting:
            return
        self._waiting.add(place)
        rest = self._rest(place)
        if rest <= 0:
            self._post_soon(place)
        else:
            self._parts.timers.after(rest, lambda: self._post_soon(place))

    def look_again(self, places: Iterable[Place]) -> None:
        """Those of these comments that foretell an end which has passed, that go by lengths which have turned out to be
        others, or of which it is not known what they foretell.
        """
        now, edition = self._parts.clock.now(), self._parts.lengths.edition
        old: list[tuple[datetime, Place]] = []
        for place in places:
            by, end = self._foretold.get(place, (-1, LONG_AGO))
            if by != edition or (end is not None and end <= now):
                old.append((end or NEVER, place))
        for _, place in nsmallest(AT_ONCE, old):
            self._not_sooner(place)
            self.touch(*place)

    def _not_sooner(self, place: Place) -> None:
        self._foretold[place] = self._parts.lengths.edition, self._parts.clock.now() + NOT_SOONER

    def _rest(self, place: Place) -> float:
        """Seconds until it may be edited again; not more than 0 for now."""
        last = self._last.get(place)
        return self._rest_after(last) if last is not None else 0.0

    def _rest_after(self, last: datetime) -> float:
        return self._parts.settings.comment_interval - (self._parts.clock.now() - last).total_seconds()

    async def write_anew(self, repo: str, number: int) -> None:
        """Somebody else has changed this comment: what we last posted is not what stands there."""
        await self._parts.plans.overwritten(repo, number)
        self.touch(repo, number)

    def _post_soon(self, place: Place) -> None:
        self._parts.spawn("sticky", self.post(*place))

    async def post(self, repo: str, number: int) -> None:
        """Render it now and send it if it has changed; when GitHub can't take it, try again later."""
        self._waiting.discard((repo, number))
        await self._busy.carry_out(repo, partial(self._post_or_later, repo, number))

    async def _post_or_later(self, repo: str, number: int) -> None:
        async with self._locks.setdefault((repo, number), asyncio.Lock()):
            await self._recall(repo, number)
            if self._rest((repo, number)) > 0:  # it was edited while this waited for its turn, or before we came
                return self.touch(repo, number)
            try:
                await self._post(repo, number)
            except (NotFound, Refused):
                self._not_sooner((repo, number))
                raise  # the issue is gone or locked: trying again changes nothing
            except ApiError as error:
                self._failed += 1
                rest = delay(f"{repo}#{number}", self._failed, retry_after=error.retry_after)
                self._parts.timers.after(rest, lambda: self.touch(repo, number))
            else:
                self._failed = 0

    async def _recall(self, repo: str, number: int) -> None:
        """A comment that was there before us may have been edited a moment before."""
        began = self._began
        if began is None or (repo, number) in self._last or self._rest_after(began) <= 0:
            return
        if (await self._parts.plans.sticky(repo, number)).comment_id:
            self._last[repo, number] = began

    async def _post(self, repo: str, number: int) -> None:
        sticky, plan, run = await self._parts.runs.shown(repo, number)
        body = await self._body(sticky, plan, run)
        digest = digest_of(body)
        comment_id = sticky.comment_id
        if plan is not None and (digest != sticky.body_hash or sticky.shown < sticky.wanted):
            await self._readiness.show(plan, has_run=run is not None)
        if digest != sticky.body_hash:
            self._last[repo, number] = self._parts.clock.now()
            comment_id = await self._send(sticky, body)
        if digest != sticky.body_hash or sticky.shown < sticky.wanted:
            await self._parts.plans.posted(sticky, comment_id, digest)

    async def _send(self, sticky: Sticky, body: str) -> str:
        """Edit the comment, or make it; one that was made before a crash is found again by its mark."""
        if sticky.comment_id and await self._edit(sticky.repo, sticky.comment_id, body):
            return sticky.comment_id
        writes = self._parts.github.writes
        found = await writes.find_comment(sticky.repo, sticky.number, STICKY)
        if found is not None and await self._edit(sticky.repo, found.id, body):
            return found.id
        return (await writes.comment(sticky.repo, sticky.number, body)).id

    async def _edit(self, repo: str, comment_id: str, body: str) -> bool:
        """False when somebody has deleted it."""
        try:
            await self._parts.github.writes.edit_comment(repo, comment_id, body)
        except NotFound:
            return False
        return True

    async def _body(self, sticky: Sticky, plan: PlanRow | None, run: Run | None) -> str:
        answers = [f"> {code(answer.to)} {code(answer.command)}\n\n{answer.text}\n" for answer in sticky.answers]
        if plan is None:
            told = await self._drafting(f"{sticky.repo}#{sticky.number}", is_asked=True)
            if told:
                return plan_comment.answered(answers, told)
            return await pull_body(self._parts, sticky.repo, sticky.number, answers)
        if run is not None and run.finished_at is not None:
            is_other = plan.hash != run.plan.hash
            edited_since = is_other and bool(plan.changed_at) and from_text(plan.changed_at) > run.finished_at
            if edited_since or (plan.is_approved and not is_used_up(plan, run)):
                run = None  # what counts now is what would run next
        shown = run.plan if run is not None else plan.parsed.plan
        if shown is None:
            is_ordinary = drafting.is_ordinary(plan.parsed) and not plan.file
            told = await self._drafting(plan.id) if is_ordinary else ""
            return plan_comment.broken(plan.parsed, answers, plan.file, told)
        warnings = [problem.message for problem in plan.parsed.problems if problem.severity == "warning"]
        warnings += await spending.warnings(self._parts, run) if run is not None and run.finished_at is None else []
        approved_by = plan.approved_by if plan.is_approved else ""
        is_void = bool(plan.approved_hash) and not plan.is_approved
        before = await self._parts.plans.approved_text(plan.id) if is_void and run is None else None
        edition, ahead, now = self._parts.lengths.edition, self._parts.ahead(shown, run), self._parts.clock.now()
        self._foretold[sticky.repo, sticky.number] = edition, end_of(ahead, run.state, now) if run is not None else None
        return plan_comment.render(
            shown,
            warnings,
            approved_by=approved_by,
            run=run,
            answers=answers,
            edited=is_void,
            before=before,
            approvers=plan.approvers if not plan.is_approved else (),
            ahead=ahead,
            now=now,
            live=plan.parsed if run is not None and run.finished_at is None else None,
            drafting=await self._drafting(plan.id) if plan.draft and run is None else "",
            chosen=await chosen_for(self._parts, run, list(run.tasks)) if run is not None else {},
            in_vain=await attempts_in_vain(self._parts, run) if run is not None else {},
            price=await spending.expected(self._parts, plan.id, shown, None) if run is None else "",
        )

    async def _drafting(self, plan_id: str, *, is_asked: bool = False) -> str:
        """What there is to say of the newest draft; is_asked: nothing where there is none."""
        draft = await self._parts.drafts.newest(plan_id) if self._parts.drafts is not None else None
        if draft is None or draft.state == "void":
            return "" if is_asked else drafting.standing("", has_model=self._parts.models is not None)
        return drafted.standing(draft)
