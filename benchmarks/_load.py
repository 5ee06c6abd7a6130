"""Sends webhooks as fast as they are answered: raw sockets, as many at a time as asked for, one delivery on each.

Usage: python -m benchmarks._load PORT CONNECTIONS SECONDS SECRET FILE. Prints JSON: answered, wrong, p50_ms, p99_ms.
"""

import gzip
import hmac
import json
import selectors
import socket
import sys
import time
from pathlib import Path
from statistics import quantiles

EVENTS = ("issue_comment", "pull_request", "check_run", "workflow_run")
EACH = 2


def bodies(file: Path) -> list[tuple[str, bytes]]:
    """Eight real payloads: two of each event."""
    found = {each["name"]: each["examples"] for each in json.loads(gzip.decompress(file.read_bytes()))}
    return [(name, json.dumps(example).encode()) for name in EVENTS for example in found[name][:EACH]]


def requests(secret: str, file: Path) -> list[tuple[bytes, bytes]]:
    """(what stands before the GUID, what stands after it)."""
    made = []
    for event, body in bodies(file):
        signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
        head = (
            "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/1\r\n"
            "Content-Type: application/json\r\n"
            f"X-GitHub-Event: {event}\r\nX-GitHub-Hook-ID: 1\r\nX-Hub-Signature-256: sha256={signature}\r\n"
            f"Content-Length: {len(body)}\r\nX-GitHub-Delivery: "
        )
        made.append((head.encode(), b"\r\n\r\n" + body))
    return made


def main(port: int, connections: int, seconds: float, secret: str, file: Path) -> dict[str, float]:
    made, chosen = requests(secret, file), selectors.DefaultSelector()
    stamp, count, wrong = f"{time.time_ns():x}", 0, 0
    begun: dict[int, float] = {}
    waits: list[float] = []

    def send(sock: socket.socket) -> None:
        nonlocal count
        before, after = made[count % len(made)]
        count += 1
        begun[sock.fileno()] = time.perf_counter()
        sock.setblocking(True)
        sock.sendall(before + f"{stamp}-{count}".encode() + after)
        sock.setblocking(False)

    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen.register(sock, selectors.EVENT_READ)
        send(sock)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in chosen.select(1.0):
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            answer = ready.recv(65536)
            wrong += not answer.startswith((b"HTTP/1.1 202", b"HTTP/1.1 200"))
            waits.append(time.perf_counter() - begun[ready.fileno()])
            if not answer:
                return {"answered": len(waits), "wrong": wrong, "p50_ms": 0.0, "p99_ms": 0.0}
            send(ready)
    cuts = quantiles(waits, n=100) if len(waits) > 1 else [0.0] * 99
    return {"answered": len(waits), "wrong": wrong, "p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}


def until_it_ends(port: int, connections: int, secret: str, file: Path) -> list[str]:
    """Send until the other side is gone; the ids of what was answered with 202."""
    made, chosen = requests(secret, file), selectors.DefaultSelector()
    stamp, count = f"{time.time_ns():x}", 0
    answered: list[str] = []
    sent: dict[int, str] = {}
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    print("begun", flush=True)
    try:
        for sock in socks:
            chosen.register(sock, selectors.EVENT_READ)
        waiting = list(socks)
        while True:
            for sock in waiting:
                before, after = made[count % len(made)]
                count += 1
                sent[sock.fileno()] = f"{stamp}-{count}"
                sock.sendall(before + sent[sock.fileno()].encode() + after)
            waiting = []
            for key, _ in chosen.select(10.0):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                answer = ready.recv(65536)
                if not answer:
                    return answered
                if answer.startswith(b"HTTP/1.1 202"):
                    answered.append(sent[ready.fileno()])
                waiting.append(ready)
    except OSError:  # it was killed
        return answered


if __name__ == "__main__":
    port, connections, seconds, secret, file = sys.argv[1:6]
    if "--until-it-ends" in sys.argv:
        print(json.dumps(until_it_ends(int(port), int(connections), secret, Path(file))))
        sys.exit()
    print(json.dumps(main(int(port), int(connections), float(seconds), secret, Path(file))))
