"""The pages as HTML: what stands where, what is foreign is text, what is not there is said, and nothing is too big."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from bot.web.pages import HEADERS
from services.core.board import Decision, Moment
from services.core.plan import Problem
from services.errors import Unreadable
from services.store.reports import Reports
from services.store.runs import Told
from tests.kit.plans import NOW, plan, task
from tests.web.plans import TRICKS, currency, half_done, hostile, thousand
from tests.web.stage import House, house, now_at


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


def words(html: str) -> str:
    """The page as a reader without eyes for markup would have it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def main_of(html: str) -> str:
    """What stands in the frame that all pages have."""
    return html.partition("<main")[2].partition("</main>")[0]


async def test_before_the_first_plan_the_page_says_what_to_do(home: House) -> None:
    status, html, _ = await home.get("/")
    assert status == 200
    assert "No plans yet" in html
    assert "lockstep:plan" in html
    assert "Needs a person" not in html


async def test_what_needs_a_person_stands_first(home: House) -> None:
    await half_done(home)
    _, html, _ = await home.get("/")
    said = words(html)
    assert (
        said.index("Needs a person 1")
        < said.index("failed rates critical in Orders carry a currency")
        < said.index("Running 1")
    )
    assert "rates critical in Orders carry a currency holds up 2 tasks · since 30 min ago · 12:30" in said
    assert "Comment /lockstep retry ratesCopy on acme/platform#1" in said
    assert "1 of 6 done · for 1 h 00" in said
    assert 'aria-label="1 done, 1 in review, 1 failed, 3 blocked"' in html
    assert "https://github.example/acme/platform/issues/1" in html


async def test_a_plan_before_its_start_says_which_command_is_next(home: House) -> None:
    await home.approved(currency(), 1, title="Approved one")
    await home.read(currency(), 2, title="New one")
    await home.read(
        None, 3, title="Broken one", problems=(Problem(kind="cycle", message="a needs b, b needs a.", line=4),)
    )
    said = words((await home.get("/"))[1])
    assert (
        "approved Approved one since 1 h 00 ago · 12:00 Approved and not started. Comment /lockstep runCopy on" in said
    )
    assert "New one since 1 h 00 ago · 12:00 6 tasks to read and approve. Comment /lockstep approveCopy on" in said
    assert "1 problem; edit the issue and it is read again. Edit acme/platform#3" in said
    broken = words((await home.get("/plans/acme/platform/3"))[1])
    assert "Problems 1 Line 4 a needs b, b needs a." in broken
    planned = words((await home.get("/plans/acme/platform/2"))[1])
    assert "planned" in planned
    assert "done before" not in planned


async def test_the_page_of_a_plan(home: House) -> None:
    await half_done(home)
    status, html, _ = await home.get("/plans/acme/platform/1")
    said = words(html)
    assert status == 200
    assert "<title>Orders carry a currency · running · Lockstep</title>" in html
    assert re.search(r"started by ana · approved by ben · version [0-9a-f]{12} ", said)
    assert "Done1 of 6 for 1 h 00 Repositories3 acme/api, acme/schema, acme/web Critical path3 open tasks" in said
    assert "exit code 1: no_rates.txt *here*" in said  # as it was, not as it had to be written on GitHub
    assert "waits for check <code>test</code>" in html
    assert "line 50" in html
    assert "line 20" not in html
    assert 'href="https://github.example/acme/schema/pull/3"' in html
    assert 'href="https://github.example/acme/api/issues/4"' in html
    assert "took 3 min" in said
    assert "may be 15 min late" in said, "api has a quarter of an hour to go, and rates half an hour"
    assert "expected end" not in said, "somebody has to look at rates first"
    assert re.findall(r'<tr id="(\w+)"', html) == ["schema", "rates", "api", "convert", "web", "prices"]
    assert len(re.findall(r'class="box ', html)) == 6
    assert 'aria-label="api, acme/api, in review, needs schema"' in html
    assert "run started by ana" in said
    assert re.search(r"approved as version [0-9a-f]{12} by ben", said)


