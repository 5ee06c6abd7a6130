"""Bugs to be planted, so that it is known what the simulation finds: a simulation that never fails proves nothing.

PLANTED are faults that anybody could make one day. FOUND are those that the simulation itself has found in the product;
each is put back as it was.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec

from services.core import actions, calls, conduct, places, schedule
from services.core.board import Action, Board
from services.core.gate import Ruling, rule
from services.core.machine import step
from services.core.names import STICKY
from services.core.overlap import Rivals
from services.core.report import LABEL_OF_TASK
from services.engine import effects, ends, intake, merges
from services.engine.effects import Effects, Outcome
from services.engine.engine import Engine
from services.engine.intake import Intake
from services.engine.line import Line
from services.engine.observe import Observer
from services.engine.rounds import Rounds
from services.engine.stickies import Stickies
from services.engine.under_way import UnderWay
from services.store import outbox
from services.store.inbox import Delivery, Inbox
from services.store.outbox import Due
from services.store.plans import PlanRow
from tests.simulation import split, swaps
from tests.simulation.swaps import Swap


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """`means`: what is wrong, in one line.  seed: the first that finds it; None: only the hunt knows one.  is_split: only
    where several processes share the work it matters, and there it is looked for.
    """

    means: str
    seed: int | None = None
    is_split: bool = False
    swaps: Callable[[], list[Swap]]


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The product with this bug in it, in this process."""
    before = [(where, name, vars(where)[name]) for where, name, _ in bug.swaps()]
    for where, name, new in bug.swaps():
        setattr(where, name, new)
    try:
        yield
    finally:
        for where, name, old in before:
            setattr(where, name, old)


def _nothing(*_: object, **__: object) -> None:
    return


async def _later_nothing(*_: object, **__: object) -> None:
    return


def _no_fence() -> list[Swap]:
    def without(task: Any, happened: Any, now: Any) -> Any:
        return step(task, msgspec.structs.replace(happened, fence=-1), now)

    return [(conduct, "step", without), (UnderWay, "stop_stale", _nothing)]


def _no_look() -> list[Swap]:
    real = Effects.carry_out

    async def first(self: Effects, board: Board, due: Due) -> Outcome:
        action = msgspec.structs.replace(due.action, fence=0) if due.action.kind == "track" else due.action
        return await real(self, board, msgspec.structs.replace(due, tries=0, action=action))

    return [(Effects, "carry_out", first)]


def _one_key() -> list[Swap]:
    real = actions.action

    def without_task(run: Any, task: Any, kind: Any, *about: Any, **more: Any) -> Action:
        made = real(run, task, kind, *about, **more)
        return msgspec.structs.replace(made, key=f"{run.id}//{kind}") if kind == "open_pull" else made

    return [(conduct, "action", without_task)]


def _no_needs() -> list[Swap]:
    def alone(run: Any, task: Any, fact: Any) -> Ruling:
        return rule(fact, ())

    return [(conduct.Work, "_are_met", lambda self, task: True), (merges, "ruling_for", alone)]


def _lost_ends() -> list[Swap]:
    real = outbox.settle

    def some(c: Any, settles: Any, at: str) -> None:
        real(c, [settle for settle in settles if settle.again_at is not None or settle.forget], at)

    return [(outbox, "settle", some)]


def _no_limits() -> list[Swap]:
    return [(schedule.Taken, "take", lambda self, use: True), (schedule.Taken, "is_full", False)]


def _stored_twice() -> list[Swap]:
    real = Inbox.put

    async def put(self: Inbox, delivery: Delivery) -> bool:
        again = msgspec.structs.replace(delivery, guid=f"{delivery.guid}-again")
        return await real(self, delivery) or await real(self, again)

    return [(Inbox, "put", put)]


def _from_memory() -> list[Swap]:
    real = Observer.pull

    async def pull(self: Observer, repo: str, task: Any, *, fresh: bool = False, **more: Any) -> Any:
        return await real(self, repo, task, **more)

    return [(Observer, "pull", pull)]


async def _sees_all(*_: Any) -> bool:
    return False


