"""Connections to GitHub: which protocol is spoken, through what proxy, whom is trusted, and what breaks how."""

import asyncio
import gzip
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
import structlog

from services.core.loopback import is_loopback
from services.errors import Unreachable, UserError
from services.github import GitHub, http2
from services.github.client import Transport
from services.github.exchange import APP, Answer, Identity, Request, graphql
from services.github.http1 import Http1
from services.github.wire import Network, gathered
from services.trust import trusted
from tests.kit.fakehub import FakeHub, HandClock, Reply, issue
from tests.kit.goaway import Farewell, goaway
from tests.kit.relay import Proxy
from tests.kit.securehub import SecureHub
from tests.kit.tls import identity
from tests.services.test_github_auth import pem

SECRET = "ghs_canary_" + "s" * 300
Version = Literal["2", "1"]
BOTH = pytest.mark.parametrize("version", ["2", "1"])


@asynccontextmanager
async def transport_to(url: str, seconds: float = 60, **network: object) -> AsyncIterator[Transport]:
    given = {"ca": identity().ca, **network}
    transport = Transport(url, timeout=seconds, network=Network(**given))  # type: ignore[arg-type]
    yield transport
    await transport.close()


async def send(transport: Transport, method: str = "GET", path: str = "x", body: bytes = b"") -> Answer:
    return await transport.exchange(Request(method, path, APP, body), SECRET)


@pytest.fixture
def trusts_anew() -> Iterator[None]:
    trusted.cache_clear()
    yield
    trusted.cache_clear()


@pytest.mark.usefixtures("trusts_anew")
async def test_who_brings_no_authorities_trusts_the_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever aiohttp's own context is filled with: in a bot that serves, that is nothing (bot/lean.py)."""
    file = tmp_path / "ca.pem"
    file.write_text(identity().ca)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    async with SecureHub("1") as hub:
        hub.script("GET", "/x", Reply(json={}))
        wire = Http1(Network(), 60)
        assert (await wire.send("GET", f"{hub.url}/x", {}, b""))[0] == 200
        await wire.close()


async def test_http2_is_the_default_and_one_connection_carries_all() -> None:
    gate = asyncio.Event()
    async with SecureHub("2") as hub, transport_to(hub.url) as transport:
        hub.script("GET", "/x", Reply(json={"a": 1}, gate=gate))
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(send(transport)) for _ in range(50)]
            await hub.arrived(50, "GET", "/x")
            gate.set()
        assert {call.result().body for call in calls} == {b'{"a": 1}'}
        assert (hub.relay.opened, hub.greetings, hub.versions) == (1, 1, {"2"})
        assert transport.stats.requests == 50


async def test_http1_keeps_to_its_pool() -> None:
    gate = asyncio.Event()
    async with SecureHub("1") as hub, transport_to(hub.url, version="1", connections=3) as transport:
        hub.script("GET", "/x", Reply(json={}, gate=gate))
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(send(transport))
            await hub.arrived(3, "GET", "/x")
            gate.set()
        assert (len(hub.asked), hub.relay.opened, hub.greetings, hub.versions) == (20, 3, 0, {"1.1"})


@pytest.mark.parametrize("protocols", [(), ("http/1.1",)])
async def test_a_server_without_http2_gets_http1_and_one_line_says_so(protocols: tuple[str, ...]) -> None:
    with structlog.testing.capture_logs() as logged:
        async with FakeHub(context=identity().context(*protocols)) as hub, transport_to(hub.url) as transport:
            hub.script("POST", "/x", Reply(201, {}))
            async with asyncio.TaskGroup() as group:
                for _ in range(10):
                    group.create_task(send(transport, "POST", body=b"{}"))
            assert len(hub.calls("POST", "/x")) == 10
    assert [entry["reason"] for entry in logged] == ["127.0.0.1 does not speak it"]


