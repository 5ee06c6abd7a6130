"""Keeps GitHub's limits: every call of an installation passes one queue, and a limit shuts it for all at once.

What goes when is decided in services/core/admission.py; here are only the futures and timers around it. A call that
was refused by a limit has changed nothing and waits in the queue again, unless that takes too long: then, as for
everybody who would wait too long, the time goes to the scheduler (`RateLimited.retry_after`), which can do something
else meanwhile. What people see of an installation's calls is limited by the hour, and a process may live for less: so
it is kept when such things were made, and the next process counts on from there.
"""

import asyncio
import contextlib
import math
import re
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from services.core.admission import Admission, Ask, Limits, Ticket, Turn
from services.core.clock import Clock
from services.core.quota import Told
from services.errors import ApiError, RateLimited, Unreachable, Withdrawn
from services.github.entries import Shelf
from services.github.exchange import APP, GRAPHQL, Answer, Identity, Request, Sender, Stats, Timers, Watches

TRIES = 3
"""How often a call waits in the queue again after a limit; then the scheduler is told."""
PROMPT = 5.0
"""Seconds that a call waits at most which was decided on what is true now; whoever sent it decides anew."""
CONTENT = re.compile(r"repos/[^/]+/[^/]+/(issues|pulls|issues/\d+/comments|pulls/\d+/(comments|reviews))")
_MADE = "made:"
"""Before the name of an installation, in the keys of the shelf; all others are sums in hexadecimal digits."""
_TOLD = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_BUDGET = re.compile(r"API rate limit (already )?exceeded", re.IGNORECASE)


class _Line:
    """One installation: its queue, who waits there, and when it is looked at again."""

    def __init__(self, limits: Limits) -> None:
        self.queue = Admission(limits)
        self.waiting: dict[Ticket, asyncio.Future[float]] = {}
        self.next_look = math.inf
        self.recalling = asyncio.Lock()
        self.has_recalled = False
        self.fetching = asyncio.Semaphore(limits.concurrent)


