"""What is said when a plan is to be made: by a model that drafts it, or of a flow."""

from collections.abc import Sequence

from services.core.messages.answers import counted
from services.core.text import code, plain

NAMED = 20
"""Flows that one refusal names."""
NO_MODEL = (
    "This issue holds no plan, and no model is set here that could draft one. Write tasks as "
    "`- [ ] **id** What to do (owner/repo)` or in a `yaml` block; or whoever runs this Lockstep sets `LOCKSTEP_MODEL`."
)
NO_ANSWER = "There was no answer."
PLAN_RUNS = "This issue's plan is running; `/lockstep status` shows how far it is."
ANOTHER = "Another plan is being made for this issue; ask again once it is here."
SET_BROKEN = "The owner's `repositories.yaml` has errors; the check `lockstep/config` on its last commit says which."
HOLDS_A_PLAN = "A flow starts from an issue that somebody has written and that holds no plan of its own."
CLOSED = "This issue is closed; open it again before a flow starts from it."
PUBLIC = (
    "This flow works in private repositories and this issue is public, so its plan can't stand here; start it from an "
    "issue of a private repository."
)


def asked(model: str) -> str:
    return f"{code(model)} is asked for a draft; it comes as a comment of its own."


def too_many(most: int) -> str:
    return f"This issue has had {most} drafts; write the plan into the issue now."


def no_answer(model: str, tries: int, why: str) -> str:
    """model: "" where none was asked yet."""
    return f"{code(model or 'the model')} gave no answer in {tries} tries: {plain(why, 200)}."


def not_taken(model: str, problem: str) -> str:
    said = f"what {code(model)} answered is no plan that can be taken, also after a correction:"
    return f"{said} {plain(problem, 300)}"


def is_newer(command: str) -> str:
    return f"The draft is newer than your comment. Read it, then repeat `/lockstep {command}`."


def shown_again(command: str) -> str:
    return (
        "Somebody had changed the comment that holds the draft. It says again what was drafted; read it, then repeat "
        f"`/lockstep {command}`."
    )


def flow_planned(flow: str, count: int) -> str:
    return (
        f"The plan of {code(flow)}, {counted(count)}, comes as a comment of its own. Once you have read it: "
        "`/lockstep approve`, then `/lockstep run`."
    )


def not_installed(repo: str) -> str:
    """repo: "" where it may not be named."""
    which = code(repo, 140) if repo else "a repository of this flow"
    return (
        f"Lockstep is not installed on {which}, or it has another name by now; install it there, or correct "
        "`repositories.yaml`."
    )


def archived(repo: str) -> str:
    return f"{code(repo, 140)} is archived, so nothing can be merged there."


def lacks_write(repo: str, have: str) -> str:
    return f"A flow needs the write permission on every repository it works in; you have {have} on {code(repo, 140)}."


def unknown_flow(name: str, near: str, known: Sequence[str]) -> str:
    """near: the flow whose name is like it; known: those that may be named here."""
    if near:
        return f"There is no flow {code(name)}. Did you mean `/lockstep run flow={near}`?"
    listed = f" There are {', '.join(map(code, known[:NAMED]))}." if known else ""
    return f"There is no flow {code(name)} in this owner's `repositories.yaml`.{listed}"
