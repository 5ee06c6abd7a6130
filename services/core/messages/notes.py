"""What the page of a task says beside an effect that came to nothing, or is looked at once more."""

NOT_WANTED = "nobody waits for it any more"
ATTEMPT_OVER = "its attempt is over"
STOPPED = "stopped: its attempt is over"
HELD = "it is held"
TAKEN_BACK = "it is taken back"
LOOKED_FOR = "it is looked for once more"
RUN_LOOKED_FOR = "its run is looked for"
COMMITS_LOOKED_FOR = "its commits are looked at once more"
FOUND_OUT = "something else was found out about it meanwhile"
NEED_TAKEN_BACK = "a need was taken back"
NO_TASK = "its task is in the plan no more"
OTHER_HEAD = "the head is another one by now"
NOT_COMPLETE = "it is not complete any more"
WANTED_AGAIN = "it is wanted there again"
AT_IT = "GitHub is at it"


def no_queue(error: str) -> str:
    """Where attempts are handed to workers; it is tried again."""
    return f"the queue could not be asked: {error}"
