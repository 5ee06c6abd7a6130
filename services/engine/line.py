"""One run's place in the driver: its board, and the mail that waits to be decided."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from services.core.actions import attempt_key
from services.core.adopt import adopt
from services.core.board import Action, Adoption, Board, Decision, Run, Wish, resting
from services.core.conduct import decide
from services.core.gate import PullFact
from services.core.lengths import Lengths
from services.core.places import Places
from services.core.ready import ReadyQueue
from services.core.task_state import Happening
from services.errors import Fenced, StoreError
from services.store.outbox import Settle


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """Something for a run to decide on. `settle`: the end of the effect it came from; `answer`: who waits for it;
    `looks`: tasks to be looked at once that is decided, as they stand then.

    adopt: another plan for it, and mustered: the group whose facts they are; both are decided by themselves.
    """

    happened: tuple[tuple[str, Happening], ...] = ()
    facts: Mapping[str, PullFact] = msgspec.field(default_factory=dict)
    settle: Settle | None = None
    wish: Wish | None = None
    adopt: Adoption | None = None
    mustered: str = ""
    looks: tuple[str, ...] = ()
    answer: "asyncio.Future[Decision] | None" = None

    def reply(self, decision: Decision) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(decision)

    def refuse(self, error: StoreError) -> None:
        """It was not decided, and whoever waits is told so: a command that came to nothing must not look done."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error)


@dataclass(kw_only=True, slots=True)
class Line:
    """`looks`: tasks whose pull requests are to be read (`looks_later`: when GitHub answers again); `looks_begun`: how
    often that was done; `unsettled`: looks at a task's pull request while GitHub worked out if it can be merged;
    `left_queue`: since when a head was seen to be in the merge queue no more;
    `back_at`: when effects are due again; `in_line`: attempts whose next try has come, and that lack a place, by key;
    `under_way`: effects being carried out, by key, and
    `tasks` the tasks that do; `is_gone`: another process conducts the run, and nothing that is still heard here counts;
    `hurried`: keys of attempts that are to be carried out once more as soon as they have ended;
    `is_doubtful`: the store did not say whether the last decision is stored, so the board is read anew.
    """

    board: Board | None = None
    mail: list[Mail] = field(default_factory=list)
    looks: set[str] = field(default_factory=set)
    looks_later: set[str] = field(default_factory=set)
    looks_begun: int = 0
    looks_failed: int = 0
    unsettled: dict[str, int] = field(default_factory=dict)
    left_queue: dict[tuple[str, str], datetime] = field(default_factory=dict)
    back_at: datetime | None = None
    in_line: dict[str, Action] = field(default_factory=dict)
    under_way: dict[str, Action] = field(default_factory=dict)
    tasks: dict[str, "asyncio.Task[object]"] = field(default_factory=dict)
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    hurried: set[str] = field(default_factory=set)
    is_driving: bool = False
    is_looking: bool = False
    is_gone: bool = False
    is_doubtful: bool = False

    def doubt(self) -> None:
        """More may be stored of the run than is known here: nothing is merged by that until it is read anew."""
        self.is_doubtful = True
        if self.board is not None:
            self.board.is_doubtful = True

    def batch(self) -> list[Mail]:
        """The mail that is decided next, together: all of it, or what came before one that is alone, or that."""
        alone = [place for place, mail in enumerate(self.mail) if mail.adopt is not None or mail.mustered]
        ends = (alone[0] if alone else len(self.mail)) or 1
        batch, self.mail = self.mail[:ends], self.mail[ends:]
        return batch

    def abandon(self) -> set["asyncio.Task[object]"]:
        """Another process conducts the run: attempts end at once, and the tasks that carry out anything else are given
        back."""
        self.is_gone = True
        if self.board is not None:
            self.board.withdraw()
            for key in self.in_line:
                self.board.ready.remove(self.board.run.id, key)
            self.in_line.clear()
        for mail in self.mail:
            mail.refuse(Fenced("another process conducts this run now"))
        self.mail.clear()
        self.looks.clear()
        for key, action in self.under_way.items():
            if action.kind == "attempt" and key in self.tasks:
                self.tasks.pop(key).cancel()
        return set(self.tasks.values())

    def stands(self, task_id: str) -> bool:
        """Does an attempt of this task stand in line?"""
        return any(action.task == task_id for action in self.in_line.values())

    def was_overtaken(self, looks: int) -> bool:
        """Something was looked at since that count of looks: what an effect went by may be older than the newest
        event.
        """
        return self.looks_begun != looks

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing runs, and the run is over: it need not be kept in memory."""
        over = self.board is None or self.board.run.finished_at is not None
        return over and not (
            self.mail
            or self.looks
            or self.looks_later
            or self.back_at
            or self.in_line
            or self.under_way
            or self.is_driving
            or self.is_looking
        )


def decided(board: Board, batch: list[Mail], places: Places | None, now: datetime) -> Decision:
    """What follows from a batch of mail."""
    if (adoption := batch[0].adopt) is not None:
        return adopt(board, adoption, now)
    return decide(
        board,
        [each for mail in batch for each in mail.happened],
        facts={task: fact for mail in batch for task, fact in mail.facts.items()},
        wish=next((mail.wish for mail in reversed(batch) if mail.wish is not None), None),
        places=places,
        mustered=batch[0].mustered,
        now=now,
    )


def hold(board: Board, waiting: Collection[str], places: Places) -> None:
    """The attempts of a run that was just read hold their places: begun and not ended. Those between two tries, as
    `waiting` ones are, hold none.
    """
    for task in board.run.tasks.values():
        if task.state == "running" and not task.head_sha:
            key, use = attempt_key(board.run.id, task), board.uses[task.id]
            if task.away is not None:
                places.take(key, resting(use))
            elif key in waiting:
                places.rest(key, use)
            else:
                places.take(key, use)


def urged(board: Board, decision: Decision) -> Iterator[tuple[str, float]]:
    """The attempts that are to go sooner or later than others by what people said, by key: those handed over already,
    too, for they may still wait for a worker."""
    for moment in decision.history:
        task = board.run.tasks.get(moment.task) if moment.kind == "prioritised" else None
        if task is not None and task.state == "running" and task.priority is not None:
            yield attempt_key(board.run.id, task), task.priority


def renewed(board: Board | None, run: Run, ready: ReadyQueue, lengths: Lengths) -> Board:
    """The board with what is stored, or a new one."""
    if board is None:
        return Board(run, ready, lengths)
    board.renew(run)
    return board
