"""Sends webhooks: signed, in order for each hook, ten seconds of patience, no second try, as GitHub does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from services.sandbox import events
from services.sandbox.clock import background, elapsed, pause
from services.sandbox.state import Delivery

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

PATIENCE = 10.0
"""Seconds a receiver has for its answer."""

OnDelivery = Callable[[str, Any], None]
"""Told of each delivery that goes out: event name and decoded payload."""
Think = Callable[..., Awaitable[Any]]


class Sender:
    """Takes what waits in the sandbox's queue whenever it is woken, and hands it to one line of work for each hook."""

    def __init__(self, sandbox: "Sandbox", think: Think, on_delivery: OnDelivery | None) -> None:
        self._sandbox = sandbox
        self._think = think
        self._on_delivery = on_delivery
        self._woken = asyncio.Event()
        self._lines: dict[tuple[int, int], asyncio.Queue[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def wake(self) -> None:
        """Something waits; call it in the loop's thread."""
        self._quiet.clear()
        self._woken.set()

    @property
    def under_way(self) -> int:
        """Deliveries that were taken and have no answer yet."""
        return self._open

    async def idle(self) -> None:
        """Return once nothing waits and nothing is on its way."""
        await self._quiet.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
                self.wake()
                while True:
                    await self._woken.wait()
                    self._woken.clear()
                    self._open += 1  # what is being taken is on its way already
                    for delivery in await self._think(events.take, self._sandbox):
                        self._put(session, delivery)
                    self._open -= 1
                    self._settle()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _put(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        self._open += 1
        late = self._sandbox.faults.late.pop(delivery.id, 0.0)
        if late:
            self._start(self._send_late(session, delivery, late))
            return
        line = (delivery.app_id, delivery.hook_id)
        if line not in self._lines:
            self._lines[line] = asyncio.Queue()
            self._start(self._work(session, self._lines[line]))
        self._lines[line].put_nowait(delivery)

    def _start(self, work: Any) -> None:
        task = background(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, session: aiohttp.ClientSession, line: "asyncio.Queue[Delivery]") -> None:
        while True:
            await self._send(session, await line.get())

    async def _send_late(self, session: aiohttp.ClientSession, delivery: Delivery, seconds: float) -> None:
        await pause(seconds)
        await self._send(session, delivery)

    async def _send(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        url, _ = events.address(self._sandbox, delivery)
        status, text, begun = 0, "", elapsed()
        if self._on_delivery is not None:
            self._on_delivery(delivery.event, msgspec.json.decode(delivery.payload))
        try:
            headers = events.signed_headers(self._sandbox, delivery)
            async with session.post(
                url, data=delivery.payload.encode(), headers=headers, allow_redirects=False
            ) as answer:
                status, text = answer.status, (await answer.content.read(4_000)).decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            text = str(error) or type(error).__name__
        await self._think(events.record, self._sandbox, delivery, status, text, elapsed() - begun)
        self._open -= 1
        self._settle()

    def _settle(self) -> None:
        if self._open == 0 and not self._woken.is_set():
            self._quiet.set()
