"""What one read of GitHub costs in CPU time, from the facade down to the bytes, beside other clients.

Ours is the whole stack: facade, cache (which holds none of the issues asked for), shared flight, governor, credential,
transport, and the typed value at the end; not paced, and nothing shares a call, so that each read is one. The peers
get what they get: aiohttp and httpx2 a session and the JSON of the answer, githubkit its own request with a token, and
the JSON. Every client has one token, asks for the same issue by different numbers, 50 at a time, and takes its turn in
every round; the server (see `_https`) is another process.

stack_cpu_ms: CPU milliseconds of this process, all threads, for one read; median of the rounds.  connections: from
which all calls of a client came, as the server saw them.  hit_us: CPU microseconds for a read that the cache answers.
http1_cpu_ms, http1_connections: our stack where HTTP/2 can't be had.
"""

import asyncio
import gc
import importlib
import itertools
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from statistics import median, quantiles

import aiohttp
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import MissingData, Number, Report, Say, WentWrong, machine
from benchmarks._https import Https, serving
from bot.clock import SystemClock
from bot.loops import LoopTimers
from services.core.admission import Limits
from services.errors import LockstepError
from services.github import GitHub, Network
from services.github.wire import Version
from tests.kit.tls import identity

OPTIONS = {"requests": (500, "reads of one client in one round"), "rounds": (7, "rounds, at least 5")}
CONCURRENCY = 50
FEWEST = 5
HITS = 20_000
LIMITS: dict[str, Number] = {"stack_cpu_ms": 0.6, "hit_us": 10, "connections": 1}
TOKEN = "ghs_" + "x" * 400

Ask = Callable[[int], Awaitable[object]]


def measure(say: Say, *, requests: int, rounds: int) -> Report:
    """All clients, round by round."""
    _need("pyreqwest", "pip install pyreqwest")
    with tempfile.TemporaryDirectory(prefix="lockstep-transports-") as folder, serving(Path(folder)) as server:
        say(f"{server.name} answers; {rounds} rounds of {requests} reads, {CONCURRENCY} at a time")
        try:
            return uvloop.run(_measured(say, server, requests, max(FEWEST, rounds)))
        except LockstepError as error:
            raise WentWrong(str(error)) from None


