"""ETags: computed for the credential of now, never trusted blindly, and no credential leaves."""

import hashlib

import pytest
from msgspec.structs import replace

from services.github.client import Transport
from services.github.etags import TRUSTED_AGAIN, Etags, authorization, predicted
from services.github.exchange import JSON, Answer, Identity, Request, Stats
from services.sandbox.git_memory import MemoryGit
from services.sandbox.kernel import Request as SandboxRequest
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import Scenario
from tests.kit.fakehub import FakeHub, Reply

BODY = b'{"id":1}'
ASKED = Request("GET", "repos/acme/api", Identity("7"))
HELD = replace(ASKED, etag='"old"', held=BODY, holder=1)


class Hub:
    """A transport that answers with ETags made as GitHub's, or `odd` ones, and notes what it was asked."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.body = BODY
        self.odd = ""

    async def exchange(self, request: Request, secret: str) -> Answer:
        self.seen.append(request)
        etag = self.odd or predicted(request.accept, secret, self.body)
        if request.etag.removeprefix("W/") == etag:
            return Answer(304, {"etag": f"W/{etag}"}, b"")
        return Answer(200, {"etag": f"W/{etag}"}, self.body)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def etags(hub: Hub) -> Etags:
    return Etags(hub, Stats())


def test_the_formula() -> None:
    whole = hashlib.sha256(b"application/vnd.github+json:bearer s3cret:" + BODY).hexdigest()
    assert predicted(JSON, "s3cret", BODY) == f'"{whole}"'


def test_the_sandbox_makes_its_etags_so() -> None:
    sandbox = Sandbox(MemoryGit())
    stage = Scenario(sandbox)
    stage.repo("acme/api")
    token = stage.user_token("acme")
    headers = {"accept": JSON, "authorization": f"bearer {token}"}
    request = SandboxRequest(method="GET", path="/repos/acme/api", headers=headers)
    answer = sandbox.handle(request)
    tag = predicted(JSON, token, answer.encoded())
    assert answer.headers["etag"] == f"W/{tag}"
    known = SandboxRequest(method="GET", path="/repos/acme/api", headers={**headers, "if-none-match": tag})
    assert sandbox.handle(known).status == 304
    sandbox.odd_etags = True
    assert sandbox.handle(known).status == 200


async def test_the_client_sends_the_headers_that_are_reckoned_with() -> None:
    async with FakeHub() as hub:
        hub.script("GET", "/repos/acme/api", Reply(json={"id": 1}, headers={"Last-Modified": "x"}))
        transport = Transport(hub.url, timeout=60)
        await Etags(transport, Stats()).exchange(ASKED, "s3cret")
        await transport.exchange(replace(ASKED, since="Mon, 02 Mar 2026 09:00:00 GMT"), "s3cret")
        await transport.close()
    sent, dated = hub.asked
    assert (sent.headers["accept"], sent.headers["authorization"]) == (JSON, authorization("s3cret"))
    assert "cookie" not in sent.headers
    assert "if-modified-since" not in sent.headers
    assert dated.headers["if-modified-since"] == "Mon, 02 Mar 2026 09:00:00 GMT"


async def test_a_new_credential_gets_its_own_etag(etags: Etags, hub: Hub) -> None:
    first = await etags.exchange(ASKED, "one")
    known = replace(ASKED, etag=first.etag, held=first.body, holder=first.holder)
    again = await etags.exchange(known, "one")
    assert (again.status, again.predicted, hub.seen[-1].etag) == (304, False, first.etag)
    other = await etags.exchange(known, "two")
    assert (other.status, other.predicted) == (304, True)
    assert other.holder != first.holder
    assert hub.seen[-1].etag != first.etag


async def test_what_has_changed_is_200_whatever_was_predicted(etags: Etags, hub: Hub) -> None:
    hub.body = b'{"id":2}'
    answer = await etags.exchange(HELD, "one")
    assert (answer.status, answer.predicted, answer.body) == (200, False, b'{"id":2}')
    assert etags.is_trusted("7")


async def test_one_surprise_turns_prediction_off_for_that_installation(etags: Etags, hub: Hub) -> None:
    hub.odd = '"made otherwise"'
    await etags.exchange(ASKED, "one")
    assert not etags.is_trusted("7")
    assert etags.is_trusted("8")
    assert etags._stats.drifts == 1
    await etags.exchange(HELD, "two")
    assert hub.seen[-1].etag == '"old"', "the stored one is used after all"
    dated = replace(HELD, since="Mon, 02 Mar 2026 09:00:00 GMT")
    await etags.exchange(dated, "two")
    assert (hub.seen[-1].etag, hub.seen[-1].since) == ("", dated.since)


async def test_trust_comes_back_slowly(etags: Etags, hub: Hub) -> None:
    hub.odd = '"made otherwise"'
    await etags.exchange(ASKED, "one")
    hub.odd = ""
    for _ in range(TRUSTED_AGAIN - 1):
        await etags.exchange(ASKED, "one")
    assert not etags.is_trusted("7")
    await etags.exchange(ASKED, "one")
    assert etags.is_trusted("7")


async def test_no_etag_no_verdict_and_writes_are_left_alone(hub: Hub) -> None:
    class Silent(Hub):
        async def exchange(self, request: Request, secret: str) -> Answer:
            self.seen.append(request)
            return Answer(200, {}, BODY)

    silent = Silent()
    etags = Etags(silent, Stats())
    await etags.exchange(ASKED, "one")
    write = Request("POST", "repos/acme/api/issues", Identity("7"), b"{}")
    assert (await etags.exchange(write, "one")).holder == 0
    assert silent.seen[-1] is write
    assert etags._stats.drifts == 0
