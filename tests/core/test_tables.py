"""The words of each table: what is said of a kind of thing, all kinds together, so that none reads unlike the others."""

from types import ModuleType

import pytest
from inline_snapshot import snapshot

from services.core import adopt, boxes, explained, hand_over, merging, pull_comment, repair, report
from tests.kit.constants import constants


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            adopt,
            snapshot(
                {
                    "_IN_PLACE": {"priority": None, "model": "", "budget": ""},
                    "_HAPPENS": {
                        "redone": ("redone", "the plan asks for something else now"),
                        "ticked": ("ticked", "ticked as done in the plan"),
                        "unticked": ("unticked", "not ticked as done in the plan any more"),
                    },
                }
            ),
        ),
        (
            boxes,
            snapshot(
                {
                    "VERBS": {
                        "approve": "Approve this text",
                        "run": "Start it",
                        "hold": "Hold: start and merge nothing more",
                        "resume": "Go on after the hold",
                        "retry": "Try what failed again",
                        "refresh": "Look at everything anew, now",
                    }
                }
            ),
        ),
        (
            explained,
            snapshot(
                {
                    "_IN": {"installation": "for", "repo": "in", "agent": "for the agent"},
                    "_SAYS": {
                        "paused": "the whole run is held",
                        "held": "is held",
                        "untracked": "its tracking issue is being made",
                        "turn": "is ready, and starts when its turn comes{after}",
                        "braked": "is ready, and nothing begins in {names} until fewer attempts there wait for their next try",
                        "settling": "needs nothing more",
                        "works": "attempt {text} is running with {names}{bound}",
                        "failed": "it did not work{reason}",
                        "needs_human": "somebody has to decide{reason}",
                        "theirs": "{text}",
                        "cancelled": "was cancelled",
                        "gone": "its pull request can't be seen any more",
                        "closed": "its pull request was closed without merging",
                        "moved": "somebody else pushed {text} to its branch; look at it and merge it, or delete the branch and retry",
                        "base": "was turned to the branch {names}, which nobody approved; turn it back, or merge it by hand",
                        "label": "is held by the label do-not-merge/hold",
                        "draft": "is a draft; it has to be marked ready for review",
                        "conflict": "conflicts with its base branch",
                        "checks_failed": "check {names} failed",
                        "checks_pending": "waits for check {names}",
                        "checks_starting": "waits for its checks to start",
                        "checks_overdue": "no check has begun on it; close it and open it again, push to it, or set `checks: none`",
                        "checks_none": "no checks will come; add a workflow, or set `checks: none` in .github/lockstep.yml",
                        "checks_rest": "waits for the rest of its checks",
                        "objections": "changes were requested by {names}",
                        "protected": "waits for a review or a required check",
                        "frozen": "{text}",
                        "behind": "is behind its base branch, which takes only what is up to date; it is brought up to that in its turn",
                        "merging": "nothing is missing, and it is merged next{reason}",
                        "waits": "its pull request is being looked at{reason}",
                        "repairing": "{text}",
                        "grouped": "{text}",
                        "overridden": "{text}",
                        "outdated": "is behind its base branch, which takes only what is up to date",
                        "mergeable": "nothing is missing, and it can be merged",
                        "deadline": "a person is told on {until} if it still waits then",
                    },
                }
            ),
        ),
        (
            merging,
            snapshot(
                {
                    "_WHY_OUT": {
                        "CI_FAILURE": "its checks failed there",
                        "CI_TIMEOUT": "its checks took too long there",
                        "MERGE_CONFLICT": "it conflicts with what is before it",
                        "MANUAL": "somebody took it out",
                        "QUEUE_CLEARED": "the queue was cleared",
                    }
                }
            ),
        ),
        (
            hand_over,
            snapshot(
                {
                    "_CAME": {
                        "": "under way",
                        "worked": "it worked",
                        "failed": "it did not help",
                        "superseded": "something else came first",
                    },
                    "ADVICE": {
                        "transient_api": "Look whether the service that failed is well. Then run its failed jobs again. If it is asked in vain, correct that:",
                        "rate_limited": "Look how soon the service may be asked again. Then run its failed jobs again. If it is asked too often, correct that:",
                        "permission": "Give the credential the rights it lacks. Then run its failed jobs again. If it asks for too much, correct that:",
                        "merge_conflict": "Bring its base in and resolve what git leaves:",
                        "stale_base": "Bring its base in:",
                        "test_failure": "Put it right on its branch:",
                        "flaky_test": "Run its failed jobs again, and have the test looked at, which passes and fails on the same commit:",
                        "broken_base": "Repair the base branch, and it is brought in by itself. If it is this that fails, correct it:",
                        "lint": "Put it right on its branch:",
                        "build": "Put it right on its branch:",
                        "documentation": "Put it right on its branch:",
                        "license": "Put it right on its branch:",
                        "missing_dependency": "Put it right on its branch:",
                        "configuration": "Put it right on its branch:",
                        "timeout": "Run its failed jobs again where the machine was slow; else make it quicker, or give it longer:",
                        "out_of_resources": "Give the machine more memory or disk, and run its failed jobs again; else have it need less:",
                        "runner": "Look whether the machine and its network are well. Then run its failed jobs again. If it asks in vain, correct that:",
                        "agent_failed": "Say in a review what it is to do otherwise (`@lockstep …`), or put it right on its branch:",
                        "agent_empty": "Say in a review what it is to do otherwise (`@lockstep …`), or put it right on its branch:",
                        "budget": "Raise what is used up. Then run its failed jobs again. If it takes too much, correct that:",
                        "policy": "Do what the rule asks for, or change it. If the work is against it, correct that:",
                        "unknown": "Read the log of the check, then put it right on its branch:",
                    },
                }
            ),
        ),
        (
            pull_comment,
            snapshot(
                {
                    "_CONCLUSIONS": {
                        "failure": "failed",
                        "timed_out": "took too long",
                        "cancelled": "was cancelled",
                        "action_required": "waits for somebody to act",
                        "startup_failure": "could not start",
                        "stale": "was given up by GitHub",
                    }
                }
            ),
        ),
        (
            repair,
            snapshot(
                {
                    "WORDS": {
                        "runner": "runner or network",
                        "transient_api": "a service did not answer",
                        "rate_limited": "a service was called too often",
                        "timeout": "it took too long",
                        "flaky_test": "a test that fails now and then",
                        "broken_base": "its base branch did too, and is well again",
                        "test_failure": "perhaps a test that fails now and then",
                        "out_of_resources": "memory or disk was used up",
                        "unknown": "nobody knows of what",
                    }
                }
            ),
        ),
        (
            report,
            snapshot(
                {
                    "ICONS": {
                        "blocked": "⏸",
                        "ready": "▶",
                        "running": "🔵",
                        "in_review": "👀",
                        "done": "✅",
                        "needs_human": "🙋",
                        "failed": "❌",
                        "skipped": "⏭",
                        "cancelled": "🚫",
                    },
                    "WORDS": {
                        "blocked": "blocked",
                        "ready": "ready",
                        "running": "running",
                        "in_review": "in review",
                        "done": "done",
                        "needs_human": "needs a person",
                        "failed": "failed",
                        "skipped": "skipped",
                        "cancelled": "cancelled",
                    },
                    "LABEL_OF_TASK": {
                        "needs_human": "lockstep:needs-human",
                        "failed": "lockstep:failed",
                        "done": "lockstep:done",
                    },
                    "LABEL_OF_RUN": {
                        "running": "lockstep:in-progress",
                        "paused": "lockstep:blocked",
                        "done": "lockstep:done",
                        "failed": "lockstep:failed",
                    },
                }
            ),
        ),
    ],
    ids=lambda each: each.__name__.rpartition(".")[2] if isinstance(each, ModuleType) else "",
)
def test_words(module: ModuleType, words: object) -> None:
    assert {name: text for name, text in constants(module).items() if isinstance(text, dict)} == words
