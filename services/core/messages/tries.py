"""What is said of `try`: the merge of a pull request with its base, which CI judges and nobody merges."""

from services.core.text import code, plain

NOT_HERE = "This instance tries nothing."
NOT_STARTED = "Name a pull request as `owner/repo#n`; this plan has not been started."
NOT_OPEN_ANY_MORE = "It is not open any more, so there is nothing to try."
CONFLICTS = "It conflicts with its base, so there is no merge to try."
NOT_KNOWN = "GitHub does not say whether it can be merged; `/lockstep try` asks again."


def begun(place: str) -> str:
    """place: `owner/repo#n`."""
    return f"Trying the merge of {code(place)} with its base; what comes of it stands there."


def no_pull(task: str) -> str:
    return f"{code(task)} has no pull request yet, so there is nothing to try."


def is_none(place: str) -> str:
    return f"{code(place)} is no pull request; name one, or a task that has one."


def not_open(place: str) -> str:
    return f"{code(place)} is not open."


def from_fork(place: str) -> str:
    return (
        f"{code(place)} comes from a fork, whose code would run with this repository's secrets. Push it to a branch "
        "here to have it tried."
    )


def too_many(count: int, repo: str) -> str:
    return f"{count} pull requests of {code(repo)} are being tried; wait for one of them."


def refused(why: str) -> str:
    """why: GitHub's own text."""
    return f"GitHub does not let me try it: {plain(why, 300)}"


def branch_stays(said: str, branch: str) -> str:
    return f"{said} GitHub does not let me delete {code(branch)}; delete it yourself."


def commit(repo: str, number: int, head: str, base: str) -> str:
    """The message of the merge that is tried."""
    return f"Try {repo}#{number}\n\nThe merge of {head} with {base}; it is not merged."
