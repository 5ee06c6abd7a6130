"""From one repository to many: how soon a gate is green, what a pull request costs in API calls, how the bot grows.

The real process (`python -m bot serve`), with its pacing of the API as it is set by default, meets a GitHub on this
machine. Each repository has a pull request of a person that names one in a common repository with `Depends-On`; all
wait at the same time, and then those are merged one after the other. gate_p95_seconds: from the answer to the merge
until the check run of who waited is green, in the largest fleet. calls_per_pull_growth: the bot's API calls for each
pull request that waits, from its opening to its green gate, in the largest fleet against that of ten repositories.
gate_cpu_ms: what the bot uses of a processor from such a merge until the gate is green, which says more than seconds do
where others are at work on the machine. rss_mb: of the bot at the end of the largest fleet; rss_growth_mb: more than
with one repository. burst_seconds: until the last gate is green when one merge frees all repositories at once, 50 at
most; GitHub asks for a second between two writes.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median, quantiles
from typing import Any, cast

import uvloop

from benchmarks import Number, Report, Say, WentWrong, machine
from services.sandbox.scenario import AppCredentials
from tests.kit.contract import Recorder
from tests.kit.crash.hosts import free_port
from tests.kit.crash.process import Process
from tests.kit.sandbox import GitHub, running_github

OPTIONS = {"most": (200, "repositories in the largest fleet"), "merges": (60, "merges that are timed in each fleet")}
LIMITS: dict[str, Number] = {"gate_p95_seconds": 2.0, "calls_per_pull_growth": 1.1}
SECRET = "a secret between GitHub and the bot"
COMMON = "acme/common"
BURST = 50
"""Repositories that one merge frees: of more, an hour's budget of calls would not be enough for both parts."""
PATIENCE = 1_800.0


class _Calls:
    """Counts what the bot asks; people have tokens of another kind."""

    def __init__(self) -> None:
        self.of_bot = 0

    def exchange(
        self, method: str, path: str, req_headers: Mapping[str, str], body: bytes, status: int, *_: object
    ) -> None:
        secret = {name.lower(): value for name, value in req_headers.items()}.get("authorization", "")
        self.of_bot += "ghp_" not in secret and "/info/refs" not in path

    def delivery(self, *_: object) -> None:
        return


def measure(say: Say, *, most: int, merges: int) -> Report:
    """Each size in a world and a process of its own."""
    found = {size: uvloop.run(_fleet(size, merges, say)) for size in sorted({1, 10, min(50, most), most})}
    largest, one, ten = found[most], found[1], found[min(10, most)]
    figures: dict[str, Number] = {
        "gate_p95_seconds": largest["p95"],
        "gate_median_seconds": largest["median"],
        "gate_cpu_ms": largest["cpu"],
        "calls_per_pull_growth": round(largest["calls"] / ten["calls"], 2),
        "rss_mb": largest["rss"],
        "rss_growth_mb": round(largest["rss"] - one["rss"], 1),
        "burst_seconds": largest["burst"],
    }
    for size, each in found.items():
        figures |= {
            f"calls_per_pull_{size}": each["calls"],
            f"gate_p95_seconds_{size}": each["p95"],
            f"gate_cpu_ms_{size}": each["cpu"],
        }
    return Report(name="scale", figures=figures, peers={"limit": LIMITS}, conditions=machine() | {"repositories": most})


async def _fleet(size: int, merges: int, say: Say) -> dict[str, float]:
    calls = _Calls()
    with tempfile.TemporaryDirectory(prefix="lockstep-scale-") as folder:
        async with running_github(Path(folder) / "github", cast("Recorder", calls)) as hub:
            app = await hub.do(_stage, hub, size)
            port = free_port()
            await hub.listens(app, f"http://127.0.0.1:{port}/webhook")
            bot = Process(("serve",), _settings(hub, app, Path(folder), port), Path(folder) / "log")
            await bot.start()
            try:
                async with asyncio.timeout(PATIENCE):
                    await bot.up.wait()
                    found = await _Fleet(hub, calls, size, bot.pid).measured(merges)
                found["rss"] = _rss_mb(bot.pid)
            except TimeoutError:
                raise WentWrong(f"{size} repositories were not done after {PATIENCE:g} s") from None
            finally:
                await bot.stop()
    said = f"{found['calls']} calls each, gate p95 {found['p95']} s, burst {found['burst']} s, {found['rss']} MB"
    say(f"{size} repositories: {said}, {found['cpu']} ms of a processor for each merge")
    return found


