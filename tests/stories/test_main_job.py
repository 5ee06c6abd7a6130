"""The main job: a plan in an issue becomes merged pull requests in two repositories, in the order the plan asks for."""

from inline_snapshot import snapshot

from tests.kit.sight import BOT
from tests.kit.story import FILES, Story

PLAN = """\
Orders have no currency yet.

- [ ] **schema** Add `currency` to the schema (acme/schema) · run: echo currency >> fields.txt
- [ ] **api** Serve the currency (acme/api) · needs: schema · run: echo currency >> served.txt
- [ ] **docs** Describe it (acme/api) · needs: api, schema · run: echo "Orders have a currency." >> README.md
"""

ONE = "- [ ] **one** Write · run: echo 1 > one.txt\n"


async def test_a_plan_is_shown_with_its_graph_before_anybody_approves_it(story: Story) -> None:
    await story.begin(["acme/schema", "acme/api"])
    await story.issue(PLAN, "Orders carry a currency")
    await story.until("Waits for approval")
    assert await story.settled() == snapshot("""\
### Plan: Orders carry a currency

**Waits for approval:** 3 tasks in 2 repositories. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`.

- [ ] <!-- lockstep:box=approve/fb4e31e592191039254a55aca3a0ff286864c5a6cbc3a4877c78959aacf8bbb3 -->Approve this text, version `fb4e31e59219` · `/lockstep approve`
- [ ] <!-- lockstep:box=refresh -->Look at everything anew, now · `/lockstep refresh`

**Critical path:** `schema` → `api` → `docs` (3 of 3 tasks), 1 h 30 if every task took all the time it has; nothing like them has finished yet.


| Task | What | State | Pull request | Needs | Slack |
| --- | --- | --- | --- | --- | --- |
| `schema` | Add \\`currency\\` to the schema (acme/schema) | planned | |  | critical |
| `api` | Serve the currency (acme/api) | planned | | `schema` | critical |
| `docs` | Describe it (acme/api) | planned | | `api`, `schema` | critical |

<details><summary>Graph</summary>

```mermaid
flowchart LR
  t0["⏸ schema"]
  t1["⏸ api"]
  t2["⏸ docs"]
  t0 ==> t1
  t1 ==> t2
  t0 ==> t2
```

</details>

<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>
<!-- lockstep:sticky -->\
""")
    assert len(story.issues("acme/schema")) == 1
    assert not story.issues("acme/api")


async def test_from_an_issue_to_merged_pull_requests_and_a_closed_issue(story: Story) -> None:
    await story.begin(["acme/schema", "acme/api"])
    await story.run(PLAN, title="Orders carry a currency")
    await story.until("**Done.** 3 of 3 tasks done")
    said = (await story.settled()).partition("#### Answers")[0]
    assert said == snapshot("""\
### Plan: Orders carry a currency

**Done.** 3 of 3 tasks done, started by `ana`.

**Critical path:** `schema` → `api` → `docs` (3 of 3 tasks)


| Task | What | State | Pull request | Needs |
| --- | --- | --- | --- | --- |
| `schema` | Add \\`currency\\` to the schema (acme/schema) | ✅ done | acme/schema#3 |  |
| `api` | Serve the currency (acme/api) | ✅ done | acme/api#3 | `schema` |
| `docs` | Describe it (acme/api) | ✅ done | acme/api#4 | `api`, `schema` |

<details><summary>Graph</summary>

```mermaid
flowchart LR
  t0["✅ schema"]
  t1["✅ api"]
  t2["✅ docs"]
  t0 ==> t1
  t1 ==> t2
  t0 ==> t2
```

</details>

""")

    assert story.merges == ["acme/schema#3", "acme/api#3", "acme/api#4"]
    assert await story.git("acme/api", "log", "--format=%an: %s", "main") == snapshot("""\
lockstep[bot]: Describe it (#4)
lockstep[bot]: Serve the currency (#3)
acme: Initial commit\
""")
    assert await story.file("acme/api", "README.md") == FILES["README.md"] + "Orders have a currency.\n"
    assert await story.git("acme/api", "branch", "--list", "--format=%(refname:short)") == "main"

    plan, *tracking = [*story.issues("acme/schema"), *story.issues("acme/api")]
    assert (plan.state, plan.labels) == ("closed", ["lockstep:plan", "lockstep:done"])
    assert sorted(plan.sub_issues) == sorted(issue.id for issue in tracking)
    assert {(i.user, i.state, i.state_reason, *i.labels) for i in tracking} == {
        (BOT, "closed", "completed", "lockstep:done")
    }


