"""A real process, killed (kill -9) at moments of taking an edited plan over: finished work stays, work that changed is
stopped and done again, what was removed is ended and cleared away, each once.
"""

from pathlib import Path

import pytest

from services.core.names import LABEL_PLAN
from tests.kit.crash.killed import Blow, Killed, killed
from tests.kit.crash.stage import HOME, PERSON
from tests.kit.pipe import Pipe
from tests.kit.sight import BOT

DONE = "- [ ] **first** First · run: echo 1 >> first.txt\n"
REST = "- [ ] **last** Last · needs: changed · run: echo 3 >> last.txt\n"
NEW = f"{DONE}- [ ] **changed** Changed · needs: first · run: echo new >> changed.txt\n{REST}"


@pytest.mark.parametrize(
    "blow",
    [
        Blow("reaction", "after"),
        Blow("reaction", "before", 1),
        Blow("edit", "before"),
        Blow("edit", "later"),
        Blow("comment", "before"),
        Blow("comment", "after"),
        Blow("close", "before"),
        Blow("close", "after"),
    ],
)
async def test_an_edit_is_taken_over_through_every_kill(tmp_path: Path, pipe: Pipe, blow: Blow) -> None:
    """One task is done, one is at work and changes, one waits and is removed. What is said of the last one is the only
    new comment, and its issue the first that is closed.
    """
    old = f"- [ ] **changed** Changed · needs: first · run: {pipe.wait}; echo old >> changed.txt\n"
    gone = "- [ ] **gone** Gone · needs: changed · run: echo 4 > gone.txt\n"
    async with killed(tmp_path, blow) as it:
        await it.begin(is_armed=False)
        await it.write(DONE + old + gone + REST, LABEL_PLAN)
        await it.shows("Waits for approval")
        await it.stage.say(1, "/lockstep approve\n/lockstep run")
        await pipe.reached()
        await it.stage.until(lambda: closed(it, "First"))
        await it.stage.hub.ok("PATCH", f"/repos/{HOME}/issues/{it.stage.plans[0]}", {"body": NEW}, who=PERSON)
        await it.shows("**The issue has been edited since:**")
        it.stage.hub.turn_clock(5)
        it.arm()
        await it.stage.say(1, "/lockstep approve")
        await it.comes_back()
        await it.shows("**Done.** 3 of 3 tasks done")
        await it.stage.until(lambda: all(issue.state == "closed" for issue in it.stage.issues(HOME)))
        for name, text in {"first": "1\n", "changed": "new\n", "last": "3\n", "gone": None}.items():
            assert await it.stage.file(HOME, f"{name}.txt") == text
    assert len([pull for pull in it.stage.pulls(HOME) if pull.pull and pull.pull.merged]) == 3
    said = [
        comment.body for comment in it.stage.hub.sandbox.state.comments.values() if "was taken out of" in comment.body
    ]
    assert len(said) == 1


def closed(it: Killed, title: str) -> bool:
    return any((each.user, each.title, each.state) == (BOT, title, "closed") for each in it.stage.issues(HOME))