def _stage(hub: GitHub, size: int) -> AppCredentials:
    stage = hub.scenario
    for name in (COMMON, *(f"acme/r{number}" for number in range(size))):
        stage.collaborator(stage.repo(name, {"README.md": "# A repository\n"}), "bob", "write")
    app = stage.app("lockstep", webhook_secret=SECRET)
    stage.install(app, "acme")
    return app


def _settings(hub: GitHub, app: AppCredentials, folder: Path, port: int) -> dict[str, str]:
    return {
        "LOCKSTEP_APP_ID": str(app.app_id),
        "LOCKSTEP_PRIVATE_KEY": app.private_key,
        "LOCKSTEP_WEBHOOK_SECRET": SECRET,
        "LOCKSTEP_GITHUB_API_URL": hub.url,
        "LOCKSTEP_GITHUB_URL": hub.url,
        "LOCKSTEP_DATA_DIR": str(folder / "data"),
        "LOCKSTEP_PORT": str(port),
        "LOCKSTEP_SANDBOX": "none",
    }


class _Fleet:
    """gates: (repository, head) -> whether its gate is green."""

    def __init__(self, hub: GitHub, calls: _Calls, size: int, pid: int) -> None:
        self._hub, self._calls, self._size, self._pid = hub, calls, size, pid
        self._heard = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._heard.set)

        hub.sandbox.on_event.append(wake)

    async def measured(self, merges: int) -> dict[str, float]:
        first = [await self._pair(number) for number in range(self._size)]
        await self._all([head for _, head in first], "in_progress")
        taken, before = [], _cpu_ms(self._pid)
        for number, head in first[:merges]:
            taken.append(await self._merge(number, [head]))
        used = (_cpu_ms(self._pid) - before) / len(taken)
        for number, head in first[merges:]:
            await self._merge(number, [head])
        calls = self._calls.of_bot / self._size
        burst = await self._burst()
        p95 = quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
        return {
            "median": round(median(taken), 3), "p95": round(p95, 3), "calls": round(calls, 1), "burst": burst,
            "cpu": round(used, 1),
        }  # fmt: skip

    async def _burst(self) -> float:
        """One merge, and all that wait for it."""
        number, _ = await self._open(COMMON, "all", "Needed by all.")
        body = f"Depends-On: {COMMON}#{number}"
        heads = [(await self._open(f"acme/r{each}", "other", body))[1] for each in range(min(self._size, BURST))]
        await self._all(heads, "in_progress")
        return round(await self._merge(number, heads), 2)

    async def _pair(self, number: int) -> tuple[int, str]:
        """The number of a need, and the head of who waits for it."""
        need, _ = await self._open(COMMON, f"need-{number}", "Needed.")
        _, head = await self._open(f"acme/r{number}", "waits", f"Depends-On: {COMMON}#{need}")
        return need, head

    async def _open(self, repo: str, branch: str, body: str) -> tuple[int, str]:
        hub = self._hub
        record = hub.sandbox.repo_named(repo)
        assert record is not None
        files = {f"{branch}.txt": f"{repo}\n"}  # else heads would be the same
        await hub.do(lambda: hub.scenario.commit(record, files, "A change", branch=branch, login="bob"))
        asked = {"title": branch, "head": branch, "base": "main", "body": body}
        made: Any = await hub.ok("POST", f"/repos/{repo}/pulls", asked, who="bob")
        return made["number"], made["head"]["sha"]

    async def _merge(self, number: int, heads: list[str]) -> float:
        await self._hub.ok("PUT", f"/repos/{COMMON}/pulls/{number}/merge", {}, who="bob")
        began = time.monotonic()
        await self._all(heads, "success")
        return time.monotonic() - began

    async def _all(self, heads: list[str], wanted: str) -> None:
        left = set(heads)

        def stand() -> set[str]:
            rows = list(self._hub.sandbox.state.check_runs.values())
            return {row.head_sha for row in rows if (row.conclusion or row.status) == wanted}

        while left := left - await self._hub.do(stand):
            await self._heard.wait()
            self._heard.clear()


def _rss_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def _cpu_ms(pid: int) -> float:
    """What the process has used of a processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
