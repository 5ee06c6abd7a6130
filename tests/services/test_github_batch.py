"""services/github/batch.py against GitHub's stand-in: a hundred look-ups are two calls, each with an end of its own."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from bot.loops import LoopTimers
from services.checks.gate import BUTTONS
from services.core.admission import Limits, Rank
from services.core.report import CheckReport
from services.errors import NotFound, RateLimited, Refused, Unreachable, Withdrawn
from services.github import queries
from services.github.batch import Batcher
from services.github.exchange import Answer, Identity, Request, Stats
from services.github.infos import IssueInfo
from services.github.queries import Change, Wanted
from tests.kit.fakehub import HandClock
from tests.kit.limited import Limited, Make, limited, settled

__all__ = ["limited"]
ME = Identity("7")


def read_all(world: Limited, numbers: Sequence[int]) -> list[IssueInfo | BaseException]:
    return world.run(lambda: settled(*(world.github.reads.issue(world.home, n) for n in numbers)))


def test_a_hundred_issues_are_looked_up_by_two_calls(limited: Make) -> None:
    world: Limited = limited()
    numbers = world.issues(100)
    found = read_all(world, numbers)
    assert [info.number for info in found if isinstance(info, IssueInfo)] == numbers
    assert len(world.calls("graphql")) == 2
    assert not world.calls("/issues/")
    assert world.counts.batches == [("lookup", 50), ("lookup", 50)]


def test_what_is_read_together_is_what_is_read_alone(limited: Make) -> None:
    together: Limited = limited()
    alone: Limited = limited(batch=0)
    found = []
    for world in (together, alone):
        numbers = world.issues(3)
        assert (
            world.hub.act("ana", "POST", f"/repos/{world.home}/issues/{numbers[0]}/labels", {"labels": ["a b"]})[0]
            == 200
        )
        assert world.hub.act("ana", "PATCH", f"/repos/{world.home}/issues/{numbers[1]}", {"state": "closed"})[0] == 200
        found.append(read_all(world, numbers))
    assert len(together.calls("graphql")) == 1
    assert not alone.calls("graphql")
    assert found[0] == found[1]


def test_a_pull_request_is_an_issue_also_among_others(limited: Make) -> None:
    world: Limited = limited()
    files = {"a.txt": "a\n"}
    numbers = world.issues(2)
    for branch in ("one", "two"):
        world.hub.scenario.commit(world.hub.home, files, "Work", branch=branch)
        pull = {"title": branch, "head": branch, "base": "main"}
        numbers.append(world.hub.act("ana", "POST", f"/repos/{world.home}/pulls", pull)[1]["number"])
    found = read_all(world, numbers)
    assert [info.number for info in found if isinstance(info, IssueInfo)] == numbers
    assert all(isinstance(info, IssueInfo) and info.node_id for info in found)


def test_one_that_is_not_there_fails_alone(limited: Make) -> None:
    world: Limited = limited()
    numbers = [*world.issues(3), 999]
    found = read_all(world, numbers)
    assert isinstance(found[-1], NotFound)
    assert all(isinstance(each, IssueInfo) for each in found[:-1])


def test_one_alone_takes_rests_way(limited: Make) -> None:
    world: Limited = limited()
    (number,) = world.issues(1)
    world.run(lambda: world.github.reads.issue(world.home, number))
    assert not world.calls("graphql")


@pytest.mark.parametrize(("kind", "options"), [("error", {"status": 403}), ("error", {"status": 404})])
def test_where_graphql_is_refused_rest_answers_and_it_is_left_alone(
    limited: Make, kind: str, options: dict[str, Any]
) -> None:
    world: Limited = limited()
    numbers = world.issues(6)
    world.sandbox.faults.add(kind, path="graphql", **options)
    for part in (numbers[:3], numbers[3:]):
        found = read_all(world, part)
        assert all(isinstance(each, IssueInfo) for each in found)
    assert len(world.calls("/issues/")) == 6
    assert world.run(lambda: world.github.reads.edited_at(world.home, numbers[0])) == "", "nobody else could tell"


def test_an_outage_of_graphql_costs_three_calls_and_no_answer(limited: Make) -> None:
    world: Limited = limited()
    numbers = world.issues(20)
    rule = world.sandbox.faults.add("error", path="graphql")
    found = read_all(world, numbers)
    assert all(isinstance(each, IssueInfo) for each in found)
    assert world.sandbox.faults.struck == {"error": 3}
    assert rule.count is None
    with pytest.raises(Unreachable):
        world.run(lambda: world.github.reads.edited_at(world.home, numbers[0]))


def test_changes_share_a_call_and_each_has_an_end_of_its_own(limited: Make) -> None:
    world: Limited = limited()
    (plan,) = world.issues(1)

    async def work() -> list[IssueInfo | BaseException]:
        writes = world.github.writes.ranked("plan")
        made = await settled(*(writes.create_issue(world.home, f"Task {n}" if n else "", "b") for n in range(5)))
        tasks = [each for each in made if isinstance(each, IssueInfo)]
        await settled(*(writes.link_sub_issue(world.home, plan, each) for each in tasks))
        sha = await world.github.reads.branch(world.home, "main") or ""
        report = CheckReport(status="in_progress", title="waits", summary="It waits.")
        await settled(*(writes.put_check(world.home, sha, f"c{n}", "r/t", report, look=False) for n in range(3)))
        return made

    made = world.run(work)
    assert isinstance(made[0], Refused)  # it has no title
    assert [each.title for each in made[1:] if isinstance(each, IssueInfo)] == [f"Task {n}" for n in range(1, 5)]
    assert len(world.calls("graphql")) == 3
    assert sorted(run.name for run in world.sandbox.state.check_runs.values()) == ["c0", "c1", "c2"]
    children = world.hub.act("ana", "GET", f"/repos/{world.home}/issues/{plan}/sub_issues")[1]
    assert [row["title"] for row in children] == [f"Task {n}" for n in range(1, 5)]


def test_gates_that_one_merge_frees_are_green_within_two_seconds(limited: Make) -> None:
    """The first is told at once, and all others share the call that comes a second later."""
    world: Limited = limited()
    waits = CheckReport(status="in_progress", title="waits", summary="It waits.")
    free = CheckReport(status="completed", conclusion="success", title="free", summary="Free.", buttons=BUTTONS)

    async def told(report: CheckReport) -> tuple[list[str | BaseException], float]:
        writes, sha = world.github.writes.ranked("merge"), await world.github.reads.branch(world.home, "main") or ""
        began = world.loop.time()
        ids = await settled(*(writes.put_check(world.home, sha, f"c{n}", "r/t", report) for n in range(20)))
        return ids, world.loop.time() - began

    made, _ = world.run(lambda: told(waits))
    freed, took = world.run(lambda: told(free))
    assert made == freed
    runs = list(world.sandbox.state.check_runs.values())
    assert {(run.status, run.conclusion, run.title, len(run.actions)) for run in runs} == {
        ("completed", "success", "free", len(BUTTONS))
    }
    assert (len(runs), world.calls("/check-runs/")) == (20, [])
    assert took < 2
    again, _ = world.run(lambda: told(waits))  # GraphQL does not say that a run which is completed begins anew
    assert again == made
    assert {run.conclusion for run in world.sandbox.state.check_runs.values()} == {None}


def test_a_thousand_issues_are_made_in_batches_within_githubs_limits(limited: Make) -> None:
    """All at once they are asked for, and who is sent away comes back when told to."""
    world: Limited = limited()

    async def one(n: int) -> IssueInfo:
        while True:
            try:
                return await world.github.writes.ranked("plan").create_issue(world.home, f"Task {n}", "b")
            except RateLimited as error:
                again = world.loop.create_future()
                world.loop.call_later(error.retry_after or 1.0, again.set_result, None)
                await again

    made = world.run(lambda: settled(*(one(n) for n in range(1_000))))
    assert sum(isinstance(each, IssueInfo) for each in made) == 1_000
    titles = {issue.title for issue in world.sandbox.state.issues.values()}
    assert titles == {f"Task {n}" for n in range(1_000)}
    sizes = [size for kind, size in world.counts.batches if kind == "change"]
    assert max(sizes) <= 20
    times = sorted(at for at, _, path in world.asked if path == "/graphql")
    assert len(times) < 200
    assert world.loop.time() > 2 * 3_600  # 80 % of 500 an hour


@pytest.mark.parametrize("rank", ["merge", "poll"])
def test_a_batch_makes_no_more_than_may_be_made(limited: Make, rank: Rank) -> None:
    world: Limited = limited(Limits(content_minute=10))
    made = world.run(
        lambda: settled(*(world.github.writes.ranked(rank).create_issue(world.home, str(n), "b") for n in range(12)))
    )
    there = sum(isinstance(each, IssueInfo) for each in made)
    assert 7 <= there <= 10
    assert sum(isinstance(each, RateLimited) for each in made) == 12 - there


def test_labels_of_many_issues_share_calls_once_the_labels_are_known(limited: Make) -> None:
    world: Limited = limited()
    labels = ("Team: Blue", "area/api")

    async def work() -> list[object]:
        writes = world.github.writes.ranked("plan")
        made = [await writes.create_issue(world.home, f"Task {n}", "b") for n in range(5)]
        numbers = [each.number for each in made]
        world.asked.clear()
        await settled(*(writes.add_labels(world.home, number, labels) for number in numbers))
        assert [method for _, method, path in world.asked if "/labels" in path] == ["POST"]  # the first one
        assert len(world.calls("graphql")) == 1
        world.asked.clear()
        await settled(*(writes.remove_label(world.home, number, "team: blue") for number in numbers[1:]))
        assert [path for _, _, path in world.asked] == ["/graphql"]
        gone = f"/repos/{world.home}/labels/area%2Fapi"
        assert world.hub.act("ana", "DELETE", gone)[0] == 204
        await settled(*(writes.add_labels(world.home, number, labels[1:]) for number in numbers[:2]))
        return [world.hub.act("ana", "GET", f"/repos/{world.home}/issues/{number}")[1] for number in numbers]

    found = [[label["name"] for label in issue["labels"]] for issue in world.run(work)]  # type: ignore[index]
    assert found == [["Team: Blue", "area/api"], ["area/api"], [], [], []]


class Script:
    """A sender that says what a test tells it to, one answer a call."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []

    async def send(self, request: Request) -> Answer:
        query: str = msgspec.json.decode(request.body)["query"]
        self.sent.append(query)
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer(query)
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, {}, msgspec.json.encode(answer))


