"""News between processes: what one says in a transaction rings in all others once that is committed.

A ring may be lost, when a connection drops or a process is just starting. So it only ever says *look*, and whoever
looks finds the truth in the tables.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from services.store.db import Connection, Database

INBOX = "lockstep_inbox"
"""A delivery was stored; the message is its shard."""
RESULT = "lockstep_result"
"""An attempt has ended; the message is its key."""
WAKE = "lockstep_wake"
"""A Woken: something happened to tasks of a run that another process conducts."""
DOUBT = "lockstep_doubt"
"""A Doubt: something changed on GitHub, and what caches hold of it is doubtful."""
GATE = "lockstep_gate"
"""A Gated: something happened to what the gate of a pull request shows that another process conducts."""
PULL = "lockstep_pull"
"""A Done: what somebody did with a pull request is meant for a task that another process conducts."""
EVENT = "lockstep_event"
"""The history of some plan has grown."""
CHUNK = 50
"""Tasks or subjects in one message: PostgreSQL takes less than 8,000 bytes, and a task id has 64 at most."""


class Woken(msgspec.Struct, frozen=True, array_like=True):
    """These tasks of a run should be looked at."""

    plan_id: str
    run_id: str
    tasks: tuple[str, ...]


class Doubt(msgspec.Struct, frozen=True, array_like=True):
    """These subjects of a repository (see github.invalidate) changed, as the process `by` heard."""

    by: str
    repo: str
    subjects: tuple[str, ...]


class Gated(msgspec.Struct, frozen=True, array_like=True):
    """The gate of this pull request should be looked at."""

    repo: str
    number: int


class Done(msgspec.Struct, frozen=True, array_like=True):
    """This pull request, as the process `by` heard, may be the work of a task (is_new: it was just opened), or has left
    the merge queue with this head for this reason.
    """

    by: str
    repo: str
    number: int
    is_new: bool = False
    sha: str = ""
    reason: str = ""


def ring(c: Connection, channel: str, message: str = "") -> None:
    """Part of a transaction: rings when it is committed, once however often it was said in it. SQLite has one process,
    which hears of it through `Database.heard_by`.
    """
    c.execute("SELECT pg_notify(?, ?)", (channel, message))


class News:
    """Tells the others, on PostgreSQL, in the name of this process. StoreError when it can't be said now."""

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._name = database, name

    async def wake(self, plan_id: str, run_id: str, tasks: Sequence[str]) -> None:
        chunks = [tuple(tasks[at : at + CHUNK]) for at in range(0, len(tasks), CHUNK)]
        await self._say(WAKE, [Woken(plan_id, run_id, chunk) for chunk in chunks])

    async def doubt(self, repo: str, subjects: Sequence[str]) -> None:
        chunks = [tuple(subjects[at : at + CHUNK]) for at in range(0, len(subjects), CHUNK)]
        await self._say(DOUBT, [Doubt(self._name, repo, chunk) for chunk in chunks])

    async def gate(self, places: Sequence[tuple[str, int]]) -> None:
        await self._say(GATE, [Gated(*place) for place in places])

    async def pull(self, repo: str, number: int, *, is_new: bool = False, sha: str = "", reason: str = "") -> None:
        await self._say(PULL, [Done(self._name, repo, number, is_new, sha, reason)])

    async def _say(self, channel: str, messages: Sequence[msgspec.Struct]) -> None:
        def write(c: Connection) -> None:
            for message in messages:
                ring(c, channel, msgspec.json.encode(message).decode())

        await self._database.write(write)

    def on_wake(self, call: Callable[[str, str, Sequence[str]], None]) -> Callable[[str], None]:
        """Takes messages on WAKE and calls with plan, run and tasks."""

        def heard(message: str) -> None:
            with suppress(msgspec.DecodeError):  # a newer version may say it otherwise; then the sweep finds it
                woken = msgspec.json.decode(message, type=Woken)
                call(woken.plan_id, woken.run_id, woken.tasks)

        return heard

    def on_doubt(self, call: Callable[[str, Sequence[str]], None]) -> Callable[[str], None]:
        """Takes messages on DOUBT and calls with repository and subjects; what this process said itself it knows."""

        def heard(message: str) -> None:
            with suppress(msgspec.DecodeError):
                doubt = msgspec.json.decode(message, type=Doubt)
                if doubt.by != self._name:
                    call(doubt.repo, doubt.subjects)

        return heard

    def on_gate(self, call: Callable[[str, int], None]) -> Callable[[str], None]:
        """Takes messages on GATE and calls with repository and number."""

        def heard(message: str) -> None:
            with suppress(msgspec.DecodeError):
                gated = msgspec.json.decode(message, type=Gated)
                call(gated.repo, gated.number)

        return heard

    def on_pull(self, call: Callable[[str, int, bool, str, str], None]) -> Callable[[str], None]:
        """Takes messages on PULL and calls with the rest of them; what this process said itself it has done."""

        def heard(message: str) -> None:
            with suppress(msgspec.DecodeError):
                done = msgspec.json.decode(message, type=Done)
                if done.by != self._name:
                    call(done.repo, done.number, done.is_new, done.sha, done.reason)

        return heard
