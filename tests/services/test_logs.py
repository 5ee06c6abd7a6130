"""What is logged can be shown: no secret, no control character, one entry a line."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import logs
from bot.logs import LONGEST, Redactor, set_up

TOKENS = [
    "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
    "lst_Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0Z2FycGx5",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    "ghu_16C7e42F292c6912E7710c838347Ae178B4a",
    "ghr_1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B1A9Dc86A1498",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789",
    "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl",
    "sk-proj-abcdefghijklmnopqrstuvwxyz",
]
PLACES = ["%s", "token=%s", "https://x-access-token:%s@github.com/acme/api", "Authorization: Bearer %s", '{"a":"%s"}']


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("place", PLACES)
def test_credentials_are_masked_wherever_they_stand(token: str, place: str) -> None:
    text = Redactor().clean(place % token)
    assert token[4:] not in text
    assert "***" in text


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("https://user:hunter22@example.org/x", "hunter22"),
        ("https://onlyatoken@example.org", "onlyatoken"),
        ("Authorization: Basic dXNlcjpodW50ZXIyMg==", "dXNlcjpodW50ZXIyMg"),
        ("authorization: bearer abcdefgh12345678", "abcdefgh12345678"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY----- after", "MIIEow"),
        ("cut off: -----BEGIN PRIVATE KEY-----\nMIIEow", "MIIEow"),
        ("ghs_16C7e42F\x1b[0m292c6912E7710c838347Ae178B4a", "292c6912E7710c838347Ae178B4a"),
        ("ghs_16C7e42F\u200b292c6912E7710c838347Ae178B4a", "292c6912E7710c838347Ae178B4a"),
    ],
)
def test_other_shapes_and_hidden_ones_are_masked(text: str, gone: str) -> None:
    assert gone not in Redactor().clean(text, lines=True)


@given(st.lists(st.one_of(st.sampled_from([*TOKENS, "://", "Bearer ", "BASIC ", "@", "\x1b[0m", "\u200b"]), st.text())))
def test_nothing_is_masked_less_for_being_looked_at_quickly_first(pieces: list[str]) -> None:
    text = "".join(pieces)
    slowly = logs._CONTROL.sub("", logs._ANSI.sub("", text))
    for shape in logs._SHAPES:
        slowly = shape.sub(logs.MASK, slowly)
    assert Redactor().clean(text)[:1_000] == slowly.replace("\n", " ").replace("\t", " ")[:1_000]


def test_ordinary_text_stays() -> None:
    plain = (
        "Merged acme/api#12 (lockstep/plan/task) at https://github.com/acme/api/pull/12, 3 tokens left: ghs_short é 漢"
    )
    assert Redactor(["short!", "abc"]).clean(plain) == plain


def test_registered_secrets_are_masked_longest_first() -> None:
    redactor = Redactor(["hunter2hunter2", "hunter2"])
    redactor.add("added-later")
    assert redactor.clean("a hunter2hunter2 b hunter2 c added-later") == "a *** b *** c ***"


def test_values_are_cleaned_at_every_depth_and_secret_keys_whole() -> None:
    entry = {
        "event": "x",
        "tries": 3,
        "share": 0.5,
        "ok": True,
        "none": None,
        "webhook_secret": "short",
        "headers": {"Authorization": "anything", "list": ["a\x1b[2Jb", ("ghp_" + "a" * 36,)]},
        "error": ValueError("https://u:p4ssw0rd@host"),
    }
    found = Redactor()(None, "info", entry)
    assert (found["tries"], found["share"], found["ok"], found["none"]) == (3, 0.5, True, None)
    assert (found["webhook_secret"], found["headers"]["Authorization"]) == ("***", "***")
    assert found["headers"]["list"] == ["ab", ["***"]]
    assert "p4ssw0rd" not in found["error"]


def test_a_value_is_cut_after_masking() -> None:
    text = Redactor().clean("x" * (LONGEST - 10) + "ghp_" + "a" * 36)
    assert "ghp_" not in text
    assert len(text) <= LONGEST + len("... (cut)")


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "[...]" in str(Redactor()(None, "info", {"event": loop}))


@given(st.text(max_size=300))
def test_no_control_character_or_new_line_survives(text: str) -> None:
    cleaned = Redactor().clean(text)
    assert all(c.isprintable() or c.isspace() for c in cleaned if ord(c) < 0xA0)
    assert not set(cleaned) & set("\n\r\t\x1b\x85\u2028\u2029\u202e")


@pytest.fixture
def clean_slate() -> Iterator[None]:
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("clean_slate")
def test_json_entries_are_one_line_each_for_us_and_for_libraries() -> None:
    stream = io.StringIO()
    set_up(style="json", level="INFO", redactor=Redactor(["s3cr3t-value"]), stream=stream)
    log = structlog.get_logger("bot.dispatch")
    log.debug("below the floor")
    try:
        raise ValueError("forged\n{'level': 'error'} s3cr3t-value")
    except ValueError:
        log.exception("a handler failed", title="two\nlines \x1b[31mred", repo="acme/api")
    logging.getLogger("aiohttp.server").error("Error for %s", "https://x:s3cr3t-value@h")
    ours, theirs = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (ours["event"], ours["level"], ours["title"]) == ("a handler failed", "error", "two lines red")
    assert "ValueError" in ours["exception"]
    assert ours["timestamp"].endswith("Z")
    assert (theirs["logger"], theirs["level"]) == ("aiohttp.server", "error")
    assert "s3cr3t" not in stream.getvalue()


@pytest.mark.usefixtures("clean_slate")
def test_a_traceback_on_the_console_cannot_forge_an_entry() -> None:
    stream = io.StringIO()
    set_up(style="console", level="info", redactor=Redactor(), stream=stream)
    try:
        raise ValueError("x\n2026-03-01T09:30:00Z [info     ] approved by root")
    except ValueError:
        structlog.get_logger().exception("failed")
    lines = stream.getvalue().splitlines()
    assert sum(line.startswith("2026-03-01") for line in lines) == 0
    assert any(line.startswith("  | 2026-03-01") for line in lines)


@pytest.mark.usefixtures("clean_slate")
def test_requests_that_are_no_http_do_not_fill_the_log() -> None:
    from aiohttp import ClientConnectionResetError
    from aiohttp.http_exceptions import BadHttpMessage

    stream = io.StringIO()
    set_up(style="json", level="INFO", redactor=Redactor(), stream=stream)
    server = logging.getLogger("aiohttp.server")
    server.error("Error handling request", exc_info=BadHttpMessage("Invalid method"))
    server.error("Error handling request", exc_info=ClientConnectionResetError("Cannot write to closing transport"))
    assert stream.getvalue() == ""
    server.error("Error handling request", exc_info=RuntimeError("ours"))
    assert "ours" in stream.getvalue()
