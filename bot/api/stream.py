"""`/api/v1/events`: what happens to plans, as server-sent events.

`id` is where a broken stream goes on (`Last-Event-ID`, which browsers send by themselves, or `?after=`). A comment
every fifteen seconds shows that the connection lives. A reader that does not read is cut off and comes back with its
id; one that was away for too long is told `reset` and looks at everything anew.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec
from aiohttp import web

from bot.api.problems import Refusal
from bot.live import Heard, Live
from bot.web.viewer import Viewer, viewer_of
from services.store.events import Event

STALLED = 20.0
"""Seconds that a reader may take for one event."""
MOST = 200
"""Streams at a time in one process."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
Shows = Callable[[Viewer, Event], Awaitable[Event | None]]
"""The event as this person may see it, None for not at all."""


async def as_written(viewer: Viewer, event: Event) -> Event | None:
    """What happens to a plan is for those who may read its repository."""
    return event if await viewer.sees(event.repo) else None


class Stream:
    """The handler. shows: what of an event a person sees."""

    def __init__(self, live: Live, shows: Shows = as_written) -> None:
        self._live, self._shows = live, shows

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self._live.listeners >= MOST:
            raise Refusal(503, "Too many listen already; try again later.", {"Retry-After": "30"})
        after, viewer = last_id(request), viewer_of(request)
        answer = web.StreamResponse(headers=HEADERS)
        await answer.prepare(request)
        try:
            async with aclosing(self._live.listen(after)) as heard:
                await _write(answer, b": hello\n\n")
                async for each in heard:
                    await _write(answer, await self._said(viewer, each))
        except LookupError:
            await _write(answer, b"event: reset\ndata: {}\n\n")
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        return answer

    async def _said(self, viewer: Viewer, heard: Heard | None) -> bytes:
        if heard is None:
            return b": still here\n\n"
        shown = await self._shows(viewer, heard.event)
        if shown is None:
            return b"id: %d\n\n" % heard.seen  # what one does not see moves on all the same
        return b"id: %d\nevent: moment\ndata: %s\n\n" % (heard.seen, msgspec.json.encode(shown))


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
