"""A model's provider on this machine, which speaks as OpenAI, Anthropic and Google do and answers what it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

CALLS = 200


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. raw: these bytes instead of a good one; calls: (tool, arguments); endless: it never ends; cut: it would go on; gate: is
    waited for before, and so is what `told` does.
    """

    text: str = ""
    status: int = 200
    raw: bytes | None = None
    headers: Mapping[str, str] = {}
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    tokens: tuple[int, int] = (1_000, 100)
    cached: int = 0
    endless: bool = False
    cut: bool = False
    gate: asyncio.Event | None = None
    told: Callable[[], Awaitable[None]] | None = None


class Provider:
    """answers: one a call, the last one again and again; asked: the bodies of the calls; keys: what they came with."""

    def __init__(self, *answers: Answer | Callable[[Mapping[str, Any]], Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Mapping[str, Any]] = []
        self.keys: list[str] = []
        self.came = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        keys = ("authorization", "x-api-key", "x-goog-api-key")
        self.keys.append(next((request.headers[name] for name in keys if name in request.headers), ""))
        assert len(self.asked) <= CALLS, "the model is asked without end"
        self.came.set()
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        answer = found if isinstance(found, Answer) else found(body)
        if answer.told is not None:
            await answer.told()
        if answer.gate is not None:
            await answer.gate.wait()
        if answer.endless:
            return await self._without_end(request)
        if answer.raw is not None:
            return web.Response(body=answer.raw, status=answer.status, content_type="application/json")
        if answer.status != 200:
            told = {"error": {"message": answer.text, "type": "error"}}
            return web.json_response(told, status=answer.status, headers=dict(answer.headers))
        if "name" in request.match_info:
            return web.Response(body=_streamed(answer), content_type="text/event-stream")
        if request.path.endswith("/responses"):
            return web.json_response(_response(body["model"], answer, len(self.asked)))
        shape = _message if request.path.endswith("/messages") else _completion
        return web.json_response(shape(body["model"], answer, len(self.asked)))

    async def _without_end(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65_536)
        except ConnectionError:
            return response

    def said(self, call: int = -1) -> str:
        """All that was said to the model in a call, as one text."""
        return "\n".join(str(message.get("content")) for message in self.asked[call]["messages"])


def _completion(model: str, answer: Answer, count: int) -> Mapping[str, Any]:
    calls = [
        {
            "id": f"call-{count}-{place}",
            "type": "function",
            "function": {"name": name, "arguments": msgspec.json.encode(given).decode()},
        }
        for place, (name, given) in enumerate(answer.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if calls:
        message["tool_calls"] = calls
    into, out = answer.tokens
    usage = {
        "prompt_tokens": into,
        "completion_tokens": out,
        "total_tokens": into + out,
        "prompt_tokens_details": {"cached_tokens": answer.cached},
    }
    choice = {
        "index": 0,
        "finish_reason": "length" if answer.cut else "tool_calls" if calls else "stop",
        "message": message,
    }
    return {
        "id": f"chatcmpl-{count}", "object": "chat.completion", "created": 1, "model": model, "choices": [choice],
        "usage": usage,
    }  # fmt: skip


def _response(model: str, answer: Answer, count: int) -> Mapping[str, Any]:
    """The same as OpenAI says it to agents' programs; tools are not spoken of."""
    into, out = answer.tokens
    content = [{"type": "output_text", "text": answer.text, "annotations": []}]
    return {
        "id": f"resp_{count}", "object": "response", "model": model, "status": "completed",
        "output": [{"type": "message", "role": "assistant", "content": content}],
        "usage": {
            "input_tokens": into, "input_tokens_details": {"cached_tokens": answer.cached}, "output_tokens": out,
            "total_tokens": into + out,
        },
    }  # fmt: skip


def _message(model: str, answer: Answer, count: int) -> Mapping[str, Any]:
    """The same in Anthropic's words, whose input leaves out what is read from the cache."""
    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    for place, (name, given) in enumerate(answer.calls):
        content.append({"type": "tool_use", "id": f"toolu_{count}_{place}", "name": name, "input": dict(given)})
    into, out = answer.tokens
    usage = {
        "input_tokens": into - answer.cached,
        "output_tokens": out,
        "cache_read_input_tokens": answer.cached,
        "cache_creation_input_tokens": 0,
    }
    return {
        "id": f"msg_{count}", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def _streamed(answer: Answer) -> bytes:
    """The same in Google's words, as events; each call has a signature that has to come back."""
    parts: list[dict[str, Any]] = [{"text": "thinking", "thought": True}]
    parts += [{"text": half} for half in (answer.text[:2], answer.text[2:]) if half]
    parts += [
        {"functionCall": {"name": name, "args": dict(given)}, "thoughtSignature": f"sig-{place}"}
        for place, (name, given) in enumerate(answer.calls)
    ]
    into, out = answer.tokens
    tokens = {"promptTokenCount": into, "candidatesTokenCount": out - 30, "thoughtsTokenCount": 30}
    usage = {**tokens, "cachedContentTokenCount": answer.cached, "totalTokenCount": into + out}
    events: list[dict[str, Any]] = [
        {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]} for part in parts
    ]
    ended: dict[str, Any] = {"content": {"parts": []}, "finishReason": "MAX_TOKENS" if answer.cut else "STOP"}
    events.append({"candidates": [ended], "usageMetadata": usage})
    return b"".join(b"data: " + msgspec.json.encode(event) + b"\r\n\r\n" for event in events)


@asynccontextmanager
async def providing(*answers: Answer | Callable[[Mapping[str, Any]], Answer]) -> AsyncIterator[Provider]:
    """A provider on a free port."""
    provider = Provider(*answers)
    app = web.Application(client_max_size=50_000_000)
    app.router.add_post("/v1/chat/completions", provider.handle)
    app.router.add_post("/v1/messages", provider.handle)
    app.router.add_post("/v1/responses", provider.handle)
    app.router.add_post("/v1beta/models/{name}:streamGenerateContent", provider.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield provider
    finally:
        await runner.cleanup()
