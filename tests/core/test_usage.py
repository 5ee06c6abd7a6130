"""usage: each mistake has an example to copy, and a refusal says which permission is missing."""

from inline_snapshot import snapshot

from services.core.messages import usage
from tests.kit.constants import constants


def test_examples() -> None:
    assert constants(usage) == snapshot(
        {
            "ASSIGN": "Say to whom, for example `/lockstep assign api @ana`, or `/lockstep assign api agent` to give it back.",
            "BUDGET": "Name the task and what it may cost, for example `/lockstep budget api usd=2.50`.",
            "DELEGATE": "Say whom and, if you like, which commands: `/lockstep delegate @ana approve retry`; `/lockstep delegate off @ana` takes it back.",
            "MERGE": "Name the task to merge, for example `/lockstep merge api`.",
            "MODEL": "Name the task and the model, for example `/lockstep model api model=gpt-4o`.",
            "OVERRIDE": "Name the task, then the check or the need, for example `/lockstep override api lint`.",
            "PRIORITY": "Name the task and its priority, for example `/lockstep priority api p=10`.",
            "REBASE": "Name the task to bring up to date, for example `/lockstep rebase api`.",
            "RECREATE": "Name the task to make anew, for example `/lockstep recreate api`.",
            "ROLLBACK": "Name what to take back, for example `/lockstep rollback api`, or `all`.",
            "SKIP": "Name the task to leave out, for example `/lockstep skip docs`.",
            "TRY": "One at a time: `/lockstep try api`, or `/lockstep try owner/repo#n`.",
            "TRY_FOR_ANOTHER": "In somebody else's name only the tasks of this plan can be tried.",
            "FLOW_FOR_ANOTHER": "A flow is asked for in one's own name.",
            "ASK_THERE": "What lies in that repository is told only there; ask on the pull request itself.",
            "NOT_TO_ONESELF": "Nobody has to delegate to themselves.",
        }
    )


def test_words_that_mean_nothing() -> None:
    assert [
        usage.unknown_verb("approve"),
        usage.unknown_verb(""),
        usage.unknown_option("run", "flw", "flow=name"),
        usage.about_the_plan("run"),
        usage.only_about("api"),
        usage.lesson(("approve", "veto")),
        usage.not_lendable("`help", ("approve", "run")),
        usage.sees_nothing("eve"),
        usage.nobody("no`body"),
        usage.no_pull_request("acme/api#999"),
    ] == snapshot(
        [
            "I don't know that command. Did you mean `/lockstep approve`? `/lockstep help` lists what I can do.",
            "I don't know that command. `/lockstep help` lists what I can do.",
            "`run` has no option `flw`; it takes `flow=name`.",
            "`/lockstep run` is about the plan as a whole; say it on the plan's issue.",
            "Here I speak of `api` alone; ask about other tasks on the plan's issue.",
            "Say `approve`, `veto` and a lesson's id; `/lockstep lesson` lists them.",
            "`'help` can't be delegated; these can: `approve`, `run`.",
            "`eve` can't see this repository, so nothing can be delegated there.",
            "GitHub knows nobody called `no'body`; look at how it is written, then say it again.",
            "There is no pull request `acme/api#999` that I could see.",
        ]
    )


def test_refusals_say_what_is_missing() -> None:
    assert [
        usage.not_allowed("approve", "maintain", "read"),
        usage.not_allowed_there("acme/api", "write", "read"),
        usage.lent_in_vain("ana", "retry", "write", "read"),
    ] == snapshot(
        [
            "`/lockstep approve` needs the maintain permission on this repository; you have read.",
            "That needs the write permission on `acme/api`, which it would change; you have read.",
            "`ana`, in whose name you may use `/lockstep retry`, has no write permission on this repository any more, only read.",
        ]
    )