def batcher(script: Script) -> Batcher:
    return Batcher(script, HandClock(), LoopTimers(), Stats())


def aliases(query: str) -> list[int]:
    return [int(part.partition(":")[0]) for part in query.split(" a")[1:] if part.partition(":")[0].isdecimal()]


def everything(query: str) -> dict[str, Any]:
    fields = query.partition("fragment")[0].split("pullRequest(number: ")[1:]
    numbers = [int(each.partition(")")[0]) for each in fields]
    return {"data": {"r0": {f"a{n}": {"number": number} for n, number in enumerate(numbers)}}}


def poisoned(query: str) -> dict[str, Any] | Exception:
    return Unreachable(502, "Bad Gateway") if "number: 13)" in query else everything(query)


async def look_up(script: Script, numbers: Sequence[int]) -> list[Any]:
    asks = batcher(script)
    return await settled(*(asks.look_up(ME, "event", Wanted("pull", "acme/api", n)) for n in numbers))


async def test_the_one_that_is_too_much_is_found_by_halves() -> None:
    script = Script(*[poisoned] * 20)
    found = await look_up(script, range(1, 33))
    assert found[12] is None
    assert [each["number"] for n, each in enumerate(found) if n != 12] == [n for n in range(1, 33) if n != 13]
    assert len(script.sent) == 11  # the whole, and both halves of 32, 16, 8, 4 and 2


