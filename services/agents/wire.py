"""Speaks with models through pydantic-ai, an extra of the installation: only this module knows that library.

Answers come as streams, as those that take minutes would not outlive what stands between; one that ends without saying
why has broken off. What comes back is hostile: its size and its time are bounded, the library repeats nothing by
itself, and errors become one of two kinds, those that may pass and those that will not.
"""

import asyncio
import dataclasses
import importlib.util
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from services.agents.models import Ask, Message, Reply, ToolCall, Way
from services.agents.pretend import pretended
from services.core.cost import Usage
from services.core.text import plain
from services.errors import ModelBusy, NotPossible
from services.trust import trusted

TIMED_OUT = 408
FAILED = frozenset({500, 502, 503, 529})
"""The provider could not, and says so instead of an answer, which none of them bills (529 is Anthropic's word for: too
much to do, come again). After a time-out, as with 504, nobody knows what was begun.
"""
BROKE_OFF = "the model can't be reached, or its answer broke off"
LONGEST = 8_000_000
"""Bytes of one answer."""
MOST_CALLS = 32
"""Tool calls of one answer that are looked at."""
ARGUMENTS = 400_000
"""Characters of one tool call's arguments."""


def is_installed() -> bool:
    """Is the extra there?"""
    return all(importlib.util.find_spec(name) is not None for name in ("pydantic_ai", "genai_prices"))


