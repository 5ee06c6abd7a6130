"""Credentials: renewed in time, once for everybody, corrected for a wrong clock, narrow, and never seen."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.errors import ApiError, NotFound, RateLimited, Refused, Unreachable, UserError, Withdrawn
from services.github.auth import Auth
from services.github.client import Transport
from services.github.exchange import APP, Identity, Request, graphql
from tests.kit.fakehub import FakeHub, HandClock, Reply

MINT = "/app/installations/7/access_tokens"
SEVEN = Identity("7")


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem() -> str:
    return key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    async with FakeHub() as hub:
        yield hub


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def auth(hub: FakeHub, clock: HandClock) -> AsyncIterator[Auth]:
    transport = Transport(hub.url, timeout=60)
    yield Auth(transport, "1", pem(), clock)
    await transport.close()


def get(identity: Identity = SEVEN) -> Request:
    return Request("GET", "x", identity)


async def test_the_jwt_is_what_github_asks_for(hub: FakeHub, auth: Auth, clock: HandClock) -> None:
    await auth.send(Request("GET", "app", APP))
    claims = jwt.decode(
        hub.asked[0].secret,
        key().public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    now = int(clock.now().timestamp())
    assert claims == {"iat": now - 60, "exp": now + 540, "iss": "1"}


async def test_nothing_is_changed_by_who_may_not_write_any_more(hub: FakeHub, auth: Auth) -> None:
    hub.script("GET", "/x", Reply(json={}))
    hub.script("POST", "/x", Reply(json={}))
    hub.script("POST", "/graphql", Reply(json={"data": {}}))
    auth.may_write = lambda: False
    with pytest.raises(Withdrawn):
        await auth.send(Request("POST", "x", SEVEN))
    with pytest.raises(Withdrawn):
        await auth.send(graphql(SEVEN, "mutation { a: closeIssue { clientMutationId } }"))
    await auth.send(get())
    await auth.send(graphql(SEVEN, "query { viewer { login } }"))
    assert (len(hub.calls("GET", "/x")), len(hub.calls("POST", "/x"))) == (1, 0)
    assert len(hub.calls("POST", "/graphql")) == 1
    auth.may_write = lambda: True
    await auth.send(Request("POST", "x", SEVEN))
    assert len(hub.calls("POST", "/x")) == 1


async def test_the_jwt_is_kept_and_renewed_before_it_ends(hub: FakeHub, auth: Auth, clock: HandClock) -> None:
    for minutes in (0, 7, 2):
        clock.pass_(minutes=minutes)
        await auth.send(Request("GET", "app", APP))
    first, second, third = (asked.secret for asked in hub.asked)
    assert first == second != third


async def test_a_wrong_clock_is_corrected_once(hub: FakeHub, auth: Auth, clock: HandClock) -> None:
    clock.pass_(minutes=20)  # ours; the hub's own stands still
    late = {"message": "'Expiration time' claim ('exp') is too far in the future"}
    hub.script("GET", "/app", Reply(401, late), Reply(json={"id": 1}))
    await auth.send(Request("GET", "app", APP))
    claims = jwt.decode(hub.asked[1].secret, options={"verify_signature": False})
    assert claims["exp"] == int(hub.clock.now().timestamp()) + 540
    hub.script("GET", "/app", Reply(401, late))
    with pytest.raises(Refused, match="Expiration"):
        await auth.send(Request("GET", "app", APP))
    assert len(hub.asked) == 3


async def test_many_at_once_share_the_correction(hub: FakeHub, auth: Auth, clock: HandClock) -> None:
    clock.pass_(minutes=-20)
    wrong = Reply(401, {"message": "'Issued at' claim ('iat') must be an Integer"})
    hub.script("GET", "/app", *[wrong] * 5, Reply(json={"id": 1}))
    answers = await asyncio.gather(*(auth.send(Request("GET", "app", APP)) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}


async def test_a_wrong_key_is_not_asked_about_twice(hub: FakeHub, auth: Auth) -> None:
    hub.script("GET", "/app", Reply(401, {"message": "A JSON web token could not be decoded"}))
    with pytest.raises(Refused, match="could not be decoded"):
        await auth.send(Request("GET", "app", APP))
    assert len(hub.asked) == 1


async def test_a_token_is_minted_once_for_many_and_kept(hub: FakeHub, auth: Auth) -> None:
    hub.script("GET", "/x", Reply(json={}))
    await asyncio.gather(*(auth.send(get()) for _ in range(20)))
    await auth.send(get())
    assert hub.minted == 1
    assert {asked.secret for asked in hub.calls("GET", "/x")} == {await auth.token(SEVEN)}


async def test_tokens_are_as_narrow_as_asked(hub: FakeHub, auth: Auth) -> None:
    narrow = Identity("7", ("api",), (("contents", "write"),))
    assert await auth.token(narrow) != await auth.token(SEVEN)
    assert [asked.data for asked in hub.calls("POST", MINT)] == [
        {"repositories": ["api"], "permissions": {"contents": "write"}},
        {},
    ]


@pytest.mark.parametrize(("minutes", "minted"), [(49, 1), (51, 2)])
async def test_a_token_is_renewed_ten_minutes_early(
    hub: FakeHub, auth: Auth, clock: HandClock, minutes: int, minted: int
) -> None:
    await auth.token(SEVEN)
    clock.pass_(minutes=minutes)
    await auth.token(SEVEN)
    assert hub.minted == minted


async def test_a_fast_clock_does_not_mint_for_every_call(hub: FakeHub, auth: Auth, clock: HandClock) -> None:
    clock.pass_(hours=3)
    await auth.token(SEVEN)
    await auth.token(SEVEN)
    assert hub.minted == 1


async def test_an_expired_token_is_renewed_once_for_all(hub: FakeHub, auth: Auth, clock: HandClock) -> None:
    await auth.token(SEVEN)
    clock.pass_(minutes=30)
    bad = Reply(401, {"message": "Bad credentials"})
    hub.script("GET", "/x", *[bad] * 5, Reply(json={}))
    answers = await asyncio.gather(*(auth.send(get()) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert hub.minted == 2


async def test_a_token_that_stays_bad_is_an_error(hub: FakeHub, auth: Auth) -> None:
    hub.script("GET", "/x", Reply(401, {"message": "Bad credentials"}))
    with pytest.raises(Refused, match="Bad credentials"):
        await auth.send(get())
    assert len(hub.calls("GET", "/x")) == 2


@pytest.mark.parametrize(("seconds", "calls"), [(0, 2), (4, 2), (6, 1)])
async def test_403_is_retried_only_while_a_token_is_young(
    hub: FakeHub, auth: Auth, clock: HandClock, seconds: int, calls: int
) -> None:
    await auth.token(SEVEN)
    clock.pass_(seconds=seconds)
    hub.script("GET", "/x", Reply(403, {"message": "Resource not accessible by integration"}))
    with pytest.raises(Refused, match="not accessible"):
        await auth.send(get())
    assert len(hub.calls("GET", "/x")) == calls
    assert hub.minted == 1


async def test_a_limit_is_never_retried(hub: FakeHub, auth: Auth) -> None:
    hub.script("GET", "/x", Reply(403, {"message": "You have exceeded a secondary rate limit"}))
    with pytest.raises(RateLimited):
        await auth.send(get())
    assert len(hub.calls("GET", "/x")) == 1


async def test_suspended_and_uninstalled_say_so(hub: FakeHub, auth: Auth) -> None:
    hub.script("POST", MINT, Reply(403, {"message": "This installation has been suspended"}))
    with pytest.raises(Refused, match="suspended"):
        await auth.token(SEVEN)
    hub.script("POST", MINT, Reply(404, {"message": "Not Found"}))
    with pytest.raises(NotFound):
        await auth.send(get())


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Reply(404, {"message": "Not Found"}), NotFound),
        (Reply(403, {"message": "This installation has been suspended"}), Refused),
    ],
)
async def test_what_is_taken_away_in_the_middle_is_told_once(
    hub: FakeHub, auth: Auth, refusal: Reply, error: type[ApiError]
) -> None:
    """The token's last answer is 401; the next token is refused, for all who wait and for whoever asks later."""
    await auth.token(SEVEN)
    hub.script("GET", "/x", Reply(401, {"message": "Bad credentials"}))
    hub.script("POST", MINT, refusal)
    for count in (5, 1):
        told = await asyncio.gather(*(auth.send(get()) for _ in range(count)), return_exceptions=True)
        assert {type(each) for each in told} == {error}
    assert len(hub.calls("GET", "/x")) == 5
    assert len(hub.calls("POST", MINT)) <= 1 + 5 + 1