async def test_everything_a_task_printed(home: House) -> None:
    await half_done(home)
    status, text, headers = await home.get("/plans/acme/platform/1/log/rates")
    assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert text.splitlines()[0] == "line 1"
    assert (await home.get("/plans/acme/platform/1/log/schema"))[:2] == (200, "")
    assert (await home.get("/plans/acme/platform/1/log/nobody"))[0] == 404


async def test_when_nobody_has_to_act_the_page_says_what_is_next(home: House) -> None:
    await home.ran(plan(task("one"), task("two", "one")), [], 1)
    said = words((await home.get("/plans/acme/platform/1"))[1])
    assert "Who must act Nobody." in said


async def test_a_plan_that_was_cancelled_says_what_was_done_and_has_no_critical_path(home: House) -> None:
    over = [now_at("one", "done"), now_at("two", "skipped"), now_at("three", "cancelled")]
    await home.ran(plan(task("one"), task("two"), task("three", "two")), over, 1, state="cancelled")
    said = words((await home.get("/plans/acme/platform/1"))[1])
    assert "Done1 of 3, 1 skipped" in said
    assert "ritical path" not in said.replace("underlined: critical path", "")
    assert "1 of 3 done, 1 skipped" in words((await home.get("/plans"))[1])


async def test_foreign_text_is_text(home: House) -> None:
    await hostile(home)
    for path in ("/", "/plans/acme/platform/2"):
        _, html, _ = await home.get(path)
        assert not re.search(r"<(script|img|svg onload|object|iframe|form|input)", main_of(html))
        assert "javascript:alert(1)" in html
        assert not re.search(r"""(href|src)=["']?javascript:""", html)
        assert "style=" not in html
        assert "&lt;script&gt;" in html
        assert html.count("</html>") == 1
    _, text, headers = await home.get("/plans/acme/platform/2/log/t0")
    assert text == " ".join(TRICKS)
    assert headers["Content-Type"].startswith("text/plain")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/", "/plans/acme/platform/1", "/plans/no/such/1", "/nothing", "/static/lockstep.css", "/healthz"]
)
async def test_every_answer_carries_the_headers(home: House, path: str) -> None:
    await half_done(home)
    _, _, headers = await home.get(path)
    assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'; style-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/plans/acme/platform/99",
        "/plans/acme/platform/x",
        "/plans/acme/%2e%2e/1",
        "/plans/acme/platform/1/log/%2e%2e%2fx",
        "/static/%2e%2e/pages.py",
        "/static/base.html",
        "/<script>",
    ],
)
async def test_what_is_not_there(home: House, path: str) -> None:
    await half_done(home)
    status, html, headers = await home.get(path)
    assert status == 404
    assert headers["Content-Type"].startswith("text/html")
    assert "There is nothing here" in html
    assert "script" not in main_of(html)


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
async def test_a_bug_of_ours_is_told_calmly_and_is_found_in_the_log(home: House, prefix: str) -> None:
    """Stored text that nobody can read any more stands for a bug of any kind."""
    await half_done(home)
    await home.database.write(lambda c: c.execute("UPDATE plan SET parsed = CAST('a secret' AS BLOB)"))
    with capture_logs() as logs:
        status, text, headers = await home.get(f"{prefix}/plans/acme/platform/1")
    assert status == 500
    (entry,) = logs
    assert isinstance(entry["exc_info"], Unreadable)
    assert (entry["method"], entry["path"]) == ("GET", f"{prefix}/plans/acme/platform/1")
    assert f"stands in its log as {entry['reference']}." in text
    assert not re.search("secret|JSON is|Decode|Traceback|msgspec", text)
    assert {name: headers[name] for name in HEADERS} == HEADERS
    if prefix:
        assert headers["Content-Type"] == "application/problem+json"
        assert msgspec.json.decode(text)["title"] == "Something went wrong here"
    else:
        assert "Something went wrong here" in main_of(text)
        assert 'href="/plans"' in text, "the way to other pages is there"
    assert (await home.get("/learning"))[0] == 200


async def test_what_a_page_does_not_take_is_said_on_a_page(home: House) -> None:
    async with home.session.options(home.url + "/plans") as answer:
        text = await answer.text()
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "That can't be done here" in words(main_of(text)).replace("&#39;", "'")
    assert "405" not in main_of(text)