@pytest.mark.parametrize("path", [None, ["r0", "a1"], ["r0", "a1", "labels"]])
async def test_what_a_partial_answer_leaves_out_is_asked_for_again(path: list[str] | None) -> None:
    too_much = {"type": "RESOURCE_LIMITS_EXCEEDED", "path": path, "message": "Resource limits for this query exceeded."}
    partial = {"data": {"r0": {"a0": {"number": 1}, "a1": None}}, "errors": [too_much]}
    script = Script(partial, everything)
    found = await look_up(script, [1, 2])
    assert [each["number"] for each in found] == [1, 2]
    assert len(script.sent) == 2


async def test_an_error_belongs_to_its_alias() -> None:
    answer = {
        "data": {"r0": {"a0": {"number": 1}, "a1": None}},
        "errors": [{"type": "NOT_FOUND", "path": ["r0", "a1"], "message": "gone"}],
    }
    found = await look_up(Script(answer), [1, 2])
    assert found[0]["number"] == 1
    assert isinstance(found[1], NotFound)


async def test_a_document_that_is_refused_is_nobodys_error() -> None:
    assert await look_up(Script(UNFIT), [1, 2]) == [None, None]


UNFIT = {"errors": [{"path": ["query"], "extensions": {"code": "undefinedField"}, "message": "no such field"}]}
TOO_QUICK = {"type": "UNPROCESSABLE", "path": ["a1"], "message": "was submitted too quickly"}
CHANGE = Change("createIssue", {"title": "t"}, "issue { number }")


async def changed(answer: object, count: int = 2) -> tuple[list[Any], int]:
    """What so many changes of one call came to, and how many calls were sent."""
    script = Script(answer)
    asks = batcher(script)
    return await settled(*(asks.change(ME, "plan", CHANGE) for _ in range(count))), len(script.sent)


class Last(Script):
    """One that asks at the last moment, as whoever really sends does."""

    async def send(self, request: Request) -> Answer:
        if request.wanted is not None and not request.wanted():
            raise Withdrawn
        return await super().send(request)


