"""Calls to GitHub per task, from small plans to large ones, with GitHub's limits kept: whole plans in virtual time
against the stand-in's own core, without troubles.

calls_per_task_N: calls made for a plan of N tasks over two repositories, divided by N; a plan of a thousand is longer
than an issue may be and stands in a file. The peer is the same plan with
cache and batches turned off. hours_N: virtual hours from the start of the run to its end, with writes a second apart,
and no more created than GitHub allows. rejected: calls that a limit refused.
"""

import asyncio

import msgspec

from benchmarks import Number, Report, Say, WentWrong, machine
from services.core.names import LABEL_PLAN
from tests.simulation import loop as loops
from tests.simulation import plans
from tests.simulation.faults import Faults
from tests.simulation.plans import Draft
from tests.simulation.world import NEVER, World

OPTIONS = {"most": (100, "the largest plan: 10, 100, 500 or 1,000 tasks")}
SIZES = (10, 100, 500, 1_000)
LONGEST = 65_536
"""Characters of an issue."""
FILE = ".github/plans/large.md"
SEED = 3
WORKERS = 16
READS = 60.0
"""Seconds in which a person reads the plan that the bot has understood; who approves before that is asked to look."""
LONGEST_LIFE = 7 * 86_400.0


def measure(say: Say, *, most: int) -> Report:
    """Live each size with and without savings."""
    figures: dict[str, Number] = {}
    peers: dict[str, Number] = {}
    for size in (each for each in SIZES if each <= most):
        for name, found, cache in (("with", figures, True), ("without", peers, False)):
            calls, rejected, hours = live(size, cache=cache)
            found[f"calls_per_task_{size}"] = round(calls / size, 2)
            found[f"hours_{size}"] = round(hours, 2)
            found[f"rejected_{size}"] = rejected
            say(f"{size} tasks {name} savings: {calls / size:.1f} calls a task, {rejected} refused, {hours:.2f} h")
    return Report(name="calls", figures=figures, peers={"no cache, no batches": peers}, conditions=machine())


def live(size: int, *, cache: bool) -> tuple[int, int, float]:
    """Calls, refusals and hours of one plan's life."""
    world = _calm_world(cache=cache)
    repos = [place.repo.full_name for place in world.hub.places]
    world.people.drafts = [
        Draft(id=f"t{n}", repo=repos[n % len(repos)], needs=[f"t{n - 10}"] if n >= 10 else [], run=f"make own-{n}")
        for n in range(size)
    ]
    before, loops.STEPS = loops.STEPS, 1_000_000_000
    try:
        return world.loop.run(_live(world))
    finally:
        loops.STEPS = before
        world.loop.close()


def _calm_world(*, cache: bool) -> World:
    """Nothing goes wrong, and people do nothing but start the plan."""
    world = World(SEED)
    world.is_crowded = False
    quiet = Faults()
    for name in Faults.__struct_fields__:
        setattr(world.faults, name, getattr(quiet, name))
    world.settings = msgspec.structs.replace(
        world.settings,
        workers=WORKERS,
        workers_per_repo=0,
        comment_interval=10.0,
        sweep_seconds=NEVER,
        checks="none",
        cache=cache,
    )
    return world


def _write(world: World) -> None:
    people, text = world.people, plans.write(world.people.drafts)
    if len(text) < LONGEST:
        return people.write()
    world.hub.scenario.commit(world.hub.home, {FILE: text}, "A large plan")
    issue = {"title": "A plan", "body": f"Plan: {FILE}", "labels": [LABEL_PLAN]}
    _, made = world.hub.act("ana", "POST", f"/repos/{world.hub.home.full_name}/issues", issue)
    people.number = made["number"]
    return world.watch.written(people.plan_id, "A plan", text)


async def _live(world: World) -> tuple[int, int, float]:
    world.begin()
    await asyncio.sleep(1)
    _write(world)
    await asyncio.sleep(READS)
    await world.people.ask("ana", "/lockstep approve\n/lockstep run")
    began = world.loop.time()
    while world.people.run_state() in {"running", "paused"} and not world.watch.violations:
        if world.loop.time() - began > LONGEST_LIFE:
            break
        await asyncio.sleep(30)  # virtual seconds
    hours = (world.loop.time() - began) / 3_600
    process, state = world.process, world.people.run_state()
    if state != "done" or process is None:
        raise WentWrong(f"the run is {state or 'not started'}: {world.watch.violations}")
    stats = process.github.stats
    found = stats.requests, stats.rejected, hours
    world.watch.is_over = True
    await world.end()
    return found
