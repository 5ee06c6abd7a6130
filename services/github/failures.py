"""From an answer to the error tree: GitHub has three shapes of 422 and five reasons for a 403, and only texts tell
them apart.

A 4xx that is no JSON was not written by the API (a proxy, an edge, a login page). It is treated as no answer, because
taking it for "not found" would make the bot believe that something had been deleted.
"""

import http
import re
from datetime import datetime
from typing import Any

import msgspec

from services.errors import ApiError, NotFound, RateLimited, Refused, Unreachable
from services.github.exchange import Answer, http_date

MAX_TEXT = 1_000
MAX_DETAILS = 10
MAX_WAIT = 3_600.0
UNSTATED_WAIT = 60.0
GRAPHQL_LIMITS = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
LIMIT = re.compile(r"rate limit|abuse detection|temporarily blocked|submitted too quickly", re.IGNORECASE)


class _Problem(msgspec.Struct):
    message: Any = ""
    errors: Any = None
    data: Any = None


def checked(answer: Answer, now: datetime, *, is_text: bool = False) -> Answer:
    """The answer itself for 304 and 2xx (sound JSON; only 202 and 204 may be empty); else its ApiError is raised.

    is_text: what was asked for is no JSON.
    """
    if answer.status == 304:
        return answer
    if not 200 <= answer.status < 300:
        raise failure(answer, now)
    if is_text:
        return answer
    if (answer.body or answer.status not in {202, 204}) and not _is_json(answer.body):
        raise Unreachable(answer.status, "the answer was cut off or is not JSON")
    return answer


def failure(answer: Answer, now: datetime) -> ApiError:
    """The error an answer means; `now` is used for a limit's reset when the server told no date."""
    status = answer.status
    message = describe(answer)
    if is_limit(answer):
        return RateLimited(status, message, retry_after=_wait(answer, now))
    if status >= 500 or status == 408:
        return Unreachable(status, message, retry_after=_seconds(answer, now))
    if answer.body and not _is_json(answer.body):
        return Unreachable(status, message)
    if status in {404, 410}:
        return NotFound(status, message)
    return Refused(status, message)


def is_limit(answer: Answer) -> bool:
    """Is it a primary or secondary limit? A secondary one may come without any header."""
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    headers = answer.headers
    stated = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return stated or LIMIT.search(describe(answer)) is not None


def checked_graphql(answer: Answer, now: datetime) -> Answer:
    """The answer itself, its `errors` being the caller's; RateLimited when a limit refused it, which GraphQL tells in a
    200: with a type of its own, as an error without a type, or as REST would.
    """
    problem = _problem(answer)
    if answer.status == 304 or problem is None:
        raise Unreachable(answer.status, "a GraphQL answer must be a JSON object")
    errors = problem.errors if isinstance(problem.errors, list) else []
    is_limited = any(_is_graphql_limit(error) for error in errors) or _says_limit(problem.message)
    if is_limited and not _has_done(problem.data):  # else some of it was done, and the rest has an error of its own
        raise RateLimited(answer.status, describe(answer), retry_after=_wait(answer, now))
    return answer


def _has_done(data: Any) -> bool:
    return isinstance(data, dict) and any(value is not None for value in data.values())


def _is_graphql_limit(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    kind = error.get("type")
    return kind in GRAPHQL_LIMITS if kind else _says_limit(error.get("message"))


def _says_limit(text: Any) -> bool:
    """GitHub's words for a limit, where nothing but words says so."""
    return isinstance(text, str) and LIMIT.search(text) is not None


def _problem(answer: Answer) -> _Problem | None:
    try:
        return msgspec.json.decode(answer.body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def describe(answer: Answer) -> str:
    """GitHub's message with the texts of its `errors`, on one line and bounded."""
    problem = _problem(answer)
    if problem is None:
        return _phrase(answer.status) + (" (the answer was not JSON)" if answer.body else "")
    message = problem.message if isinstance(problem.message, str) else ""
    errors = problem.errors if isinstance(problem.errors, list) else [problem.errors]
    details = "; ".join(filter(None, map(_detail, errors[:MAX_DETAILS])))
    text = ": ".join(filter(None, (message, details))) or _phrase(answer.status)
    return _one_line(text)


def _detail(error: Any) -> str:
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    if isinstance(error.get("message"), str) and error["message"]:
        return str(error["message"])
    where = ".".join(str(error[key]) for key in ("resource", "field") if error.get(key))
    return f"{where} {error.get('code', '')}".strip()


def _one_line(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_TEXT])
    return " ".join(printable.split())[:MAX_TEXT]


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "an unknown status"


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):  # GitHub nests nothing a thousand deep
        return False
    return True


def _wait(answer: Answer, now: datetime) -> float:
    """Seconds until asking again makes sense: Retry-After, else the reset, else a minute."""
    stated = _seconds(answer, now)
    if stated is not None:
        return stated
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        left = int(reset) - (answer.date or now).timestamp()
        return min(max(left, 1.0), MAX_WAIT)
    return UNSTATED_WAIT


def _seconds(answer: Answer, now: datetime) -> float | None:
    """A Retry-After in seconds, bounded: GitHub counts, a proxy before it may name a moment. None for anything else."""
    text = answer.headers.get("retry-after", "")
    if text.isdecimal():
        return min(float(text), MAX_WAIT)
    at = http_date(text) if text else None
    return min(max((at - (answer.date or now)).total_seconds(), 0.0), MAX_WAIT) if at is not None else None
