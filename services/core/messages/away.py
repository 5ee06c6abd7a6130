"""What is said of work that is done on GitHub itself: by a workflow of the repository, or by Copilot."""

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


def ended(workflow: str, conclusion: str) -> str:
    """As an attempt reports it: escaped as a whole where it comes in."""
    return f"The workflow {workflow} ended with {conclusion}."


def was_cancelled(workflow: str) -> str:
    return f"somebody has cancelled {code(workflow)} in GitHub Actions"


def too_late(seconds: int, called: str) -> str:
    """As an attempt reports it."""
    return f"{called} was not done in the task's {seconds} s."
