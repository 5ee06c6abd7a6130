"""The sandbox against GitHub's descriptions: the lifecycle of a task makes no finding, whichever way in."""

import hashlib
import hmac
import json
import re

import aiohttp
import pytest

from services.sandbox.kernel import ROUTES
from tests.contract.around import DELIVERIES, MACHINERY, READS
from tests.contract.lifecycle import LIFECYCLE, play
from tests.contract.openapi import OUTSIDE, description
from tests.contract.world import SECRET, World
from tests.kit.contract import Recorder


def api_calls(contract: Recorder) -> int:
    """How many exchanges came before the judges."""
    return sum(n for name, n in contract.seen.items() if not name.startswith("webhook"))


def test_every_route_is_an_operation_of_githubs() -> None:
    invented = []
    for route in ROUTES:
        path = re.sub(r"\{\w+\}", "7", route.template)
        if description().operations.find(route.method, path) is None and not OUTSIDE.fullmatch(path):
            invented.append(f"{route.method} {route.template}")
    assert len(ROUTES) > 150
    assert invented == []


@pytest.mark.parametrize("base", ["", "/api/v3"])
async def test_the_lifecycle_makes_no_finding(world: World, contract: Recorder, base: str) -> None:
    async with aiohttp.ClientSession() as session:
        await play(session, world.url + base, world.credentials(), lambda *_: None)
    assert api_calls(contract) == len(LIFECYCLE)


async def test_what_lies_around_it_makes_no_finding(world: World, contract: Recorder) -> None:
    async with aiohttp.ClientSession() as session:
        await play(session, world.url, world.credentials(), lambda *_: None, READS)
    assert api_calls(contract) == len(READS)


async def test_actions_and_hooks_make_no_finding(world: World, contract: Recorder) -> None:
    async with aiohttp.ClientSession() as session:
        who = world.credentials()
        kept = await play(session, world.url, who, lambda *_: None, MACHINERY, hook_url=world.receiver)
        await world.running.idle()
        await play(session, world.url, who, lambda *_: None, DELIVERIES, token=kept["token"], hook=kept["hook"])
    assert api_calls(contract) == len(MACHINERY) + len(DELIVERIES)


async def test_its_webhooks_are_githubs_and_signed(world: World, contract: Recorder) -> None:
    async with aiohttp.ClientSession() as session:
        await play(session, world.url, world.credentials(), lambda *_: None)
    await world.running.idle()
    told = {
        "webhook label.created", "webhook issues.opened", "webhook issues.labeled", "webhook issues.closed",
        "webhook issue_comment.created", "webhook issue_comment.edited", "webhook create", "webhook delete",
        "webhook push", "webhook pull_request.opened", "webhook pull_request.closed", "webhook status",
        "webhook pull_request_review.submitted", "webhook check_run.created", "webhook check_run.completed",
    }  # fmt: skip
    assert told - contract.seen.keys() == set()
    assert len(world.received) == sum(n for name, n in contract.seen.items() if name.startswith("webhook"))
    for headers, body in world.received:
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={signature}"
        assert headers["User-Agent"].startswith("GitHub-Hookshot/")
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["X-GitHub-Delivery"])
        assert headers["X-GitHub-Event"] in {name.split()[1].partition(".")[0] for name in contract.seen if " " in name}
        assert json.loads(body)["installation"]["id"] == world.installation
