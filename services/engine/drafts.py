"""Drafts of plans: asking the model, holding its answer to the rules, showing it, one step after the other. What a flow
makes is known at once, and is shown in the same way.

Each step is stored before the next begins, so a crash costs the call that was under way and no more, and a draft is
posted once: its comment carries the draft's key and is looked for before it is made.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

import msgspec
import structlog

from services.agents import agent_names
from services.agents.models import Ask, Message, Models
from services.agents.prompting import prompt
from services.core.backoff import delay
from services.core.clock import to_text
from services.core.drafting import MOST_TASKS, Judged, judge, told_problems
from services.core.elsewhere import ELSEWHERE
from services.core.messages import offers
from services.core.names import marker
from services.core.plan import Plan, RepoName
from services.core.prompts import without_comments
from services.core.text import plain
from services.engine.drafted import body_of, replaced
from services.engine.intake import Intake
from services.engine.leave import ended
from services.engine.parts import WRITE, Parts
from services.engine.reposets import work_at
from services.engine.stickies import Stickies
from services.errors import ApiError, ModelBusy, NotFound, Refused, UserError
from services.github.infos import IssueInfo
from services.store.drafts import MOST, Draft
from services.store.ledger import Call

ROUNDS = 2
"""Answers that are asked for: the first one, and one with what was wrong with it."""
TRIES = 5
"""Calls that may come to nothing until a draft is given up."""
TOKENS = 12_000
"""Of one answer."""
MOST_REPOS = 20
"""Repositories that one draft may name."""
AT_ONCE = 4

log = structlog.get_logger(__name__)


class Drafter:
    """All drafts of this process."""

    def __init__(self, parts: Parts, stickies: Stickies, intake: Intake) -> None:
        self._parts, self._stickies, self._intake = parts, stickies, intake
        self._busy: dict[str, asyncio.Task[object]] = {}
        self._asked_again: set[str] = set()  # while something was under way for them
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def take_up(self, shards: Collection[int] | None) -> None:
        """Go on with what an earlier process had begun, in these shards."""
        if self._parts.drafts is not None:
            for draft in await self._parts.drafts.open(shards):
                self._soon(draft.repo, draft.number)

    async def let_go(self, patience: float) -> bool:
        """Stop with drafts that others conduct now; False when one was cut off after so many seconds."""
        gone = [task for plan_id, task in self._busy.items() if not self._parts.runs.holds(plan_id)]
        return await ended(gone, patience)

    async def ask(self, repo: str, number: int, actor: str, asked_at: datetime) -> str:
        """Have a plan drafted for an issue that holds none; what to answer, "" when it holds one, or one of its runs is
        not over. `actor` may write to the repository. UserError when there is no model, or no more is drafted.
        """
        if not await self._may_have_one(repo, number):
            return ""
        if self._parts.models is None or self._parts.drafts is None:
            raise UserError(offers.NO_MODEL)
        draft, is_new = await self._parts.drafts.ask(repo, number, actor, to_text(asked_at))
        _check_room(draft, is_new=is_new)
        self._stickies.touch(repo, number)
        self._soon(repo, number)
        return offers.asked(self._parts.models.title)

    async def offer(
        self,
        repo: str,
        number: int,
        actor: str,
        asked_at: datetime,
        *,
        flow: str,
        text: str,
        plan: Plan,
        repos: tuple[str, ...],
    ) -> None:
        """Show the plan of a flow on an issue that holds none. UserError when something else is going on there."""
        if self._parts.drafts is None or not await self._may_have_one(repo, number):
            raise UserError(offers.PLAN_RUNS)
        draft, is_new = await self._parts.drafts.add(
            Draft(
                plan_id=f"{repo}#{number}",
                n=0,
                repo=repo,
                number=number,
                actor=actor,
                asked_at=to_text(asked_at),
                state="written",
                text=text,
                hash=plan.hash,
                repos=repos,
                flow=flow,
            )
        )
        _check_room(draft, is_new=is_new)
        if not is_new and draft.flow != flow:
            raise UserError(offers.ANOTHER)
        self._stickies.touch(repo, number)
        self._soon(repo, number)

    async def on_label(self, repo: str, number: int, actor: str, now: datetime) -> None:
        """Somebody has put the plan's label on an issue: who may write to the repository has asked for a draft with
        that, unless there was one before. Without a model the plan comment says what is missing.
        """
        if self._parts.models is None or self._parts.drafts is None or not await self._may_have_one(repo, number):
            return
        last = await self._parts.drafts.newest(f"{repo}#{number}")
        if last is not None and last.state != "void":
            return
        if await self._parts.github.reads.permission(repo, actor, fresh=True) in WRITE:
            await self.ask(repo, number, actor, now)

    async def _may_have_one(self, repo: str, number: int) -> bool:
        run = await self._parts.runs.of_plan(f"{repo}#{number}")
        if run is not None and run.finished_at is None:
            return False
        return await self._intake.ordinary(repo, number) is not None

    def _soon(self, repo: str, number: int) -> None:
        if self._parts.runs.holds(repo):
            self._parts.spawn("draft", self._work(repo, number))

    async def _work(self, repo: str, number: int) -> None:
        """Carry the newest draft of an issue on to its end, or to when it is tried again."""
        plan_id, task = f"{repo}#{number}", asyncio.current_task()
        if plan_id in self._busy:
            self._asked_again.add(plan_id)
            return
        if task is None or self._parts.drafts is None:
            return
        self._busy[plan_id] = task
        try:
            async with self._slots:
                draft = await self._parts.drafts.newest(plan_id)
                if draft is not None and (draft.state != "asked" or self._parts.models is not None):
                    await self._carry_on(draft, self._parts.models)
        finally:
            del self._busy[plan_id]
            if plan_id in self._asked_again:
                self._asked_again.discard(plan_id)
                self._soon(repo, number)

    async def _carry_on(self, draft: Draft, models: Models | None) -> None:
        try:
            if draft.state == "asked" and models is not None:
                draft = await self._written(draft, models)
            if draft.state == "written":
                draft = await self._posted(draft)
            if draft.state == "posted":
                row = await self._intake.read(draft.repo, draft.number, adopt=True)
                if row is None or row.draft != draft.n:
                    await self._save(msgspec.structs.replace(draft, state="void"))
        except ModelBusy as busy:
            await self._later(draft, str(busy), busy.retry_after, most=TRIES)
        except (NotFound, Refused) as gone:  # the issue, or our right to write there
            await self._failed(draft, plain(gone.message, 200))
        except ApiError as error:
            await self._later(draft, str(error), error.retry_after)
        except UserError as error:
            await self._failed(draft, str(error))

    async def _failed(self, draft: Draft, why: str) -> None:
        await self._save(msgspec.structs.replace(await self._current(draft), state="failed", why=why))

    async def _current(self, draft: Draft) -> Draft:
        """The draft with all that was kept of it before something went wrong."""
        found = await self._parts.drafts.get(draft.plan_id, draft.n) if self._parts.drafts is not None else None
        return found or draft

    async def _later(self, draft: Draft, why: str, retry_after: float | None, most: int = 0) -> None:
        """It goes on after a pause, and after so many of those it is given up. GitHub is waited for as long as it
        takes.
        """
        draft = await self._current(draft)
        tries = draft.tries + 1
        if most and tries >= most:
            await self._failed(draft, offers.no_answer(draft.model, most, why))
            return
        log.info("a draft is tried again later", plan=draft.plan_id, tries=tries, why=why)
        await self._save(msgspec.structs.replace(draft, tries=tries))
        rest = delay(draft.key, tries, retry_after=retry_after)
        self._parts.timers.after(rest, lambda: self._soon(draft.repo, draft.number))

    async def _save(self, draft: Draft) -> bool:
        drafts = self._parts.drafts
        kept = drafts is not None and await drafts.save(draft, self._parts.clock.now())
        self._stickies.touch(draft.repo, draft.number)
        return kept

    # The steps.

    async def _written(self, draft: Draft, models: Models) -> Draft:
        """Ask until there is a plan that can be taken, ROUNDS times at most; each answer is kept before the next."""
        issue = await self._intake.ordinary(draft.repo, draft.number)
        if issue is None:
            await self._save(msgspec.structs.replace(draft, state="void"))
            return msgspec.structs.replace(draft, state="void")
        home = await work_at(self._parts.github.reads, draft.repo)
        repos = await self._offered(draft, issue, home)
        home = home if home in repos else draft.repo
        # Those elsewhere take what a draft can't know is there.
        agents = [name for name in agent_names() if name not in ELSEWHERE]
        system, turn = prompt("draft").filled(
            home=home,
            repositories=", ".join(repos),
            agents=", ".join(sorted(agents)),
            most=str(MOST_TASKS),
            title=issue.title,
            body=issue.body,
        )
        talk, judged = [Message(role="user", text=turn)], Judged(problems=(offers.NO_ANSWER,))
        draft = msgspec.structs.replace(draft, repos=repos, model=models.title, prompt=prompt("draft").title)
        for each in range(ROUNDS):
            if each == len(draft.answers):
                ask = Ask(system=system, messages=tuple(talk), tokens=TOKENS)
                reply = await models.ask(Call(plan_id=draft.plan_id, purpose="draft"), ask)
                kept = msgspec.json.encode(reply.message).decode()
                draft = msgspec.structs.replace(draft, answers=(*draft.answers, kept))
                if not await self._save(draft):
                    return msgspec.structs.replace(draft, state="void")
            answer = msgspec.json.decode(draft.answers[each], type=Message)
            judged = judge(answer.text, home=home, repos=repos, agents=agents, title=issue.title)
            if not judged.problems:
                break
            told = told_problems(judged.problems)
            talk += [answer, Message(role="user", text=prompt("repair").filled(problems=told)[1])]
        if judged.problems:
            raise UserError(offers.not_taken(models.title, judged.problems[0]))
        draft = msgspec.structs.replace(draft, state="written", text=judged.text, hash=judged.hash, answers=())
        return draft if await self._save(draft) else msgspec.structs.replace(draft, state="void")

    async def _offered(self, draft: Draft, issue: IssueInfo, home: RepoName) -> tuple[str, ...]:
        """The repositories that the draft may name: those that the issue names, and the one of tasks that name none,
        and that who asked may write to.
        """
        reads, told = self._parts.github.reads, f"{issue.title}\n{without_comments(issue.body)}\n{home}"
        found = [draft.repo]
        for name in await self._intake.nameable(draft.repo, issue, told, only_named=True):
            if name.lower() == draft.repo.lower() or len(found) >= MOST_REPOS:
                continue
            if await reads.permission(name, draft.actor, fresh=True) in WRITE:
                found.append(name)
        return tuple(found)

    async def _posted(self, draft: Draft) -> Draft:
        """Show it. What was made before a crash is found again by its mark."""
        writes = self._parts.github.writes
        shown = await writes.find_comment(draft.repo, draft.number, marker(draft.key))
        if shown is None:
            shown = await writes.comment(draft.repo, draft.number, body_of(draft))
        posted_at = to_text(shown.updated_at or self._parts.clock.now())
        earlier = await self._earlier(draft)
        posted = msgspec.structs.replace(draft, state="posted", comment_id=shown.id, posted_at=posted_at)
        if not await self._save(posted):
            return msgspec.structs.replace(draft, state="void")
        if earlier is not None:
            with suppress(NotFound, Refused):  # somebody has deleted it
                await writes.edit_comment(draft.repo, earlier.comment_id, replaced(earlier))
        return posted

    async def _earlier(self, draft: Draft) -> Draft | None:
        return await self._parts.drafts.posted(draft.plan_id) if self._parts.drafts is not None else None


def _check_room(draft: Draft, *, is_new: bool) -> None:
    """UserError when no more is drafted for this issue."""
    if not is_new and draft.n >= MOST and draft.state not in {"asked", "written"}:
        raise UserError(offers.too_many(MOST))
