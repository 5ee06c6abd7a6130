"""What is said of work that is done on GitHub itself: by a workflow of the repository, or by Copilot."""

from services.core.names import marker
from services.core.text import code, plain

NO_WORKFLOW = (
    "no workflow is named for it: set `workflow` in the task, or in the repository's `.github/lockstep.yml`, to a file "
    "of `.github/workflows`"
)
CHECK = "Before you end, run the command that has to succeed afterwards."


def at_workflow(workflow: str, run: str) -> str:
    return f"{code(workflow)} works on it in GitHub Actions, run {run}"


def not_started(workflow: str, why: str) -> str:
    """why: GitHub's own text."""
    return f"{code(workflow)} can't be started in GitHub Actions: {plain(why, 300)}"


def not_followed(workflow: str, why: str) -> str:
    """why: as what tells it says, in words of ours."""
    called = code(workflow) if workflow else "the workflow that does it"
    return f"whether {called} was started in GitHub Actions is not known: {why}"


def ended(workflow: str, conclusion: str) -> str:
    """As an attempt reports it: escaped as a whole where it comes in."""
    return f"The workflow {workflow} ended with {conclusion}."


def was_cancelled(workflow: str) -> str:
    return f"somebody has cancelled {code(workflow)} in GitHub Actions"


def too_late(seconds: int, called: str) -> str:
    """As an attempt reports it."""
    return f"{called} was not done in the task's {seconds} s."


NO_PERSON = (
    "Copilot can only be asked in a person's name, and no token of one is set (`LOCKSTEP_COPILOT_TOKEN`): assign the "
    "task to somebody, or give it another agent"
)
ASSIGNED = "its issue is assigned to Copilot"
SHOWN, LINE = 60, 300
"""Lines of what another attempt is told, and characters of each."""


def not_there(repo: str) -> str:
    return (
        f"Copilot can't be assigned in {code(repo)}: its coding agent is not enabled there, or the person whose token "
        "is set has none; assign the task to somebody, or give it another agent"
    )


def not_asked(why: str) -> str:
    """why: GitHub's own text."""
    return f"Copilot can't be asked: {plain(why, 300)}"


def works_in(number: int) -> str:
    return f"Copilot works on it in #{number}"


def works_again(number: int) -> str:
    return f"Copilot is asked for another attempt in #{number}"


def closed(number: int) -> str:
    return f"Copilot's pull request #{number} was closed without merging"


def not_copilots(number: int) -> str:
    return f"#{number} is no pull request of Copilot's into the default branch"


def others_commit(number: int, sha: str) -> str:
    return f"#{number} holds {sha[:7]}, which is not Copilot's: look at it, then merge it yourself"


def too_many(number: int) -> str:
    return f"#{number} has more commits than GitHub tells: look at it, then merge it yourself"


def gave_up(number: int) -> str:
    """As an attempt reports it."""
    return f"Copilot has given up in its pull request {number}."


def another_attempt(note: str, key: str) -> str:
    """What Copilot is told on its pull request; the note may quote anything, and nothing in it is alive."""
    lines = [f"> {plain(line, LINE)}" for line in note.splitlines()[:SHOWN] if line.strip()]
    said = ["What was said about the last one:", "", *lines, ""] if lines else []
    asked = "@copilot Another attempt is needed in this pull request."
    return "\n".join([asked, "", *said, "Change no more than that needs.", "", marker(key)])
