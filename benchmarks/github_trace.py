"""How often GitHub is asked, what of that it charges, and what is out of date: client and handlers as they are on two
virtual hours of webhooks (benchmarks/_trace.py), against other ways to read (benchmarks/_policies.py).

reads: of the undisturbed trace, six with each event; the last event of each pull request reads four of them afresh, as
before a merge.  reached_clean, charged_clean: GETs that came to GitHub, and those that were no 304.  reached, charged,
no_network_share, stale_share: with 1 % of the webhooks lost, 5 % late and 5 % doubled, the median of several seeds; the
worst seed of each stands beside it, and of stale_fresh there is only the worst.  stale: an answer that GitHub would
have given otherwise at that moment; whether a pull request can be merged is compared for those read afresh only, the
others do not tell it.  rotation_charged: 400 files asked for every quarter of an hour for four hours, 16 changes, a
new token each hour.  hit_us: microseconds of
processor time of a read that memory answers, through the facade.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import process_time

import msgspec

from benchmarks import Number, Report, Say, machine
from benchmarks._policies import FRESH, PEERS, Answers, Ours, Policy, Wire, client
from benchmarks._trace import REPO, START, Faults, Story, World
from services.github import GitHub, shapes
from services.sandbox import pull_views

FAULTS = Faults(lost=0.01, late=0.05, doubled=0.05)
FILES, POLLS, CHANGES = 400, 17, 16
OPTIONS = {"seeds": (7, "traces with lost, late and doubled webhooks"), "first": (1, "the first seed")}


class Tally(msgspec.Struct, kw_only=True):
    """Of one trace."""

    reads: int = 0
    reached: int = 0
    charged: int = 0
    stale: int = 0
    stale_fresh: int = 0
    sent: dict[str, int] = {}

    @property
    def share(self) -> float:
        return round(1 - self.reached / self.reads, 4)

    @property
    def stale_share(self) -> float:
        return round(self.stale / self.reads, 5)


class Truth:
    """What GitHub would answer at this moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._github: GitHub = client(Wire(world.sandbox), world, cached=False)

    async def now(self, number: int, sender: str, *, fresh: bool) -> Answers:
        reads, sandbox = self._github.reads, self._world.sandbox
        issue = sandbox.issue_numbered(self._world.repo, number)
        assert issue is not None
        shown = msgspec.json.encode(pull_views.full(sandbox, sandbox.public_url, issue))
        pull = msgspec.json.decode(shown, type=shapes.PullShape)
        return Answers(
            pull.info() if fresh else pull.steady(),
            await reads.files(REPO, number),
            await reads.reviews(REPO, number),
            await reads.check_runs(REPO, pull.head.sha),
            await reads.file(REPO, ".github/lockstep.yml"),
            await reads.permission(REPO, sender),
        )


def measure(say: Say, *, seeds: int, first: int) -> Report:
    """Every policy on every seed."""
    clean, worst, said = _of(Ours, seeds, first)
    for line in said:
        say(line)
    figures = _figures(clean, worst, asyncio.run(_rotation(Ours)))
    figures |= {"hit_us": asyncio.run(_hit())}
    peers = {}
    for name, make in PEERS.items():
        say(f"{name} …")
        calm, rough, _ = _of(make, seeds, first)
        peers[name] = _figures(calm, rough, asyncio.run(_rotation(make)))
    told = {"seeds": f"{first} to {first + seeds - 1}, the median", "server": "the sandbox in this process"}
    sent = {name: sum(tally.sent[name] for tally in worst) for name in worst[0].sent}
    conditions = machine() | told | {"webhooks": sent["sent"], **{k: v for k, v in sent.items() if k != "sent"}}
    return Report(name="github_trace", figures=figures, peers=peers, conditions=conditions)


