"""A plan that a model has drafted: what of its answer is taken, what is wrong with it, and how it is shown.

The answer is as foreign as any stranger's text. It is read by the parser of people's plans and then held to more: only
what the prompt has offered may be in it. What is kept is not the model's text but the plan written anew, so what people
see, what is approved and what runs is one text.
"""

import re
from collections.abc import Collection, Sequence

import msgspec

from services.core import markdown
from services.core.names import marker
from services.core.parse import parse
from services.core.plan import Parsed, Plan, Task
from services.core.plan_render import render_yaml
from services.core.problems import sentence
from services.core.text import code

MOST_TASKS = 30
MAX_ANSWER = 100_000
"""Characters of an answer that are read."""
MAX_TEXT = 40_000
"""Characters of a draft; its comment has to hold it."""
MOST_PROBLEMS = 12
_ALLOWED = frozenset({"id", "title", "repo", "needs", "paths", "agent", "run", "verify", "body", "prompt", "line"})
_MARK = re.compile(r"<!--\s*lockstep:", re.IGNORECASE)
MADE = "<sub>Made by Lockstep from what a model answered; read it as you would read a stranger's plan.</sub>"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What of an answer can be taken. text: the plan written anew, "" where there are problems."""

    text: str = ""
    hash: str = ""
    problems: tuple[str, ...] = ()


def is_ordinary(parsed: Parsed) -> bool:
    """Is this text no plan at all, rather than one with mistakes?"""
    return not parsed.tasks and {problem.kind for problem in parsed.errors} == {"empty"}


def judge(answer: str, *, home: str, repos: Collection[str], agents: Collection[str], title: str) -> Judged:
    """Read a model's answer as a plan whose tasks are in these repositories and done by these agents."""
    if len(answer) > MAX_ANSWER:
        return Judged(problems=(f"The answer has more than {MAX_ANSWER:,} characters.",))
    parsed = parse(_block(answer), home=home, installed=repos, form="yaml")
    if parsed.plan is None:
        return Judged(problems=tuple(sentence(problem) for problem in parsed.errors[:MOST_PROBLEMS]))
    plan = Plan(title=parsed.plan.title or title or "A plan", tasks=parsed.plan.tasks)
    problems = _more(plan, agents)
    text = render_yaml(plan)
    if len(text) > MAX_TEXT:
        problems.append(f"The plan has more than {MAX_TEXT:,} characters; make it shorter.")
    if _MARK.search(text):
        problems.append("The plan holds a mark of Lockstep's own, `<!-- lockstep:…`; leave it out.")
    again = parse(text, home=home, installed=repos, form="yaml")
    if not problems and (again.plan is None or again.plan.hash != plan.hash):
        problems.append("The plan does not stay the same when it is written anew; use plain texts.")
    if problems:
        return Judged(problems=tuple(problems[:MOST_PROBLEMS]))
    return Judged(text=text, hash=plan.hash)


def _block(answer: str) -> str:
    """The first fenced block that is or may be YAML, else all of it."""
    for fence in markdown.scan(answer.replace("\r\n", "\n").replace("\r", "\n")).fences:
        if fence.language in {"yaml", "yml", ""}:
            return fence.content
    return answer


def _more(plan: Plan, agents: Collection[str]) -> list[str]:
    """What a person's plan may hold and a draft may not."""
    problems = []
    if len(plan.tasks) > MOST_TASKS:
        problems.append(f"The plan has {len(plan.tasks)} tasks; a draft has at most {MOST_TASKS}.")
    for task in plan.tasks:
        if task.agent not in agents:
            problems.append(f"{code(task.id)} names the agent {code(task.agent)}; use {' or '.join(sorted(agents))}.")
        if task.agent == "script" and not task.run.strip():
            problems.append(f"{code(task.id)} has the agent `script` and no `run` with its commands.")
        problems += [f"{code(task.id)} has the key `{key}`, which is for people; leave it out." for key in _extra(task)]
    return problems


def _extra(task: Task) -> list[str]:
    plain = Task(id="", title="", repo="")
    return [
        name for name in Task.__struct_fields__ if name not in _ALLOWED and getattr(task, name) != getattr(plain, name)
    ]


def standing(state: str, *, model: str = "", actor: str = "", why: str = "", has_model: bool = True) -> str:
    """The sentence about a draft in the plan's comment. state: of the newest one, "" where nobody has asked."""
    if state == "posted":
        who = f"{code(model)} has drafted this plan, because {code(actor)} asked for it"
        return f"{who}; what it says stands in a comment of its own. A plan in the issue takes its place."
    if state in {"asked", "written"}:
        return f"{code(actor)} has asked for a draft of a plan; it comes as a comment of its own."
    if state == "failed":
        came = f"A draft was asked for by {code(actor)} and came to nothing: {why.rstrip('.')}."
        return f"{came} `/lockstep replan` asks again."
    if has_model:
        return "`/lockstep replan` has a model draft a plan from this text (needs write permission)."
    return "A model could draft a plan from this text; whoever runs this Lockstep sets one with `LOCKSTEP_MODEL`."


def draft_comment(text: str, *, model: str, actor: str, prompt: str, key: str) -> str:
    """The comment that holds a draft. All of it stands in a fence: no mention, link or closing word in it acts."""
    head = (
        f"{code(model)} has drafted this from the issue; {code(actor)} asked for it. Nothing of it has been started. "
        "What is approved is exactly this text: `/lockstep approve` (needs maintain permission), then "
        "`/lockstep run`. To change it, put the block into the issue with your changes: a plan there takes the place "
        "of this draft. `/lockstep replan` asks for another one."
    )
    return "\n".join(
        [
            "### A draft of a plan",
            "",
            head,
            "",
            block(text),
            "",
            f"<sub>Prompt: {code(prompt)}.</sub>",
            MADE,
            marker(key),
        ]
    )


def block(text: str) -> str:
    """The text in a fence that it can't leave."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks}yaml\n{text}{ticks}"


def replaced_comment(key: str, made: str = MADE) -> str:
    """What stands in the comment of a draft once there is a newer one."""
    return "\n".join(["A draft of a plan stood here; a newer one has taken its place.", "", made, marker(key)])


def same_text(one: str, other: str) -> bool:
    """Do two bodies of a comment say the same? GitHub may change line ends and blanks at the end."""
    return [line.rstrip() for line in one.strip().splitlines()] == [
        line.rstrip() for line in other.strip().splitlines()
    ]


def told_problems(problems: Sequence[str]) -> str:
    """For the model, and for people, one a line."""
    return "\n".join(f"- {problem}" for problem in problems)
