"""What people do on a page: commands in their own name, with a form that was made for them; deliveries handled again."""

import re
from collections.abc import AsyncIterator

import pytest

from services.core.lessons import proposed
from services.store.inbox import Delivery
from services.store.lessons import Lessons
from services.store.past import Merged, PastTasks
from services.store.requests import Requests
from tests.api.kit import People
from tests.kit.plans import NOW
from tests.web.plans import TRICKS, currency, half_done
from tests.web.stage import House, house
from tests.web.test_access import OPEN, signed_in
from tests.web.test_pages import main_of, words

HERE = "/plans/acme/platform/1"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    people = People()
    for login in ("ana", "ada"):
        people.let(login, "acme/platform", "acme/api", "acme/schema", "acme/web")
    async with house(None, OPEN, people) as found:
        await half_done(found)
        yield found


async def send(home: House, path: str, cookie: str, **form: str) -> tuple[int, str, str]:
    """Status, where to, and what is said."""
    async with home.session.post(
        home.url + path, data=form, headers={"Cookie": cookie}, allow_redirects=False
    ) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def csrf(home: House, cookie: str, path: str = HERE) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await home.get(path, Cookie=cookie))[1])
    assert found is not None
    return found[1]


async def test_a_button_gives_the_command_in_ones_own_name(home: House) -> None:
    ana, ada = await signed_in(home, "ana"), await signed_in(home, "ada")
    _, html, _ = await home.get(HERE, Cookie=ana)
    assert '<input type="hidden" name="command" value="retry rates"><button type="submit" class="main">Retry' in html
    token = await csrf(home, ana)
    status, there, _ = await send(home, f"{HERE}/commands", ana, csrf=token, command="retry rates", why="once more")
    assert status == 303
    assert re.fullmatch(r"/plans/acme/platform/1\?given=[0-9a-f-]{36}#_given", there)
    said = words(main_of((await home.get(there.partition("#")[0], Cookie=ana))[1]))
    assert "is carried out /lockstep retry rates" in said
    assert "is carried out" not in (await home.get(there.partition("#")[0], Cookie=ada))[1], "it is ana's"
    assert await home.inbox.how_many_wait() == 1
    requests = Requests(home.database)
    (request,) = await requests.newest("ana", None, 5)
    assert (request.via, request.why) == ("page", "once more")
    why = f"\x00{TRICKS[0]}" + "x" * 500
    await send(home, f"{HERE}/commands", ana, csrf=token, command="hold", why=why)
    (held,) = [each for each in await requests.newest("ana", None, 5) if each.command == "hold"]
    assert held.why.startswith(TRICKS[0])
    assert len(held.why) <= 250
    await requests.settle(request.id, "refused", f"That is not so: `{TRICKS[0]}`.")
    _, html, _ = await home.get(there.partition("#")[0], Cookie=ana)
    assert "not done" in words(main_of(html))
    assert "&lt;script&gt;" in html
    assert "<script" not in main_of(html)


async def test_what_can_not_be_done_is_said(home: House) -> None:
    ana = await signed_in(home, "ana")
    token = await csrf(home, ana)
    for form, status in (
        ({"csrf": "0" * 64, "command": "retry rates"}, 403),
        ({"command": "retry rates"}, 403),
        ({"csrf": token, "command": "fly away"}, 422),
        ({"csrf": token, "command": ""}, 422),
        ({"csrf": token, "command": "approve"}, 422),
        ({"csrf": token, "command": "<script>"}, 422),
    ):
        got, _, html = await send(home, f"{HERE}/commands", ana, **form)
        assert got == status, form
        assert "<script" not in main_of(html)
        assert "<h1" in html
    assert (await send(home, "/plans/acme/platform/9/commands", ana, csrf=token, command="hold"))[0] == 404
    assert await home.inbox.how_many_wait() == 0


async def test_a_plan_is_approved_as_it_was_read(home: House) -> None:
    ana = await signed_in(home, "ana")
    row = await home.read(currency(), 2, title="New")
    _, html, _ = await home.get("/plans/acme/platform/2", Cookie=ana)
    version = re.search(r'name="version" value="([0-9a-f]{64})"', html)
    assert version is not None
    assert version[1] == row.hash
    token = await csrf(home, ana)
    form = {"csrf": token, "command": "approve", "version": version[1]}
    assert (await send(home, "/plans/acme/platform/2/commands", ana, **form))[0] == 303
    await home.read(currency(), 2, title="New")


async def test_a_task_and_a_lesson_have_their_buttons(home: House) -> None:
    ana = await signed_in(home, "ana")
    _, html, _ = await home.get(f"{HERE}/tasks/rates", Cookie=ana)
    assert re.findall(r'name="command" value="([a-z]+ rates)"', html) == [
        "retry rates", "hold rates", "skip rates", "cancel rates",
    ]  # fmt: skip
    assert len(re.findall(r'<input type="text" name="why" maxlength="250"', html)) == 1, "one for all of them"
    assert "<form" not in main_of((await home.get(f"{HERE}/tasks/schema", Cookie=ana))[1]), "it is done"
    lesson = proposed("acme/api", 7, "Say why.")
    assert lesson is not None
    await Lessons(home.database).propose(lesson, NOW)
    assert "lesson approve" not in "".join(re.findall("<form.*?</form>", (await home.get("/learning", Cookie=ana))[1]))
    await PastTasks(home.database).record(
        [Merged(key=f"acme/platform-1-r1/api/{'a' * 40}", repo="acme/api", title="t", number=7)]
    )
    _, html, _ = await home.get("/learning", Cookie=ana)
    assert f'action="{HERE}/commands"' in html
    assert f'name="command" value="lesson approve {lesson.id}"' in html


async def test_operators_have_a_delivery_handled_again(home: House) -> None:
    ana, ada = await signed_in(home, "ana"), await signed_in(home, "ada")
    for n in (1, 2):
        await home.inbox.put(Delivery(hook_id="1", guid=f"g{n}", event="push", received_at=NOW, body=b"{}"))
        await home.inbox.settle(n, "failed", "why")
    await home.database.write(lambda c: c.execute("UPDATE inbox SET body = NULL WHERE id = 2"))
    _, html, _ = await home.get("/deliveries", Cookie=ada)
    assert re.findall(r'action="(/deliveries/\d+/again)"', html) == ["/deliveries/1/again"]
    token = await csrf(home, ada, "/deliveries")
    assert (await send(home, "/deliveries/1/again", ana, csrf=await csrf(home, ana)))[0] == 403
    assert (await send(home, "/deliveries/1/again", ada, csrf="x"))[0] == 403
    assert await home.inbox.how_many_wait() == 0
    assert (await send(home, "/deliveries/1/again", ada, csrf=token))[:2] == (303, "/deliveries#d1")
    assert await home.inbox.how_many_wait() == 1
    for row in (1, 2, 99):
        assert (await send(home, f"/deliveries/{row}/again", ada, csrf=token))[0] == 409
    (waiting,) = await home.inbox.waiting(5)
    assert (waiting.guid, waiting.body) == ("g1", b"{}")


async def test_who_has_no_name_has_no_buttons_but_the_operators() -> None:
    async with house() as home:
        await half_done(home)
        await home.inbox.put(Delivery(hook_id="1", guid="g1", event="push", received_at=NOW, body=b"{}"))
        await home.inbox.settle(1, "handled")
        for path in ("/", HERE, f"{HERE}/tasks/rates"):
            assert "<form" not in main_of((await home.get(path))[1])
        assert "/deliveries/1/again" in (await home.get("/deliveries"))[1]
