"""Who comes in: nobody who is a stranger, through any route; people as themselves, and not sent by another site."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from yarl import URL

from bot.settings import Settings
from bot.web.guard import ENTRANCE, PUBLIC
from bot.web.signing import local_path
from services.store import access as kept
from services.store.access import Access, Session
from tests.api.kit import People, token_for
from tests.web.plans import half_done
from tests.web.stage import House, house

OPEN = Settings(client_id="Iv1", client_secret="x", public_url="http://localhost", admins="root, Ada")
PART = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n'
SECRETS = ("Orders carry a currency", "acme/platform", "no_rates", "lockstep_inbox")


@pytest.fixture
async def home() -> AsyncIterator[House]:
    people = People()
    for login in ("ana", "ada"):
        people.let(login, "acme/platform", "acme/api", "acme/schema", "acme/web")
    async with house(None, OPEN, people) as found:
        await half_done(found)
        yield found


async def signed_in(home: House, login: str, **ago: float) -> str:
    """The cookie of somebody who signed in so long ago."""
    made = home.now() - timedelta(**ago)
    await Access(home.database).open(f"of-{login}", Session(login=login, made=made, until=made + kept.LASTS))
    return f"lockstep=of-{login}"


def filled(path: str) -> str:
    values = {"owner": "acme", "repo": "platform", "number": "1", "task": "rates", "name": "mine"}
    return re.sub(r"{(\w+)}", lambda part: values.get(part[1], "1"), path)


async def test_strangers_see_nothing_through_any_route(home: House) -> None:
    seen = 0
    for method, path in home.routes():
        if path in PUBLIC | ENTRANCE:
            continue
        seen += 1
        home.pass_time(seconds=5)  # so that it is not too often
        for headers in ({}, {"Authorization": "Bearer lst_wrong"}, {"Cookie": "lockstep=wrong"}):
            async with home.session.request(
                method, home.url + filled(path), headers=headers, allow_redirects=False
            ) as answer:
                said = await answer.text()
                assert answer.status in {303, 401}, (method, path, headers)
                assert not [secret for secret in SECRETS if secret in said], (method, path)
                assert answer.headers["Server"] == "Lockstep", "nor what it is made of"
    assert seen > 25
    for path in ("/nothing", "/plans/acme/platform/1/nothing", "/api/v1/nothing"):
        async with home.session.get(home.url + path, allow_redirects=False) as answer:
            assert answer.status in {303, 401}


async def test_whoever_signed_in_sees_and_others_of_the_same_name_do_not(home: House) -> None:
    cookie = await signed_in(home, "ana")
    status, html, _ = await home.get("/plans/acme/platform/1", Cookie=cookie)
    assert status == 200
    assert "Orders carry a currency" in html
    eve = await signed_in(home, "eve")
    assert (await home.get("/plans/acme/platform/1", Cookie=eve))[0] == 404
    assert "Orders" not in (await home.get("/", Cookie=eve))[1]
    assert (await home.get("/api/v1/deliveries", Cookie=cookie))[0] == 403
    assert (await home.get("/api/v1/deliveries", Cookie=await signed_in(home, "ada")))[0] == 200


async def test_a_session_gets_another_id_and_ends(home: House) -> None:
    cookie = await signed_in(home, "ana", minutes=30)
    assert "Set-Cookie" not in (await home.get("/", Cookie=cookie))[2]
    cookie = await signed_in(home, "ada", minutes=90)
    status, _, headers = await home.get("/", Cookie=cookie)
    said = headers["Set-Cookie"]
    assert status == 200
    assert "HttpOnly" in said
    assert "SameSite=Lax" in said
    following = said.partition(";")[0]
    assert following != cookie
    assert (await home.get("/", Cookie=cookie))[0] == 200, "for requests that were on their way"
    home.pass_time(minutes=2)
    assert (await home.get("/", Cookie=cookie))[0] == 303
    assert (await home.get("/", Cookie=following))[0] == 200
    home.pass_time(hours=11)
    assert (await home.get("/", Cookie=following))[0] == 303, "twelve hours after it began, whatever its id"


async def test_a_form_of_another_site_does_nothing(home: House) -> None:
    cookie = await signed_in(home, "ana")
    path = "/api/v1/plans/acme/platform/1/commands"
    csrf = await csrf_of(home, cookie)
    body = {"command": "ping"}
    for headers, status in [
        ({}, 403),
        ({"X-CSRF-Token": "wrong"}, 403),
        ({"X-CSRF-Token": csrf, "Origin": "https://evil.example"}, 403),
        ({"X-CSRF-Token": csrf, "Origin": "null"}, 403),
        ({"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-CSRF-Token": await csrf_of(home, await signed_in(home, "ada"))}, 403),
        ({"X-CSRF-Token": csrf, "Origin": home.url}, 202),
    ]:
        async with home.session.post(home.url + path, json=body, headers={**headers, "Cookie": cookie}) as answer:
            assert answer.status == status, headers


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"csrf=\xff\xfe"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"csrf=1"),
        ("multipart/form-data", b"csrf=1"),
        ("multipart/form-data; boundary=x", b"no part"),
        ("multipart/form-data; boundary=x", b"--x\r\nno header\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A" * 20_000 + b": b\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", PART + b"Content-Transfer-Encoding: odd\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", PART + b"Content-Type: text/plain; charset=odd\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", PART + b"\r\n\xff\r\n--x--"),
        ("multipart/form-data; boundary=x", PART + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-\r\n--x--"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"csrf=+2AA-"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"task=+2AA-"),
        ("application/x-www-form-urlencoded; charset=unicode_escape", b"csrf=\\ud800"),
        ("application/x-www-form-urlencoded\r\nContent-Encoding: gzip", b"no gzip!"),
    ],
)
async def test_what_is_no_form_is_refused(home: House, kind: str, body: bytes) -> None:
    """By the guard, which reads a browser's; and where it is read for a program that has a token."""
    token = f"Bearer {await token_for(home, 'ana', 'read', 'act')}"
    for headers in ({"Cookie": await signed_in(home, "ana")}, {"Authorization": token}):
        ((name, value),) = headers.items()
        status = await raw(home, "POST", f"{name}: {value}\r\nContent-Type: {kind}".encode(), body)
        assert 400 <= status < 500, headers