async def test_a_pull_request_says_where_it_comes_from_and_what_it_needs(story: Story) -> None:
    await story.begin(["acme/schema", "acme/api"])
    await story.run(PLAN)
    await story.until("**Done.**")
    pull = story.pulls("acme/api")[0]
    assert pull.title == "Serve the currency"
    assert pull.pull is not None
    assert pull.pull.head_ref == "lockstep/schema-1/api"
    tracking = next(issue.number for issue in story.issues("acme/api") if issue.title == pull.title)
    assert (pull.body or "").replace(f"Closes #{tracking}", "Closes #N") == snapshot("""\
Task `api` of the plan in acme/schema#1, approved by a person and carried out by `script`.

Closes #N

Depends-On: acme/schema#3

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=acme/schema-1-r1/api/1/open_pull -->\
""")
    assert story.checks("acme/api", pull.pull.head_sha) == {
        "test": "success",
        "lockstep/gate": "success",
        "lockstep/plan": "neutral",
    }
    tracked = next(issue for issue in story.issues("acme/api") if issue.number == tracking)
    assert tracked.body == snapshot("""\
Task `api` of the plan in acme/schema#1.

- **Needs:** `schema`
- **Agent:** `script`
- **Started by:** `ana`

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=acme/schema-1-r1/api/0/track -->\
""")


async def test_a_ticked_task_counts_as_done_and_is_left_alone(story: Story) -> None:
    await story.begin()
    await story.run("- [x] **old** Was done by hand\n- [ ] **new** Go on · needs: old · run: echo new > new.txt\n")
    await story.until("**Done.** 2 of 2 tasks done")
    assert [issue.title for issue in story.issues()] == ["A plan", "Go on"]
    assert len(story.pulls()) == 1


async def test_independent_tasks_of_one_repository_are_all_merged(story: Story) -> None:
    """The second one's base has moved on when its turn comes; both must end on the default branch."""
    await story.begin()
    await story.run(
        "- [ ] **one** First · run: echo 1 > one.txt\n"
        "- [ ] **two** Second · run: echo 2 > two.txt\n"
        "- [ ] **three** Third · run: echo 3 > three.txt\n"
    )
    await story.until("**Done.** 3 of 3 tasks done")
    files = await story.git("acme/api", "ls-tree", "--name-only", "main")
    assert {"one.txt", "two.txt", "three.txt"} <= set(files.split())


async def test_the_more_urgent_task_goes_first_when_there_is_room_for_one(story: Story) -> None:
    await story.begin(workers=1)
    await story.run(
        "- [ ] **first** Begin · run: echo 0 > zero.txt\n"
        "- [ ] **low** Later · needs: first · priority: 1 · run: echo 1 > one.txt\n"
        "- [ ] **high** Now · needs: first · priority: 10 · run: echo 2 > two.txt\n"
    )
    await story.until("**Done.** 3 of 3 tasks done")
    assert [pull.title for pull in story.pulls()] == ["Begin", "Now", "Later"]


async def test_two_owners_use_one_bot(story: Story) -> None:
    """Their plans have the same repository name, issue number and task ids, and nothing else in common."""
    await story.begin(["acme/api", "initech/api"])
    await story.run(ONE)
    await story.until("**Done.**")
    story.home = "initech/api"
    await story.run(ONE)
    await story.until("**Done.**")
    assert story.merges == ["acme/api#3", "initech/api#3"]


async def test_a_plan_reaches_only_as_far_as_its_owner(story: Story) -> None:
    await story.begin(["acme/api", "initech/api"])
    await story.issue(ONE.replace("Write", "Write (initech/api)"))
    await story.until("This plan can't be run yet", "Lockstep is not installed on `initech/api`")


async def test_the_comment_is_edited_no_more_often_than_the_interval_says(story: Story) -> None:
    """A whole run happens within one interval, a restart too; what is true at last is shown after it."""
    await story.begin(comment_interval=600.0)
    await story.run(ONE)
    await story.until(lambda: len(story.merges) == 1)
    for _ in range(2):
        assert "Waits for approval" in await story.settled()
        assert story.contract.seen["PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}"] == 0
        await story.stop()
        await story.start()
    await story.stop()
    await story.start(comment_interval=0.05)
    await story.until("**Done.**")