async def test_without_pyreqwest_http1_is_spoken_and_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("services.github.http2")
    for name in [name for name in sys.modules if name.startswith(("pyreqwest", "services.github.http2"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyreqwest", None)
    with structlog.testing.capture_logs() as logged:
        async with SecureHub("1") as hub, transport_to(hub.url) as transport:
            hub.script("GET", "/x", Reply(json={}))
            await asyncio.gather(send(transport), send(transport))
            assert hub.versions == {"1.1"}
    assert [entry["reason"] for entry in logged] == ["pyreqwest is not installed"]


async def test_plain_http_is_http1_and_nothing_is_said() -> None:
    with structlog.testing.capture_logs() as logged:
        async with FakeHub() as hub, transport_to(hub.url) as transport:
            hub.script("GET", "/x", Reply(json={}))
            await send(transport)
            assert len(hub.asked) == 1
    assert logged == []


async def test_http2_that_is_required_is_not_given_up() -> None:
    async with FakeHub(context=identity().context()) as hub, transport_to(hub.url, version="2") as transport:
        with pytest.raises(Unreachable, match=r"HTTP/2 is required, but 127\.0\.0\.1 does not speak it"):
            await send(transport)
        assert not hub.calls("GET", "/x")
    with pytest.raises(UserError, match=r"HTTP/2 is spoken over https only, and http://127\.0\.0\.1:1 is not\."):
        Transport("http://127.0.0.1:1", network=Network(version="2"))


async def test_a_server_that_loses_http2_is_followed() -> None:
    async with (
        SecureHub("2") as hub,
        FakeHub(context=identity().context()) as plain,
        transport_to(hub.url) as transport,
    ):
        for each in (hub, plain):
            each.script("GET", "/x", Reply(json={}))
        await send(transport)
        hub.relay.target = int(plain.url.rpartition(":")[2])
        hub.relay.cut()
        with pytest.raises(Unreachable):
            await send(transport)
        await send(transport)
        assert len(plain.calls("GET", "/x")) == 1


async def test_away_from_the_api_http1_is_spoken() -> None:
    """The stores of logs and archives are other hosts, and many have no HTTP/2."""
    async with SecureHub("2") as hub, FakeHub(context=identity().context("http/1.1")) as store:
        async with transport_to(hub.url) as transport:
            hub.script("GET", "/log", Reply(302, headers={"Location": f"{store.url}/blob?sig=%2B%2F"}))
            store.script("GET", "/blob", Reply(body=b"the log"))
            assert (await send(transport, path="log")).body == b"the log"
        assert store.asked[0].path == "/blob?sig=%2B%2F"
        assert "authorization" not in store.asked[0].headers
        assert hub.asked[0].secret == SECRET


@BOTH
async def test_an_answer_is_unpacked_and_its_headers_are_gathered(version: Version) -> None:
    body = b'{"text": "' + b"x" * 300_000 + b'"}'
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        links = (("Link", f'<{hub.url}/x?page=2>; rel="next"'), ("X-Odd", "caf\xe9"))
        last = {"Link": f'<{hub.url}/x?page=9>; rel="last"', "Content-Encoding": "gzip"}
        hub.script("GET", "/x", Reply(body=gzip.compress(body), headers=last, more=links))
        answer = await send(transport, path="x?q=%5Bbot%5D%2F+a%25")
        assert answer.body == body
        assert answer.next == "x?page=2"
        assert "gzip" in hub.asked[0].headers["accept-encoding"]
        assert hub.asked[0].path == "/x?q=%5Bbot%5D%2F+a%25"


@BOTH
async def test_a_head_has_the_links_and_no_body(version: Version) -> None:
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        hub.script("HEAD", "/x", Reply(json=[1], headers={"Link": f'<{hub.url}/x?page=4>; rel="next"'}))
        answer = await send(transport, "HEAD")
        assert (answer.status, answer.body, answer.next) == (200, b"", "x?page=4")


@BOTH
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_connection_that_breaks_in_the_middle_of_an_answer(version: Version, method: str) -> None:
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        hub.script(method, "/x", Reply(body=b'{"id": 1, "ti', cut=True))
        with pytest.raises(Unreachable):
            await send(transport, method, body=b"{}")
        assert len(hub.calls(method, "/x")) == 1
        hub.script("GET", "/y", Reply(json={}))
        assert (await send(transport, path="y")).status == 200


@pytest.mark.parametrize(("farewell", "times"), [("after", 1), ("reset", 1), ("before", 3), ("refused", 3)])
async def test_a_write_is_only_sent_again_when_the_server_says_it_has_not_begun(farewell: Farewell, times: int) -> None:
    """HTTP/2 has words for that; a server that has taken the request and goes away has not said so."""
    async with goaway(identity().context("h2"), farewell) as server, transport_to(server.url) as transport:
        with pytest.raises(Unreachable):
            await send(transport, "POST", body=b"{}")
        assert server.asked.count(("POST", "/x")) == times


async def test_a_connection_that_went_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after the time of one exchange: every later call would wait for that on the same dead connection."""
    monkeypatch.setattr(http2, "PING_AFTER", 0.2)
    monkeypatch.setattr(http2, "PING_PATIENCE", 0.2)
    async with SecureHub("2") as hub, transport_to(hub.url, seconds=600) as transport:
        hub.script("GET", "/x", Reply(json={}))
        hub.script("POST", "/x", Reply(json={}))
        await send(transport)
        hub.relay.freeze()
        with pytest.raises(Unreachable):
            await send(transport, "POST")
        assert (await send(transport)).status == 200
        assert hub.relay.opened == 2


@BOTH
async def test_a_caller_that_is_cancelled_takes_nobody_along(version: Version) -> None:
    gate = asyncio.Event()
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        hub.script("GET", "/x", Reply(json={}, gate=gate))
        calls = [asyncio.create_task(send(transport)) for _ in range(3)]
        await hub.arrived(3, "GET", "/x")
        calls[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[1]
        gate.set()
        assert (await calls[0]).status == (await calls[2]).status == 200


async def test_the_first_caller_may_be_cancelled_while_the_protocol_is_found_out() -> None:
    async with SecureHub("2") as hub, transport_to(hub.url) as transport:
        hub.script("GET", "/x", Reply(json={}))
        calls = [asyncio.create_task(send(transport)) for _ in range(3)]
        await asyncio.sleep(0)
        calls[0].cancel()
        assert [(await call).status for call in calls[1:]] == [200, 200]


@BOTH
async def test_closing_ends_what_is_under_way_and_opens_anew(version: Version) -> None:
    gate = asyncio.Event()
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        hub.script("GET", "/x", Reply(json={}, gate=gate), Reply(json={}))
        call = asyncio.create_task(send(transport))
        await hub.arrived(1, "GET", "/x")
        await transport.close()
        with pytest.raises(Unreachable):
            await call
        assert (await send(transport)).status == 200
        gate.set()


@BOTH
async def test_a_stranger_is_not_trusted(version: Version) -> None:
    async with SecureHub(version) as hub, transport_to(hub.url, version=version, ca="") as transport:
        with pytest.raises(Unreachable):
            await send(transport, "POST", body=b"{}")
        assert not hub.asked


@BOTH
async def test_a_bundle_may_hold_several_authorities(version: Version) -> None:
    other = identity("somebody else").ca
    for bundle in (other + identity().ca, "# ours\n" + identity().ca + other):
        async with SecureHub(version) as hub, transport_to(hub.url, version=version, ca=bundle) as transport:
            hub.script("GET", "/x", Reply(json={}))
            assert (await send(transport)).status == 200


@BOTH
async def test_everything_goes_through_the_proxy(version: Version) -> None:
    """Also to an Enterprise server, whose REST and GraphQL lie side by side; nobody here could find that host."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(SecureHub(version, prefix="/api", host="ghe.example"))
        proxy = await stack.enter_async_context(Proxy({"ghe.example": hub.relay.port}, "me:pass%word"))
        address = f"http://me:pass%25word@127.0.0.1:{proxy.port}"
        network = Network(version=version, ca=identity().ca, proxy=address)
        github = GitHub(f"{hub.url}/v3", "1", pem(), HandClock(), timeout=60, network=network)
        hub.script("POST", "/v3/app/installations/7/access_tokens", Reply(201, hub.mint()))
        hub.script("GET", "/v3/repos/acme/api/issues/1", Reply(json=issue(1)))
        hub.script("GET", "/v3/repos/acme/api/installation", Reply(json={"id": 7, "account": {"login": "acme"}}))
        hub.script("POST", "/graphql", Reply(json={"data": {"viewer": None}}))
        seven = Identity("7")
        assert (await github.auth.send(Request("GET", "repos/acme/api/issues/1", seven))).status == 200
        answer = await github.auth.send(graphql(seven, "query { viewer { login } }"))
        assert answer.body == b'{"data": {"viewer": null}}'
        assert hub.surprises == []
        assert set(proxy.asked) == {f"ghe.example:{hub.relay.port}"}
        await github.close()


@BOTH
async def test_a_proxy_that_refuses_is_unreachable_and_its_password_is_not_told(version: Version) -> None:
    async with SecureHub(version, host="ghe.example") as hub, Proxy({}, "me:right") as proxy:
        for address in (f"http://me:canary@127.0.0.1:{proxy.port}", "http://me:canary@127.0.0.1:1"):
            async with transport_to(hub.url, version=version, proxy=address) as transport:
                with pytest.raises(Unreachable) as caught:
                    await send(transport)
                assert "canary" not in repr(caught.value)
                assert "canary" not in repr(transport._route._network)
        assert proxy.asked
        assert not hub.asked


@BOTH
async def test_this_machine_is_reached_without_the_proxy(version: Version) -> None:
    async with SecureHub(version) as hub, Proxy({}) as proxy:
        async with transport_to(hub.url, version=version, proxy=f"http://127.0.0.1:{proxy.port}") as transport:
            hub.script("GET", "/x", Reply(json={}))
            assert (await send(transport)).status == 200
        assert proxy.asked == []


@BOTH
async def test_the_environment_is_not_obeyed(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings have one source; a proxy that only one library would take from the environment would surprise."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        hub.script("GET", "/x", Reply(json={}))
        assert (await send(transport)).status == 200


@pytest.mark.parametrize("version", ["2", "1"])
async def test_a_token_that_fits_into_no_header_is_no_crash(version: Version) -> None:
    async with SecureHub(version) as hub, transport_to(hub.url, version=version) as transport:
        with pytest.raises(
            Unreachable, match="the request can't be sent: a header or the address is malformed"
        ) as caught:
            await transport.exchange(Request("GET", "x", APP), "canary\r\nx: y")
        assert "canary" not in repr(caught.value)
        assert not hub.asked


def test_addresses_of_this_machine() -> None:
    for host in ("localhost", "x.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"):
        assert is_loopback(host)
    for host in ("github.com", "10.0.0.1", "127.0.0.1.example", "::2", ""):
        assert not is_loopback(host)


def test_headers_that_come_again_are_one_list() -> None:
    assert gathered([("Link", "a"), ("ETag", "e"), ("link", "b")]) == {"link": "a, b", "etag": "e"}
