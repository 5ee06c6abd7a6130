"""The agents that are other people's programs: one row each, with how it is called and how it is read.

{prompt}, {model}, {provider} and {url} are filled in; {url} is where its model is reached, and the key it is given
there is no key. What a program says it cost is kept beside our own figures and never in their place.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from services.core.cost import Usage

MOST_BROKEN = 50
"""Lines that begin like an object and are none, after which nothing more is looked for."""
MOST_TOKENS, MOST_MONEY = 10**9, 10**6
"""What no attempt comes to; the latter in US dollars. Figures from there on, and sums of them, are not believed."""
NO_KEY = "lockstep-adds-it"


@dataclass(frozen=True)
class Said:
    """What a program printed, read. text: its last word; cost: US dollars as it counts; is_error: it says it failed."""

    text: str = ""
    usage: Usage | None = None
    cost: Decimal | None = None
    is_error: bool = False


@dataclass(frozen=True)
class Row:
    """One program. files: written into its home before it starts."""

    program: str
    argv: tuple[str, ...]
    providers: frozenset[str]
    read: Callable[[str], Said]
    env: Mapping[str, str] = field(default_factory=dict)


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that begin a line, whatever stands around them."""
    decoder, at, broken = json.JSONDecoder(), -1, 0
    while broken < MOST_BROKEN:
        start = 0 if at < 0 and text.startswith("{") else text.find("\n{", max(at, 0)) + 1
        if start <= at or not text.startswith("{", start):
            return
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            value, at, broken = None, start, broken + 1
        if isinstance(value, dict):
            yield value


def read_claude(text: str) -> Said:
    """One object with `result`, `usage` and `total_cost_usd`."""
    told = next((each for each in reversed(list(objects(text))) if each.get("type") == "result"), None)
    if told is None:
        return Said(is_error=True)
    usage = _dict(told.get("usage"))
    read, written = _int(usage, "cache_read_input_tokens"), _int(usage, "cache_creation_input_tokens")
    return Said(
        text=str(told.get("result", "")),
        usage=Usage(
            input=_int(usage, "input_tokens") + read + written,
            cache_read=read,
            cache_write=written,
            output=_int(usage, "output_tokens"),
        ),
        cost=_money(told.get("total_cost_usd")),
        is_error=told.get("is_error") is True,
    )


def read_codex(text: str) -> Said:
    """A line an event; `turn.completed` has the tokens of its turn."""
    said, total, failed = "", Usage(), False
    for each in objects(text):
        usage, item = _dict(each.get("usage")), _dict(each.get("item"))
        if each.get("type") == "turn.completed":
            total = _plus(
                total, _int(usage, "input_tokens"), _int(usage, "cached_input_tokens"), _int(usage, "output_tokens")
            )
        elif each.get("type") in {"turn.failed", "error"}:
            failed = True
        if item.get("type") == "agent_message":
            said = str(item.get("text", ""))
    return Said(text=said, usage=total, is_error=failed)


def read_gemini(text: str) -> Said:
    """One object with `response` and `stats`, between noise."""
    told = next((each for each in reversed(list(objects(text))) if "stats" in each or "error" in each), None)
    if told is None:
        return Said(is_error=True)
    total = Usage()
    for model in _dict(_dict(told.get("stats")).get("models")).values():
        tokens = _dict(_dict(model).get("tokens"))
        out = _int(tokens, "candidates") + _int(tokens, "thoughts")
        total = _plus(total, _int(tokens, "prompt") + _int(tokens, "tool"), _int(tokens, "cached"), out)
    return Said(
        text=str(told.get("response") or ""), usage=total, is_error="error" in told and told["error"] is not None
    )


def read_opencode(text: str) -> Said:
    """A line an event; the steps' costs and tokens are added up."""
    said, total, cost, failed = "", Usage(), Decimal(0), False
    for each in objects(text):
        part = _dict(each.get("part"))
        if each.get("type") == "step_finish":
            tokens = _dict(part.get("tokens"))
            cache = _dict(tokens.get("cache"))
            read = _int(cache, "read")
            out = _int(tokens, "output") + _int(tokens, "reasoning")
            total = _plus(total, _int(tokens, "input") + read + _int(cache, "write"), read, out)
            cost += _money(part.get("cost")) or Decimal(0)
        elif each.get("type") == "text":
            said = str(part.get("text", ""))
        failed = failed or each.get("type") == "error"
    return Said(text=said, usage=total, cost=_money(cost), is_error=failed)


