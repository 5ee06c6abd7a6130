"""Actions without processes and without time of its own: every job ends as the caller's function says, when it says.

The caller moves the clock. `step` does what is due at this moment of it and tells when something is due next, so a
simulation can put jobs among its other events; nothing here waits.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import actions
from services.sandbox.actions_context import JobOrder

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a job will end, this many seconds after it began.

    `conclusion`: success, failure, cancelled or timed_out; `output` is printed by the step that decides it: the last
    one, or number `step` (from 0). `outputs` are the job's.
    """

    conclusion: str = "success"
    seconds: float = 0.0
    output: str = ""
    step: int | None = None
    exit_code: int = 1
    outputs: dict[str, str] = {}


class SimulatedRunner:
    """`ends` is asked once for every job, when it begins; `parallel` jobs at a time, the rest waits in line."""

    def __init__(self, sandbox: "Sandbox", ends: Callable[[JobOrder], Ending], *, parallel: int = 20) -> None:
        self.sandbox = sandbox
        self.ends = ends
        self.parallel = parallel
        self._running: dict[int, tuple[datetime, JobOrder, Ending]] = {}

    def step(self) -> datetime | None:
        """End what is over, begin what waits; when there is something to do again, None = when something new is queued.

        A job that takes no time ends in the same call, and so do those it was needed for.
        """
        while True:
            self._running = {n: row for n, row in self._running.items() if actions.is_wanted(self.sandbox, n)}
            over = sorted((due, number) for number, (due, _, _) in self._running.items() if due <= self.sandbox.now())
            if over:
                self._end(over[0][1])
            elif not self._begin():
                break
        return min((due for due, _, _ in self._running.values()), default=None)

    def _begin(self) -> bool:
        """Take the jobs there is room for; was there any?"""
        room = self.parallel - len(self._running)
        orders = actions.due(self.sandbox, limit=room) if room > 0 else []
        for order in orders:
            if actions.started(self.sandbox, order.job_id, [step.title for step in order.steps]):
                ending = self.ends(order)
                due = self.sandbox.now() + timedelta(seconds=min(ending.seconds, order.seconds))
                self._running[order.job_id] = (due, order, ending)
        return bool(orders)

    def _end(self, number: int) -> None:
        _, order, ending = self._running.pop(number)
        if ending.seconds > order.seconds:
            note = f"The job has exceeded the maximum execution time of {order.seconds:g}s"
            actions.finished(self.sandbox, number, "cancelled", note=note)
            return
        last = len(order.steps) - 1 if ending.step is None else ending.step
        failed = ending.conclusion == "failure"
        for position in range(last + 1):
            here = position == last
            word, said = ("failure" if failed and here else "success"), ending.output if here else ""
            actions.step(self.sandbox, number, position, word, said, ending.exit_code if failed and here else 0)
        actions.finished(self.sandbox, number, ending.conclusion, ending.outputs)
