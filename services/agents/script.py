"""The agent `script`: runs the task's own `run` text in the box, as Actions would run a step.

The text is handed to the shell as one argument and is never put together with anything else, so nothing of a title, a
branch or a file name can become a command. `-e` ends it at the first command that fails.
"""

import time

from services.agents import AGENTS, Outcome, Work
from services.agents.box import Box, Finished
from services.agents.log import clean_log, last_line
from services.errors import UserError

MAX_SCRIPT = 100_000
"""Bytes; Linux takes no argument longer than 131,072."""


def shell(text: str) -> list[str]:
    """The command line for a shell text of a plan; UserError when it is too long or holds a NUL."""
    if len(text.encode()) > MAX_SCRIPT or "\0" in text:
        raise UserError(
            f"A script may have {MAX_SCRIPT} bytes of text; put a longer one into the repository and call it."
        )
    return ["/bin/sh", "-e", "-c", text]


class Script:
    """Runs `task.run`; its exit code decides. What people want done otherwise is its standard input."""

    async def run(self, work: Work, box: Box) -> Outcome:
        if not work.task.run.strip():
            raise UserError(f"Task `{work.task.id}` has the agent `script` but no `run:` with its commands.")
        began = time.monotonic()
        done = await box.run(shell(work.task.run), files=work.files, seconds=work.seconds, stdin=work.note.encode())
        seconds = time.monotonic() - began
        log = clean_log(done.output)
        return Outcome(
            ok=done.exit_code == 0 and not done.timed_out,
            summary=_summary(done, log, work.seconds),
            exit_code=done.exit_code,
            timed_out=done.timed_out,
            log=log,
            seconds=seconds,
        )


def _summary(done: Finished, log: bytes, allowed: float) -> str:
    if done.timed_out:
        return f"The script was stopped after {allowed:.3g} s."
    if done.exit_code == 0:
        return "The script finished."
    said = last_line(log)
    return f"The script ended with exit code {done.exit_code}{': ' + said if said else ''}"


SCRIPT = AGENTS.add("script", Script())
