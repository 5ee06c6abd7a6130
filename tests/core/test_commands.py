"""Which lines of a comment are commands, and which only look like it."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from services.core import commands
from services.core.commands import MAX_COMMANDS, Command, may_hold_aliases, parse_commands, single, with_reason


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
        (
            '/lockstep hold api why="the release,  on Monday" web',
            [Command(verb="hold", targets=("api", "web"), options={"why": "the release, on Monday"})],
        ),
        ("/lockstep hold why=\u201cnot now\u201d", [Command(verb="hold", options={"why": "not now"})]),
        ("/lockstep\thold\tapi", [Command(verb="hold", targets=("api",))]),
        ("/lockstep", [Command(verb="help")]),
        ("/lockstep cancel `api`", [Command(verb="cancel", targets=("api",))]),
        ("/lockstep run\n/lockstep status", [Command(verb="run"), Command(verb="status")]),
        ("See [the docs](x).\n/lockstep run", [Command(verb="run")]),
        ("[a]: x\n/lockstep run", [Command(verb="run")]),
        ("a < b\n/lockstep run\nc > d [e]", [Command(verb="run")]),
        ("> quoted\n\n/lockstep run\n\n- [ ] more", [Command(verb="run")]),
        ("/lockstep run <!-- why -->", [Command(verb="run")]),
        ("<details>\n\n/lockstep run\n\n</details>", [Command(verb="run")]),
        ("<blockquote>\n\nSo?\n\n</blockquote>\n\n/lockstep run", [Command(verb="run")]),
        ("<!-- <blockquote> -->\n\n/lockstep run", [Command(verb="run")]),
        ("From: main\n\n/lockstep run", [Command(verb="run")]),
        (
            "/lockstep run\n\n____\nFrom: Ana <a@b>\nSent: today\nSubject: Re: x\n\n/lockstep hold",
            [Command(verb="run")],
        ),
        ("/lockstep run\n\n-----Original Message-----\n/lockstep hold", [Command(verb="run")]),
        ("| a |\n| --- |\n| b |\n\n/lockstep run", [Command(verb="run")]),
        ("<blockquote>\nfoo\n\nbar </blockquote>\n\n/lockstep run", [Command(verb="run")]),
        ("<table>\n<tr><td>\n\nx | y</td></tr></table>\n\n/lockstep run", [Command(verb="run")]),
        ("<details>\n<summary>Log\n\nfoo</summary>\n\n</details>\n\n/lockstep run", [Command(verb="run")]),
        ("<h2>\n\nTitle</h2>\n\n/lockstep run", [Command(verb="run")]),
        ("<blockquote>\n\nquoted\n/lockstep hold</blockquote>\n/lockstep run", [Command(verb="run")]),
        ("<blockquote>\n\n- a\n- b</blockquote>\n\n/lockstep run", [Command(verb="run")]),
        ("<details>\n<blockquote>\n\nx\n\n</details>\n\n/lockstep run", [Command(verb="run")]),
        ("- x <blockquote>\n\n/lockstep run", [Command(verb="run")]),
        ("x <kbd>\n\n/lockstep run", [Command(verb="run")]),
        ("The <table> and the <summary> are wrong.\n\n/lockstep run", [Command(verb="run")]),
        ("| a <s> |\n| --- |\n\n/lockstep run", [Command(verb="run")]),
        ("`<s>`\n\n/lockstep run", [Command(verb="run")]),
        ("a </s> <q>b</q>\n\n/lockstep run", [Command(verb="run")]),
        ("From: main\nDe: x\n\n/lockstep run\n\nSubject: a", [Command(verb="run")]),
        ("On Monday, Bob wrote:\n> x\n\n/lockstep run", [Command(verb="run")]),
        ("On Monday, Bob wrote:\n\n> x\n\n/lockstep run", [Command(verb="run")]),
        ("On Monday, I wrote:\n```\nx\n```\n/lockstep run", [Command(verb="run")]),
        ("/lockstep run\n\nOn Monday, Bob wrote:\n/lockstep hold", [Command(verb="run")]),
        ("/lockstep run\n\nOn Mon, Nov 30, 2026 at 9:00 Bob <\nb@c> wrote:\n\n/lockstep hold", [Command(verb="run")]),
    ],
)
def test_commands(body: str, expected: list[Command]) -> None:
    assert list(parse_commands(body)) == expected


@pytest.mark.parametrize(
    "before",
    [
        "Stream<S> to List<E>",
        "class Foo<S extends Bar> and Result<Code>",
        "the <ul> should be an <ol>, and <h1> here <h2>.",
        "> use List<S> foo",
        "## Foo<S>",
        "- the <Code/> component renders twice",
        "On second thoughts, I agree with what @bob wrote:",
        "On Friday I checked what Bob wrote:",
        "Le test passe, comme Bob a écrit :",
        "Op zich klopt wat Bob schreef:",
    ],
)
def test_a_sentence_that_is_no_quote_hides_no_command_below(before: str) -> None:
    assert parse_commands(f"{before}\n\n/lockstep run") == (Command(verb="run"),)


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
        "> quoted\n/lockstep run",
        "- listed\n/lockstep run",
        "1. > deep\n/lockstep run",
        "/lockstep run\n===",
        "/lockstep run\n---",
        "*/lockstep run*",
        "\\/lockstep run",
        "&#47;lockstep run",
        "``\n/lockstep run\n``",
        "[see\n/lockstep run\nthere](https://example.org)",
        "![see\n/lockstep run\nthere](x.png)",
        "[see](x '\n/lockstep run\n')",
        "[see]: x '\n/lockstep run\n'\n\nand [see]",
        'and <a title="\n/lockstep run\n">x</a>',
        "and <?\n/lockstep run\n?>",
        "<pre>\n/lockstep run\n</pre>",
        "<details><summary>x</summary>\n/lockstep run\n</details>",
        "<!-- a\n\n/lockstep run\n-->",
        "\t/lockstep run",
        "```\n/lockstep run",
        "<script>\n\n/lockstep run\n</script>",
        "text\n `` /lockstep merge all``",
        "Don't write:\n  `` /lockstep cancel all ``",
        "Type\n `/lockstep run all`\nsee also /docs",
        "Type\n `x` /lockstep run",
        "`a\n ` /lockstep run",
        "`a\n/` /lockstep run",
        "x <!-- a\n--> /lockstep run",
        "<blockquote>\n\n/lockstep run\n\n</blockquote>",
        "<div><code>\n\n/lockstep run\n\n</code></div>",
        "<h2>\n\n/lockstep run\n\n</h2>",
        "<table><tr><td>\n\n/lockstep run\n\n</td></tr></table>",
        "<ul><li>\n\n/lockstep run\n\n</li></ul>",
        "**Von:** Ana\n**Gesendet:** heute\n**Betreff:** x\n\n/lockstep run",
        "It says <code>\n/lockstep run\n</code>",
        "Say | it does\n--- | ---\n/lockstep run | start",
        "| Say |\n| --- |\n/lockstep run",
        "</blockquote>\n<blockquote>\n\n/lockstep run\n\n</blockquote>",
        "<table>\n<tr><td></s>\n\n/lockstep run\n\n</td></tr></table>",
        "foo <blockquote>\n\n/lockstep run\n\n</blockquote>",
        "Alice said: <code>\n\n/lockstep run\n\n</code>",
        "<dl><dd>\n\n/lockstep run",
        "foo <pre>\n\n/lockstep run\n\n</pre>",
        "It says <code> </s>\n/lockstep run\n</code>",
        "<blockquote><table><tr><td></blockquote>\n\n/lockstep run",
        "# x <code>\n\n/lockstep run\n\n</code>",
        "<kbd>\n\nx</kbd>\n\n/lockstep run",
        "_From:_ Ana\n_Sent:_ today\n_Subject:_ x\n\n/lockstep run",
        "Van: Ana\nOnderwerp: x\n\n/lockstep run",
        "De : Ana\nObjet : x\n\n/lockstep run",
        "From: Ana\n" + "Cc: b\n" * 18 + "Subject: x\n\n/lockstep run",
        "On Mon, Bob wrote:\n/lockstep run",
        "On Mon, Bob wrote:\n\n/lockstep run",
        "Am Mo., 30. Nov. schrieb Bob:\n\n/lockstep run",
    ],
)
def test_what_only_looks_like_a_command(body: str) -> None:
    assert parse_commands(body) == ()


@pytest.mark.parametrize(
    "words",
    [
        "<b>",
        "run a;b",
        "run $(x)",
        "run ../x",
        "run a=`b`",
        "Ümlaut",
        'hold why="<b>"',
        'hold why="a" "b"',
        'hold why="a',
    ],
)
def test_words_that_cannot_be_read_are_a_problem_and_never_a_target(words: str) -> None:
    (found,) = parse_commands(f"/lockstep {words}")
    assert found.problem
    assert found.targets == ()


def test_what_is_wrong_with_a_command_in_words() -> None:
    found = parse_commands("/lockstep <b>\n\n/lockstep run a;b")
    assert [command.problem for command in found] == snapshot(
        [
            "A command is `/lockstep` and a verb, such as `/lockstep status`.",
            'A target is a task id, `owner/repo`, `owner/repo#n`, `failed` or `all`; an option is `key=value`, and a reason of several words `why="…"`.',
        ]
    )


def test_a_command_is_written_as_it_is_read() -> None:
    for text in ("/lockstep hold api why=late", '/lockstep hold api why="the release, on Monday"'):
        assert [str(command) for command in parse_commands(text)] == [text]


def test_a_comment_holds_only_so_many() -> None:
    assert len(parse_commands("/lockstep ping\n" * 50)) == MAX_COMMANDS


@given(st.text(max_size=300))
def test_any_text_is_read_without_trouble(body: str) -> None:
    assert len(parse_commands(body)) <= MAX_COMMANDS


ALIASES = {"r+": "approve", "r-": "unapprove", "lgtm": "approve", "queue": "merge"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/lgtm", [Command(verb="approve")]),
        ("/LGTM  ", [Command(verb="approve")]),
        ("   /r+", [Command(verb="approve")]),
        ("/lockstep r-", [Command(verb="unapprove")]),
        ("@lockstep r+", [Command(verb="approve")]),
        ("/queue api why=late", [Command(verb="merge", targets=("api",), options={"why": "late"})]),
        ("Fine.\n/lgtm\n/lockstep run", [Command(verb="approve"), Command(verb="run")]),
    ],
)
def test_words_of_a_repositorys_own(body: str, expected: list[Command]) -> None:
    assert list(parse_commands(body, ALIASES)) == expected
    assert may_hold_aliases(body, {"run"})


@pytest.mark.parametrize(
    "body",
    [
        "lgtm",
        "LGTM!",
        "/lgtm!",
        "// lgtm",
        "/lgtmx",
        "/approve",
        "/usr/bin",
        "please /lgtm",
        "@lgtm",
        "> /lgtm",
        "```\n/lgtm\n```",
        "    /lgtm",
        "`/lgtm`",
        "- /lgtm",
        "1. /r+",
        "# /lgtm",
        "**/lgtm**",
        "[/lgtm](x)",
        "\\/lgtm",
        "<!-- /lgtm -->",
        "<!--\n/r+\n-->",
        "<div>\n/lgtm\n</div>",
        "| /lgtm |\n| --- |",
        "`x` /lgtm",
        "x\n `/lgtm`",
        "x\n `/lgtm` /docs",
        "/lg\u200btm",
        "bors r+",
    ],
)
def test_what_only_looks_like_a_word_of_its_own(body: str) -> None:
    assert parse_commands(body, ALIASES) == ()


def test_without_settings_such_words_mean_nothing() -> None:
    assert parse_commands("/lgtm\n/r+") == ()
    assert [command.verb for command in parse_commands("/lockstep r+")] == ["r+"]


def test_settings_are_only_asked_where_they_could_matter() -> None:
    assert not may_hold_aliases("/lockstep\n@lockstep run api\nNo word here, `/lgtm` aside.", {"run"})
    assert may_hold_aliases("/lockstep r+", {"run"})


@given(st.text(alphabet="/lgtmr+-> `#\n*|<!\t", max_size=40))
def test_a_word_acts_only_where_a_line_of_prose_begins_with_it(body: str) -> None:
    for command in parse_commands(body, ALIASES):
        assert command.verb in ALIASES.values() or command.problem
        assert any(line.strip().lower().startswith(("/lgtm", "/r+", "/r-")) for line in body.splitlines())


def test_a_command_that_is_given_elsewhere_is_exactly_one() -> None:
    assert str(single("retry api attempts=2")) == str(single("/lockstep retry api attempts=2")) != "None"
    for text in ("", "`retry`", "retry\n/lockstep merge", "> retry", "<!-- -->retry", "re\0try"):
        found = single(text)
        assert found is None or found.problem, text


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "/lockstep",
                "@LockStep",
                "/r+",
                " run",
                " ",
                "\n",
                "\r",
                "\x00",
                "\u00a0",
                "\t",
                "`",
                "`/r+`",
                "<!--",
                "-->",
                "> ",
                "- ",
                "&#47;",
                "x",
                "/",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_what_is_not_taken_apart_held_nothing(body: str) -> None:
    assert _commands_of(commands.prose(body)) == _commands_of(commands._spoken(body))


def _commands_of(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if commands._LINE.match(line) or commands._ALIAS.match(line)]


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "/lockstep run",
                "/r+",
                "`",
                "``",
                " ",
                "\n",
                "\n ",
                "x",
                "<!--",
                "-->",
                "[",
                "](x)",
                "<b ",
                ">",
                "\\",
                "- ",
            ]
        ),
        max_size=10,
    ).map("".join)
)
@example("x\n `/lockstep run` /docs")
@example("`a\n/` /lockstep run")
def test_a_command_begins_a_line_that_a_reader_sees(body: str) -> None:
    seen = [line for line in _lines_seen(body) if line.startswith(("/lockstep", "/r+"))]
    assert len(parse_commands(body, ALIASES)) <= len(seen)


def _lines_seen(body: str) -> Iterator[str]:
    """The words that begin the lines of paragraphs, as CommonMark shows them."""
    for token in MarkdownIt("commonmark").parse(f"{body}\n"):
        begins = token.level == 1
        for child in token.children or ():
            if begins and child.type == "text":
                yield child.content
            begins = token.level == 1 and child.type in {"softbreak", "hardbreak"}


@pytest.mark.parametrize("body", [">- <?\n>", "> - <!--\n>", "- > - <![CDATA[\n  >"])
def test_what_made_the_reader_of_blocks_fall_over(body: str) -> None:
    assert commands.prose(body) == ()
    assert parse_commands(f"/lockstep run\n\n{body}") == (Command(verb="run"),)


def test_a_reason_that_is_given_beside_a_command_is_what_a_comment_could_hold() -> None:
    (asked,) = parse_commands("/lockstep cancel api")
    (said,) = parse_commands("/lockstep cancel api why=late")
    assert str(with_reason(asked, "no `more`\n\u201cof <this>|")) == '/lockstep cancel api why="no more of this"'
    assert parse_commands(str(with_reason(asked, "x " * 200))) == (with_reason(asked, "x " * 50),)
    assert with_reason(said, "other") == said
    assert with_reason(asked, " `` ") == asked
