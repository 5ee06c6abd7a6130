"""Watches a story from outside: every request, answer and webhook is held against GitHub's own descriptions.

A story asks for the `contract` fixture, puts `recording_middleware(contract)` around the sandbox's aiohttp application
(or calls `exchange` itself) and hands over each webhook; at the end the fixture fails the test if anything was found.
What a test does wrong on purpose it announces with `expect`, and then it must come.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from tests.contract import graphql
from tests.contract.findings import Finding
from tests.contract.openapi import description
from tests.contract.operations import split_target
from tests.contract.webhooks import check_delivery

SHOWN = 10
"""Findings printed when a test fails."""


class Recorder:
    """`findings` so far; `seen` counts operations ("GET /user/repos") and webhooks ("webhook issues.opened")."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.seen: Counter[str] = Counter()
        self._expected: list[str] = []

    def exchange(
        self,
        method: str,
        path: str,
        req_headers: Mapping[str, str],
        req_body: bytes,
        status: int,
        res_headers: Mapping[str, str],
        res_body: bytes,
    ) -> None:
        """Check one request and its answer; `path` with its query, as on the wire."""
        target = split_target(path).path
        if target in {"/graphql", "/api/graphql"}:
            self._graphql(req_body, status, res_body)
            return
        found = description().operations.find(method, target)
        self.seen[found[0].name if found else f"{method} {target}"] += 1
        self.findings += description().check_request(method, path, req_body)
        self.findings += description().check_response(method, path, status, res_headers, res_body)

    def delivery(self, event: str, payload: Any) -> None:
        """Check one outgoing webhook."""
        action = payload.get("action") if isinstance(payload, dict) else None
        self.seen[f"webhook {event}.{action}" if action else f"webhook {event}"] += 1
        self.findings += check_delivery(event, payload)

    def expect(self, text: str) -> None:
        """Findings whose line contains `text` are meant; there must be at least one at the end."""
        self._expected.append(text)

    def problems(self) -> list[str]:
        """What breaks the contract now, each once with how often; also expectations that did not come."""
        lines = Counter(map(str, self.findings))
        absent = [text for text in self._expected if not any(text in line for line in lines)]
        unmeant = {line: n for line, n in lines.items() if not any(text in line for text in self._expected)}
        return [f"expected, but did not come: {text}" for text in absent] + [
            line if n == 1 else f"{line}  ({n} times)" for line, n in unmeant.items()
        ]

    def verify(self) -> None:
        """Fail the test with the first problems, when there are any."""
        problems = self.problems()
        if problems:
            more = f"\n  … and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
            lines = "\n  ".join(problems[:SHOWN])
            pytest.fail(f"{len(problems)} differences from GitHub's description:\n  {lines}{more}", pytrace=False)

    def _graphql(self, req_body: bytes, status: int, res_body: bytes) -> None:
        self.seen["POST /graphql"] += 1
        where = "POST /graphql"
        try:
            sent = json.loads(req_body)
            answered = json.loads(res_body) if status < 500 else None  # an outage answers in HTML
        except ValueError:
            self.findings.append(Finding(where=where, pointer="", expected="JSON in both directions"))
            return
        query = sent.get("query", "") if isinstance(sent, dict) else ""
        problems = graphql.check_query(query, sent.get("variables") or {} if isinstance(sent, dict) else {})
        if not problems and status == 200:
            problems = graphql.check_answer(query, answered)
        self.findings += [Finding(where=where, pointer="", expected=problem) for problem in problems]


def recording_middleware(recorder: Recorder) -> Middleware:
    """An aiohttp server middleware that lets `recorder` see every exchange; git's own traffic passes unread."""

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith(("/info/refs", "/git-upload-pack", "/git-receive-pack")):
            return await handler(request)
        sent = await request.read()  # aiohttp keeps it for the handler

        def note(answer: web.StreamResponse) -> None:
            body = answer.body if isinstance(answer, web.Response) else b""
            received = body if isinstance(body, bytes) else b""
            recorder.exchange(
                request.method, request.path_qs, request.headers, sent, answer.status, answer.headers, received
            )

        try:
            answer = await handler(request)
        except web.HTTPException as error:
            note(error)
            raise
        note(answer)
        return answer

    return record


@pytest.fixture
def contract() -> Iterator[Recorder]:
    """A recorder that fails the test at its end when anything differed from GitHub's description."""
    recorder = Recorder()
    yield recorder
    recorder.verify()
