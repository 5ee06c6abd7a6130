"""The plans people write in a simulation: a few tasks over a few repositories, and how their texts change."""

from collections.abc import Sequence

import msgspec

from services.core import graph
from tests.simulation.chance import Stream

MOST = 5
"""Tasks that a plan grows to by people's edits."""


class Draft(msgspec.Struct, kw_only=True):
    """One task as a person writes it. `run` stands for the work and is what the commit will hold."""

    id: str
    repo: str
    needs: list[str]
    run: str
    priority: int = 0
    group: str = ""
    rollback: str = ""
    paths: str = ""
    done: bool = False

    def line(self) -> str:
        fields = [f"needs: {', '.join(self.needs)}"] if self.needs else []
        fields += [f"run: `{self.run}`"]
        fields += [f"priority: {self.priority}"] if self.priority else []
        fields += [f"group: {self.group}"] if self.group else []
        fields += [f"rollback: {self.rollback}"] if self.rollback else []
        fields += [f"paths: {self.paths}"] if self.paths else []
        mark = "x" if self.done else " "
        return f"- [{mark}] **{self.id}** Do {self.id} ({self.repo}) · {' · '.join(fields)}"


def write(drafts: Sequence[Draft]) -> str:
    return "\n".join(["What has to happen:", "", *(draft.line() for draft in drafts)])


def draw(chance: Stream, repos: Sequence[str]) -> list[Draft]:
    """A small graph, some of whose tasks touch the same file. Mostly one or two: nearly all that is wrong with many is wrong
    with few already, and of those three are lived in the time of one.
    """
    count = chance.choice([1] * 13 + [2, 2, 2, 2, 3, 3, 5])
    drafts: list[Draft] = []
    for number in range(count):
        earlier = [draft.id for draft in drafts]
        needs = sorted(chance.sample(earlier, min(len(earlier), chance.choice([0, 0, 1, 1, 2]))))
        drafts.append(
            Draft(
                id=f"t{number}",
                repo=chance.choice(repos),
                needs=needs,
                run=new_work(chance),
                priority=chance.choice([0, 0, 0, 5]),
                done=not needs and chance.hits(0.03),
            )
        )
    return drafts


def in_a_crowd(chance: Stream, drafts: list[Draft]) -> list[Draft]:
    """Few wait for others, so that many wait for a place; some are more urgent."""
    for draft in drafts:
        draft.needs = draft.needs[:1] if chance.hits(0.3) else []
        draft.priority = chance.choice([0, 0, 5, 10])
    return drafts


def with_paths(chance: Stream, drafts: list[Draft]) -> list[Draft]:
    """Most say which files they change, and more of them than before change the same one."""
    for draft in drafts:
        draft.run = draft.run.replace("own-", "shared-") if chance.hits(0.5) else draft.run
        shared = ", shared.txt" if "shared-" in draft.run else ""
        draft.paths = f"tasks/{draft.id}.txt{shared}" if chance.hits(0.8) else ""
    return drafts


def beside(chance: Stream, repos: Sequence[str]) -> list[Draft]:
    """Another small plan, of tasks with other names."""
    count, repo = chance.choice([1, 1, 2]), chance.choice(repos)
    return [
        Draft(id=f"u{n}", repo=repo, needs=[], run=new_work(chance), priority=chance.choice([0, 0, 5, 10]))
        for n in range(count)
    ]


def in_group(chance: Stream, drafts: list[Draft], repos: Sequence[str]) -> list[Draft]:
    """Most of them merge together."""
    if len(drafts) == 1:
        drafts = [*drafts, Draft(id="t1", repo=chance.choice(repos), needs=[], run=new_work(chance))]
    for draft in drafts:
        draft.group = "g" if chance.hits(0.7) and not draft.done else ""
    for draft in chance.sample(drafts, 2):
        draft.group, draft.done = "g", False
    next(draft for draft in drafts if draft.group).rollback = chance.choice(["revert", "forward"])
    return closed(drafts)


def closed(drafts: list[Draft]) -> list[Draft]:
    """What lies between two of a group belongs into it, or the plan would be refused."""
    needs = {draft.id: draft.needs for draft in drafts}
    members = {draft.id for draft in drafts if draft.group}
    behind = {each: graph.reach(graph.dependants(needs), each) for each in needs}
    for draft in drafts:
        if behind[draft.id] & members and any(draft.id in behind[each] for each in members):
            draft.group = "g"
    return drafts


def new_work(chance: Stream) -> str:
    """Work that no other text asks for; `shared` work touches a file that other tasks touch too."""
    kind = "shared" if chance.hits(0.2) else "own"
    return f"make {kind}-{chance.getrandbits(32):08x}"


def edited(chance: Stream, drafts: Sequence[Draft]) -> list[Draft]:
    """The plan after an edit of somebody who knows that it runs: also a task less, a box that is ticked or not any
    more.
    """
    kind = chance.choice(["other", "other", "less", "tick", "priority"])
    if kind == "other":
        return changed(chance, drafts)
    new = [msgspec.structs.replace(draft, needs=list(draft.needs)) for draft in drafts]
    one = chance.choice(new)
    if kind == "less" and len(new) > 1:
        new.remove(one)
        for draft in new:
            draft.needs = [need for need in draft.needs if need != one.id]
    elif kind == "tick":
        one.done = not one.done
    else:
        one.priority += 1
    return new


def changed(chance: Stream, drafts: Sequence[Draft]) -> list[Draft]:
    """The plan after a person's edit: another piece of work, another need, a task more."""
    new = [msgspec.structs.replace(draft, needs=list(draft.needs)) for draft in drafts]
    one = chance.choice(new)
    match chance.choice(["work", "needs", "more" if len(new) < MOST else "work"]):
        case "work":
            one.run = new_work(chance)
        case "needs":
            one.needs = [] if one.needs else [new[0].id] if one is not new[0] else []
        case _:
            new.append(Draft(id=_free(new), repo=one.repo, needs=[one.id], run=new_work(chance)))
    return new


def _free(drafts: Sequence[Draft]) -> str:
    taken = {draft.id for draft in drafts}
    return next(name for number in range(len(drafts), 99) if (name := f"t{number}") not in taken)