class _Client:
    """One of those compared; `agent` is how it calls itself."""

    def __init__(self, name: str, agent: str, ask: Ask) -> None:
        self.name = name
        self.agent = agent
        self.ask = ask
        self.cpu_ms: list[float] = []
        self.seconds: list[float] = []
        self.waits: list[float] = []

    async def turn(self, numbers: range) -> None:
        """Ask for every number once."""
        left = iter(numbers)
        gc.collect()
        cpu, began = time.process_time(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(self._worker(left))
        self.cpu_ms.append((time.process_time() - cpu) / len(numbers) * 1e3)
        self.seconds.append(time.perf_counter() - began)

    async def _worker(self, left: Iterator[int]) -> None:
        for number in left:
            began = time.perf_counter()
            await self.ask(number)
            self.waits.append(time.perf_counter() - began)

    def figures(self, server: Https) -> dict[str, Number]:
        return {
            "stack_cpu_ms": round(median(self.cpu_ms), 3),
            "connections": server.connections(self.agent),
            "reads_per_second": round(len(self.waits) / sum(self.seconds)),
            "p99_ms": round(quantiles(self.waits, n=100)[-1] * 1e3, 1),
        }


async def _measured(say: Say, server: Https, requests: int, rounds: int) -> Report:
    async with AsyncExitStack() as stack:
        ours = await _lockstep(stack, server, "2")
        plain = await _lockstep(stack, server, "1")
        clients = [ours, plain, *[await made for made in _peers(stack, server)]]
        numbers = itertools.count(1)
        for client in clients:  # connections, tokens and code are warm
            await client.turn(range(first := next(numbers) * 100_000, first + 100))
            client.cpu_ms, client.seconds, client.waits = [], [], []
        for turn in range(rounds):
            shift = turn % len(clients)
            for client in clients[shift:] + clients[:shift]:
                first = next(numbers) * 100_000
                await client.turn(range(first, first + requests))
            told = ", ".join(f"{client.name} {client.cpu_ms[-1]:.3f}" for client in clients)
            say(f"round {turn + 1} of {rounds}: CPU ms a read: {told}")
        hit_us = await _hits(ours, rounds)
        return _report(server, clients, hit_us, {"requests": requests, "rounds": rounds})


def _report(server: Https, clients: list[_Client], hit_us: float, sizes: dict[str, str | Number]) -> Report:
    ours, plain, *peers = clients
    http1 = plain.figures(server)
    return Report(
        name="transports",
        figures={
            **ours.figures(server),
            "hit_us": round(hit_us, 2),
            "http1_cpu_ms": http1["stack_cpu_ms"],
            "http1_connections": http1["connections"],
        },
        peers={"limit": LIMITS} | {peer.name: peer.figures(server) for peer in peers},
        conditions=machine() | {"server": server.name, "concurrency": CONCURRENCY, "hits": HITS} | sizes,
    )


async def _hits(client: _Client, rounds: int) -> float:
    """CPU microseconds for a read from memory; median of the rounds."""
    await client.ask(1)
    took = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        for _ in range(HITS):
            await client.ask(1)
        took.append((time.process_time() - began) / HITS * 1e6)
    return median(took)


async def _lockstep(stack: AsyncExitStack, server: Https, version: Version) -> _Client:
    network = Network(version=version, connections=CONCURRENCY, ca=identity().ca)
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    limits = Limits(concurrent=CONCURRENCY, is_paced=False)
    github = GitHub(
        server.url, "1", key.decode(), SystemClock(), network=network, timers=LoopTimers(), limits=limits, batch=0
    )
    stack.push_async_callback(github.close)
    github.transport.requester = agent = f"lockstep-http{version}"
    return _Client("ours" if version == "2" else "ours over HTTP/1.1", agent, partial(github.reads.issue, "acme/api"))


def _peers(stack: AsyncExitStack, server: Https) -> list[Awaitable[_Client]]:
    found: list[Awaitable[_Client]] = [_aiohttp(stack, server)]
    for module, make in (("httpx2", _httpx2), ("githubkit", _githubkit)):
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        found.append(make(stack, server))
    return found


async def _aiohttp(stack: AsyncExitStack, server: Https) -> _Client:
    connector = aiohttp.TCPConnector(limit=CONCURRENCY, ssl=_trust())
    headers = {"authorization": f"bearer {TOKEN}", "user-agent": "peer-aiohttp"}
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, headers=headers))

    async def ask(number: int) -> object:
        async with session.get(f"{server.url}/repos/acme/api/issues/{number}") as answer:
            answer.raise_for_status()
            return await answer.json()

    return _Client("aiohttp", "peer-aiohttp", ask)


async def _httpx2(stack: AsyncExitStack, server: Https) -> _Client:
    import httpx2

    headers = {"authorization": f"bearer {TOKEN}", "user-agent": "peer-httpx2"}
    client = await stack.enter_async_context(httpx2.AsyncClient(http2=True, verify=_trust(), headers=headers))

    async def ask(number: int) -> object:
        answer = await client.get(f"{server.url}/repos/acme/api/issues/{number}")
        return answer.raise_for_status().json()

    return _Client("httpx2", "peer-httpx2", ask)


async def _githubkit(stack: AsyncExitStack, server: Https) -> _Client:
    import githubkit

    client = githubkit.GitHub(
        TOKEN, base_url=server.url, user_agent="peer-githubkit", ssl_verify=_trust(), http_cache=False, auto_retry=False
    )
    client = await stack.enter_async_context(client)

    async def ask(number: int) -> object:
        answer = await client.rest.issues.async_get("acme", "api", number)
        return answer.json()

    return _Client("githubkit", "peer-githubkit", ask)


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=identity().ca)


def _need(module: str, fix: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        raise MissingData(f"{module} is not installed: {fix}.") from None
