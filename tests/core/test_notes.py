"""notes: what stands beside an effect on the page of its task."""

from inline_snapshot import snapshot

from services.core.messages import notes
from tests.kit.constants import constants


def test_the_same_words_every_time() -> None:
    assert constants(notes) == snapshot(
        {
            "NOT_WANTED": "nobody waits for it any more",
            "ATTEMPT_OVER": "its attempt is over",
            "STOPPED": "stopped: its attempt is over",
            "HELD": "it is held",
            "TAKEN_BACK": "it is taken back",
            "LOOKED_FOR": "it is looked for once more",
            "RUN_LOOKED_FOR": "its run is looked for",
            "COMMITS_LOOKED_FOR": "its commits are looked at once more",
            "FOUND_OUT": "something else was found out about it meanwhile",
            "NEED_TAKEN_BACK": "a need was taken back",
            "NO_TASK": "its task is in the plan no more",
            "OTHER_HEAD": "the head is another one by now",
            "NOT_COMPLETE": "it is not complete any more",
            "WANTED_AGAIN": "it is wanted there again",
            "AT_IT": "GitHub is at it",
        }
    )
    assert notes.no_queue("closed") == snapshot("the queue could not be asked: closed")
