"""The agents `claude`, `codex`, `gemini`, `opencode` and `aider`: programs of others, run in the box.

They see the task's files and, through the broker, the task's model: no key, no network, no git. What they did is what
lies in the files afterwards; what they say of it is for the log. How each is called stands in `rows`.
"""

import shutil
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from services.agents import AGENTS, Outcome, Work
from services.agents.answers import Answers
from services.agents.box import Box, Extras
from services.agents.broker import Broker, Door
from services.agents.coder import budget_of, check_said, guide, paths_rule
from services.agents.files import Files
from services.agents.log import clean_log, last_line
from services.agents.models import Models
from services.agents.prompting import prompt
from services.agents.rows import ROWS, Row
from services.core.cost import dollars
from services.core.text import code
from services.errors import AgentError, UserError

PORT = "LOCKSTEP-PORT"
SOCKET = "/run/model.sock"
MEMORY = 64 << 30
"""Address space: what these programs are made with reserves far more than it uses."""
LONGEST_PROMPT = 100_000
"""Bytes; Linux takes no argument longer than 131,072."""
PLACES = "/usr/local/bin:/usr/bin:/bin"


class Program:
    """Runs one row."""

    def __init__(self, name: str, row: Row) -> None:
        self._name, self._row, self.asked_with = name, row, "program"
        self.providers = row.providers

    async def run(self, work: Work, box: Box) -> Outcome:
        if work.models is None or work.call is None:
            raise UserError(
                f"Task `{work.task.id}` has the agent `{self._name}`, and no model is set here; whoever runs this "
                "Lockstep sets `LOCKSTEP_MODEL`, or the task takes another agent."
            )
        models = work.models.named(work.task.model)
        if models.provider not in self.providers:
            raise UserError(
                f"The agent `{self._name}` can't ask {code(models.title)}; name another model for the task."
            )
        answers = Answers(work.journal)
        await answers.load()
        broker = Broker(Door(models=models, call=work.call, budget=budget_of(work.task), answers=answers))
        began = time.monotonic()
        async with broker.serving() as socket:
            inside = SOCKET if box.is_closed else str(socket)
            extras = Extras(
                env=self._env(models),
                binds={str(socket): SOCKET, **_shown(box.programs)},
                memory=MEMORY,
            )
            argv = [_python(), "-I", "-c", _bridge(), inside, PORT, *self._argv(work, models, box)]
            done = await box.run(argv, files=work.files, seconds=work.seconds, extras=extras)
        if broker.over is not None:
            raise broker.over
        log = clean_log(done.output)
        said = self._row.read(log.decode("utf-8", "replace"))
        if said.cost is not None:
            await models.told(work.call, said.cost)
        ok = done.exit_code == 0 and not done.timed_out and not said.is_error
        if broker.lost is not None and not ok:
            raise broker.lost
        return Outcome(
            ok=ok,
            summary=_summary(self._name, last_line(said.text.encode()), ok=ok, timed_out=done.timed_out, log=log),
            exit_code=done.exit_code or int(not ok),
            timed_out=done.timed_out,
            log=_head(models, prompt("program").title, broker, said.cost) + log,
            seconds=time.monotonic() - began,
        )

    def _argv(self, work: Work, models: Models, box: Box) -> list[str]:
        system, turn = prompt("program").filled(
            repo=work.task.repo,
            paths=paths_rule(work.task),
            places="\n".join(work.task.paths),
            check=check_said(work.task, "Before you end, run the command that has to succeed afterwards."),
            title=work.task.title,
            body=work.task.body,
            prompt=work.task.prompt,
            note=work.note,
            lessons=work.lessons,
            guide=guide(Files(work.files)),
            past=work.past,
            verify=work.task.verify,
        )
        text = f"{system}\n\n{turn}".replace("\0", "")
        if len(text.encode()) > LONGEST_PROMPT:
            raise UserError(f"What the agent `{self._name}` is told is too long; move some of it into the repository.")
        program = _found(self._row.program, box.programs)
        given = {"model": models.name, "provider": models.provider, "url": f"http://127.0.0.1:{PORT}", "prompt": text}
        return [program, *(each.format_map(given) for each in self._row.argv)]

    def _env(self, models: Models) -> dict[str, str]:
        given = {"model": models.name, "provider": models.provider, "url": f"http://127.0.0.1:{PORT}"}
        return {"PATH": PLACES, **{name: value.format_map(given) for name, value in self._row.env.items()}}


def _shown(programs: Path | None) -> Mapping[str, str]:
    """The operator's folder of programs, at its own place."""
    return {str(programs): str(programs)} if programs is not None else {}


def _found(program: str, programs: Path | None) -> str:
    """Where it is; it has to lie in /usr, or in the operator's folder, as there is nothing else in the box."""
    own = f"{programs}/bin:{programs}:" if programs is not None else ""
    found = shutil.which(program, path=own + PLACES)
    if not found:
        raise AgentError(
            f"{program} is not on this machine: install it below /usr, or set LOCKSTEP_AGENT_PROGRAMS to its folder."
        )
    return found


def _python() -> str:
    found = shutil.which("python3", path=PLACES)
    if not found:
        raise AgentError("The system has no python3, which agents reach their model through: install it below /usr.")
    return found


def _bridge() -> str:
    return (Path(__file__).parent / "bridge.py").read_text("utf-8")


def _summary(name: str, said: str, *, ok: bool, timed_out: bool, log: bytes) -> str:
    if timed_out:
        return f"{name} was not done in the task's time."
    if ok:
        return said or f"{name} is done."
    return f"{name} failed{': ' + last if (last := said or last_line(log)) else ''}"


def _head(models: Models, asked_with: str, broker: Broker, cost: Decimal | None) -> bytes:
    own = f"; it says that they cost {dollars(cost)}" if cost is not None else ""
    again = f" and {broker.again} answered from before it was cut off" if broker.again else ""
    return f"{models.title}, prompt {asked_with}, {broker.asked} calls{again}{own}\n".encode()


for _name, _row in ROWS.items():
    AGENTS.add(_name, Program(_name, _row))
