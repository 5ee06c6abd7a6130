"""changes: what a command has changed, or why it has changed nothing."""

from decimal import Decimal

import msgspec
from inline_snapshot import snapshot

from services.core.messages import changes
from services.core.task_state import Override
from tests.kit.constants import constants

NONE = ()
SOME = ("api", "web")


def test_the_same_words_every_time() -> None:
    assert constants(changes) == snapshot(
        {
            "HELD_ALL": "Held. What runs comes to its end; `/lockstep resume` goes on.",
            "HELD_ALREADY": "Nothing to hold back: the run is over, or held already.",
            "GOING_ON": "Going on.",
            "NOT_HELD": "The run as a whole was not held.",
            "NOTHING_TO_MERGE": "Nothing to merge.",
            "LESSONS": {
                "approve": "is told to later tasks of its repository from now on",
                "veto": "is told to nobody",
                "retire": "is told to nobody any more",
                "delete": "is deleted",
            },
            "BY_ITS_ISSUE": {
                "cancelled": "its issue was closed as not planned",
                "retried": "its issue was opened again",
            },
        }
    )


def test_what_has_changed() -> None:
    assert [
        changes.assigned(SOME, "ana"),
        changes.given_back(SOME),
        changes.budgeted(SOME, Decimal("2.5")),
        changes.budgeted(("api",), Decimal(2), ("docs",)),
        changes.modelled(SOME, "openai:gpt-4o"),
        changes.modelled((), "openai:gpt-4o", ("docs", "page")),
        changes.cancelled(SOME),
        changes.cancelled(("api",)),
        changes.held(SOME),
        changes.released(SOME, with_run=True),
        changes.merging(SOME),
        changes.prioritised(SOME, 10.0),
        changes.rebasing(SOME),
        changes.recreated(SOME),
        changes.retried(SOME, named=False),
        changes.rolled_back(SOME),
        changes.skipped(SOME),
    ] == snapshot(
        [
            "Handed to `ana`: `api`, `web`.",
            "Back with the agent: `api`, `web`.",
            "`api`, `web` may cost $2.50 each, from the next attempt on. `/lockstep retry` starts a failed one again.",
            "`api` may cost $2.00, from the next attempt on. Left out, because no model does them: `docs`. `/lockstep retry` starts a failed one again.",
            "`openai:gpt-4o` does `api`, `web` from the next attempt on.",
            "Nothing to change: those tasks are over, or have that model already. Left out, because no model does them: `docs`, `page`.",
            "Cancelled 2 tasks. Open pull requests stay open, merged ones stay merged.",
            "Cancelled 1 task. Open pull requests stay open, merged ones stay merged.",
            "Held: `api`, `web`.",
            "Going on with `api`, `web`.",
            "Merging `api`, `web`.",
            "Priority 10 for `api`, `web`.",
            "Bringing up to date: `api`, `web`.",
            "Making anew: `api`, `web`.",
            "Trying again: `api`, `web`.",
            "Taking back `api`, `web`: the pull requests follow, each behind those that need it.",
            "Skipped: `api`, `web`.",
        ]
    )


def test_that_nothing_has_changed_and_why() -> None:
    assert [
        changes.assigned(NONE, "ana"),
        changes.given_back(NONE),
        changes.budgeted(NONE, Decimal(1)),
        changes.modelled(NONE, "openai:gpt-4o"),
        changes.cancelled(NONE),
        changes.held(NONE),
        changes.released(NONE, with_run=True),
        changes.released(NONE, with_run=False),
        changes.merging(NONE),
        changes.prioritised(NONE, 10.0),
        changes.rebasing(NONE),
        changes.recreated(NONE),
        changes.retried(NONE, named=True),
        changes.retried(NONE, named=False),
        changes.rolled_back(NONE),
        changes.skipped(NONE),
    ] == snapshot(
        [
            "Those tasks are over.",
            "Those tasks are with their agent, or over.",
            "Nothing to change: those tasks are over, or have that budget already.",
            "Nothing to change: those tasks are over, or have that model already.",
            "Nothing to cancel: those tasks are over already.",
            "Nothing to hold back: those tasks are over, or held already.",
            "Going on.",
            "None of those tasks was held.",
            "Nothing to merge.",
            "Those tasks are over already.",
            "Nothing to bring up to date: no open pull request of mine, or it is at it already.",
            "Nothing to make anew: those tasks have nothing yet, are being worked on, or are over.",
            "Nothing to retry: none of those tasks has failed or was cancelled.",
            "Nothing to retry: no task has failed.",
            "Nothing to take back: those tasks have merged nothing, or are being taken back already.",
            "Nothing to skip: those tasks are over already.",
        ]
    )


def test_of_one_task() -> None:
    done = Override(kind="check", name="lint", sha="c" * 40, actor="ana", why="it is @broken")
    assert [
        changes.not_merged("`api` waits for `schema`."),
        changes.overridden("api", done),
        changes.lifted(msgspec.structs.replace(done, kind="need", name="acme/api#4")),
        changes.lesson("L3", "veto"),
        changes.by_its_issue("api", "cancelled"),
        changes.by_its_issue("api", "retried"),
        changes.closed_undone("api"),
        changes.without_issue("api", "ana", is_gone=True),
        changes.without_issue("api", "ana", is_gone=False),
        changes.revised("api"),
    ] == snapshot(
        [
            "Not merged. `api` waits for `schema`.",
            "Noted for `api`: check `lint` does not count for ccccccc, says `ana`: it is \\@\u2060broken. What a branch protection requires, GitHub still asks for.",
            "Noted: need `acme/api#4` does not count for ccccccc, says `ana`: it is \\@\u2060broken. `lockstep/gate` says so; a new commit voids it.",
            "The lesson `L3` is told to nobody.",
            "`api` is cancelled, because its issue was closed as not planned; opening it again takes it up.",
            "`api` is taken up again, because its issue was opened again.",
            "`api` is not done and goes on. If it was done in another way, `/lockstep skip api` lets go on what waits for it; `/lockstep cancel api` ends it.",
            "`ana` has deleted the tracking issue of `api`. The task goes on without it, where it is; `/lockstep cancel api` ends it.",
            "`ana` has moved away the tracking issue of `api`. The task goes on without it, where it is; `/lockstep cancel api` ends it.",
            "I will try `api` again with what you wrote; this pull request gets the result.",
        ]
    )
