"""Whatever becomes of the webhooks: a fresh read is never out of date, another one at most as long as an answer lasts,
and who has seen something never sees an older state of it afterwards.

A drawn world: a pull request and the checks of a commit change, sometimes twice in a second; webhooks about it come
late, twice, out of order or not at all; reads begin, and their answers land when they land.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.reading import parse
from services.github import GitHub, auth
from services.github.client import Transport
from services.github.etags import predicted
from services.github.lifetimes import SECONDS
from tests.kit.fakehub import START, HandClock, installation, pull
from tests.services.test_github_auth import pem
from tests.services.test_github_hearing import REPO, SHA, run

KEY = auth._load(pem())
LASTS = timedelta(seconds=max(SECONDS["pull"], SECONDS["checks"]))
RUNS = 3
STATES = ("queued", "in_progress", "completed")


@dataclass
class World:
    """GitHub and its clock. `edits` and `stages` are the truth: how often the pull request was edited, and how far each
    check run has come (-1: it is not there); `since` says when each became so.
    """

    clock: HandClock = field(default_factory=HandClock)
    edits: int = 0
    edited_at: Any = START
    stages: list[int] = field(default_factory=lambda: [-1] * RUNS)
    since: dict[tuple[str, int, int], Any] = field(default_factory=dict)
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    gates: list[asyncio.Event] = field(default_factory=list)
    is_gated: bool = False

    def edit(self) -> None:
        self.since["edits", 0, self.edits] = self.clock.now()
        self.edits, self.edited_at = self.edits + 1, self.clock.now()
        self.tell("pull_request", action="edited", pull_request=self.pull())

    def advance(self, index: int) -> None:
        stage = self.stages[index]
        if stage == len(STATES) - 1:
            return
        self.since["run", index, stage] = self.clock.now()
        self.stages[index] = stage + 1
        action = "created" if stage < 0 else "completed" if stage + 2 == len(STATES) else "progressed"
        if action != "progressed":  # GitHub sends nothing then
            self.tell("check_run", action=action, check_run=self.run(index))

    def pull(self) -> dict[str, Any]:
        return pull(7, title=str(self.edits), updated_at=self.edited_at.strftime("%Y-%m-%dT%H:%M:%SZ"), mergeable=None)

    def run(self, index: int) -> dict[str, Any]:
        return run(index + 1, f"test-{index}", STATES[self.stages[index]])

    def tell(self, event: str, **payload: Any) -> None:
        whole = {"repository": {"full_name": REPO, "id": 1}, "installation": {"id": 7}} | payload
        self.waiting.append((event, json.loads(json.dumps(whole))))

    def answer(self, path: str) -> Any:
        if path.endswith("/installation"):
            return installation()
        if "/pulls/" in path:
            return self.pull()
        return {"check_runs": [self.run(index) for index in range(RUNS) if self.stages[index] >= 0]}


class Hub(Transport):
    """Looks at once, and lets the answer go when its gate opens; ETags are GitHub's."""

    def __init__(self, world: World) -> None:
        super().__init__("https://api.github.test")
        self.world = world

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, is_text: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        now = self.world.clock.now()
        found = {"date": now.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if method == "POST":
            token = {"token": f"t{now.hour}{now.day}", "expires_at": (now + timedelta(hours=1)).isoformat()}
            return 201, found, json.dumps(token).encode()
        said = json.dumps(self.world.answer(url)).encode()
        found["etag"] = predicted(headers["accept"], headers["authorization"].partition(" ")[2], said)
        if self.world.is_gated:
            gate = asyncio.Event()
            self.world.gates.append(gate)
            await gate.wait()
        return (304, found, b"") if headers.get("if-none-match") == found["etag"] else (200, found, said)


def seen(what: str, value: Any) -> list[int]:
    """How far what was read had come."""
    if what == "pull":
        return [int(value.title)]
    stages = {check.id: STATES.index(check.status) for check in value}
    return [stages.get(str(index + 1), -1) for index in range(RUNS)]


class Reader:
    """Reads, and holds every answer against the truth and against what was seen before the question."""

    def __init__(self, world: World, github: GitHub) -> None:
        self.world = world
        self.github = github
        self.most: dict[str, list[int]] = {"pull": [0], "checks": [-1] * RUNS}

    def true(self, what: str) -> list[int]:
        return [self.world.edits] if what == "pull" else list(self.world.stages)

    async def read(self, what: str, fresh: bool) -> None:
        true, most, asked = self.true(what), list(self.most[what]), self.world.clock.now()
        reads = self.github.reads
        found = await (reads.pull(REPO, 7, fresh=fresh) if what == "pull" else reads.check_runs(REPO, SHA, fresh=fresh))
        got = seen(what, found)
        assert all(map(int.__ge__, got, most)), f"{what} was {most} and is {got} again"
        if fresh:
            assert all(map(int.__ge__, got, true)), f"{what} was {true} when it was asked for, and the answer was {got}"
        for index, stage in enumerate(got):
            until = self.world.since.get(("edits" if what == "pull" else "run", index, stage))
            assert until is None or asked - until <= LASTS, f"{what} has not been {got} for too long"
        self.most[what] = list(map(max, got, self.most[what]))


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from([
            "edit", "advance", "deliver", "deliver", "deliver", "doubled", "lose", "read pull", "read pull",
            "read checks", "read checks", "fresh pull", "fresh checks", "begin pull", "begin checks", "land", "pass",
        ]),
        st.integers(0, 1_000),
    ),
    min_size=10,
    max_size=60,
)  # fmt: skip


