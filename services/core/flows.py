"""A flow as a plan: one piece of work over several repositories, from an ordinary issue and the owner's set.

Each repository of the flow has one task, and so has each that these trigger: a follow-up, which waits for them. So
there is one plan, with all that comes of it, for people to read before anything begins; and what triggers what needs no
memory of its own, as it is carried out once like any other task.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from services.core.drafting import MAX_TEXT as MAX_DRAFT
from services.core.drafting import block
from services.core.names import marker
from services.core.parse import parse
from services.core.plan import MAX_TITLE, PERSON, Plan
from services.core.plan_text import clean_block, clean_line
from services.core.plan_values import MAX_TEXT
from services.core.reposet import Flow, Member, RepoSet
from services.core.text import code
from services.errors import UserError

if TYPE_CHECKING:
    import yaml

FIRST = 1
"""Priority of the primary repository's task."""
MADE = "<sub>Made by Lockstep from the issue and the flow, as they were when it was asked for.</sub>"
_MARK = re.compile(r"<!--\s*lockstep:", re.IGNORECASE)


def members_of(found: RepoSet, flow: Flow) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
    """Whose work a flow is, in an order in which each comes after all it depends on; and who has a follow-up."""
    left = [found.by_name[name] for name in flow.repositories]
    ordered: list[Member] = []
    while left:
        done = {member.name for member in ordered}
        ready = next(m for m in left if set(found.before(m.name, flow.repositories)) <= done)
        left.remove(ready)
        ordered.append(ready)
    named = dict.fromkeys(name for member in ordered for name in member.triggers)
    return tuple(ordered), tuple(found.by_name[name] for name in named if name not in flow.repositories)


def needs_of(found: RepoSet, flow: Flow) -> dict[str, tuple[str, ...]]:
    """What each task of the flow waits for, by the names of their repositories, in the order of the plan."""
    ordered, after = members_of(found, flow)
    names = [member.name for member in ordered]
    if flow.coordination == "sequential":
        needs = {name: tuple(names[max(at - 1, 0) : at]) for at, name in enumerate(names)}
    else:
        needs = {name: found.before(name, names) for name in names}
    everywhere = [*names, *(member.name for member in after)]
    for member in after:
        causes = [each.name for each in ordered if member.name in each.triggers]
        needs[member.name] = tuple(dict.fromkeys([*causes, *found.before(member.name, everywhere)]))
    return needs


def planned(found: RepoSet, flow: Flow, title: str, body: str) -> tuple[str, Plan]:
    """The plan of a flow for an issue, as YAML and as it reads; UserError when the issue's text can't stand in one."""
    text, said = clean_block(body), clean_line(title)
    if len(text) > MAX_TEXT:
        raise UserError(f"The issue has more than {MAX_TEXT:,} characters, which no task can hold; shorten it.")
    if _MARK.search(body) or _MARK.search(title):
        raise UserError("The issue holds a mark of Lockstep's own, `<!-- lockstep:…`; take it out of the text.")
    said = said[:MAX_TITLE].strip() or flow.name
    tasks = [_task(found.by_name[name], needs, said, flow) for name, needs in needs_of(found, flow).items()]
    content = {"title": said, **({"defaults": {"body": text}} if text else {}), "tasks": tasks}
    import yaml

    written = yaml.dump(content, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=1_000_000)
    plan = parse(written, home="", form="yaml").plan
    if plan is None or any(task.body != text for task in plan.tasks) or len(written) > MAX_DRAFT:
        raise UserError("The issue's text can't stand in a plan as it is; write a plan into the issue instead.")
    return written, plan


def _task(member: Member, needs: tuple[str, ...], title: str, flow: Flow) -> dict[str, Any]:
    is_after = member.name not in flow.repositories
    task: dict[str, Any] = {
        "id": member.name,
        "title": f"Follow up: {title}"[:MAX_TITLE] if is_after else title,
        "repo": member.repo,
        "agent": member.agent or PERSON,
    }
    if needs:
        task["needs"] = list(needs)
    if member.primary:
        task["priority"] = FIRST
    return task


@cache
def _dumper() -> "type[yaml.SafeDumper]":
    """Texts of several lines as people write them, so that they can be read where they are approved."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def said(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    Dumper.add_representer(str, said)
    return Dumper


def flow_comment(text: str, *, flow: str, actor: str, key: str) -> str:
    """The comment that holds the plan of a flow; in a fence, as a model's draft is."""
    head = (
        f"{code(actor)} has asked for the flow {code(flow)} on this issue. Nothing of it has been started. What is "
        "approved is exactly this text, also when the issue is edited later: `/lockstep approve` (needs maintain "
        "permission), then `/lockstep run`. To change it, put the block into the issue with your changes: a plan there "
        f"takes the place of this one. `/lockstep run flow={flow}` makes it anew."
    )
    return "\n".join(["### The plan of a flow", "", head, "", block(text), "", MADE, marker(key)])


def standing_of_flow(state: str, *, flow: str, actor: str, why: str = "") -> str:
    """The sentence about it in the plan's comment."""
    asked = f"{code(actor)} has asked for the flow {code(flow)}"
    if state == "posted":
        return f"{asked}; its plan stands in a comment of its own. A plan in the issue takes its place."
    if state == "failed":
        return f"{asked}, and it came to nothing: {why.rstrip('.')}. `/lockstep run flow={flow}` asks again."
    return f"{asked}; its plan comes as a comment of its own."