class PydanticWire:
    """One model of one provider."""

    def __init__(self, provider: str, name: str, way: Way) -> None:
        self._provider, self._name, self._way = provider, name, way
        self._model: Any = None
        self._client: Any = None
        self._loading = asyncio.Lock()

    @property
    def way(self) -> Way:
        return self._way

    async def load(self) -> None:
        """Import and connect nothing yet; in a thread, as the libraries take seconds."""
        async with self._loading:
            if self._model is None:
                self._model = await asyncio.to_thread(self._made)

    def named(self, name: str) -> "PydanticWire":
        return PydanticWire(self._provider, name, self._way)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def __call__(self, ask: Ask) -> Reply:
        import httpx2
        from pydantic_ai import direct
        from pydantic_ai.exceptions import AgentRunError, ModelAPIError, UserError
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.tools import ToolDefinition

        tools = [
            ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.schema))
            for tool in ask.tools
        ]
        parameters = ModelRequestParameters(function_tools=tools, allow_text_output=True)
        try:
            async with direct.model_request_stream(
                self._model,
                _theirs(ask),
                # What grows from call to call is read back from the provider's cache for a tenth of its price.
                model_settings={"max_tokens": ask.tokens, "cache": bool(ask.tools)},
                model_request_parameters=parameters,
            ) as stream:
                async for _ in stream:
                    pass
                response = stream.get()
        except ModelAPIError as error:
            raise _error_of(error) from None
        except httpx2.HTTPError:  # the library reads an error's text on its own
            raise ModelBusy(BROKE_OFF) from None
        except (AgentRunError, UserError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ModelBusy(f"the model's answer can't be read: {type(error).__name__}") from None
        if response.finish_reason is None and self._provider != "test":
            raise ModelBusy(BROKE_OFF)
        return _ours(response)

    def _made(self) -> Any:
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # each request would be a line
        import genai_prices  # noqa: F401 - it takes half a second, which nobody should wait for later
        import pydantic_ai.direct  # noqa: F401

        if self._provider == "test":
            return _test_model()
        self._client = client_of(self._way)
        if self._provider == "anthropic":
            from anthropic import AsyncAnthropic
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            url = self._way.url or "https://api.anthropic.com"  # said, or the environment would be asked for it
            anthropic = AsyncAnthropic(api_key=self._way.key, max_retries=0, http_client=self._client, base_url=url)
            return AnthropicModel(self._name, provider=AnthropicProvider(anthropic_client=anthropic))
        from openai import AsyncOpenAI
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.profiles.openai import OpenAIModelProfile
        from pydantic_ai.providers.openai import OpenAIProvider

        url = self._way.url or "https://api.openai.com/v1"
        openai = AsyncOpenAI(api_key=self._way.key, max_retries=0, http_client=self._client, base_url=url)
        profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
        return OpenAIChatModel(self._name, provider=OpenAIProvider(openai_client=openai), profile=profile)


def _test_model() -> Any:
    from pydantic_ai.models.function import DeltaToolCall, FunctionModel

    async def answer(messages: list[Any], info: Any) -> AsyncIterator[Any]:
        results = [str(part.content) for each in messages for part in each.parts if part.part_kind == "tool-return"]
        said = pretended([tool.name for tool in info.function_tools], results)
        is_text = isinstance(said, str)
        yield said if is_text else {0: DeltaToolCall(said[0], said[1], tool_call_id=f"call-{len(results)}")}

    return FunctionModel(stream_function=answer, model_name="test")


def client_of(way: Way) -> Any:
    """An HTTP client that goes only where it is told and takes no more than LONGEST from there."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            taken = 0
            async for chunk in self._stream:
                taken += len(chunk)
                if taken > LONGEST:
                    raise httpx2.ReadError("the answer is too long")
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Transport(httpx2.AsyncHTTPTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            response = await super().handle_async_request(request)
            response.stream = Bounded(response.stream)
            return response

    proxy = httpx2.Proxy(way.proxy) if way.proxy else None
    transport = Transport(verify=trusted("models", way.ca), proxy=proxy, trust_env=False)
    return httpx2.AsyncClient(transport=transport, trust_env=False, timeout=httpx2.Timeout(600.0, connect=15.0))


def _theirs(ask: Ask) -> list[Any]:
    """The conversation in the library's words."""
    from pydantic_ai.messages import ModelRequest, SystemPromptPart, ToolReturnPart, UserPromptPart

    found: list[Any] = []
    for message in ask.messages:
        if message.role == "model":
            found.append(_response(message.raw))
            continue
        parts: list[Any] = [SystemPromptPart(ask.system)] if not found else []
        parts += [ToolReturnPart(each.name, each.text, tool_call_id=each.id) for each in message.results]
        parts += [UserPromptPart(message.text)] if message.text else []
        found.append(ModelRequest(parts=parts))
    return found


def _response(raw: str) -> Any:
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    return ModelMessagesTypeAdapter.validate_json(raw)[0]


def _ours(response: Any) -> Reply:
    """The answer in our words, within bounds."""
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    text = "".join(part.content for part in response.parts if part.part_kind == "text")
    asked = [part for part in response.parts if part.part_kind == "tool-call"]
    more = {id(part) for part in asked[MOST_CALLS:]}
    calls = [
        ToolCall(id=part.tool_call_id, name=part.tool_name[:100], arguments=_json(part)) for part in asked[:MOST_CALLS]
    ]
    kept = [_sayable(part) for part in response.parts if id(part) not in more]  # each call is to have its result
    raw = ModelMessagesTypeAdapter.dump_json([dataclasses.replace(response, parts=kept)]).decode()
    used = response.usage
    usage = Usage(
        input=used.input_tokens,
        cache_read=used.cache_read_tokens,
        cache_write=used.cache_write_tokens,
        output=used.output_tokens,
    )
    message = Message(role="model", text=text, calls=tuple(calls), raw=raw)
    is_told = bool(usage.input or usage.output) and not used.unmeasured_requests
    return Reply(message=message, usage=usage if is_told else None, is_cut=response.finish_reason == "length")


def _json(part: Any) -> str:
    given = part.args
    return (given if isinstance(given, str) else json.dumps(given or {}))[:ARGUMENTS]


def _sayable(part: Any) -> Any:
    """Arguments that are no JSON, as NaN is none, could not be sent back."""
    if part.part_kind != "tool-call" or not isinstance(part.args, str):
        return part
    try:
        msgspec.json.decode(part.args or "{}")
    except (msgspec.DecodeError, RecursionError):
        return dataclasses.replace(part, args=json.dumps({"INVALID_JSON": part.args}))
    return part


def _error_of(error: Any) -> ModelBusy | NotPossible:
    """Refused for good, or to be tried again; only an answer that was refused at the door is known to cost nothing."""
    from pydantic_ai.exceptions import ModelHTTPError

    if not isinstance(error, ModelHTTPError):
        return ModelBusy(BROKE_OFF)
    return error_of(error.status_code, error.headers or {}, error.body, has_begun=error.in_stream)


def error_of(
    status: int, headers: Mapping[str, str], body: object, *, has_begun: bool = False
) -> ModelBusy | NotPossible:
    """What an answer with this status means. has_begun: it came in the middle of one, which may have cost something."""
    if status in {408, 409, 425, 429} or status >= 500 or has_begun:
        after = headers.get("retry-after", "")
        wait = min(float(after), 3_600.0) if after.replace(".", "", 1).isdecimal() else None
        free = is_free(status) and not has_begun
        return ModelBusy(f"the model's provider answered {status}", retry_after=wait, free=free)
    return NotPossible(f"The model's provider refused the call with status {status}: {plain(_message(body), 200)}")


def is_free(status: int) -> bool:
    """Does a whole answer with this status cost nothing?"""
    return status in FAILED or (400 <= status < 500 and status != TIMED_OUT)


def _message(body: object) -> str:
    """What an error says, wherever the provider puts it."""
    found: object = body
    for key in ("error", "message"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    return found if isinstance(found, str) else "it does not say why"
