"""What 10,000 tasks in review cost while they wait for webhooks, and how quickly one of them goes on.

The store is filled by the real driver; then the real process (`python -m bot serve`) runs on it, against a GitHub on
this machine that shows 10,000 open pull requests. idle_cpu_percent: of one core, over 10 s in which nothing happens.
wake_ms: a check has passed; from the moment at which its delivery came in (before it is committed, so this holds its
fsync too) to the decision to merge, which reads the checks anew: both moments stand in the store.
wake_ms_after_answer: the same from the 202 on, which says that the delivery is committed. All others wait meanwhile,
and what the delivery before led to is over; wake_busy_ms_after_answer: it is not, as the next one comes as soon as a
merge was asked for, whose end is still to be stored, told and tidied up. wake_failed_ms: a check has failed, and before
it is decided what to do its log is read, what it says about lines, and how the base stands.
restart_seconds: from the start of a process after kill -9 to the decision for a delivery that came as soon as it
listened, median of 5. looked_seconds: until every pull request has been looked at again, because an event about it may
have been lost.
"""

import asyncio
import hmac
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import aiohttp
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import Number, Report, Say, WentWrong, machine
from benchmarks._parked import APP, HOME, ParkedGitHub, fill, head, repo_of
from benchmarks.engine import quiet
from tests.kit.crash.hosts import free_port
from tests.kit.crash.process import Process
from tests.kit.processes import cpu_seconds

OPTIONS = {"runs": (200, "runs that wait"), "tasks": (50, "tasks of each run"), "wakes": (300, "deliveries")}
LIMITS: dict[str, Number] = {"idle_cpu_percent": 0, "wake_ms_after_answer_median": 5.0, "restart_seconds": 2.0}
SECRET = "a secret between GitHub and the bot"
IDLE_SECONDS = 10.0
SETTLING = 25.0
SILENCE = 0.05
PATIENCE = 600.0
RESTARTS = 5


