"""POST /webhook: prove who sent it, put it on disk, say 202. Nothing else happens before the answer.

No JSON is parsed here: that costs eight times the signature and tells nothing the answer depends on. The signature is
checked on the raw bytes, so a compressed body is refused instead of unpacked. Every answer but 2xx makes GitHub note a
failure, which repair finds later in its delivery log. So 503 is the honest answer when the disk has not confirmed.
"""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from services.core.clock import Clock
from services.errors import StoreError, UserError
from services.metrics import Metrics
from services.store.inbox import Delivery

MAX_BODY = 25 * 1024 * 1024
"""GitHub's own cap on a payload, in bytes."""
CLIENT_MAX_SIZE = 26 * 1024 * 1024
"""For `web.Application(client_max_size=...)`: aiohttp's own limit of 1 MiB would lose large payloads."""
READING_BYTES = 256 * 1024 * 1024
"""Bodies being read at once, by their declared length: nobody has proved anything yet at that point."""

NO_KEY = "The webhook secret is empty: set LOCKSTEP_WEBHOOK_SECRET to the one in the App's settings."

EVENT = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
GUID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
HOOK_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


def runner(app: web.Application, *, shutdown_seconds: float = 10.0) -> web.AppRunner:
    """The server around the app: a refused body is neither unpacked nor waited for, a silent connection ends after 75 s
    (aiohttp would keep it for an hour), and metrics replace the access log.
    """
    return web.AppRunner(
        app,
        auto_decompress=False,
        lingering_time=2.0,
        keepalive_timeout=75.0,
        access_log=None,
        shutdown_timeout=shutdown_seconds,
    )


class Webhook:
    """The door. `put` stores one delivery durably and says whether it was new; `wake` tells dispatch about it.

    secrets: one, or two while they are being rotated.  commit_seconds, body_seconds: how long the disk and the sender
    may take; GitHub itself waits ten seconds.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[bytes],
        put: Callable[[Delivery], Awaitable[bool]],
        wake: Callable[[], None],
        clock: Clock,
        metrics: Metrics,
        commit_seconds: float = 5.0,
        body_seconds: float = 9.0,
    ) -> None:
        if not secrets or not all(secrets):
            raise UserError(NO_KEY)
        self._secrets = tuple(secrets)
        self._put = put
        self._wake = wake
        self._clock = clock
        self._metrics = metrics
        self._commit_seconds = commit_seconds
        self._body_seconds = body_seconds
        self._reading = 0

    async def receive(self, request: web.Request) -> web.Response:
        """The aiohttp handler; every outcome is a status with one plain sentence."""
        received_at = self._clock.now()
        if (refusal := _refusal(request)) is not None:
            return self._refused(refusal)
        size = request.content_length if request.content_length is not None else MAX_BODY
        if self._reading + size > READING_BYTES:
            return self._busy("too many deliveries are being received")
        self._reading += size
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await request.read()
        except TimeoutError:
            return self._refused(_answer(408, "the body came too slowly"))
        except web.HTTPRequestEntityTooLarge:
            return self._refused(_too_large())
        except web.RequestPayloadError:
            return self._refused(_answer(400, "the body is not valid HTTP"))
        finally:
            self._reading -= size
        if len(body) > MAX_BODY:
            return self._refused(_too_large())
        if not signed(body, request.headers.get("X-Hub-Signature-256", ""), self._secrets):
            return self._refused(_answer(401, "the signature does not match"))
        headers = request.headers
        return await self._store(
            Delivery(
                hook_id=headers.get("X-GitHub-Hook-ID", "0"),
                guid=headers["X-GitHub-Delivery"],
                event=headers["X-GitHub-Event"],
                received_at=received_at,
                body=body,
            )
        )

    async def _store(self, delivery: Delivery) -> web.Response:
        try:
            async with asyncio.timeout(self._commit_seconds):
                new = await self._put(delivery)
        except (StoreError, TimeoutError):
            return self._busy("the delivery could not be stored")
        self._metrics.received(delivery.event, "stored" if new else "doubled")
        if not new:
            return _answer(202, "stored before")
        self._wake()
        return _answer(202, "stored")

    def _refused(self, answer: web.Response) -> web.Response:
        self._metrics.received("", "refused")
        answer.force_close()
        return answer

    def _busy(self, sentence: str) -> web.Response:
        self._metrics.received("", "busy")
        return _answer(503, sentence)


def signed(body: bytes, header: str, secrets: Sequence[bytes]) -> bool:
    """Whether `header` (X-Hub-Signature-256) signs `body` with one of the secrets; all are compared, match or not."""
    given = header.encode("utf-8", "surrogateescape")
    wanted = [b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode() for secret in secrets]
    return any([hmac.compare_digest(given, each) for each in wanted])  # noqa: C419  # a list, so that none is skipped


def _refusal(request: web.Request) -> web.Response | None:
    """What the headers alone are refused for, before a byte of the body is read."""
    headers = request.headers
    if "Content-Encoding" in headers:
        return _answer(415, "a compressed body is not accepted")
    if request.content_type == "application/x-www-form-urlencoded":
        return _answer(415, "set the webhook's content type to application/json")
    if (request.content_length or 0) > MAX_BODY:
        return _too_large()
    for name, pattern in (("X-GitHub-Event", EVENT), ("X-GitHub-Delivery", GUID), ("X-GitHub-Hook-ID", HOOK_ID)):
        if not pattern.fullmatch(headers.get(name, "0" if pattern is HOOK_ID else "")):
            return _answer(400, f"the header {name} is missing or malformed")
    if "X-Hub-Signature-256" not in headers:
        return _answer(401, "the header X-Hub-Signature-256 is missing")
    return None


def _too_large() -> web.Response:
    return _answer(413, "a payload is at most 25 MB")


def _answer(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=f"{sentence}\n")
