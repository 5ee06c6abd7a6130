"""Real bare repositories behind `git http-backend` on 127.0.0.1, for the tests of everything that talks git."""

import asyncio
import base64
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

TOKEN = "ghs_canary0123456789abcdefghijklmnop"
_QUIET = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
}
_WHO = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
}


def git(*args: str, cwd: Path, stdin: bytes = b"") -> str:
    """Plain git for arranging and looking, without the machine's configuration."""
    done = subprocess.run(["git", *args], cwd=cwd, env=_QUIET | _WHO, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def _raw(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _data(content: str) -> str:
    return _raw(content.encode()).decode()


@dataclass
class GitHost:
    """The host: `url` to talk to, `root` with the repositories, `seen` = every Authorization header,
    `asked` = every path.

    `on_request` is awaited in the middle of each request, while the client is waiting.
    """

    root: Path
    url: str = ""
    token: str = TOKEN
    seen: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    on_request: Callable[[], Awaitable[None]] | None = None

    def bare(self, repo: str) -> Path:
        return self.root / f"{repo}.git"

    def create(self, repo: str, files: Mapping[str, bytes | str] | None = None, branch: str = "main") -> str:
        """A new repository with one commit; its id."""
        self.bare(repo).mkdir(parents=True)
        git("init", "-q", "--bare", "--template=", "-b", branch, cwd=self.bare(repo))
        return self.commit(repo, {"README.md": "hello\n"} if files is None else files, branch=branch)

    def commit(
        self,
        repo: str,
        files: Mapping[str, bytes | str],
        *,
        branch: str = "main",
        modes: Mapping[str, str] | None = None,
        message: str = "change",
    ) -> str:
        """One more commit on a branch (made when missing), without a work tree, so any content and mode is possible."""
        ref = f"refs/heads/{branch}"
        parts = [f"commit {ref}\ncommitter Ann <ann@example.com> 1770000000 +0000\n{_data(message)}".encode()]
        if self.tip(repo, branch):
            parts.append(f"from {ref}^0\n".encode())
        for path, content in files.items():
            parts.append(f"M {(modes or {}).get(path, '100644')} inline {path}\n".encode())
            parts.append(_data(content).encode() if isinstance(content, str) else _raw(content))
        git("fast-import", "--quiet", cwd=self.bare(repo), stdin=b"".join(parts))
        return self.tip(repo, branch)

    def tip(self, repo: str, branch: str) -> str:
        """The branch's commit id, empty when there is no such branch."""
        path = self.bare(repo) / "refs" / "heads" / branch
        return path.read_text(encoding="ascii").strip() if path.is_file() else ""

    def show(self, repo: str, spec: str) -> str:
        return git("show", spec, cwd=self.bare(repo))

    async def handle(self, request: web.Request) -> web.Response:
        header = request.headers.get("Authorization", "")
        self.seen.append(header)
        self.asked.append(request.path_qs)
        if self.on_request:
            await self.on_request()
        wanted = "Basic " + base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        if header != wanted:
            return web.Response(
                status=401, headers={"WWW-Authenticate": 'Basic realm="git"'}, text=f"bad credentials: {header}"
            )
        return await self._backend(request, await request.read())

    async def _backend(self, request: web.Request, body: bytes) -> web.Response:
        env = _QUIET | {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_VALUE_0": "true",
            "PATH_INFO": request.path,
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "REMOTE_USER": "bot",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        backend = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await backend.communicate(body)
        head, _, content = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        return web.Response(status=status, headers=headers, body=content)


@asynccontextmanager
async def serve_git(root: Path) -> AsyncIterator[GitHost]:
    host = GitHost(root=root)
    app = web.Application(client_max_size=200_000_000)
    app.router.add_route("*", "/{tail:.*}", host.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield host
    finally:
        await runner.cleanup()
