"""The transport and the error tree: every way an answer can be wrong, and where a token must not go.

All of it is said three times: over plain HTTP, and over TLS with HTTP/1.1 and with HTTP/2.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
import yarl

from services.errors import ApiError, NotFound, RateLimited, Refused, Unreachable
from services.github import wire
from services.github.client import Transport
from services.github.exchange import APP, Answer, Request, branch_path, decode, graphql, repo_path, segment
from services.github.failures import checked, checked_graphql, describe
from services.github.wire import Network
from tests.kit.fakehub import START, FakeHub, Reply
from tests.kit.securehub import SecureHub
from tests.kit.tls import identity

SECRET = "ghs_canary_" + "s" * 300


class Kind:
    """One way to carry an exchange: "plain", "1" or "2"."""

    def __init__(self, name: Literal["plain", "1", "2"]) -> None:
        self.name = name

    def hub(self, prefix: str = "") -> FakeHub:
        return FakeHub(prefix=prefix) if self.name == "plain" else SecureHub(self.name, prefix=prefix)

    @asynccontextmanager
    async def transport(self, url: str, seconds: float = 60) -> AsyncIterator[Transport]:
        network = Network() if self.name == "plain" else Network(version=self.name, ca=identity().ca)
        transport = Transport(url, timeout=seconds, network=network)
        yield transport
        await transport.close()


@pytest.fixture(params=["plain", "1", "2"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


@pytest.fixture
async def hub(kind: Kind) -> AsyncIterator[FakeHub]:
    async with kind.hub() as hub:
        yield hub


@pytest.fixture
async def transport(kind: Kind, hub: FakeHub) -> AsyncIterator[Transport]:
    async with kind.transport(hub.url) as transport:
        yield transport


async def send(transport: Transport, method: str = "GET", path: str = "x", body: bytes = b"") -> Answer:
    return checked(await transport.exchange(Request(method, path, APP, body), SECRET), START)


async def test_a_call_says_who_and_what(hub: FakeHub, transport: Transport) -> None:
    hub.script("POST", "/x", Reply(201, {"id": 1}))
    answer = await send(transport, "POST", body=b'{"a":1}')
    asked = hub.asked[0]
    assert answer.status == 201
    assert asked.data == {"a": 1}
    assert asked.secret == SECRET
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert (transport.stats.requests, transport.stats.charged) == (1, 1)


LABEL = {"resource": "Label", "field": "name", "code": "already_exists"}
CUSTOM = {"code": "custom", "message": "No commits between a and b"}


@pytest.mark.parametrize(
    ("status", "data", "error", "text"),
    [
        (400, {"message": "Problems parsing JSON"}, Refused, "Problems parsing JSON"),
        (401, {"message": "Bad credentials"}, Refused, "Bad credentials"),
        (403, {"message": "Resource not accessible by integration", "status": "403"}, Refused, "not accessible"),
        (404, {"message": "Not Found"}, NotFound, "Not Found"),
        (405, {"message": "Base branch was modified. Review and try the merge again."}, Refused, "Base branch"),
        (409, {"message": "Head branch was modified."}, Refused, "Head branch"),
        (410, {"message": "This issue was deleted"}, NotFound, "deleted"),
        (422, {"message": "V", "errors": ["one", "two"]}, Refused, "V: one; two"),
        (422, {"message": "V", "errors": [LABEL]}, Refused, "V: Label.name already_exists"),
        (422, {"message": "V", "errors": [CUSTOM]}, Refused, "V: No commits between a and b"),
        (422, {"message": "V", "errors": "text"}, Refused, "V: text"),
        (422, {"message": "Invalid request.\n\nOnly 65535 are"}, Refused, "Invalid request. Only 65535 are"),
        (422, {"message": ["odd"], "errors": [None, 3, {}]}, Refused, "Unprocessable"),
        (451, {"message": "Repository access blocked"}, Refused, "blocked"),
        (500, {"message": "Server Error"}, Unreachable, "Server Error"),
        (503, {"code": "x", "message": "Unavailable"}, Unreachable, "Unavailable"),
    ],
)
async def test_errors_are_told_apart(
    hub: FakeHub, transport: Transport, status: int, data: object, error: type[ApiError], text: str
) -> None:
    hub.script("GET", "/x", Reply(status, data))
    with pytest.raises(error) as caught:
        await send(transport)
    assert type(caught.value) is error
    assert caught.value.status == status
    assert text in caught.value.message


@pytest.mark.parametrize("status", [200, 404, 403, 422, 502, 599])
async def test_an_html_page_is_no_answer_of_the_api(hub: FakeHub, transport: Transport, status: int) -> None:
    hub.script("GET", "/x", Reply(status, body=b"<html>Unicorn!</html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(Unreachable) as caught:
        await send(transport)
    assert caught.value.status == status
    assert "<html>" not in caught.value.message


DEEP = b"[" * 50_000 + b"]" * 50_000


@pytest.mark.parametrize(
    "body",
    [b'{"id": 1, "title": "cut', b"[1,", b"", b"\xff\xfe", b"{} {}", DEEP],
    ids=["in a text", "in a list", "nothing", "no text", "two", "too deep"],
)
async def test_cut_off_json_is_no_answer(hub: FakeHub, transport: Transport, body: bytes) -> None:
    hub.script("GET", "/x", Reply(body=body))
    with pytest.raises(Unreachable):
        await send(transport)


async def test_a_broken_body_is_no_answer(hub: FakeHub, transport: Transport) -> None:
    hub.script("GET", "/x", Reply(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Unreachable):
        await send(transport)


async def test_a_body_that_unpacks_too_large_is_dropped(
    hub: FakeHub, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_BODY", 100_000)
    hub.script("GET", "/x", Reply(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Unreachable, match="the answer is larger than 100000 bytes"):
        await send(transport)


async def test_of_a_long_text_head_and_tail_are_kept(
    hub: FakeHub, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in {"MAX_BODY": 1_000, "TEXT_HEAD": 1_000, "TEXT_TAIL": 2_000}.items():
        monkeypatch.setattr(wire, name, size)
    text = b"first\n" + b"\x00\xff\x1b[31m\r\n" * 1_000_000 + b"last"
    hub.script("GET", "/x", Reply(body=gzip.compress(text), headers={"Content-Encoding": "gzip"}))
    answer = await transport.exchange(Request("GET", "x", APP, is_text=True), SECRET)
    assert answer.body.startswith(b"first\n")
    assert answer.body.endswith(b"\nlast")
    assert len(answer.body) < 1_000_000


def used_up(until: int) -> dict[str, str]:
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(until)}


@pytest.mark.parametrize(
    ("status", "message", "headers", "wait"),
    [
        (403, "You have exceeded a secondary rate limit.", {"Retry-After": "17"}, 17),
        (403, "Slow down", {"Retry-After": "5"}, 5),
        (429, "You have exceeded a secondary rate limit.", {}, 60),
        (403, "You have been temporarily blocked from content creation.", {}, 60),
        (
            403,
            "You have triggered an abuse detection mechanism.",
            {"Retry-After": "Sun, 01 Mar 2026 10:00:00 GMT"},
            1_800,
        ),
        (403, "You have triggered an abuse detection mechanism.", {"Retry-After": "soon"}, 60),
        (403, "API rate limit exceeded for installation ID 7.", used_up(until=int(START.timestamp()) + 90), 90),
        (403, "API rate limit exceeded", used_up(until=1), 1),
        (429, "Wait", {"Retry-After": "999999999"}, 3600),
    ],
)
async def test_limits_say_how_long_to_wait(
    hub: FakeHub, transport: Transport, status: int, message: str, headers: dict[str, str], wait: float
) -> None:
    hub.script("GET", "/x", Reply(status, {"message": message}, headers=headers))
    with pytest.raises(RateLimited) as caught:
        await send(transport)
    assert caught.value.retry_after == wait


PRIMARY = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation ID 7."}
MISSING = {"type": "NOT_FOUND", "path": ["a1"], "message": "Could not resolve to a Repository named 'rate limit'."}
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize(
    ("data", "headers", "wait"),
    [
        ({"errors": [PRIMARY]}, used_up(until=int(START.timestamp()) + 90), 90),
        ({"data": {"a0": None}, "errors": [MISSING, {**PRIMARY, "type": "RATE_LIMIT"}]}, {}, 60),
        ({"errors": [{"message": SECONDARY}]}, {"Retry-After": "17"}, 17),
        ({"message": SECONDARY, "documentation_url": "https://docs.github.com"}, {}, 60),
    ],
)
async def test_a_limit_inside_a_graphql_answer_is_a_limit(
    hub: FakeHub, transport: Transport, data: object, headers: dict[str, str], wait: float
) -> None:
    hub.script("POST", "/graphql", Reply(json=data, headers=headers))
    answer = await transport.exchange(graphql(APP, "query { viewer { login } }"), SECRET)
    with pytest.raises(RateLimited, match="rate limit") as caught:
        checked_graphql(checked(answer, START), START)
    assert (caught.value.status, caught.value.retry_after) == (200, wait)


async def test_other_errors_of_graphql_are_the_callers(hub: FakeHub, transport: Transport) -> None:
    data = {"data": {"a0": {"id": "1"}, "a1": None}, "errors": [MISSING]}
    hub.script("POST", "/graphql", Reply(json=data))
    request = graphql(APP, "query($n: Int!) { viewer { login } }", {"n": 1})
    answer = checked_graphql(checked(await transport.exchange(request, SECRET), START), START)
    assert decode(answer.body, dict[str, Any]) == data
    assert hub.asked[0].data == {"query": "query($n: Int!) { viewer { login } }", "variables": {"n": 1}}


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'{"data": '])
async def test_what_is_no_graphql_answer_is_no_answer(hub: FakeHub, transport: Transport, body: bytes) -> None:
    hub.script("POST", "/graphql", Reply(body=body))
    answer = await transport.exchange(graphql(APP, "query { viewer { login } }"), SECRET)
    with pytest.raises(Unreachable):
        checked_graphql(checked(answer, START), START)


@pytest.mark.parametrize(
    ("base", "graphql_path"), [("", "/graphql"), ("/api/v3", "/api/graphql"), ("/github/api/v3", "/github/api/graphql")]
)
async def test_graphql_is_where_the_server_has_it(kind: Kind, base: str, graphql_path: str) -> None:
    async with kind.hub() as hub, kind.transport(hub.url + base) as transport:
        hub.script("POST", graphql_path, Reply(json={"data": {}}))
        assert (await transport.exchange(graphql(APP, "query { viewer { login } }"), SECRET)).status == 200


async def test_an_html_429_is_still_a_limit(hub: FakeHub, transport: Transport) -> None:
    hub.script("GET", "/x", Reply(429, body=b"<html>Too many requests</html>"))
    with pytest.raises(RateLimited):
        await send(transport)


def test_texts_are_bounded_and_on_one_line() -> None:
    body = b'{"message": "' + b"m" * 5000 + b'", "errors": ["' + b"\\u0007\\n" * 500 + b'"]}'
    text = describe(Answer(422, {}, body))
    assert len(text) <= 1000
    assert text.isprintable()


@pytest.mark.parametrize(("method", "sent"), [("GET", 2), ("POST", 1), ("PUT", 1), ("PATCH", 1), ("DELETE", 1)])
async def test_a_write_is_not_sent_again_when_the_connection_breaks(
    hub: FakeHub, transport: Transport, method: str, sent: int
) -> None:
    hub.script(method, "/x", Reply(cut=True))
    with pytest.raises(Unreachable) as caught:
        await send(transport, method)
    assert caught.value.status == 0
    assert len(hub.asked) == sent


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("version", ["auto", "1"])
async def test_nobody_listening_is_unreachable(scheme: str, version: Literal["auto", "1"]) -> None:
    gone = Transport(f"{scheme}://127.0.0.1:1", network=Network(version=version))
    for method in ("GET", "PUT"):
        with pytest.raises(Unreachable):
            await send(gone, method)
    await gone.close()


async def test_a_server_that_never_answers_is_unreachable(kind: Kind, hub: FakeHub) -> None:
    gate = asyncio.Event()
    hub.script("GET", "/x", Reply(json={}, gate=gate))
    async with kind.transport(hub.url, seconds=0.5) as impatient:
        with pytest.raises(Unreachable, match="no answer within"):
            await send(impatient)
    gate.set()


async def test_no_error_holds_the_token(hub: FakeHub, transport: Transport) -> None:
    hub.script("GET", "/x", Reply(body=b"x", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Unreachable) as caught:
        await send(transport)
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_a_moved_repository_is_followed_with_the_token(hub: FakeHub, transport: Transport) -> None:
    hub.script(
        "GET", "/x", Reply(301, {"message": "Moved Permanently"}, headers={"Location": f"{hub.url}/repositories/5"})
    )
    hub.script("GET", "/repositories/5", Reply(json={"id": 5}))
    assert (await send(transport)).body == b'{"id": 5}'
    assert hub.asked[1].secret == SECRET


async def test_a_token_never_follows_to_another_host(kind: Kind, hub: FakeHub, transport: Transport) -> None:
    async with kind.hub() as other:
        other.script("GET", "/log", Reply(302, headers={"Location": f"{hub.url}/back"}))
        hub.script("GET", "/x", Reply(302, headers={"Location": f"{other.url}/log?sig=1"}))
        hub.script("GET", "/back", Reply(json={}))
        await send(transport)
        assert "authorization" not in other.asked[0].headers
        assert "authorization" not in hub.asked[1].headers  # nor back home: the other host chose that address


async def test_a_write_goes_on_only_at_home_and_only_as_it_is(kind: Kind, hub: FakeHub, transport: Transport) -> None:
    async with kind.hub() as other:
        hub.script("POST", "/x", Reply(307, headers={"Location": f"{hub.url}/y"}))
        hub.script("POST", "/y", Reply(201, {"id": 1}))
        assert (await send(transport, "POST", body=b"{}")).status == 201
        assert hub.asked[1].body == b"{}"
        for status, target in ((307, other.url), (302, hub.url), (301, hub.url)):
            hub.script("POST", "/x", Reply(status, {"message": "Moved"}, headers={"Location": f"{target}/y"}))
            with pytest.raises(Refused):
                await send(transport, "POST", body=b"{}")
        assert not other.asked


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://h/x", "http://[bad", ""])
async def test_odd_redirects_are_not_followed(hub: FakeHub, transport: Transport, location: str) -> None:
    hub.script("GET", "/x", Reply(302, {"message": "Found"}, headers={"Location": location}))
    with pytest.raises((Refused, Unreachable)):
        await send(transport)
    assert len(hub.asked) == 1


def test_https_is_never_left_for_http() -> None:
    transport = Transport("https://api.github.com")
    here = "https://api.github.com/x"
    assert transport._target("GET", here, 302, "http://api.github.com/x") is None
    assert transport._target("GET", here, 302, "https://logs.example/x") == yarl.URL("https://logs.example/x")
    assert transport._target("PUT", here, 307, "https://api.github.com@logs.example/x") is None


async def test_a_redirect_loop_ends(hub: FakeHub, transport: Transport) -> None:
    hub.script("GET", "/x", Reply(302, headers={"Location": "/x"}))
    with pytest.raises(Unreachable, match="it redirected too often"):
        await send(transport)


async def test_the_next_page_is_a_path_of_our_own_base(kind: Kind) -> None:
    async with kind.hub("/api/v3") as hub, kind.transport(hub.url + "/") as transport:
        link = '<http://169.254.169.254/api/v3/x?page=2&q=%5Bbot%5D>; rel="next", <http://h/x?page=9>; rel="last"'
        hub.script("GET", "/x", Reply(json=[], headers={"Link": link}), Reply(json=[], headers={"Link": "<>; rel"}))
        assert (await send(transport)).next == "x?page=2&q=%5Bbot%5D"
        assert (await send(transport)).next == ""


def test_names_never_change_the_shape_of_a_path() -> None:
    assert segment("a/b?c#d e") == "a%2Fb%3Fc%23d%20e"
    assert segment("lockstep[bot]") == "lockstep%5Bbot%5D"
    assert branch_path("lockstep/p/t") == "heads/lockstep/p/t"
    for bad in ("", ".", ".."):
        with pytest.raises(NotFound):
            segment(bad)
    for bad in (
        "acme",
        "acme/",
        "/api",
        "acme/..",
        "acme/.",
        "acme/api/x",
        "acme/a?b",
        "ac me/api",
        "acme/api\n",
        "../x",
    ):
        with pytest.raises(NotFound):
            repo_path(bad)
    with pytest.raises(NotFound):
        branch_path("a/../../../user")
    assert repo_path("acme/.github") == "repos/acme/.github"