PLANTED = {
    "dropped-wake": Bug(seed=12, means="events wake nobody", swaps=lambda: [(Engine, "look", _later_nothing)]),
    "blind-sweep": Bug(seed=11, means="the sweep looks at nothing", swaps=lambda: [(Rounds, "sweep", _nothing)]),
    "no-fence": Bug(seed=45, means="an attempt that is over goes on, and what it comes to counts", swaps=_no_fence),
    "no-look": Bug(seed=5, means="effects are repeated without a look", swaps=_no_look),
    "one-key": Bug(seed=0, means="two tasks' pull requests have one key", swaps=_one_key),
    "no-needs": Bug(seed=1, means="needs are ignored", swaps=_no_needs),
    "lost-ends": Bug(seed=0, means="the ends of effects are not stored", swaps=_lost_ends),
    "no-limits": Bug(seed=0, means="limits are ignored", swaps=_no_limits),
    "no-lanes": Bug(
        seed=1,
        means="installations, agents and groups have no lanes",
        swaps=lambda: [(places, "_narrower", lambda use, limits: iter([(("repo", use.repo.lower()), limits.repo)]))],
    ),
    "stored-twice": Bug(seed=6, means="a doubled webhook is stored twice", swaps=_stored_twice),
    "any-text": Bug(
        seed=43,
        means="the text that was approved is not compared",
        swaps=lambda: [(PlanRow, "is_approved", property(lambda self: bool(self.hash and self.approved_hash)))],
    ),
    "unseen-text": Bug(
        seed=19,
        means="an approval counts for a text that was written after it",
        swaps=lambda: [(intake, "is_unseen", _sees_all)],
    ),
    "no-pause": Bug(
        seed=45,
        means="what is paused starts all the same",
        swaps=lambda: [(conduct.Work, "is_going", property(lambda self: True))],
    ),
    "from-memory": Bug(seed=0, means="merges are judged by what was read before", swaps=_from_memory),
    "closed-merged": Bug(
        seed=27, means="a pull request that was closed counts as merged", swaps=swaps.closed_is_merged
    ),
    "never-merges": Bug(seed=47, means="every attempt is given up as it begins", swaps=swaps.never_merges),
    "anyone": Bug(seed=67, means="whoever can comment may hold, skip, retry and cancel", swaps=swaps.anyone),
    "right-kept": Bug(
        seed=58, means="merges go on in the name of somebody who has lost the right", swaps=swaps.right_is_kept
    ),
    "twice": Bug(seed=0, means="an attempt that has pushed is carried out again", swaps=swaps.twice),
    "deaf": Bug(seed=23, means="a comment whose webhook is handled again is carried out again", swaps=swaps.deaf),
    "less-urgent": Bug(seed=0, means="who has the least priority begins first", swaps=swaps.less_urgent_first),
    "untold": Bug(seed=0, means="a pull request does not tell that it needs a person", swaps=swaps.untold),
    "not-reverted": Bug(
        seed=113,
        means="what is to be taken back is said to be, and nobody opens the pull request",
        swaps=swaps.never_taken_back,
    ),
    "no-line": Bug(
        seed=5,
        means="an attempt goes on though its place was given to another",
        swaps=lambda: [(UnderWay, "_stands_in_line", lambda *_: False)],
    ),
    "same-files": Bug(
        seed=11,
        means="two tasks that declare the same file are worked on at the same time",
        swaps=lambda: [(Rivals, "keeps", _nothing)],
    ),
    "direct": Bug(
        seed=11,
        means="nobody looks at a pull request before it goes into a merge queue",
        swaps=swaps.unlooked_queue,
    ),
    "unfenced": Bug(
        is_split=True,
        seed=128,
        means="a process whose shards another has taken still stores what it decides",
        swaps=split.unfenced,
    ),
    "goes-on": Bug(
        is_split=True, seed=20, means="a process goes on with plans that another conducts", swaps=split.goes_on
    ),
    "not-taken-up": Bug(
        is_split=True,
        seed=12,
        means="nobody goes on with the plans of shards that were taken",
        swaps=split.not_taken_up,
    ),
    "unheard": Bug(
        is_split=True, seed=12, means="what one process is told the one that conducts never hears", swaps=split.unheard
    ),
}


def _uncounted() -> list[Swap]:
    old = "UPDATE outbox SET state = 'waiting', due = ?, note = ?, tries = tries - ? WHERE key = ?"
    return [(outbox, "AGAIN_LATER", old)]


def _made_anew() -> list[Swap]:
    async def send(self: Stickies, sticky: Any, body: str) -> str:
        if sticky.comment_id and await self._edit(sticky.repo, sticky.comment_id, body):
            return str(sticky.comment_id)
        writes = self._parts.github.writes
        found = None if sticky.comment_id else await writes.find_comment(sticky.repo, sticky.number, STICKY)
        if found is not None and await self._edit(sticky.repo, found.id, body):
            return found.id
        return (await writes.comment(sticky.repo, sticky.number, body)).id

    return [(Stickies, "_send", send)]