async def test_what_happens_while_a_page_is_made_is_heard_of(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is read, then its history; a task is skipped between the two."""
    run, history = await half_done(home), Reports.history

    async def later(reports: Reports, *asked: Any, **more: Any) -> list[Told]:
        skipped = Moment(task="rates", kind="skipped", before="failed", after="skipped")
        decision = Decision(run_id=run.id, state=run.state, changed=(now_at("rates", "skipped"),), history=(skipped,))
        await home.runs.commit(run.plan_id, decision, NOW)
        return await history(reports, *asked, **more)

    monkeypatch.setattr(Reports, "history", later)
    _, html, _ = await home.get("/plans/acme/platform/1")
    after = re.search(r'data-after="([0-9]+)"', html)
    assert after is not None
    async with home.session.get(home.url + "/api/v1/events", params={"after": after[1]}) as stream:
        async with asyncio.timeout(20):
            while b"skipped" not in await stream.content.readline():
                pass


async def test_a_page_that_has_not_changed_is_not_sent_again(home: House) -> None:
    await half_done(home)
    _, _, headers = await home.get("/")
    assert headers["Cache-Control"] == "private, no-cache"
    status, text, again = await home.get("/", **{"If-None-Match": headers["ETag"]})
    assert (status, text, again["ETag"]) == (304, "", headers["ETag"])
    assert "Content-Security-Policy" in again
    assert (await home.get("/", **{"If-None-Match": '"other"'}))[0] == 200


async def test_a_store_that_is_gone_is_said(home: House) -> None:
    await home.database.close()
    status, html, _ = await home.get("/")
    assert status == 503
    assert "The store does not answer" in html


async def test_a_thousand_tasks_fit_on_a_page(home: House) -> None:
    await thousand(home)
    _, overview, _ = await home.get("/")
    assert len(overview.encode()) < 200_000
    assert "and 8 more." in words(overview)
    _, html, _ = await home.get("/plans/acme/platform/3")
    assert len(html.encode()) < 200_000
    shown = re.findall(r'<tr id="(t\d+)"', html)
    assert len(shown) == 60
    assert shown[:20] == [f"t{n}" for n in range(330, 350)]
    assert "open 700" in words(html)
    assert "finished 300" in words(html)
    assert 0 < len(re.findall(r'class="box ', html)) <= 150


async def test_all_tasks_can_be_reached_page_by_page(home: House) -> None:
    await thousand(home)
    seen: list[str] = []
    path = "/plans/acme/platform/3?show=all"
    while path:
        _, html, _ = await home.get(path)
        seen += re.findall(r'<tr id="(t\d+)"', html)
        following = re.search(r'<a href="([^"]+)">Next</a>', html)
        path = following[1].replace("&amp;", "&").partition("#")[0] if following else ""
    assert sorted(seen) == sorted(f"t{n}" for n in range(1000))


async def test_a_query_that_makes_no_sense_is_as_if_it_were_not_there(home: House) -> None:
    await thousand(home)
    queries = {
        "show=finished": "t0", "show=finished&page=3": "t120", "page=0": "t330", "page=-1": "t330", "page=²": "t330",
        "page=99999999999": "t960", "show=<script>": "t330", "task=<script>": "t330", "page=999999": "t960",
    }  # fmt: skip
    for query, first in queries.items():
        status, html, _ = await home.get(f"/plans/acme/platform/3?{query}")
        assert status == 200
        assert re.findall(r'<tr id="(t\d+)"', html)[0] == first, query
        assert "<script" not in main_of(html)


async def test_a_task_that_is_asked_for_is_on_the_page(home: House) -> None:
    await thousand(home)
    for wanted in ("t5", "t777"):
        _, html, _ = await home.get(f"/plans/acme/platform/3?task={wanted}")
        assert f'<tr id="{wanted}"' in html


async def test_ids_are_there_once(home: House) -> None:
    await half_done(home, 1)
    await half_done(home, 2)
    await home.ran(plan(task("main"), task("needs", "main"), task("tasks")), [], 3)
    for path in ("/", "/plans/acme/platform/1", "/plans/acme/platform/3"):
        ids = re.findall(r' id="([^"]+)"', (await home.get(path))[1])
        assert len(ids) == len(set(ids))