def _of(make: Callable[[World], Policy], seeds: int, first: int) -> tuple[Tally, list[Tally], list[str]]:
    clean = asyncio.run(_trace(make, first, Faults()))
    rough = [asyncio.run(_trace(make, seed, FAULTS)) for seed in range(first, first + seeds)]
    said = [
        f"seed {first + at}: {tally.reads} reads, {tally.reached} reached GitHub, {tally.charged} charged, "
        f"{tally.stale} out of date ({tally.stale_share:.2%}), {tally.stale_fresh} of those read afresh"
        for at, tally in enumerate(rough)
    ]
    return clean, rough, said


def _figures(clean: Tally, rough: list[Tally], rotation: int) -> dict[str, Number]:
    return {
        "reads": clean.reads,
        "reached_clean": clean.reached,
        "charged_clean": clean.charged,
        "no_network_share_clean": clean.share,
        "stale_clean": clean.stale,
        "reached": median(tally.reached for tally in rough),
        "charged": median(tally.charged for tally in rough),
        "no_network_share": median(tally.share for tally in rough),
        "stale_fresh": max(tally.stale_fresh for tally in rough),
        "stale_share": median(tally.stale_share for tally in rough),
        "rotation_charged": rotation,
        "reached_worst": max(tally.reached for tally in rough),
        "charged_worst": max(tally.charged for tally in rough),
        "no_network_share_worst": min(tally.share for tally in rough),
        "stale_share_worst": max(tally.stale_share for tally in rough),
    }


async def _trace(make: Callable[[World], Policy], seed: int, faults: Faults) -> Tally:
    world = World(seed)
    policy, truth, tally = make(world), Truth(world), Tally()
    story = Story(world, faults)
    for hook in story.play():
        await policy.hear(hook)
        if not hook.asks:
            continue
        said = await policy.read(hook)
        real = await truth.now(hook.pull, hook.sender, fresh=hook.last and isinstance(policy, Ours))
        for name in Answers.__struct_fields__:
            tally.reads += 1
            if not _same(name, getattr(said, name), getattr(real, name), fresh=hook.last):
                tally.stale += 1
                tally.stale_fresh += hook.last and name in FRESH
    tally.reached, tally.charged, tally.sent = policy.wire.reached, policy.wire.charged, story.sent
    return tally


def _same(name: str, said: object, real: object, *, fresh: bool) -> bool:
    """A list may come in any order; of a pull request that was not read afresh, nobody tells if it can be merged."""
    if isinstance(said, tuple) and isinstance(real, tuple):
        return sorted(map(repr, said)) == sorted(map(repr, real))
    if name == "pull" and not fresh:
        loose = {"mergeable": None, "mergeable_state": "unknown", "base_sha": ""}
        return bool(msgspec.structs.replace(said, **loose) == real)  # type: ignore[type-var]
    return said == real


async def _rotation(make: Callable[[World], Policy]) -> int:
    """What is charged for files that hardly ever change."""
    world = World(0)
    paths = [f"config/{number}.yml" for number in range(FILES)]
    world.stage.commit(world.repo, dict.fromkeys(paths, "on: true\n"), "Many settings")
    policy = make(world)
    for poll in range(POLLS):
        world.clock.moment = START + timedelta(minutes=15 * poll)
        if 0 < poll <= CHANGES:
            world.stage.commit(world.repo, {paths[poll]: f"on: {poll}\n"}, "One changes")
        for path in paths:
            await policy.file(path)
    return policy.wire.charged


async def _hit(rounds: int = 20_000) -> float:
    """Microseconds of processor time of one read through the facade that memory answers."""
    world = World(0)
    story, policy = Story(world), Ours(world)
    hook = next(hook for hook in story.play() if hook.asks)
    await policy.hear(hook)
    reads, took = policy.github.reads, []
    await reads.pull(REPO, hook.pull)
    for _ in range(5):
        began = process_time()
        for _ in range(rounds):
            await reads.pull(REPO, hook.pull)
        took.append((process_time() - began) / rounds)
    return round(sorted(took)[2] * 1e6, 1)
