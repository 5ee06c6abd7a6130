"""A model's provider on this machine, which speaks as OpenAI, Anthropic and Google do and answers what it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import msgspec
from aiohttp import web

CALLS = 200


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. raw: these bytes instead of a good one; calls: (tool, arguments); endless: it never ends; cut: it would go on;
    untold: what it took is not said, in OpenAI's stream; gate: is waited for before, and so is what `told` does. broken: so many events of a stream come, "end" or "reset" says how it ends then.
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
    untold: bool = False
    broken: tuple[int, Literal["end", "reset"]] | None = None
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
            return await self._without_end(request, answer.status)
        if answer.raw is not None:
            return web.Response(body=answer.raw, status=answer.status, content_type="application/json")
        if answer.status != 200:
            told = {"error": {"message": answer.text, "type": "error"}}
            return web.json_response(told, status=answer.status, headers=dict(answer.headers))
        if "name" in request.match_info:
            return await _sent(request, answer, _google(answer))
        kind = request.path.rpartition("/")[2]
        if body.get("stream"):
            return await _sent(request, answer, streamed(kind, body["model"], answer, len(self.asked)))
        return web.json_response(_WHOLE[kind](body["model"], answer, len(self.asked)))

    async def _without_end(self, request: web.Request, status: int) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"content-type": "application/json"})
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
        "stop_reason": "max_tokens" if answer.cut else "tool_use" if answer.calls else "end_turn", "stop_sequence": None, "usage": usage,
    }  # fmt: skip


async def _sent(request: web.Request, answer: Answer, events: Sequence[bytes]) -> web.StreamResponse:
    """Each event for itself, as far as they come, or as whoever asked still listens."""
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    shown, end = answer.broken or (len(events), "end")
    with suppress(ConnectionError):
        await response.prepare(request)
        for event in events[:shown]:
            await response.write(event)
    if end == "reset" and request.transport is not None:
        request.transport.abort()
    return response


def _openai(whole: Mapping[str, Any], *, is_told: bool = True) -> list[bytes]:
    """A completion as chunks: texts and arguments in halves, what it took in a last one of its own."""
    choice = whole["choices"][0]
    message, same = choice["message"], {name: whole[name] for name in ("id", "created", "model")}
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": half} for half in _halves(message["content"] or "")
    ]
    for place, call in enumerate(message.get("tool_calls", ())):
        named = {**call, "index": place, "function": {"name": call["function"]["name"], "arguments": ""}}
        deltas.append({"tool_calls": [named]})
        halves = _halves(call["function"]["arguments"])
        deltas += [{"tool_calls": [{"index": place, "function": {"arguments": half}}]} for half in halves]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]})
    chunks = [{**same, "object": "chat.completion.chunk", "choices": [each], "usage": None} for each in choices]
    if is_told:
        chunks.append({**same, "object": "chat.completion.chunk", "choices": [], "usage": whole["usage"]})
    return [*(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n"]


def _anthropic(whole: Mapping[str, Any]) -> list[bytes]:
    """A message as events: what went in is told at the start, what came out at the end."""
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for place, block in enumerate(whole["content"]):
        is_text = block["type"] == "text"
        empty = {**block, "text": ""} if is_text else {**block, "input": {}}
        events.append({"type": "content_block_start", "index": place, "content_block": empty})
        for half in _halves(block["text"] if is_text else msgspec.json.encode(block["input"]).decode()):
            delta = (
                {"type": "text_delta", "text": half} if is_text else {"type": "input_json_delta", "partial_json": half}
            )
            events.append({"type": "content_block_delta", "index": place, "delta": delta})
        events.append({"type": "content_block_stop", "index": place})
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": whole["usage"]["output_tokens"]}
    events += [{"type": "message_delta", "delta": ended, "usage": usage}, {"type": "message_stop"}]
    return [f"event: {each['type']}\ndata: ".encode() + msgspec.json.encode(each) + b"\n\n" for each in events]


def _responses(whole: Mapping[str, Any]) -> list[bytes]:
    """The same with OpenAI's second interface, whose last event is all of it again."""
    text = whole["output"][0]["content"][0]["text"]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    events += [{"type": "response.output_text.delta", "delta": half} for half in _halves(text)]
    events.append({"type": "response.completed", "response": whole})
    return [f"event: {each['type']}\ndata: ".encode() + msgspec.json.encode(each) + b"\n\n" for each in events]


_WHOLE = {"messages": _message, "responses": _response, "completions": _completion}


def streamed(kind: str, model: str, answer: Answer, count: int = 1) -> list[bytes]:
    """An answer as the pieces of a stream. kind: the end of the path that it is asked for at."""
    if kind not in _WHOLE:
        return _google(answer)
    whole = _WHOLE[kind](model, answer, count)
    if kind == "completions":
        return _openai(whole, is_told=not answer.untold)
    return (_anthropic if kind == "messages" else _responses)(whole)


def _halves(text: str) -> list[str]:
    return [half for half in (text[:2], text[2:]) if half]


def _google(answer: Answer) -> list[bytes]:
    """The same in Google's words; each call has a signature that has to come back."""
    parts: list[dict[str, Any]] = [{"text": "thinking", "thought": True}]
    parts += [{"text": half} for half in _halves(answer.text)]
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
    return [b"data: " + msgspec.json.encode(event) + b"\r\n\r\n" for event in events]


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