_AIDER = re.compile(
    r"Tokens: (?P<into>[\d.,]+[kM]?) sent.*?, (?P<out>[\d.,]+[kM]?) received\..*?\$(?P<cost>[\d.]+) session", re.DOTALL
)


def read_aider(text: str) -> Said:
    """Text; the last line of tokens has what the session cost, rounded."""
    found = list(_AIDER.finditer(text))
    total = Usage()
    for each in found:
        total = _plus(total, _rounded(each["into"]), 0, _rounded(each["out"]))
    said = [line for line in text.splitlines() if line.strip() and not line.startswith("Tokens:")]
    return Said(
        text=said[-1] if said else "", usage=total if found else None, cost=_money(found[-1]["cost"]) if found else None
    )


_CODEX = (
    'model_providers.lockstep={{name="lockstep",base_url="{url}/v1",env_key="OPENAI_API_KEY",wire_api="responses"}}'
)
ROWS: Mapping[str, Row] = {
    "claude": Row(
        program="claude",
        argv=(
            "-p", "{prompt}", "--output-format", "json", "--model", "{model}", "--bare", "--no-session-persistence",
            "--permission-mode", "bypassPermissions",
        ),
        providers=frozenset({"anthropic"}),
        read=read_claude,
        env={
            "ANTHROPIC_BASE_URL": "{url}", "ANTHROPIC_API_KEY": NO_KEY, "ANTHROPIC_DEFAULT_HAIKU_MODEL": "{model}",
            "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
    ),
    "codex": Row(
        program="codex",
        argv=(
            "exec", "--json", "--dangerously-bypass-approvals-and-sandbox", "--ephemeral", "--skip-git-repo-check",
            "-m", "{model}", "-c", "model_provider=lockstep", "-c", 'web_search="disabled"', "-c",
            "tools.web_search=false", "-c", _CODEX, "{prompt}",
        ),
        providers=frozenset({"openai"}),
        read=read_codex,
        env={"OPENAI_API_KEY": NO_KEY},
    ),
    "gemini": Row(
        program="gemini",
        argv=("-p", "{prompt}", "-o", "json", "--approval-mode", "auto_edit", "--skip-trust", "-m", "{model}"),
        providers=frozenset({"google"}),
        read=read_gemini,
        env={"GOOGLE_GEMINI_BASE_URL": "{url}", "GEMINI_API_KEY": NO_KEY},
    ),
    "opencode": Row(
        program="opencode",
        argv=("run", "--format", "json", "-m", "{provider}/{model}", "--auto", "{prompt}"),
        providers=frozenset({"anthropic", "openai"}),
        read=read_opencode,
        env={
            "ANTHROPIC_API_KEY": NO_KEY, "OPENAI_API_KEY": NO_KEY, "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_CONFIG_CONTENT": '{{"provider":{{"{provider}":{{"options":{{"baseURL":"{url}/v1"}}}}}}}}',
        },
    ),
    "aider": Row(
        program="aider",
        argv=(
            "--model", "{provider}/{model}", "--message", "{prompt}", "--yes-always", "--no-git", "--no-auto-commits",
            "--no-check-update", "--analytics-disable", "--no-pretty", "--no-stream", "--map-tokens", "1024",
        ),
        providers=frozenset({"anthropic", "openai"}),
        read=read_aider,
        env={
            "ANTHROPIC_API_KEY": NO_KEY, "OPENAI_API_KEY": NO_KEY, "ANTHROPIC_BASE_URL": "{url}",
            "OPENAI_API_BASE": "{url}/v1",
        },
    ),
}  # fmt: skip


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _int(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) and 0 <= value < MOST_TOKENS else 0


def _money(value: object) -> Decimal | None:
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        return None
    return money if money.is_finite() and 0 <= money < MOST_MONEY else None


def _rounded(text: str) -> int:
    """`1.2k`, `3,400`."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1], 1)
    number = _money(text.rstrip("kM").replace(",", ""))
    return int((number or Decimal(0)) * factor)


def _plus(one: Usage, into: int, cached: int, out: int) -> Usage:
    sums = (one.input + into, one.cache_read + cached, one.output + out)
    read, from_cache, written = (min(each, MOST_TOKENS) for each in sums)
    return Usage(input=read, cache_read=from_cache, output=written)
