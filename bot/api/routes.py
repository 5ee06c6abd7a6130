"""What the API can be asked, each with its types: the one list that the routes, the checks and the OpenAPI description
are all made of.

An endpoint is a coroutine of the desk, the viewer and its question. The question is a struct whose fields are the
parts of the path and of the query; a body is a struct too, the field `body`. What does not fit the types is refused
before the endpoint is called, so it never sees anything it did not ask for.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from bot.web.viewer import Scope

T = TypeVar("T")

Limit = Annotated[int, Meta(ge=1, le=100, description="At most so many.")]
Cursor = Annotated[str, Meta(max_length=400, description="`next` of the page before; nothing begins at the beginning.")]
Owner = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Owner of the plan's repository.")]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Name of the plan's repository.")]
Number = Annotated[int, Meta(ge=1, le=999_999_999, description="Number of the plan's issue.")]
TaskId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Id of a task.")]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list. next: the `cursor` of what follows, empty at the end."""

    items: list[T]
    next: str = ""


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question without parts."""


class PlanAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About one plan."""

    owner: Owner
    repo: Name
    number: Number

    @property
    def plan_id(self) -> str:
        return f"{self.owner}/{self.repo}#{self.number}"


class TaskAsked(PlanAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About one task of a plan."""

    task: TaskId


class Paged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About a list."""

    limit: Limit = 50
    cursor: Cursor = ""


class PlanPaged(PlanAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About a list that belongs to a plan."""

    limit: Limit = 50
    cursor: Cursor = ""


class Text(str):
    """An answer that is plain text."""

    __slots__ = ()


Answer = Callable[[Any, Any, Any], Awaitable[object]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked. path: below the prefix.  scope: what the asker needs.  status: of a good answer."""

    method: str
    path: str
    tag: str
    summary: str
    asked: type[msgspec.Struct]
    gives: Any
    scope: Scope
    status: int
    answer: Answer
    body: type[msgspec.Struct] | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the path's parts."""
        return tuple(re.findall(r"{(\w+)}", self.path))


ENDPOINTS: list[Endpoint] = []
F = TypeVar("F", bound=Answer)


def endpoint(
    method: str,
    path: str,
    *,
    tag: str,
    summary: str,
    gives: Any,
    asked: type[msgspec.Struct] = Nothing,
    body: type[msgspec.Struct] | None = None,
    scope: Scope = "read",
    status: int = 200,
) -> Callable[[F], F]:
    """Register a coroutine (desk, viewer, question); with a `body` the question is a pair of both."""

    def register(answer: F) -> F:
        ENDPOINTS.append(
            Endpoint(
                method=method, path=path, tag=tag, summary=summary, asked=asked, gives=gives, scope=scope,
                status=status, answer=answer, body=body,
            )
        )  # fmt: skip
        return answer

    return register
