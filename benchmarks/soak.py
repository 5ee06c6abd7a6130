"""An hour of weather: webhooks all the time, some of them lost, doubled or out of order, and the bot killed in between.

GitHub's stand-in and `python -m bot serve` as a process of its own, over HTTP with real git. People talk on many
issues, edit them and ask for a plan's status, so many times a second; beside that one plan after another is worked
off. In the first half the bot is killed or stopped again and again, and is away for some seconds each time, in which
nobody hears GitHub; some of its requests to GitHub fail. The second half is one life, by which growth is judged.

rate: deliveries a second that GitHub made of it.  missing: deliveries that are not in the store in the end; unhandled:
in the store, and no handler has seen them; failed: a handler has failed on them; unanswered: commands without 👍 or 😕.
rss_growth_mb_per_hour, files_growth_per_hour: slopes of the last life, after its first fifth, by Theil and Sen.
lag_growth_seconds_per_hour: the same of the age of the oldest delivery that waits.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import Number, Report, Say, WentWrong, machine
from benchmarks._soak import Soak, Soaked
from benchmarks._soak_samples import slope
from tests.kit.contract import Recorder
from tests.kit.crash.hosts import One
from tests.kit.crash.stage import Stage
from tests.kit.sandbox import running_github

OPTIONS = {
    "minutes": (60, "how long"),
    "rate": (50, "deliveries a second that are aimed at"),
    "restarts": (8, "ends of the bot in the first half"),
    "seed": (1, "what people do and what goes wrong"),
}
CACHE_MB = "1"
"""Of GitHub's answers: full soon, so that what grows is what has no bound."""
LIMITS: dict[str, Number] = {
    "missing": 0, "unhandled": 0, "failed": 0, "unanswered": 0, "lag_growth_seconds_per_hour": 1,
    "rss_growth_mb_per_hour": 10,
}  # fmt: skip


def measure(say: Say, *, minutes: int, rate: int, restarts: int, seed: int) -> Report:
    """One soak."""
    with tempfile.TemporaryDirectory(prefix="lockstep-soak-") as folder:
        found = asyncio.run(_soaked(Path(folder), say, minutes * 60.0, rate, restarts, seed))
    for what in (*found.missing[:5], *found.errors[:5]):
        say(what)
    figures = _figures(found)
    for said in verdict(figures):
        say(said)
    return Report(
        name="soak",
        figures=figures,
        peers={"limit": LIMITS},
        conditions=machine() | {"minutes": minutes, "rate": rate, "seed": seed},
    )


async def _soaked(folder: Path, say: Say, seconds: float, rate: int, restarts: int, seed: int) -> Soaked:
    recorder = _Unheard()
    async with running_github(folder / "github", recorder, run_actions=True, seed=seed) as hub:
        stage = Stage(hub, recorder, folder / "said")
        app = await stage.build()
        host = One(folder, app, LOCKSTEP_REPAIR_SECONDS="60", LOCKSTEP_LOG_LEVEL="INFO", LOCKSTEP_CACHE_MB=CACHE_MB)
        soak = Soak(stage, app, host, folder, rate=rate, seed=seed, say=say)
        return await soak.run(seconds, restarts)


def verdict(figures: Mapping[str, Number]) -> list[str]:
    """A line for each limit, and one for all."""
    over = {name: limit for name, limit in LIMITS.items() if figures[name] > limit}
    lines = [
        f"{name}: {figures[name]}, at most {limit}: {'NO' if name in over else 'yes'}" for name, limit in LIMITS.items()
    ]
    return [*lines, f"verdict: {'holds' if not over else 'does not hold: ' + ', '.join(over)}"]


class _Unheard(Recorder):
    """Millions of exchanges are not held against descriptions: that is what stories are for."""

    def exchange(self, *_: object) -> None:
        return

    def delivery(self, event: str, payload: object) -> None:
        return


def _figures(found: Soaked) -> dict[str, Number]:
    settled = found.settled_samples
    if len(settled) < 5:
        raise WentWrong("The last life was too short to judge growth by; give it more minutes.")
    lags = sorted(each.lag for each in found.samples)
    return {
        "seconds": round(found.seconds), "deliveries": found.sent, "rate": round(found.sent / found.seconds, 1),
        "lost_on_the_way": found.lost, "doubled": found.doubled, "restarts": found.restarts,
        "plans": found.plans, "commands": found.commands,
        "missing": len(found.missing), "unhandled": found.unhandled, "failed": found.failed,
        "unanswered": found.unanswered, "errors_logged": len(found.errors),
        "rss_mb_first": settled[0].rss_mb, "rss_mb_last": settled[-1].rss_mb,
        "rss_growth_mb_per_hour": round(slope([(each.at, each.rss_mb) for each in settled]) * 3600, 2),
        "files_growth_per_hour": round(slope([(each.at, each.files) for each in settled]) * 3600, 1),
        "lag_seconds_median": round(lags[len(lags) // 2], 2), "lag_seconds_max": round(lags[-1], 2),
        "lag_growth_seconds_per_hour": round(slope([(each.at, each.lag) for each in settled]) * 3600, 2),
        "database_mb": round(found.database_mb, 1),
    }  # fmt: skip
