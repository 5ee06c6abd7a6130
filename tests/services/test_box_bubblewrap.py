"""services/agents/bubblewrap.py: attempts to get out of the box, each of which the host watches."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.agents.bounds import takes_more
from services.agents.box import choose_box
from services.agents.bubblewrap import FIRST_SLOT_UID, BubblewrapBox, Caps
from services.agents.log import MAX_LOG
from services.errors import AgentError
from tests.kit.processes import gone, running

WHY_NOT = asyncio.run(BubblewrapBox().probe()) or ""
if "bwrap is not on this machine" in WHY_NOT or "user namespace" in WHY_NOT:
    pytest.skip(WHY_NOT, allow_module_level=True)
pytestmark = pytest.mark.bubblewrap


@pytest.fixture
def box() -> BubblewrapBox:
    return BubblewrapBox()


@pytest.fixture
def ground() -> Iterator[Path]:
    """A directory that the box's user can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="lockstep-test-") as top:
        Path(top).chmod(0o711)
        yield Path(top)


@pytest.fixture
def files(ground: Path) -> Path:
    path = ground / "files"
    path.mkdir(0o700)
    return path


async def sh(box: BubblewrapBox, files: Path, script: str, seconds: float = 20.0) -> str:
    """The output of a shell script in the box, with its exit code as the last word."""
    done = await box.run(["/bin/sh", "-c", script], files=files, seconds=seconds)
    return f"{done.output.decode(errors='replace')}{'time' if done.timed_out else done.exit_code}"


async def python(box: BubblewrapBox, files: Path, script: str, seconds: float = 20.0) -> str:
    done = await box.run(["/usr/bin/python3", "-"], files=files, seconds=seconds, stdin=script.encode())
    return f"{done.output.decode(errors='replace')}{'time' if done.timed_out else done.exit_code}"


def wait_until(true: Callable[[], bool]) -> None:
    """Look until it is so; the test's own time limit ends a wait in vain."""
    while not true():
        pass


def owner_of(path: Path) -> int:
    return path.stat().st_uid


def close(path: Path) -> None:
    path.chmod(0o700)


def starting(argv: list[str]) -> subprocess.Popen[bytes]:
    """A process of ours on the host."""
    return subprocess.Popen(argv, cwd=Path(__file__).parents[2])


async def test_sec_23_the_box_passes_its_own_self_test(box: BubblewrapBox) -> None:
    assert await box.probe() is None
    assert isinstance(await choose_box("bwrap"), BubblewrapBox)


async def test_the_tools_of_the_system_run(box: BubblewrapBox, files: Path) -> None:
    (files / "in.txt").write_text("one\n")
    said = await sh(box, files, "sed -i s/one/two/ in.txt && python3 -c 'print(6 * 7)' && id -un && pwd && echo $HOME")
    assert said == "42\nagent\n/worktree\n/home/agent\n0"
    assert (files / "in.txt").read_text() == "two\n"
    assert (await choose_box("bwrap")).describe().startswith("bubblewrap: no network")


async def test_an_exit_code_comes_back(box: BubblewrapBox, files: Path) -> None:
    assert await sh(box, files, "echo no >&2; exit 7") == "no\n7"
    assert await sh(box, files, "kill -9 $$") == "137"


@pytest.mark.parametrize("command", ["/nonexistent", "--version", "-h"])
async def test_sec_50_a_command_is_never_an_option(box: BubblewrapBox, files: Path, command: str) -> None:
    """bubblewrap says so itself, or the inner prlimit does; either way nothing has run, and it is no success."""
    try:
        done = await box.run([command], files=files, seconds=5)
    except AgentError as error:
        assert command in str(error)  # noqa: PT017
    else:
        assert done.exit_code == 127
        assert command.encode() in done.output


async def test_host_files_are_not_there(box: BubblewrapBox, ground: Path, files: Path) -> None:
    secret = ground / "secret"
    secret.write_text("canary-on-the-host")
    secret.chmod(0o644)
    other = ground / "other-attempt"
    other.mkdir(0o755)
    (other / "file").write_text("canary-of-another")
    script = f"""
cat {secret} {other}/file {__file__} /etc/shadow /etc/hostname
cat /proc/1/root{secret} /proc/1/cwd/../secret
ls /root /var /home/* /run /worktree/..
find / -xdev -name secret 2>/dev/null
echo end
"""
    said = await sh(box, files, script)
    assert "canary" not in said
    assert "root:" not in said
    assert said.endswith("end\n0")


async def test_the_system_cannot_be_written_to(box: BubblewrapBox, files: Path) -> None:
    script = """
exec 2>/dev/null
for f in /x /dev/x /usr/x /etc/x /etc/passwd /usr/bin/sh /proc/sys/kernel/hostname /proc/sysrq-trigger; do
    (echo x > $f) && echo wrote $f
done
mount -t tmpfs x /usr && echo mounted
chown 0:0 . && echo chowned
ln /usr/bin/env linked && echo linked
su -c id && echo su
unshare -U true && echo unshared
bwrap --ro-bind / / true && echo nested
chroot . && echo chroot
echo end
"""
    said = await sh(box, files, script)
    assert said == "end\n0"


