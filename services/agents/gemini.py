"""Speaks with Google's models in the words of their REST interface, as a stream of events.

Google's own library would bring sign-in, sockets and retries that nobody needs here; what is asked for is one request.
Each part of an answer is kept as it came and goes back so: some carry a signature without which the next call is
refused.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import msgspec

from services.agents.models import Ask, Message, Reply, ToolCall, Way
from services.agents.wire import ARGUMENTS, BROKE_OFF, LONGEST, MOST_CALLS, client_of, error_of
from services.core.cost import Usage
from services.errors import ModelBusy

URL = "https://generativelanguage.googleapis.com"
_UNREADABLE = "the model's answer can't be read"


class _Part(msgspec.Struct, frozen=True):
    text: str = ""
    thought: bool = False
    functionCall: Mapping[str, Any] | None = None  # noqa: N815 - Google's name


class _Content(msgspec.Struct, frozen=True):
    parts: tuple[msgspec.Raw, ...] = ()


class _Candidate(msgspec.Struct, frozen=True):
    content: _Content = _Content()
    finishReason: str = ""  # noqa: N815


class _Tokens(msgspec.Struct, frozen=True):
    promptTokenCount: int = 0  # noqa: N815
    toolUsePromptTokenCount: int = 0  # noqa: N815
    cachedContentTokenCount: int = 0  # noqa: N815
    candidatesTokenCount: int = 0  # noqa: N815
    thoughtsTokenCount: int = 0  # noqa: N815


class _Event(msgspec.Struct, frozen=True):
    candidates: tuple[_Candidate, ...] = ()
    usageMetadata: _Tokens | None = None  # noqa: N815


class GeminiWire:
    """One model of Google's."""

    def __init__(self, name: str, way: Way) -> None:
        self._name, self._way = name, way
        self._client: Any = None
        self._loading = asyncio.Lock()

    @property
    def way(self) -> Way:
        return self._way

    async def load(self) -> None:
        async with self._loading:
            if self._client is None:
                self._client = await asyncio.to_thread(_loaded, self._way)

    def named(self, name: str) -> "GeminiWire":
        return GeminiWire(name, self._way)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def __call__(self, ask: Ask) -> Reply:
        import httpx2

        url = f"{(self._way.url or URL).rstrip('/')}/v1beta/models/{self._name}:streamGenerateContent"
        request = self._client.build_request(
            "POST", url, params={"alt": "sse"}, headers={"x-goog-api-key": self._way.key}, json=_theirs(ask)
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code != 200:
                    body = (await response.aread())[:100_000]
                    raise error_of(response.status_code, dict(response.headers), _decoded(body))
                return _ours([event async for event in _events(response)])
            finally:
                await response.aclose()
        except httpx2.HTTPError:
            raise ModelBusy(BROKE_OFF) from None
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError, RecursionError):
            raise ModelBusy(_UNREADABLE) from None


def _loaded(way: Way) -> Any:
    import genai_prices  # noqa: F401 - it takes half a second, which nobody should wait for later

    return client_of(way)


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


async def _events(response: Any) -> AsyncIterator[_Event]:
    size = 0
    async for line in response.aiter_lines():
        size += len(line)
        if size > LONGEST:
            raise ModelBusy("the answer is too long")
        if line.startswith("data:"):
            yield msgspec.json.decode(line[5:].strip(), type=_Event)


def _theirs(ask: Ask) -> dict[str, Any]:
    tools = [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": dict(tool.schema)}
        for tool in ask.tools
    ]
    return {
        "system_instruction": {"parts": [{"text": ask.system}]},
        "contents": list(map(_content, ask.messages)),
        "generationConfig": {"maxOutputTokens": ask.tokens},
        **({"tools": [{"functionDeclarations": tools}]} if tools else {}),
    }


def _content(message: Message) -> dict[str, Any]:
    if message.role == "model":
        return {"role": "model", "parts": json.loads(message.raw)}
    parts: list[dict[str, Any]] = [
        {"functionResponse": {"name": each.name, "response": {"result": each.text}}} for each in message.results
    ]
    return {"role": "user", "parts": parts + ([{"text": message.text}] if message.text else [])}


def _ours(events: list[_Event]) -> Reply:
    """The answer in our words. One that does not say why it ended has broken off."""
    first = [event.candidates[0] for event in events if event.candidates]
    ended = next((each.finishReason for each in reversed(first) if each.finishReason), "")
    if not ended:
        raise ModelBusy(BROKE_OFF)
    raw = [bytes(part) for each in first for part in each.content.parts]
    parts = [msgspec.json.decode(part, type=_Part) for part in raw]
    calls = [place for place, part in enumerate(parts) if part.functionCall is not None]
    more = set(calls[MOST_CALLS:])  # each call is to have its result
    tokens = next((event.usageMetadata for event in reversed(events) if event.usageMetadata is not None), None)
    message = Message(
        role="model",
        text="".join(part.text for part in parts if not part.thought),
        calls=tuple(_calls(parts)),
        raw=f"[{','.join(part.decode() for place, part in enumerate(raw) if place not in more)}]",
    )
    return Reply(message=message, usage=_usage(tokens), is_cut=ended == "MAX_TOKENS")


def _calls(parts: list[_Part]) -> Iterator[ToolCall]:
    asked = [part.functionCall for part in parts if part.functionCall is not None][:MOST_CALLS]
    for place, call in enumerate(asked):
        name, given = str(call.get("name", ""))[:100], json.dumps(call.get("args") or {})[:ARGUMENTS]
        yield ToolCall(id=str(call.get("id") or f"call-{place}"), name=name, arguments=given)


def _usage(tokens: _Tokens | None) -> Usage | None:
    """What is thought is paid for as what is said."""
    if tokens is None or not (tokens.promptTokenCount or tokens.candidatesTokenCount):
        return None
    return Usage(
        input=tokens.promptTokenCount + tokens.toolUsePromptTokenCount,
        cache_read=tokens.cachedContentTokenCount,
        output=tokens.candidatesTokenCount + tokens.thoughtsTokenCount,
    )
