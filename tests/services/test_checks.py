"""What the check runs on a pull request say, and what they keep to themselves."""

from services.checks.gate import gate
from services.checks.plan import plan
from tests.kit.plans import happen, in_review, task

OPEN: frozenset[str] = frozenset()
HIDDEN = frozenset({"acme/platform", "acme/hidden-lib"})


def test_the_gate_waits_and_then_passes() -> None:
    waiting = in_review(task("lib", repo="acme/hidden-lib"), task("pub", "lib"))
    report = gate(waiting, waiting.tasks["pub"], OPEN)
    assert (report.status, report.title, report.summary) == (
        "in_progress", "Waits for 1 of 1 needs", "Not merged yet: `lib`."
    )  # fmt: skip
    merged = happen(waiting, "lib", "merged", sha="c" * 40).run
    report = gate(merged, merged.tasks["pub"], OPEN)
    assert (report.conclusion, report.summary) == ("success", "- `lib` acme/hidden-lib#5 as cccccccccc")


def test_neither_check_mentions_a_hidden_repository() -> None:
    waiting = in_review(task("lib", repo="acme/hidden-lib"), task("doc"), task("pub", "lib", "doc"))
    merged = happen(waiting, "lib", "merged", sha="c" * 40).run
    done = happen(merged, "doc", "skipped").run
    for current in (waiting, merged, done):
        for check in (gate, plan):
            report = check(current, current.tasks["pub"], HIDDEN)
            assert "hidden-lib" not in report.summary + report.title
            assert "`lib`" not in report.summary
            assert "platform" not in report.summary
    assert gate(waiting, waiting.tasks["pub"], HIDDEN).summary == "Not merged yet: `doc`, work elsewhere."
    assert gate(done, done.tasks["pub"], HIDDEN).summary.endswith("\n- work elsewhere")
