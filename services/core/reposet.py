"""Which repositories belong together: an owner's `repositories.yaml`, in its `.github` repository.

One file for all of an owner's repositories, because what depends on what is nobody's alone. It holds short names, the
order between repositories, and flows: one piece of work over several of them. reposet_read.py makes these values.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from services.core.plan import RepoName

SET_PATH = "repositories.yaml"
HOME = ".github"
"""The repository of an owner in which the file stands."""
MAX_REPOSITORIES = 500
MAX_FLOWS = 100
MAX_LISTED = 100
"""Names in one list."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name = Annotated[str, Meta(pattern=NAME)]
Names = tuple[Name, ...]
Coordination = Literal["sequential", "parallel"]


class Automation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Lockstep may do in a repository, as it is written."""

    enabled: Annotated[bool, Meta(description="`false`: no plan may name the repository, and no flow works in it.")] = (
        True
    )
    auto_deploy: Annotated[
        bool,
        Meta(
            description="`true`: once a task has merged here, the event `repository_dispatch` of the type "
            "`lockstep-deploy` is sent, for a workflow that deploys."
        ),
    ] = False
    depends_on: Annotated[
        Names,
        Meta(max_length=MAX_LISTED, description="Names of repositories whose work goes before that in this one."),
    ] = ()
    triggers: Annotated[
        Names,
        Meta(max_length=MAX_LISTED, description="Names of repositories in which a flow over this one has a task too."),
    ] = ()


class Repository(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One repository, as it is written."""

    name: Annotated[str, Meta(pattern=NAME, description="The short word by which lists and flows name it.")] = ""
    owner: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", description="Its owner; the file's own owner if left out."),
    ] = ""
    repo: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="What GitHub calls it; the short name if left out."),
    ] = ""
    primary: Annotated[
        bool,
        Meta(
            description="`true` for one: tasks that name no repository, in a plan that stands in the `.github` "
            "repository, are its tasks; and of what a flow may start at once, it is first."
        ),
    ] = False
    agent: Annotated[
        str, Meta(pattern=NAME, description="Who does the work of flows here; a person (`human`) if left out.")
    ] = ""
    automation: Annotated[Automation, Meta(description="What Lockstep may do here, and in which order.")] = Automation()


class Workflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One flow, as it is written."""

    name: Annotated[str, Meta(pattern=NAME, description="The word in `/lockstep run flow=NAME`.")]
    repositories: Annotated[
        Names,
        Meta(min_length=1, max_length=MAX_LISTED, description="Names of the repositories that the work is done in."),
    ]
    coordination: Annotated[
        Coordination,
        Meta(
            description="`sequential`: one after the other; `parallel`: together, but for what `depends_on` puts in "
            "order."
        ),
    ] = "sequential"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A repository of the set. repo: in full, as it is written."""

    name: str
    repo: RepoName
    primary: bool = False
    agent: str = ""
    enabled: bool = True
    auto_deploy: bool = False
    depends_on: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work over several repositories, by their short names."""

    name: str
    repositories: tuple[str, ...]
    coordination: Coordination = "sequential"


class RepoSet(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The whole file, checked: names are unique and known, and nothing goes before itself."""

    members: tuple[Member, ...] = ()
    flows: tuple[Flow, ...] = ()
    inherit: bool = False
    follow_up: bool = False
    dashboard: RepoName = ""

    @cached_property
    def by_name(self) -> Mapping[str, Member]:
        return {member.name: member for member in self.members}

    @cached_property
    def by_repo(self) -> Mapping[str, Member]:
        """By the full name in lower case."""
        return {member.repo.lower(): member for member in self.members}

    def flow(self, name: str) -> Flow | None:
        return next((flow for flow in self.flows if flow.name.lower() == name.lower()), None)

    def before(self, name: str, among: Iterable[str]) -> tuple[str, ...]:
        """Of these, whose work goes before that in `name`: what it depends on, also by way of others that are not
        among them.
        """
        wanted, found, seen = {*among} - {name}, [], {name}
        left = list(self.by_name[name].depends_on)
        while left:
            each = left.pop(0)
            if each in seen:
                continue
            seen.add(each)
            if each in wanted:
                found.append(each)
            else:
                left += self.by_name[each].depends_on
        return tuple(found)


NOTHING = RepoSet()


def is_home(repo: RepoName) -> bool:
    """Is it an owner's repository for what is about all of its repositories?"""
    return repo.partition("/")[2].lower() == HOME


def work_of(found: RepoSet, repo: RepoName) -> RepoName:
    """The repository of tasks that name none, in a plan that stands in `repo`: that itself; but an owner's `.github`
    holds plans over all repositories and no work, so there it is the primary one.
    """
    primary = next((member.repo for member in found.members if member.primary and member.enabled), "")
    return primary if primary and is_home(repo) else repo


def closed_to(found: RepoSet, repos: Iterable[RepoName]) -> Iterator[Member]:
    """Those of these repositories in which the set lets Lockstep do nothing."""
    for repo in repos:
        member = found.by_repo.get(repo.lower())
        if member is not None and not member.enabled:
            yield member


def set_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors."""
    _, parts = msgspec.json.schema_components([Repository, Workflow], ref_template="#/$defs/{name}")
    for part in parts.values():
        part.pop("description", None)  # its docstring, which speaks to programmers
    repository, flow = {"$ref": "#/$defs/Repository"}, {"$ref": "#/$defs/Workflow"}
    named = {"type": "object", "maxProperties": MAX_REPOSITORIES, "additionalProperties": repository}
    listed = {"type": "array", "maxItems": MAX_REPOSITORIES, "items": {**repository, "required": ["name"]}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lockstep repositories",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "repositories": {
                "description": "The repositories, as a list or as a mapping of short name to the other keys.",
                "oneOf": [listed, named],
            },
            "cross_repo_workflows": {
                "description": "Pieces of work over several repositories, which `/lockstep run flow=NAME` starts.",
                "type": "array",
                "maxItems": MAX_FLOWS,
                "items": flow,
            },
            "follow_up": {
                "description": "`true`: plans that people write get tasks in the repositories that theirs trigger.",
                "type": "boolean",
                "default": False,
            },
            "dashboard": {
                "description": "Name of the repository in which an issue shows the plans of all of them.",
                "type": "string",
                "pattern": NAME,
            },
            "inherit": {
                "description": "`true`: tasks that state no needs wait for those in repositories theirs depends on.",
                "type": "boolean",
                "default": False,
            },
        },
        "$defs": parts,
    }
