"""`/api/v1/events`: what happens to plans, as server-sent events.

`id` is where a broken stream goes on (`Last-Event-ID`, which browsers send by themselves, or `?after=`). A comment
every fifteen seconds shows that the connection lives; after some minutes it ends, and is begun anew. A reader that does
not read is cut off and comes back with its id; one that was away for too long is told `reset` and looks at everything
anew.
"""

import asyncio
import re
from contextlib import aclosing

import msgspec
from aiohttp import web

from bot.api.problems import Refusal
from bot.api.shapes import Moment
from bot.live import Heard, Live
from bot.web.viewer import Viewer, viewer_of
from services.engine.shown import Shown
from services.store.events import Event

STALLED = 20.0
"""Seconds that a reader may take for one event."""
MOST = 200
"""Streams at a time in one process."""
MOST_OF_ONE = 12
LASTS = 300.0
"""Seconds after which a stream ends: whoever comes again is asked again who they are."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
RECONNECT = b"retry: 1000\n: hello\n\n"


class Stream:
    """The handler."""

    def __init__(self, live: Live, shown: Shown) -> None:
        self._live, self._shown = live, shown
        self._open: dict[str, list[asyncio.Task[object]]] = {}
        self._given_up: set[asyncio.Task[object]] = set()

    async def events(self, request: web.Request) -> web.StreamResponse:
        after, viewer = last_id(request), viewer_of(request)
        if "read" not in viewer.scopes:
            raise Refusal(403, "This needs the scope `read`.")
        who = f"{viewer.login}/{viewer.via}"
        if self._live.listeners >= MOST:
            raise Refusal(503, "Too many listen already; try again later.", {"Retry-After": "30"})
        answer = web.StreamResponse(headers=HEADERS)
        mine = self._begin(who)
        try:
            await answer.prepare(request)
            await self._tell(answer, viewer, after)
        except (TimeoutError, ConnectionError):
            _cut(request)
        except asyncio.CancelledError:
            if mine not in self._given_up:
                raise
            mine.uncancel()
            _cut(request)
        finally:
            self._end(who, mine)
        return answer

    def _begin(self, who: str) -> "asyncio.Task[object]":
        """One more of this person's. Of too many the oldest is given up: whoever goes from page to page leaves streams
        behind of which nobody knows for a while that they are not read any more.
        """
        mine = asyncio.current_task()
        assert mine is not None  # noqa: S101 - a handler runs in a task
        others = self._open.setdefault(who, [])
        if len(others) >= MOST_OF_ONE:
            self._given_up.add(others[0])
            others.pop(0).cancel()
        others.append(mine)
        return mine

    def _end(self, who: str, mine: "asyncio.Task[object]") -> None:
        self._given_up.discard(mine)
        others = [each for each in self._open.get(who, []) if each is not mine]
        if others:
            self._open[who] = others
        else:
            self._open.pop(who, None)

    async def _tell(self, answer: web.StreamResponse, viewer: Viewer, after: int | None) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LASTS
        await _write(answer, RECONNECT)
        try:
            async with aclosing(self._live.listen(after)) as heard:
                async for each in heard:
                    await _write(answer, await self._said(viewer, each))
                    if loop.time() > until:
                        return
        except LookupError:
            await _write(answer, b"event: reset\ndata: {}\n\n")

    async def _said(self, viewer: Viewer, heard: Heard | None) -> bytes:
        if heard is None:
            return b": still here\n\n"
        shown = await self._shows(viewer, heard.event)
        if shown is None:
            return b"id: %d\n\n" % heard.seen  # what one does not see moves on all the same
        return b"id: %d\nevent: moment\ndata: %s\n\n" % (heard.seen, msgspec.json.encode(shown))

    async def _shows(self, viewer: Viewer, event: Event) -> Moment | None:
        """The event as this person may see it, None for not at all."""
        if not await viewer.sees(event.repo):
            return None
        values = msgspec.structs.asdict(event)
        moment = Moment(plan=values.pop("plan_id"), run=values.pop("run_id"), **values)
        if event.task and not viewer.sees_all:
            repo = await self._shown.repo_of(event.run_id, event.task)
            if not repo or not await viewer.sees(repo):
                return msgspec.structs.replace(moment, text="", actor="")
        return moment


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def last_id(request: web.Request) -> int | None:
    """Where to go on; Refusal for what is no number of an event."""
    text = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Refusal(400, "Last-Event-ID and `after` take the id of an event.")
    return int(text)


async def _write(answer: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(STALLED):
        await answer.write(data)
