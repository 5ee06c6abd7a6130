"""What goes wrong at GitHub, on request: rules that hit requests or webhooks, drawn from one seed.

Nothing happens until a rule is added. A request fault strikes before the endpoint ran (`error`, `drop`, `secondary`,
`latency`) or after it (`late_error`, `late_drop`: GitHub did it and the client is told it failed; `stale`: a read
that shows what was there before). A webhook fault loses, doubles, delays or swaps deliveries.
"""

import random
import re
from collections.abc import Callable

import msgspec

from services.sandbox.kernel import Json, Problem, Request, Response
from services.sandbox.state import Delivery

REQUEST_KINDS = {"latency", "error", "late_error", "drop", "late_drop", "secondary", "stale"}
WEBHOOK_KINDS = {"lose", "double", "double_new_guid", "late", "reorder"}
WORDS = {401: "Bad credentials", 404: "Not Found", 409: "Conflict", 410: "Gone"}
"""What an `error` rule of that status says: what has just been made is not there yet, a new token is not yet known."""
DROPPED = 0
"""The status of an answer that never comes: the connection is closed instead."""

_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class Rule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`kind`, and what it hits: `method` and `path` (a regular expression) of a request, or `event` of a webhook.

    Empty = any. `count` = how often it still strikes, None = without end; `probability` of striking when it matches;
    `skip` = matches let through first. `status` (for errors and secondary limits), `seconds` (latency, lateness),
    `retry_after` (None = no such header).
    """

    kind: str
    method: str = ""
    path: str = ""
    event: str = ""
    count: int | None = None
    probability: float = 1.0
    skip: int = 0
    status: int = 502
    seconds: float = 1.0
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in REQUEST_KINDS | WEBHOOK_KINDS:
            raise ValueError(
                f"unknown kind of fault {self.kind!r}; known: {', '.join(sorted(REQUEST_KINDS | WEBHOOK_KINDS))}"
            )
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"{self.path!r} is not a regular expression: {error}") from None


class Faults:
    """The rules at work, and how often each kind has struck (`struck`)."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self.struck: dict[str, int] = {}
        self.late: dict[int, float] = {}  # delivery id -> seconds it is held back
        self._seen: dict[tuple[str, str], Response] = {}  # (path, credential) -> the answer it had, for `stale`
        self._random = random.Random(seed)  # noqa: S311 - chance for tests, not for secrets

    def seed(self, value: int) -> None:
        self._random.seed(value)

    def add(self, kind: str, **options: Json) -> Rule:
        """A new rule; ValueError for an unknown kind or option."""
        rule = msgspec.convert({"kind": kind, **options}, Rule)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        self.rules.clear()

    def before(self, request: Request) -> Response | None:
        """The answer that comes instead of the endpoint's, or None."""
        for rule in self.rules:
            if rule.kind in {"error", "drop", "secondary"} and self._strikes(rule, request):
                return _answer(rule)
        return None

    def after(self, request: Request, response: Response) -> Response:
        """The endpoint's answer, late, or one that lies about it."""
        for rule in self.rules:
            if rule.kind == "latency" and self._strikes(rule, request):
                response.delay += rule.seconds
            elif rule.kind in {"late_error", "late_drop"} and self._strikes(rule, request):
                return _answer(rule)
            elif rule.kind == "stale":
                response = self._stale(rule, request, response)
        return response

    def _stale(self, rule: Rule, request: Request, response: Response) -> Response:
        """The answer this caller had before, instead of the one that differs from it."""
        key = (request.path, request.headers.get("authorization", ""))
        if request.method != "GET" or response.status != 200 or not self._fits(rule, request):
            return response
        known = self._seen.get(key)
        if known is not None and known.encoded() != response.encoded() and self._drawn(rule):
            return msgspec.structs.replace(known, headers=dict(known.headers))
        self._seen[key] = msgspec.structs.replace(response, headers=dict(response.headers))
        return response

    def deliveries(self, waiting: list[Delivery], new: Callable[[Delivery], Delivery]) -> list[Delivery]:
        """What of these really goes out, in which order; `new` makes a copy under a new guid."""
        out: list[Delivery] = []
        for delivery in waiting:
            out += self._fate(delivery, new)
        for rule in self.rules:
            if rule.kind == "reorder" and len(out) > 1 and self._drawn(rule):
                self._random.shuffle(out)
        return out

    def _fate(self, delivery: Delivery, new: Callable[[Delivery], Delivery]) -> list[Delivery]:
        copies = [delivery]
        for rule in self.rules:
            if (
                rule.kind not in WEBHOOK_KINDS - {"reorder"}
                or rule.event not in {"", delivery.event}
                or not self._drawn(rule)
            ):
                continue
            if rule.kind == "lose":
                return []
            if rule.kind == "late":
                self.late[delivery.id] = rule.seconds
            else:
                copies.append(new(delivery) if rule.kind == "double_new_guid" else delivery)
        return copies

    def _strikes(self, rule: Rule, request: Request) -> bool:
        return self._fits(rule, request) and self._drawn(rule)

    def _fits(self, rule: Rule, request: Request) -> bool:
        path = request.path.partition("?")[0].removeprefix("/api/v3")
        return rule.method in {"", request.method} and (not rule.path or re.search(rule.path, path) is not None)

    def _drawn(self, rule: Rule) -> bool:
        if rule.skip:
            rule.skip -= 1
            return False
        if rule.count == 0 or (rule.probability < 1 and self._random.random() >= rule.probability):
            return False
        if rule.count is not None:
            rule.count -= 1
        self.struck[rule.kind] = self.struck.get(rule.kind, 0) + 1
        return True


def _answer(rule: Rule) -> Response:
    if rule.kind in {"drop", "late_drop"}:
        return Response(status=DROPPED)
    if rule.kind == "secondary":
        headers = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
        status = 429 if rule.status == 429 else 403
        return Response(
            status=status,
            json={"message": _SECONDARY, "documentation_url": "https://docs.github.com/rest"},
            headers=headers,
        )
    if rule.status == 502:
        return Response(
            status=502,
            body=b"<html><body><h1>502 Bad Gateway</h1></body></html>",
            headers={"content-type": "text/html"},
        )
    return Problem(rule.status, WORDS.get(rule.status, "Server Error")).response()
