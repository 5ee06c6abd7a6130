"""Many who ask within a moment become one call.

The first who asks waits a moment, takes along whoever has come by then, and makes the call for all of them: no task of
its own, so nothing outlives those who wait. When it is cancelled, the next in line goes on. With `serial` the next call
begins only when this one has ended, so the longer calls wait for their turn, the more each of them carries.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from services.errors import LockstepError, Unreachable
from services.github.exchange import Timers

Item = TypeVar("Item")
Result = TypeVar("Result")
Call = Callable[[Hashable, Sequence[Item]], Awaitable[Sequence[Result | LockstepError]]]

WINDOW = 0.005


class _Slot(Generic[Item, Result]):
    """One who asks: `told` is done when there is a result, or when it is this one's turn to lead."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Result | LockstepError | None = None
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(self) -> None:
        if not self.told.done():
            self.told.set_result(None)


class _Group(Generic[Item, Result]):
    def __init__(self) -> None:
        self.waiting: list[_Slot[Item, Result]] = []
        self.is_led = False


class Gather(Generic[Item, Result]):
    """call: makes one call for these items and gives a result or an error for each, in their order."""

    def __init__(self, timers: Timers, most: int, call: Call[Item, Result], *, serial: bool = False) -> None:
        self._timers = timers
        self._most = most
        self._call = call
        self._serial = serial
        self._groups: dict[Hashable, _Group[Item, Result]] = {}

    async def load(self, key: Hashable, item: Item) -> Result:
        """The item's own result or error; a call that broke off in the middle is Unreachable for all who shared it."""
        group = self._groups.setdefault(key, _Group())
        slot = _Slot[Item, Result](item)
        group.waiting.append(slot)
        try:
            while slot.result is None:
                if group.is_led:
                    await slot.told
                    slot.told = asyncio.get_running_loop().create_future()
                else:
                    await self._lead(key, group, slot)
        finally:
            if slot in group.waiting:
                group.waiting.remove(slot)
            self._pass_on(key, group)
        if isinstance(slot.result, LockstepError):
            raise slot.result
        return slot.result

    async def _lead(self, key: Hashable, group: _Group[Item, Result], slot: _Slot[Item, Result]) -> None:
        """One call for the first in line; `slot` may have to wait for a later one."""
        group.is_led = True
        taken: list[_Slot[Item, Result]] = []
        try:
            await self._moment()
            taken, group.waiting = group.waiting[: self._most], group.waiting[self._most :]
            if not self._serial:
                self._let_next_lead(group)
            results = await self._call(key, [each.item for each in taken])
            for each, result in zip(taken, results, strict=True):
                each.result = result
        except LockstepError as error:
            for each in taken:
                each.result = error
        finally:
            for each in taken:
                if each.result is None:
                    each.result = Unreachable(0, "the call that carried this one broke off")
                each.tell()
            if self._serial or not taken:
                self._let_next_lead(group)

    def _let_next_lead(self, group: _Group[Item, Result]) -> None:
        group.is_led = False
        if group.waiting:
            group.waiting[0].tell()

    def _pass_on(self, key: Hashable, group: _Group[Item, Result]) -> None:
        """Whoever leaves must not leave others without anybody who leads, nor an empty group behind."""
        if group.waiting:
            if not group.is_led:
                group.waiting[0].tell()
        elif not group.is_led and self._groups.get(key) is group:
            del self._groups[key]

    async def _moment(self) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timers.after(WINDOW, lambda: None if over.done() else over.set_result(None))
        await over