@pytest.mark.parametrize(
    "header",
    [
        b"X-CSRF-Token: \xff",
        b"Cookie: lockstep=\xff",
        b"Authorization: Bearer lst_\xff",
        b"X-CSRF-Token: x\r\nOrigin: http://[",
    ],
)
async def test_a_header_that_is_no_text_is_refused(home: House, header: bytes) -> None:
    cookie = f"Cookie: {await signed_in(home, 'ana')}\r\n".encode() if b"CSRF" in header else b""
    assert await raw(home, "POST", cookie + header, b"") in {401, 403}


async def raw(home: House, method: str, headers: bytes, body: bytes) -> int:
    """The status of the answer to what no client would send."""
    url = URL(home.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"{method} /plans/acme/platform/1/commands HTTP/1.1\r\nHost: {url.authority}\r\nConnection: close\r\n"
    writer.write(head.encode() + headers + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


async def csrf_of(home: House, cookie: str) -> str:
    async with home.session.get(f"{home.url}/api/v1/me", headers={"Cookie": cookie}) as answer:
        return str((await answer.json())["csrf"])


async def test_signing_out_ends_every_session_of_the_person(home: House) -> None:
    cookie = await signed_in(home, "ana")
    csrf = await csrf_of(home, cookie)
    async with home.session.post(
        f"{home.url}/sign-out", data={"csrf": csrf}, headers={"Cookie": cookie}, allow_redirects=False
    ) as answer:
        assert answer.status == 303
    assert (await home.get("/", Cookie=cookie))[0] == 303


async def test_a_token_is_good_for_what_it_says_and_until_then(home: House) -> None:
    secret = await token_for(home, "ana", "read", days=1)
    assert (await home.get("/api/v1/plans", Authorization=f"Bearer {secret}"))[0] == 200
    assert (await home.get("/metrics", Authorization=f"Bearer {secret}"))[0] == 200
    home.pass_time(days=1)
    assert (await home.get("/api/v1/plans", Authorization=f"Bearer {secret}"))[0] == 401
    acts = await token_for(home, "ana", "act", name="acts")
    for path in ("/", "/plans/acme/platform/1", "/metrics", "/api/v1/plans", "/api/v1/events"):
        assert (await home.get(path, Authorization=f"Bearer {acts}"))[0] == 403, path


async def test_too_often_is_said(home: House) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(130):
            async with session.get(f"{home.url}/api/v1/me") as answer:
                status = answer.status
                after = answer.headers.get("Retry-After", "")
        assert (status, bool(after)) == (429, True)
        for said, status in (("192.0.2.1", 303), ("192.0.2.7, 127.0.0.1", 429), ("nonsense", 429)):
            headers = {"X-Forwarded-For": said}
            async with session.get(f"{home.url}/sign-in", headers=headers, allow_redirects=False) as answer:
                assert answer.status == status, "one stranger behind our proxy does not keep others out"


@pytest.mark.parametrize(
    "given",
    ["//evil.example", "/\\evil.example", "https://evil.example", "https:evil.example", "\t//evil.example", "evil", "",
     "/x\r\nSet-Cookie: a=b", "/x y", "/" + "x" * 600],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(given: str) -> None:
    assert local_path(given) == "/"
    assert local_path("/plans/acme/platform/1?show=all") == "/plans/acme/platform/1?show=all"


async def test_tokens_are_made_on_a_page_shown_once_and_revoked(home: House) -> None:
    cookie = await signed_in(home, "ana")
    csrf = await csrf_of(home, cookie)

    async def post(path: str, **fields: str) -> tuple[int, str]:
        async with home.session.post(
            home.url + path, data={"csrf": csrf, **fields}, headers={"Cookie": cookie}, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()

    status, html = await post("/account/tokens", name="ci", read="1", admin="1", days="30")
    assert status == 200
    secret = re.findall(r"lst_[A-Za-z0-9_-]+", html)[0]
    assert secret not in (await home.get("/account", Cookie=cookie))[1]
    assert (await home.get("/api/v1/deliveries", Authorization=f"Bearer {secret}"))[0] == 403, "ana is no admin"
    assert (await home.get("/api/v1/plans", Authorization=f"Bearer {secret}"))[0] == 200
    assert (await post("/account/tokens", name="ci", read="1", days="30"))[0] == 409
    for fields in ({"name": "<b>", "read": "1", "days": "30"}, {"name": "x", "days": "30"}, {"name": "x", "read": "1"}):
        assert (await post("/account/tokens", **fields))[0] == 422
    assert (await post("/account/tokens/nobody/revoke"))[0] == 404
    assert (await post("/account/tokens/ci/revoke"))[0] == 303
    assert (await home.get("/api/v1/plans", Authorization=f"Bearer {secret}"))[0] == 401
