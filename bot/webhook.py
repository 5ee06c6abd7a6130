"""POST /webhook: prove who sent it, put it on disk, say 202. Nothing else happens before the answer.

No JSON is parsed here: that costs eight times the signature and tells nothing the answer depends on. The signature is
checked on the raw bytes, so a compressed body is refused instead of unpacked. Every answer but 2xx makes GitHub note a
failure, which repair finds later in its delivery log. So 503 is the honest answer when the disk has not confirmed.

What is decided here knows nothing of connections; those are bot/door.py.
"""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog

from services.core.clock import Clock
from services.errors import StoreError, UserError
from services.metrics import Metrics
from services.store.inbox import Delivery

MAX_BODY = 25 * 1024 * 1024
"""GitHub's own cap on a payload, in bytes."""
READING_BYTES = 256 * 1024 * 1024
"""Bodies being read at once, by their declared length: nobody has proved anything yet at that point."""

NO_KEY = "The webhook secret is empty: set LOCKSTEP_WEBHOOK_SECRET to the one in the App's settings."

EVENT = re.compile(rb"[a-z0-9_]{1,64}")
GUID = re.compile(rb"[A-Za-z0-9-]{1,64}")
HOOK_ID = re.compile(rb"[0-9]{1,20}")
SHAPES = (
    ("X-GitHub-Event", b"x-github-event", EVENT, b""),
    ("X-GitHub-Delivery", b"x-github-delivery", GUID, b""),
    ("X-GitHub-Hook-ID", b"x-github-hook-id", HOOK_ID, b"0"),
)
"""Headers, in full and in lower case, with what they look like and what they are where there is none."""

Headers = Mapping[bytes, bytes]
"""Names in lower case."""
Answer = tuple[int, str]
"""A status, and one plain sentence."""
TOO_LARGE: Answer = (413, "a payload is at most 25 MB")
TOO_SLOW: Answer = (408, "the body came too slowly")
NOT_HTTP: Answer = (400, "the request is not valid HTTP")

log = structlog.get_logger(__name__)


class Webhook:
    """The rules of the door. `put` stores one delivery durably and says whether it was new; `wake` tells dispatch.

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
        self.commit_seconds = commit_seconds
        self.body_seconds = body_seconds
        self._reading = 0

    def now(self) -> datetime:
        return self._clock.now()

    def admitted(self, headers: Headers) -> int | Answer:
        """The bytes that are set aside for the body, to be given back with `release`; or why it is not to be read."""
        if (refusal := _refusal(headers)) is not None:
            return self.refused(refusal)
        declared = headers.get(b"content-length", b"")
        size = int(declared) if declared.isdigit() else MAX_BODY
        if self._reading + size > READING_BYTES:
            return self._busy("too many deliveries are being received")
        self._reading += size
        return size

    def release(self, size: int) -> None:
        self._reading -= size

    async def take(self, headers: Headers, body: bytes, received_at: datetime) -> Answer:
        """A whole delivery: what is said once it is on the disk, or why it won't be."""
        stored = self.begin(headers, body, received_at)
        if isinstance(stored, tuple):
            return stored
        await asyncio.wait([stored], timeout=self.commit_seconds)
        stored.cancel()
        return self.end(headers, stored)

    def begin(self, headers: Headers, body: bytes, received_at: datetime) -> "asyncio.Future[bool] | Answer":
        """A whole delivery on its way to the disk, to be cancelled after `commit_seconds` and then for `end`; or why it
        is not.
        """
        if not signed(body, headers[b"x-hub-signature-256"], self._secrets):
            return self.refused((401, "the signature does not match"))
        delivery = Delivery(
            hook_id=headers.get(b"x-github-hook-id", b"0").decode(),
            guid=headers[b"x-github-delivery"].decode(),
            event=headers[b"x-github-event"].decode(),
            received_at=received_at,
            body=body,
        )
        try:
            return asyncio.ensure_future(self._put(delivery))  # noqa: TID251 - a future as it is: no task for each
        except StoreError:
            return self._busy()

    def end(self, headers: Headers, stored: "asyncio.Future[bool]") -> Answer:
        """What is said of a delivery that is stored, or is not: the reason is for the log."""
        if not stored.done() or stored.cancelled():
            return self._busy()
        if (error := stored.exception()) is not None:
            if not isinstance(error, StoreError):
                log.error("a delivery could not be stored", exc_info=error)
            return self._busy()
        new, event = stored.result(), headers[b"x-github-event"].decode()
        self._metrics.received(event, "stored" if new else "doubled")
        if not new:
            return 202, "stored before"
        self._wake()
        return 202, "stored"

    def refused(self, answer: Answer) -> Answer:
        """Counted, and given back."""
        self._metrics.received("", "refused")
        return answer

    def _busy(self, sentence: str = "the delivery could not be stored") -> Answer:
        self._metrics.received("", "busy")
        return 503, sentence


def signed(body: bytes, given: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether `given` (X-Hub-Signature-256) signs `body` with one of the secrets; all are compared, match or not."""
    wanted = [b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode() for secret in secrets]
    return any([hmac.compare_digest(given, each) for each in wanted])  # noqa: C419  # a list, so that none is skipped


def _refusal(headers: Headers) -> Answer | None:
    """What the headers alone are refused for, before a byte of the body is read."""
    if b"content-encoding" in headers:
        return 415, "a compressed body is not accepted"
    if headers.get(b"content-type", b"").lower().startswith(b"application/x-www-form-urlencoded"):
        return 415, "set the webhook's content type to application/json"
    declared = headers.get(b"content-length", b"")
    if len(declared) > 19 or (declared.isdigit() and int(declared) > MAX_BODY):
        return TOO_LARGE
    for name, lower, pattern, default in SHAPES:
        if not pattern.fullmatch(headers.get(lower, default)):
            return 400, f"the header {name} is missing or malformed"
    if b"x-hub-signature-256" not in headers:
        return 401, "the header X-Hub-Signature-256 is missing"
    return None
