"""services/core/follow_ups.py: what work in one repository brings about in others, in plans that people write."""

from inline_snapshot import snapshot

from services.core.graph import needs_of, order
from services.core.plan import Parsed, Plan, Task
from services.core.reposet_order import in_set
from services.core.reposet_read import read_set
from tests.kit.plans import plan, task

SET = """\
follow_up: true
repositories:
  - {name: api, automation: {triggers: [docs, web]}}
  - {name: web, agent: coder}
  - {name: docs, automation: {triggers: [site]}}
  - {name: site}
"""
OPEN = {f"acme/{name}": f"acme/{name}" for name in ("api", "web", "docs", "site")}


def followed(*tasks: Task, text: str = SET, open_to: dict[str, str] = OPEN) -> tuple[Plan, list[str]]:
    whole = plan(*tasks)
    parsed = in_set(Parsed(plan=whole, tasks=whole.tasks), read_set(text, "acme"), (), open_to)
    assert parsed.plan is not None
    return parsed.plan, [problem.message for problem in parsed.problems]


def test_each_that_is_triggered_has_a_task_behind_the_last_ones() -> None:
    found, told = followed(task("one"), task("two", "one"), task("three"))
    assert [(each.id, each.repo, each.needs, each.agent) for each in found.tasks[3:]] == [
        ("docs", "acme/docs", ("three", "two"), "human"),
        ("web", "acme/web", ("three", "two"), "coder"),
    ]
    assert found.tasks[3].title == "Follow up: A plan"
    assert told == snapshot(
        [
            "Follow-ups, because `repositories.yaml` says that work here triggers them: `docs` (acme/docs) after `three`, `two`; `web` (acme/web) after `three`, `two`."
        ]
    )
    assert len(order(needs_of(found.tasks))) == len(found.tasks)


def test_what_the_plan_does_anyway_what_is_closed_and_what_is_hidden_gets_none() -> None:
    found, _ = followed(task("one"), task("w", repo="acme/web"))
    assert [each.id for each in found.tasks] == ["one", "w", "docs"]
    assert followed(task("one"), open_to={})[1] == []
    closed = SET.replace("{name: docs, automation: {", "{name: docs, automation: {enabled: false, ")
    assert [each.id for each in followed(task("one"), text=closed)[0].tasks] == ["one", "web"]
    assert followed(task("one", done=True))[1] == []
    assert followed(task("one"), text=SET.replace("follow_up: true\n", ""))[1] == []


def test_an_id_that_is_taken_is_made_another_one_and_the_order_of_tasks_counts_for_nothing() -> None:
    found, _ = followed(task("Docs"), task("other"))
    assert [each.id for each in found.tasks] == ["Docs", "other", "docs-follow-up", "web"]
    assert found.hash == followed(task("other"), task("Docs"))[0].hash