async def live(steps: list[Step], instant: bool) -> None:
    """instant: everything happens within one second, unless time passes by itself."""
    world = World()
    github = GitHub("https://api.github.test", "1", pem(), world.clock, transport=Hub(world))
    reader, open_reads = Reader(world, github), list[asyncio.Task[None]]()
    for what, number in steps:
        if not instant:
            world.clock.pass_(seconds=1)
        await step(what, number, world, reader, open_reads)
    for gate in world.gates:
        gate.set()
    world.is_gated = False
    await asyncio.gather(*open_reads)
    for what in ("pull", "checks"):
        await reader.read(what, fresh=True)
        await reader.read(what, fresh=False)
        assert reader.most[what] == reader.true(what)


async def step(what: str, number: int, world: World, reader: Reader, open_reads: list[asyncio.Task[None]]) -> None:
    verb, _, noun = what.partition(" ")
    if verb == "edit":
        world.edit()
    elif verb == "advance":
        world.advance(number % RUNS)
    elif verb in {"deliver", "doubled", "lose"} and world.waiting:
        at = number % len(world.waiting)
        event, payload = world.waiting[at] if verb == "doubled" else world.waiting.pop(at)
        if verb != "lose":
            subject = "pull:7" if event == "pull_request" else f"checks:{SHA}"
            told = parse(event, "guid", json.dumps(payload).encode()).told
            if subject not in reader.github.hear(REPO, told):
                reader.github.invalidate(REPO, subject)
    elif verb in {"read", "fresh"}:
        world.is_gated = False
        if not any(not gate.is_set() for gate in world.gates):  # else it might wait for an answer on its way
            await reader.read(noun, verb == "fresh")
    elif verb == "begin":
        await reader.github.reads.installation_of(REPO)
        world.is_gated = True
        open_reads.append(asyncio.get_running_loop().create_task(reader.read(noun, number % 2 == 0)))
        for _ in range(20):
            await asyncio.sleep(0)
        world.is_gated = False
    elif verb == "land":
        shut = [gate for gate in world.gates if not gate.is_set()]
        if shut:
            shut[number % len(shut)].set()
        for _ in range(20):
            await asyncio.sleep(0)
    elif verb == "pass":  # no call lasts for long
        for gate in world.gates:
            gate.set()
        for _ in range(20):
            await asyncio.sleep(0)
        world.clock.pass_(seconds=number * 3)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_reads_keep_their_promises(steps: list[Step], instant: bool) -> None:
    with patch.object(auth, "_load", lambda _: KEY):  # reading a key takes longer than a whole world
        asyncio.run(live(steps, instant))
