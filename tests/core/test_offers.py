"""offers: what is said while a plan is made for an issue; texts of models and of GitHub are dead in it."""

from inline_snapshot import snapshot

from services.core.messages import offers
from tests.kit.constants import constants


def test_what_stands_against_it() -> None:
    assert constants(offers) == snapshot(
        {
            "NO_MODEL": "This issue holds no plan, and no model is set here that could draft one. Write tasks as `- [ ] **id** What to do (owner/repo)` or in a `yaml` block; or whoever runs this Lockstep sets `LOCKSTEP_MODEL`.",
            "NO_ANSWER": "There was no answer.",
            "PLAN_RUNS": "This issue's plan is running; `/lockstep status` shows how far it is.",
            "ANOTHER": "Another plan is being made for this issue; ask again once it is here.",
            "SET_BROKEN": "The owner's `repositories.yaml` has errors; the check `lockstep/config` on its last commit says which.",
            "HOLDS_A_PLAN": "A flow starts from an issue that somebody has written and that holds no plan of its own.",
            "CLOSED": "This issue is closed; open it again before a flow starts from it.",
            "PUBLIC": "This flow works in private repositories and this issue is public, so its plan can't stand here; start it from an issue of a private repository.",
        }
    )


def test_drafts() -> None:
    assert [
        offers.asked("openai:gpt-4o"),
        offers.too_many(20),
        offers.no_answer("", 5, "503 from @ana"),
        offers.no_answer("test:one", 5, "it was busy"),
        offers.not_taken("test:one", "Closes #4"),
        offers.is_newer("approve"),
        offers.shown_again("approve"),
    ] == snapshot(
        [
            "`openai:gpt-4o` is asked for a draft; it comes as a comment of its own.",
            "This issue has had 20 drafts; write the plan into the issue now.",
            "`the model` gave no answer in 5 tries: 503 from \\@\u2060ana.",
            "`test:one` gave no answer in 5 tries: it was busy.",
            "what `test:one` answered is no plan that can be taken, also after a correction: C\u2060loses \\#\u20604",
            "The draft is newer than your comment. Read it, then repeat `/lockstep approve`.",
            "Somebody had changed the comment that holds the draft. It says again what was drafted; read it, then repeat `/lockstep approve`.",
        ]
    )


def test_flows() -> None:
    assert [
        offers.flow_planned("bump", 1),
        offers.flow_planned("bump", 3),
        offers.not_installed("acme/api"),
        offers.not_installed(""),
        offers.archived("acme/api"),
        offers.lacks_write("acme/api", "read"),
        offers.unknown_flow("bmp", "bump", ()),
        offers.unknown_flow("x`y", "", ("bump", "sync")),
        offers.unknown_flow("x", "", ()),
    ] == snapshot(
        [
            "The plan of `bump`, 1 task, comes as a comment of its own. Once you have read it: `/lockstep approve`, then `/lockstep run`.",
            "The plan of `bump`, 3 tasks, comes as a comment of its own. Once you have read it: `/lockstep approve`, then `/lockstep run`.",
            "Lockstep is not installed on `acme/api`, or it has another name by now; install it there, or correct `repositories.yaml`.",
            "Lockstep is not installed on a repository of this flow, or it has another name by now; install it there, or correct `repositories.yaml`.",
            "`acme/api` is archived, so nothing can be merged there.",
            "A flow needs the write permission on every repository it works in; you have read on `acme/api`.",
            "There is no flow `bmp`. Did you mean `/lockstep run flow=bump`?",
            "There is no flow `x'y` in this owner's `repositories.yaml`. There are `bump`, `sync`.",
            "There is no flow `x` in this owner's `repositories.yaml`.",
        ]
    )


def test_not_more_flows_are_named_than_one_reads() -> None:
    said = offers.unknown_flow("x", "", [f"flow{n}" for n in range(50)])
    assert said.count("`flow") == offers.NAMED
