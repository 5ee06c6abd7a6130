"""GitHub's log of what it has sent us, and the deliveries themselves, which it keeps for three days.

Asked as the App and never cached. What comes back of a delivery was asked for with our own credential, so it needs no
signature to be believed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from services.core.gaps import Listed
from services.errors import Unreachable
from services.github.exchange import APP, Answer, Request, Sender, decode

PAGE = 100
TRIES = 3
"""Times that a page is asked for at once."""
MOST = 1_000
"""Pages of one look: what a busy App is sent in half an hour, and a fifth of an hour's calls."""


class _Entry(msgspec.Struct):
    id: int
    guid: str
    delivered_at: Annotated[datetime, Meta(tz=True)]
    event: str
    status_code: int = 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the log. is_last: it is read now as far back as was asked for. goes_on: there is more of it behind."""

    listed: Sequence[Listed]
    is_last: bool
    goes_on: bool = False


class _Sent(msgspec.Struct):
    headers: dict[str, Any] = {}
    payload: msgspec.Raw = msgspec.Raw(b"null")


class _Full(msgspec.Struct):
    guid: str
    event: str
    request: _Sent = msgspec.field(default_factory=_Sent)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it was sent; body: JSON, not the same bytes."""

    hook_id: str
    guid: str
    event: str
    body: bytes


class About(msgspec.Struct, frozen=True):
    """What the App may do: permission -> read, write or admin."""

    slug: str
    permissions: dict[str, str] = {}


class _Hook(msgspec.Struct):
    url: str = ""


class DeliveryLog:
    """Reads of the log; ApiError when GitHub can't be asked."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def _page(self, path: str) -> Answer:
        """One page. Of hundreds one may fail, and all would be for nothing."""
        for _ in range(TRIES - 1):
            with suppress(Unreachable):
                return await self._sender.send(Request("GET", path, APP, rank="poll"))
        return await self._sender.send(Request("GET", path, APP, rank="poll"))

    async def since(self, at: datetime) -> AsyncIterator[Page]:
        """Attempts since then, newest first, page by page: a busy App's are too many to hold all of them. Where the log
        does not reach so far back, no page is the last.
        """
        path = f"app/hook/deliveries?per_page={PAGE}"
        for _ in range(MOST):
            answer = await self._page(path)
            page = decode(answer.body, list[_Entry])
            is_last = bool(page) and page[-1].delivered_at < at
            listed = [
                Listed(id=str(each.id), guid=each.guid, at=each.delivered_at, event=each.event,
                       status_code=each.status_code)
                for each in page
                if each.delivered_at >= at
            ]  # fmt: skip
            yield Page(listed=listed, is_last=is_last, goes_on=not is_last and bool(answer.next))
            if is_last or not answer.next:
                return
            path = answer.next

    async def full(self, delivery_id: str) -> Sent | None:
        """The delivery with what it says; None where the log does not hold that. NotFound when it is gone."""
        answer = await self._sender.send(Request("GET", f"app/hook/deliveries/{delivery_id}", APP, rank="poll"))
        found = decode(answer.body, _Full)
        headers = {name.lower(): str(value) for name, value in found.request.headers.items()}
        body = bytes(found.request.payload)
        if not body.startswith(b"{"):
            return None
        return Sent(hook_id=headers.get("x-github-hook-id", "0"), guid=found.guid, event=found.event, body=body)

    async def about(self) -> About:
        """The App itself."""
        return decode((await self._sender.send(Request("GET", "app", APP))).body, About)

    async def hook_url(self) -> str:
        """Where webhooks go; "" for nowhere."""
        return decode((await self._sender.send(Request("GET", "app/hook/config", APP))).body, _Hook).url

    async def again(self, delivery_id: str) -> None:
        """Have it sent once more."""
        path = f"app/hook/deliveries/{delivery_id}/attempts"
        await self._sender.send(Request("POST", path, APP, rank="poll"))
