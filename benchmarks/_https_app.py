"""What hypercorn serves for `_https` where there is no nginx. It packs nothing, and prints who has called."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from benchmarks._https import INSTALLATION, TOKEN, issue

ISSUE = issue()


async def app(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """An ASGI application."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    path, (host, port) = scope["path"], scope["client"]
    agent = dict(scope["headers"]).get(b"user-agent", b"").decode()
    sys.stdout.write(f"{host}:{port} {agent}\n")
    sys.stdout.flush()
    if path.startswith("/app/installations/"):
        status, body = 201, TOKEN.encode()
    elif path.endswith("/installation"):
        status, body = 200, INSTALLATION.encode()
    else:
        status, body = 200, ISSUE if "/issues/" in path else b"{}"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