async def test_there_is_no_network_and_no_host_socket(box: BubblewrapBox, files: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        name = f"lockstep-test-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        server.setblocking(False)
        abstract.setblocking(False)
        port = server.getsockname()[1]
        said = await python(
            box,
            files,
            f"""
import socket
def connect(family, address):
    with socket.socket(family) as sock:
        sock.settimeout(2)
        try:
            sock.connect(address)
            print("connected", address)
        except OSError:
            pass
connect(socket.AF_INET, ("127.0.0.1", {port}))
connect(socket.AF_INET, ("192.0.2.1", 80))
connect(socket.AF_UNIX, "\\0{name}")
for family, kind in ((16, socket.SOCK_DGRAM), (17, socket.SOCK_RAW), (40, socket.SOCK_STREAM)):
    try:
        socket.socket(family, kind)
        print("made", family)
    except OSError:
        pass
try:
    socket.getaddrinfo("github.com", 443)
    print("resolved")
except OSError:
    pass
print("end")
""",
        )
        assert said == "end\n0"
        for listener in (server, abstract):
            with pytest.raises(BlockingIOError):
                listener.accept()


async def test_nothing_of_our_environment_or_open_files_gets_in(
    box: BubblewrapBox, ground: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_CANARY", "canary-in-the-environment")
    secret = ground / "open"
    secret.write_text("canary-in-a-descriptor")
    with secret.open() as held:
        os.set_inheritable(held.fileno(), True)
        said = await python(
            box,
            files,
            """
import os, pathlib
print(dict(os.environ))
for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
    print(path.read_bytes())
for fd in range(3, 100):
    try:
        print(fd, os.read(fd, 100))
    except OSError:
        pass
print("end")
""",
        )
    assert "canary" not in said
    assert said.endswith("\nend\n0")
    assert not re.search(r"^[0-9]+ b'", said, re.MULTILINE)


async def test_host_processes_cannot_be_seen_or_ended(box: BubblewrapBox, files: Path) -> None:
    victim = starting(["sleep", "33.25"])
    try:
        said = await sh(
            box,
            files,
            f"ps ax | grep -c '33[.]25'; kill -9 {victim.pid} {os.getpid()} 2>/dev/null; kill -9 -1; echo end",
        )
        assert said.startswith("0\n")
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


async def test_a_fork_bomb_ends_at_its_limit(files: Path, box: BubblewrapBox) -> None:
    small = BubblewrapBox(caps=Caps(processes=40))
    said = await python(
        small,
        files,
        """
import os, signal
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            signal.pause()
        children += 1
except OSError:
    pass
print(children, flush=True)
""",
    )
    assert 10 <= int(said.split()[0]) < 40
    assert await sh(small, files, "echo room again") == "room again\n0"


async def test_one_process_cannot_take_all_memory_or_disk(files: Path, box: BubblewrapBox) -> None:
    small = BubblewrapBox(caps=Caps(memory=300 << 20, file_bytes=1 << 20, scratch=1 << 20))
    assert "MemoryError" in await python(small, files, "x = bytearray(400 << 20)")
    said = await sh(
        small, files, "for f in big /tmp/big /dev/shm/big; do head -c 3000000 /dev/zero > $f; done; echo end"
    )
    assert said.endswith("end\n0")
    assert (files / "big").stat().st_size <= 1 << 20


async def test_all_of_a_run_together_cannot_take_all_memory_or_disk(files: Path, box: BubblewrapBox) -> None:
    """Each of its processes, and each of its files, is well within what one alone may take, also what they could share."""
    small = BubblewrapBox(caps=Caps(all_memory=150 << 20, space=30 << 20))
    hoarding = """
import mmap, os, signal
for n in range(4):
    if os.fork() == 0:
        held = b"x" * (60 << 20) if n % 2 else mmap.mmap(-1, 60 << 20)
        for at in range(0, 60 << 20, mmap.PAGESIZE) if n % 2 == 0 else ():
            held[at] = 1
        signal.pause()
signal.pause()
"""
    said = await python(small, files, hoarding)
    assert said.endswith("The run was ended: its processes took more than 150 MiB of memory together.\n137")
    assert await sh(small, files, "echo room again") == "room again\n0"
    filling = "i=0; while :; do head -c 2000000 /dev/urandom > $i; i=$((i+1)); [ $i -lt 40 ] || sleep 0.2; done"
    said = await sh(small, files, f"mkdir deep; cd deep; {filling}")
    assert said.endswith("The run was ended: its files took more than 30 MiB, or are more than 1,000,000.\n137")
    assert await sh(small, files, "rm -r deep; echo fine") == "fine\n0"


def test_what_files_take_is_counted_once_and_what_is_hidden_counts_as_too_much(files: Path) -> None:
    (files / "a").write_bytes(b"x" * 100_000)
    for n in range(5):
        (files / f"link{n}").hardlink_to(files / "a")
    assert not takes_more(files, 150_000, 10)
    assert takes_more(files, 50_000, 10)
    assert takes_more(files, 150_000, 5)
    assert not takes_more(files / "not there", 1, 1)


async def test_time_ends_also_what_ignores_signals_and_has_left_its_session(box: BubblewrapBox, files: Path) -> None:
    script = "trap '' TERM HUP INT; setsid sh -c \"trap '' TERM HUP; sleep 34.25\" & sleep 34.25"
    assert await sh(box, files, script, seconds=0.6) == "time"
    assert await gone("34.25")


async def test_nothing_runs_on_when_the_command_has_ended(box: BubblewrapBox, files: Path) -> None:
    writer = "setsid sh -c 'while :; do date +%N > tick; done' 35.25 > /dev/null 2>&1 &"
    script = f"{writer} while [ ! -s tick ]; do :; done; echo done"
    assert await sh(box, files, script) == "done\n0"
    assert running("35.25") == []


async def test_a_cancelled_run_leaves_nothing(box: BubblewrapBox, files: Path) -> None:
    task = asyncio.create_task(sh(box, files, "touch started; sleep 36.25"))
    await asyncio.to_thread(wait_until, (files / "started").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running("36.25") == []


async def test_when_lockstep_itself_is_killed_the_box_ends(box: BubblewrapBox, files: Path) -> None:
    code = f"""
import asyncio, pathlib
from services.agents.bubblewrap import BubblewrapBox
argv = ["/bin/sh", "-c", "touch up; setsid sleep 37.25 & sleep 37.25"]
asyncio.run(BubblewrapBox().run(argv, files=pathlib.Path({str(files)!r}), seconds=60))
"""
    lockstep = starting([sys.executable, "-c", code])
    await asyncio.to_thread(wait_until, (files / "up").exists)
    lockstep.kill()
    lockstep.wait()
    assert await gone("sleep 37.25")


async def test_a_flood_of_output_is_bounded(box: BubblewrapBox, files: Path) -> None:
    done = await box.run(["/usr/bin/yes"], files=files, seconds=0.7)
    assert done.timed_out
    assert len(done.output) < MAX_LOG + 100


async def test_dangerous_calls_are_denied(box: BubblewrapBox, files: Path) -> None:
    said = await python(
        box,
        files,
        """
import ctypes, fcntl, os, threading
libc = ctypes.CDLL(None, use_errno=True)
calls = {"io_uring_setup": 425, "keyctl": 250, "bpf": 321, "ptrace": 101, "unshare": 272, "userfaultfd": 323}
for name, number in calls.items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0)
    print(name, result, ctypes.get_errno())
thread = threading.Thread(target=print, args=("threads work",))
thread.start()
thread.join()
os.mkfifo("/tmp/pipe")
print("end")
""",
    )
    lines = said.splitlines()
    if "no system call filter" not in box.describe():
        assert lines[:6] == [
            f"{name} -1 1" for name in ("io_uring_setup", "keyctl", "bpf", "ptrace", "unshare", "userfaultfd")
        ]
    assert lines[6:] == ["threads work", "end", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only as root there are host users to become")
async def test_as_root_every_run_is_a_user_of_its_own(box: BubblewrapBox, files: Path) -> None:
    assert await sh(box, files, "touch mine; chmod 4755 mine") == "0"
    owner = owner_of(files / "mine")
    assert FIRST_SLOT_UID <= owner < FIRST_SLOT_UID + 16
    assert owner_of(files) == owner


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
async def test_as_root_a_directory_that_is_in_the_way_is_named(box: BubblewrapBox, ground: Path, files: Path) -> None:
    close(ground)
    with pytest.raises(AgentError, match=f"cannot pass through {ground}: "):
        await box.run(["/bin/true"], files=files, seconds=5)


async def test_more_runs_than_slots_wait_their_turn(ground: Path, box: BubblewrapBox) -> None:
    small = BubblewrapBox(slots=2)
    places = [ground / str(number) for number in range(5)]
    for place in places:
        place.mkdir()
    said = await asyncio.gather(*(sh(small, place, f"echo {place.name}") for place in places))
    assert said == [f"{number}\n0" for number in range(5)]


def test_sec_23_without_user_namespaces_the_probe_says_so(box: BubblewrapBox) -> None:
    code = "from services.agents.bubblewrap import BubblewrapBox as B, asyncio; print(asyncio.run(B().probe()))"
    within = ["bwrap", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000", "--dev-bind", "/", "/"]
    line = [*within, "--", sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert "bubblewrap may not make a user namespace here" in done.stdout, done.stderr
