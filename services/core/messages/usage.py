"""What is wrong with how a command was said, each with an example to copy; and which permission somebody lacks."""

from collections.abc import Sequence

from services.core.text import code

ASSIGN = "Say to whom, for example `/lockstep assign api @ana`, or `/lockstep assign api agent` to give it back."
BUDGET = "Name the task and what it may cost, for example `/lockstep budget api usd=2.50`."
DELEGATE = (
    "Say whom and, if you like, which commands: `/lockstep delegate @ana approve retry`; "
    "`/lockstep delegate off @ana` takes it back."
)
MERGE = "Name the task to merge, for example `/lockstep merge api`."
MODEL = "Name the task and the model, for example `/lockstep model api model=gpt-4o`."
OVERRIDE = "Name the task, then the check or the need, for example `/lockstep override api lint`."
PRIORITY = "Name the task and its priority, for example `/lockstep priority api p=10`."
REBASE = "Name the task to bring up to date, for example `/lockstep rebase api`."
RECREATE = "Name the task to make anew, for example `/lockstep recreate api`."
ROLLBACK = "Name what to take back, for example `/lockstep rollback api`, or `all`."
SKIP = "Name the task to leave out, for example `/lockstep skip docs`."
TRY = "One at a time: `/lockstep try api`, or `/lockstep try owner/repo#n`."
TRY_FOR_ANOTHER = "In somebody else's name only the tasks of this plan can be tried."
FLOW_FOR_ANOTHER = "A flow is asked for in one's own name."
ASK_THERE = "What lies in that repository is told only there; ask on the pull request itself."
NOT_TO_ONESELF = "Nobody has to delegate to themselves."


def no_pull_request(place: str) -> str:
    return f"There is no pull request {code(place)} that I could see."


def unknown_verb(near: str) -> str:
    hint = f" Did you mean `/lockstep {near}`?" if near else ""
    return f"I don't know that command.{hint} `/lockstep help` lists what I can do."


def unknown_option(verb: str, option: str, known: str) -> str:
    """option and verb are words of the grammar."""
    return f"`{verb}` has no option `{option}`; it takes `{known}`."


def about_the_plan(verb: str) -> str:
    return f"`/lockstep {verb}` is about the plan as a whole; say it on the plan's issue."


def only_about(task: str) -> str:
    """Where other tasks must not be mentioned."""
    return f"Here I speak of `{task}` alone; ask about other tasks on the plan's issue."


def lesson(verbs: Sequence[str]) -> str:
    return f"Say {', '.join(map(code, verbs))} and a lesson's id; `/lockstep lesson` lists them."


def not_lendable(verb: str, lendable: Sequence[str]) -> str:
    return f"{code(verb)} can't be delegated; these can: {', '.join(map(code, lendable))}."


def sees_nothing(login: str) -> str:
    return f"`{login}` can't see this repository, so nothing can be delegated there."


def nobody(login: str) -> str:
    return f"GitHub knows nobody called {code(login)}; look at how it is written, then say it again."


def not_allowed(verb: str, needed: str, have: str) -> str:
    return f"`/lockstep {verb}` needs the {needed} permission on this repository; you have {have}."


def not_allowed_there(repo: str, needed: str, have: str) -> str:
    return f"That needs the {needed} permission on {code(repo)}, which it would change; you have {have}."


def lent_in_vain(lender: str, verb: str, needs: str, role: str) -> str:
    """In whose name somebody wanted to use a command has lost the permission for it."""
    return (
        f"{code(lender)}, in whose name you may use `/lockstep {verb}`, has no {needs} permission on this repository "
        f"any more, only {role}."
    )