async def test_graphql_has_the_same_credentials_and_limits(hub: FakeHub, auth: Auth) -> None:
    bad = Reply(401, {"message": "Bad credentials"})
    hub.script("POST", "/graphql", bad, Reply(json={"data": {}}), Reply(json={"errors": [{"type": "RATE_LIMITED"}]}))
    query = graphql(SEVEN, "query { viewer { login } }")
    assert (await auth.send(query)).body == b'{"data": {}}'
    assert hub.minted == 2
    with pytest.raises(RateLimited):
        await auth.send(query)


@pytest.mark.parametrize("odd", [{}, {"token": "t"}, {"token": "t", "expires_at": "2026-03-01T10:00:00"}, {"token": 1}])
async def test_an_odd_token_answer_is_no_answer(hub: FakeHub, auth: Auth, odd: dict[str, object]) -> None:
    hub.script("POST", MINT, Reply(201, odd))
    with pytest.raises(Unreachable) as caught:
        await auth.token(SEVEN)
    assert "t'" not in str(caught.value)


async def test_a_hostile_installation_id_stays_in_its_place(hub: FakeHub, auth: Auth) -> None:
    with pytest.raises(NotFound):
        await auth.token(Identity(".."))
    with pytest.raises(Unreachable):
        await auth.token(Identity("7/../../user?x"))
    assert hub.surprises == ["POST /app/installations/7%2F..%2F..%2Fuser%3Fx/access_tokens"]


def test_an_unreadable_key_is_one_calm_sentence(clock: HandClock) -> None:
    canary = "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----"
    for text in (canary, "", "ä"):
        with pytest.raises(UserError) as caught:
            Auth(Transport("http://127.0.0.1:1"), "1", text, clock)
        assert caught.value.__cause__ is None
        assert str(caught.value) == (
            "The App's private key can't be read: give the whole PEM file that GitHub offers for download."
        )


async def test_no_representation_shows_a_token(hub: FakeHub, auth: Auth) -> None:
    hub.script("GET", "/x", Reply(json={}))
    answer = await auth.send(Request("POST", MINT.removeprefix("/"), APP))
    token = await auth.token(SEVEN)
    shown = repr([answer, get(), auth, auth._tokens, auth._jwt, timedelta(0)])
    assert "canary" not in shown
    assert token[:15] not in shown
