"""No credential shows in a log, in an error with all that led to it, or in the representation of any object alive.

Whatever can go wrong goes wrong once, over both kinds of connection, with everything logged that can be logged.
"""

import asyncio
import gc
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Literal

import pytest
import structlog

from services.errors import ApiError, LockstepError
from services.github import GitHub, Network
from services.github.auth import _Minted
from services.github.exchange import APP, Identity, Request, decode, graphql
from tests.kit.fakehub import FakeHub, HandClock, Reply
from tests.kit.relay import Proxy
from tests.kit.securehub import SecureHub
from tests.kit.tls import identity
from tests.services.test_github_auth import pem

SEVEN = Identity("7")
BAD = [
    Reply(404, {"message": "Not Found"}),
    Reply(422, {"message": "V", "errors": ["one"]}),
    Reply(403, {"message": "You have exceeded a secondary rate limit"}),
    Reply(502, body=b"<html>Unicorn!</html>"),
    Reply(200, body=b'{"cut": '),
    Reply(200, body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    Reply(302, headers={"Location": "https://127.0.0.1:1/away"}),
    Reply(cut=True),
    Reply(body=b"half an", cut=True),
]


async def go_wrong(github: GitHub, hub: SecureHub) -> list[BaseException]:
    """One error for everything in BAD, for a read and for a write, and for a call that is cancelled."""
    errors: list[BaseException] = []
    for method in ("GET", "POST"):
        for bad in BAD:
            hub.script(method, "/x", bad)
            with pytest.raises(ApiError) as caught:
                await github.auth.send(Request(method, "x", SEVEN, b"{}" if method == "POST" else b""))
            errors.append(caught.value)
    gate = asyncio.Event()
    hub.script("GET", "/slow", Reply(json={}, gate=gate))
    call = asyncio.create_task(github.auth.send(Request("GET", "slow", SEVEN)))
    await hub.arrived(1, "GET", "/slow")
    call.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await call
    gate.set()
    return [*errors, cancelled.value]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and all that it came from, whether it would be shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown(error: BaseException) -> str:
    told = "".join(traceback.format_exception(error))
    return told + "".join(f"{each!r} {each} {getattr(each, '__dict__', '')}" for each in chain(error))


def alive() -> Iterator[str]:
    """Representations of everything of ours. aiohttp's own objects show what they are made of, so no error may lead to
    one of them.
    """
    for each in gc.get_objects():
        module = str(type(each).__module__)
        if module.partition(".")[0] in {"services", "gidgethub", "pyreqwest", "_pyreqwest"}:
            yield repr(each)


@pytest.mark.parametrize("version", ["2", "1"])
async def test_nothing_shows_a_credential(version: Literal["2", "1"], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.NOTSET)
    caplog.set_level(logging.WARNING, logger="hpack")  # of the server
    with structlog.testing.capture_logs() as logged:
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(SecureHub(version, host="ghe.example"))
            proxy = await stack.enter_async_context(Proxy({"ghe.example": hub.relay.port}, "me:canary-of-the-proxy"))
            address = f"http://me:canary-of-the-proxy@127.0.0.1:{proxy.port}"
            network = Network(version=version, ca=identity().ca, proxy=address)
            github = GitHub(hub.url, "1", pem(), HandClock(), timeout=60, network=network)
            hub.script("GET", "/ok", Reply(json={}))
            hub.script("POST", "/graphql", Reply(401, {"message": "Bad credentials"}), Reply(json={"data": {}}))
            await github.auth.send(Request("GET", "app", APP))
            kept = [await github.auth.send(Request("GET", "ok", SEVEN))]
            kept.append(await github.auth.send(graphql(SEVEN, "query { viewer { login } }")))
            errors = await go_wrong(github, hub)
            objects = "\n".join(alive())
            secrets = {asked.secret for asked in hub.asked} | {"canary-of-the-proxy", pem()[40:80]}
            await github.close()
    assert len(secrets) >= 5, "the App's, two tokens, the proxy's and the key"
    assert all(len(secret) > 10 for secret in secrets)
    places = {
        "log": f"{logged} {caplog.text} {[record.__dict__ for record in caplog.records]}",
        "objects": objects,
        "answers": repr(kept),
        **{f"error {number}": shown(error) for number, error in enumerate(errors)},
    }
    found = [(place, secret[:20]) for place, text in places.items() for secret in secrets if secret in text]
    assert found == []
    assert "Transport" in objects


async def test_a_token_may_have_any_length_and_form() -> None:
    async with FakeHub() as hub:
        github = GitHub(hub.url, "1", pem(), HandClock(), timeout=60)
        hub.script("GET", "/x", Reply(json={}))
        for token in ("t", "ghs_" + "x" * 36, "ghs_1_eyJ." + "y" * 4_000, "v1.0123456789abcdef"):
            hub.script("POST", "/app/installations/7/access_tokens", Reply(201, hub.mint() | {"token": token}))
            github.auth._tokens.clear()
            await github.auth.send(Request("GET", "x", SEVEN))
            assert hub.calls("GET", "/x")[-1].secret == token
        await github.close()


def test_a_minted_token_shows_its_end_only() -> None:
    token = "ghs_" + "c" * 40
    minted = decode(json.dumps({"token": token, "expires_at": "2026-03-01T10:00:00Z"}).encode(), _Minted)
    assert minted.token == token
    assert token not in repr(minted)
    with pytest.raises(LockstepError) as caught:
        decode(json.dumps({"token": token, "expires_at": token}).encode(), _Minted)
    assert token not in shown(caught.value)
