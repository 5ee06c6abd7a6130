"""How fast webhooks are taken, beside Probot and a bot as gidgethub's documentation writes it.

Ours has each delivery on the disk (fsync) before it answers 202; the peers answer after their handler, which is empty,
and keep nothing. What is compared is the door: nothing is handled behind ours, either. Eight real payloads of
@octokit/webhooks-examples, signed, a fresh delivery id each; server and sender each on a processor of its own where
there are two; all three take their turn in every round.

vs_probot, vs_gidgethub: deliveries a second at 64 connections, ours over theirs; median of the rounds.  cpu_vs_probot:
processor time for one delivery, ours over Probot's.  p99_ms_64, p99_ms_4: of ours.  cold_start_vs_probot: from start to
the first answer of `python -m bot serve`, on a database that is there.  rss_vs_probot: memory of both some seconds
later, when everything is up, and each has asked GitHub once who it is, as each bot does before it can do anything.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import MissingData, Number, Report, Say, WentWrong, machine
from benchmarks._load import requests

OPTIONS = {"rounds": (5, "rounds, at least 5"), "seconds": (3, "of one turn")}
LIMITS: dict[str, Number] = {
    "vs_probot": 2, "vs_gidgethub": 1.5, "cpu_vs_probot": 0.5, "p99_ms_64": 50, "p99_ms_4": 10,
    "cold_start_vs_probot": 1.1, "rss_vs_probot": 0.9,
}  # fmt: skip
PROBOT = "14.3.2"
SECRET = "a secret of the benchmark's"
HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "tests" / "contract" / "data" / "webhook_examples.json.gz"
TICKS = os.sysconf("SC_CLK_TCK")
WARM = 1.0
SETTLE = 3.0
"""Seconds until memory is looked at."""


def measure(say: Say, *, rounds: int, seconds: int) -> Report:
    """All three, round by round; then starts and memory."""
    peers = Path(tempfile.gettempdir()) / "lockstep-peers"
    if shutil.which("node") is None or not (peers / "node_modules" / "probot").is_dir():
        raise MissingData(f"Probot is not here: npm install --prefix {peers} probot@{PROBOT}")
    with tempfile.TemporaryDirectory(prefix="lockstep-ingest-") as folder:
        place = _Place(Path(folder), peers)
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in place.servers}
        for number in range(max(5, rounds)):
            for name in place.servers:
                with place.running(name) as (pid, port):
                    place.load(port, 64, WARM)
                    taken[name].append(_turn(place, pid, port, 64, seconds))
            said = ", ".join(f"{name} {turns[-1]['rate']:.0f}/s" for name, turns in taken.items())
            say(f"round {number + 1} of {max(5, rounds)}: {said}")
        four: dict[str, list[float]] = {name: [] for name in place.servers}
        for _ in range(max(5, rounds)):
            for name in place.servers:
                with place.running(name) as (pid, port):
                    place.load(port, 4, WARM)
                    four[name].append(_turn(place, pid, port, 4, 2)["p99_ms"])
        starts: dict[str, list[tuple[float, float]]] = {"ours": [], "probot": []}
        with _hub() as place.api:
            place.start("serve", 0.0)  # makes its database, which is made once
            for _ in range(5):
                for name, found in starts.items():
                    found.append(place.start("serve" if name == "ours" else name, SETTLE))
        say("starts: " + ", ".join(f"{name} {median(s for s, _ in found):.2f} s" for name, found in starts.items()))
    return _report(taken, four, starts)


def _report(
    taken: dict[str, list[dict[str, float]]],
    four: dict[str, list[float]],
    starts: dict[str, list[tuple[float, float]]],
) -> Report:
    def ratio(key: str, other: str) -> float:
        pairs = zip(taken["ours"], taken[other], strict=True)
        return round(median(mine[key] / theirs[key] for mine, theirs in pairs), 2)

    def of(name: str, key: str) -> float:
        return round(median(turn[key] for turn in taken[name]), 1)

    colds, memories = ({name: median(each[at] for each in found) for name, found in starts.items()} for at in (0, 1))
    figures: dict[str, Number] = {
        "vs_probot": ratio("rate", "probot"), "vs_gidgethub": ratio("rate", "gidgethub"),
        "cpu_vs_probot": ratio("cpu_us", "probot"), "p99_ms_64": of("ours", "p99_ms"),
        "p99_ms_4": round(median(four["ours"]), 1),
        "cold_start_vs_probot": round(colds["ours"] / colds["probot"], 2),
        "rss_vs_probot": round(memories["ours"] / memories["probot"], 2),
        "rate": of("ours", "rate"), "cpu_us": of("ours", "cpu_us"), "rss_mb": round(memories["ours"], 1),
        "cold_start_seconds": round(colds["ours"], 2), "wrong": sum(turn["wrong"] for turn in taken["ours"]),
    }  # fmt: skip
    peers: dict[str, dict[str, Number]] = {
        name: {"rate": of(name, "rate"), "cpu_us": of(name, "cpu_us"), "p99_ms_64": of(name, "p99_ms"),
               "p99_ms_4": round(median(four[name]), 1), "wrong": sum(turn["wrong"] for turn in taken[name])}
        for name in ("probot", "gidgethub")
    }  # fmt: skip
    peers["probot"] |= {"rss_mb": round(memories["probot"], 1), "cold_start_seconds": round(colds["probot"], 2)}
    return Report(name="ingest", figures=figures, peers={"limit": LIMITS} | peers, conditions=machine())


class _Place:
    """Where the servers live, and how each is started."""

    servers = ("ours", "probot", "gidgethub")

    def __init__(self, folder: Path, peers: Path) -> None:
        self._folder, self._peers, self._count = folder, peers, 0
        self.api = ""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        kind = serialization.PrivateFormat.TraditionalOpenSSL
        pem = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
        self._key = folder / "key.pem"
        self._key.write_bytes(pem)

    def _command(self, name: str, port: int) -> tuple[list[str], Path, dict[str, str]]:
        self._count += name == "ours"
        data = self._folder / ("serve" if name == "serve" else f"data-{self._count}")
        data.mkdir(exist_ok=True)
        python = [sys.executable, "-m"]
        if name == "probot":
            script = str(HERE / "_ingest_probot.mjs")
            more = [self.api] if self.api else []
            return ["node", script, SECRET, str(port), str(self._key), *more], self._peers, {"NODE_ENV": "production"}
        if name == "gidgethub":
            return [*python, "benchmarks._ingest_gidgethub", SECRET, str(port)], HERE.parent, {}
        if name == "ours":
            return [*python, "benchmarks._ingest_ours", str(data), SECRET, str(port)], HERE.parent, {}
        settings = {
            "APP_ID": "1", "PRIVATE_KEY": str(self._key), "WEBHOOK_SECRET": SECRET, "PORT": str(port),
            "DATA_DIR": str(data), "SANDBOX": "none", "GITHUB_API_URL": self.api, "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        return [*python, "bot", "serve"], HERE.parent, {f"LOCKSTEP_{key}": value for key, value in settings.items()}

    @contextmanager
    def running(self, name: str, *, pinned: bool = True) -> Iterator[tuple[int, int]]:
        """(pid, port) of a server that answers, on the first processor; or on any."""
        port = free_port()
        command, folder, more = self._command(name, port)
        env = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "PYTHONPATH": str(HERE.parent)} | more
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            if pinned and (os.cpu_count() or 1) > 1:
                os.sched_setaffinity(process.pid, {0})
            wait_for(process, port, name)
            yield process.pid, port
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def load(self, port: int, connections: int, seconds: float) -> dict[str, float]:
        """What the sender says, on the last processor."""
        command = [sys.executable, "-m", "benchmarks._load", str(port), str(connections), str(seconds), SECRET]
        sender = subprocess.Popen([*command, str(EXAMPLES)], cwd=HERE.parent, stdout=subprocess.PIPE)
        if (cpus := os.cpu_count() or 1) > 1:
            os.sched_setaffinity(sender.pid, {cpus - 1})
        said = sender.communicate()[0]
        if sender.returncode:
            raise WentWrong("the sender has failed")
        return dict(json.loads(said))

    def start(self, name: str, settle: float) -> tuple[float, float]:
        """(seconds until the first answer, MB so many seconds later)."""
        began = time.perf_counter()
        with self.running(name, pinned=False) as (pid, _):
            took = time.perf_counter() - began
            time.sleep(settle)
            return took, _rss(pid)


@contextmanager
def _hub() -> Iterator[str]:
    """An API that knows everybody and has nothing to say."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"[]" if "deliveries" in self.path else b'{"id": 1, "slug": "bot", "name": "Bot"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _turn(place: _Place, pid: int, port: int, connections: int, seconds: float) -> dict[str, float]:
    before = _cpu(pid)
    said = place.load(port, connections, seconds)
    used = _cpu(pid) - before
    answered = max(said["answered"], 1)
    return {
        "rate": answered / seconds,
        "cpu_us": used / answered * 1e6,
        "p99_ms": said["p99_ms"],
        "wrong": said["wrong"],
    }


def wait_for(process: "subprocess.Popen[bytes]", port: int, name: str) -> None:
    """Until a signed delivery is answered."""
    before, after = requests(SECRET, EXAMPLES)[0]
    until = time.perf_counter() + 60
    while time.perf_counter() < until:
        if process.poll() is not None:
            raise WentWrong(f"{name} did not start")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                sock.sendall(before + f"first-{port}".encode() + after)
                answer = sock.recv(4096)
            if answer.startswith((b"HTTP/1.1 202", b"HTTP/1.1 200")):
                return
            raise WentWrong(f"{name} answers {answer[:40]!r}")
        except OSError:
            time.sleep(0.005)
    raise WentWrong(f"{name} did not answer")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _cpu(pid: int) -> float:
    """Seconds of processor time, of all its threads."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def _rss(pid: int) -> float:
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
