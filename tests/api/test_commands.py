"""Commands through the API: taken in somebody's name, written down, handed to dispatch once; and tokens."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from bot.settings import Settings
from handlers.reading import parse
from services.store.inbox import Inbox
from tests.api.kit import Asker, People, token_for
from tests.web.plans import currency
from tests.web.stage import House, house

COMMANDS = "/plans/acme/platform/1/commands"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    people = People()
    people.let("ana", "acme/platform")
    async with house(
        None, Settings(client_id="Iv1", client_secret="x", public_url="http://localhost", admins="eve"), people
    ) as found:
        await found.read(currency(), 1)
        yield found


async def test_a_command_is_written_down_and_handed_on(home: House) -> None:
    ana = Asker(home, await token_for(home, "ana", "read", "act"))
    status, given = await ana.ask("POST", COMMANDS, {"command": "retry api", "why": "It was the network."})
    assert (status, given["state"], given["login"], given["via"]) == (202, "waiting", "ana", "mine")
    (delivery,) = await Inbox(home.database).waiting(10)
    event = parse(delivery.event, delivery.guid, delivery.body)
    assert event.asked is not None
    assert (event.repo, event.number, event.sender.login) == ("acme/platform", 1, "ana")
    assert (event.asked.id, event.asked.command, event.asked.why) == (given["id"], "retry api", "It was the network.")
    assert (await ana.get(f"/commands/{given['id']}")) == given
    assert (await ana.get("/commands"))["items"] == [given]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"command": "retry\n/lockstep merge"}, 422, "one command"),
        ({"command": "retri api"}, 422, "retry"),
        ({"command": "`retry`"}, 422, ""),
        ({"command": "retry <script>"}, 422, ""),
        ({"command": ""}, 422, ""),
        ({"command": "approve"}, 422, "version"),
        ({"command": "approve", "version": "0" * 64}, 422, "version"),
        ({"command": "ping", "as": "ben"}, 422, "as"),
        ({"command": "ping", "why": "x" * 251}, 422, ""),
        ([], 422, ""),
    ],
)
async def test_what_is_no_command_is_refused_at_once(home: House, body: object, status: int, said: str) -> None:
    ana = Asker(home, await token_for(home, "ana", "read", "act"))
    found, problem = await ana.ask("POST", COMMANDS, body)
    assert (found, problem["status"]) == (status, status)
    assert said in problem["detail"]
    assert await Inbox(home.database).waiting(10) == []


async def test_who_gives_none(home: House) -> None:
    reader = Asker(home, await token_for(home, "ana", "read", name="reads"))
    assert (await reader.ask("POST", COMMANDS, {"command": "ping"}))[0] == 403
    elsewhere = Asker(home, await token_for(home, "eve", "read", "act"))
    assert (await elsewhere.ask("POST", COMMANDS, {"command": "ping"}))[0] == 404
    ana = Asker(home, await token_for(home, "ana", "read", "act"))
    given = (await ana.ask("POST", COMMANDS, {"command": "ping"}))[1]
    assert (await elsewhere.ask("GET", f"/commands/{given['id']}"))[0] == 404
    assert (await elsewhere.get("/commands"))["items"] == []
    admin = Asker(home, await token_for(home, "eve", "read", "admin", name="all"))
    assert len((await admin.get("/commands"))["items"]) == 1


async def test_a_token_makes_no_tokens_and_can_be_given_up(home: House) -> None:
    secret = await token_for(home, "ana", "read", "act")
    ana = Asker(home, secret)
    wanted = {"name": "more", "scopes": ["read"]}
    assert (await ana.ask("POST", "/tokens", wanted))[0] == 403
    assert [each["name"] for each in (await ana.get("/tokens"))["items"]] == ["mine"]
    assert secret not in str(await ana.get("/tokens"))
    assert (await ana.ask("DELETE", "/tokens/nobody"))[0] == 404
    assert (await ana.ask("DELETE", "/tokens/mine"))[0] == 200
    assert (await ana.ask("GET", "/me"))[0] == 401


async def test_what_is_not_json_is_refused(home: House) -> None:
    secret = await token_for(home, "ana", "read", "act")
    for data, kind, status in [
        (b"{", "application/json", 400),
        (b"command=ping", "application/x-www-form-urlencoded", 415),
        (b"[" * 60_000, "application/json", 422),
        (b" " * 70_000, "application/json", 413),
    ]:
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": kind}
        async with home.session.post(f"{home.url}/api/v1{COMMANDS}", data=data, headers=headers) as answer:
            assert answer.status == status, (kind, len(data))
            assert msgspec.json.decode(await answer.read())["status"] == status


async def test_who_is_no_admin_any_more_has_no_token_of_one(home: House) -> None:
    """The token says `admin`; the settings name somebody else."""
    ana = Asker(home, await token_for(home, "ana", "read", "admin"))
    assert (await ana.get("/me"))["scopes"] == ["read"]
    assert (await ana.ask("GET", "/deliveries"))[0] == 403
