"""services/agents/box.py, log.py and seccomp.py: choosing a box, the open one, and what is kept of a log."""

import errno
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agents import seccomp
from services.agents.box import OpenBox, choose_box
from services.agents.bubblewrap import BubblewrapBox
from services.agents.log import MAX_LOG, clean_log, last_line
from services.errors import AgentError
from tests.kit.processes import gone


def sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def exists(path: Path) -> bool:
    return path.exists()


async def test_none_gives_the_open_box_and_it_says_what_it_is() -> None:
    box = await choose_box("none")
    assert isinstance(box, OpenBox)
    assert await box.probe() is None
    assert box.describe() == (
        "No sandbox: commands of agents run as ordinary processes and can read and change what this user can."
    )


async def test_sec_23_without_bubblewrap_there_is_no_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_kw: None)
    with pytest.raises(
        AgentError,
        match="bwrap is not on this machine: install bubblewrap, or set `sandbox: none` for an agent you trust",
    ):
        await choose_box("bwrap")
    with pytest.raises(AgentError):
        await BubblewrapBox().run(["true"], files=Path("/"), seconds=1)


async def test_the_open_box_runs_in_the_files_with_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_CANARY", "secret")
    done = await OpenBox().run(
        sh("pwd; env; cat; echo err >&2; touch made"), files=tmp_path, seconds=10, stdin=b"given\n"
    )
    text = done.output.decode()
    assert (done.exit_code, done.timed_out) == (0, False)
    assert text.startswith(f"{tmp_path}\n")
    assert "CANARY" not in text
    assert "given" in text
    assert "err" in text
    assert (tmp_path / "made").exists()


async def test_the_open_box_gives_each_run_a_home_and_takes_it_away(tmp_path: Path) -> None:
    done = await OpenBox().run(sh('echo x > "$HOME/x"; mkdir -p "$HOME/a/b"; echo "$HOME"'), files=tmp_path, seconds=10)
    home = Path(done.output.decode().strip())
    assert home.is_absolute()
    assert not exists(home)


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("nosuchcommand", 127)])
async def test_the_open_box_reports_how_it_ended(tmp_path: Path, script: str, code: int) -> None:
    assert (await OpenBox().run(sh(script), files=tmp_path, seconds=10)).exit_code == code


async def test_the_open_box_ends_the_whole_group_when_time_is_over(tmp_path: Path) -> None:
    done = await OpenBox().run(sh("trap '' TERM; sleep 31.25 & sleep 31.25"), files=tmp_path, seconds=0.3)
    assert done.timed_out
    assert await gone("31.25")


async def test_the_open_box_ends_what_was_left_in_the_background(tmp_path: Path) -> None:
    done = await OpenBox().run(sh("sleep 32.25 & echo done"), files=tmp_path, seconds=10)
    assert (done.exit_code, done.output) == (0, b"done\n")
    assert await gone("32.25")


async def test_a_flood_of_output_is_cut_in_the_middle(tmp_path: Path) -> None:
    done = await OpenBox().run(
        sh("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo last"), files=tmp_path, seconds=20
    )
    assert len(done.output) < MAX_LOG + 100
    assert done.output.startswith(b"first\n")
    assert done.output.endswith(b"last\n")
    assert b"bytes left out" in done.output


async def test_a_command_that_is_not_there_is_an_agent_error(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="The command could not be started: No such file or directory"):
        await OpenBox().run(["/nonexistent"], files=tmp_path, seconds=1)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"\x1b[31mred\x1b[0m", b"red"),
        (b"\x1b]0;title\x07text", b"text"),
        (b"\x1b]52;c;c2VjcmV0\x1b\\text", b"text"),
        (b"\x1b]8;;https://e.example/\x1b\\click\x1b]8;;\x1b\\", b"click"),
        (b"\x1bPq#0\x1b\\after", b"after"),
        (b"a\x08\x08b\x00c\x7f", b"abc"),
        (b"10%\r100%\r\ndone\n", b"10%\n100%\ndone\n"),
        ("\u202eevil\u2066 \u200bx\ufeff".encode(), b"evil x"),
        (b"\xff\xfe ok", "\ufffd\ufffd ok".encode()),
        (b"tab\tand\nline", b"tab\tand\nline"),
        (b"\x1b(B\x1b=ok\x1b", b"ok"),
        ("\x9b31mred".encode(), b"red"),
    ],
)
def test_sec_45_a_log_is_plain_text(raw: bytes, clean: bytes) -> None:
    assert clean_log(raw) == clean


@given(st.binary(max_size=400))
def test_sec_45_no_bytes_get_a_control_character_through(raw: bytes) -> None:
    text = clean_log(raw, 100).decode()
    assert len(text.encode()) <= 100
    assert all(c in "\n\t" or c.isprintable() or c == "\ufffd" or c.isspace() or ord(c) > 0x9F for c in text)
    assert not set(text) & {"\x1b", "\x9b", "\x00", "\r", "\u202e"}


def test_the_end_of_a_long_log_is_kept() -> None:
    assert clean_log("é".encode() * 100 + b"end", 10).decode() == "éééend"
    assert last_line(b"one\n two   three \n\n\t\n") == "two three"
    assert last_line(b"") == ""
    assert last_line(b"x" * 500, 20) == "x" * 19 + "…"


def judge(program: bytes, number: int, arch: int = 0xC000003E, arg0: int = 0, arg1: int = 0) -> int:
    """Run the filter as the kernel would, on one call; its verdict."""
    data = struct.pack("=IIQQQ", number, arch, 0, arg0, arg1)
    steps = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator = at = 0
    while True:
        code, yes, no, value = steps[at]
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
                at += 1
            case 0x15 | 0x35:
                holds = accumulator == value if code == 0x15 else accumulator >= value
                at += 1 + (yes if holds else no)
            case _:
                assert code == 0x06
                return int(value)


ALLOW, KILL, DENY = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM


def test_the_filter_denies_its_list_and_allows_the_rest() -> None:
    program = seccomp.program()
    assert {judge(program, number) for number in seccomp.DENIED.values()} == {DENY}
    rest = set(range(460)) - set(seccomp.DENIED.values()) - {41, 53}
    assert {judge(program, number) for number in rest} == {ALLOW}


@pytest.mark.parametrize(
    ("family", "verdict"), [(1, ALLOW), (2, ALLOW), (10, ALLOW), (16, DENY), (17, DENY), (40, DENY), (38, DENY)]
)
def test_the_filter_lets_through_only_unix_and_ip_sockets(family: int, verdict: int) -> None:
    assert judge(seccomp.program(), 41, arg0=family) == verdict
    assert judge(seccomp.program(), 53, arg0=family) == verdict


@pytest.mark.parametrize(
    ("request_", "verdict"), [(0x5412, DENY), (0x541C, DENY), (0x100005412, DENY), (0x5413, ALLOW)]
)
def test_the_filter_stops_typing_into_a_terminal(request_: int, verdict: int) -> None:
    assert judge(seccomp.program(), 16, arg1=request_) == verdict


def test_the_filter_ends_calls_of_other_architectures() -> None:
    program = seccomp.program()
    assert judge(program, 1, arch=0x40000003) == KILL
    assert judge(program, 0x40000000 + 1) == KILL