def _first_attempt() -> list[Swap]:
    real = Effects._post_checks

    async def post(self: Effects, run: Any, task: Any, *args: Any, look: bool) -> None:
        await real(self, run, task, *args, look=look and run.tasks[task.id].attempt == 1)

    return [(Effects, "_post_checks", post)]


def _one_label() -> list[Swap]:
    async def label(self: Effects, board: Board, task: Any, *_: object) -> Outcome:
        state = board.run.tasks[task.id]
        await self._set_label(task.repo, state.issue, LABEL_OF_TASK.get(state.state, ""))
        return Outcome()

    return [(Effects, "_label", label)]


def _not_renewed() -> list[Swap]:
    return [(Board, "renew", _nothing)]


def _posts_once() -> list[Swap]:
    started: set[int] = set()

    async def take_up(self: Engine, shards: Any) -> int:
        if id(self) not in started:
            started.add(id(self))
            await self.stickies.take_up(shards)
        return await self.driver.take_up(shards)

    return [(Engine, "take_up", take_up)]


def _older_run() -> list[Swap]:
    async def own(self: Effects, run: Any) -> Any:
        return run.state

    return [(Effects, "_newest_state", own)]


def _read_again() -> list[Swap]:
    real = Intake._parsed

    async def stored(self: Intake, repo: str, issue: Any) -> PlanRow:
        row = await real(self, repo, issue)
        if await self._parts.plans.get(row.id) is not None:
            await self._parts.plans.save(row, self._parts.clock.now())
        return row

    return [(Intake, "_parsed", stored)]


FOUND = {
    "uncounted": Bug(
        seed=430,
        means="an effect half done before a limit refused the rest was done again without a look",
        swaps=_uncounted,
    ),
    "clocks": Bug(
        seed=63,
        means="with our clock ahead of GitHub's, an issue made before a crash was not found again",
        swaps=lambda: [(effects, "CLOCKS_APART", timedelta(0))],
    ),
    "made-anew": Bug(
        seed=219,
        means="a kept-up-to-date comment that somebody had deleted was made twice when the answer was lost",
        swaps=_made_anew,
    ),
    "first-attempt": Bug(
        seed=6,
        means="checks on the commit of a later attempt were put there without a look at what was there",
        swaps=_first_attempt,
    ),
    "old-label": Bug(
        seed=16,
        means="a task kept the label failed after it was cancelled, retried or green",
        swaps=lambda: [(calls, "_RELIEVES", frozenset())],
    ),
    "one-label": Bug(seed=113, means="of two labels set at the same time, the older could stay", swaps=_one_label),
    "not-renewed": Bug(
        seed=114, means="a decision that was stored though the store said otherwise was made again", swaps=_not_renewed
    ),
    "gave-up": Bug(
        seed=355,
        means="labels, checks and tidying up were given up after a quarter of an hour of outage",
        swaps=lambda: [(ends, "QUIET_GIVE_UP_AFTER", ends.GIVE_UP_AFTER)],
    ),
    "older-run": Bug(means="a run that was over put its label over that of its successor", swaps=_older_run),
    "read-again": Bug(
        seed=125,
        means="a plan that was read again and said the same was to be shown anew, and nobody showed it",
        swaps=_read_again,
    ),
    "old-pull": Bug(
        means="after another attempt the pull request was judged by what had been read of it before the push",
        swaps=lambda: [(Effects, "_doubt", _nothing)],
    ),
    "overtaken": Bug(
        means="a merge that had read a check before it was green held itself back after the event had been heard",
        swaps=lambda: [(Line, "was_overtaken", lambda self, looks: False)],
    ),
    "lost-group": Bug(
        seed=187,
        means="what was begun anew of a group that is taken back waited for ever and did not say so",
        swaps=swaps.silent_when_taken_back,
    ),
    "assigned-twice": Bug(
        means="a task was handed to somebody twice when GitHub did not answer after the first time",
        swaps=swaps.assigned_twice,
    ),
    "in-doubt": Bug(
        is_split=True,
        means="a task was merged that had been cancelled, while it was not known if that was stored",
        swaps=split.sure,
    ),
    "heir": Bug(
        is_split=True,
        means="a webhook about the time before a process took over was believed, though another had changed that since",
        swaps=split.heir,
    ),
    "remembered": Bug(
        is_split=True,
        means="what one process had put off it made once more, though another had made it since",
        swaps=split.remembered,
    ),
    "posts-once": Bug(
        seed=348, means="a comment whose posting met a store error was not posted any more", swaps=_posts_once
    ),
}