async def test_a_change_that_is_not_wanted_any_more_is_not_sent_and_goes_with_no_other() -> None:
    made = {"data": {"a0": {"issue": {"number": 1}}}}
    script = Last(made, made)
    asks = batcher(script)
    asked = [asks.change(ME, "plan", CHANGE, still) for still in (None, lambda: True, lambda: False)]
    first, second, third = await settled(*asked)
    assert first == second == {"issue": {"number": 1}}
    assert isinstance(third, Withdrawn)
    assert [aliases(query) for query in script.sent] == [[0], [0]]
    with pytest.raises(NotFound):
        await batcher(
            Last({"data": {"a0": None}, "errors": [{"type": "NOT_FOUND", "path": ["a0"], "message": "gone"}]})
        ).change(ME, "plan", CHANGE, lambda: True)


async def test_a_change_that_a_limit_refused_is_put_off_alone() -> None:
    found, sent = await changed({"data": {"a0": {"issue": {"number": 1}}, "a1": None}, "errors": [TOO_QUICK]})
    assert found[0] == {"issue": {"number": 1}}
    assert isinstance(found[1], RateLimited)
    assert sent == 1


@pytest.mark.parametrize("path", [["a1"], ["a1", "issue", "labels"]])
async def test_of_a_change_that_took_too_much_beside_others_nobody_knows(path: list[str]) -> None:
    """The limit may have struck while it was told of, so it is looked for before it is made again."""
    too_much = {"type": "RESOURCE_LIMITS_EXCEEDED", "path": path, "message": "Resource limits for this query exceeded."}
    found, sent = await changed({"data": {"a0": {"issue": {"number": 1}}, "a1": None}, "errors": [too_much]})
    assert (found[0], sent) == ({"issue": {"number": 1}}, 1)
    assert isinstance(found[1], Unreachable)


async def test_a_change_has_happened_when_only_a_part_of_it_could_not_be_told() -> None:
    lost = {"path": ["a0", "issue", "labels"], "message": "Something went wrong"}
    found, _ = await changed({"data": {"a0": {"issue": {"number": 1, "labels": None}}}, "errors": [lost]}, 1)
    assert found == [{"issue": {"number": 1, "labels": None}}]


@pytest.mark.parametrize("errors", [[], [{"message": "We couldn't respond to your request in time."}]])
async def test_changes_of_which_nothing_is_said_are_in_doubt(errors: list[dict[str, str]]) -> None:
    found, sent = await changed({"data": None, "errors": errors})
    assert all(isinstance(each, Unreachable) for each in found)
    assert sent == 1


async def test_changes_that_do_not_fit_have_not_happened() -> None:
    assert await changed(UNFIT) == ([None, None], 1)


async def test_a_look_up_that_is_told_in_part_or_not_at_all_is_left_to_rest() -> None:
    part = {"path": ["r0", "a0", "reviews"], "message": "no"}
    passing = {"path": ["r0", "a0"], "message": "Something went wrong while executing your query"}
    for error, told in ((part, {"number": 1, "reviews": None}), (passing, None)):
        answer = {"data": {"r0": {"a0": told}}, "errors": [error]}
        assert await look_up(Script(answer, answer, answer), [1]) == [None]


async def test_changes_are_never_sent_twice() -> None:
    script = Script(Unreachable(502, "Bad Gateway"))
    asks = batcher(script)
    change = Change("closeIssue", {"issueId": "I_1"}, "issue { id }")
    found = await settled(*(asks.change(ME, "plan", change) for _ in range(3)))
    assert all(isinstance(each, Unreachable) for each in found)
    assert len(script.sent) == 1


async def test_a_change_of_which_nothing_is_said_is_in_doubt() -> None:
    script = Script({"data": {"a0": {"issue": {"id": "I_1"}}, "a1": None}})
    asks = batcher(script)
    change = Change("closeIssue", {"issueId": "I_1"}, "issue { id }")
    found = await settled(*(asks.change(ME, "plan", change) for _ in range(2)))
    assert found[0] == {"issue": {"id": "I_1"}}
    assert isinstance(found[1], Unreachable)


def test_whether_a_pull_request_is_in_the_queue_is_asked_without_all_the_rest() -> None:
    assert queries.look_up([Wanted("queue", "acme/api", 5)]) == (
        'query { r0: repository(owner: "acme", name: "api") '
        "{ a0: pullRequest(number: 5) { state headRefOid isInMergeQueue } } }"
    )


def test_when_a_text_was_edited_is_asked_without_all_the_rest() -> None:
    assert queries.look_up([Wanted("edits", "acme/api", 5)]) == (
        'query { r0: repository(owner: "acme", name: "api") { a0: issue(number: 5) { lastEditedAt '
        "timelineItems(last: 1, itemTypes: [RENAMED_TITLE_EVENT]) "
        "{ nodes { ... on RenamedTitleEvent { createdAt } } } } } }"
    )
