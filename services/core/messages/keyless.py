"""What is said when nobody knows whether something has begun on GitHub that it has no key for."""

from services.core.keyless import MOST_AWAY, MOST_TOLD, Step
from services.core.text import code, plain


def gave_up(step: Step, named: str, why: str) -> str:
    """named: how its run is called.  why: GitHub's own text, the last."""
    said = f" ({plain(why, 200)})" if why else ""
    if step == "unseen":
        return f"GitHub has taken it, and no run began that listens for it and is named {code(named)} by its `run-name`"
    if step == "lost":
        return f"GitHub gave no answer {MOST_TOLD} times{said}, and shows no run named {code(named)}"
    return f"GitHub could not be asked {MOST_AWAY} times{said}; there may be a run named {code(named)}"
