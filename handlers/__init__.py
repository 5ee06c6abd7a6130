"""Event to intent: which run must look again, or which command to run. No HTTP, no SQL.

A module of this folder registers its handlers with `@on("issues", ...)`. They are called in the order of module name,
then definition, each for itself: one that raises does not keep the others from running (bot/dispatch.py).
"""

import sys
from collections.abc import Callable, Mapping
from typing import Never, Protocol, TypeVar, cast

from handlers.events import Event
from services.registry import Registry

EngineT_contra = TypeVar("EngineT_contra", contravariant=True)
EngineT = TypeVar("EngineT")


class Handler(Protocol[EngineT_contra]):
    """What `@on` takes: reads the event, asks the engine to do something, returns nothing."""

    async def __call__(self, event: Event, engine: EngineT_contra, /) -> None: ...


HandlerT = TypeVar("HandlerT", bound=Handler[Never])

_registry: Registry[tuple[int, frozenset[str], Handler[Never]]] = Registry("handler")


def on(*events: str) -> Callable[[HandlerT], HandlerT]:
    """Register a handler coroutine for these events, by GitHub's names for them."""

    def register(handler: HandlerT) -> HandlerT:
        place = len(_registry.names())
        _registry.add(name_of(handler), (place, frozenset(events), handler))
        return handler

    return register


def load() -> Mapping[str, tuple[Handler[EngineT], ...]]:
    """Import the folder and return its handlers by event, in the order in which they are called."""
    _registry.load(sys.modules[__name__])
    entries = sorted(_registry, key=lambda pair: (pair[1][2].__module__, pair[1][0]))
    names = sorted({event for _, (_, events, _) in entries for event in events})
    return {
        name: tuple(cast("Handler[EngineT]", handler) for _, (_, events, handler) in entries if name in events)
        for name in names
    }


def name_of(handler: Handler[Never]) -> str:
    """`handlers.issues.on_issue`: for logs, counters and the delivery's note."""
    return f"{handler.__module__}.{getattr(handler, '__qualname__', type(handler).__name__)}"