def measure(say: Say, *, runs: int, tasks: int, wakes: int) -> Report:
    """Fill, start, rest, wake, kill and start again."""
    with tempfile.TemporaryDirectory(prefix="lockstep-waiting-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        began = time.monotonic()
        quiet()
        uvloop.run(fill(data / "lockstep.sqlite", runs, tasks))
        say(f"{runs * tasks} tasks are in review after {time.monotonic() - began:.1f} s")
        figures = uvloop.run(_Measured(data, runs, tasks, say).all(wakes))
    return Report(
        name="waiting",
        figures={"parked": runs * tasks, **figures},
        peers={"limit": LIMITS},
        conditions=machine() | {"runs": runs},
    )


class _Measured:
    def __init__(self, data: Path, runs: int, tasks: int, say: Say) -> None:
        self._data = data
        self._say = say
        self._github = ParkedGitHub()
        self._github.expected = runs * tasks
        self._left = [(run, task) for run in range(runs) for task in range(1, tasks + 1)]
        random.Random(1).shuffle(self._left)
        self._port = free_port()
        self._bot: Process | None = None

    async def all(self, wakes: int) -> dict[str, Number]:
        await self._github.open()
        self._bot = bot = Process(("serve",), self._settings(), self._data.parent / "bot.log")
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
                figures = await self._start(bot)
                figures |= await self._rest(bot)
                figures |= await self._wake(session, wakes)
                figures |= await self._restart(session, bot)
                return figures
        except TimeoutError:
            raise WentWrong(f"it was not over after {PATIENCE:g} s") from None
        finally:
            await bot.stop()
            await self._github.close()

    async def _start(self, bot: Process) -> dict[str, Number]:
        began = time.monotonic()
        await bot.start()
        await bot.up.wait()
        listening = time.monotonic() - began
        await self._github.all_looked.wait()
        looked = time.monotonic() - began
        self._say(f"listening after {listening:.2f} s, looked at all after {looked:.1f} s")
        return {"listening_seconds": round(listening, 2), "looked_seconds": round(looked, 1)}

    async def _rest(self, bot: Process) -> dict[str, Number]:
        await asyncio.sleep(SETTLING)  # the last look is decided, and shown in the comments
        before, began = cpu_seconds(bot.pid), time.monotonic()
        await asyncio.sleep(IDLE_SECONDS)
        used = (cpu_seconds(bot.pid) - before) / (time.monotonic() - began) * 100
        self._say(f"idle: {used:.2f} % of a core, {_rss_mb(bot.pid)} MB")
        return {"idle_cpu_percent": round(used, 2), "rss_mb": _rss_mb(bot.pid)}

    async def _wake(self, session: aiohttp.ClientSession, wakes: int) -> dict[str, Number]:
        _, busy = self._delays([await self._one(session, silence=0.0) for _ in range(wakes // 2)])
        came, answered = self._delays([await self._one(session) for _ in range(wakes)])
        failed, _ = self._delays([await self._one(session, "failure") for _ in range(wakes // 5)])
        self._say(f"woken {median(came):.2f} ms after a delivery came in")
        return {
            "wake_ms_median": round(median(came), 2),
            "wake_ms_p99": round(quantiles(came, n=100)[-1], 2),
            "wake_ms_after_answer_median": round(median(answered), 2),
            "wake_ms_after_answer_p99": round(quantiles(answered, n=100)[-1], 2),
            "wake_busy_ms_after_answer_median": round(median(busy), 2),
            "wake_failed_ms_median": round(median(failed), 2),
        }

    async def _restart(self, session: aiohttp.ClientSession, bot: Process) -> dict[str, Number]:
        took, delays = [], []
        for _ in range(RESTARTS):
            await bot.kill(alone=False)
            began = time.time()
            await bot.start()
            await bot.up.wait()
            woken = await self._one(session, silence=0.0)
            took.append(self._decided(woken[0]) - began)
            delays.append(self._delays([woken])[0][0])
        self._say(f"back {median(took):.2f} s after a start")
        return {"restart_seconds": round(median(took), 2), "wake_ms_while_looking": round(median(delays), 1)}

    async def _one(
        self, session: aiohttp.ClientSession, came: str = "success", *, silence: float = SILENCE
    ) -> tuple[str, float]:
        """One task's check ends; its delivery's GUID and the moment of the answer, once the bot has acted on it.
        silence: seconds before it in which the bot asked GitHub nothing.
        """
        while (rest := self._github.asked_at + silence - time.monotonic()) > 0:  # noqa: ASYNC110  # silence is no event
            await asyncio.sleep(rest)
        run, task = self._left.pop()
        sha = head(run, task)
        github = self._github
        (github.failing if came == "failure" else github.passing).add(sha)
        guid = f"{run}-{task}"
        body = json.dumps(
            {
                "action": "completed",
                "check_suite": {
                    "id": 1, "head_sha": sha, "status": "completed", "conclusion": came, "app": {"id": 2},
                },
                "repository": {"full_name": repo_of(run)},
                "sender": {"login": "github-actions[bot]"},
                "installation": {"id": 7},
            }
        ).encode()  # fmt: skip
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "check_suite",
            "X-GitHub-Delivery": guid,
            "X-GitHub-Hook-ID": "1",
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest(),
        }
        url = f"http://127.0.0.1:{self._port}/webhook"
        async with session.post(url, data=body, headers=headers) as answer:
            answered = time.time()
            if answer.status != 202:
                raise WentWrong(f"a delivery was answered with {answer.status}")
        acted, told = (github.merged, (run, task)) if came == "success" else (github.labelled, (run, 10_000 + task))
        while await acted.get() != told:
            pass
        return guid, answered

    def _delays(self, woken: Sequence[tuple[str, float]]) -> tuple[list[float], list[float]]:
        """Milliseconds to the decision, from coming in and from the answer."""
        came = [(self._decided(guid) - self._came(guid)) * 1e3 for guid, _ in woken]
        return came, [(self._decided(guid) - answered) * 1e3 for guid, answered in woken]

    def _came(self, guid: str) -> float:
        return self._moment("SELECT received_at FROM inbox WHERE guid = ?", guid)

    def _decided(self, guid: str) -> float:
        run, _, task = guid.partition("-")
        run_id = f"{HOME}-{int(run) + 1}-r1"
        merge = f"{run_id}/t{task}/1/merge/{head(int(run), int(task))}"
        query = (
            "SELECT created_at FROM outbox WHERE key = ? UNION ALL"
            " SELECT min(at) FROM event WHERE run_id = ? AND task = ? AND kind IN ('broke', 'handed', 'mending')"
        )
        return self._moment(query, merge, run_id, f"t{task}")

    def _moment(self, query: str, *values: str) -> float:
        connection = sqlite3.connect(f"file:{self._data / 'lockstep.sqlite'}?mode=ro", uri=True)
        try:
            row = connection.execute(query, values).fetchone()
        finally:
            connection.close()
        return datetime.fromisoformat(row[0]).timestamp()

    def _settings(self) -> dict[str, str]:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        return {
            "LOCKSTEP_APP_ID": str(APP),
            "LOCKSTEP_PRIVATE_KEY": pem.decode(),
            "LOCKSTEP_WEBHOOK_SECRET": SECRET,
            "LOCKSTEP_GITHUB_API_URL": self._github.url,
            "LOCKSTEP_GITHUB_URL": self._github.url,
            "LOCKSTEP_DATA_DIR": str(self._data),
            "LOCKSTEP_SANDBOX": "none",
            "LOCKSTEP_API_PACING": "false",  # its own GitHub; a wake's writes would take seconds
            "LOCKSTEP_PORT": str(self._port),
        }


def _rss_mb(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
