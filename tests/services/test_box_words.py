"""Why there is no box, in the words that a person reads in the comment of the task."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from services.agents import bubblewrap, confined, seccomp
from services.agents.box import NONE, Finished
from services.agents.bubblewrap import BubblewrapBox
from services.errors import AgentError


def only(*names: str) -> Callable[..., str | None]:
    return lambda name, **_: f"/usr/bin/{name}" if name in names else None


async def refused(box: BubblewrapBox, files: Path) -> str:
    with pytest.raises(AgentError) as caught:
        await box.run(["true"], files=files, seconds=5)
    return str(caught.value)


async def test_a_tool_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = BubblewrapBox()
    box._root = False
    monkeypatch.setattr(shutil, "which", only("bwrap"))
    assert await refused(box, tmp_path) == "prlimit is not on this machine: install util-linux."
    monkeypatch.setattr(shutil, "which", only("bwrap", "prlimit"))
    box._root = True
    with pytest.raises(AgentError, match="setpriv is not on this machine: install util-linux"):
        box._limits(70_000, NONE)


async def test_what_the_machine_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: bytes) -> None:
        raise OSError(28, "No space left on device")

    box = BubblewrapBox()
    box._root = False
    monkeypatch.setattr(shutil, "which", only("bwrap", "prlimit"))
    monkeypatch.setattr(bubblewrap, "memory_files", full)
    assert await refused(box, tmp_path) == "The box could not be prepared: No space left on device."
    with pytest.raises(AgentError) as caught:
        await bubblewrap._give(tmp_path / "none", 70_000)
    assert str(caught.value).startswith("The files could not be given to the agent's user: ")


def test_a_folder_that_is_in_the_way_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    with pytest.raises(AgentError) as caught:
        bubblewrap._check_passable(closed / "files")
    assert str(caught.value) == (
        f"An agent's user cannot pass through {closed}: `chmod o+x {closed}`, or don't run as root."
    )


async def test_a_box_that_leaks_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async def leaks(*_: object, **__: object) -> Finished:
        return Finished(exit_code=1, timed_out=False, output=b"the network is reachable\n")

    monkeypatch.setattr(BubblewrapBox, "run", leaks)
    assert await BubblewrapBox().probe() == "The box does not hold what it promises: the network is reachable."
    assert (
        snapshot("""\

[ "$(id -u)" = 65534 ] || { echo 'the user inside is not the unprivileged one'; exit 1; }
grep -q '^NoNewPrivs:.*1$' /proc/self/status || { echo 'new privileges are possible'; exit 1; }
grep -q '^CapEff:.*	0*$' /proc/self/status || { echo 'capabilities are left'; exit 1; }
[ "$1" = 0 ] || grep -q '^Seccomp:.*2$' /proc/self/status || { echo 'the system call filter is off'; exit 1; }
[ "$(tail -n +3 /proc/net/dev | grep -vc ' lo:')" = 0 ] || { echo 'there is a network'; exit 1; }
if touch /usr/bin/lockstep-was-here 2>/dev/null; then echo 'the system can be written to'; exit 1; fi
echo fine > here && [ "$(cat here)" = fine ] || { echo 'the files cannot be written to'; exit 1; }
""")
        == bubblewrap._SELF_TEST
    )


@pytest.mark.parametrize(
    ("is_root", "has_filter", "said"),
    [
        (True, True, "a host user of its own for each run, a system call filter."),
        (False, False, "our own host user, no system call filter, for this processor has none."),
    ],
)
def test_what_it_is_is_said(monkeypatch: pytest.MonkeyPatch, is_root: bool, has_filter: bool, said: str) -> None:
    monkeypatch.setattr(seccomp, "available", lambda: has_filter)
    box = BubblewrapBox()
    box._root = is_root
    assert box.describe() == f"bubblewrap: no network, no credentials, only the task's files, {said}"


def test_why_bubblewrap_made_none() -> None:
    assert [confined._why_no_box("setting up uid map: denied", 1), confined._why_no_box("", 7)] == snapshot(
        [
            "bubblewrap may not make a user namespace here (setting up uid map: denied); allow it for /usr/bin/bwrap (on Ubuntu with an AppArmor profile), or use agents that need no box.",
            "The box could not be made: bubblewrap ended with code 7.",
        ]
    )
    assert (
        snapshot("A box could not be watched to its end (that needs Linux 5.3); nothing of it was taken.")
        == confined.NOT_WATCHED
    )