class Governor:
    """A `Sender` over the one that knows credentials. timers: call back later.  watch: is told what it does.

    shelf: where the count of what was made outlives the process.
    """

    def __init__(
        self,
        sender: Sender,
        clock: Clock,
        timers: Timers,
        limits: Limits,
        stats: Stats,
        shelf: Shelf | None = None,
        fetch: Callable[[Identity], Awaitable[object]] | None = None,
    ) -> None:
        """fetch: gets the token of an identity, unless it is there."""
        self._sender = sender
        self._fetch = fetch
        self._clock = clock
        self._timers = timers
        self._limits = limits
        self._stats = stats
        self._lines: dict[str, _Line] = {}
        self._under_way = 0
        self._shelf = shelf
        self.watch: Watches | None = None

    async def send(self, request: Request) -> Answer:
        """RateLimited when a limit or the queue would take longer than a call should wait; nothing was done then.

        Withdrawn: what is wanted only now would have come too late.
        """
        name = request.identity.installation
        line, ask = self._line(name), ask_of(request)
        if ask.content and not line.has_recalled:
            await self._recall(name, line)
        if ask.writes and self._limits.is_paced and not line.queue.is_shut:
            await self._make_ready(line, request.identity)
        for tries in range(1, TRIES + 1):
            began = self._now()
            ticket = await self._let_through(line, ask)
            if ask.content and self._shelf is not None:
                self._shelf.put(_MADE + name, msgspec.json.encode(line.queue.made), "", "", "")
            try:
                if request.wanted is not None and self._now() - began > PROMPT:
                    line.queue.ended(ticket, self._now(), charged=False, heard=False)
                    raise Withdrawn
                return await self._try(line, ticket, request)
            except RateLimited as error:
                if tries == TRIES or request.wanted is not None or (error.retry_after or 0.0) > self._limits.patience:
                    raise
            finally:
                self._under_way -= 1
                self._go_on(line)
        raise AssertionError("a limit is met at most so often")

    def _line(self, name: str) -> _Line:
        found = self._lines.get(name)
        if found is None:
            found = self._lines[name] = _Line(self._limits)
        return found

    async def _recall(self, name: str, line: _Line) -> None:
        """Count what an earlier process made within the hour."""
        async with line.recalling:
            if line.has_recalled:
                return
            line.has_recalled = True
            kept = await self._shelf.load(_MADE + name) if self._shelf is not None else None
            if kept is None:
                return
            with contextlib.suppress(msgspec.DecodeError):  # a spoilt count is none
                made, now = msgspec.json.decode(kept[0], type=list[tuple[float, int]]), self._now()
                line.queue.remember([(at, count) for at, count in made if at <= now])

    async def _make_ready(self, line: _Line, identity: Identity) -> None:
        """Writes that went at their times and then waited for a token would all be sent in one moment."""
        if self._fetch is not None and identity != APP:
            async with line.fetching:
                with contextlib.suppress(RateLimited):  # the call meets it again, at its turn
                    await self._fetch(identity)

    async def _let_through(self, line: _Line, ask: Ask) -> Ticket:
        """Wait for this call's turn. RateLimited: it would be too long."""
        began = self._now()
        if self._under_way < self._limits.concurrent_app and (at_once := line.queue.begin(ask, began)) is not None:
            self._under_way += 1
            if self.watch is not None:
                self.watch.waited(ask.rank, 0.0)
            return at_once
        ticket = line.queue.join(ask, began)
        if not isinstance(ticket, Ticket):
            raise _come_back(ticket)
        waiter = line.waiting[ticket] = asyncio.get_running_loop().create_future()
        self._look(line)
        try:
            seconds = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result() == 0:  # it had been let through already
                line.queue.ended(ticket, self._now(), charged=False, heard=False)
                self._under_way -= 1
            else:
                line.waiting.pop(ticket, None)
                line.queue.leave(ticket)
            self._go_on(line)
            raise
        if self.watch is not None:
            self.watch.waited(ask.rank, self._now() - began)
        if seconds:
            raise _come_back(seconds)
        return ticket

    async def _try(self, line: _Line, ticket: Ticket, request: Request) -> Answer:
        """One call, and what it says about the limits."""
        charged, told, is_heard = True, None, False
        is_settled = False
        try:
            answer = await self._sender.send(request)
            told = told_by(answer)
            charged = answer.status != 304
            is_heard = True
            return answer
        except RateLimited as error:
            is_settled = True
            self._limited(line, ticket, error)
            raise
        except Withdrawn:
            charged = False
            raise
        except ApiError as error:
            is_heard = not isinstance(error, Unreachable)
            raise
        finally:
            if not is_settled:
                line.queue.ended(ticket, self._now(), charged=charged, told=told, heard=is_heard)
                self._tell(line)

    def _limited(self, line: _Line, ticket: Ticket, error: RateLimited) -> None:
        of_budget = _BUDGET.search(error.message) is not None
        self._stats.rejected += 1
        shut = line.queue.limited(ticket, self._now(), error.retry_after or 1.0, of_resource=of_budget)
        if self.watch is not None:
            self.watch.rejected()
            if shut:
                self.watch.closed("budget" if of_budget else "secondary")

    def _tell(self, line: _Line) -> None:
        if self.watch is not None:
            for resource, count in line.queue.remaining.items():
                self.watch.remains(resource, count)

    def _go_on(self, line: _Line) -> None:
        """A place is free: this installation first, then whoever else waits."""
        self._look(line)
        for other in list(self._lines.values()):
            if other is not line and other.waiting:
                self._look(other)

    def _look(self, line: _Line) -> None:
        """Let through who may go now, send away who has waited too long, and come back for the rest."""
        if not line.waiting:
            return
        now = self._now()
        turn = line.queue.turn(now, self._limits.concurrent_app - self._under_way)
        self._carry_out(line, turn)
        if turn.at < line.next_look:
            line.next_look = turn.at
            self._timers.after(max(turn.at - now, 0.0), lambda: self._look_again(line, turn.at))

    def _look_again(self, line: _Line, at: float) -> None:
        if line.next_look == at:
            line.next_look = math.inf
        self._look(line)

    def _carry_out(self, line: _Line, turn: Turn) -> None:
        for ticket in turn.go:
            waiter = line.waiting.pop(ticket)
            if waiter.done():  # its task was cancelled in this very moment
                line.queue.ended(ticket, self._now(), charged=False, heard=False)
            else:
                self._under_way += 1
                waiter.set_result(0.0)
        for ticket, seconds in turn.back:
            waiter = line.waiting.pop(ticket)
            if not waiter.done():
                waiter.set_result(max(seconds, 0.001))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def ask_of(request: Request) -> Ask:
    """The call as its limits see it."""
    writes = request.method != "GET" and not request.is_query
    content = request.content or int(request.method == "POST" and CONTENT.fullmatch(request.path) is not None)
    return Ask(rank=request.rank, resource=_resource(request.path), writes=writes, content=content)


def _resource(path: str) -> str:
    if path == GRAPHQL:
        return "graphql"
    return "search" if path.startswith("search/") else "core"


def told_by(answer: Answer) -> Told | None:
    """What an answer's headers say of its budget; None when one is missing."""
    headers: Mapping[str, str] = answer.headers
    limit, remaining, reset = [headers.get(name, "") for name in _TOLD]
    if not (limit.isdecimal() and remaining.isdecimal() and reset.isdecimal()):
        return None
    date, mark = answer.date, int(reset)
    if date is None:
        return None
    resource = headers.get("x-ratelimit-resource", "core")
    left = mark - date.timestamp()
    return Told(resource=resource, limit=int(limit), remaining=int(remaining), mark=mark, reset_in=left)


def _come_back(seconds: float) -> RateLimited:
    return RateLimited(0, f"GitHub's limits leave no room for {seconds:.0f} s", retry_after=seconds)
