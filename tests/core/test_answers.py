"""answers: what commands say of a plan as a whole."""

import msgspec
from inline_snapshot import snapshot

from services.core.chosen import Chosen
from services.core.delegation import Delegation
from services.core.messages import answers
from services.core.plan import Plan
from services.core.plan_diff import diff
from tests.kit.constants import constants
from tests.kit.plans import NOW, run, task

LENT = Delegation(login="eve", by="ana", verbs=("approve", "run"))


def test_the_same_words_every_time() -> None:
    assert constants(answers) == snapshot(
        {
            "PING": "Here, and listening.",
            "APPROVAL_TAKEN_BACK": "The approval is taken back. `/lockstep approve` gives it again.",
            "APPROVAL_TAKEN_BACK_AND_HELD": "The approval is taken back, and the run is held: what is being worked on comes to its end, nothing more is started or merged. `/lockstep approve` and `/lockstep resume` go on.",
            "SAME_TEXT": "The issue says what was approved for the run; nothing has changed.",
            "WAITS_FOR_RUN": "The plan is approved and not started: whoever has the write permission starts it: `/lockstep run`",
            "WAITS_FOR_APPROVAL": "The plan waits for its approval: whoever has the maintain permission gives it: `/lockstep approve`",
            "NOTHING_HELD_BACK": "Nothing holds this plan back: all of it is over.",
            "_HELD": " The run is held; `/lockstep resume` goes on.",
            "_STANDS": {
                "running": "the run goes on",
                "paused": "the run is held",
                "done": "the run is over",
                "failed": "the run has stopped",
                "cancelled": "the run is cancelled",
            },
        }
    )


def test_tasks_in_a_sentence() -> None:
    assert answers.tasks(("a",)) == "`a`"
    assert answers.tasks(tuple(f"t{n}" for n in range(22))).endswith("`t19` and 2 more")
    assert (answers.counted(1), answers.counted(0), answers.counted(2, "error")) == ("1 task", "0 tasks", "2 errors")


def test_approvals_and_what_follows() -> None:
    version = "0123456789abcdef" * 4
    current = run(task("schema"), task("api", "schema"))
    edited = Plan(title="A plan", tasks=(task("schema", title="Another"),))
    assert [
        answers.in_the_name_of("ana", answers.PING),
        answers.with_reason(answers.PING, "@eve asked"),
        answers.approved(version, given=1, required=1),
        answers.approved(version, given=1, required=2),
        answers.approved(version, given=1, required=1, changes="1 added"),
        answers.approved(version, given=1, required=1, changes="1 added", run="paused"),
        answers.approved(version, given=1, required=1, run="paused"),
        answers.approved(version, given=1, required=1, run="running"),
        answers.started(current),
        answers.read_anew(1),
        answers.differs(diff(current.plan, edited), current),
        answers.not_started(3),
    ] == snapshot(
        [
            "In the name of `ana`: Here, and listening.",
            "Here, and listening. (\\@\u2060eve asked)",
            "Approved as `0123456789ab`. `/lockstep run` starts it.",
            "1 of 2 approvals of `0123456789ab`. Another person's `/lockstep approve` is still needed.",
            "Approved as `0123456789ab`, and the run has taken it over: 1 added.",
            "Approved as `0123456789ab`, and the run has taken it over: 1 added. The run is held; `/lockstep resume` goes on.",
            "Approved as `0123456789ab`. The run is held; `/lockstep resume` goes on.",
            "Approved as `0123456789ab`, which is what runs.",
            "Started: 2 tasks. The table above shows how far it is.",
            "Read: 1 task, and no run is under way. `/lockstep approve` is what comes next.",
            """\
The issue says something else than the run: 1 task removed, 1 changed.

- removed: `api` Do api (acme/api)
- changed: `schema` title `Do schema` → `Another`\
""",
            "Not started: 3 tasks. The comment above says what comes next.",
        ]
    )


def test_a_second_look() -> None:
    before = run(task("api"), task("web")).tasks
    api = msgspec.structs.replace(before["api"], state="in_review")
    web = msgspec.structs.replace(before["web"], reason="is in the merge queue of `main`")
    moved = {"api": (before["api"], api), "web": (before["web"], web)}
    assert answers.refreshed(moved, is_edited=True, read=1) == snapshot("""\
The plan's text has changed since I last read it.
I looked at 1 open pull request.
- `api` ready → in review
- `web` ready: is in the merge queue of `main`\
""")
    assert answers.refreshed({}, is_edited=False, read=0) == snapshot("""\
The plan's text is as I knew it.
Nothing has changed.\
""")
    many = {f"t{n}": (api, web) for n in range(answers.MOVED + 3)}
    assert answers.refreshed(many, is_edited=False, read=23).endswith("\n- … and 3 more")


def test_where_tasks_stand() -> None:
    current = run(task("api"), task("web"), task("doc"))
    api = msgspec.structs.replace(
        current.tasks["api"], state="failed", attempt=2, reason="no rule to make target", model="gpt-4o", budget="2"
    )
    current = msgspec.structs.replace(current, tasks={**current.tasks, "api": api})
    said = answers.status(
        current,
        ("api", "web"),
        spent="$1.20 in 3 calls.",
        trails={},
        alike={"api": "Like `x`."},
        models={"api": Chosen(tier="small", model="openai:a", why="`small`, the next in order.")},
        now=NOW,
    )
    assert said == snapshot("""\
0 of 3 tasks done; the run goes on. Models: $1.20 in 3 calls.
- ❌ `api` failed, attempt 2, model `gpt-4o`, at most $2: no rule to make target; model `small`
  - Model: `small`, the next in order.
  - Like `x`.
- ▶ `web` ready\
""")
    long = answers.status(current, ["web"] * 60, spent="", trails={}, alike={}, models={}, now=NOW)
    assert long.endswith("\n- … and 10 more")


def test_explanations_one_after_the_other() -> None:
    assert answers.explained(("`api` waits.", "`web` waits."), 1) == snapshot("""\
`api` waits.

`web` waits.

… and 1 more task; name those you mean.\
""")
    assert answers.explained(("`api` waits.",), 0) == "`api` waits."


def test_help_is_a_table() -> None:
    rows = [("cancel [task…|all]", "Stop the tasks.", "write"), ("ping", "Say so.", "read")]
    assert answers.commands(rows) == snapshot("""\
| Command | What it does | Permission needed |
| --- | --- | --- |
| `/lockstep cancel [task… or all]` | Stop the tasks. | write |
| `/lockstep ping` | Say so. | read |\
""")


def test_who_acts_in_whose_name() -> None:
    assert [
        answers.lent(LENT),
        answers.taken_back_from("eve", was_lent=True),
        answers.taken_back_from("eve", was_lent=False),
        answers.who_acts([LENT], "Say whom."),
        answers.who_acts([], "Say whom."),
    ] == snapshot(
        [
            "`eve` may use `approve`, `run` in your name, until the plan's text changes or `/lockstep delegate off @eve`.",
            "Taken back from `eve`.",
            "`eve` may do nothing in anybody's name here.",
            "- `eve` in the name of `ana`: `approve`, `run`",
            "Nobody acts in anybody's name here. Say whom.",
        ]
    )
