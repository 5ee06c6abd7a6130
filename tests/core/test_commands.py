"""Which lines of a comment are commands, and which only look like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.commands import MAX_COMMANDS, Command, parse_commands


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/lockstep run", [Command(verb="run")]),
        ("/Lockstep STATUS api", [Command(verb="status", targets=("api",))]),
        ("Thanks!\r\n/lockstep retry failed\r\n", [Command(verb="retry", targets=("failed",))]),
        (
            "@lockstep cancel acme/api#12 why=late",
            [Command(verb="cancel", targets=("acme/api#12",), options={"why": "late"})],
        ),
        ("@lockstep[bot] ping", [Command(verb="ping")]),
        ("/lockstep", [Command(verb="help")]),
        ("/lockstep cancel `api`", [Command(verb="cancel", targets=("api",))]),
        ("/lockstep run\n/lockstep status", [Command(verb="run"), Command(verb="status")]),
    ],
)
def test_commands(body: str, expected: list[Command]) -> None:
    assert list(parse_commands(body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        "please /lockstep run",
        "> /lockstep run",
        "```\n/lockstep run\n```",
        "~~~\n/lockstep run\n~~~",
        "    /lockstep run",
        "`/lockstep run`",
        "- /lockstep run",
        "# /lockstep run",
        "<!-- /lockstep run -->",
        "<!--\n/lockstep run\n-->",
        "<div>\n/lockstep run\n</div>",
        "/lockstepper run",
        "/lock\u200bstep run",
        "`x` /lockstep run",
        "",
    ],
)
def test_what_only_looks_like_a_command(body: str) -> None:
    assert parse_commands(body) == ()


@pytest.mark.parametrize("words", ["<b>", "run a;b", "run $(x)", "run ../x", "run a=`b`", "Ümlaut"])
def test_words_that_cannot_be_read_are_a_problem_and_never_a_target(words: str) -> None:
    (found,) = parse_commands(f"/lockstep {words}")
    assert found.problem
    assert found.targets == ()


def test_a_comment_holds_only_so_many() -> None:
    assert len(parse_commands("/lockstep ping\n" * 50)) == MAX_COMMANDS


@given(st.text(max_size=300))
def test_any_text_is_read_without_trouble(body: str) -> None:
    assert len(parse_commands(body)) <= MAX_COMMANDS
