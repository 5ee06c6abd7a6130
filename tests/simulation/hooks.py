"""Webhooks on their way to the bot: late, lost, doubled, in another order; and lost for good when nobody listens.

GitHub does not send again what failed, so whatever is lost here is lost until the sweep. Only what people write is kept
in a world that loses everything: a person repeats a command that nobody reacted to, an event does not repeat itself.
"""

from collections.abc import Callable

from services.sandbox import events
from services.sandbox.state import Delivery
from tests.simulation.chance import Stream
from tests.simulation.faults import Faults
from tests.simulation.hub import Hub
from tests.simulation.loop import VirtualLoop


class Hooks:
    """`door` takes a delivery and says whether anybody listened; `seen` is told of every delivery that GitHub makes.
    `guids` are those of all that arrived; `on_the_way` counts those that have not."""

    def __init__(self, hub: Hub, loop: VirtualLoop, chance: Stream, faults: Faults) -> None:
        self._hub = hub
        self._loop = loop
        self._chance = chance
        self._faults = faults
        self._woken = False
        self.on_the_way = 0
        self.guids: set[tuple[int, str]] = set()
        self.door: Callable[[Delivery], bool] = lambda delivery: False
        self.seen: Callable[[Delivery], None] = lambda delivery: None
        hub.sandbox.on_event.append(self._wake)

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._loop.call_soon(self._take)

    def _take(self) -> None:
        self._woken = False
        for delivery in events.take(self._hub.sandbox):
            self.seen(delivery)
            for _ in range(self._copies(delivery)):
                self.on_the_way += 1
                self._loop.call_later(self._chance.spread(*self._faults.hook_delay), self._deliver, delivery)

    def _copies(self, delivery: Delivery) -> int:
        if self._faults.hook_lost >= 1 and delivery.event == "issue_comment":
            return 1
        if self._chance.hits(self._faults.hook_lost):
            self._hub.trace("hook", f"{_named(delivery)}: lost")
            return 0
        return 2 if self._chance.hits(self._faults.hook_doubled) else 1

    def _deliver(self, delivery: Delivery) -> None:
        self.on_the_way -= 1
        self.guids.add((delivery.hook_id, delivery.guid))
        if not self.door(delivery):
            self._hub.trace("hook", f"{_named(delivery)}: nobody listens")


def _named(delivery: Delivery) -> str:
    return f"{delivery.event} {delivery.action or ''} {delivery.guid[:8]}"
