"""What a person said no longer counts for one commit: a check that failed or does not come, a need that has not merged.

It is tied to the head it was said of; a new head is judged by everything again.
"""

from collections.abc import Iterable

import msgspec

from services.core.gate import PASSED, CheckFact, PullFact
from services.core.task_state import Override, TaskState
from services.core.text import code, plain


def of_head(task: TaskState) -> tuple[Override, ...]:
    """What counts no longer for the commit the task stands at."""
    return tuple(each for each in task.overrides if each.sha == task.head_sha)


def missing(task: TaskState, unmet: Iterable[str]) -> tuple[str, ...]:
    """Of needs that have not merged, those that still count."""
    lifted = {each.name for each in of_head(task) if each.kind == "need"}
    return tuple(need for need in unmet if need not in lifted)


def counting(task: TaskState, fact: PullFact) -> PullFact:
    """The pull request as it counts: a check that was lifted is one that says nothing."""
    lifted = {each.name for each in of_head(task) if each.kind == "check"}
    if not lifted or fact.head_sha != task.head_sha:
        return fact
    checks = tuple(_silenced(check) if check.name in lifted and not check.ours else check for check in fact.checks)
    return msgspec.structs.replace(fact, checks=checks)


def _silenced(check: CheckFact) -> CheckFact:
    return msgspec.structs.replace(check, status="completed", conclusion="neutral")


def slug(name: str) -> str:
    """How a check is called in a command, which knows no blanks: `CI / build (3.11)` is `ci-build-3.11`."""
    words = "".join(letter if letter.isalnum() or letter == "." else " " for letter in name.lower())
    return "-".join(words.split())


def named(asked: str, unmet: Iterable[str], fact: PullFact) -> str:
    """What somebody means that says `asked`, as `need:…` or `check:…`; "" for nothing that is missing."""
    for need in unmet:
        if need.lower() == asked.lower():
            return f"need:{need}"
    return next((f"check:{check.name}" for check in open_checks(fact) if slug(check.name) == slug(asked)), "")


def open_checks(fact: PullFact) -> tuple[CheckFact, ...]:
    """The checks of others that have not passed."""
    return tuple(
        check
        for check in fact.checks
        if not check.ours and (check.status != "completed" or check.conclusion not in PASSED)
    )


def choices(unmet: Iterable[str], fact: PullFact | None) -> str:
    """What could be overridden, as a refusal."""
    if fact is None or fact.state != "open":
        return "That task has no open pull request, so there is no head of which something could not count."
    names = dict.fromkeys([*unmet, *(slug(check.name) for check in open_checks(fact))])
    if not names:
        return "Nothing of it is missing that could be overridden."
    return f"That is none of what is missing here: {', '.join(code(name) for name in list(names)[:20])}."


def told(each: Override) -> str:
    """One of them in words."""
    why = f": {plain(each.why, 200)}" if each.why else ""
    return f"{each.kind} {code(each.name)} does not count for {each.sha[:7]}, says {code(each.actor)}{why}"
