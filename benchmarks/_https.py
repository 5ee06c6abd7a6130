"""A GitHub for benchmarks of clients: HTTP/2 and HTTP/1.1 over TLS on 127.0.0.1, in a process of its own.

nginx where it is installed, because it takes little of the machine beside the client that is measured; hypercorn else.
Both answer the same issue whatever its number, packed or not as the client asks, and write down for every call from
which connection it came.
"""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks import MissingData, WentWrong
from tests.kit.tls import identity

EXPIRES = "2999-01-01T00:00:00Z"
TOKEN = json.dumps({"token": "ghs_" + "x" * 400, "expires_at": EXPIRES})
INSTALLATION = json.dumps({"id": 7, "app_id": 1, "account": {"login": "acme"}, "permissions": {"issues": "write"}})
PATIENCE = 20.0
PLACES = "/usr/sbin:/usr/local/sbin"

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  log_format line '$remote_addr:$remote_port $http_user_agent';
  access_log {folder}/access.log line;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  gzip on; gzip_types application/json; gzip_comp_level 1; default_type application/json;
  keepalive_requests 1000000; keepalive_timeout 600s;
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=512;
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    location = / {{ return 200 '{{}}'; }}
    location /app/installations/ {{ return 201 '{token}'; }}
    location = /repos/acme/api/installation {{ return 200 '{installation}'; }}
    location /repos/acme/api/issues/ {{ try_files /issue.json =404; root {folder}; }}
  }}
}}
"""
HYPERCORN = """
bind = "127.0.0.1:{port}"
certfile = "{folder}/chain.pem"
keyfile = "{folder}/key.pem"
backlog = 512
keep_alive_max_requests = 1000000
keep_alive_timeout = 600
workers = 0
"""


def issue() -> bytes:
    """An issue of about 6 kB, as GitHub's answers are."""
    user = {"login": "octocat", "id": 1, "node_id": "MDQ6VXNlcjE=", "type": "User", "site_admin": False}
    links = {f"{name}_url": f"https://api.github.test/users/octocat/{name}" for name in ("repos", "events", "gists")}
    times = dict.fromkeys(("created_at", "updated_at"), "2026-03-01T09:30:00Z")
    shown: dict[str, Any] = {
        "id": 1, "node_id": "I_1", "number": 1, "title": "Serve the currency", "state": "open", "comments": 3,
        "user": user | links, "labels": [{"id": n, "name": f"label-{n}", "color": "ff0000"} for n in range(8)],
        "assignees": [user | links for _ in range(4)], "html_url": "https://github.test/acme/api/issues/1",
        "body": "- [ ] **task** Do what is to be done, and say so (acme/api)\n" * 60,
    }  # fmt: skip
    return json.dumps(shown | times).encode()


class Https:
    """url, of the running server; what it is called; `connections` counts those from which an agent has called."""

    def __init__(self, url: str, name: str, log: Path) -> None:
        self.url = url
        self.name = name
        self._log = log

    def connections(self, agent: str) -> int:
        """agent: how the name of the client begins, as it gives it to the server."""
        lines = (line.partition(" ") for line in self._log.read_text().splitlines())
        return len({peer for peer, _, told in lines if told.startswith(agent)})


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Https]:
    """MissingData when neither server is installed."""
    identity().write(folder)
    (folder / "issue.json").write_bytes(issue())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command, name = _nginx(folder, port) or _hypercorn(folder, port)
    log = folder / ("access.log" if name.startswith("nginx") else "server.log")
    with (folder / "server.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(process, port, folder / "server.log")
        yield Https(f"https://localhost:{port}", name, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_nginx() -> str | None:
    """Its path; on Debian it is not where other people's programs are."""
    return shutil.which("nginx") or shutil.which("nginx", path=PLACES)


def _nginx(folder: Path, port: int) -> tuple[list[str], str] | None:
    found = find_nginx()
    if not found:
        return None
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, token=TOKEN, installation=INSTALLATION))
    told = subprocess.run([found, "-v"], capture_output=True, text=True, check=False).stderr
    return [found, "-p", str(folder), "-c", str(folder / "nginx.conf")], told.rpartition(": ")[2].strip() or "nginx"


def _hypercorn(folder: Path, port: int) -> tuple[list[str], str]:
    try:
        version = metadata.version("hypercorn")
    except metadata.PackageNotFoundError:
        fix = "install nginx, or Lockstep with its extra: pip install '.[bench]'"
        raise MissingData(f"a server that speaks HTTP/2 is needed; {fix}.") from None
    (folder / "hypercorn.toml").write_text(HYPERCORN.format(folder=folder, port=port))
    command = [
        sys.executable,
        "-m",
        "hypercorn",
        "--config",
        str(folder / "hypercorn.toml"),
        "benchmarks._https_app:app",
    ]
    return command, f"hypercorn/{version}"


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    lines = log.read_text().strip().splitlines() or ["it said nothing"]
    raise WentWrong(f"the server did not begin to listen: {lines[-1]}")
